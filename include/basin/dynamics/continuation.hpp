// All fixed points of a network followed along its training.
#pragma once
#include <algorithm>  // std::count
#include <cmath>      // std::isfinite
#include <concepts>   // std::same_as
#include <cstddef>    // std::size_t
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/model.hpp"             // Model
#include "basin/core/parallel.hpp"          // parallel_for
#include "basin/core/types.hpp"             // Index, Mat, Vec
#include "basin/dynamics/curves.hpp"        // CurveWork, join_points, point_at
#include "basin/dynamics/fixed_points.hpp"  // FixedPoints, find_fixed_points, mean_norm_of
#include "basin/dynamics/follow.hpp"        // follow_branch, require_followable
#include "basin/dynamics/growth.hpp"        // growth_at_infinity
#include "basin/dynamics/tracks.hpp"        // Continuation, Track
#include "basin/train/snapshots.hpp"        // Snapshot

namespace basin::inline BASIN_ABI {

/// How curves of fixed points are followed through the snapshots.
struct ContinuationOptions {
  BranchOptions branch = {};  // its unit, where 0, becomes the mean norm of the initial points
  /// Columns from which points are searched at each snapshot that has none to begin with; none: there is no
  /// search, and points that no curve leads to are not found.
  Mat<double> starts = {};
  FixedPointsOptions points = {};  // of these searches; points.same also tells points apart where curves end
  bool from_last = false;          // the initial points are those of the last snapshot, not of the first
  bool both_ways = true;  // each point is followed to both sides; else only on, away from the initial points
  Index refinements = 2;  // how often curves that clash are followed again, with a quarter of the steps
  bool degrees = false;   // growth_at_infinity of each snapshot, for the accounts
  GrowthOptions growth = {};  // of these degrees
};

namespace detail {

template <class = void>
void require_continuation(Index snapshots, Index rows, Index size, const ContinuationOptions& o);
/// Tracks and accounts, from points and branches.
template <class = void>
void add_tracks(Continuation& c);
template <class = void>
void add_accounts(Continuation& c);

template <class S>
std::vector<ContinuedPoint> continued(const FixedPoints<S>& found, Index snapshot) {
  std::vector<ContinuedPoint> points;
  for (Index k = 0; k < found.size(); ++k) {
    ContinuedPoint& p = points.emplace_back();
    p.snapshot = snapshot;
    p.x = found.x.col(k);
    p.kind = found.kinds[static_cast<std::size_t>(k)];
  }
  return points;
}

/// The initial points, and what searches find at the other snapshots.
template <Layer F, bool WithSpectra>
std::vector<ContinuedPoint> points_to_join(const F& layer, const std::vector<Snapshot<double>>& snapshots,
                                           const FixedPoints<double>& initial, const ContinuationOptions& o,
                                           bool& cancelled) {
  const auto last = static_cast<Index>(snapshots.size()) - 1, first = o.from_last ? last : 0;
  std::vector<ContinuedPoint> points = continued(initial, first);
  for (Index k = 0; o.starts.cols() > 0 && k <= last; ++k) {
    if (k == first) continue;
    const Model<F> f(layer, snapshots[static_cast<std::size_t>(k)].theta);
    const FixedPoints<double> found = find_fixed_points<F, WithSpectra>(f, o.starts, o.points);
    cancelled = cancelled || found.cancelled;
    const std::vector<ContinuedPoint> more = continued(found, k);
    points.insert(points.end(), more.begin(), more.end());
  }
  return points;
}

template <Layer F>
CurveWork curve_work(const F& layer, const std::vector<Snapshot<double>>& snapshots,
                     const FixedPoints<double>& initial, const ContinuationOptions& o) {
  CurveWork work;
  work.last = static_cast<Index>(snapshots.size()) - 1;
  work.branch = o.branch;
  const double mean = mean_norm_of<double>(initial.x);
  work.unit = o.branch.unit > 0 ? o.branch.unit : mean > 0 ? mean : 1;
  work.same = o.points.same > 0 ? o.points.same : 1e-6;
  work.before = o.both_ways || o.from_last;
  work.after = o.both_ways || !o.from_last;
  work.after_first = !o.from_last;
  work.refinements = o.refinements;
  const auto theta = [&snapshots](Index k) -> const Vec<double>& {
    return snapshots[static_cast<std::size_t>(k)].theta;
  };
  const double unit = work.unit;
  work.follow = [&layer, theta, unit](Index k, const Vec<double>& x, double from, const BranchOptions& b) {
    MapFamily family = map_family(layer, theta(k), theta(k + 1), b.form_up_to);
    return follow_branch(family, x, from, unit, b);
  };
  work.judge = [&layer, theta, unit, form_up_to = o.branch.form_up_to](Index k, const Vec<double>& x) {
    const Model<F> f(layer, theta(k));
    return judge_formed_at(self_map(f, form_up_to), x, unit);
  };
  return work;
}

}  // namespace detail

/// The fixed points of f(.; theta) followed along the snapshots of a training, theta(s) = (1 - s) theta_k +
/// s theta_(k+1) between two of them (follow_fixed_point): from each point of each snapshot to the point of
/// the next one that its curve leads to, or back to the one that it vanishes with; points that searches from
/// options.starts find and no curve leads to are followed backward to their births. Points are matched by
/// curves, never by distance. Whatever a curve leads to is a point, followed in turn until every point has
/// both its curves; a curve that is lost says so.
///
/// Each side of a point is the end of one curve: where two lead to the same side, one of them has leapt, and
/// both are followed again with smaller steps. The index sums of all snapshots are then equal, and equal to
/// the degree at infinity, unless points are missing or come from infinity (Continuation::closed, differ,
/// off_degree). That no pair was born and died within one interval without a search or a curve that saw it,
/// nobody knows.
///
/// `initial` holds fixed points of the first snapshot (or the last: options.from_last). With both_ways =
/// false only these are followed on, for instance the attractors at examples back to their births. Curves are
/// independent tasks for the threads; results have the same bits for any number of them. Throws on fewer than
/// two snapshots, epochs that do not rise, sizes that do not fit, and options that make no sense.
template <Layer F, bool WithSpectra = detail::with_spectra>
requires std::same_as<typename F::Scalar, double>
[[nodiscard]] Continuation continue_fixed_points(const F& layer,
                                                 const std::vector<Snapshot<double>>& snapshots,
                                                 const FixedPoints<double>& initial,
                                                 const ContinuationOptions& options = {}) {
  constexpr const char* who = "continue_fixed_points";
  detail::require_followable(layer, options.branch.form_up_to, who);
  detail::require_continuation(static_cast<Index>(snapshots.size()), initial.x.rows(), layer.in_size(),
                               options);
  Continuation c;
  for (const Snapshot<double>& s : snapshots) {
    require(s.theta.size() == layer.param_size(), who, ": snapshot ", c.epochs.size(), " has ",
            s.theta.size(), " parameters, f has ", layer.param_size());
    require(c.epochs.empty() || s.epoch > c.epochs.back(), who, ": epochs must rise, snapshot ",
            c.epochs.size(), " is of epoch ", s.epoch);
    c.epochs.push_back(s.epoch);
  }
  std::vector<ContinuedPoint> points =
      detail::points_to_join<F, WithSpectra>(layer, snapshots, initial, options, c.cancelled);
  detail::JoinedPoints joined =
      detail::join_points(detail::curve_work(layer, snapshots, initial, options), std::move(points));
  c.points = std::move(joined.points);
  c.branches = std::move(joined.branches);
  for (const ContinuedBranch& b : c.branches) c.cancelled = c.cancelled || b.end == BranchEnd::cancelled;
  detail::add_accounts(c);
  detail::add_tracks(c);
  for (std::size_t k = 0; options.degrees && k < snapshots.size(); ++k) {
    const Model<F> f(layer, snapshots[k].theta);
    const Growth<double> g = growth_at_infinity(f, options.growth);
    c.snapshots[k].degree = g.degree;
    c.snapshots[k].degree_known = g.sure;
  }
  return c;
}

#ifdef BASIN_BODIES
namespace detail {

template <class>
void require_continuation(Index snapshots, Index rows, Index size, const ContinuationOptions& o) {
  constexpr const char* who = "continue_fixed_points";
  require(snapshots >= 2, who, ": snapshots must be at least 2, got ", snapshots);
  require(rows == size || rows == 0, who, ": initial points have ", rows, " rows, f expects ", size);
  require(o.starts.cols() == 0 || o.starts.rows() == size, who, ": starts has ", o.starts.rows(),
          " rows, f expects ", size);
  require(o.refinements >= 0, who, ": refinements must be >= 0, got ", o.refinements);
  require(o.points.same >= 0, who, ": points.same must be >= 0, got ", o.points.same);
  require_branch_options(o.branch, who);
}

template <class>
void add_accounts(Continuation& c) {
  c.snapshots.resize(c.epochs.size());
  c.intervals.resize(c.epochs.size() - 1);
  for (const ContinuedPoint& p : c.points) {
    SnapshotAccount& s = c.snapshots[static_cast<std::size_t>(p.snapshot)];
    ++s.points;
    s.attracting += p.kind.stability == Stability::attracting;
    s.index_sum += p.kind.index;
    s.index_sure = s.index_sure && p.kind.index != 0;
  }
  for (std::size_t k = 0; k < c.intervals.size(); ++k) {
    c.intervals[k].before = c.snapshots[k].index_sum;
    c.intervals[k].after = c.snapshots[k + 1].index_sum;
  }
  for (const ContinuedBranch& b : c.branches) {
    IntervalAccount& i = c.intervals[static_cast<std::size_t>(b.interval)];
    i.crossed += b.end == BranchEnd::crossed;
    (b.from == 0 ? i.died : i.born) += b.end == BranchEnd::returned;
    i.lost += b.lost();
    i.confirmed += b.confirmed;
  }
}

/// How the curve on one side of point k ends its track; whether it does not, and leads on to another point.
struct TrackSide {
  TrackEnd end = TrackEnd::not_followed;
  double epoch = 0;
  Index other = -1;  // the point that the curve leads to
  bool goes_on = false;
};

template <class = void>
TrackSide track_side(const Continuation& c, Index k, bool after) {
  const ContinuedPoint& p = c.points[static_cast<std::size_t>(k)];
  TrackSide side;
  side.epoch = static_cast<double>(c.epochs[static_cast<std::size_t>(p.snapshot)]);
  const Index at = after ? p.after : p.before;
  if (p.snapshot == (after ? static_cast<Index>(c.epochs.size()) - 1 : 0)) side.end = TrackEnd::outermost;
  if (at < 0) return side;
  const ContinuedBranch& b = c.branches[static_cast<std::size_t>(at)];
  const bool begins = b.first == k && b.from == (after ? 0 : 1);
  side.other = begins ? b.last : b.first;
  side.goes_on = b.end == BranchEnd::crossed;
  if (side.goes_on) return side;
  side.end = b.lost() ? TrackEnd::lost : TrackEnd::undecided;
  if (!b.curve.empty()) side.epoch = c.epoch(b, b.curve.back().s);
  if (b.lost()) return side;
  // The fold that is next to the point.
  for (std::size_t i = 0; i < b.events.size(); ++i) {
    const BranchEvent& e = b.events[begins ? i : b.events.size() - 1 - i];
    const bool border = e.kind == BranchEventKind::border_fold;
    if (!border && e.kind != BranchEventKind::fold) continue;
    side.end = border ? TrackEnd::border_fold : TrackEnd::fold;
    side.epoch = c.epoch(b, e.s);
    break;
  }
  return side;
}

template <class>
void add_tracks(Continuation& c) {
  for (Index k = 0; k < static_cast<Index>(c.points.size()); ++k) {
    if (track_side(c, k, false).goes_on) continue;
    Track t;
    for (Index at = k;;) {
      t.points.push_back(at);
      c.points[static_cast<std::size_t>(at)].track = static_cast<Index>(c.tracks.size());
      const TrackSide side = track_side(c, at, true);
      if (!side.goes_on) break;
      at = side.other;
    }
    c.tracks.push_back(std::move(t));
  }
  const auto track_of = [&c](Index k) { return k < 0 ? -1 : c.points[static_cast<std::size_t>(k)].track; };
  for (Track& t : c.tracks) {
    const TrackSide birth = track_side(c, t.points.front(), false),
                    death = track_side(c, t.points.back(), true);
    t.birth = birth.end;
    t.born = birth.epoch;
    t.born_with = track_of(birth.other);
    t.death = death.end;
    t.died = death.epoch;
    t.died_with = track_of(death.other);
  }
}

}  // namespace detail
#endif

}  // namespace basin
