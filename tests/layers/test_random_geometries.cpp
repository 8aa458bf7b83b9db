// Layers of images against their definitions: sums over terms in double, written out, on hundreds of random
// geometries, in double and float. (Conv2d: test_layers.cpp, test_tiled_conv.cpp.)
#include <algorithm>  // std::max
#include <limits>     // std::numeric_limits
#include <vector>     // std::vector

#include "basin/core/random.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// y[to] += factor * theta[weight] * x[from]; without a weight (-1) y[to] += factor * x[from].
struct Term {
  Index to, from, weight = -1;
  double factor = 1;
};

/// forward, jvp and vjp of f against the terms and a bias for each channel of theta's tail (`bias` of them).
template <class F>
void require_terms(const F& f, const Mat<typename F::Scalar>& x, const std::vector<Term>& terms,
                   const Shape& out, Index bias, int seed) {
  using S = typename F::Scalar;
  constexpr double tolerance = sizeof(S) == 8 ? 1e-13 : 1e-5;
  CAPTURE(F::name, f.in_shape(), out, seed);
  REQUIRE(f.out_shape() == out);
  const Index n = x.cols();
  const Vec<S> theta = random_matrix<S>(f.param_size(), 1, seed);
  const Mat<S> x_dot = random_matrix<S>(f.in_size(), n, seed + 1),
               y_bar = random_matrix<S>(f.out_size(), n, seed + 2);
  Mat<double> y = Mat<double>::Zero(f.out_size(), n), y_dot = y, x_bar = Mat<double>::Zero(f.in_size(), n);
  Vec<double> theta_bar = Vec<double>::Zero(f.param_size());
  const auto in_double = [](const auto& m) { return Mat<double>(m.template cast<double>()); };
  const Mat<double> xd = in_double(x), x_dot_d = in_double(x_dot), y_bar_d = in_double(y_bar);
  for (const Term& t : terms) {
    const double w = t.factor * (t.weight < 0 ? 1 : static_cast<double>(theta[t.weight]));
    y.row(t.to) += w * xd.row(t.from);
    y_dot.row(t.to) += w * x_dot_d.row(t.from);
    x_bar.row(t.from) += w * y_bar_d.row(t.to);
    if (t.weight >= 0) theta_bar[t.weight] += t.factor * xd.row(t.from).dot(y_bar_d.row(t.to));
  }
  for (Index row = 0; row < y.rows() && bias > 0; ++row) {
    const Index b = theta.size() - bias + row / out.pixels();
    y.row(row).array() += static_cast<double>(theta[b]);
    theta_bar[b] += y_bar_d.row(row).sum();
  }
  const auto poison = [](Index rows, Index cols) {
    return Mat<S>(Mat<S>::Constant(rows, cols, std::numeric_limits<S>::quiet_NaN()));
  };
  Mat<S> got_y = poison(y.rows(), n), got_y_dot = got_y, got_x_bar = poison(x.rows(), n);
  Vec<S> got_theta_bar = Vec<S>::Zero(f.param_size());
  typename F::Cache cache;
  f.forward(theta, x, got_y, cache);
  f.jvp(theta, x, got_y, cache, x_dot, got_y_dot);
  f.vjp(theta, x, got_y, cache, y_bar, got_x_bar, got_theta_bar);
  REQUIRE((in_double(got_y) - y).norm() <= tolerance * (1 + y.norm()));
  REQUIRE((in_double(got_y_dot) - y_dot).norm() <= tolerance * (1 + y_dot.norm()));
  REQUIRE((in_double(got_x_bar) - x_bar).norm() <= tolerance * (1 + x_bar.norm()));
  REQUIRE((in_double(got_theta_bar) - theta_bar).norm() <= tolerance * (1 + theta_bar.norm()));
}

struct Pixel {
  Index row, col;
};
/// The pixels of the image under the window of output pixel (i, j), in row-major order.
std::vector<Pixel> window(const PoolOptions& o, const Shape& in, Index i, Index j) {
  std::vector<Pixel> pixels;
  for (Index row = 0; row < in.height; ++row)
    for (Index col = 0; col < in.width; ++col) {
      const Index a = row + o.padding.top - i * o.stride.height,
                  b = col + o.padding.left - j * o.stride.width;
      if (a >= 0 && b >= 0 && a % o.dilation.height == 0 && b % o.dilation.width == 0 &&
          a / o.dilation.height < o.kernel.height && b / o.dilation.width < o.kernel.width)
        pixels.push_back({row, col});
    }
  return pixels;
}

