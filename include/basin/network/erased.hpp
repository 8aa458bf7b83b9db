// A typed network as one that is known at run time, layer by layer.
#pragma once
#include <cstddef>  // std::size_t
#include <utility>  // std::index_sequence
#include <vector>   // std::vector

#include "basin/compose/chain.hpp"      // Chain
#include "basin/compose/concat.hpp"     // Concat
#include "basin/compose/residual.hpp"   // Residual
#include "basin/compose/stack.hpp"      // Stack
#include "basin/compose/sum.hpp"        // Sum
#include "basin/network/any_layer.hpp"  // AnyLayer
#include "basin/network/branches.hpp"   // BranchConcat, BranchSum
#include "basin/network/sequence.hpp"   // Sequence

namespace basin::inline BASIN_ABI {

/// The network f with the types of all its layers forgotten: a Chain and a Stack become a Sequence, Residual
/// and Concat(f) those of an AnyLayer, Sum and Concat(f, g) a BranchSum and a BranchConcat, all else an
/// AnyLayer. It has the parameters, the functions and the bits
/// of f.
template <Layer F>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const F& f) {
  return f;
}
template <Layer... Fs>
[[nodiscard]] AnyLayer<typename Chain<Fs...>::Scalar> erased(const Chain<Fs...>& f);
template <Layer F>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const Stack<F>& f);
template <Layer F>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const Residual<F>& f);
template <Layer F>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const Concat<F>& f);
template <Layer F, Layer G, Layer... Fs>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const Concat<F, G, Fs...>& f);
template <Layer F, Layer G, Layer... Fs>
[[nodiscard]] AnyLayer<typename F::Scalar> erased(const Sum<F, G, Fs...>& f);

namespace detail {
/// Layers 0, 1, ... of f, each erased.
template <class S, class F, std::size_t... K>
std::vector<AnyLayer<S>> erased_children(const F& f, std::index_sequence<K...>) {
  return {erased(f.template child<K>())...};
}
}  // namespace detail

/// The Sequence of its layers, each erased.
template <Layer... Fs>
AnyLayer<typename Chain<Fs...>::Scalar> erased(const Chain<Fs...>& f) {
  using S = typename Chain<Fs...>::Scalar;
  return Sequence<S>(detail::erased_children<S>(f, std::index_sequence_for<Fs...>{}));
}
/// The Sequence of depth() times its layer, erased.
template <Layer F>
AnyLayer<typename F::Scalar> erased(const Stack<F>& f) {
  using S = typename F::Scalar;
  return Sequence<S>(std::vector<AnyLayer<S>>(static_cast<std::size_t>(f.depth()), erased(f.child())));
}
/// The Residual of its layer, erased.
template <Layer F>
AnyLayer<typename F::Scalar> erased(const Residual<F>& f) {
  return Residual<AnyLayer<typename F::Scalar>>(erased(f.child()));
}
/// The Concat of its layer, erased.
template <Layer F>
AnyLayer<typename F::Scalar> erased(const Concat<F>& f) {
  return Concat<AnyLayer<typename F::Scalar>>(erased(f.child()));
}
/// The BranchConcat of its layers, each erased.
template <Layer F, Layer G, Layer... Fs>
AnyLayer<typename F::Scalar> erased(const Concat<F, G, Fs...>& f) {
  using S = typename F::Scalar;
  return BranchConcat<S>(detail::erased_children<S>(f, std::index_sequence_for<F, G, Fs...>{}));
}
/// The BranchSum of its layers, each erased.
template <Layer F, Layer G, Layer... Fs>
AnyLayer<typename F::Scalar> erased(const Sum<F, G, Fs...>& f) {
  using S = typename F::Scalar;
  return BranchSum<S>(detail::erased_children<S>(f, std::index_sequence_for<F, G, Fs...>{}));
}

}  // namespace basin
