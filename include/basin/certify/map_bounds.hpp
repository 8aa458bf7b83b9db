// What a proof needs to know of a pointwise map: the range of its slope, and how wrong its values may be.
//
// Everything here holds in IEEE double with rounding to nearest, with and without fused multiply-adds, for
// every z from denormal to huge numbers. It rests on one assumption, about the C library: see function_ulps.
#pragma once
#include <algorithm>    // std::max, std::min
#include <cmath>        // std::abs, std::cos, std::exp, std::fma, std::isfinite, std::isinf, std::sin
#include <concepts>     // std::same_as
#include <limits>       // std::numeric_limits
#include <type_traits>  // std::is_empty_v

#include "basin/certify/interval.hpp"  // Interval
#include "basin/layers/maps.hpp"       // the maps

namespace basin::inline BASIN_ABI {

/// What a certificate knows of the map phi. Specialize it for a map of your own:
///
///     template <>
///     struct basin::MapBounds<MyMap> {
///       static Interval slope(const MyMap& phi, double a, double b);
///       static double value_error(const MyMap& phi, double z, double y);
///       static double slope_error(const MyMap& phi, double z, double y);
///       template <class S>
///       static MyMap in_scalar(const MyMap& phi);  // only if MyMap has parameters
///     };
///
/// where phi(z) and phi'(z) are exact: functions of real numbers, with the parameters as they are stored, and
/// with constants of the map's definition (such as SELU's) as the literature gives them.
///
///     slope        encloses phi'(z) for all real z with a <= z <= b; at a kink both one-sided slopes and
///                  what lies between. a and b may be infinite; the whole line unless a <= b.
///     value_error  >= |phi(z) - y|, where y is what phi.operator()(double) computed
///     slope_error  >= |phi'(z) - phi.derivative(z, y)|, except at kinks. Both infinite unless z and y are
///                  finite.
///     in_scalar    phi with its parameters rounded to S, as a network of that scalar type uses them
///
/// The slopes of the library's maps are the exact range but for rounding: each end is off by at most 17 ulps
/// (4e-15) of max |phi'|, of phi' itself for ExpNeg; more only beyond |z| = 1e300, and for Ripple beyond 1e6,
/// where the rounding of 10 z counts. They nest with [a, b] as far as that.
template <class Phi>
struct MapBounds;

/// Whether MapBounds<Phi> is specialized.
template <class Phi>
concept HasMapBounds = requires(const Phi& phi, double z) {
  { MapBounds<Phi>::slope(phi, z, z) } -> std::same_as<Interval>;
  { MapBounds<Phi>::value_error(phi, z, z) } -> std::same_as<double>;
  { MapBounds<Phi>::slope_error(phi, z, z) } -> std::same_as<double>;
};

/// Nothing for a map with MapBounds, and for others an error at compile time that says what is missing; the
/// compiler adds which map it is.
template <class Phi>
consteval void require_map_bounds() {
  static_assert(
      HasMapBounds<Phi>,
      "basin::MapBounds<Phi> is not specialized for this map Phi: a certificate needs the exact range of "
      "phi' and bounds of its rounding, see basin/certify/map_bounds.hpp");
}

/// phi with its parameters rounded to S: in a float network, LeakyRelu{.01} multiplies by float(.01). What a
/// map's definition fixes, such as SELU's constants, is no parameter.
template <class S, class Phi>
Phi in_scalar(const Phi& phi) {
  if constexpr (requires { MapBounds<Phi>::template in_scalar<S>(phi); }) {
    return MapBounds<Phi>::template in_scalar<S>(phi);
  } else {
    static_assert(std::is_empty_v<Phi>,
                  "basin::MapBounds<Phi> needs a member in_scalar<S>(phi) for this map Phi, which has "
                  "parameters: phi with each of them rounded to S, see basin/certify/map_bounds.hpp");
    return phi;
  }
}

namespace detail {

/// The one assumption: exp, expm1, log1p, tanh, sin and cos of the C library are wrong by at most
/// `function_ulps` units in the last place, erfc by at most `erfc_ulps`, and have the sign of the exact
/// result. No library proves that. The manual of glibc ("Known Maximum Errors in Math Functions") aims at a
/// few ulps and lists the largest errors that its tests met; searches for the worst arguments (Zimmermann
/// 2021, "Accuracy of Mathematical Functions in Single, Double, Extended Double and Quadruple Precision")
/// bound them from below. The bounds of this file are written in terms of these two numbers, and its tests
/// compare millions of points.
///
/// An error of k ulps is at most k double_ulp |y| + k double_tiny, for a result y, exact or computed.
inline constexpr double function_ulps = 4;
inline constexpr double erfc_ulps = 8;

/// `ulps` ulps of y and `tiny` of the smallest number. The factors of the bounds below are rounded up by half
/// an ulp or more. That covers products of errors, y being the computed one or the exact one, and the
/// rounding of the bounds themselves.
inline double rounding(double y, double ulps, double tiny) {
  return std::abs(y) * (ulps * double_ulp) + tiny * double_tiny;
}
/// What y may stand for if it is wrong by that.
inline Interval rounded(double y, double ulps, double tiny) {
  return Interval::around(y, rounding(y, ulps, tiny));
}

/// An error bound at z, y = phi(z): infinite where these are no numbers.
inline double at_finite(double z, double y, double bound) {
  return std::isfinite(z) && std::isfinite(y) ? bound : std::numeric_limits<double>::infinity();
}

/// The range over [a, b], a <= b, of a function that rises, from `at`, which encloses its value at a point.
template <class At>
Interval range_of_rising(double a, double b, const At& at) {
  return {at(a).lo, at(b).hi};
}
/// The same for an even function that falls with |z|: it is largest next to 0.
template <class At>
Interval range_of_bump(double a, double b, const At& at) {
  const double nearest = a > 0 ? a : b < 0 ? -b : 0, farthest = std::max(-a, b);
  return {at(farthest).lo, at(nearest).hi};
}
/// The same for a function that is `left` for z < 0 and `right` for z > 0: both and what lies between where
/// [a, b] holds 0.
inline Interval range_of_step(double a, double b, double left, double right) {
  if (!(a <= b)) return Interval::whole();
  if (b < 0) return {left, left};
  if (a > 0) return {right, right};
  return {std::min(left, right), std::max(left, right)};
}

}  // namespace detail

// ---- piecewise linear maps --------------------------------------------------------------------------------
// All of their values are exact but one product or quotient.

/// phi' = 1, all exact.
template <>
struct MapBounds<Identity> {
  static Interval slope(const Identity&, double a, double b) { return detail::range_of_step(a, b, 1, 1); }
  static double value_error(const Identity&, double z, double y) { return detail::at_finite(z, y, 0); }
  static double slope_error(const Identity&, double z, double y) { return detail::at_finite(z, y, 0); }
};

/// phi' = 0 for z < 0, 1 for z > 0, all exact.
template <>
struct MapBounds<Relu> {
  static Interval slope(const Relu&, double a, double b) { return detail::range_of_step(a, b, 0, 1); }
  static double value_error(const Relu&, double z, double y) { return detail::at_finite(z, y, 0); }
  static double slope_error(const Relu&, double z, double y) { return detail::at_finite(z, y, 0); }
};

/// z + slope 0 and 0 + slope z are sums without rounding.
template <>
struct MapBounds<LeakyRelu> {
  static Interval slope(const LeakyRelu& phi, double a, double b) {
    return detail::range_of_step(a, b, phi.slope, 1);
  }
  static double value_error(const LeakyRelu&, double z, double y) {
    return detail::at_finite(z, y, z > 0 ? 0 : detail::rounding(y, 1, 1));
  }
  static double slope_error(const LeakyRelu&, double z, double y) { return detail::at_finite(z, y, 0); }
  template <class S>
  static LeakyRelu in_scalar(const LeakyRelu& phi) {
    return {.slope = static_cast<double>(static_cast<S>(phi.slope))};
  }
};

/// phi' = 1 between lo and hi, 0 beyond, all exact.
template <>
struct MapBounds<Hardtanh> {
  static Interval slope(const Hardtanh& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const bool left = a <= phi.lo && !std::isinf(phi.lo), right = b >= phi.hi && !std::isinf(phi.hi);
    const bool flat = left || right, steep = b >= phi.lo && a <= phi.hi;
    return {flat ? 0. : 1., steep ? 1. : 0.};
  }
  static double value_error(const Hardtanh&, double z, double y) { return detail::at_finite(z, y, 0); }
  static double slope_error(const Hardtanh&, double z, double y) { return detail::at_finite(z, y, 0); }
  template <class S>
  static Hardtanh in_scalar(const Hardtanh& phi) {
    return {.lo = static_cast<double>(static_cast<S>(phi.lo)),
            .hi = static_cast<double>(static_cast<S>(phi.hi))};
  }
};

/// Where the line w = slope z + offset lies: std::fma, rounded once, is below 0 or 1 only where w is. It may
/// round to 1 a w that is not, but not if it can be asked for the sign of w - 1, offset - 1 being exact
/// (Sterbenz).
///
/// Of the value: 1/2 ulp of the product p and of the sum, |sum| <= |p| + |offset|. Where |p| > |offset| +
/// 2, both phi and what is computed are 0, or both 1.
template <>
struct MapBounds<HardSigmoid> {
  static Interval slope(const HardSigmoid& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const bool flat = over(phi, a, 0) <= 0 || over(phi, b, 1) >= 0,
               steep = over(phi, b, 0) >= 0 && over(phi, a, 1) <= 0;
    return {flat ? 0. : phi.slope, steep ? phi.slope : 0.};
  }
  static double value_error(const HardSigmoid& phi, double z, double y) {
    const double offset = std::abs(phi.offset), p = std::min(std::abs(phi.slope * z), offset + 2);
    return detail::at_finite(z, y, detail::rounding(2 * p + offset, 1, 1));
  }
  /// Next to a kink the computed slope may be that of the other side.
  static double slope_error(const HardSigmoid& phi, double z, double y) {
    const double line = std::fma(phi.slope, z, phi.offset), error = value_error(phi, z, y);
    const bool unsure = std::abs(line) <= error || std::abs(line - 1) <= error;
    return detail::at_finite(z, y, unsure ? phi.slope : 0);
  }
  template <class S>
  static HardSigmoid in_scalar(const HardSigmoid& phi) {
    return {.slope = static_cast<double>(static_cast<S>(phi.slope)),
            .offset = static_cast<double>(static_cast<S>(phi.offset))};
  }

