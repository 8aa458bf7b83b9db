// Networks of single 3 x 3 filters run on planes (compose/planes/): against the general path.
#include <limits>

#include "basin/check/check_layer.hpp"
#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/parallel.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/objective.hpp"
#include "support/alone.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <class S>
Conv2d<S> conv(Index height, Index width, bool bias) {
  return Conv2d<S>({1, height, width}, {.padding = Padding::all(1), .bias = bias});
}
auto kept = [](auto f) { return f; };
auto general = [](auto f) { return Alone<decltype(f)>{f}; };

/// Nested skips, a leaky ReLU first, between and last, biases; `as` is kept or general.
template <class S>
auto mixed_net(Index height, Index width, const auto& as) {
  const auto f = as(conv<S>(height, width, false)), g = as(conv<S>(height, width, true));
  const auto phi = as(Pointwise<S, LeakyRelu>(height * width));
  return Chain(phi, Stack(Residual(Stack(f, 3)), 2), Stack(Chain(g, phi), 2),
               Residual(Chain(f, Residual(Chain(g, phi)))), f);
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// max |a - b| / max |b|.
template <class A, class B>
double error(const A& a, const B& b) {
  const double most = static_cast<double>(b.cwiseAbs().maxCoeff());
  return static_cast<double>((a - b).cwiseAbs().maxCoeff()) / (most > 0 ? most : 1);
}

/// Everything that a layer does, by f and by g, which are the same function.
template <Layer F, Layer G>
void require_same(const F& f, const G& g, Index batch, typename F::Cache& cf) {
  using S = typename F::Scalar;
  constexpr double tolerance = sizeof(S) == 8 ? 1e-12 : 1e-5;
  REQUIRE(f.param_size() == g.param_size());
  const Index n = f.in_size();
  CAPTURE(n, batch);
  const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 1) / S(2);
  const Mat<S> x = random_matrix<S>(n, batch, 2), v = random_matrix<S>(n, batch, 3);
  typename G::Cache cg;
  Mat<S> y_f(n, batch), y_g(n, batch), d_f = Mat<S>::Constant(n, batch, S(not_a_number)), d_g = d_f;

  infer(f, theta, x, y_f, cf);
  g.forward(theta, x, y_g, cg);
  CHECK(error(y_f, y_g) < tolerance);
  y_f.setConstant(S(not_a_number));
  f.forward(theta, x, y_f, cf);
  CHECK(error(y_f, y_g) < tolerance);

  Vec<S> theta_f = random_matrix<S>(f.param_size(), 1, 4), theta_g = theta_f;
  const Vec<S> before = theta_f;
  Mat<S> unwanted;
  Vec<S> unwanted_theta;
  f.vjp(theta, x, y_f, cf, v, d_f, theta_f);  // x_bar =, theta_bar +=
  g.vjp(theta, x, y_g, cg, v, d_g, theta_g);
  CHECK(error(d_f, d_g) < tolerance);
  CHECK(error(theta_f, theta_g) < tolerance);
  f.vjp(theta, x, y_f, cf, v, unwanted, theta_f);
  CHECK(error(Vec<S>(theta_f - before), Vec<S>(2 * (theta_g - before))) < 3 * tolerance);
  d_f.setConstant(S(not_a_number));
  f.vjp(theta, x, y_f, cf, v, d_f, unwanted_theta);
  CHECK(error(d_f, d_g) < tolerance);
  d_f.setConstant(S(not_a_number));
  f.jvp(theta, x, y_f, cf, v, d_f);
  g.jvp(theta, x, y_g, cg, v, d_g);
  CHECK(error(d_f, d_g) < tolerance);

  // one point, many tangents and cotangents
  const Mat<S> point = x.col(0), many = random_matrix<S>(n, 7, 5);
  Mat<S> y(n, 1), out_f(n, 7), out_g(n, 7);
  f.forward(theta, point, y, cf);
  g.forward(theta, point, y, cg);
  f.jvp(theta, point, y, cf, many, out_f);
  g.jvp(theta, point, y, cg, many, out_g);
  CHECK(error(out_f, out_g) < tolerance);
  f.vjp(theta, point, y, cf, many, out_f, unwanted_theta);
  g.vjp(theta, point, y, cg, many, out_g, unwanted_theta);
  CHECK(error(out_f, out_g) < tolerance);
}

template <class S>
void require_same_on_all_sizes() {
  typename decltype(mixed_net<S>(1, 1, kept))::Cache cache;  // one for all shapes and batches
  for (Index height = 1; height <= 9; ++height)
    for (Index width = 1; width <= 9; ++width) {
      CAPTURE(height, width);
      const auto fast = mixed_net<S>(height, width, kept);
      REQUIRE(detail::plane_program(fast) != nullptr);
      require_same(fast, mixed_net<S>(height, width, general), 1 + (height * 2 + width) % 5, cache);
    }
}

}  // namespace

