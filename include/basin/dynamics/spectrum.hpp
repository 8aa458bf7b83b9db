// All eigenvalues of a dense matrix, its eigenvectors, and its spectral radius.
#pragma once
#include <cmath>    // std::abs
#include <complex>  // std::complex
#include <vector>   // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Mat, MatIn
#ifdef BASIN_BODIES
#include <Eigen/Eigenvalues>  // Eigen::EigenSolver
#include <Eigen/LU>           // Eigen::PartialPivLU
#include <algorithm>          // std::sort, std::stable_sort
#include <limits>             // std::numeric_limits
#include <numeric>            // std::iota
#include <stdexcept>          // std::runtime_error
#ifdef BASIN_USE_LAPACK
#include "basin/dynamics/lapack.hpp"  // lapack_eigenvalues
#endif
#endif

namespace basin::inline BASIN_ABI {

struct Eigenpairs;

namespace detail {

/// Largest modulus first; of a conjugate pair the one with positive imaginary part, so that the order is
/// unique.
inline bool comes_before(const std::complex<double>& a, const std::complex<double>& b) {
  const double ra = std::abs(a), rb = std::abs(b);
  if (ra != rb) return ra > rb;
  return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
}

/// From this size on LAPACK takes over, if it is there at all.
inline constexpr Index lapack_from = 256;

/// A as doubles, or an error in the name of `who` if it is not square or not finite.
template <class = void>
Mat<double> square_matrix(Mat<double> A, const char* who);
template <class = void>
std::vector<std::complex<double>> eigenvalues_of(const Mat<double>& A);
template <class = void>
Eigenpairs eigenpairs_of(const Mat<double>& A, const char* who);
/// v with norm 1 and one of its many possible phases: real and imaginary part are orthogonal, the real part
/// is not the smaller one, and its largest entry is positive. A multiple of a real vector becomes real.
template <class = void>
void normalize_phase(Eigen::Ref<Vec<std::complex<double>>> v);
/// The condition number 1 / |w'v| of the eigenvalue lambda of A, with its right and left eigenvectors v and w
/// of norm 1: an error of A moves lambda by so many times its norm, to first order. By inverse iteration next
/// to lambda.
template <class = void>
double eigenvalue_condition(const Mat<double>& A, std::complex<double> lambda);

}  // namespace detail

/// The eigenvalues of the square matrix A, largest modulus first, computed in double by Hessenberg reduction
/// and the QR algorithm: backward stable, O(n^3), by Eigen (about 0.5 s at n = 784), or from n = 256 on by
/// LAPACK where BASIN_USE_LAPACK is defined (about 30 times faster than Eigen at n = 3072). Throws if A is
/// not square, not finite, or the iteration fails.
template <class Derived>
[[nodiscard]] std::vector<std::complex<double>> eigenvalues(const Eigen::MatrixBase<Derived>& A) {
  return detail::eigenvalues_of(detail::square_matrix(A.template cast<double>(), "eigenvalues"));
}

/// Eigenvalues, largest modulus first, and their eigenvectors: A vectors.col(i) = values[i] vectors.col(i).
/// Vectors have norm 1; those of real eigenvalues are real.
struct Eigenpairs {
  std::vector<std::complex<double>> values;  // largest modulus first
  Mat<std::complex<double>> vectors;         // one a column
};

/// All eigenvalues and eigenvectors of the square matrix A, by Eigen in double. The eigenvectors are only as
/// well determined as A is far from one with too few of them. Throws as eigenvalues does.
template <class Derived>
[[nodiscard]] Eigenpairs eigenpairs(const Eigen::MatrixBase<Derived>& A) {
  return detail::eigenpairs_of(detail::square_matrix(A.template cast<double>(), "eigenpairs"), "eigenpairs");
}

/// Real columns that span the same, to be looked at: v for a real eigenvalue; for a pair lambda, conj(lambda)
/// the real and the imaginary part of v (of half a pair, which can only be the last one, the real part).
template <class = void>
[[nodiscard]] Mat<double> real_vectors(const std::vector<std::complex<double>>& values,
                                       const Mat<std::complex<double>>& vectors);

/// rho(A) = max |lambda|, the growth of A^t (Theorem 2 of the paper, corrected: the paper says "largest
/// eigenvalue"). 0 for an empty matrix. Throws as eigenvalues does.
template <class Derived>
[[nodiscard]] double spectral_radius(const Eigen::MatrixBase<Derived>& A) {
  const std::vector<std::complex<double>> values = eigenvalues(A);
  return values.empty() ? 0 : std::abs(values.front());
}

#ifdef BASIN_BODIES
namespace detail {

template <class = void>
void sort_by_modulus(std::vector<std::complex<double>>& values) {
  std::sort(values.begin(), values.end(), comes_before);
}

template <class>
Mat<double> square_matrix(Mat<double> A, const char* who) {
  require(A.rows() == A.cols(), who, ": A is ", A.rows(), " x ", A.cols(), ", expected a square matrix");
  require(A.allFinite(), who, ": A has entries that are NaN or infinite");
  return A;
}

template <class = void>
Eigen::EigenSolver<Mat<double>> solve_eigen(const Mat<double>& A, bool vectors, const char* who) {
  Eigen::EigenSolver<Mat<double>> solver(A, vectors);
  if (solver.info() != Eigen::Success)
    throw std::runtime_error(
        text(who, ": the QR iteration did not converge on a ", A.rows(), " x ", A.cols(), " matrix"));
  return solver;
}

template <class>
std::vector<std::complex<double>> eigenvalues_of(const Mat<double>& A) {
  if (A.rows() == 0) return {};
  std::vector<std::complex<double>> values;
#ifdef BASIN_USE_LAPACK
  if (A.rows() >= lapack_from) values = lapack_eigenvalues(A);
#endif
  if (values.empty()) {
    const auto solver = solve_eigen(A, false, "eigenvalues");
    values.assign(solver.eigenvalues().begin(), solver.eigenvalues().end());
  }
  sort_by_modulus(values);
  return values;
}

template <class>
void normalize_phase(Eigen::Ref<Vec<std::complex<double>>> v) {
  const double size = v.norm();
  if (!(size > 0)) return;
  const std::complex<double> square = v.cwiseProduct(v).sum();
  v *= std::polar(1 / size, -std::arg(square) / 2);
  Index largest = 0;
  v.real().cwiseAbs().maxCoeff(&largest);
  if (v[largest].real() < 0) v = -v;
}

template <class>
Eigenpairs eigenpairs_of(const Mat<double>& A, const char* who) {
  if (A.rows() == 0) return {};
  const auto solver = solve_eigen(A, true, who);
  const Mat<std::complex<double>> vectors = solver.eigenvectors();
  const auto& values = solver.eigenvalues();
  std::vector<Index> order(static_cast<std::size_t>(A.rows()));
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return comes_before(values[i], values[j]); });
  Eigenpairs pairs;
  pairs.vectors.resize(A.rows(), A.rows());
  for (const Index i : order) {
    auto v = pairs.vectors.col(static_cast<Index>(pairs.values.size()));
    v = vectors.col(i);
    normalize_phase(v);
    if (values[i].imag() == 0) v = v.real().cast<std::complex<double>>();
    pairs.values.push_back(values[i]);
  }
  return pairs;
}