/// A pooling layer's windows that fit: no window without a pixel of the image.
struct Pool {
  Shape in, out;
  PoolOptions o;
};
Pool random_pool(Random& r, bool dilated) {
  for (;;) {
    Pool p;
    p.in = {1 + r.below(3), 1 + r.below(9), 1 + r.below(9)};
    p.o.kernel = {1 + r.below(4), 1 + r.below(4)};
    p.o.stride = {1 + r.below(4), 1 + r.below(4)};
    p.o.padding = {r.below(p.o.kernel.height / 2 + 1), r.below(p.o.kernel.height / 2 + 1),
                   r.below(p.o.kernel.width / 2 + 1), r.below(p.o.kernel.width / 2 + 1)};
    if (dilated) p.o.dilation = {1 + r.below(2), 1 + r.below(3)};
    const Index h =
        p.in.height + p.o.padding.top + p.o.padding.bottom - p.o.dilation.height * (p.o.kernel.height - 1);
    const Index w =
        p.in.width + p.o.padding.left + p.o.padding.right - p.o.dilation.width * (p.o.kernel.width - 1);
    if (h < 1 || w < 1) continue;
    p.out = {p.in.channels, (h - 1) / p.o.stride.height + 1, (w - 1) / p.o.stride.width + 1};
    bool empty = false;
    for (Index i = 0; i < p.out.height; ++i)
      for (Index j = 0; j < p.out.width; ++j) empty = empty || window(p.o, p.in, i, j).empty();
    if (!empty) return p;
  }
}

template <class Body>
void each_output(const Shape& out, const Body& body) {
  for (Index c = 0; c < out.channels; ++c)
    for (Index i = 0; i < out.height; ++i)
      for (Index j = 0; j < out.width; ++j) body(c, i, j);
}

}  // namespace

TEMPLATE_TEST_CASE("average pooling is the mean over its windows, on 200 random geometries", "[layers]",
                   double, float) {
  using S = TestType;
  Random r(11);
  for (int k = 0; k < 200; ++k) {
    Pool p = random_pool(r, false);
    p.o.count_padding = k % 2 == 0;
    std::vector<Term> terms;
    each_output(p.out, [&](Index c, Index i, Index j) {
      const std::vector<Pixel> pixels = window(p.o, p.in, i, j);
      const auto count = static_cast<double>(p.o.count_padding ? p.o.kernel.height * p.o.kernel.width
                                                               : static_cast<Index>(pixels.size()));
      for (const Pixel& at : pixels)
        terms.push_back({p.out.at(c, i, j), p.in.at(c, at.row, at.col), -1, 1 / count});
    });
    require_terms(AvgPool2d<S>(p.in, p.o), random_matrix<S>(p.in.size(), 2, k), terms, p.out, 0, 10 * k);
  }
}

TEMPLATE_TEST_CASE("max pooling takes the largest of its windows, on 200 random geometries", "[layers]",
                   double, float) {
  using S = TestType;
  Random r(12);
  for (int k = 0; k < 200; ++k) {
    const Pool p = random_pool(r, true);
    Mat<S> x = random_matrix<S>(p.in.size(), 1, k);
    if (k % 2 == 1) x = (2 * x).array().round().matrix();  // with equal pixels: the first one counts
    std::vector<Term> terms;
    each_output(p.out, [&](Index c, Index i, Index j) {
      Index best = -1;
      for (const Pixel& at : window(p.o, p.in, i, j)) {
        const Index row = p.in.at(c, at.row, at.col);
        if (best < 0 || x(row, 0) > x(best, 0)) best = row;
      }
      terms.push_back({p.out.at(c, i, j), best});
    });
    require_terms(MaxPool2d<S>(p.in, p.o), x, terms, p.out, 0, 10 * k);
  }
}

TEMPLATE_TEST_CASE("pooling with the options left out is by 2 x 2 without padding", "[layers]", double,
                   float) {
  using S = TestType;
  const Shape in{3, 6, 9}, out{3, 3, 4};
  const Mat<S> x = random_matrix<S>(in.size(), 1, 1);
  std::vector<Term> mean, largest;
  each_output(out, [&](Index c, Index i, Index j) {
    Index best = in.at(c, 2 * i, 2 * j);
    for (Index a = 0; a < 2; ++a)
      for (Index b = 0; b < 2; ++b) {
        const Index row = in.at(c, 2 * i + a, 2 * j + b);
        mean.push_back({out.at(c, i, j), row, -1, 0.25});
        if (x(row, 0) > x(best, 0)) best = row;
      }
    largest.push_back({out.at(c, i, j), best});
  });
  require_terms(AvgPool2d<S>(in), x, mean, out, 0, 2);
  require_terms(MaxPool2d<S>(in), x, largest, out, 0, 3);
}

TEMPLATE_TEST_CASE("nearest upsampling repeats every pixel, on 200 random geometries", "[layers]", double,
                   float) {
  using S = TestType;
  Random r(13);
  for (int k = 0; k < 200; ++k) {
    const Shape in{1 + r.below(4), 1 + r.below(6), 1 + r.below(6)};
    const Size2 factor{1 + r.below(4), 1 + r.below(4)};
    const Shape out{in.channels, in.height * factor.height, in.width * factor.width};
    std::vector<Term> terms;
    each_output(in, [&](Index c, Index i, Index j) {
      for (Index a = 0; a < factor.height; ++a)
        for (Index b = 0; b < factor.width; ++b)
          terms.push_back({out.at(c, i * factor.height + a, j * factor.width + b), in.at(c, i, j)});
    });
    require_terms(UpsampleNearest<S>(in, factor), random_matrix<S>(in.size(), 3, k), terms, out, 0, 10 * k);
  }
}

