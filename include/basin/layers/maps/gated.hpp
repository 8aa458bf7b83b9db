// Pointwise maps phi(x) = x g(x) with a gate g that grows from 0 to 1: GELU, SiLU, Mish.
#pragma once
#include <algorithm>  // std::clamp, std::min
#include <cmath>      // std::abs, std::erfc, std::exp, std::isfinite
#include <limits>     // std::numeric_limits

#include "basin/core/error.hpp"         // require
#include "basin/layers/maps/map.hpp"    // MapRange, require_in_range
#include "basin/layers/maps/solve.hpp"  // solve_monotone

namespace basin::inline BASIN_ABI {

/// The lowest point of a gated map, which falls before it and rises after it.
struct MapMinimum {
  double x, y;  // phi(x) = y is the smallest value
};

namespace detail {

/// `value`, or the minimum where rounding led below it.
template <class S>
S at_least(const MapMinimum& m, S value) {
  return value < static_cast<S>(m.y) ? static_cast<S>(m.y) : value;
}

/// The x nearest to 0 with phi(x) = y, for phi(x) = x g(x) with g(x) >= 1/2 where x >= 0: between y and 2 y
/// for y > 0, and right of the minimum for y < 0.
template <class Phi, class S>
S inverse_of_gated(const Phi& phi, S y, const MapMinimum& m) {
  require_in_range(phi, y);
  const double target = static_cast<double>(y);
  if (y == S(0)) return y;
  const double x = y < S(0) ? solve_monotone(phi, target, m.x, 0.)
                            : solve_monotone(phi, target, target,
                                             std::min(2 * target, std::numeric_limits<double>::max()));
  return static_cast<S>(x);
}

/// p = 1 / (1 + exp(-z)), and p (1 - p) without cancellation.
template <class S>
struct Logistic {
  explicit Logistic(S z) {
    const S e = std::exp(-std::abs(z)), r = S(1) / (S(1) + e);
    p = z < S(0) ? e * r : r;
    slope = e * r * r;
  }
  S p, slope;
};

}  // namespace detail

/// phi(x) = x Phi(x), Phi the standard normal distribution function (PyTorch's GELU, approximate = 'none').
struct Gelu {
  static constexpr const char* name = "Gelu";
  static constexpr MapMinimum minimum{-0.7517915246935644574579, -0.1699712074799036616939};
  template <class S>
  S operator()(S x) const {
    return detail::at_least(minimum, x * cdf(x));
  }
  template <class S>
  S derivative(S x, S) const {
    const S density = static_cast<S>(0.3989422804014326779399) * std::exp(S(-0.5) * x * x);
    return cdf(x) + x * density;
  }
  template <class S>
  S second_derivative(S x, S) const {
    return static_cast<S>(0.3989422804014326779399) * std::exp(S(-0.5) * x * x) * (S(2) - x * x);
  }
  MapRange range() const { return {.lo = minimum.y, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    return detail::inverse_of_gated(*this, y, minimum);
  }

 private:
  template <class S>
  static S cdf(S x) {
    return S(0.5) * std::erfc(-static_cast<S>(0.7071067811865475244008) * x);
  }
};

/// phi(x) = x (1 + tanh(u)) / 2, u = sqrt(2/pi) (x + 0.044715 x^3) (PyTorch's GELU, approximate = 'tanh').
struct GeluTanh {
  static constexpr const char* name = "GeluTanh";
  static constexpr MapMinimum minimum{-0.7524614220710162584880, -0.1700407505712540506391};
  template <class S>
  S operator()(S x) const {
    return detail::at_least(minimum, x * gate(x).p);
  }
  template <class S>
  S derivative(S x, S) const {
    const S z = std::clamp(x, S(-30), S(30));  // beyond, the second term is 0, not 0 times infinity
    return gate(x).p + z * gate(z).slope * twice_k<S> * (S(1) + S(3) * c<S> * z * z);
  }
  template <class S>
  S second_derivative(S x, S) const {
    const S z = std::clamp(x, S(-30), S(30));  // beyond, all is 0
    const detail::Logistic<S> g = gate(z);
    const S rise = twice_k<S> * (S(1) + S(3) * c<S> * z * z), bend = twice_k<S> * S(6) * c<S> * z;
    return g.slope * (S(2) * rise + z * (rise * rise * (S(1) - S(2) * g.p) + bend));
  }
  MapRange range() const { return {.lo = minimum.y, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    return detail::inverse_of_gated(*this, y, minimum);
  }

 private:
  template <class S>
  static constexpr S twice_k = static_cast<S>(1.595769121605730711760);  // 2 sqrt(2/pi)
  template <class S>
  static constexpr S c = static_cast<S>(0.044715);
  /// (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)).
  template <class S>
  static detail::Logistic<S> gate(S x) {
    return detail::Logistic<S>(twice_k<S> * x * (S(1) + c<S> * x * x));
  }
};

/// phi(x) = x / (1 + exp(-beta x)), also called swish; PyTorch's SiLU has beta = 1.
struct Silu {
  double beta = 1;  // > 0
  static constexpr const char* name = "Silu";
  void require_valid() const {
    require(beta > 0 && std::isfinite(beta), "Silu: beta must be finite and > 0, got ", beta);
  }
  template <class S>
  S operator()(S x) const {
    return detail::at_least(minimum(), x * detail::Logistic<S>(static_cast<S>(beta) * x).p);
  }
  template <class S>
  S derivative(S x, S) const {
    const S b = static_cast<S>(beta);
    const detail::Logistic<S> gate(b * x);
    return gate.p + x * gate.slope * b;
  }
  template <class S>
  S second_derivative(S x, S) const {
    const S b = static_cast<S>(beta);
    const detail::Logistic<S> gate(b * x);
    return b * gate.slope * (S(2) + b * x * (S(1) - S(2) * gate.p));
  }
  MapRange range() const { return {.lo = minimum().y, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    return detail::inverse_of_gated(*this, y, minimum());
  }
  MapMinimum minimum() const { return {-1.278464542761073795109 / beta, -0.2784645427610737951094 / beta}; }
};

/// phi(x) = x tanh(log(1 + exp(x))) (Misra 2019).
struct Mish {
  static constexpr const char* name = "Mish";
  static constexpr MapMinimum minimum{-1.192431214515495212138, -0.3088434130172504066288};
  template <class S>
  S operator()(S x) const {
    const Gate<S> g(x);
    return detail::at_least(minimum, x * g.numerator / g.denominator);
  }
  template <class S>
  S derivative(S x, S) const {
    const Gate<S> g(x);
    return g.numerator / g.denominator + x * (g.slope / g.denominator) / g.denominator;
  }
  template <class S>
  S second_derivative(S x, S) const {
    const Gate<S> g(x);
    return (S(2) * g.slope + x * (g.curvature / g.denominator)) / g.denominator / g.denominator;
  }
  MapRange range() const { return {.lo = minimum.y, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    return detail::inverse_of_gated(*this, y, minimum);
  }

 private:
  /// tanh(log(1 + e)) = (e^2 + 2 e) / D with e = exp(x), D = e^2 + 2 e + 2; its derivatives 4 e (1 + e) /
  /// D^2 and 4 e (2 + 2 e - 3 e^2 - 2 e^3) / D^3. For x > 0 the fractions are multiplied out by u =
  /// exp(-x), so that nothing overflows.
  template <class S>
  struct Gate {
    explicit Gate(S x) {
      const S u = std::exp(-std::abs(x));
      const S left = u * (u + S(2)), right = S(1) + S(2) * u;
      numerator = x < S(0) ? left : right;
      denominator = x < S(0) ? left + S(2) : right + S(2) * u * u;
      slope = S(4) * u * (S(1) + u) * (x < S(0) ? S(1) : u);
      const S below = S(2) + u * (S(2) - u * (S(3) + S(2) * u)),
              above = u * (u * (S(2) * u + S(2)) - S(3)) - S(2);
      curvature = S(4) * u * (x < S(0) ? below : u * above);
    }
    S numerator, denominator, slope, curvature;
  };
};

}  // namespace basin
