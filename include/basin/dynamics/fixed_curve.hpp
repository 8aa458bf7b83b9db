// The curve g(x, s) = f(x; theta(s)) - x = 0 in (x, s): its tangents, and Newton's method onto it.
#pragma once
#include <functional>  // std::function
#include <memory>      // std::make_shared
#include <optional>    // std::optional

#include "basin/core/layer.hpp"         // Layer
#include "basin/core/model.hpp"         // Model
#include "basin/core/types.hpp"         // Index, Mat, Vec, VecIn
#include "basin/dynamics/branch.hpp"    // BranchOptions
#include "basin/dynamics/self_map.hpp"  // SelfMap, LocalMap, self_map
#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::max
#include <complex>    // std::complex
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/dynamics/newton.hpp"     // middle
#include "basin/dynamics/spectrum.hpp"   // eigenvalues_of
#include "basin/dynamics/stability.hpp"  // determinant_sign
#endif

namespace basin::inline BASIN_ABI::detail {

/// The maps f(.; theta(s)), theta(s) = (1 - s) from + s to, one at a time. Belongs to one thread.
struct MapFamily {
  SelfMap map;  // the one that was set last
  std::function<void(double s)> set;
};

/// Refers to `from` and `to`.
template <Layer F>
MapFamily map_family(const F& layer, const Vec<double>& from, const Vec<double>& to, Index form_up_to) {
  const auto f = std::make_shared<Model<F>>(layer, from);
  MapFamily family;
  family.map = self_map(*f, form_up_to);
  family.map.values = {};  // which keeps the weights in another form
  // In place: the map refers to these parameters.
  family.set = [f, &from, &to](double s) { f->theta.noalias() = (1 - s) * from + s * to; };
  return family;
}

#ifdef BASIN_BODIES

/// The system (I - J) dx - g_s ds = r, t.(dx, ds) = c. It is regular at folds, too, where I - J is not. With
/// J = D E and w = E dx, dx = D w + g_s ds + r, and what is solved has the size of E D plus one:
///
///     (I - E D) w - E g_s ds = E r,   t_x'D w + (t_x'g_s + t_s) ds = c - t_x'r.
///
/// Refers to J, g_s and t.
template <class = void>
class Bordered {
 public:
  Bordered(const LocalMap& J, const Vec<double>& gs, const Vec<double>& t)
      : J_(J), gs_(gs), t_(t), lu_(matrix()) {}

  /// (dx, ds).
  Vec<double> solve(const Vec<double>& r, double c) const {
    const Index n = gs_.size(), k = rows();
    Vec<double> b(k + 1), u(n + 1);
    if (!J_.is_product()) {
      b << r, c;
      return lu_.solve(b);
    }
    b << J_.E * r, c - t_.head(n).dot(r);
    const Vec<double> w = lu_.solve(b);
    u << J_.D * w.head(k) + gs_ * w[k] + r, w[k];
    return u;
  }
  /// The sign of the determinant of [I - J, -g_s; t'], which the smaller matrix has as well.
  int sign() const { return determinant_sign(lu_); }

 private:
  Index rows() const { return J_.is_product() ? J_.E.rows() : gs_.size(); }
  Mat<double> matrix() const {
    const Index n = gs_.size(), k = rows();
    Mat<double> M(k + 1, k + 1);
    M.topLeftCorner(k, k) = Mat<double>::Identity(k, k) - middle(J_);
    if (!J_.is_product()) {
      M.col(k).head(k) = -gs_;
      M.row(k) = t_.transpose();
      return M;
    }
    M.col(k).head(k) = -(J_.E * gs_);
    M.row(k).head(k) = t_.head(n).transpose() * J_.D;
    M(k, k) = t_.head(n).dot(gs_) + t_[n];
    return M;
  }
  const LocalMap& J_;
  const Vec<double>&gs_, &t_;
  Eigen::PartialPivLU<Mat<double>> lu_;
};

/// A point of the curve.
struct CurvePoint {
  Vec<double> u, t;  // (x / unit, s), and the unit tangent
  LocalMap J;
  /// The sign of det [I - J, -g_s; t']. It does not change along a curve, at kinks either, and is that of
  /// det(I - J) times that of t_s: whoever finds another one has come to another curve.
  int orientation = 0;
  double left = 0;  // the length of the next step of Newton's method, in u
  Index steps = 0;  // that were made
  mutable std::vector<std::complex<double>> multipliers = {};  // once somebody asked
  double s() const { return u[u.size() - 1]; }
  double ds() const { return t[t.size() - 1]; }
};

template <class = void>
class FixedCurve {
 public:
  FixedCurve(MapFamily& family, const BranchOptions& o, double unit)
      : family_(family), o_(o), unit_(unit), n_(family.map.size) {}

