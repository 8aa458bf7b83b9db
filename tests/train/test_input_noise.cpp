// Input noise: what it is made of, that it depends on its place and on nothing else, and what training with
// it converges to.
#include "basin/train/input_noise.hpp"

#include <Eigen/LU>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/network/sequence.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/memory.hpp"
#include "basin/train/resumable_fit.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// The noise of the columns first, first + 1, ... of the data.
template <class S = double>
Mat<S> noise_of(const InputNoise& noise, Index epoch, Index rows, Index columns, Index first = 0) {
  Mat<S> x = Mat<S>::Zero(rows, columns);
  detail::add_input_noise<S>(
      noise, epoch, [first](Index j) { return first + j; }, x);
  return x;
}

double correlation(const Mat<double>& a, const Mat<double>& b) {
  return a.cwiseProduct(b).sum() / (a.norm() * b.norm());
}

template <class S>
auto small_net() {
  const Chain net(Dense<S>(8, 30), Pointwise<S, Tanh>(30), Dense<S>(30, 8));
  return Model(net, Vec<S>(random_matrix<S>(net.param_size(), 1, 1) / S(5)));
}

/// Keeps the gradients that it is given, and theta as it is.
struct Recorder {
  using Scalar = double;
  std::vector<Vec<double>> gradients = {};
  OptimizerState<double> memory = {};
  double learning_rate() const { return 0; }
  void step(VecIn<double> gradient, VecOut<double>, double) { gradients.push_back(gradient); }
  void reset() { gradients.clear(); }
  OptimizerState<double>& state() { return memory; }
};

}  // namespace

TEST_CASE("input noise is normal, on the fraction of the numbers that was asked for", "[train]") {
  const Index rows = 100, columns = 2000;
  const double n = rows * columns;
  for (const double fraction : {1., 0.48, 0.01}) {
    const Mat<double> e = noise_of({.deviation = 0.3, .fraction = fraction, .seed = 4}, 7, rows, columns);
    const double chosen = static_cast<double>((e.array() != 0).count());
    // Within 5 standard errors: of a count, and of the moments of so many normal numbers.
    CHECK(std::abs(chosen - fraction * n) <= 5 * std::sqrt(fraction * (1 - fraction) * n));
    const Eigen::ArrayXd z = e.reshaped().array() / 0.3;
    CHECK(std::abs(z.sum() / chosen) <= 5 / std::sqrt(chosen));
    CHECK(std::abs(z.square().sum() / chosen - 1) <= 5 * std::sqrt(2 / chosen));
    CHECK(std::abs(z.cube().sum() / chosen) <= 5 * std::sqrt(15 / chosen));
    CHECK(std::abs(z.square().square().sum() / chosen - 3) <= 5 * std::sqrt(96 / chosen));
    // Each column and each row has its share of numbers that are chosen: the worst of 2100 shares.
    const Eigen::ArrayXXd mask = (e.array() != 0).cast<double>();
    const double spread = std::sqrt(fraction * (1 - fraction));
    CHECK((mask.colwise().mean() - fraction).abs().maxCoeff() <= 6 * spread / std::sqrt(rows) + 0.02);
    CHECK((mask.rowwise().mean() - fraction).abs().maxCoeff() <= 5 * spread / std::sqrt(columns));
  }
}

