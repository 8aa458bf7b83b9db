#include "basin/train/loss.hpp"

#include <cmath>   // std::abs, std::isnan, std::log
#include <limits>  // std::numeric_limits

#include "basin/compose/chain.hpp"
#include "basin/core/random.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

template <class S>
using Ref = Eigen::Ref<const Mat<S>>;

/// The loss and its y_bar (filled with NaN before, since it must be overwritten).
template <class S, class L>
double with_gradient(const L& loss, const Mat<S>& y, const Mat<S>& target, Index batch, Mat<S>& y_bar) {
  y_bar.setConstant(y.rows(), y.cols(), std::numeric_limits<S>::quiet_NaN());
  return loss(Ref<S>(y), Ref<S>(target), batch, MatOut<S>(y_bar));
}

template <class S, class L>
void check_golden(const L& loss, const std::string& name, const std::string& at = "y",
                  const std::string& goal = "target", double scale = 1) {
  const Golden golden("losses");
  const double tolerance = std::is_same_v<S, double> ? 1e-14 : 2e-6;
  const Mat<S> y = (scale * golden[at]).template cast<S>(), target = golden[goal].cast<S>();
  Mat<S> y_bar;
  const double value = with_gradient(loss, y, target, y.cols(), y_bar);
  CHECK(std::abs(value - golden[name + ".value"](0, 0)) <= tolerance * value);
  CHECK((y_bar.template cast<double>() - golden[name + ".y_bar"]).norm() <=
        tolerance * golden[name + ".y_bar"].norm());
  CHECK(loss(Ref<S>(y), Ref<S>(target), y.cols()) == value);
  CHECK(loss_value(loss, y, target) == value);
}

}  // namespace

TEST_CASE("losses and their gradients agree with PyTorch", "[train][loss][golden]") {
  check_golden<double>(MeanSquaredError{}, "mean_squared_error");
  check_golden<float>(MeanSquaredError{}, "mean_squared_error");
  check_golden<double>(HalfSumOfSquares{}, "half_sum_of_squares");
  check_golden<float>(HalfSumOfSquares{}, "half_sum_of_squares");
  check_golden<double>(MeanAbsoluteError{}, "mean_absolute_error");
  check_golden<float>(MeanAbsoluteError{}, "mean_absolute_error");
  check_golden<double>(Huber{}, "huber");
  check_golden<float>(Huber{}, "huber");
  check_golden<double>(Huber{.delta = 0.3}, "huber_0.3");
  check_golden<double>(Bce{}, "bce", "p", "share");
  check_golden<float>(Bce{}, "bce", "p", "share");
  check_golden<double>(BceWithLogits{}, "bce_with_logits", "y", "share", 8);
  check_golden<float>(BceWithLogits{}, "bce_with_logits", "y", "share", 8);
}

TEST_CASE("losses of a small batch are what the formulas give", "[train][loss]") {
  Mat<double> y(2, 2), target(2, 2), y_bar;
  y << 1, 2, 3, 4;
  target << 0, 2, 5, 1;  // differences 1, 0, -2, 3
  CHECK(with_gradient(MeanSquaredError{}, y, target, 2, y_bar) == 14. / 4);
  CHECK(y_bar == (y - target) / 2);
  CHECK(with_gradient(HalfSumOfSquares{}, y, target, 2, y_bar) == 7);
  CHECK(y_bar == y - target);
}

