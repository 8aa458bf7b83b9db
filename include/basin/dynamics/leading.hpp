// The leading eigenvalues and eigenvectors of a large matrix, dense, sparse or given by its products, or of a
// network's Jacobian.
#pragma once
#include <Eigen/SparseCore>  // Eigen::SparseMatrix
#include <concepts>          // std::convertible_to
#include <functional>        // std::cref

#include "basin/core/error.hpp"                // require
#include "basin/core/layer.hpp"                // Layer
#include "basin/core/model.hpp"                // Model
#include "basin/dynamics/arnoldi.hpp"          // Leading, leading_of
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions

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
/// Vec<double> views, by implicitly restarted Arnoldi (Spectra), or by subspace iteration where that fails.
/// Conjugate pairs count as two; of a pair cut in half one is given. Throws if count is not in 1..n.
template <class Apply>
[[nodiscard]] Leading leading_eigenvalues(Index n, const Apply& apply, Index count,
                                          const LeadingOptions& options = {}) {
  return detail::leading_of(n, std::cref(apply), count, options);
}

/// The leading eigenvalues of a dense square matrix A.
template <class Derived>
[[nodiscard]] Leading leading_eigenvalues(const Eigen::MatrixBase<Derived>& A, Index count,
                                          const LeadingOptions& options = {}) {
  require(A.rows() == A.cols(), "leading_eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square matrix");
  require(A.allFinite(), "leading_eigenvalues: A has entries that are NaN or infinite");
  const Mat<double> matrix = A.template cast<double>();
  return leading_eigenvalues(
      A.rows(), [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix * x; }, count, options);
}

/// The leading eigenvalues of a sparse square matrix A.
template <class S, int Options, class StorageIndex>
[[nodiscard]] Leading leading_eigenvalues(const Eigen::SparseMatrix<S, Options, StorageIndex>& A, Index count,
                                          const LeadingOptions& options = {}) {
  require(A.rows() == A.cols(), "leading_eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square matrix");
  const Eigen::SparseMatrix<double, Eigen::RowMajor, StorageIndex> matrix = A.template cast<double>();
  return leading_eigenvalues(
      A.rows(), [&](VecIn<double> x, VecOut<double> y) { y.noalias() = matrix * x; }, count, options);
}

/// The leading eigenvalues of an operator with rows(), cols() and apply(x, y), for example linearize(model).
/// It is copied, for its products need not be const.
template <detail::HasApply Operator>
[[nodiscard]] Leading leading_eigenvalues(Operator A, Index count, const LeadingOptions& options = {}) {
  using S = typename Operator::Scalar;
  require(A.rows() == A.cols(), "leading_eigenvalues: A is ", A.rows(), " x ", A.cols(),
          ", expected a square operator");
  Mat<S> from(A.rows(), 1), to(A.rows(), 1);
  return leading_eigenvalues(
      A.rows(),
      [&](VecIn<double> x, VecOut<double> y) {
        from = x.cast<S>();
        A.apply(from, to);
        y = to.template cast<double>();
      },
      count, options);
}

/// The leading eigenvalues of the Jacobian of f at x, by jvp: no matrix is formed. In float, residuals below
/// 1e-6 are not to be had.
template <Layer F>
[[nodiscard]] Leading leading_eigenvalues(const Model<F>& f, VecIn<typename F::Scalar> x, Index count,
                                          const LeadingOptions& options = {}) {
  using S = typename F::Scalar;
  f.require_valid("leading_eigenvalues");
  require(f.layer.in_size() == f.layer.out_size(), "leading_eigenvalues: f maps ", f.layer.in_size(),
          " rows to ", f.layer.out_size(), ", expected as many");
  require(x.size() == f.layer.in_size(), "leading_eigenvalues: x has ", x.size(), " rows, f expects ",
          f.layer.in_size());
  typename F::Cache cache;
  Vec<S> y(x.size()), x_dot(x.size()), y_dot(x.size());
  f.layer.forward(f.theta, x, y, cache);
  return leading_eigenvalues(
      x.size(),
      [&](VecIn<double> u, VecOut<double> Ju) {
        x_dot = u.cast<S>();
        f.layer.jvp(f.theta, x, y, cache, x_dot, y_dot);
        Ju = y_dot.template cast<double>();
      },
      count, options);
}

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI {
extern template Leading leading_eigenvalues<FullyConnected<float>>(const Model<FullyConnected<float>>&,
                                                                   VecIn<float>, Index,
                                                                   const LeadingOptions&);
extern template Leading leading_eigenvalues<FullyConnected<double>>(const Model<FullyConnected<double>>&,
                                                                    VecIn<double>, Index,
                                                                    const LeadingOptions&);
}  // namespace basin
#endif
