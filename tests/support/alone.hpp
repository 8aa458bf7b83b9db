// A layer without its shortcuts, to hold fast paths against the plain one.
#pragma once
#include "basin/core/layer.hpp"  // Layer, broadcasts

namespace basin {

/// The layer f with what every layer has and nothing more: without what a composition looks for to take a
/// faster path.
template <Layer F>
struct Alone {
  using Scalar = typename F::Scalar;
  using S = Scalar;
  using Cache = typename F::Cache;
  F f;
  bool broadcasts() const { return basin::broadcasts(f); }
  Index in_size() const { return f.in_size(); }
  Index out_size() const { return f.out_size(); }
  Index param_size() const { return f.param_size(); }
  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const { f.forward(theta, x, y, c); }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    f.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    f.jvp(theta, x, y, c, x_dot, y_dot);
  }
};

}  // namespace basin
