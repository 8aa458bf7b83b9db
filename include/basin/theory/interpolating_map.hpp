// Theorems 6 and 7: a ReLU network that is nearly the identity and has every training example as an
// attractor. Page: docs/paper/theorem_6.md.
#pragma once
#include <algorithm>  // std::max, std::min, std::minmax_element, std::sort, std::unique
#include <cmath>      // std::sqrt
#include <limits>     // std::numeric_limits
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/chain.hpp"                 // Chain
#include "basin/core/checked_product.hpp"          // detail::checked_product
#include "basin/core/error.hpp"                    // require
#include "basin/core/model.hpp"                    // Model
#include "basin/layers/dense.hpp"                  // Dense
#include "basin/layers/maps/piecewise_linear.hpp"  // Relu
#include "basin/layers/pointwise.hpp"              // Pointwise
#include "basin/theory/piecewise_linear_map.hpp"   // PiecewiseLinearMap

namespace basin::inline BASIN_ABI {

/// The points, ascending and each once. Throws unless there is one and all lie in (0, 1), as the theorem's
/// proof assumes.
[[nodiscard]] inline std::vector<double> ascending_points(std::vector<double> points) {
  require(!points.empty(), "ascending_points: there must be at least one point");
  for (const double x : points)
    require(x > 0 && x < 1, "ascending_points: points must lie in (0, 1), got ", x);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

/// delta as the paper prints it, a quarter of the smallest gap: infinite for one point, and with x_n + delta
/// = 1 or x_1 = delta the outer slopes divide by zero (x = .01, .5, .9).
[[nodiscard]] inline double printed_delta(const std::vector<double>& points) {
  const std::vector<double> x = ascending_points(points);
  double gap = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < x.size(); ++i) gap = std::min(gap, x[i + 1] - x[i]);
  return gap / 4;
}

/// delta corrected: min(smallest gap, x_1, 1 - x_n) / 4. All slopes of plateau_map are then at most 2.
[[nodiscard]] inline double corrected_delta(const std::vector<double>& points) {
  const auto [first, last] = std::minmax_element(points.begin(), points.end());
  const double delta = printed_delta(points);
  return std::min({delta, *first / 4, (1 - *last) / 4});
}

/// The map of the proof of Theorem 7: slope 1 - epsilon / delta < 1 within delta of each point, straight
/// lines between these plateaus and on to (0, 0) and (1, 1). It has f(x_i) = x_i, |f(x) - x| <= epsilon on
/// [0, 1], 2 n knots (the paper says n, and n + 1 a line later), and every start in [0, 1] converges to a
/// point except 0, 1 and one repelling fixed point within each gap (its midpoint). Throws unless 0 < epsilon
/// <= delta and the slopes are finite, which they are for corrected_delta.
[[nodiscard]] inline PiecewiseLinearMap plateau_map(const std::vector<double>& points, double epsilon,
                                                    double delta) {
  const std::vector<double> x = ascending_points(points);
  require(epsilon > 0 && epsilon <= delta, "plateau_map: epsilon must be in (0, delta = ", delta, "], got ",
          epsilon);
  std::vector<double> knots, values;
  for (const double xi : x) {
    knots.insert(knots.end(), {xi - delta, xi + delta});
    values.insert(values.end(), {xi - delta + epsilon, xi + delta - epsilon});
  }
  return {knots, values, values.front() / knots.front(), (1 - values.back()) / (1 - knots.back())};
}

/// The same with corrected_delta, and epsilon cut off there.
[[nodiscard]] inline PiecewiseLinearMap plateau_map(const std::vector<double>& points, double epsilon) {
  const double delta = corrected_delta(points);
  return plateau_map(points, std::min(epsilon, delta), delta);
}

/// A map with the same properties and as few knots as there can be, 2 n - 2
/// (for n = 1 a knot without a kink, at x_1): f(x) - x is a zigzag that falls with slope
/// alpha = min(1, epsilon / max(x_1, 1 - x_n, largest gap / 4)) through each point and rises with slope alpha
/// through the midpoints. Every start on the whole line converges to a point, the n - 1 midpoints excepted.
/// Not in the paper. Throws unless epsilon > 0.
[[nodiscard]] inline PiecewiseLinearMap zigzag_map(const std::vector<double>& points, double epsilon) {
  const std::vector<double> x = ascending_points(points);
  require(epsilon > 0, "zigzag_map: epsilon must be > 0, got ", epsilon);
  double reach = std::max(x.front(), 1 - x.back());
  for (std::size_t i = 0; i + 1 < x.size(); ++i) reach = std::max(reach, (x[i + 1] - x[i]) / 4);
  const double alpha = std::min(1., epsilon / reach);
  if (x.size() == 1) return {x, x, 1 - alpha, 1 - alpha};
  std::vector<double> knots, values;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double quarter = (x[i + 1] - x[i]) / 4;
    knots.insert(knots.end(), {x[i] + quarter, x[i + 1] - quarter});
    values.insert(values.end(), {x[i] + quarter - alpha * quarter, x[i + 1] - quarter + alpha * quarter});
  }
  return {knots, values, 1 - alpha, 1 - alpha};
}

