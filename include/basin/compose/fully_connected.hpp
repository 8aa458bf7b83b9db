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

/// The type of fully_connected's network.
template <class S, class Phi = LeakyRelu>
using FullyConnected =
    Chain<Dense<S>, Pointwise<S, Phi>, Stack<Chain<Dense<S>, Pointwise<S, Phi>>>, Dense<S>>;

/// d -> width -> ... -> width -> d with `hidden` hidden layers, each followed by phi, and a linear last
/// layer: hidden + 1 weight matrices, all with bias. "7 layers, 128 hidden neurons" is hidden = 7, width =
/// 128. Throws unless d, width >= 1 and hidden >= 2.
template <class S, class Phi = LeakyRelu>
[[nodiscard]] FullyConnected<S, Phi> fully_connected(Index d, Index width, Index hidden, Phi phi = {}) {
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

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template FullyConnected<float> fully_connected<float, LeakyRelu>(Index, Index, Index, LeakyRelu);
extern template FullyConnected<double> fully_connected<double, LeakyRelu>(Index, Index, Index, LeakyRelu);
}  // namespace basin
#endif
