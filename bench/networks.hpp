// The networks of works.hpp in basin, and their data as basin's vectors.
#pragma once
#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/u_net.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/network/erased.hpp"
#include "works.hpp"

namespace bench {

using namespace basin;

template <class S>
Conv2d<S> conv(Index side, Index in, Index out, Index stride = 1) {
  return Conv2d<S>({in, side, side}, {.out_channels = out, .stride = stride, .padding = Padding::all(1)});
}
/// A convolution and the leaky ReLU behind it.
template <class S>
auto block(Index side, Index in, Index out, Index stride = 1) {
  const Conv2d<S> f = conv<S>(side, in, out, stride);
  return Chain(f, Pointwise<S, LeakyRelu>(f.out_shape()));
}
template <class S>
auto encoder(Index side, Index c) {
  return Chain(block<S>(side, 3, c, 2), block<S>(side / 2, c, c, 2), block<S>(side / 4, c, c, 2),
               block<S>(side / 8, c, c, 2), block<S>(side / 16, c, c, 2));
}
template <class S>
auto decoder(Index side, Index c) {
  const auto up = [&](Index at) { return UpsampleNearest<S>({c, side / at, side / at}); };
  const auto behind = [&](Index at) { return Pointwise<S, LeakyRelu>(Shape{c, side / at, side / at}); };
  return Chain(up(32), conv<S>(side / 16, c, c), behind(16), up(16), conv<S>(side / 8, c, c), behind(8),
               up(8), conv<S>(side / 4, c, c), behind(4), up(4), conv<S>(side / 2, c, c), behind(2), up(2),
               conv<S>(side, c, 3));
}
template <class S>
auto autoencoder(const ImageNet& net) {
  return Chain(encoder<S>(net.side, net.channels), decoder<S>(net.side, net.channels));
}
template <class S>
UNet<S> unet(const ImageNet& net) {
  return u_net<S>({3, net.side, net.side}, net.channels);
}
template <class S>
auto fully_connected_net(const FullyConnectedNet& net) {
  return fully_connected<S>(net.d, net.width, net.hidden);
}
inline Conv2d<float> filter(const ChainNet& net, Index in, Index out) {
  return {{in, net.side, net.side}, {.out_channels = out, .padding = Padding::all(1), .bias = false}};
}
inline auto single_filters(const ChainNet& net) { return Stack(filter(net, 1, 1), net.depth); }
inline auto skipped_filters(const ChainNet& net) {
  return Chain(Stack(Residual(Stack(filter(net, 1, 1), net.skip)), net.blocks()),
               Stack(filter(net, 1, 1), net.depth - net.blocks() * net.skip));
}
inline auto many_filters(const ChainNet& net) {
  const Index f = net.filters;
  return Chain(filter(net, 1, f), Stack(filter(net, f, f), net.depth - 2), filter(net, f, 1));
}

template <class S>
Vec<S> as_vector(const std::vector<float>& v) {
  return Eigen::Map<const Vec<float>>(v.data(), static_cast<Index>(v.size())).cast<S>();
}
template <class S>
Mat<S> as_columns(const std::vector<float>& v, Index rows) {
  return Eigen::Map<const Mat<float>>(v.data(), rows, static_cast<Index>(v.size()) / rows).cast<S>();
}
}  // namespace bench
