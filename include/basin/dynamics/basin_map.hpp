// Which starts end at which attractor: the basins, by many starts.
#pragma once
#include <algorithm>   // std::count_if, std::min
#include <cstddef>     // std::size_t
#include <functional>  // std::cref, std::function
#include <optional>    // std::optional
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"              // require
#include "basin/core/model.hpp"              // Model
#include "basin/core/model_by_calls.hpp"     // ModelByCalls, by_calls
#include "basin/core/parallel.hpp"           // ColumnRange
#include "basin/dynamics/attractors.hpp"     // Attractor, separate_balls
#include "basin/dynamics/cycle.hpp"          // periods
#include "basin/dynamics/fates.hpp"          // Fates, FateOptions, follow
#include "basin/dynamics/fixed_points.hpp"   // find_fixed_points
#include "basin/dynamics/measured_ball.hpp"  // measured_ball, MeasuredBallOptions
#include "basin/dynamics/range_map.hpp"      // range_map, RangeMap

namespace basin::inline BASIN_ABI {

/// The fates of starts, and the attractors that their ids count.
template <class S>
struct BasinMap : Fates {
  std::vector<Attractor<S>> attractors;  // those that were given, then those that were found
  Index given = 0;                       // how many were given
  /// Attractors, from 0, whose measured balls turned out to hold another one, and were shrunk: what they
  /// decided before may be wrong.
  std::vector<Index> shrunk;

