// The parameters on their way through a training, kept to be looked at afterwards.
#pragma once
#include <cmath>    // std::ceil
#include <utility>  // std::move
#include <vector>   // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/model.hpp"  // Model
#include "basin/core/types.hpp"  // Index, Vec
#include "basin/train/fit.hpp"   // FitOptions

namespace basin::inline BASIN_ABI {

/// The parameters after so many finished epochs, and the loss that was measured then (as in Epoch: with
/// minibatches, the mean over the last epoch).
template <class S>
struct Snapshot {
  Index epoch = 0;  // finished epochs
  double loss = 0;  // see above
  Vec<S> theta;     // param_size() numbers
};

/// 0, every, 2 every, ... up to `last`, which is one of them. Throws if every < 1 or last < 0.
[[nodiscard]] inline std::vector<Index> every_epochs(Index every, Index last) {
  require(every >= 1, "every_epochs: every must be >= 1, got ", every);
  require(last >= 0, "every_epochs: last must be >= 0, got ", last);
  std::vector<Index> epochs;
  for (Index e = 0; e < last; e += every) epochs.push_back(e);
  epochs.push_back(last);
  return epochs;
}

/// 0, first, and from there on each the next integer from `factor` times the one before, up to `last`, which
/// is one of them. Networks change fastest at first. Throws if first < 1, factor <= 1 or last < first.
[[nodiscard]] inline std::vector<Index> geometric_epochs(Index first, double factor, Index last) {
  require(first >= 1, "geometric_epochs: first must be >= 1, got ", first);
  require(factor > 1, "geometric_epochs: factor must be > 1, got ", factor);
  require(last >= first, "geometric_epochs: last must be >= first = ", first, ", got ", last);
  std::vector<Index> epochs{0};
  const auto next = [&](Index e) {  // compared in double first: the product may be larger than an Index
    const double e_next = std::ceil(factor * static_cast<double>(e));
    return e_next < static_cast<double>(last) ? static_cast<Index>(e_next) : last;
  };
  for (Index e = first; e < last; e = next(e)) epochs.push_back(e);
  epochs.push_back(last);
  return epochs;
}

/// Has a training of `f` with these options append a snapshot to `kept` after each of these epochs, and where
/// it ends unless it diverged:
///
///     std::vector<Snapshot<double>> kept;
///     FitOptions options{.max_epochs = 5000};
///     keep_snapshots(options, f, geometric_epochs(1, 1.2, 5000), kept);
///     (void)fit(f, X, adam, options);
///
/// Sets options.snapshot_epochs and options.snapshot, which refers to f and `kept`. Their memory is known
/// before: throws if all of them are more than most_bytes (1 GiB). Whoever wants to keep more, or files, sets
/// options.snapshot to a function of one's own. Of a training that is resumed, those after it was resumed.
template <Layer F>
void keep_snapshots(FitOptions& options, const Model<F>& f, std::vector<Index> epochs,
                    std::vector<Snapshot<typename F::Scalar>>& kept, double most_bytes = 0x1p30) {
  using S = typename F::Scalar;
  f.require_valid("keep_snapshots");
  const double bytes = static_cast<double>(epochs.size() + 1) * static_cast<double>(f.theta.size()) *
                       static_cast<double>(sizeof(S));
  require(bytes <= most_bytes, "keep_snapshots: ", epochs.size() + 1, " snapshots of ", f.theta.size(),
          " parameters take ", bytes, " bytes, most_bytes is ", most_bytes);
  options.snapshot_epochs = std::move(epochs);
  options.snapshot = [&f, &kept](Index epoch, double loss) { kept.push_back({epoch, loss, f.theta}); };
}

}  // namespace basin
