// What a convolution and its adjoint share: where the kernel's taps fall, and the three products made of
// them.
#pragma once
#include <algorithm>  // std::fill, std::max, std::min
#include <utility>    // std::as_const

#include "basin/core/checked_size.hpp"       // checked_size
#include "basin/core/error.hpp"              // require
#include "basin/core/paths.hpp"              // unrolled_at_once, unrolled_path
#include "basin/core/product/gemm.hpp"       // gemm, gemm_add
#include "basin/core/product/thin_gemm.hpp"  // thin_dots, thin_sums
#include "basin/core/scratch.hpp"            // Scratch
#include "basin/core/shape.hpp"              // Shape, require_shape
#include "basin/layers/window.hpp"           // Size2, Padding, TapRange, tap_range

namespace basin::inline BASIN_ABI {

namespace detail {

/// The linear map of a convolution without bias, from images `in` to images `out` (cross-correlation: the
/// kernel is not flipped):
///
///     y[o, i, j] = sum over c, a, b of w[o, c, a, b] x[c, i', j'],
///     i' = i stride_h + a dilation_h - top,   j' = j stride_w + b dilation_w - left,
///
/// with x = 0 outside the image and c running over the input channels of o's group. The weight lies in theta
/// as in PyTorch, w[o][c][a][b] with b fastest, which as a column-major matrix is
/// (taps of one group) x (outputs).
///
/// The products work on some samples at a time: unrolled taps ("im2col") of these, never of the whole batch.
struct ConvGeometry {
  Shape in, out;
  Size2 kernel, stride, dilation;
  Padding padding;
  Index groups = 1;

  Index taps() const { return in.channels / groups * kernel.height * kernel.width; }  // of one output channel
  Index weight_size() const { return out.channels * taps(); }
  Index multiply_adds() const { return weight_size() * out.pixels(); }

  template <class S>
  struct Workspace {
    Scratch<S> taps, outputs;
  };

  /// Of a workspace that has served so many columns.
  template <class S>
  Index workspace_bytes(Index columns) const {
    return bytes<S>(taps() + group_outputs(), std::min(unrolled_at_once(*this), columns) * out.pixels());
  }

  /// y = conv(x), for each column.
  template <class S>
  void apply(const S* weight, MatIn<S> x, MatOut<S> y, Workspace<S>& work) const {
    for_samples(x.cols(), [&](Index first, Index count) {
      for (Index g = 0; g < groups; ++g) {
        work.outputs.resize(count * out.pixels(), group_outputs());
        if (thin(count)) {
          unroll_pixels<S>(x, first, count, g, work);
          thin_dots<S>(group_weight(weight, g), work.taps.mat(), work.outputs.mat());
        } else {
          unroll<S>(x, first, count, g, work);
          gemm<S>(work.taps.mat(), group_weight(weight, g), work.outputs.mat());
        }
        scatter_outputs<S>(work, y, first, count, g);
      }
    });
  }

  /// x = conv'(y), for each column.
  template <class S>
  void apply_adjoint(const S* weight, MatIn<S> y, MatOut<S> x, Workspace<S>& work) const {
    parallel_zero(x);
    for_samples(y.cols(), [&](Index first, Index count) {
      for (Index g = 0; g < groups; ++g) {
        gather_outputs<S>(y, first, count, g, work);
        if (thin(count)) {
          work.taps.resize(taps(), count * out.pixels());
          work.taps.mat().setZero();
          thin_sums<S, GemmOp::transposed>(group_weight(weight, g), work.outputs.mat(), work.taps.mat());
          roll_add_pixels<S>(work, x, first, count, g);
        } else {
          work.taps.resize(count * out.pixels(), taps());
          gemm<S, GemmOp::plain, GemmOp::transposed>(work.outputs.mat(), group_weight(weight, g),
                                                     work.taps.mat());
          roll_add<S>(work, x, first, count, g);
        }
      }
    });
  }

