// fit and its objective: closed forms, every way to end, and the same bits for any number of threads.
#include "basin/train/fit.hpp"

#include <Eigen/LU>
#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/compose/stack.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <class S>
auto small_net() {
  const Chain net(Dense<S>(8, 30), Pointwise<S, Tanh>(30), Dense<S>(30, 8));
  return Model(net, Vec<S>(random_matrix<S>(net.param_size(), 1, 1) / S(5)));
}

/// A network that is large enough to be cut into pieces.
auto wide_net() {
  const Chain net(Dense<float>(300, 300), Pointwise<float, LeakyRelu>(300), Dense<float>(300, 300));
  return Model(net, Vec<float>(random_matrix<float>(net.param_size(), 1, 1) / 20.f));
}

/// What a user has to write at least: steps in place.
struct OwnDescent {
  using Scalar = double;
  double rate;
  OptimizerState<double> memory = {};
  double learning_rate() const { return rate; }
  void step(VecIn<double> gradient, VecOut<double> theta, double factor) {
    theta -= factor * rate * gradient;
    ++memory.steps;
  }
  void reset() { memory = {}; }
  OptimizerState<double>& state() { return memory; }
};

}  // namespace

TEST_CASE("gradient descent on a linear autoencoder is I - (I - gamma S)^t", "[train]") {
  // Supplement A: from A_0 = 0 on 1/2 sum |A x - x|^2, with S = sum x x'.
  const Index d = 10;
  const Mat<double> X = random_matrix<double>(d, 4, 2), S = X * X.transpose(),
                    I = Mat<double>::Identity(d, d);
  const double gamma = 0.9 / spectral_radius(S);
  Model model(Dense<double>(d, d, false), Vec<double>(Vec<double>::Zero(d * d)));
  GradientDescent<double> descent({.learning_rate = gamma});
  Mat<double> remainder = I;  // (I - gamma S)^t
  for (const Index steps : {1, 1, 8, 90, 900}) {
    for (Index t = 0; t < steps; ++t) remainder -= gamma * remainder * S;
    const FitResult r = fit(model, X, descent, {.max_epochs = steps}, HalfSumOfSquares{});
    CHECK(r.status == FitStatus::exhausted);
    CHECK((model.layer.weight(model.theta) - (I - remainder)).cwiseAbs().maxCoeff() < 1e-11);
  }
}

TEST_CASE("gradient descent on a linear autoencoder converges for gamma < 2 / lambda_1", "[train]") {
  // The paper asks for gamma < 1 / lambda_1, which is sufficient but not necessary.
  const Index d = 6;
  const Mat<double> X = random_matrix<double>(d, 2, 3), S = X * X.transpose();
  const Mat<double> P = X * (X.transpose() * X).inverse() * X.transpose();
  const auto distance = [&](double gamma_lambda, Index steps) {
    Model model(Dense<double>(d, d, false), Vec<double>(Vec<double>::Zero(d * d)));
    GradientDescent<double> descent({.learning_rate = gamma_lambda / spectral_radius(S)});
    (void)fit(model, X, descent, {.max_epochs = steps}, HalfSumOfSquares{});
    return (model.layer.weight(model.theta) - P).norm();
  };
  CHECK(distance(1.99, 4000) < 1e-12);
  CHECK(distance(2.01, 4000) > 1e6);
}

TEST_CASE("the objective's gradient is the derivative of its value, l2 included", "[train]") {
  auto model = small_net<double>();
  const Mat<double> x = random_matrix<double>(8, 5, 3), target = random_matrix<double>(8, 5, 4);
  Objective objective(model.layer, MeanSquaredError{}, 0.3);
  Vec<double> g(model.theta.size());
  const double loss = objective(model.theta, x, target, g);
  CHECK(std::abs(objective.value(model.theta, x, target) - loss) <= 1e-14);
  CHECK(std::abs(loss - ((model(x) - target).squaredNorm() / 40 + 0.15 * model.theta.squaredNorm())) <=
        1e-13);
  const Vec<double> p = random_matrix<double>(g.size(), 1, 5);
  const double h = 1e-5;
  const double slope =
      (objective.value(model.theta + h * p, x, target) - objective.value(model.theta - h * p, x, target)) /
      (2 * h);
  CHECK(std::abs(slope - g.dot(p)) <= 1e-8 * std::abs(slope));
}

