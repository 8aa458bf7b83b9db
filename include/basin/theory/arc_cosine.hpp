// Theorem 3 at infinite width: the kernel that random ReLU features converge to, and the network trained on
// them. Page: docs/paper/theorem_3.md.
#pragma once
#include <Eigen/Cholesky>  // Eigen::LDLT
#include <cmath>           // std::sin, std::cos, std::atan2, std::sqrt
#include <limits>          // std::numeric_limits
#include <numbers>         // std::numbers::pi
#include <utility>         // std::move

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, NoCache
#include "basin/core/model.hpp"         // Model
#include "basin/core/product/gemm.hpp"  // gemm, GemmOp

namespace basin::inline BASIN_ABI {

/// The arc-cosine kernel of order 1 with bias (Cho, Saul 2009, halved), for w, b with independent entries
/// N(0, 1) and N(0, bias^2):
///
///     kappa(x, y) = E[relu(w.x + b) relu(w.y + b)] = |u| |v| (sin t + (pi - t) cos t) / (2 pi),
///
/// u = (x, bias), v = (y, bias), t their angle. kappa(x, x) = |u|^2 / 2. The limit of h(x).h(y) / k as the
/// width k grows.
class ArcCosineKernel {
 public:
  /// Throws unless bias >= 0 is finite.
  explicit ArcCosineKernel(double bias = 1) : bias_(bias) {
    require(bias >= 0 && bias < std::numeric_limits<double>::infinity(),
            "ArcCosineKernel: bias must be >= 0 and finite, got ", bias);
  }
  /// The standard deviation of b.
  double bias() const { return bias_; }

  /// kappa(x, y).
  double operator()(VecIn<double> x, VecIn<double> y) const {
    const Angle a = angle(x, y);
    return a.u * a.v * (std::sin(a.t) + (std::numbers::pi - a.t) * std::cos(a.t)) / (2 * std::numbers::pi);
  }
  /// out = d kappa(x, y) / dy = E[relu(w.x + b) 1(w.y + b > 0) w] = ((pi - t) x + |u| / |v| sin t y) / (2
  /// pi); at v = 0, a kink, that with t = pi / 2, sin t = 0.
  void gradient(VecIn<double> x, VecIn<double> y, VecOut<double> out) const {
    const Angle a = angle(x, y);
    const double along = a.v > 0 ? a.u / a.v * std::sin(a.t) : 0;
    out = ((std::numbers::pi - a.t) * x + along * y) / (2 * std::numbers::pi);
  }

 private:
  struct Angle {
    double u, v, t;  // norms of (x, bias) and (y, bias), and their angle
  };
  /// The angle by Kahan's formula, 2 atan2(|u/|u| - v/|v||, |u/|u| + v/|v||): exact to rounding for small
  /// angles, too, where the arc cosine of the cosine loses half of the digits.
  Angle angle(VecIn<double> x, VecIn<double> y) const {
    const double u = std::sqrt(x.squaredNorm() + bias_ * bias_);
    const double v = std::sqrt(y.squaredNorm() + bias_ * bias_);
    if (u == 0 || v == 0) return {u, v, std::numbers::pi / 2};
    const double du = bias_ / u, dv = bias_ / v;
    const double minus = (x / u - y / v).squaredNorm() + (du - dv) * (du - dv);
    const double plus = (x / u + y / v).squaredNorm() + (du + dv) * (du + dv);
    return {u, v, 2 * std::atan2(std::sqrt(minus), std::sqrt(plus))};
  }

  double bias_;
};

/// The infinite-width network of Theorem 3: what x -> W2 relu(W1 x + b), W1 and b normal and fixed, W2
/// trained by gradient descent from 0 to f(x_i) = x_i, converges to as k -> infinity,
///
///     f(x) = X K^-1 k(x),    K_ij = kappa(x_i, x_j),  k(x)_i = kappa(x_i, x),    J = X K^-1 (dk/dx).
///
/// The paper's limit has diag(K) for K: its assumption (b), orthogonal features, does not become true as k
/// grows. A layer without parameters; infinite_width(X) is the model that can be iterated, differentiated and
/// classified.
class InfiniteWidth {
 public:
  using Scalar = double;
  using Cache = NoCache;
  static constexpr const char* name = "InfiniteWidth";
  static constexpr bool broadcasts = true;

