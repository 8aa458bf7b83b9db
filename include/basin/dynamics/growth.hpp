// What a network does far away, and how many fixed points that leaves for the rest of space.
#pragma once
#include <algorithm>  // std::count, std::max
#include <cmath>      // std::abs
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <vector>     // std::vector

#include "basin/core/cut.hpp"               // Cut, Cuts
#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/model.hpp"             // Model
#include "basin/core/random.hpp"            // Random
#include "basin/core/types.hpp"             // Index, Mat, Vec, VecIn, VecOut, MatIn, MatOut
#include "basin/dynamics/fixed_points.hpp"  // find_fixed_points
#include "basin/dynamics/orbit.hpp"         // orbit

namespace basin::inline BASIN_ABI {

namespace detail {

/// u -> f(t u) / |f(t u)| for a large t: the directions that f sends each direction to. Its derivative in the
/// direction of u itself is 0 in the limit, so that its fixed points, the rays that f keeps, have the same
/// index in space as on the sphere.
template <Layer F>
class RayMap {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;
  struct Cache {
    typename F::Cache f;
    Mat<S> x, y, from, to;
  };
  static constexpr const char* name = "RayMap";
  RayMap(const F& f, S t) : f_(f), t_(t) {}
  Index in_size() const { return f_.in_size(); }
  Index out_size() const { return f_.out_size(); }
  Index param_size() const { return f_.param_size(); }
  bool broadcasts() const { return basin::broadcasts(f_); }
  Index multiply_adds() const { return basin::multiply_adds(f_); }

  void forward(VecIn<S> theta, MatIn<S> u, MatOut<S> v, Cache& c) const {
    c.x = t_ * u;
    c.y.resize(out_size(), u.cols());
    f_.forward(theta, c.x, c.y, c.f);
    for (Index j = 0; j < v.cols(); ++j) v.col(j) = c.y.col(j) / size(c, j);
  }
  /// v_dot = (I - v v') J u_dot t / |f|
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S> v, Cache& c, MatIn<S> u_dot, MatOut<S> v_dot) const {
    c.to.resize(out_size(), u_dot.cols());
    f_.jvp(theta, c.x, c.y, c.f, u_dot, c.to);
    project(v, c, c.to, v_dot);
  }
  /// u_bar = J' (I - v v') v_bar t / |f|; there is no theta_bar: nobody trains it.
  void vjp(VecIn<S> theta, MatIn<S>, MatIn<S> v, Cache& c, MatIn<S> v_bar, MatOut<S> u_bar,
           VecOut<S> theta_bar) const {
    require(theta_bar.size() == 0, "growth_at_infinity: the map of directions has no derivative by theta");
    c.from.resize(out_size(), v_bar.cols());
    project(v, c, v_bar, MatOut<S>(c.from));
    f_.vjp(theta, c.x, c.y, c.f, c.from, u_bar, theta_bar);
  }

 private:
  friend struct Cuts<RayMap>;
  S size(const Cache& c, Index j) const {
    return std::max(c.y.col(j).stableNorm(), std::numeric_limits<S>::min());
  }
  void project(MatIn<S> v, const Cache& c, MatIn<S> from, MatOut<S> to) const {
    for (Index j = 0; j < from.cols(); ++j) {
      const Index k = v.cols() == 1 ? 0 : j;
      to.col(j) = (t_ / size(c, k)) * (from.col(j) - v.col(k).dot(from.col(j)) * v.col(k));
    }
  }
  F f_;
  S t_;
};

/// Where f is narrow, so is its map of directions: J = ((I - v v') D t / |f|) E.
template <class F>
requires requires(const F& f) { Cuts<F>::narrowest(f); }
struct Cuts<RayMap<F>> {
  using S = typename F::Scalar;
  using Cache = typename RayMap<F>::Cache;
  static std::optional<Cut> narrowest(const RayMap<F>& f) { return Cuts<F>::narrowest(f.f_); }
  static void jvp_behind(const Cut& cut, const RayMap<F>& f, VecIn<S> theta, MatIn<S>, MatIn<S> v, Cache& c,
                         MatIn<S> w_dot, MatOut<S> v_dot) {
    c.to.resize(f.out_size(), w_dot.cols());
    Cuts<F>::jvp_behind(cut, f.f_, theta, c.x, c.y, c.f, w_dot, c.to);
    f.project(v, c, c.to, v_dot);
  }
  static void vjp_before(const Cut& cut, const RayMap<F>& f, VecIn<S> theta, MatIn<S>, MatIn<S>, Cache& c,
                         MatIn<S> w_bar, MatOut<S> u_bar) {
    Cuts<F>::vjp_before(cut, f.f_, theta, c.x, c.y, c.f, w_bar, u_bar);
  }
};

}  // namespace detail