 private:
  /// A number with the sign of slope z + offset - level, level = 0 or 1, or 0 where that is not known.
  static double over(const HardSigmoid& phi, double z, double level) {
    const bool exact = level == 0 || (phi.offset >= 0.5 && phi.offset <= 2);
    return exact ? std::fma(phi.slope, z, phi.offset - level) : std::fma(phi.slope, z, phi.offset) - level;
  }
};

/// phi' = z / 3 + 1/2 for |z| < 3: 1/2 ulp of the quotient and of the sum, at most 1.25 ulps of 1. Ulps of
/// phi: 1/2 each of the sum, the quotient, the product. Elsewhere both are exact.
template <>
struct MapBounds<HardSwish> {
  static Interval slope(const HardSwish&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    if (b < -3) return {0, 0};
    if (a > 3) return {1, 1};
    Interval range{line(std::max(a, -3.)).lo, line(std::min(b, 3.)).hi};
    if (a <= -3) range = hull(range, {-0.5, 0});
    if (b >= 3) range = hull(range, {1, 1.5});
    return meet(range, {-0.5, 1.5});
  }
  static double value_error(const HardSwish&, double z, double y) {
    return detail::at_finite(z, y, std::abs(z) < 3 ? detail::rounding(y, 2, 2) : 0);
  }
  static double slope_error(const HardSwish&, double z, double y) {
    return detail::at_finite(z, y, std::abs(z) < 3 ? 2 * detail::double_ulp : 0);
  }

