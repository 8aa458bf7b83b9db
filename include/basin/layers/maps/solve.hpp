// The numerical inverse of a monotone function.
#pragma once
#include <cstdint>  // std::int64_t
#include <limits>   // std::numeric_limits
#include <numeric>  // std::midpoint

#include "basin/core/bit_cast.hpp"  // bit_cast
#include "basin/core/config.hpp"    // the checks of flags and macros

namespace basin::inline BASIN_ABI::detail {

/// The place of x among all doubles: 0 for 0, 1 for the next larger one, ... and its inverse.
inline std::int64_t order_of(double x) {
  const auto bits = bit_cast<std::int64_t>(x);
  return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
}
inline double at_order(std::int64_t k) {
  return bit_cast<double>(k < 0 ? std::numeric_limits<std::int64_t>::min() - k : k);
}

/// The x between `lo` and `hi` with f(x) nearest to y, where f(lo) <= y <= f(hi) and f is monotone (lo > hi
/// is fine). Bisection over the doubles themselves: at most 64 steps to full precision at any scale, whether
/// or not f' vanishes.
template <class F>
double solve_monotone(const F& f, double y, double lo, double hi) {
  std::int64_t a = order_of(lo), b = order_of(hi);
  while (a - b > 1 || b - a > 1) {
    const std::int64_t mid = std::midpoint(a, b);
    (f(at_order(mid)) < y ? a : b) = mid;
  }
  const double below = at_order(a), above = at_order(b);
  return y - f(below) < f(above) - y ? below : above;
}

}  // namespace basin::detail
