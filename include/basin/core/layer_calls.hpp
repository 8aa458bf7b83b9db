// A layer behind virtual calls, one a batch: what works on every layer alike, and takes long to compile, sees
// it so and is compiled once.
#pragma once
#include <any>       // std::any, std::any_cast
#include <memory>    // std::make_shared, std::shared_ptr
#include <optional>  // std::optional
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/core/cut.hpp"           // Cut, Cuts
#include "basin/core/dense_ends.hpp"    // DenseEnds
#include "basin/core/layer.hpp"         // Layer and its optional abilities
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/shape.hpp"         // Shape
#include "basin/core/types.hpp"         // Index, MatIn, MatOut, VecIn, VecOut

namespace basin::inline BASIN_ABI::detail {

/// What is known of the dense layers at both ends of a network.
struct DenseEndSizes {
  Index first_out = 0, first_parameters = 0;
  Index last_in = 0, last_parameters = 0;
  bool last_bias = false;
};

/// The contract of Layer, optional abilities included, with a cache that holds that of whatever layer it is
/// used with; and what jacobian (core/cut.hpp) and basin_map (core/dense_ends.hpp) ask of a network.
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
  virtual void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const = 0;
  virtual std::optional<Cut> narrowest() const = 0;
  virtual void jvp_behind(const Cut&, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> u_dot,
                          MatOut<S> y_dot) const = 0;
  virtual void vjp_before(const Cut&, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> u_bar,
                          MatOut<S> x_bar) const = 0;
  virtual std::optional<DenseEndSizes> dense_ends() const = 0;
  virtual std::shared_ptr<const LayerCalls> with_dense_ends(Index in, Index out) const = 0;
};

/// LayerCalls with vjp_fresh, which training has its own way to.
template <class S>
struct ContractCalls : LayerCalls<S> {
  virtual void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, std::any& cache, MatIn<S> y_bar,
                         MatOut<S> x_bar, VecOut<S> theta_bar) const = 0;
};

/// The calls of a layer of type F, which are Calls or what adds to them.
template <class F, class Calls = LayerCalls<typename F::Scalar>>
struct TypedLayerCalls : Calls {
  using S = typename F::Scalar;
  using Cache = std::any;
  using FCache = typename F::Cache;

  explicit TypedLayerCalls(std::shared_ptr<const F> layer) : held(std::move(layer)), f(*held) {}

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
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const override {
    f.jvp(theta, x, y, of(c), x_dot, y_dot);
  }
  static constexpr bool may_be_cut = requires(const F& g) { Cuts<F>::narrowest(g); };
  std::optional<Cut> narrowest() const override {
    if constexpr (may_be_cut)
      return Cuts<F>::narrowest(f);
    else
      return std::nullopt;
  }
  void jvp_behind(const Cut& cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_dot,
                  MatOut<S> y_dot) const override {
    if constexpr (may_be_cut) Cuts<F>::jvp_behind(cut, f, theta, x, y, of(c), u_dot, y_dot);
  }
  void vjp_before(const Cut& cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_bar,
                  MatOut<S> x_bar) const override {
    if constexpr (may_be_cut) Cuts<F>::vjp_before(cut, f, theta, x, y, of(c), u_bar, x_bar);
  }
  static constexpr bool has_dense_ends = requires(const F& g) { DenseEnds<F>::first(g); };
  std::optional<DenseEndSizes> dense_ends() const override {
    if constexpr (has_dense_ends) {
      const auto &first = DenseEnds<F>::first(f), &last = DenseEnds<F>::last(f);
      return DenseEndSizes{first.out_size(), first.param_size(), last.in_size(), last.param_size(),
                           last.has_bias()};
    } else {
      return std::nullopt;
    }
  }
  std::shared_ptr<const LayerCalls<S>> with_dense_ends(Index in, Index out) const override {
    if constexpr (has_dense_ends)
      return std::make_shared<TypedLayerCalls<F>>(
          std::make_shared<const F>(DenseEnds<F>::resized(f, in, out)));
    else
      return nullptr;
  }

  std::shared_ptr<const F> held;
  const F& f;
};

/// ContractCalls of a layer of type F, or what adds to them.
template <class F, class Calls = ContractCalls<typename F::Scalar>>
struct TypedContractCalls : TypedLayerCalls<F, Calls> {
  using S = typename F::Scalar;
  using TypedLayerCalls<F, Calls>::TypedLayerCalls;
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, std::any& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const override {
    basin::vjp_fresh(this->f, theta, x, y, this->of(c), y_bar, x_bar, theta_bar);
  }
};

/// A pointer to f that does not own it.
template <class F>
std::shared_ptr<const F> borrowed(const F& f) {
  return std::shared_ptr<const F>(std::shared_ptr<const F>(), &f);
}

}  // namespace basin::detail