 private:
  static Interval line(double z) { return Interval::around(z / 3 + 0.5, 2 * detail::double_ulp); }
};

/// phi' = r^2, r = 1 / (1 + |z|). Ulps: phi 1, the sum and the quotient; r 1; r^2 2.5.
template <>
struct MapBounds<Softsign> {
  static Interval slope(const Softsign& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const auto at = [&](double z) { return detail::rounded(phi.derivative(z, z), 3, 3); };
    return meet(detail::range_of_bump(a, b, at), {0, 1});
  }
  static double value_error(const Softsign&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, 2, 2));
  }
  static double slope_error(const Softsign& phi, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(phi.derivative(z, y), 3, 3));
  }
};

// ---- maps made of one exponential -------------------------------------------------------------------------
// f below is function_ulps. Where the argument of exp(-t) is rounded, t (1 + d) with |d| <= k ulps, the
// result is off by k t ulps more. Beyond t = 800 this is of no account: exp(-800) < 2^-1154, and f times the
// smallest number, which stands in every bound, is larger.

namespace detail {

inline constexpr double exponent_end = 800;

/// sigma'(w) for sigma(w) = 1 / (1 + exp(-w)) in the form e / (1 + e)^2 with e = exp(-|w|), which does not
/// cancel. It is even and falls with |w|: its derivative is sigma' (1 - 2 sigma). Ulps: f |1 - 2 sigma| of e,
/// 1 of r = 1 / (1 + e), twice, and 1 of two products.
inline Interval logistic_slope(double w) {
  return rounded(Logistic<double>(w).slope, function_ulps + 4, function_ulps + 3);
}

/// The range of sigma' over [a, b].
inline Interval logistic_slopes(double a, double b) {
  return meet(range_of_bump(a, b, logistic_slope), {0, 0.25});
}

}  // namespace detail

