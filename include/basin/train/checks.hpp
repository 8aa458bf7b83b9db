// Checks of numbers that options and arguments share.
#pragma once
#include <cmath>  // std::isfinite

#include "basin/core/error.hpp"  // require

namespace basin::inline BASIN_ABI::detail {

inline void require_finite(const char* who, const char* what, double value) {
  require(std::isfinite(value), who, ": ", what, " must be finite, got ", value);
}
inline void require_nonnegative(const char* who, const char* what, double value) {
  require(std::isfinite(value) && value >= 0, who, ": ", what, " must be finite and >= 0, got ", value);
}
/// In [0, 1).
inline void require_below_one(const char* who, const char* what, double value) {
  require(value >= 0 && value < 1, who, ": ", what, " must be in [0, 1), got ", value);
}
/// In [0, 1].
inline void require_fraction(const char* who, const char* what, double value) {
  require(value >= 0 && value <= 1, who, ": ", what, " must be in [0, 1], got ", value);
}

}  // namespace basin::detail
