// The contractive penalty: its value and gradient against Jacobians and differences, what probes estimate,
// and what training with it does.
#include "basin/train/contractive.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/sum.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/network/sequence.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/loss.hpp"
#include "basin/train/objective.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

static_assert(TwiceDifferentiable<FullyConnected<double, Tanh>>);
static_assert(!TwiceDifferentiable<Softmax<double>> && !TwiceDifferentiable<Sequence<double>>);
static_assert(!TwiceDifferentiable<Chain<Dense<double>, Softmax<double>>>);
static_assert(NetworkLoss<Contractive<>, Dense<double>> && !NetworkLoss<MeanSquaredError, Dense<double>>);

namespace {

/// mean_i |J(x_i)|_F^2.
template <Layer F>
double mean_square_of_jacobians(const F& net, const Vec<double>& theta, const Mat<double>& x) {
  const Model<F> f(net, theta);
  double sum = 0;
  for (Index j = 0; j < x.cols(); ++j) sum += jacobian(f, x.col(j)).squaredNorm();
  return sum / static_cast<double>(x.cols());
}

/// Value against Jacobians, gradient against central differences of the whole objective.
template <Layer F>
void require_derivative(const F& net, Index columns) {
  const Vec<double> theta = 0.5 * random_matrix<double>(net.param_size(), 1, 1);
  const Mat<double> x = random_matrix<double>(net.in_size(), columns, 2),
                    target = random_matrix<double>(net.out_size(), columns, 3);
  Objective plain(net, MeanSquaredError{}, 0.1);
  Objective objective(net, Contractive<>{.weight = 20}, 0.1);
  Vec<double> gradient(theta.size()), rest(theta.size());
  const double loss = objective(theta, x, target, gradient), without = plain(theta, x, target, rest);
  const double penalty = 20 * mean_square_of_jacobians(net, theta, x);
  CHECK(penalty > 1e-3 * loss);
  CHECK(std::abs(loss - without - penalty) <= 1e-12 * loss);
  CHECK(std::abs(objective.value(theta, x, target) - loss) <= 1e-13 * loss);
  CHECK(std::abs(objective.value(theta, x, target, 2) - loss) <= 1e-13 * loss);
  Vec<double> differences(theta.size());
  const double h = 1e-5;
  for (Index i = 0; i < theta.size(); ++i) {
    Vec<double> above = theta, below = theta;
    above[i] += h;
    below[i] -= h;
    differences[i] = (objective.value(above, x, target) - objective.value(below, x, target)) / (2 * h);
  }
  CHECK((gradient - differences).norm() <= 1e-7 * gradient.norm());
  CHECK((gradient - rest).norm() > 1e-2 * gradient.norm());
}

}  // namespace

TEST_CASE("the gradient of the contractive penalty agrees with central differences", "[train]") {
  require_derivative(fully_connected<double>(3, 5, 3, Tanh{}), 4);
  require_derivative(fully_connected<double>(4, 3, 2, Silu{}), 1);
  require_derivative(Chain(Dense<double>(3, 6, false), Pointwise<double, Softplus>(6),
                           Residual(Chain(Dense<double>(6, 6), Pointwise<double, Sin>(6))),
                           Residual(Residual(Dense<double>(6, 6))), Dense<double>(6, 2)),
                     5);
  require_derivative(Chain(Affine<double>(random_matrix<double>(4, 3, 9)),
                           Concat(Chain(Dense<double>(4, 2), Pointwise<double, Gelu>(2))),
                           Stack(Chain(Dense<double>(6, 6), Pointwise<double, Sigmoid>(6)), 3)),
                     3);
  const Conv2d<double> first({1, 4, 4}, {.out_channels = 2, .padding = Padding::all(1)});
  require_derivative(Chain(first, Pointwise<double, Tanh>(32), MaxPool2d<double>({2, 4, 4}),
                           Conv2d<double>({2, 2, 2}, {.out_channels = 2, .padding = Padding::all(1)}),
                           Pointwise<double, Elu>(8), UpsampleNearest<double>({2, 2, 2}),
                           Conv2d<double>({2, 4, 4}, {.padding = Padding::all(1)})),
                     3);
}