/// Ulps of phi: f (1 - phi) of exp(-|z|), 1 of the sum and the quotient. The computed phi' = y (1 - y) is 1
/// ulp from that of the computed y, and |y (1 - y) - p (1 - p)| = |y - p| |1 - y - p| <= |y - p| for y and p
/// in [0, 1].
template <>
struct MapBounds<Sigmoid> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Sigmoid&, double a, double b) {
    return a <= b ? detail::logistic_slopes(a, b) : Interval::whole();
  }
  static double value_error(const Sigmoid&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, f + 2, f + 2));
  }
  static double slope_error(const Sigmoid& phi, double z, double y) {
    return detail::at_finite(z, y, value_error(phi, z, y) + detail::rounding(y * (1 - y), 2, 2));
  }
};

/// phi(z) is Sigmoid's at -z, which is exact.
template <>
struct MapBounds<SigmoidNeg> {
  static Interval slope(const SigmoidNeg&, double a, double b) {
    return -MapBounds<Sigmoid>::slope(Sigmoid{}, -b, -a);
  }
  static double value_error(const SigmoidNeg&, double z, double y) {
    return MapBounds<Sigmoid>::value_error(Sigmoid{}, -z, y);
  }
  static double slope_error(const SigmoidNeg&, double z, double y) {
    return MapBounds<Sigmoid>::slope_error(Sigmoid{}, -z, y);
  }
};

/// phi'(z) = 1 - tanh(z)^2 = 4 sigma'(2 z). The computed 1 - y^2 is off by |y - t| (|y| + |t|) for t =
/// tanh(z), and by the rounding of the square and of the difference, u (y^2 + |1 - y^2|) with u half an ulp.
template <>
struct MapBounds<Tanh> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Tanh&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const Interval quarter = detail::logistic_slopes(2 * a, 2 * b);
    return {4 * quarter.lo, 4 * quarter.hi};  // exact
  }
  static double value_error(const Tanh&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, f + 1, f + 1));
  }
  static double slope_error(const Tanh& phi, double z, double y) {
    const double error = value_error(phi, z, y);
    return detail::at_finite(z, y, error * (2 * std::abs(y) + error) + detail::double_ulp);
  }
};

/// phi' = sigma(beta z), which rises.
///
/// Ulps of phi, with t = beta |z|: exp(-t) f + t / 2, log1p of it no more than that and f, 1/2 of the
/// quotient, 1/2 of the sum. For z > 0 the second term of phi is at most exp(-t) / beta and the first t /
/// beta, so that t / 2 becomes less than 0.3.
///
/// Of the computed phi' = 1 - exp(-w), w = beta y: an error D of w makes at most D exp(-m), m the lesser of
/// the computed and the exact w, and m exp(-m) <= 1 - exp(-m) <= 1 - exp(-w). So ulps of w count as ulps of
/// phi': those of y, 1/2 of the product, f of expm1.
template <>
struct MapBounds<Softplus> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Softplus& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const auto at = [&](double z) {
      const double w = phi.beta * z;
      return detail::rounded(Sigmoid{}(w), f + 3 + argument_ulps(w), f + 3);
    };
    return meet(detail::range_of_rising(a, b, at), {0, 1});
  }
  static double value_error(const Softplus& phi, double z, double y) {
    const double tiny = 2 + (2 * f + 2) / phi.beta;
    return detail::at_finite(z, y, detail::rounding(y, 2 * f + 2 + argument_ulps(phi.beta * z), tiny));
  }
  static double slope_error(const Softplus& phi, double z, double y) {
    const double ulps = 3 * f + 4 + argument_ulps(phi.beta * z), tiny = 3 * f + 4 + 2 * phi.beta;
    return detail::at_finite(z, y, detail::rounding(phi.derivative(z, y), ulps, tiny));
  }
  template <class S>
  static Softplus in_scalar(const Softplus& phi) {
    return {.beta = static_cast<double>(static_cast<S>(phi.beta))};
  }

 private:
  /// Of exp(w), because w = beta z is rounded; 0 for w >= 0.
  static double argument_ulps(double w) { return w < 0 ? std::min(-w, detail::exponent_end) / 2 : 0; }
};

/// phi' = exp(w) for z < 0, w = z / alpha, which rises to 1, and 1 for z > 0. Ulps of phi: 1/2 of w, since
/// |w| exp(w) <= |expm1(w)|, f of expm1, 1/2 of the product. Of the exact slope |w| / 2 and f. The
/// computed one is y / alpha + 1, two operations with results of at most 1.
template <>
struct MapBounds<Celu> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Celu& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    if (a > 0) return {1, 1};
    const auto left = [&](double z) {
      const double w = z / phi.alpha;
      return detail::rounded(std::exp(w), f + 1 + std::min(-w, detail::exponent_end) / 2, f + 1);
    };
    return {std::max(left(a).lo, 0.), b < 0 ? std::min(left(b).hi, 1.) : 1.};
  }
  static double value_error(const Celu& phi, double z, double y) {
    return detail::at_finite(z, y, z > 0 ? 0 : detail::rounding(y, f + 2, (f + 2) * phi.alpha + 2));
  }
  static double slope_error(const Celu& phi, double z, double y) {
    const double error = z > 0 ? 0 : value_error(phi, z, y) / phi.alpha + 2 * detail::double_ulp;
    return detail::at_finite(z, y, error);
  }
  template <class S>
  static Celu in_scalar(const Celu& phi) {
    return {.alpha = static_cast<double>(static_cast<S>(phi.alpha))};
  }
};

