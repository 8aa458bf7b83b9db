// All fixed points that many starts lead to: found, counted, and how many may be missing.
#pragma once
#include <algorithm>   // std::count, std::count_if, std::max, std::none_of
#include <cstddef>     // std::size_t
#include <functional>  // std::function
#include <mutex>       // std::mutex
#include <vector>      // std::vector

#include "basin/core/error.hpp"            // require
#include "basin/core/model.hpp"            // Model
#include "basin/core/parallel.hpp"         // parallel_for
#include "basin/core/types.hpp"            // Index, Mat, MatIn, Vec
#include "basin/dynamics/basins.hpp"       // nearest
#include "basin/dynamics/fixed_point.hpp"  // newton_search, judge_point, FixedPointOptions

namespace basin::inline BASIN_ABI {

/// How many kinds there may be, from how often each was seen among N sightings.
struct Richness {
  Index seen = 0;       // S kinds
  double chao1 = 0;     // S + f1 (f1 - 1) / (2 (f2 + 1)): an estimate from below of how many there are
  double coverage = 0;  // 1 - f1 / N: the estimated chance that one more sighting is of a known kind
};

/// Chao's bias-corrected estimator and Good's coverage, with f1 and f2 the numbers of kinds that were seen
/// once and twice (Chao 1984; Good 1953). They speak of sightings like those that were made: what these
/// starts cannot reach, they do not know of. Throws if a count is negative.
[[nodiscard]] inline Richness richness(const std::vector<Index>& hits) {
  Richness r;
  double once = 0, twice = 0, all = 0;
  for (const Index h : hits) {
    require(h >= 0, "richness: hits must be >= 0, got ", h);
    r.seen += h > 0;
    once += h == 1;
    twice += h == 2;
    all += static_cast<double>(h);
  }
  r.chao1 = static_cast<double>(r.seen) + once * (once - 1) / (2 * (twice + 1));
  r.coverage = all > 0 ? 1 - once / all : 0;
  return r;
}

/// The distinct fixed points that were found, in the order of the first starts that led to them.
template <class S>
struct FixedPoints {
  Mat<S> x;                            // one column a point
  std::vector<LinearStability> kinds;  // of each point
  std::vector<double> residuals;       // |f(x) - x|
  std::vector<double> left;            // |(I - J)^-1 (f(x) - x)|
  std::vector<Index> hits;             // how many starts led to the point
  std::vector<Index> point_of;         // of each start the point that it led to; -1: none
  std::vector<SearchEnd> ends;         // of each start
  Index evaluations = 0;               // of f, in all
  Index steps = 0;                     // Jacobians, in all
  double same = 0;                     // the FixedPointsOptions::same that was used
  bool cancelled = false;

  Index size() const { return x.cols(); }
  /// How many points are of this kind.
  Index count(Stability s) const {
    return std::count_if(kinds.begin(), kinds.end(), [s](const auto& k) { return k.stability == s; });
  }
  /// How many points have so many unstable directions, as computed.
  Index count_unstable(Index directions) const {
    return std::count_if(kinds.begin(), kinds.end(),
                         [directions](const auto& k) { return k.unstable == directions; });
  }
  /// The sum of the indices sign det(I - J). Over all fixed points it is the degree of f at infinity
  /// (growth_at_infinity): another sum proves that some are missing (or not isolated). `index_is_sure`:
  /// whether each point's is.
  Index index_sum() const {
    Index sum = 0;
    for (const LinearStability& k : kinds) sum += k.index;
    return sum;
  }
  bool index_is_sure() const {
    return std::none_of(kinds.begin(), kinds.end(), [](const auto& k) { return k.index == 0; });
  }
  /// How many there may be, by the hits.
  Richness richness() const { return basin::richness(hits); }
};

struct FixedPointsOptions {
  FixedPointOptions point = {};
  /// Points closer than this times the larger of |x| and the mean |x0| are one. 0: 1e-6 in double, 1e-3 in
  /// float.
  double same = 0;
  std::function<void(Index, Index)> observer = {};  // (starts finished, starts in all), one thread at a time
};

namespace detail {

/// The searches from all columns of x0, over the threads.
template <class F>
std::vector<Found> search_all(const Model<F>& f, MatIn<typename F::Scalar> x0, const SearchOptions& o,
                              const std::function<void(Index, Index)>& observer) {
  std::vector<Found> found(static_cast<std::size_t>(x0.cols()));
  std::mutex one_at_a_time;
  Index finished = 0;
  parallel_for(x0.cols(), [&](Index j) {
    const SelfMap map = self_map(f, o.form_up_to);
    Found& here = found[static_cast<std::size_t>(j)];
    here = newton_search(map, Vec<double>(x0.col(j).template cast<double>()), o);
    here.map = {};  // J of each would be too much to keep
    if (!observer) return;
    const std::lock_guard lock(one_at_a_time);
    observer(++finished, x0.cols());
  });
  return found;
}

/// The first of the points within `same` of x (relative to |x| or `unit`), or -1.
inline Index same_point(const std::vector<Found*>& points, const Vec<double>& x, double same, double unit) {
  const double radius = same * std::max(unit, x.stableNorm());
  for (std::size_t i = 0; i < points.size(); ++i)
    if ((points[i]->x - x).stableNorm() <= radius) return static_cast<Index>(i);
  return -1;
}

}  // namespace detail

/// All fixed points that Newton's method finds from the columns of x0, each judged where it is
/// (find_fixed_point). Starts are spread over the threads, and the result has the same bits for any number of
/// them. Starts that are known to work for autoencoders: the examples, unseen points like them, and the
/// midpoints of pairs of examples (`midpoints`), near which saddles lie. Throws as find_fixed_point does.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] FixedPoints<typename F::Scalar> find_fixed_points(const Model<F>& f,
                                                                MatIn<typename F::Scalar> x0,
                                                                const FixedPointsOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, x0.rows(), "find_fixed_points", "x0");
  detail::require_fixed_point_options(options.point, "find_fixed_points");
  require(options.same >= 0, "find_fixed_points: same must be >= 0, got ", options.same);
  std::vector<detail::Found> found = detail::search_all(f, x0, options.point.search, options.observer);
  const double same = options.same > 0 ? options.same : sizeof(S) < sizeof(double) ? 1e-3 : 1e-6;
  double unit = 0;
  for (Index j = 0; j < x0.cols(); ++j)
    unit += static_cast<double>(x0.col(j).stableNorm()) / static_cast<double>(x0.cols());

  FixedPoints<S> points;
  points.same = same;
  std::vector<detail::Found*> distinct;  // the first search that led to each
  for (detail::Found& p : found) {
    points.ends.push_back(p.end);
    points.evaluations += p.evaluations;
    points.steps += p.steps;
    points.cancelled = points.cancelled || p.end == SearchEnd::cancelled;
    if (p.end != SearchEnd::converged) {
      points.point_of.push_back(-1);
      continue;
    }
    Index k = detail::same_point(distinct, p.x, same, unit);
    if (k < 0) {
      k = static_cast<Index>(distinct.size());
      distinct.push_back(&p);
      points.residuals.push_back(p.residual);
      points.left.push_back(p.left);
      points.hits.push_back(0);
    }
    ++points.hits[static_cast<std::size_t>(k)];
    points.point_of.push_back(k);
  }
  points.x.resize(x0.rows(), static_cast<Index>(distinct.size()));
  points.kinds.resize(distinct.size());
  parallel_for(points.size(), [&](Index k) {
    detail::Found& p = *distinct[static_cast<std::size_t>(k)];
    points.x.col(k) = p.x.template cast<S>();
    const detail::SelfMap map = detail::self_map(f, options.point.search.form_up_to);
    p.map = map.linearized(p.x);
    points.kinds[static_cast<std::size_t>(k)] =
        detail::judge_point<WithSpectra>(map, p, options.point.leading);
  });
  return points;
}

