// Layers side by side on the same input, their number and types known at run time.
#pragma once
#include <any>      // std::any
#include <cstddef>  // std::size_t
#include <utility>  // std::move
#include <vector>   // std::vector

#include "basin/compose/side_by_side.hpp"  // SideBySide
#include "basin/core/error.hpp"            // require
#include "basin/linearize/walk.hpp"        // EveryLayer, is_composition, walk, walk_side_by_side
#include "basin/network/any_layer.hpp"     // AnyLayer

namespace basin::inline BASIN_ABI {

namespace detail {

/// Layers whose types are known at run time alone, as SideBySide takes them.
template <class S>
struct AnyLayers {
  using Scalar = S;
  using Caches = std::vector<std::any>;
  std::vector<AnyLayer<S>> f;

  /// visit(k, layer k)
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::size_t k = 0; k < f.size(); ++k) visit(k, f[k]);
  }
  /// visit(k, layer k, its cache)
  template <class Visit>
  void each(Caches& c, const Visit& visit) const {
    c.resize(f.size());
    for (std::size_t k = 0; k < f.size(); ++k) visit(k, f[k], c[k]);
  }
};

/// BranchSum and BranchConcat.
template <class S, bool stacked>
class Branches : public SideBySide<AnyLayers<S>, stacked> {
 public:
  static constexpr const char* name = stacked ? "BranchConcat" : "BranchSum";

  /// Throws if there is no layer, if they do not take inputs of one size and shape, or if their outputs do
  /// not go together.
  explicit Branches(std::vector<AnyLayer<S>> layers)
      : SideBySide<AnyLayers<S>, stacked>(name, {not_empty(std::move(layers))}) {}
  Index size() const { return static_cast<Index>(this->layers().f.size()); }
  /// Layer k, counted from 0.
  const AnyLayer<S>& child(Index k) const { return this->layers().f[static_cast<std::size_t>(k)]; }

 private:
  static std::vector<AnyLayer<S>> not_empty(std::vector<AnyLayer<S>> layers) {
    require(!layers.empty(), name, ": layers is empty, expected at least one");
    return layers;
  }
};

template <class S, bool stacked>
inline constexpr bool is_composition<Branches<S, stacked>> = true;
template <template <class> class P, class S, bool stacked>
struct EveryLayer<P, Branches<S, stacked>> : EveryLayer<P, AnyLayer<S>> {};
template <class S, bool stacked, class State, class Rules>
State walk(const Branches<S, stacked>& f, VecIn<S> theta, State state, const Rules& rules) {
  return walk_side_by_side<S>(f, theta, std::move(state), rules);
}

}  // namespace detail

/// y = f_1(x) + ... + f_n(x).
template <class S>
using BranchSum = detail::Branches<S, false>;
/// y = [f_1(x); ...; f_n(x)], f_1 on top: of images, their channels side by side.
template <class S>
using BranchConcat = detail::Branches<S, true>;

}  // namespace basin
