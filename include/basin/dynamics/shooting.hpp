// Newton's method for all points of a cycle at once: multiple shooting.
#pragma once
#include <vector>  // std::vector

#include "basin/core/types.hpp"           // Index, Mat, MatIn, Vec
#include "basin/dynamics/newton.hpp"      // SearchOptions, SearchEnd
#include "basin/dynamics/return_map.hpp"  // linearized_at, return_map, ring_of
#include "basin/dynamics/self_map.hpp"    // SelfMap, LocalMap
#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::max
#include <cmath>      // std::isfinite
#include <limits>     // std::numeric_limits
#include <utility>    // std::move

#include "basin/core/product/gemm.hpp"  // gemm
#endif

namespace basin::inline BASIN_ABI::detail {

/// Where a search for a cycle ended. `left` is known where it converged.
struct FoundCycle {
  SearchEnd end = SearchEnd::exhausted;
  Mat<double> x;          // the points, in order
  Index asked = 0;        // points of the start
  double residual = 0;    // max |f(x_i) - x_(i+1)|
  double left = 0;        // the longest of Newton's steps at the points
  Index steps = 0;        // Newton's
  Index evaluations = 0;  // of f
  double size = 0;        // what counts as the size of a point
};

/// Newton's steps s at all points of a cycle, s_(i+1) = J_i s_i + R_i with R_i = f(x_i) - x_(i+1), indices
/// modulo the number of points.
template <class = void>
Mat<double> shooting_steps(const std::vector<LocalMap>& J, const Mat<double>& R, const SearchOptions& o);
/// The cycle next to the columns of x0, polished, with as few points as it has: where one of its points comes
/// back within `same` times its size before the last one, the part before is looked for instead.
template <class = void>
FoundCycle shooting_search(const SelfMap& f, MatIn<double> x0, const SearchOptions& o, double same);
#ifdef BASIN_BODIES
/// Column i of the result is column i - 1 of m, the last one coming first.
template <class = void>
Mat<double> one_later(const Mat<double>& m) {
  Mat<double> later(m.rows(), m.cols());
  later << m.rightCols(1), m.leftCols(m.cols() - 1);
  return later;
}

/// The a_i of a ring, by condensation to one of them: (I - A_p ... A_1) a_p = c. Its rounding is about eps
/// times the largest of |A_j ... A_i| and the inverse: exact enough for Newton's method where these are below
/// 1e12.
template <class = void>
Mat<double> solve_ring(const std::vector<Mat<double>>& A, const Mat<double>& b) {
  const Index k = b.rows();
  Mat<double> product = Mat<double>::Identity(k, k), next(k, k), a(k, b.cols());
  Vec<double> last = Vec<double>::Zero(k);
  for (std::size_t i = 0; i < A.size(); ++i) {
    gemm<double>(A[i], product, next);
    product.swap(next);
    last = A[i] * last + b.col(static_cast<Index>(i));
  }
  last = Eigen::PartialPivLU<Mat<double>>(Mat<double>::Identity(k, k) - product).solve(last);
  for (std::size_t i = 0; i < A.size(); ++i) {
    last = A[i] * last + b.col(static_cast<Index>(i));
    a.col(static_cast<Index>(i)) = last;
  }
  return a;
}

/// The same by products alone: s_1 by GMRES, the others after it.
template <class = void>
Mat<double> steps_around(const std::vector<LocalMap>& J, const Mat<double>& R, const SearchOptions& o) {
  Mat<double> s(R.rows(), R.cols());
  Vec<double> next(R.rows()), c = Vec<double>::Zero(R.rows());
  for (std::size_t i = 0; i < J.size(); ++i) {
    J[i].apply(c, next);
    c = next + R.col(static_cast<Index>(i));
  }
  c = gmres(return_map(J).apply, c, 1e-8, o.krylov);
  for (std::size_t i = 0; i < J.size(); ++i) {
    s.col(static_cast<Index>(i)) = c;
    J[i].apply(c, next);
    c = next + R.col(static_cast<Index>(i));
  }
  return s;
}

template <class>
Mat<double> shooting_steps(const std::vector<LocalMap>& J, const Mat<double>& R, const SearchOptions& o) {
  if (!J.front().is_formed()) return steps_around(J, R, o);
  const Mat<double> before = one_later(R);
  if (!J.front().is_product()) return solve_ring(ring_of(J), before);
  Mat<double> b(J.front().E.rows(), R.cols());
  for (Index i = 0; i < R.cols(); ++i) b.col(i) = J[static_cast<std::size_t>(i)].E * before.col(i);
  const Mat<double> a = solve_ring(ring_of(J), b);
  Mat<double> s = R;
  for (Index i = 0; i < R.cols(); ++i) s.col(i) += J[static_cast<std::size_t>(i)].D * a.col(i);
  return one_later(s);  // s_(i+1) = D_i a_i + R_i
}

/// Damped Newton on all points of a cycle (Armijo's rule on the norm of all R_i), and over kinks as the
/// search for fixed points goes.
template <class = void>
class Shooting {
 public:
  Shooting(const SelfMap& f, MatIn<double> x0, const SearchOptions& o) : f_(f), o_(o) {
    found_.asked = x0.cols();
    move_to(rounded(x0));
    unit_ = o.unit > 0 ? o.unit : std::max(longest(found_.x), longest(fx_));
  }

