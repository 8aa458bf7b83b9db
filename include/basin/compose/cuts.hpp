// Where a Chain is cut for its Jacobian (core/cut.hpp).
#pragma once
#include <optional>  // std::optional

#include "basin/compose/chain.hpp"  // Chain
#include "basin/core/cut.hpp"       // Cut, Cuts

namespace basin::inline BASIN_ABI::detail {

template <class... Fs>
struct Cuts<Chain<Fs...>> {
  using F = Chain<Fs...>;
  using S = typename F::Scalar;

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
  static void jvp_behind(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y,
                         typename F::Cache& c, MatIn<S> u_dot, MatOut<S> y_dot) {
    f.jvp_behind(cut.layers, theta, x, y, c, u_dot, y_dot);
  }
  static void vjp_before(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y,
                         typename F::Cache& c, MatIn<S> u_bar, MatOut<S> x_bar) {
    Vec<S> no_theta_bar;
    f.template vjp_before<false>(cut.layers, theta, x, y, c, u_bar, x_bar, no_theta_bar);
  }
};

}  // namespace basin::detail
