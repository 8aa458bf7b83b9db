// Training that stops on validation data: what it returns, when it stops, and that it goes on with the same
// bits.
#include "basin/train/validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/loss.hpp"
#include "basin/train/resumable_fit.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// A network that fits 6 samples and forgets others of the same plane: the loss on 40 of them falls, then
/// rises.
const Mat<double> plane = random_matrix<double>(8, 2, 1),
                  X = plane * random_matrix<double>(2, 6, 2) + 0.3 * random_matrix<double>(8, 6, 3),
                  V = plane * random_matrix<double>(2, 40, 4);
auto start() {
  const Chain net(Dense<double>(8, 30), Pointwise<double, Tanh>(30), Dense<double>(30, 8));
  return Model(net, initial_values(net, initial::pytorch_default(), 7));
}
using Net = decltype(start());

struct Trained {
  Net f = start();
  FitResult result;
};
Trained trained(FitOptions options, bool validate) {
  Trained t;
  if (validate) options.validation = validation_loss(t.f, V);
  Adam<double> adam({.learning_rate = 5e-3});
  t.result = fit(t.f, X, adam, options);
  return t;
}

/// A training in which nothing moves, whose epochs have these validations.
FitResult scripted(const std::vector<double>& values, FitOptions options) {
  Model f(Dense<double>(8, 8), Vec<double>(Vec<double>::Zero(72)));
  std::size_t next = 0;
  options.validation = [&] { return values.at(next++); };
  GradientDescent<double> still({.learning_rate = 0});
  return fit(f, X, still, options);
}

}  // namespace

TEST_CASE("what is returned is the training up to the least validation, bit for bit", "[train]") {
  for (const Index batch : {0, 4}) {
    const FitOptions options{.max_epochs = 3000, .batch_size = batch, .seed = 3, .patience = 100};
    FitOptions plain = options;
    plain.patience = 0;
    const Trained best = trained(options, true), whole = trained(plain, false);
    const FitResult& r = best.result;
    REQUIRE(r.status == FitStatus::stopped);
    REQUIRE(r.best_epoch > 5);
    CHECK(r.epochs == r.best_epoch + 100);
    // The history has a place for each epoch, full batches one for the start.
    const auto at = static_cast<std::size_t>(r.best_epoch - (batch == 0 ? 0 : 1));
    const auto least = std::min_element(r.history.begin(), r.history.end(), [](const auto& a, const auto& b) {
      return a.validation < b.validation;
    });
    CHECK(static_cast<std::size_t>(least - r.history.begin()) == at);
    CHECK(r.validation == least->validation);
    CHECK(r.validation == loss_value(MeanSquaredError{}, best.f(V), V));
    CHECK(r.validation < r.history.back().validation);
    // It looks, and changes nothing.
    for (std::size_t e = 0; e < r.history.size(); ++e) {
      CHECK(r.history[e].loss == whole.result.history[e].loss);
      CHECK(r.history[e].gradient_norm == whole.result.history[e].gradient_norm);
    }
    CHECK(std::isnan(whole.result.validation));
    CHECK(std::isnan(whole.result.history.front().validation));
    CHECK(whole.result.best_epoch == whole.result.epochs);
    plain.max_epochs = r.best_epoch;
    const Trained shorter = trained(plain, false);
    CHECK(shorter.f.theta == best.f.theta);
    CHECK(std::abs(shorter.result.loss - r.loss) <= 1e-14 * r.loss);
  }
}

TEST_CASE("patience counts epochs without an improvement that is large enough", "[train]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> values = {5, 4, 4, 3.9, nan, 3.8, 3.7, 3.45, 3.4, 3.4, 3.4, 3.4, 1};
  {
    const FitResult r = scripted(values, {.max_epochs = 12, .patience = 3, .min_improvement = 0.5});
    // 4 is followed by 3 epochs that are better by at most .5; the least of them is returned all the same.
    CHECK(r.status == FitStatus::stopped);
    CHECK(r.epochs == 4);
    CHECK(r.best_epoch == 3);
    CHECK(r.validation == 3.9);
  }
  {
    // Small steps add up: 3.45 is better than 4 by more than .5.
    const FitResult r = scripted(values, {.max_epochs = 12, .patience = 6, .min_improvement = 0.5});
    CHECK(r.status == FitStatus::exhausted);
    CHECK(r.epochs == 12);
    CHECK(r.best_epoch == 12);
    CHECK(r.validation == 1);
    CHECK(r.history[7].validation == 3.45);
  }
  {
    const FitResult r = scripted(values, {.max_epochs = 12, .patience = 3});
    CHECK(r.status == FitStatus::stopped);
    CHECK(r.epochs == 11);
    CHECK(r.best_epoch == 8);  // of equals the first
  }
  {
    const FitResult r = scripted(values, {.max_epochs = 11});
    CHECK(r.status == FitStatus::exhausted);
    CHECK(r.best_epoch == 8);
  }
  {  // With minibatches the first validation is that after the first epoch.
    const FitResult r = scripted(values, {.max_epochs = 12, .batch_size = 4, .patience = 3});
    CHECK(r.status == FitStatus::stopped);
    CHECK(r.epochs == 12);
    CHECK(r.best_epoch == 9);
  }
  const std::vector<double> none(5, nan);
  const FitResult r = scripted(none, {.max_epochs = 4, .patience = 3});
  CHECK(r.status == FitStatus::stopped);
  CHECK(r.epochs == 3);
  CHECK(r.best_epoch == 3);
  CHECK(std::isnan(r.validation));
}

