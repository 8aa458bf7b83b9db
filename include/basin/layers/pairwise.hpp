// Two halves of a column together, number by number: product, maximum, minimum.
#pragma once
#include <cmath>  // std::isnan

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // Layer

namespace basin::inline BASIN_ABI {

/// What becomes of two numbers.
enum class PairRule { product, maximum, minimum };

/// y[i] = a[i] b[i], max(a[i], b[i]) or min(a[i], b[i]) of x = [a; b]: gates, and the other maps of two
/// values. Behind a Concat or BranchConcat it makes f(x) g(x). Where both are equal, the derivative of the
/// maximum and the minimum is shared in halves, as in PyTorch; NaN in either gives NaN.
template <class S>
class Pairwise {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Pairwise";
  static constexpr bool broadcasts = true;

  /// n numbers from 2 n. Throws unless n >= 1.
  Pairwise(Index n, PairRule rule) : n_(n), rule_(rule) {
    require(n >= 1 && n < Index(1) << 61, "Pairwise: n must be from 1 to 2^61 - 1, got ", n);
  }
  Index in_size() const { return 2 * n_; }
  Index out_size() const { return n_; }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return n_; }
  /// Which one.
  PairRule rule() const { return rule_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    for (Index k = 0; k < x.cols(); ++k)
      for (Index i = 0; i < n_; ++i) y(i, k) = value(x(i, k), x(n_ + i, k));
  }
  void vjp(VecIn<S>, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    for (Index k = 0; k < y_bar.cols(); ++k) {
      const auto at = x.col(x.cols() == 1 ? 0 : k);
      for (Index i = 0; i < n_; ++i) {
        const Slopes d = slopes(at[i], at[n_ + i]);
        x_bar(i, k) = d.a * y_bar(i, k);
        x_bar(n_ + i, k) = d.b * y_bar(i, k);
      }
    }
  }
  void jvp(VecIn<S>, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    for (Index k = 0; k < x_dot.cols(); ++k) {
      const auto at = x.col(x.cols() == 1 ? 0 : k);
      for (Index i = 0; i < n_; ++i) {
        const Slopes d = slopes(at[i], at[n_ + i]);
        y_dot(i, k) = d.a * x_dot(i, k) + d.b * x_dot(n_ + i, k);
      }
    }
  }

 private:
  struct Slopes {
    S a, b;  // of y by a and by b
  };
  S value(S a, S b) const {
    if (rule_ == PairRule::product) return a * b;
    if (std::isnan(a) || std::isnan(b)) return a + b;
    return (rule_ == PairRule::maximum) == (a > b) ? a : b;
  }
  Slopes slopes(S a, S b) const {
    if (rule_ == PairRule::product) return {b, a};
    if (a == b) return {S(0.5), S(0.5)};
    return (rule_ == PairRule::maximum) == (a > b) ? Slopes{S(1), S(0)} : Slopes{S(0), S(1)};
  }

  Index n_;
  PairRule rule_;
};

}  // namespace basin
