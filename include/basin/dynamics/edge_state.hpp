// Edge states: the saddle on the edge between two basins, by bisection and Newton's method.
#pragma once
#include <algorithm>  // std::find
#include <cmath>      // std::isfinite
#include <cstddef>    // std::size_t
#include <string>     // std::string
#include <vector>     // std::vector

#include "basin/core/error.hpp"            // require
#include "basin/core/model.hpp"            // Model
#include "basin/core/model_by_calls.hpp"   // ModelByCalls, by_calls
#include "basin/dynamics/directions.hpp"   // jacobian_times
#include "basin/dynamics/edge_pair.hpp"    // EdgePair, narrow
#include "basin/dynamics/fixed_point.hpp"  // find_fixed_point, FoundPoint

namespace basin::inline BASIN_ABI {

/// How the edge is tracked between two starts.
struct EdgeStateOptions {
  FateOptions fates = {};
  double narrow = 1e-5;    // the pair is brought this near, relative to |a - b| at the beginning,
  double apart = 1e-3;     // and iterated until it is this far apart
  Index rounds = 300;      // at most
  Index max_steps = 2000;  // of f in a round
  double near = 2e-2;  // Newton's point is the edge state when it is this near to the pair, relative likewise
  FixedPointOptions point = {};  // of Newton's search for the fixed point
};

/// What lies on the edge between two starts.
template <class S>
struct EdgeState {
  bool found = false;   // a fixed point next to the pair that does not attract
  std::string reason;   // why not
  FoundPoint<S> point;  // Newton's last: residual, verdict, number of unstable directions
  /// Unit vector that J stretches in the long run, from the side of a to that of b, |J v - multiplier v| =
  /// off: the unstable direction, where there is one alone. In double.
  Vec<double> direction;
  double multiplier = 0, off = 0;  // of `direction`, and how far off it is
  Index id_a = 0, id_b = 0;        // the fates of the starts
  Index last_b = 0;                // that of the last pair on the side of b; on the other it is id_a
  /// The fates that bisection met besides id_a and id_b, in the order of meeting; -1: lost, as a point
  /// right on the edge is.
  std::vector<Index> third;
  Index side_a = 0, side_b = 0;  // the fates of starts beside the point, along -direction and +direction
  double moved = 0;              // from the pair to the point, relative to |a - b|
  Index rounds = 0;              // that were made
  Index starts = 0;              // whose fates were asked for
  bool cancelled = false;
};

namespace detail {

/// Iterates both points of the pair until they are so far apart. Whether f moved them still.
template <class S>
void track(const ModelByCalls<S>& f, EdgePair<S>& pair, double apart, Index max_steps) {
  Mat<S> now(pair.a.size(), 2);
  now << pair.a, pair.b;
  for (Index t = 0; t < max_steps && now.allFinite() && exact_distance<S>(now.col(0), now.col(1)) < apart;
       ++t)
    now = f(now);
  pair.a = now.col(0);
  pair.b = now.col(1);
}

/// The eigenvector of the largest eigenvalue of J, by power iteration from v.
template <class S>
void dominant_direction(const LocalMap& J, Vec<double> v, EdgeState<S>& e) {
  v /= v.stableNorm();
  for (int t = 0; t < 3000; ++t) {
    const Vec<double> w = jacobian_times(J, v);
    e.multiplier = v.dot(w);
    e.off = (w - e.multiplier * v).norm();
    const double length = w.stableNorm();
    if (!(length > 0) || !std::isfinite(length) || e.off <= 1e-13 * length) break;
    v = (e.multiplier < 0 ? -1 : 1) * w / length;
  }
  e.direction = v;
}

/// Newton's method from the middle of the pair. Whether it finds the edge state.
template <class S>
bool refine_edge(const ModelByCalls<S>& f, const EdgePair<S>& pair, double scale, const EdgeStateOptions& o,
                 EdgeState<S>& e) {
  const Vec<S> middle = pair.a + (pair.b - pair.a) / S(2);
  e.point = find_fixed_point(f, middle, o.point);
  if (!e.point.converged()) {
    e.reason = text("Newton's method from the edge ended ", e.point.end);
    return false;
  }
  e.moved = e.point.distance / scale;
  if (e.moved > o.near)
    e.reason = text("the fixed point found from the edge lies ", e.moved, " |a - b| away");
  else if (e.point.stability == Stability::attracting || e.point.unstable == 0)
    e.reason = "the fixed point found from the edge attracts";
  else
    return true;
  return false;
}

/// What the point looks like from its two sides.
template <class S>
void describe_edge(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors,
                   const EdgePair<S>& pair, double push, const EdgeStateOptions& o, EdgeState<S>& e) {
  const Vec<double> x = e.point.x.template cast<double>();
  const Vec<double> across = (pair.b - pair.a).template cast<double>();
  dominant_direction(self_map(f, o.point.search).linearized(x), across, e);
  if (e.direction.dot(across) < 0) e.direction = -e.direction;
  Mat<S> sides(x.size(), 2);
  sides.col(0) = (x - push * e.direction).template cast<S>();
  sides.col(1) = (x + push * e.direction).template cast<S>();
  const Fates fates = follow<S>(f, attractors, sides, o.fates);
  e.side_a = fates.id[0];
  e.side_b = fates.id[1];
}

inline void require_edge_options(const EdgeStateOptions& o, const char* who) {
  require_fate_options(o.fates, who);
  require_fixed_point_options(o.point, who);
  require(o.narrow > 0 && o.narrow < o.apart, who, ": expected 0 < narrow < apart, got ", o.narrow, " and ",
          o.apart);
  require(o.rounds >= 1 && o.max_steps >= 1, who, ": rounds and max_steps must be >= 1, got ", o.rounds,
          " and ", o.max_steps);
  require(o.near > 0, who, ": near must be > 0, got ", o.near);
}

}  // namespace detail

namespace detail {

/// See basin::edge_state.
template <class S>
EdgeState<S> edge_state_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, VecIn<S> a,
                           VecIn<S> b, const EdgeStateOptions& options) {
  constexpr auto who = "edge_state";
  require_self_map(f, a.size(), who, "a");
  require_attractors(attractors, a.size(), who);
  require_edge_options(options, who);
  EdgeState<S> e;
  EdgePair<S> pair = edge_pair<S>(f, attractors, a, b, options.fates, who);
  const double scale = pair.apart();
  e.id_a = pair.id_a;
  e.id_b = pair.id_b;
  Vec<S> before;
  for (e.rounds = 1; e.rounds <= options.rounds; ++e.rounds) {
    e.cancelled = !narrow<S>(f, attractors, pair, options.narrow * scale, options.fates);
    if (e.cancelled) break;
    track<S>(f, pair, options.apart * scale, options.max_steps);
    const bool slow = before.size() > 0 && exact_distance<S>(before, pair.a) < 10 * options.apart * scale;
    before = pair.a;
    if (!pair.a.allFinite() || !pair.b.allFinite()) {
      e.reason = "the edge leads to where f is not finite";
      break;
    }
    if ((slow || e.rounds % 10 == 0) && refine_edge<S>(f, pair, scale, options, e)) {
      e.found = true;
      break;
    }
  }
  e.last_b = pair.id_b;
  e.starts = pair.starts;
  for (const Index id : pair.met)
    if (id != e.id_a && id != e.id_b) e.third.push_back(id);
  if (e.found) describe_edge<S>(f, attractors, pair, options.apart * scale, options, e);
  if (e.rounds > options.rounds) e.rounds = options.rounds;
  return e;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template EdgeState<float> edge_state_of<float>(const ModelByCalls<float>&,
                                                      const std::vector<Attractor<float>>&, VecIn<float>,
                                                      VecIn<float>, const EdgeStateOptions&);
extern template EdgeState<double> edge_state_of<double>(const ModelByCalls<double>&,
                                                        const std::vector<Attractor<double>>&, VecIn<double>,
                                                        VecIn<double>, const EdgeStateOptions&);
#endif

}  // namespace detail

/// The edge state between two starts of different fates, a at an attractor: bisection brings two points on
/// both sides of the edge next to each other, f moves them along the edge while they drift apart, bisection
/// brings them together again, and so on until Newton's method finds a fixed point beside them that does not
/// attract (Skufca, Yorke, Eckhardt 2006, with Newton's method at the end). An edge may hold a cycle or chaos
/// instead: then nothing is found, and `reason` says how the last search ended. Where basins meet in threes,
/// the edge that is followed is the one between the basin of a and the first other basin on the way to b:
/// `last_b` and `third` say which. Throws if a and b have the same fate, if attractors do not fit, or if an
/// option makes no sense.
template <Layer F>
[[nodiscard]] EdgeState<typename F::Scalar> edge_state(
    const Model<F>& f, const std::vector<Attractor<typename F::Scalar>>& attractors,
    VecIn<typename F::Scalar> a, VecIn<typename F::Scalar> b, const EdgeStateOptions& options = {}) {
  return detail::edge_state_of<typename F::Scalar>(detail::by_calls(f), attractors, a, b, options);
}

}  // namespace basin
