// All fixed points that many starts lead to: found, counted, and how many may be missing.
#pragma once
#include <algorithm>   // std::clamp, std::count, std::count_if, std::find, std::max, std::move, std::none_of
#include <cstddef>     // std::size_t
#include <functional>  // std::function
#include <mutex>       // std::mutex
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"            // require
#include "basin/core/layer.hpp"            // Layer, cache_bytes
#include "basin/core/model.hpp"            // Model
#include "basin/core/parallel.hpp"         // parallel_for, column_range, ColumnRange
#include "basin/core/types.hpp"            // Index, Mat, MatIn, Vec
#include "basin/dynamics/basins.hpp"       // nearest
#include "basin/dynamics/fixed_point.hpp"  // judge_point, FixedPointOptions
#include "basin/dynamics/newton.hpp"       // rough_searches, polish, Found
#include "basin/dynamics/self_map.hpp"     // SelfMap, self_map, require_self_map

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
  Index steps = 0;                     // Newton's, in all
  double same = 0, unit = 0;           // closer than same max(|x|, unit) are one point
  bool cancelled = false;

  /// How many distinct points.
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
  /// Whether the index of each point is shown.
  bool index_is_sure() const {
    return std::none_of(kinds.begin(), kinds.end(), [](const auto& k) { return k.index == 0; });
  }
  /// How many there may be, by the hits.
  Richness richness() const { return basin::richness(hits); }
};

/// How find_fixed_points searches, and when points are one.
struct FixedPointsOptions {
  FixedPointOptions point = {};  // of each search
  /// Points closer than this times the larger of |x| and the mean |x0| are one. 0: 1e-6 in double, 1e-3 in
  /// float.
  double same = 0;
  std::function<void(Index, Index)> observer = {};  // (starts finished, starts in all), one thread at a time
};

namespace detail {

/// So many searches are made side by side, fewer where each keeps many bytes for its derivatives. Which ones
/// are in a group does not depend on the threads.
inline Index searches_together(Index bytes_of_one) {
  return std::clamp<Index>((Index(16) << 20) / std::max<Index>(bytes_of_one, 1), 4, 96);
}

/// A SelfMap for each part of the work: what one keeps between points is not shared by threads.
using SelfMaps = std::function<SelfMap()>;

/// The searches from all columns of x0, in groups of `together`, over the threads, up to the tolerance: of
/// points that many starts lead to one alone is polished.
template <class S>
std::vector<Found> search_all(const SelfMaps& maps, Index together, MatIn<S> x0, const SearchOptions& o,
                              const std::function<void(Index, Index)>& observer) {
  std::vector<Found> found(static_cast<std::size_t>(x0.cols()));
  std::mutex one_at_a_time;
  Index finished = 0;
  const Index groups = (x0.cols() + together - 1) / together;
  parallel_for(groups, [&](Index group) {
    const ColumnRange part = column_range(x0.cols(), groups, group);
    const Mat<double> starts = x0.middleCols(part.begin, part.size).template cast<double>();
    std::vector<Found> here = rough_searches(maps(), starts, o);
    std::move(here.begin(), here.end(), found.begin() + part.begin);
    if (!observer) return;
    const std::lock_guard lock(one_at_a_time);
    observer(finished += part.size, x0.cols());
  });
  return found;
}

/// The first of the columns of `points` that is one with x, or -1.
template <class S>
Index same_point(MatIn<S> points, const Vec<double>& x, double same, double unit) {
  const double radius = same * std::max(unit, x.stableNorm());
  for (Index k = 0; k < points.cols(); ++k)
    if ((points.col(k).template cast<double>() - x).stableNorm() <= radius) return k;
  return -1;
}

/// x as a further column.
template <class S>
void append_column(Mat<S>& columns, const Vec<double>& x) {
  columns.conservativeResize(x.size(), columns.cols() + 1);
  columns.rightCols(1) = x.template cast<S>();
}

/// All searches; of those that converged the first that led to each point; and for each search its place
/// among these, or -1.
struct Arrivals {
  std::vector<Found> found;
  std::vector<std::size_t> first;
  std::vector<Index> of_start;
};
inline Arrivals arrivals(std::vector<Found> found, double same, double unit) {
  Arrivals result;
  Mat<double> x;
  for (std::size_t j = 0; j < found.size(); ++j) {
    Index k = -1;
    if (found[j].end == SearchEnd::converged) {
      k = same_point<double>(x, found[j].x, same, unit);
      if (k < 0) {
        k = x.cols();
        append_column(x, found[j].x);
        result.first.push_back(j);
      }
    }
    result.of_start.push_back(k);
  }
  result.found = std::move(found);
  return result;
}

/// Adds what is new, all but its kind. The number of each arrival among the points.
template <class S>
std::vector<Index> add_arrivals(FixedPoints<S>& points, const Arrivals& arrived) {
  std::vector<Index> number;
  for (const std::size_t j : arrived.first) {
    const Found& p = arrived.found[j];
    number.push_back(same_point<S>(points.x, p.x, points.same, points.unit));
    if (number.back() >= 0) continue;
    number.back() = points.size();
    append_column(points.x, p.x);
    points.residuals.push_back(p.residual);
    points.left.push_back(p.left);
    points.hits.push_back(0);
  }
  return number;
}

/// Adds where each start led.
template <class S>
void add_starts(FixedPoints<S>& points, const Arrivals& arrived, const std::vector<Index>& number) {
  for (std::size_t j = 0; j < arrived.found.size(); ++j) {
    const Found& p = arrived.found[j];
    const Index k = arrived.of_start[j] < 0 ? -1 : number[static_cast<std::size_t>(arrived.of_start[j])];
    points.point_of.push_back(k);
    if (k >= 0) ++points.hits[static_cast<std::size_t>(k)];
    points.ends.push_back(p.end);
    points.evaluations += p.evaluations;
    points.steps += p.steps;
    points.cancelled = points.cancelled || p.end == SearchEnd::cancelled;
  }
}

template <class S>
double mean_norm_of(MatIn<S> x) {
  double sum = 0;
  for (Index j = 0; j < x.cols(); ++j) sum += static_cast<double>(x.col(j).stableNorm());
  return x.cols() > 0 ? sum / static_cast<double>(x.cols()) : 0;
}

/// find_more_fixed_points for all networks, which `maps` are.
template <class S, bool WithSpectra>
void find_more_points(const SelfMaps& maps, Index together, FixedPoints<S>& points, MatIn<S> x0,
                      const FixedPointsOptions& options) {
  require_fixed_point_options(options.point, "find_fixed_points");
  require(options.same >= 0, "find_fixed_points: same must be >= 0, got ", options.same);
  if (points.ends.empty()) {
    points.same = options.same > 0 ? options.same : sizeof(S) < sizeof(double) ? 1e-3 : 1e-6;
    points.unit = mean_norm_of<S>(x0);
  }
  const SearchOptions& search = options.point.search;
  Arrivals arrived =
      arrivals(search_all<S>(maps, together, x0, search, options.observer), points.same, points.unit);
  parallel_for(static_cast<Index>(arrived.first.size()), [&](Index k) {
    polish(maps(), arrived.found[arrived.first[static_cast<std::size_t>(k)]], search);
  });
  const Index known = points.size();
  points.x.conservativeResize(x0.rows(), known);
  const std::vector<Index> number = add_arrivals(points, arrived);
  points.kinds.resize(points.hits.size());
  parallel_for(static_cast<Index>(number.size()), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    const Index k = number[at];
    if (k < known || std::find(number.begin(), number.begin() + i, k) != number.begin() + i) return;
    points.kinds[static_cast<std::size_t>(k)] =
        judge_point<WithSpectra>(maps(), arrived.found[arrived.first[at]], options.point.leading);
  });
  add_starts(points, arrived, number);
}

}  // namespace detail

