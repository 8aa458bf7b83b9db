// Convolutions in tiles (layers/tiles/tiled_conv.hpp), alone and behind nearest upsampling, against sums over
// taps in double.
#include <cmath>   // NAN
#include <limits>  // std::numeric_limits

#include "basin/check/check_layer.hpp"
#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/random.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/objective.hpp"
#include "support/alone.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using Doubles = Mat<double>;

/// The 3 x 3 convolution of images that were upsampled by `factor`, and its derivatives, tap by tap.
struct Sums {
  Shape in, out;
  Padding padding;
  Index factor;

  /// body(row of x, row of y, index of the weight) for every product of the sum.
  template <class Body>
  void each(const Body& body) const {
    for (Index o = 0; o < out.channels; ++o)
      for (Index i = 0; i < out.height; ++i)
        for (Index j = 0; j < out.width; ++j)
          for (Index c = 0; c < in.channels; ++c)
            for (Index a = 0; a < 3; ++a)
              for (Index b = 0; b < 3; ++b) {
                const Index row = i + a - padding.top, col = j + b - padding.left;
                if (row < 0 || col < 0 || row >= factor * in.height || col >= factor * in.width) continue;
                body((c * in.height + row / factor) * in.width + col / factor,
                     (o * out.height + i) * out.width + j, ((o * in.channels + c) * 3 + a) * 3 + b);
              }
  }
  Index weights() const { return out.channels * in.channels * 9; }
  Doubles forward(const Doubles& theta, const Doubles& x, bool bias) const {
    Doubles y = Doubles::Zero(out.size(), x.cols());
    each([&](Index from, Index to, Index w) { y.row(to) += theta(w, 0) * x.row(from); });
    if (bias)
      for (Index to = 0; to < out.size(); ++to) y.row(to).array() += theta(weights() + to / out.pixels(), 0);
    return y;
  }
  Doubles input_gradient(const Doubles& theta, const Doubles& y_bar) const {
    Doubles x_bar = Doubles::Zero(in.size(), y_bar.cols());
    each([&](Index from, Index to, Index w) { x_bar.row(from) += theta(w, 0) * y_bar.row(to); });
    return x_bar;
  }
  Doubles gradient(const Doubles& x, const Doubles& y_bar, bool bias) const {
    Doubles theta_bar = Doubles::Zero(weights() + (bias ? out.channels : 0), 1);
    each([&](Index from, Index to, Index w) { theta_bar(w, 0) += x.row(from).dot(y_bar.row(to)); });
    if (bias)
      for (Index to = 0; to < out.size(); ++to)
        theta_bar(weights() + to / out.pixels(), 0) += y_bar.row(to).sum();
    return theta_bar;
  }
};

/// max |a - b| / max |b|.
double error(const auto& a, const Doubles& b) {
  return (a.template cast<double>() - b).cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff();
}

/// Everything that f does against the sums.
template <class F>
void require_sums(const F& f, const Sums& sums, bool bias, Index batch, int seed) {
  using S = typename F::Scalar;
  constexpr double tolerance = sizeof(S) == 8 ? 1e-13 : 5e-6;
  CAPTURE(sums.in, sums.out, sums.padding.top, sums.padding.left, batch, bias);
  REQUIRE(f.out_size() == sums.out.size());
  const Vec<S> theta = random_matrix<S>(f.param_size(), 1, seed);
  const Mat<S> x = random_matrix<S>(f.in_size(), batch, seed + 1),
               v = random_matrix<S>(f.out_size(), batch, seed + 2);
  const Doubles theta_d = theta.template cast<double>(), x_d = x.template cast<double>(),
                v_d = v.template cast<double>();
  const Mat<S> poison_y = Mat<S>::Constant(f.out_size(), batch, S(NAN));
  Mat<S> y = poison_y, y_dot = poison_y, x_bar = Mat<S>::Constant(f.in_size(), batch, S(NAN)), unwanted;
  Vec<S> theta_bar = Vec<S>::Zero(f.param_size());
  typename F::Cache cache;
  f.forward(theta, x, y, cache);
  CHECK(error(y, sums.forward(theta_d, x_d, bias)) < tolerance);
  f.jvp(theta, x, y, cache, x, y_dot);
  CHECK(error(y_dot, sums.forward(theta_d, x_d, false)) < tolerance);
  f.vjp(theta, x, y, cache, v, x_bar, theta_bar);
  CHECK(error(x_bar, sums.input_gradient(theta_d, v_d)) < tolerance);
  CHECK(error(theta_bar, sums.gradient(x_d, v_d, bias)) < tolerance);
  const Vec<S> once = theta_bar;
  f.vjp(theta, x, y, cache, v, unwanted, theta_bar);  // +=
  CHECK(error(theta_bar, 2 * sums.gradient(x_d, v_d, bias)) < tolerance);
}

