// Elementary functions of one variable as pointwise maps: one type, whose function is chosen at run time.
#pragma once
#include <cmath>  // std::abs, std::exp, std::hypot, ..., std::isfinite, std::isnan, std::nearbyint, std::pow

#include "basin/core/error.hpp"  // require

namespace basin::inline BASIN_ABI {

/// phi(x) = |x|, -x, exp(x), ... as `kind` says, for networks from files. Where a function is not defined,
/// phi is what the C library gives, NaN as a rule. phi' is 0 where phi is constant by pieces, and |x| has
/// phi'(0) = 0; at the ends of their domains roots and inverse functions have infinite slopes. It has no
/// range or inverse, and certificates do not know it: exp(-x), sin, tanh are maps of their own.
struct Elementary {
  /// Which function.
  enum class Kind {
    abs,
    negate,
    exp,
    log,
    sqrt,
    reciprocal,  // 1 / x
    square,      // x^2
    sin,
    cos,
    tan,
    asin,
    acos,
    atan,
    sinh,
    cosh,
    asinh,
    acosh,
    atanh,
    erf,
    ceil,
    floor,
    round,  // to the nearest whole number, of two to the even one
    sign,   // -1, 0 or 1
  };
  Kind kind = Kind::abs;  // which one phi is

  static constexpr const char* name = "Elementary";

  template <class S>
  S operator()(S x) const {
    switch (kind) {
      case Kind::abs:
        return std::abs(x);
      case Kind::negate:
        return -x;
      case Kind::exp:
        return std::exp(x);
      case Kind::log:
        return std::log(x);
      case Kind::sqrt:
        return std::sqrt(x);
      case Kind::reciprocal:
        return S(1) / x;
      case Kind::square:
        return x * x;
      case Kind::sin:
        return std::sin(x);
      case Kind::cos:
        return std::cos(x);
      case Kind::tan:
        return std::tan(x);
      case Kind::asin:
        return std::asin(x);
      case Kind::acos:
        return std::acos(x);
      case Kind::atan:
        return std::atan(x);
      case Kind::sinh:
        return std::sinh(x);
      case Kind::cosh:
        return std::cosh(x);
      case Kind::asinh:
        return std::asinh(x);
      case Kind::acosh:
        return std::acosh(x);
      case Kind::atanh:
        return std::atanh(x);
      case Kind::erf:
        return std::erf(x);
      case Kind::ceil:
        return std::ceil(x);
      case Kind::floor:
        return std::floor(x);
      case Kind::round:
        return std::nearbyint(x);
      case Kind::sign:
        return sign(x);
    }
    return x;
  }

  template <class S>
  S derivative(S x, S y) const {
    switch (kind) {
      case Kind::abs:
        return sign(x);
      case Kind::negate:
        return S(-1);
      case Kind::exp:
        return y;
      case Kind::log:
        return S(1) / x;
      case Kind::sqrt:
        return S(0.5) / y;
      case Kind::reciprocal:
        return -y * y;
      case Kind::square:
        return S(2) * x;
      case Kind::sin:
        return std::cos(x);
      case Kind::cos:
        return -std::sin(x);
      case Kind::tan:
        return S(1) + y * y;
      case Kind::asin:
        return S(1) / std::sqrt((S(1) - x) * (S(1) + x));
      case Kind::acos:
        return S(-1) / std::sqrt((S(1) - x) * (S(1) + x));
      case Kind::atan:
        return S(1) / (S(1) + x * x);
      case Kind::sinh:
        return std::cosh(x);
      case Kind::cosh:
        return std::sinh(x);
      case Kind::asinh:
        return S(1) / std::hypot(x, S(1));
      case Kind::acosh:
        return S(1) / (std::sqrt(x - S(1)) * std::sqrt(x + S(1)));
      case Kind::atanh:
        return S(1) / ((S(1) - x) * (S(1) + x));
      case Kind::erf:
        return static_cast<S>(1.128379167095512573896) * std::exp(-x * x);  // 2 / sqrt(pi)
      case Kind::ceil:
      case Kind::floor:
      case Kind::round:
      case Kind::sign:
        return S(0);
    }
    return S(1);
  }

  template <class S>
  S second_derivative(S x, S y) const {
    switch (kind) {
      case Kind::exp:
      case Kind::sinh:
      case Kind::cosh:
        return y;
      case Kind::log:
        return S(-1) / (x * x);
      case Kind::sqrt:
        return S(-0.25) / (x * y);
      case Kind::reciprocal:
        return S(2) * y * y * y;
      case Kind::square:
        return S(2);
      case Kind::sin:
      case Kind::cos:
        return -y;
      case Kind::tan:
        return S(2) * y * (S(1) + y * y);
      case Kind::asin:
      case Kind::acos:
      case Kind::acosh:
      case Kind::asinh: {
        const S slope = derivative(x, y), cube = x * slope * slope * slope;
        return kind == Kind::asin || kind == Kind::acos ? cube : -cube;
      }
      case Kind::atan: {
        const S slope = derivative(x, y);
        return S(-2) * x * slope * slope;
      }
      case Kind::atanh: {
        const S slope = derivative(x, y);
        return S(2) * x * slope * slope;
      }
      case Kind::erf:
        return S(-2) * x * derivative(x, y);
      case Kind::abs:
      case Kind::negate:
      case Kind::ceil:
      case Kind::floor:
      case Kind::round:
      case Kind::sign:
        return S(0);
    }
    return S(0);
  }

 private:
  template <class S>
  static S sign(S x) {
    return x > S(0) ? S(1) : x < S(0) ? S(-1) : x;  // a NaN stays one
  }
};

/// phi(x) = x^exponent as the C library's pow: NaN for x < 0 unless the exponent is a whole number. phi' =
/// exponent x^(exponent - 1), and 0 for exponent 0.
struct Power {
  double exponent = 2;  // of x
  static constexpr const char* name = "Power";
  void require_valid() const {
    require(std::isfinite(exponent), "Power: exponent must be finite, got ", exponent);
  }
  template <class S>
  S operator()(S x) const {
    return std::isnan(x) ? x : std::pow(x, static_cast<S>(exponent));
  }
  template <class S>
  S derivative(S x, S) const {
    const S p = static_cast<S>(exponent);
    return p == S(0) ? S(0) : p * std::pow(x, p - S(1));
  }
  template <class S>
  S second_derivative(S x, S) const {
    const S p = static_cast<S>(exponent);
    return p == S(0) || p == S(1) ? S(0) : p * (p - S(1)) * std::pow(x, p - S(2));
  }
};

}  // namespace basin
