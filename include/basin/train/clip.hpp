// Clipping of gradients, by norm and by value.
#pragma once
#include <algorithm>  // std::clamp

#include "basin/core/error.hpp"  // require
#include "basin/core/sum.hpp"    // detail::norm_in_double
#include "basin/core/types.hpp"  // VecOut, VecIn

namespace basin::inline BASIN_ABI {

/// gradient *= min(1, max_norm / (|gradient| + 1e-6)) with the 2-norm over all parameters, PyTorch's
/// clip_grad_norm_; returns |gradient| before, which shows infinities and NaN (they turn to NaN in the
/// gradient). Throws unless max_norm > 0 (infinity is allowed and clips nothing).
template <class S>
double clip_norm(VecOut<S> gradient, double max_norm) {
  require(max_norm > 0, "clip_norm: max_norm must be > 0, got ", max_norm);
  const double norm = detail::norm_in_double<S>(gradient);
  const double coefficient = max_norm / (norm + 1e-6);
  if (!(coefficient >= 1)) gradient *= static_cast<S>(coefficient);
  return norm;
}

/// gradient = min(max(gradient, -max_value), max_value), entry by entry, PyTorch's clip_grad_value_; returns
/// |gradient| before. NaN stays NaN. Throws unless max_value > 0.
template <class S>
double clip_value(VecOut<S> gradient, double max_value) {
  require(max_value > 0, "clip_value: max_value must be > 0, got ", max_value);
  const double norm = detail::norm_in_double<S>(gradient);
  const S bound = static_cast<S>(max_value);
  gradient = gradient.unaryExpr([bound](S g) { return std::clamp(g, -bound, bound); });
  return norm;
}

}  // namespace basin
