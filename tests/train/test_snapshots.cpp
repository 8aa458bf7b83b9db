// Snapshots of a training.
#include "basin/train/snapshots.hpp"

#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/loss.hpp"
#include "basin/train/objective.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using Net = FullyConnected<double>;

Model<Net> small_net() {
  const Net net = fully_connected<double>(3, 8, 2);
  return Model(net, initial_values(net, initial::pytorch_default(), 5));
}
const Mat<double> samples = random_matrix<double>(3, 7, 6);

/// A training with these options, and what was kept at these epochs.
struct Trained {
  Model<Net> f = small_net();
  FitResult result;
  std::vector<Snapshot<double>> kept;
};
Trained trained(FitOptions options, const std::vector<Index>& epochs) {
  Trained t;
  if (!epochs.empty()) keep_snapshots(options, t.f, epochs, t.kept);
  Adam<double> adam({.learning_rate = 1e-2});
  t.result = fit(t.f, samples, adam, options);
  return t;
}
std::vector<Index> epochs_of(const Trained& t) {
  std::vector<Index> epochs;
  for (const auto& s : t.kept) epochs.push_back(s.epoch);
  return epochs;
}
double loss_of(const Vec<double>& theta, Index batch) {
  return Objective(small_net().layer, MeanSquaredError{}).value(theta, samples, samples, batch);
}

}  // namespace

TEST_CASE("snapshots are the parameters of shorter trainings, bit for bit", "[train]") {
  for (const Index batch : {0, 3}) {
    const FitOptions options{.max_epochs = 20, .batch_size = batch};
    const Trained with = trained(options, {0, 1, 5, 12}), without = trained(options, {});
    CHECK(with.f.theta == without.f.theta);
    CHECK(with.result.loss == without.result.loss);
    CHECK(epochs_of(with) == std::vector<Index>{0, 1, 5, 12, 20});
    for (const Snapshot<double>& s : with.kept) {
      FitOptions shorter = options;
      shorter.max_epochs = s.epoch;
      const Trained t = trained(shorter, {});
      CHECK(s.theta == t.f.theta);
      if (batch == 0) CHECK(s.loss == t.result.loss);
    }
    CHECK(with.kept.front().loss == loss_of(with.kept.front().theta, batch));
    CHECK(with.kept.back().theta == with.f.theta);
  }
}

TEST_CASE("the end of a training is a snapshot, once and unless it diverged", "[train]") {
  CHECK(epochs_of(trained({.max_epochs = 6}, {2, 6})) == std::vector<Index>{2, 6});
  CHECK(epochs_of(trained({.max_epochs = 6}, {2, 60})) == std::vector<Index>{2, 6});
  const Trained converged = trained({.max_epochs = 5000, .loss_below = 1e-2}, {1});
  REQUIRE(converged.result.status == FitStatus::converged);
  REQUIRE(converged.kept.size() == 2);
  CHECK(converged.kept.back().epoch == converged.result.epochs);
  CHECK(converged.kept.back().theta == converged.f.theta);
  CHECK(converged.kept.back().loss == converged.result.loss);
  FitOptions wild{.max_epochs = 50};
  wild.schedule = [](Index) { return 1e200; };
  const Trained diverged = trained(wild, {0});
  REQUIRE(diverged.result.status == FitStatus::diverged);
  CHECK(epochs_of(diverged) == std::vector<Index>{0});
  // Stopped within an epoch, theta is the end of none.
  FitOptions stopped{.max_epochs = 50, .batch_size = 2};
  Index asked = 0;
  stopped.cancelled = [&asked] { return ++asked == 7; };  // four minibatches and the end of each epoch
  CHECK(epochs_of(trained(stopped, {0, 1})) == std::vector<Index>{0, 1});
}

TEST_CASE("epochs in even and geometric steps", "[train]") {
  CHECK(every_epochs(3, 8) == std::vector<Index>{0, 3, 6, 8});
  CHECK(every_epochs(4, 8) == std::vector<Index>{0, 4, 8});
  CHECK(every_epochs(1, 0) == std::vector<Index>{0});
  CHECK(geometric_epochs(1, 2, 20) == std::vector<Index>{0, 1, 2, 4, 8, 16, 20});
  CHECK(geometric_epochs(2, 1.1, 6) == std::vector<Index>{0, 2, 3, 4, 5, 6});
  CHECK(geometric_epochs(5, 1.5, 5) == std::vector<Index>{0, 5});
}

TEST_CASE("snapshots that make no sense or are too large are refused", "[train]") {
  CHECK(contains(error_of([] { (void)every_epochs(0, 8); }), "every must be >= 1, got 0"));
  CHECK(contains(error_of([] { (void)geometric_epochs(1, 1, 8); }), "factor must be > 1, got 1"));
  CHECK(contains(error_of([] { (void)geometric_epochs(9, 2, 8); }), "last must be >= first = 9, got 8"));
  CHECK(contains(error_of([] { (void)trained({}, {3, 3}); }), "must be >= 0 and rise, got 3 at place 1"));
  CHECK(contains(error_of([] { (void)trained({}, {-1}); }), "must be >= 0 and rise, got -1 at place 0"));
  const Model<Net> f = small_net();
  FitOptions options;
  std::vector<Snapshot<double>> kept;
  const auto bytes = static_cast<double>(4 * f.theta.size() * 8);
  keep_snapshots(options, f, {1, 2, 3}, kept, bytes);
  CHECK(options.snapshot_epochs.size() == 3);
  CHECK(contains(error_of([&] {
                   keep_snapshots(options, f, {1, 2, 3}, kept, bytes - 1);
                 }),
                 "4 snapshots of 131 parameters"));
}
