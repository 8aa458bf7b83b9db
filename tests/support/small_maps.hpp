// Maps of a few dimensions whose attractors and basins are known.
#pragma once
#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"

namespace basin {

template <class S>
using TanhNet = Chain<Dense<S>, Pointwise<S, Tanh>>;

/// tanh(2 x) in each of d coordinates: 0 and +-.9575040240772688 in each, 2^d corners attract.
template <class S>
Model<TanhNet<S>> tanh_of_2x(Index d) {
  const TanhNet<S> net(Dense<S>(d, d, false), Pointwise<S, Tanh>(d));
  return Model(net, Vec<S>((2 * Mat<S>::Identity(d, d)).reshaped()));
}

/// Any map of the plane with its Jacobian as a layer without parameters.
template <class S, class Map>
struct PlaneMap {
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "PlaneMap";
  Map map;

  Index in_size() const { return 2; }
  Index out_size() const { return 2; }
  Index param_size() const { return 0; }
  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    for (Index j = 0; j < x.cols(); ++j) y.col(j) = map.value(x.col(j));
  }
  void vjp(VecIn<S>, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    for (Index j = 0; j < x.cols(); ++j) x_bar.col(j) = map.slope(x.col(j)).transpose() * y_bar.col(j);
  }
  void jvp(VecIn<S>, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    for (Index j = 0; j < x.cols(); ++j) y_dot.col(j) = map.slope(x.col(j)) * x_dot.col(j);
  }
};

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
  return Model(PlaneMap<S, TanhAndLine<S>>{{c}}, Vec<S>(0));
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
inline auto cantor_map() { return Model(PlaneMap<double, CantorMap>{{}}, Vec<double>(0)); }

}  // namespace basin
