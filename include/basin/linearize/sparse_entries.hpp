// The matrix of a single affine layer, sparse and built from its entries alone.
#pragma once
#include <Eigen/SparseCore>  // Eigen::SparseMatrix, Eigen::Triplet
#include <limits>            // std::numeric_limits
#include <utility>           // std::move
#include <vector>            // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/linearize/affine_layers.hpp"  // for_entries

namespace basin::inline BASIN_ABI::detail {

/// The number of entries that f visits.
template <class F>
Index count_entries(const F& f, VecIn<typename F::Scalar> theta) {
  Index count = 0;
  for_entries(f, theta, [&](Index, Index, typename F::Scalar) { ++count; });
  return count;
}

/// A with sorted columns in which no entry stands twice.
template <class S>
Eigen::SparseMatrix<S> in_order(Eigen::SparseMatrix<S> A) {
  std::vector<Eigen::Triplet<S>> all;
  bool sorted = true;
  for (Index j = 0; j < A.cols(); ++j) {
    Index last = -1;
    for (typename Eigen::SparseMatrix<S>::InnerIterator it(A, j); it; ++it) {
      sorted = sorted && it.row() > last;
      last = it.row();
    }
  }
  if (sorted) return A;
  for (Index j = 0; j < A.cols(); ++j)
    for (typename Eigen::SparseMatrix<S>::InnerIterator it(A, j); it; ++it)
      all.emplace_back(static_cast<int>(it.row()), static_cast<int>(j), it.value());
  A.setFromTriplets(all.begin(), all.end());
  return A;
}

/// A of the layer f in passes over its entries: count them, count those of each column, put them there.
/// Throws unless there are fewer than 2^31.
template <class F>
Eigen::SparseMatrix<typename F::Scalar> sparse_matrix(const F& f, VecIn<typename F::Scalar> theta) {
  using S = typename F::Scalar;
  const Index count = count_entries(f, theta);
  require(count < std::numeric_limits<int>::max(), layer_name(f), ": its matrix has ", count,
          " entries, a sparse one holds fewer than 2^31; use linearize(model)");
  Eigen::SparseMatrix<S> A(f.out_size(), f.in_size());
  int* const end = A.outerIndexPtr() + 1;  // end[j]: first the number of entries of column j
  for_entries(f, theta, [&](Index, Index col, S) { ++end[col]; });
  int total = 0;
  for (Index j = 0; j < A.cols(); ++j) {
    const int size = end[j];
    end[j] = total;  // then where the next entry of column j goes, at last the end of column j
    total += size;
  }
  A.resizeNonZeros(total);
  for_entries(f, theta, [&](Index row, Index col, S value) {
    A.innerIndexPtr()[end[col]] = static_cast<int>(row);
    A.valuePtr()[end[col]++] = value;
  });
  return in_order(std::move(A));
}

}  // namespace basin::detail
