// Any map R^d -> R^d with its Jacobian, given as two functions, as a layer; and maps whose dynamics are
// known.
#pragma once
#include <cmath>
#include <functional>

#include "basin/core/model.hpp"
#include "basin/core/types.hpp"

template <class S>
class GivenMap {
 public:
  using Scalar = S;
  using Value = std::function<basin::Vec<S>(const basin::Vec<S>&)>;
  using Jacobian = std::function<basin::Mat<S>(const basin::Vec<S>&)>;
  using Cache = basin::NoCache;
  static constexpr bool broadcasts = true;

  GivenMap(basin::Index d, Value f, Jacobian J) : d_(d), f_(std::move(f)), J_(std::move(J)) {}
  basin::Index in_size() const { return d_; }
  basin::Index out_size() const { return d_; }
  basin::Index param_size() const { return 0; }
  void forward(basin::VecIn<S>, basin::MatIn<S> x, basin::MatOut<S> y, Cache&) const {
    for (basin::Index j = 0; j < x.cols(); ++j) y.col(j) = f_(x.col(j));
  }
  void vjp(basin::VecIn<S>, basin::MatIn<S> x, basin::MatIn<S>, Cache&, basin::MatIn<S> y_bar,
           basin::MatOut<S> x_bar, basin::VecOut<S>) const {
    if (x_bar.size() == 0) return;
    for (basin::Index j = 0; j < y_bar.cols(); ++j)
      x_bar.col(j) = J_(x.col(x.cols() == 1 ? 0 : j)).transpose() * y_bar.col(j);
  }
  void jvp(basin::VecIn<S>, basin::MatIn<S> x, basin::MatIn<S>, Cache&, basin::MatIn<S> x_dot,
           basin::MatOut<S> y_dot) const {
    for (basin::Index j = 0; j < x_dot.cols(); ++j)
      y_dot.col(j) = J_(x.col(x.cols() == 1 ? 0 : j)) * x_dot.col(j);
  }

 private:
  basin::Index d_;
  Value f_;
  Jacobian J_;
};

template <class S>
basin::Model<GivenMap<S>> given_map(basin::Index d, typename GivenMap<S>::Value f,
                                    typename GivenMap<S>::Jacobian J) {
  return {GivenMap<S>(d, std::move(f), std::move(J)), basin::Vec<S>()};
}

/// r x (1 - x)
template <class S = double>
basin::Model<GivenMap<S>> logistic(S r) {
  using basin::Mat, basin::Vec;
  return given_map<S>(
      1, [r](const Vec<S>& x) { return Vec<S>{{r * x[0] * (1 - x[0])}}; },
      [r](const Vec<S>& x) { return Mat<S>{{r * (1 - 2 * x[0])}}; });
}

/// (1 - 1.4 x^2 + y, .3 x)
inline basin::Model<GivenMap<double>> henon() {
  using basin::Mat, basin::Vec;
  return given_map<double>(
      2,
      [](const Vec<double>& x) {
        return Vec<double>{{1 - 1.4 * x[0] * x[0] + x[1], 0.3 * x[0]}};
      },
      [](const Vec<double>& x) {
        return Mat<double>{{-2.8 * x[0], 1}, {0.3, 0}};
      });
}

/// A rotation by `angle` times (1.5 - .5 |x|): the unit circle attracts with the factor .5.
inline basin::Model<GivenMap<double>> turned_to_circle(double angle) {
  using basin::Mat, basin::Vec;
  const double c = std::cos(angle), s = std::sin(angle);
  const Mat<double> R{{c, -s}, {s, c}};
  return given_map<double>(
      2, [R](const Vec<double>& x) { return Vec<double>((1.5 - 0.5 * x.norm()) * (R * x)); },
      [R](const Vec<double>& x) {
        return Mat<double>((1.5 - 0.5 * x.norm()) * R - 0.5 / x.norm() * (R * x) * x.transpose());
      });
}
