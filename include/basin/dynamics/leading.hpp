// The leading eigenvalues and eigenvectors of a large matrix, dense, sparse or given by its products, or of a
// network's Jacobian.
#pragma once
#include <Eigen/SparseCore>  // Eigen::SparseMatrix
#include <concepts>          // std::convertible_to, std::invocable
#include <functional>        // std::cref

#include "basin/core/error.hpp"                // require
#include "basin/core/layer.hpp"                // Layer
#include "basin/core/model.hpp"                // Model
#include "basin/core/model_by_calls.hpp"       // by_calls
#include "basin/dynamics/arnoldi.hpp"          // Leading, leading_of
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/self_map.hpp"         // LocalMap, local_products, require_self_map
#include "basin/dynamics/spectrum.hpp"         // square_matrix

namespace basin::inline BASIN_ABI {

namespace detail {

/// Something with products of its own: rows(), cols() and apply(x, y) for y = A x, such as linearize(model).
template <class A>
concept HasApply = requires(A& a, MatIn<typename A::Scalar> x, MatOut<typename A::Scalar> y) {
  { a.rows() } -> std::convertible_to<Index>;
  { a.cols() } -> std::convertible_to<Index>;
  a.apply(x, y);
};

}  // namespace detail

/// The `count` eigenvalues of largest modulus of the n x n matrix A, given as apply(x, y): y = A x on
/// Vec<double> views, by implicitly restarted Arnoldi (Spectra) with options.guard vectors more than are
/// wanted, or by subspace iteration where that fails. With A also A' may be given, for the condition numbers.
/// Conjugate pairs count as two; of a pair cut in half one is given. A may have any size: powers of two are
/// taken out of it. Throws if count is not in 1..n, or where a product is NaN or infinite.
template <class Apply>
[[nodiscard]] Leading leading_eigenvalues(Index n, const Apply& apply, Index count,
                                          const LeadingOptions& options = {}) {
  return detail::leading_of({n, std::cref(apply), {}}, count, options);
}
/// The same with A' given, as apply_adjoint(x, y): y = A' x, for the eigenvalues' condition numbers.
template <class Apply, class ApplyAdjoint>
requires std::invocable<const ApplyAdjoint&, VecIn<double>, VecOut<double>>
[[nodiscard]] Leading leading_eigenvalues(Index n, const Apply& apply, const ApplyAdjoint& apply_adjoint,
                                          Index count, const LeadingOptions& options = {}) {
  return detail::leading_of({n, std::cref(apply), std::cref(apply_adjoint)}, count, options);
}

/// The leading eigenvalues of a dense square matrix A: by iteration, or whole where that is faster.
template <class Derived>
[[nodiscard]] Leading leading_eigenvalues(const Eigen::MatrixBase<Derived>& A, Index count,
                                          const LeadingOptions& options = {}) {
  const Mat<double> matrix = detail::square_matrix(A.template cast<double>(), "leading_eigenvalues");
  return detail::leading_of(
      {matrix.rows(), [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix * x; },
       [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix.transpose() * x; }, &matrix},
      count, options);
}

/// The leading eigenvalues of a sparse square matrix A.
template <class S, int Options, class StorageIndex>
[[nodiscard]] Leading leading_eigenvalues(const Eigen::SparseMatrix<S, Options, StorageIndex>& A, Index count,
                                          const LeadingOptions& options = {}) {
  require(A.rows() == A.cols(), "leading_eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square matrix");
  const Eigen::SparseMatrix<double, Eigen::RowMajor, StorageIndex> matrix = A.template cast<double>();
  return leading_eigenvalues(
      A.rows(), [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix * x; },
      [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix.transpose() * x; }, count, options);
}

/// The leading eigenvalues of an operator with rows(), cols() and apply(x, y), for example linearize(model).
/// It is copied, for its products need not be const. With apply_adjoint(x, y) it has condition numbers, too.
template <detail::HasApply Operator>
[[nodiscard]] Leading leading_eigenvalues(Operator A, Index count, const LeadingOptions& options = {}) {
  using S = typename Operator::Scalar;
  require(A.rows() == A.cols(), "leading_eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square operator");
  Mat<S> from(A.rows(), 1), to(A.rows(), 1);
  const auto apply = [&](VecIn<double> x, VecOut<double> y) {
    from = x.cast<S>();
    A.apply(from, to);
    y = to.template cast<double>();
  };
  if constexpr (requires { A.apply_adjoint(from, to); }) {
    const auto apply_adjoint = [&](VecIn<double> x, VecOut<double> y) {
      from = x.cast<S>();
      A.apply_adjoint(from, to);
      y = to.template cast<double>();
    };
    return leading_eigenvalues(A.rows(), apply, apply_adjoint, count, options);
  } else {
    return leading_eigenvalues(A.rows(), apply, count, options);
  }
}

/// The leading eigenvalues of the Jacobian of f at x, by jvp and vjp: no matrix is formed. In float,
/// residuals below 1e-6 are not to be had.
template <Layer F>
[[nodiscard]] Leading leading_eigenvalues(const Model<F>& f, VecIn<typename F::Scalar> x, Index count,
                                          const LeadingOptions& options = {}) {
  detail::require_self_map(f, x.size(), "leading_eigenvalues", "x");
  const detail::LocalMap J = detail::local_products<typename F::Scalar>(detail::by_calls(f), x);
  return detail::leading_of({x.size(), J.apply, J.apply_adjoint}, count, options);
}

}  // namespace basin
