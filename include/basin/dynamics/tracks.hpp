// What became of fixed points over a training: from where to where each was there, and since when examples
// attract.
#pragma once
#include <algorithm>  // std::count, std::find
#include <array>      // std::array
#include <cstddef>    // std::size_t
#include <limits>     // std::numeric_limits
#include <ostream>    // std::ostream
#include <vector>     // std::vector

#include "basin/core/error.hpp"       // require
#include "basin/core/types.hpp"       // Index, MatIn, Vec
#include "basin/dynamics/curves.hpp"  // ContinuedPoint, ContinuedBranch

namespace basin::inline BASIN_ABI {

/// How a track begins or ends.
enum class TrackEnd : unsigned char {
  outermost,     // at the first or the last snapshot
  fold,          // it appears or vanishes together with another point
  border_fold,   // the same, at a kink
  undecided,     // the same, but how is not shown
  lost,          // its curve was lost
  not_followed,  // nobody asked further
};
/// Its name: "fold at a kink".
inline std::ostream& operator<<(std::ostream& out, TrackEnd end) {
  constexpr std::array names{"outermost", "fold", "fold at a kink", "undecided", "lost", "not followed"};
  return out << names[static_cast<std::size_t>(end)];
}

/// One fixed point through the snapshots, as its curves lead from each to the next.
struct Track {
  std::vector<Index> points;                                                // at consecutive snapshots
  TrackEnd birth = TrackEnd::not_followed, death = TrackEnd::not_followed;  // how it began and ended
  double born = 0, died = 0;                                                // epochs
  Index born_with = -1, died_with = -1;  // the track of the other point at a fold
};

/// What is known of the fixed points of one snapshot.
struct SnapshotAccount {
  Index points = 0, attracting = 0;  // how many in all, and attracting ones
  Index index_sum = 0;               // sum of sign det(I - J) over them
  bool index_sure = true;            // whether each point's index is shown
  Index degree = 0;                  // at infinity, to which the indices of all points add up
  bool degree_known = false;         // whether it was asked for and nothing speaks against it
};

/// What became of them on the way to the next snapshot.
struct IntervalAccount {
  Index crossed = 0;            // curves from one to the other
  Index died = 0;               // that return to the earlier snapshot: so many pairs of points vanish
  Index born = 0;               // that return to the later one: so many pairs appear
  Index lost = 0;               // curves that could not be followed to an end
  Index confirmed = 0;          // curves that were followed from both ends, with the same result
  Index before = 0, after = 0;  // the index sums
};

/// The fixed points of a training, see continue_fixed_points.
struct Continuation {
  std::vector<Index> epochs;               // of the snapshots
  std::vector<ContinuedPoint> points;      // of all snapshots
  std::vector<ContinuedBranch> branches;   // of all intervals
  std::vector<Track> tracks;               // of all points
  std::vector<SnapshotAccount> snapshots;  // one for each
  std::vector<IntervalAccount> intervals;  // one fewer
  bool cancelled = false;

