// Newton's method for f(x) = x.
#pragma once
#include <cmath>       // std::isfinite
#include <functional>  // std::function
#include <ostream>     // std::ostream

#include "basin/core/error.hpp"         // require
#include "basin/core/types.hpp"         // Index, Mat, Vec, VecIn
#include "basin/dynamics/self_map.hpp"  // SelfMap, LocalMap
#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::max, std::min
#include <limits>     // std::numeric_limits
#include <utility>    // std::move

#include "basin/core/product/gemm.hpp"  // gemm
#endif

namespace basin::inline BASIN_ABI {

/// How a search for a fixed point ended.
enum class SearchEnd : unsigned char {
  converged,   // f(x) = x up to the tolerance
  stalled,     // |f(x) - x| has a local minimum that is not zero, or I - J is singular
  exhausted,   // max_steps were made
  not_finite,  // f or its Jacobian is NaN or infinite where the search began or came to
  cancelled,   // `cancelled` returned true
};
inline std::ostream& operator<<(std::ostream& out, SearchEnd end) {
  switch (end) {
    case SearchEnd::converged:
      return out << "converged";
    case SearchEnd::stalled:
      return out << "stalled where the residual is not zero";
    case SearchEnd::exhausted:
      return out << "out of steps";
    case SearchEnd::not_finite:
      return out << "at a point that is not finite";
    case SearchEnd::cancelled:
      return out << "cancelled";
  }
  return out;
}

struct SearchOptions {
  Index max_steps = 100;  // of Newton
  /// Found when |f(x) - x| <= tolerance max(|x|, unit), in the 2-norm. Not below the rounding of f, taken as
  /// 64 eps: 1.4e-14 in double, 7.6e-6 in float.
  double tolerance = 1e-12;
  /// What counts as the size of a point, so that one at 0 can be found; 0: the larger of |x0| and |f(x0)|.
  double unit = 0;
  Index form_up_to = 1024;  // so many dimensions: above, products with J alone, unless it has narrow factors
  Index krylov = 300;       // the most products for a step by products alone (GMRES)
  std::function<bool()> cancelled = {};  // asked before each step; may be called by several threads at once
};

namespace detail {

inline void require_search_options(const SearchOptions& o, const char* who) {
  require(o.max_steps >= 0, who, ": max_steps must be >= 0, got ", o.max_steps);
  require(o.tolerance >= 0, who, ": tolerance must be >= 0, got ", o.tolerance);
  require(o.unit >= 0 && std::isfinite(o.unit), who, ": unit must be >= 0 and finite, got ", o.unit);
  require(o.krylov >= 1, who, ": krylov must be >= 1, got ", o.krylov);
}

/// s with (I - J) s = r up to |(I - J) s - r| <= tolerance |r|, or as near as `most` products come: GMRES
/// (Saad, Schultz 1986) without restarts, by Givens rotations.
template <class = void>
Vec<double> gmres(const MatrixProduct& J, const Vec<double>& r, double tolerance, Index most);
/// Newton's step s = (I - J)^-1 r, dense, by the factors, or by products.
template <class = void>
Vec<double> newton_step(const LocalMap& J, const Vec<double>& r, const SearchOptions& o);

/// Where a search ended. `map` is the Jacobian where it converged, at x or the last steps of rounding before
/// it.
struct Found {
  SearchEnd end = SearchEnd::exhausted;
  Vec<double> x;
  double residual = 0;        // |f(x) - x|
  double start_residual = 0;  // |f(x0) - x0|
  double left = 0;            // |(I - J)^-1 (f(x) - x)|
  Index steps = 0;            // Jacobians
  Index evaluations = 0;      // of f
  double size = 0;            // what counts as the size of x
  LocalMap map;
};

/// The search from x0.
template <class = void>
Found newton_search(const SelfMap& f, VecIn<double> x0, const SearchOptions& o);

#ifdef BASIN_BODIES
template <class>
Vec<double> gmres(const MatrixProduct& J, const Vec<double>& r, double tolerance, Index most) {
  const Index n = r.size(), m = std::min(most, n);
  const double size = r.stableNorm();
  if (!(size > 0)) return Vec<double>::Zero(n);
  Mat<double> V(n, m + 1), H = Mat<double>::Zero(m + 1, m);
  Vec<double> rest = Vec<double>::Zero(m + 1), c(m), s(m), w(n);
  V.col(0) = r / size;
  rest[0] = 1;
  Index k = 0;
  while (k < m && std::abs(rest[k]) > tolerance) {
    J(V.col(k), w);
    w = V.col(k) - w;
    for (int pass = 0; pass < 2; ++pass) {
      const Vec<double> h = V.leftCols(k + 1).transpose() * w;
      H.col(k).head(k + 1) += h;
      w -= V.leftCols(k + 1) * h;
    }
    for (Index i = 0; i < k; ++i) {
      const double a = H(i, k), b = H(i + 1, k);
      H(i, k) = c[i] * a + s[i] * b;
      H(i + 1, k) = c[i] * b - s[i] * a;
    }
    const double below = w.norm(), length = std::hypot(H(k, k), below);
    if (!(length > 0)) break;  // I - J is singular on what was seen
    c[k] = H(k, k) / length;
    s[k] = below / length;
    H(k, k) = length;
    rest[k + 1] = -s[k] * rest[k];
    rest[k] *= c[k];
    ++k;
    if (!(below > std::numeric_limits<double>::epsilon() * length)) break;
    V.col(k) = w / below;
  }
  const Vec<double> z = H.topLeftCorner(k, k).template triangularView<Eigen::Upper>().solve(rest.head(k));
  return size * (V.leftCols(k) * z);
}

template <class>
Vec<double> newton_step(const LocalMap& J, const Vec<double>& r, const SearchOptions& o) {
  if (!J.is_formed()) return gmres(J.apply, r, 1e-8, o.krylov);
  Mat<double> small = J.D;
  if (J.is_product()) {
    small.resize(J.E.rows(), J.E.rows());
    gemm<double>(J.E, J.D, small);
  }
  const Eigen::PartialPivLU<Mat<double>> lu(Mat<double>::Identity(small.rows(), small.rows()) - small);
  if (!J.is_product()) return lu.solve(r);
  return r + J.D * lu.solve(J.E * r);
}

/// Damped Newton (Armijo's rule on |g|, g = f(x) - x), and what gets it over kinks: a piecewise linear map
/// may change its slopes right beside x, where no damped step makes |g| smaller. Then the whole step is made
/// all the same, or f is iterated for a while.
template <class = void>
class NewtonSearch {
 public:
  NewtonSearch(const SelfMap& f, VecIn<double> x0, const SearchOptions& o) : f_(f), o_(o) {
    found_.x = f_.rounded(x0);
    fx_ = value(found_.x);
    found_.start_residual = (fx_ - found_.x).stableNorm();
    unit_ = o.unit > 0 ? o.unit : std::max(found_.x.stableNorm(), fx_.stableNorm());
    tolerance_ = std::max(o.tolerance, 64 * f.epsilon);
  }

