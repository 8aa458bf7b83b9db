// The smallest push found that drives a state out of its basin.
#pragma once
#include <algorithm>  // std::min, std::sort
#include <cmath>      // std::abs
#include <cstddef>    // std::size_t
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <numeric>    // std::iota
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/model.hpp"             // Model
#include "basin/core/model_by_calls.hpp"    // ModelByCalls, by_calls
#include "basin/dynamics/basin_radius.hpp"  // basin_radii, BasinRadiusOptions
#include "basin/dynamics/directions.hpp"    // random_directions, row_space, stretched_directions
#include "basin/dynamics/edge_pair.hpp"     // EdgePair, narrow
#include "basin/dynamics/self_map.hpp"      // local_products

namespace basin::inline BASIN_ABI {

/// Where smallest_shock begins and how far it goes on.
struct SmallestShockOptions {
  BasinRadiusOptions radius = {};  // of the search along each direction
  Index directions = 64;           // first ones: a third each random, of the row space, and stretched most
  Mat<double> more = {};           // further unit vectors to begin with, such as to other attractors
  Index descents = 4;              // from so many of the best of them
  Index steps = 20;                // of each
  Index pull_back = 400;  // along so many steps of an orbit at most the normal of the edge is brought back
  std::uint64_t seed = 1;
};

/// A start outside of the basin, near the attractor.
struct Shock {
  /// |v|: x* + v has another fate. An upper bound of the distance of x* to the edge of its basin. Infinite:
  /// none was found.
  double size = std::numeric_limits<double>::infinity();
  Vec<double> v;                                           // the shock: n numbers
  Index beyond = 0;                                        // the fate of x* + v
  double first = std::numeric_limits<double>::infinity();  // the best of the first directions alone
  double alignment = 0;  // cosine of v and the normal of the edge there: 1 at a point next to x*
  bool cancelled = false;
};

namespace detail {

/// The normal of the edge between the two points of a pair: the difference of their orbits, once it has
/// grown, points out of the edge; brought back by J', it is what the edge is normal to at the pair.
template <class S>
Vec<double> edge_normal(const ModelByCalls<S>& f, const EdgePair<S>& pair, double grown, Index most) {
  std::vector<Vec<S>> orbit{pair.a};
  Mat<S> now(pair.a.size(), 2);
  now << pair.a, pair.b;
  while (static_cast<Index>(orbit.size()) <= most && (now.col(1) - now.col(0)).norm() < grown) {
    now = f(now);
    orbit.push_back(now.col(0));
  }
  Vec<double> normal = (now.col(1) - now.col(0)).template cast<double>(), before(normal.size());
  for (std::size_t t = orbit.size() - 1; t-- > 0;) {
    local_products<S>(f, orbit[t]).apply_adjoint(normal, before);
    normal = before / before.stableNorm();
  }
  return normal / normal.stableNorm();
}

/// Directions to begin with.
template <class S>
Mat<double> first_directions(const ModelByCalls<S>& f, VecIn<S> x, const SmallestShockOptions& o) {
  const Index n = x.size(), third = (o.directions + 2) / 3;
  const Mat<double> V = stretched_directions(f, x, (third + 1) / 2).V, basis = row_space(f, x).basis;
  const Index within = basis.cols() > 0 ? third : 0;
  Mat<double> U(n, third + within + 2 * V.cols() + o.more.cols());
  U.leftCols(third) = random_directions(n, third, o.seed);
  if (within > 0) U.middleCols(third, within) = directions_within(basis, within, o.seed + 1);
  U.middleCols(third + within, V.cols()) = V;
  U.middleCols(third + within + V.cols(), V.cols()) = -V;
  if (o.more.cols() > 0) U.rightCols(o.more.cols()) = o.more.colwise().normalized();
  return U;
}

/// From the edge along u (at most `shock.size` away) towards the point of the edge next to x, as if the edge
/// were the plane with the normal that it has there; a step is halved until it comes nearer. Keeps what is
/// best in `shock`.
template <class S>
void descend(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, Index id, Vec<double> u,
             double inside, double outside, Index beyond, const SmallestShockOptions& o, Shock& shock) {
  const Vec<S> at = attractors[static_cast<std::size_t>(id - 1)].points.col(0);
  const Vec<double> x = at.template cast<double>();
  const double unit = unit_of<S>({attractors[static_cast<std::size_t>(id - 1)]});
  const double tiny = sizeof(S) < sizeof(double) ? 1e-5 : 1e-10;
  for (Index step = 0; step < o.steps; ++step) {
    EdgePair<S> pair{(x + inside * u).template cast<S>(), (x + outside * u).template cast<S>(), id, beyond};
    if (!narrow<S>(f, attractors, pair, tiny * outside, o.radius.fates)) return;
    const double reached = (pair.b.template cast<double>() - x).norm();
    Vec<double> normal = edge_normal<S>(f, pair, 1e-2 * outside, o.pull_back);
    if (!normal.allFinite()) return;
    if (normal.dot(u) < 0) normal = -normal;
    if (reached < shock.size) {
      shock.size = reached;
      shock.v = pair.b.template cast<double>() - x;
      shock.beyond = pair.id_b;
      shock.alignment = normal.dot(u);
    }
    if (1 - normal.dot(u) < 1e-10) return;
    bool nearer = false;
    BasinRadiusOptions radius = o.radius;
    radius.largest = reached * (1 - 1e-6) / unit;
    radius.smallest = std::min(radius.smallest, radius.largest / 2);
    for (double part = 1; part > 0.02 && !nearer; part /= 2) {
      const Vec<double> v = ((1 - part) * u + part * normal).normalized();
      const BasinRadii r = basin_radii(f, attractors, id, v, radius);
      if (r.cancelled) return;
      nearer = r.outside[0] < reached;
      if (!nearer) continue;
      u = v;
      inside = r.inside[0];
      outside = r.outside[0];
      beyond = r.beyond[0];
    }
    if (!nearer) return;
  }
}

}  // namespace detail

namespace detail {

/// See basin::smallest_shock.
template <class S>
Shock smallest_shock_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, Index id,
                        const SmallestShockOptions& options) {
  constexpr auto who = "smallest_shock";
  require(options.directions >= 1 && options.descents >= 0 && options.steps >= 0 && options.pull_back >= 1,
          who, ": directions and pull_back must be >= 1, descents and steps >= 0");
  const auto& a = attractor_of_id(attractors, id, who);
  require(options.more.cols() == 0 || options.more.rows() == a.points.rows(), who, ": more has ",
          options.more.rows(), " rows, expected ", a.points.rows());
  const Mat<double> U = first_directions<S>(f, a.points.col(0), options);
  const BasinRadii r = basin_radii(f, attractors, id, U, options.radius);
  std::vector<std::size_t> order(r.outside.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return r.outside[i] < r.outside[j] || (r.outside[i] == r.outside[j] && i < j);
  });
  Shock shock;
  shock.cancelled = r.cancelled;
  if (order.empty() || !(r.outside[order[0]] < std::numeric_limits<double>::infinity())) return shock;
  shock.first = shock.size = r.outside[order[0]];
  shock.v = shock.size * U.col(static_cast<Index>(order[0]));
  shock.beyond = r.beyond[order[0]];
  for (std::size_t i = 0; i < order.size() && static_cast<Index>(i) < options.descents && !shock.cancelled;
       ++i)
    if (const std::size_t k = order[i]; r.outside[k] < std::numeric_limits<double>::infinity())
      descend<S>(f, attractors, id, U.col(static_cast<Index>(k)), r.inside[k], r.outside[k], r.beyond[k],
                 options, shock);
  return shock;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template Shock smallest_shock_of<float>(const ModelByCalls<float>&,
                                               const std::vector<Attractor<float>>&, Index,
                                               const SmallestShockOptions&);
extern template Shock smallest_shock_of<double>(const ModelByCalls<double>&,
                                                const std::vector<Attractor<double>>&, Index,
                                                const SmallestShockOptions&);
#endif

}  // namespace detail

/// The smallest v found for which x* + v has another fate than the attractor `id`, x* its (first) point. The
/// best of many directions is improved: the edge of a basin has a normal, which J' brings back along the
/// orbit from where the difference of two orbits beside the edge has grown; the next direction is that of the
/// point of this plane next to x*. An upper bound of the distance to the edge: another part of it may be
/// nearer. Throws as basin_radii does.
template <Layer F>
[[nodiscard]] Shock smallest_shock(const Model<F>& f,
                                   const std::vector<Attractor<typename F::Scalar>>& attractors, Index id,
                                   const SmallestShockOptions& options = {}) {
  return detail::smallest_shock_of<typename F::Scalar>(detail::by_calls(f), attractors, id, options);
}

}  // namespace basin
