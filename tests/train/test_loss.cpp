#include "basin/train/loss.hpp"

#include <cmath>   // std::abs
#include <limits>  // std::numeric_limits

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
void check_golden(const L& loss, const std::string& name) {
  const Golden golden("losses");
  const double tolerance = std::is_same_v<S, double> ? 1e-14 : 2e-6;
  const Mat<S> y = golden["y"].cast<S>(), target = golden["target"].cast<S>();
  Mat<S> y_bar;
  const double value = with_gradient(loss, y, target, y.cols(), y_bar);
  CHECK(std::abs(value - golden[name + ".value"](0, 0)) <= tolerance * value);
  CHECK((y_bar.template cast<double>() - golden[name + ".y_bar"]).norm() <=
        tolerance * golden[name + ".y_bar"].norm());
  CHECK(loss(Ref<S>(y), Ref<S>(target), y.cols()) == value);
  CHECK(loss_value(loss, y, target) == value);
}

}  // namespace

TEST_CASE("Losses and their gradients agree with PyTorch", "[train][loss][golden]") {
  check_golden<double>(MeanSquaredError{}, "mean_squared_error");
  check_golden<float>(MeanSquaredError{}, "mean_squared_error");
  check_golden<double>(HalfSumOfSquares{}, "half_sum_of_squares");
  check_golden<float>(HalfSumOfSquares{}, "half_sum_of_squares");
}

TEST_CASE("Losses of a small batch are what the formulas give", "[train][loss]") {
  Mat<double> y(2, 2), target(2, 2), y_bar;
  y << 1, 2, 3, 4;
  target << 0, 2, 5, 1;  // differences 1, 0, -2, 3
  CHECK(with_gradient(MeanSquaredError{}, y, target, 2, y_bar) == 14. / 4);
  CHECK(y_bar == (y - target) / 2);
  CHECK(with_gradient(HalfSumOfSquares{}, y, target, 2, y_bar) == 7);
  CHECK(y_bar == y - target);
}

TEMPLATE_TEST_CASE("The parts of a batch add up to the whole", "[train][loss]", MeanSquaredError,
                   HalfSumOfSquares) {
  const TestType loss;
  const Mat<double> y = Mat<double>::Random(7, 10), target = Mat<double>::Random(7, 10);
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

TEMPLATE_TEST_CASE("A loss and its gradient fit together", "[train][loss]", MeanSquaredError,
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

TEST_CASE("A loss of rows of a larger matrix reads those rows only", "[train][loss]") {
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

TEST_CASE("A loss in float is summed in double", "[train][loss]") {
  // 2^24 + 1 is not a float: a sum in float would stop at 2^24.
  const Mat<float> y = Mat<float>::Ones(1024, 16 * 1024 + 1), target = Mat<float>::Zero(1024, 16 * 1024 + 1);
  CHECK(loss_value(HalfSumOfSquares{}, y, target) == 0.5 * 1024 * (16 * 1024 + 1));
  CHECK(loss_value(MeanSquaredError{}, y, target) == 1);
}

TEST_CASE("A loss is NaN or infinite when the output is", "[train][loss]") {
  Mat<double> y = Mat<double>::Zero(3, 2);
  const Mat<double> target = Mat<double>::Zero(3, 2);
  y(2, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(loss_value(MeanSquaredError{}, y, target)));
  y(2, 1) = std::numeric_limits<double>::infinity();
  CHECK(std::isinf(loss_value(MeanSquaredError{}, y, target)));
}

TEMPLATE_TEST_CASE("Losses refuse sizes that do not fit", "[train][loss][errors]", MeanSquaredError,
                   HalfSumOfSquares) {
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