TEST_CASE("noise of other seeds, epochs, columns and rows is other noise", "[train]") {
  const Index rows = 50, columns = 400;
  const double bound = 5 / std::sqrt(rows * columns);  // 5 standard errors of a correlation that is 0
  for (const double fraction : {1., 0.5}) {
    const auto noise = [&](std::uint64_t seed, Index epoch, Index first) {
      return noise_of({.deviation = 1, .fraction = fraction, .seed = seed}, epoch, rows, columns, first);
    };
    const Mat<double> e = noise(0, 0, 0);
    CHECK(std::abs(correlation(e, noise(1, 0, 0))) <= bound);
    CHECK(std::abs(correlation(e, noise(0, 1, 0))) <= bound);
    CHECK(std::abs(correlation(e, noise(1, 1, 0))) <= bound);
    for (const Index first : {1, 2, 64}) {
      CHECK(std::abs(correlation(e, noise(0, 0, first))) <= bound);
      CHECK(std::abs(correlation(e, noise(0, first, 1))) <= bound);
      CHECK(std::abs(correlation(e.topRows(rows - first % rows), e.bottomRows(rows - first % rows))) <=
            1.3 * bound);
    }
    // Which numbers are chosen, and how large they are.
    const Mat<double> chosen = (e.array() != 0).cast<double>() - fraction, later = noise(0, 1, 0);
    if (fraction < 1)
      CHECK(std::abs(correlation(chosen, (later.array() != 0).cast<double>() - fraction)) <= bound);
  }
  // No column comes twice: 10 x 100 x 100 first numbers, where seed + epoch + column has but 208 values.
  std::set<double> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (Index epoch = 0; epoch < 100; ++epoch) {
      const Mat<double> e = noise_of({.deviation = 1, .seed = seed}, epoch, 1, 100);
      seen.insert(e.data(), e.data() + 100);
    }
  CHECK(seen.size() == 100000);
}

TEST_CASE("what a number gets depends on its place alone", "[train]") {
  const InputNoise noise{.deviation = 0.1, .fraction = 0.7, .seed = 9};
  const Mat<double> all = noise_of(noise, 3, 40, 100);
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    CHECK(noise_of(noise, 3, 40, 100) == all);
    set_num_threads(0);
  }
  CHECK(noise_of(noise, 3, 40, 1, 57) == all.col(57));
  CHECK(noise_of(noise, 3, 25, 100) == all.topRows(25));
  Mat<double> some = Mat<double>::Zero(40, 3);  // columns of the data in any order
  const std::array<Index, 3> order = {99, 5, 31};
  detail::add_input_noise<double>(
      noise, 3, [&](Index j) { return order[static_cast<std::size_t>(j)]; }, some);
  for (Index j = 0; j < 3; ++j) CHECK(some.col(j) == all.col(order[static_cast<std::size_t>(j)]));

  // A smaller fraction is a part of the same noise, a larger deviation a multiple of it, float the nearest to
  // it.
  const Mat<double> whole = noise_of({.deviation = 0.1, .fraction = 1, .seed = 9}, 3, 40, 100);
  CHECK((all.array() == 0 || all.array() == whole.array()).all());
  CHECK(noise_of({.deviation = 0.2, .fraction = 0.7, .seed = 9}, 3, 40, 100) == 2 * all);
  CHECK(noise_of<float>(noise, 3, 40, 100) == all.cast<float>());
  // The bits are the same on any machine.
  CHECK(whole(0, 0) == 0x1.cd9703c971d1dp-4);
  CHECK(whole(39, 99) == -0x1.cff1db7122d4ap-3);
}

TEST_CASE("gradients are those of noisy inputs and clean targets", "[train]") {
  // f = A x on 1/2 |A (X + E) - T|^2: (A (X + E) - T) (X + E)', with the E of the epoch.
  const Mat<double> X = random_matrix<double>(4, 7, 1), T = random_matrix<double>(3, 7, 2);
  const Dense<double> layer(4, 3, false);
  const InputNoise noise{.deviation = 0.5, .fraction = 0.6, .seed = 3};
  Model model(layer, Vec<double>(random_matrix<double>(12, 1, 3)));
  const Mat<double> A = layer.weight(model.theta);
  const auto expected = [&](Index epoch) -> Vec<double> {
    const Mat<double> N = X + noise_of(noise, epoch, 4, 7);
    return ((A * N - T) * N.transpose()).reshaped();
  };
  const double clean = (A * X - T).squaredNorm() / 2;
  for (const Index batch : {0, 7, 3}) {
    Recorder recorder;
    const FitResult r = fit(model, X, T, recorder,
                            {.max_epochs = 5, .batch_size = batch, .input_noise = noise}, HalfSumOfSquares{});
    const std::size_t updates = batch == 3 ? 3 : 1;  // of an epoch
    REQUIRE(recorder.gradients.size() == 5 * updates);
    for (Index e = 0; e < 5; ++e) {
      Vec<double> sum = Vec<double>::Zero(12);  // over the minibatches, in whose order nothing is noisy
      for (std::size_t k = 0; k < updates; ++k)
        sum += recorder.gradients[static_cast<std::size_t>(e) * updates + k];
      CHECK((sum - expected(e)).norm() <= 1e-13 * sum.norm());
      if (batch != 3)
        CHECK(std::abs(r.history[static_cast<std::size_t>(e)].gradient_norm - sum.norm()) <=
              1e-13 * sum.norm());
    }
    // The loss is that without noise.
    for (const Epoch& e : r.history) CHECK(std::abs(e.loss - clean) <= 1e-14 * clean);
    CHECK(std::abs(r.loss - clean) <= 1e-14 * clean);
  }
}

