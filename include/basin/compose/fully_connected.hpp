// The fully connected network of the paper's experiments.
#pragma once
#include "basin/compose/chain.hpp"      // Chain
#include "basin/compose/stack.hpp"      // Stack
#include "basin/core/checked_size.hpp"  // checked_size, option_limit
#include "basin/core/error.hpp"         // require
#include "basin/layers/dense.hpp"       // Dense
#include "basin/layers/maps.hpp"        // LeakyRelu
#include "basin/layers/pointwise.hpp"   // Pointwise

namespace basin::inline BASIN_ABI {

/// d -> width -> ... -> width -> d with `hidden` hidden layers, each followed by phi, and a linear last
/// layer: hidden + 1 weight matrices, all with bias. "7 layers, 128 hidden neurons" is hidden = 7, width =
/// 128. Throws unless d, width >= 1 and hidden >= 2.
template <class S, class Phi = LeakyRelu>
[[nodiscard]] auto fully_connected(Index d, Index width, Index hidden, Phi phi = {}) {
  require(d >= 1, "fully_connected: d must be >= 1, got ", d);
  require(width >= 1, "fully_connected: width must be >= 1, got ", width);
  require(hidden >= 2, "fully_connected: hidden must be >= 2, got ", hidden);
  require(d < detail::option_limit && width < detail::option_limit,
          "fully_connected: d and width must be below 2^31, got ", d, " and ", width);
  detail::checked_size({2 * width + 1, d + 1}, "fully_connected: d = ", d, " and width = ", width,
                       " make too many parameters");
  detail::checked_size({hidden - 1, width, width + 1}, "fully_connected: hidden = ", hidden,
                       " layers of width ", width, " have too many parameters");
  const Pointwise<S, Phi> act(width, phi);
  return Chain(Dense<S>(d, width), act, Stack(Chain(Dense<S>(width, width), act), hidden - 1),
               Dense<S>(width, d));
}

/// The type of fully_connected's network.
template <class S, class Phi = LeakyRelu>
using FullyConnected = decltype(fully_connected<S, Phi>(1, 1, 2));

}  // namespace basin