TEMPLATE_TEST_CASE("the parts of a batch add up to the whole", "[train][loss]", MeanSquaredError,
                   HalfSumOfSquares, MeanAbsoluteError, Huber, Bce, BceWithLogits) {
  const TestType loss;
  const auto between = [] { return Mat<double>((Mat<double>::Random(7, 10).array() + 1) / 2); };
  const Mat<double> y = between(), target = between();
  Mat<double> whole_bar, parts_bar(7, 10);
  const double whole = with_gradient(loss, y, target, 10, whole_bar);
  double parts = 0;
  for (const Index begin : {0, 3, 4}) {
    const Index size = begin == 0 ? 3 : begin == 3 ? 1 : 6;
    parts += loss(Ref<double>(y.middleCols(begin, size)), Ref<double>(target.middleCols(begin, size)), 10,
                  MatOut<double>(parts_bar.middleCols(begin, size)));
  }
  CHECK(std::abs(whole - parts) <= 1e-15 * whole);
  CHECK(parts_bar == whole_bar);
  CHECK(loss(Ref<double>(y.leftCols(0)), Ref<double>(target.leftCols(0)), 10) == 0);
}

TEMPLATE_TEST_CASE("a loss and its gradient fit together", "[train][loss]", MeanSquaredError,
                   HalfSumOfSquares) {
  // Both losses are quadratic, so that the central difference is exact but for rounding.
  const TestType loss;
  const Mat<double> y = Mat<double>::Random(5, 4), target = Mat<double>::Random(5, 4),
                    y_dot = Mat<double>::Random(5, 4);
  Mat<double> y_bar;
  with_gradient(loss, y, target, 4, y_bar);
  const double difference =
      (loss_value(loss, y + 0.5 * y_dot, target) - loss_value(loss, y - 0.5 * y_dot, target));
  const double slope = y_bar.cwiseProduct(y_dot).sum();
  CHECK(std::abs(slope) > 1e-3);
  CHECK(std::abs(difference - slope) <= 1e-14);
}

TEST_CASE("losses at their kinks and at huge outputs", "[train][loss]") {
  Mat<double> y(1, 3), target(1, 3), y_bar;
  y << 2, -1, 5;
  target << 2, 1, 4.5;
  CHECK(with_gradient(MeanAbsoluteError{}, y, target, 3, y_bar) == 2.5 / 3);
  CHECK(y_bar == Mat<double>{{0., -1. / 3, 1. / 3}});
  CHECK(with_gradient(Huber{.delta = 0.5}, y, target, 3, y_bar) == (0.875 + 0.125) / 3);
  CHECK(y_bar == Mat<double>{{0., -0.5 / 3, 0.5 / 3}});

  y << 1e300, -1e300, 0;
  target << 1, 0, 0.5;
  CHECK(std::abs(with_gradient(BceWithLogits{}, y, target, 3, y_bar) - std::log(2.) / 3) < 1e-16);
  CHECK(y_bar == Mat<double>{{0., 0., 0.}});
  target << 0, 1, 0.5;
  CHECK(with_gradient(BceWithLogits{}, y, target, 3, y_bar) == Approx(2e300 / 3));
  CHECK(y_bar == Mat<double>{{1. / 3, -1. / 3, 0.}});

  // BceWithLogits is Bce of the probabilities.
  const Mat<double> z = 5 * Mat<double>::Random(4, 6), p = 1 / (1 + (-z.array()).exp()),
                    t = (Mat<double>::Random(4, 6).array() + 1) / 2;
  CHECK(std::abs(loss_value(BceWithLogits{}, z, t) - loss_value(Bce{}, p, t)) <= 1e-14);
  Mat<double> z_bar, p_bar;
  with_gradient(BceWithLogits{}, z, t, 6, z_bar);
  with_gradient(Bce{}, p, t, 6, p_bar);
  CHECK((z_bar - Mat<double>(p_bar.array() * p.array() * (1 - p.array()))).norm() <= 1e-14);

  CHECK(with_gradient(Bce{}, Mat<double>{{0, 1}}, Mat<double>{{0.25, 0}}, 2, y_bar) ==
        62.5);  // logarithms cut
  CHECK(y_bar == Mat<double>{{-0.25e12 / 2, 1e12 / 2}});
  CHECK(std::isnan(loss_value(Bce{}, Mat<double>{{1.5}}, Mat<double>{{0.5}})));
  CHECK(contains(error_of([&] { (void)loss_value(Huber{.delta = 0}, y, target); }),
                 "Huber: delta must be finite and > 0, got 0"));
}

