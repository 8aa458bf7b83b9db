// Pointwise maps without transcendental functions: identity, ReLU, leaky ReLU, hard tanh, softsign.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::abs, std::isfinite

#include "basin/core/error.hpp"       // require
#include "basin/core/types.hpp"       // Index
#include "basin/layers/maps/map.hpp"  // MapRange, require_in_range

// Loops over these maps vectorize. Under -ftrapping-math, their default, compilers may not move arithmetic
// out of a branch, so that each value is computed first and selected afterwards.

namespace basin::inline BASIN_ABI {

/// phi(x) = x.
struct Identity {
  static constexpr const char* name = "Identity";
  static constexpr Index multiply_adds = 1;
  template <class S>
  S operator()(S x) const {
    return x;
  }
  template <class S>
  S derivative(S, S) const {
    return S(1);
  }
  MapRange range() const { return {}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y;
  }
};

/// phi(x) = max(x, 0); phi'(0) = 0.
struct Relu {
  static constexpr const char* name = "Relu";
  static constexpr Index multiply_adds = 1;
  template <class S>
  S operator()(S x) const {
    return x <= S(0) ? S(0) : x;
  }
  template <class S>
  S derivative(S x, S) const {
    return x <= S(0) ? S(0) : S(1);
  }
  MapRange range() const { return {.lo = 0, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y;
  }
};

/// phi(x) = x for x > 0, slope x otherwise; phi'(0) = slope.
struct LeakyRelu {
  double slope = 0.01;  // >= 0
  static constexpr const char* name = "LeakyRelu";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(slope >= 0 && std::isfinite(slope), "LeakyRelu: slope must be finite and >= 0, got ", slope);
  }
  template <class S>
  S operator()(S x) const {
    const S positive = x <= S(0) ? S(0) : x, negative = x <= S(0) ? x : S(0);
    return positive + static_cast<S>(slope) * negative;
  }
  template <class S>
  S derivative(S x, S) const {
    const S right = x > S(0) ? S(1) : S(0), left = x > S(0) ? S(0) : S(1);
    return right + static_cast<S>(slope) * left;
  }
  MapRange range() const { return slope > 0 ? MapRange{} : Relu{}.range(); }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y < S(0) ? y / static_cast<S>(slope) : y;
  }
};

/// phi(x) = min(max(x, lo), hi); phi'(lo) = phi'(hi) = 0.
struct Hardtanh {
  double lo = -1, hi = 1;  // lo < hi
  static constexpr const char* name = "Hardtanh";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(lo < hi && std::isfinite(lo) && std::isfinite(hi),
            "Hardtanh: lo and hi must be finite with lo < hi, got ", lo, " and ", hi);
  }
  template <class S>
  S operator()(S x) const {
    const S a = static_cast<S>(lo), b = static_cast<S>(hi);
    const S above = x < a ? a : x;
    return above > b ? b : above;
  }
  template <class S>
  S derivative(S x, S) const {
    const S below = x <= static_cast<S>(lo) ? S(0) : S(1);
    return x >= static_cast<S>(hi) ? S(0) : below;
  }
  MapRange range() const { return {lo, hi, true, true}; }
  /// The pre-images of lo are (-inf, lo], those of hi [hi, inf).
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    if (y == static_cast<S>(lo)) return std::min(y, S(0));
    if (y == static_cast<S>(hi)) return std::max(y, S(0));
    return y;
  }
};

/// phi(x) = x / (1 + |x|).
struct Softsign {
  static constexpr const char* name = "Softsign";
  static constexpr Index multiply_adds = 4;
  template <class S>
  S operator()(S x) const {
    return x / (S(1) + std::abs(x));
  }
  template <class S>
  S derivative(S x, S) const {
    const S r = S(1) / (S(1) + std::abs(x));
    return r * r;
  }
  MapRange range() const { return {-1, 1}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y / (S(1) - std::abs(y));
  }
};

}  // namespace basin
