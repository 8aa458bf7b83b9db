// Images as bytes, as data files hold them, and their way into a matrix.
#pragma once
#include <array>    // std::array
#include <numeric>  // std::iota
#include <vector>   // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/shape.hpp"  // Shape
#include "basin/core/types.hpp"  // Mat, Index

namespace basin::inline BASIN_ABI {

/// Images of one shape, one a column of `pixels` in channel, row, column order.
struct ImageSet {
  Shape shape;                // of each image
  Mat<unsigned char> pixels;  // shape.size() x count
  std::vector<int> labels;    // one an image, or none at all
  /// How many images.
  Index count() const { return pixels.cols(); }
  /// 0, 1, ..., count() - 1
  std::vector<Index> all() const {
    std::vector<Index> indices(static_cast<std::size_t>(count()));
    std::iota(indices.begin(), indices.end(), Index(0));
    return indices;
  }
};

/// Column k is scale times image which[k]: 1/255 takes bytes to [0, 1]. Computed in double, rounded to S.
/// Throws if an index is not in 0 .. count() - 1.
template <class S>
[[nodiscard]] Mat<S> to_matrix(const ImageSet& images, const std::vector<Index>& which,
                               double scale = 1.0 / 255) {
  std::array<S, 256> value;
  for (std::size_t b = 0; b < 256; ++b) value[b] = static_cast<S>(static_cast<double>(b) * scale);
  Mat<S> X(images.pixels.rows(), static_cast<Index>(which.size()));
  for (Index k = 0; k < X.cols(); ++k) {
    const Index i = which[static_cast<std::size_t>(k)];
    require(i >= 0 && i < images.count(), "to_matrix: which[", k, "] must be in 0 .. ", images.count() - 1,
            ", got ", i);
    for (Index row = 0; row < X.rows(); ++row) X(row, k) = value[images.pixels(row, i)];
  }
  return X;
}

}  // namespace basin
