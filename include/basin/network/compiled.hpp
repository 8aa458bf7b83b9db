// What basin::compiled holds of a Sequence (basin/instantiate.hpp), for network/sequence.hpp to end with.
#pragma once
#include "basin/core/layer_calls.hpp"  // TypedLayerCalls
#include "basin/core/model.hpp"        // Model
#include "basin/network/sequence.hpp"  // Sequence
#include "basin/train/objective.hpp"   // Objective

#ifdef BASIN_COMPILED
namespace basin::inline BASIN_ABI {

extern template struct Model<Sequence<float>>;
extern template struct Model<Sequence<double>>;
extern template class Objective<Sequence<float>>;
extern template class Objective<Sequence<double>>;
extern template struct detail::TypedLayerCalls<Sequence<float>>;
extern template struct detail::TypedLayerCalls<Sequence<double>>;

}  // namespace basin
#endif
