// What becomes of a start: at which attractor its orbit ends, and since when that is certain.
#pragma once
#include <algorithm>   // std::count, std::max
#include <any>         // std::any
#include <cstddef>     // std::size_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <optional>    // std::optional
#include <ostream>     // std::ostream
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/model_by_calls.hpp"    // ModelByCalls
#include "basin/core/product/gemm.hpp"      // gemm
#include "basin/core/scratch.hpp"           // Scratch
#include "basin/core/sum.hpp"               // norm_in_double
#include "basin/dynamics/attractors.hpp"    // Attractor, require_attractors
#include "basin/dynamics/ball_test.hpp"     // BallTest
#include "basin/dynamics/moving_batch.hpp"  // MovingBatch, iterate_in_parts
#include "basin/dynamics/orbit.hpp"         // end_of_step, OrbitOptions
#include "basin/dynamics/range_map.hpp"     // RangeMap, within_range

namespace basin::inline BASIN_ABI {

/// What became of a start.
enum class Fate : unsigned char {
  moving,     // max_steps were made, or it was cancelled
  arrived,    // at an attractor
  elsewhere,  // it settled at no attractor that is known: a spurious one perhaps, or right beside a saddle
  diverged,   // an entry is NaN or infinite, or the norm is above the bound
};
/// Its name: "settled elsewhere".
inline std::ostream& operator<<(std::ostream& out, Fate fate) {
  constexpr const char* names[] = {"moving", "arrived", "settled elsewhere", "diverged"};
  return out << names[static_cast<int>(fate)];
}

/// By what a start that arrived is known to have.
enum class Decision : unsigned char { none, certified_ball, measured_ball, end_of_orbit };
/// Its name: "a measured ball".
inline std::ostream& operator<<(std::ostream& out, Decision decision) {
  constexpr const char* names[] = {"nothing", "a certified ball", "a measured ball", "the end of the orbit"};
  return out << names[static_cast<int>(decision)];
}

/// How starts are followed until their fate is known.
struct FateOptions {
  Index max_steps = 10000;  // of f for each start
  /// An orbit that is in no ball is over when a step is this short (see OrbitOptions); both 0: it goes on.
  double tolerance = 0;               // in units of x
  double relative_tolerance = 1e-10;  // times |x_t|
  double arrived = 1e-3;  // then it is at an attractor within arrived max |point|, the largest of all points
  double bound = 0;       // a start diverges when |x_t| > bound, t >= 1; 0: 1e6 max |point|
  std::function<void(Index, Index)> observer = {};  // (starts finished, starts in all), one thread at a time
  std::function<bool()> cancelled = {};             // asked now and then; true leaves the rest `moving`
};

/// The fates of some starts, in their order.
struct Fates {
  std::vector<Index> id;           // of the attractor, from 1; -1: the start did not arrive at one
  std::vector<Fate> fate;          // why not
  std::vector<Decision> decision;  // by what it did
  std::vector<Index> steps;        // evaluations of f until that was certain
  bool cancelled = false;

