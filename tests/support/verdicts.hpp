// Verdicts on fixed points held against orbits.
#pragma once
#include <cmath>

#include "basin/core/random.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/orbit.hpp"
#include "support/catch.hpp"

namespace basin {

/// Checks all fixed points that a search from `starts` finds: of one that is called attracting, that an orbit
/// from beside it ends there; of one that is called unstable, that it leaves. Gives the number of attracting
/// ones.
template <Layer F>
Index check_verdicts(const Model<F>& f, const Mat<typename F::Scalar>& starts) {
  using S = typename F::Scalar;
  const FixedPoints<S> p = find_fixed_points(f, starts);
  const double beside = sizeof(S) == 4 ? 1e-4 : 1e-7, there = sizeof(S) == 4 ? 1e-3 : 1e-9;
  // Nearer to 1, a step away from the point is shorter than rounding, or 30000 of them are too few.
  const double leaves = sizeof(S) == 4 ? 1.05 : 1.002;
  Mat<double> x = p.x.template cast<double>();
  Random random(12);
  for (Index k = 0; k < p.size(); ++k) {
    const double size = beside * x.col(k).norm() / std::sqrt(static_cast<double>(x.rows()));
    for (double& entry : x.col(k)) entry += size * random.normal();
  }
  // Until they stand still but for rounding.
  const Orbit<S> o =
      orbit(f, Mat<S>(x.template cast<S>()), {.max_steps = 30000, .relative_tolerance = 1e-300});
  Index attracting = 0;
  for (Index k = 0; k < p.size(); ++k) {
    const LinearStability& kind = p.kinds[static_cast<std::size_t>(k)];
    const Vec<double> point = p.x.col(k).template cast<double>();
    const double off = (o.x.col(k).template cast<double>() - point).norm() / point.norm();
    CAPTURE(k, kind.spectral_radius, off);
    if (kind.stability == Stability::attracting) CHECK(off < there);
    if (kind.stability == Stability::unstable && kind.spectral_radius > leaves) CHECK(!(off < there));
    attracting += kind.stability == Stability::attracting;
  }
  return attracting;
}

}  // namespace basin
