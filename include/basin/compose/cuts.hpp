// Where a Chain is cut for its Jacobian (core/cut.hpp).
#pragma once
#include <optional>  // std::optional

#include "basin/compose/chain.hpp"  // Chain
#include "basin/core/cut.hpp"       // Cut, Cuts, MemberCuts

namespace basin::inline BASIN_ABI::detail {

template <class... Fs>
struct Cuts<Chain<Fs...>> : MemberCuts<Chain<Fs...>> {
  using F = Chain<Fs...>;

  /// On planes a chain is one step: there is no place for a cut.
  static std::optional<Cut> narrowest(const F& f) {
    std::optional<Cut> cut;
    if (f.planes_) return cut;
    for_steps(f.f_, [&](auto first, auto, const auto&, Index) {
      const Index rows = std::get<first>(f.f_).in_size();
      if (first > 0 && (!cut || rows < cut->rows)) cut = Cut{first, rows};
    });
    return cut;
  }
};

}  // namespace basin::detail
