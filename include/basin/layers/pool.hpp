// Average and max pooling, over windows and over the whole image.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::isnan

#include "basin/core/checked_size.hpp"  // checked_size, require_output
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/parallel.hpp"      // parallel_parts
#include "basin/core/scratch.hpp"       // Scratch
#include "basin/layers/window.hpp"      // Size2, Padding, require_window, window_positions, geometry_of

namespace basin::inline BASIN_ABI {

/// What PyTorch's pooling layers are given.
struct PoolOptions {
  Size2 kernel = {2, 2};
  Size2 stride = {0, 0};    // 0 x 0: the kernel's size
  Padding padding = {};     // around the image, at most half the kernel
  Size2 dilation = {1, 1};  // max pooling only
  bool count_padding =
      true;  // average pooling: divide by the whole window, padding included (PyTorch's default)
  bool ceil_mode = false;  // a last window that reaches beyond the padding, where the stride leaves a rest
  Index divisor = 0;       // average pooling: what sums are divided by, if not 0 (divisor_override)
};

namespace detail {

/// The windows of a pooling layer; padding may be at most half the kernel, so that no window is all padding.
/// With ceil_mode a side has ceil((n + before + after - dilation (kernel - 1) - 1) / stride) + 1 windows,
/// one less if the last would begin behind the image (PyTorch's rule).
struct PoolGeometry {
  Shape in, out;
  PoolOptions o;

  /// Options by reference: copied twice, g++ 12.2 with 512-bit vectors (-O2 -march=native on AVX-512) writes
  /// the kernel's size into the padding.
  PoolGeometry(const char* who, const Shape& shape, const PoolOptions& options) : in(shape), o(options) {
    require_shape(in, who);
    if (o.stride == Size2{0, 0}) o.stride = o.kernel;
    require_window(who, o.kernel, o.stride, o.padding, o.dilation);
    require(2 * std::max(o.padding.top, o.padding.bottom) <= o.kernel.height &&
                2 * std::max(o.padding.left, o.padding.right) <= o.kernel.width,
            who, ": padding must be at most half the kernel ", o.kernel, ", got top ", o.padding.top,
            ", bottom ", o.padding.bottom, ", left ", o.padding.left, ", right ", o.padding.right);
    const Size2 positions = window_positions(who, in, o.kernel, o.stride, o.padding, o.dilation);
    out = {in.channels, positions.height, positions.width};
    if (o.ceil_mode) {
      out.height += rest_window(out.height, in.height, o.padding.top, o.padding.bottom, o.kernel.height,
                                o.stride.height, o.dilation.height);
      out.width += rest_window(out.width, in.width, o.padding.left, o.padding.right, o.kernel.width,
                               o.stride.width, o.dilation.width);
    }
    all_inside_ = o.padding == Padding{} && Size2{out.height, out.width} == positions;
    require_output(who, "padding and stride", out);
    checked_size({out.size(), o.kernel.height, o.kernel.width}, who, ": the kernel ", o.kernel,
                 " makes too many additions");
    require_pixels(who, in.height, out.height, o.kernel.height, o.stride.height, o.dilation.height,
                   o.padding.top);
    require_pixels(who, in.width, out.width, o.kernel.width, o.stride.width, o.dilation.width,
                   o.padding.left);
  }
  /// 1 if `outputs` windows leave a rest of the padded side, and a further one begins in front of or
  /// inside the image; else 0.
  static Index rest_window(Index outputs, Index n, Index before, Index after, Index kernel, Index stride,
                           Index dilation) {
    const Index next = outputs * stride - before;
    const bool rest = next - stride + dilation * (kernel - 1) + 1 < n + after;
    return rest && next < n ? 1 : 0;
  }
  /// A dilated window can step over a small image: there is nothing to take the maximum of.
  static void require_pixels(const char* who, Index n, Index outputs, Index kernel, Index stride,
                             Index dilation, Index before) {
    for (Index i = 0; i < outputs; ++i) {
      const Index first =
          i * stride - before;  // the pixel under the window's first place, and its first one inside
      const Index a = first >= 0 ? 0 : (-first + dilation - 1) / dilation;
      require(a < kernel && first + a * dilation < n, who, ": window ", i, " of kernel ", kernel,
              ", dilation ", dilation, ", padding ", before, " lies outside the image's side ", n);
    }
  }

