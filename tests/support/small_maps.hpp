// Maps of a few dimensions whose attractors and basins are known.
#pragma once
#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/given_map.hpp"

namespace basin {

template <class S>
using TanhNet = Chain<Dense<S>, Pointwise<S, Tanh>>;

/// tanh(2 x) in each of d coordinates: 0 and +-.9575040240772688 in each, 2^d corners attract.
template <class S>
Model<TanhNet<S>> tanh_of_2x(Index d) {
  const TanhNet<S> net(Dense<S>(d, d, false), Pointwise<S, Tanh>(d));
  return Model(net, Vec<S>((2 * Mat<S>::Identity(d, d)).reshaped()));
}

/// A map of the plane with `value` and `slope`, its Jacobian, as a layer without parameters.
template <class S, class Map>
Model<GivenMap<S>> plane_map(const Map& map) {
  return given_map<S>(
      2, [map](const Vec<S>& x) { return map.value(x); }, [map](const Vec<S>& x) { return map.slope(x); });
}

/// (tanh 2x, c y): attractors (+-.9575040240772688, 0) for |c| < 1, edge x = 0 with the saddle (0, 0) of
/// multipliers 2 and c.
template <class S>
struct TanhAndLine {
  S c;
  Vec<S> value(const Vec<S>& x) const { return Vec<S>{{std::tanh(2 * x[0]), c * x[1]}}; }
  Mat<S> slope(const Vec<S>& x) const {
    const S t = std::tanh(2 * x[0]);
    return Mat<S>{{2 * (1 - t * t), 0}, {0, c}};
  }
};
template <class S>
auto tanh_and_linear(S c) {
  return plane_map<S>(TanhAndLine<S>{c});
}
template <class S>
auto tanh_and_half() {
  return tanh_and_linear<S>(S(0.5));
}

/// (T(x), y / 2): the outer thirds of [0, 1] are stretched onto [0, 1], the middle third goes to -1 or 2 by
/// its halves, and what is outside goes to the nearer of these. The boundary of the two basins is that of
/// Cantor's set and the centres of its gaps: what is uncertain at epsilon shrinks as epsilon^(1 - log 2 /
/// log 3).
struct CantorMap {
  Vec<double> value(const Vec<double>& x) const {
    const double t = x[0];
    double y = 0;
    if (t < 0)
      y = -1 + (t + 1) / 2;
    else if (t > 1)
      y = 2 + (t - 2) / 2;
    else if (3 * t <= 1)
      y = 3 * t;
    else if (3 * t >= 2)
      y = 3 * t - 2;
    else
      y = t < 0.5 ? -1 : 2;
    return Vec<double>{{y, x[1] / 2}};
  }
  Mat<double> slope(const Vec<double>& x) const {
    const double t = x[0];
    const double s = t < 0 || t > 1 ? 0.5 : 3 * t <= 1 || 3 * t >= 2 ? 3 : 0;
    return Mat<double>{{s, 0}, {0, 0.5}};
  }
};
inline auto cantor_map() { return plane_map<double>(CantorMap{}); }

}  // namespace basin
