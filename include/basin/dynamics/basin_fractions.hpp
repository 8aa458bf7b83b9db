// How large basins are: shares of starts, with how well they are known.
#pragma once
#include <cstddef>  // std::size_t
#include <vector>   // std::vector

#include "basin/core/error.hpp"          // require
#include "basin/core/random.hpp"         // normal_quantile
#include "basin/core/statistics.hpp"     // wilson_interval, goodman_intervals, ConfidenceInterval
#include "basin/dynamics/basin_map.hpp"  // BasinMap
#include "basin/dynamics/fates.hpp"      // Fates, Fate

namespace basin::inline BASIN_ABI {

/// The share of starts in one basin.
struct BasinFraction {
  Index id = -1;                // of the attractor, from 1; -1: at none
  Index count = 0;              // starts that end there
  double fraction = 0;          // count over all starts
  ConfidenceInterval interval;  // of the share under the distribution of the starts
};

/// All shares: they add up to 1.
struct BasinFractions {
  Index starts = 0;                               // in all
  std::vector<BasinFraction> basins;              // of each attractor, in their order, those of no start too
  BasinFraction lost;                             // -1: diverged, settled elsewhere, still moving
  Index diverged = 0, elsewhere = 0, moving = 0;  // of these; where only ids are known all count as moving

  /// Of all shares, that of the lost ones too: 1.
  double sum() const {
    double all = lost.fraction;
    for (const BasinFraction& b : basins) all += b.fraction;
    return all;
  }
};

/// What the confidence belongs to.
enum class IntervalsHold : unsigned char {
  each,      // each interval alone (Wilson)
  together,  // all of them at once (Goodman)
};

/// Which intervals come with the shares.
struct BasinFractionsOptions {
  IntervalsHold hold = IntervalsHold::each;  // for which shares at once
  double confidence = 0.95;                  // probability that they hold
};

/// The shares of the ids 1 .. attractors and -1. The intervals are those of starts that were drawn one by one
/// from the distribution that one asks about; of starts on a grid they say little. Throws for another id, or
/// if confidence is not between 0 and 1.
template <class = void>
[[nodiscard]] BasinFractions basin_fractions(const std::vector<Index>& ids, Index attractors,
                                             const BasinFractionsOptions& options = {}) {
  require(attractors >= 0, "basin_fractions: attractors must be >= 0, got ", attractors);
  require(options.confidence > 0 && options.confidence < 1,
          "basin_fractions: confidence must be between 0 and 1, got ", options.confidence);
  std::vector<Index> counts(static_cast<std::size_t>(attractors) + 1, 0);  // last: lost
  for (const Index id : ids) {
    require(id == -1 || (id >= 1 && id <= attractors), "basin_fractions: ids must be -1 or 1 .. ", attractors,
            ", got ", id);
    ++counts[static_cast<std::size_t>(id == -1 ? attractors : id - 1)];
  }
  std::vector<ConfidenceInterval> intervals;
  const double z = -detail::normal_quantile((1 - options.confidence) / 2);
  BasinFractions f;
  f.starts = static_cast<Index>(ids.size());
  if (options.hold == IntervalsHold::together)
    intervals = goodman_intervals(counts, options.confidence);
  else
    for (const Index count : counts) intervals.push_back(wilson_interval(count, f.starts, z));
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double share = f.starts > 0 ? static_cast<double>(counts[k]) / static_cast<double>(f.starts) : 0;
    f.basins.push_back({static_cast<Index>(k) + 1, counts[k], share, intervals[k]});
  }
  f.lost = f.basins.back();
  f.lost.id = -1;
  f.moving = f.lost.count;
  f.basins.pop_back();
  return f;
}

/// The shares of a map, lost starts by their fates. Throws likewise.
template <class S>
[[nodiscard]] BasinFractions basin_fractions(const BasinMap<S>& map,
                                             const BasinFractionsOptions& options = {}) {
  BasinFractions f = basin_fractions(map.id, static_cast<Index>(map.attractors.size()), options);
  f.diverged = map.count(Fate::diverged);
  f.elsewhere = map.count(Fate::elsewhere);
  f.moving = map.count(Fate::moving);
  return f;
}

}  // namespace basin
