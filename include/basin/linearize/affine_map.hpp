// What a linearization gives: y = A x + b, A dense, sparse, or stored the cheaper way.
#pragma once
#include <Eigen/SparseCore>  // Eigen::SparseMatrix

#include "basin/core/types.hpp"               // Mat, Vec
#include "basin/linearize/stored_matrix.hpp"  // StoredMatrix

namespace basin::inline BASIN_ABI {

/// y = A x + b. Both members are open.
template <class Matrix>
struct AffineMap {
  using Scalar = typename Matrix::Scalar;
  Matrix A;       // out x in
  Vec<Scalar> b;  // out numbers
  /// A x + b for each column of x.
  Mat<Scalar> operator()(MatIn<Scalar> x) const {
    Mat<Scalar> y(A.rows(), x.cols());
    if constexpr (requires { A.apply(x, y); })
      A.apply(x, y);
    else
      y.noalias() = A * x;
    y.colwise() += b;
    return y;
  }
};

/// A as a dense matrix.
template <class S>
using DenseMap = AffineMap<Mat<S>>;
/// A as a sparse matrix.
template <class S>
using SparseMap = AffineMap<Eigen::SparseMatrix<S>>;
/// A as a StoredMatrix, sparse or dense by its fill.
template <class S>
using StoredMap = AffineMap<StoredMatrix<S>>;

}  // namespace basin
