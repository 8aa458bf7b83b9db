// The U-Net: an autoencoder whose skips carry every resolution past the ones below it.
// Page: docs/paper/figure_1b.md.
#pragma once
#include "basin/compose/chain.hpp"     // Chain
#include "basin/compose/concat.hpp"    // Concat
#include "basin/core/error.hpp"        // require
#include "basin/core/shape.hpp"        // Shape
#include "basin/layers/conv2d.hpp"     // Conv2d
#include "basin/layers/maps.hpp"       // LeakyRelu
#include "basin/layers/pointwise.hpp"  // Pointwise
#include "basin/layers/pool.hpp"       // MaxPool2d
#include "basin/layers/upsample.hpp"   // UpsampleNearest

namespace basin::inline BASIN_ABI {

namespace detail {

template <class S>
Conv2d<S> conv3x3(const Shape& in, Index out_channels) {
  return Conv2d<S>(in, {.out_channels = out_channels, .padding = Padding::all(1)});
}

/// Two 3x3 convolutions to `channels`, each with phi behind it.
template <class S, class Phi>
auto convolved_twice(const Shape& in, Index channels, Phi phi) {
  const Shape out{channels, in.height, in.width};
  const Pointwise<S, Phi> act(out, phi);
  return Chain(conv3x3<S>(in, channels), act, conv3x3<S>(out, channels), act);
}

/// The levels from this resolution down: in -> `channels`, at the same resolution.
template <class S, int Levels, int Skips, class Phi>
auto u_net_levels(const Shape& in, Index channels, Phi phi) {
  if constexpr (Levels == 1) {
    return convolved_twice<S>(in, channels, phi);
  } else {
    const Shape here{channels, in.height, in.width};
    const Shape below{channels, in.height / 2, in.width / 2};
    const Chain lower(MaxPool2d<S>(here), u_net_levels<S, Levels - 1, Skips>(below, 2 * channels, phi),
                      UpsampleNearest<S>({2 * channels, below.height, below.width}));
    if constexpr (Levels - 1 <= Skips)
      return Chain(convolved_twice<S>(in, channels, phi), Concat(lower),
                   convolved_twice<S>({3 * channels, in.height, in.width}, channels, phi));
    else
      return Chain(convolved_twice<S>(in, channels, phi), lower,
                   convolved_twice<S>({2 * channels, in.height, in.width}, channels, phi));
  }
}

}  // namespace detail

/// An autoencoder of images with the skips of a U-Net (Ronneberger, Fischer, Brox, 2015), here with padding,
/// so that skips need no cropping, and nearest upsampling. With c = `channels`, three levels are
///
///     image - c - c -------------------- [skip; up] - c - c - image     full resolution
///               pool - 2c - 2c --- [skip; up] - 2c - 2c - up            a half
///                        pool - 4c - 4c - up                            a quarter
///
/// where "-" is a 3x3 convolution with padding 1 and bias, phi behind all but the last, "pool" a maximum over
/// 2x2 and "up" nearest upsampling by 2. A skip is [x; f(x)] (Concat), so that c and 2c channels meet as 3c.
/// theta lists the convolutions from left to right.
///
/// `Levels` is the number of resolutions, with 4 Levels - 1 convolutions. `Skips` of the Levels - 1 skips are
/// there, those of the lowest resolutions: 0 makes the autoencoder of the same convolutions that has none.
/// Throws unless channels >= 1 and the image has sides that are multiples of 2^(Levels - 1).
template <class S, int Levels = 3, int Skips = Levels - 1, class Phi = LeakyRelu>
[[nodiscard]] auto u_net(const Shape& image, Index channels, Phi phi = {}) {
  static_assert(Levels >= 1, "u_net: give it at least one level");
  static_assert(Skips >= 0 && Skips < Levels, "u_net: there can be 0 to Levels - 1 skips");
  constexpr Index factor = Index(1) << (Levels - 1);
  require_shape(image, "u_net");
  constexpr Index most = (Index(1) << 20) >> Levels;  // the lower levels have several times as many
  require(channels >= 1, "u_net: channels must be >= 1, got ", channels);
  require(channels <= most, "u_net: channels must be at most ", most, " for ", Levels, " levels, got ",
          channels);
  require(image.height % factor == 0 && image.width % factor == 0,
          "u_net: the sides of the image must be multiples of ", factor, " for ", Levels, " levels, got ",
          image);
  return Chain(detail::u_net_levels<S, Levels, Skips>(image, channels, phi),
               detail::conv3x3<S>({channels, image.height, image.width}, image.channels));
}

/// The type of u_net's network.
template <class S, int Levels = 3, int Skips = Levels - 1, class Phi = LeakyRelu>
using UNet = decltype(u_net<S, Levels, Skips, Phi>(Shape{}, 1));

}  // namespace basin
