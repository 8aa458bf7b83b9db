// A network cut in two, for Jacobians: where it is narrow, J is the product of the two Jacobians that meet
// there.
#pragma once
#include "basin/core/types.hpp"  // Index

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

}  // namespace basin::detail
