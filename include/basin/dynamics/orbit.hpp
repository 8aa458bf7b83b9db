// Orbits x_{t+1} = f(x_t) of whole batches of starts.
#pragma once
#include <algorithm>   // std::count, std::is_sorted, std::max
#include <any>         // std::any
#include <cmath>       // std::isfinite
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <vector>      // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/model.hpp"             // Model
#include "basin/core/model_by_calls.hpp"    // ModelByCalls, by_calls
#include "basin/core/parallel.hpp"          // ColumnRange
#include "basin/core/sum.hpp"               // norm_in_double
#include "basin/dynamics/moving_batch.hpp"  // MovingBatch, iterate_in_parts

namespace basin::inline BASIN_ABI {

/// Where an orbit ended.
enum class OrbitEnd : unsigned char {
  moving,  // max_steps were made
  // A step was no longer than the tolerance. What is left of the way may be 1 / (1 - rho) such steps, and an
  // orbit that passes an unstable fixed point settles there, too: find_fixed_points(f, orbit.x) tells which.
  settled,
  diverged,  // an entry is NaN or infinite, or the norm is above the bound
};

/// How long starts are iterated, and when they are done.
struct OrbitOptions {
  Index max_steps = 1000;  // evaluations of f for each column
  /// With one of these > 0 a column settles when |x_{t+1} - x_t| <= max(tolerance, relative_tolerance |x_t|)
  /// (2-norm), or <= 2 eps |x_t|, eps that of the network's numbers: orbits do not come closer to themselves
  /// than their rounding (in float 2.4e-6 at |x| = 10).
  double tolerance = 0;                                    // in units of x
  double relative_tolerance = 0;                           // times |x_t|
  double bound = std::numeric_limits<double>::infinity();  // a column diverges when |x_t| > bound, t >= 1
  std::vector<Index> snapshots = {};                       // times, ascending, at which all x_t are kept
  std::function<void(Index, Index)> observer =
      {};  // (columns finished, columns in all), now and then, one thread at a time
  std::function<bool()> cancelled = {};  // asked now and then; true leaves the rest `moving`
};

/// Where the starts went. A column that has settled or diverged early is no longer iterated: its later
/// snapshots are its last value.
template <class S>
struct Orbit {
  Mat<S> x;                       // x_t at the end, one column a start
  std::vector<Index> steps;       // evaluations of f that each column took
  std::vector<OrbitEnd> end;      // of each column
  std::vector<Mat<S>> snapshots;  // at the times asked for
  bool cancelled = false;
  /// How many columns ended in this way.
  Index count(OrbitEnd e) const { return std::count(end.begin(), end.end(), e); }
};

namespace detail {

/// How a step from x to y ends an orbit, or that it goes on: the one rule for orbits and basins.
template <class S>
OrbitEnd end_of_step(const OrbitOptions& o, const Eigen::Ref<const Vec<S>>& x,
                     const Eigen::Ref<const Vec<S>>& y) {
  if (!y.allFinite()) return OrbitEnd::diverged;
  if (std::isfinite(o.bound) && norm_in_double<S>(y) > o.bound) return OrbitEnd::diverged;
  if (o.tolerance > 0 || o.relative_tolerance > 0) {
    const double relative =
        std::max(o.relative_tolerance, 2 * static_cast<double>(std::numeric_limits<S>::epsilon()));
    const auto step = static_cast<double>((y - x).norm());
    if (step <= o.tolerance || step <= relative * static_cast<double>(x.norm())) return OrbitEnd::settled;
  }
  return OrbitEnd::moving;
}

/// Some columns of one orbit.
template <class S>
class OrbitPart {
 public:
  OrbitPart(const ModelByCalls<S>& f, const std::any& prepacked, const OrbitOptions& o, ColumnRange columns,
            Orbit<S>& orbit)
      : o_(o), orbit_(orbit), batch_(f, prepacked, orbit.x, columns) {}

  /// Iterates until all columns ended; `stop` is asked every 16 steps.
  template <class Stop>
  void run(const Stop& stop) {
    std::size_t next_snapshot = 0;
    for (Index t = 0;; ++t) {
      for (; next_snapshot < o_.snapshots.size() && o_.snapshots[next_snapshot] == t; ++next_snapshot)
        save(orbit_.snapshots[next_snapshot]);
      if (t == o_.max_steps || batch_.empty() || (t % 16 == 15 && stop())) break;
      step(t + 1);
    }
    save(orbit_.x);
    for (; next_snapshot < o_.snapshots.size(); ++next_snapshot) save(orbit_.snapshots[next_snapshot]);
  }

