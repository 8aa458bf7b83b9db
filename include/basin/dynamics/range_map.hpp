// A network in coordinates of the space that its values lie in, where that is narrow: the same orbits for
// less.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::sqrt
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/layer_calls.hpp"     // DenseEndSizes
#include "basin/core/model_by_calls.hpp"  // LayerByCalls, ModelByCalls
#include "basin/core/types.hpp"           // Index, Mat, Vec
#include "basin/dynamics/attractors.hpp"  // Attractor
#include "basin/dynamics/directions.hpp"  // orthonormal

namespace basin::inline BASIN_ABI::detail {

/// g(y) = Q' f(Q y), Q with orthonormal columns that span all values f(x). As f(x) = Q Q' f(x), orbits of f
/// are those of g from their first step on, x_t = Q y_t, and lengths are the same: |x - x'| = |y - y'|,
/// |x| = |y|.
template <class S>
struct RangeMap {
  Mat<double> Q;          // n x m, m < n
  Vec<S> theta;           // of g
  LayerByCalls<S> layer;  // of g

  /// R^m to itself; refers to theta.
  ModelByCalls<S> g() const& { return {layer, theta}; }
  void g() const&& = delete;  // its theta would be gone
};

/// For f = W h + b at the end, W n x k with 2 (k + 1) <= n: Q spans [W, b], and g has W_1 Q in place of the
/// first weight W_1, Q'W and Q'b in place of the last ones. 784 -> 128 -> ... -> 784 becomes 129 -> 128 ->
/// ... -> 129, with less than half of the multiply-adds. The new weights are rounded to the network's numbers
/// once more, so that orbits of g and f agree to rounding, not to the bit. nullopt: f is not of this form, or
/// not narrow.
template <class S>
std::optional<RangeMap<S>> range_map(const ModelByCalls<S>& f) {
  const std::optional<DenseEndSizes> ends = f.layer.calls().dense_ends();
  const Index n = f.layer.in_size();
  if (!ends || f.layer.out_size() != n || 2 * (ends->last_in + 1) > n || !f.theta.allFinite())
    return std::nullopt;
  const Index k = ends->last_in, before = ends->first_parameters, behind = ends->last_parameters;
  const auto theta_1 = f.theta.head(before), theta_n = f.theta.tail(behind);
  Mat<double> Wb = Mat<double>::Zero(n, k + 1);  // weights stand first, column by column
  Wb.leftCols(k) = theta_n.head(n * k).reshaped(n, k).template cast<double>();
  if (ends->last_bias) Wb.col(k) = theta_n.tail(n).template cast<double>();
  const double scale = Wb.cwiseAbs().maxCoeff();
  if (!(scale > 0)) return std::nullopt;
  Mat<double> Q = orthonormal(Wb / scale, 1e-14);
  const Index m = Q.cols(), rows = ends->first_out;
  LayerByCalls<S> narrow(f.layer.calls().with_dense_ends(m, m));
  const Mat<double> W1 = theta_1.head(rows * n).reshaped(rows, n).template cast<double>();
  const Vec<S> to_first = (W1 * Q).template cast<S>().reshaped();
  const Vec<S> from_last = (Q.transpose() * Wb).template cast<S>().reshaped();
  Vec<S> theta(narrow.param_size());
  theta << to_first, theta_1.tail(before - W1.size()),
      f.theta.segment(before, f.theta.size() - before - behind), from_last;
  return RangeMap<S>{std::move(Q), std::move(theta), std::move(narrow)};
}

/// The attractors in coordinates of the range, with the part of their balls that lies in it. nullopt where a
/// point of one is not in the range but for rounding, and so is no value of f.
template <class S>
std::optional<std::vector<Attractor<S>>> within_range(const Mat<double>& Q,
                                                      std::vector<Attractor<S>> attractors) {
  const double rounding = 1e3 * static_cast<double>(std::numeric_limits<S>::epsilon());
  for (Attractor<S>& a : attractors) {
    const Mat<double> p = a.points.template cast<double>(), y = Q.transpose() * p;
    double away = 0;  // the farthest point's distance to the range
    for (Index i = 0; i < p.cols(); ++i) {
      const double off = (p.col(i) - Q * y.col(i)).norm();
      if (!(off <= rounding * p.col(i).norm())) return std::nullopt;
      away = std::max(away, off);
    }
    const auto within = [away](double radius) {
      return radius > away ? std::sqrt((radius - away) * (radius + away)) : 0;
    };
    a.points = y.template cast<S>();
    a.radius = within(a.radius);
    // |T (Q v + r)| <= |T Q v| + |T| |r|, and |T Q v| is what BallTest has of Q'U and t.
    if (a.t.size() > 0) a.ellipsoid = std::max(0., a.ellipsoid - (1 + a.t.maxCoeff()) * away);
    if (a.t.size() > 0) a.Q = Q.transpose() * a.Q;
  }
  return attractors;
}

}  // namespace basin::detail
