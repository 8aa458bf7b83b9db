// Theorem 3 at finite width: a ReLU network with a random, fixed first layer whose second layer was trained.
// Page: docs/paper/theorem_3.md.
#pragma once
#include <Eigen/QR>    // Eigen::CompleteOrthogonalDecomposition
#include <cmath>       // std::sqrt, std::lgamma, std::exp, std::atan2
#include <functional>  // std::function
#include <numbers>     // std::numbers::pi
#include <utility>     // std::move

#include "basin/compose/chain.hpp"                 // Chain
#include "basin/core/error.hpp"                    // require
#include "basin/core/model.hpp"                    // Model
#include "basin/core/product/gemm.hpp"             // gemm, gemm_add
#include "basin/core/random.hpp"                   // Random
#include "basin/layers/dense.hpp"                  // Dense
#include "basin/layers/maps/piecewise_linear.hpp"  // Relu
#include "basin/layers/pointwise.hpp"              // Pointwise

namespace basin::inline BASIN_ABI {

/// A distribution of single weights. Those of `weight_law` have mean 0 and variance 1.
using WeightLaw = std::function<double(Random&)>;

namespace weight_law {
/// Standard normal.
[[nodiscard]] inline WeightLaw normal() {
  return [](Random& r) { return r.normal(); };
}
/// Uniform on [-sqrt(3), sqrt(3)).
[[nodiscard]] inline WeightLaw uniform() {
  return [](Random& r) { return r.uniform(-std::sqrt(3.), std::sqrt(3.)); };
}
/// An exponential variable minus 1: skewed to the right.
[[nodiscard]] inline WeightLaw centred_exponential() {
  return [](Random& r) { return -detail::portable_log(1 - r.uniform()) - 1; };
}
/// sqrt((1-p)/p) with probability p, else -sqrt(p/(1-p)). Skewed unless p = 1/2. Throws unless 0 < p < 1.
[[nodiscard]] inline WeightLaw two_point(double p) {
  require(p > 0 && p < 1, "weight_law::two_point: p must be in (0, 1), got ", p);
  return [=](Random& r) { return r.uniform() < p ? std::sqrt((1 - p) / p) : -std::sqrt(p / (1 - p)); };
}
/// The law of -w.
[[nodiscard]] inline WeightLaw mirrored(WeightLaw law) {
  return [law = std::move(law)](Random& r) { return -law(r); };
}
}  // namespace weight_law

/// h(x) = relu(W x + b): k features of d coordinates.
struct RandomFeatures {
  Mat<double> W;  // k x d
  Vec<double> b;  // k

