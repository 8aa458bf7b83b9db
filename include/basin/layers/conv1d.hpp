// Convolutions and pooling of series, channels x length: the layers of images on images of height 1, with the
// names and the options of PyTorch's functions.
#pragma once
#include "basin/core/error.hpp"               // require
#include "basin/core/shape.hpp"               // Shape, require_shape
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/pool.hpp"              // AvgPool2d, MaxPool2d

namespace basin::inline BASIN_ABI {

/// What PyTorch's Conv1d is given.
struct Conv1dOptions {
  Index out_channels = 1;
  Index kernel = 3;
  Index stride = 1;
  Index padding = 0;  // zeros at both ends
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
};

/// What PyTorch's ConvTranspose1d is given.
struct ConvTranspose1dOptions {
  Index out_channels = 1;
  Index kernel = 3;
  Index stride = 1;
  Index padding = 0;         // places taken off both ends
  Index output_padding = 0;  // places added at the end
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
};

/// What PyTorch's MaxPool1d and AvgPool1d are given.
struct Pool1dOptions {
  Index kernel = 2;
  Index stride = 0;           // 0: the kernel's size
  Index padding = 0;          // places at both ends
  Index dilation = 1;         // max pooling only
  bool count_padding = true;  // average pooling: divide by the whole window, padding included
  bool ceil_mode = false;     // a last window that reaches beyond the padding, where the stride leaves a rest
};

namespace detail {

/// Throws unless `in` is a series.
inline const Shape& require_series(const char* who, const Shape& in) {
  require_shape(in, who);
  require(in.height == 1, who, ": the input must have height 1 (channels x 1 x length), got ", in);
  return in;
}

inline PoolOptions pool_options(const Pool1dOptions& o) {
  return {.kernel = {1, o.kernel},
          .stride = o.stride == 0 ? Size2{0, 0} : Size2{1, o.stride},
          .padding = {0, 0, o.padding, o.padding},
          .dilation = {1, o.dilation},
          .count_padding = o.count_padding,
          .ceil_mode = o.ceil_mode};
}

}  // namespace detail

/// The convolution of a series, C x 1 x n: y[o, t] = sum over c, a of w[o, c, a] x[c, t stride + a dilation -
/// padding] + b[o], theta = [w; b] with w[o][c][a] in PyTorch's order. Throws as Conv2d does, and unless the
/// height is 1.
template <class S>
[[nodiscard]] Conv2d<S> conv1d(const Shape& in, const Conv1dOptions& o) {
  return Conv2d<S>(detail::require_series("conv1d", in), {.out_channels = o.out_channels,
                                                          .kernel = {1, o.kernel},
                                                          .stride = {1, o.stride},
                                                          .padding = {0, 0, o.padding, o.padding},
                                                          .dilation = {1, o.dilation},
                                                          .groups = o.groups,
                                                          .bias = o.bias});
}

/// The adjoint of conv1d, with theta = [w; b], w[c][o][a] in PyTorch's order (input channel, output
/// channel of the group, place). Length (n - 1) stride - 2 padding + dilation (kernel - 1) +
/// output_padding + 1. Throws as ConvTranspose2d does, and unless the height is 1.
template <class S>
[[nodiscard]] ConvTranspose2d<S> conv_transpose1d(const Shape& in, const ConvTranspose1dOptions& o) {
  return ConvTranspose2d<S>(detail::require_series("conv_transpose1d", in),
                            {.out_channels = o.out_channels,
                             .kernel = {1, o.kernel},
                             .stride = {1, o.stride},
                             .padding = {0, 0, o.padding, o.padding},
                             .output_padding = {0, o.output_padding},
                             .dilation = {1, o.dilation},
                             .groups = o.groups,
                             .bias = o.bias});
}

/// The largest of each window along a series, C x 1 x n. Throws as MaxPool2d does, and unless the height
/// is 1.
template <class S>
[[nodiscard]] MaxPool2d<S> max_pool1d(const Shape& in, const Pool1dOptions& o = {}) {
  return MaxPool2d<S>(detail::require_series("max_pool1d", in), detail::pool_options(o));
}

/// The mean of each window along a series, C x 1 x n. Throws as AvgPool2d does, and unless the height is 1.
template <class S>
[[nodiscard]] AvgPool2d<S> avg_pool1d(const Shape& in, const Pool1dOptions& o = {}) {
  return AvgPool2d<S>(detail::require_series("avg_pool1d", in), detail::pool_options(o));
}

}  // namespace basin
