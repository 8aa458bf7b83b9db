// The fixed point next to x, and whether it attracts.
#pragma once
#include <algorithm>  // std::all_of, std::max
#include <cmath>      // std::isfinite
#include <complex>    // std::complex
#include <limits>     // std::numeric_limits
#include <utility>    // std::move

#include "basin/core/error.hpp"                // require
#include "basin/core/model.hpp"                // Model
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/newton.hpp"           // newton_search, SearchOptions, SearchEnd
#include "basin/dynamics/self_map.hpp"         // self_map
#include "basin/dynamics/stability.hpp"        // LinearStability, judge_matrix
#ifdef BASIN_BODIES
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#include <vector>             // std::vector

#include "basin/core/product/gemm.hpp"         // gemm
#include "basin/core/random.hpp"               // Random
#include "basin/dynamics/singular_values.hpp"  // product_singular_values
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/arnoldi.hpp"  // leading_of
#endif
#endif

namespace basin::inline BASIN_ABI {

/// A fixed point that was looked for, and what is known of the place where the search ended. `stability` and
/// the other numbers of LinearStability are those of the Jacobian there; where the search did not converge,
/// `stability` is not_fixed and the numbers are those of no point.
template <class S>
struct FoundPoint : LinearStability {
  SearchEnd end = SearchEnd::exhausted;  // converged, or why not
  Vec<S> x;                              // where the search ended
  double residual = 0;                   // |f(x) - x|
  double left = 0;        // |(I - J)^-1 (f(x) - x)|: how far from x the fixed point is, to first order
  double distance = 0;    // |x - x0|
  Index steps = 0;        // Newton's
  Index evaluations = 0;  // of f
  /// Whether a fixed point was found; else `end` says why not.
  bool converged() const { return end == SearchEnd::converged; }
};

/// What there is at a given point x.
struct FixedPoint : LinearStability {
  SearchEnd end = SearchEnd::exhausted;  // of the search that began at x
  double residual = 0;                   // |f(x) - x| / |x|, or |f(x)| where x = 0
  double distance = 0;  // to the fixed point that was found from x, relative to |x| likewise; infinite: none
};

/// How find_fixed_point searches, and when a point belongs to x.
struct FixedPointOptions {
  /// A fixed point belongs to x when its distance is <= tolerance * |x| (or <= tolerance where x = 0).
  double tolerance = 1e-2;
  SearchOptions search = {};    // Newton's method
  LeadingOptions leading = {};  // where J is known by its products alone
};

namespace detail {

// Whether this file sees Spectra: another file of the same program may not. What depends on it takes it as a
// template parameter, so that each file gets its own code and not what another one has compiled under the
// same name.
#if __has_include(<Spectra/GenEigsSolver.h>)
constexpr bool with_spectra = true;
#else
constexpr bool with_spectra = false;
#endif

/// LinearStability from whatever form J is known in. `epsilon` is that of the numbers it was computed in,
/// `change` what else it may be off by.
template <bool WithSpectra>
LinearStability judge(const LocalMap& J, Index n, double epsilon, double change,
                      const LeadingOptions& options);
/// That of a J which is formed, whole or by factors.
template <class = void>
LinearStability judge_formed(const LocalMap& J, Index n, double epsilon, double change);
/// How much J, known at x, changes right beside x: next to nothing where f is smooth, and by the change of
/// slopes where a kink passes through x, of which the Jacobian at x knows one side only. Both ways, so that
/// every kink through x is crossed. Infinite where nobody knows how near x is to the fixed point.
template <class = void>
double slope_change(const SelfMap& f, const Found& p, const LocalMap& J);
/// The verdict at a point that was found and polished.
template <bool WithSpectra>
LinearStability judge_point(const SelfMap& f, const Found& p, const LeadingOptions& options);
/// The fixed point found from x0, all of it in double.
struct JudgedPoint {
  Found found;
  LinearStability stability;
};
template <bool WithSpectra>
JudgedPoint search_and_judge(const SelfMap& f, VecIn<double> x0, const FixedPointOptions& o);

inline void require_fixed_point_options(const FixedPointOptions& o, const char* who) {
  require(o.tolerance >= 0, who, ": tolerance must be >= 0, got ", o.tolerance);
  require_search_options(o.search, who);
  require(o.leading.max_power >= 0, who, ": leading.max_power must be >= 0, got ", o.leading.max_power);
}

/// size relative to `unit`, or as it is where that is 0.
inline double relative(double size, double unit) { return unit > 0 ? size / unit : size; }

}  // namespace detail

/// The fixed point that Newton's method finds from x0, with the verdict at that point: whether it attracts,
/// by what is shown in LinearStability. Steps are taken in double, whatever the network's type, and damped
/// (Armijo's rule on |f(x) - x|); the linear systems with I - J are solved dense, by factors of J where the
/// network is narrow (jacobian_factors), or above options.search.form_up_to dimensions by products alone.
/// Kinks of piecewise linear networks are stepped over; where one passes through the point itself, both sides
/// must agree for a verdict. That the point is the one next to x0, or that there is one at all, nobody knows
/// before: look at `end` and `distance`. options.tolerance plays no part.
///
/// In float, x is as exact as float allows: within about `left` of the fixed point. Where J is known by its
/// products alone, how many unstable directions there are is not shown (`counted` is false, and the index 0,
/// unless the point attracts): that the computed eigenvalues are all that lie outside would need a bound on
/// (z - J)^-1 on the unit circle, which products do not give. Throws if f does not map its space to itself,
/// if x0 does not fit, or if an option makes no sense.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] FoundPoint<typename F::Scalar> find_fixed_point(const Model<F>& f, VecIn<typename F::Scalar> x0,
                                                              const FixedPointOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, x0.size(), "find_fixed_point", "x0");
  detail::require_fixed_point_options(options, "find_fixed_point");
  const Vec<double> start = x0.template cast<double>();
  const detail::JudgedPoint p =
      detail::search_and_judge<WithSpectra>(detail::self_map(f, options.search), start, options);
  FoundPoint<S> point;
  static_cast<LinearStability&>(point) = p.stability;
  point.end = p.found.end;
  point.x = p.found.x.template cast<S>();
  point.residual = p.found.residual;
  point.left = p.found.left;
  point.distance = (p.found.x - start).stableNorm();
  point.steps = p.found.steps;
  point.evaluations = p.found.evaluations;
  return point;
}

