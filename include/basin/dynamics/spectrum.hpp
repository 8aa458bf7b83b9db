// All eigenvalues of a dense matrix, and its spectral radius.
#pragma once
#include <Eigen/Eigenvalues>  // Eigen::EigenSolver
#include <algorithm>          // std::sort
#include <cmath>              // std::abs
#include <complex>            // std::complex
#include <stdexcept>          // std::runtime_error
#include <vector>             // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Mat, MatIn

namespace basin {

namespace detail {

/// Largest modulus first; of a conjugate pair the one with
/// positive imaginary part, so that the order is unique.
inline void sort_by_modulus(std::vector<std::complex<double>>& values) {
  std::sort(values.begin(), values.end(), [](const std::complex<double>& a, const std::complex<double>& b) {
    const double ra = std::abs(a), rb = std::abs(b);
    if (ra != rb) return ra > rb;
    return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
  });
}

}  // namespace detail

/// The eigenvalues of the square matrix A, largest modulus first, computed in double by Hessenberg reduction
/// and the QR algorithm: backward stable, O(n^3) (about 0.5 s at n = 784). Throws if A is not square, not
/// finite, or the iteration fails.
template <class Derived>
[[nodiscard]] std::vector<std::complex<double>> eigenvalues(const Eigen::MatrixBase<Derived>& A) {
  require(A.rows() == A.cols(), "eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square matrix");
  require(A.allFinite(), "eigenvalues: A has entries that are NaN or infinite");
  if (A.rows() == 0) return {};
  const Mat<double> matrix = A.template cast<double>();
  const Eigen::EigenSolver<Mat<double>> solver(matrix, false);
  if (solver.info() != Eigen::Success)
    throw std::runtime_error(
        text("eigenvalues: the QR iteration did not converge on a ", A.rows(), " x ", A.cols(), " matrix"));
  std::vector<std::complex<double>> values(solver.eigenvalues().begin(), solver.eigenvalues().end());
  detail::sort_by_modulus(values);
  return values;
}

/// rho(A) = max |lambda|, the growth of A^t (Theorem 2 of the paper, corrected: the paper says "largest
/// eigenvalue"). 0 for an empty matrix. Throws as eigenvalues does.
template <class Derived>
[[nodiscard]] double spectral_radius(const Eigen::MatrixBase<Derived>& A) {
  const std::vector<std::complex<double>> values = eigenvalues(A);
  return values.empty() ? 0 : std::abs(values.front());
}

}  // namespace basin