  /// How many attractors were found on the way, beyond those given.
  Index found() const { return static_cast<Index>(attractors.size()) - given; }
};

/// How starts are followed, and whether what they settle at elsewhere becomes an attractor.
struct BasinMapOptions {
  FateOptions fates = {};
  /// Adds what starts settle at elsewhere, where Newton's method finds an attracting fixed point there, and
  /// cycles that starts which still move have come to.
  bool find_new = false;
  Index longest_cycle = 32;       // 1: no cycles are looked for
  MeasuredBallOptions ball = {};  // of what is found
  FixedPointOptions point = {};   // of the search for it
  /// So many starts at a time are in memory. What is found in one block is known in the next.
  Index block = 4096;
  /// Follows many starts in coordinates of the space that the values of f lie in, where that is narrow (see
  /// basin_map): the same but for rounding.
  bool narrow = true;
};

namespace detail {

/// The columns of x that are not within `distance` of one before them, and of each column the one that it is
/// within that of.
template <class S>
std::vector<Index> representatives(MatIn<S> x, double distance, std::vector<Index>& of_column) {
  std::vector<Index> kept;
  of_column.clear();
  for (Index j = 0; j < x.cols(); ++j) {
    std::size_t k = 0;
    while (k < kept.size() && !(exact_distance<S>(x.col(j), x.col(kept[k])) <= distance)) ++k;
    if (k == kept.size()) kept.push_back(j);
    of_column.push_back(static_cast<Index>(k));
  }
  return kept;
}

/// Adds the attractor, with a ball of its own and those of others made smaller where it lies in them. Its
/// number from 0.
template <class S>
Index add_attractor(const ModelByCalls<S>& f, BasinMap<S>& map, const Mat<S>& points,
                    const BasinMapOptions& o) {
  Attractor<S> a;
  a.points = points;
  MeasuredBallOptions ball = o.ball;
  ball.cancelled = o.fates.cancelled;
  const double unit = unit_of<S>({a});
  for (const Attractor<S>& other : map.attractors)
    ball.largest = std::min(ball.largest, 0.49 * distance_between(a, other) / unit);
  ball.first = std::min(ball.first, ball.largest);
  a.radius = measured_ball(f, a, ball).radius;
  map.attractors.push_back(std::move(a));
  for (const Index k : separate_balls(map.attractors)) map.shrunk.push_back(k);
  return static_cast<Index>(map.attractors.size()) - 1;
}

/// The fixed points at which the columns of x have settled: of each the attractor, -1 where there is no
/// attracting one within `distance`. New ones are added.
template <class S>
std::vector<Index> settled_at(const ModelByCalls<S>& f, BasinMap<S>& map, const Mat<S>& x, double distance,
                              const BasinMapOptions& o) {
  std::vector<Index> group;
  const std::vector<Index> kept = representatives<S>(x, distance, group);
  FixedPointsOptions options;
  options.point = o.point;
  options.point.search.cancelled = o.fates.cancelled;
  const Mat<S> starts = x(Eigen::all, kept);
  const FixedPoints<S> points = find_fixed_points(f, starts, options);
  std::vector<Index> of_kept(kept.size(), -1), result;
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const Index p = points.point_of[k];
    if (p < 0 || points.kinds[static_cast<std::size_t>(p)].stability != Stability::attracting) continue;
    if (exact_distance<S>(points.x.col(p), starts.col(static_cast<Index>(k))) > distance) continue;
    of_kept[k] = attractor_within<S>(map.attractors, points.x.col(p), distance);
    if (of_kept[k] < 0) of_kept[k] = add_attractor<S>(f, map, points.x.col(p), o);
  }
  for (const Index k : group) result.push_back(of_kept[static_cast<std::size_t>(k)]);
  return result;
}

/// The cycles that the columns of x have come to: of each the attractor, -1 where there is none, or starts
/// around it do not come back. New ones are added.
template <class S>
std::vector<Index> circling_at(const ModelByCalls<S>& f, BasinMap<S>& map, const Mat<S>& x, double distance,
                               const BasinMapOptions& o) {
  std::vector<Index> result;
  const std::vector<Index> period = periods(f, x, o.longest_cycle, 1e-3 * distance);
  for (Index j = 0; j < x.cols(); ++j) {
    const Index p = period[static_cast<std::size_t>(j)];
    Index k = -1;
    if (p > 1) k = attractor_within<S>(map.attractors, x.col(j), distance);
    if (p > 1 && k < 0) {
      Attractor<S> cycle;
      cycle.points.resize(x.rows(), p);
      cycle.points.col(0) = x.col(j);
      for (Index i = 1; i < p; ++i) cycle.points.col(i) = f(cycle.points.col(i - 1));
      k = add_attractor<S>(f, map, cycle.points, o);
      if (!(map.attractors.back().radius > 0)) {
        map.attractors.pop_back();
        k = -1;
      }
    }
    result.push_back(k);
  }
  return result;
}

/// Looks at the starts of a block that ended without an attractor.
template <class S>
void find_new_attractors(const ModelByCalls<S>& f, BasinMap<S>& map, Fates& block, const Mat<S>& ends,
                         const BasinMapOptions& o) {
  for (const Fate fate : {Fate::elsewhere, Fate::moving}) {
    if (fate == Fate::moving && o.longest_cycle < 2) continue;
    std::vector<Index> which;
    for (Index j = 0; j < block.size(); ++j)
      if (block.fate[static_cast<std::size_t>(j)] == fate) which.push_back(j);
    if (which.empty() || (o.fates.cancelled && o.fates.cancelled())) continue;
    const Mat<S> x = ends(Eigen::all, which);
    const double unit = map.attractors.empty() ? static_cast<double>(x.colwise().stableNorm().maxCoeff())
                                               : unit_of(map.attractors);
    const double distance = o.fates.arrived * (unit > 0 ? unit : 1);
    const std::vector<Index> at = fate == Fate::elsewhere ? settled_at<S>(f, map, x, distance, o)
                                                          : circling_at<S>(f, map, x, distance, o);
    for (std::size_t k = 0; k < which.size(); ++k) {
      if (at[k] < 0) continue;
      const auto j = static_cast<std::size_t>(which[k]);
      block.id[j] = at[k] + 1;
      block.fate[j] = Fate::arrived;
      block.decision[j] = Decision::end_of_orbit;
    }
  }
}

/// The coordinates that so many starts are followed in, nullopt: those of x.
template <class S>
std::optional<RangeMap<S>> coordinates_for(const ModelByCalls<S>& f, Index count, const BasinMapOptions& o) {
  std::optional<RangeMap<S>> range;
  if (o.narrow && o.fates.max_steps > 1 && 4 * count >= f.layer.in_size()) range = range_map<S>(f);
  return range;
}

inline void reserve(Fates& all, Index count) {
  const auto size = static_cast<std::size_t>(count);
  all.id.reserve(size);
  all.fate.reserve(size);
  all.decision.reserve(size);
  all.steps.reserve(size);
}
template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// Blocks of starts, as basin_map takes them.
template <class S>
using StartsInBlocks = std::function<Mat<S>(ColumnRange)>;

/// See basin::basin_map.
template <class S>
BasinMap<S> basin_map_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors,
                         const StartsInBlocks<S>& starts, Index count, const BasinMapOptions& options) {
  const Index n = f.layer.in_size();
  require_self_map(f, n, "basin_map", "starts");
  require_fate_options(options.fates, "basin_map");
  require_attractors(attractors, n, "basin_map");
  require(count >= 0, "basin_map: count must be >= 0, got ", count);
  require(options.block >= 1, "basin_map: block must be >= 1, got ", options.block);
  require(options.longest_cycle >= 1, "basin_map: longest_cycle must be >= 1, got ", options.longest_cycle);
  BasinMap<S> map;
  map.attractors = attractors;
  map.given = static_cast<Index>(attractors.size());
  reserve(map, count);
  FateOptions of_block = options.fates;
  const std::optional<RangeMap<S>> range = coordinates_for<S>(f, count, options);
  for (Index begin = 0; begin < count; begin += options.block) {
    const Index size = std::min(options.block, count - begin);
    const Mat<S> x0 = starts(ColumnRange{begin, size});
    require(x0.rows() == n && x0.cols() == size, "basin_map: starts gave ", x0.rows(), " x ", x0.cols(),
            " numbers, expected ", n, " x ", size);
    if (options.fates.observer)
      of_block.observer = [&](Index finished, Index) { options.fates.observer(begin + finished, count); };
    Mat<S> ends;
    Fates block = follow<S>(f, map.attractors, x0, of_block, options.find_new ? &ends : nullptr,
                            range ? &*range : nullptr);
    if (options.find_new && !block.cancelled) find_new_attractors<S>(f, map, block, ends, options);
    append(map.id, block.id);
    append(map.fate, block.fate);
    append(map.decision, block.decision);
    append(map.steps, block.steps);
    map.cancelled = block.cancelled;
    if (map.cancelled) of_block.max_steps = 0;  // the rest is `moving`, unless it begins in a ball
  }
  return map;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template BasinMap<float> basin_map_of<float>(const ModelByCalls<float>&,
                                                    const std::vector<Attractor<float>>&,
                                                    const StartsInBlocks<float>&, Index,
                                                    const BasinMapOptions&);
extern template BasinMap<double> basin_map_of<double>(const ModelByCalls<double>&,
                                                      const std::vector<Attractor<double>>&,
                                                      const StartsInBlocks<double>&, Index,
                                                      const BasinMapOptions&);
#endif

}  // namespace detail

