// Chain, Stack, Residual and Concat: the contract at every depth, and errors where layers do not fit.
#include <limits>

#include "basin/check/check_layer.hpp"
#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/sum.hpp"
#include "basin/core/model.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <class S, class Phi = Tanh>
auto block(Index n) {
  return Chain(Dense<S>(n, n), Pointwise<S, Phi>(n));
}

template <Layer F>
CheckReport require_contract(const F& f, double theta_scale = 0.5, double layers = 1) {
  CheckOptions<typename F::Scalar> options;
  options.theta_scale = theta_scale;
  options.round_off *= layers;
  const CheckReport report = check_layer(f, options);
  INFO(report);
  REQUIRE(static_cast<bool>(report));
  return report;
}

/// A small U-Net: Concat carries the full resolution past the pooled path.
auto u_net() {
  const Padding same = Padding::all(1);
  const Shape full{2, 4, 4}, half{3, 2, 2};
  return Chain(
      Conv2d<double>({1, 4, 4}, {.out_channels = 2, .padding = same}), Pointwise<double, Tanh>(32),
      Concat(Chain(AvgPool2d<double>(full), Conv2d<double>({2, 2, 2}, {.out_channels = 3, .padding = same}),
                   Pointwise<double, Tanh>(half.size()), UpsampleNearest<double>(half))),
      Conv2d<double>({5, 4, 4}, {.out_channels = 1, .padding = same}));
}

}  // namespace

TEST_CASE("compositions keep the contract", "[compose]") {
  require_contract(Chain(Dense<double>(4, 6)));
  require_contract(Chain(Dense<double>(4, 6), Pointwise<double, Tanh>(6), Dense<double>(6, 3)));
  require_contract(Stack(block<double>(5), 1));
  require_contract(Stack(block<double>(5), 7));
  require_contract(Residual(block<double>(5)));
  require_contract(Concat(block<double>(5)));
  require_contract(Concat(Chain(Dense<double>(5, 2))));
  require_contract(Concat(block<double>(5), Dense<double>(5, 2)));
  require_contract(Concat(block<double>(3), Pointwise<double, Identity>(3), Dense<double>(3, 1)));
  require_contract(Sum(block<double>(5), Dense<double>(5, 5, false)));
  require_contract(Stack(Sum(block<double>(3), Pointwise<double, Identity>(3), Dense<double>(3, 3)), 2));
  require_contract(Sum(block<float>(5), Dense<float>(5, 5)));
  require_contract(Chain(Dense<double>(4, 6), Stack(Residual(block<double>(6)), 5), Dense<double>(6, 2)));
  require_contract(Stack(Stack(Residual(Chain(Concat(Dense<double>(3, 2)), Dense<double>(5, 3))), 2), 3));
  require_contract(u_net());
  require_contract(Chain(Dense<float>(4, 6), Stack(Residual(block<float>(6)), 5), Dense<float>(6, 2)));
}

TEST_CASE("the adjoint identity holds to 1e-12 at depth 350", "[compose]") {
  const CheckReport plain = require_contract(Stack(block<double>(6), 350), 0.45, 350);
  const CheckReport skips = require_contract(Stack(Residual(block<double>(6)), 350), 0.05, 350);
  CHECK(plain.adjoint <= 1e-12);
  CHECK(skips.adjoint <= 1e-12);
  CHECK(skips.input_difference <= 1e-7);
  CHECK(skips.theta_difference <= 1e-7);
}

TEST_CASE("Chain, Stack, Residual, Sum and Concat are what their formulas say", "[compose]") {
  const Dense<double> f(3, 3);
  const Vec<double> theta = random_matrix<double>(24, 1, 1);
  const Mat<double> x = random_matrix<double>(3, 2, 2);
  const Model first(f, theta.head(12)), second(f, theta.tail(12));
  const Mat<double> composed = second(first(x));
  CHECK((Model(Chain(f, f), theta)(x) - composed).norm() <= 1e-14);
  CHECK((Model(Stack(f, 2), theta)(x) - composed).norm() <= 1e-14);
  CHECK((Model(Residual(f), Vec<double>(theta.head(12)))(x) - (x + first(x))).norm() <= 1e-14);
  Mat<double> both(6, 2);
  both << x, first(x);
  CHECK((Model(Concat(f), Vec<double>(theta.head(12)))(x) - both).norm() <= 1e-14);
  CHECK((Model(Sum(f, f), theta)(x) - (first(x) + second(x))).norm() <= 1e-14);
  both << first(x), second(x);
  CHECK((Model(Concat(f, f), theta)(x) - both).norm() <= 1e-14);
  both << first(x), x;
  CHECK((Model(Concat(f, Pointwise<double, Identity>(3)), Vec<double>(theta.head(12)))(x) - both).norm() <=
        1e-14);
}

