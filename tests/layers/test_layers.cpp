// Every layer against its contract and against its definition, written out another way.
#include <algorithm>
#include <cmath>
#include <utility>

#include "basin/core/random.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <Layer F>
Mat<typename F::Scalar> apply(const F& f, const Vec<typename F::Scalar>& theta,
                              const Mat<typename F::Scalar>& x) {
  Mat<typename F::Scalar> y(f.out_size(), x.cols());
  typename F::Cache cache;
  f.forward(theta, x, y, cache);
  return y;
}

/// A geometry drawn at random that fits: small images, all attributes mixed, one-pixel images and kernels
/// larger than the image (but not than the padded one) among them.
struct Geometry {
  Shape in;
  Conv2dOptions o;
};
Geometry random_geometry(Random& r) {
  for (;;) {
    Geometry g;
    g.o.groups = 1 + r.below(3);
    g.in = {g.o.groups * (1 + r.below(2)), 1 + r.below(6), 1 + r.below(6)};
    g.o.out_channels = g.o.groups * (1 + r.below(3));
    g.o.kernel = {1 + r.below(4), 1 + r.below(4)};
    g.o.stride = {1 + r.below(3), 1 + r.below(3)};
    g.o.dilation = {1 + r.below(2), 1 + r.below(3)};
    g.o.padding = {r.below(3), r.below(3), r.below(3), r.below(3)};
    g.o.bias = r.below(2) == 1;
    const Index h =
        g.in.height + g.o.padding.top + g.o.padding.bottom - g.o.dilation.height * (g.o.kernel.height - 1);
    const Index w =
        g.in.width + g.o.padding.left + g.o.padding.right - g.o.dilation.width * (g.o.kernel.width - 1);
    if (h >= 1 && w >= 1) return g;
  }
}

/// The sum in the definition of the convolution, term by term in double. Calls visit(output row, input row,
/// weight index) for each term.
template <class Visit>
void for_terms(const Shape& in, const Shape& out, const Conv2dOptions& o, const Visit& visit) {
  const Index in_group = in.channels / o.groups, out_group = o.out_channels / o.groups;
  for (Index oc = 0; oc < o.out_channels; ++oc)
    for (Index i = 0; i < out.height; ++i)
      for (Index j = 0; j < out.width; ++j)
        for (Index c = 0; c < in_group; ++c)
          for (Index a = 0; a < o.kernel.height; ++a)
            for (Index b = 0; b < o.kernel.width; ++b) {
              const Index row = i * o.stride.height + a * o.dilation.height - o.padding.top;
              const Index col = j * o.stride.width + b * o.dilation.width - o.padding.left;
              if (row < 0 || row >= in.height || col < 0 || col >= in.width) continue;
              visit(out.at(oc, i, j), in.at(oc / out_group * in_group + c, row, col),
                    ((oc * in_group + c) * o.kernel.height + a) * o.kernel.width + b);
            }
}

}  // namespace

TEST_CASE("Dense is y = W x + b with W column by column in theta", "[layers]") {
  Vec<double> theta(8);
  theta << 1, 2, 3, 4, 5, 6, 10, 20;  // W = [1 3 5; 2 4 6], b = (10, 20)
  Mat<double> x(3, 1);
  x << 1, 0, -1;
  const Mat<double> y = apply(Dense<double>(3, 2), theta, x);
  CHECK(y(0, 0) == 6);
  CHECK(y(1, 0) == 16);
}