  Found run() {
    if (!fx_.allFinite()) return end(SearchEnd::not_finite);
    for (;;) {
      if (o_.cancelled && o_.cancelled()) return end(SearchEnd::cancelled);
      const Vec<double> g = fx_ - found_.x;
      const bool near = g.stableNorm() <= tolerance_ * std::max(unit_, found_.x.stableNorm());
      if (!near && found_.steps >= o_.max_steps) return end(SearchEnd::exhausted);
      found_.map = f_.linearized(found_.x);
      ++found_.steps;
      const Vec<double> s = newton_step(found_.map, g, o_);
      if (near) return polished(s, g);
      if (s.allFinite() && damped(s, g)) continue;
      if (!over_the_kink(s, g)) return end(SearchEnd::stalled);
    }
  }

 private:
  Vec<double> value(const Vec<double>& x) {
    ++found_.evaluations;
    return f_.value(x);
  }
  /// Whether x + t s was taken, which it is if the residual is at most `most` there.
  bool take(const Vec<double>& s, double t, double most) {
    const Vec<double> x = f_.rounded(found_.x + t * s);
    if (!x.allFinite()) return false;
    const Vec<double> fx = value(x);
    if (!((fx - x).stableNorm() <= most)) return false;
    found_.x = x;
    fx_ = fx;
    return true;
  }
  /// Last steps near the fixed point, with the Jacobian at hand, as long as each at least halves the
  /// residual.
  Found polished(Vec<double> s, Vec<double> g) {
    for (int k = 0; k < 5 && s.allFinite() && s.stableNorm() > 0 && take(s, 1, 0.5 * g.stableNorm()); ++k) {
      g = fx_ - found_.x;
      s = newton_step(found_.map, g, o_);
    }
    found_.left = s.allFinite() ? s.stableNorm() : std::numeric_limits<double>::infinity();
    return end(SearchEnd::converged);
  }
  /// Steps shorter than this part of Newton's lead to a minimum of |g| at a kink, and slowly.
  static constexpr double shortest = 0x1p-10;
  bool damped(const Vec<double>& s, const Vec<double>& g) {
    const double size = g.stableNorm();
    for (double t = 1; t >= shortest; t /= 2)
      if (take(s, t, (1 - 1e-4 * t) * size)) return true;
    return false;
  }
  bool over_the_kink(const Vec<double>& s, const Vec<double>& g) {
    if (rescues_ == 4) return false;
    ++rescues_;
    if (rescues_ % 2 == 1 && s.allFinite() && take(s, 1, 100 * g.stableNorm())) return true;
    for (int k = 0; k < 8; ++k) {
      const Vec<double> x = f_.rounded(fx_), fx = value(x);
      if (!fx.allFinite()) return false;
      found_.x = x;
      fx_ = fx;
    }
    return true;
  }
  Found end(SearchEnd how) {
    found_.end = how;
    found_.residual = (fx_ - found_.x).stableNorm();
    found_.size = std::max(unit_, found_.x.stableNorm());
    return std::move(found_);
  }

  const SelfMap& f_;
  const SearchOptions& o_;
  Found found_;
  Vec<double> fx_;
  double unit_ = 0, tolerance_ = 0;
  int rescues_ = 0;
};

template <class>
Found newton_search(const SelfMap& f, VecIn<double> x0, const SearchOptions& o) {
  return NewtonSearch<>(f, x0, o).run();
}

#endif

}  // namespace detail

}  // namespace basin
