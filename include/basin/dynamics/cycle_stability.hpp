// Whether a cycle attracts: the verdict on the product of the Jacobians at its points.
#pragma once
#include <complex>  // std::complex
#include <vector>   // std::vector

#include "basin/core/types.hpp"                // Index, Mat, MatIn
#include "basin/dynamics/fixed_point.hpp"      // judge
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/return_map.hpp"       // linearized_at, return_map, ring_of
#include "basin/dynamics/shooting.hpp"         // FoundCycle, shooting_search
#include "basin/dynamics/stability.hpp"        // LinearStability, matrix_error
#ifdef BASIN_BODIES
#include <algorithm>  // std::max
#include <cmath>      // std::isfinite, std::isnan, std::sqrt
#include <limits>     // std::numeric_limits
#include <utility>    // std::move

#include "basin/core/product/gemm.hpp"  // gemm
#include "basin/core/random.hpp"        // Random
#endif

namespace basin::inline BASIN_ABI::detail {

/// A cycle that was looked for, and M = J_p ... J_1 at its points. `multipliers` are the eigenvalues of M as
/// computed, largest modulus first, without those that are 0 because the network is narrow; empty where J is
/// known by its products alone, or nothing was found.
struct JudgedCycle {
  FoundCycle found;
  LinearStability stability;
  std::vector<std::complex<double>> multipliers;
};
template <bool WithSpectra>
JudgedCycle find_and_judge_cycle(const SelfMap& f, MatIn<double> x0, const SearchOptions& o, double same,
                                 const LeadingOptions& leading);

#ifdef BASIN_BODIES
/// How far A_p ... A_1 may be from the product of matrices that are within errors[i] of the A_i, in the
/// 2-norm: the sum over i of |S_i| errors[i] |P_i|, P_i = A_(i-1) ... A_1 and S_i the product of what comes
/// after A_i, which is off itself.
template <class = void>
double product_error(const std::vector<Mat<double>>& A, const std::vector<double>& errors) {
  const Index k = A.front().rows();
  Mat<double> product = Mat<double>::Identity(k, k), next(k, k);
  std::vector<double> before;
  for (const Mat<double>& a : A) {
    before.push_back(norm_bound(product));
    gemm<double>(a, product, next);
    product.swap(next);
  }
  product.setIdentity();
  double sum = 0, after = norm_bound(product), off = 0;
  for (std::size_t i = A.size(); i-- > 0;) {
    sum += (after + off) * errors[i] * before[i];
    off = off * (norm_bound(A[i]) + errors[i]) + after * errors[i];
    gemm<double>(product, A[i], next);
    product.swap(next);
    after = norm_bound(product);
  }
  return sum;
}

/// By how much rounding may have changed the matrices of the ring, and adds to it as their product is made.
template <class = void>
std::vector<double> ring_rounding(const std::vector<LocalMap>& J, const std::vector<Mat<double>>& A,
                                  double epsilon) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < A.size(); ++i) {
    const LocalMap& before = J[i > 0 ? i - 1 : J.size() - 1];
    const auto k = static_cast<double>(A[i].rows());
    const double own = J[i].is_product() ? 4 * epsilon * J[i].E.norm() * before.D.norm()
                                         : matrix_error(before.D.rows(), epsilon, before.D.norm());
    errors.push_back(own + k * std::sqrt(k) * std::numeric_limits<double>::epsilon() * A[i].norm());
  }
  return errors;
}

