// Transposed convolution: the adjoint of Conv2d, with an output padding where the stride leaves the size
// open.
#pragma once
#include <algorithm>  // std::max
#include <vector>     // std::vector

#include "basin/core/checked_size.hpp"     // require_output
#include "basin/core/error.hpp"            // require
#include "basin/core/layer.hpp"            // Layer
#include "basin/core/param_blocks.hpp"     // ParamBlock, param_blocks
#include "basin/layers/conv2d.hpp"         // conv_blocks, add_channel_bias
#include "basin/layers/conv_geometry.hpp"  // ConvGeometry, require_channels, require_countable
#include "basin/layers/window.hpp"         // Size2, Padding, geometry_of

namespace basin::inline BASIN_ABI {

/// What PyTorch's ConvTranspose2d is given: kernel, stride and the rest are those of the convolution whose
/// adjoint it is.
struct ConvTranspose2dOptions {
  Index out_channels = 1;
  Size2 kernel = {3, 3};
  Size2 stride = {1, 1};
  Padding padding = {};           // rows and columns taken off the output's sides
  Size2 output_padding = {0, 0};  // rows and columns added at the bottom and right of the output
  Size2 dilation = {1, 1};
  Index groups = 1;
  bool bias = true;
};

namespace detail {

/// The convolution whose adjoint is the layer: it maps the layer's outputs back to its inputs.
inline ConvGeometry transposed_geometry(const Shape& in, const ConvTranspose2dOptions& o) {
  require_channels("ConvTranspose2d", in, o.out_channels, o.groups);
  require_window("ConvTranspose2d", o.kernel, o.stride, o.padding, o.dilation);
  require(o.output_padding.height >= 0 && o.output_padding.width >= 0 &&
              o.output_padding.height < std::max(o.stride.height, o.dilation.height) &&
              o.output_padding.width < std::max(o.stride.width, o.dilation.width),
          "ConvTranspose2d: output_padding must be >= 0 and below stride or dilation, got ", o.output_padding,
          " with stride ", o.stride, " and dilation ", o.dilation);
  const Index height = (in.height - 1) * o.stride.height - o.padding.top - o.padding.bottom +
                       o.dilation.height * (o.kernel.height - 1) + o.output_padding.height + 1;
  const Index width = (in.width - 1) * o.stride.width - o.padding.left - o.padding.right +
                      o.dilation.width * (o.kernel.width - 1) + o.output_padding.width + 1;
  require(height >= 1 && width >= 1, "ConvTranspose2d: padding leaves an output of ", height, " x ", width,
          ", expected >= 1 x 1");
  const Shape out{o.out_channels, height, width};
  require_output("ConvTranspose2d", "out_channels, kernel, stride and dilation", out);
  const ConvGeometry geometry{out, in, o.kernel, o.stride, o.dilation, o.padding, o.groups};
  require_countable("ConvTranspose2d", geometry);
  return geometry;
}

}  // namespace detail

/// y = conv'(x) + b: each input pixel adds its multiple of the kernel to the output. Output height =
/// (height - 1) stride - top - bottom + dilation (kernel - 1) + output_padding + 1. theta = [w; b],
/// w[c][o][i][j] in PyTorch's order (input channel, output channel of the group, kernel row, column).
template <class S>
class ConvTranspose2d {
 public:
  using Scalar = S;
  using Cache = detail::ConvGeometry::Workspace<S>;
  static constexpr const char* name = "ConvTranspose2d";
  static constexpr bool broadcasts = true;

  /// Throws if a size is below 1, groups do not divide the channels, output_padding is not below stride or
  /// dilation, or padding eats the whole output.
  ConvTranspose2d(Shape in, ConvTranspose2dOptions options)
      : geometry_(detail::transposed_geometry(in, options)),
        output_padding_(options.output_padding),
        bias_(options.bias ? options.out_channels : 0) {}

  Index in_size() const { return geometry_.out.size(); }
  Index out_size() const { return geometry_.in.size(); }
  Index param_size() const { return geometry_.weight_size() + bias_; }
  Shape in_shape() const { return geometry_.out; }
  Shape out_shape() const { return geometry_.in; }
  Index multiply_adds() const { return geometry_.multiply_adds(); }
  Index cache_bytes(Index columns) const { return geometry_.template workspace_bytes<S>(columns); }
  std::vector<ParamBlock> param_blocks() const {
    return detail::conv_blocks(geometry_.out.channels, geometry_.in.channels / geometry_.groups,
                               geometry_.kernel, bias_);
  }
  /// What the layer was made with.
  ConvTranspose2dOptions options() const {
    const auto& g = geometry_;
    return {g.in.channels, g.kernel, g.stride, g.padding, output_padding_, g.dilation, g.groups, bias_ > 0};
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& cache) const {
    geometry_.template apply_adjoint<S>(theta.data(), x, y, cache);
    detail::add_channel_bias<S>(theta.tail(bias_), geometry_.in.pixels(), y);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    linear_vjp(theta, x, cache, y_bar, x_bar, theta_bar);
    if (theta_bar.size() > 0)
      detail::add_channel_bias_gradient<S>(y_bar, geometry_.in.pixels(), theta_bar.tail(bias_));
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache& cache, MatIn<S> x_dot, MatOut<S> y_dot) const {
    geometry_.template apply_adjoint<S>(theta.data(), x_dot, y_dot, cache);
  }
  void jvp_vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& cache, MatIn<S> x_dot, MatIn<S>, MatIn<S> y_bar,
               MatIn<S> y_dot_bar, MatOut<S> x_bar, MatOut<S> x_dot_bar, VecOut<S> theta_bar) const {
    vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
    linear_vjp(theta, x_dot, cache, y_dot_bar, x_dot_bar, theta_bar);
  }

 private:
  /// vjp of the adjoint convolution alone, without b.
  void linear_vjp(VecIn<S> theta, MatIn<S> x, Cache& cache, MatIn<S> y_bar, MatOut<S> x_bar,
                  VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0)  // <y_bar, conv' x> = <conv y_bar, x>
      geometry_.template add_weight_gradient<S>(y_bar, x, theta_bar.data(), cache);
    if (x_bar.size() > 0) geometry_.template apply<S>(theta.data(), y_bar, x_bar, cache);
  }
  template <class F>
  friend const auto& detail::geometry_of(const F& f);

  detail::ConvGeometry geometry_;  // of the convolution of which the layer is the adjoint
  Size2 output_padding_;
  Index bias_;  // output channels with bias, 0 without
};

}  // namespace basin
