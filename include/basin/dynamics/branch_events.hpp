// Where on a curve of fixed points something happens, and what.
#pragma once
#include "basin/core/types.hpp"            // Index, Vec
#include "basin/dynamics/branch.hpp"       // Branch, BranchEvent, BranchOptions
#include "basin/dynamics/fixed_curve.hpp"  // CurvePoint, FixedCurve
#ifdef BASIN_BODIES
#include <algorithm>  // std::clamp, std::count_if, std::max, std::min, std::min_element
#include <cmath>      // std::abs
#include <complex>    // std::complex
#include <optional>   // std::optional
#include <vector>     // std::vector

#include "basin/dynamics/fixed_point.hpp"  // judge_formed, slope_change
#include "basin/dynamics/newton.hpp"       // Found
#include "basin/dynamics/stability.hpp"    // LinearStability

namespace basin::inline BASIN_ABI::detail {

using Multipliers = std::vector<std::complex<double>>;

template <class = void>
Index count_unstable(const Multipliers& multipliers) {
  return std::count_if(multipliers.begin(), multipliers.end(), [](const auto& m) { return std::abs(m) > 1; });
}

/// The multiplier for which `distance` is least.
template <class Distance>
std::complex<double> closest(const Multipliers& multipliers, const Distance& distance) {
  return *std::min_element(multipliers.begin(), multipliers.end(),
                           [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}
inline double off_circle(std::complex<double> m) { return std::abs(std::abs(m) - 1); }

/// A place on the piece of the curve ahead of a point, and the least of the test that is 0 there.
struct Root {
  double length = 0, rest = 0;
};

/// Looks at pieces of the curve, lengths from `low` to `high` ahead of a point.
template <class = void>
class EventFinder {
 public:
  EventFinder(const FixedCurve<>& curve, const BranchOptions& o, Branch& branch)
      : curve_(curve), o_(o), branch_(branch) {}

  /// Where `test` changes its sign, by secants and halving in turn. `low` has the value at_low, `high`
  /// at_high.
  template <class Test>
  Root root(const CurvePoint& a, double low, double high, double at_low, double at_high,
            const Test& test) const {
    Root best{low, std::abs(at_low)};
    for (int k = 0; k < 100 && high - low > o_.event_tolerance; ++k) {
      const double secant = low - at_low * (high - low) / (at_high - at_low), rim = 0.25 * o_.event_tolerance;
      const double length = k % 2 == 0 ? std::clamp(secant, low + rim, high - rim) : 0.5 * (low + high);
      const std::optional<CurvePoint> p = curve_.ahead(a, length);
      if (!p) return {0.5 * (low + high), std::max(std::abs(at_low), std::abs(at_high))};
      const double value = test(*p);
      if (std::abs(value) < best.rest) best = {length, std::abs(value)};
      if (best.rest <= 1e-12) return best;
      (value > 0) == (at_low > 0) ? low = length : high = length;
      (value > 0) == (at_low > 0) ? at_low = value : at_high = value;
    }
    return {0.5 * (low + high), std::min(std::abs(at_low), std::abs(at_high))};
  }

  /// Where ds changes its sign on the way from a to b, `length` ahead.
  Root turn(const CurvePoint& a, double length, const CurvePoint& b) const {
    return root(a, 0, length, a.ds(), b.ds(), [](const CurvePoint& p) { return p.ds(); });
  }
  void fold(const CurvePoint& a, const Root& at, const CurvePoint& b) {
    const bool smooth = at.rest <= 1e-3 * std::max(std::abs(a.ds()), std::abs(b.ds()));
    add(a, at, smooth ? BranchEventKind::fold : BranchEventKind::border_fold);
  }

  /// The places where the number of unstable directions changes between p and q, `low` and `high` ahead of a.
  void crossings(const CurvePoint& a, double low, const CurvePoint& p, double high, const CurvePoint& q,
                 int depth = 0) {
    const Index before = count_unstable(curve_.multipliers(p)), after = count_unstable(curve_.multipliers(q));
    if (before == after || high - low <= side() || depth > 20) return;
    const auto which = static_cast<std::size_t>(std::max(before, after) - 1);
    const auto test = [&](const CurvePoint& r) { return std::abs(curve_.multipliers(r)[which]) - 1; };
    const Root at = root(a, low, high, test(p), test(q), test);
    const double left = at.length - side(), right = at.length + side();
    if (const std::optional<CurvePoint> r = left > low ? curve_.ahead(a, left) : std::nullopt)
      crossings(a, low, p, left, *r, depth + 1);
    add(a, at, at.rest > 1e-4 ? BranchEventKind::border_crossing : BranchEventKind::undecided);
    if (const std::optional<CurvePoint> r = right < high ? curve_.ahead(a, right) : std::nullopt)
      crossings(a, right, *r, high, q, depth + 1);
  }

  /// What happens at the kink between a and b, if anything does.
  void corner(const CurvePoint& a, const CurvePoint& b) {
    const bool turns = a.ds() * b.ds() < 0;
    if (!turns && count_unstable(curve_.multipliers(a)) == count_unstable(curve_.multipliers(b))) return;
    BranchEvent e;
    e.kind = turns ? BranchEventKind::border_fold : BranchEventKind::border_crossing;
    judge_sides(e, a, b);
    place_at_kink(e, a, b);
    push(e);
  }

  /// So far from an event on its both sides the curve is judged first.
  double side() const { return 4 * o_.event_tolerance; }
  void add_point(const CurvePoint& p) {
    const Multipliers& m = curve_.multipliers(p);
    branch_.curve.push_back({p.s(), curve_.x(p), count_unstable(m), m.empty() ? 0 : std::abs(m.front()),
                             p.orientation * (p.ds() < 0 ? -1 : 1)});
  }

 private:
  /// The event at this place: judged at growing distances on both sides, until the numbers of unstable
  /// directions are shown.
  void add(const CurvePoint& a, const Root& at, BranchEventKind kind) {
    BranchEvent e;
    e.kind = kind;
    e.residual = at.rest;
    const std::optional<CurvePoint> p = curve_.ahead(a, at.length);
    if (!p) return add_unknown(a, at);
    e.s = p->s();
    e.x = curve_.x(*p);
    bool shown = false;
    for (double beside = side(); !shown && beside <= 1e4 * side(); beside *= 10) {
      const std::optional<CurvePoint> below = curve_.ahead(a, std::max(at.length - beside, 0.)),
                                      above = curve_.ahead(a, at.length + beside);
      if (!below || !above) break;
      e.kind = kind;
      shown = judge_sides(e, *below, *above);
      if (at_kink(kind)) {
        place_at_kink(e, *below, *above);
      } else {
        e.multipliers = crossing_at(*p, kind);
        if (kind == BranchEventKind::undecided && shown) e.kind = kind_of(e);
      }
    }
    push(e);
    add_point(*p);
  }
  void add_unknown(const CurvePoint& a, const Root& at) {
    BranchEvent e;
    e.s = a.s() + at.length * a.ds();
    e.x = curve_.x(a) + at.length * curve_.unit() * a.t.head(a.t.size() - 1);
    e.residual = at.rest;
    push(e);
  }
  void push(BranchEvent& e) {
    e.place = static_cast<Index>(branch_.curve.size());
    branch_.events.push_back(e);
  }
  static bool at_kink(BranchEventKind kind) {
    return kind == BranchEventKind::border_fold || kind == BranchEventKind::border_crossing;
  }
  /// The multipliers that cross at p: next to 1 at a fold, else next to the unit circle.
  static Multipliers crossing_at(const CurvePoint& p, BranchEventKind kind) {
    const Multipliers& all = FixedCurve<>::multipliers(p);
    if (kind == BranchEventKind::fold)
      return {closest(all, [](std::complex<double> m) { return std::abs(m - 1.); })};
    const std::complex<double> m = closest(all, off_circle);
    if (m.imag() == 0) return {m};
    return {m, std::conj(m)};
  }
  static BranchEventKind kind_of(const BranchEvent& e) {
    const Index change = std::abs(e.after - e.before);
    if (e.multipliers.size() == 2 && change == 2) return BranchEventKind::neimark_sacker;
    if (e.multipliers.size() == 1 && change == 1 && e.multipliers.front().real() < 0)
      return BranchEventKind::flip;
    return BranchEventKind::undecided;
  }
  /// Where the tangents of the two sides come closest, and the multipliers that are closest to the circle.
  void place_at_kink(BranchEvent& e, const CurvePoint& a, const CurvePoint& b) const {
    const Index n = a.u.size() - 1;
    const Vec<double> apart = b.u - a.u;  // = alpha a.t + beta b.t, as nearly as possible
    const double c = a.t.dot(b.t), r = a.t.dot(apart), q = b.t.dot(apart), det = 1 - c * c;
    const double alpha = det > 1e-12 ? (r - c * q) / det : 0.5 * r,
                 beta = det > 1e-12 ? (q - c * r) / det : 0.5 * r;
    const Vec<double> kink = 0.5 * (a.u + alpha * a.t + b.u - beta * b.t);
    e.s = kink[n];
    e.x = curve_.unit() * kink.head(n);
    e.residual = curve_.unit() * (apart - alpha * a.t - beta * b.t).norm();
    e.multipliers = {closest(FixedCurve<>::multipliers(a), off_circle),
                     closest(FixedCurve<>::multipliers(b), off_circle)};
  }
  LinearStability judged(const CurvePoint& p) const {
    const SelfMap& f = curve_.map(p.s());
    Found at;
    at.x = curve_.x(p);
    at.left = curve_.unit() * p.left;
    at.size = std::max(curve_.unit(), at.x.stableNorm());
    return judge_formed(p.J, f.size, f.epsilon, slope_change(f, at, p.J));
  }
  /// Whether the two sides are shown to differ; else the event is undecided. At a fold the indices differ.
  bool judge_sides(BranchEvent& e, const CurvePoint& a, const CurvePoint& b) const {
    const LinearStability below = judged(a), above = judged(b);
    e.before = below.unstable;
    e.after = above.unstable;
    const bool turns = e.kind == BranchEventKind::fold || e.kind == BranchEventKind::border_fold;
    const bool shown =
        (below.counted && above.counted && e.before != e.after) || (turns && below.index * above.index == -1);
    if (!shown) e.kind = BranchEventKind::undecided;
    return shown;
  }

  const FixedCurve<>& curve_;
  const BranchOptions& o_;
  Branch& branch_;
};

}  // namespace basin::detail
#endif
