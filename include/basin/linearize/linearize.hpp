// The exact operator x -> A x + b of an affine network: dense, sparse, stored the cheaper way, and
// matrix-free; and the same for any network at a point.
#pragma once
#include <utility>  // std::move

#include "basin/core/model.hpp"                // Model
#include "basin/dynamics/jacobian.hpp"         // jacobian (it needs core alone)
#include "basin/linearize/affine_layers.hpp"   // AffineLayer
#include "basin/linearize/affine_map.hpp"      // DenseMap, SparseMap, StoredMap
#include "basin/linearize/matrix_free.hpp"     // MatrixFree
#include "basin/linearize/sparse_entries.hpp"  // sparse_matrix
#include "basin/linearize/stored_matrix.hpp"   // StoredMatrix
#include "basin/linearize/walk.hpp"            // walk

namespace basin::inline BASIN_ABI {

namespace detail {

/// A of the layers so far; before the first it is the identity.
template <class S>
struct Product {
  StoredMatrix<S> A;
  bool is_identity;
};

/// How a layer, a Residual and a Concat change A.
template <class S>
struct ProductRules {
  double fill_limit;
  template <class F>
  Product<S> layer(const F& f, VecIn<S> theta, Product<S> so_far) const {
    StoredMatrix<S> A = matrix(f, theta);
    return {so_far.is_identity ? std::move(A) : A * so_far.A, false};
  }
  Product<S> sum(const Product<S>& x, const Product<S>& fx) const { return {fx.A + x.A, false}; }
  Product<S> stacked(const Product<S>& x, const Product<S>& fx) const {
    return {detail::stacked(x.A, fx.A), false};
  }

 private:
  template <class F>
  StoredMatrix<S> matrix(const F& f, VecIn<S> theta) const {
    const double all = static_cast<double>(f.in_size()) * static_cast<double>(f.out_size());
    if (static_cast<double>(count_entries(f, theta)) <= fill_limit * all)
      return StoredMatrix<S>(sparse_matrix(f, theta), fill_limit);
    Mat<S> A = Mat<S>::Zero(f.out_size(), f.in_size());
    for_entries(f, theta, [&](Index row, Index col, S value) { A(row, col) += value; });
    return StoredMatrix<S>(std::move(A), fill_limit);
  }
};

/// A of the whole network, sparse or dense by `fill_limit`.
template <class F>
StoredMatrix<typename F::Scalar> network_matrix(const Model<F>& f, double fill_limit) {
  using S = typename F::Scalar;
  Eigen::SparseMatrix<S> identity(f.layer.in_size(), f.layer.in_size());
  identity.setIdentity();
  const Product<S> start{StoredMatrix<S>(std::move(identity), fill_limit), true};
  return walk<S>(f.layer, f.theta, start, ProductRules<S>{fill_limit}).A;
}

/// b = f(0).
template <class F>
Vec<typename F::Scalar> offset(const Model<F>& f) {
  return f(Mat<typename F::Scalar>::Zero(f.layer.in_size(), 1)).col(0);
}

}  // namespace detail

/// A and b of the affine network f, dense: A = out_size x in_size. For any network that is not affine use
/// linearize_at; the compiler says so.
template <Layer F>
[[nodiscard]] DenseMap<typename F::Scalar> linearize_dense(const Model<F>& f) {
  using S = typename F::Scalar;
  detail::require_affine<F>();
  if constexpr (AffineLayer<F>) {
    f.require_valid("linearize_dense");
    detail::require_affine(f.layer, f.theta, "linearize_dense");
    return {jacobian(f, Vec<S>::Zero(f.layer.in_size())), detail::offset(f)};
  } else {
    return {};
  }
}

/// A and b of the affine network f, A sparse. Each layer's matrix is built from its geometry and theta, and
/// the matrices are multiplied as sparse ones; nothing dense is formed. What is stored is what some theta
/// makes nonzero.
template <Layer F>
[[nodiscard]] SparseMap<typename F::Scalar> linearize_sparse(const Model<F>& f) {
  detail::require_affine<F>();
  if constexpr (AffineLayer<F>) {
    f.require_valid("linearize_sparse");
    detail::require_affine(f.layer, f.theta, "linearize_sparse");
    return {detail::network_matrix(f, 1.).sparse(), detail::offset(f)};
  } else {
    return {};
  }
}

/// A and b of the affine network f, A multiplied and stored sparse while at most `fill_limit` of its entries
/// are nonzero, dense from the layer on where they are more: a deep stack of convolutions fills up. Throws
/// unless fill_limit is from 0 to 1.
template <Layer F>
[[nodiscard]] StoredMap<typename F::Scalar> linearize_stored(const Model<F>& f,
                                                             double fill_limit = sparse_fill_limit) {
  using S = typename F::Scalar;
  detail::require_affine<F>();
  if constexpr (AffineLayer<F>) {
    f.require_valid("linearize_stored");
    detail::require_affine(f.layer, f.theta, "linearize_stored");
    require(fill_limit >= 0 && fill_limit <= 1, "linearize_stored: fill_limit must be from 0 to 1, got ",
            fill_limit);
    return {detail::network_matrix(f, fill_limit), detail::offset(f)};
  } else {
    return {StoredMatrix<S>(Mat<S>()), {}};
  }
}

/// The affine network f as products with A and A', without a matrix.
template <Layer F>
[[nodiscard]] MatrixFree<F> linearize(const Model<F>& f) {
  detail::require_affine<F>();
  f.require_valid("linearize");
  if constexpr (AffineLayer<F>) detail::require_affine(f.layer, f.theta, "linearize");
  return MatrixFree<F>(f, Vec<typename F::Scalar>::Zero(f.layer.in_size()));
}

/// A = df/dx and b = f(x) - A x at the point x, of any network: f(z) = A z + b + o(|z - x|). Where f is
/// piecewise linear this is exact in the whole region around x that has the same active pieces
/// (active_region). Throws if x does not fit.
template <Layer F>
[[nodiscard]] DenseMap<typename F::Scalar> linearize_at(const Model<F>& f, VecIn<typename F::Scalar> x) {
  f.require_valid("linearize_at");
  require(x.size() == f.layer.in_size(), "linearize_at: x has ", x.size(), " rows, f expects ",
          f.layer.in_size());
  DenseMap<typename F::Scalar> map{jacobian(f, x), f(x).col(0)};
  map.b.noalias() -= map.A * x;
  return map;
}

}  // namespace basin
