// Images of any range, and matrices, made visible.
#pragma once
#include "basin/core/types.hpp"  // Index, Mat, MatIn, Vec

namespace basin::examples {

/// Each column mapped to 0 .. 1, its smallest entry to 0 and its largest to 1; a constant one to 1/2. For
/// eigenvectors and outputs whose size and sign mean nothing.
template <class Derived>
Mat<float> stretched(const Eigen::MatrixBase<Derived>& images) {
  Mat<float> shown = images.template cast<float>();
  for (Index j = 0; j < shown.cols(); ++j) {
    const float low = shown.col(j).minCoeff(), range = shown.col(j).maxCoeff() - low;
    if (range > 0)
      shown.col(j) = (shown.col(j).array() - low) / range;
    else
      shown.col(j).setConstant(0.5f);
  }
  return shown;
}

/// The matrix as a grey picture of zoom * rows x zoom * cols pixels, row by row: zoom x zoom of them for each
/// entry.
inline Vec<double> magnified(MatIn<double> A, Index zoom) {
  const Index height = A.rows() * zoom, width = A.cols() * zoom;
  Vec<double> pixels(height * width);
  for (Index i = 0; i < height; ++i)
    for (Index j = 0; j < width; ++j) pixels[i * width + j] = A(i / zoom, j / zoom);
  return pixels;
}

}  // namespace basin::examples
