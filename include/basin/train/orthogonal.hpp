// Orthonormal columns.
#pragma once
#include "basin/core/error.hpp"       // require
#include "basin/core/orthogonal.hpp"  // make_orthogonal
#include "basin/core/types.hpp"       // Mat, MatOut

namespace basin::inline BASIN_ABI {

/// A = Q of its QR factorization A = Q R with a positive diagonal of R: orthonormal columns that span the
/// same spaces, orthogonal to rounding. Throws, with A half done, if A is wide or if a column depends on
/// those before it.
template <class S>
void orthonormalize(MatOut<S> A) {
  require(A.rows() >= A.cols(), "orthonormalize: A is ", A.rows(), " x ", A.cols(),
          ", expected rows >= cols");
  for (Index j = 0; j < A.cols(); ++j) {
    const S before = A.col(j).norm();
    detail::make_orthogonal<S>(A.leftCols(j), A.col(j));
    const S after = A.col(j).norm();
    require(after > static_cast<S>(A.rows()) * Eigen::NumTraits<S>::epsilon() * before,
            "orthonormalize: column ", j, " depends on those before it");
    A.col(j) /= after;
  }
}

}  // namespace basin