template <class>
double eigenvalue_condition(const Mat<double>& A, std::complex<double> lambda) {
  using C = std::complex<double>;
  const double aside = 4 * std::numeric_limits<double>::epsilon() * A.norm();
  const Eigen::PartialPivLU<Mat<C>> lu(A.cast<C>() -
                                       (lambda + C(aside, aside / 2)) * Mat<C>::Identity(A.rows(), A.cols()));
  Vec<C> v = Vec<C>::Ones(A.rows()), w = v;
  for (int pass = 0; pass < 3; ++pass) {
    v = lu.solve(v).normalized();
    w = lu.adjoint().solve(w).normalized();
  }
  const double cosine = std::abs(w.dot(v));
  return cosine > 0 ? 1 / cosine : std::numeric_limits<double>::infinity();
}

}  // namespace detail

template <class>
Mat<double> real_vectors(const std::vector<std::complex<double>>& values,
                         const Mat<std::complex<double>>& vectors) {
  require(vectors.cols() == static_cast<Index>(values.size()), "real_vectors: vectors has ", vectors.cols(),
          " columns, expected one for each of the ", values.size(), " values");
  Mat<double> real(vectors.rows(), vectors.cols());
  for (Index i = 0; i < vectors.cols(); ++i) {  // by sign, for equal pairs do not stand side by side
    if (values[static_cast<std::size_t>(i)].imag() < 0)
      real.col(i) = -vectors.col(i).imag();
    else
      real.col(i) = vectors.col(i).real();
  }
  return real;
}
#endif

}  // namespace basin
