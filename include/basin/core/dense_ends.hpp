// Networks that begin and end with a dense layer.
#pragma once
#include "basin/core/config.hpp"  // BASIN_ABI

namespace basin::inline BASIN_ABI::detail {

/// What range_map needs of a network F whose first and last layers are dense; a type without these has
/// others:
///
///     first(f), last(f)      the Dense layers; their parameters come first and last in theta
///     resized(f, in, out)    f with `in` inputs of the first layer and `out` outputs of the last, which gets
///                            a bias
///
/// All are static.
template <class F>
struct DenseEnds {};

}  // namespace basin::detail