/// (a + b) / 2 for each pair of columns of X, (1, 2), (1, 3), (2, 3), (1, 4), ...: n (n - 1) / 2 of them.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> midpoints(const Eigen::MatrixBase<Derived>& X) {
  using S = typename Derived::Scalar;
  Mat<S> result(X.rows(), X.cols() * (X.cols() - 1) / 2);
  Index k = 0;
  for (Index j = 1; j < X.cols(); ++j)
    for (Index i = 0; i < j; ++i) result.col(k++) = (X.col(i) + X.col(j)) / S(2);
  return result;
}

/// Examples and fixed points against each other.
struct Census {
  double epsilon = 0;
  std::vector<Index> point_at;  // of each example the attracting point within epsilon, the nearest; -1: none
  /// Of each point the example within epsilon, the nearest; -1: it attracts and is spurious; -2: it does not
  /// attract.
  std::vector<Index> example_at;
  Index examples_attracting = 0;  // examples with an attracting point
  Index attractors = 0;           // attracting points
  Index spurious = 0;             // of these, without an example
};

/// Which examples (columns) are attractors, which attractors are examples, and which are neither: spurious.
/// An example counts when an attracting fixed point lies within epsilon (2-norm, units of x) of it. Throws if
/// epsilon <= 0 or the rows differ.
template <class S, class Derived>
[[nodiscard]] Census census(const FixedPoints<S>& points, const Eigen::MatrixBase<Derived>& examples,
                            double epsilon) {
  require(epsilon > 0, "census: epsilon must be > 0, got ", epsilon);
  require(points.x.rows() == examples.rows() || points.size() == 0, "census: examples have ", examples.rows(),
          " rows, the points have ", points.x.rows());
  std::vector<Index> attractors;
  for (Index k = 0; k < points.size(); ++k)
    if (points.kinds[static_cast<std::size_t>(k)].stability == Stability::attracting) attractors.push_back(k);
  Census c;
  c.epsilon = epsilon;
  c.attractors = static_cast<Index>(attractors.size());
  c.point_at.assign(static_cast<std::size_t>(examples.cols()), -1);
  c.example_at.assign(static_cast<std::size_t>(points.size()), -2);
  for (const Index k : attractors) c.example_at[static_cast<std::size_t>(k)] = -1;
  if (!attractors.empty() && examples.cols() > 0) {
    const Mat<S> x = points.x(Eigen::all, attractors);
    const NearestExamples example = nearest(x, examples), point = nearest(examples, x);
    for (std::size_t i = 0; i < attractors.size(); ++i)
      if (example.distance[i] <= epsilon)
        c.example_at[static_cast<std::size_t>(attractors[i])] = example.index[i];
    for (std::size_t j = 0; j < c.point_at.size(); ++j)
      if (point.distance[j] <= epsilon) c.point_at[j] = attractors[static_cast<std::size_t>(point.index[j])];
  }
  c.spurious = std::count(c.example_at.begin(), c.example_at.end(), Index(-1));
  c.examples_attracting = std::count_if(c.point_at.begin(), c.point_at.end(), [](Index k) { return k >= 0; });
  return c;
}

}  // namespace basin
