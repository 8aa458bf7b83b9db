// One fixed point followed through a change of parameters, by pseudo-arclength.
#pragma once
#include <concepts>  // std::same_as

#include "basin/core/error.hpp"            // require
#include "basin/core/layer.hpp"            // Layer
#include "basin/core/types.hpp"            // Index, Vec, VecIn
#include "basin/dynamics/branch.hpp"       // Branch, BranchOptions
#include "basin/dynamics/fixed_curve.hpp"  // MapFamily, map_family
#include "basin/dynamics/self_map.hpp"     // SelfMap
#include "basin/dynamics/stability.hpp"    // LinearStability
#ifdef BASIN_BODIES
#include <algorithm>  // std::max, std::min
#include <optional>   // std::optional
#include <utility>    // std::move

#include "basin/dynamics/branch_events.hpp"  // EventFinder
#include "basin/dynamics/fixed_point.hpp"    // judge_formed, slope_change
#include "basin/dynamics/newton.hpp"         // polish, Found
#endif

namespace basin::inline BASIN_ABI {

namespace detail {

/// `unit` > 0.
template <class = void>
Branch follow_branch(MapFamily& family, VecIn<double> x, double from, double unit, const BranchOptions& o);

/// The verdict at x, a fixed point up to rounding, of a map whose Jacobian is formed.
template <class = void>
LinearStability judge_formed_at(const SelfMap& f, VecIn<double> x, double unit);

template <Layer F>
void require_followable(const F& layer, Index form_up_to, const char* who) {
  require(layer.in_size() == layer.out_size(), who, ": f maps ", layer.in_size(), " rows to ",
          layer.out_size(), ", expected as many");
  require(layer.in_size() <= form_up_to || narrow_cut(layer).has_value(), who, ": f has ", layer.in_size(),
          " dimensions and is nowhere narrow; form_up_to is ", form_up_to);
}

}  // namespace detail

/// The fixed point x of f(.; theta(s)), theta(s) = (1 - s) theta0 + s theta1, followed from s = `from`, 0 or
/// 1, to the other end or back: pseudo-arclength continuation (Keller 1977) in (x, s), which passes folds. A
/// predictor along the tangent; Newton's method in the plane perpendicular to it, by the bordered system; the
/// step times 1.5 (at most `most`) after at most 3 corrections and halved where these do not come to a point
/// within twice the step. The sign of det [I - J, -f_s; tangent] does not change along a curve, which keeps
/// steps from leaping to another one. Where a kink makes a corner that no plane passes, the slopes beyond it
/// give the tangent on the other side.
///
/// Events are located to options.event_tolerance along the curve: folds by the tangent's share of s, others
/// by the multiplier that brings the number of unstable directions from one count to the next. An event is
/// called by its name where the two counts are shown to differ (LinearStability::counted), at a fold at least
/// the indices. Two events within one step that undo each other are not seen: lower `most`.
///
/// In double: in float the derivative along theta is rounding. Throws if sizes do not fit, `from` is neither
/// 0 nor 1, or an option makes no sense.
template <Layer F>
requires std::same_as<typename F::Scalar, double>
[[nodiscard]] Branch follow_fixed_point(const F& layer, VecIn<double> theta0, VecIn<double> theta1,
                                        VecIn<double> x, double from = 0, const BranchOptions& options = {}) {
  constexpr const char* who = "follow_fixed_point";
  detail::require_branch_options(options, who);
  detail::require_followable(layer, options.form_up_to, who);
  require(theta0.size() == theta1.size(), who, ": theta0 has ", theta0.size(), " entries, theta1 ",
          theta1.size());
  require(x.size() == layer.in_size(), who, ": x has ", x.size(), " rows, f expects ", layer.in_size());
  require(from == 0 || from == 1, who, ": from must be 0 or 1, got ", from);
  const Vec<double> first = theta0, last = theta1;
  detail::MapFamily family = detail::map_family(layer, first, last, options.form_up_to);
  const double size = x.stableNorm();
  return detail::follow_branch(family, x, from,
                               options.unit > 0 ? options.unit
                               : size > 0       ? size
                                                : 1,
                               options);
}

#ifdef BASIN_BODIES
namespace detail {

template <class>
LinearStability judge_formed_at(const SelfMap& f, VecIn<double> x, double unit) {
  Found at;
  at.x = x;
  at.size = unit;
  polish(f, at, {});
  const LocalMap J = f.linearized(at.x);
  return judge_formed(J, f.size, f.epsilon, slope_change(f, at, J));
}

template <class = void>
class BranchFollower {
 public:
  BranchFollower(MapFamily& family, double unit, const BranchOptions& o)
      : o_(o), curve_(family, o, unit), events_(curve_, o, branch_), step_(o.step) {}

