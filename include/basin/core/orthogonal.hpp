// Gram-Schmidt, without the weight of Eigen/QR.
#pragma once
#include "basin/core/types.hpp"  // MatIn, VecOut

namespace basin::inline BASIN_ABI::detail {

/// q = q - Q Q'q: q made orthogonal to the orthonormal columns of Q, to rounding, by modified Gram-Schmidt.
/// Where most of q lies in their span, one pass leaves what rounding made of it: "twice is enough" (Giraud,
/// Langou, Rozloznik, van den Eshof 2005).
template <class S>
void make_orthogonal(MatIn<S> Q, VecOut<S> q) {
  for (int pass = 0; pass < 2; ++pass)
    for (Index k = 0; k < Q.cols(); ++k) q -= Q.col(k).dot(q) * Q.col(k);
}

}  // namespace basin::detail