  /// X: d x n. Throws unless the examples are finite and their kernel matrix is positive definite, which it
  /// is for different examples and bias > 0; in rounding, for examples that are not too close.
  explicit InfiniteWidth(Mat<double> X, ArcCosineKernel kernel = ArcCosineKernel{})
      : X_(std::move(X)), kernel_(kernel) {
    require(X_.rows() >= 1 && X_.cols() >= 1, "InfiniteWidth: X must not be empty, got ", X_.rows(), " x ",
            X_.cols());
    require(X_.allFinite(), "InfiniteWidth: X has entries that are NaN or infinite");
    Mat<double> K = kernel_matrix();
    const Vec<double> scale = K.diagonal().cwiseSqrt();  // to unit diagonal, so that norms do not matter
    require(scale.minCoeff() > 0, "InfiniteWidth: an example has kernel 0");
    K = scale.cwiseInverse().asDiagonal() * K * scale.cwiseInverse().asDiagonal();
    const Eigen::LDLT<Mat<double>> factors(K);
    require(
        factors.isPositive() && factors.vectorD().minCoeff() > 1e-13,
        "InfiniteWidth: the kernel matrix must be positive definite; are two examples equal or nearly so?");
    // A' = S^-1 (S^-1 K S^-1)^-1 S^-1 X' with S = diag(scale)
    const Mat<double> XS = scale.cwiseInverse().asDiagonal() * X_.transpose();
    A_ = (scale.cwiseInverse().asDiagonal() * factors.solve(XS)).transpose();
  }
  Index in_size() const { return X_.rows(); }
  Index out_size() const { return X_.rows(); }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return X_.size() * 6; }
  /// X.
  const Mat<double>& examples() const { return X_; }
  const Mat<double>& weights() const { return A_; }  // A = X K^-1
  /// kappa.
  const ArcCosineKernel& kernel() const { return kernel_; }
  /// K, n x n.
  Mat<double> kernel_matrix() const { return kernel_columns(X_); }

  void forward(VecIn<double>, MatIn<double> x, MatOut<double> y, Cache&) const {
    gemm<double>(A_, kernel_columns(x), y);  // y = A k(x)
  }
  void vjp(VecIn<double>, MatIn<double> x, MatIn<double>, Cache&, MatIn<double> y_bar, MatOut<double> x_bar,
           VecOut<double>) const {
    if (x_bar.size() > 0)
      each_point(x, y_bar, [&](const Mat<double>& G, Index begin, Index size) {
        Mat<double> k_bar(A_.cols(), size);
        gemm<double, GemmOp::transposed>(A_, y_bar.middleCols(begin, size), k_bar);
        gemm<double>(G, k_bar, x_bar.middleCols(begin, size));  // x_bar = G A' y_bar
      });
  }
  void jvp(VecIn<double>, MatIn<double> x, MatIn<double>, Cache&, MatIn<double> x_dot,
           MatOut<double> y_dot) const {
    each_point(x, x_dot, [&](const Mat<double>& G, Index begin, Index size) {
      Mat<double> k_dot(A_.cols(), size);
      gemm<double, GemmOp::transposed>(G, x_dot.middleCols(begin, size), k_dot);
      gemm<double>(A_, k_dot, y_dot.middleCols(begin, size));  // y_dot = A G' x_dot
    });
  }

 private:
  /// k(x) for each column of x, n x B.
  Mat<double> kernel_columns(MatIn<double> x) const {
    Mat<double> k(X_.cols(), x.cols());
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < X_.cols(); ++i) k(i, j) = kernel_(X_.col(i), x.col(j));
    return k;
  }
  /// use(G, begin, size) with the gradients G (d x n) of k at each point and the columns of v that belong to
  /// it: one each, or all of them where there is one point.
  template <class Use>
  void each_point(MatIn<double> x, MatIn<double> v, const Use& use) const {
    Mat<double> G(X_.rows(), X_.cols());
    for (Index j = 0; j < x.cols(); ++j) {
      for (Index i = 0; i < X_.cols(); ++i) kernel_.gradient(X_.col(i), x.col(j), G.col(i));
      use(G, j, x.cols() == 1 ? v.cols() : 1);
    }
  }

  Mat<double> X_, A_;
  ArcCosineKernel kernel_;
};

static_assert(Layer<InfiniteWidth>);

/// The infinite-width network as a model. Throws as InfiniteWidth does.
template <class = void>
[[nodiscard]] Model<InfiniteWidth> infinite_width(Mat<double> X, ArcCosineKernel kernel = ArcCosineKernel{}) {
  return {InfiniteWidth(std::move(X), kernel), Vec<double>()};
}

}  // namespace basin
