// Singular values of a dense matrix without singular vectors, and cheap to compile (Eigen's BDCSVD is not).
#pragma once
#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Mat, MatIn, Vec
#ifdef BASIN_BODIES
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <Eigen/Householder>  // makeHouseholder, applyHouseholderOnTheLeft
#include <algorithm>          // std::max, std::min
#include <cmath>              // std::isfinite
#include <limits>             // std::numeric_limits
#include <stdexcept>          // std::runtime_error
#endif

namespace basin::inline BASIN_ABI {

namespace detail {
/// The singular values of A in descending order.
template <class = void>
Vec<double> singular_values_of(MatIn<double> A, const char* who);
/// The singular values of D E, from the k x k matrix in between: D E = Q_D (R_D R_E') Q_E' with
/// orthonormal Q.
template <class = void>
Vec<double> product_singular_values(MatIn<double> E, MatIn<double> D, const char* who);
}  // namespace detail

/// The singular values of A, min(rows, columns) of them, in descending order, computed in double with an
/// absolute error of some eps |A|_2, in O(rows columns min(rows, columns)). Throws if A or the largest
/// singular value is not finite, and std::runtime_error if the iteration fails.
template <class Derived>
[[nodiscard]] Vec<double> singular_values(const Eigen::MatrixBase<Derived>& A) {
  return detail::singular_values_of(A.template cast<double>(), "singular_values");
}

#ifdef BASIN_BODIES
namespace detail {

/// Householder reduction of A, rows >= columns, to an upper bidiagonal matrix with the same singular values.
/// Returns its entries in the order d_1, e_1, d_2, e_2, ..., d_n (Golub, Kahan 1965).
template <class = void>
Vec<double> bidiagonal(Mat<double> A) {
  const Index m = A.rows(), n = A.cols();
  Vec<double> entries(2 * n - 1), essential(std::max(m, n)), work(std::max(m, n));
  for (Index k = 0; k < n; ++k) {
    double tau, beta;
    auto left = essential.head(m - k - 1);
    A.col(k).tail(m - k).makeHouseholder(left, tau, beta);
    entries[2 * k] = beta;
    if (k + 1 == n) break;
    A.bottomRightCorner(m - k, n - k - 1).applyHouseholderOnTheLeft(left, tau, work.data());
    auto right = essential.head(n - k - 2);
    A.row(k).tail(n - k - 1).transpose().makeHouseholder(right, tau, beta);
    entries[2 * k + 1] = beta;
    A.bottomRightCorner(m - k - 1, n - k - 1).applyHouseholderOnTheRight(right, tau, work.data());
  }
  return entries;
}

template <class>
Vec<double> singular_values_of(MatIn<double> A, const char* who) {
  require(A.allFinite(), who, ": A has entries that are NaN or infinite");
  const Index n = std::min(A.rows(), A.cols());
  if (n == 0) return {};
  const double scale = A.cwiseAbs().maxCoeff();
  if (scale == 0) return Vec<double>::Zero(n);
  const Vec<double> entries =
      A.rows() >= A.cols() ? bidiagonal(A / scale) : bidiagonal(A.transpose() / scale);
  // The tridiagonal matrix with these entries beside a diagonal of zeros has the eigenvalues +-sigma.
  Eigen::SelfAdjointEigenSolver<Mat<double>> solver;
  solver.computeFromTridiagonal(Vec<double>::Zero(2 * n), entries, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success)
    throw std::runtime_error(
        text(who, ": the QR iteration did not converge on a ", A.rows(), " x ", A.cols(), " matrix"));
  Vec<double> sigma = scale * solver.eigenvalues().tail(n).reverse().cwiseMax(0);  // they come ascending
  require(std::isfinite(sigma[0]), who, ": the largest singular value of A is above the largest double, ",
          std::numeric_limits<double>::max(), ": divide A by ", scale, " first");
  return sigma;
}

/// R of the QR factorization of A, rows >= columns.
template <class = void>
Mat<double> triangular_factor(Mat<double> A) {
  const Index n = A.cols();
  Vec<double> essential(A.rows()), work(n);
  for (Index k = 0; k < n; ++k) {
    double tau, beta;
    auto v = essential.head(A.rows() - k - 1);
    A.col(k).tail(A.rows() - k).makeHouseholder(v, tau, beta);
    A.col(k).tail(A.rows() - k - 1).setZero();
    A(k, k) = beta;
    A.bottomRightCorner(A.rows() - k, n - k - 1).applyHouseholderOnTheLeft(v, tau, work.data());
  }
  return A.topRows(n);
}

template <class>
Vec<double> product_singular_values(MatIn<double> E, MatIn<double> D, const char* who) {
  return singular_values_of(triangular_factor(D) * triangular_factor(E.transpose()).transpose(), who);
}

}  // namespace detail
#endif

}  // namespace basin
