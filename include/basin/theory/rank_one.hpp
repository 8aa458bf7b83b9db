// One example in a two-layer network whose units are equal: the rank-one solution and its eigenvalue.
// Page: docs/paper/rank_one.md.
#pragma once
#include <cmath>    // std::isfinite
#include <utility>  // std::move

#include "basin/compose/chain.hpp"     // Chain
#include "basin/core/error.hpp"        // require
#include "basin/core/model.hpp"        // Model
#include "basin/core/types.hpp"        // Index, Mat, Vec, VecIn
#include "basin/layers/dense.hpp"      // Dense
#include "basin/layers/pointwise.hpp"  // Pointwise

namespace basin::inline BASIN_ABI {

/// lambda = b phi'(b) / phi(b), the one eigenvalue of the Jacobian at the example x that need not be 0, for
/// f(z) = W1 phi(W2 z) without biases, trained on x alone, with k equal units: W1 = x a', W2 = b x' / |x|^2
/// with a, b the same for all units.
///
/// Proof: f(x) = k a phi(b) x = x gives k a phi(b) = 1, and J = W1 diag(phi'(W2 x)) W2 = k a phi'(b) b x x' /
/// |x|^2. So x attracts when |lambda| < 1, whatever k and |x| are; the paper on associative memory that
/// followed (Radhakrishnan, Belkin, Uhler, arXiv:1909.12362) takes |x| = 1. Throws if phi(b) is 0, where no
/// such network maps x to x, or not finite.
template <PointwiseMap Phi>
[[nodiscard]] double rank_one_eigenvalue(double b, const Phi& phi = {}) {
  const double y = phi(b);
  require(std::isfinite(b) && std::isfinite(y) && y != 0,
          "rank_one_eigenvalue: b and phi(b) must be finite and phi(b) not 0, got b = ", b, ", ", Phi::name,
          "(b) = ", y);
  return b * phi.derivative(b, y) / y;
}

/// The type of rank_one_network.
template <class Phi>
using TwoLayerNet = Chain<Dense<double>, Pointwise<double, Phi>, Dense<double>>;

/// z -> W1 phi(W2 z) with W1 = x (a, ..., a), W2 = (b, ..., b)' x' / |x|^2 and k units, without biases: every
/// unit sees b at x, and f(x) = k a phi(b) x. Throws unless k >= 1 and x is finite and not 0.
template <PointwiseMap Phi>
[[nodiscard]] Model<TwoLayerNet<Phi>> rank_one_network(VecIn<double> x, Index k, double a, double b,
                                                       const Phi& phi = {}) {
  const double square = x.squaredNorm();
  require(std::isfinite(square) && square > 0, "rank_one_network: x must be finite and not 0");
  require(k >= 1, "rank_one_network: k must be >= 1, got ", k);
  TwoLayerNet<Phi> net(Dense<double>(x.size(), k, false), Pointwise<double, Phi>(k, phi),
                       Dense<double>(k, x.size(), false));
  Vec<double> theta(net.param_size());
  Eigen::Map<Mat<double>>(theta.data(), k, x.size()).rowwise() = b / square * x.transpose();
  Eigen::Map<Mat<double>>(theta.data() + k * x.size(), x.size(), k).colwise() = a * x;
  return {std::move(net), std::move(theta)};
}
/// The one that interpolates: a = 1 / (k phi(b)), so that f(x) = x. Throws as rank_one_eigenvalue, too.
template <PointwiseMap Phi>
[[nodiscard]] Model<TwoLayerNet<Phi>> rank_one_solution(VecIn<double> x, Index k, double b,
                                                        const Phi& phi = {}) {
  (void)rank_one_eigenvalue(b, phi);
  return rank_one_network(x, k, 1 / (static_cast<double>(k) * phi(b)), b, phi);
}

}  // namespace basin
