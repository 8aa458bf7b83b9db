// Pointwise maps against PyTorch: values and derivatives in float64, at kinks too; and what PyTorch does not
// say.
#include <cmath>   // std::abs, std::isinf, std::isnan
#include <limits>  // std::numeric_limits
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/check/check_layer.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

using Kind = Elementary::Kind;
const std::vector<Kind> all_kinds = {Kind::abs,        Kind::negate, Kind::exp,   Kind::log,  Kind::sqrt,
                                     Kind::reciprocal, Kind::square, Kind::sin,   Kind::cos,  Kind::tan,
                                     Kind::asin,       Kind::acos,   Kind::atan,  Kind::sinh, Kind::cosh,
                                     Kind::asinh,      Kind::acosh,  Kind::atanh, Kind::erf,  Kind::ceil,
                                     Kind::floor,      Kind::round,  Kind::sign};

template <class Phi>
void require_golden(const Golden& golden, const Phi& phi, const std::string& name) {
  INFO(name);
  const Mat<double>&x = golden[name + ".x"], &y = golden[name + ".y"], &slope = golden[name + ".slope"];
  REQUIRE(x.rows() == 25);
  for (Index i = 0; i < x.rows(); ++i) {
    INFO("x = " << x(i, 0));
    const double found = phi(x(i, 0));
    CHECK(std::abs(found - y(i, 0)) <= 4e-15 * (1 + std::abs(y(i, 0))));
    CHECK(std::abs(phi.derivative(x(i, 0), found) - slope(i, 0)) <= 1e-14 * (1 + std::abs(slope(i, 0))));
    const auto in_float = static_cast<float>(x(i, 0));
    if (static_cast<double>(in_float) == x(i, 0))
      CHECK(std::abs(static_cast<double>(phi(in_float)) - y(i, 0)) <= 1e-6 * (1 + std::abs(y(i, 0))));
  }
}

}  // namespace

TEST_CASE("maps of networks from PyTorch agree with it", "[layers][golden]") {
  const Golden golden("maps");
  require_golden(golden, Celu{}, "celu");
  require_golden(golden, Celu{.alpha = 2.5}, "celu_2.5");
  require_golden(golden, HardSwish{}, "hardswish");
  require_golden(golden, HardSigmoid{}, "hardsigmoid");
  require_golden(golden, HardSigmoid{.slope = 0.25, .offset = 0.625}, "hardsigmoid_onnx");
  require_golden(golden, ThresholdedRelu{.alpha = 1.5}, "thresholded");
  require_golden(golden, Shrink{.lambda = 1.5}, "hardshrink");
  require_golden(golden, Shrink{.lambda = 1.5, .bias = 1.5}, "softshrink");
  require_golden(golden, Shrink{.lambda = 1.5, .bias = 0.25}, "shrink");
  require_golden(golden, LeakyRelu{.slope = -2.5}, "leaky_relu_negative");
  require_golden(golden, Hardtanh{.lo = 0, .hi = 6}, "relu6");
  require_golden(golden, Power{.exponent = 3}, "power_3");
  require_golden(golden, Power{.exponent = -2}, "power_-2");
  require_golden(golden, Power{.exponent = 2.5}, "power_2.5");
  require_golden(golden, Power{.exponent = 0}, "power_0");
}

TEST_CASE("elementary functions agree with PyTorch", "[layers][golden]") {
  const Golden golden("maps");
  const std::vector<std::string> names = {"abs",    "negate", "exp",   "log",   "sqrt",  "reciprocal",
                                          "square", "sin",    "cos",   "tan",   "asin",  "acos",
                                          "atan",   "sinh",   "cosh",  "asinh", "acosh", "atanh",
                                          "erf",    "ceil",   "floor", "round", "sign"};
  REQUIRE(names.size() == all_kinds.size());
  for (std::size_t k = 0; k < names.size(); ++k) require_golden(golden, Elementary{all_kinds[k]}, names[k]);
}