/// The rays that a network keeps far away, f(t u) / t -> growth * u, and the degree that follows from them.
template <class S>
struct Growth {
  Mat<S> rays;                  // unit vectors u, one column a ray
  std::vector<double> factors;  // |f(t u)| / t of each
  std::vector<LinearStability>
      kinds;           // of each ray among its neighbours on the sphere: attracting, unstable ...
  double largest = 0;  // the largest |f(t u)| / t that was seen in any direction
  /// How often searches came to each ray, and what that says of rays that were missed.
  std::vector<Index> hits;
  /// How many rays there may be, by the hits.
  Richness richness() const { return basin::richness(hits); }
  /// The sum of the indices of all fixed points of f, if all rays with a factor > 1 were found and each is
  /// isolated: 1 - the sum of the indices of those rays.
  Index degree = 1;
  /// Whether nothing speaks against that: no ray has an undecided index or a factor within a thousandth of 1,
  /// and no ray was hit only once, for where some were, others were probably not hit at all (richness). Not a
  /// proof: rays that none of the random directions leads to leave no trace. Where f grows in no direction
  /// that was seen (largest < 1) the degree is 1 whatever the rays, and `sure`.
  bool sure = true;
};

/// How growth_at_infinity looks for rays.
struct GrowthOptions {
  double radius = 0;   // t, in units of x; 0: 1e8 in double, 1e5 in float
  Index starts = 200;  // random directions
  std::uint64_t seed = 0;
  FixedPointsOptions points = {};  // of the search for rays
};

/// How f grows far from 0, for networks whose activations are bounded or grow linearly, so that f(t u) / t
/// has a limit for every direction u: that of the network without biases for (leaky) ReLU, 0 for bounded
/// activations in front of a linear output. The kept rays are the fixed points of u -> f(t u) / |f(t u)|,
/// looked for from random directions and their images under that map.
///
/// Then the degree at infinity, to which the indices sign det(I - J) of all fixed points of f must add up:
/// the ball with its boundary, where points with a factor > 1 leave, has Euler characteristic 1, which is
/// what the indices of the points within and of the rays that lead outward add up to (Poincare, Hopf). A ray
/// that attracts its neighbours has index +1; a linear map diag(3, 2) has rays of index +1, +1, -1, -1 and
/// degree 1 = sign det(I - A).
///
/// A ray that is missed makes the degree wrong. `sure` warns of it by Good's argument (Good 1953): the chance
/// that one more search comes to a new ray is about the part of the searches whose ray was hit once. A ray to
/// which a part p of all directions leads is missed by `starts` of them with a chance of (1 - p)^starts:
/// 3 / starts is missed once in 20. More starts help where it warns. Throws as find_fixed_points does, or if
/// radius < 0 or starts < 1. When points.point.search.cancelled returns true, the rest of the searches is
/// left out and `sure` is false.
template <Layer F>
[[nodiscard]] Growth<typename F::Scalar> growth_at_infinity(const Model<F>& f,
                                                            const GrowthOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, f.layer.in_size(), "growth_at_infinity", "f");
  require(options.radius >= 0, "growth_at_infinity: radius must be >= 0, got ", options.radius);
  require(options.starts >= 1, "growth_at_infinity: starts must be >= 1, got ", options.starts);
  const Index d = f.layer.in_size();
  const double t = options.radius > 0 ? options.radius : sizeof(S) < sizeof(double) ? 1e5 : 1e8;
  Random random(options.seed);
  Mat<S> u(d, options.starts);
  for (S& entry : u.reshaped()) entry = static_cast<S>(random.normal());
  u.colwise().normalize();
  Growth<S> g;
  const auto factor = [&](const Mat<S>& at) {
    const Mat<S> y = f(Mat<S>(static_cast<S>(t) * at));
    return Vec<double>(y.template cast<double>().colwise().stableNorm().transpose() / t);
  };
  g.largest = factor(u).maxCoeff();
  const Model<detail::RayMap<F>> rays(detail::RayMap<F>(f.layer, static_cast<S>(t)), f.theta);
  Mat<S> starts(d, 2 * u.cols());
  starts << u, orbit(rays, u, {.max_steps = 100, .cancelled = options.points.point.search.cancelled}).x;
  FixedPointsOptions points = options.points;
  points.point.search.unit = 1;
  points.point.search.tolerance = std::max(points.point.search.tolerance, 1e-10);
  const FixedPoints<S> found = find_fixed_points(rays, starts, points);
  g.rays = found.x;
  g.kinds = found.kinds;
  g.hits = found.hits;
  if (found.size() > 0) {
    const Vec<double> factors = factor(found.x);
    g.factors.assign(factors.begin(), factors.end());
    g.largest = std::max(g.largest, factors.maxCoeff());
  }
  const bool all_seen = found.size() > 0 && std::count(g.hits.begin(), g.hits.end(), Index(1)) == 0;
  g.sure = !found.cancelled && (g.largest < 1 - 1e-3 || all_seen);
  for (std::size_t k = 0; k < g.factors.size(); ++k) {
    if (std::abs(g.factors[k] - 1) < 1e-3) g.sure = false;
    if (g.factors[k] < 1) continue;
    g.degree -= g.kinds[k].index;
    g.sure = g.sure && g.kinds[k].index != 0;
  }
  return g;
}

}  // namespace basin
