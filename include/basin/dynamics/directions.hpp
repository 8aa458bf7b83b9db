// Directions in which to leave a point: random ones, those that f sees at all, and those that it stretches
// most.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::sqrt
#include <cstdint>    // std::uint64_t
#include <vector>     // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/model.hpp"         // Model
#include "basin/core/random.hpp"        // Random
#include "basin/core/types.hpp"         // Index, Mat, Vec, VecIn
#include "basin/dynamics/self_map.hpp"  // SelfMap, LocalMap
#ifdef BASIN_BODIES
#include <Eigen/Eigenvalues>  // Eigen::SelfAdjointEigenSolver
#endif

namespace basin::inline BASIN_ABI {

/// `count` random unit vectors of `size` entries, uniform on the sphere. Throws unless size >= 1 and
/// count >= 0.
template <class = void>
[[nodiscard]] Mat<double> random_directions(Index size, Index count, std::uint64_t seed) {
  require(size >= 1 && count >= 0, "random_directions: size must be >= 1 and count >= 0, got ", size, " and ",
          count);
  Random random(seed);
  Mat<double> U(size, count);
  for (Index j = 0; j < count; ++j) {
    for (double& entry : U.col(j)) entry = random.normal();
    U.col(j).normalize();
  }
  return U;
}

/// The row space of the Jacobian at a point.
struct RowSpace {
  Mat<double> basis;  // n x rank, orthonormal columns
  Index neutral = 0;  // n - rank: so many directions v with J v = 0
  bool whole = true;  // false: J is known by its products alone, and `basis` a sample of its row space
};

/// Singular values of J, the largest first, and right singular vectors: what f stretches most, and by how
/// much.
struct StretchedDirections {
  Mat<double> V;      // n x count
  Vec<double> sigma;  // |J v|
};

namespace detail {

/// Makes the columns orthonormal, from the left, and drops those that are left with at most `rest` of their
/// length (Gram-Schmidt, twice).
template <class = void>
Mat<double> orthonormal(const Mat<double>& A, double rest);
/// J V and J'U for a matrix in any form.
template <class = void>
Mat<double> jacobian_times(const LocalMap& J, const Mat<double>& V);
template <class = void>
Mat<double> adjoint_times(const LocalMap& J, const Mat<double>& U);

template <class = void>
RowSpace row_space_of(const LocalMap& J, Index n);
/// Those of the product of several matrices, the first one applied first: of f^p along a cycle.
template <class = void>
StretchedDirections stretched_by(const std::vector<LocalMap>& J, Index n, Index count);

}  // namespace detail

/// The row space of J(x): of the first narrow layer where the network has narrow factors (J = D E: the rows
/// of E), of J itself up to 1024 dimensions, else a sample of 128 directions J'g. f does not see a change
/// along the other directions, to first order; where the first layer is narrow and its map has no flat
/// pieces, not at all. Throws if f does not map its space to itself or x does not fit.
template <Layer F>
[[nodiscard]] RowSpace row_space(const Model<F>& f, VecIn<typename F::Scalar> x) {
  detail::require_self_map(f, x.size(), "row_space", "x");
  return detail::row_space_of(detail::self_map(f, 1024).linearized(x.template cast<double>()), x.size());
}

/// `count` random unit vectors of the space spanned by the orthonormal columns of `basis`. Throws unless
/// there is a column and count >= 0.
template <class = void>
[[nodiscard]] Mat<double> directions_within(const Mat<double>& basis, Index count, std::uint64_t seed) {
  require(basis.cols() >= 1, "directions_within: basis must have at least 1 column, got 0");
  return basis * random_directions(basis.cols(), count, seed);
}

/// The directions that f stretches most at x, the `count` (or as many as there are dimensions) largest
/// singular values of J and their right singular vectors, by subspace iteration: to some digits, which is all
/// that a search needs. Throws as row_space does, or if count < 1.
template <Layer F>
[[nodiscard]] StretchedDirections stretched_directions(const Model<F>& f, VecIn<typename F::Scalar> x,
                                                       Index count) {
  detail::require_self_map(f, x.size(), "stretched_directions", "x");
  require(count >= 1, "stretched_directions: count must be >= 1, got ", count);
  const detail::LocalMap J = detail::self_map(f, 1024).linearized(x.template cast<double>());
  return detail::stretched_by({J}, x.size(), count);
}

#ifdef BASIN_BODIES
namespace detail {

template <class>
Mat<double> orthonormal(const Mat<double>& A, double rest) {
  Mat<double> Q(A.rows(), std::min(A.rows(), A.cols()));
  const double least = rest * (A.cols() > 0 ? A.colwise().norm().maxCoeff() : 0);
  Index kept = 0;
  for (Index j = 0; j < A.cols() && kept < Q.cols(); ++j) {
    Vec<double> v = A.col(j);
    for (int twice = 0; twice < 2; ++twice) v -= Q.leftCols(kept) * (Q.leftCols(kept).transpose() * v).eval();
    if (const double length = v.norm(); length > least) Q.col(kept++) = v / length;
  }
  return Q.leftCols(kept);
}

template <class>
Mat<double> jacobian_times(const LocalMap& J, const Mat<double>& V) {
  if (J.is_product()) return J.D * (J.E * V).eval();
  if (J.is_formed()) return J.D * V;
  Mat<double> JV(V.rows(), V.cols());
  for (Index j = 0; j < V.cols(); ++j) J.apply(V.col(j), JV.col(j));
  return JV;
}
template <class>
Mat<double> adjoint_times(const LocalMap& J, const Mat<double>& U) {
  if (J.is_product()) return J.E.transpose() * (J.D.transpose() * U).eval();
  if (J.is_formed()) return J.D.transpose() * U;
  Mat<double> JU(U.rows(), U.cols());
  for (Index j = 0; j < U.cols(); ++j) J.apply_adjoint(U.col(j), JU.col(j));
  return JU;
}

template <class>
RowSpace row_space_of(const LocalMap& J, Index n) {
  RowSpace space;
  constexpr double rest = 1e-9;
  if (J.is_product())
    space.basis = orthonormal(J.E.transpose(), rest);
  else if (J.is_formed())
    space.basis = orthonormal(J.D.transpose(), rest);
  else
    space.basis = orthonormal(adjoint_times(J, random_directions(n, std::min<Index>(n, 128), 7)), rest);
  space.whole = J.is_formed();
  space.neutral = space.whole ? n - space.basis.cols() : 0;
  return space;
}

template <class>
StretchedDirections stretched_by(const std::vector<LocalMap>& J, Index n, Index count) {
  const Index kept = std::min(count, n), tried = std::min(n, kept + 8);
  Mat<double> V = orthonormal(random_directions(n, tried, 8), 0), JV;
  const auto forth = [&] {
    JV = V;
    for (const LocalMap& one : J) JV = jacobian_times(one, JV);
  };
  for (int iteration = 0; iteration < 12; ++iteration) {
    forth();
    for (std::size_t k = J.size(); k-- > 0;) JV = adjoint_times(J[k], JV);
    const Mat<double> next = orthonormal(JV, 1e-14);
    if (next.cols() == 0 || !next.allFinite()) break;  // J = 0
    V = next;
  }
  forth();
  const Eigen::SelfAdjointEigenSolver<Mat<double>> solver(JV.transpose() * JV);  // ascending
  const Index found = std::min(kept, V.cols());
  StretchedDirections s;
  s.V = V * solver.eigenvectors().rightCols(found).rowwise().reverse();
  s.sigma = solver.eigenvalues().tail(found).reverse().cwiseMax(0.).cwiseSqrt();
  return s;
}

}  // namespace detail
#endif

}  // namespace basin