TEST_CASE("chains of single filters on planes equal the general path", "[planes]") {
  static_assert(detail::has_plane_form<decltype(mixed_net<double>(1, 1, kept))>);
  static_assert(!detail::has_plane_form<decltype(mixed_net<double>(1, 1, general))>);
  require_same_on_all_sizes<double>();
  require_same_on_all_sizes<float>();
  typename Stack<Conv2d<double>>::Cache cache;
  for (Index batch = 1; batch <= 5; ++batch)
    require_same(Stack(conv<double>(7, 7, false), 6), Stack(general(conv<double>(7, 7, false)), 6), batch,
                 cache);
  require_same(Stack(conv<double>(33, 65, true), 2), Stack(general(conv<double>(33, 65, true)), 2), 2, cache);
  require_same(Stack(conv<double>(3, 4, true), 1), Stack(general(conv<double>(3, 4, true)), 1), 3, cache);
}

TEST_CASE("chains on planes keep the contract", "[planes]") {
  CheckOptions<double> options;
  options.theta_scale = 0.3;
  for (const Index width : {1, 4}) {
    const CheckReport report = check_layer(mixed_net<double>(3, width, kept), options);
    INFO(report);
    CHECK(static_cast<bool>(report));
  }
}

TEST_CASE("a pixel that is not finite spreads on planes as on the general path", "[planes]") {
  const Stack fast(conv<double>(5, 4, false), 2);
  const Stack plain(general(conv<double>(5, 4, false)), 2);
  const Vec<double> theta = random_matrix<double>(18, 1, 1);
  for (const double bad : {not_a_number, std::numeric_limits<double>::infinity()})
    for (Index pixel = 0; pixel < 20; ++pixel) {
      Mat<double> x = random_matrix<double>(20, 3, 2), y(20, 3), expected(20, 3);
      x(pixel, 1) = bad;
      Stack<Conv2d<double>>::Cache c;
      Stack<Alone<Conv2d<double>>>::Cache c_plain;
      fast.forward(theta, x, y, c);
      plain.forward(theta, x, expected, c_plain);
      CHECK((y.array().isFinite() == expected.array().isFinite()).all());
      CHECK(!y.col(1).allFinite());
      CHECK((y.col(0).allFinite() && y.col(2).allFinite()));
      // and leaves nothing behind
      x(pixel, 1) = 0;
      fast.forward(theta, x, y, c);
      plain.forward(theta, x, expected, c_plain);
      CHECK(error(y, expected) < 1e-12);
    }
}

TEST_CASE("other layers take the general path", "[planes]") {
  const auto on_planes = [](const Shape& shape, const Conv2dOptions& options) {
    return detail::plane_program(Stack(Conv2d<double>(shape, options), 1)) != nullptr;
  };
  const Padding same = Padding::all(1);
  CHECK(on_planes({1, 4, 4}, {.padding = same}));
  CHECK_FALSE(on_planes({2, 4, 4}, {.padding = same}));
  CHECK_FALSE(on_planes({1, 4, 4}, {.out_channels = 2, .padding = same}));
  CHECK_FALSE(on_planes({1, 4, 4}, {}));
  CHECK_FALSE(on_planes({1, 4, 4}, {.padding = {1, 1, 1, 0}}));
  CHECK_FALSE(on_planes({1, 4, 4}, {.kernel = 1}));
  CHECK_FALSE(on_planes({1, 4, 4}, {.kernel = 5, .padding = Padding::all(2)}));
  CHECK_FALSE(on_planes({1, 4, 4}, {.kernel = {3, 1}, .padding = {1, 1, 0, 0}}));
  CHECK_FALSE(on_planes({1, 5, 5}, {.stride = 2, .padding = same}));
  CHECK_FALSE(on_planes({1, 5, 5}, {.padding = Padding::all(2), .dilation = 2}));
  // sigmoid(0) = 1/2 would fill the padding
  const Conv2d<double> f = conv<double>(3, 3, true);
  CHECK(detail::plane_program(Chain(f, Pointwise<double, Tanh>(9))) != nullptr);
  const Chain half(f, Pointwise<double, Sigmoid>(9), f);
  CHECK(detail::plane_program(half) == nullptr);
  CHECK(detail::plane_program(Chain(f, Pointwise<double, Tanh>(9), Pointwise<double, Tanh>(9))) != nullptr);
  CHECK(detail::plane_program(Stack(Pointwise<double, Tanh>(9), 2)) == nullptr);  // no filter, no layout
  const CheckReport report = check_layer(half);
  INFO(report);
  CHECK(static_cast<bool>(report));
}

TEST_CASE("training on planes gives the same bits with any number of threads", "[planes]") {
  const Stack net(conv<float>(7, 7, false), 40);
  const Objective<Stack<Conv2d<float>>> probe(net);
  const Mat<float> x = random_matrix<float>(49, 1000, 1);
  Vec<float> theta = random_matrix<float>(360, 1, 2) / 10.0f, one(360), two(360);
  REQUIRE(probe.parts(1000) >= 2);
  set_num_threads(1);
  const double loss = Objective<Stack<Conv2d<float>>>(net)(theta, x, x, one);
  set_num_threads(2);
  CHECK(Objective<Stack<Conv2d<float>>>(net)(theta, x, x, two) == loss);
  CHECK(one == two);
  set_num_threads(0);
}
