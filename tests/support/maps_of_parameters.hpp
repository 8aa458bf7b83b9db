// Maps of one or two dimensions whose parameters are what a textbook varies, as layers.
#pragma once
#include <utility>  // std::move

#include "basin/core/layer.hpp"  // Layer
#include "basin/core/types.hpp"  // Index, MatIn, MatOut, VecIn, VecOut

/// A map R^d -> R^d from `Rule::value(theta, x)` and its Jacobian `Rule::slopes(theta, x)`. No derivative by
/// theta.
template <class Rule, basin::Index d, basin::Index parameters>
struct MapOfParameters {
  using Scalar = double;
  using Cache = basin::NoCache;
  using Index = basin::Index;
  Index in_size() const { return d; }
  Index out_size() const { return d; }
  Index param_size() const { return parameters; }
  void forward(basin::VecIn<double> theta, basin::MatIn<double> x, basin::MatOut<double> y, Cache&) const {
    for (Index j = 0; j < x.cols(); ++j) y.col(j) = rule().value(theta, x.col(j));
  }
  void vjp(basin::VecIn<double> theta, basin::MatIn<double> x, basin::MatIn<double>, Cache&,
           basin::MatIn<double> y_bar, basin::MatOut<double> x_bar, basin::VecOut<double>) const {
    if (x_bar.size() == 0) return;
    for (Index j = 0; j < x.cols(); ++j)
      x_bar.col(j) = rule().slopes(theta, x.col(j)).transpose() * y_bar.col(j);
  }
  void jvp(basin::VecIn<double> theta, basin::MatIn<double> x, basin::MatIn<double>, Cache&,
           basin::MatIn<double> x_dot, basin::MatOut<double> y_dot) const {
    for (Index j = 0; j < x.cols(); ++j) y_dot.col(j) = rule().slopes(theta, x.col(j)) * x_dot.col(j);
  }

 private:
  const Rule& rule() const { return static_cast<const Rule&>(*this); }
};

/// x + mu - x^2, in units of `scale`.
struct FoldMap : MapOfParameters<FoldMap, 1, 1> {
  double scale = 1;
  FoldMap() = default;
  explicit FoldMap(double c) : scale(c) {}
  using V = basin::Vec<double>;
  V value(basin::VecIn<double> mu, basin::VecIn<double> x) const {
    const double z = x[0] / scale;
    return V{{scale * (z + mu[0] - z * z)}};
  }
  basin::Mat<double> slopes(basin::VecIn<double>, basin::VecIn<double> x) const {
    return basin::Mat<double>{{1 - 2 * x[0] / scale}};
  }
};

/// r x (1 - x).
struct LogisticMap : MapOfParameters<LogisticMap, 1, 1> {
  basin::Vec<double> value(basin::VecIn<double> r, basin::VecIn<double> x) const {
    return basin::Vec<double>{{r[0] * x[0] * (1 - x[0])}};
  }
  basin::Mat<double> slopes(basin::VecIn<double> r, basin::VecIn<double> x) const {
    return basin::Mat<double>{{r[0] * (1 - 2 * x[0])}};
  }
};

/// (r x (1 - y), x).
struct DelayedLogisticMap : MapOfParameters<DelayedLogisticMap, 2, 1> {
  basin::Vec<double> value(basin::VecIn<double> r, basin::VecIn<double> x) const {
    return basin::Vec<double>{{r[0] * x[0] * (1 - x[1]), x[0]}};
  }
  basin::Mat<double> slopes(basin::VecIn<double> r, basin::VecIn<double> x) const {
    return basin::Mat<double>{{r[0] * (1 - x[1]), -r[0] * x[0]}, {1, 0}};
  }
};

/// mu + a x for x < 0, mu + b x above.
struct SkewTentMap : MapOfParameters<SkewTentMap, 1, 1> {
  double a = 0, b = 0;
  SkewTentMap() = default;
  SkewTentMap(double below, double above) : a(below), b(above) {}
  basin::Vec<double> value(basin::VecIn<double> mu, basin::VecIn<double> x) const {
    return basin::Vec<double>{{mu[0] + (x[0] < 0 ? a : b) * x[0]}};
  }
  basin::Mat<double> slopes(basin::VecIn<double>, basin::VecIn<double> x) const {
    return basin::Mat<double>{{x[0] < 0 ? a : b}};
  }
};

/// a x + mu, theta = (a, mu).
struct LineMap : MapOfParameters<LineMap, 1, 2> {
  basin::Vec<double> value(basin::VecIn<double> theta, basin::VecIn<double> x) const {
    return basin::Vec<double>{{theta[0] * x[0] + theta[1]}};
  }
  basin::Mat<double> slopes(basin::VecIn<double> theta, basin::VecIn<double>) const {
    return basin::Mat<double>{{theta[0]}};
  }
};

/// A layer of another type that says nothing of what is in it.
template <basin::Layer F>
class OwnLayer {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;
  using Cache = typename F::Cache;
  explicit OwnLayer(F f) : f_(std::move(f)) {}
  basin::Index in_size() const { return f_.in_size(); }
  basin::Index out_size() const { return f_.out_size(); }
  basin::Index param_size() const { return f_.param_size(); }
  void forward(basin::VecIn<S> theta, basin::MatIn<S> x, basin::MatOut<S> y, Cache& cache) const {
    f_.forward(theta, x, y, cache);
  }
  void vjp(basin::VecIn<S> theta, basin::MatIn<S> x, basin::MatIn<S> y, Cache& cache, basin::MatIn<S> y_bar,
           basin::MatOut<S> x_bar, basin::VecOut<S> theta_bar) const {
    f_.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
  }
  void jvp(basin::VecIn<S> theta, basin::MatIn<S> x, basin::MatIn<S> y, Cache& cache, basin::MatIn<S> x_dot,
           basin::MatOut<S> y_dot) const {
    f_.jvp(theta, x, y, cache, x_dot, y_dot);
  }

 private:
  F f_;
};
