// The loops over the layers of a Chain, in which two layers that follow each other may run as one.
#pragma once
#include <cstddef>      // std::size_t
#include <tuple>        // std::tuple
#include <type_traits>  // std::integral_constant
#include <utility>      // std::index_sequence

#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI::detail {

/// op(k, layer k, offset of its parameters), first to last; k is an integral_constant.
template <class... Fs, class Op>
void for_layers(const std::tuple<Fs...>& f, const Op& op) {
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    Index offset = 0;
    ((op(std::integral_constant<std::size_t, K>{}, std::get<K>(f), offset),
      offset += std::get<K>(f).param_size()),
     ...);
  }
  (std::index_sequence_for<Fs...>{});
}
/// The same, last to first.
template <class... Fs, class Op>
void for_layers_reversed(const std::tuple<Fs...>& f, const Op& op) {
  constexpr std::size_t last = sizeof...(Fs) - 1;
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    Index offset = (std::get<K>(f).param_size() + ...);
    ((offset -= std::get<last - K>(f).param_size(),
      op(std::integral_constant<std::size_t, last - K>{}, std::get<last - K>(f), offset)),
     ...);
  }
  (std::index_sequence_for<Fs...>{});
}

/// Whether there is a function joined(layer K - 1, layer K), found by argument-dependent lookup: an optional
/// layer that does the work of both faster, with the parameters of layer K (layer K - 1 has none).
template <std::size_t K, class... Fs>
constexpr bool may_join() {
  if constexpr (K > 0 && K < sizeof...(Fs)) return requires(const std::tuple<Fs...>& f) {
      joined(std::get<K - 1>(f), std::get<K>(f));
    };
  else
    return false;
}
template <std::size_t K, class... Fs, class Op>
void step(const std::tuple<Fs...>& f, Index offset, const Op& op) {
  constexpr std::integral_constant<std::size_t, K> k;
  if constexpr (may_join<K + 1, Fs...>())
    if (joined(std::get<K>(f), std::get<K + 1>(f))) return;  // a part of the next step
  if constexpr (may_join<K, Fs...>())
    if (const auto both = joined(std::get<K - 1>(f), std::get<K>(f)))
      return op(std::integral_constant<std::size_t, K - 1>{}, k, *both, offset);
  op(k, k, std::get<K>(f), offset);
}

/// op(first, k, layer, offset of its parameters) for each step, first to last; the layer does the work of
/// layers first, ..., k: one of them or two that were joined.
template <class... Fs, class Op>
void for_steps(const std::tuple<Fs...>& f, const Op& op) {
  for_layers(f, [&](auto k, const auto&, Index offset) { step<k>(f, offset, op); });
}
/// The same, last to first.
template <class... Fs, class Op>
void for_steps_reversed(const std::tuple<Fs...>& f, const Op& op) {
  for_layers_reversed(f, [&](auto k, const auto&, Index offset) { step<k>(f, offset, op); });
}

}  // namespace basin::detail
