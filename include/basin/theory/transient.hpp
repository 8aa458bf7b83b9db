// Growth before decay: how far orbits near an attractor may go before they come, and how close they must
// start.
#pragma once
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <Eigen/LU>           // Eigen::PartialPivLU
#include <algorithm>          // std::min
#include <cmath>              // std::sqrt, std::isfinite, std::pow
#include <complex>            // std::complex
#include <limits>             // std::numeric_limits
#include <numbers>            // std::numbers::pi
#include <vector>             // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/product/gemm.hpp"  // gemm, GemmOp
#include "basin/core/types.hpp"         // Mat, MatIn, Index

namespace basin::inline BASIN_ABI {

/// The powers of a Jacobian J in the spectral norm (the largest singular value).
struct TransientGrowth {
  std::vector<double> norms;  // |J^t| for t = 0, 1, ...; the first is 1
  double peak = 1;            // the largest of them: an orbit of x -> J x may grow by this factor
  Index time = 0;             // the first t at which it is attained
  /// Some |J^t| < 1 was found. That proves rho(J) < 1, and that `peak` is the maximum over all t: with |J^m|
  /// < 1, |J^(qm+s)| <= |J^m|^q |J^s|.
  bool decays = false;
  double sum = std::numeric_limits<double>::infinity();  // an upper bound of the sum of |J^t| over all t
};

struct TransientOptions {
  Index max_steps = 10000;
  double until = 0.1;  // the powers end when |J^t| <= until; the smaller, the sharper `sum`
};

namespace detail {
/// The largest singular value of A.
template <class = void>
double spectral_norm(const Mat<double>& A) {
  const double scale = A.cwiseAbs().maxCoeff();
  if (scale == 0 || !std::isfinite(scale)) return scale;
  const Mat<double> B = A / scale;
  Mat<double> gram(B.cols(), B.cols());
  gemm<double, GemmOp::transposed>(B, B, gram);
  const Eigen::SelfAdjointEigenSolver<Mat<double>> solver(gram, Eigen::EigenvaluesOnly);
  return scale * std::sqrt(solver.eigenvalues().maxCoeff());
}

/// transient_growth of a J in double.
template <class = void>
TransientGrowth growth_of(MatIn<double> J, const TransientOptions& options) {
  require(J.rows() == J.cols() && J.rows() >= 1, "transient_growth: J is ", J.rows(), " x ", J.cols(),
          ", expected a square matrix");
  require(J.allFinite(), "transient_growth: J has entries that are NaN or infinite");
  require(options.max_steps >= 1, "transient_growth: max_steps must be >= 1, got ", options.max_steps);
  require(options.until > 0 && options.until < 1, "transient_growth: until must be in (0, 1), got ",
          options.until);
  TransientGrowth g;
  g.norms = {1};
  Mat<double> power = Mat<double>::Identity(J.rows(), J.cols()), next = power;
  double before = 0;  // the sum of |J^s|, s < t
  for (Index t = 1; t <= options.max_steps; ++t) {
    gemm<double>(J, power, next);  // J^t = J J^(t-1)
    power.swap(next);
    before += g.norms.back();
    const double norm = spectral_norm(power);
    if (!std::isfinite(norm)) break;
    g.norms.push_back(norm);
    if (norm > g.peak) {
      g.peak = norm;
      g.time = t;
    }
    if (norm < 1) {
      g.decays = true;
      g.sum = std::min(g.sum, before / (1 - norm));  // t = q m + s: the sum over s times the sum of |J^m|^q
    }
    if (norm <= options.until) break;
  }
  return g;
}
}  // namespace detail

/// |J^t| for t = 0, 1, ... until it has decayed, computed in double. Theorem 2 of the paper, corrected:
/// rho(J) < 1 makes a fixed point an attractor, but unless J is normal the distance to it may first grow by
/// `peak`. Throws unless J is square and finite.
template <class Derived>
[[nodiscard]] TransientGrowth transient_growth(const Eigen::MatrixBase<Derived>& J,
                                               const TransientOptions& options = {}) {
  return detail::growth_of(J.template cast<double>(), options);
}

/// How close to the fixed point 0 of f(h) = J h + g(h), |g(h)| <= L/2 |h|^2, an orbit may start so that it is
/// sure to converge to 0: 1 / (2 P C L) with P = max |J^t| and C = sum |J^t|. On its way it stays within 1 /
/// (C L). Here L is a Lipschitz constant of the Jacobian of f, in the spectral norm, on the ball of radius 1
/// / (C L). Not sharp.
///
/// Proof: h_t = J^t h_0 + sum_s J^(t-1-s) g(h_s), so that |h_s| <= R = 1 / (C L) for s < t gives
/// |h_t| <= P |h_0| + C L R^2 / 2 <= R. Then M = limsup |h_t| obeys M <= C L M^2 / 2 and M <= R, hence M = 0.
/// Throws unless the growth decays and L > 0.
[[nodiscard]] inline double attraction_radius(const TransientGrowth& growth, double lipschitz) {
  require(growth.decays, "attraction_radius: growth must decay, but no power of J had a norm below 1");
  require(lipschitz > 0, "attraction_radius: lipschitz must be > 0, got ", lipschitz);
  return 1 / (2 * growth.peak * growth.sum * lipschitz);
}

/// A lower bound of max |J^t| and the point z, |z| > 1, that gives it.
struct KreissBound {
  double value = 0;
  std::complex<double> z = 0;
};

namespace detail {
/// kreiss_lower_bound of a J in double.
template <class = void>
KreissBound kreiss_bound_of(MatIn<double> J, Index angles) {
  require(J.rows() == J.cols() && J.rows() >= 1, "kreiss_lower_bound: J is ", J.rows(), " x ", J.cols(),
          ", expected a square matrix");
  require(J.allFinite(), "kreiss_lower_bound: J has entries that are NaN or infinite");
  require(angles >= 1, "kreiss_lower_bound: angles must be >= 1, got ", angles);
  const Index d = J.rows();
  const Mat<double> I = Mat<double>::Identity(d, d);
  KreissBound best;
  for (Index a = 0; a < angles; ++a)
    for (int e = -32; e <= 16; ++e) {
      const double excess = std::pow(10., e / 8.);
      const double angle = 2 * std::numbers::pi * static_cast<double>(a) / static_cast<double>(angles);
      const std::complex<double> z = std::polar(1 + excess, angle);
      Mat<double> M(2 * d, 2 * d);  // z I - J as a real matrix
      M << z.real() * I - J, -z.imag() * I, z.imag() * I, z.real() * I - J;
      const double value = excess * spectral_norm(Eigen::PartialPivLU<Mat<double>>(M).inverse());
      if (std::isfinite(value) && value > best.value) best = {value, z};
    }
  return best;
}
}  // namespace detail

/// The largest (|z| - 1) |(z I - J)^-1| over `angles` directions of z and 49 moduli from 1 + 1e-4 to 1 + 1e2.
/// Each of them is at most max |J^t| (the easy half of the Kreiss matrix theorem; the supremum K over all |z|
/// > 1 satisfies K <= max |J^t| <= e d K, Spijker 1991). Throws unless J is square and finite and angles >=
/// 1.
template <class Derived>
[[nodiscard]] KreissBound kreiss_lower_bound(const Eigen::MatrixBase<Derived>& J, Index angles = 32) {
  return detail::kreiss_bound_of(J.template cast<double>(), angles);
}

}  // namespace basin