/// Which kind of fixed point x is, up to options.tolerance: x is judged by the fixed point that is found from
/// it (find_fixed_point). |f(x) - x| does not tell how far that is (f(x) = .995 x passes at 1 with its fixed
/// point at 0), nor is the Jacobian at x the one there: in a piecewise linear network a kink may lie between.
///
/// attracting or unstable where that is shown of the Jacobian at the fixed point (see LinearStability;
/// Theorem 2, corrected: the paper says "largest eigenvalue"), else undecided; not_fixed where no fixed point
/// is found within the tolerance, whatever the other numbers say of one farther away. That the orbit of x
/// ends there is another matter: x may lie outside of its basin. A point where f is NaN or infinite is not
/// fixed. Throws as find_fixed_point does.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] FixedPoint classify_fixed_point(const Model<F>& f, VecIn<typename F::Scalar> x,
                                              const FixedPointOptions& options = {}) {
  detail::require_self_map(f, x.size(), "classify_fixed_point", "x");
  detail::require_fixed_point_options(options, "classify_fixed_point");
  const Vec<double> start = x.template cast<double>();
  const detail::JudgedPoint found =
      detail::search_and_judge<WithSpectra>(detail::self_map(f, options.search), start, options);
  FixedPoint p;
  static_cast<LinearStability&>(p) = found.stability;
  p.end = found.found.end;
  const double size = start.stableNorm();
  p.residual = detail::relative(found.found.start_residual, size);
  p.distance = p.end == SearchEnd::converged ? detail::relative((found.found.x - start).stableNorm(), size)
                                             : std::numeric_limits<double>::infinity();
  if (!(p.distance <= options.tolerance)) p.stability = Stability::not_fixed;
  return p;
}

