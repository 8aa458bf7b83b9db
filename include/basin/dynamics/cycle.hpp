// Which points come back to themselves: fixed points and cycles of x -> f(x), and what to train one on.
#pragma once
#include <cmath>    // std::sqrt
#include <numeric>  // std::iota
#include <vector>   // std::vector

#include "basin/core/error.hpp"      // require
#include "basin/core/model.hpp"      // Model
#include "basin/core/sum.hpp"        // detail::sum_of
#include "basin/core/types.hpp"      // Index, Mat, MatIn
#include "basin/dynamics/orbit.hpp"  // orbit

namespace basin::inline BASIN_ABI {

/// The targets of a sequence encoder (Radhakrishnan, Belkin, Uhler 2019): columns x_1 ... x_n to x_2 ... x_n
/// x_1. A network that fits them, fit(f, X, next_in_cycle(X), ...), has the cycle x_1 -> x_2 -> ... -> x_n ->
/// x_1 up to its training error; whether the cycle attracts is another matter (refine_cycle).
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> next_in_cycle(const Eigen::MatrixBase<Derived>& X) {
  Mat<typename Derived::Scalar> next(X.rows(), X.cols());
  const Index n = X.cols();
  if (n == 0) return next;
  next.leftCols(n - 1) = X.rightCols(n - 1);
  next.col(n - 1) = X.col(0);
  return next;
}

/// The same for several sequences that stand one after the other in X, of so many columns each: several
/// cycles in one network. A sequence of one is a fixed point. Throws if a length is < 1 or they do not add up
/// to the columns of X.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> next_in_cycle(const Eigen::MatrixBase<Derived>& X,
                                                          const std::vector<Index>& lengths) {
  Mat<typename Derived::Scalar> next(X.rows(), X.cols());
  Index begin = 0;
  for (const Index n : lengths) {
    require(n >= 1, "next_in_cycle: lengths must be >= 1, got ", n);
    require(n <= X.cols() - begin, "next_in_cycle: lengths add up to more than the ", X.cols(),
            " columns of X");
    next.middleCols(begin, n) = next_in_cycle(X.middleCols(begin, n));
    begin += n;
  }
  require(begin == X.cols(), "next_in_cycle: lengths add up to ", begin, ", X has ", X.cols(), " columns");
  return next;
}

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
