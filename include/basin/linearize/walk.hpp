// The one recursion over the layers of a network that linearization, structure and regions share.
#pragma once
#include <cstddef>      // std::size_t
#include <optional>     // std::optional
#include <type_traits>  // std::bool_constant
#include <utility>      // std::index_sequence, std::move

#include "basin/compose/chain.hpp"         // Chain
#include "basin/compose/concat.hpp"        // Concat
#include "basin/compose/residual.hpp"      // Residual
#include "basin/compose/side_by_side.hpp"  // SideBySide
#include "basin/compose/stack.hpp"         // Stack
#include "basin/compose/sum.hpp"           // Sum
#include "basin/core/layer.hpp"            // Layer

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
template <class F, class G, class... Fs>
inline constexpr bool is_composition<Concat<F, G, Fs...>> = true;
template <class... Fs>
inline constexpr bool is_composition<Sum<Fs...>> = true;

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
template <template <class> class P, class F, class G, class... Fs>
struct EveryLayer<P, Concat<F, G, Fs...>>
    : std::bool_constant<EveryLayer<P, F>::value && EveryLayer<P, G>::value &&
                         (EveryLayer<P, Fs>::value && ...)> {};
template <template <class> class P, class... Fs>
struct EveryLayer<P, Sum<Fs...>> : std::bool_constant<(EveryLayer<P, Fs>::value && ...)> {};

/// Carries a state through a network. `rules` says what happens to it:
///
///     rules.layer(f, theta, state)   the state behind the layer f, which is not a composition
///     rules.sum(a, b)                of the states behind two branches that are added: of Sum, or of a
///                                    Residual, x + f(x), with the state before it as that of the first
///     rules.stacked(a, b)            of those behind two branches one below the other: of Concat
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
template <class S, class F, class G, class... Fs, class State, class Rules>
State walk(const Concat<F, G, Fs...>& f, VecIn<S> theta, State state, const Rules& rules);
template <class S, class... Fs, class State, class Rules>
State walk(const Sum<Fs...>& f, VecIn<S> theta, State state, const Rules& rules);

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
/// The branches one after the other, each from `state`, and what they give together.
template <class S, class Layers, bool stacked, class State, class Rules>
State walk_side_by_side(const SideBySide<Layers, stacked>& f, VecIn<S> theta, State state,
                        const Rules& rules) {
  std::optional<State> all;
  Index offset = 0;
  f.layers().each([&](std::size_t, const auto& layer) {
    State one = walk<S>(layer, theta.segment(offset, layer.param_size()), state, rules);
    offset += layer.param_size();
    if (!all)
      all.emplace(std::move(one));
    else if constexpr (stacked)
      all.emplace(rules.stacked(State(std::move(*all)), std::move(one)));
    else
      all.emplace(rules.sum(State(std::move(*all)), std::move(one)));
  });
  return std::move(*all);
}
template <class S, class F, class G, class... Fs, class State, class Rules>
State walk(const Concat<F, G, Fs...>& f, VecIn<S> theta, State state, const Rules& rules) {
  return walk_side_by_side<S>(f, theta, std::move(state), rules);
}
template <class S, class... Fs, class State, class Rules>
State walk(const Sum<Fs...>& f, VecIn<S> theta, State state, const Rules& rules) {
  return walk_side_by_side<S>(f, theta, std::move(state), rules);
}

}  // namespace basin::detail
