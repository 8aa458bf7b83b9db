// Pointwise maps without transcendental functions: identity, ReLU and its kin, hard tanh, hard sigmoid, hard
// swish, shrinkage, softsign.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::abs, std::isfinite, std::isinf, std::sqrt

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
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
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
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
  }
  MapRange range() const { return {.lo = 0, .lo_attained = true}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y;
  }
};

/// phi(x) = x for x > 0, slope x otherwise; phi'(0) = slope. The slope may have any size and sign.
struct LeakyRelu {
  double slope = 0.01;  // for x < 0
  static constexpr const char* name = "LeakyRelu";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(std::isfinite(slope), "LeakyRelu: slope must be finite, got ", slope);
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
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
  }
  MapRange range() const { return slope > 0 ? MapRange{} : Relu{}.range(); }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const bool left = slope < 0 ? slope < -1 : y < S(0);  // with slope < 0, both sides have a pre-image
    return left && y != S(0) ? y / static_cast<S>(slope) : y;
  }
};

/// phi(x) = min(max(x, lo), hi); phi'(lo) = phi'(hi) = 0. An end may be infinite: {0, 6} is PyTorch's ReLU6,
/// {0, infinity} is max(x, 0).
struct Hardtanh {
  double lo = -1, hi = 1;  // lo < hi
  static constexpr const char* name = "Hardtanh";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(lo < hi, "Hardtanh: lo and hi must be numbers with lo < hi, got ", lo, " and ", hi);
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
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
  }
  MapRange range() const { return {lo, hi, !std::isinf(lo), !std::isinf(hi)}; }
  /// The pre-images of lo are (-inf, lo], those of hi [hi, inf).
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    if (y == static_cast<S>(lo)) return std::min(y, S(0));
    if (y == static_cast<S>(hi)) return std::max(y, S(0));
    return y;
  }
};

/// phi(x) = min(max(slope x + offset, 0), 1); phi' = 0 where that is 0 or 1. The defaults are PyTorch's; ONNX
/// calls the parameters alpha and beta, its defaults are 0.2 and 0.5.
struct HardSigmoid {
  double slope = 1. / 6, offset = 0.5;  // slope > 0
  static constexpr const char* name = "HardSigmoid";
  static constexpr Index multiply_adds = 2;
  void require_valid() const {
    require(slope > 0 && std::isfinite(slope) && std::isfinite(offset),
            "HardSigmoid: slope and offset must be finite with slope > 0, got ", slope, " and ", offset);
  }
  template <class S>
  S operator()(S x) const {
    const S line = static_cast<S>(slope) * x + static_cast<S>(offset);
    const S above = line < S(0) ? S(0) : line;
    return above > S(1) ? S(1) : above;
  }
  template <class S>
  S derivative(S, S y) const {
    const S below = y <= S(0) ? S(0) : static_cast<S>(slope);
    return y >= S(1) ? S(0) : below;
  }
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
  }
  MapRange range() const { return {0, 1, true, true}; }
  /// The pre-images of 0 and of 1 are half lines.
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const S x = (y - static_cast<S>(offset)) / static_cast<S>(slope);
    if (y == S(0)) return std::min(x, S(0));
    return y == S(1) ? std::max(x, S(0)) : x;
  }
};

/// phi(x) = x min(max(x + 3, 0), 6) / 6; phi' = 0, x / 3 + 1/2, 1 for x < -3, -3 <= x < 3, x >= 3.
struct HardSwish {
  static constexpr const char* name = "HardSwish";
  static constexpr Index multiply_adds = 4;
  static constexpr double lowest = -0.375;  // phi(-3/2)
  template <class S>
  S operator()(S x) const {
    const S shifted = x + S(3);
    const S above = shifted < S(0) ? S(0) : shifted;
    const S y = x * ((above > S(6) ? S(6) : above) / S(6));
    return y < static_cast<S>(lowest) ? static_cast<S>(lowest) : y;
  }
  template <class S>
  S derivative(S x, S) const {
    const S line = x / S(3) + S(0.5);
    const S above = x < S(-3) ? S(0) : line;
    return x >= S(3) ? S(1) : above;
  }
  template <class S>
  S second_derivative(S x, S) const {
    return x < S(-3) || x >= S(3) ? S(0) : S(1) / S(3);
  }
  MapRange range() const { return {.lo = lowest, .lo_attained = true}; }
  /// The root of x^2 + 3 x = 6 y nearest to 0, or y from 3 on.
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    if (y >= S(3)) return y;
    return S(12) * y / (S(3) + std::sqrt(std::max(S(9) + S(24) * y, S(0))));
  }
};

/// phi(x) = x for x > alpha, 0 otherwise; phi'(alpha) = 0. It jumps at alpha unless that is 0 (ONNX's
/// ThresholdedRelu).
struct ThresholdedRelu {
  double alpha = 1;  // where phi begins
  static constexpr const char* name = "ThresholdedRelu";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(std::isfinite(alpha), "ThresholdedRelu: alpha must be finite, got ", alpha);
  }
  template <class S>
  S operator()(S x) const {
    return x <= static_cast<S>(alpha) ? S(0) : x;
  }
  template <class S>
  S derivative(S x, S) const {
    return x <= static_cast<S>(alpha) ? S(0) : S(1);
  }
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
  }
};

/// phi(x) = x + bias for x < -lambda, x - bias for x > lambda, 0 between; phi'(-lambda) = phi'(lambda) = 0.
/// bias = 0 is PyTorch's Hardshrink, which jumps, bias = lambda its Softshrink.
struct Shrink {
  double lambda = 0.5, bias = 0;  // lambda >= 0
  static constexpr const char* name = "Shrink";
  static constexpr Index multiply_adds = 1;
  void require_valid() const {
    require(lambda >= 0 && std::isfinite(lambda) && std::isfinite(bias),
            "Shrink: lambda and bias must be finite with lambda >= 0, got ", lambda, " and ", bias);
  }
  template <class S>
  S operator()(S x) const {
    const S edge = static_cast<S>(lambda),
            toward = x < S(0) ? x + static_cast<S>(bias) : x - static_cast<S>(bias);
    return x >= -edge && x <= edge ? S(0) : toward;
  }
  template <class S>
  S derivative(S x, S) const {
    const S edge = static_cast<S>(lambda);
    return x >= -edge && x <= edge ? S(0) : S(1);
  }
  template <class S>
  S second_derivative(S, S) const {
    return S(0);
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
  template <class S>
  S second_derivative(S x, S) const {
    const S r = S(1) / (S(1) + std::abs(x)), falls = S(-2) * r * r * r;
    return x > S(0) ? falls : x < S(0) ? -falls : x * falls;
  }
  MapRange range() const { return {-1, 1}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y / (S(1) - std::abs(y));
  }
};

}  // namespace basin
