// The identity skip y = x + f(x).
#pragma once
#include <optional>  // std::optional
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks, append_blocks
#include "basin/core/scratch.hpp"       // Scratch

namespace basin::inline BASIN_ABI {

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

  /// Throws unless f gives as many rows as it takes.
  explicit Residual(F f) : f_(std::move(f)) {
    require(f_.in_size() == f_.out_size(), "Residual: the block maps ", f_.in_size(), " rows to ",
            f_.out_size(), ", expected as many");
  }
  Index in_size() const { return f_.in_size(); }
  Index out_size() const { return f_.out_size(); }
  Index param_size() const { return f_.param_size(); }
  bool broadcasts() const { return basin::broadcasts(f_); }
  std::optional<Shape> in_shape() const { return basin::in_shape(f_); }
  std::optional<Shape> out_shape() const { return basin::out_shape(f_, basin::in_shape(f_)); }
  Index multiply_adds() const { return basin::multiply_adds(f_); }
  Index cache_bytes(Index columns) const {
    return basin::cache_bytes(f_, columns) + detail::bytes<S>(f_.out_size(), columns);
  }
  Index infer_bytes(Index columns) const { return basin::infer_bytes(f_, columns); }
  Index packed_bytes() const { return basin::packed_bytes(f_); }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    detail::append_blocks(blocks, basin::param_blocks(f_), 0, "block");
    return blocks;
  }
  /// f.
  const F& child() const { return f_; }

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
    backward<false>(theta, x, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    backward<true>(theta, x, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    f_.jvp(theta, x, c.fx.mat(), c.f, x_dot, y_dot);
    y_dot += x_dot;
  }

 private:
  template <bool fresh>
  void backward(VecIn<S> theta, MatIn<S> x, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                VecOut<S> theta_bar) const {
    detail::backward<fresh>(f_, theta, x, c.fx.mat(), c.f, y_bar, x_bar, theta_bar);
    if (x_bar.size() > 0) x_bar += y_bar;
  }

  F f_;
};

/// Residual(Residual(f)) is a Residual of a Residual, not a copy.
template <Layer F>
Residual(Residual<F>) -> Residual<Residual<F>>;

}  // namespace basin
