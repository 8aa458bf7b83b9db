// Which networks run on planes, and the steps of each kind of layer.
#pragma once
#include <algorithm>    // std::all_of
#include <cstddef>      // std::size_t
#include <cstdint>      // std::int32_t
#include <memory>       // std::make_shared, std::shared_ptr
#include <optional>     // std::optional
#include <type_traits>  // std::conditional_t, std::remove_cvref_t
#include <utility>      // std::index_sequence, std::move
#include <vector>       // std::vector

#include "basin/compose/planes/layout.hpp"   // PlaneLayout
#include "basin/compose/planes/program.hpp"  // MapKernels, PlaneProgram, PlaneStep
#include "basin/core/layer.hpp"              // Layer
#include "basin/core/paths.hpp"              // is_plane_filter, keeps_planes_zero, most_plane_steps
#include "basin/layers/maps/map.hpp"         // PointwiseMap
#include "basin/layers/window.hpp"           // geometry_of

namespace basin::inline BASIN_ABI {

// Named here, so that a network is compiled with the layers that it has.
template <class S>
class Conv2d;
template <class S, PointwiseMap<S> Phi>
class Pointwise;
template <Layer... Fs>
class Chain;
template <Layer F>
class Stack;
template <Layer F>
class Residual;

namespace detail {

/// Collects the steps of a network, from the first to the last. Each function says whether the layer can work
/// on planes.
template <class S>
class PlaneBuilder {
 public:
  /// A 3 x 3 filter with its taps at theta[offset]. All of a network must have images of one shape.
  bool conv(const PlaneLayout& layout, bool bias, Index offset) {
    if ((layout_ && *layout_ != layout) || steps_.size() >= most_plane_steps) return false;
    layout_ = layout;
    steps_.push_back({PlaneStep::Kind::conv, bias, 0, offset});
    return true;
  }
  /// phi on columns of `size` numbers.
  template <class Phi>
  bool map(const Phi& phi, Index size) {
    if (!keeps_planes_zero<S>(phi) || steps_.size() >= most_plane_steps) return false;
    sizes_.push_back(size);
    steps_.push_back({PlaneStep::Kind::map, false, static_cast<std::int32_t>(maps_.size()), 0});
    maps_.push_back(MapKernels<S>::of(phi));
    return true;
  }
  void fork() { steps_.push_back({PlaneStep::Kind::fork}); }
  void add() { steps_.push_back({PlaneStep::Kind::add}); }

  /// The program, or nullptr: maps alone ask for no layout.
  std::shared_ptr<const PlaneProgram<S>> finish() {
    const auto fits = [&](Index size) { return size == layout_->height * layout_->width; };
    if (!layout_ || !std::all_of(sizes_.begin(), sizes_.end(), fits)) return nullptr;
    return std::make_shared<const PlaneProgram<S>>(*layout_, std::move(steps_), std::move(maps_));
  }

 private:
  std::optional<PlaneLayout> layout_;
  std::vector<PlaneStep> steps_;
  std::vector<MapKernels<S>> maps_;
  std::vector<Index> sizes_;
};

/// How a layer of type F, its parameters at theta[offset], adds its steps:
///
///     static bool add_steps(const F& f, Index offset, PlaneBuilder<typename F::Scalar>& steps);
///
/// false if it cannot work on planes after all. A type without it cannot.
template <class F>
struct PlaneForm {};

template <class F>
inline constexpr bool has_plane_form = requires(const F& f, PlaneBuilder<typename F::Scalar>& steps) {
  PlaneForm<F>::add_steps(f, Index(0), steps);
};

template <class S>
struct PlaneForm<Conv2d<S>> {
  static bool add_steps(const Conv2d<S>& f, Index offset, PlaneBuilder<S>& steps) {
    const auto& g = geometry_of(f);
    return is_plane_filter(g) && steps.conv({g.in.height, g.in.width}, f.param_size() > 9, offset);
  }
};
template <class S, class Phi>
struct PlaneForm<Pointwise<S, Phi>> {
  static bool add_steps(const Pointwise<S, Phi>& f, Index, PlaneBuilder<S>& steps) {
    return steps.map(f.map(), f.in_size());
  }
};
template <class... Fs>
requires(has_plane_form<Fs>&&...) struct PlaneForm<Chain<Fs...>> {
  using S = typename Chain<Fs...>::Scalar;
  static bool add_steps(const Chain<Fs...>& f, Index offset, PlaneBuilder<S>& steps) {
    const auto add = [&](const auto& layer) {
      const bool ok = PlaneForm<std::remove_cvref_t<decltype(layer)>>::add_steps(layer, offset, steps);
      offset += layer.param_size();
      return ok;
    };
    return [&]<std::size_t... K>(std::index_sequence<K...>) { return (add(f.template child<K>()) && ...); }
    (std::index_sequence_for<Fs...>{});
  }
};
template <class F>
requires has_plane_form<F>
struct PlaneForm<Stack<F>> {
  static bool add_steps(const Stack<F>& f, Index offset, PlaneBuilder<typename F::Scalar>& steps) {
    bool ok = true;
    for (Index k = 0; ok && k < f.depth(); ++k)
      ok = PlaneForm<F>::add_steps(f.child(), offset + k * f.child().param_size(), steps);
    return ok;
  }
};
template <class F>
requires has_plane_form<F>
struct PlaneForm<Residual<F>> {
  static bool add_steps(const Residual<F>& f, Index offset, PlaneBuilder<typename F::Scalar>& steps) {
    steps.fork();
    const bool ok = PlaneForm<F>::add_steps(f.child(), offset, steps);
    steps.add();
    return ok;
  }
};

/// The program of f, or nullptr where f takes the general path.
template <class F>
std::shared_ptr<const PlaneProgram<typename F::Scalar>> plane_program(const F& f) {
  PlaneBuilder<typename F::Scalar> steps;
  return PlaneForm<F>::add_steps(f, 0, steps) ? steps.finish() : nullptr;
}

/// In place of a program where the compiler knows that there is none: always false, and never run.
struct NoPlanes {
  struct Memory {};
  explicit operator bool() const { return false; }
  const NoPlanes* operator->() const { return this; }
  Index cache_bytes(Index) const { return 0; }
  void forward(const auto&...) const {}
  void infer(const auto&...) const {}
  void vjp(const auto&...) const {}
  void vjp_fresh(const auto&...) const {}
  void jvp(const auto&...) const {}
};

/// What a composition of layers Fs keeps of its program, and the memory for it in its cache.
template <class S, class... Fs>
using PlanesOf =
    std::conditional_t<(has_plane_form<Fs> && ...), std::shared_ptr<const PlaneProgram<S>>, NoPlanes>;
template <class S, class... Fs>
using PlaneMemoryOf = std::conditional_t<(has_plane_form<Fs> && ...), PlaneMemory<S>, NoPlanes::Memory>;

}  // namespace detail
}  // namespace basin
