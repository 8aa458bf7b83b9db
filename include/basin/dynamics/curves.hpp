// Fixed points of a row of networks, joined by curves from each network to the next.
#pragma once
#include <cstddef>     // std::size_t
#include <functional>  // std::function
#include <vector>      // std::vector

#include "basin/core/types.hpp"          // Index, Vec
#include "basin/dynamics/branch.hpp"     // Branch, BranchOptions
#include "basin/dynamics/stability.hpp"  // LinearStability
#ifdef BASIN_BODIES
#include <algorithm>  // std::max, std::remove_if
#include <cmath>      // std::pow
#include <utility>    // std::move

#include "basin/core/parallel.hpp"  // parallel_for
#endif

namespace basin::inline BASIN_ABI {

/// A fixed point of one snapshot, and the curves that meet there.
struct ContinuedPoint {
  Index snapshot = 0;             // number of the snapshot, from 0
  Vec<double> x;                  // the point
  LinearStability kind;           // its verdict, in the terms of find_fixed_points
  Index before = -1, after = -1;  // the curves in the intervals before and after the snapshot; -1: none
  Index track = -1;               // of Continuation::tracks; -1: none
};

/// A curve in the interval from snapshot `interval` to the next.
struct ContinuedBranch : Branch {
  Index interval = 0;           // number of its earlier snapshot
  Index first = -1, last = -1;  // the points where it began and ended; last = -1: it is lost
  bool confirmed = false;       // followed from its other end, it led back
};

namespace detail {

struct CurveTask {
  Index point = 0;
  bool after = true;  // into the interval after the point's snapshot, or before
  Index level = 0;    // steps are 4^-level times the usual
};

/// What joins the points of snapshots 0, ..., last. `follow` and `judge` may be called by several threads.
struct CurveWork {
  Index last = 0;
  std::function<Branch(Index interval, const Vec<double>& x, double from, const BranchOptions&)> follow;
  std::function<LinearStability(Index snapshot, const Vec<double>& x)> judge;
  BranchOptions branch;
  double same = 0, unit = 0;         // closer than same max(|x|, unit) are one point
  bool before = true, after = true;  // which sides of points are followed
  bool after_first = true;
  Index refinements = 2;
};

struct JoinedPoints {
  std::vector<ContinuedPoint> points;
  std::vector<ContinuedBranch> branches;
};

/// The point of this snapshot that is one with x, or -1. Points of different index are not one.
inline Index point_at(const std::vector<ContinuedPoint>& points, Index snapshot, const Vec<double>& x,
                      int index, double same, double unit) {
  const double radius = same * std::max(unit, x.stableNorm());
  for (std::size_t k = 0; k < points.size(); ++k)
    if (points[k].snapshot == snapshot && points[k].kind.index * index >= 0 &&
        (points[k].x - x).stableNorm() <= radius)
      return static_cast<Index>(k);
  return -1;
}

/// Follows all curves from these points, from those where they end, and so on.
template <class = void>
JoinedPoints join_points(const CurveWork& work, std::vector<ContinuedPoint> points);

#ifdef BASIN_BODIES

/// A curve has two ends, and each side of a point is the end of one curve. So a curve that comes to a side
/// where another one ends shows that one of the two has leapt: both are followed again, with smaller steps.
template <class = void>
class CurveJoiner {
 public:
  CurveJoiner(const CurveWork& work, std::vector<ContinuedPoint> points)
      : work_(work), points_(std::move(points)), levels_(points_.size()) {}

  JoinedPoints run() {
    for (std::vector<CurveTask> tasks; !(tasks = open()).empty();) {
      std::vector<Branch> found(tasks.size());
      parallel_for(static_cast<Index>(tasks.size()), [&](Index k) {
        found[static_cast<std::size_t>(k)] = follow(tasks[static_cast<std::size_t>(k)]);
      });
      const std::size_t known = points_.size();
      for (std::size_t k = 0; k < tasks.size(); ++k) settle(tasks[k], std::move(found[k]));
      parallel_for(static_cast<Index>(points_.size() - known), [&](Index k) {
        ContinuedPoint& p = points_[known + static_cast<std::size_t>(k)];
        p.kind = work_.judge(p.snapshot, p.x);
      });
    }
    give_up();
    compact();
    return {std::move(points_), std::move(branches_)};
  }

 private:
  ContinuedPoint& point(Index k) { return points_[static_cast<std::size_t>(k)]; }
  ContinuedBranch& branch(Index k) { return branches_[static_cast<std::size_t>(k)]; }
  Index& side(Index k, bool after) { return after ? point(k).after : point(k).before; }
  struct Levels {
    Index before = 0, after = 0;
  };
  Index& level(Index k, bool after) {
    Levels& at = levels_[static_cast<std::size_t>(k)];
    return after ? at.after : at.before;
  }
  bool has_side(const ContinuedPoint& p, bool after) const {
    return after ? p.snapshot < work_.last : p.snapshot > 0;
  }

