// A continuous piecewise linear map of the line: its fixed points, and the ReLU network that it is.
// Page: docs/paper/theorem_6.md.
#pragma once
#include <algorithm>  // std::max, std::upper_bound
#include <cmath>      // std::isfinite
#include <limits>     // std::numeric_limits
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI {

/// A fixed point f(x) = x of a map of the line, with the slopes of f on its two sides.
struct FixedPoint1d {
  double x = 0, left_slope = 0, right_slope = 0;  // the point, and f' on its left and right
  /// Whether orbits that start close enough converge to x: |slopes| < 1 is sufficient, but points on the two
  /// sides may also take turns (both slopes negative), and then the product counts.
  bool attracting() const {
    if (left_slope < 0 && right_slope < 0) return left_slope * right_slope < 1;
    return left_slope < 1 && right_slope < 1;
  }
};

/// f through the points (knots[j], values[j]), straight between them, with the given slopes outside.
class PiecewiseLinearMap {
 public:
  /// Throws unless knots are ascending, there is one value for each and everything is finite.
  PiecewiseLinearMap(std::vector<double> knots, std::vector<double> values, double left_slope,
                     double right_slope)
      : knots_(std::move(knots)), values_(std::move(values)) {
    const char* who = "PiecewiseLinearMap";
    require(!knots_.empty(), who, ": there must be at least one knot");
    require(knots_.size() == values_.size(), who, ": there are ", knots_.size(), " knots and ",
            values_.size(), " values");
    slopes_.push_back(left_slope);
    for (std::size_t j = 0; j + 1 < knots_.size(); ++j) {
      require(knots_[j] < knots_[j + 1], who, ": knots must be ascending, got ", knots_[j], " before ",
              knots_[j + 1]);
      slopes_.push_back((values_[j + 1] - values_[j]) / (knots_[j + 1] - knots_[j]));
    }
    slopes_.push_back(right_slope);
    for (const std::vector<double>* all : {&knots_, &values_, &slopes_})
      for (const double v : *all)
        require(std::isfinite(v), who, ": expected finite knots, values and slopes, got ", v);
  }
  /// Where pieces meet, ascending.
  const std::vector<double>& knots() const { return knots_; }
  /// f there.
  const std::vector<double>& values() const { return values_; }
  /// One for each straight piece: one more than knots.
  const std::vector<double>& slopes() const { return slopes_; }

  /// f(x).
  double operator()(double x) const {
    const std::size_t p = piece(x), j = p > 0 ? p - 1 : 0;
    return values_[j] + slopes_[p] * (x - knots_[j]);
  }

  /// All isolated fixed points, ascending. A piece on which f(x) = x everywhere has none of its own but for
  /// its ends, whose slopes tell that they do not attract.
  std::vector<FixedPoint1d> fixed_points() const {
    std::vector<FixedPoint1d> found;
    const auto g = [&](std::size_t j) { return values_[j] - knots_[j]; };
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (std::size_t p = 0; p < slopes_.size(); ++p) {
      const std::size_t j = p > 0 ? p - 1 : 0;
      const double lo = p > 0 ? knots_[p - 1] : -infinity, hi = p < knots_.size() ? knots_[p] : infinity;
      if (p > 0 && g(j) == 0) found.push_back({knots_[j], slopes_[p - 1], slopes_[p]});
      if (slopes_[p] == 1) continue;
      const double x = knots_[j] + g(j) / (1 - slopes_[p]);  // g(knot) + (slope - 1) (x - knot) = 0
      const bool at_end = g(j) == 0 || (p < knots_.size() && g(p) == 0);  // a knot, which is found as such
      if (!at_end && x > lo && x < hi) found.push_back({x, slopes_[p], slopes_[p]});
    }
    return found;
  }

 private:
  /// The piece that x lies on: piece p ends at knot p.
  std::size_t piece(double x) const {
    return static_cast<std::size_t>(std::upper_bound(knots_.begin(), knots_.end(), x) - knots_.begin());
  }
  std::vector<double> knots_, values_, slopes_;
};

/// The most attracting fixed points that a continuous piecewise linear map of the line with this many knots
/// can have, floor(knots / 2) + 1, found by looking at every pattern of signs (-, 0, +) of the slope of f(x)
/// - x on the knots + 1 pieces. Left of an attracting fixed point f(x) > x, right of it f(x) < x, so that it
/// lies in a run of pieces (or at a knot within a run) where f(x) - x falls; a run has one zero at most.
/// Throws unless 0 <= knots <= 14 (3^15 patterns).
[[nodiscard]] inline Index most_attracting_fixed_points(Index knots) {
  require(knots >= 0 && knots <= 14, "most_attracting_fixed_points: knots must be from 0 to 14, got ", knots);
  Index patterns = 1, best = 0;
  for (Index p = 0; p <= knots; ++p) patterns *= 3;
  for (Index pattern = 0; pattern < patterns; ++pattern) {
    Index runs = 0;
    bool falling = false;
    for (Index p = 0, digits = pattern; p <= knots; ++p, digits /= 3) {
      const bool falls = digits % 3 == 0;
      runs += falls && !falling ? 1 : 0;
      falling = falls;
    }
    best = std::max(best, runs);
  }
  return best;
}

}  // namespace basin
