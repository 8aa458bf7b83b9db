// A network cut in two, for Jacobians: where it is narrow, J is the product of the two Jacobians that meet
// there.
#pragma once
#include "basin/core/types.hpp"  // Index, MatIn, MatOut, Vec, VecIn

namespace basin::inline BASIN_ABI::detail {

/// A place between two layers: how many layers lie before it, and the rows there.
struct Cut {
  Index layers = 0;
  Index rows = 0;
};

/// What jacobian needs of a network F that can be cut; a type without these is not cut:
///
///     std::optional<Cut> narrowest(f)                         nullopt: there is no place for a cut
///     jvp_behind(cut, f, theta, x, y, cache, u_dot, y_dot)    y_dot = J u_dot, J of the layers behind
///     vjp_before(cut, f, theta, x, y, cache, u_bar, x_bar)    x_bar = J' u_bar, J of the layers before
///
/// All are static; the last two follow a forward, as jvp and vjp do.
template <class F>
struct Cuts {};

/// The last two for a composition that has them as members, for any number of layers.
template <class F>
struct MemberCuts {
  using S = typename F::Scalar;
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
