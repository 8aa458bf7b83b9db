// How rough the boundaries of basins are: basin entropy, uncertainty exponent, Wada's property.
#pragma once
#include <algorithm>  // std::max, std::min, std::sort, std::unique
#include <cmath>      // std::cos, std::log, std::sin, std::sqrt
#include <cstddef>    // std::size_t
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <numbers>    // std::numbers::pi
#include <vector>     // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/core/model_by_calls.hpp"      // ModelByCalls, by_calls
#include "basin/core/statistics.hpp"          // LineFit, fit_line
#include "basin/core/types.hpp"               // Index, Mat
#include "basin/data/start_distribution.hpp"  // random_of_start
#include "basin/dynamics/slice.hpp"           // Plane, PlaneBox

namespace basin::inline BASIN_ABI {

/// Basin entropy of a picture of ids.
struct BasinEntropy {
  double entropy = 0;   // S_b: the mean over all boxes of -sum p log p, p the shares of ids in a box
  double boundary = 0;  // S_bb: the mean over the boxes with more than one id; 0 where there is none
  Index boxes = 0, boundary_boxes = 0;  // how many, and those of them with more than one id
  Index cells = 0;                      // in a box
  /// S_bb > log 2: sufficient for a fractal boundary (Daza et al. 2016), up to the error of a mean over
  /// boundary_boxes. Where it does not hold nothing is shown.
  bool above_log_2() const { return boundary > std::log(2.); }
};

/// The entropy of a picture that is cut into boxes of side x side cells; what is left over at the upper and
/// right sides is not counted (Daza, Wagemakers, Georgeot, Guery-Odelin, Sanjuan 2016). A smooth boundary
/// between two basins has S_bb <= log 2, and so have points where three meet as long as they are few. Lost
/// cells (-1) count as an id of their own. Throws unless 2 <= side <= both sides of the picture.
template <class = void>
[[nodiscard]] BasinEntropy basin_entropy(const Mat<Index>& ids, Index side) {
  require(side >= 2 && side <= ids.rows() && side <= ids.cols(), "basin_entropy: side must be in 2 .. ",
          std::min(ids.rows(), ids.cols()), ", got ", side);
  BasinEntropy e;
  e.cells = side * side;
  double sum = 0;
  for (Index j = 0; j + side <= ids.cols(); j += side)
    for (Index i = 0; i + side <= ids.rows(); i += side) {
      const Mat<Index> block = ids.block(i, j, side, side);
      std::vector<Index> cells(block.data(), block.data() + block.size());
      std::sort(cells.begin(), cells.end());
      double entropy = 0;
      for (std::size_t begin = 0, end = 0; begin < cells.size(); begin = end) {
        while (end < cells.size() && cells[end] == cells[begin]) ++end;
        const double p = static_cast<double>(end - begin) / static_cast<double>(cells.size());
        entropy -= p * std::log(p);
      }
      e.boxes += 1;
      e.boundary_boxes += cells.front() != cells.back();
      sum += entropy;
    }
  e.entropy = sum / static_cast<double>(e.boxes);
  e.boundary = e.boundary_boxes > 0 ? sum / static_cast<double>(e.boundary_boxes) : 0;
  return e;
}

/// How uncertainty_exponent draws and fits.
struct UncertaintyOptions {
  BasinMapOptions map = {};  // find_new plays no part
  Index samples = 2000;      // pairs of starts for each epsilon
  double largest = 1. / 16;  // epsilon, relative to the smaller side of the box; larger ones saturate
  Index halvings = 7;        // epsilons largest, largest / 2, ...: one more than this
  Index least = 10;          // uncertain samples: an epsilon with fewer does not count in the fit
  std::uint64_t seed = 1;
};

/// How the share of starts whose fate is uncertain falls with epsilon.
struct UncertaintyExponent {
  double exponent =
      0;             // slope of log f over log epsilon: the dimension of the plane less that of the boundary
  double error = 0;  // standard error of it, by leaving out one of 20 groups of samples at a time
  LineFit fit;       // of the logarithms; its slope_error knows nothing of what the epsilons have in common
  std::vector<double> epsilon, fraction;  // all of them; of the fit those with `used`
  std::vector<bool> used;                 // whether an epsilon counts in the fit
  Index samples = 0;                      // drawn
  bool cancelled = false;
  /// Whether there was anything to fit.
  bool known() const { return exponent == exponent; }
};

namespace detail {

/// The fit over all samples but those of one group; groups: -1: none is left out.
template <class = void>
LineFit fit_of_uncertain(const Mat<Index>& uncertain, const UncertaintyExponent& u, Index groups,
                         Index left_out) {
  std::vector<double> x, y;
  for (std::size_t e = 0; e < u.epsilon.size(); ++e) {
    if (!u.used[e]) continue;
    double count = 0, all = 0;
    for (Index s = 0; s < uncertain.rows(); ++s) {
      if (left_out >= 0 && s % groups == left_out) continue;
      count += static_cast<double>(uncertain(s, static_cast<Index>(e)));
      all += 1;
    }
    if (!(count > 0)) continue;
    x.push_back(std::log(u.epsilon[e]));
    y.push_back(std::log(count / all));
  }
  LineFit none;
  none.slope = std::numeric_limits<double>::quiet_NaN();
  return x.size() < 2 ? none : fit_line(x, y);
}

/// The exponent from which samples are uncertain at which epsilon.
template <class = void>
void fit_uncertainty(const Mat<Index>& uncertain, Index least, UncertaintyExponent& u) {
  constexpr Index groups = 20;
  for (Index e = 0; e < uncertain.cols(); ++e) {
    const Index count = uncertain.col(e).sum();
    u.fraction.push_back(static_cast<double>(count) / static_cast<double>(uncertain.rows()));
    u.used.push_back(count >= least);
  }
  u.fit = fit_of_uncertain(uncertain, u, groups, -1);
  u.exponent = u.fit.slope;
  double sum = 0, squares = 0;
  for (Index g = 0; g < groups; ++g) {
    const double slope = fit_of_uncertain(uncertain, u, groups, g).slope;
    sum += slope;
    squares += slope * slope;
  }
  const double mean = sum / groups, variance = std::max(squares / groups - mean * mean, 0.);
  u.error = std::sqrt((groups - 1) * variance);
}

}  // namespace detail

namespace detail {

/// See basin::uncertainty_exponent.
template <class S>
UncertaintyExponent uncertainty_exponent_of(const ModelByCalls<S>& f,
                                            const std::vector<Attractor<S>>& attractors, const Plane& plane,
                                            const PlaneBox& box, const UncertaintyOptions& options) {
  constexpr auto who = "uncertainty_exponent";
  require_self_map(f, plane.origin.size(), who, "plane");
  require_box(box, who);
  require(options.samples >= 20 && options.halvings >= 1 && options.least >= 1, who,
          ": samples must be >= 20, halvings and least >= 1, got ", options.samples, ", ", options.halvings,
          " and ", options.least);
  require(options.largest > 0, who, ": largest must be > 0, got ", options.largest);
  const double side = std::min(box.u_high - box.u_low, box.v_high - box.v_low);
  UncertaintyExponent u;
  u.samples = options.samples;
  double epsilon = options.largest * side;
  for (Index k = 0; k <= options.halvings; ++k, epsilon /= 2) u.epsilon.push_back(epsilon);
  const Index each = 1 + 2 * (options.halvings + 1);  // the centre, then + and - for each epsilon
  BasinMapOptions map_options = options.map;
  map_options.find_new = false;
  const auto map = basin_map(
      f, attractors,
      [&](ColumnRange block) {
        Mat<S> starts(plane.origin.size(), block.size);
        for (Index k = 0; k < block.size; ++k) {
          const Index sample = (block.begin + k) / each, place = (block.begin + k) % each;
          Random random = random_of_start(options.seed, sample);
          const double a = random.uniform(box.u_low, box.u_high), b = random.uniform(box.v_low, box.v_high);
          const double angle = random.uniform(0, 2 * std::numbers::pi);
          const double r =
              place == 0 ? 0 : u.epsilon[static_cast<std::size_t>((place - 1) / 2)] * (place % 2 ? 1 : -1);
          starts.col(k) = plane.at(a + r * std::cos(angle), b + r * std::sin(angle)).template cast<S>();
        }
        return starts;
      },
      options.samples * each, map_options);
  u.cancelled = map.cancelled;
  Mat<Index> uncertain(options.samples, options.halvings + 1);
  for (Index s = 0; s < options.samples; ++s)
    for (Index e = 0; e <= options.halvings; ++e) {
      const auto at = static_cast<std::size_t>(s * each), beside = at + 1 + 2 * static_cast<std::size_t>(e);
      uncertain(s, e) = map.id[at] != map.id[beside] || map.id[at] != map.id[beside + 1];
    }
  fit_uncertainty(uncertain, options.least, u);
  return u;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template UncertaintyExponent uncertainty_exponent_of<float>(const ModelByCalls<float>&,
                                                                   const std::vector<Attractor<float>>&,
                                                                   const Plane&, const PlaneBox&,
                                                                   const UncertaintyOptions&);
extern template UncertaintyExponent uncertainty_exponent_of<double>(const ModelByCalls<double>&,
                                                                    const std::vector<Attractor<double>>&,
                                                                    const Plane&, const PlaneBox&,
                                                                    const UncertaintyOptions&);
#endif

}  // namespace detail

/// The uncertainty exponent of the boundaries in a box of a plane (Grebogi, McDonald, Ott, Yorke 1983): a
/// start is uncertain at epsilon if one of the two at +-epsilon in a random direction of the plane has
/// another fate; the share of such starts goes as epsilon^exponent. 1 for smooth boundaries, below 1 for
/// fractal ones, whose dimension in the plane is 2 - exponent. Within two errors of 1 nothing speaks for a
/// fractal. The exponent is NaN (not `known`) where too few starts are uncertain. Throws as basin_map
/// does, or if options make no sense.
template <Layer F>
[[nodiscard]] UncertaintyExponent uncertainty_exponent(
    const Model<F>& f, const std::vector<Attractor<typename F::Scalar>>& attractors, const Plane& plane,
    const PlaneBox& box, const UncertaintyOptions& options = {}) {
  return detail::uncertainty_exponent_of<typename F::Scalar>(detail::by_calls(f), attractors, plane, box,
                                                             options);
}

/// How far the boundaries of the basins of a picture are from being one and the same.
struct WadaTest {
  Index basins = 0;     // with an id >= 1 in the picture
  Index distance = 0;   // cells: every boundary cell of each basin has one of each other basin this near, the
                        // largest distance of all; the size of the picture where a basin has no boundary
  Index tolerance = 0;  // as asked for
  /// At least three basins, and all boundaries within the tolerance of each other: as far as the picture can
  /// tell they have Wada's property.
  bool wada() const { return basins >= 3 && distance <= tolerance; }
};

namespace detail {

/// In cells (the larger of the distances in rows and columns) to the next cell that is set.
template <class = void>
Mat<Index> cells_to(const Mat<Index>& set) {
  const Index far = set.rows() + set.cols();
  Mat<Index> d = set.unaryExpr([far](Index s) { return s != 0 ? Index(0) : far; });
  const auto relax = [&](Index i, Index j, Index di, Index dj) {
    if (i + di < 0 || i + di >= d.rows() || j + dj < 0 || j + dj >= d.cols()) return;
    d(i, j) = std::min(d(i, j), d(i + di, j + dj) + 1);
  };
  for (Index j = 0; j < d.cols(); ++j)
    for (Index i = 0; i < d.rows(); ++i)
      relax(i, j, -1, 0), relax(i, j, -1, -1), relax(i, j, 0, -1), relax(i, j, 1, -1);
  for (Index j = d.cols(); j-- > 0;)
    for (Index i = d.rows(); i-- > 0;)
      relax(i, j, 1, 0), relax(i, j, 1, 1), relax(i, j, 0, 1), relax(i, j, -1, 1);
  return d;
}

/// The cells of the boundary between basin `id` and all others merged into one: those with a neighbour, of
/// four, on the other side. Lost cells belong to neither.
template <class = void>
Mat<Index> boundary_of(const Mat<Index>& ids, Index id) {
  Mat<Index> set = Mat<Index>::Zero(ids.rows(), ids.cols());
  const auto pair = [&](Index i, Index j, Index k, Index l) {
    if (ids(i, j) < 1 || ids(k, l) < 1 || (ids(i, j) == id) == (ids(k, l) == id)) return;
    set(i, j) = set(k, l) = 1;
  };
  for (Index j = 0; j < ids.cols(); ++j)
    for (Index i = 0; i < ids.rows(); ++i) {
      if (i + 1 < ids.rows()) pair(i, j, i + 1, j);
      if (j + 1 < ids.cols()) pair(i, j, i, j + 1);
    }
  return set;
}

}  // namespace detail

/// The merging method (Daza, Wagemakers, Sanjuan 2018): for each basin, all others are merged and the
/// boundary between the two is taken; basins have Wada's property if it is always the same boundary. In a
/// picture: if each lies within `tolerance` cells of each other one. A picture cannot prove it: finer
/// cells may tell boundaries apart, and with a tolerance of some percent of the picture all do. Throws if
/// tolerance < 0.
template <class = void>
[[nodiscard]] WadaTest wada_test(const Mat<Index>& ids, Index tolerance = 5) {
  require(tolerance >= 0, "wada_test: tolerance must be >= 0, got ", tolerance);
  std::vector<Index> basins(ids.data(), ids.data() + ids.size());
  std::sort(basins.begin(), basins.end());
  basins.erase(std::unique(basins.begin(), basins.end()), basins.end());
  while (!basins.empty() && basins.front() < 1) basins.erase(basins.begin());
  WadaTest w;
  w.basins = static_cast<Index>(basins.size());
  w.tolerance = tolerance;
  std::vector<Mat<Index>> boundaries, distances;
  for (const Index id : basins) {
    boundaries.push_back(detail::boundary_of(ids, id));
    distances.push_back(detail::cells_to(boundaries.back()));
  }
  const Index size = std::max(ids.rows(), ids.cols());
  for (std::size_t a = 0; a < boundaries.size(); ++a) {
    if (boundaries[a].sum() == 0) w.distance = size;
    for (const Mat<Index>& d : distances)
      w.distance = std::max(w.distance, std::min(size, boundaries[a].cwiseProduct(d).maxCoeff()));
  }
  return w;
}

}  // namespace basin
