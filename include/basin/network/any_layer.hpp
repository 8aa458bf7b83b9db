// A layer whose type is known at run time alone: any Layer behind one virtual call a batch.
#pragma once
#include <any>         // std::any, std::any_cast
#include <concepts>    // std::same_as
#include <functional>  // std::cref
#include <memory>      // std::make_shared, std::shared_ptr
#include <optional>    // std::optional
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/compose/planes/form.hpp"  // PlaneBuilder, PlaneForm
#include "basin/core/cut.hpp"             // Cuts
#include "basin/core/error.hpp"           // require
#include "basin/core/layer.hpp"           // Layer
#include "basin/core/layer_calls.hpp"     // ContractCalls, TypedContractCalls
#include "basin/core/param_blocks.hpp"    // ParamBlock
#include "basin/linearize/pieces.hpp"     // HasPieces, Ray, RayRules, collect_pieces
#include "basin/linearize/walk.hpp"       // walk, is_composition
#include "basin/network/any_rules.hpp"    // AnyRules, ByAnyRules, EntryVisitor, WalkState, walk_by_any_rules

namespace basin::inline BASIN_ABI {

/// A layer of any type with Scalar S: a value like every layer, copies of which share the layer itself. All
/// that a layer can do, optional abilities included, goes through it, with the same bits. It costs one
/// virtual call a batch.
///
///     std::vector<AnyLayer<double>> layers;
///     for (const Index width : widths) layers.push_back(Dense<double>(last, width)), last = width;
///     const Sequence<double> net(layers);        // network/sequence.hpp
///
/// What only the compiler checks of a typed network is an error at run time that names the layer:
/// linearize_dense of a network that is not affine, active_region of one that is not piecewise linear.
template <class S>
class AnyLayer {
 public:
  using Scalar = S;
  /// The cache of whatever layer it is used with.
  using Cache = std::any;

  /// The layer f. (Whether F is a Layer is asked inside: to ask it here the compiler would have to know
  /// already whether a composition of AnyLayers can be made of itself.)
  template <class F>
  requires(!std::same_as<F, AnyLayer> && std::same_as<typename F::Scalar, S> &&
           requires { typename F::Cache; }) AnyLayer(F f)
      : layer_(hold(std::move(f))) {  // NOLINT: implicit, so that a list of layers is one
    static_assert(Layer<F>, "AnyLayer: give it a Layer, see basin/core/layer.hpp");
  }