TEST_CASE("a batch cut into pieces has the loss and gradient of the whole", "[train]") {
  auto model = wide_net();
  const Mat<float> x = random_matrix<float>(300, 1100, 6);
  Objective objective(model.layer);
  REQUIRE(objective.parts(1100) >= 4);
  REQUIRE(objective.parts(10) == 1);
  Vec<float> g(model.theta.size()), sum = Vec<float>::Zero(model.theta.size()), part(model.theta.size());
  const double loss = objective(model.theta, x, x, g);
  double parts = 0;
  for (Index j = 0; j < 1100; j += 10) {
    parts += objective(model.theta, x.middleCols(j, 10), x.middleCols(j, 10), part) / 110;
    sum += part / 110;
  }
  CHECK(std::abs(parts - loss) <= 1e-6 * loss);
  CHECK((sum - g).norm() <= 1e-5f * g.norm());
}

TEST_CASE("training gives the same bits with 1 and 2 threads and from run to run", "[train]") {
  const Mat<float> x = random_matrix<float>(300, 600, 7);
  REQUIRE(Objective(wide_net().layer).parts(600) ==
          2);  // threads share the batch, and with 150 columns the products
  const auto train = [&](int threads, Index batch) {
    set_num_threads(threads);
    auto model = wide_net();
    Adam<float> adam({.learning_rate = 1e-3});
    (void)fit(model, x, adam, {.max_epochs = 5, .batch_size = batch});
    set_num_threads(0);
    return model.theta;
  };
  for (const Index batch : {0, 150}) {
    const Vec<float> one = train(1, batch);
    CHECK((train(2, batch).array() == one.array()).all());
    CHECK((train(1, batch).array() == one.array()).all());
    CHECK((train(3, batch).array() == one.array()).all());
  }
}

TEST_CASE("convolutions train to the same bits with 1 and 2 threads", "[train]") {
  const Padding same = Padding::all(1);
  const Chain net(Conv2d<float>({3, 16, 16}, {.out_channels = 64, .padding = same}),
                  Pointwise<float, LeakyRelu>(64 * 256),
                  Conv2d<float>({64, 16, 16}, {.out_channels = 3, .padding = same}));
  const Mat<float> x = random_matrix<float>(768, 16, 8);
  const auto train = [&](int threads) {
    set_num_threads(threads);
    Model model(net, Vec<float>(random_matrix<float>(net.param_size(), 1, 9) / 20.f));
    Adam<float> adam({.learning_rate = 1e-3});
    REQUIRE(Objective(net).parts(16) >= 2);
    (void)fit(model, x, adam, {.max_epochs = 4});
    set_num_threads(0);
    return model.theta;
  };
  CHECK((train(1).array() == train(2).array()).all());
}

TEST_CASE("fit converges on loss or on gradient norm and returns what it measured", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 3, 10);
  for (const bool by_loss : {true, false}) {
    auto model = small_net<double>();
    Adam<double> adam({.learning_rate = 1e-2});
    FitOptions options{.max_epochs = 5000};
    (by_loss ? options.loss_below : options.gradient_below) = 1e-6;
    Index calls = 0;
    options.observer = [&](const Epoch& e) { CHECK(e.epoch == calls++); };
    const FitResult r = fit(model, x, adam, options);
    CHECK(r.status == FitStatus::converged);
    CHECK((by_loss ? r.loss : r.gradient_norm) <= 1e-6);
    CHECK(std::abs(loss_value(MeanSquaredError{}, model(x), x) - r.loss) <=
          1e-12);  // of the parameters returned
    CHECK(static_cast<Index>(r.history.size()) == r.epochs + 1);
    CHECK(calls == r.epochs + 1);
    CHECK(r.history.back().loss == r.loss);
    CHECK(r.history[1].loss < r.history[0].loss);
    CHECK(r.history[5].rate == 1e-2);
  }
}

TEST_CASE("a gradient too small for float squares is not taken for zero", "[train]") {
  const Chain net(Dense<float>(1, 1, false), Dense<float>(1, 1, false), Dense<float>(1, 1, false));
  Model model(net, Vec<float>(Vec<float>::Constant(3, 1e-12f)));
  GradientDescent<float> descent({.learning_rate = 0.1});
  const FitResult r = fit(model, Mat<float>::Ones(1, 1), descent, {.max_epochs = 1});
  CHECK(r.status == FitStatus::exhausted);
  CHECK(r.gradient_norm > 1e-24);
  CHECK(r.gradient_norm < 1e-23);
}

TEST_CASE("two calls of fit go on where the first stopped", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 11);
  auto once = small_net<double>(), twice = small_net<double>();
  Adam<double> adam_once, adam_twice;
  (void)fit(once, x, adam_once, {.max_epochs = 20});
  (void)fit(twice, x, adam_twice, {.max_epochs = 7});
  (void)fit(twice, x, adam_twice, {.max_epochs = 13});
  CHECK((once.theta.array() == twice.theta.array()).all());
}