TEST_CASE("convergence is judged by the loss without noise, of the parameters returned", "[train]") {
  const Mat<double> X = random_matrix<double>(8, 6, 10);
  const Mat<double> I = Mat<double>::Identity(8, 8);
  for (const Index batch : {0, 4}) {
    Model identity(Dense<double>(8, 8, false), Vec<double>(I.reshaped()));
    GradientDescent<double> still({.learning_rate = 0});
    const FitResult at_once =
        fit(identity, X, still, {.max_epochs = 9, .batch_size = batch, .input_noise = {.deviation = 1}});
    CHECK(at_once.status == FitStatus::converged);
    CHECK(at_once.epochs == (batch == 0 ? 0 : 1));
    CHECK(at_once.loss == 0);
    CHECK(at_once.gradient_norm > 0.1);

    auto model = small_net<double>();
    Adam<double> adam({.learning_rate = 3e-3});
    const FitResult r = fit(model, X, adam,
                            {.max_epochs = 20000,
                             .loss_below = 1e-3,
                             .batch_size = batch,
                             .l2 = 1e-6,
                             .input_noise = {.deviation = 0.05}});
    CHECK(r.status == FitStatus::converged);
    CHECK(r.loss <= 1e-3);
    CHECK(r.history[r.history.size() - 2].loss > 1e-3);
    CHECK(r.history.back().loss == r.loss);
    CHECK(Objective(model.layer, MeanSquaredError{}, 1e-6).value(model.theta, X, X, batch) == r.loss);
  }
}

TEST_CASE("a linear network trained with noise ends at S (S + n p sigma^2 I)^-1", "[train]") {
  // The expected loss of f = A x on n examples is 1/2 |A X - X|^2 + n p sigma^2 / 2 |A|^2. The gradient is
  // linear in A, and the noise of an epoch independent of the A before it: the mean of A in equilibrium is
  // the minimizer exactly, for any rate that is small enough. Blocks of epochs are long beside
  // 1 / (rate * smallest eigenvalue): their means are as good as independent, and tell the standard error.
  const Index d = 3, n = 5, blocks = 25, length = 2000;
  const Mat<double> X = random_matrix<double>(d, n, 3), S = X * X.transpose(),
                    I = Mat<double>::Identity(d, d);
  for (const double fraction : {1., 0.48}) {
    const InputNoise noise{.deviation = 0.5, .fraction = fraction, .seed = 1};
    const Mat<double> M = S + static_cast<double>(n) * fraction * 0.25 * I, expected = S * M.inverse();
    Model model(Dense<double>(d, d, false), Vec<double>(Vec<double>::Zero(d * d)));
    GradientDescent<double> descent({.learning_rate = 0.1 / M.trace()});
    Mat<double> means = Mat<double>::Zero(d * d, blocks);
    FitOptions options{.max_epochs = (blocks + 1) * length, .input_noise = noise};
    options.observer = [&](const Epoch& e) {
      const Index block = e.epoch / length - 1;  // the first is the way there
      if (block >= 0 && block < blocks) means.col(block) += model.theta / static_cast<double>(length);
    };
    const FitResult r = fit(model, X, descent, options, HalfSumOfSquares{});
    REQUIRE(r.status == FitStatus::exhausted);
    const Vec<double> mean = means.rowwise().mean();
    const Vec<double> error =
        ((means.colwise() - mean).rowwise().squaredNorm() / static_cast<double>(blocks * (blocks - 1)))
            .cwiseSqrt();
    INFO("standard errors up to " << error.maxCoeff() << ", A differs from I by up to "
                                  << (expected - I).cwiseAbs().maxCoeff() << ", found - expected is up to "
                                  << ((mean - expected.reshaped()).array() / error.array()).abs().maxCoeff()
                                  << " standard errors");
    CHECK(((mean - expected.reshaped()).array().abs() <= 5 * error.array()).all());
    // Sharp enough to tell this A from the I of a training without noise and from those of other variances.
    CHECK(error.maxCoeff() <= 0.01 * (expected - I).cwiseAbs().maxCoeff());
    CHECK(r.loss > 0.1 * (expected * X - X).squaredNorm() / 2);  // which is not the minimum without noise
  }
}

