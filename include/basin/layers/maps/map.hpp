// What a pointwise map phi: R -> R is, and its range.
#pragma once
#include <concepts>   // std::copyable, std::convertible_to, std::floating_point, std::same_as
#include <iomanip>    // std::setprecision
#include <limits>     // std::numeric_limits
#include <ostream>    // std::ostream
#include <stdexcept>  // std::domain_error

#include "basin/core/error.hpp"  // text

namespace basin::inline BASIN_ABI {

/// A scalar map that Pointwise applies to every element:
///
///     phi(x)                  y = phi(x); a NaN stays a NaN
///     phi.derivative(x, y)    phi'(x), given y = phi(x) where that is cheaper; at a kink PyTorch's choice
///     Phi::name               static constexpr const char*, for messages
///
/// Both take and return S. Optional members:
///     second_derivative(x, y) phi''(x), of the branch that `derivative` takes at a kink: for losses that see
///                             the Jacobian (train/contractive.hpp)
///     require_valid()         throws std::invalid_argument unless the parameters make sense
///     multiply_adds           static constexpr Index: the cost of one phi(x), about
template <class Phi, class S = double>
concept PointwiseMap = std::copyable<Phi> && requires(const Phi& phi, S x) {
  { phi(x) } -> std::same_as<S>;
  { phi.derivative(x, x) } -> std::same_as<S>;
  { Phi::name } -> std::convertible_to<const char*>;
};

/// The interval of the values phi(x), x real. It is that of the exact map: rounding may bring phi(x) to an
/// end that is not attained (tanh(20.) == 1), never past an end.
struct MapRange {
  double lo = -std::numeric_limits<double>::infinity();  // the lower end
  double hi = std::numeric_limits<double>::infinity();   // the upper end
  bool lo_attained = false, hi_attained = false;         // whether the ends are values

  /// Whether y lies in the range, its ends rounded to S. False for NaN.
  template <std::floating_point S>
  bool contains(S y) const {
    const S a = static_cast<S>(lo), b = static_cast<S>(hi);
    return (y > a || (lo_attained && y == a)) && (y < b || (hi_attained && y == b));
  }
  bool operator==(const MapRange&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const MapRange& r) {
    return out << (r.lo_attained ? '[' : '(') << r.lo << ", " << r.hi << (r.hi_attained ? ']' : ')');
  }
};

/// A pointwise map whose values can be taken back:
///
///     phi.range()       the MapRange of phi
///     phi.inverse(y)    the x of minimum absolute value with phi(x) = y: the phi^-1 of Theorem 1.
///                       Throws std::domain_error unless range().contains(y).
template <class Phi, class S = double>
concept InvertibleMap = PointwiseMap<Phi, S> && requires(const Phi& phi, S y) {
  { phi.range() } -> std::same_as<MapRange>;
  { phi.inverse(y) } -> std::same_as<S>;
};

/// Throws std::domain_error that names map, y and range unless phi.range() contains y.
template <class Phi, std::floating_point S>
void require_in_range(const Phi& phi, S y) {
  const MapRange range = phi.range();
  if (!range.contains(y)) [[unlikely]]
    throw std::domain_error(
        detail::text(Phi::name, ": inverse of y = ", std::setprecision(std::numeric_limits<S>::max_digits10),
                     y, ", which is outside its range ", range));
}

}  // namespace basin
