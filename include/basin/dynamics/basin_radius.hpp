// How far one may go from an attractor: along directions, and with noise.
#pragma once
#include <algorithm>  // std::min, std::sort
#include <cmath>      // std::pow, std::sqrt
#include <cstddef>    // std::size_t
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/core/model.hpp"               // Model
#include "basin/core/model_by_calls.hpp"      // ModelByCalls, by_calls
#include "basin/core/statistics.hpp"          // wilson_interval, ConfidenceInterval
#include "basin/data/start_distribution.hpp"  // around_examples
#include "basin/dynamics/attractors.hpp"      // Attractor
#include "basin/dynamics/basin_map.hpp"       // basin_map
#include "basin/dynamics/directions.hpp"      // random_directions ...: what to go along
#include "basin/dynamics/fates.hpp"           // FateOptions

namespace basin::inline BASIN_ABI {

/// Which distances are tried along each direction.
struct BasinRadiusOptions {
  FateOptions fates = {};
  double smallest = 1e-3, largest = 4;  // of the radii, relative to |x*| (or to 1 where that is 0)
  Index ladder = 24;                    // so many radii between, in equal ratios, are tried first
  double accuracy = 1e-3;               // relative, of the bisection that follows
};

/// How far a basin goes along each direction.
struct BasinRadii {
  /// Distances of starts that did not come back: the smallest of the ladder, narrowed by bisection. An upper
  /// bound of how far the basin goes without a gap; infinite where all of the ladder came back.
  std::vector<double> outside;
  std::vector<double> inside;  // the distance below it that did come back; all of the ladder below did, too
  std::vector<Index> beyond;   // the fate of the start outside; 0: there is none
  bool cancelled = false;
  /// The smallest of `outside`.
  double least() const {
    double r = std::numeric_limits<double>::infinity();
    for (const double one : outside) r = std::min(r, one);
    return r;
  }
};

namespace detail {

inline void require_radius_options(const BasinRadiusOptions& o, const char* who) {
  require_fate_options(o.fates, who);
  require(o.smallest > 0 && o.smallest < o.largest, who, ": radii must have 0 < smallest < largest, got ",
          o.smallest, " and ", o.largest);
  require(o.ladder >= 2, who, ": ladder must be >= 2, got ", o.ladder);
  require(o.accuracy > 0, who, ": accuracy must be > 0, got ", o.accuracy);
}
template <class S>
const Attractor<S>& attractor_of_id(const std::vector<Attractor<S>>& attractors, Index id, const char* who) {
  require(id >= 1 && id <= static_cast<Index>(attractors.size()), who, ": id must be in 1 .. ",
          attractors.size(), ", got ", id);
  return attractors[static_cast<std::size_t>(id - 1)];
}

/// The fates of x + radii(i, k) u_k, all at once.
template <class S>
Fates fates_at(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, const Vec<double>& x,
               const Mat<double>& directions, const Mat<double>& radii, const FateOptions& o) {
  const Index each = radii.rows();
  return basin_map(f, attractors,
                   [&](ColumnRange block) {
                     Mat<S> starts(x.size(), block.size);
                     for (Index j = 0; j < block.size; ++j) {
                       const Index k = (block.begin + j) / each, i = (block.begin + j) % each;
                       starts.col(j) = (x + radii(i, k) * directions.col(k)).template cast<S>();
                     }
                     return starts;
                   },
                   radii.size(), {.fates = o});
}

/// Narrows what the fates of radii (ascending in each column) say of where the first start is lost.
inline void take_first_outside(BasinRadii& r, const Mat<double>& radii, const Fates& fates, Index id) {
  for (Index k = 0; k < radii.cols(); ++k)
    for (Index i = 0; i < radii.rows(); ++i) {
      const auto at = static_cast<std::size_t>(k * radii.rows() + i), column = static_cast<std::size_t>(k);
      if (fates.id[at] == id) {
        r.inside[column] = radii(i, k);
        continue;
      }
      r.outside[column] = radii(i, k);
      r.beyond[column] = fates.id[at];
      break;
    }
}

}  // namespace detail

namespace detail {

/// See basin::basin_radii.
template <class S>
BasinRadii basin_radii_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, Index id,
                          const Mat<double>& directions, const BasinRadiusOptions& options) {
  constexpr auto who = "basin_radii";
  require_radius_options(options, who);
  const Vec<double> x = attractor_of_id(attractors, id, who).points.col(0).template cast<double>();
  require_self_map(f, directions.rows(), who, "directions");
  require(directions.allFinite(), who, ": directions are not finite");
  const double unit = unit_of<S>({attractors[static_cast<std::size_t>(id - 1)]});
  const auto count = static_cast<std::size_t>(directions.cols());
  BasinRadii r{std::vector<double>(count, std::numeric_limits<double>::infinity()),
               std::vector<double>(count, 0), std::vector<Index>(count, 0)};
  const auto ask = [&](const Mat<double>& along, const Mat<double>& radii) {
    const Fates fates = fates_at<S>(f, attractors, x, along, radii, options.fates);
    r.cancelled = r.cancelled || fates.cancelled;
    return fates;
  };
  Mat<double> radii(options.ladder, directions.cols());
  for (Index i = 0; i < options.ladder; ++i)
    radii.row(i).setConstant(unit * options.smallest *
                             std::pow(options.largest / options.smallest,
                                      static_cast<double>(i) / static_cast<double>(options.ladder - 1)));
  take_first_outside(r, radii, ask(directions, radii), id);
  for (;;) {
    std::vector<Index> open;
    for (std::size_t k = 0; k < count; ++k)
      if (r.outside[k] < std::numeric_limits<double>::infinity() &&
          r.outside[k] - r.inside[k] > options.accuracy * r.outside[k])
        open.push_back(static_cast<Index>(k));
    if (open.empty() || r.cancelled) return r;
    Mat<double> middle(1, static_cast<Index>(open.size()));
    for (std::size_t i = 0; i < open.size(); ++i) {
      const auto k = static_cast<std::size_t>(open[i]);
      middle(0, static_cast<Index>(i)) = (r.inside[k] + r.outside[k]) / 2;
    }
    const Fates fates = ask(directions(Eigen::all, open), middle);
    if (r.cancelled) return r;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const auto k = static_cast<std::size_t>(open[i]);
      (fates.id[i] == id ? r.inside[k] : r.outside[k]) = middle(0, static_cast<Index>(i));
      if (fates.id[i] != id) r.beyond[k] = fates.id[i];
    }
  }
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template BasinRadii basin_radii_of<float>(const ModelByCalls<float>&,
                                                 const std::vector<Attractor<float>>&, Index,
                                                 const Mat<double>&, const BasinRadiusOptions&);
extern template BasinRadii basin_radii_of<double>(const ModelByCalls<double>&,
                                                  const std::vector<Attractor<double>>&, Index,
                                                  const Mat<double>&, const BasinRadiusOptions&);
#endif

}  // namespace detail

