// The orthogonal projection onto the span of the examples, and how far a matrix is from it.
// Page: docs/paper/appendix_a.md.
#pragma once
#include <algorithm>  // std::min
#include <cmath>      // std::sqrt

#include "basin/core/error.hpp"       // require
#include "basin/core/orthogonal.hpp"  // make_orthogonal
#include "basin/core/types.hpp"       // Index, Mat, MatIn, Vec

namespace basin::inline BASIN_ABI {

namespace detail {

/// Orthonormal columns that span those of X up to the tolerance: Gram-Schmidt, always with the column that is
/// least in the span so far.
template <class = void>
Mat<double> orthonormal_basis(MatIn<double> X, double tolerance, const char* who) {
  require(X.rows() >= 1, who, ": X must have rows, got ", X.rows(), " x ", X.cols());
  require(X.allFinite(), who, ": X has entries that are NaN or infinite");
  require(tolerance > 0 && tolerance < 1, who, ": tolerance must be in (0, 1), got ", tolerance);
  Mat<double> rest = X;
  for (Index j = 0; j < rest.cols(); ++j)  // colwise().normalize() would make a column of zeros NaN
    if (const double size = rest.col(j).stableNorm(); size > 0) rest.col(j) /= size;
  Mat<double> Q(X.rows(), 0);
  while (Q.cols() < std::min(X.rows(), X.cols())) {
    Index pivot = 0;
    if (!(rest.colwise().norm().maxCoeff(&pivot) > tolerance)) break;
    Vec<double> q = rest.col(pivot).normalized();
    make_orthogonal<double>(Q, q);
    q.normalize();
    Q.conservativeResize(Eigen::NoChange, Q.cols() + 1);
    Q.rightCols(1) = q;
    rest -= q * (q.transpose() * rest).eval();
    rest.col(pivot).setZero();
  }
  return Q;
}

/// |A - Q Q'|_F / |Q Q'|_F for orthonormal Q, without forming Q Q'.
template <class = void>
double distance_to_projection(MatIn<double> A, MatIn<double> Q) {
  double square = 0;
  for (Index j = 0; j < A.cols(); ++j) square += (A.col(j) - Q * Q.row(j).transpose()).squaredNorm();
  return std::sqrt(square / static_cast<double>(Q.cols()));
}

}  // namespace detail

/// Orthonormal columns Q (d x r) with the span of the columns of X, r its dimension: examples may depend on
/// each other. Each is scaled to norm 1 first, for the span does not care; one counts as dependent when what
/// the others leave of it is at most `tolerance`. Throws if X is not finite or has no rows.
template <class Derived>
[[nodiscard]] Mat<double> span_basis(const Eigen::MatrixBase<Derived>& X, double tolerance = 1e-8) {
  return detail::orthonormal_basis(X.template cast<double>(), tolerance, "span_basis");
}

/// P = Q Q' (d x d), the orthogonal projection onto the span of the columns of X; for independent columns
/// P = X (X'X)^-1 X'. Of rank dim span(X); zero where X is. Tolerance and errors as span_basis.
template <class Derived>
[[nodiscard]] Mat<double> span_projection(const Eigen::MatrixBase<Derived>& X, double tolerance = 1e-8) {
  const Mat<double> Q = detail::orthonormal_basis(X.template cast<double>(), tolerance, "span_projection");
  return Q * Q.transpose();
}

/// |A - P|_F / |P|_F with P = span_projection(X): 0 where the linear map A memorizes in the sense of the
/// paper's Lemma (A is the projection onto the span of the examples), 1 for A = 0. Throws if A is not d x d,
/// if A or X is not finite, or if X = 0.
template <class DerivedA, class DerivedX>
[[nodiscard]] double projection_distance(const Eigen::MatrixBase<DerivedA>& A,
                                         const Eigen::MatrixBase<DerivedX>& X, double tolerance = 1e-8) {
  require(A.rows() == A.cols() && A.rows() == X.rows(), "projection_distance: A is ", A.rows(), " x ",
          A.cols(), ", X has ", X.rows(), " rows, expected a square A of as many");
  require(A.allFinite(), "projection_distance: A has entries that are NaN or infinite");
  const Mat<double> Q =
      detail::orthonormal_basis(X.template cast<double>(), tolerance, "projection_distance");
  require(Q.cols() > 0, "projection_distance: X has no column other than zero");
  return detail::distance_to_projection(A.template cast<double>(), Q);
}

}  // namespace basin