  /// How many starts.
  Index size() const { return static_cast<Index>(id.size()); }
  /// How many have this fate.
  Index count(Fate f) const { return std::count(fate.begin(), fate.end(), f); }
  /// How many were decided by this.
  Index count(Decision d) const { return std::count(decision.begin(), decision.end(), d); }
  /// Starts whose id this is.
  Index count_id(Index k) const { return std::count(id.begin(), id.end(), k); }
  /// Evaluations of f for all of them.
  double evaluations() const {
    double sum = 0;
    for (const Index s : steps) sum += static_cast<double>(s);
    return sum;
  }
};

namespace detail {

inline void require_fate_options(const FateOptions& o, const char* who) {
  require_orbit_options(o, who);
  require(o.arrived > 0, who, ": arrived must be > 0, got ", o.arrived);
  require(o.bound >= 0, who, ": bound must be >= 0, got ", o.bound);
}

/// The largest |point| of the attractors: the unit of `arrived`. 1 where that is 0 or there is none.
template <class S>
double unit_of(const std::vector<Attractor<S>>& attractors) {
  double unit = 0;
  for (const Attractor<S>& a : attractors)
    for (Index i = 0; i < a.period(); ++i) unit = std::max(unit, norm_in_double<S>(a.points.col(i)));
  return unit > 0 ? unit : 1;
}

/// The attractor, from 0, that has a point within `distance` of x, the nearest; -1: none.
template <class S>
Index attractor_within(const std::vector<Attractor<S>>& attractors, const Eigen::Ref<const Vec<S>>& x,
                       double distance) {
  Index nearest = -1;
  for (std::size_t k = 0; k < attractors.size(); ++k)
    for (Index i = 0; i < attractors[k].period(); ++i)
      if (const double d = exact_distance<S>(x, attractors[k].points.col(i)); d <= distance) {
        distance = d;
        nearest = static_cast<Index>(k);
      }
  return nearest;
}

/// What is the same for all parts of a batch of starts.
template <class S>
struct FateRule {
  const std::vector<Attractor<S>>& attractors;
  BallTest<S> balls;
  OrbitOptions orbit;
  double arrived;

  FateRule(const std::vector<Attractor<S>>& all, Index size, const FateOptions& o)
      : attractors(all), balls(all, size), arrived(o.arrived * unit_of(all)) {
    orbit.max_steps = o.max_steps;
    orbit.tolerance = o.tolerance;
    orbit.relative_tolerance = o.relative_tolerance;
    orbit.bound = o.bound > 0   ? o.bound
                  : all.empty() ? std::numeric_limits<double>::infinity()
                                : 1e6 * unit_of(all);
  }
};

/// Where the fates of starts are written.
template <class S>
struct FateRecord {
  Fates& fates;
  Mat<S>* ends;  // unless null: where those ended that did not get into a ball
};

/// Some starts on their way to their fates.
template <class S>
class FatePart {
 public:
  /// `lift`, unless null: points of the batch are coordinates, x = lift y.
  FatePart(const FateRule<S>& rule, const FateRecord<S>& record, MovingBatch<S> batch,
           const Mat<S>* lift = nullptr)
      : rule_(rule), record_(record), lift_(lift), batch_(std::move(batch)) {}

  const MovingBatch<S>& batch() const { return batch_; }

  /// Starts that lie in a ball from the beginning have arrived.
  void begin() {
    rule_.balls(batch_.now(), inside_, keys_);
    batch_.sift([&](Index j, Index start, const auto&) { return !arrives(j, start); });
  }
  /// The steps first, ..., last, unless all fates are known before; `stop` is asked every 16 steps.
  template <class Stop>
  void run(Index first, Index last, const Stop& stop) {
    for (Index t = first; t <= last && !batch_.empty(); ++t) {
      if (t % 16 == 0 && stop()) break;
      batch_.advance();
      rule_.balls(batch_.next(), inside_, keys_);
      batch_.take([&](Index j, Index start, const auto& x, const auto& y) {
        record_.fates.steps[static_cast<std::size_t>(start)] = t;
        return !arrives(j, start) && goes_on(start, x, y);
      });
    }
  }
  /// Notes where those are that still move.
  void end() {
    for (std::size_t j = 0; j < batch_.starts().size(); ++j)
      note_end(batch_.starts()[j], batch_.now().col(static_cast<Index>(j)));
  }