  /// The sides that are still to be followed: of one direction, for most of the other are then done, too.
  std::vector<CurveTask> open() {
    std::vector<CurveTask> tasks = open(work_.after_first);
    return tasks.empty() ? open(!work_.after_first) : tasks;
  }
  std::vector<CurveTask> open(bool after) {
    std::vector<CurveTask> tasks;
    if (!(after ? work_.after : work_.before)) return tasks;
    for (Index k = 0; k < static_cast<Index>(points_.size()); ++k)
      if (has_side(point(k), after) && side(k, after) < 0 && level(k, after) <= work_.refinements)
        tasks.push_back({k, after, level(k, after)});
    return tasks;
  }
  Branch follow(const CurveTask& task) const {
    const ContinuedPoint& p = points_[static_cast<std::size_t>(task.point)];
    BranchOptions o = work_.branch;
    const double smaller = std::pow(0.25, static_cast<double>(task.level));
    o.step = std::max(o.step * smaller, o.least);
    o.most = std::max(o.most * smaller, o.least);
    return work_.follow(task.after ? p.snapshot : p.snapshot - 1, p.x, task.after ? 0 : 1, o);
  }

  void settle(const CurveTask& task, Branch&& found) {
    level(task.point, task.after) = task.level + 1;
    const bool lost = found.lost();
    if (side(task.point, task.after) >= 0 && lost) return;  // from its other end it is not
    ContinuedBranch b;
    static_cast<Branch&>(b) = std::move(found);
    b.interval = task.after ? point(task.point).snapshot : point(task.point).snapshot - 1;
    b.first = task.point;
    if (lost) return add(std::move(b), task.after);
    const bool ends_after = (b.from == 1) == (b.end == BranchEnd::crossed);  // at s = 0
    const Index snapshot = ends_after ? b.interval : b.interval + 1;
    b.last = arrival(snapshot, b);
    clear_lost(b.last, ends_after);
    const Index here = side(b.first, task.after), there = side(b.last, ends_after);
    const bool itself = b.first == b.last && task.after == ends_after;
    if (here < 0 && there < 0 && !itself) {
      side(b.last, ends_after) = static_cast<Index>(branches_.size());
      return add(std::move(b), task.after);
    }
    if (here >= 0 && here == there && !itself) {
      branch(here).confirmed = true;
      return;
    }
    const Index l = task.level + 1;
    for (const auto& [k, after] : {std::pair(b.first, task.after), std::pair(b.last, ends_after)})
      level(k, after) = std::max(level(k, after), l);
    for (const Index other : {here, there})
      if (other >= 0) drop(other, l);
  }
  void add(ContinuedBranch&& b, bool after) {
    side(b.first, after) = static_cast<Index>(branches_.size());
    branches_.push_back(std::move(b));
  }
  Index arrival(Index snapshot, const Branch& b) {
    const int index = b.curve.back().index;
    const Index known = point_at(points_, snapshot, b.x, index, work_.same, work_.unit);
    if (known >= 0) return known;
    ContinuedPoint p;
    p.snapshot = snapshot;
    p.x = b.x;
    p.kind.index = index;  // until it is judged
    points_.push_back(std::move(p));
    levels_.emplace_back();
    return static_cast<Index>(points_.size()) - 1;
  }
  /// A curve that was lost on its way from there has been followed from its other end.
  void clear_lost(Index k, bool after) {
    const Index there = side(k, after);
    if (there >= 0 && branch(there).last < 0) side(k, after) = branch(there).first = -1;
  }
  void drop(Index k, Index next_level) {
    for (const Index end : {branch(k).first, branch(k).last}) {
      if (end < 0) continue;
      for (const bool after : {false, true})
        if (side(end, after) == k) {
          side(end, after) = -1;
          level(end, after) = std::max(level(end, after), next_level);
        }
    }
    branch(k).first = -1;
  }
  /// Sides where no steps were small enough.
  void give_up() {
    for (const bool after : {false, true})
      for (Index k = 0; k < static_cast<Index>(points_.size()); ++k) {
        if (!has_side(point(k), after) || side(k, after) >= 0 || level(k, after) <= work_.refinements)
          continue;
        ContinuedBranch b;
        b.from = after ? 0 : 1;
        b.end = BranchEnd::ambiguous;
        b.x = point(k).x;
        b.interval = after ? point(k).snapshot : point(k).snapshot - 1;
        b.first = k;
        add(std::move(b), after);
      }
  }
  /// Removes the curves that were dropped.
  void compact() {
    std::vector<Index> place(branches_.size(), -1);
    std::vector<ContinuedBranch> kept;
    for (std::size_t k = 0; k < branches_.size(); ++k) {
      if (branches_[k].first < 0) continue;
      place[k] = static_cast<Index>(kept.size());
      kept.push_back(std::move(branches_[k]));
    }
    branches_ = std::move(kept);
    for (ContinuedPoint& p : points_)
      for (Index* const at : {&p.before, &p.after})
        if (*at >= 0) *at = place[static_cast<std::size_t>(*at)];
  }

  const CurveWork& work_;
  std::vector<ContinuedPoint> points_;
  std::vector<Levels> levels_;
  std::vector<ContinuedBranch> branches_;
};

template <class>
JoinedPoints join_points(const CurveWork& work, std::vector<ContinuedPoint> points) {
  return CurveJoiner<>(work, std::move(points)).run();
}

#endif

}  // namespace detail

}  // namespace basin
