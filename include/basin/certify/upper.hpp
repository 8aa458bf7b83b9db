// Numbers that are upper bounds, rounding included, in IEEE double with round to nearest.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::sqrt
#include <limits>     // std::numeric_limits

#include "basin/certify/ieee.hpp"  // what is assumed of double
#include "basin/core/types.hpp"    // Index, MatIn, VecIn

namespace basin::inline BASIN_ABI {

/// A number >= 0 that is at least as large as an exact one which nobody computed. Each operation rounds to
/// nearest, which is wrong by a factor of at most 1 + u with u = 2^-53, or by half of 2^-1074 below the
/// normal numbers, and then adds more than that; a multiplication and an addition that the compiler contracts
/// to one are wrong by less. The rounding mode stays as it is: compilers move operations across a change of
/// it. What overflows is infinite, a bound that holds and proves nothing; NaN stays NaN and fails every
/// comparison.
class Upper {
 public:
  Upper() = default;
  /// The exact number v >= 0.
  explicit Upper(double v) : value_(v) {}
  /// The bound.
  double value() const { return value_; }

  friend Upper operator+(Upper a, Upper b) { return rounded(a.value_ + b.value_); }
  friend Upper operator*(Upper a, Upper b) { return rounded(a.value_ * b.value_); }
  friend Upper operator*(double a, Upper b) { return rounded(a * b.value_); }
  /// a / b for a lower bound b > 0 of the exact divisor.
  friend Upper operator/(Upper a, double b) { return rounded(a.value_ / b); }
  /// The sum, rounded up.
  Upper& operator+=(Upper b) { return *this = *this + b; }
  friend Upper sqrt(Upper a) { return rounded(std::sqrt(a.value_)); }
  friend Upper max(Upper a, Upper b) { return a.value_ < b.value_ || b.value_ != b.value_ ? b : a; }
  /// Whether the exact number is below b for certain.
  friend bool operator<(Upper a, double b) { return a.value_ < b; }
  friend bool operator<=(Upper a, double b) { return a.value_ <= b; }

  /// What a computed number v >= 0 may be at most if it is the rounding of one operation on exact numbers.
  static Upper rounded(double v) { return Upper(v * (1 + 0x1p-50) + 0x1p-1000); }

 private:
  double value_ = 0;
};

/// A lower bound of 1 - x; <= 0 where none is known.
inline double one_minus(Upper x) { return (1 - x.value()) * (1 - 0x1p-50) - 0x1p-1000; }

namespace detail {

inline constexpr double unit_roundoff = 0x1p-53;

/// What the exact sum of n terms >= 0, each rounded once, may be at most if the computed one is v: in any
/// order, with or without fused multiply-adds, it is at least (1 - (n + 1) u) of it, and what underflows adds
/// 2^-1074 a term.
inline Upper sum_of_rounded(double v, Index n) {
  const double terms = static_cast<double>(n);
  return Upper::rounded(v) * Upper(1 + 2 * (terms + 2) * unit_roundoff) + Upper(terms * 0x1p-1000);
}

/// |A|_F, which no |A|_2 exceeds.
template <class = void>
Upper frobenius(MatIn<double> A) {
  return sqrt(sum_of_rounded(A.squaredNorm(), A.size()));
}
template <class = void>
Upper largest(VecIn<double> v) {
  return Upper(v.size() == 0 ? 0 : v.cwiseAbs().maxCoeff<Eigen::PropagateNaN>());
}

}  // namespace detail
}  // namespace basin
