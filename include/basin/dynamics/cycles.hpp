// Cycles of x -> f(x): one refined from points next to it, and all that the orbits of many starts end on.
#pragma once
#include <algorithm>   // std::any_of, std::count, std::count_if, std::max, std::min
#include <cmath>       // std::isfinite, std::isnan
#include <complex>     // std::complex
#include <cstddef>     // std::size_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <ostream>     // std::ostream
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"                // require
#include "basin/core/model.hpp"                // Model
#include "basin/core/types.hpp"                // Index, Mat, MatIn, Vec
#include "basin/dynamics/cycle.hpp"            // periods
#include "basin/dynamics/cycle_stability.hpp"  // find_and_judge_cycle
#include "basin/dynamics/fixed_points.hpp"     // same_point, mean_norm_of
#include "basin/dynamics/orbit.hpp"            // orbit

namespace basin::inline BASIN_ABI {

/// A cycle x_1 -> x_2 -> ... -> x_p -> x_1 of p different points that was looked for, and what is known of
/// the place where the search ended. The numbers of LinearStability are those of M = J_p ... J_1, the
/// Jacobian of f^p at x_1, whose eigenvalues are the multipliers of the cycle; they are the same at each of
/// its points. Where the search did not converge, `stability` is not_fixed and they are those of nothing.
template <class S>
struct Cycle : LinearStability {
  SearchEnd end = SearchEnd::exhausted;  // converged, or why not
  Mat<S> points;                         // in order, one column each
  Index asked = 0;                       // of how many points the search began
  double residual = 0;                   // max |f(x_i) - x_(i+1)|
  double left = 0;      // the longest of Newton's steps at the points: how far they are, to first order
  double distance = 0;  // max |x_i - x0_i|
  /// The eigenvalues of M as computed, largest modulus first, without those that are 0 because the network is
  /// narrow (jacobian_factors). Those below about eps |M| are rounding. Empty where J is known by its
  /// products alone.
  std::vector<std::complex<double>> multipliers;
  Index steps = 0;        // Newton's, each of all points
  Index evaluations = 0;  // of f
  /// Whether a cycle was found; else `end` says why not.
  bool converged() const { return end == SearchEnd::converged; }
  /// The least number of points after which it repeats.
  Index period() const { return points.cols(); }
  /// Whether fewer points were found than were asked for: a cycle that the start goes round several times, or
  /// a fixed point.
  bool reduced() const { return period() < asked; }
};

/// How refine_cycle searches, and when points are one.
struct CycleOptions {
  SearchOptions search = {};    // Newton's method
  LeadingOptions leading = {};  // where J is known by its products alone
  /// Points closer than this times the larger of |x| and the unit are one: by it the period is the least one.
  /// 0: 1e-6 in double, 1e-3 in float.
  double same = 0;
};

namespace detail {

inline void require_cycle_options(const CycleOptions& o, const char* who) {
  require_search_options(o.search, who);
  require(o.same >= 0, who, ": same must be >= 0, got ", o.same);
}
template <class S>
double same_of(const CycleOptions& o) {
  return o.same > 0 ? o.same : sizeof(S) < sizeof(double) ? 1e-3 : 1e-6;
}

template <class S, bool WithSpectra>
Cycle<S> refined(const SelfMap& f, const Mat<double>& start, const CycleOptions& options) {
  JudgedCycle p =
      find_and_judge_cycle<WithSpectra>(f, start, options.search, same_of<S>(options), options.leading);
  Cycle<S> cycle;
  static_cast<LinearStability&>(cycle) = p.stability;
  cycle.end = p.found.end;
  cycle.points = p.found.x.template cast<S>();
  cycle.asked = p.found.asked;
  cycle.residual = p.found.residual;
  cycle.left = p.found.left;
  for (Index i = 0; i < start.cols(); ++i)
    cycle.distance =
        std::max(cycle.distance, (p.found.x.col(i % p.found.x.cols()) - start.col(i)).stableNorm());
  cycle.multipliers = std::move(p.multipliers);
  cycle.steps = p.found.steps;
  cycle.evaluations = p.found.evaluations;
  return cycle;
}

}  // namespace detail

/// The cycle that Newton's method finds from the columns of `points`, which it should pass through in their
/// order, with the verdict whether it attracts. All points are moved at once (multiple shooting): with R_i =
/// f(x_i) - x_(i+1) the steps are s_(i+1) = J_i s_i + R_i, s_1 = (I - M)^-1 c, so that Newton's method does
/// not see the powers of f, which bend the more the more steps they make. Steps are damped, taken in double,
/// and made of the narrow factors of J where the network has some; see find_fixed_point, which is the case of
/// one column.
///
/// The cycle has the least period: of points that are a cycle gone round twice, or a fixed point, the first
/// ones are kept and refined again. What a verdict rests on stands at LinearStability, with the errors of all
/// p Jacobians carried through their product; multipliers above 1e12 are past what it can carry. Throws if f
/// does not map its space to itself, if points do not fit or there are none, or if an option makes no sense.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] Cycle<typename F::Scalar> refine_cycle(const Model<F>& f, MatIn<typename F::Scalar> points,
                                                     const CycleOptions& options = {}) {
  detail::require_self_map(f, points.rows(), "refine_cycle", "points");
  detail::require_cycle_options(options, "refine_cycle");
  require(points.cols() >= 1, "refine_cycle: points must have at least 1 column, got ", points.cols());
  return detail::refined<typename F::Scalar, WithSpectra>(detail::self_map(f, options.search),
                                                          points.template cast<double>(), options);
}