TEST_CASE("training with noise gives the same bits with any number of threads", "[train]") {
  const Chain net(Dense<float>(300, 300), Pointwise<float, LeakyRelu>(300), Dense<float>(300, 300));
  const Vec<float> theta = random_matrix<float>(net.param_size(), 1, 1) / 20.f;
  const Mat<float> x = random_matrix<float>(300, 600, 7);
  REQUIRE(Objective(net).parts(600) == 2);
  for (const Index batch : {0, 150}) {
    const auto train = [&](int threads, const InputNoise& noise) {
      set_num_threads(threads);
      Model model(net, theta);
      Adam<float> adam;
      const FitResult r = fit(model, x, adam, {.max_epochs = 2, .batch_size = batch, .input_noise = noise});
      set_num_threads(0);
      CHECK(r.epochs == 2);
      return model.theta;
    };
    const InputNoise noise{.deviation = 0.1, .fraction = 0.48, .seed = 3};
    const Vec<float> one = train(1, noise);
    CHECK(train(2, noise) == one);
    CHECK(train(3, noise) == one);
    CHECK(train(1, {.deviation = 0.1, .fraction = 0.48, .seed = 4}) != one);
    CHECK(train(1, {.deviation = 0.1, .fraction = 0}) == train(1, {}));
  }
}

TEST_CASE("a network known at run time sees the same noise", "[train]") {
  const Mat<float> x = random_matrix<float>(8, 10, 11);
  auto typed = small_net<float>();
  Model erased(Sequence<float>({Dense<float>(8, 30), Pointwise<float, Tanh>(30), Dense<float>(30, 8)}),
               typed.theta);
  const FitOptions options{.max_epochs = 10, .input_noise = {.deviation = 0.2}};
  Adam<float> adam, other;
  const FitResult r = fit(typed, x, adam, options), s = fit(erased, x, other, options);
  CHECK(typed.theta == erased.theta);
  CHECK(r.loss == s.loss);
}

TEST_CASE("first_epoch goes on with the noise of a training in one piece", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 10, 11);
  for (const Index batch : {0, 4}) {
    FitOptions options{.max_epochs = 20,
                       .batch_size = batch,
                       .seed = 5,
                       .input_noise = {.deviation = 0.3, .fraction = 0.5, .seed = 2}};
    auto once = small_net<double>(), twice = small_net<double>(), anew = small_net<double>();
    Adam<double> adam_once, adam_twice, adam_anew;
    const FitResult whole = fit(once, x, adam_once, options);
    options.max_epochs = 7;
    const FitResult begun = fit(twice, x, adam_twice, options);
    CHECK(begun.epochs == 7);
    options.max_epochs = 20;
    options.first_epoch = 7;
    const FitResult rest = fit(twice, x, adam_twice, options);
    CHECK(once.theta == twice.theta);
    CHECK(rest.epochs == 20);
    CHECK(rest.loss == whole.loss);
    REQUIRE(rest.history.size() == whole.history.size() - 7);
    for (std::size_t i = 0; i < rest.history.size(); ++i) {
      CHECK(rest.history[i].loss == whole.history[i + 7].loss);
      CHECK(rest.history[i].gradient_norm == whole.history[i + 7].gradient_norm);
    }
    // The noise of epoch 7 is not that of epoch 0.
    options.max_epochs = 13;
    options.first_epoch = 0;
    (void)fit(anew, x, adam_anew, {.max_epochs = 7, .batch_size = batch, .seed = 5});
    (void)fit(anew, x, adam_anew, options);
    CHECK(anew.theta != once.theta);
  }
}

