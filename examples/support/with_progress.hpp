// Training and orbits that show their progress and end when the program is interrupted, and where such work
// is kept.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <optional>    // std::optional
#include <string>      // std::string
#include <utility>     // std::move

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

/// fit(f, X, optimizer, options), which resumable_fit keeps in `kept` if there is one.
template <Layer F, class O>
FitResult fit_with_progress(Model<F>& f, const Mat<typename F::Scalar>& X, O& optimizer, FitOptions options,
                            const std::string& what, const std::optional<Checkpoint>& kept = {}) {
  Progress progress(what);
  std::optional<double> first;
  options.cancelled = interrupted;
  options.observer = [&, observer = std::move(options.observer)](const Epoch& e) {
    if (observer) observer(e);
    if (!first) first = e.loss;
    progress.update(
        training_fraction(e.loss, *first, options.loss_below, static_cast<double>(e.epoch),
                          static_cast<double>(options.max_epochs)),
        [&] { return text("epoch ", e.epoch, "  loss ", number(e.loss), "  rate ", number(e.rate)); });
  };
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