  /// Calls body(input pixel) for each pixel of the image under the window of output pixel (i, j).
  template <class Body>
  void for_window(Index i, Index j, const Body& body) const {
    if (all_inside_) {
      const Index first = i * o.stride.height * in.width + j * o.stride.width;
      for (Index a = 0; a < o.kernel.height; ++a)
        for (Index b = 0; b < o.kernel.width; ++b)
          body(first + a * o.dilation.height * in.width + b * o.dilation.width);
      return;
    }
    for (Index a = 0; a < o.kernel.height; ++a) {
      const Index row = i * o.stride.height + a * o.dilation.height - o.padding.top;
      if (row < 0 || row >= in.height) continue;
      for (Index b = 0; b < o.kernel.width; ++b) {
        const Index col = j * o.stride.width + b * o.dilation.width - o.padding.left;
        if (col >= 0 && col < in.width) body(row * in.width + col);
      }
    }
  }
  /// Calls body(output row, first row of the channel in the input, i, j) for each output pixel of a channel.
  template <class Body>
  void for_outputs(Index channel, const Body& body) const {
    Index y = channel * out.pixels();
    for (Index i = 0; i < out.height; ++i)
      for (Index j = 0; j < out.width; ++j, ++y) body(y, channel * in.pixels(), i, j);
  }
  /// The same for each output pixel of every channel.
  template <class Body>
  void for_outputs(const Body& body) const {
    for (Index c = 0; c < in.channels; ++c) for_outputs(c, body);
  }

 private:
  bool all_inside_;  // every window lies in the image
};

/// The window that holds the whole image.
inline Size2 whole(const char* who, const Shape& in) {
  require_shape(in, who);
  return {in.height, in.width};
}

}  // namespace detail

/// y[c, i, j] = the mean of x[c] over the window of (i, j); pixels of the padding are zeros that count unless
/// count_padding is false, those beyond the padding (ceil_mode) never count. With a divisor, the sum over the
/// window divided by it. PyTorch's AvgPool2d.
template <class S>
class AvgPool2d {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "AvgPool2d";
  static constexpr bool broadcasts = true;
  static constexpr bool rounded_entries = true;  // 1 / area

  /// Throws on a window that does not fit (see PoolGeometry), a dilation other than 1 x 1, or a negative
  /// divisor.
  explicit AvgPool2d(Shape in, const PoolOptions& options = {}) : geometry_(name, in, options) {
    require(options.dilation == Size2{1, 1}, "AvgPool2d: dilation must be 1 x 1, got ", options.dilation);
    require(options.divisor >= 0, name, ": divisor must be >= 1, or 0 for the size of the window, got ",
            options.divisor);
  }
  Index in_size() const { return geometry_.in.size(); }
  Index out_size() const { return geometry_.out.size(); }
  Index param_size() const { return 0; }
  Shape in_shape() const { return geometry_.in; }
  Shape out_shape() const { return geometry_.out; }
  Index multiply_adds() const { return out_size() * geometry_.o.kernel.height * geometry_.o.kernel.width; }
  /// What the layer was made with, the stride said where it was left open.
  const PoolOptions& options() const { return geometry_.o; }
  /// What the sum over the window of output pixel (i, j) is divided by.
  S divisor(Index i, Index j) const {
    const auto& o = geometry_.o;
    if (o.divisor > 0) return static_cast<S>(o.divisor);
    if (!o.count_padding) {
      Index n = 0;
      geometry_.for_window(i, j, [&](Index) { ++n; });
      return static_cast<S>(n);
    }
    const Shape& in = geometry_.in;
    const Index below = in.height + o.padding.top + o.padding.bottom - i * o.stride.height,
                right = in.width + o.padding.left + o.padding.right - j * o.stride.width;
    return static_cast<S>(std::min(o.kernel.height, below) * std::min(o.kernel.width, right));
  }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { average(x, y); }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    average(x_dot, y_dot);
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    x_bar.setZero();
    geometry_.for_outputs([&](Index row, Index channel, Index i, Index j) {
      const S weight = S(1) / divisor(i, j);
      geometry_.for_window(i, j, [&](Index p) { x_bar.row(channel + p) += weight * y_bar.row(row); });
    });
  }