namespace {

/// |y - t|^2 / 2 + weight <x, y>^2 / 2 for each column, divided by the batch: x and y must have as many rows.
struct AlongInput {
  double weight = 1;
  template <class S>
  double with_input(MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch) const {
    double sum = 0;
    for (Index j = 0; j < y.cols(); ++j) {
      const double along = static_cast<double>(x.col(j).dot(y.col(j)));
      sum += static_cast<double>((y.col(j) - target.col(j)).squaredNorm()) / 2 + weight * along * along / 2;
    }
    return sum / static_cast<double>(batch);
  }
  template <class S>
  double with_input(MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    for (Index j = 0; j < y.cols(); ++j)
      y_bar.col(j) = (y.col(j) - target.col(j) + static_cast<S>(weight) * x.col(j).dot(y.col(j)) * x.col(j)) /
                     static_cast<S>(batch);
    return with_input<S>(x, y, target, batch);
  }
};
static_assert(InputLoss<AlongInput, double> && !Loss<AlongInput, double>);
static_assert(Loss<Huber, float> && !InputLoss<Huber, float>);

}  // namespace

TEST_CASE("a loss that sees the inputs trains through Objective and fit", "[train][loss]") {
  const Index n = 6;
  const Chain net(Dense<double>(n, 300), Pointwise<double, Tanh>(300), Dense<double>(300, n));
  Random random(5);
  const auto draw = [&](Index rows, Index cols) {
    Mat<double> m(rows, cols);
    for (double& e : m.reshaped()) e = 0.1 * random.normal();
    return m;
  };
  const Vec<double> theta = draw(net.param_size(), 1), direction = draw(net.param_size(), 1);
  for (const Index columns : {Index(3), Index(4000)}) {  // in one part, and in several
    const Mat<double> x = 10 * draw(n, columns), target = draw(n, columns);
    Objective objective(net, AlongInput{.weight = 2}, 0.1);
    CHECK((objective.parts(columns) > 1) == (columns == 4000));
    Vec<double> gradient(theta.size());
    const double loss = objective(theta, x, target, gradient);
    CHECK(objective.value(theta, x, target) == Approx(loss).epsilon(1e-13));
    const Mat<double> y = Model(net, theta)(x);
    const AlongInput rule{.weight = 2};
    CHECK(loss == Approx(rule.with_input<double>(x, y, target, columns) + 0.05 * theta.squaredNorm()));
    const double h = 1e-5;
    const double difference = (objective.value(theta + h * direction, x, target) -
                               objective.value(theta - h * direction, x, target)) /
                              (2 * h);
    CHECK(std::abs(difference) > 1e-3);
    CHECK(difference == Approx(gradient.dot(direction)).epsilon(1e-7));
  }
  const Mat<double> x = draw(n, 5);
  Model model(net, theta);
  Adam<double> adam({.learning_rate = 1e-3});
  const AlongInput rule{.weight = 2};
  const double before = rule.with_input<double>(x, model(x), x, 5);
  const FitResult result = fit(model, x, adam, {.max_epochs = 200}, rule);
  CHECK(result.loss == Approx(rule.with_input<double>(x, model(x), x, 5)));
  CHECK(result.loss < 0.5 * before);
}