/// The fates of the starts 0 .. count - 1, which `starts(ColumnRange)` gives in blocks: a StartDistribution,
/// or any function that returns n x block.size numbers. Ids count the attractors from 1; -1 is a start that
/// arrives at none of them, `fate` says why. A start is followed only until its orbit is inside the ball of
/// an attractor (certified, see with_certificate, or measured, see measure_balls), else until it settles,
/// diverges, or max_steps are made; `decision` says which. A certified ball is a proof for f in exact
/// arithmetic, a measured ball an observation; without balls every orbit goes to its end.
///
/// In a network that begins with a dense layer and ends with one of k inputs, 2 (k + 1) <= n, all x_t from
/// t = 1 on lie in a space of k + 1 dimensions at most. From n / 4 starts on, orbits are followed in
/// coordinates of it that keep distances (`narrow`): in 784 -> 128 -> ... -> 784 that is less than half of
/// the work. Steps and fates are the same but for rounding, which matters where an orbit passes that close to
/// a boundary.
///
/// A block takes 2 n block numbers, and as many again with find_new; what is kept of all starts is 18 bytes
/// for each. Starts are spread over the threads, with the same bits for any number of them. With find_new a
/// start's steps may depend on `block`, since later blocks know what earlier ones found. Throws if the
/// attractors do not fit, two balls overlap, or sizes or options make no sense.
template <Layer F, class Starts>
requires requires(const Starts& starts, ColumnRange block) { Mat<typename F::Scalar>(starts(block)); }
[[nodiscard]] BasinMap<typename F::Scalar> basin_map(
    const Model<F>& f, const std::vector<Attractor<typename F::Scalar>>& attractors, const Starts& starts,
    Index count, const BasinMapOptions& options = {}) {
  return detail::basin_map_of<typename F::Scalar>(detail::by_calls(f), attractors, std::cref(starts), count,
                                                  options);
}

/// The fates of the columns of `starts`.
template <Layer F>
[[nodiscard]] BasinMap<typename F::Scalar> basin_map(
    const Model<F>& f, const std::vector<Attractor<typename F::Scalar>>& attractors,
    MatIn<typename F::Scalar> starts, const BasinMapOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, starts.rows(), "basin_map", "starts");
  return basin_map(
      f, attractors, [&](ColumnRange block) { return Mat<S>(starts.middleCols(block.begin, block.size)); },
      starts.cols(), options);
}

}  // namespace basin
