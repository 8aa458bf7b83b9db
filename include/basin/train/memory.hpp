// How much memory a training takes, to know before it starts.
#pragma once
#include "basin/core/checked_size.hpp"  // checked_size, checked_sum
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, cache_bytes
#include "basin/core/parallel.hpp"      // column_range
#include "basin/core/scratch.hpp"       // bytes
#include "basin/train/input_noise.hpp"  // InputNoise
#include "basin/train/objective.hpp"    // Objective

namespace basin::inline BASIN_ABI {

/// Bytes, by what they are for.
struct TrainingMemory {
  Index parameters = 0;   // theta, and the copy that fit keeps of the last good one
  Index gradients = 0;    // one for each part of the batch (Objective::parts)
  Index optimizer = 0;    // what the optimizer remembers
  Index activations = 0;  // outputs of all layers, cotangents and what layers keep for their derivatives
  Index inputs = 0;       // the copy of the batch that gets input noise
  /// Bytes in all.
  Index total() const { return parameters + gradients + optimizer + activations + inputs; }
};

/// The memory that fit takes for f on batches of `columns`, beside the data: known from sizes alone,
/// nothing is allocated. `optimizer_vectors` are the vectors of theta's size that the optimizer keeps: 2
/// for Adam, 3 with AMSGrad, 0 for plain gradient descent, 1 with momentum; `noise` is
/// FitOptions::input_noise; a resampling takes what noise takes, and as much again where targets follow. On
/// top come a few megabytes for each thread, in which products and convolutions arrange their factors.
/// Layers without `cache_bytes` (see Layer) count as keeping nothing. Throws unless columns is from 1 to
/// 2^48, optimizer_vectors >= 0, the noise one that fit takes, and the bytes fewer than 2^62.
template <Layer F>
[[nodiscard]] TrainingMemory training_memory(const F& f, Index columns, Index optimizer_vectors = 2,
                                             const InputNoise& noise = {}) {
  using S = typename F::Scalar;
  require(columns >= 1, "training_memory: columns must be >= 1, got ", columns);
  require(columns <= Index(1) << 48, "training_memory: columns must be at most 2^48, got ", columns);
  require(optimizer_vectors >= 0, "training_memory: optimizer_vectors must be >= 0, got ", optimizer_vectors);
  detail::require_input_noise("training_memory", noise);
  const Index theta = detail::bytes<S>(f.param_size()), parts = Objective(f).parts(columns);
  const auto of_theta = [&](Index vectors) {
    return detail::checked_size({vectors, theta}, "training_memory: ", vectors,
                                " vectors (optimizer_vectors, or gradients) of ", theta,
                                " bytes are too many bytes");
  };
  TrainingMemory m{of_theta(2), of_theta(parts), of_theta(optimizer_vectors), 0, 0};
  if (detail::adds_noise(noise)) m.inputs = detail::bytes<S>(f.in_size(), columns);
  Index total =
      detail::checked_sum({m.parameters, m.gradients, m.optimizer},
                          "training_memory: optimizer_vectors = ", optimizer_vectors, " are too many bytes");
  total =
      detail::checked_sum({total, m.inputs}, "training_memory: columns = ", columns, " are too many bytes");
  for (Index k = 0; k < parts; ++k) {
    const Index size = column_range(columns, parts, k).size;
    const Index caches = cache_bytes(f, size), outputs = detail::bytes<S>(f.out_size(), 2 * size);
    total = detail::checked_sum({total, caches, outputs}, "training_memory: columns = ", columns,
                                " are too many bytes");
    m.activations += caches + outputs;
  }
  return m;
}

}  // namespace basin