TEST_CASE("for a linear network the gradient is 2 weight A exactly", "[train]") {
  const Dense<double> net(5, 4);
  const Vec<double> theta = random_matrix<double>(net.param_size(), 1, 4);
  // Powers of two, so that nothing is rounded.
  const Contractive<> loss{.weight = 0.25};
  Contractive<>::Memory<Dense<double>> memory;
  for (const Index columns : {1, 8, 512}) {
    const Mat<double> x = random_matrix<double>(5, columns, 5);
    Vec<double> gradient = Vec<double>::Zero(theta.size());
    const double penalty =
        loss.penalty<Dense<double>>(net, theta, x, BatchPlace{0, columns}, memory, gradient);
    CHECK(std::abs(penalty - 0.25 * theta.head(20).squaredNorm()) <= 1e-14 * penalty);
    const double error = (gradient.head(20) - 0.5 * theta.head(20)).cwiseAbs().maxCoeff();
    CHECK(error <= (columns == 1 ? 0. : 1e-13));  // sums of many columns are rounded
    CHECK(gradient.tail(4).isZero(0));            // the Jacobian knows nothing of b
  }
}

TEST_CASE("the penalty is added to the gradient, and a batch of 0 columns adds nothing", "[train]") {
  const auto net = fully_connected<double>(3, 5, 2, Tanh{});
  const Vec<double> theta = 0.5 * random_matrix<double>(net.param_size(), 1, 1);
  const Mat<double> x = random_matrix<double>(3, 4, 2);
  const Contractive<> loss{.weight = 1};
  Contractive<>::Memory<FullyConnected<double, Tanh>> memory;
  Vec<double> once = Vec<double>::Zero(theta.size()), more = Vec<double>::Ones(theta.size());
  const auto penalty = [&](MatIn<double> columns, Vec<double>& gradient) {
    return loss.penalty<FullyConnected<double, Tanh>>(net, theta, columns, BatchPlace{0, 4}, memory,
                                                      gradient);
  };
  const double value = penalty(x, once);
  CHECK(penalty(x, more) == value);
  CHECK((more - once - Vec<double>::Ones(theta.size())).norm() <= 1e-13 * more.norm());
  CHECK(penalty(x.leftCols(0), more) == 0);
  // The shares of parts of the batch add up.
  Vec<double> parts = Vec<double>::Zero(theta.size());
  const double sum = penalty(x.leftCols(1), parts) + penalty(x.rightCols(3), parts);
  CHECK(std::abs(sum - value) <= 1e-14 * value);
  CHECK((parts - once).norm() <= 1e-13 * once.norm());
}

TEST_CASE("probes estimate the penalty and its gradient without bias", "[train]") {
  const auto net = fully_connected<double>(6, 5, 2, Tanh{});
  const Vec<double> theta = 0.5 * random_matrix<double>(net.param_size(), 1, 1);
  const Mat<double> x = random_matrix<double>(6, 3, 2);
  Vec<double> exact(theta.size()), gradient(theta.size());
  Objective objective(net, Contractive<>{.weight = 2});
  const double value = objective(theta, x, x, exact);
  for (const Index probes : {1, 4}) {
    Objective estimate(net, Contractive<>{.weight = 2, .probes = probes, .seed = 3});
    const int draws = 4000;
    double sum = 0, squares = 0;
    Vec<double> mean = Vec<double>::Zero(theta.size()), spread = mean;
    for (int k = 0; k < draws; ++k) {
      estimate.set_draw(static_cast<std::uint64_t>(k));
      const double one = estimate(theta, x, x, gradient);
      if (k == 17) CHECK(one == estimate.value(theta, x, x));
      sum += one / draws;
      squares += (one - value) * (one - value) / draws;
      mean += gradient / draws;
      spread += (gradient - exact).cwiseAbs2() / draws;
    }
    // 5 standard errors, and the rounding of 4000 additions.
    CHECK(squares > 0);
    CHECK(std::abs(sum - value) <= 5 * std::sqrt(squares / draws));
    CHECK(((mean - exact).array().abs() <= 5 * (spread.array() / draws).sqrt() + 1e-11).all());
    CHECK(std::sqrt(squares / draws) < 0.02 * value);
  }
  // Of a matrix with orthogonal columns every vector of entries +-1 tells the norm.
  const Affine<double> rotation(Mat<double>(Mat<double>::Identity(6, 6) * 3));
  const Contractive<> one{.weight = 1, .probes = 1};
  Contractive<>::Memory<Affine<double>> memory;
  CHECK(std::abs(one.penalty<Affine<double>>(rotation, Vec<double>(), x, BatchPlace{0, 3}, memory) - 54) <
        1e-12);
}

