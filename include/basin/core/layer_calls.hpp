// A layer behind virtual calls, one a batch: what works on every layer alike, and takes long to compile, sees
// it so and is compiled once.
#pragma once
#include <any>       // std::any, std::any_cast
#include <optional>  // std::optional
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/core/layer.hpp"         // Layer and its optional abilities
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/shape.hpp"         // Shape
#include "basin/core/types.hpp"         // Index, MatIn, MatOut, VecIn, VecOut

namespace basin::inline BASIN_ABI::detail {

/// The contract of Layer, optional abilities included, with a cache that holds that of whatever layer it is
/// used with.
template <class S>
struct LayerCalls {
  using Scalar = S;
  using Cache = std::any;

  virtual ~LayerCalls() = default;
  virtual Index in_size() const = 0;
  virtual Index out_size() const = 0;
  virtual Index param_size() const = 0;
  virtual const char* name() const = 0;
  virtual bool broadcasts() const = 0;
  virtual std::optional<Shape> in_shape() const = 0;
  virtual std::optional<Shape> out_shape(const std::optional<Shape>& given) const = 0;
  virtual Index multiply_adds() const = 0;
  virtual Index cache_bytes(Index columns) const = 0;
  virtual bool has_param_blocks() const = 0;
  virtual std::vector<ParamBlock> param_blocks() const = 0;
  virtual void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const = 0;
  virtual void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const = 0;
  virtual void prepack(VecIn<S> theta, Cache&) const = 0;
  virtual void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
                   VecOut<S> theta_bar) const = 0;
  virtual void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
                         VecOut<S> theta_bar) const = 0;
  virtual void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const = 0;
};

/// The calls of a layer of type F. Held is F itself or const F&: a copy, or a layer that outlives the calls.
/// Base is LayerCalls, or what adds to it.
template <class F, class Held = F, class Base = LayerCalls<typename F::Scalar>>
struct TypedLayerCalls : Base {
  using S = typename F::Scalar;
  using Cache = std::any;
  using FCache = typename F::Cache;

  Held f;
  explicit TypedLayerCalls(Held layer) : f(static_cast<Held&&>(layer)) {}

  /// The cache of f; a new one where `c` has served another layer, or none.
  static FCache& of(Cache& c) {
    if (auto* mine = std::any_cast<FCache>(&c)) return *mine;
    return c.emplace<FCache>();
  }
  Index in_size() const override { return f.in_size(); }
  Index out_size() const override { return f.out_size(); }
  Index param_size() const override { return f.param_size(); }
  const char* name() const override { return layer_name(f); }
  bool broadcasts() const override { return basin::broadcasts(f); }
  std::optional<Shape> in_shape() const override { return basin::in_shape(f); }
  std::optional<Shape> out_shape(const std::optional<Shape>& given) const override {
    return basin::out_shape(f, given);
  }
  Index multiply_adds() const override { return basin::multiply_adds(f); }
  Index cache_bytes(Index columns) const override { return basin::cache_bytes(f, columns); }
  bool has_param_blocks() const override {
    return requires { f.param_blocks(); };
  }
  std::vector<ParamBlock> param_blocks() const override { return basin::param_blocks(f); }
  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const override {
    f.forward(theta, x, y, of(c));
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const override {
    basin::infer(f, theta, x, y, of(c));
  }
  void prepack(VecIn<S> theta, Cache& c) const override { basin::prepack(f, theta, of(c)); }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const override {
    f.vjp(theta, x, y, of(c), y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const override {
    basin::vjp_fresh(f, theta, x, y, of(c), y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const override {
    f.jvp(theta, x, y, of(c), x_dot, y_dot);
  }
};

}  // namespace basin::detail