TEMPLATE_TEST_CASE("padding surrounds the image as its mode says, on 200 random geometries", "[layers]",
                   double, float) {
  using S = TestType;
  Random r(14);
  for (int k = 0; k < 200; ++k) {
    const PadMode mode = std::vector<PadMode>{PadMode::zero, PadMode::reflect, PadMode::replicate,
                                              PadMode::circular}[static_cast<std::size_t>(k % 4)];
    const Shape in{1 + r.below(3), 1 + r.below(6), 1 + r.below(6)};
    const auto most = [&](Index side) {
      return mode == PadMode::reflect ? side : side + 1;
    };  // below() is exclusive
    const Padding p{r.below(most(in.height)), r.below(most(in.height)), r.below(most(in.width)),
                    r.below(most(in.width))};
    const Shape out{in.channels, in.height + p.top + p.bottom, in.width + p.left + p.right};
    // Where the pixel at i of an axis with n comes from: walk back into the image, one step after the other.
    const auto source = [&](Index i, Index n) -> Index {
      if (mode == PadMode::circular) return ((i % n) + n) % n;
      if (mode == PadMode::zero) return i < 0 || i >= n ? -1 : i;
      for (; i < 0 || i >= n;) {
        if (mode == PadMode::replicate)
          i += i < 0 ? 1 : -1;
        else
          i = i < 0 ? -i : (n - 1) - (i - (n - 1));
      }
      return i;
    };
    std::vector<Term> terms;
    each_output(out, [&](Index c, Index i, Index j) {
      const Index row = source(i - p.top, in.height), col = source(j - p.left, in.width);
      if (row >= 0 && col >= 0) terms.push_back({out.at(c, i, j), in.at(c, row, col)});
    });
    require_terms(Pad2d<S>(in, p, mode), random_matrix<S>(in.size(), 2, k), terms, out, 0, 10 * k);
  }
}

TEMPLATE_TEST_CASE("ConvTranspose2d adds kernels to its output, on 200 random geometries", "[layers]", double,
                   float) {
  using S = TestType;
  Random r(15);
  for (int k = 0; k < 200;) {
    const Index groups = 1 + r.below(3);
    const Shape in{groups * (1 + r.below(2)), 1 + r.below(5), 1 + r.below(5)};
    ConvTranspose2dOptions o{.out_channels = groups * (1 + r.below(3)),
                             .kernel = {1 + r.below(4), 1 + r.below(4)},
                             .stride = {1 + r.below(3), 1 + r.below(3)},
                             .padding = {r.below(3), r.below(3), r.below(3), r.below(3)},
                             .dilation = {1 + r.below(2), 1 + r.below(3)},
                             .groups = groups,
                             .bias = r.below(2) == 1};
    o.output_padding = {r.below(std::max(o.stride.height, o.dilation.height)),
                        r.below(std::max(o.stride.width, o.dilation.width))};
    const Shape out{o.out_channels,
                    (in.height - 1) * o.stride.height + o.dilation.height * (o.kernel.height - 1) + 1 +
                        o.output_padding.height - o.padding.top - o.padding.bottom,
                    (in.width - 1) * o.stride.width + o.dilation.width * (o.kernel.width - 1) + 1 +
                        o.output_padding.width - o.padding.left - o.padding.right};
    if (out.height < 1 || out.width < 1) continue;
    const Index of_group = o.out_channels / groups, in_group = in.channels / groups;
    std::vector<Term> terms;
    for (Index c = 0; c < in.channels; ++c)
      for (Index i = 0; i < in.height; ++i)
        for (Index j = 0; j < in.width; ++j)
          for (Index q = 0; q < of_group; ++q)
            for (Index a = 0; a < o.kernel.height; ++a)
              for (Index b = 0; b < o.kernel.width; ++b) {
                const Index row = i * o.stride.height + a * o.dilation.height - o.padding.top;
                const Index col = j * o.stride.width + b * o.dilation.width - o.padding.left;
                if (row < 0 || row >= out.height || col < 0 || col >= out.width) continue;
                terms.push_back({out.at(c / in_group * of_group + q, row, col), in.at(c, i, j),
                                 ((c * of_group + q) * o.kernel.height + a) * o.kernel.width + b});
              }
    require_terms(ConvTranspose2d<S>(in, o), random_matrix<S>(in.size(), 2, k), terms, out,
                  o.bias ? o.out_channels : 0, 10 * k);
    ++k;
  }
}