/// phi' = alpha exp(z) for z < 0, which rises to alpha, and 1 for z > 0. The computed one is y + alpha.
template <>
struct MapBounds<Elu> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Elu& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    if (a > 0) return {1, 1};
    const auto left = [&](double z) {
      return detail::rounded(phi.alpha * std::exp(z), f + 1, (f + 1) * phi.alpha + 2);
    };
    const double lowest = std::max(left(a).lo, 0.);
    return b < 0 ? Interval{lowest, std::min(left(b).hi, phi.alpha)}
                 : Interval{std::min(lowest, 1.), std::max(phi.alpha, 1.)};
  }
  static double value_error(const Elu& phi, double z, double y) {
    return detail::at_finite(z, y, z > 0 ? 0 : detail::rounding(y, f + 1, (f + 1) * phi.alpha + 2));
  }
  static double slope_error(const Elu& phi, double z, double y) {
    const double sum = z > 0 ? 0 : detail::rounding(phi.derivative(z, y), 1, 0);
    return detail::at_finite(z, y, value_error(phi, z, y) + sum);
  }
  template <class S>
  static Elu in_scalar(const Elu& phi) {
    return {.alpha = static_cast<double>(static_cast<S>(phi.alpha))};
  }
};

/// phi' = scale alpha exp(z) for z < 0, which rises to scale alpha = 1.758..., and scale for z > 0. The
/// constants are 1/2 ulp from those of the paper, their computed product is 1.5 ulps from the exact one.
template <>
struct MapBounds<Selu> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Selu&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    constexpr Interval right = Interval::around(Selu::scale, 0);
    if (a > 0) return right;
    const auto left = [](double z) {
      return detail::rounded(Selu::scale * Selu::alpha * std::exp(z), f + 3, 2 * f + 2);
    };
    const double lowest = std::max(left(a).lo, 0.);
    return b < 0 ? Interval{lowest, left(b).hi} : hull({lowest, left(0).hi}, right);
  }
  static double value_error(const Selu&, double z, double y) {
    return detail::at_finite(z, y, z > 0 ? detail::rounding(y, 2, 2) : detail::rounding(y, f + 3, 2 * f + 2));
  }
  static double slope_error(const Selu& phi, double z, double y) {
    const double error = z > 0 ? 0 : value_error(phi, z, y);
    return detail::at_finite(z, y,
                             error + detail::rounding(phi.derivative(z, y), 1, 0) + 3 * detail::double_ulp);
  }
};

/// phi' = -exp(-z), which rises. Where exp overflows the exact value is larger than the largest double, or
/// less by an error of exp.
template <>
struct MapBounds<ExpNeg> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const ExpNeg& phi, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const double most = phi(a), least = std::min(phi(b), std::numeric_limits<double>::max());
    return {detail::below(-most - detail::rounding(most, f + 1, f + 1)),
            std::min(detail::above(detail::rounding(least, f + 1, f + 1) - least), 0.)};
  }
  static double value_error(const ExpNeg&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, f + 1, f + 1));
  }
  static double slope_error(const ExpNeg& phi, double z, double y) { return value_error(phi, z, y); }
};

// ---- maps x g(x) with a gate g ----------------------------------------------------------------------------
// phi' of each falls to a minimum, rises to a maximum and falls again, to 0 at -infinity and 1 at infinity.

namespace detail {

/// Where phi' has an extremum, correctly rounded, and what it is there.
struct SlopeExtremum {
  constexpr SlopeExtremum(double where, double slope) : x(where), value(Interval::around(slope, 0)) {}
  double x;
  Interval value;
  /// Whether [a, b] holds it, or may for all that is known.
  bool lies_in(double a, double b) const { return a <= above(x) && b >= below(x); }
};

/// rounding() of y = z g where g is wrong by `tiny` of the smallest number besides.
inline double gated_rounding(double z, double y, double ulps, double tiny) {
  return rounding(y, ulps, 2) + std::abs(z) * (tiny * double_tiny);
}

/// phi'(z), from the computed derivative and its error; the limits at -infinity and infinity.
template <class Phi>
Interval gated_slope(const Phi& phi, double z) {
  if (std::isinf(z)) return z < 0 ? Interval{0, 0} : Interval{1, 1};
  return Interval::around(phi.derivative(z, 0.), MapBounds<Phi>::slope_error(phi, z, 0));
}

/// The range of phi' over [a, b]. `scale` z is what the places of the extrema are compared with.
template <class Phi>
Interval gated_slopes(const Phi& phi, double a, double b, double scale = 1) {
  if (!(a <= b)) return Interval::whole();
  constexpr SlopeExtremum low = MapBounds<Phi>::low, high = MapBounds<Phi>::high;
  const Interval first = gated_slope(phi, a);
  Interval range = a == b ? first : hull(first, gated_slope(phi, b));
  if (low.lies_in(scale * a, scale * b)) range = hull(range, low.value);
  if (high.lies_in(scale * a, scale * b)) range = hull(range, high.value);
  return meet(range, {low.value.lo, high.value.hi});
}

}  // namespace detail

