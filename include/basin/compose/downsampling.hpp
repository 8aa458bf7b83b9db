// The paper's downsampling convolutional autoencoders D1 and D2 (Supplement G), linear and without biases,
// and D1 with activations and biases (Figures 5, 6 and 12).
// Pages: docs/paper/figure_5.md, docs/paper/figure_7.md, docs/paper/figure_8.md.
#pragma once
#include "basin/compose/chain.hpp"      // Chain
#include "basin/compose/stack.hpp"      // Stack
#include "basin/core/checked_size.hpp"  // checked_size
#include "basin/core/error.hpp"         // require
#include "basin/core/model.hpp"         // Model
#include "basin/layers/conv2d.hpp"      // Conv2d
#include "basin/layers/maps.hpp"        // LeakyRelu
#include "basin/layers/pointwise.hpp"   // Pointwise
#include "basin/layers/upsample.hpp"    // UpsampleNearest

namespace basin::inline BASIN_ABI {

/// The encoder of the linear D1: five convolutions of stride 2.
template <class S>
using LinearD1Encoder = Chain<Conv2d<S>, Conv2d<S>, Conv2d<S>, Conv2d<S>, Conv2d<S>>;
/// Its decoder: upsampling by 2 and a convolution, five times.
template <class S>
using LinearD1Decoder =
    Chain<UpsampleNearest<S>, Conv2d<S>, UpsampleNearest<S>, Conv2d<S>, UpsampleNearest<S>, Conv2d<S>,
          UpsampleNearest<S>, Conv2d<S>, UpsampleNearest<S>, Conv2d<S>>;
/// The linear D1, see downsampling_d1.
template <class S>
using LinearD1 = Chain<LinearD1Encoder<S>, LinearD1Decoder<S>>;

namespace detail {

inline void require_filters(const char* who, Index filters) {
  require(filters >= 1 && filters <= Index(1) << 20, who, ": filters must be from 1 to 2^20, got ", filters);
}

/// The layers of D1 with `filters` channels between its convolutions.
template <class S>
struct D1Layers {
  Shape image;
  Index filters;
  bool bias;