 private:
  void step(Index t) {
    batch_.advance();
    batch_.take([&](Index, Index start, const auto& x, const auto& y) {
      const OrbitEnd end = end_of_step<S>(o_, x, y);
      orbit_.steps[static_cast<std::size_t>(start)] = t;
      if (end == OrbitEnd::moving) return true;
      orbit_.end[static_cast<std::size_t>(start)] = end;
      finish(start, y, t);
      return false;
    });
  }
  /// A column that ended keeps its value in the result and in all snapshots still to come.
  void finish(Index start, const Eigen::Ref<const Vec<S>>& value, Index t) {
    orbit_.x.col(start) = value;
    for (std::size_t s = 0; s < o_.snapshots.size(); ++s)
      if (o_.snapshots[s] >= t) orbit_.snapshots[s].col(start) = value;
  }
  void save(Mat<S>& to) {
    for (std::size_t j = 0; j < batch_.starts().size(); ++j)
      to.col(batch_.starts()[j]) = batch_.now().col(static_cast<Index>(j));
  }

  const OrbitOptions& o_;
  Orbit<S>& orbit_;
  MovingBatch<S> batch_;
};

/// See basin::orbit.
template <class S>
Orbit<S> orbit_of(const ModelByCalls<S>& f, MatIn<S> x0, const OrbitOptions& options) {
  Orbit<S> result;
  result.x = x0;
  result.steps.assign(static_cast<std::size_t>(x0.cols()), 0);
  result.end.assign(static_cast<std::size_t>(x0.cols()), OrbitEnd::moving);
  result.snapshots.assign(options.snapshots.size(), Mat<S>(x0));
  result.cancelled =
      iterate_in_parts<S>(f, x0.cols(), options.max_steps > 1, options.cancelled, options.observer,
                          [&](ColumnRange columns, const std::any& prepacked, const auto& stop) {
                            OrbitPart<S>(f, prepacked, options, columns, result).run(stop);
                          });
  return result;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template Orbit<float> orbit_of<float>(const ModelByCalls<float>&, MatIn<float>, const OrbitOptions&);
extern template Orbit<double> orbit_of<double>(const ModelByCalls<double>&, MatIn<double>,
                                               const OrbitOptions&);
#endif

template <class Options>
void require_orbit_options(const Options& o, const char* who) {
  require(o.max_steps >= 0, who, ": max_steps must be >= 0, got ", o.max_steps);
  require(o.tolerance >= 0, who, ": tolerance must be >= 0, got ", o.tolerance);
  require(o.relative_tolerance >= 0, who, ": relative_tolerance must be >= 0, got ", o.relative_tolerance);
}

}  // namespace detail

/// The orbits of all columns of x0 under f, which must map its space to itself. Columns are iterated in
/// batches of up to 64 (256 in networks of more than half a million parameters), spread over the threads, and
/// leave their batch as they settle or diverge. Throws if sizes or options make no sense.
template <Layer F>
[[nodiscard]] Orbit<typename F::Scalar> orbit(const Model<F>& f, MatIn<typename F::Scalar> x0,
                                              const OrbitOptions& options = {}) {
  f.require_valid("orbit");
  require(f.layer.in_size() == f.layer.out_size(), "orbit: f maps ", f.layer.in_size(), " rows to ",
          f.layer.out_size(), ", expected as many");
  require(x0.rows() == f.layer.in_size(), "orbit: x0 has ", x0.rows(), " rows, f expects ",
          f.layer.in_size());
  detail::require_orbit_options(options, "orbit");
  require(options.bound > 0, "orbit: bound must be > 0, got ", options.bound);
  require(std::is_sorted(options.snapshots.begin(), options.snapshots.end()) &&
              (options.snapshots.empty() ||
               (options.snapshots.front() >= 0 && options.snapshots.back() <= options.max_steps)),
          "orbit: snapshots must be ascending times from 0 to max_steps = ", options.max_steps);
  return detail::orbit_of<typename F::Scalar>(detail::by_calls(f), x0, options);
}

}  // namespace basin
