// Whether a linear map has memorized its training examples: by its spectrum, and as a projection.
// Pages: docs/paper/table_1.md, docs/paper/table_2.md.
#pragma once
#include <algorithm>  // std::max
#include <complex>    // std::complex
#include <vector>     // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/types.hpp"         // Index, Mat, MatIn, Vec
#include "basin/dynamics/rank.hpp"      // numerical_rank
#include "basin/dynamics/spectrum.hpp"  // eigenvalues
#include "basin/theory/projection.hpp"  // orthonormal_basis, distance_to_projection

namespace basin::inline BASIN_ABI {

/// What counts as 1 and as 0.
struct MemorizationOptions {
  double eigenvalue_tolerance = 1e-2;  // |lambda - 1| up to this counts as eigenvalue 1
  double rank_tolerance = 1e-8;        // of singular values of A, relative to the largest
  double span_tolerance = 1e-8;        // of span_basis: when an example depends on the others
};

/// Two meanings of "A has memorized the examples", which are not the same:
/// - by spectrum (Tables 1 and 2 of the paper): A x = x for the n examples and every other eigenvalue is
///   small, so that iterates go to the span of the examples: `at_one` = `span`, `next_modulus` < 1,
///   `example_error` = 0.
/// - by projection (the paper's Lemma): A is the orthogonal projection onto the span:
/// `projection_distance` = 0. The second implies the first. A = v u' with u'v = 1 meets the first for the
/// example v; with u not along v it is no orthogonal projection, and may have zeros anywhere.
struct Memorization {
  std::vector<std::complex<double>> eigenvalues;  // of A, largest modulus first
  std::vector<double> moduli;                     // |eigenvalues|
  Index span = 0;                  // dimension of the span of the examples (n if they are independent)
  Index at_one = 0;                // eigenvalues within eigenvalue_tolerance of 1 (not: of modulus 1)
  Index above_half = 0;            // eigenvalues of modulus > 0.5
  double next_modulus = 0;         // the (span + 1)-th modulus; 0 where there is none
  double example_error = 0;        // max |A x - x| / |x| over the examples other than 0
  Index rank = 0;                  // numerical_rank of A
  double projection_distance = 0;  // |A - P|_F / |P|_F
};

namespace detail {

template <class = void>
double largest_relative_error(MatIn<double> A, MatIn<double> X) {
  const Mat<double> error = A * X - X;
  double worst = 0;
  for (Index j = 0; j < X.cols(); ++j)
    if (const double size = X.col(j).norm(); size > 0) worst = std::max(worst, error.col(j).norm() / size);
  return worst;
}

template <class = void>
Memorization memorization(MatIn<double> A, MatIn<double> X, const MemorizationOptions& options) {
  require(A.rows() == A.cols() && A.rows() == X.rows(), "memorization: A is ", A.rows(), " x ", A.cols(),
          ", X has ", X.rows(), " rows, expected a square A of as many");
  require(A.allFinite(), "memorization: A has entries that are NaN or infinite");
  require(options.eigenvalue_tolerance >= 0, "memorization: eigenvalue_tolerance must be >= 0, got ",
          options.eigenvalue_tolerance);
  const Mat<double> Q = orthonormal_basis(X, options.span_tolerance, "memorization");
  require(Q.cols() > 0, "memorization: X has no column other than zero");
  Memorization m;
  m.eigenvalues = eigenvalues(A);
  for (const std::complex<double>& lambda : m.eigenvalues) {
    m.moduli.push_back(std::abs(lambda));
    m.at_one += std::abs(lambda - 1.0) <= options.eigenvalue_tolerance ? 1 : 0;
    m.above_half += m.moduli.back() > 0.5 ? 1 : 0;
  }
  m.span = Q.cols();
  if (m.span < A.rows()) m.next_modulus = m.moduli[static_cast<std::size_t>(m.span)];
  m.example_error = largest_relative_error(A, X);
  m.rank = numerical_rank(A, options.rank_tolerance).rank;
  m.projection_distance = distance_to_projection(A, Q);
  return m;
}

}  // namespace detail

/// Spectrum, rank, error on the examples and distance to the projection of the linear map x -> A x (d x d)
/// with examples in the columns of X (d x n), computed in double in O(d^3). Throws if the sizes do not fit, A
/// or X is not finite, or X = 0.
template <class DerivedA, class DerivedX>
[[nodiscard]] Memorization memorization(const Eigen::MatrixBase<DerivedA>& A,
                                        const Eigen::MatrixBase<DerivedX>& X,
                                        const MemorizationOptions& options = {}) {
  return detail::memorization(A.template cast<double>(), X.template cast<double>(), options);
}

}  // namespace basin