TEMPLATE_TEST_CASE("prepack reaches the weights in every composition, and infer uses them", "[compose]",
                   float, double) {
  using S = TestType;
  const Index n = 75;  // more than a panel of PackedWeight with the longest vectors, and not a multiple
  const Chain net(Stack(block<S>(n), 3), Residual(block<S>(n)), Concat(block<S>(n)), Dense<S>(2 * n, n));
  const Vec<S> theta = S(0.2) * random_matrix<S>(net.param_size(), 1, 1);
  const Mat<S> x = random_matrix<S>(n, 20, 2);
  const auto infer_with = [&](const Vec<S>& parameters, bool packed) {
    typename decltype(net)::Cache cache;
    if (packed) prepack(net, theta, cache);
    Mat<S> y(n, x.cols());
    infer(net, parameters, x, y, cache);
    return y;
  };
  const Mat<S> plain = infer_with(theta, false);
  const double tolerance =
      1e3 * static_cast<double>(std::numeric_limits<S>::epsilon()) * static_cast<double>(plain.norm());
  CHECK(static_cast<double>((infer_with(theta, true) - plain).norm()) <= tolerance);
  // A cache serves the parameters that were packed, whatever infer is given.
  const Vec<S> other = 2 * theta;
  CHECK(static_cast<double>((infer_with(other, true) - plain).norm()) <= tolerance);
  CHECK(static_cast<double>((infer_with(other, false) - plain).norm()) >= 1e3 * tolerance);
}

TEST_CASE("a Residual of a Residual, and a Concat of a Concat, is not a copy", "[compose]") {
  const Dense<double> twice(1, 1, false);
  const Vec<double> theta = Vec<double>::Constant(1, 2.0);
  CHECK(Model(Residual(Residual(twice)), theta)(Mat<double>::Ones(1, 1))(0, 0) == 4);  // x + (x + 2 x)
  CHECK(Concat(Concat(twice)).out_size() == 3);
  CHECK(Concat(Concat(twice, twice)).out_size() == 3);
  CHECK(Concat(Concat(twice, twice), twice).out_size() == 3);
}

TEST_CASE("Sum and Concat of branches know their shapes and say what does not fit", "[compose]") {
  using S = double;
  const Conv2d<S> two({2, 4, 4}, {.out_channels = 3, .stride = 2, .padding = Padding::all(1)}),
      one({2, 4, 4}, {.out_channels = 3, .kernel = 1, .stride = 2}), few({2, 4, 4}, {.out_channels = 1});
  const Shape half{3, 2, 2};
  CHECK(Sum(two, one).in_shape() == Shape{2, 4, 4});
  CHECK(Sum(two, one).out_shape() == half);
  CHECK(Concat(two, one, two).out_shape() == Shape{9, 2, 2});
  CHECK(Concat(two, few).out_shape() == Shape{4, 2, 2});
  CHECK_FALSE(Concat(two, Dense<S>(32, 5)).out_shape().has_value());
  // a layer that keeps whatever shape it is given
  const Pointwise<S, Identity> pass(32);
  const Conv2d<S> keeps({2, 4, 4}, {.out_channels = 5, .padding = Padding::all(1)});
  CHECK(Concat(keeps, pass).out_shape() == Shape{7, 4, 4});
  CHECK(Chain(Conv2d<S>({1, 4, 4}, {.out_channels = 2, .kernel = 1}), Concat(pass, pass)).out_shape() ==
        Shape{4, 4, 4});
  const auto says = [](const auto& action, const char* words) {
    INFO(error_of(action));
    CHECK(error_of(action) == words);
  };
  says([&] { (void)Sum(two, few); }, "Sum: layer 1 gives 4 rows, layer 0 gives 12");
  says([&] { (void)Sum(two, Dense<S>(31, 12)); }, "Sum: layer 1 takes 31 rows, layer 0 takes 32");
  says([&] { (void)Concat(two, Dense<S>(31, 12)); }, "Concat: layer 1 takes 31 rows, layer 0 takes 32");
  says(
      [&] {
        (void)Concat(pass, two, Conv2d<S>({1, 8, 4}, {}));
      },
      "Concat: layer 2 takes images of 1 x 8 x 4, a layer before it 2 x 4 x 4");
}

