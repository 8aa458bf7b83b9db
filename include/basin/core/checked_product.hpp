// The number of entries that a file or a caller asks for, when it may be nonsense.
#pragma once
#include <cstdint>           // std::uint64_t
#include <initializer_list>  // std::initializer_list
#include <limits>            // std::numeric_limits
#include <optional>          // std::optional

#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI::detail {

/// The product of `sizes` (none of them negative; 1 for none), or nothing where it, or the product of those
/// that are not 0, is beyond what an Index holds.
template <class Sizes = std::initializer_list<std::uint64_t>>
std::optional<std::uint64_t> checked_product(const Sizes& sizes) {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  std::uint64_t product = 1;
  bool zero = false;
  for (const auto size : sizes) {
    const auto factor = static_cast<std::uint64_t>(size);
    if (factor == 0)
      zero = true;
    else if (factor > max / product)
      return std::nullopt;
    else
      product *= factor;
  }
  return zero ? 0 : product;
}

}  // namespace basin::detail