 private:
  void conclude(Index start, Fate fate, Decision decision, Index attractor) {
    const auto at = static_cast<std::size_t>(start);
    record_.fates.fate[at] = fate;
    record_.fates.decision[at] = decision;
    record_.fates.id[at] = attractor < 0 ? -1 : attractor + 1;
  }
  void note_end(Index start, const Eigen::Ref<const Vec<S>>& y) {
    if (!record_.ends) return;
    if (lift_)
      record_.ends->col(start).noalias() = *lift_ * y;
    else
      record_.ends->col(start) = y;
  }
  bool arrives(Index j, Index start) {
    const Index k = inside_[static_cast<std::size_t>(j)];
    if (k < 0) return false;
    const bool certified = rule_.attractors[static_cast<std::size_t>(k)].certified;
    conclude(start, Fate::arrived, certified ? Decision::certified_ball : Decision::measured_ball, k);
    return true;
  }
  bool goes_on(Index start, const Eigen::Ref<const Vec<S>>& x, const Eigen::Ref<const Vec<S>>& y) {
    const OrbitEnd end = end_of_step<S>(rule_.orbit, x, y);
    if (end == OrbitEnd::moving) return true;
    const Index k = end == OrbitEnd::settled ? attractor_within<S>(rule_.attractors, y, rule_.arrived) : -1;
    if (end == OrbitEnd::diverged)
      conclude(start, Fate::diverged, Decision::none, -1);
    else if (k >= 0)
      conclude(start, Fate::arrived, Decision::end_of_orbit, k);
    else
      conclude(start, Fate::elsewhere, Decision::none, -1);
    note_end(start, y);
    return false;
  }

  const FateRule<S>& rule_;
  FateRecord<S> record_;
  const Mat<S>* lift_;
  MovingBatch<S> batch_;
  std::vector<Index> inside_;
  Scratch<S> keys_;
};

/// Starts followed in coordinates of the range of f, from their first step on.
template <class S>
class RangePart {
 public:
  /// `within`: the attractors in these coordinates, to which this refers; `rule` is that of the whole space.
  RangePart(const RangeMap<S>& range, const std::vector<Attractor<S>>& within, const FateRule<S>& rule,
            const FateOptions& options)
      : range_(range), lift_(range.Q.template cast<S>()), rule_(within, range.Q.cols(), options) {
    rule_.orbit.bound = rule.orbit.bound;
    rule_.arrived = rule.arrived;
    range.layer.prepack(range.theta, prepacked_);
  }
  /// The steps 2, 3, ... of those that still move after the first one.
  template <class Stop>
  void run(const MovingBatch<S>& batch, const FateRecord<S>& record, const Stop& stop) const {
    Mat<S> y(lift_.cols(), batch.now().cols());
    gemm<S, GemmOp::transposed>(lift_, batch.now(), y);
    FatePart<S> part(rule_, record,
                     MovingBatch<S>(range_.g(), prepacked_, y, std::vector<Index>(batch.starts())), &lift_);
    part.run(2, rule_.orbit.max_steps, stop);
    part.end();
  }

 private:
  const RangeMap<S>& range_;
  Mat<S> lift_;
  FateRule<S> rule_;
  std::any prepacked_;
};

/// The fates of the columns of x0. `ends`, unless null: where those ended that did not get into a ball; the
/// other columns are as they were. `range`, unless null: from the first step on the orbits are followed in
/// its coordinates, unless an attractor is not of the range.
template <class S>
Fates follow(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, MatIn<S> x0,
             const FateOptions& options, Mat<S>* ends = nullptr, const RangeMap<S>* range = nullptr) {
  const auto count = static_cast<std::size_t>(x0.cols());
  Fates fates{std::vector<Index>(count, -1), std::vector<Fate>(count, Fate::moving),
              std::vector<Decision>(count, Decision::none), std::vector<Index>(count, 0)};
  if (ends) *ends = x0;
  const FateRecord<S> record{fates, ends};
  const FateRule<S> rule(attractors, x0.rows(), options);
  std::optional<std::vector<Attractor<S>>> within;
  std::optional<RangePart<S>> in_range;
  if (range && options.max_steps > 1) within = within_range(range->Q, attractors);
  if (within) in_range.emplace(*range, *within, rule, options);
  fates.cancelled =
      iterate_in_parts<S>(f, x0.cols(), options.max_steps > 1, options.cancelled, options.observer,
                          [&](ColumnRange columns, const std::any& prepacked, const auto& stop) {
                            FatePart<S> part(rule, record, MovingBatch<S>(f, prepacked, x0, columns));
                            part.begin();
                            part.run(1, in_range ? 1 : options.max_steps, stop);
                            if (in_range)
                              in_range->run(part.batch(), record, stop);
                            else
                              part.end();
                          });
  return fates;
}

}  // namespace detail
}  // namespace basin