/// phi' = Phi + z d with the normal density d; phi'' = d (2 - z^2) changes sign at -+sqrt(2).
///
/// Ulps of phi: those of erfc, 1/2 of the product, and for the argument s = -z / sqrt(2) of erfc, which is
/// off by 1 ulp, s |erfc'(s)| / erfc(s): at most 1/2 for s < 0, and for s > 0 at most s (s + sqrt(s^2 + 2))
/// <= z^2 + |z| (Abramowitz and Stegun 7.1.13). From |z| = 40 on both phi and what is computed for z < 0 are
/// some |z| 2^-1074.
///
/// Ulps of phi', as an absolute error: Phi erfc_ulps + 1 for z > 0, less for z < 0, where Phi < 1/2 and (z^2
/// + |z|) Phi < 0.4; z d with |z| d < 0.25 and |z|^3 d < 0.47: (f + 1.5 + z^2 / 4) |z| d < f / 4 + 0.5; the
/// sum 0.6.
template <>
struct MapBounds<Gelu> {
  static constexpr detail::SlopeExtremum low{-1.414213562373095048802, -0.1289041451851547863407},
      high{1.414213562373095048802, 1.128904145185154786341};
  static Interval slope(const Gelu& phi, double a, double b) { return detail::gated_slopes(phi, a, b); }
  static double value_error(const Gelu&, double z, double y) {
    const double left = z < 0 ? std::min(-z, 40.) : 0;
    const double ulps = detail::erfc_ulps + 2 + left * (left + 1);
    return detail::at_finite(z, y, detail::gated_rounding(z, y, ulps, detail::erfc_ulps / 2 + 1));
  }
  static double slope_error(const Gelu&, double z, double y) {
    return detail::at_finite(z, y, (detail::erfc_ulps + detail::function_ulps / 4 + 3) * detail::double_ulp);
  }
};

/// With u = k (z + c z^3), k = sqrt(2 / pi), c = 0.044715, phi'' is 0 where tanh(u) = (1 + 6 c z^2) / (k z (1
/// + 3 c z^2)^2). For z > 0 the left side rises and the right side falls from infinity to 0: once. The other
/// zero is opposite, since phi'(z) + phi'(-z) = 1.
///
/// Ulps: 3.5 of g = 2 u, and so 3.5 |g| of exp(-|g|), g exp(-g) / (1 + exp(-g)) < 0.28. phi: that and f of
/// exp, 2 of the fraction and the product; for z > 0 less, (0.28) 3.5 + f / 2 + 1.5.
///
/// phi' = p + T with T = z g' p (1 - p). p: 2.5 + f / 2. |z g'| <= r |g|, r = (1 + 3 c z^2) / (1 + c z^2),
/// where r < 1.84 for |z| <= 4; beyond, r < 3 and p (1 - p) < 2e-5. As |g| p (1 - p) < 0.224 and g^2 p (1 -
/// p) < 0.44: |T| < 0.42 and |T g| < 0.81. T: f + 3.5 |g| + 3 of p (1 - p), 4.5 of the rest, < 0.42 (f + 7.5)
/// + 2.9. The sum 0.6. All in all less than f + 9.2.
template <>
struct MapBounds<GeluTanh> {
  static constexpr double f = detail::function_ulps;
  static constexpr detail::SlopeExtremum low{-1.418504008790828355548, -0.1289930686587717655590},
      high{1.418504008790828355548, 1.128993068658771765559};
  static Interval slope(const GeluTanh& phi, double a, double b) { return detail::gated_slopes(phi, a, b); }
  static double value_error(const GeluTanh&, double z, double y) {
    const double g = 1.6 * std::abs(z) * (1 + 0.045 * z * z);  // at least
    const double ulps = f + 3 + (z < 0 ? 3.5 * std::min(g, detail::exponent_end) : 0);
    return detail::at_finite(z, y, detail::gated_rounding(z, y, ulps, f + 2));
  }
  static double slope_error(const GeluTanh&, double z, double y) {
    return detail::at_finite(z, y, (f + 10) * detail::double_ulp);
  }
};

