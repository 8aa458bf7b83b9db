// Pointwise maps made of one exponential: sigmoid, tanh, softplus, ELU, CELU, SELU, exp(-x), sigmoid(-x).
#pragma once
#include <cmath>  // std::abs, std::atanh, std::exp, std::expm1, std::isfinite, std::log, ...

#include "basin/core/error.hpp"       // require
#include "basin/layers/maps/map.hpp"  // MapRange, require_in_range

namespace basin::inline BASIN_ABI {

/// phi(x) = 1 / (1 + exp(-x)); phi' = y (1 - y).
struct Sigmoid {
  static constexpr const char* name = "Sigmoid";
  template <class S>
  S operator()(S x) const {
    const S e = std::exp(-std::abs(x));  // <= 1: 1 / (1 + e) is phi(|x|), e / (1 + e) = phi(-|x|)
    return (x < S(0) ? e : S(1)) / (S(1) + e);
  }
  template <class S>
  S derivative(S, S y) const {
    return y * (S(1) - y);
  }
  template <class S>
  S second_derivative(S, S y) const {
    return y * (S(1) - y) * (S(1) - S(2) * y);
  }
  MapRange range() const { return {0, 1}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return std::log(y / (S(1) - y));
  }
};

/// phi(x) = tanh(x); phi' = 1 - y^2.
struct Tanh {
  static constexpr const char* name = "Tanh";
  template <class S>
  S operator()(S x) const {
    return std::tanh(x);
  }
  template <class S>
  S derivative(S, S y) const {
    return S(1) - y * y;
  }
  template <class S>
  S second_derivative(S, S y) const {
    return S(-2) * y * (S(1) - y * y);
  }
  MapRange range() const { return {-1, 1}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return std::atanh(y);
  }
};

/// phi(x) = log(1 + exp(beta x)) / beta; phi' = 1 - exp(-beta y). Exact for every x: PyTorch returns x itself
/// where beta x > 20, which differs by at most 2.1e-9 / beta.
struct Softplus {
  double beta = 1;  // > 0
  static constexpr const char* name = "Softplus";
  void require_valid() const {
    require(beta > 0 && std::isfinite(beta), "Softplus: beta must be finite and > 0, got ", beta);
  }
  template <class S>
  S operator()(S x) const {
    const S b = static_cast<S>(beta);
    const S linear = x < S(0) ? S(0) : x;
    return linear + std::log1p(std::exp(-std::abs(b * x))) / b;
  }
  template <class S>
  S derivative(S, S y) const {
    return -std::expm1(-static_cast<S>(beta) * y);
  }
  template <class S>
  S second_derivative(S x, S y) const {
    const S b = static_cast<S>(beta);
    return b * derivative(x, y) * std::exp(-b * y);
  }
  MapRange range() const { return {.lo = 0}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const S b = static_cast<S>(beta);
    if (b * y < S(1)) return std::log(std::expm1(b * y)) / b;
    return y + std::log1p(-std::exp(-b * y)) / b;  // the same, without overflow
  }
};

/// phi(x) = x for x > 0, alpha (exp(x) - 1) otherwise; phi' = 1 or y + alpha, phi'(0) = alpha.
struct Elu {
  double alpha = 1;  // > 0
  static constexpr const char* name = "Elu";
  void require_valid() const {
    require(alpha > 0 && std::isfinite(alpha), "Elu: alpha must be finite and > 0, got ", alpha);
  }
  template <class S>
  S operator()(S x) const {
    const S left = static_cast<S>(alpha) * std::expm1(x > S(0) ? S(0) : x);
    return x > S(0) ? x : left;
  }
  template <class S>
  S derivative(S x, S y) const {
    return x > S(0) ? S(1) : y + static_cast<S>(alpha);
  }
  template <class S>
  S second_derivative(S x, S y) const {
    return x > S(0) ? S(0) : y + static_cast<S>(alpha);
  }
  MapRange range() const { return {.lo = -alpha}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y > S(0) ? y : std::log1p(y / static_cast<S>(alpha));
  }
};

/// phi(x) = x for x > 0, alpha (exp(x / alpha) - 1) otherwise; phi' = 1 or y / alpha + 1, which meet at 0.
struct Celu {
  double alpha = 1;  // > 0
  static constexpr const char* name = "Celu";
  void require_valid() const {
    require(alpha > 0 && std::isfinite(alpha), "Celu: alpha must be finite and > 0, got ", alpha);
  }
  template <class S>
  S operator()(S x) const {
    const S a = static_cast<S>(alpha);
    const S left = a * std::expm1((x > S(0) ? S(0) : x) / a);
    return x > S(0) ? x : left;
  }
  template <class S>
  S derivative(S x, S y) const {
    const S left = y / static_cast<S>(alpha) + S(1);
    return x > S(0) ? S(1) : left;
  }
  template <class S>
  S second_derivative(S x, S y) const {
    const S a = static_cast<S>(alpha);
    return x > S(0) ? S(0) : (y / a + S(1)) / a;
  }
  MapRange range() const { return {.lo = -alpha}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    const S a = static_cast<S>(alpha);
    return y > S(0) ? y : a * std::log1p(y / a);
  }
};

/// phi(x) = scale ELU(x), with the constants of Klambauer et al., "Self-Normalizing Neural Networks", 2017.
struct Selu {
  static constexpr double alpha = 1.6732632423543772848170429916717;  // of the ELU
  static constexpr double scale = 1.0507009873554804934193349852946;  // of the whole
  static constexpr const char* name = "Selu";
  template <class S>
  S operator()(S x) const {
    const S left = static_cast<S>(scale * alpha) * std::expm1(x > S(0) ? S(0) : x);
    const S right = static_cast<S>(scale) * x;
    return x > S(0) ? right : left;
  }
  template <class S>
  S derivative(S x, S y) const {
    return x > S(0) ? static_cast<S>(scale) : y + static_cast<S>(scale * alpha);
  }
  template <class S>
  S second_derivative(S x, S y) const {
    return x > S(0) ? S(0) : y + static_cast<S>(scale * alpha);
  }
  MapRange range() const { return {.lo = -scale * alpha}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return y > S(0) ? y / static_cast<S>(scale) : std::log1p(y / static_cast<S>(scale * alpha));
  }
};

/// phi(x) = exp(-x); phi' = -y. A decreasing map for Theorem 1; it overflows where exp(-x) does.
struct ExpNeg {
  static constexpr const char* name = "ExpNeg";
  template <class S>
  S operator()(S x) const {
    return std::exp(-x);
  }
  template <class S>
  S derivative(S, S y) const {
    return -y;
  }
  template <class S>
  S second_derivative(S, S y) const {
    return y;
  }
  MapRange range() const { return {.lo = 0}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return -std::log(y);
  }
};

/// phi(x) = 1 / (1 + exp(x)), the sigmoid of -x; phi' = -y (1 - y). A decreasing map for Theorem 1.
struct SigmoidNeg {
  static constexpr const char* name = "SigmoidNeg";
  template <class S>
  S operator()(S x) const {
    return Sigmoid{}(-x);
  }
  template <class S>
  S derivative(S, S y) const {
    return -y * (S(1) - y);
  }
  template <class S>
  S second_derivative(S, S y) const {
    return y * (S(1) - y) * (S(1) - S(2) * y);
  }
  MapRange range() const { return {0, 1}; }
  template <class S>
  S inverse(S y) const {
    require_in_range(*this, y);
    return -Sigmoid{}.inverse(y);
  }
};

}  // namespace basin
