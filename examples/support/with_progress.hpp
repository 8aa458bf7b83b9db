// Training and orbits that show their progress and end when the program is interrupted, and where such work
// is kept.
#pragma once
#include <algorithm>   // std::max, std::min
#include <cstddef>     // std::size_t
#include <filesystem>  // std::filesystem::path
#include <mutex>       // std::mutex
#include <numeric>     // std::accumulate
#include <optional>    // std::optional
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/model.hpp"           // Model
#include "basin/dynamics/orbit.hpp"       // orbit
#include "basin/io/checkpoint.hpp"        // Checkpoint
#include "basin/train/resumable_fit.hpp"  // fit, resumable_fit
#include "support/claims.hpp"             // number
#include "support/interrupt.hpp"          // interrupted
#include "support/progress.hpp"           // Progress
#include "support/text.hpp"               // text

namespace basin::examples {

/// Where work is kept that came about as `origin` says: in `folder`, or nowhere where that is empty.
inline std::optional<Checkpoint> kept_in(const std::filesystem::path& folder, const std::string& file,
                                         const std::string& origin) {
  if (folder.empty()) return {};
  return Checkpoint(folder / file, origin);
}

/// Shows in `progress` how far a training with these options has come, and ends it when the program is
/// interrupted.
inline void show_training(FitOptions& options, Progress& progress) {
  options.cancelled = interrupted;
  options.observer = [&progress, observer = std::move(options.observer), goal = options.loss_below,
                      most = static_cast<double>(options.max_epochs),
                      first = std::optional<double>()](const Epoch& e) mutable {
    if (observer) observer(e);
    if (!first) first = e.loss;
    progress.update(training_fraction(e.loss, *first, goal, static_cast<double>(e.epoch), most), [&] {
      return text("epoch ", e.epoch, "  loss ", number(e.loss), "  rate ", number(e.rate));
    });
  };
}

/// Progress of trainings that run side by side in one line.
class SideBySideProgress {
 public:
  SideBySideProgress(const std::string& what, std::size_t trainings) : done_(trainings, 0), progress_(what) {}
  /// Training number k has come to this part of its way, from 0 to 1.
  template <class Detail>
  void update(std::size_t k, double fraction, const Detail& detail) {
    const std::lock_guard lock(mutex_);
    done_[k] = std::max(done_[k], std::min(1., fraction));
    progress_.update(std::accumulate(done_.begin(), done_.end(), 0.) / static_cast<double>(done_.size()),
                     detail);
  }

 private:
  std::mutex mutex_;
  std::vector<double> done_;
  Progress progress_;
};

/// fit(f, X, optimizer, options), which resumable_fit keeps in `kept` if there is one.
template <Layer F, class O>
FitResult fit_with_progress(Model<F>& f, const Mat<typename F::Scalar>& X, O& optimizer, FitOptions options,
                            const std::string& what, const std::optional<Checkpoint>& kept = {}) {
  Progress progress(what);
  show_training(options, progress);
  return kept ? resumable_fit(f, X, optimizer, options, *kept) : fit(f, X, optimizer, options);
}

/// orbit(f, starts, options).
template <Layer F>
Orbit<typename F::Scalar> orbit_with_progress(const Model<F>& f, const Mat<typename F::Scalar>& starts,
                                              OrbitOptions options, const std::string& what) {
  Progress progress(what);
  options.cancelled = interrupted;
  options.observer = [&](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  return orbit(f, starts, options);
}

}  // namespace basin::examples
