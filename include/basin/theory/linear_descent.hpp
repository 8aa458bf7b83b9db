// Gradient descent on a linear autoencoder in closed form (Supplement A), and what is left of its initial
// values (Supplement I.2). Pages: docs/paper/appendix_a.md, docs/paper/initialization.md.
#pragma once
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <algorithm>          // std::max
#include <cmath>              // std::abs, std::ceil, std::exp2, std::ilogb, std::log, std::pow, std::sqrt
#include <limits>             // std::numeric_limits
#include <stdexcept>          // std::runtime_error

#include "basin/core/error.hpp"                // require
#include "basin/core/types.hpp"                // Index, Mat, MatIn, Vec
#include "basin/dynamics/singular_values.hpp"  // singular_values

namespace basin::inline BASIN_ABI {

/// Bounds of the singular values of A_inf = P + A_0 (I - P), largest first: lower <= sigma_i <= upper <=
/// weyl.
struct SingularValueBounds {
  Vec<double> lower, upper, weyl;  // one number for each singular value
};

/// Gradient descent A <- A - gamma dL/dA on L = 1/2 sum_i |A x_i - x_i|^2, dL/dA = (A - I) S, S = X X'. With
/// S = Q diag(lambda) Q', all d eigenvalues, the zeros included,
///
///     A_t = I - (I - A_0) Q diag((1 - gamma lambda)^t) Q',   from A_0 = 0:  A_t = I - (I - gamma S)^t
///     A_inf = P + A_0 (I - P),                               from A_0 = 0:  A_inf = P
///
/// with P = Q_r Q_r' the orthogonal projection onto the span of the examples, if 0 < gamma < 2 / lambda_1; no
/// larger rate converges. Supplement A and Supplement I.2 of the paper, which asks for gamma < 1 / lambda_1
/// (sufficient, not necessary) and writes r eigenvalues where its formula I - Q (..) Q' needs all d of them.
///
/// Eigenvalues below d eps lambda_1 count as zero (singular values of X below about 1e-7 of the largest):
/// descent would take 1e14 steps and more to see them.
class LinearDescent {
 public:
  /// X: one column an example, d x n. All is computed in double. Throws unless d >= 1, X is finite and the
  /// eigenvalues > 0 are from 1e-308 to 1e308. O(d^3).
  template <class Derived>
  explicit LinearDescent(const Eigen::MatrixBase<Derived>& X) {
    decompose(X.template cast<double>());
  }

  /// lambda_1 >= ... >= lambda_d >= 0, the eigenvalues of S.
  const Vec<double>& eigenvalues() const { return lambda_; }
  /// The dimension of the span of the examples.
  Index rank() const { return rank_; }
  /// Q_r, d x rank: the eigenvectors of lambda_1, ..., lambda_r, an orthonormal basis of the span.
  const Mat<double>& basis() const { return Q_; }
  /// 2 / lambda_1: descent converges for 0 < gamma < rate_limit() and for no other gamma. Infinite if X = 0.
  double rate_limit() const { return 2 / lambda_[0]; }

  /// q = max |1 - gamma lambda_i| over lambda_i > 0: from A_0 = 0, |A_t - P|_2 = q^t. 0 if X = 0.
  double contraction(double gamma) const {
    require(std::isfinite(gamma), "LinearDescent: gamma must be finite, got ", gamma);
    if (rank_ == 0) return 0;
    return std::max(std::abs(1 - gamma * lambda_[0]), std::abs(1 - gamma * lambda_[rank_ - 1]));
  }
  /// The smallest t with |A_t - P|_2 <= accuracy from A_0 = 0: log(accuracy) / log(q), rounded up. Throws
  /// unless 0 < gamma < rate_limit() and 0 < accuracy < 1.
  Index steps(double gamma, double accuracy) const {
    require(gamma > 0 && gamma < rate_limit(),
            "LinearDescent: gamma must be between 0 and 2 / lambda_1 = ", rate_limit(), ", got ", gamma);
    require(accuracy > 0 && accuracy < 1, "LinearDescent: accuracy must be between 0 and 1, got ", accuracy);
    if (rank_ == 0) return 0;
    const double q = contraction(gamma);
    require(q < 1, "LinearDescent: gamma = ", gamma, " is too small, 1 - gamma lambda_", rank_,
            " rounds to 1");
    return q == 0 ? 1 : static_cast<Index>(std::ceil(std::log(accuracy) / std::log(q)));
  }