  Index in_size() const { return layer_->in_size(); }
  Index out_size() const { return layer_->out_size(); }
  Index param_size() const { return layer_->param_size(); }
  const char* name() const { return layer_->name(); }
  bool broadcasts() const { return layer_->broadcasts(); }
  std::optional<Shape> in_shape() const { return layer_->in_shape(); }
  std::optional<Shape> out_shape(const std::optional<Shape>& given) const { return layer_->out_shape(given); }
  Index multiply_adds() const { return layer_->multiply_adds(); }
  Index cache_bytes(Index columns) const { return layer_->cache_bytes(columns); }
  std::vector<ParamBlock> param_blocks() const { return layer_->param_blocks(); }
  /// The layer as what it is, or nullptr if it is no F.
  template <Layer F>
  const F* as() const {
    if constexpr (std::same_as<typename F::Scalar, S>) {
      const auto* typed = dynamic_cast<const Typed<F>*>(layer_.get());
      return typed ? &typed->f : nullptr;
    } else {
      return nullptr;
    }
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const { layer_->forward(theta, x, y, c); }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const { layer_->infer(theta, x, y, c); }
  void prepack(VecIn<S> theta, Cache& c) const { layer_->prepack(theta, c); }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    layer_->vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    layer_->vjp_fresh(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    layer_->jvp(theta, x, y, c, x_dot, y_dot);
  }

  /// Whether y = A x + b for every theta; of a composition, whether all its layers are so.
  bool is_affine() const { return layer_->is_affine(); }
  /// Whether the layer says that the entries of A are rounded, see detail::for_entries.
  bool has_rounded_entries() const { return layer_->has_rounded_entries(); }
  /// The entries of A, see detail::for_entries. Throws unless the layer is affine, and no composition.
  template <class Visit>
  void for_entries(VecIn<S> theta, const Visit& visit) const {
    layer_->for_entries(theta, detail::EntryVisitor<S>(std::cref(visit)));
  }

 private:
  friend struct detail::InsideAny;

  struct Base : detail::ContractCalls<S> {
    // what the rooms below ask of a type (see there)
    virtual bool add_plane_steps(Index offset, detail::PlaneBuilder<S>&) const = 0;
    virtual bool is_affine() const = 0;
    virtual bool has_rounded_entries() const = 0;
    virtual void for_entries(VecIn<S>, const detail::EntryVisitor<S>&) const = 0;
    virtual void collect_pieces(const detail::Ray<S>& in, const Cache&, const detail::RayRules<S>&) const = 0;
    virtual detail::WalkState walk(VecIn<S>, detail::WalkState, const detail::AnyRules<S>&) const = 0;
  };

  template <class F>
  struct Typed final : detail::TypedContractCalls<F, Base> {
    using Calls = detail::TypedContractCalls<F, Base>;
    using Calls::Calls, Calls::f, Calls::name;
    using FCache = typename F::Cache;
    bool add_plane_steps(Index offset, detail::PlaneBuilder<S>& steps) const override {
      if constexpr (detail::has_plane_form<F>)
        return detail::PlaneForm<F>::add_steps(f, offset, steps);
      else
        return false;
    }
    bool is_affine() const override {
      if constexpr (detail::is_composition<F>) {
        const Vec<S> theta = Vec<S>::Zero(f.param_size());
        return detail::walk_by<S>(f, theta, static_cast<const char*>(nullptr), detail::AffineRules<S>{}) ==
               nullptr;
      } else {
        return detail::HasEntries<F>::value;
      }
    }
    bool has_rounded_entries() const override { return detail::has_rounded_entries<F>(); }
    void for_entries(VecIn<S> theta, const detail::EntryVisitor<S>& visit) const override {
      if constexpr (!detail::is_composition<F> && detail::HasEntries<F>::value)
        detail::entries_of(f, theta, visit);
      else
        require(false, "linearize: the network has a layer that is not affine, ", name(),
                ": use linearize_at(model, x), the Jacobian at a point x");
    }
    void collect_pieces(const detail::Ray<S>& in, const Cache& c,
                        const detail::RayRules<S>& rules) const override {
      if constexpr (!detail::is_composition<F> && detail::HasPieces<F>::value) {
        const auto* mine = std::any_cast<FCache>(&c);
        detail::collect_pieces(f, in, mine ? *mine : FCache{}, rules);
      } else {
        require(false, "active_region: the network has a layer that is neither affine nor piecewise linear, ",
                name(), ": linearize_at(model, x) gives the Jacobian at a point x");
      }
    }
    detail::WalkState walk(VecIn<S> theta, detail::WalkState state,
                           const detail::AnyRules<S>& rules) const override {
      return detail::walk_by<S>(f, theta, std::move(state), detail::ByAnyRules<S>{rules});
    }
  };

  template <class F>
  static std::shared_ptr<const Base> hold(F f);

  std::shared_ptr<const Base> layer_;
};

/// f behind the virtual calls of any layer.
template <class S>
template <class F>
auto AnyLayer<S>::hold(F f) -> std::shared_ptr<const Base> {
  return std::make_shared<const Typed<F>>(std::make_shared<const F>(std::move(f)));
}

namespace detail {

/// The doors of AnyLayer for the rooms below.
struct InsideAny {
  template <class S>
  static const auto& of(const AnyLayer<S>& f) {
    return *f.layer_;
  }
};

template <class S>
struct PlaneForm<AnyLayer<S>> {
  static bool add_steps(const AnyLayer<S>& f, Index offset, PlaneBuilder<S>& steps) {
    return InsideAny::of(f).add_plane_steps(offset, steps);
  }
};

template <class S>
struct Cuts<AnyLayer<S>> {
  using F = AnyLayer<S>;
  static std::optional<Cut> narrowest(const F& f) { return InsideAny::of(f).narrowest(); }
  static void jvp_behind(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y,
                         typename F::Cache& c, MatIn<S> u_dot, MatOut<S> y_dot) {
    InsideAny::of(f).jvp_behind(cut, theta, x, y, c, u_dot, y_dot);
  }
  static void vjp_before(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y,
                         typename F::Cache& c, MatIn<S> u_bar, MatOut<S> x_bar) {
    InsideAny::of(f).vjp_before(cut, theta, x, y, c, u_bar, x_bar);
  }
};

template <class S>
struct HasPieces<AnyLayer<S>> : std::true_type {};  // or an error at run time
template <class S>
void collect_pieces(const AnyLayer<S>& f, const Ray<S>& in, const std::any& cache, const RayRules<S>& rules) {
  InsideAny::of(f).collect_pieces(in, cache, rules);
}

template <class S, class State, class Rules>
State walk(const AnyLayer<S>& f, VecIn<S> theta, State state, const Rules& rules) {
  return by_any_rules<S>(state, rules, [&](WalkState at, const AnyRules<S>& any) {
    return InsideAny::of(f).walk(theta, std::move(at), any);
  });
}

}  // namespace detail

}  // namespace basin

#ifdef BASIN_COMPILED                              // see basin/instantiate.hpp
#include "basin/layers/maps/exponential.hpp"       // Tanh
#include "basin/layers/maps/piecewise_linear.hpp"  // LeakyRelu, Relu
namespace basin::inline BASIN_ABI {
template <class S>
class Dense;
template <class S>
class UpsampleNearest;
template <class S>
class Sequence;
template <Layer... Fs>
class Concat;
namespace detail {
template <class S, bool stacked>
class Branches;
}  // namespace detail
extern template auto AnyLayer<float>::hold(Dense<float>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Conv2d<float>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(UpsampleNearest<float>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Pointwise<float, LeakyRelu>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Pointwise<float, Relu>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Pointwise<float, Tanh>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Sequence<float>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Residual<AnyLayer<float>>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(Concat<AnyLayer<float>>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(detail::Branches<float, false>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<float>::hold(detail::Branches<float, true>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Dense<double>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Conv2d<double>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(UpsampleNearest<double>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Pointwise<double, LeakyRelu>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Pointwise<double, Relu>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Pointwise<double, Tanh>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Sequence<double>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Residual<AnyLayer<double>>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(Concat<AnyLayer<double>>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(detail::Branches<double, false>) -> std::shared_ptr<const Base>;
extern template auto AnyLayer<double>::hold(detail::Branches<double, true>) -> std::shared_ptr<const Base>;
}  // namespace basin
#endif
