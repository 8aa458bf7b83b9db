// Layers with their parameters, put together into one network.
#pragma once
#include <utility>  // std::move
#include <vector>   // std::vector

#include "basin/core/model.hpp"         // Model
#include "basin/network/any_layer.hpp"  // AnyLayer
#include "basin/network/sequence.hpp"   // Sequence

namespace basin::inline BASIN_ABI::detail {

/// A layer with its parameters.
template <class S>
struct LayerPart {
  AnyLayer<S> f;
  Vec<S> theta;
};

template <class S>
std::vector<AnyLayer<S>> layers_of(const std::vector<LayerPart<S>>& parts) {
  std::vector<AnyLayer<S>> layers;
  layers.reserve(parts.size());
  for (const LayerPart<S>& part : parts) layers.push_back(part.f);
  return layers;
}

/// [theta_1; ...; theta_n], the parameters of what consists of the parts.
template <class S>
Vec<S> joined_theta(const std::vector<LayerPart<S>>& parts) {
  Index size = 0;
  for (const LayerPart<S>& part : parts) size += part.theta.size();
  Vec<S> theta(size);
  Index offset = 0;
  for (const LayerPart<S>& part : parts) {
    theta.segment(offset, part.theta.size()) = part.theta;
    offset += part.theta.size();
  }
  return theta;
}

/// The parts one after the other.
template <class S>
Model<Sequence<S>> in_sequence(const std::vector<LayerPart<S>>& parts) {
  return {Sequence<S>(layers_of(parts)), joined_theta(parts)};
}

}  // namespace basin::detail
