// Which examples a network recalls: the question of the paper, with all that an answer must hold.
#pragma once
#include <algorithm>  // std::any_of, std::count_if
#include <cstddef>    // std::size_t
#include <limits>     // std::numeric_limits
#include <vector>     // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/model.hpp"             // Model
#include "basin/core/parallel.hpp"          // parallel_for
#include "basin/dynamics/fixed_point.hpp"   // find_fixed_point
#include "basin/dynamics/fixed_points.hpp"  // FixedPoints
#include "basin/dynamics/orbit.hpp"         // orbit

namespace basin::inline BASIN_ABI {

/// What became of one example x.
template <class S>
struct RecalledExample {
  FoundPoint<S> point;        // the fixed point found from x
  double distance = 0;        // |x - x*| / |x|; infinite where none was found
  double orbit_distance = 0;  // |x_T - x*| / |x*| at the end of the orbit; infinite where x* does not attract
  bool near = false;          // distance <= tolerance
  bool attracts = false;      // near, and the fixed point is attracting: shown of its Jacobian
  bool recalled = false;      // attracts, and the orbit of x ends at it
};

/// Which examples are recalled, one by one.
template <class S>
struct Recall {
  std::vector<RecalledExample<S>> examples;  // in the order of the columns
  bool cancelled = false;
  /// How many examples have a fixed point near.
  Index near() const { return count(&RecalledExample<S>::near); }
  /// How many of these attract.
  Index attracting() const { return count(&RecalledExample<S>::attracts); }
  /// How many examples attract and are reached by their own orbit.
  Index recalled() const { return count(&RecalledExample<S>::recalled); }

 private:
  Index count(bool RecalledExample<S>::*which) const {
    return std::count_if(examples.begin(), examples.end(), [which](const auto& e) { return e.*which; });
  }
};

/// When a fixed point belongs to an example, and when an orbit has ended at it.
struct RecallOptions {
  FixedPointOptions point = {};  // its tolerance: how far x may lie from its fixed point, relative to |x|
  Index max_steps = 20000;       // of the orbits
  double arrived = 1e-3;         // an orbit ends at x* when |x_T - x*| <= arrived |x*|
};

namespace detail {

template <class S>
bool was_cancelled(const RecalledExample<S>& e) {
  return e.point.end == SearchEnd::cancelled;
}

/// Fills in what follows from the fixed point that was found from each example: how near it is, and, where it
/// attracts, whether the orbit of the example ends there.
template <Layer F>
void follow_examples(const Model<F>& f, MatIn<typename F::Scalar> X, const RecallOptions& options,
                     Recall<typename F::Scalar>& result) {
  using S = typename F::Scalar;
  std::vector<Index> asked;  // the examples whose orbits matter
  for (Index j = 0; j < X.cols(); ++j) {
    RecalledExample<S>& e = result.examples[static_cast<std::size_t>(j)];
    e.distance = e.orbit_distance = std::numeric_limits<double>::infinity();
    if (!e.point.converged()) continue;
    e.distance = relative(e.point.distance, static_cast<double>(X.col(j).stableNorm()));
    e.near = e.distance <= options.point.tolerance;
    e.attracts = e.near && e.point.stability == Stability::attracting;
    if (e.attracts) asked.push_back(j);
  }
  Mat<S> starts(X.rows(), static_cast<Index>(asked.size()));
  for (Index k = 0; k < starts.cols(); ++k) starts.col(k) = X.col(asked[static_cast<std::size_t>(k)]);
  const Orbit<S> o = orbit(f, starts,
                           {.max_steps = options.max_steps,
                            .relative_tolerance = 8 * static_cast<double>(std::numeric_limits<S>::epsilon()),
                            .cancelled = options.point.search.cancelled});
  result.cancelled =
      o.cancelled || std::any_of(result.examples.begin(), result.examples.end(), was_cancelled<S>);
  for (Index k = 0; k < starts.cols(); ++k) {
    RecalledExample<S>& e = result.examples[static_cast<std::size_t>(asked[static_cast<std::size_t>(k)])];
    const Vec<double> target = e.point.x.template cast<double>(), end = o.x.col(k).template cast<double>();
    e.orbit_distance = relative((end - target).stableNorm(), target.stableNorm());
    e.recalled = !o.cancelled && e.orbit_distance <= options.arrived;
  }
}

}  // namespace detail

/// For each column x of X: an example counts as recalled when the fixed point x* that is found from it lies
/// within options.point.tolerance (1 %) of |x|, attracts, and the orbit of x ends there. Each of the three
/// can fail alone: a trained network may have its fixed point beside the example, unstable, or with the
/// example outside of its basin. Throws as find_fixed_point and orbit do.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] Recall<typename F::Scalar> recall(const Model<F>& f, MatIn<typename F::Scalar> X,
                                                const RecallOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, X.rows(), "recall", "X");
  detail::require_fixed_point_options(options.point, "recall");
  require(options.arrived > 0, "recall: arrived must be > 0, got ", options.arrived);
  Recall<S> result;
  result.examples.resize(static_cast<std::size_t>(X.cols()));
  parallel_for(X.cols(), [&](Index j) {
    result.examples[static_cast<std::size_t>(j)].point =
        find_fixed_point<F, WithSpectra>(f, X.col(j), options.point);
  });
  detail::follow_examples(f, X, options, result);
  return result;
}

/// The same for searches that were made before: `found` are the fixed points of f from the columns of X and,
/// behind them, other starts. A point's steps and evaluations, which are counted there for all together, are
/// 0. Throws also unless `found` has as many starts as X has columns.
template <Layer F>
[[nodiscard]] Recall<typename F::Scalar> recall(const Model<F>& f,
                                                const FixedPoints<typename F::Scalar>& found,
                                                MatIn<typename F::Scalar> X,
                                                const RecallOptions& options = {}) {
  using S = typename F::Scalar;
  detail::require_self_map(f, X.rows(), "recall", "X");
  detail::require_fixed_point_options(options.point, "recall");
  require(options.arrived > 0, "recall: arrived must be > 0, got ", options.arrived);
  require(X.cols() <= static_cast<Index>(found.point_of.size()), "recall: found has ", found.point_of.size(),
          " starts, expected at least the ", X.cols(), " examples");
  Recall<S> result;
  result.examples.resize(static_cast<std::size_t>(X.cols()));
  for (std::size_t j = 0; j < result.examples.size(); ++j) {
    FoundPoint<S>& point = result.examples[j].point;
    point.end = found.ends[j];
    if (!point.converged()) continue;
    const Index k = found.point_of[j];
    static_cast<LinearStability&>(point) = found.kinds[static_cast<std::size_t>(k)];
    point.x = found.x.col(k);
    point.residual = found.residuals[static_cast<std::size_t>(k)];
    point.left = found.left[static_cast<std::size_t>(k)];
    point.distance = (point.x - X.col(static_cast<Index>(j))).template cast<double>().stableNorm();
  }
  detail::follow_examples(f, X, options, result);
  return result;
}

}  // namespace basin
