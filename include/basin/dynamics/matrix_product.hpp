// A matrix that is known by its products.
#pragma once
#include <functional>  // std::function

#include "basin/core/types.hpp"  // VecIn, VecOut

namespace basin::inline BASIN_ABI::detail {

/// y = A x.
using MatrixProduct = std::function<void(VecIn<double> x, VecOut<double> y)>;

}  // namespace basin::detail
