// Theorem 1: the rules of descent for phi(A x) and the rates with which they converge.
// Page: docs/paper/theorem_1.md.
#pragma once
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <algorithm>          // std::max, std::min
#include <cmath>              // std::abs, std::isfinite, std::sqrt
#include <limits>             // std::numeric_limits

#include "basin/core/error.hpp"       // require
#include "basin/core/types.hpp"       // Index, Mat, MatIn, Vec
#include "basin/layers/maps/map.hpp"  // InvertibleMap

namespace basin::inline BASIN_ABI {

/// What is done with the gradient of 1/2 sum_i |phi(A x_i) - x_i|^2.
enum class DescentRule {
  adaptive,  // a rate for each example and row that takes phi' out: the sign-free form of Theorem 1
  constant,  // plain gradient descent
  printed,   // the signs of Supplement B taken literally: it climbs where `adaptive` descends
};

namespace detail {
/// The largest eigenvalue of X X'.
template <class = void>
double lambda_1(MatIn<double> X) {
  const Eigen::SelfAdjointEigenSolver<Mat<double>> solver(Mat<double>(X.transpose() * X),
                                                          Eigen::EigenvaluesOnly);
  return solver.eigenvalues().reverse()[0];
}
}  // namespace detail

/// sigma_ji = (x_ji - phi(0)) / phi^-1(x_ji), the slopes of the chords of phi from 0 to phi^-1(x_ji) (phi'(0)
/// where that is 0), d x n. They have the sign of phi'. (s_i of Supplement B as printed; its proof needs
/// s_i = -sigma_i.) Throws std::domain_error as preimage, and std::invalid_argument if a slope is 0.
template <InvertibleMap Phi>
[[nodiscard]] Mat<double> chord_slopes(const Phi& phi, MatIn<double> X) {
  require(X.size() > 0, "chord_slopes: X must not be empty, got ", X.rows(), " x ", X.cols());
  const double at_0 = phi(0.);
  const Mat<double> sigma = X.unaryExpr([&](double x) {
    const double z = phi.inverse(x);
    return z == 0 ? phi.derivative(0., at_0) : (x - at_0) / z;
  });
  require((sigma.array() != 0).all(), "chord_slopes: phi must be strictly monotone, but ", Phi::name,
          " has a chord of slope 0");
  return sigma;
}

/// The curvatures that descent meets near the solution: the smallest and largest positive eigenvalue of the d
/// Hessians H_j = X diag_i(w_ji) X', one for each row of A, with w = phi'(phi^-1(x)) / sigma for the adaptive
/// rule and phi'(phi^-1(x))^2 for the constant one.
struct Curvature {
  double smallest, largest;  // of all d Hessians
  /// 2 / largest: with a larger gamma the solution repels the descent.
  double rate_limit() const { return 2 / largest; }
  /// max |1 - gamma mu| over the curvatures mu: the factor by which the error shrinks in a step, in the end.
  double contraction(double gamma) const {
    return std::max(std::abs(1 - gamma * smallest), std::abs(1 - gamma * largest));
  }
};
/// Throws as chord_slopes, and if a curvature is 0: dependent examples, or a flat phi.
template <InvertibleMap Phi>
[[nodiscard]] Curvature single_layer_curvature(const Phi& phi, MatIn<double> X,
                                               DescentRule rule = DescentRule::adaptive) {
  const Mat<double> sigma = chord_slopes(phi, X);
  const Mat<double> K = X.transpose() * X;
  Curvature c{std::numeric_limits<double>::infinity(), 0};
  for (Index j = 0; j < X.rows(); ++j) {
    Vec<double> root(X.cols());  // H_j has the nonzero eigenvalues of W^(1/2) X' X W^(1/2)
    for (Index i = 0; i < X.cols(); ++i) {
      const double slope = phi.derivative(phi.inverse(X(j, i)), X(j, i));
      root[i] =
          rule == DescentRule::constant ? std::abs(slope) : std::sqrt(std::max(0., slope / sigma(j, i)));
    }
    const Eigen::SelfAdjointEigenSolver<Mat<double>> solver(
        Mat<double>(root.asDiagonal() * K * root.asDiagonal()), Eigen::EigenvaluesOnly);
    c.smallest = std::min(c.smallest, solver.eigenvalues()[0]);
    c.largest = std::max(c.largest, solver.eigenvalues().reverse()[0]);
  }
  require(c.smallest > 1e-14 * c.largest,
          "single_layer_curvature: X must have linearly independent columns and phi slopes "
          "that are not 0 there, got curvatures from ",
          c.smallest, " to ", c.largest);
  return c;
}

/// 2 / (lambda_1(X X') max phi'(z) / sigma_ji), z over [lo, hi]: with a smaller gamma the adaptive rule
/// converges as long as all A_t x_i stay in [lo, hi], since it is gradient descent on the convex matching
/// loss
///
///     sum_i (Phi(z_i) - x_ji z_i) / sigma_ji,   Phi' = phi,   z = A_j X
///
/// whose Hessians are at most lambda_1 max phi'/sigma. Of Assumption 1 it takes the strict monotonicity of
/// phi on [lo, hi] alone, and linearly independent examples. phi' is sampled at 4097 points and at 0. Throws
/// as chord_slopes, and unless lo < hi are finite.
template <InvertibleMap Phi>
[[nodiscard]] double adaptive_rate_limit(const Phi& phi, MatIn<double> X, double lo, double hi) {
  require(std::isfinite(lo) && std::isfinite(hi) && lo < hi,
          "adaptive_rate_limit: lo and hi must be finite with lo < hi, got ", lo, " and ", hi);
  double steepest = lo <= 0 && hi >= 0 ? std::abs(phi.derivative(0., phi(0.))) : 0;
  for (int k = 0; k <= 4096; ++k) {
    const double z = lo + (hi - lo) * k / 4096;
    steepest = std::max(steepest, std::abs(phi.derivative(z, phi(z))));
  }
  const double flattest = chord_slopes(phi, X).cwiseAbs().minCoeff();
  return 2 * flattest / (detail::lambda_1(X) * steepest);
}

/// 1 / (n L d), L the largest ratio of two entries of one example: the bound of Supplement B on gamma, far
/// below what convergence takes. Throws unless all entries of X are > 0.
template <class = void>
[[nodiscard]] double paper_rate_limit(MatIn<double> X) {
  require(X.size() > 0 && (X.array() > 0).all(),
          "paper_rate_limit: X must not be empty and have entries > 0");
  double L = 1;
  for (Index i = 0; i < X.cols(); ++i) L = std::max(L, X.col(i).maxCoeff() / X.col(i).minCoeff());
  return 1 / (static_cast<double>(X.cols()) * L * static_cast<double>(X.rows()));
}

}  // namespace basin