  /// A_t from A_0 = 0, for any gamma, convergent or not. Throws if t < 0 or gamma is not finite.
  Mat<double> at(Index t, double gamma) const {
    // Q diag(1 - (1 - gamma lambda)^t) Q'; the zero eigenvalues drop out
    const Vec<double> grown = Vec<double>::Ones(rank_) - powers(t, gamma);
    return Q_ * grown.asDiagonal() * Q_.transpose();
  }
  /// A_t from any A_0. Throws, too, unless A_0 is d x d.
  template <class Derived>
  Mat<double> at(Index t, double gamma, const Eigen::MatrixBase<Derived>& A_0) const {
    const Mat<double> A = in_double(A_0);
    // A_0 (I - gamma S)^t = A_0 - A_0 (I - (I - gamma S)^t)
    const Mat<double> grown = at(t, gamma);
    return A + grown - A * grown;
  }
  /// P, the orthogonal projection onto the span of the examples: the limit from A_0 = 0.
  Mat<double> projection() const { return Q_ * Q_.transpose(); }
  /// A_inf = P + A_0 (I - P): of the A with A x_i = x_i, the one nearest to A_0. Throws unless A_0 is d x d.
  template <class Derived>
  Mat<double> limit(const Eigen::MatrixBase<Derived>& A_0) const {
    const Mat<double> A = in_double(A_0);
    return projection() + outside(A);
  }
  /// A_0 (I - P), the part of A_0 that gradient descent never changes.
  template <class Derived>
  Mat<double> outside(const Eigen::MatrixBase<Derived>& A_0) const {
    const Mat<double> A = in_double(A_0);
    return A - (A * Q_) * Q_.transpose();
  }

  /// Bounds of the singular values of limit(A_0). With N = A_0 (I - P), A_inf A_inf' = P + N N', so that
  ///
  ///     lower_i = max(sigma_i(P), sigma_i(N))
  ///     upper_i = sqrt(sigma_i(P)^2 + sigma_1(N)^2)
  ///     weyl_i  = sigma_i(P) + sigma_1(A_0)          (Supplement I.2)
  ///
  /// lower and upper are not in the paper: upper is the smaller bound, and by lower the singular values that
  /// belong to the examples never fall below 1. Throws unless A_0 is d x d and finite.
  template <class Derived>
  SingularValueBounds singular_value_bounds(const Eigen::MatrixBase<Derived>& A_0) const {
    const Mat<double> A = in_double(A_0);
    const Vec<double> of_N = singular_values(outside(A));
    const double of_A_0 = singular_values(A)[0];
    Vec<double> of_P = Vec<double>::Zero(d());
    of_P.head(rank_).setOnes();
    return {of_P.cwiseMax(of_N), (of_P.array().square() + of_N[0] * of_N[0]).sqrt(), of_P.array() + of_A_0};
  }

 private:
  /// lambda, Q_r and r of X.
  void decompose(MatIn<double> X) {
    require(X.rows() >= 1, "LinearDescent: X must have at least 1 row, got 0");
    require(X.allFinite(), "LinearDescent: X has entries that are NaN or infinite");
    const double largest = X.size() > 0 ? X.cwiseAbs().maxCoeff() : 0;
    const double scale = largest > 0 ? std::exp2(std::ilogb(largest)) : 1;
    const Mat<double> scaled = X / scale;  // exact, and no square overflows or is lost
    const Eigen::SelfAdjointEigenSolver<Mat<double>> solver(Mat<double>(scaled * scaled.transpose()));
    if (solver.info() != Eigen::Success)
      throw std::runtime_error("LinearDescent: the eigenvalues of X X' did not converge");
    lambda_ = solver.eigenvalues().reverse();  // largest first
    const double zero = static_cast<double>(d()) * std::numeric_limits<double>::epsilon() * lambda_[0];
    while (rank_ < d() && lambda_[rank_] > zero) ++rank_;
    lambda_.tail(d() - rank_).setZero();
    lambda_ = lambda_ * scale * scale;
    require(
        rank_ == 0 || (std::isfinite(lambda_[0]) && lambda_[rank_ - 1] >= std::numeric_limits<double>::min()),
        "LinearDescent: X has entries up to ", largest, ", expected sizes whose squares are numbers");
    Q_ = solver.eigenvectors().rightCols(rank_).rowwise().reverse();
  }
  Index d() const { return lambda_.size(); }
  /// (1 - gamma lambda_i)^t for the lambda_i > 0.
  Vec<double> powers(Index t, double gamma) const {
    require(t >= 0, "LinearDescent: t must be >= 0, got ", t);
    require(std::isfinite(gamma), "LinearDescent: gamma must be finite, got ", gamma);
    Vec<double> p(rank_);
    for (Index i = 0; i < rank_; ++i) p[i] = std::pow(1 - gamma * lambda_[i], static_cast<double>(t));
    return p;
  }
  /// A_0 in double. Throws unless it is d x d.
  template <class Derived>
  Mat<double> in_double(const Eigen::MatrixBase<Derived>& A_0) const {
    require(A_0.rows() == d() && A_0.cols() == d(), "LinearDescent: A_0 is ", A_0.rows(), " x ", A_0.cols(),
            ", expected ", d(), " x ", d());
    return A_0.template cast<double>();
  }

  Vec<double> lambda_;
  Mat<double> Q_;  // d x rank
  Index rank_ = 0;
};

}  // namespace basin