/// What became of a start.
enum class StartEnd : unsigned char {
  on_cycle,       // it came to a cycle that was found
  passing,        // it came near a cycle that is unstable, and will leave it unless it lies on it
  no_recurrence,  // it did not come back within `longest` steps: on a longer cycle, on none, or late
  not_found,      // it came back, but Newton's method found no cycle there
  diverged,       // its orbit is not bounded by `bound`, or not finite
  cancelled,
};
/// Its name: "passing an unstable cycle".
inline std::ostream& operator<<(std::ostream& out, StartEnd end) {
  switch (end) {
    case StartEnd::on_cycle:
      return out << "on a cycle";
    case StartEnd::passing:
      return out << "passing an unstable cycle";
    case StartEnd::no_recurrence:
      return out << "without recurrence";
    case StartEnd::not_found:
      return out << "recurrent where no cycle was found";
    case StartEnd::diverged:
      return out << "diverged";
    case StartEnd::cancelled:
      return out << "cancelled";
  }
  return out;
}

/// The distinct cycles that starts came to, in the order of the first of them. A fixed point is a cycle of
/// one point; the shifts of a cycle are one cycle.
template <class S>
struct Cycles {
  std::vector<Cycle<S>> cycles;  // distinct
  std::vector<Index> hits;       // how many starts ended on each; of an unstable one none
  std::vector<Index> cycle_of;   // of each start its cycle; -1: none
  std::vector<StartEnd> ends;    // of each start, and why not
  double near = 0, unit = 0;     // a start is on a cycle within near max(|x|, unit)
  bool cancelled = false;

  /// How many cycles.
  Index size() const { return static_cast<Index>(cycles.size()); }
  /// How many starts ended in this way.
  Index count(StartEnd e) const { return std::count(ends.begin(), ends.end(), e); }
  /// How many cycles are of this kind.
  Index count(Stability s) const {
    return std::count_if(cycles.begin(), cycles.end(), [s](const auto& c) { return c.stability == s; });
  }
  /// How many there may be, by the hits.
  Richness richness() const { return basin::richness(hits); }
};

/// How find_cycles looks for cycles along orbits.
struct CyclesOptions {
  CycleOptions cycle = {};  // of what Newton's method makes of a recurrence
  Index transient = 1000;   // steps that each start makes first
  Index longest = 64;       // the longest period that is looked for
  /// An orbit recurs when it comes back to within near times the mean |x0|, and a start is on a cycle within
  /// ten times that (times |x| where that is larger). 0: 1e-5 in double, 1e-3 in float.
  double near = 0;
  double bound = std::numeric_limits<double>::infinity();  // an orbit diverges when |x_t| > bound
  std::function<void(Index, Index)> observer = {};  // (starts finished, starts in all), one thread at a time
};

