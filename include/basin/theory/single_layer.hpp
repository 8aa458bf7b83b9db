// Theorem 1: the nonlinear one-layer autoencoder phi(A x), its minimum-norm solution, and the descent that
// finds it. Page: docs/paper/theorem_1.md.
#pragma once
#include <Eigen/QR>    // Eigen::CompleteOrthogonalDecomposition
#include <algorithm>   // std::max, std::min
#include <cmath>       // std::abs, std::isfinite
#include <functional>  // std::function
#include <vector>      // std::vector

#include "basin/core/error.hpp"                 // require
#include "basin/core/types.hpp"                 // Index, Mat, MatIn, Vec
#include "basin/theory/phi_span.hpp"            // preimage
#include "basin/theory/single_layer_rates.hpp"  // DescentRule, chord_slopes, detail::lambda_1
#include "basin/train/fit.hpp"                  // FitStatus

namespace basin::inline BASIN_ABI {

/// A = phi^-1(X) X^+, the A of minimum Frobenius norm with A x_i = phi^-1(x_i) for all i: where the descent
/// of Theorem 1 from A = 0 ends. Its rank is that of phi^-1(X), if the examples are linearly independent.
/// (The corollary says rank X: with x_1 = phi(v), x_2 = phi(2 v) that is 2, and A has rank 1.) Where no A
/// fits, which takes dependent examples, it is the least-squares solution. X: d x n, one column an example.
/// Throws std::domain_error if an entry is outside the range of phi, std::invalid_argument if X is empty.
template <InvertibleMap Phi>
[[nodiscard]] Mat<double> minimum_norm_solution(const Phi& phi, MatIn<double> X) {
  require(X.size() > 0, "minimum_norm_solution: X must not be empty, got ", X.rows(), " x ", X.cols());
  const Eigen::CompleteOrthogonalDecomposition<Mat<double>> of_X(X);
  return preimage(phi, X) * of_X.pseudoInverse();
}

/// How descent on phi(A x) goes.
struct SingleLayerOptions {
  DescentRule rule = DescentRule::adaptive;  // which step sizes
  double gamma = 0;  // 0: 1 / lambda_1, for the constant rule 1 / (lambda_1 max phi'^2 at 0 and phi^-1(x))
  double tolerance = 1e-13;     // converged when max |phi(A X) - X| <= this
  Index max_steps = 1'000'000;  // of descent
  Index record_every = 100;     // steps between entries of the history
  std::function<void(Index step, const Mat<double>& A)> observer = {};  // sees A_0, A_1, ...
  std::function<bool()> cancelled = {};                                 // asked at every record; true stops
};

/// What descent on phi(A x) came to.
struct SingleLayerFit {
  Mat<double> A = {};                       // the weights
  FitStatus status = FitStatus::exhausted;  // why it ended
  Index steps = 0;                          // that were made
  double gamma = 0;                         // as used
  double residual = 0;                      // max |phi(A X) - X|
  double low = 0, high = 0;                 // all entries of A_t X, 0 <= t <= steps, lie in [low, high]
  std::vector<Index> at = {};               // steps 0, record_every, ..., and the last one
  std::vector<double> history = {};         // and the residuals there
};

/// Trains y = phi(A x) on y = x from A = 0, row by row
///
///     adaptive   A_j += gamma sum_i (x_ji - phi(A_j x_i)) / sigma_ji x_i'
///     constant   A_j += gamma sum_i (x_ji - phi(A_j x_i)) phi'(A_j x_i) x_i'
///     printed    A_j -= gamma sum_i (x_ji - phi(A_j x_i)) / sigma_ji x_i'
///
/// The adaptive rule is gradient descent with the rate gamma / (sigma_ji phi'(A_j x_i)) > 0 for example i and
/// row j (Theorem 1, Supplement B with s_i = -sigma_i corrected); it takes linearly independent examples, a
/// strictly monotone phi and gamma < adaptive_rate_limit. All updates of a row are combinations of examples:
/// A_t = C_t X', and it is C, d x n, that is stored. So where A interpolates, it is minimum_norm_solution.
/// The default gamma may lie above adaptive_rate_limit, which is sufficient, not necessary; it converged in
/// all cases of examples/paper/theorem_1.cpp. Throws std::domain_error if an entry of X is outside the range
/// of phi, std::invalid_argument for options or sizes that make no sense.
template <InvertibleMap Phi>
[[nodiscard]] SingleLayerFit train_single_layer(const Phi& phi, MatIn<double> X,
                                                const SingleLayerOptions& options = {}) {
  require(X.size() > 0, "train_single_layer: X must not be empty, got ", X.rows(), " x ", X.cols());
  require(options.gamma >= 0 && std::isfinite(options.gamma),
          "train_single_layer: gamma must be finite and >= 0 (0: chosen by the rule), got ", options.gamma);
  require(options.tolerance >= 0, "train_single_layer: tolerance must be >= 0, got ", options.tolerance);
  require(options.max_steps >= 0, "train_single_layer: max_steps must be >= 0, got ", options.max_steps);
  require(options.record_every >= 1, "train_single_layer: record_every must be >= 1, got ",
          options.record_every);
  const bool constant = options.rule == DescentRule::constant;
  const Mat<double> sigma = chord_slopes(phi, X);
  SingleLayerFit fit{.gamma = options.gamma};
  if (fit.gamma == 0) {
    double steepest = constant ? std::abs(phi.derivative(0., phi(0.))) : 1;
    if (constant)
      steepest = std::max(steepest, X.unaryExpr([&](double x) {
                                       return std::abs(phi.derivative(phi.inverse(x), x));
                                     }).maxCoeff());
    fit.gamma = 1 / (detail::lambda_1(X) * steepest * steepest);
  }
  const Mat<double> weight = (options.rule == DescentRule::printed ? -fit.gamma : fit.gamma) / sigma.array();
  const Mat<double> K = X.transpose() * X;
  Mat<double> C = Mat<double>::Zero(X.rows(), X.cols()), Z = C, step = C;
  for (Index t = 0;; ++t) {
    if (options.observer) options.observer(t, Mat<double>(C * X.transpose()));
    Z.noalias() = C * K;  // A X
    fit.residual = 0;
    for (Index i = 0; i < X.cols(); ++i)
      for (Index j = 0; j < X.rows(); ++j) {
        const double z = Z(j, i), y = phi(z), r = X(j, i) - y;
        step(j, i) = r * (constant ? fit.gamma * phi.derivative(z, y) : weight(j, i));
        if (!(std::abs(r) <= fit.residual) && !std::isnan(fit.residual))
          fit.residual = std::abs(r);  // NaN stays
      }
    fit.steps = t;
    const bool sound = std::isfinite(fit.residual) && Z.allFinite();
    if (sound) {
      fit.low = std::min(fit.low, Z.minCoeff());
      fit.high = std::max(fit.high, Z.maxCoeff());
    }
    const bool record = t % options.record_every == 0;
    if (!sound)
      fit.status = FitStatus::diverged;
    else if (fit.residual <= options.tolerance)
      fit.status = FitStatus::converged;
    else if (record && options.cancelled && options.cancelled())
      fit.status = FitStatus::cancelled;
    const bool last = fit.status != FitStatus::exhausted || t >= options.max_steps;
    if (record || last) {
      fit.at.push_back(t);
      fit.history.push_back(fit.residual);
    }
    if (last) break;
    C += step;
  }
  fit.A = C * X.transpose();
  return fit;
}

}  // namespace basin