/// How much the factors at a point change right beside it (slope_change), the largest of what was met.
struct SlopeChange {
  double E = 0, D = 0;          // |dE|, |dD|; of a J without factors D = |dJ|
  double into = 0, out_of = 0;  // |dE D| and |E dD| with the factors D before and E after it
};
template <class = void>
SlopeChange slope_change_at(const SelfMap& f, const Vec<double>& x, double step, const LocalMap& before,
                            const LocalMap& J, const LocalMap& after, Random& random) {
  SlopeChange change;
  const std::vector<Vec<double>> points = points_beside(f, x, step, random);
  if (f.products && same_slopes(f, x, points, random)) return change;
  const auto at_least = [](double& most, double value) {
    most = std::isnan(value) ? std::numeric_limits<double>::infinity() : std::max(most, value);
  };
  for (const Vec<double>& point : points) {
    const LocalMap K = f.linearized(point);
    const Mat<double> D = K.D - J.D;
    at_least(change.D, D.norm());
    if (!J.is_product()) continue;
    const Mat<double> E = K.E - J.E;
    at_least(change.E, E.norm());
    at_least(change.into, middle(E, before.D).norm());
    at_least(change.out_of, middle(after.E, D).norm());
  }
  return change;
}

/// The distance of points beside the cycle, so near that only kinks within rounding of it are met.
template <class = void>
double step_beside(const SelfMap& f, const FoundCycle& p) {
  return 10 * p.left + (f.epsilon > 1e-10 ? 1e-5 : 1e-10) * (p.size > 0 ? p.size : 1);
}

/// What M may be off by, where J is formed.
template <class = void>
double return_map_error(const SelfMap& f, const FoundCycle& p, const std::vector<LocalMap>& J) {
  const double step = step_beside(f, p);
  if (!std::isfinite(step)) return std::numeric_limits<double>::infinity();
  const std::vector<Mat<double>> A = ring_of(J);
  std::vector<double> errors = ring_rounding(J, A, f.epsilon);
  const std::size_t n = J.size();
  std::vector<SlopeChange> changes;
  Random random(5);
  for (std::size_t i = 0; i < n; ++i)
    changes.push_back(slope_change_at(f, p.x.col(static_cast<Index>(i)), step, J[(i + n - 1) % n], J[i],
                                      J[(i + 1) % n], random));
  for (std::size_t i = 0; i < n; ++i) {
    const SlopeChange &here = changes[i], &before = changes[(i + n - 1) % n];
    errors[i] += J[i].is_product() ? here.into + before.out_of + here.E * before.D : before.D;
  }
  const double error = product_error(A, errors);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

/// How much M changes right beside the cycle, where J is known by its products alone.
template <class = void>
double return_map_change(const SelfMap& f, const FoundCycle& p, const LocalMap& M) {
  const double step = step_beside(f, p);
  if (!std::isfinite(step)) return std::numeric_limits<double>::infinity();
  Random random(5);
  std::vector<Mat<double>> beside(4, p.x);
  for (Index i = 0; i < p.x.cols(); ++i) {
    const std::vector<Vec<double>> points = points_beside(f, p.x.col(i), step, random);
    for (std::size_t k = 0; k < beside.size(); ++k) beside[k].col(i) = points[k];
  }
  double change = 0;
  for (const Mat<double>& x : beside) {
    const LocalMap K = return_map(linearized_at(f, x));
    const double d = jacobian_distance(M, Mat<double>(), K, f.size, random);
    change = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(change, d);
  }
  return change;
}

template <bool WithSpectra>
JudgedCycle find_and_judge_cycle(const SelfMap& f, MatIn<double> x0, const SearchOptions& o, double same,
                                 const LeadingOptions& leading) {
  JudgedCycle cycle{shooting_search(f, x0, o, same), {}, {}};
  const FoundCycle& p = cycle.found;
  cycle.stability.stability = Stability::not_fixed;
  if (p.end != SearchEnd::converged) return cycle;
  const std::vector<LocalMap> J = linearized_at(f, p.x);
  const LocalMap M = return_map(J);
  const double error = M.is_formed() ? return_map_error(f, p, J) : return_map_change(f, p, M);
  // The rounding of a formed M is part of the error.
  const double epsilon = M.is_formed() ? std::numeric_limits<double>::epsilon() : f.epsilon;
  cycle.stability = judge<WithSpectra>(M, f.size, epsilon, error, leading);
  if (!M.is_formed()) return cycle;
  if (const Mat<double> small = middle(M); small.allFinite()) cycle.multipliers = eigenvalues_of(small);
  return cycle;
}
#endif

}  // namespace basin::detail
