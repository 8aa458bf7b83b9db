// Two-dimensional convolution, in every geometry that PyTorch's Conv2d has and asymmetric padding besides.
#pragma once
#include <optional>  // std::optional
#include <vector>    // std::vector

#include "basin/core/checked_size.hpp"        // require_output
#include "basin/core/layer.hpp"               // Layer
#include "basin/core/param_blocks.hpp"        // ParamBlock, param_blocks
#include "basin/core/paths.hpp"               // conv_path
#include "basin/layers/conv_geometry.hpp"     // ConvGeometry, require_channels, require_countable
#include "basin/layers/tiles/tiled_conv.hpp"  // TiledConv
#include "basin/layers/window.hpp"            // Size2, Padding, geometry_of

namespace basin::inline BASIN_ABI {

/// What PyTorch's Conv2d is given.
struct Conv2dOptions {
  Index out_channels = 1;
  Size2 kernel = {3, 3};
  Size2 stride = {1, 1};
  Padding padding = {};  // zeros around the image
  Size2 dilation = {1, 1};
  Index groups = 1;
  bool bias = true;
};

namespace detail {

inline ConvGeometry conv_geometry(const Shape& in, const Conv2dOptions& o) {
  require_channels("Conv2d", in, o.out_channels, o.groups);
  require_window("Conv2d", o.kernel, o.stride, o.padding, o.dilation);
  const Size2 out = window_positions("Conv2d", in, o.kernel, o.stride, o.padding, o.dilation);
  const Shape image{o.out_channels, out.height, out.width};
  require_output("Conv2d", "out_channels, padding and stride", image);
  const ConvGeometry g{in, image, o.kernel, o.stride, o.dilation, o.padding, o.groups};
  require_countable("Conv2d", g);
  return g;
}

/// The weight of one group as PyTorch counts its fans: w has shape (dim0, dim1, kernel height, kernel width),
/// and fan_in = dim1 * kernel area, fan_out = dim0 * kernel area.
inline std::vector<ParamBlock> conv_blocks(Index dim0, Index dim1, const Size2& kernel, Index biases) {
  const Index area = kernel.height * kernel.width, fan_in = dim1 * area, fan_out = dim0 * area;
  std::vector<ParamBlock> blocks;
  blocks.push_back({"weight", ParamBlock::Role::weight, 0, dim0, fan_in, true, fan_in, fan_out});
  if (biases > 0)
    blocks.push_back({"bias", ParamBlock::Role::bias, dim0 * fan_in, biases, 1, false, fan_in, fan_out});
  return blocks;
}

/// y[o, p] += b[o] in every column.
template <class S>
void add_channel_bias(VecIn<S> b, Index pixels, MatOut<S> y) {
  for (Index n = 0; n < y.cols(); ++n)
    for (Index o = 0; o < b.size(); ++o) y.col(n).segment(o * pixels, pixels).array() += b[o];
}

/// b_bar[o] += sum over pixels p and columns of y_bar[o, p].
template <class S>
void add_channel_bias_gradient(MatIn<S> y_bar, Index pixels, VecOut<S> b_bar) {
  for (Index n = 0; n < y_bar.cols(); ++n)
    for (Index o = 0; o < b_bar.size(); ++o) b_bar[o] += y_bar.col(n).segment(o * pixels, pixels).sum();
}

}  // namespace detail

/// y = conv(x) + b (cross-correlation, see detail::ConvGeometry for the sum), on images of a fixed input
/// shape. theta = [w; b], w[o][c][i][j] in PyTorch's order (output channel, input channel of the group,
/// kernel row, kernel column).
template <class S>
class Conv2d {
 public:
  using Scalar = S;
  using Cache = detail::ConvGeometry::Workspace<S>;
  static constexpr const char* name = "Conv2d";
  static constexpr bool broadcasts = true;  // the Jacobian does not depend on x

  /// Throws if a size is below 1, padding below 0, groups do not divide the channels, or the kernel does not
  /// fit.
  Conv2d(Shape in, Conv2dOptions options)
      : geometry_(detail::conv_geometry(in, options)), bias_(options.bias ? options.out_channels : 0) {}

  Index in_size() const { return geometry_.in.size(); }
  Index out_size() const { return geometry_.out.size(); }
  Index param_size() const { return geometry_.weight_size() + bias_; }
  Shape in_shape() const { return geometry_.in; }
  Shape out_shape() const { return geometry_.out; }
  Index multiply_adds() const { return geometry_.multiply_adds(); }
  Index cache_bytes(Index columns) const {
    return in_tiles(columns) ? 0 : geometry_.template workspace_bytes<S>(columns);
  }
  std::vector<ParamBlock> param_blocks() const {
    return detail::conv_blocks(geometry_.out.channels, geometry_.in.channels / geometry_.groups,
                               geometry_.kernel, bias_);
  }
  /// What the layer was made with.
  Conv2dOptions options() const {
    const auto& g = geometry_;
    return {g.out.channels, g.kernel, g.stride, g.padding, g.dilation, g.groups, bias_ > 0};
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& cache) const {
    if (in_tiles(x.cols())) return tiled().apply(theta.data(), bias(theta), x, y);
    geometry_.template apply<S>(theta.data(), x, y, cache);
    detail::add_channel_bias<S>(theta.tail(bias_), geometry_.out.pixels(), y);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0)
      detail::add_channel_bias_gradient<S>(y_bar, geometry_.out.pixels(), theta_bar.tail(bias_));
    linear_vjp(theta, x, cache, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache& cache, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (in_tiles(x_dot.cols())) return tiled().apply(theta.data(), nullptr, x_dot, y_dot);
    geometry_.template apply<S>(theta.data(), x_dot, y_dot, cache);
  }
  void jvp_vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& cache, MatIn<S> x_dot, MatIn<S>, MatIn<S> y_bar,
               MatIn<S> y_dot_bar, MatOut<S> x_bar, MatOut<S> x_dot_bar, VecOut<S> theta_bar) const {
    vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
    linear_vjp(theta, x_dot, cache, y_dot_bar, x_dot_bar, theta_bar);
  }

  /// The bias inside theta, or nullptr without one.
  const S* bias(VecIn<S> theta) const { return bias_ > 0 ? theta.data() + geometry_.weight_size() : nullptr; }

 private:
  /// vjp of the convolution alone, without b.
  void linear_vjp(VecIn<S> theta, MatIn<S> x, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
                  VecOut<S> theta_bar) const {
    if (in_tiles(y_bar.cols()))
      return tiled().apply_adjoint(theta.data(), x, y_bar, x_bar,
                                   theta_bar.size() > 0 ? theta_bar.data() : nullptr);
    if (theta_bar.size() > 0) geometry_.template add_weight_gradient<S>(x, y_bar, theta_bar.data(), cache);
    if (x_bar.size() > 0) geometry_.template apply_adjoint<S>(theta.data(), y_bar, x_bar, cache);
  }
  template <class F>
  friend const auto& detail::geometry_of(const F& f);
  bool in_tiles(Index columns) const {
    return detail::conv_path(geometry_, columns) == detail::ConvPath::tiles;
  }
  detail::TiledConv<S, detail::Winograd> tiled() const {
    return {geometry_.in, geometry_.out, geometry_.padding.top, geometry_.padding.left};
  }

  detail::ConvGeometry geometry_;
  Index bias_;  // output channels with bias, 0 without
};

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template class Conv2d<float>;
extern template class Conv2d<double>;
}  // namespace basin
#endif