Index between(Random& random, Index low, Index high) {
  return low + static_cast<Index>(random.uniform() * static_cast<double>(high - low + 1));
}

auto kept = [](auto f) { return f; };
auto alone = [](auto f) { return Alone<decltype(f)>{f}; };

/// Upsampling first, in the middle and last, with and without a convolution behind it.
template <class S>
auto decoder(const auto& as) {
  const auto conv = [&](Index side, Index in, Index out) {
    return as(Conv2d<S>({in, side, side}, {.out_channels = out, .padding = Padding::all(1)}));
  };
  return Chain(as(UpsampleNearest<S>({8, 2, 2})), conv(4, 8, 9), as(Pointwise<S, LeakyRelu>(9 * 16)),
               as(UpsampleNearest<S>({9, 4, 4})), conv(8, 9, 8), as(UpsampleNearest<S>({8, 8, 8})),
               as(UpsampleNearest<S>({8, 16, 16})));
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions in tiles are the sums over their taps", "[tiles]", float, double) {
  using S = TestType;
  Random random(5);
  int tiled = 0;
  for (int k = 0; k < 150; ++k) {
    const Padding padding{between(random, 0, 2), between(random, 0, 2), between(random, 0, 2),
                          between(random, 0, 2)};
    const Shape in{between(random, 8, 20), between(random, 3, 11), between(random, 3, 11)};
    const bool bias = k % 2 == 0;
    const Conv2d<S> f(in, {.out_channels = between(random, 1, 20), .padding = padding, .bias = bias});
    const Index batch = between(random, 1, 4);
    tiled += detail::conv_path(detail::geometry_of(f), batch) == detail::ConvPath::tiles;
    require_sums(f, {in, f.out_shape(), padding, 1}, bias, batch, k);
    // the tiles themselves, on images of any size
    const detail::TiledConv<S, detail::Winograd> tiles(in, f.out_shape(), padding.top, padding.left);
    const Vec<S> theta = random_matrix<S>(f.param_size(), 1, k);
    const Mat<S> x = random_matrix<S>(in.size(), batch, k + 1);
    Mat<S> y(f.out_size(), batch);
    tiles.apply(theta.data(), f.bias(theta), x, y);
    CHECK(error(y, Sums{in, f.out_shape(), padding, 1}.forward(theta.template cast<double>(),
                                                               x.template cast<double>(), bias)) <
          (sizeof(S) == 8 ? 1e-13 : 5e-6));
  }
  CHECK(tiled > 50);
  // several blocks of rows in one image
  const Conv2d<S> f({9, 37, 30}, {.out_channels = 11, .padding = Padding::all(1)});
  require_sums(f, {f.in_shape(), f.out_shape(), Padding::all(1), 1}, true, 2, 1000);
  const Conv2d<S> wide({8, 3, 150}, {.out_channels = 8, .padding = Padding::all(1)});
  require_sums(wide, {wide.in_shape(), wide.out_shape(), Padding::all(1), 1}, true, 2, 1001);
}

