// The fully connected network with its objective, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/compose/fully_connected.hpp"  // FullyConnected
#include "basin/core/layer_calls.hpp"         // TypedLayerCalls
#include "basin/core/model.hpp"               // Model
#include "basin/train/objective.hpp"          // Objective

namespace basin::inline BASIN_ABI {

template FullyConnected<float> fully_connected<float, LeakyRelu>(Index, Index, Index, LeakyRelu);
template FullyConnected<double> fully_connected<double, LeakyRelu>(Index, Index, Index, LeakyRelu);
template struct Model<FullyConnected<float>>;
template struct Model<FullyConnected<double>>;
template class Objective<FullyConnected<float>>;
template class Objective<FullyConnected<double>>;
template struct detail::TypedLayerCalls<FullyConnected<float>>;
template struct detail::TypedLayerCalls<FullyConnected<double>>;

}  // namespace basin
