// Orthonormal columns, without the weight of Eigen/QR.
#pragma once
#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Mat, MatOut

namespace basin::inline BASIN_ABI {

/// A = Q of its QR factorization A = Q R with a positive diagonal of R: orthonormal columns that span the
/// same spaces, orthogonal to rounding. Throws, with A half done, if A is wide or if a column depends on
/// those before it.
///
/// Modified Gram-Schmidt, twice for each column: "twice is enough"
/// (Giraud, Langou, Rozloznik, van den Eshof 2005).
template <class S>
void orthonormalize(MatOut<S> A) {
  require(A.rows() >= A.cols(), "orthonormalize: A is ", A.rows(), " x ", A.cols(),
          ", expected rows >= cols");
  for (Index j = 0; j < A.cols(); ++j) {
    const S before = A.col(j).norm();
    for (int pass = 0; pass < 2; ++pass)
      for (Index k = 0; k < j; ++k) A.col(j) -= A.col(k).dot(A.col(j)) * A.col(k);  // a = a - q q'a
    const S after = A.col(j).norm();
    require(after > static_cast<S>(A.rows()) * Eigen::NumTraits<S>::epsilon() * before,
            "orthonormalize: column ", j, " depends on those before it");
    A.col(j) /= after;
  }
}

}  // namespace basin