/// How far from its attractor (its first point, of a cycle) the basin `id` goes along each of some unit
/// vectors: radii in equal ratios are tried, and the step from the first start that has another fate to the
/// one before is bisected. A basin need not be star-shaped: what lies beyond, or between two radii of the
/// ladder, is not looked at.
///
/// Directions: `random_directions`, of which in networks with a narrow first layer most are neutral
/// (row_space says how many: f does not change at all along the kernel of the first layer), so that they
/// make basins look larger than they are; those within the row space (`directions_within`), and those that
/// f stretches most (`stretched_directions`, with both signs). Throws if id or sizes do not fit, or
/// options make no sense.
template <Layer F>
[[nodiscard]] BasinRadii basin_radii(const Model<F>& f,
                                     const std::vector<Attractor<typename F::Scalar>>& attractors, Index id,
                                     const Mat<double>& directions, const BasinRadiusOptions& options = {}) {
  return detail::basin_radii_of<typename F::Scalar>(detail::by_calls(f), attractors, id, directions, options);
}

/// Which sizes of noise are tried, and what counts as tolerated.
struct NoiseToleranceOptions {
  FateOptions fates = {};
  double fraction = 0.95;                 // of the noisy starts that must come back
  Index draws = 400;                      // noisy starts for each sigma
  double smallest = 1e-3, largest = 100;  // of sigma, relative to |x*| / sqrt(n) (or to 1 where that is 0)
  double accuracy = 0.01;                 // relative, of the bisection
  std::uint64_t seed = 1;
};