  /// weight_bar += d<y_bar, conv(x)> / d weight, summed over the columns.
  template <class S>
  void add_weight_gradient(MatIn<S> x, MatIn<S> y_bar, S* weight_bar, Workspace<S>& work) const {
    for_samples(x.cols(), [&](Index first, Index count) {
      for (Index g = 0; g < groups; ++g) {
        Eigen::Map<Mat<S>> sum(weight_bar + g * group_size(), taps(), group_outputs());
        gather_outputs<S>(y_bar, first, count, g, work);
        if (thin(count)) {
          unroll_pixels<S>(x, first, count, g, work);
          thin_sums<S, GemmOp::plain>(work.taps.mat(), work.outputs.mat(), sum);
        } else {
          unroll<S>(x, first, count, g, work);
          gemm_add<S, GemmOp::transposed>(work.taps.mat(), work.outputs.mat(), sum);
        }
      }
    });
  }

 private:
  Index group_outputs() const { return out.channels / groups; }
  Index group_size() const { return taps() * group_outputs(); }
  template <class S>
  Eigen::Map<const Mat<S>> group_weight(const S* weight, Index g) const {
    return {weight + g * group_size(), taps(), group_outputs()};
  }

  /// body(first, count) for the samples that are unrolled together.
  template <class Body>
  void for_samples(Index samples, const Body& body) const {
    const Index most = unrolled_at_once(*this);
    for (Index first = 0; first < samples; first += most) body(first, std::min(most, samples - first));
  }
  bool thin(Index count) const { return unrolled_path(*this, count) == ConvPath::thin; }

  /// outputs(sample * pixels + p, o) -> y[o, p]
  template <class S>
  void scatter_outputs(Workspace<S>& work, MatOut<S> y, Index first, Index count, Index g) const {
    const Index pixels = out.pixels();
    for (Index n = 0; n < count; ++n)
      Eigen::Map<Mat<S>>(entry(y, g * group_outputs() * pixels, first + n), pixels, group_outputs()) =
          work.outputs.mat().middleRows(n * pixels, pixels);
  }
  template <class S>
  void gather_outputs(MatIn<S> y, Index first, Index count, Index g, Workspace<S>& work) const {
    const Index pixels = out.pixels();
    work.outputs.resize(count * pixels, group_outputs());
    for (Index n = 0; n < count; ++n)
      work.outputs.mat().middleRows(n * pixels, pixels) = Eigen::Map<const Mat<S>>(
          entry(y, g * group_outputs() * pixels, first + n), pixels, group_outputs());
  }

  /// Calls body(first row of the channel in x, column of taps, row begin) for every channel and tap of
  /// group g.
  template <class Body>
  void for_taps(Index g, const Body& body) const {
    const Index channels = in.channels / groups;
    Index column = 0;
    for (Index c = 0; c < channels; ++c)
      for (Index a = 0; a < kernel.height; ++a)
        for (Index b = 0; b < kernel.width; ++b, ++column)
          body((g * channels + c) * in.pixels(), column, a * dilation.height - padding.top,
               b * dilation.width - padding.left);
  }

  /// taps(sample * pixels + p, tap) = the input under that tap at output p, 0 outside the image.
  template <class S>
  void unroll(MatIn<S> x, Index first, Index count, Index g, Workspace<S>& work) const {
    work.taps.resize(count * out.pixels(), taps());
    Eigen::Map<Mat<S>> all = work.taps.mat();
    for_taps(g, [&](Index channel, Index column, Index row_offset, Index col_offset) {
      const TapRange rows = tap_range(out.height, stride.height, row_offset, in.height);
      const TapRange cols = tap_range(out.width, stride.width, col_offset, in.width);
      for (Index n = 0; n < count; ++n) {
        const S* from = entry(x, channel, first + n);
        S* to = entry(all, n * out.pixels(), column);
        std::fill(to, to + rows.begin * out.width, S(0));
        for (Index i = rows.begin; i < rows.end; ++i) {
          const Index row = (i * stride.height + row_offset) * in.width + col_offset;
          S* line = to + i * out.width;
          std::fill(line, line + cols.begin, S(0));
          if (stride.width == 1)
            for (Index j = cols.begin; j < cols.end; ++j) line[j] = from[row + j];
          else
            for (Index j = cols.begin; j < cols.end; ++j) line[j] = from[row + j * stride.width];
          std::fill(line + cols.end, line + out.width, S(0));
        }
        std::fill(to + rows.end * out.width, to + out.pixels(), S(0));
      }
    });
  }

