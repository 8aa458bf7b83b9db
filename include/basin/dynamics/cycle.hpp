// Which points come back to themselves: fixed points and cycles of x -> f(x).
#pragma once
#include <cmath>    // std::sqrt
#include <numeric>  // std::iota
#include <vector>   // std::vector

#include "basin/core/error.hpp"      // require
#include "basin/core/model.hpp"      // Model
#include "basin/core/sum.hpp"        // detail::sum_of
#include "basin/dynamics/orbit.hpp"  // orbit

namespace basin::inline BASIN_ABI {

/// For each column x the smallest p in 1 .. `longest` with |f^p(x) - x| <= tolerance (2-norm, units of x), 0
/// where there is none: 1 for a fixed point, p for a point of a cycle of p points. A point that is still on
/// its way to a cycle comes back, too, once its steps are that short: iterate first. Throws if longest < 1,
/// tolerance <= 0, or as orbit does.
template <Layer F>
[[nodiscard]] std::vector<Index> periods(const Model<F>& f, MatIn<typename F::Scalar> x, Index longest,
                                         double tolerance) {
  using S = typename F::Scalar;
  require(longest >= 1, "periods: longest must be >= 1, got ", longest);
  require(tolerance > 0, "periods: tolerance must be > 0, got ", tolerance);
  OrbitOptions options{.max_steps = longest};
  options.snapshots.resize(static_cast<std::size_t>(longest));
  std::iota(options.snapshots.begin(), options.snapshots.end(), Index(1));
  const Orbit<S> o = orbit(f, x, options);
  std::vector<Index> result(static_cast<std::size_t>(x.cols()), 0);
  for (Index j = 0; j < x.cols(); ++j)
    for (Index p = longest; p >= 1; --p) {
      const S *a = o.snapshots[static_cast<std::size_t>(p - 1)].col(j).data(),
              *b = x.data() + j * x.outerStride();
      const double distance = std::sqrt(detail::sum_of(x.rows(), [a, b](Index i) {
        const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        return d * d;
      }));
      if (distance <= tolerance) result[static_cast<std::size_t>(j)] = p;
    }
  return result;
}

}  // namespace basin
