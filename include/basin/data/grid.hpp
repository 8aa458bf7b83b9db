// Regular grids of starting points around data.
#pragma once
#include <cmath>    // std::lerp
#include <cstdint>  // std::uint64_t
#include <vector>   // std::vector

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/core/error.hpp"            // require
#include "basin/core/types.hpp"            // Mat, MatIn, Index

namespace basin::inline BASIN_ABI {

/// The regular grid over the bounding box of X's columns, both faces included: X.rows() x per_side^X.rows(),
/// the last coordinate running fastest. Throws unless X has a column, all its entries are finite, per_side >=
/// 2 and the number of points fits in an Index.
template <class S>
[[nodiscard]] Mat<S> bounding_grid(MatIn<S> X, Index per_side) {
  const Index d = X.rows();
  require(d >= 1 && X.cols() >= 1, "bounding_grid: X must have rows and columns, got ", d, " x ", X.cols());
  require(X.array().isFinite().all(), "bounding_grid: X has an entry that is not finite");
  require(per_side >= 2, "bounding_grid: per_side must be >= 2, got ", per_side);
  const auto points = detail::checked_product(std::vector<Index>(static_cast<std::size_t>(d), per_side));
  require(points && detail::checked_product({*points, static_cast<std::uint64_t>(d)}),
          "bounding_grid: ", per_side, "^", d, " points are too many");
  const Vec<S> lo = X.rowwise().minCoeff(), hi = X.rowwise().maxCoeff();
  Mat<S> grid(d, static_cast<Index>(*points));
  for (Index k = 0; k < grid.cols(); ++k) {
    Index digits = k;  // in base per_side
    for (Index i = d - 1; i >= 0; --i) {
      grid(i, k) = std::lerp(lo[i], hi[i], static_cast<S>(digits % per_side) / static_cast<S>(per_side - 1));
      digits /= per_side;
    }
  }
  return grid;
}

}  // namespace basin