  /// Calls body(tap, place in a column of x, output) for each tap (of the first channel of group g) of each
  /// output of a sample that falls inside the image; channel c lies c images and c kernels further.
  template <class Body>
  void for_pixels(Index g, const Body& body) const {
    const Index channel = g * (in.channels / groups) * in.pixels();
    for (Index a = 0; a < kernel.height; ++a)
      for (Index b = 0; b < kernel.width; ++b) {
        const Index row_offset = a * dilation.height - padding.top,
                    col_offset = b * dilation.width - padding.left;
        const TapRange rows = tap_range(out.height, stride.height, row_offset, in.height);
        const TapRange cols = tap_range(out.width, stride.width, col_offset, in.width);
        for (Index i = rows.begin; i < rows.end; ++i)
          for (Index j = cols.begin; j < cols.end; ++j)
            body(a * kernel.width + b,
                 channel + (i * stride.height + row_offset) * in.width + j * stride.width + col_offset,
                 i * out.width + j);
      }
  }

  /// The transpose of what unroll makes: taps(tap, sample * pixels + p).
  template <class S>
  void unroll_pixels(MatIn<S> x, Index first, Index count, Index g, Workspace<S>& work) const {
    const Index channels = in.channels / groups, area = kernel.height * kernel.width;
    work.taps.resize(taps(), count * out.pixels());
    Eigen::Map<Mat<S>> all = work.taps.mat();
    all.setZero();
    for (Index n = 0; n < count; ++n)
      for_pixels(g, [&](Index tap, Index place, Index output) {
        const S* from = entry(x, place, first + n);
        S* to = entry(all, tap, n * out.pixels() + output);
        for (Index c = 0; c < channels; ++c) to[c * area] = from[c * in.pixels()];
      });
  }
  /// Its adjoint: x[...] += taps(...).
  template <class S>
  void roll_add_pixels(Workspace<S>& work, MatOut<S> x, Index first, Index count, Index g) const {
    const Index channels = in.channels / groups, area = kernel.height * kernel.width;
    const Eigen::Map<const Mat<S>> all = std::as_const(work.taps).mat();
    for (Index n = 0; n < count; ++n)
      for_pixels(g, [&](Index tap, Index place, Index output) {
        S* to = entry(x, place, first + n);
        const S* from = entry(all, tap, n * out.pixels() + output);
        for (Index c = 0; c < channels; ++c) to[c * in.pixels()] += from[c * area];
      });
  }

  /// The adjoint of unroll: x[...] += taps(...).
  template <class S>
  void roll_add(Workspace<S>& work, MatOut<S> x, Index first, Index count, Index g) const {
    const Eigen::Map<const Mat<S>> all = std::as_const(work.taps).mat();
    for_taps(g, [&](Index channel, Index column, Index row_offset, Index col_offset) {
      const TapRange rows = tap_range(out.height, stride.height, row_offset, in.height);
      const TapRange cols = tap_range(out.width, stride.width, col_offset, in.width);
      for (Index n = 0; n < count; ++n) {
        S* to = entry(x, channel, first + n);
        const S* from = entry(all, n * out.pixels(), column);
        for (Index i = rows.begin; i < rows.end; ++i) {
          const Index row = (i * stride.height + row_offset) * in.width + col_offset;
          const S* line = from + i * out.width;
          if (stride.width == 1)
            for (Index j = cols.begin; j < cols.end; ++j) to[row + j] += line[j];
          else
            for (Index j = cols.begin; j < cols.end; ++j) to[row + j * stride.width] += line[j];
        }
      }
    });
  }
};

/// Throws unless the image has pixels, there is an output channel, and the groups divide the channels.
inline void require_channels(const char* who, const Shape& in, Index out_channels, Index groups) {
  require_shape(in, who);
  require(out_channels >= 1, who, ": out_channels must be >= 1, got ", out_channels);
  require(groups >= 1 && in.channels % groups == 0 && out_channels % groups == 0, who, ": groups = ", groups,
          " must divide the ", in.channels, " input and the ", out_channels, " output channels");
}

/// Throws unless weights and multiply-adds can be counted, in the name of the options that they come from.
inline void require_countable(const char* who, const ConvGeometry& g) {
  const Index weights =
      checked_size({g.out.channels, g.in.channels / g.groups, g.kernel.height, g.kernel.width}, who,
                   ": the kernel ", g.kernel, " makes too many weights");
  checked_size({weights, g.out.height, g.out.width}, who, ": the kernel ", g.kernel, " on images of ", g.in,
               " and ", g.out, " makes too many multiply-adds");
}

}  // namespace detail
}  // namespace basin
