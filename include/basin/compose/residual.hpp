// The identity skip y = x + f(x).
#pragma once
#include <algorithm>  // std::copy_n
#include <optional>   // std::optional
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/planes/layout.hpp"  // PlaneLayer, Planes, add_planes
#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/scratch.hpp"           // Scratch

namespace basin {

/// y = x + f(x), with f's parameters.
template <Layer F>
class Residual {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;
  struct Cache {
    typename F::Cache f;
    Scratch<S> fx;
  };
  static constexpr const char* name = "Residual";
  static constexpr bool broadcasts = basin::broadcasts<F>();

  /// Throws unless f gives as many rows as it takes.
  explicit Residual(F f) : f_(std::move(f)) {
    require(f_.in_size() == f_.out_size(), "Residual: the block maps ", f_.in_size(), " rows to ",
            f_.out_size(), ", expected as many");
  }
  Index in_size() const { return f_.in_size(); }
  Index out_size() const { return f_.out_size(); }
  Index param_size() const { return f_.param_size(); }
  std::optional<Shape> in_shape() const { return basin::in_shape(f_); }
  std::optional<Shape> out_shape() const { return basin::out_shape(f_, basin::in_shape(f_)); }
  Index work() const { return basin::work(f_); }
  Index cache_bytes(Index columns) const {
    return basin::cache_bytes(f_, columns) + detail::bytes<S>(f_.out_size() * columns);
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    detail::append_blocks(blocks, basin::param_blocks(f_), 0, "block");
    return blocks;
  }
  const F& block() const { return f_; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    c.fx.resize(f_.out_size(), x.cols());
    f_.forward(theta, x, c.fx.mat(), c.f);
    y = x + c.fx.mat();
  }
  void prepack(VecIn<S> theta, Cache& c) const { basin::prepack(f_, theta, c.f); }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    basin::infer(f_, theta, x, y, c.f);
    y += x;
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    f_.vjp(theta, x, c.fx.mat(), c.f, y_bar, x_bar, theta_bar);
    if (x_bar.size() > 0) x_bar += y_bar;
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    f_.jvp(theta, x, c.fx.mat(), c.f, x_dot, y_dot);
    y_dot += x_dot;
  }

  // The same on planes (detail::PlaneLayer). Keeps f(x), then what f keeps.
  std::optional<detail::PlaneLayout> plane_layout() const requires detail::PlaneLayer<F> {
    return f_.plane_layout();
  }
  bool works_on(const detail::PlaneLayout& layout) const { return f_.works_on(layout); }
  Index plane_slots() const { return 1 + f_.plane_slots(); }
  Index plane_spares() const { return f_.plane_spares(); }
  void plane_forward(const detail::Planes<S>& p, const S* theta, const S* x, S* y, S* kept) const {
    f_.plane_forward(p, theta, x, kept, kept + p.point_batch());
    std::copy_n(kept, p.point_batch(), y);
    detail::add_planes(p.layout, p.points, x, y);
  }
  void plane_infer(const detail::Planes<S>& p, const S* theta, const S* x, S* y, S* spare) const {
    f_.plane_infer(p, theta, x, y, spare);
    detail::add_planes(p.layout, p.points, x, y);
  }
  void plane_vjp(const detail::Planes<S>& p, const S* theta, const S* x, const S*, const S* kept,
                 const S* y_bar, S* x_bar, S* theta_bar, S* spare) const {
    f_.plane_vjp(p, theta, x, kept, kept + p.point_batch(), y_bar, x_bar, theta_bar, spare);
    if (x_bar) detail::add_planes(p.layout, p.columns, y_bar, x_bar);
  }
  void plane_jvp(const detail::Planes<S>& p, const S* theta, const S* x, const S*, const S* kept,
                 const S* x_dot, S* y_dot, S* spare) const {
    f_.plane_jvp(p, theta, x, kept, kept + p.point_batch(), x_dot, y_dot, spare);
    detail::add_planes(p.layout, p.columns, x_dot, y_dot);
  }

 private:
  F f_;
};

/// Residual(Residual(f)) is a Residual of a Residual, not a copy.
template <Layer F>
Residual(Residual<F>) -> Residual<Residual<F>>;

}  // namespace basin
