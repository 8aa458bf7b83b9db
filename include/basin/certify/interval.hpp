// Intervals of real numbers with ends in double, rounded outward.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::abs
#include <limits>     // std::numeric_limits
#include <ostream>    // std::ostream

#include "basin/certify/ieee.hpp"  // what is assumed of double

namespace basin::inline BASIN_ABI {

namespace detail {

/// 1 ulp of 1. An operation rounds by at most half of it, relative, or by half of `double_tiny` where its
/// result is below the normal numbers.
inline constexpr double double_ulp = 0x1p-52;
inline constexpr double double_tiny = std::numeric_limits<double>::denorm_min();

/// A number at or below the double before x, and one at or above the double after x. If x is the rounding of
/// one operation, they enclose its exact result. |x| 2^-52 is at least the distance from x to its neighbours
/// where x is a normal number; elsewhere that is 2^-1074.
constexpr double below(double x) {
  const double finite = std::min(x, std::numeric_limits<double>::max());
  return finite - ((finite < 0 ? -finite : finite) * double_ulp + double_tiny);
}
constexpr double above(double x) { return -below(-x); }

}  // namespace detail

/// The real numbers z with lo <= z <= hi. Ends may be infinite; they are never NaN.
///
/// Arithmetic encloses every result of the same operation on members. It computes in the rounding to nearest
/// that the program has and then steps outward: compilers move operations across a change of the rounding
/// mode. What overflows or is not a number becomes the whole line.
struct Interval {
  double lo = 0, hi = 0;  // the ends

  /// All real numbers.
  static constexpr Interval whole() {
    return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  }
  /// All z with |z - mid| <= error, for error >= 0. The whole line if one of them is infinite or NaN.
  static constexpr Interval around(double mid, double error) {
    const Interval r{detail::below(mid - error), detail::above(mid + error)};
    constexpr double max = std::numeric_limits<double>::max();
    return r.lo >= -max && r.hi <= max ? r : whole();
  }

  /// Whether z is a member.
  constexpr bool contains(double z) const { return lo <= z && z <= hi; }
  /// Whether all members of z are.
  constexpr bool contains(const Interval& z) const { return lo <= z.lo && z.hi <= hi; }
  /// max |z|
  constexpr double magnitude() const { return std::max(-lo, hi); }
  /// hi - lo, rounded up.
  constexpr double width() const { return lo == hi ? 0 : detail::above(hi - lo); }

  /// {-z for all members z}, exactly.
  constexpr Interval operator-() const { return {-hi, -lo}; }
  friend constexpr Interval operator+(const Interval& a, const Interval& b) {
    return rounded(a.lo + b.lo, a.hi + b.hi);
  }
  friend constexpr Interval operator-(const Interval& a, const Interval& b) { return a + -b; }
  friend constexpr Interval operator*(double s, const Interval& a) {
    return s < 0 ? rounded(s * a.hi, s * a.lo) : rounded(s * a.lo, s * a.hi);
  }
  /// Whether both ends are equal.
  constexpr bool operator==(const Interval&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Interval& a) {
    return out << '[' << a.lo << ", " << a.hi << ']';
  }

 private:
  /// Ends that are the rounding of one operation each. NaN (0 times an infinite end) is the whole line.
  static constexpr Interval rounded(double lo, double hi) {
    return lo <= hi ? Interval{detail::below(lo), detail::above(hi)} : whole();
  }
};

/// The least interval that holds both.
constexpr Interval hull(const Interval& a, const Interval& b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}
/// What both hold. For intervals with a point in common.
constexpr Interval meet(const Interval& a, const Interval& b) {
  return {std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
}

}  // namespace basin
