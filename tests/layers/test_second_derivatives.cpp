// The second derivatives of the pointwise maps, against differences of the first ones in higher precision.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "basin/layers/maps.hpp"
#include "support/catch.hpp"
#include "support/maps.hpp"

using namespace basin;

namespace {

/// (phi'(x + h) - phi'(x - h)) / 2 h in long double: h^2 / 6 |phi''''| is below 1e-10 for all maps here, as
/// is rounding.
template <class Phi>
double difference(const Phi& phi, double x) {
  constexpr long double h = 0x1p-23L;
  const auto slope = [&](long double z) { return phi.derivative(z, phi(z)); };
  const auto z = static_cast<long double>(x);
  return static_cast<double>((slope(z + h) - slope(z - h)) / (2 * h));
}

template <class S>
double error_of_float(double exact, S found) {
  return std::abs(exact - static_cast<double>(found));
}

/// The largest |phi''| seen at these points, each compared with the difference.
template <class Phi>
double check(const Phi& phi, const std::vector<double>& points) {
  double largest = 0;
  for (const double x : points) {
    const double expected = difference(phi, x), found = phi.second_derivative(x, phi(x));
    INFO(Phi::name << " at " << x << ": " << found << ", difference " << expected);
    if (!(std::abs(found - expected) <= 2e-10 * (1 + std::abs(expected)))) FAIL_CHECK("differs");
    const auto f = static_cast<float>(x);
    if (!(error_of_float(difference(phi, static_cast<double>(f)), phi.second_derivative(f, phi(f))) <=
          2e-4 * (1 + std::abs(expected))))
      FAIL_CHECK("float differs");
    largest = std::max(largest, std::abs(found));
  }
  return largest;
}

/// Between a and b, never at a multiple of 1/32 (where kinks are) or of .1.
std::vector<double> between(double a, double b) {
  std::vector<double> points;
  for (int k = 0; k < 400; ++k) points.push_back(a + (b - a) * (k + 0.4830127) / 400);
  return points;
}

}  // namespace

TEST_CASE("second derivatives agree with differences of the first in long double", "[layers]") {
  const std::vector<double> points = between(-12, 12);
  int curved = 0;
  for_each_map([&](const auto& phi) { curved += check(phi, points) > 0.05 ? 1 : 0; });
  CHECK(curved == 23);  // HardSwish, and all that are not piecewise linear, with their parameters
  check(ThresholdedRelu{}, points);
  check(Shrink{}, points);
  check(Shrink{.lambda = 0.3, .bias = 0.3}, points);
}

TEST_CASE("second derivatives of Elementary and Power agree with differences", "[layers]") {
  using Kind = Elementary::Kind;
  for (const Kind kind : {Kind::abs, Kind::negate, Kind::exp, Kind::square, Kind::sin, Kind::cos, Kind::atan,
                          Kind::sinh, Kind::cosh, Kind::asinh, Kind::erf, Kind::sign})
    CHECK(check(Elementary{kind}, between(-3, 3)) >= 0);
  for (const Kind kind : {Kind::asin, Kind::acos, Kind::atanh, Kind::tan})
    CHECK(check(Elementary{kind}, between(-0.9, 0.9)) > 0.5);
  for (const Kind kind : {Kind::log, Kind::sqrt, Kind::reciprocal})
    CHECK(check(Elementary{kind}, between(0.5, 4)) > 0.5);
  CHECK(check(Elementary{Kind::acosh}, between(1.5, 4)) > 0.5);
  for (const double p : {-1.5, 0.5, 1., 2., 3.7}) CHECK(check(Power{p}, between(0.5, 3)) >= 0);
  CHECK(Power{1}.second_derivative(0., 0.) == 0);
  CHECK(Power{2}.second_derivative(0., 0.) == 2);
}

TEST_CASE("second derivatives at kinks are those of the branch that the slope takes", "[layers]") {
  CHECK(Elu{.alpha = 1.5}.second_derivative(0., 0.) == 1.5);
  CHECK(Celu{.alpha = 2}.second_derivative(0., 0.) == 0.5);
  CHECK(Selu{}.second_derivative(0., 0.) == Selu::scale * Selu::alpha);
  CHECK(Relu{}.second_derivative(0., 0.) == 0);
  CHECK(HardSwish{}.second_derivative(-3., 0.) == 1. / 3);
  CHECK(HardSwish{}.second_derivative(3., 3.) == 0);
  CHECK(Softsign{}.second_derivative(0., 0.) == 0);
}

TEST_CASE("second derivatives far out are 0 and not NaN", "[layers]") {
  for (const double x : {-1e4, 1e4}) {
    CHECK(Gelu{}.second_derivative(x, Gelu{}(x)) == 0);
    CHECK(GeluTanh{}.second_derivative(x, GeluTanh{}(x)) == 0);
    CHECK(Silu{}.second_derivative(x, Silu{}(x)) == 0);
    CHECK(Mish{}.second_derivative(x, Mish{}(x)) == 0);
    CHECK(Sigmoid{}.second_derivative(x, Sigmoid{}(x)) == 0);
    CHECK(Tanh{}.second_derivative(x, Tanh{}(x)) == 0);
    CHECK(Softplus{}.second_derivative(x, Softplus{}(x)) == 0);
    CHECK(std::abs(Softsign{}.second_derivative(x, Softsign{}(x))) < 1e-11);
  }
}