TEST_CASE("resumable_fit goes on with the same noise", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 10, 11);
  for (const Index batch : {0, 4}) {
    const FitOptions options{
        .max_epochs = 20, .batch_size = batch, .input_noise = {.deviation = 0.3, .fraction = 0.5, .seed = 2}};
    auto once = small_net<double>();
    Adam<double> adam_once;
    const FitResult whole = fit(once, x, adam_once, options);
    TempDir dir;
    const Checkpoint file(dir / "a.safetensors", "noise .3 on half, seed 2");
    // Asked once an epoch, and after each of 3 minibatches: stops in the middle of an epoch as well.
    for (const int stop : {6, 9, 1000}) {
      auto model = small_net<double>();
      Adam<double> adam;
      FitOptions part = options;
      int asked = 0;
      part.cancelled = [&] { return ++asked == stop; };
      const FitResult r = resumable_fit(model, x, adam, part, file);
      CHECK(r.loss == Objective(model.layer).value(model.theta, x, x, batch));
      if (stop < 1000) {
        CHECK(r.status == FitStatus::cancelled);
        continue;
      }
      CHECK(r.status == FitStatus::exhausted);
      CHECK(r.epochs == 20);
      CHECK(r.loss == whole.loss);
      CHECK(model.theta == once.theta);
    }
  }
}

TEST_CASE("training with noise that diverges returns the last parameters of finite loss", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 12);
  for (const Index batch : {0, 2}) {
    Model model(Dense<double>(8, 8), Vec<double>(random_matrix<double>(72, 1, 13)));
    GradientDescent<double> descent({.learning_rate = 1e6});
    const FitResult r =
        fit(model, x, descent, {.max_epochs = 1000, .batch_size = batch, .input_noise = {.deviation = 0.1}});
    CHECK(r.status == FitStatus::diverged);
    CHECK(r.epochs > 0);
    CHECK(r.epochs < 200);
    CHECK(model.theta.allFinite());
    CHECK(std::isfinite(r.loss));
    for (const Epoch& e : r.history) CHECK(std::isfinite(e.loss));
    CHECK(std::abs(loss_value(MeanSquaredError{}, model(x), x) / r.loss - 1) <= 1e-9);
  }
  // Noise that is too large for the loss: nothing has moved, and the loss without it is finite.
  Model model(Dense<double>(8, 8), Vec<double>(random_matrix<double>(72, 1, 13)));
  const Vec<double> before = model.theta;
  GradientDescent<double> descent;
  const FitResult r = fit(model, x, descent, {.max_epochs = 9, .input_noise = {.deviation = 1e200}});
  CHECK(r.status == FitStatus::diverged);
  CHECK(r.epochs == 0);
  CHECK(model.theta == before);
  CHECK(std::abs(loss_value(MeanSquaredError{}, model(x), x) / r.loss - 1) <= 1e-14);
}

TEST_CASE("input noise that makes no sense is refused", "[train]") {
  auto model = small_net<double>();
  Adam<double> adam;
  const Mat<double> x = random_matrix<double>(8, 6, 17);
  const auto with = [&](const InputNoise& noise) {
    return error_of([&] { (void)fit(model, x, adam, {.input_noise = noise}); });
  };
  CHECK(with({.deviation = -1}) == "fit: input_noise.deviation must be finite and >= 0, got -1");
  CHECK(contains(with({.deviation = std::nan("")}), "input_noise.deviation must be finite and >= 0, got "));
  CHECK(contains(with({.deviation = INFINITY}), "input_noise.deviation must be finite and >= 0, got inf"));
  CHECK(with({.deviation = 1, .fraction = 1.5}) == "fit: input_noise.fraction must be in [0, 1], got 1.5");
  CHECK(contains(with({.fraction = -0.1}), "input_noise.fraction must be in [0, 1], got -0.1"));
  CHECK(contains(with({.fraction = std::nan("")}), "input_noise.fraction must be in [0, 1], got "));
  CHECK(contains(error_of([&] { (void)training_memory(model.layer, 6, 2, {.deviation = -1}); }),
                 "training_memory: input_noise.deviation must be finite and >= 0, got -1"));
}
