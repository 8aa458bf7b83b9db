// The trainings that Figures 5 and 6 share: networks kept on the way, and taken up again.
#include <filesystem>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/nonlinear_d1.hpp"

using namespace basin;
using namespace basin::examples;

namespace {

D1Training training(Index max_epochs) {
  return {.filters = 4,
          .rate = 2e-3,
          .decay = 0.9,
          .clip_norm = 0.1,
          .loss_goal = 0,
          .max_epochs = max_epochs,
          .losses = {0.2, 0.01, 1e-9},
          .epochs = {3, 20}};
}

}  // namespace

TEST_CASE("stages are the networks at their epochs and losses, and survive a stop", "[examples]") {
  const ImageData data = find_color_images("");
  const Mat<float> X = choose_images<float>(data.train, 2, 1);
  const auto train = [&](Index epochs, const std::filesystem::path& folder) {
    return train_d1(training(epochs), data.train.shape, X, 1, "test", folder);
  };
  const TrainedD1 whole = train(60, {});
  REQUIRE(whole.stages.size() >= 3);
  for (const Stage& s : whole.stages) {
    INFO(s.name);
    const auto after = [&](Index epochs) { return train(epochs, {}); };
    const TrainedD1 then = after(s.epoch);
    CHECK(then.f.theta == s.theta);
    CHECK(then.training.loss == s.loss);
    if (s.name == "3 epochs") CHECK(s.epoch == 3);
    if (s.name == "20 epochs") CHECK(s.epoch == 20);
    if (s.name == "loss 0.2") {
      CHECK(s.loss <= 0.2);
      if (s.epoch > 0) CHECK(after(s.epoch - 1).training.loss > 0.2);
    }
    CHECK(s.name != "loss 1e-09");
  }
  const TempDir dir;
  const TrainedD1 part = train(10, dir.path());
  CHECK(part.stages.size() < whole.stages.size());
  const TrainedD1 rest = train(60, dir.path());
  CHECK(rest.f.theta == whole.f.theta);
  REQUIRE(rest.stages.size() == whole.stages.size());
  for (std::size_t i = 0; i < rest.stages.size(); ++i) {
    CHECK(rest.stages[i].name == whole.stages[i].name);
    CHECK(rest.stages[i].epoch == whole.stages[i].epoch);
    CHECK(rest.stages[i].theta == whole.stages[i].theta);
  }
  // Once more: nothing is trained, all is there. Without the file of a stage: an error, no other network.
  CHECK(train(60, dir.path()).stages.size() == whole.stages.size());
  REQUIRE(std::filesystem::remove(dir / "d1_4_on_2_seed_1_3_epochs.safetensors"));
  CHECK(contains(error_of([&] { (void)train(60, dir.path()); }), "the network at 3 epochs is missing"));
}

TEST_CASE("unseen images are those of the test pool, then what is left of the training pool", "[examples]") {
  const ImageData data = find_color_images("");
  const std::vector<Index> chosen = choose_balanced(data.train, 10, 3);
  const Mat<float> some = unseen_images(data, chosen, 4, 3), all = unseen_images(data, chosen, 1000, 3);
  CHECK(some.cols() == 4);
  CHECK(all.cols() == 42 + 100 - 10);
  CHECK(all.leftCols(4) == unseen_images(data, chosen, 1000, 3).leftCols(4));
  const Mat<float> X = to_matrix<float>(data.train, chosen);
  CHECK(distances(all, X).minCoeff() > 0);
  CHECK(count_distinct(all, 1e-6) == all.cols());
  CHECK(
      distances(all.leftCols(42), to_matrix<float>(data.test, data.test.all())).rowwise().minCoeff().norm() ==
      0);
}

TEST_CASE("both ways to the leading eigenvalues of D1 agree with the whole Jacobian", "[examples]") {
  const ImageData data = find_color_images("");
  const LeakyD1 net = leaky_d1(data.train.shape, 6);
  const Model f(net, initial_values(net, initial::kaiming_normal(0.01), 2));
  const Vec<float> x = choose_images<float>(data.train, 1, 1).col(0);
  const D1Spectrum s = d1_spectrum(f, x, 8);
  REQUIRE(s.moduli.size() == 8);
  CHECK(s.iterated == 6);  // the rank
  CHECK(s.moduli[6] == 0);
  CHECK(s.residual < 1e-7 * s.moduli.front());
  CHECK(s.disagreement < 1e-7 * s.moduli.front());
  const Leading whole = leading_eigenvalues(jacobian(f, x), 3);  // of the network in float, formed
  REQUIRE(whole.converged);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(std::abs(s.moduli[i] - std::abs(whole.values[i])) < 1e-4 * s.moduli.front());
  CHECK((in_double(f)(x.cast<double>()) - f(x).cast<double>()).norm() < 1e-5 * f(x).norm());
}
