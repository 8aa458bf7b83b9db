// How far an attractor of a network throws back what is pushed off it, before it decays.
// Page: docs/paper/cycles.md.
#pragma once
#include <vector>  // std::vector

#include "basin/core/error.hpp"           // require
#include "basin/core/model.hpp"           // Model
#include "basin/core/types.hpp"           // Index, Mat, MatIn
#include "basin/dynamics/return_map.hpp"  // linearized_at, return_map, ring_of
#include "basin/dynamics/self_map.hpp"    // self_map, LocalMap, require_self_map
#include "basin/theory/transient.hpp"     // TransientGrowth, KreissBound
#ifdef BASIN_BODIES
#include <cmath>    // std::isnan
#include <complex>  // std::complex
#include <cstddef>  // std::size_t

#include "basin/core/product/gemm.hpp"         // gemm
#include "basin/dynamics/singular_values.hpp"  // triangular_factor
#endif

namespace basin::inline BASIN_ABI {

/// What theory/transient.hpp knows of a matrix, for the Jacobians along a cycle of p points (p = 1: at a
/// fixed point). A small error e of a point becomes J_t ... J_1 e.
struct Amplification {
  /// growth.norms[t] is the largest |J_(i+t-1) ... J_i|_2 over the points i of the cycle, |J^t| at a fixed
  /// point; growth.peak the most that a small error may grow by, growth.time when.
  TransientGrowth growth;
  /// Of M = J_p ... J_1, the Jacobian of f^p: at most max |M^q|, so at most growth.peak if growth.decays.
  KreissBound kreiss;
  double departure = 0;  // Henrici's, of M: 0 where M is normal
  double relative = 0;   // departure / |M|_F, from 0 to 1
};

/// How far powers are followed, and where Kreiss' bound is evaluated.
struct AmplificationOptions {
  TransientOptions transient = {};  // of the powers
  Index angles = 32;                // of z, for Kreiss' bound
  Index form_up_to = 4096;          // dimensions, for networks that are nowhere narrow
};

namespace detail {
template <class = void>
Amplification amplification_of(const std::vector<LocalMap>& J, const AmplificationOptions& options);
}  // namespace detail

/// How far small errors at the attractor with these points grow before they decay: rho < 1 says that they
/// decay in the end, and nothing else. One column is a fixed point, more are a cycle in order, as
/// refine_cycle gives them; that they are one is not checked. In a network that is narrow, J = D E, |J^t| =
/// |R (E D)^(t-1) L| with the triangular factors R of D and L of E, so that nothing of n x n is formed.
/// Throws if f does not map its space to itself, if points do not fit, if J is not finite there, or if f is
/// neither narrow nor of at most `form_up_to` dimensions.
template <Layer F>
[[nodiscard]] Amplification amplification(const Model<F>& f, MatIn<typename F::Scalar> points,
                                          const AmplificationOptions& options = {}) {
  detail::require_self_map(f, points.rows(), "amplification", "points");
  require(points.cols() >= 1, "amplification: points must have at least 1 column, got ", points.cols());
  require(options.angles >= 1, "amplification: angles must be >= 1, got ", options.angles);
  const std::vector<detail::LocalMap> J =
      detail::linearized_at(detail::self_map(f, options.form_up_to), points.template cast<double>());
  require(J.front().is_formed(), "amplification: f has ", points.rows(),
          " dimensions and is nowhere narrow, ", "form_up_to is ", options.form_up_to);
  return detail::amplification_of(J, options);
}

#ifdef BASIN_BODIES
namespace detail {

/// max |J_(i+t-1) ... J_i| for t = 1, 2, ... With J = D E that is |R_(i+t-1) W_i|, W_i = A_(i+t-1) ...
/// A_(i+1) L_i (ring_of), R_i and L_i the triangular factors of D_i and E_i.
template <class = void>
class ProductNorms {
 public:
  explicit ProductNorms(const std::vector<LocalMap>& J) : A_(ring_of(J)) {
    for (const LocalMap& j : J) {
      W_.push_back(j.is_product() ? Mat<double>(triangular_factor(j.E.transpose()).transpose()) : j.D);
      if (j.is_product()) R_.push_back(triangular_factor(j.D));
    }
  }
  double operator()() {
    const std::size_t p = W_.size();
    double largest = 0;
    for (std::size_t i = 0; i < p; ++i) {
      const std::size_t last = (i + t_) % p;  // of the factors in W_i, whose number is t_ + 1
      if (t_ > 0) W_[i] = product(A_[R_.empty() ? (last + 1) % p : last], W_[i]);
      const double norm = spectral_norm(R_.empty() ? W_[i] : product(R_[last], W_[i]));
      if (!(norm <= largest)) largest = norm;  // NaN stays
      if (std::isnan(norm)) break;
    }
    ++t_;
    return largest;
  }

 private:
  static Mat<double> product(const Mat<double>& A, const Mat<double>& B) {
    Mat<double> C(A.rows(), B.cols());
    gemm<double>(A, B, C);
    return C;
  }
  std::vector<Mat<double>> A_, W_, R_;
  std::size_t t_ = 0;
};

/// A matrix as small as M allows with its norms, powers' norms and resolvent: with M = D E and [D, E'] = V
/// [A, B] for orthonormal V, M = V (A B') V'.
template <class = void>
Mat<double> compressed(const LocalMap& M) {
  const Index n = M.D.rows(), k = M.D.cols();
  if (!M.is_product()) return M.D;
  if (n < 2 * k) return M.D * M.E;
  Mat<double> both(n, 2 * k);
  both << M.D, M.E.transpose();
  const Mat<double> R = triangular_factor(both);
  return R.leftCols(k) * R.rightCols(k).transpose();
}

template <class>
Amplification amplification_of(const std::vector<LocalMap>& J, const AmplificationOptions& options) {
  for (const LocalMap& j : J)
    require(j.D.allFinite() && j.E.allFinite(), "amplification: J has entries that are NaN or infinite");
  Amplification a;
  a.growth = growth_by(ProductNorms<>(J), options.transient);
  const Mat<double> M = compressed(return_map(J));
  require(M.allFinite(), "amplification: the product of the Jacobians overflows");
  const Mat<std::complex<double>> T = schur_form(M);
  a.kreiss = kreiss_by_schur(T, options.angles);
  a.departure = departure_of(T);
  if (const double size = M.stableNorm(); size > 0) a.relative = a.departure / size;
  return a;
}

}  // namespace detail
#endif

}  // namespace basin
