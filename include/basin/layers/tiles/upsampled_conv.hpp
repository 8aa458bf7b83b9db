// Nearest upsampling with the convolution behind it as one layer that never sees the large image.
#pragma once
#include <optional>  // std::optional

#include "basin/core/paths.hpp"               // joins_upsampling
#include "basin/layers/conv2d.hpp"            // Conv2d, add_channel_bias_gradient
#include "basin/layers/conv_geometry.hpp"     // ConvGeometry
#include "basin/layers/tiles/tiled_conv.hpp"  // TiledConv, UpsampledWinograd

namespace basin::inline BASIN_ABI {

template <class S>
class UpsampleNearest;

namespace detail {

/// Nearest upsampling by 2 and the 3 x 3 convolution behind it, from the small image: y = conv(up(x)) + b. A
/// Chain in which the two follow each other works with this.
template <class S>
class UpsampledConv {
 public:
  using Scalar = S;
  using Cache = typename Conv2d<S>::Cache;
  static constexpr const char* name = "UpsampleNearest and Conv2d";
  static constexpr bool broadcasts = true;

  /// nullopt where that would not be faster, or the two do not fit.
  static std::optional<UpsampledConv> join(const UpsampleNearest<S>& up, const Conv2d<S>& conv) {
    const ConvGeometry& g = geometry_of(conv);
    if (up.out_shape() != g.in || !joins_upsampling(g, up.factor(), up.in_shape().pixels()))
      return std::nullopt;
    return UpsampledConv(up, conv);
  }
  Index in_size() const { return in_.size(); }
  Index out_size() const { return conv_.out_size(); }
  Index param_size() const { return conv_.param_size(); }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const {
    tiled().apply(theta.data(), conv_.bias(theta), x, y);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0 && conv_.bias(theta))
      add_channel_bias_gradient<S>(y_bar, conv_.out_shape().pixels(),
                                   theta_bar.tail(conv_.out_shape().channels));
    tiled().apply_adjoint(theta.data(), x, y_bar, x_bar, theta_bar.size() > 0 ? theta_bar.data() : nullptr);
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    tiled().apply(theta.data(), nullptr, x_dot, y_dot);
  }

 private:
  UpsampledConv(const UpsampleNearest<S>& up, const Conv2d<S>& conv) : in_(up.in_shape()), conv_(conv) {}
  TiledConv<S, UpsampledWinograd> tiled() const { return {in_, conv_.out_shape(), 1, 1}; }

  Shape in_;
  Conv2d<S> conv_;
};

}  // namespace detail

/// The two as one where that is faster, else nullopt: a Chain asks so of every two layers that follow each
/// other.
template <class S>
[[nodiscard]] std::optional<detail::UpsampledConv<S>> joined(const UpsampleNearest<S>& up,
                                                             const Conv2d<S>& conv) {
  return detail::UpsampledConv<S>::join(up, conv);
}

}  // namespace basin