TEMPLATE_TEST_CASE("convolutions behind nearest upsampling are the sums over their taps", "[tiles]", float,
                   double) {
  using S = TestType;
  Random random(6);
  const auto compare = [&](const Shape& small, Index outputs, bool bias, Index batch, int seed) {
    const UpsampleNearest<S> up(small);
    const Conv2d<S> conv(up.out_shape(), {.out_channels = outputs, .padding = Padding::all(1), .bias = bias});
    const auto both = joined(up, conv);
    REQUIRE(both);
    require_sums(*both, {small, conv.out_shape(), Padding::all(1), 2}, bias, batch, seed);
  };
  for (int k = 0; k < 150; ++k)
    compare({between(random, 8, 20), between(random, 2, 9), between(random, 2, 9)}, between(random, 1, 20),
            k % 2 == 0, between(random, 1, 4), k);
  compare({9, 21, 19}, 10, true, 2, 1000);
  compare({8, 2, 80}, 8, true, 2, 1001);
}

TEST_CASE("a Chain joins upsampling with the convolution behind it", "[tiles]") {
  const auto joined = decoder<double>(kept);
  const auto apart = decoder<double>(alone);
  const Vec<double> theta = random_matrix<double>(joined.param_size(), 1, 1);
  decltype(joined)::Cache c;
  decltype(apart)::Cache c_apart;
  for (const Index batch : {3, 1, 5}) {
    const Doubles x = random_matrix<double>(joined.in_size(), batch, 2),
                  v = random_matrix<double>(joined.out_size(), batch, 3);
    Doubles y(joined.out_size(), batch), y_apart = y, x_bar(joined.in_size(), batch), x_bar_apart = x_bar,
                                         y_dot = y, y_dot_apart = y;
    Vec<double> theta_bar = Vec<double>::Ones(theta.size()), theta_bar_apart = theta_bar;
    joined.forward(theta, x, y, c);
    apart.forward(theta, x, y_apart, c_apart);
    CHECK(error(y, y_apart) < 1e-13);
    joined.vjp(theta, x, y, c, v, x_bar, theta_bar);
    apart.vjp(theta, x, y_apart, c_apart, v, x_bar_apart, theta_bar_apart);
    CHECK(error(x_bar, x_bar_apart) < 1e-13);
    CHECK(error(theta_bar, theta_bar_apart) < 1e-13);
    joined.jvp(theta, x, y, c, x, y_dot);
    apart.jvp(theta, x, y_apart, c_apart, x, y_dot_apart);
    CHECK(error(y_dot, y_dot_apart) < 1e-13);
    infer(joined, theta, x, y, c);
    CHECK(error(y, y_apart) < 1e-13);
  }
}

TEST_CASE("convolutions in tiles keep the contract", "[tiles]") {
  CheckOptions<double> options;
  options.theta_scale = 0.2;
  const auto require_layer = [&](const auto& f) {
    const CheckReport report = check_layer(f, options);
    INFO(report);
    CHECK(static_cast<bool>(report));
  };
  require_layer(decoder<double>(kept));
  require_layer(Conv2d<double>({8, 12, 11}, {.out_channels = 5, .padding = {0, 2, 1, 0}}));
  const UpsampleNearest<double> up(Shape{8, 3, 5});
  require_layer(*joined(up, Conv2d<double>(up.out_shape(), {.out_channels = 4, .padding = Padding::all(1)})));
  // a skip around both
  const Conv2d<double> f({8, 12, 12}, {.out_channels = 8, .padding = Padding::all(1)});
  require_layer(
      Chain(Concat(f), Conv2d<double>({16, 12, 12}, {.out_channels = 2, .padding = Padding::all(1)})));
}

