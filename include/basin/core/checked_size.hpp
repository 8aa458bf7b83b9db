// Sizes that come from options: refused where 64 bits would not hold what is computed with them.
#pragma once
#include <initializer_list>  // std::initializer_list

#include "basin/core/error.hpp"  // require
#include "basin/core/shape.hpp"  // Shape
#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI::detail {

/// Options that count pixels or layers are below this, so that the product of two fits.
inline constexpr Index option_limit = Index(1) << 31;
/// Sizes are below this, so that the sum of two fits.
inline constexpr Index size_limit = Index(1) << 62;

/// The product of `factors`, none of them negative. Throws the message, followed by what is wrong with it,
/// unless it is below 2^62.
template <class... Parts>
Index checked_size(std::initializer_list<Index> factors, const Parts&... message) {
  Index product = 1;
  for (const Index factor : factors) {
    require(factor == 0 || product <= (size_limit - 1) / factor, message..., ", expected fewer than 2^62");
    product *= factor;
  }
  return product;
}

/// The sum of `terms`, each from 0 to 2^62. Throws the message, followed by what is wrong with it, unless it
/// is below 2^62.
template <class... Parts>
Index checked_sum(std::initializer_list<Index> terms, const Parts&... message) {
  Index sum = 0;
  for (const Index term : terms) {
    sum += term;
    require(sum < size_limit, message..., ", expected fewer than 2^62");
  }
  return sum;
}

/// Throws unless the sides of an output are at most 2^20, as those of inputs; `options` are what it comes
/// from.
inline void require_output(const char* who, const char* options, const Shape& out) {
  constexpr Index most = Index(1) << 20;
  require(out.channels <= most && out.height <= most && out.width <= most, who, ": ", options,
          " make an output of ", out, ", every side must be at most 2^20");
}

}  // namespace basin::detail