TEST_CASE("every layer keeps the contract in double and float", "[layers]") {
  require_contract(Dense<double>(7, 5));
  require_contract(Dense<double>(1, 1));
  require_contract(Dense<double>(40, 30, false));
  require_contract(Dense<float>(7, 5));
  require_contract(Affine<double>(random_matrix<double>(4, 6, 1), random_matrix<double>(4, 1, 2)));
  require_contract(Affine<float>(random_matrix<float>(4, 6, 1)));
  for (const PadMode mode : {PadMode::zero, PadMode::reflect, PadMode::replicate, PadMode::circular}) {
    require_contract(Pad2d<double>({2, 4, 5}, {1, 2, 3, 0}, mode));
    require_contract(Pad2d<float>({1, 3, 3}, Padding::all(2), mode));
  }
  require_contract(UpsampleNearest<double>(Shape{2, 3, 4}, {2, 3}));
  require_contract(UpsampleNearest<float>(Shape{2, 3, 4}));
  require_contract(
      AvgPool2d<double>(Shape{2, 5, 6}, {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0, 1, 1}}));
  require_contract(
      AvgPool2d<double>(Shape{2, 5, 6}, {.kernel = {3, 2}, .padding = {1, 1, 1, 0}, .count_padding = false}));
  require_contract(MaxPool2d<double>(
      Shape{2, 7, 6}, {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0, 1, 1}, .dilation = {2, 1}}));
  require_contract(MaxPool2d<float>(Shape{2, 4, 4}));
  require_contract(Conv2d<float>({4, 7, 6}, {.out_channels = 6, .padding = Padding::all(1), .groups = 2}));
  require_contract(ConvTranspose2d<float>(
      {4, 5, 6},
      {.out_channels = 2, .stride = {2, 2}, .padding = Padding::all(1), .output_padding = {1, 1}}));
  require_contract(
      Conv2d<double>({3, 20, 20}, {.out_channels = 5, .padding = Padding::all(1)}));  // one image a tile
}

TEST_CASE("Conv2d equals its sum, term by term, on 200 random geometries", "[layers]") {
  Random r(3);
  for (int k = 0; k < 200; ++k) {
    const Geometry g = random_geometry(r);
    const Conv2d<double> f(g.in, g.o);
    const Vec<double> theta = random_matrix<double>(f.param_size(), 1, 10 + k);
    const Mat<double> x = random_matrix<double>(f.in_size(), 2, 1000 + k),
                      y_bar = random_matrix<double>(f.out_size(), 2, 2000 + k);
    Mat<double> y = Mat<double>::Zero(f.out_size(), 2), x_bar = Mat<double>::Zero(f.in_size(), 2);
    Vec<double> theta_bar = Vec<double>::Zero(f.param_size());
    for_terms(g.in, f.out_shape(), g.o, [&](Index row, Index col, Index w) {
      y.row(row) += theta[w] * x.row(col);
      x_bar.row(col) += theta[w] * y_bar.row(row);
      theta_bar[w] += x.row(col).dot(y_bar.row(row));
    });
    if (g.o.bias)
      for (Index row = 0; row < y.rows(); ++row) {
        const Index b = detail::geometry_of(f).weight_size() + row / f.out_shape().pixels();
        y.row(row).array() += theta[b];
        theta_bar[b] += y_bar.row(row).sum();
      }
    Conv2d<double>::Cache cache;
    Mat<double> got_y(f.out_size(), 2), got_x_bar(f.in_size(), 2);
    Vec<double> got_theta_bar = Vec<double>::Zero(f.param_size());
    f.forward(theta, x, got_y, cache);
    f.vjp(theta, x, got_y, cache, y_bar, got_x_bar, got_theta_bar);
    INFO("case " << k << ": " << g.in << ", kernel " << g.o.kernel << ", stride " << g.o.stride
                 << ", dilation " << g.o.dilation << ", groups " << g.o.groups);
    REQUIRE((got_y - y).norm() <= 1e-13 * (1 + y.norm()));
    REQUIRE((got_x_bar - x_bar).norm() <= 1e-13 * (1 + x_bar.norm()));
    REQUIRE((got_theta_bar - theta_bar).norm() <= 1e-13 * (1 + theta_bar.norm()));
  }
}

TEST_CASE("Conv2d keeps the contract on random geometries", "[layers]") {
  Random r(4);
  for (int k = 0; k < 25; ++k) {
    Geometry g = random_geometry(r);
    g.o.bias = true;  // a window that sees padding alone has no other derivative
    require_contract(Conv2d<double>(g.in, g.o));
  }
}