/// For w = beta z and p = sigma(w): phi' = p + w p (1 - p), and phi'' = beta p (1 - p) (2 - w tanh(w / 2)) is
/// 0 at one w > 0, where w tanh(w / 2), which is even and rises, is 2, and at its opposite. phi'(z) +
/// phi'(-z) = 1.
///
/// Ulps of phi: |w| / 2 + f of exp(-|w|), 2 of the rest; for z > 0 f / 2 + 1.7. Of phi', as absolute errors:
/// p f / 2 + 1.2; w p (1 - p), which is below 0.224 and times |w| below 0.44: 0.224 (f + 4) + 0.22; the sum
/// 0.6. All in all less than f + 3. What underflows in slope x, where beta is huge, is multiplied by beta.
template <>
struct MapBounds<Silu> {
  static constexpr double f = detail::function_ulps;
  static constexpr detail::SlopeExtremum low{-2.399357280515467667833, -0.09983932012886691695818},
      high{2.399357280515467667833, 1.099839320128866916958};
  static Interval slope(const Silu& phi, double a, double b) {
    return detail::gated_slopes(phi, a, b, phi.beta);
  }
  static double value_error(const Silu& phi, double z, double y) {
    const double w = std::abs(phi.beta * z);
    const double ulps = f + 3 + (z < 0 ? std::min(w, detail::exponent_end) / 2 : 0);
    return detail::at_finite(z, y, detail::gated_rounding(z, y, ulps, f + 2));
  }
  static double slope_error(const Silu& phi, double z, double y) {
    const double w = std::min(std::abs(phi.beta * z), std::numeric_limits<double>::max());
    return detail::at_finite(
        z, y,
        (f + 3) * detail::double_ulp + phi.beta * detail::double_tiny + w * ((f + 2) * detail::double_tiny));
  }
  template <class S>
  static Silu in_scalar(const Silu& phi) {
    return {.beta = static_cast<double>(static_cast<S>(phi.beta))};
  }
};

/// With e = exp(z), D = e^2 + 2 e + 2 and the gate g = (e^2 + 2 e) / D: g' = 4 e (1 + e) / D^2 > 0 and phi''
/// = 2 g' + z g'' = g' (2 + z q), q = g'' / g' = 1 + e / (1 + e) - 4 e (1 + e) / D. q falls from 1 to -2:
/// with s = (1 + e)^2 > 1, dq/de < 0 is 3 s^2 + 8 s^1.5 - 6 s - 1 > 0, and that is 4 for s = 1 and rises.
/// q(z0) = 0 for a z0 < 0. z q = -2 has one solution on z > 0, where z q falls from 0 to -infinity; none on
/// [z0, 0], where z q >= 0; one on z < z0, where |z| q rises from 0 to infinity as z falls.
///
/// Ulps: with u = exp(-|z|), d log g / d log u is between -1 and 1, so that f ulps of u are f of g. phi: f,
/// 2.5 of the rest. phi' = g + T with T = z g' <= 0.28: T <= |z| sigma(z) < 0.28 for z < 0, T <= 4 z
/// sigma(-z) sigma(z) sigma(-z) < 0.28 for z > 0. d log g' / d log u = -+q is between -1 and 2. g: f + 2; T
/// 0.28 (2 f + 5.5); the sum 0.6. All in all less than 1.6 f + 4.2.
template <>
struct MapBounds<Mish> {
  static constexpr double f = detail::function_ulps;
  static constexpr detail::SlopeExtremum low{-2.256376396360793120006, -0.1125261223894625564073},
      high{1.490571179485428459294, 1.088498161251727861228};
  static Interval slope(const Mish& phi, double a, double b) { return detail::gated_slopes(phi, a, b); }
  static double value_error(const Mish&, double z, double y) {
    return detail::at_finite(z, y, detail::gated_rounding(z, y, f + 3, f + 2));
  }
  static double slope_error(const Mish&, double z, double y) {
    const double tiny = (f + 3) * detail::double_tiny;
    return detail::at_finite(z, y, (1.6 * f + 5) * detail::double_ulp + std::abs(z) * tiny);
  }
};

// ---- maps made of one sine or cosine ----------------------------------------------------------------------

