// Which starts end at which training example, and how many examples are recovered.
#pragma once
#include <cstddef>  // std::size_t
#include <vector>   // std::vector

#include "basin/core/error.hpp"  // require
#include "basin/core/sum.hpp"    // norm_of
#include "basin/core/types.hpp"  // Mat, Vec, Index
#ifdef BASIN_BODIES
#include <algorithm>  // std::none_of, std::sort, std::unique
#include <cmath>      // std::isfinite, std::sqrt
#include <limits>     // std::numeric_limits

#include "basin/core/parallel.hpp"      // parallel_for, column_range
#include "basin/core/product/gemm.hpp"  // gemm
#endif

namespace basin::inline BASIN_ABI {

/// For each point its nearest example.
struct NearestExamples {
  std::vector<Index> index;      // column of the examples; of equally near ones the first
  std::vector<double> distance;  // 2-norm; infinite for a point that is not finite
};

struct Recovery;

namespace detail {
// The functions below, in double.
template <class = void>
Mat<double> distances_of(const Mat<double>& points, const Mat<double>& examples);
template <class = void>
Mat<double> cosines_of(const Mat<double>& points, const Mat<double>& examples);
template <class = void>
NearestExamples nearest_of(const Mat<double>& points, const Mat<double>& examples);
template <class = void>
std::vector<Recovery> recovery_of(const Mat<double>& iterates, const Mat<double>& examples,
                                  const std::vector<double>& epsilons);
template <class = void>
Index count_distinct_of(const Mat<double>& points, double epsilon);
}  // namespace detail

/// The distances |points_i - examples_j|, points x examples, in double; infinite where a point is NaN or
/// infinite. Differences are taken entry by entry: |a|^2 - 2 a'b + |b|^2 would lose small distances. Throws
/// if the rows differ.
template <class Points, class Examples>
[[nodiscard]] Mat<double> distances(const Eigen::MatrixBase<Points>& points,
                                    const Eigen::MatrixBase<Examples>& examples) {
  return detail::distances_of(points.template cast<double>(), examples.template cast<double>());
}

/// The cosines of the angles between points_i and examples_j, points x examples, in double: whether a point
/// is a multiple of an example, whatever its size. NaN where one of the two is 0 or not finite. Throws if the
/// rows differ.
template <class Points, class Examples>
[[nodiscard]] Mat<double> cosines(const Eigen::MatrixBase<Points>& points,
                                  const Eigen::MatrixBase<Examples>& examples) {
  return detail::cosines_of(points.template cast<double>(), examples.template cast<double>());
}

/// The nearest example of each point: what the smallest of `distances` is, bit for bit, without that matrix.
/// Products |e|^2 - 2 p'e, whose rounding is bounded, say which examples may be the nearest; of these the
/// differences are taken.
/// Throws if there is no example or the rows differ.
template <class Points, class Examples>
[[nodiscard]] NearestExamples nearest(const Eigen::MatrixBase<Points>& points,
                                      const Eigen::MatrixBase<Examples>& examples) {
  return detail::nearest_of(points.template cast<double>(), examples.template cast<double>());
}

/// The example within `epsilon` (strictly) of each point, the nearest of several; -1 where there is none.
template <class Points, class Examples>
[[nodiscard]] std::vector<Index> nearest_within(const Eigen::MatrixBase<Points>& points,
                                                const Eigen::MatrixBase<Examples>& examples, double epsilon) {
  require(epsilon > 0, "nearest_within: epsilon must be > 0, got ", epsilon);
  NearestExamples n = nearest(points, examples);
  for (std::size_t i = 0; i < n.index.size(); ++i)
    if (!(n.distance[i] < epsilon)) n.index[i] = -1;
  return n.index;
}

/// How far a set of iterates f^t(starts) recovers the examples, at one epsilon.
struct Recovery {
  double epsilon = 0;    // how near counts as there: 2-norm, in units of x
  double recovered = 0;  // the paper's R_t: fraction of examples with an iterate within epsilon (Section 3.3)
  double arrived = 0;    // fraction of iterates within epsilon of an example
  Index distinct = 0;    // examples that are the nearest of an iterate within epsilon
};

/// R_t = P_{x in examples} { min over iterates |f^t(start) - x| < epsilon } and the fraction of starts that
/// end at an example, for each epsilon (in the units of x). The paper states neither epsilon nor the starts:
/// give several.
template <class Iterates, class Examples>
[[nodiscard]] std::vector<Recovery> recovery(const Eigen::MatrixBase<Iterates>& iterates,
                                             const Eigen::MatrixBase<Examples>& examples,
                                             const std::vector<double>& epsilons) {
  return detail::recovery_of(iterates.template cast<double>(), examples.template cast<double>(), epsilons);
}

/// The recovery of several sets of iterates of the same starts, for example the snapshots of an orbit: entry
/// [k][e] is that of iterates[k] at epsilons[e]. R_t as a curve over t. It need not rise: an orbit can pass
/// an example that does not attract. Throws as recovery does.
template <class S, class Examples>
[[nodiscard]] std::vector<std::vector<Recovery>> recovery_curve(const std::vector<Mat<S>>& iterates,
                                                                const Eigen::MatrixBase<Examples>& examples,
                                                                const std::vector<double>& epsilons) {
  std::vector<std::vector<Recovery>> curve;
  for (const Mat<S>& x : iterates) curve.push_back(recovery(x, examples, epsilons));
  return curve;
}

/// How many points differ by more than epsilon: columns are taken from the left, and one counts if none that
/// was counted before it is within epsilon. Throws as recovery does.
template <class Derived>
[[nodiscard]] Index count_distinct(const Eigen::MatrixBase<Derived>& points, double epsilon) {
  return detail::count_distinct_of(points.template cast<double>(), epsilon);
}

/// The mean 2-norm of the columns: the unit in which epsilon is usually given (5 % of the mean norm).
template <class Derived>
[[nodiscard]] double mean_norm(const Eigen::MatrixBase<Derived>& X) {
  require(X.cols() >= 1, "mean_norm: X must have at least 1 column, got 0");
  double sum = 0;
  for (Index j = 0; j < X.cols(); ++j) sum += detail::norm_of(X.col(j).template cast<double>());
  return sum / static_cast<double>(X.cols());
}

#ifdef BASIN_BODIES
namespace detail {

template <class>
Mat<double> distances_of(const Mat<double>& p, const Mat<double>& e) {
  require(p.rows() == e.rows(), "distances: points have ", p.rows(), " rows, examples have ", e.rows());
  Mat<double> d(p.cols(), e.cols());
  parallel_for(p.cols(), [&](Index i) {
    for (Index j = 0; j < e.cols(); ++j) {
      const double distance = norm_of(p.col(i) - e.col(j));
      d(i, j) = std::isfinite(distance) ? distance : std::numeric_limits<double>::infinity();
    }
  });
  return d;
}

template <class>
Mat<double> cosines_of(const Mat<double>& points, const Mat<double>& examples) {
  require(points.rows() == examples.rows(), "cosines: points have ", points.rows(), " rows, examples have ",
          examples.rows());
  const auto directions = [](Mat<double> u) {  // stableNorm: the squares of small entries are no zeros
    for (Index j = 0; j < u.cols(); ++j) u.col(j) /= u.col(j).stableNorm();
    return u;
  };
  const Mat<double> c = directions(points).transpose() * directions(examples);
  return c.unaryExpr([](double v) {
    return v > 1 ? 1 : v < -1 ? -1 : v;
  });  // rounding aside; a NaN stays one
}

template <class>
NearestExamples nearest_of(const Mat<double>& p, const Mat<double>& e) {
  require(e.cols() >= 1, "nearest: there must be at least 1 example, got 0");
  require(p.rows() == e.rows(), "nearest: points have ", p.rows(), " rows, examples have ", e.rows());
  const Vec<double> squares = e.colwise().squaredNorm().transpose();
  const double longest = std::sqrt(squares.maxCoeff<Eigen::PropagateNaN>());
  NearestExamples result{
      std::vector<Index>(static_cast<std::size_t>(p.cols()), 0),
      std::vector<double>(static_cast<std::size_t>(p.cols()), std::numeric_limits<double>::infinity())};
  const Index parts = (p.cols() + 63) / 64;
  parallel_for(parts, [&](Index k) {
    const ColumnRange c = column_range(p.cols(), parts, k);
    Mat<double> keys(e.cols(), c.size);
    gemm<double, GemmOp::transposed>(e, p.middleCols(c.begin, c.size), keys);
    keys = (-2 * keys).colwise() + squares;
    for (Index i = 0; i < c.size; ++i) {
      const auto point = p.col(c.begin + i);
      // Keys, and squared distances computed from differences, are off by at most about n epsilon
      // (|p| + |e|)^2, and by underflow.
      const double size = point.norm() + longest;
      const double slack =
          4 * static_cast<double>(p.rows() + 8) *
          (std::numeric_limits<double>::epsilon() * size * size + std::numeric_limits<double>::min());
      const double limit = keys.col(i).minCoeff() + slack;
      double& smallest = result.distance[static_cast<std::size_t>(c.begin + i)];
      for (Index j = 0; j < e.cols(); ++j) {
        if (keys(j, i) > limit)
          continue;  // where one of the two is NaN or the limit infinite, all are looked at
        const double distance = norm_of(point - e.col(j));
        if (!(distance < smallest)) continue;
        smallest = distance;
        result.index[static_cast<std::size_t>(c.begin + i)] = j;
      }
    }
  });
  return result;
}

/// The smallest entry of each row of a matrix of distances; a row of infinities gives column 0.
template <class = void>
NearestExamples smallest_by_row(const Mat<double>& d) {
  NearestExamples result;
  for (Index i = 0; i < d.rows(); ++i) {
    Index j = 0;
    result.distance.push_back(d.row(i).minCoeff(&j));
    result.index.push_back(j);
  }
  return result;
}

template <class>
std::vector<Recovery> recovery_of(const Mat<double>& iterates, const Mat<double>& examples,
                                  const std::vector<double>& epsilons) {
  require(iterates.cols() >= 1 && examples.cols() >= 1,
          "recovery: iterates and examples must have at least 1 column, got ", iterates.cols(), " and ",
          examples.cols());
  const Mat<double> d = distances_of(iterates, examples);
  const Vec<double> by_example = d.colwise().minCoeff().transpose();
  const NearestExamples of_iterate = smallest_by_row(d);
  std::vector<Recovery> result;
  for (const double epsilon : epsilons) {
    require(epsilon > 0, "recovery: epsilon must be > 0, got ", epsilon);
    Recovery r{epsilon, 0, 0, 0};
    r.recovered =
        static_cast<double>((by_example.array() < epsilon).count()) / static_cast<double>(examples.cols());
    std::vector<Index> reached;
    for (std::size_t k = 0; k < of_iterate.index.size(); ++k)
      if (of_iterate.distance[k] < epsilon) reached.push_back(of_iterate.index[k]);
    r.arrived = static_cast<double>(reached.size()) / static_cast<double>(iterates.cols());
    std::sort(reached.begin(), reached.end());
    r.distinct = std::unique(reached.begin(), reached.end()) - reached.begin();
    result.push_back(r);
  }
  return result;
}

template <class>
Index count_distinct_of(const Mat<double>& points, double epsilon) {
  require(points.cols() >= 1, "count_distinct: points must have at least 1 column, got 0");
  require(epsilon > 0, "count_distinct: epsilon must be > 0, got ", epsilon);
  const Mat<double> d = distances_of(points, points);
  std::vector<Index> counted;
  for (Index j = 0; j < d.cols(); ++j)
    if (std::none_of(counted.begin(), counted.end(), [&](Index i) { return d(i, j) <= epsilon; }))
      counted.push_back(j);
  return static_cast<Index>(counted.size());
}

}  // namespace detail
#endif

}  // namespace basin
