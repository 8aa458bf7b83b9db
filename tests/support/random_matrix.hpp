// Matrices of N(0, 1) numbers for tests.
#pragma once
#include <cstdint>  // std::uint64_t

#include "basin/core/random.hpp"
#include "basin/core/types.hpp"

/// rows x cols numbers from N(0, 1), the same in float and double up to rounding.
template <class S>
basin::Mat<S> random_matrix(basin::Index rows, basin::Index cols, int seed) {
  basin::Random random(static_cast<std::uint64_t>(seed));
  basin::Mat<S> m(rows, cols);
  for (basin::Index j = 0; j < cols; ++j)
    for (basin::Index i = 0; i < rows; ++i) m(i, j) = static_cast<S>(random.normal());
  return m;
}
