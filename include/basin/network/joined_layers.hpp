// Two layers that follow each other in a Sequence and run faster as one: the pairs for which there is a
// function joined.
#pragma once
#include <optional>  // std::optional

#include "basin/layers/conv2d.hpp"      // Conv2d
#include "basin/layers/upsample.hpp"    // UpsampleNearest, joined
#include "basin/network/any_layer.hpp"  // AnyLayer

namespace basin::inline BASIN_ABI::detail {

/// What joined(f, g) gives for the layers that f and g are; nullopt if there is no such function.
template <class S>
std::optional<AnyLayer<S>> joined_at_run_time(const AnyLayer<S>& f, const AnyLayer<S>& g) {
  const auto* up = f.template as<UpsampleNearest<S>>();
  const auto* conv = g.template as<Conv2d<S>>();
  if (up && conv)
    if (const auto both = joined(*up, *conv)) return AnyLayer<S>(*both);
  return std::nullopt;
}

}  // namespace basin::detail
