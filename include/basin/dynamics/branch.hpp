// A curve of fixed points along a path of parameters: what is found, and how it is to be followed.
#pragma once
#include <cmath>       // std::isfinite
#include <complex>     // std::complex
#include <functional>  // std::function
#include <ostream>     // std::ostream
#include <vector>      // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Index, Vec

namespace basin::inline BASIN_ABI {

/// What happens to a fixed point on a curve. "Unstable directions" are those with |multiplier| > 1.
enum class BranchEventKind : unsigned char {
  fold,             // the curve turns back in s: two points meet and vanish, a real multiplier passes +1
  flip,             // a real multiplier passes -1
  neimark_sacker,   // a complex pair passes the unit circle
  border_fold,      // the curve turns back at a kink: two points of different pieces meet and vanish
  border_crossing,  // the number of unstable directions jumps at a kink, and the curve goes on in s
  undecided,        // by its computed multipliers one of these, but not shown on both sides, or not one alone
};
/// Its name: "fold at a kink".
inline std::ostream& operator<<(std::ostream& out, BranchEventKind kind) {
  switch (kind) {
    case BranchEventKind::fold:
      return out << "fold";
    case BranchEventKind::flip:
      return out << "flip";
    case BranchEventKind::neimark_sacker:
      return out << "Neimark-Sacker";
    case BranchEventKind::border_fold:
      return out << "fold at a kink";
    case BranchEventKind::border_crossing:
      return out << "crossing of a kink";
    case BranchEventKind::undecided:
      return out << "undecided";
  }
  return out;
}

/// A bifurcation on a curve, located.
struct BranchEvent {
  BranchEventKind kind = BranchEventKind::undecided;  // what happens
  double s = 0;                                   // where on the way from one snapshot to the next, 0 to 1
  Vec<double> x;                                  // the point there
  std::vector<std::complex<double>> multipliers;  // those that cross; at a kink one of each side
  double residual = 0;  // of what is 0 there: the tangent's share of s, or |multiplier| - 1; at a kink
                        // the gap between the two sides, extended to each other, in units of x
  Index before = 0, after = 0;  // unstable directions, in the order of the curve
  Index place = 0;              // so many points of the curve come before it
};

/// A computed point of a curve.
struct BranchPoint {
  double s = 0;                // from 0 to 1
  Vec<double> x;               // the point
  Index unstable = 0;          // directions, as computed
  double spectral_radius = 0;  // as computed
  int index = 0;               // the sign of det(I - J), as computed
};

/// Where a curve ended.
enum class BranchEnd : unsigned char {
  crossed,         // at the other end of [0, 1]
  returned,        // at the end of [0, 1] where it began: it has folded
  no_start,        // there was no fixed point to begin with, or I - J is singular there
  step_too_small,  // no step of the least length was accepted, nor one over a kink
  left_bound,      // |x| is larger than the bound
  out_of_steps,    // max_steps were made
  ambiguous,       // it leads to a point that another curve leads to as well, however small the steps
  cancelled,       // `cancelled` returned true
};
/// Why it ended, in words.
inline std::ostream& operator<<(std::ostream& out, BranchEnd end) {
  switch (end) {
    case BranchEnd::crossed:
      return out << "crossed";
    case BranchEnd::returned:
      return out << "returned";
    case BranchEnd::no_start:
      return out << "lost: no isolated fixed point to begin with";
    case BranchEnd::step_too_small:
      return out << "lost: no step was small enough";
    case BranchEnd::left_bound:
      return out << "lost: out of bounds";
    case BranchEnd::out_of_steps:
      return out << "lost: out of steps";
    case BranchEnd::ambiguous:
      return out << "lost: another curve leads to the same point";
    case BranchEnd::cancelled:
      return out << "cancelled";
  }
  return out;
}

/// A curve of fixed points of f(.; theta(s)) from one end of [0, 1] on.
struct Branch {
  double from = 0;                      // s where it began, 0 or 1
  BranchEnd end = BranchEnd::no_start;  // how it ended
  Vec<double> x;                        // where it ended
  std::vector<BranchPoint> curve;       // in order; points at events are among them
  std::vector<BranchEvent> events;      // in order
  Index steps = 0;                      // that were accepted
  /// Whether its end is neither at the other snapshot nor back at its own.
  bool lost() const { return end != BranchEnd::crossed && end != BranchEnd::returned; }
};

/// How curves are followed. Lengths along a curve are those of (x / unit, s).
struct BranchOptions {
  double step = 0.05, most = 0.2, least = 1e-6;  // the first step, the largest, the smallest
  Index corrections = 8;                         // the most steps of Newton's method after each
  Index max_steps = 3000;                        // of a curve
  double tolerance = 1e-12;  // on the curve: |f(x) - x| <= tolerance max(|x|, unit), not below 64 eps
  double unit = 0;           // what counts as the size of a point; 0: |x| at the start, 1 where that is 0
  double bound = 1e3;        // lost where |x| > bound unit
  double event_tolerance = 1e-8;  // events are located to this length
  /// The derivative in s is (f(x; theta(s + e)) - f(x; theta(s - e))) / (2 e), e this difference: wrong by
  /// about e^2 / 6 times the third derivative, and by 1e-16 |f| / e. It turns the tangents; points on the
  /// curve, folds and multipliers do not depend on it.
  double difference = 6e-6;
  Index form_up_to = 1024;  // dimensions; above, networks must be narrow somewhere (jacobian_factors)
  std::function<bool()> cancelled = {};  // asked before each step; may be called by several threads at once
};

namespace detail {

inline void require_branch_options(const BranchOptions& o, const char* who) {
  require(o.least > 0 && o.least <= o.step && o.step <= o.most && std::isfinite(o.most), who,
          ": steps must be 0 < least <= step <= most, got ", o.least, ", ", o.step, ", ", o.most);
  require(o.corrections >= 1, who, ": corrections must be >= 1, got ", o.corrections);
  require(o.max_steps >= 1, who, ": max_steps must be >= 1, got ", o.max_steps);
  require(o.tolerance >= 0, who, ": tolerance must be >= 0, got ", o.tolerance);
  require(o.unit >= 0 && std::isfinite(o.unit), who, ": unit must be >= 0 and finite, got ", o.unit);
  require(o.bound > 0, who, ": bound must be > 0, got ", o.bound);
  require(o.event_tolerance > 0, who, ": event_tolerance must be > 0, got ", o.event_tolerance);
  require(o.difference > 0 && o.difference < 1, who, ": difference must be between 0 and 1, got ",
          o.difference);
}

}  // namespace detail

}  // namespace basin