TEMPLATE_TEST_CASE("maps at kinks, ends and NaN", "[layers]", float, double) {
  using S = TestType;
  const S nan = std::numeric_limits<S>::quiet_NaN(), inf = std::numeric_limits<S>::infinity();
  for (const Kind kind : all_kinds) CHECK(std::isnan(Elementary{kind}(nan)));
  CHECK(std::isnan(Power{.exponent = 0}(nan)));
  CHECK(std::isnan(Shrink{.bias = 0.5}(nan)));
  CHECK(std::isnan(ThresholdedRelu{}(nan)));
  CHECK(std::isnan(Hardtanh{.lo = 0, .hi = std::numeric_limits<double>::infinity()}(nan)));

  const Elementary round{Kind::round}, abs{Kind::abs}, sign{Kind::sign};
  CHECK(round(S(0.5)) == 0);
  CHECK(round(S(1.5)) == 2);
  CHECK(round(S(-2.5)) == -2);
  CHECK(round(S(-3.5)) == -4);
  CHECK(abs.derivative(S(0), S(0)) == 0);
  CHECK(sign(S(0)) == 0);
  CHECK(Elementary{Kind::sqrt}.derivative(S(0), S(0)) == inf);
  CHECK(Elementary{Kind::asin}.derivative(S(1), S(0)) == inf);
  CHECK(Elementary{Kind::acosh}.derivative(S(1), S(0)) == inf);
  CHECK(Elementary{Kind::asinh}.derivative(std::numeric_limits<S>::max(), S(0)) > 0);

  CHECK(HardSwish{}.derivative(S(-3), S(0)) == S(-0.5));
  CHECK(HardSwish{}.derivative(S(3), S(3)) == 1);
  CHECK(HardSigmoid{}.derivative(S(3), HardSigmoid{}(S(3))) == 0);
  CHECK(HardSigmoid{}.derivative(S(-3), HardSigmoid{}(S(-3))) == 0);
  CHECK(Power{.exponent = 1}.derivative(S(0), S(0)) == 1);
  CHECK(Power{.exponent = 0}.derivative(S(0), S(1)) == 0);

  const Hardtanh clip{.lo = 0, .hi = std::numeric_limits<double>::infinity()};
  CHECK(clip(S(-2)) == 0);
  CHECK(clip(S(1e30)) == S(1e30));
  CHECK(clip.derivative(S(5), S(5)) == 1);
  CHECK(clip.derivative(S(-5), S(0)) == 0);
  CHECK(clip.inverse(S(0)) == 0);
  CHECK(text(clip.range()) == "[0, inf)");
  CHECK(LeakyRelu{.slope = -2}.inverse(S(4)) == -2);
  CHECK(LeakyRelu{.slope = -0.5}.inverse(S(4)) == 4);
  CHECK(text(LeakyRelu{.slope = -2}.range()) == "[0, inf)");
}

TEST_CASE("layers of maps without an inverse keep the contract", "[layers]") {
  const auto require_contract = [](const auto& f) {
    const CheckReport report = check_layer(f);
    INFO(report);
    CHECK(static_cast<bool>(report));
  };
  // Those with phi'(0) = 0 are left out: the check draws inputs next to 0, where differences are rounding.
  for (const Kind kind :
       {Kind::negate, Kind::exp, Kind::sin, Kind::atan, Kind::sinh, Kind::asinh, Kind::erf}) {
    require_contract(Pointwise<double, Elementary>(7, {kind}));
    require_contract(Pointwise<float, Elementary>(Shape{2, 3, 1}, {kind}));
  }
  require_contract(Pointwise<double, ThresholdedRelu>(7, {.alpha = -100}));
}

TEST_CASE("parameters that maps do not take are errors", "[layers]") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const auto says = [](const auto& make, const char* message) {
    const std::string error = error_of(make);
    INFO(error);
    CHECK(contains(error, message));
  };
  for (const double bad : {0., -1., inf, nan}) {
    says([=] { Pointwise<double, Celu>(5, {.alpha = bad}); }, "Celu: alpha must be finite and > 0, got ");
    says([=] { Pointwise<double, HardSigmoid>(5, {.slope = bad}); }, "HardSigmoid: slope and offset");
  }
  says([=] { Pointwise<double, HardSigmoid>(5, {.offset = inf}); }, "got 0.166667 and inf");
  says([=] { Pointwise<double, ThresholdedRelu>(5, {.alpha = nan}); }, "ThresholdedRelu: alpha");
  says([=] { Pointwise<double, Shrink>(5, {.lambda = -1}); }, "lambda >= 0, got -1 and 0");
  says([=] { Pointwise<double, Power>(5, {.exponent = inf}); }, "Power: exponent must be finite, got inf");
  says([=] { Pointwise<double, Hardtanh>(5, {.lo = inf, .hi = inf}); }, "lo < hi, got inf and inf");
}
