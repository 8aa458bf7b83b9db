// Which columns of a batch lie in the ball of an attractor.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::sqrt
#include <cstddef>    // std::size_t
#include <limits>     // std::numeric_limits
#include <vector>     // std::vector

#include "basin/core/product/gemm.hpp"    // gemm
#include "basin/core/scratch.hpp"         // Scratch
#include "basin/core/types.hpp"           // Index, Mat, Vec, MatIn
#include "basin/dynamics/attractors.hpp"  // Attractor

namespace basin::inline BASIN_ABI::detail {

/// The balls of all attractors, ready for batches. Products |p|^2 - 2 p'x + |x|^2, whose rounding is bounded,
/// say which balls a column may lie in; of these the differences are taken, in double: what is inside does
/// not depend on how the products were rounded.
template <class S>
class BallTest {
 public:
  BallTest(const std::vector<Attractor<S>>& attractors, Index size) : attractors_(attractors) {
    for (std::size_t k = 0; k < attractors.size(); ++k)
      for (Index i = 0; i < attractors[k].period(); ++i)
        if (reach(attractors[k]) > 0) points_.push_back({static_cast<Index>(k), i, reach(attractors[k])});
    P_.resize(size, static_cast<Index>(points_.size()));
    for (Index j = 0; j < P_.cols(); ++j) {
      Point& p = points_[static_cast<std::size_t>(j)];
      P_.col(j) = attractors[static_cast<std::size_t>(p.attractor)].points.col(p.column);
      p.square = P_.col(j).template cast<double>().squaredNorm();
      longest_ = std::max(longest_, std::sqrt(p.square));
    }
  }

  /// inside[j]: the attractor, from 0, in whose ball column j of x lies; -1: none.
  void operator()(MatIn<S> x, std::vector<Index>& inside, Scratch<S>& keys) const {
    inside.assign(static_cast<std::size_t>(x.cols()), -1);
    if (points_.empty() || x.cols() == 0) return;
    keys.resize(P_.cols(), x.cols());
    gemm<S, GemmOp::transposed>(P_, x, keys.mat());
    for (Index j = 0; j < x.cols(); ++j) {
      const auto square = static_cast<double>(x.col(j).squaredNorm());
      const double size = std::sqrt(square) + longest_;
      const double slack = 4 * static_cast<double>(x.rows() + 8) *
                           static_cast<double>(std::numeric_limits<S>::epsilon()) * size * size;
      for (std::size_t k = 0; k < points_.size(); ++k) {
        const Point& p = points_[k];
        const double key = p.square + square - 2 * static_cast<double>(keys.mat()(static_cast<Index>(k), j));
        if (key > p.reach * p.reach + slack) continue;  // not so where one of them is NaN
        if (!holds(p, x.col(j))) continue;
        inside[static_cast<std::size_t>(j)] = p.attractor;
        break;
      }
    }
  }

 private:
  struct Point {
    Index attractor, column;
    double reach, square = 0;
  };
  bool holds(const Point& p, const Eigen::Ref<const Vec<S>>& x) const {
    const Attractor<S>& a = attractors_[static_cast<std::size_t>(p.attractor)];
    const double distance = exact_distance<S>(x, a.points.col(p.column));
    if (distance <= a.radius) return true;
    if (!(distance <= a.ellipsoid)) return false;
    const Vec<double> v = x.template cast<double>() - a.points.col(p.column).template cast<double>();
    // |(I + Q diag(t) Q') v|^2 = |v|^2 + v' Q diag(2 t + t^2) Q' v
    const Vec<double> along = a.Q.transpose() * v;
    const double grown = (a.t.array() * (2 + a.t.array()) * along.array().square()).sum();
    return std::sqrt(v.squaredNorm() + grown) <= a.ellipsoid;
  }

  const std::vector<Attractor<S>>& attractors_;
  std::vector<Point> points_;
  Mat<S> P_;
  double longest_ = 0;
};

}  // namespace basin::detail