#ifdef BASIN_BODIES
namespace detail {

/// The first k <= options.max_power for which J^k of three normal vectors is so short that |J^k| < 1 except
/// with a probability of 1e-10: |A| <= a (2 / pi)^(1/2) max |A g_i| fails with one of a^-3 (Halko,
/// Martinsson, Tropp 2011, Lemma 4.1), a = 10^(10/3). More vectors allow a smaller a and a k smaller by a
/// few, and each costs a product for every k. 0: there is none.
template <class = void>
Index contracting_power(const LocalMap& J, Index n, const LeadingOptions& options) {
  constexpr double factor = 1720;
  Random random(3);
  Mat<double> G(n, 3);
  for (double& entry : G.reshaped()) entry = random.normal();
  Vec<double> y(n);
  for (Index k = 1; k <= options.max_power && !(options.cancelled && options.cancelled()); ++k) {
    double longest = 0;
    for (Index j = 0; j < G.cols(); ++j) {
      J.apply(G.col(j), y);
      G.col(j) = y;
      longest = std::max(longest, y.norm());
    }
    if (factor * longest < 1) return k;
    if (!(longest < 1e30)) return 0;
  }
  return 0;
}

/// The largest singular value as far as it is known, from below.
struct LargestSingularValue {
  double value = 0;
  bool converged = false;
};
/// |J|_2 by bidiagonalization (Golub, Kahan 1965) from a random vector, J V = U B with B upper bidiagonal,
/// orthogonalized in full: until |J'u - sigma v| <= 1e-10 sigma, or `most` steps. Few where J is next to a
/// matrix of low rank.
template <class = void>
LargestSingularValue largest_singular_value(const LocalMap& J, Index n, Index most) {
  Random random(4);
  Mat<double> U(n, most), V(n, most);
  Vec<double> v(n), u(n), a(most), b(most);
  for (double& entry : v) entry = random.normal();
  v.normalize();
  LargestSingularValue largest;
  Eigen::SelfAdjointEigenSolver<Mat<double>> solver;
  for (Index k = 0; k < most; ++k) {
    V.col(k) = v;
    J.apply(v, u);
    if (k > 0) u -= b[k - 1] * U.col(k - 1);
    u -= U.leftCols(k) * (U.leftCols(k).transpose() * u).eval();
    a[k] = u.norm();
    if (!(a[k] > 0) || !std::isfinite(a[k])) return {largest.value, a[k] == 0};
    U.col(k) = u / a[k];
    J.apply_adjoint(U.col(k), v);
    v -= a[k] * V.col(k);
    v -= V.leftCols(k + 1) * (V.leftCols(k + 1).transpose() * v).eval();
    b[k] = v.norm();
    const double scale = std::max(a.head(k + 1).maxCoeff(), b.head(k + 1).maxCoeff());
    const Vec<double> x = a.head(k + 1) / scale, y = b.head(k) / scale;
    Vec<double> squares = x.cwiseAbs2();
    squares.head(k) += y.cwiseAbs2();
    solver.computeFromTridiagonal(squares, y.cwiseProduct(x.tail(k)));  // B B'
    largest.value = scale * std::sqrt(std::max(solver.eigenvalues()[k], 0.));
    if (b[k] * std::abs(solver.eigenvectors()(k, k)) <= 1e-10 * largest.value) return {largest.value, true};
    v /= b[k];
  }
  return largest;
}

/// |D E|_2 of finite factors.
template <class = void>
double product_norm(const Mat<double>& D, const Mat<double>& E) {
  LocalMap J;
  J.apply = [&](VecIn<double> x, VecOut<double> y) { y.noalias() = D * Vec<double>(E * x); };
  J.apply_adjoint = [&](VecIn<double> x, VecOut<double> y) {
    y.noalias() = E.transpose() * Vec<double>(D.transpose() * x);
  };
  const LargestSingularValue largest = largest_singular_value(J, D.rows(), std::min<Index>(40, D.cols()));
  return largest.converged ? largest.value : product_singular_values(E, D, "classify_fixed_point")[0];
}

#if __has_include(<Spectra/GenEigsSolver.h>)
/// By products alone: attracting by the powers of J on random vectors; unstable where an eigenvalue is
/// farther outside of the unit circle than a hundred times what its condition number makes of its residual
/// and of the rounding of J; else undecided. `unstable` counts the computed eigenvalues outside, up to 32.
template <class = void>
LinearStability judge_products(const LocalMap& J, Index n, double epsilon, double change,
                               const LeadingOptions& given) {
  LinearStability s;
  s.norm = largest_singular_value(J, n, std::min<Index>(100, n)).value;
  const bool smooth = change <= 1e-3 * s.norm;  // else no power of this one J shows anything
  s.power = smooth ? contracting_power(J, n, given) : 0;
  LeadingOptions options = given;
  options.conditions = true;
  const Index most = std::min<Index>(32, n);
  Leading leading = leading_of({n, J.apply, J.apply_adjoint}, std::min<Index>(4, n), options);
  if (leading.converged && most > 4 && std::abs(leading.values.back()) > 1)
    if (Leading more = leading_of({n, J.apply, J.apply_adjoint}, most, options); more.converged)
      leading = std::move(more);
  s.spectral_radius = s.uncertainty = std::numeric_limits<double>::quiet_NaN();
  bool unstable = false;
  for (std::size_t i = 0; leading.converged && i < leading.values.size(); ++i) {
    const double modulus = std::abs(leading.values[i]);
    const double uncertainty =
        leading.conditions[i] * (leading.residuals[i] + change + matrix_error(n, epsilon, s.norm));
    if (i == 0) s.spectral_radius = modulus, s.uncertainty = uncertainty;
    s.unstable += modulus > 1;
    unstable = unstable || modulus - 1 > 100 * uncertainty;
  }
  if (s.power > 0) {
    s.stability = Stability::attracting;
    if (s.spectral_radius > 1) s.spectral_radius = 1;
    s.unstable = 0;
    s.counted = true;
    s.index = 1;
  } else if (unstable) {
    s.stability = Stability::unstable;
  }
  return s;
}
#endif

/// How far the Jacobian K is from J at a point next to it, in the Frobenius norm. Of factors it is M = E D
/// of J that counts, and E_i D_k too: orbits change sides. Of products it is an estimate: E |A g|^2 = |A|_F^2
/// for normal g.
template <class = void>
double jacobian_distance(const LocalMap& J, const Mat<double>& M, const LocalMap& K, Index n,
                         Random& random) {
  if (J.is_product()) {
    const Vec<double> d{
        {(middle(K.E, K.D) - M).norm(), (middle(K.E, J.D) - M).norm(), (middle(J.E, K.D) - M).norm()}};
    return d.maxCoeff<Eigen::PropagateNaN>();
  }
  if (J.is_formed()) return (K.D - J.D).norm();
  Vec<double> g(n), a(n), b(n);
  for (double& entry : g) entry = random.normal();
  J.apply(g, a);
  K.apply(g, b);
  return (a - b).norm();
}

/// Two points on opposite sides of x in each of two random directions, so near that only what is within
/// rounding of x is met.
template <class = void>
std::vector<Vec<double>> points_beside(const SelfMap& f, const Vec<double>& x, double step, Random& random) {
  std::vector<Vec<double>> points;
  for (int direction = 0; direction < 2; ++direction) {
    Vec<double> u(f.size);
    for (double& entry : u) entry = random.normal();
    u *= step / u.norm();
    for (const double sign : {1., -1.}) points.push_back(f.rounded(x + sign * u));
  }
  return points;
}

/// Whether J is the same to the last bit at x and at all of these points, as it is in one piece of a
/// piecewise linear network. One product with a normal vector sees every difference, with probability 1.
template <class = void>
bool same_slopes(const SelfMap& f, const Vec<double>& x, const std::vector<Vec<double>>& points,
                 Random& random) {
  Vec<double> g(f.size), at_x(f.size), beside(f.size);
  for (double& entry : g) entry = random.normal();
  f.products(x)(g, at_x);
  return std::all_of(points.begin(), points.end(), [&](const Vec<double>& point) {
    f.products(point)(g, beside);
    return beside == at_x;
  });
}

template <class>
double slope_change(const SelfMap& f, const Found& p, const LocalMap& J) {
  const double step = 10 * p.left + (f.epsilon > 1e-10 ? 1e-5 : 1e-10) * (p.size > 0 ? p.size : 1);
  if (!std::isfinite(step)) return std::numeric_limits<double>::infinity();
  Random random(5);
  const std::vector<Vec<double>> points = points_beside(f, p.x, step, random);
  if (f.products && J.is_formed() && same_slopes(f, p.x, points, random)) return 0;
  const Mat<double> M = J.is_product() ? middle(J.E, J.D) : Mat<double>();
  double change = 0;
  for (const Vec<double>& point : points) {
    const double d = jacobian_distance(J, M, f.linearized(point), f.size, random);
    change = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(change, d);
  }
  return change;
}

template <class>
LinearStability judge_formed(const LocalMap& J, Index n, double epsilon, double change) {
  if (!J.is_product()) return stability_of(J.D, matrix_error(n, epsilon, J.D.stableNorm()), change);
  const Mat<double> small = middle(J.E, J.D);
  const double rounding = 4 * epsilon * J.E.norm() * J.D.norm();
  LinearStability s = judge_matrix(small, rounding + matrix_error(small.rows(), 0, small.norm()), change);
  const bool finite = J.E.allFinite() && J.D.allFinite();
  s.norm = finite ? product_norm(J.D, J.E) : std::numeric_limits<double>::quiet_NaN();
  return s;
}

template <bool WithSpectra>
LinearStability judge(const LocalMap& J, Index n, double epsilon, double change,
                      const LeadingOptions& options) {
  if (J.is_formed()) return judge_formed(J, n, epsilon, change);
#if __has_include(<Spectra/GenEigsSolver.h>)
  return judge_products(J, n, epsilon, change, options);
#else
  Mat<double> whole(n, n);
  const Mat<double> unit = Mat<double>::Identity(n, n);
  for (Index j = 0; j < n; ++j) J.apply(unit.col(j), whole.col(j));
  return stability_of(whole, matrix_error(n, epsilon, whole.stableNorm()), change);
#endif
}
template <bool WithSpectra>
LinearStability judge_point(const SelfMap& f, const Found& p, const LeadingOptions& options) {
  const LocalMap J = f.linearized(p.x);
  return judge<WithSpectra>(J, f.size, f.epsilon, slope_change(f, p, J), options);
}

template <bool WithSpectra>
JudgedPoint search_and_judge(const SelfMap& f, VecIn<double> x0, const FixedPointOptions& o) {
  JudgedPoint p{newton_search(f, x0, o.search), {}};
  if (p.found.end == SearchEnd::converged)
    p.stability = judge_point<WithSpectra>(f, p.found, o.leading);
  else
    p.stability.stability = Stability::not_fixed;
  return p;
}

}  // namespace detail
#endif

}  // namespace basin
