// Matrices with error bounds that hold for any order of summation, and verified bounds of their norms.
#pragma once
#include <utility>  // std::move

#include "basin/certify/upper.hpp"      // Upper
#include "basin/core/product/gemm.hpp"  // GemmOp
#include "basin/core/types.hpp"         // Index, Mat, Vec

#ifdef BASIN_BODIES
#include <Eigen/Cholesky>     // Eigen::LLT
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#endif

namespace basin::inline BASIN_ABI {

/// An exact matrix A of which `mid` and a bound are known: |A - mid|_F <= error.
struct BoundedMatrix {
  Mat<double> mid;  // computed
  Upper error;      // a bound of |A - mid|_F

  BoundedMatrix() = default;
  /// A itself.
  explicit BoundedMatrix(Mat<double> A) : mid(std::move(A)) {}
  /// All matrices within `e` of A, in the Frobenius norm.
  BoundedMatrix(Mat<double> A, Upper e) : mid(std::move(A)), error(e) {}
  /// Rows of A.
  Index rows() const { return mid.rows(); }
  /// Columns of A.
  Index cols() const { return mid.cols(); }
};

namespace detail {

/// A B, A'B or A B'. For the computed product P of two computed matrices of depth n,
///     |P - A B| <= n u |A| |B| + n 2^-1074   (entry by entry)
/// for every order of the sums and with or without fused multiply-adds (Jeannerod, Rump 2013, Theorem 4.2;
/// no higher order terms), so that |P - A B|_F <= n u |A|_F |B|_F. It is the plain sum of products that the
/// theorem is about: no method that subtracts first, such as Strassen's or Winograd's, may stand here.
template <GemmOp OpA = GemmOp::plain, GemmOp OpB = GemmOp::plain>
BoundedMatrix product(const BoundedMatrix& A, const BoundedMatrix& B);
/// A + B and A - B.
template <class = void>
BoundedMatrix sum(const BoundedMatrix& A, const BoundedMatrix& B, double sign = 1);
/// x - y of exact vectors.
template <class = void>
BoundedMatrix difference(VecIn<double> x, VecIn<double> y);
/// diag(d) A and A diag(d), d exact.
template <class = void>
BoundedMatrix scaled_rows(const Vec<double>& d, const BoundedMatrix& A);
template <class = void>
BoundedMatrix scaled_cols(const BoundedMatrix& A, const Vec<double>& d);

/// Bounds of |row i of A|_2 for each i.
template <class = void>
Vec<double> row_norms(const BoundedMatrix& A);
/// |A|_F.
inline Upper frobenius(const BoundedMatrix& A) { return frobenius(A.mid) + A.error; }

/// The largest eigenvalue of the symmetric matrix G at most. Cholesky's method, run on mu I - G with mu a
/// little above the largest eigenvalue that was computed, gives some L, and whatever L is, L L' is positive
/// semidefinite: so lambda <= mu + |L L' - (mu I - G)|_F. That residual is computed, with its rounding. Where
/// Cholesky's method fails, the bound is |G|_F.
template <class = void>
Upper largest_eigenvalue(const BoundedMatrix& G);
/// |A|_2, from A'A or A A'.
template <class = void>
Upper norm2(const BoundedMatrix& A);
/// |A|_2 to a few digits by power iteration, mostly from below: no bound. `v` is where it begins, unless it
/// has another size, and where it ended: the next matrix, if it is much the same, needs few steps.
template <class = void>
double estimated_norm2(const Mat<double>& A, Vec<double>& v);

/// R, k x k, with |R x| >= |A x| for every x, A m x k: R'R >= A'A. Norms of A M are at most those of R M,
/// which is smaller. R is Cholesky's factor of A'A + s I, where s covers all rounding.
template <class = void>
BoundedMatrix dominating_right(const BoundedMatrix& A);
/// S, m x m, with |S'x| >= |A'x| for every x, A m x k: norms of M A are at most those of M S.
template <class = void>
BoundedMatrix dominating_left(const BoundedMatrix& A);

#ifdef BASIN_BODIES
template <GemmOp OpA, GemmOp OpB>
BoundedMatrix product(const BoundedMatrix& A, const BoundedMatrix& B) {
  const Index rows = OpA == GemmOp::plain ? A.rows() : A.cols(),
              cols = OpB == GemmOp::plain ? B.cols() : B.rows();
  const auto depth = static_cast<double>(OpA == GemmOp::plain ? A.cols() : A.rows());
  BoundedMatrix P(Mat<double>(rows, cols));
  gemm<double, OpA, OpB>(A.mid, B.mid, P.mid);
  const Upper a = frobenius(A.mid), b = frobenius(B.mid);
  P.error = (depth * unit_roundoff) * (a * b) + a * B.error + A.error * b + A.error * B.error +
            Upper(depth * static_cast<double>(P.mid.size()) * 0x1p-1000);
  return P;
}

/// What rounding each entry of `computed` once may have changed.
template <class = void>
Upper rounded_once(const Mat<double>& computed) {
  return unit_roundoff * (Upper(1 + 0x1p-50) * frobenius(computed)) +
         Upper(static_cast<double>(computed.size()) * 0x1p-1000);
}

template <class>
BoundedMatrix sum(const BoundedMatrix& A, const BoundedMatrix& B, double sign) {
  BoundedMatrix C(A.mid + sign * B.mid);
  C.error = A.error + B.error + rounded_once(C.mid);
  return C;
}

template <class>
BoundedMatrix difference(VecIn<double> x, VecIn<double> y) {
  return sum(BoundedMatrix(Mat<double>(x)), BoundedMatrix(Mat<double>(y)), -1);
}

template <class>
BoundedMatrix scaled_rows(const Vec<double>& d, const BoundedMatrix& A) {
  BoundedMatrix C(Mat<double>(d.asDiagonal() * A.mid));
  C.error = largest(d) * A.error + rounded_once(C.mid);
  return C;
}
template <class>
BoundedMatrix scaled_cols(const BoundedMatrix& A, const Vec<double>& d) {
  BoundedMatrix C(Mat<double>(A.mid * d.asDiagonal()));
  C.error = largest(d) * A.error + rounded_once(C.mid);
  return C;
}

template <class>
Vec<double> row_norms(const BoundedMatrix& A) {
  const Vec<double> squares = A.mid.rowwise().squaredNorm();
  Vec<double> norms(A.rows());
  for (Index i = 0; i < A.rows(); ++i)
    norms[i] = (sqrt(sum_of_rounded(squares[i], A.cols())) + A.error).value();
  return norms;
}

/// Cholesky's L of A, and |L L' - A|_F at most: `error` is infinite where it failed.
struct CholeskyBound {
  Mat<double> L;
  Upper error{std::numeric_limits<double>::infinity()};
};
template <class = void>
CholeskyBound cholesky(const BoundedMatrix& A) {
  CholeskyBound c;
  const Eigen::LLT<Mat<double>> llt(A.mid);
  if (llt.info() != Eigen::Success) return c;
  c.L = llt.matrixL();
  if (!c.L.allFinite()) return c;
  const BoundedMatrix exact(c.L);
  const BoundedMatrix residual = sum(product<GemmOp::plain, GemmOp::transposed>(exact, exact), A, -1);
  c.error = frobenius(residual);
  return c;
}

template <class>
Upper largest_eigenvalue(const BoundedMatrix& G) {
  const Index n = G.rows();
  if (n == 0) return Upper(0);
  const Upper whole = frobenius(G);
  if (!(whole < std::numeric_limits<double>::infinity())) return whole;
  const double computed = Eigen::SelfAdjointEigenSolver<Mat<double>>(G.mid, Eigen::EigenvaluesOnly)
                              .eigenvalues()
                              .cwiseAbs()
                              .maxCoeff();
  double mu = computed * (1 + 1e-9);
  for (int attempt = 0; attempt < 3; ++attempt, mu += computed * 1e-6) {
    BoundedMatrix shifted(-G.mid);
    shifted.mid.diagonal().array() += mu;
    shifted.error = G.error + rounded_once(shifted.mid.diagonal());
    const CholeskyBound c = cholesky(shifted);
    const Upper bound = Upper(mu) + c.error;
    if (bound < whole.value()) return bound;
  }
  return whole;
}

template <class>
Upper norm2(const BoundedMatrix& A) {
  if (A.mid.size() == 0) return Upper(0);
  const BoundedMatrix computed(A.mid);
  const BoundedMatrix gram = A.rows() < A.cols()
                                 ? product<GemmOp::plain, GemmOp::transposed>(computed, computed)
                                 : product<GemmOp::transposed, GemmOp::plain>(computed, computed);
  const Upper bound = sqrt(largest_eigenvalue(gram)), whole = frobenius(A.mid);
  return (bound < whole.value() ? bound : whole) + A.error;
}

template <class>
double estimated_norm2(const Mat<double>& A, Vec<double>& v) {
  if (A.size() == 0) return 0;
  if (v.size() != A.cols() || !(v.norm() > 0)) v = A.cwiseAbs().colwise().sum().transpose();
  Vec<double> y(A.rows());
  double norm = 0;
  for (int step = 0; step < 40; ++step) {
    const double size = v.norm();
    if (!(size > 0)) return 0;
    v /= size;
    y.noalias() = A * v;
    const double before = norm;
    norm = y.norm();
    v.noalias() = A.transpose() * y;
    if (step > 1 && norm - before <= 1e-4 * norm) break;
  }
  return norm;
}

/// Cholesky's factor of a Gram matrix, raised until L L' >= G whatever rounding did.
template <class = void>
BoundedMatrix dominating_factor(const BoundedMatrix& gram) {
  const auto n = static_cast<double>(gram.rows());
  const double trace = gram.mid.trace();
  BoundedMatrix raised = gram;
  for (double shift = 8 * n * unit_roundoff * trace + 4 * gram.error.value() + 0x1p-900; shift <= trace;
       shift *= 4) {
    raised.mid = gram.mid;
    raised.mid.diagonal().array() += shift;
    raised.error = Upper(0);
    // L L' = raised + E, and gram = raised - shift I + (at most gram.error and the rounding of the shift).
    const CholeskyBound c = cholesky(raised);
    if (c.error + gram.error + rounded_once(raised.mid.diagonal()) <= shift) return BoundedMatrix(c.L);
  }
  return BoundedMatrix(Mat<double>::Identity(gram.rows(), gram.rows()) * sqrt(frobenius(gram)).value());
}
template <class>
BoundedMatrix dominating_right(const BoundedMatrix& A) {
  BoundedMatrix L = dominating_factor(product<GemmOp::transposed, GemmOp::plain>(A, A));
  L.mid.transposeInPlace();
  return L;
}
template <class>
BoundedMatrix dominating_left(const BoundedMatrix& A) {
  return dominating_factor(product<GemmOp::plain, GemmOp::transposed>(A, A));
}
#endif

}  // namespace detail
}  // namespace basin
