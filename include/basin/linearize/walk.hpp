// The one recursion over the layers of a network that linearization, structure and regions share.
#pragma once
#include <type_traits>  // std::bool_constant
#include <utility>      // std::index_sequence, std::move

#include "basin/compose/chain.hpp"     // Chain
#include "basin/compose/concat.hpp"    // Concat
#include "basin/compose/residual.hpp"  // Residual
#include "basin/compose/stack.hpp"     // Stack
#include "basin/core/layer.hpp"        // Layer

namespace basin::inline BASIN_ABI::detail {

/// Whether a network of this type consists of other layers, through which walk goes.
template <class F>
inline constexpr bool is_composition = false;
template <class... Fs>
inline constexpr bool is_composition<Chain<Fs...>> = true;
template <class F>
inline constexpr bool is_composition<Stack<F>> = true;
template <class F>
inline constexpr bool is_composition<Residual<F>> = true;
template <class F>
inline constexpr bool is_composition<Concat<F>> = true;

/// Whether P<L>::value holds for every layer L of the network F that is not itself a composition.
template <template <class> class P, class F>
struct EveryLayer : std::bool_constant<P<F>::value> {};
template <template <class> class P, class... Fs>
struct EveryLayer<P, Chain<Fs...>> : std::bool_constant<(EveryLayer<P, Fs>::value && ...)> {};
template <template <class> class P, class F>
struct EveryLayer<P, Stack<F>> : EveryLayer<P, F> {};
template <template <class> class P, class F>
struct EveryLayer<P, Residual<F>> : EveryLayer<P, F> {};
template <template <class> class P, class F>
struct EveryLayer<P, Concat<F>> : EveryLayer<P, F> {};

/// Carries a state through a network. `rules` says what happens to it:
///
///     rules.layer(f, theta, state)   the state behind the layer f, which is not a composition
///     rules.sum(state, behind)       behind a Residual: x + f(x)
///     rules.stacked(state, behind)   behind a Concat: [x; f(x)]
template <class S, class F, class State, class Rules>
State walk(const F& f, VecIn<S> theta, State state, const Rules& rules) {
  return rules.layer(f, theta, std::move(state));
}
template <class S, class F, class State, class Rules>
State walk(const Stack<F>& f, VecIn<S> theta, State state, const Rules& rules);
template <class S, class F, class State, class Rules>
State walk(const Residual<F>& f, VecIn<S> theta, State state, const Rules& rules);
template <class S, class F, class State, class Rules>
State walk(const Concat<F>& f, VecIn<S> theta, State state, const Rules& rules);

template <class S, class... Fs, class State, class Rules>
State walk(const Chain<Fs...>& f, VecIn<S> theta, State state, const Rules& rules) {
  Index offset = 0;
  const auto step = [&](const auto& layer) {
    state = walk<S>(layer, theta.segment(offset, layer.param_size()), std::move(state), rules);
    offset += layer.param_size();
  };
  [&]<std::size_t... K>(std::index_sequence<K...>) { (step(f.template child<K>()), ...); }
  (std::index_sequence_for<Fs...>{});
  return state;
}
template <class S, class F, class State, class Rules>
State walk(const Stack<F>& f, VecIn<S> theta, State state, const Rules& rules) {
  const Index size = f.child().param_size();
  for (Index k = 0; k < f.depth(); ++k)
    state = walk<S>(f.child(), theta.segment(k * size, size), std::move(state), rules);
  return state;
}
template <class S, class F, class State, class Rules>
State walk(const Residual<F>& f, VecIn<S> theta, State state, const Rules& rules) {
  State behind = walk<S>(f.child(), theta, state, rules);
  return rules.sum(std::move(state), std::move(behind));
}
template <class S, class F, class State, class Rules>
State walk(const Concat<F>& f, VecIn<S> theta, State state, const Rules& rules) {
  State behind = walk<S>(f.child(), theta, state, rules);
  return rules.stacked(std::move(state), std::move(behind));
}

}  // namespace basin::detail
