// The layers that most networks are made of, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/layers/maps.hpp"              // LeakyRelu, Relu, Tanh
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/tiles/tiled_conv.hpp"  // TiledConv
#include "basin/layers/upsample.hpp"          // UpsampleNearest

namespace basin::inline BASIN_ABI {

template class Dense<float>;
template class Dense<double>;
template class Conv2d<float>;
template class Conv2d<double>;
template class UpsampleNearest<float>;
template class UpsampleNearest<double>;
template class Pointwise<float, LeakyRelu>;
template class Pointwise<double, LeakyRelu>;
template class Pointwise<float, Relu>;
template class Pointwise<double, Relu>;
template class Pointwise<float, Tanh>;
template class Pointwise<double, Tanh>;

namespace detail {
template class TiledConv<float, Winograd>;
template class TiledConv<double, Winograd>;
}  // namespace detail

}  // namespace basin