TEST_CASE("ConvTranspose2d is the adjoint of Conv2d plus a bias", "[layers]") {
  Random r(5);
  for (int k = 0; k < 60; ++k) {
    const Geometry g = random_geometry(r);
    const Conv2d<double> conv(g.in, g.o);
    const Shape small = conv.out_shape();
    // The transposed layer that gives images of g.in back:
    // what stride and padding leave open is output padding.
    ConvTranspose2dOptions o{.out_channels = g.in.channels,
                             .kernel = g.o.kernel,
                             .stride = g.o.stride,
                             .padding = g.o.padding,
                             .dilation = g.o.dilation,
                             .groups = g.o.groups,
                             .bias = true};
    o.output_padding.height =
        g.in.height - ((small.height - 1) * o.stride.height - o.padding.top - o.padding.bottom +
                       o.dilation.height * (o.kernel.height - 1) + 1);
    o.output_padding.width = g.in.width - ((small.width - 1) * o.stride.width - o.padding.left -
                                           o.padding.right + o.dilation.width * (o.kernel.width - 1) + 1);
    if (o.output_padding.height < 0 || o.output_padding.width < 0) continue;
    const ConvTranspose2d<double> f(small, o);
    REQUIRE(f.out_shape() == g.in);
    require_contract(f);

    const Vec<double> theta = random_matrix<double>(f.param_size(), 1, 10 + k);
    const Mat<double> y = random_matrix<double>(f.in_size(), 1, 20 + k),
                      x = random_matrix<double>(f.out_size(), 1, 30 + k);
    Conv2dOptions no_bias = g.o;
    no_bias.bias = false;
    const Conv2d<double> linear(g.in, no_bias);
    Mat<double> transposed = apply(f, theta, y);
    for (Index i = 0; i < transposed.rows(); ++i)
      transposed(i, 0) -= theta[detail::geometry_of(f).weight_size() + i / g.in.pixels()];
    const double left = (apply(linear, theta.head(linear.param_size()), x).array() * y.array()).sum();
    REQUIRE(std::abs(left - (x.array() * transposed.array()).sum()) <= 1e-12 * (1 + std::abs(left)));
  }
}

TEST_CASE("ConvTranspose2d has PyTorch's output size, output padding included", "[layers]") {
  const ConvTranspose2d<double> f({2, 5, 4}, {.out_channels = 3,
                                              .kernel = {3, 4},
                                              .stride = {2, 3},
                                              .padding = {1, 0, 1, 1},
                                              .output_padding = {1, 2},
                                              .dilation = {2, 1}});
  CHECK(f.out_shape() == Shape{3, (5 - 1) * 2 - 1 + 2 * 2 + 1 + 1, (4 - 1) * 3 - 2 + 3 + 2 + 1});
}

TEST_CASE("a layer with windows says what it was made with", "[layers]") {
  const Conv2dOptions conv{.out_channels = 6,
                           .kernel = {3, 2},
                           .stride = {2, 1},
                           .padding = {1, 0, 2, 1},
                           .dilation = {1, 2},
                           .groups = 2,
                           .bias = false};
  const Conv2dOptions c = Conv2d<float>({4, 9, 8}, conv).options();
  CHECK((c.out_channels == 6 && c.kernel == conv.kernel && c.stride == conv.stride));
  CHECK((c.padding == conv.padding && c.dilation == conv.dilation && c.groups == 2 && !c.bias));
  const ConvTranspose2dOptions t = ConvTranspose2d<float>({4, 9, 8}, {.out_channels = 6,
                                                                      .kernel = {3, 2},
                                                                      .stride = {2, 1},
                                                                      .padding = {1, 0, 0, 1},
                                                                      .output_padding = {1, 0},
                                                                      .groups = 2})
                                       .options();
  CHECK((t.out_channels == 6 && t.kernel == conv.kernel && t.stride == conv.stride));
  CHECK((t.padding == Padding{1, 0, 0, 1} && t.output_padding == Size2{1, 0} && t.dilation == Size2{1}));
  CHECK((t.groups == 2 && t.bias));
  CHECK(AvgPool2d<float>({1, 6, 6}, {.kernel = {3, 2}, .count_padding = false}).options().stride ==
        Size2{3, 2});
  CHECK(MaxPool2d<float>({1, 6, 6}, {.dilation = 2}).options().dilation == Size2{2});
}