  /// The features of each column of x, k x B.
  Mat<double> operator()(MatIn<double> x) const {
    require(x.rows() == W.cols(), "RandomFeatures: x has ", x.rows(), " rows, W has ", W.cols(), " columns");
    Mat<double> h = b.replicate(1, x.cols());
    gemm_add<double>(W, x, h);
    return h.cwiseMax(0.);
  }
};

/// Features with independent entries of W and b, unit after unit. The limit of Theorem 3 wants one law for
/// both (the "+1" in |x|^2 / (|x|^2 + 1) is the second moment of b over that of W). Throws unless d, k >= 1.
template <class = void>
[[nodiscard]] RandomFeatures random_features(Index d, Index k, const WeightLaw& law, Random& random) {
  require(d >= 1, "random_features: d must be >= 1, got ", d);
  require(k >= 1, "random_features: k must be >= 1, got ", k);
  require(static_cast<bool>(law), "random_features: law must not be empty");
  RandomFeatures h{Mat<double>(k, d), Vec<double>(k)};
  for (Index unit = 0; unit < k; ++unit) {
    for (Index j = 0; j < d; ++j) h.W(unit, j) = law(random);
    h.b[unit] = law(random);
  }
  return h;
}

/// The limit of gradient descent from W2 = 0 on sum |W2 h(x) - x|^2: the minimum-norm least squares solution
/// X H^+, with H = h(X), k x n (Supplement A). It interpolates if the columns of H are linearly independent.
template <class = void>
[[nodiscard]] Mat<double> minimum_norm_weights(const RandomFeatures& h, MatIn<double> X) {
  require(X.cols() >= 1, "minimum_norm_weights: X must have at least 1 column, got 0");
  const Mat<double> Ht = h(X).transpose();  // W2 H = X reads H' W2' = X'
  return Eigen::CompleteOrthogonalDecomposition<Mat<double>>(Ht).solve(X.transpose()).transpose();
}

/// The weights as Supplement C prints them, sum_i x_i h_i' / |h_i|^2. They are X H^+ only if the features h_i
/// are orthogonal, assumption (b). For normal weights they do not become so: their limiting cosine is
/// positive (see arc_cosine.hpp). For other laws they may be: with W and b of +-1, two_point(1/2), no unit is
/// active at both of x = 2 and -2. Where they are not, the network does not interpolate. Throws if a feature
/// vector is zero.
template <class = void>
[[nodiscard]] Mat<double> orthogonal_features_weights(const RandomFeatures& h, MatIn<double> X) {
  const Mat<double> H = h(X);
  const Vec<double> norms = H.colwise().squaredNorm().transpose();
  require((norms.array() > 0).all(), "orthogonal_features_weights: an example has no active unit");
  const Mat<double> scaled = X * norms.cwiseInverse().asDiagonal();
  Mat<double> W2(X.rows(), H.rows());
  gemm<double, GemmOp::plain, GemmOp::transposed>(scaled, H, W2);
  return W2;
}

/// W_2 relu(W_1 x + b), the network of Theorem 3.
using RandomFeaturesNet = Chain<Dense<double>, Pointwise<double, Relu>, Dense<double>>;

/// The network x -> W2 relu(W x + b) as a model, for jacobian, orbit and classify_fixed_point. Throws if W2
/// does not have a column for each feature.
template <class = void>
[[nodiscard]] Model<RandomFeaturesNet> random_features_net(const RandomFeatures& h, MatIn<double> W2) {
  const Index k = h.W.rows(), d = h.W.cols();
  require(W2.cols() == k, "random_features_net: W2 has ", W2.cols(), " columns, h has ", k, " features");
  Vec<double> theta(k * d + k + W2.size());
  theta << h.W.reshaped(), h.b, W2.reshaped();
  return {
      RandomFeaturesNet(Dense<double>(d, k), Pointwise<double, Relu>(k), Dense<double>(k, W2.rows(), false)),
      std::move(theta)};
}

/// Theorem 3 with one example x, at any width and for any law: the Jacobian of the trained network at x has
/// rank one and the one eigenvalue
///
///     lambda = h' D W x / |h|^2 = 1 - h.b / |h|^2,    h = relu(W x + b),  D = diag(W x + b > 0);
///
/// the others are 0. Throws unless x is a single point with an active unit.
template <class = void>
[[nodiscard]] double one_example_eigenvalue(const RandomFeatures& h, VecIn<double> x) {
  const Mat<double> hx = h(x);
  const double norm2 = hx.squaredNorm();
  require(norm2 > 0, "one_example_eigenvalue: no unit is active at x");
  return 1 - hx.col(0).dot(h.b) / norm2;
}

/// The limit of that eigenvalue as k -> infinity for symmetric laws, |x|^2 / (|x|^2 + 1) (Theorem 3). The
/// paper asks for zero mean only; a skewed law gives another limit, still below 1, which depends on the
/// direction of x.
[[nodiscard]] inline double one_example_limit(double norm) { return norm * norm / (norm * norm + 1); }

/// The constant c of the rate: for normal weights sqrt(k) (lambda - limit) tends to N(0, c^2)
/// with c = sqrt(2) |x| / (|x|^2 + 1). The paper states no rate.
[[nodiscard]] inline double one_example_deviation(double norm) {
  return std::sqrt(2.) * norm / (norm * norm + 1);
}

/// P(lambda >= 1) for one example of this norm and k units with normal weights, exactly; the 2^-k of the case
/// in which no unit is active is included. Given the m active units, lambda = limit + norm / (norm^2 + 1) T /
/// sqrt(m) with T of Student's law with m degrees of freedom, and m is binomial(k, 1/2). Throws unless norm >
/// 0 and k >= 1.
[[nodiscard]] inline double one_example_unstable_probability(double norm, Index k) {
  require(norm > 0, "one_example_unstable_probability: norm must be > 0, got ", norm);
  require(k >= 1, "one_example_unstable_probability: k must be >= 1, got ", k);
  // P(T >= sqrt(m) / norm) = (1 - A_m) / 2, and with tan(angle) = 1 / norm
  // (Abramowitz, Stegun 26.7.3 and 26.7.4)
  //   A_m = sin (1 + 1/2 cos^2 + 1*3/(2*4) cos^4 + ... cos^(m-2))                         m even,
  //   A_m = 2/pi (angle + sin (cos + 2/3 cos^3 + ... cos^(m-2)))                          m odd.
  const double angle = std::atan2(1., norm), s = std::sin(angle), c = std::cos(angle);
  double even = 0, odd = 2 / std::numbers::pi * angle;  // A_0, A_1
  double even_term = s, odd_term = 2 / std::numbers::pi * s * c;
  double probability = 0;
  for (Index m = 0; m <= k; ++m) {
    const double K = static_cast<double>(k), M = static_cast<double>(m);
    const double weight =
        std::exp(std::lgamma(K + 1) - std::lgamma(M + 1) - std::lgamma(K - M + 1) - K * std::numbers::ln2);
    double& A = m % 2 == 0 ? even : odd;
    probability += weight * (m == 0 ? 1 : (1 - A) / 2);
    double& term = m % 2 == 0 ? even_term : odd_term;  // A_{m+2} = A_m + term
    A += term;
    term *= c * c * (M + 1) / (M + 2);
  }
  return probability;
}

}  // namespace basin
