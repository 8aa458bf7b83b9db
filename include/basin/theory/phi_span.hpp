// phi^-1, phi-eigenvectors and the phi-span (Section 2): what eigenvectors and span are for y = phi(A x).
// Page: docs/paper/theorem_1.md.
#pragma once
#include <cmath>   // std::isfinite
#include <limits>  // std::numeric_limits

#include "basin/core/error.hpp"         // require
#include "basin/core/types.hpp"         // Index, Mat, MatIn, Vec, VecIn
#include "basin/layers/maps/map.hpp"    // PointwiseMap, InvertibleMap
#include "basin/theory/projection.hpp"  // span_basis

namespace basin::inline BASIN_ABI {

/// phi(Z), entry by entry.
template <PointwiseMap Phi>
[[nodiscard]] Mat<double> apply_map(const Phi& phi, MatIn<double> Z) {
  return Z.unaryExpr([&](double z) { return phi(z); });
}
/// phi^-1(Y), entry by entry: of the pre-images, the ones of smallest absolute value. Throws
/// std::domain_error for an entry outside the range of phi.
template <InvertibleMap Phi>
[[nodiscard]] Mat<double> preimage(const Phi& phi, MatIn<double> Y) {
  return Y.unaryExpr([&](double y) { return phi.inverse(y); });
}

/// How nearly u is a phi-eigenvector of A, phi(A u) = lambda u.
struct PhiEigen {
  double value;     // the lambda that comes nearest: <u, phi(A u)> / <u, u>
  double residual;  // |phi(A u) - lambda u| / |u|
};
/// The phi-eigenvalue of A at u, with its residual (Definition "phi-eigenvector", Section 2). Throws unless A
/// is square and fits u, and u is not 0.
template <PointwiseMap Phi>
[[nodiscard]] PhiEigen phi_eigenvalue(const Phi& phi, MatIn<double> A, VecIn<double> u) {
  require(A.rows() == A.cols() && A.cols() == u.size(), "phi_eigenvalue: A is ", A.rows(), " x ", A.cols(),
          ", expected ", u.size(), " x ", u.size(), " for this u");
  const double length = u.norm();
  require(length > 0 && std::isfinite(length), "phi_eigenvalue: u must be finite and not 0");
  const Vec<double> y = apply_map(phi, A * u);
  const double value = u.dot(y) / u.squaredNorm();
  return {value, (y - value * u).norm() / length};
}

/// phi-span(X) = {phi(v): v in span(phi^-1(x_1), ..., phi^-1(x_n))} (Definition "phi-span", Section 2).
template <InvertibleMap Phi>
class PhiSpan {
 public:
  /// X: one column a vector, d x n. Vectors of which the others leave at most `tolerance` do not count.
  /// Throws std::domain_error if an entry is outside the range of phi, std::invalid_argument if X is empty or
  /// tolerance is not in (0, 1).
  explicit PhiSpan(MatIn<double> X, Phi phi = {}, double tolerance = 1e-8) : phi_(phi) {
    require(X.size() > 0, "PhiSpan: X must not be empty, got ", X.rows(), " x ", X.cols());
    Q_ = span_basis(preimage(phi, X), tolerance);
  }

  /// The dimension of span(phi^-1(X)).
  Index dimension() const { return Q_.cols(); }
  /// An orthonormal basis of span(phi^-1(X)), d x dimension().
  const Mat<double>& basis() const { return Q_; }

  /// The distance of v from span(phi^-1(X)), |v - Q Q' v| / |v|, from 0 (phi(v) lies in the phi-span) to 1.
  /// This is the test for y = phi(v) when v is at hand: phi^-1(phi(v)) loses digits where phi is flat.
  double preimage_residual(VecIn<double> v) const {
    require(v.size() == Q_.rows(), "PhiSpan: v has ", v.size(), " rows, expected ", Q_.rows());
    const double length = v.norm();
    return length == 0 ? 0 : (v - Q_ * (Q_.transpose() * v)).norm() / length;
  }
  /// preimage_residual(phi^-1(y)), and infinite for a y outside the range of phi. A residual of 0 puts y into
  /// the phi-span. The converse holds where phi is injective; else another pre-image of y than the one of
  /// minimum norm may lie in the span.
  double residual(VecIn<double> y) const {
    require(y.size() == Q_.rows(), "PhiSpan: y has ", y.size(), " rows, expected ", Q_.rows());
    for (Index i = 0; i < y.size(); ++i)
      if (!phi_.range().contains(y[i])) return std::numeric_limits<double>::infinity();
    return preimage_residual(preimage(phi_, y));
  }
  /// residual(y) <= tolerance.
  bool contains(VecIn<double> y, double tolerance = 1e-8) const { return residual(y) <= tolerance; }

 private:
  Phi phi_;
  Mat<double> Q_;
};

}  // namespace basin