/// Adds to `points`, which were found of the same f, what the columns of x0 lead to, as find_fixed_points on
/// the starts of both: only points that are new are judged. What counts as one point stays as it is.
template <Layer F, bool WithSpectra = detail::with_spectra>
void find_more_fixed_points(const Model<F>& f, FixedPoints<typename F::Scalar>& points,
                            MatIn<typename F::Scalar> x0, const FixedPointsOptions& options = {}) {
  detail::require_self_map(f, x0.rows(), "find_fixed_points", "x0");
  detail::find_more_points<typename F::Scalar, WithSpectra>(
      [&f, &options] { return detail::self_map(f, options.point.search); },
      detail::searches_together(cache_bytes(f.layer, 1)), points, x0, options);
}

/// All fixed points that Newton's method finds from the columns of x0, each judged where it is
/// (find_fixed_point). Starts are spread over the threads, and the result has the same bits for any number of
/// them. Starts that are known to work for autoencoders: the examples, unseen points like them, and the
/// midpoints of pairs of examples (`midpoints`), near which saddles lie; then, by find_more_fixed_points, the
/// midpoints of pairs of what was found. Throws as find_fixed_point does.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] FixedPoints<typename F::Scalar> find_fixed_points(const Model<F>& f,
                                                                MatIn<typename F::Scalar> x0,
                                                                const FixedPointsOptions& options = {}) {
  FixedPoints<typename F::Scalar> points;
  find_more_fixed_points<F, WithSpectra>(f, points, x0, options);
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
  double epsilon = 0;           // how near counts as at an example: 2-norm, in units of x
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

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI::detail {
extern template void find_more_points<float, with_spectra>(const SelfMaps&, Index, FixedPoints<float>&,
                                                           MatIn<float>, const FixedPointsOptions&);
extern template void find_more_points<double, with_spectra>(const SelfMaps&, Index, FixedPoints<double>&,
                                                            MatIn<double>, const FixedPointsOptions&);
}  // namespace basin::detail
#endif
