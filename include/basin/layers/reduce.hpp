// Runs of numbers reduced to one each: sum and mean, maximum, minimum, product, norm, log-sum-exp.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::exp, std::isfinite, std::log

#include "basin/core/checked_size.hpp"  // checked_size
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer

namespace basin::inline BASIN_ABI {

/// y[k] = factor (x[k n] + ... + x[k n + n - 1]), for `runs` runs of n numbers: sums, and means with factor
/// 1 / n.
template <class S>
class ReduceSum {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "ReduceSum";
  static constexpr bool broadcasts = true;

  /// Throws unless runs and n are at least 1 and their product is below 2^62.
  ReduceSum(Index runs, Index n, S factor = 1) : runs_(runs), n_(n), factor_(factor) {
    require(runs >= 1 && n >= 1, "ReduceSum: runs and n must be >= 1, got ", runs, " and ", n);
    detail::checked_size({runs, n}, "ReduceSum: ", runs, " runs of ", n, " numbers");
  }
  Index in_size() const { return runs_ * n_; }
  Index out_size() const { return runs_; }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return runs_ * n_; }
  /// n.
  Index run_length() const { return n_; }
  /// Of each sum.
  S factor() const { return factor_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { sum(x, y); }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    for (Index c = 0; c < y_bar.cols(); ++c)
      for (Index k = 0; k < runs_; ++k) x_bar.col(c).segment(k * n_, n_).setConstant(factor_ * y_bar(k, c));
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const { sum(x_dot, y_dot); }
  /// The entries of the matrix, for linearization (linearize/affine_layers.hpp).
  template <class Visit>
  void for_entries(VecIn<S>, const Visit& visit) const {
    for (Index k = 0; k < runs_; ++k)
      for (Index i = 0; i < n_; ++i) visit(k, k * n_ + i, factor_);
  }

 private:
  void sum(MatIn<S> v, MatOut<S> out) const {
    for (Index c = 0; c < v.cols(); ++c)
      for (Index k = 0; k < runs_; ++k) out(k, c) = factor_ * v.col(c).segment(k * n_, n_).sum();
  }
  Index runs_, n_;
  S factor_;
};

/// What becomes of a run of numbers.
enum class ReduceRule { maximum, minimum, product, norm, log_sum_exp };

/// y[k] = the maximum, the product, ... of x[k n], ..., x[k n + n - 1], for `runs` runs of n numbers.
///
/// - norm: the 2-norm; its derivative at 0 is 0, as in PyTorch.
/// - log_sum_exp: log(sum of exp x), by m + log(sum of exp(x - m)) with m the largest.
/// - maximum, minimum: where several are equal, they share the derivative, as PyTorch's amax and amin.
template <class S>
class Reduce {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Reduce";
  static constexpr bool broadcasts = true;

  /// Throws unless runs and n are at least 1 and their product is below 2^62.
  Reduce(Index runs, Index n, ReduceRule rule) : runs_(runs), n_(n), rule_(rule) {
    require(runs >= 1 && n >= 1, "Reduce: runs and n must be >= 1, got ", runs, " and ", n);
    detail::checked_size({runs, n}, "Reduce: ", runs, " runs of ", n, " numbers");
  }
  Index in_size() const { return runs_ * n_; }
  Index out_size() const { return runs_; }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return runs_ * n_; }
  /// Which one.
  ReduceRule rule() const { return rule_; }
  /// n.
  Index run_length() const { return n_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    for (Index c = 0; c < x.cols(); ++c)
      for (Index k = 0; k < runs_; ++k) y(k, c) = value(x.col(c).segment(k * n_, n_));
  }
  void vjp(VecIn<S>, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    for (Index c = 0; c < y_bar.cols(); ++c) {
      const Index at = x.cols() == 1 ? 0 : c;
      for (Index k = 0; k < runs_; ++k)
        for_slopes(x.col(at).segment(k * n_, n_), y(k, at),
                   [&](Index i, S slope) { x_bar(k * n_ + i, c) = slope * y_bar(k, c); });
    }
  }
  void jvp(VecIn<S>, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    for (Index c = 0; c < x_dot.cols(); ++c) {
      const Index at = x.cols() == 1 ? 0 : c;
      for (Index k = 0; k < runs_; ++k) {
        S sum = 0;
        for_slopes(x.col(at).segment(k * n_, n_), y(k, at),
                   [&](Index i, S slope) { sum += slope * x_dot(k * n_ + i, c); });
        y_dot(k, c) = sum;
      }
    }
  }

 private:
  template <class Run>
  S value(const Run& x) const {
    switch (rule_) {
      case ReduceRule::maximum:
        return x.template maxCoeff<Eigen::PropagateNaN>();
      case ReduceRule::minimum:
        return x.template minCoeff<Eigen::PropagateNaN>();
      case ReduceRule::product:
        return x.prod();
      case ReduceRule::norm:
        return x.stableNorm();
      case ReduceRule::log_sum_exp:
        break;
    }
    const S most = x.template maxCoeff<Eigen::PropagateNaN>();
    if (!std::isfinite(most)) return most;
    return most + std::log((x.array() - most).exp().sum());
  }

  /// visit(i, dy / dx[i]) for a run x and y its value.
  template <class Run, class Visit>
  void for_slopes(const Run& x, S y, const Visit& visit) const {
    switch (rule_) {
      case ReduceRule::maximum:
      case ReduceRule::minimum: {
        const S share = S(1) / static_cast<S>(std::max<Index>(1, (x.array() == y).count()));
        for (Index i = 0; i < n_; ++i) visit(i, x[i] == y ? share : S(0));
        return;
      }
      case ReduceRule::product:
        for (Index i = 0; i < n_; ++i) visit(i, product_without(x, i));
        return;
      case ReduceRule::norm:
        for (Index i = 0; i < n_; ++i) visit(i, y == S(0) ? S(0) : x[i] / y);
        return;
      case ReduceRule::log_sum_exp:
        for (Index i = 0; i < n_; ++i) visit(i, std::exp(x[i] - y));
        return;
    }
  }
  /// The product of the others: no quotient, which fails at 0.
  template <class Run>
  S product_without(const Run& x, Index i) const {
    return x.head(i).prod() * x.tail(n_ - i - 1).prod();
  }

  Index runs_, n_;
  ReduceRule rule_;
};

}  // namespace basin