  /// From `side` to side / 2 pixels.
  Conv2d<S> down(Index side) const {
    return Conv2d<S>({side == 32 ? image.channels : filters, side, side},
                     {.out_channels = filters, .stride = 2, .padding = Padding::all(1), .bias = bias});
  }
  UpsampleNearest<S> up(Index side) const { return UpsampleNearest<S>({filters, side, side}); }
  Conv2d<S> conv(Index side) const {
    return Conv2d<S>({filters, side, side},
                     {.out_channels = channels_after(side), .padding = Padding::all(1), .bias = bias});
  }
  /// Channels behind the decoder's convolution on `side` pixels.
  Index channels_after(Index side) const { return side == 32 ? image.channels : filters; }
};

template <class S>
D1Layers<S> d1_layers(const Shape& image, Index filters, bool bias) {
  require(image.height == 32 && image.width == 32, "downsampling_d1: image must be of 32 x 32 pixels, got ",
          image);
  require_filters("downsampling_d1", filters);
  return {image, filters, bias};
}

}  // namespace detail

/// D1 (Figure 7): five 3x3 convolutions of stride 2 take 32 x 32 pixels to 1 x 1 with `filters` channels,
/// then five times nearest upsampling by 2 and a 3x3 convolution lead back. Padding 1, `filters` channels in
/// between. All of the image passes through `filters` numbers: A = D E has rank <= filters. The drawing of
/// the paper gives neither channels nor kernel sizes; this is our reading. Throws unless `image` is 32 x 32
/// and filters >= 1.
template <class S>
[[nodiscard]] LinearD1<S> downsampling_d1(const Shape& image, Index filters) {
  const auto l = detail::d1_layers<S>(image, filters, false);
  return LinearD1<S>(LinearD1Encoder<S>(l.down(32), l.down(16), l.down(8), l.down(4), l.down(2)),
                     LinearD1Decoder<S>(l.up(1), l.conv(2), l.up(2), l.conv(4), l.up(4), l.conv(8), l.up(8),
                                        l.conv(16), l.up(16), l.conv(32)));
}

/// The encoder of D1 with phi behind each of its convolutions.
template <class S, class Phi = LeakyRelu>
using NonlinearD1Encoder =
    Chain<Conv2d<S>, Pointwise<S, Phi>, Conv2d<S>, Pointwise<S, Phi>, Conv2d<S>, Pointwise<S, Phi>, Conv2d<S>,
          Pointwise<S, Phi>, Conv2d<S>, Pointwise<S, Phi>>;
/// Its decoder, the same.
template <class S, class Phi = LeakyRelu>
using NonlinearD1Decoder =
    Chain<UpsampleNearest<S>, Conv2d<S>, Pointwise<S, Phi>, UpsampleNearest<S>, Conv2d<S>, Pointwise<S, Phi>,
          UpsampleNearest<S>, Conv2d<S>, Pointwise<S, Phi>, UpsampleNearest<S>, Conv2d<S>, Pointwise<S, Phi>,
          UpsampleNearest<S>, Conv2d<S>, Pointwise<S, Phi>>;
/// D1 with phi behind each convolution, see downsampling_d1.
template <class S, class Phi = LeakyRelu>
using NonlinearD1 = Chain<NonlinearD1Encoder<S, Phi>, NonlinearD1Decoder<S, Phi>>;

/// D1 with phi after each of its ten convolutions, the last one too, and with biases unless `bias` is false:
/// the network of Figures 5, 6 and 12 ("modified with Leaky ReLU activations after each convolutional
/// layer"). Biases are our choice; without them a leaky ReLU network is positively homogeneous. The Jacobian
/// has rank <= filters. Throws as the linear one does.
template <class S, class Phi>
[[nodiscard]] NonlinearD1<S, Phi> downsampling_d1(const Shape& image, Index filters, Phi phi,
                                                  bool bias = true) {
  const auto l = detail::d1_layers<S>(image, filters, bias);
  const auto act = [&](Index side, Index channels) {
    return Pointwise<S, Phi>(Shape{channels, side, side}, phi);
  };
  const auto down_act = [&](Index side) { return act(side, filters); };
  const auto up_act = [&](Index side) { return act(side, l.channels_after(side)); };
  return NonlinearD1<S, Phi>(
      NonlinearD1Encoder<S, Phi>(l.down(32), down_act(16), l.down(16), down_act(8), l.down(8), down_act(4),
                                 l.down(4), down_act(2), l.down(2), down_act(1)),
      NonlinearD1Decoder<S, Phi>(l.up(1), l.conv(2), up_act(2), l.up(2), l.conv(4), up_act(4), l.up(4),
                                 l.conv(8), up_act(8), l.up(8), l.conv(16), up_act(16), l.up(16), l.conv(32),
                                 up_act(32)));
}

/// The two halves of a Chain of an encoder and a decoder, each with its part of theta. Throws, as decoder_of
/// does, if theta does not have the size of f.
template <Layer Encoder, Layer Decoder>
[[nodiscard]] Model<Encoder> encoder_of(const Model<Chain<Encoder, Decoder>>& f) {
  f.require_valid("encoder_of");
  const auto& e = f.layer.template child<0>();
  return {e, f.theta.head(e.param_size())};
}
/// Decoder and its part of theta of a model decoder o encoder. Throws if theta does not fit.
template <Layer Encoder, Layer Decoder>
[[nodiscard]] Model<Decoder> decoder_of(const Model<Chain<Encoder, Decoder>>& f) {
  f.require_valid("decoder_of");
  const auto& d = f.layer.template child<1>();
  return {d, f.theta.tail(d.param_size())};
}

/// D2, see downsampling_d2: one convolution down, a stack of them, upsampling, one convolution.
template <class S>
using LinearD2 = Chain<Conv2d<S>, Stack<Conv2d<S>>, UpsampleNearest<S>, Conv2d<S>>;

/// D2 (Figure 8): a 3x3 convolution of stride s = side / 4 takes the image to 4 x 4 pixels, `depth`
/// convolutions 3x3 stay there, nearest upsampling by s and a last 3x3 convolution lead back: depth + 2
/// layers, 29 in the paper. Padding 1, `filters` channels in between. Channels and kernels are our reading of
/// a lost drawing. The operator has rank <= 16 filters. Throws unless the image is square, its side a
/// multiple of 4 and >= 8, and filters, depth >= 1.
template <class S>
[[nodiscard]] LinearD2<S> downsampling_d2(const Shape& image, Index filters, Index depth = 27) {
  require(image.height == image.width && image.height >= 8 && image.height % 4 == 0,
          "downsampling_d2: image must be square with a side of 8, 12, 16, ..., got ", image);
  detail::require_filters("downsampling_d2", filters);
  require(depth >= 1, "downsampling_d2: depth must be >= 1, got ", depth);
  detail::checked_size({depth, Index(9 * 16), filters, filters}, "downsampling_d2: depth = ", depth, " with ",
                       filters, " filters makes too many multiply-adds");
  const Index stride = image.height / 4;
  const Shape small{filters, 4, 4};
  return LinearD2<S>(
      Conv2d<S>(image,
                {.out_channels = filters, .stride = stride, .padding = Padding::all(1), .bias = false}),
      Stack(Conv2d<S>(small, {.out_channels = filters, .padding = Padding::all(1), .bias = false}), depth),
      UpsampleNearest<S>(small, stride),
      Conv2d<S>({filters, image.height, image.width},
                {.out_channels = image.channels, .padding = Padding::all(1), .bias = false}));
}

/// The D2 with one filter that computes what f does if all filters of f are equal: kernels are averaged over
/// the filters they lead to and added over the filters they come from. From equal initial values the filters
/// do stay equal, since kernels of a layer that differ only by filter then have the same gradient: such a D2
/// is, whatever its width, one filter. If the filters of f differ, so do the two functions; compare them to
/// know.
template <class S>
[[nodiscard]] Model<LinearD2<S>> one_filter(const Model<LinearD2<S>>& f) {
  f.require_valid("one_filter");
  const Shape image = f.layer.template child<0>().in_shape();
  const Index filters = f.layer.template child<0>().out_shape().channels;
  const Index depth = f.layer.template child<1>().depth();
  const LinearD2<S> thin = downsampling_d2<S>(image, 1, depth);
  Vec<S> theta = Vec<S>::Zero(thin.param_size());
  Index from = 0, to = 0;
  for (Index layer = 0; layer < depth + 2; ++layer) {
    const bool first = layer == 0, last = layer == depth + 1;
    const Index outputs = last ? image.channels : filters, inputs = first ? image.channels : filters;
    for (Index o = 0; o < outputs; ++o)
      for (Index c = 0; c < inputs; ++c, from += 9)
        theta.segment(to + 9 * ((last ? o : 0) * (first ? inputs : 1) + (first ? c : 0)), 9) +=
            f.theta.segment(from, 9) / static_cast<S>(last ? 1 : filters);
    to += 9 * (first || last ? image.channels : 1);
  }
  return {thin, theta};
}

}  // namespace basin