  /// The epoch at s on a curve, between those of its two snapshots.
  double epoch(const ContinuedBranch& b, double s) const {
    const auto k = static_cast<std::size_t>(b.interval);
    const auto from = static_cast<double>(epochs[k]), to = static_cast<double>(epochs[k + 1]);
    return from + s * (to - from);
  }
  /// The points of a snapshot.
  std::vector<Index> at(Index snapshot) const {
    std::vector<Index> result;
    for (std::size_t k = 0; k < points.size(); ++k)
      if (points[k].snapshot == snapshot) result.push_back(static_cast<Index>(k));
    return result;
  }
  /// How many events of this kind all curves have.
  Index count(BranchEventKind kind) const {
    Index n = 0;
    for (const ContinuedBranch& b : branches)
      n += std::count_if(b.events.begin(), b.events.end(), [kind](const auto& e) { return e.kind == kind; });
    return n;
  }
  /// By how much the index sums on the two sides of interval k differ, and by how much that of snapshot k
  /// from its degree (0 where that is not known).
  Index differ(Index k) const {
    const IntervalAccount& i = intervals[static_cast<std::size_t>(k)];
    return i.after - i.before;
  }
  /// By how much the index sum of snapshot k differs from its degree; 0 where that is not known.
  Index off_degree(Index k) const {
    const SnapshotAccount& s = snapshots[static_cast<std::size_t>(k)];
    return s.degree_known ? s.index_sum - s.degree : 0;
  }
  /// Whether each point's curves were followed to their ends, and the index sums of all intervals agree.
  bool closed() const {
    bool all = !cancelled;
    for (std::size_t k = 0; k < intervals.size(); ++k)
      all = all && intervals[k].lost == 0 && differ(static_cast<Index>(k)) == 0;
    const auto last = static_cast<Index>(epochs.size()) - 1;
    for (const ContinuedPoint& p : points)
      all = all && (p.snapshot == 0 || p.before >= 0) && (p.snapshot == last || p.after >= 0);
    return all;
  }
};

/// Since when an example attracts, and how that began.
enum class AttractorBirth : unsigned char {
  none,             // it does not at the last snapshot
  from_start,       // it did at the first
  fold,             // its attractor appeared together with a saddle
  flip,             // a fixed point that was there became attracting: a multiplier passed -1
  neimark_sacker,   // a pair passed the unit circle
  border_fold,      // appeared at a kink
  border_crossing,  // became attracting at a kink
  moved_in,         // an attractor came near the example
  undecided,        // by an event that is not shown to be one of these
  lost,             // its curve was lost, or not followed
};
/// Its name: "crossing of a kink".
inline std::ostream& operator<<(std::ostream& out, AttractorBirth birth) {
  constexpr std::array names{
      "none",           "from the start",     "fold",     "flip",      "Neimark-Sacker",
      "fold at a kink", "crossing of a kink", "moved in", "undecided", "lost"};
  return out << names[static_cast<std::size_t>(birth)];
}

/// Since when one example attracts.
struct ExampleHistory {
  Index point = -1;  // the attracting point next to it at the last snapshot; -1: none within the tolerance
  AttractorBirth how = AttractorBirth::none;  // how the last time began in which a point attracts next to it
  double since = 0;                           // the epoch of that
  AttractorBirth attracts_by = AttractorBirth::none;  // the same for the point alone, wherever it is
  double attracts_since = 0;                          // the epoch of that
};

namespace detail {

/// Goes back along the curves from an attracting point of the last snapshot.
class HistoryWalk {
 public:
  HistoryWalk(const Continuation& c, const Vec<double>& example, double tolerance)
      : c_(c), example_(example), near_(tolerance * example.stableNorm()) {}

  ExampleHistory run(Index point) {
    h_.point = point;
    distance_ = distance(at(point).x);
    for (Index k = point; !done();) {
      const ContinuedPoint& p = at(k);
      epoch_ = static_cast<double>(c_.epochs[static_cast<std::size_t>(p.snapshot)]);
      if (p.kind.stability != Stability::attracting) begin(AttractorBirth::undecided, epoch_);
      if (done()) break;
      if (p.snapshot == 0) begin(AttractorBirth::from_start, epoch_);
      if (p.before < 0) begin(AttractorBirth::lost, epoch_);
      if (done()) break;
      const ContinuedBranch& b = c_.branches[static_cast<std::size_t>(p.before)];
      along(b, b.first == k && b.from == 1);
      k = b.first == k ? b.last : b.first;
      if (!done() && (k < 0 || at(k).snapshot == p.snapshot)) begin(AttractorBirth::lost, epoch_);
    }
    return h_;
  }