  FoundCycle run() {
    while (!ended()) {
      ++found_.steps;
      const Mat<double> s = steps();
      if (s.allFinite() ? !damped(s) && !over_the_kink(s) : !iterated()) {
        found_.end = SearchEnd::stalled;
        break;
      }
    }
    if (found_.end == SearchEnd::converged) polish();
    found_.residual = longest(residuals());
    found_.size = std::max(unit_, longest(found_.x));
    return std::move(found_);
  }

 private:
  static double longest(const Mat<double>& m) {
    double length = 0;
    for (Index j = 0; j < m.cols(); ++j) {
      const double size = m.col(j).stableNorm();
      if (!(size <= length)) length = size;  // NaN stays
    }
    return length;
  }
  Mat<double> rounded(const Mat<double>& x) const {
    Mat<double> y(x.rows(), x.cols());
    for (Index i = 0; i < x.cols(); ++i) y.col(i) = f_.rounded(x.col(i));
    return y;
  }
  /// R_i = f(x_i) - x_(i+1)
  Mat<double> residuals() const {
    const Index p = found_.x.cols();
    Mat<double> r = fx_;
    r.leftCols(p - 1) -= found_.x.rightCols(p - 1);
    r.col(p - 1) -= found_.x.col(0);
    return r;
  }
  Mat<double> steps() const { return shooting_steps(linearized_at(f_, found_.x), residuals(), o_); }
  void move_to(Mat<double> x) {
    found_.x = std::move(x);
    fx_ = values_at(f_, found_.x);
    found_.evaluations += found_.x.cols();
  }
  /// Moves to x if R is at most `most` there in norm.
  bool take(const Mat<double>& x, double most) {
    const Mat<double> old = found_.x, f_old = fx_;
    move_to(rounded(x));
    if (residuals().stableNorm() <= most) return true;
    found_.x = old;
    fx_ = f_old;
    return false;
  }
  bool ended() {
    const double tolerance = std::max(o_.tolerance, 64 * f_.epsilon);
    const double size = std::max(unit_, longest(found_.x)), residual = longest(residuals());
    if (!std::isfinite(residual))
      found_.end = SearchEnd::not_finite;
    else if (o_.cancelled && o_.cancelled())
      found_.end = SearchEnd::cancelled;
    else if (residual <= tolerance * size)
      found_.end = SearchEnd::converged;
    else if (found_.steps >= o_.max_steps)
      found_.end = SearchEnd::exhausted;
    else
      return false;
    return true;
  }
  bool damped(const Mat<double>& s) {
    const double before = residuals().stableNorm();
    for (double t = 1; t >= 0x1p-10; t /= 2)
      if (take(found_.x + t * s, (1 - 1e-4 * t) * before)) return true;
    return false;
  }
  bool over_the_kink(const Mat<double>& s) {
    if (rescues_ % 2 == 0 && rescues_ < 4 && take(found_.x + s, 100 * residuals().stableNorm())) {
      ++rescues_;
      return true;
    }
    return iterated();
  }
  /// Every point is replaced by what its predecessor is mapped to, for a while.
  bool iterated() {
    if (rescues_ >= 4) return false;
    ++rescues_;
    for (int k = 0; k < 8; ++k) {
      const Mat<double> x = rounded(one_later(fx_));
      if (!take(x, std::numeric_limits<double>::infinity())) return false;
    }
    return true;
  }
  void polish() {
    Mat<double> s = steps();
    for (int k = 0; k < 5 && s.allFinite() && s.stableNorm() > 0; ++k) {
      if (!take(found_.x + s, 0.5 * residuals().stableNorm())) break;
      s = steps();
    }
    found_.left = s.allFinite() ? longest(s) : std::numeric_limits<double>::infinity();
  }

  const SelfMap& f_;
  const SearchOptions& o_;
  FoundCycle found_;
  Mat<double> fx_;
  double unit_ = 0;
  int rescues_ = 0;
};

/// The least divisor q of the number of points with |x_i - x_(i+q)| <= radius for all of them.
template <class = void>
Index minimal_period(const Mat<double>& x, double radius) {
  const Index p = x.cols();
  for (Index q = 1; q < p; ++q) {
    bool repeats = p % q == 0;
    for (Index i = 0; i < p && repeats; ++i) repeats = (x.col(i) - x.col((i + q) % p)).stableNorm() <= radius;
    if (repeats) return q;
  }
  return p;
}

template <class>
FoundCycle shooting_search(const SelfMap& f, MatIn<double> x0, const SearchOptions& o, double same) {
  FoundCycle found = Shooting<>(f, x0, o).run();
  if (found.end != SearchEnd::converged) return found;
  const double radius = same * found.size;
  const Index q = minimal_period(found.x, radius);
  if (q == found.x.cols()) return found;
  FoundCycle fewer = Shooting<>(f, found.x.leftCols(q), o).run();
  found.steps += fewer.steps;
  found.evaluations += fewer.evaluations;
  const bool there = fewer.end == SearchEnd::converged &&
                     (fewer.x - found.x.leftCols(q)).colwise().norm().maxCoeff() <= radius;
  if (!there) return found;
  fewer.steps = found.steps;
  fewer.evaluations = found.evaluations;
  fewer.asked = found.asked;
  return fewer;
}
#endif

}  // namespace basin::detail