TEST_CASE("training with probes gives the same bits with any number of threads, and resumed", "[train]") {
  const auto net = fully_connected<float>(200, 100, 2, Tanh{});
  const Mat<float> x = random_matrix<float>(200, 600, 7);
  const Vec<float> theta = initial_values(net, initial::pytorch_default(), 5);
  REQUIRE(Objective(net).parts(600) > 1);
  for (const Index batch : {0, 250}) {
    const auto train = [&](int threads, std::uint64_t seed, std::vector<Index> ends) {
      set_num_threads(threads);
      Model f(net, theta);
      Adam<float> adam;
      Index first = 0;
      FitResult r;
      for (const Index end : ends) {
        r = fit(f, x, adam, {.max_epochs = end, .batch_size = batch, .first_epoch = first},
                Contractive<>{.weight = 1e-3, .probes = 2, .seed = seed});
        first = end;
      }
      set_num_threads(0);
      return f.theta;
    };
    const Vec<float> one = train(1, 1, {3});
    CHECK(train(2, 1, {3}) == one);
    CHECK(train(3, 1, {1, 3}) == one);
    CHECK(train(1, 2, {3}) != one);
  }
}

TEST_CASE("training with the contractive penalty lowers the spectral norm at the examples", "[train]") {
  const auto net = fully_connected<double>(5, 20, 2, Tanh{});
  const Mat<double> X = random_matrix<double>(5, 6, 7);
  const auto norms = [&](double weight) {
    Model f(net, initial_values(net, initial::pytorch_default(), 3));
    Adam<double> adam({.learning_rate = 3e-3});
    const FitResult r = fit(f, X, adam, {.max_epochs = 3000}, Contractive<>{.weight = weight});
    CHECK(r.status == FitStatus::exhausted);
    CHECK(loss_value(MeanSquaredError{}, f(X), X) < 1e-2);
    std::vector<double> largest;
    for (Index j = 0; j < X.cols(); ++j)
      largest.push_back(Eigen::JacobiSVD<Mat<double>>(jacobian(f, X.col(j))).singularValues()[0]);
    return largest;
  };
  const std::vector<double> plain = norms(0), contracted = norms(3e-3);
  for (std::size_t j = 0; j < plain.size(); ++j) {
    INFO("example " << j << ": " << plain[j] << ", contracted " << contracted[j]);
    CHECK(contracted[j] < 0.8 * plain[j]);
  }
  CHECK(*std::max_element(contracted.begin(), contracted.end()) < 1);
  CHECK(*std::max_element(plain.begin(), plain.end()) > 1);
}

TEST_CASE("a loss of inputs may have a contractive penalty, and nonsense is refused by name", "[train]") {
  struct Distance {  // |y - x|^2 / 2, whatever the target
    double with_input(MatIn<double> x, MatIn<double> y, MatIn<double>, Index) const {
      return (y - x).squaredNorm() / 2;
    }
    double with_input(MatIn<double> x, MatIn<double> y, MatIn<double>, Index, MatOut<double> y_bar) const {
      y_bar = y - x;
      return (y - x).squaredNorm() / 2;
    }
  };
  const Dense<double> net(3, 3, false);
  const Mat<double> I = Mat<double>::Identity(3, 3), x = random_matrix<double>(3, 4, 1);
  Objective objective(net, Contractive<Distance>{.weight = 2});
  Vec<double> gradient(9);
  CHECK(std::abs(objective(I.reshaped(), x, x, gradient) - 6) < 1e-14);
  CHECK((gradient - 4 * I.reshaped()).norm() < 1e-13);

  const auto refusal = [&](const Contractive<>& loss) {
    return error_of([&] { (void)Objective(net, loss).value(I.reshaped(), x, x); });
  };
  CHECK(refusal({.weight = -1}) == "Contractive: weight must be finite and >= 0, got -1");
  CHECK(refusal({.weight = 1, .probes = -2}) == "Contractive: probes must be >= 0 (0: exact), got -2");
}