/// W_2 relu(W_1 x + b_1) + b_2.
using ReluNet = Chain<Dense<double>, Pointwise<double, Relu>, Dense<double>>;

/// x -> (f_1(x_1), ..., f_d(x_d)) for x >= 0 as a network with one hidden layer of ReLU: for each f one unit
/// for its slope at 0 and one for each knot above 0 at which the slope changes,
///
///     f(x) = f(0) + s_0 relu(x) + sum_j (s_j - s_{j-1}) relu(x - t_j).
///
/// Throws if there is no f.
[[nodiscard]] inline Model<ReluNet> coordinatewise_net(const std::vector<PiecewiseLinearMap>& maps) {
  require(!maps.empty(), "coordinatewise_net: there must be at least one map");
  struct Unit {
    Index coordinate;
    double knot, change;
  };
  std::vector<Unit> units;
  const auto d = static_cast<Index>(maps.size());
  Vec<double> at_zero(d);
  for (Index i = 0; i < d; ++i) {
    const PiecewiseLinearMap& f = maps[static_cast<std::size_t>(i)];
    at_zero[i] = f(0);
    const std::size_t unit = units.size();
    units.push_back({i, 0, f.slopes().front()});
    for (std::size_t j = 0; j < f.knots().size(); ++j) {
      if (f.knots()[j] <= 0)
        units[unit].change = f.slopes()[j + 1];
      else if (f.slopes()[j + 1] != f.slopes()[j])
        units.push_back({i, f.knots()[j], f.slopes()[j + 1] - f.slopes()[j]});
    }
  }
  const auto k = static_cast<Index>(units.size());
  Mat<double> W1 = Mat<double>::Zero(k, d), W2 = Mat<double>::Zero(d, k);
  Vec<double> b1(k);
  for (Index u = 0; u < k; ++u) {
    const Unit& unit = units[static_cast<std::size_t>(u)];
    W1(u, unit.coordinate) = 1;
    b1[u] = -unit.knot;
    W2(unit.coordinate, u) = unit.change;
  }
  Vec<double> theta(2 * k * d + k + d);
  theta << W1.reshaped(), b1, W2.reshaped(), at_zero;
  return {ReluNet(Dense<double>(d, k), Pointwise<double, Relu>(k), Dense<double>(k, d)), std::move(theta)};
}

/// Row i of X as a vector of numbers.
[[nodiscard]] inline std::vector<double> row_values(MatIn<double> X, Index i) {
  const Vec<double> row = X.row(i).transpose();
  return {row.begin(), row.end()};
}

/// Theorems 6 and 7: a network d -> sum_i (2 n_i + 1) -> d of ReLU for which every column of X is an
/// attractor and |f(x) - x| <= epsilon (2-norm; epsilon / sqrt(d) in each coordinate) on [0, 1]^d, so that
/// the expected squared error is at most epsilon^2 for any distribution on [0, 1]^d. n_i <= n is the number
/// of distinct values in row i, which the paper assumes to be n.
///
/// Corrected: the paper has (n + 1) d hidden units, but between two attracting fixed points f - x has a
/// minimum and a maximum, so that at least 2 n - 2 knots are needed (see most_attracting_fixed_points):
/// impossible for d = 1 and n >= 4 (in more dimensions other coordinates may do with fewer: four points of
/// the plane take 10). Every mix of coordinates of examples is an attractor as well
/// (mixed_attractors). Throws unless X is not empty and its entries lie in (0, 1).
[[nodiscard]] inline Model<ReluNet> interpolating_autoencoder(MatIn<double> X, double epsilon) {
  require(X.rows() >= 1 && X.cols() >= 1, "interpolating_autoencoder: X must not be empty, got ", X.rows(),
          " x ", X.cols());
  require(epsilon > 0, "interpolating_autoencoder: epsilon must be > 0, got ", epsilon);
  std::vector<PiecewiseLinearMap> maps;
  for (Index i = 0; i < X.rows(); ++i)
    maps.push_back(plateau_map(row_values(X, i), epsilon / std::sqrt(static_cast<double>(X.rows()))));
  return coordinatewise_net(maps);
}

/// All attractors of that network, d x (n_1 ... n_d): each coordinate is that of some example. Up to n^d
/// points, of which only n are examples. Throws if they are too many to list.
[[nodiscard]] inline Mat<double> mixed_attractors(MatIn<double> X) {
  std::vector<std::vector<double>> values;
  std::vector<Index> counts;
  for (Index i = 0; i < X.rows(); ++i) {
    values.push_back(ascending_points(row_values(X, i)));
    counts.push_back(static_cast<Index>(values.back().size()));
  }
  const auto total = detail::checked_product(counts);
  require(total && *total <= 1u << 24, "mixed_attractors: more than 2^24 attractors");
  Mat<double> points(X.rows(), static_cast<Index>(*total));
  for (Index k = 0; k < points.cols(); ++k)
    for (Index i = X.rows() - 1, digits = k; i >= 0; --i) {
      const auto& v = values[static_cast<std::size_t>(i)];
      const auto n = static_cast<Index>(v.size());
      points(i, k) = v[static_cast<std::size_t>(digits % n)];
      digits /= n;
    }
  return points;
}

}  // namespace basin