TEST_CASE("the best parameters are returned however a training ends", "[train]") {
  const Trained stopped = trained({.max_epochs = 3000, .patience = 100}, true);
  const Index epochs = stopped.result.epochs, best = stopped.result.best_epoch;
  const Trained exhausted = trained({.max_epochs = epochs}, true);
  CHECK(exhausted.result.status == FitStatus::exhausted);
  CHECK(exhausted.f.theta == stopped.f.theta);

  FitOptions cancelled{.max_epochs = 3000};
  cancelled.cancelled = [asked = Index(0), epochs]() mutable { return asked++ == epochs; };
  const Trained c = trained(cancelled, true);
  CHECK(c.result.status == FitStatus::cancelled);
  CHECK(c.result.epochs == epochs);
  CHECK(c.f.theta == stopped.f.theta);

  const double loss = stopped.result.history[static_cast<std::size_t>(best + 30)].loss;
  const Trained converged = trained({.max_epochs = 3000, .loss_below = loss, .patience = 100}, true);
  CHECK(converged.result.status == FitStatus::converged);
  CHECK(converged.f.theta == stopped.f.theta);
  CHECK(converged.result.loss > loss);  // that of the parameters returned

  FitOptions diverging{.max_epochs = 3000};
  diverging.schedule = [best](Index e) { return e < best + 10 ? 1. : 1e300; };
  const Trained d = trained(diverging, true);
  CHECK(d.result.status == FitStatus::diverged);
  CHECK(d.f.theta == stopped.f.theta);
  CHECK(d.result.loss == stopped.result.loss);
}

TEST_CASE("a training with a validation that is stopped and resumed gives the same bits", "[train]") {
  for (const Index batch : {0, 4}) {
    const FitOptions options{.max_epochs = 3000, .batch_size = batch, .patience = 100};
    const Trained whole = trained(options, true);
    REQUIRE(whole.result.status == FitStatus::stopped);
    TempDir dir;
    const Checkpoint checkpoint(dir / "a.safetensors", "setting");
    FitResult r;
    Vec<double> theta;
    int updates = 0;
    const auto go_on = [&](int most, Index patience) {
      Net f = start();
      Adam<double> adam({.learning_rate = 5e-3});
      FitOptions part = options;
      part.patience = patience;
      part.validation = validation_loss(f, V);
      updates = 0;
      part.cancelled = [&] { return ++updates == most; };  // with minibatches in the middle of an epoch, too
      r = resumable_fit(f, X, adam, part, checkpoint, 1e9);
      theta = f.theta;
    };
    int calls = 0;
    do go_on(37, 100);
    while (r.status == FitStatus::cancelled && ++calls < 1000);
    CHECK(calls > 3);
    const auto require_same = [&] {
      CHECK(r.status == FitStatus::stopped);
      CHECK(r.epochs == whole.result.epochs);
      CHECK(r.best_epoch == whole.result.best_epoch);
      CHECK(r.validation == whole.result.validation);
      CHECK(r.loss == whole.result.loss);
      CHECK(theta == whole.f.theta);
    };
    require_same();
    go_on(1000000, 100);  // what has stopped makes no further step
    require_same();
    CHECK(updates == 0);
    CHECK(r.history.size() == (batch == 0 ? 1 : 0));

    FitOptions longer = options;
    longer.patience = 150;
    const Trained more = trained(longer, true);
    go_on(1000000, 150);
    CHECK(r.status == more.result.status);
    CHECK(r.epochs == more.result.epochs);
    CHECK(r.best_epoch == more.result.best_epoch);
    CHECK(theta == more.f.theta);
  }
}

TEST_CASE("validation_loss is the loss of the parameters at the time, without the l2 term", "[train]") {
  Net f = start();
  const std::function<double()> loss = validation_loss(f, V, V, HalfSumOfSquares{}, 7);
  const auto expected = [&] { return (f(V) - V).squaredNorm() / 2; };
  CHECK(std::abs(loss() - expected()) <= 1e-14 * expected());
  f.theta *= 2;
  CHECK(std::abs(loss() - expected()) <= 1e-14 * expected());
  const Trained t = trained({.max_epochs = 3, .l2 = 100}, true);
  CHECK(t.result.validation == loss_value(MeanSquaredError{}, t.f(V), V));
}

TEST_CASE("validations that make no sense are refused by name", "[train]") {
  Net f = start();
  Adam<double> adam;
  const auto refusal = [&](const FitOptions& o) { return error_of([&] { (void)fit(f, X, adam, o); }); };
  CHECK(refusal({.patience = 5}) == "fit: patience = 5 needs a validation, got none");
  CHECK(refusal({.validation = [] { return 0.; }, .patience = -1}) ==
        "fit: patience must be >= 0 (0: never stops), got -1");
  CHECK(refusal({.validation = [] { return 0.; }, .patience = 1, .min_improvement = -0.5}) ==
        "fit: min_improvement must be finite and >= 0, got -0.5");
  CHECK(error_of([&] { (void)validation_loss(f, V.topRows(3)); }) ==
        "validation_loss: x has 3 rows, f expects 8");
  CHECK(error_of([&] { (void)validation_loss(f, V, V.leftCols(2)); }) ==
        "validation_loss: target is 8 x 2, expected 8 x 40");
  CHECK(error_of([&] { (void)validation_loss(f, V.leftCols(0)); }) ==
        "validation_loss: x must have at least 1 column, got 0");
  CHECK(error_of([&] { (void)validation_loss(f, V, V, MeanSquaredError{}, -1); }) ==
        "validation_loss: at_once must be >= 0 (0: all columns), got -1");
}