namespace detail {

/// w(z), w = sin or cos, at an end of an interval: within `error` of `value`. `slope` has the sign of w'(z).
struct WaveEnd {
  double value, slope, error;
};

/// The range of w = sin or cos over [a, b], given its ends as functions and b - a, rounded.
///
/// Turning points lie pi apart. So if w rises at one end and falls at the other there is one between, which
/// is a maximum or a minimum: three need a length of 2 pi. If not there are two, or none where the length is
/// below pi. This uses signs alone, so that arguments of any size are fine. A sign of 0 is that of cos at z =
/// 0, a maximum: w falls behind a = 0, and rises before b = 0. No other double is a zero of sin or cos.
template <class First, class Second>
Interval wave_range(double length, const First& at_a, const Second& at_b) {
  constexpr double full_turn = 6.2831853071795, half_turn = 3.1415926535897;  // just below 2 pi and pi
  constexpr Interval all{-1, 1};
  if (!(length < full_turn)) return all;
  const WaveEnd a = at_a(), b = at_b();
  Interval range = hull(Interval::around(a.value, a.error), Interval::around(b.value, b.error));
  const bool rises = a.slope > 0, rises_at_last = b.slope >= 0;
  if (length > 0 && rises != rises_at_last) (rises ? range.hi : range.lo) = rises ? 1 : -1;
  if (rises == rises_at_last && length >= half_turn) return all;
  return meet(range, all);
}

inline WaveEnd sin_end(double z) {
  const double s = std::sin(z);
  return {s, std::cos(z), rounding(s, function_ulps + 1, function_ulps + 1)};
}
/// cos(z + rest) = cos(z) - rest sin(z) up to rest^2 / 2. The sign of the slope is that of z: if a turning
/// point lies between z and z + rest, w(z + rest) is within rest^2 / 2 of it.
inline WaveEnd cos_end(double z, double rest = 0) {
  const double c = std::cos(z), s = std::sin(z);
  const double value = c - rest * s;
  return {value, -s,
          rounding(std::abs(c) + std::abs(rest), function_ulps + 1, function_ulps + 1) + rest * rest};
}

}  // namespace detail

/// phi' = cos.
template <>
struct MapBounds<Sin> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Sin&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    return detail::wave_range(
        b - a, [&] { return detail::cos_end(a); }, [&] { return detail::cos_end(b); });
  }
  static double value_error(const Sin&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, f + 1, f + 1));
  }
  static double slope_error(const Sin&, double z, double y) {
    return detail::at_finite(z, y, (f + 1) * detail::double_ulp);
  }
};

/// phi' = -1 - sin. Ulps: f of the cosine, 1/2 of the sum.
template <>
struct MapBounds<Cosid> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Cosid&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const Interval sines = detail::wave_range(
        b - a, [&] { return detail::sin_end(a); }, [&] { return detail::sin_end(b); });
    return meet(Interval{-1, -1} - sines, {-2, 0});
  }
  static double value_error(const Cosid&, double z, double y) {
    return detail::at_finite(z, y, detail::rounding(y, 1, 1) + (f + 1) * detail::double_ulp);
  }
  static double slope_error(const Cosid&, double z, double y) {
    return detail::at_finite(z, y, (f + 2) * detail::double_ulp);
  }
};

/// phi' = 1 + 2 cos(10 z). Rounding 10 z makes an error of 5 |z| ulps at most in the argument, so of |z| ulps
/// and of at most 2 / 5 in phi, and ten times that in phi'. The sine: f / 5 ulps of min(1, 10 |z|), and 1/2
/// of the quotient; 1/2 of the sum.
template <>
struct MapBounds<Ripple> {
  static constexpr double f = detail::function_ulps;
  static Interval slope(const Ripple&, double a, double b) {
    if (!(a <= b)) return Interval::whole();
    const TenTimes first(a), last(b);
    const Interval cosines = detail::wave_range(
        last.product - first.product, [&] { return detail::cos_end(first.product, first.rest); },
        [&] { return detail::cos_end(last.product, last.rest); });
    return meet(Interval{1, 1} + 2 * cosines, {-1, 3});
  }
  static double value_error(const Ripple&, double z, double y) {
    const double argument = std::min(std::abs(z) * detail::double_ulp, 0.5);
    const double sine = detail::rounding(std::min(1., 10 * std::abs(z)), (f + 1) / 5, f + 2);
    return detail::at_finite(z, y, argument + sine + detail::rounding(y, 1, 1));
  }
  static double slope_error(const Ripple&, double z, double y) {
    const double argument = std::min(std::abs(z) * (10.5 * detail::double_ulp), 4.);
    return detail::at_finite(z, y, argument + (2 * f + 2) * detail::double_ulp);
  }

 private:
  /// 10 z = product + rest, exactly (Dekker 1971), as 8 z + 2 z: the compiler may fuse a product with the
  /// difference that it enters, which is harmless for these, but not for 10 * z.
  struct TenTimes {
    explicit TenTimes(double z) : product(8 * z + 2 * z), rest(2 * z - (product - 8 * z)) {}
    double product, rest;
  };
};

}  // namespace basin
