// Batches of columns under iteration of f: those that have ended leave, the others stay together.
#pragma once
#include <any>         // std::any
#include <atomic>      // std::atomic
#include <functional>  // std::function
#include <mutex>       // std::mutex
#include <numeric>     // std::iota
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/model_by_calls.hpp"  // ModelByCalls
#include "basin/core/parallel.hpp"        // parallel_for, column_range
#include "basin/core/scratch.hpp"         // Scratch

namespace basin::inline BASIN_ABI::detail {

/// Columns that are iterated side by side, each with the number of the start that it belongs to. Those that
/// go on are kept together at the front, in order.
template <class S>
class MovingBatch {
 public:
  /// The columns [begin, begin + size) of x0.
  MovingBatch(const ModelByCalls<S>& f, const std::any& prepacked, MatIn<S> x0, ColumnRange columns)
      : f_(f), moving_(static_cast<std::size_t>(columns.size)), cache_(prepacked) {
    std::iota(moving_.begin(), moving_.end(), columns.begin);
    x_.resize(f.layer.in_size(), columns.size);
    x_.mat() = x0.middleCols(columns.begin, columns.size);
  }
  /// The columns of x, which belong to these starts.
  MovingBatch(const ModelByCalls<S>& f, const std::any& prepacked, MatIn<S> x, std::vector<Index> starts)
      : f_(f), moving_(std::move(starts)), cache_(prepacked) {
    x_.resize(f.layer.in_size(), x.cols());
    x_.mat() = x;
  }
  bool empty() const { return moving_.empty(); }
  /// The starts that the columns belong to.
  const std::vector<Index>& starts() const { return moving_; }
  Eigen::Map<const Mat<S>> now() const { return x_.mat(); }
  Eigen::Map<const Mat<S>> next() const { return y_.mat(); }

  /// next = f(now).
  void advance() {
    y_.resize(f_.layer.out_size(), static_cast<Index>(moving_.size()));
    f_.layer.infer(f_.theta, x_.mat(), y_.mat(), cache_);
  }
  /// now = next, of the columns for which goes_on(j, start, x, y) with x the column j of `now` and y that of
  /// `next`; the others leave. `next` is unspecified afterwards.
  template <class GoesOn>
  void take(const GoesOn& goes_on) {
    Index kept = 0;
    for (Index j = 0; j < y_.cols(); ++j) {
      const Index start = moving_[static_cast<std::size_t>(j)];
      if (!goes_on(j, start, x_.mat().col(j), y_.mat().col(j))) continue;
      moving_[static_cast<std::size_t>(kept)] = start;
      if (kept != j) y_.mat().col(kept) = y_.mat().col(j);
      ++kept;
    }
    x_.swap(y_);
    keep(kept);
  }
  /// The columns for which goes_on(j, start, x) stay where they are; the others leave.
  template <class GoesOn>
  void sift(const GoesOn& goes_on) {
    Index kept = 0;
    for (Index j = 0; j < x_.cols(); ++j) {
      const Index start = moving_[static_cast<std::size_t>(j)];
      if (!goes_on(j, start, x_.mat().col(j))) continue;
      moving_[static_cast<std::size_t>(kept)] = start;
      if (kept != j) x_.mat().col(kept) = x_.mat().col(j);
      ++kept;
    }
    keep(kept);
  }

 private:
  void keep(Index kept) {
    x_.resize(f_.layer.in_size(), kept);
    moving_.resize(static_cast<std::size_t>(kept));
  }

  ModelByCalls<S> f_;
  std::vector<Index> moving_;
  Scratch<S> x_, y_;
  std::any cache_;
};

/// Columns that share a product: more where the weights would otherwise pass through the cache too often.
inline Index columns_together(Index parameters) { return parameters > 1 << 19 ? 256 : 64; }

/// run(columns, prepacked, stop) for parts of `count` columns, over the threads. `stop` is to be asked now
/// and then; it is true once `cancelled` was, which is what is returned. `observer` hears of the columns that
/// are finished. Callbacks are called by one thread at a time.
template <class S, class Run>
bool iterate_in_parts(const ModelByCalls<S>& f, Index count, bool pays_to_prepack,
                      const std::function<bool()>& cancelled,
                      const std::function<void(Index, Index)>& observer, const Run& run) {
  const Index together = columns_together(f.theta.size()), parts = (count + together - 1) / together;
  std::any prepacked;
  if (pays_to_prepack) f.layer.prepack(f.theta, prepacked);
  std::atomic<bool> ends = false;
  std::mutex one_at_a_time;  // of the callbacks, which may throw: an OpenMP critical section may not
  Index finished = 0;
  const auto stop = [&] {
    const std::lock_guard lock(one_at_a_time);
    if (!ends && cancelled && cancelled()) ends = true;
    return ends.load();
  };
  parallel_for(parts, [&](Index k) {
    const ColumnRange columns = column_range(count, parts, k);
    try {
      if (stop()) return;
      run(columns, prepacked, stop);
      const std::lock_guard lock(one_at_a_time);
      finished += columns.size;
      if (observer && !ends) observer(finished, count);
    } catch (...) {
      ends = true;  // the other parts need not go on
      throw;
    }
  });
  return ends;
}

}  // namespace basin::detail