namespace detail {

/// The first cycle with a point within near max(|x|, unit) of x; -1: none.
template <class S>
Index cycle_near(const Cycles<S>& found, const Vec<double>& x, double near) {
  for (Index k = 0; k < found.size(); ++k)
    if (same_point<S>(found.cycles[static_cast<std::size_t>(k)].points, x, near, found.unit) >= 0) return k;
  return -1;
}

/// x, f(x), ..., f^(p-1)(x)
inline Mat<double> points_of_orbit(const SelfMap& f, const Vec<double>& x, Index p) {
  Mat<double> points(x.size(), p);
  points.col(0) = x;
  for (Index i = 1; i < p; ++i) points.col(i) = f.value(points.col(i - 1));
  return points;
}

/// The periods of the columns of x, a group at a time: each keeps `longest` points.
template <class F>
std::vector<Index> grouped_periods(const Model<F>& f, const Mat<typename F::Scalar>& x, Index longest,
                                   double tolerance, const std::function<bool()>& cancelled) {
  const Index budget = Index(1) << 25;  // numbers
  const Index together = std::max<Index>(64, budget / std::max<Index>(1, x.rows()) / longest);
  std::vector<Index> result;
  for (Index begin = 0; begin < x.cols(); begin += together) {
    if (cancelled && cancelled()) break;
    const Index size = std::min(together, x.cols() - begin);
    const std::vector<Index> here = periods(f, x.middleCols(begin, size), longest, tolerance);
    result.insert(result.end(), here.begin(), here.end());
  }
  result.resize(static_cast<std::size_t>(x.cols()), 0);
  return result;
}

/// Where a start whose orbit came to x and recurs belongs, after a look for its cycle if it is new.
template <class S, bool WithSpectra>
StartEnd settle(const SelfMap& f, const Vec<double>& x, Index period, const CycleOptions& options,
                Cycles<S>& found, Index& number) {
  number = cycle_near(found, x, found.near);
  if (number < 0) {
    Cycle<S> cycle = refined<S, WithSpectra>(f, points_of_orbit(f, x, period), options);
    if (cycle.end == SearchEnd::cancelled) return StartEnd::cancelled;
    if (!cycle.converged() || same_point<S>(cycle.points, x, found.near, found.unit) < 0)
      return StartEnd::not_found;
    found.cycles.push_back(std::move(cycle));
    found.hits.push_back(0);
    number = found.size() - 1;
  }
  const auto k = static_cast<std::size_t>(number);
  if (found.cycles[k].stability == Stability::unstable) {
    number = -1;
    return StartEnd::passing;
  }
  ++found.hits[k];
  return StartEnd::on_cycle;
}

inline void require_cycles_options(const CyclesOptions& o) {
  require_cycle_options(o.cycle, "find_cycles");
  require(o.transient >= 0, "find_cycles: transient must be >= 0, got ", o.transient);
  require(o.longest >= 1, "find_cycles: longest must be >= 1, got ", o.longest);
  require(o.near >= 0, "find_cycles: near must be >= 0, got ", o.near);
}

}  // namespace detail

/// The cycles that the orbits of the columns of x0 end on, each refined and judged (refine_cycle), and which
/// start came to which. Orbits make `transient` steps; those that then recur within `longest` steps are on
/// their way to a cycle. The result has the same bits for any number of threads. What no orbit ends on,
/// unstable cycles, is not looked for: refine_cycle finds those next to points that are known. Throws as
/// refine_cycle and orbit do, or if an option makes no sense.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] Cycles<typename F::Scalar> find_cycles(const Model<F>& f, MatIn<typename F::Scalar> x0,
                                                     const CyclesOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, x0.rows(), "find_cycles", "x0");
  detail::require_cycles_options(options);
  const auto& stop = options.cycle.search.cancelled;
  const double near = options.near > 0 ? options.near : sizeof(S) < sizeof(double) ? 1e-3 : 1e-5;
  Cycles<S> found;
  found.near = 10 * near;
  const double mean = detail::mean_norm_of<S>(x0);
  found.unit = mean > 0 && std::isfinite(mean) ? mean : 1;
  const Orbit<S> o =
      orbit(f, x0, {.max_steps = options.transient, .bound = options.bound, .cancelled = stop});
  found.cancelled = o.cancelled;
  std::vector<Index> period(static_cast<std::size_t>(x0.cols()), 0);
  if (!o.cancelled) period = detail::grouped_periods(f, o.x, options.longest, near * found.unit, stop);
  const detail::SelfMap map = detail::self_map(f, options.cycle.search);
  for (Index j = 0; j < x0.cols(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    Index number = -1;
    found.cancelled = found.cancelled || (stop && stop());
    StartEnd end = found.cancelled                   ? StartEnd::cancelled
                   : o.end[at] == OrbitEnd::diverged ? StartEnd::diverged
                   : period[at] == 0
                       ? StartEnd::no_recurrence
                       : detail::settle<S, WithSpectra>(map, o.x.col(j).template cast<double>(), period[at],
                                                        options.cycle, found, number);
    found.cancelled = found.cancelled || end == StartEnd::cancelled;
    found.ends.push_back(end);
    found.cycle_of.push_back(number);
    if (options.observer) options.observer(j + 1, x0.cols());
  }
  return found;
}

}  // namespace basin