TEST_CASE("Concat puts channels behind channels", "[compose]") {
  CHECK(Concat(Conv2d<double>({2, 4, 4}, {.out_channels = 3, .padding = Padding::all(1)})).out_shape() ==
        Shape{5, 4, 4});
  CHECK(contains(error_of([] {
                   Concat(Conv2d<double>({2, 4, 4}, {}));
                 }),
                 "expected the same height and width"));
}

TEST_CASE("layers that do not fit are named when the net is built", "[compose]") {
  const Padding same = Padding::all(1);
  CHECK(contains(error_of([] { Chain(Dense<double>(4, 6), Dense<double>(5, 3)); }),
                 "Dense: input has 6 rows, expected 5 (layer 1 of the Chain, counted from 0)"));
  CHECK(contains(error_of([&] {
                   Chain(Conv2d<double>({1, 8, 8}, {.out_channels = 3, .padding = same}),
                         Pointwise<double, Relu>(192), Conv2d<double>({4, 8, 8}, {}));
                 }),
                 "Conv2d: input has 3 channels, weight expects 4 (layer 2 of the Chain"));
  CHECK(contains(
      error_of([&] {
        Chain(Conv2d<double>({1, 8, 4}, {.out_channels = 3, .padding = same}), Conv2d<double>({3, 4, 8}, {}));
      }),
      "Conv2d: input is 3 x 8 x 4 (channels x height x width), expected 3 x 4 x 8"));
  CHECK(contains(error_of([] { Stack(Dense<double>(4, 6), 2); }), "Dense: input has 6 rows, expected 4"));
  CHECK(contains(error_of([] { Stack(Dense<double>(4, 4), 0); }), "Stack: depth must be >= 1, got 0"));
  CHECK(contains(error_of([] { Residual(Dense<double>(4, 3)); }), "Residual: the block maps 4 rows to 3"));
  CHECK(contains(error_of([] { Model(Dense<double>(2, 2), Vec<double>(Vec<double>::Zero(5))); }),
                 "Model: theta has 5 entries, Dense has 6 parameters"));
  CHECK(contains(error_of([] {
                   (void)Model(Dense<double>(2, 2),
                               Vec<double>(Vec<double>::Zero(6)))(Mat<double>::Zero(3, 1));
                 }),
                 "Model: x has 3 rows, Dense expects 2"));
}

TEST_CASE("theta of another size is refused before it is read", "[compose]") {
  Model f(Dense<double>(2, 2), Vec<double>(Vec<double>::Zero(6)));
  f.theta.resize(5);
  CHECK(contains(error_of([&] { (void)f(Mat<double>::Zero(2, 1)); }), "Model: theta has 5 entries"));
  CHECK(contains(error_of([&] { (void)orbit(f, Mat<double>::Zero(2, 1)); }), "orbit: theta has 5 entries"));
  CHECK(
      contains(error_of([&] { (void)jacobian(f, Vec<double>::Zero(2)); }), "jacobian: theta has 5 entries"));
  CHECK(contains(error_of([] { (void)fully_connected<double>(3, 0, 2); }),
                 "fully_connected: width must be >= 1, got 0"));
}

TEST_CASE("parameter blocks carry names and offsets through compositions", "[compose]") {
  const auto blocks =
      param_blocks(Chain(Dense<double>(2, 3), Stack(Residual(Dense<double>(3, 3, false)), 2)));
  REQUIRE(blocks.size() == 4);
  CHECK(blocks[0].name == "0.weight");
  CHECK(blocks[1].name == "0.bias");
  CHECK(blocks[1].offset == 6);
  CHECK(blocks[3].name == "1.1.block.weight");
  CHECK(blocks[3].offset == 9 + 9);
}