TEST_CASE("a training of minibatches that begins behind its last epoch returns at once", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 3);
  auto model = small_net<double>();
  const Vec<double> theta = model.theta;
  Adam<double> adam;
  const FitResult r = fit(model, x, adam, {.max_epochs = 10, .batch_size = 2, .first_epoch = Index(1) << 60});
  CHECK(r.epochs == Index(1) << 60);  // without an order of the samples for each of them
  CHECK(model.theta == theta);
  CHECK(r.loss == Objective(model.layer).value(theta, x, x, 2));
}

TEST_CASE("first_epoch goes on with the schedule and the orders of a training in one piece", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 10, 11);
  for (const Index batch : {0, 4}) {
    FitOptions options{.max_epochs = 20, .batch_size = batch, .seed = 5};
    options.schedule = schedule::step_decay(3, 0.7);
    auto once = small_net<double>(), twice = small_net<double>();
    Adam<double> adam_once, adam_twice;
    const FitResult whole = fit(once, x, adam_once, options);
    options.max_epochs = 7;
    const FitResult begun = fit(twice, x, adam_twice, options);
    CHECK(begun.epochs == 7);
    options.max_epochs = 20;
    options.first_epoch = 7;
    const FitResult rest = fit(twice, x, adam_twice, options);
    CHECK((once.theta.array() == twice.theta.array()).all());
    CHECK(rest.epochs == 20);
    CHECK(rest.loss == whole.loss);
    REQUIRE(rest.history.size() == whole.history.size() - 7);
    for (std::size_t i = 0; i < rest.history.size(); ++i) {
      CHECK(rest.history[i].epoch == whole.history[i + 7].epoch);
      CHECK(rest.history[i].loss == whole.history[i + 7].loss);
      CHECK(rest.history[i].rate == whole.history[i + 7].rate);
    }
    options.max_epochs = 5;  // nothing is left to do
    const FitResult none = fit(twice, x, adam_twice, options);
    CHECK(none.status == FitStatus::exhausted);
    CHECK(none.epochs == 7);
    CHECK(none.history.size() == (batch == 0 ? 1 : 0));
    CHECK(none.loss == Objective(twice.layer).value(twice.theta, x, x, batch));
    CHECK((once.theta.array() == twice.theta.array()).all());
  }
}

TEST_CASE("divergence is a status, with the last parameters of finite loss", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 12);
  for (const Index batch : {0, 2}) {
    Model model(Dense<double>(8, 8), Vec<double>(random_matrix<double>(72, 1, 13)));
    GradientDescent<double> descent({.learning_rate = 1e6});
    const FitResult r = fit(model, x, descent, {.max_epochs = 1000, .batch_size = batch});
    CHECK(r.status == FitStatus::diverged);
    CHECK(r.epochs > 0);
    CHECK(r.epochs < 200);
    CHECK(model.theta.allFinite());
    CHECK(std::isfinite(r.loss));
    CHECK(std::abs(loss_value(MeanSquaredError{}, model(x), x) / r.loss - 1) <= 1e-9);
  }
  // NaN in the data is seen at once, and theta stays as it was.
  Model model(Dense<double>(8, 8), Vec<double>(random_matrix<double>(72, 1, 13)));
  const Vec<double> before = model.theta;
  Mat<double> bad = x;
  bad(0, 0) = std::nan("");
  Adam<double> adam;
  const FitResult r = fit(model, bad, adam);
  CHECK(r.status == FitStatus::diverged);
  CHECK(r.epochs == 0);
  CHECK(std::isnan(r.loss));
  CHECK((model.theta - before).norm() == 0);
}

TEST_CASE("an optimizer of one's own trains like the library's, divergence included", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 5, 3);
  for (const double rate : {0.1, 1e3}) {
    auto model = small_net<double>(), own_model = model;
    GradientDescent<double> descent({.learning_rate = rate});
    OwnDescent own{rate};
    const FitResult r = fit(model, x, descent, {.max_epochs = 50}, HalfSumOfSquares{});
    const FitResult o = fit(own_model, x, own, {.max_epochs = 50}, HalfSumOfSquares{});
    CHECK(r.status == (rate < 1 ? FitStatus::exhausted : FitStatus::diverged));
    CHECK(o.status == r.status);
    CHECK(o.epochs == r.epochs);
    CHECK(o.loss == r.loss);
    CHECK(own_model.theta == model.theta);
    CHECK(Objective(model.layer, HalfSumOfSquares{}, 0).value(model.theta, x, x) == r.loss);
  }
}

