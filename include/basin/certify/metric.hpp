// The norm |T v| in which a fixed point attracts: T = I + Q diag(t) Q'.
#pragma once
#include "basin/certify/bounded_matrix.hpp"  // BoundedMatrix, Upper
#include "basin/core/types.hpp"              // Index, Mat, Vec, VecIn

#ifdef BASIN_BODIES
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <cmath>              // std::sqrt
#endif

namespace basin::inline BASIN_ABI {

/// T = I + Q diag(t) Q' with t >= 0, Q n x k, exactly as these numbers stand here: symmetric, T >= I, so that
/// |v| <= |T v| whatever rounding did to Q. k = 0: the 2-norm.
struct Metric {
  Mat<double> Q;  // n x k
  Vec<double> t;  // k numbers >= 0
};

namespace detail {

/// |T|_2 <= 1 + max t |Q'Q|_2: the 2-norm ball of radius r / |T| lies in the ellipsoid |T v| <= r.
template <class = void>
Upper norm_of(const Metric& T);
/// T A, and A T^-1.
template <class = void>
BoundedMatrix times(const Metric& T, const BoundedMatrix& A);
template <class = void>
BoundedMatrix times_inverse(const BoundedMatrix& A, const Metric& T);
/// |T v| and |T (x - y)| at most.
template <class = void>
Upper length(const Metric& T, const BoundedMatrix& v);
template <class = void>
Upper distance_in(const Metric& T, VecIn<double> x, VecIn<double> y);

/// The metric with T'T = P = sum over i of (J'/g)^i (J/g)^i for J = D E, which solves Stein's equation
///     P - (J/g)' P (J/g) = I:    |T J T^-1|_2 < g,
/// for any g above the spectral radius of J. With M = E D, J^i = D M^(i-1) E, so that P = I + E' S E / g^2
/// with the k x k sum S of (M'/g)^i D'D (M/g)^i, by doubling (Smith 1968). A wish, computed without error
/// bounds: whatever comes out is a metric, and its use is proved with it.
template <class = void>
Metric stein_metric(const Mat<double>& D, const Mat<double>& E, double g);

#ifdef BASIN_BODIES
/// |Q'Q|_2 at most: it is next to I.
template <class = void>
BoundedMatrix gram(const Metric& T) {
  const BoundedMatrix Q(T.Q);
  return product<GemmOp::transposed, GemmOp::plain>(Q, Q);
}
template <class = void>
Upper gram_norm(const BoundedMatrix& G) {
  return Upper(1) + frobenius(sum(G, BoundedMatrix(Mat<double>::Identity(G.rows(), G.cols())), -1));
}

template <class>
Upper norm_of(const Metric& T) {
  if (T.t.size() == 0) return Upper(1);
  return Upper(1) + largest(T.t) * gram_norm(gram(T));
}

template <class>
BoundedMatrix times(const Metric& T, const BoundedMatrix& A) {
  if (T.t.size() == 0) return A;
  const BoundedMatrix Q(T.Q);
  return sum(A, product(Q, scaled_rows(T.t, product<GemmOp::transposed, GemmOp::plain>(Q, A))));
}

/// With s = 1 / (1 + t) - 1, N = I + Q diag(s) Q' is T^-1 but for F = T N - I = Q diag(t + s) Q' + Q diag(t)
/// Q'Q diag(s) Q', which is 0 for orthonormal columns: A T^-1 = A N (I + F)^-1 differs from A N by at most
/// |A N| |F| / (1 - |F|).
template <class>
BoundedMatrix times_inverse(const BoundedMatrix& A, const Metric& T) {
  if (T.t.size() == 0) return A;
  const Vec<double> s = (1 + T.t.array()).inverse() - 1;
  const BoundedMatrix Q(T.Q), G = gram(T);
  BoundedMatrix AN = sum(A, product<GemmOp::plain, GemmOp::transposed>(scaled_cols(product(A, Q), s), Q));
  const BoundedMatrix diagonal = sum(BoundedMatrix(Mat<double>(T.t)), BoundedMatrix(Mat<double>(s)));
  BoundedMatrix middle = scaled_cols(scaled_rows(T.t, G), s);
  middle = sum(middle, BoundedMatrix(Mat<double>(diagonal.mid.col(0).asDiagonal()), diagonal.error));
  const Upper F = gram_norm(G) * frobenius(middle);
  AN.error += frobenius(AN) * (F / one_minus(F));
  if (!(one_minus(F) > 0)) AN.error = Upper(std::numeric_limits<double>::infinity());
  return AN;
}

template <class>
Upper length(const Metric& T, const BoundedMatrix& v) {
  return frobenius(times(T, v));
}

template <class>
Upper distance_in(const Metric& T, VecIn<double> x, VecIn<double> y) {
  return length(T, difference(x, y));
}

template <class>
Metric stein_metric(const Mat<double>& D, const Mat<double>& E, double g) {
  const Index k = D.cols();
  Mat<double> A(k, k), S(k, k), right(k, k), more(k, k);
  gemm<double>(E, D, A);
  A /= g;
  gemm<double, GemmOp::transposed>(D, D, S);
  for (int doubling = 0; doubling < 60; ++doubling) {
    gemm<double>(S, A, right);
    gemm<double, GemmOp::transposed>(A, right, more);
    S += more;
    if (!(more.norm() > 1e-14 * S.norm()) || !S.allFinite()) break;
    gemm<double>(A, A, right);
    A.swap(right);
  }
  if (!S.allFinite()) return {};
  // R'R = E' S E / g^2 with R = L'E / g for S = L L', L from eigenvalues since S may be singular; then the
  // eigenvalues sigma^2 of R R' and Q = R'u / sigma.
  const Eigen::SelfAdjointEigenSolver<Mat<double>> inner((S + S.transpose()) / 2);
  const Vec<double> roots = inner.eigenvalues().cwiseMax(0.).cwiseSqrt() / g;
  Mat<double> R(k, E.cols()), RR(k, k);
  gemm<double, GemmOp::transposed>(Mat<double>(inner.eigenvectors() * roots.asDiagonal()), E, R);
  gemm<double, GemmOp::plain, GemmOp::transposed>(R, R, RR);
  const Eigen::SelfAdjointEigenSolver<Mat<double>> outer((RR + RR.transpose()) / 2);
  Index kept = 0;  // small sigma have no accurate vectors and make no difference
  while (kept < k && outer.eigenvalues()[k - 1 - kept] > 1e-6 * outer.eigenvalues()[k - 1]) ++kept;
  Metric T{Mat<double>(E.cols(), kept), Vec<double>(kept)};
  const Vec<double> sigma = outer.eigenvalues().tail(kept).cwiseSqrt();
  gemm<double, GemmOp::transposed>(R, Mat<double>(outer.eigenvectors().rightCols(kept)), T.Q);
  T.Q.array().rowwise() /= sigma.transpose().array();
  T.t = (1 + sigma.array().square()).sqrt() - 1;
  return T;
}
#endif

}  // namespace detail
}  // namespace basin