  Branch run(const Vec<double>& x, double from) {
    branch_.from = from;
    branch_.x = x;
    std::optional<CurvePoint> at = curve_.at(x, from, from == 0 ? 1 : -1);
    if (!at || (at->u - curve_.u(x, from)).norm() > 1e-3) return end(BranchEnd::no_start);
    events_.add_point(*at);
    for (;;) {
      if (o_.cancelled && o_.cancelled()) return end(BranchEnd::cancelled);
      if (branch_.steps >= o_.max_steps) return end(BranchEnd::out_of_steps);
      const CurvePoint a = std::move(*at);
      double length = 0;
      at = next(a, length);
      const bool corner = !at;
      if (corner) at = over_corner(a);
      branch_.x = curve_.x(a);
      if (!at) return end(BranchEnd::step_too_small);
      ++branch_.steps;
      if (corner)
        events_.corner(a, *at);
      else if (pass(a, length, *at))
        return std::move(branch_);
      events_.add_point(*at);
      branch_.x = curve_.x(*at);
      if (outside(at->s())) {  // beyond a corner, by less than some of the least steps
        close(*at, at->s() < 0.5 ? 0 : 1);
        return std::move(branch_);
      }
      if (!(branch_.x.stableNorm() <= o_.bound * curve_.unit())) return end(BranchEnd::left_bound);
    }
  }

 private:
  Branch end(BranchEnd how) {
    branch_.end = how;
    return std::move(branch_);
  }
  static bool outside(double s) { return s <= 0 || s >= 1; }

  /// The next point with the largest step that is accepted; `length` is that step.
  std::optional<CurvePoint> next(const CurvePoint& a, double& length) {
    const double tried = step_;
    for (;; step_ = std::max(step_ / 2, o_.least)) {
      length = step_;
      if (std::optional<CurvePoint> b = curve_.ahead(a, length)) {
        if (b->steps <= 3) step_ = std::min(1.5 * step_, o_.most);
        return b;
      }
      if (step_ <= o_.least) break;
    }
    step_ = std::max(tried / 2, o_.least);  // for the other side of the corner
    return std::nullopt;
  }

  /// A corner lies within two of the least steps ahead. The slopes beyond it give the tangent on its other
  /// side, from where Newton's method leads to the curve; along that tangent farther than the place lies
  /// beyond the corner, for the two tangents may have an obtuse angle.
  std::optional<CurvePoint> over_corner(const CurvePoint& a) const {
    for (double d = 4 * o_.least; d <= 256 * o_.least; d *= 4) {
      const Vec<double> p = a.u + d * a.t, t = curve_.tangent_beside(p, a);
      if (!t.allFinite()) continue;
      std::optional<CurvePoint> b = curve_.correct(p + 2 * d * t, t);
      if (b && b->orientation == a.orientation && (b->u - a.u).norm() <= 8 * d) return b;
    }
    return std::nullopt;
  }

  /// Looks at the curve from a to b, `length` ahead: events, and whether it leaves [0, 1] there.
  bool pass(const CurvePoint& a, double length, const CurvePoint& b) {
    if (!(a.ds() * b.ds() < 0)) return pass_piece(a, 0, a, length, b);
    const Root turn = events_.turn(a, length, b);
    const double left = std::max(turn.length - events_.side(), 0.),
                 right = std::min(turn.length + events_.side(), length);
    if (const std::optional<CurvePoint> p = curve_.ahead(a, left); p && pass_piece(a, 0, a, left, *p))
      return true;
    events_.fold(a, turn, b);
    const std::optional<CurvePoint> q = curve_.ahead(a, right);
    return q && pass_piece(a, right, *q, length, b);
  }

  /// From p to q, `low` and `high` ahead of a, between which ds does not change its sign.
  bool pass_piece(const CurvePoint& a, double low, const CurvePoint& p, double high, const CurvePoint& q) {
    if (!outside(q.s())) {
      events_.crossings(a, low, p, high, q);
      return false;
    }
    const double side = q.s() < 0.5 ? 0 : 1;
    const Root at = events_.root(a, low, high, p.s() - side, q.s() - side,
                                 [&](const CurvePoint& r) { return r.s() - side; });
    const std::optional<CurvePoint> last = curve_.ahead(a, at.length);
    if (last) events_.crossings(a, low, p, at.length, *last);
    close(last ? *last : q, side);
    return true;
  }

  /// The curve ends at s = side, next to p.
  void close(const CurvePoint& p, double side) {
    branch_.end = BranchEnd::step_too_small;
    const std::optional<CurvePoint> last = curve_.at(curve_.x(p), side, p.ds());
    if (!last || last->orientation != p.orientation || (last->u - p.u).norm() > 1e-3) return;
    Found found;
    found.x = curve_.x(*last);
    polish(curve_.map(side), found, {});
    branch_.x = (found.x - curve_.x(*last)).norm() <= 1e-6 * curve_.unit() ? found.x : curve_.x(*last);
    branch_.end = side == branch_.from ? BranchEnd::returned : BranchEnd::crossed;
    events_.add_point(*last);
  }

  const BranchOptions& o_;
  Branch branch_;
  FixedCurve<> curve_;
  EventFinder<> events_;
  double step_;
};

template <class>
Branch follow_branch(MapFamily& family, VecIn<double> x, double from, double unit, const BranchOptions& o) {
  return BranchFollower<>(family, unit, o).run(x, from);
}

}  // namespace detail
#endif

}  // namespace basin
