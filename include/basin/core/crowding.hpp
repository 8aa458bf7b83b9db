// When other processes want the cores too, a team of threads stands still as long as one of its members does.
#pragma once
#include <algorithm>  // std::min
#include <chrono>     // std::chrono::steady_clock
#include <limits>     // std::numeric_limits

#include "basin/core/config.hpp"  // BASIN_ABI

namespace basin::inline BASIN_ABI::detail {

/// Seconds of a clock that never goes back.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Decides whether work is better done alone for a while. Times are in seconds.
///
/// A team begins and ends its work with its last member. On idle cores the caller waits for at most about one
/// part of the work. A member whose core was given to another process comes back after a scheduler's time
/// slice: some milliseconds, perhaps a thousand times the work, and while the caller spins for it, it uses up
/// its own slice. So after such a stall the caller works alone for 8 times as long as it waited, which bounds
/// the loss to an eighth; if the next attempt soon stalls again, for twice as long as before, at most for a
/// second.
class Crowding {
 public:
  /// Whether to work alone at the time `now`.
  [[nodiscard]] bool alone(double now) const { return now < until_; }

  /// What a team did: at the time `now` the caller had waited for `wait`, its own longest part took
  /// `longest_part`. Waits below a millisecond or for parts of different lengths are no stalls, and no
  /// scheduler takes a fifth of a second.
  void saw(double now, double longest_part, double wait) {
    if (wait < 1e-3 || wait > 0.2 || wait < 2 * longest_part) return;
    const bool again = now - until_ < span_;
    span_ = again ? std::min(2 * span_, 1.) : 8 * wait;
    until_ = now + span_;
  }

 private:
  double until_ = -std::numeric_limits<double>::infinity();  // alone until then
  double span_ = 0;                                          // the length of the last time alone
};

}  // namespace basin
