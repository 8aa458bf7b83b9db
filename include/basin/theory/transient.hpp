// Growth before decay: how far orbits near an attractor may go before they come, and how close they must
// start. Page: docs/paper/theorem_2.md.
#pragma once
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver, Eigen::ComplexSchur
#include <algorithm>          // std::min
#include <cmath>              // std::sqrt, std::isfinite, std::pow
#include <complex>            // std::complex
#include <limits>             // std::numeric_limits
#include <numbers>            // std::numbers::pi
#include <stdexcept>          // std::runtime_error
#include <vector>             // std::vector

#include "basin/core/error.hpp"         // require, text
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

/// How far the powers of J are followed.
struct TransientOptions {
  Index max_steps = 10000;  // powers
  double until = 0.1;       // the powers end when |J^t| <= until; the smaller, the sharper `sum`
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

/// TransientGrowth from the norms for t = 1, 2, ..., which `next_norm` gives one after the other.
template <class NextNorm>
TransientGrowth growth_by(NextNorm next_norm, const TransientOptions& options) {
  require(options.max_steps >= 1, "transient_growth: max_steps must be >= 1, got ", options.max_steps);
  require(options.until > 0 && options.until < 1, "transient_growth: until must be in (0, 1), got ",
          options.until);
  TransientGrowth g;
  g.norms = {1};
  double before = 0;  // the sum of |J^s|, s < t
  for (Index t = 1; t <= options.max_steps; ++t) {
    before += g.norms.back();
    const double norm = next_norm();
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

template <class = void>
void require_square(MatIn<double> J, const char* who) {
  require(J.rows() == J.cols() && J.rows() >= 1, who, ": J is ", J.rows(), " x ", J.cols(),
          ", expected a square matrix");
  require(J.allFinite(), who, ": J has entries that are NaN or infinite");
}

/// transient_growth of a J in double.
template <class = void>
TransientGrowth growth_of(MatIn<double> J, const TransientOptions& options) {
  require_square(J, "transient_growth");
  Mat<double> power = Mat<double>::Identity(J.rows(), J.cols()), next = power;
  return growth_by(
      [&] {
        gemm<double>(J, power, next);  // J^t = J J^(t-1)
        power.swap(next);
        return spectral_norm(power);
      },
      options);
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
  double value = 0;            // the bound
  std::complex<double> z = 0;  // where it is taken
};

namespace detail {
/// T of the Schur form J = U T U*, T upper triangular and U unitary: it has J's norms and resolvent norms.
template <class = void>
Mat<std::complex<double>> schur_form(const Mat<double>& J) {
  const Eigen::ComplexSchur<Mat<std::complex<double>>> schur(J.cast<std::complex<double>>(), false);
  if (schur.info() != Eigen::Success)
    throw std::runtime_error(
        text("schur_form: the QR iteration did not converge on a ", J.rows(), " x ", J.cols(), " matrix"));
  return schur.matrixT().triangularView<Eigen::Upper>();
}

/// |(z I - T)^-1| by the power method from v, which it leaves next to the singular vector: from below, until
/// it changes by `tolerance` in relation, in at most `most` steps.
template <class = void>
double resolvent_norm(const Mat<std::complex<double>>& T, std::complex<double> z,
                      Vec<std::complex<double>>& v, double tolerance, int most) {
  Mat<std::complex<double>> A = -T;
  A.diagonal().array() += z;
  double norm = 0;
  for (int step = 0; step < most; ++step) {
    Vec<std::complex<double>> w = A.triangularView<Eigen::Upper>().solve(v);
    const double before = norm;
    norm = w.norm();
    if (!std::isfinite(norm) || norm == 0) return norm;
    w /= norm;
    w = A.adjoint().triangularView<Eigen::Lower>().solve(w);
    if (!w.allFinite()) return norm;
    v = w.normalized();
    if (norm - before <= tolerance * norm) break;
  }
  return norm;
}

/// kreiss_lower_bound by the Schur form of J. Where J is real, conj(z) gives what z does.
template <class = void>
KreissBound kreiss_by_schur(const Mat<std::complex<double>>& T, Index angles) {
  constexpr int moduli = 49;
  Mat<double> values(moduli, angles / 2 + 1);
  const auto at = [angles](Index e, Index a) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(a) / static_cast<double>(angles);
    return std::polar(1 + std::pow(10., (16 - static_cast<double>(e)) / 8), angle);
  };
  const auto value = [&](Index e, Index a, Vec<std::complex<double>>& v, double tolerance, int most) {
    const double x =
        std::pow(10., (16 - static_cast<double>(e)) / 8) * resolvent_norm(T, at(e, a), v, tolerance, most);
    return std::isfinite(x) ? x : 0;
  };
  const Vec<std::complex<double>> start =
      Vec<std::complex<double>>::LinSpaced(T.rows(), 1, {2, 1}).normalized();
  for (Index a = 0; a < values.cols(); ++a) {
    Vec<std::complex<double>> v = start;  // from far away inward, each norm from the vector of the last
    for (Index e = 0; e < moduli; ++e) values(e, a) = value(e, a, v, 1e-3, 20);
  }
  KreissBound best;
  const double roughly = values.maxCoeff();
  for (Index a = 0; a < values.cols(); ++a)
    for (Index e = 0; e < moduli; ++e) {
      if (values(e, a) < 0.98 * roughly) continue;
      Vec<std::complex<double>> v = start;
      if (const double x = value(e, a, v, 1e-13, 500); x > best.value) best = {x, at(e, a)};
    }
  return best;
}

/// kreiss_lower_bound of a J in double.
template <class = void>
KreissBound kreiss_bound_of(MatIn<double> J, Index angles) {
  require_square(J, "kreiss_lower_bound");
  require(angles >= 1, "kreiss_lower_bound: angles must be >= 1, got ", angles);
  return kreiss_by_schur(schur_form(Mat<double>(J)), angles);
}

/// The Frobenius norm of what is above the diagonal.
template <class = void>
double departure_of(const Mat<std::complex<double>>& T) {
  return Mat<std::complex<double>>(T.triangularView<Eigen::StrictlyUpper>()).stableNorm();
}
}  // namespace detail

/// The largest (|z| - 1) |(z I - J)^-1| over `angles` directions of z and 49 moduli from 1 + 1e-4 to 1 + 1e2.
/// Each of them is at most max |J^t| (the easy half of the Kreiss matrix theorem; the supremum K over all |z|
/// > 1 satisfies K <= max |J^t| <= e d K, Spijker 1991). Throws unless J is square and finite and angles >=
/// 1.
template <class Derived>
[[nodiscard]] KreissBound kreiss_lower_bound(const Eigen::MatrixBase<Derived>& J, Index angles = 32) {
  return detail::kreiss_bound_of(Mat<double>(J.template cast<double>()), angles);
}

/// Henrici's departure from normality |N|_F = (|J|_F^2 - sum |lambda_i|^2)^(1/2), N the part above the
/// diagonal of J's Schur form (Henrici 1962): 0 for normal matrices, of which |J^t| = rho(J)^t, and at most
/// |J|_F. Throws unless J is square and finite.
template <class Derived>
[[nodiscard]] double henrici_departure(const Eigen::MatrixBase<Derived>& J) {
  const Mat<double> A = J.template cast<double>();
  detail::require_square(A, "henrici_departure");
  return detail::departure_of(detail::schur_form(A));
}

}  // namespace basin
