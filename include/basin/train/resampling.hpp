// Inputs of a training that are drawn anew in each epoch.
#pragma once
#include <algorithm>   // std::max
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function

#include "basin/core/parallel.hpp"  // parallel_parts
#include "basin/core/random.hpp"    // Random, SplitMix64
#include "basin/core/types.hpp"     // Index, MatOut, Vec, VecOut

namespace basin::inline BASIN_ABI {

/// Data augmentation: a training follows, in each epoch, the gradient at inputs that `draw` has changed.
///
///     FitOptions options{.max_epochs = 500};
///     options.resampling.draw = [](Index, Random& random, VecOut<double> x) {
///       if (random.below(2) == 0) x.reverseInPlace();
///     };
///
/// draw(column, random, x) is given column number `column` of the data in x, in double whatever the network
/// computes in, and leaves there what the epoch takes in its place. If it takes random numbers from `random`
/// alone, these depend on seed, epoch and column and on nothing else: not on the number of threads, on the
/// minibatch, or on where a training was resumed. It is called by several threads at once. Input noise, if
/// any, is added to what it leaves.
struct Resampling {
  std::function<void(Index column, Random& random, VecOut<double> x)> draw = {};  // empty: none
  bool targets = false;    // whether the changed column is its own target, as for an autoencoder of changed
                           // images; else targets stay, as for one that undoes the change
  std::uint64_t seed = 0;  // of the random numbers: FitOptions::seed is that of the orders of minibatches
};

namespace detail {

/// Random numbers of an epoch (or of anything else that is numbered), one sequence a column. Hashed one after
/// the other, so that neighbouring seeds, epochs and columns share nothing.
class EpochRandom {
 public:
  EpochRandom(std::uint64_t seed, Index epoch) : key_(hash(hash(seed) ^ static_cast<std::uint64_t>(epoch))) {}
  Random column(Index j) const { return Random(hash(key_ ^ static_cast<std::uint64_t>(j))); }
  static std::uint64_t hash(std::uint64_t key) { return SplitMix64(key)(); }

 private:
  std::uint64_t key_;
};

/// change(columns) for parts of `columns` columns of so many rows, over the threads: each number takes some
/// 20 ns and more.
template <class Change>
void change_columns(Index rows, Index columns, const Change& change) {
  constexpr Index numbers_for_each = 512;
  parallel_parts(columns, std::max<Index>(1, numbers_for_each / std::max<Index>(1, rows)), change);
}

/// `draw` of an epoch, where column j of x is column data_column(j) of the data.
template <class S, class DataColumn>
void resample_inputs(const Resampling& resampling, Index epoch, const DataColumn& data_column, MatOut<S> x) {
  // With one hash more than input noise: equal seeds give other numbers.
  const EpochRandom numbers(EpochRandom::hash(resampling.seed), epoch);
  change_columns(x.rows(), x.cols(), [&](ColumnRange part) {
    Vec<double> column(x.rows());
    for (Index j = part.begin; j < part.begin + part.size; ++j) {
      Random random = numbers.column(data_column(j));
      column = x.col(j).template cast<double>();
      resampling.draw(data_column(j), random, column);
      x.col(j) = column.template cast<S>();
    }
  });
}

}  // namespace detail
}  // namespace basin
