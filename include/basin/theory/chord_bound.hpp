// The proof of Theorem 1 bounds the nonlinear descent A_t by a linear one, B_t. Whether it does.
// Page: docs/paper/theorem_1.md.
#pragma once
#include <algorithm>  // std::min

#include "basin/core/error.hpp"           // require
#include "basin/theory/single_layer.hpp"  // train_single_layer, preimage

namespace basin::inline BASIN_ABI {

/// The smallest over all t and entries of what the proof of Theorem 1 (Supplement B) takes to be >= 0, each
/// in the direction of the solution, that is times the sign of phi^-1(x'_j) in row j.
struct ChordBound {
  double above;     // B_t - A_t: "B bounds A entrywise"
  double monotone;  // A_{t+1} - A_t: "A is monotone"
  double inside;    // min(B_t x_i, phi^-1(x'_j) - B_t x_i): "B_t x_i lies in [0, phi^-1(x'_j)]"
};

/// Runs the adaptive rule from A_0 = 0 and, beside it, gradient descent on the linear problem B x_i =
/// phi^-1(x_i), B += gamma sum_i (phi^-1(x_i) - B x_i) x_i', for `steps` steps of rate gamma. For one example
/// under Assumption 1 all three numbers are >= 0 up to rounding; for n >= 2 the proof's claim fails, while
/// the conclusion of Theorem 1 holds (see adaptive_rate_limit). Throws as train_single_layer.
template <InvertibleMap Phi>
[[nodiscard]] ChordBound chord_bound(const Phi& phi, MatIn<double> X, double gamma, Index steps) {
  require(X.size() > 0, "chord_bound: X must not be empty, got ", X.rows(), " x ", X.cols());
  require(gamma > 0, "chord_bound: gamma must be > 0, got ", gamma);  // 0 is "chosen" to train_single_layer
  const Mat<double> target = preimage(phi, X);
  Vec<double> sign(X.rows()), extreme(X.rows());  // of phi^-1(x'_j), the largest in absolute value
  for (Index j = 0; j < X.rows(); ++j) {
    Index i = 0;
    extreme[j] = target.row(j).cwiseAbs().maxCoeff(&i);
    sign[j] = target(j, i) < 0 ? -1 : 1;
  }
  Mat<double> B = Mat<double>::Zero(X.rows(), X.rows()), before;
  ChordBound bound{0, 0, 0};
  SingleLayerOptions options{.gamma = gamma, .tolerance = 0, .max_steps = steps, .record_every = steps + 1};
  options.observer = [&](Index t, const Mat<double>& A) {
    const Mat<double> BX = B * X, along = sign.asDiagonal() * BX;
    bound.above = std::min(bound.above, (sign.asDiagonal() * (B - A)).minCoeff());
    if (t > 0) bound.monotone = std::min(bound.monotone, (sign.asDiagonal() * (A - before)).minCoeff());
    bound.inside = std::min({bound.inside, along.minCoeff(), (-(along.colwise() - extreme)).minCoeff()});
    before = A;
    B += gamma * (target - BX) * X.transpose();
  };
  (void)train_single_layer(phi, X, options);
  return bound;
}

}  // namespace basin