 private:
  const ContinuedPoint& at(Index k) const { return c_.points[static_cast<std::size_t>(k)]; }
  double distance(const Vec<double>& x) const { return (x - example_).stableNorm(); }
  bool done() const { return h_.attracts_by != AttractorBirth::none; }
  void begin(AttractorBirth how, double epoch) {
    if (h_.how == AttractorBirth::none) h_.how = how, h_.since = epoch;
    if (how != AttractorBirth::moved_in && !done()) h_.attracts_by = how, h_.attracts_since = epoch;
  }
  void along(const ContinuedBranch& b, bool forward) {
    const auto n = static_cast<Index>(b.curve.size());
    for (Index i = 0; i < n && !done(); ++i) {
      const Index k = forward ? i : n - 1 - i;
      if (forward) events(b, k, forward);
      if (!done()) pass(b, b.curve[static_cast<std::size_t>(k)]);
      if (!forward && !done()) events(b, k, forward);
    }
    if (forward && !done()) events(b, n, forward);
  }
  void pass(const ContinuedBranch& b, const BranchPoint& p) {
    const double now = distance(p.x), epoch = c_.epoch(b, p.s);
    if (now > near_ && h_.how == AttractorBirth::none) {
      const double part = now > distance_ ? (near_ - distance_) / (now - distance_) : 0;
      begin(AttractorBirth::moved_in, epoch_ + part * (epoch - epoch_));
    }
    distance_ = now;
    epoch_ = epoch;
  }
  /// Those right before point k of the curve.
  void events(const ContinuedBranch& b, Index k, bool forward) {
    const auto n = static_cast<Index>(b.events.size());
    for (Index i = 0; i < n && !done(); ++i) {
      const BranchEvent& e = b.events[static_cast<std::size_t>(forward ? i : n - 1 - i)];
      if (e.place != k || (forward ? e.after : e.before) == 0) continue;
      begin(birth(e.kind), c_.epoch(b, e.s));
    }
  }
  static AttractorBirth birth(BranchEventKind kind) {
    switch (kind) {
      case BranchEventKind::fold:
        return AttractorBirth::fold;
      case BranchEventKind::flip:
        return AttractorBirth::flip;
      case BranchEventKind::neimark_sacker:
        return AttractorBirth::neimark_sacker;
      case BranchEventKind::border_fold:
        return AttractorBirth::border_fold;
      case BranchEventKind::border_crossing:
        return AttractorBirth::border_crossing;
      case BranchEventKind::undecided:
        break;
    }
    return AttractorBirth::undecided;
  }

  const Continuation& c_;
  const Vec<double>& example_;
  double near_, distance_ = 0, epoch_ = 0;
  ExampleHistory h_;
};

}  // namespace detail

/// For each example (column of X): the attracting fixed point of the last snapshot within tolerance |x| of
/// it, and from where on, going back along its curves, it no longer attracts or is farther from the example.
/// The epoch at which a point moves in is interpolated between points of its curve; those of events are
/// located. Throws if the rows differ or tolerance <= 0.
[[nodiscard]] inline std::vector<ExampleHistory> example_histories(const Continuation& c, MatIn<double> X,
                                                                   double tolerance = 0.01) {
  require(tolerance > 0, "example_histories: tolerance must be > 0, got ", tolerance);
  require(c.points.empty() || c.points.front().x.size() == X.rows(), "example_histories: X has ", X.rows(),
          " rows, the points have another number");
  const auto last = static_cast<Index>(c.epochs.size()) - 1;
  const std::vector<Index> candidates = c.at(last);
  std::vector<ExampleHistory> result;
  for (Index j = 0; j < X.cols(); ++j) {
    const Vec<double> example = X.col(j);
    double nearest = tolerance * example.stableNorm();
    Index point = -1;
    for (const Index k : candidates) {
      const ContinuedPoint& p = c.points[static_cast<std::size_t>(k)];
      const double distance = (p.x - example).stableNorm();
      if (p.kind.stability != Stability::attracting || distance > nearest) continue;
      nearest = distance;
      point = k;
    }
    result.push_back(point < 0 ? ExampleHistory{} : detail::HistoryWalk(c, example, tolerance).run(point));
  }
  return result;
}

}  // namespace basin