TEMPLATE_TEST_CASE("gradients of every loss through Objective are its finite differences", "[train][loss]",
                   MeanAbsoluteError, Huber, Bce, BceWithLogits) {
  const Chain net(Dense<double>(3, 8), Pointwise<double, Sigmoid>(8), Dense<double>(8, 3),
                  Pointwise<double, Sigmoid>(3));
  Random random(6);
  Vec<double> theta(net.param_size()), direction(net.param_size());
  for (double& e : theta) e = random.normal();
  for (double& e : direction) e = random.normal();
  Mat<double> x(3, 7), target(3, 7);
  for (double& e : x.reshaped()) e = random.normal();
  for (double& e : target.reshaped()) e = random.uniform(0, 1);
  Objective objective(net, TestType{});
  Vec<double> gradient(theta.size());
  (void)objective(theta, x, target, gradient);
  const double h = 1e-6;
  const double difference = (objective.value(theta + h * direction, x, target) -
                             objective.value(theta - h * direction, x, target)) /
                            (2 * h);
  CHECK(std::abs(difference) > 1e-4);
  CHECK(difference == Approx(gradient.dot(direction)).epsilon(1e-6));
}

TEST_CASE("a loss of rows of a larger matrix reads those rows only", "[train][loss]") {
  const Mat<double> y = Mat<double>::Random(6, 5), target = Mat<double>::Random(6, 5);
  const Mat<double> y_part = y.middleRows(1, 3), target_part = target.middleRows(1, 3);
  Mat<double> y_bar = Mat<double>::Constant(6, 5, 7), part_bar;
  const double value =
      MeanSquaredError{}(Ref<double>(y.middleRows(1, 3)), Ref<double>(target.middleRows(1, 3)), 5,
                         MatOut<double>(y_bar.middleRows(1, 3)));
  CHECK(value == with_gradient(MeanSquaredError{}, y_part, target_part, 5, part_bar));
  CHECK(y_bar.middleRows(1, 3) == part_bar);
  CHECK((y_bar.topRows(1).array() == 7).all());
  CHECK((y_bar.bottomRows(2).array() == 7).all());
}

TEST_CASE("a loss in float is summed in double", "[train][loss]") {
  // 2^24 + 1 is not a float: a sum in float would stop at 2^24.
  const Mat<float> y = Mat<float>::Ones(1024, 16 * 1024 + 1), target = Mat<float>::Zero(1024, 16 * 1024 + 1);
  CHECK(loss_value(HalfSumOfSquares{}, y, target) == 0.5 * 1024 * (16 * 1024 + 1));
  CHECK(loss_value(MeanSquaredError{}, y, target) == 1);
}

TEST_CASE("a loss is NaN or infinite when the output is", "[train][loss]") {
  Mat<double> y = Mat<double>::Zero(3, 2);
  const Mat<double> target = Mat<double>::Zero(3, 2);
  y(2, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(loss_value(MeanSquaredError{}, y, target)));
  y(2, 1) = std::numeric_limits<double>::infinity();
  CHECK(std::isinf(loss_value(MeanSquaredError{}, y, target)));
}

TEMPLATE_TEST_CASE("losses refuse sizes that do not fit", "[train][loss][errors]", MeanSquaredError,
                   HalfSumOfSquares, MeanAbsoluteError, Huber, Bce, BceWithLogits) {
  const TestType loss;
  const Mat<double> y = Mat<double>::Zero(3, 2), rows = Mat<double>::Zero(4, 2),
                    cols = Mat<double>::Zero(3, 1);
  CHECK(contains(error_of([&] { (void)loss_value(loss, y, rows); }), "y is 3 x 2, target is 4 x 2"));
  CHECK(contains(error_of([&] { (void)loss_value(loss, y, cols); }), "y is 3 x 2, target is 3 x 1"));
  CHECK(contains(error_of([&] { loss(Ref<double>(y), Ref<double>(y), 1); }), "batch must be >= 1"));
  Mat<double> y_bar = Mat<double>::Constant(2, 2, 5);
  CHECK(contains(error_of([&] { loss(Ref<double>(y), Ref<double>(y), 2, MatOut<double>(y_bar)); }),
                 "y_bar is 2 x 2, expected 3 x 2"));
  CHECK((y_bar.array() == 5).all());
  const Mat<double> none(0, 2);
  CHECK(contains(error_of([&] { (void)loss_value(loss, none, none); }), "at least 1 row"));
}