  Vec<double> x(const CurvePoint& p) const { return unit_ * p.u.head(n_); }
  Vec<double> u(const Vec<double>& x, double s) const {
    Vec<double> result(n_ + 1);
    result << x / unit_, s;
    return result;
  }
  double unit() const { return unit_; }
  /// The map at s.
  const SelfMap& map(double s) const {
    family_.set(s);
    return family_.map;
  }

  /// Newton's method from p in the plane through p that is perpendicular to `normal`; the tangent there has a
  /// positive product with the normal. Nothing where it needs more than the allowed steps.
  std::optional<CurvePoint> correct(const Vec<double>& p, const Vec<double>& normal) const {
    CurvePoint at;
    for (at.u = p;; ++at.steps) {
      const Vec<double> r = residual(at.u);
      if (!r.allFinite()) return std::nullopt;
      const double tolerance = std::max(o_.tolerance, 64 * family_.map.epsilon);
      const bool on_curve = r.norm() <= tolerance * std::max(1., at.u.head(n_).norm());
      if (!on_curve && at.steps == o_.corrections) return std::nullopt;
      at.J = family_.map.linearized(unit_ * at.u.head(n_));
      const Vec<double> gs = derivative(at.u);
      const Bordered<> system(at.J, gs, normal);
      const Vec<double> step = system.solve(r, 0);
      if (!step.allFinite()) return std::nullopt;
      if (!on_curve) {
        at.u += step;
        continue;
      }
      at.left = step.norm();
      at.orientation = system.sign();
      at.t = system.solve(Vec<double>::Zero(n_), 1).normalized();
      if (!at.t.allFinite()) return std::nullopt;
      return at;
    }
  }
  /// The point of the curve `length` ahead of a, as its tangent says.
  std::optional<CurvePoint> ahead(const CurvePoint& a, double length) const {
    std::optional<CurvePoint> b = correct(a.u + length * a.t, a.t);
    if (b && b->orientation == a.orientation && (b->u - a.u).norm() <= 2 * length + 1e-9) return b;
    return std::nullopt;
  }
  /// The fixed point next to x at s, as seen by who moves in s by this sign.
  std::optional<CurvePoint> at(const Vec<double>& x, double s, double direction) const {
    std::optional<CurvePoint> p = correct(u(x, s), Vec<double>::Unit(n_ + 1, n_));
    if (p && direction < 0) {
      p->t = -p->t;
      p->orientation = -p->orientation;
    }
    return p;
  }
  /// The tangent at a place next to the curve, oriented as `a` is.
  Vec<double> tangent_beside(const Vec<double>& p, const CurvePoint& a) const {
    family_.set(p[n_]);
    const LocalMap J = family_.map.linearized(unit_ * p.head(n_));
    const Vec<double> gs = derivative(p);
    const Bordered<> system(J, gs, a.t);
    const Vec<double> t = system.solve(Vec<double>::Zero(n_), 1).normalized();
    return system.sign() == a.orientation ? t : Vec<double>(-t);
  }
  /// Those other than 0 where J has narrow factors; largest modulus first.
  static const std::vector<std::complex<double>>& multipliers(const CurvePoint& p) {
    if (p.multipliers.empty()) p.multipliers = eigenvalues_of(middle(p.J));
    return p.multipliers;
  }

 private:
  /// (f(x) - x) / unit; leaves the family at s.
  Vec<double> residual(const Vec<double>& u) const {
    const Vec<double> x = unit_ * u.head(n_);
    return (map(u[n_]).value(x) - x) / unit_;
  }
  Vec<double> derivative(const Vec<double>& u) const {
    const Vec<double> x = unit_ * u.head(n_);
    const Vec<double> above = map(u[n_] + o_.difference).value(x);
    const Vec<double> below = map(u[n_] - o_.difference).value(x);
    return (above - below) / (2 * o_.difference * unit_);
  }

  MapFamily& family_;
  const BranchOptions& o_;
  double unit_;
  Index n_;
};

#endif

}  // namespace basin::detail
