// Schedules: the factor on the learning rate as a function of the epoch.
#pragma once
#include <cmath>       // std::pow, std::cos
#include <functional>  // std::function
#include <numbers>     // std::numbers::pi
#include <utility>     // std::move

#include "basin/core/error.hpp"    // require
#include "basin/core/types.hpp"    // Index
#include "basin/train/checks.hpp"  // detail::require_nonnegative, detail::require_fraction

namespace basin::inline BASIN_ABI {

/// factor(epoch), epoch = 0, 1, 2, ...: the learning rate of that epoch is factor(epoch) *
/// optimizer.learning_rate(). Any function will do; the makers below are the closed forms of those in
/// torch.optim.lr_scheduler.
using Schedule = std::function<double(Index)>;

namespace schedule {

/// factor = 1.
[[nodiscard]] inline Schedule constant() {
  return [](Index) { return 1.0; };
}

/// factor = gamma^floor(epoch / every), StepLR. Throws unless every >= 1, gamma >= 0.
[[nodiscard]] inline Schedule step_decay(Index every, double gamma) {
  require(every >= 1, "step_decay: every must be >= 1, got ", every);
  basin::detail::require_nonnegative("step_decay", "gamma", gamma);
  return [=](Index epoch) {
    const Index decays = epoch / every;
    return std::pow(gamma, static_cast<double>(decays));
  };
}

/// factor = gamma^epoch, ExponentialLR. Throws unless gamma >= 0.
[[nodiscard]] inline Schedule exponential_decay(double gamma) {
  basin::detail::require_nonnegative("exponential_decay", "gamma", gamma);
  return [=](Index epoch) { return std::pow(gamma, static_cast<double>(epoch)); };
}

/// factor = floor + (1 - floor) (1 + cos(pi epoch / total)) / 2, CosineAnnealingLR with T_max = total and
/// eta_min = floor * learning rate: from 1 down to floor at epoch `total`, and up again after it, with period
/// 2 total. Throws unless total >= 1, 0 <= floor <= 1.
[[nodiscard]] inline Schedule cosine(Index total, double floor = 0) {
  require(total >= 1, "cosine: total must be >= 1, got ", total);
  basin::detail::require_fraction("cosine", "floor", floor);
  return [=](Index epoch) {
    const double angle = std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(total);
    return floor + (1 - floor) * (1 + std::cos(angle)) / 2;
  };
}

/// factor = 1 while epoch < epochs, then after(epoch - epochs): a constant rate and a cool-down, for example.
/// Throws unless epochs >= 0 and `after` is there.
[[nodiscard]] inline Schedule hold(Index epochs, Schedule after) {
  require(epochs >= 0, "hold: epochs must be >= 0, got ", epochs);
  require(static_cast<bool>(after), "hold: after is an empty function, expected a Schedule");
  return [=, after = std::move(after)](Index epoch) { return epoch < epochs ? 1.0 : after(epoch - epochs); };
}

/// factor = start + (1 - start) epoch / epochs while epoch < epochs, then after(epoch - epochs): SequentialLR
/// of LinearLR(start_factor = start, total_iters = epochs) and `after`, with its milestone at `epochs`.
/// Throws unless epochs >= 1, 0 <= start <= 1, and `after` is there.
[[nodiscard]] inline Schedule warm_up(Index epochs, Schedule after = constant(), double start = 1. / 3) {
  require(epochs >= 1, "warm_up: epochs must be >= 1, got ", epochs);
  basin::detail::require_fraction("warm_up", "start", start);
  require(static_cast<bool>(after), "warm_up: after is an empty function, expected a Schedule");
  return [=, after = std::move(after)](Index epoch) {
    if (epoch >= epochs) return after(epoch - epochs);
    return start + (1 - start) * static_cast<double>(epoch) / static_cast<double>(epochs);
  };
}

}  // namespace schedule
}  // namespace basin
