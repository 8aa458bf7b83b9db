// What a network does far away, and how many fixed points that leaves for the rest of space.
#pragma once
#include <algorithm>   // std::count, std::max
#include <cmath>       // std::abs
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <memory>      // std::make_shared
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer, cache_bytes
#include "basin/core/model.hpp"             // Model
#include "basin/core/types.hpp"             // Index, Mat, Vec, VecIn, VecOut, MatIn, MatOut
#include "basin/dynamics/directions.hpp"    // random_directions
#include "basin/dynamics/fixed_points.hpp"  // find_more_points, searches_together, SelfMaps
#include "basin/dynamics/self_map.hpp"      // SelfMap, LocalMap, self_map, require_self_map

namespace basin::inline BASIN_ABI {

namespace detail {

/// u -> f(t u) / |f(t u)| for a large t: the directions that f sends each direction to. With y = f(t u),
/// v = y / |y| and J the Jacobian of f at t u, its Jacobian is
///
///     t / |y| (I - v v') J
///
/// The derivative in the direction of u itself is 0 in the limit, so that the fixed points, the rays that f
/// keeps, have the same index in space as on the sphere.
template <class = void>
SelfMap ray_map(SelfMap f, double t);
/// What so many steps of f make of the columns of x.
template <class = void>
Mat<double> followed(const SelfMap& f, Mat<double> x, Index steps, const std::function<bool()>& cancelled);

}  // namespace detail

/// The rays that a network keeps far away, f(t u) / t -> growth * u, and the degree that follows from them.
template <class S>
struct Growth {
  Mat<S> rays;                  // unit vectors u, one column a ray
  std::vector<double> factors;  // |f(t u)| / t of each
  /// Of each ray among its neighbours on the sphere: attracting, unstable ...
  std::vector<LinearStability> kinds;
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

namespace detail {

/// growth_at_infinity for all networks of `size` dimensions, which `maps` are.
template <class S, bool WithSpectra>
Growth<S> growth_of(const SelfMaps& maps, Index size, Index together, const GrowthOptions& options) {
  require(options.radius >= 0, "growth_at_infinity: radius must be >= 0, got ", options.radius);
  require(options.starts >= 1, "growth_at_infinity: starts must be >= 1, got ", options.starts);
  const double t = options.radius > 0 ? options.radius : sizeof(S) < sizeof(double) ? 1e5 : 1e8;
  const SelfMaps rays = [&maps, t] { return ray_map(maps(), t); };
  const auto factor = [f = maps(), t](const Mat<double>& u) {
    return Vec<double>(f.values(t * u).colwise().stableNorm().transpose() / t);
  };
  const Mat<double> u = random_directions(size, options.starts, options.seed);
  Growth<S> g;
  g.largest = factor(u).maxCoeff();
  Mat<S> starts(size, 2 * u.cols());
  starts << u.cast<S>(), followed(rays(), u, 100, options.points.point.search.cancelled).template cast<S>();
  FixedPointsOptions points = options.points;
  points.point.search.unit = 1;
  points.point.search.tolerance = std::max(points.point.search.tolerance, 1e-10);
  FixedPoints<S> found;
  find_more_points<S, WithSpectra>(rays, together, found, starts, points);
  g.rays = found.x;
  g.kinds = found.kinds;
  g.hits = found.hits;
  if (found.size() > 0) {
    const Vec<double> factors = factor(found.x.template cast<double>());
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

}  // namespace detail

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
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] Growth<typename F::Scalar> growth_at_infinity(const Model<F>& f,
                                                            const GrowthOptions& options = {}) {
  detail::require_self_map(f, f.layer.in_size(), "growth_at_infinity", "f");
  return detail::growth_of<typename F::Scalar, WithSpectra>(
      [&f, &options] { return detail::self_map(f, options.points.point.search); }, f.layer.in_size(),
      detail::searches_together(cache_bytes(f.layer, 1)), options);
}

#ifdef BASIN_BODIES
namespace detail {

/// (I - v v') A scaled, in place: what a map of directions leaves of derivatives of f.
template <class Derived>
void leave_direction(const Vec<double>& v, double scale, Eigen::MatrixBase<Derived>& A) {
  const Mat<double> along = v.transpose() * A;
  A = scale * (A - v * along);
}

/// The lengths of the columns, none 0: a column of zeros divided by its length is one of zeros.
inline Vec<double> norms_of(const Mat<double>& y) {
  return y.colwise().stableNorm().transpose().cwiseMax(std::numeric_limits<double>::min());
}

template <class>
SelfMap ray_map(SelfMap map, double t) {
  const auto f = std::make_shared<const SelfMap>(std::move(map));
  SelfMap r;
  r.size = f->size;
  r.epsilon = f->epsilon;
  r.rounded = [f, t](VecIn<double> u) { return Vec<double>(f->rounded(t * u) / t); };
  r.values = [f, t](MatIn<double> u) {
    const Mat<double> y = f->values(t * u);
    return Mat<double>(y * norms_of(y).cwiseInverse().asDiagonal());
  };
  r.value = [f, t](VecIn<double> u) {
    const Mat<double> y = f->value(t * u);
    return Vec<double>(y / norms_of(y)(0));
  };
  r.linearized = [f, t](VecIn<double> u) {
    const Vec<double> x = t * u, y = f->value(x);
    const double norm = norms_of(y)(0), scale = t / norm;
    const Vec<double> v = y / norm;
    LocalMap J = f->linearized(x);
    if (J.is_formed()) {
      leave_direction(v, scale, J.D);
      return J;
    }
    return LocalMap{{},
                    {},
                    [apply = J.apply, v, scale](VecIn<double> a, VecOut<double> b) {
                      apply(a, b);
                      leave_direction(v, scale, b);
                    },
                    [adjoint = J.apply_adjoint, v, scale](VecIn<double> a, VecOut<double> b) {
                      Vec<double> w = a;
                      leave_direction(v, scale, w);
                      adjoint(w, b);
                    }};
  };
  r.products = [f, t](MatIn<double> u) -> ProductsAtColumns {
    const Mat<double> x = t * u, y = f->values(x);
    const Vec<double> norms = norms_of(y);
    const Mat<double> v = y * norms.cwiseInverse().asDiagonal();
    return [J = f->products(x), v, scales = Vec<double>(t * norms.cwiseInverse())](MatIn<double> a,
                                                                                   MatOut<double> b) {
      J(a, b);
      for (Index j = 0; j < b.cols(); ++j) {
        auto column = b.col(j);
        leave_direction(v.col(j), scales(j), column);
      }
    };
  };
  return r;
}

template <class>
Mat<double> followed(const SelfMap& f, Mat<double> x, Index steps, const std::function<bool()>& cancelled) {
  for (Index t = 0; t < steps && !(cancelled && cancelled()); ++t) x = f.values(x);
  return x;
}

}  // namespace detail
#endif

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI::detail {
extern template Growth<float> growth_of<float, with_spectra>(const SelfMaps&, Index, Index,
                                                             const GrowthOptions&);
extern template Growth<double> growth_of<double, with_spectra>(const SelfMaps&, Index, Index,
                                                               const GrowthOptions&);
}  // namespace basin::detail
#endif
