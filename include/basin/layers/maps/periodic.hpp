// Pointwise maps made of one sine or cosine: sin x, cos x - x, x + sin(10 x) / 5.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::abs, std::asin, std::ceil, std::copysign, std::cos, std::sin
#include <limits>     // std::numeric_limits

#include "basin/layers/maps/map.hpp"    // MapRange, require_in_range
#include "basin/layers/maps/solve.hpp"  // solve_monotone

namespace basin::inline BASIN_ABI {

/// phi(x) = sin(x).
struct Sin {
  static constexpr const char* name = "Sin";
  template <class S>
  S operator()(S x) const {
    return std::sin(x);
  }
  template <class S>
  S derivative(S x, S) const {
    return std::cos(x);
  }
  template <class S>
  S second_derivative(S, S y) const {
    return -y;
  }
  MapRange range() const { return {-1, 1, true, true}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return std::asin(y);
  }
};

/// phi(x) = cos(x) - x; phi' = -sin(x) - 1 <= 0.
struct Cosid {
  static constexpr const char* name = "Cosid";
  template <class S>
  S operator()(S x) const {
    return std::cos(x) - x;
  }
  template <class S>
  S derivative(S x, S) const {
    return -std::sin(x) - S(1);
  }
  template <class S>
  S second_derivative(S x, S) const {
    return -std::cos(x);
  }
  MapRange range() const { return {}; }
  /// By bisection between -y - 1 and -y + 1.
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const double target = static_cast<double>(y);
    return static_cast<S>(detail::solve_monotone(*this, target, -target + 1, -target - 1));
  }
};

/// phi(x) = x + sin(10 x) / 5, which falls wherever cos(10 x) < -1/2.
struct Ripple {
  static constexpr const char* name = "Ripple";
  template <class S>
  S operator()(S x) const {
    return x + std::sin(S(10) * x) / S(5);
  }
  template <class S>
  S derivative(S x, S) const {
    return S(1) + S(2) * std::cos(S(10) * x);
  }
  template <class S>
  S second_derivative(S x, S) const {
    return S(-20) * std::sin(S(10) * x);
  }
  MapRange range() const { return {}; }
  /// phi is odd and x phi(x) >= 0. The local maxima on x > 0 rise with x, so that the pre-image nearest to 0
  /// of y > 0 lies on the rising branch to the first maximum that is not below y.
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const double target = std::abs(static_cast<double>(y));
    if (target * std::numeric_limits<double>::epsilon() > 1) return y;  // x + sin(10 x) / 5 rounds to x
    constexpr double period = 0.6283185307179586476925, first_maximum = 0.2094395102393195492308;
    const double first_height = first_maximum + 0.1732050807568877293528;  // + sin(2 pi / 3) / 5
    double k = std::max(0., std::ceil((target - first_height) / period) - 1);
    while ((*this)(first_maximum + k * period) < target) ++k;
    const double low = k == 0 ? 0. : k * period - first_maximum;
    const double x = detail::solve_monotone(*this, target, low, first_maximum + k * period);
    return static_cast<S>(std::copysign(x, static_cast<double>(y)));
  }
};

}  // namespace basin
