// Noise on the inputs of a training, fresh in each epoch.
#pragma once
#include <cstdint>  // std::uint64_t

#include "basin/core/parallel.hpp"     // ColumnRange
#include "basin/core/random.hpp"       // Random
#include "basin/core/types.hpp"        // Index, MatOut
#include "basin/train/checks.hpp"      // detail::require_nonnegative, require_fraction
#include "basin/train/resampling.hpp"  // detail::EpochRandom, detail::change_columns

namespace basin::inline BASIN_ABI {

/// A training with input noise follows, in each epoch, the gradient of
///
///     loss(f(X + M o E), T),    E_ij ~ N(0, deviation^2),  M_ij = 1 with probability `fraction`, else 0,
///
/// with E and M fresh in each epoch and targets T without noise: f learns to map what is near an example
/// onto its target. With T = X that is a denoising autoencoder; for small noise, a penalty on the
/// Jacobian at the examples (Bishop 1995, "Training with Noise is Equivalent to Tikhonov
/// Regularization"). Each number of X is chosen by itself, so that `fraction` is met on average and not
/// exactly; Rao et al. 2025 (NOAE) take .48. The expected loss of a linear f(x) = A x on n examples is
/// least at
///
///     A = T X' (X X' + n fraction deviation^2 I)^-1.
///
/// What a number gets depends on seed, epoch, column of the data and row alone: not on the number of threads,
/// on the minibatch that the column is in, or on where a training was resumed. A smaller fraction leaves some
/// of the noise out and changes none of the rest.
struct InputNoise {
  double deviation = 0;    // 0: no noise
  double fraction = 1;     // of the numbers that get noise; 0: no noise
  std::uint64_t seed = 0;  // of the noise: FitOptions::seed is that of the orders of minibatches
};

namespace detail {

inline void require_input_noise(const char* who, const InputNoise& noise) {
  require_nonnegative(who, "input_noise.deviation", noise.deviation);
  require_fraction(who, "input_noise.fraction", noise.fraction);
}
inline bool adds_noise(const InputNoise& noise) { return noise.deviation > 0 && noise.fraction > 0; }

/// x += M o E of an epoch, where column j of x is column data_column(j) of the data. Each sum is one explicit
/// fma (Random::normal), so that no compiler or flag changes a bit.
template <class S, class DataColumn>
void add_input_noise(const InputNoise& noise, Index epoch, const DataColumn& data_column, MatOut<S> x) {
  const EpochRandom numbers(noise.seed, epoch);
  const auto add_to_column = [&](Index j) {
    Random random = numbers.column(data_column(j));
    for (S& entry : x.col(j)) {
      if (random.uniform() < noise.fraction)
        entry = static_cast<S>(random.normal(static_cast<double>(entry), noise.deviation));
      else
        (void)random();  // its normal number: rows below have theirs whatever the fraction
    }
  };
  change_columns(x.rows(), x.cols(), [&](ColumnRange part) {
    for (Index j = part.begin; j < part.begin + part.size; ++j) add_to_column(j);
  });
}

}  // namespace detail
}  // namespace basin