TEST_CASE("fit stops when it is cancelled or out of time", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 14);
  for (const Index batch : {0, 2}) {
    auto model = small_net<double>();
    Adam<double> adam;
    FitOptions options{.max_epochs = 1000000, .batch_size = batch};
    int asked = 0;
    options.cancelled = [&] { return ++asked > 9; };
    const FitResult r = fit(model, x, adam, options);
    CHECK(r.status == FitStatus::cancelled);
    CHECK(r.epochs <= 9);
    CHECK(std::abs(loss_value(MeanSquaredError{}, model(x), x) - r.loss) <= 1e-12);
    const FitResult late =
        fit(model, x, adam, {.max_epochs = 1000000, .max_seconds = 0.05, .batch_size = batch});
    CHECK(late.status == FitStatus::exhausted);
    CHECK(late.seconds >= 0.05);
  }
}

TEST_CASE("minibatches visit every sample once an epoch, in an order that the seed decides", "[train]") {
  // With rate 0 the parameters stay: the epoch's mean loss is then the loss of the whole, whatever the order,
  // and whatever the size of the last batch.
  const Mat<double> x = random_matrix<double>(8, 10, 15);
  auto still = small_net<double>();
  GradientDescent<double> none({.learning_rate = 0});
  const FitResult r = fit(still, x, none, {.max_epochs = 3, .batch_size = 4});
  for (const Epoch& e : r.history) CHECK(std::abs(e.loss - r.loss) <= 1e-14);

  const auto train = [&](std::uint64_t seed) {
    auto model = small_net<double>();
    GradientDescent<double> descent({.learning_rate = 0.1});
    (void)fit(model, x, descent, {.max_epochs = 3, .batch_size = 4, .seed = seed});
    return model.theta;
  };
  CHECK((train(1) - train(1)).norm() == 0);
  CHECK((train(1) - train(2)).norm() > 1e-6);
}

TEST_CASE("l2, weight decay, clipping and schedules act on the update", "[train]") {
  const Mat<double> x = random_matrix<double>(8, 6, 16);
  auto by_l2 = small_net<double>(), by_decay = small_net<double>();
  GradientDescent<double> plain({.learning_rate = 0.1}),
      decaying({.learning_rate = 0.1, .weight_decay = 0.01});
  (void)fit(by_l2, x, plain, {.max_epochs = 10, .l2 = 0.01});
  (void)fit(by_decay, x, decaying, {.max_epochs = 10});
  CHECK((by_l2.theta - by_decay.theta).norm() <= 1e-13);

  auto clipped = small_net<double>();
  const Vec<double> before = clipped.theta;
  GradientDescent<double> unit({.learning_rate = 1});
  (void)fit(clipped, x, unit, {.max_epochs = 1, .clip_norm = 1e-3});
  CHECK(std::abs((clipped.theta - before).norm() - 1e-3) <= 1e-5);

  auto stopped = small_net<double>();
  const FitResult r =
      fit(stopped, x, unit, {.max_epochs = 4, .schedule = [](Index e) { return e < 2 ? 0.1 : 0.0; }});
  CHECK(r.history[2].loss == r.history[4].loss);
  CHECK(r.history[1].loss != r.history[2].loss);
}

TEST_CASE("fit refuses options and sizes that make no sense", "[train]") {
  auto model = small_net<double>();
  Adam<double> adam;
  const Mat<double> x = random_matrix<double>(8, 6, 17);
  const auto with = [&](FitOptions o) { return error_of([&] { (void)fit(model, x, adam, o); }); };
  CHECK(contains(with({.max_epochs = -1}), "max_epochs must be >= 0, got -1"));
  CHECK(contains(with({.batch_size = -5}), "batch_size must be >= 0 (0: the full batch), got -5"));
  CHECK(contains(with({.first_epoch = -2}), "first_epoch must be >= 0, got -2"));
  CHECK(contains(with({.schedule = Schedule()}), "schedule must not be empty"));
  CHECK(contains(with({.l2 = -1}), "l2 must be >= 0, got -1"));
  CHECK(contains(error_of([&] { (void)fit(model, random_matrix<double>(7, 6, 1), adam); }),
                 "x has 7 rows, the layer expects 8"));
  CHECK(contains(error_of([&] { (void)fit(model, x, random_matrix<double>(8, 5, 1), adam); }),
                 "target is 8 x 5, expected 8 x 6"));
  CHECK(contains(error_of([&] { (void)fit(model, Mat<double>(8, 0), adam); }), "at least 1 column"));
}
