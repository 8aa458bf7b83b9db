// How rules that walk through a network (linearize/walk.hpp) reach layers whose type is known at run time
// alone.
#pragma once
#include <concepts>    // std::same_as
#include <functional>  // std::function
#include <memory>      // std::make_shared, std::shared_ptr
#include <utility>     // std::move

#include "basin/core/types.hpp"               // Index, VecIn
#include "basin/linearize/affine_layers.hpp"  // for_entries
#include "basin/linearize/walk.hpp"           // walk

namespace basin::inline BASIN_ABI {

template <class S>
class AnyLayer;

namespace detail {

struct InsideAny;

/// visit(row, col, value)
template <class S>
using EntryVisitor = std::function<void(Index, Index, S)>;

/// A state of whatever rules, shared and never changed.
using WalkState = std::shared_ptr<const void>;

/// Rules whose states are WalkStates.
template <class S>
struct AnyRules {
  virtual ~AnyRules() = default;
  virtual WalkState layer(const AnyLayer<S>& f, VecIn<S> theta, const WalkState& state) const = 0;
  virtual WalkState sum(const WalkState& state, const WalkState& behind) const = 0;
  virtual WalkState stacked(const WalkState& state, const WalkState& behind) const = 0;
};

/// `Rules` with states of type State as AnyRules.
template <class S, class State, class Rules>
struct TypedRules final : AnyRules<S> {
  const Rules& rules;
  explicit TypedRules(const Rules& r) : rules(r) {}

  static WalkState share(State state) { return std::make_shared<const State>(std::move(state)); }
  static const State& of(const WalkState& state) { return *static_cast<const State*>(state.get()); }
  WalkState layer(const AnyLayer<S>& f, VecIn<S> theta, const WalkState& state) const override {
    return share(rules.layer(f, theta, of(state)));
  }
  WalkState sum(const WalkState& state, const WalkState& behind) const override {
    return share(rules.sum(of(state), of(behind)));
  }
  WalkState stacked(const WalkState& state, const WalkState& behind) const override {
    return share(rules.stacked(of(state), of(behind)));
  }
};

/// AnyRules as rules that walk takes: a layer of a type is given to them as an AnyLayer.
template <class S>
struct ByAnyRules {
  const AnyRules<S>& rules;
  template <class F>
  WalkState layer(const F& f, VecIn<S> theta, const WalkState& state) const {
    return rules.layer(AnyLayer<S>(f), theta, state);
  }
  WalkState sum(const WalkState& state, const WalkState& behind) const { return rules.sum(state, behind); }
  WalkState stacked(const WalkState& state, const WalkState& behind) const {
    return rules.stacked(state, behind);
  }
};

/// The state behind a walk with AnyRules, walk(state, rules), for rules of any kind.
template <class S, class State, class Rules, class Walk>
State by_any_rules(const State& state, const Rules& rules, const Walk& walk) {
  if constexpr (std::same_as<Rules, ByAnyRules<S>>) {
    return walk(state, rules.rules);
  } else {
    using Typed = TypedRules<S, State, Rules>;
    return Typed::of(walk(Typed::share(state), Typed(rules)));
  }
}

// The same, found also where the overloads of walk and for_entries for F come later, and under another name
// than members of AnyLayer.
template <class S, class F, class State, class Rules>
State walk_by(const F& f, VecIn<S> theta, State state, const Rules& rules) {
  return walk<S>(f, theta, std::move(state), rules);
}
template <class F, class S>
void entries_of(const F& f, VecIn<S> theta, const EntryVisitor<S>& visit) {
  for_entries(f, theta, visit);
}

}  // namespace detail
}  // namespace basin