TEST_CASE("a single number is a square kernel", "[layers]") {
  CHECK(Conv2d<double>({1, 8, 8}, {.kernel = 3, .stride = 2}).out_shape() == Shape{1, 3, 3});
}

TEST_CASE("UpsampleNearest repeats pixels and Pad2d puts them around", "[layers]") {
  Mat<double> x(4, 1);
  x << 1, 2, 3, 4;
  const Vec<double> none;
  const Mat<double> up = apply(UpsampleNearest<double>(Shape{1, 2, 2}, {2, 1}), none, x);
  CHECK((up.transpose() - Mat<double>{{1, 2, 1, 2, 3, 4, 3, 4}}).norm() == 0);

  Mat<double> row(3, 1);
  row << 1, 2, 3;
  const auto padded = [&](PadMode mode) {
    return apply(Pad2d<double>({1, 1, 3}, {0, 0, 2, 2}, mode), none, row);
  };
  CHECK((padded(PadMode::zero).transpose() - Mat<double>{{0, 0, 1, 2, 3, 0, 0}}).norm() == 0);
  CHECK((padded(PadMode::reflect).transpose() - Mat<double>{{3, 2, 1, 2, 3, 2, 1}}).norm() == 0);
  CHECK((padded(PadMode::replicate).transpose() - Mat<double>{{1, 1, 1, 2, 3, 3, 3}}).norm() == 0);
  CHECK((padded(PadMode::circular).transpose() - Mat<double>{{2, 3, 1, 2, 3, 1, 2}}).norm() == 0);
}

TEST_CASE("pooling takes means and maxima over its windows", "[layers]") {
  Mat<double> x(9, 1);
  x << 1, 2, 3, 4, 9, 6, 7, 8, 5;
  const Vec<double> none;
  CHECK((apply(MaxPool2d<double>(Shape{1, 3, 3}, {.kernel = {2, 2}, .stride = {1, 1}}), none, x).transpose() -
         Mat<double>{{9, 9, 9, 9}})
            .norm() == 0);
  CHECK((apply(AvgPool2d<double>(Shape{1, 3, 3}, {.kernel = {2, 2}, .stride = {1, 1}}), none, x).transpose() -
         Mat<double>{{4, 5, 7, 7}})
            .norm() == 0);
  // A corner window of a 2 x 2 kernel with padding 1 holds one pixel and three zeros.
  const PoolOptions padded{.kernel = {2, 2}, .stride = {2, 2}, .padding = Padding::all(1)};
  PoolOptions without = padded;
  without.count_padding = false;
  CHECK(apply(AvgPool2d<double>(Shape{1, 3, 3}, padded), none, x)(0, 0) == 0.25);
  CHECK(apply(AvgPool2d<double>(Shape{1, 3, 3}, without), none, x)(0, 0) == 1);
}

TEST_CASE("of equal maxima the first has the derivative, and NaN is not hidden", "[layers]") {
  const MaxPool2d<double> f(Shape{1, 2, 2});
  Mat<double> x = Mat<double>::Constant(4, 1, 2.0), y(1, 1), x_bar(4, 1);
  MaxPool2d<double>::Cache cache;
  Vec<double> none;
  f.forward(none, x, y, cache);
  f.vjp(none, x, y, cache, Mat<double>::Constant(1, 1, 3.0), x_bar, none);
  CHECK((x_bar.transpose() - Mat<double>{{3, 0, 0, 0}}).norm() == 0);
  x(2, 0) = std::nan("");
  f.forward(none, x, y, cache);
  CHECK(std::isnan(y(0, 0)));
}