TEST_CASE("only upsampling by 2 and 3 x 3 convolutions that keep the size are joined", "[tiles]") {
  const auto are_joined = [](const Shape& small, Size2 factor, Conv2dOptions options) {
    const UpsampleNearest<float> up(small, factor);
    options.out_channels = 8;
    return joined(up, Conv2d<float>(up.out_shape(), options)).has_value();
  };
  const Padding same = Padding::all(1);
  CHECK(are_joined({8, 4, 4}, 2, {.padding = same}));
  CHECK_FALSE(are_joined({8, 4, 4}, 3, {.padding = same}));
  CHECK_FALSE(are_joined({8, 4, 4}, {2, 1}, {.padding = same}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {.padding = {1, 1, 1, 0}}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {.kernel = 1, .padding = same}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {.stride = 2, .padding = same}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {.padding = same, .dilation = 2}));
  CHECK_FALSE(are_joined({8, 4, 4}, 2, {.padding = same, .groups = 2}));
  CHECK_FALSE(are_joined({2, 4, 4}, 2, {.padding = same}));
  CHECK_FALSE(are_joined({8, 1, 1}, 2, {.padding = same}));
}

TEST_CASE("a number that is not finite stays in its image", "[tiles]") {
  const Conv2d<float> f({8, 12, 12}, {.out_channels = 8, .padding = Padding::all(1)});
  const Vec<float> theta = random_matrix<float>(f.param_size(), 1, 1);
  Mat<float> x = random_matrix<float>(f.in_size(), 3, 2), y(f.out_size(), 3), again = y;
  Conv2d<float>::Cache c;
  f.forward(theta, x, y, c);
  const float kept_value = x(700, 1);
  x(700, 1) = std::numeric_limits<float>::quiet_NaN();
  f.forward(theta, x, again, c);
  CHECK((again.col(0).array() == y.col(0).array()).all());
  CHECK((again.col(2).array() == y.col(2).array()).all());
  CHECK(!again.col(1).allFinite());
  x(700, 1) = kept_value;  // and leaves nothing behind
  f.forward(theta, x, again, c);
  CHECK((again.array() == y.array()).all());
}

/// The gradient with 1, 2 and 3 threads.
template <Layer F>
void require_same_bits(const F& net, Index columns) {
  const Mat<float> x = random_matrix<float>(net.in_size(), columns, 1),
                   target = random_matrix<float>(net.out_size(), columns, 2);
  const Vec<float> theta = random_matrix<float>(net.param_size(), 1, 3) / 20.0f;
  const auto gradient = [&](int threads) {
    set_num_threads(threads);
    Vec<float> g(theta.size());
    (void)Objective(net)(theta, x, target, g);
    set_num_threads(0);
    return g;
  };
  const Vec<float> one = gradient(1);
  for (const int threads : {2, 3}) CHECK((gradient(threads).array() == one.array()).all());
}

TEST_CASE("training in tiles gives the same bits with any number of threads", "[tiles]") {
  const auto net = Chain(UpsampleNearest<float>({16, 8, 8}),
                         Conv2d<float>({16, 16, 16}, {.out_channels = 16, .padding = Padding::all(1)}),
                         Conv2d<float>({16, 16, 16}, {.out_channels = 16, .padding = Padding::all(1)}));
  REQUIRE(Objective(net).parts(40) >= 2);
  require_same_bits(net, 40);
}

TEST_CASE("one large image in tiles gives the same bits with any number of threads", "[tiles]") {
  // Channels that do not fill whole vectors, an odd number of rows, and a last block of fewer tiles.
  const auto net = Chain(Conv2d<float>({70, 20, 19}, {.out_channels = 67, .padding = Padding::all(1)}),
                         UpsampleNearest<float>({67, 20, 19}),
                         Conv2d<float>({67, 40, 38}, {.out_channels = 66, .padding = Padding::all(1)}));
  REQUIRE(Objective(net).parts(1) == 1);
  require_same_bits(net, 1);
}