/// How much noise on an attractor comes back to it.
struct NoiseTolerance {
  double sigma = 0;  // the largest at which the share is at least `fraction`; 0: none, infinite: all tried
  /// Where the true share may cross `fraction`: up to `low` the share is at least that by Wilson's 95 %
  /// interval, above `high` it is not.
  ConfidenceInterval interval = {0, 0};
  double share = 0;  // at sigma
  bool cancelled = false;
};

namespace detail {

/// See basin::noise_tolerance.
template <class S>
NoiseTolerance noise_tolerance_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors,
                                  Index id, const NoiseToleranceOptions& options) {
  constexpr auto who = "noise_tolerance";
  const Attractor<S>& a = attractor_of_id(attractors, id, who);
  require(options.fraction > 0 && options.fraction < 1, who, ": fraction must be between 0 and 1, got ",
          options.fraction);
  require(options.draws >= 1, who, ": draws must be >= 1, got ", options.draws);
  require(options.smallest > 0 && options.smallest < options.largest && options.accuracy > 0, who,
          ": expected 0 < smallest < largest and accuracy > 0, got ", options.smallest, ", ", options.largest,
          " and ", options.accuracy);
  const Mat<S> x = a.points.col(0);
  const double size = norm_in_double<S>(x.col(0));
  const double unit = size > 0 ? size / std::sqrt(static_cast<double>(x.rows())) : 1;
  NoiseTolerance t;
  const auto come_back = [&](double sigma) {
    const auto map = basin_map(f, attractors, around_examples<S>(x, sigma, options.seed), options.draws,
                               {.fates = options.fates});
    t.cancelled = t.cancelled || map.cancelled;
    return map.count_id(id);
  };
  const auto largest = [&](const auto& enough) {
    double good = options.smallest * unit, bad = options.largest * unit;
    if (!enough(come_back(good))) return 0.;
    if (enough(come_back(bad))) return std::numeric_limits<double>::infinity();
    while (bad > (1 + options.accuracy) * good && !t.cancelled) {
      const double middle = std::sqrt(good * bad);
      (enough(come_back(middle)) ? good : bad) = middle;
    }
    return good;
  };
  t.sigma = largest([&](Index k) {
    return static_cast<double>(k) >= options.fraction * static_cast<double>(options.draws);
  });
  t.interval.low =
      largest([&](Index k) { return wilson_interval(k, options.draws).low >= options.fraction; });
  t.interval.high =
      largest([&](Index k) { return wilson_interval(k, options.draws).high >= options.fraction; });
  if (t.sigma > 0 && t.sigma < std::numeric_limits<double>::infinity())
    t.share = static_cast<double>(come_back(t.sigma)) / static_cast<double>(options.draws);
  return t;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template NoiseTolerance noise_tolerance_of<float>(const ModelByCalls<float>&,
                                                         const std::vector<Attractor<float>>&, Index,
                                                         const NoiseToleranceOptions&);
extern template NoiseTolerance noise_tolerance_of<double>(const ModelByCalls<double>&,
                                                          const std::vector<Attractor<double>>&, Index,
                                                          const NoiseToleranceOptions&);
#endif

}  // namespace detail

/// The largest sigma for which at least a fraction of the starts x* + sigma N(0, I), x* the (first point of
/// the) attractor `id`, have its fate: by bisection, with the same normal vectors for every sigma, as if the
/// share fell with sigma. Throws if id or options make no sense.
template <Layer F>
[[nodiscard]] NoiseTolerance noise_tolerance(const Model<F>& f,
                                             const std::vector<Attractor<typename F::Scalar>>& attractors,
                                             Index id, const NoiseToleranceOptions& options = {}) {
  return detail::noise_tolerance_of<typename F::Scalar>(detail::by_calls(f), attractors, id, options);
}

}  // namespace basin