TEST_CASE("geometry that makes no sense gets an error that names it", "[layers]") {
  const Shape in{4, 5, 5};
  const auto conv = [&](Conv2dOptions o) { return error_of([&] { Conv2d<double>(in, o); }); };
  CHECK(contains(conv({.stride = {0, 1}}), "Conv2d: stride must be >= 1 x 1, got 0 x 1"));
  CHECK(contains(conv({.out_channels = 4, .groups = 3}),
                 "Conv2d: groups = 3 must divide the 4 input and the 4 output channels"));
  CHECK(contains(conv({.kernel = {6, 3}}),
                 "Conv2d: kernel 6 x 3 with dilation 1 x 1 is larger than the padded input 5 x 5"));
  CHECK(contains(conv({.padding = {-1, 0, 0, 0}}), "padding must be >= 0, got top -1"));
  CHECK(contains(conv({.out_channels = 0}), "out_channels must be >= 1, got 0"));
  CHECK(contains(error_of([] { Conv2d<double>({0, 5, 5}, {}); }), "got 0 x 5 x 5"));
  CHECK(contains(conv({.kernel = {0, 3}}), "Conv2d: kernel must be >= 1 x 1, got 0 x 3"));
  CHECK(contains(conv({.dilation = {1, 0}}), "Conv2d: dilation must be >= 1 x 1, got 1 x 0"));
  CHECK(contains(conv({.padding = {0, 0, 1, 0}, .dilation = {1, 3}}),
                 "Conv2d: kernel 3 x 3 with dilation 1 x 3 is larger than the padded input 5 x 6"));
  const auto transposed = [&](ConvTranspose2dOptions o) {
    return error_of([&] { ConvTranspose2d<double>(in, o); });
  };
  CHECK(contains(transposed({.stride = {1, 0}}), "ConvTranspose2d: stride must be >= 1 x 1, got 1 x 0"));
  CHECK(contains(transposed({.kernel = 0}), "ConvTranspose2d: kernel must be >= 1 x 1, got 0 x 0"));
  CHECK(contains(transposed({.out_channels = 3, .groups = 2}),
                 "ConvTranspose2d: groups = 2 must divide the 4 input and the 3 output channels"));
  const auto pool = [&](PoolOptions o) { return error_of([&] { AvgPool2d<double>(in, o); }); };
  CHECK(contains(pool({.stride = {0, 2}}), "AvgPool2d: stride must be >= 1 x 1, got 0 x 2"));
  CHECK(contains(pool({.kernel = {6, 2}}), "AvgPool2d: kernel 6 x 2 with dilation 1 x 1 is larger than"));
  CHECK(contains(pool({.kernel = {0, 2}}), "AvgPool2d: kernel must be >= 1 x 1, got 0 x 2"));
  CHECK(contains(error_of([&] {
                   ConvTranspose2d<double>(in, {.output_padding = {1, 0}});
                 }),
                 "output_padding must be >= 0 and below stride or dilation, got 1 x 0"));
  CHECK(contains(error_of([&] {
                   ConvTranspose2d<double>({1, 1, 1}, {.kernel = {1, 1}, .padding = Padding::all(1)});
                 }),
                 "leaves an output of -1 x -1"));
  CHECK(contains(error_of([&] { Dense<double>(0, 3); }), "Dense: in must be >= 1, got 0"));
  CHECK(contains(error_of([&] { MaxPool2d<double>(in, {.padding = Padding::all(2)}); }),
                 "at most half the kernel"));
  CHECK(contains(
      error_of([&] {
        MaxPool2d<double>(Shape{1, 2, 2}, {.kernel = {2, 2}, .padding = Padding::all(1), .dilation = {3, 3}});
      }),
      "lies outside the image's side 2"));
  CHECK(contains(error_of([&] { AvgPool2d<double>(in, {.dilation = {2, 2}}); }), "dilation must be 1 x 1"));
  CHECK(contains(error_of([&] { Pad2d<double>(in, Padding::all(5), PadMode::reflect); }),
                 "reflect needs padding below the image's side 5, got 5"));
  CHECK(contains(error_of([&] { Pad2d<double>(in, Padding::all(6), PadMode::circular); }),
                 "circular needs padding up to"));
  CHECK(contains(error_of([&] { UpsampleNearest<double>(in, {0, 2}); }), "factor must be >= 1, got 0"));
  CHECK(contains(error_of([&] { Affine<double>(Mat<double>::Ones(2, 2), Vec<double>::Ones(3)); }),
                 "b has 3 rows, A has 2"));
}
