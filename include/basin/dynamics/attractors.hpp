// Attractors, each with a ball from which orbits are taken to end there.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::isfinite, std::sqrt
#include <cstddef>    // std::size_t
#include <limits>     // std::numeric_limits
#include <vector>     // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/sum.hpp"               // sum_of
#include "basin/core/types.hpp"             // Index, Mat, Vec, VecIn
#include "basin/dynamics/fixed_points.hpp"  // FixedPoints
#include "basin/dynamics/stability.hpp"     // Stability

namespace basin::inline BASIN_ABI {

/// A fixed point or a cycle, and the balls around its points from which orbits are taken to end at it.
template <class S>
struct Attractor {
  Mat<S> points;           // n x p: a fixed point, or the p points of a cycle in their order
  double radius = 0;       // of the 2-norm ball around each point; 0: none, orbits are followed to their end
  bool certified = false;  // the ball is proved to lie in the basin of f in exact arithmetic; else measured
  /// With a certificate an ellipsoid that the ball lies in: all x with |T (x - point)| <= ellipsoid, where
  /// T = I + Q diag(t) Q' (Metric). 0: none.
  double ellipsoid = 0;
  Mat<double> Q = {};  // n x k, k = 0 without an ellipsoid
  Vec<double> t = {};  // k numbers >= 0

  /// 1 for a fixed point.
  Index period() const { return points.cols(); }
};

namespace detail {

/// |x - y|, in double.
template <class S, class X, class Y>
double exact_distance(const X& x, const Y& y) {
  const S *a = x.data(), *b = y.data();
  return std::sqrt(sum_of(x.size(), [a, b](Index i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    return d * d;
  }));
}

/// The smallest distance between points of a and points of b.
template <class S>
double distance_between(const Attractor<S>& a, const Attractor<S>& b) {
  double least = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < a.period(); ++i)
    for (Index j = 0; j < b.period(); ++j)
      least = std::min(least, exact_distance<S>(a.points.col(i), b.points.col(j)));
  return least;
}

/// How far the ball of an attractor reaches: T >= I, so that no ellipsoid reaches beyond its radius.
template <class S>
double reach(const Attractor<S>& a) {
  return std::max(a.radius, a.ellipsoid);
}

/// Throws unless the attractors fit f and each other, and no ball meets that of another one. (Two that are
/// proved cannot; a bound of ellipsoids by balls need not see that.)
template <class S>
void require_attractors(const std::vector<Attractor<S>>& attractors, Index size, const char* who) {
  for (std::size_t i = 0; i < attractors.size(); ++i) {
    const Attractor<S>& a = attractors[i];
    require(a.points.rows() == size && a.period() >= 1, who, ": attractor ", i + 1, " has ", a.points.rows(),
            " x ", a.period(), " numbers, expected columns of ", size);
    require(a.points.allFinite(), who, ": attractor ", i + 1, " is not finite");
    require(a.radius >= 0 && std::isfinite(a.radius), who, ": the radius of attractor ", i + 1,
            " must be >= 0 and finite, got ", a.radius);
    for (std::size_t j = 0; j < i; ++j) {
      const Attractor<S>& b = attractors[j];
      const double apart = distance_between(a, b);
      const bool proved = a.certified && b.certified;
      const double radii = proved ? a.radius + b.radius : reach(a) + reach(b);
      require(apart > radii || (proved && apart > 0), who, ": the balls of attractors ", j + 1, " and ",
              i + 1, " overlap: they are ", apart, " apart, and their radii add up to ", radii);
    }
  }
}

}  // namespace detail

/// The attracting ones of some fixed points, in their order, without balls: `measured_ball` and
/// `with_certificate` give them one. What is `undecided` is none: such a point may attract all the same, and
/// starts that settle there are then found to have settled elsewhere (see basin_map).
template <class S>
[[nodiscard]] std::vector<Attractor<S>> attractors_of(const FixedPoints<S>& points) {
  std::vector<Attractor<S>> attractors;
  for (Index k = 0; k < points.size(); ++k)
    if (points.kinds[static_cast<std::size_t>(k)].stability == Stability::attracting)
      attractors.emplace_back().points = points.x.col(k);
  return attractors;
}

/// Makes measured balls that reach into that of another attractor smaller: the radii of two measured ones
/// that overlap become .49 of the distance of the attractors at most, one beside a certified ball what that
/// leaves of the distance, less a percent. Gives the attractors (from 0) whose balls were shrunk. Throws if
/// two attractors have a point in common.
template <class S>
[[nodiscard]] std::vector<Index> separate_balls(std::vector<Attractor<S>>& attractors) {
  std::vector<Index> shrunk;
  for (std::size_t i = 0; i < attractors.size(); ++i) {
    if (attractors[i].certified) continue;
    const double before = attractors[i].radius;
    for (std::size_t j = 0; j < attractors.size(); ++j) {
      if (i == j) continue;
      const double apart = detail::distance_between(attractors[i], attractors[j]);
      require(apart > 0, "separate_balls: attractors ", std::min(i, j) + 1, " and ", std::max(i, j) + 1,
              " have a point in common");
      const double there = detail::reach(attractors[j]);
      if (attractors[i].radius + there < apart) continue;
      const double room = attractors[j].certified ? 0.99 * (apart - there) : 0.49 * apart;
      attractors[i].radius = std::min(attractors[i].radius, std::max(room, 0.));
    }
    if (attractors[i].radius < before) shrunk.push_back(static_cast<Index>(i));
  }
  return shrunk;
}

}  // namespace basin