 private:
  template <class F>
  friend const auto& detail::geometry_of(const F& f);
  void average(MatIn<S> x, MatOut<S> y) const {
    if (y.size() == 0) return;
    geometry_.for_outputs([&](Index row, Index channel, Index i, Index j) {
      const S weight = S(1) / divisor(i, j);
      y.row(row).setZero();
      geometry_.for_window(i, j, [&](Index p) { y.row(row) += weight * x.row(channel + p); });
    });
  }

  detail::PoolGeometry geometry_;
};

/// y[c, i, j] = the largest x[c] under the window of (i, j); of equals the first in row-major order, to which
/// the whole derivative goes (as in PyTorch). NaN counts as largest, so that it is not hidden.
template <class S>
class MaxPool2d {
 public:
  using Scalar = S;
  /// The row of x that each entry of y was taken from.
  using Cache = Scratch<Index>;
  static constexpr const char* name = "MaxPool2d";
  static constexpr bool broadcasts = true;

  /// Throws on a window that does not fit (see PoolGeometry).
  explicit MaxPool2d(Shape in, const PoolOptions& options = {}) : geometry_(name, in, options) {}

  Index in_size() const { return geometry_.in.size(); }
  Index out_size() const { return geometry_.out.size(); }
  Index param_size() const { return 0; }
  Shape in_shape() const { return geometry_.in; }
  Shape out_shape() const { return geometry_.out; }
  Index multiply_adds() const { return out_size() * geometry_.o.kernel.height * geometry_.o.kernel.width; }
  Index cache_bytes(Index columns) const { return detail::bytes<Index>(out_size(), columns); }
  /// What the layer was made with, the stride said where it was left open.
  const PoolOptions& options() const { return geometry_.o; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache& cache) const {
    cache.resize(y.rows(), y.cols());
    Eigen::Map<Mat<Index>> from = cache.mat();
    const Index channels = geometry_.in.channels;
    const Index least = std::max<Index>(1, numbers_for_a_thread / geometry_.in.pixels());
    parallel_parts(x.cols() * channels, least, [&](ColumnRange channels_here) {
      for (Index k = channels_here.begin; k < channels_here.begin + channels_here.size; ++k) {
        const Index n = k / channels;
        geometry_.for_outputs(k % channels, [&](Index row, Index channel, Index i, Index j) {
          Index best = -1;
          S top = 0;
          geometry_.for_window(i, j, [&](Index p) {
            const S candidate = x(channel + p, n);
            // Without branches, which data would make a matter of luck.
            const bool larger = (best < 0) | (candidate > top) | std::isnan(candidate);
            best = larger ? channel + p : best;
            top = larger ? candidate : top;
          });
          from(row, n) = best;
          y(row, n) = top;
        });
      }
    });
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    const Eigen::Map<Mat<Index>> from = cache.mat();
    x_bar.setZero();
    for (Index n = 0; n < y_bar.cols(); ++n)
      for (Index row = 0; row < y_bar.rows(); ++row) x_bar(from(row, column(from, n)), n) += y_bar(row, n);
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache& cache, MatIn<S> x_dot, MatOut<S> y_dot) const {
    const Eigen::Map<Mat<Index>> from = cache.mat();
    for (Index n = 0; n < x_dot.cols(); ++n)
      for (Index row = 0; row < y_dot.rows(); ++row) y_dot(row, n) = x_dot(from(row, column(from, n)), n);
  }

 private:
  template <class F>
  friend const auto& detail::geometry_of(const F& f);
  static Index column(const Eigen::Map<Mat<Index>>& from, Index n) { return from.cols() == 1 ? 0 : n; }
  detail::PoolGeometry geometry_;
};

/// y[c] = the mean of x[c] over the whole image, from C x H x W to C x 1 x 1 (PyTorch's
/// AdaptiveAvgPool2d(1)).
template <class S>
[[nodiscard]] AvgPool2d<S> global_avg_pool2d(const Shape& in) {
  return AvgPool2d<S>(in, {.kernel = detail::whole("global_avg_pool2d", in)});
}

/// y[c] = the largest x[c] of the image, from C x H x W to C x 1 x 1 (PyTorch's AdaptiveMaxPool2d(1)).
template <class S>
[[nodiscard]] MaxPool2d<S> global_max_pool2d(const Shape& in) {
  return MaxPool2d<S>(in, {.kernel = detail::whole("global_max_pool2d", in)});
}

}  // namespace basin
