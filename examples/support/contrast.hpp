// Images of any range made visible.
#pragma once
#include "basin/core/types.hpp"  // Index, Mat

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

}  // namespace basin::examples
