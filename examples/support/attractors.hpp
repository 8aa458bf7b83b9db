// Which examples are attractors: by the fixed point found from each and by the orbit from it (recall), and
// beside that by the Jacobian at the example itself.
#pragma once
#include <algorithm>  // std::count_if, std::min
#include <cmath>      // std::abs
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <string>     // std::string
#include <vector>     // std::vector

#include "basin/core/model.hpp"         // Model
#include "basin/dynamics/jacobian.hpp"  // jacobian, jacobian_factors
#include "basin/dynamics/leading.hpp"   // leading_eigenvalues
#include "basin/dynamics/recall.hpp"    // recall
#include "basin/dynamics/spectrum.hpp"  // spectral_radius
#include "support/claims.hpp"           // summary
#include "support/interrupt.hpp"        // interrupted
#include "support/progress.hpp"         // Progress
#include "support/text.hpp"             // text

namespace basin::examples {

/// What there is at one example x.
struct ExampleVerdict {
  double radius = 0;    // spectral radius of the Jacobian at x
  double residual = 0;  // |f(x) - x| / |x|
  double distance = 0;  // of the fixed point found from x, relative to |x|; infinite: none was found
  bool attracts =
      false;  // that point attracts, shown of its Jacobian, and lies within the tolerance asked for
  bool recalled = false;  // and the orbit of x ends there
};

/// What there is at each of some examples. Tolerances are relative to |x|, and at most the one asked for.
struct Attractors {
  std::vector<ExampleVerdict> examples;
  Index size() const { return static_cast<Index>(examples.size()); }

  /// The count of the pages: x has a fixed point within the tolerance, it attracts, and the orbit of x ends
  /// there.
  Index recalled(double tolerance) const {
    return count([=](const ExampleVerdict& e) { return e.recalled && e.distance <= tolerance; });
  }
  /// The same, wherever the orbit of x ends.
  Index attracting(double tolerance) const {
    return count([=](const ExampleVerdict& e) { return e.attracts && e.distance <= tolerance; });
  }
  /// A fixed point within the tolerance, of whatever kind.
  Index near(double tolerance) const {
    return count([=](const ExampleVerdict& e) { return e.distance <= tolerance; });
  }
  /// A spectral radius below 1 at x itself, which says nothing of a fixed point elsewhere or of none.
  Index contracting() const {
    return count([](const ExampleVerdict& e) { return e.radius < 1; });
  }
  /// The same where f(x) differs from x by the tolerance at most.
  Index contracting(double tolerance) const {
    return count([=](const ExampleVerdict& e) { return e.radius < 1 && e.residual <= tolerance; });
  }
  /// One number of each example.
  std::vector<double> values(double ExampleVerdict::*which) const {
    std::vector<double> all;
    for (const ExampleVerdict& e : examples) all.push_back(e.*which);
    return all;
  }

 private:
  template <class Holds>
  Index count(const Holds& holds) const {
    return std::count_if(examples.begin(), examples.end(), holds);
  }
};

/// The spectral radius of the Jacobian at x, whatever f(x) is. NaN where the Jacobian is not finite.
template <Layer F>
double spectral_radius_at(const Model<F>& f, VecIn<typename F::Scalar> x) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (const auto factors = jacobian_factors(f, x)) {
    const Mat<double> small = factors->E.template cast<double>() * factors->D.template cast<double>();
    return small.allFinite() ? spectral_radius(small) : none;
  }
  const Mat<double> J = jacobian(f, x).template cast<double>();
  if (!J.allFinite()) return none;
  const Leading leading = leading_eigenvalues(J, 1, {.guard = 0, .conditions = false});
  return leading.converged ? std::abs(leading.values.front()) : spectral_radius(J);
}

/// Looks at each column of X; `tolerance` is the largest that will be asked about, `what` stands before the
/// progress, of which there is none where it is empty. When it is interrupted, examples are missing.
template <Layer F>
Attractors attractors(const Model<F>& f, const Mat<typename F::Scalar>& X, double tolerance,
                      const std::string& what = "", Index max_steps = 20000) {
  constexpr Index together = 20;
  RecallOptions options;
  options.point.tolerance = tolerance;
  options.point.search.cancelled = interrupted;
  options.point.search.max_steps = 10;  // from nearby a handful is enough; what is far does not count
  options.max_steps = max_steps;
  std::optional<Progress> progress;
  if (!what.empty()) progress.emplace(what + ": fixed points of the examples");
  Attractors all;
  for (Index i = 0; i < X.cols() && !interrupted(); i += together) {
    const auto some = X.middleCols(i, std::min(together, X.cols() - i));
    const auto part = recall(f, some, options);
    for (Index j = 0; j < some.cols(); ++j) {
      const auto& e = part.examples[static_cast<std::size_t>(j)];
      const auto size = static_cast<double>(some.col(j).norm());
      const auto error = static_cast<double>((f(some.col(j)) - some.col(j)).norm());
      all.examples.push_back({spectral_radius_at(f, some.col(j)), size > 0 ? error / size : error, e.distance,
                              e.attracts, e.recalled});
    }
    if (progress) progress->update(static_cast<double>(all.size()) / static_cast<double>(X.cols()));
  }
  return all;
}

/// What a claim says besides its count, of one run for each seed: by which of the conditions examples fail.
inline std::string other_counts(const std::vector<const Attractors*>& runs, double tolerance) {
  const auto over = [&](const auto& value) {
    std::vector<double> values;
    for (const Attractors* a : runs) values.push_back(static_cast<double>(value(*a)));
    return summary(values);
  };
  return text(
      "of ", runs.front()->size(), ", a fixed point within ", number(100 * tolerance),
      "%: ", over([&](const Attractors& a) { return a.near(tolerance); }),
      "; it attracts: ", over([&](const Attractors& a) { return a.attracting(tolerance); }),
      "; and the orbit ends there: ", over([&](const Attractors& a) { return a.recalled(tolerance); }),
      "; by the example alone, spectral radius below 1: ",
      over([](const Attractors& a) { return a.contracting(); }),
      ", and |f(x) - x| <= ", number(100 * tolerance),
      "% of |x|: ", over([&](const Attractors& a) { return a.contracting(tolerance); }));
}

/// The number of examples whose orbits end at an attractor within the tolerance, in percent, for each run.
inline std::vector<double> percent_recalled(const std::vector<const Attractors*>& runs, double tolerance) {
  std::vector<double> values;
  for (const Attractors* a : runs)
    values.push_back(100 * static_cast<double>(a->recalled(tolerance)) / static_cast<double>(a->size()));
  return values;
}

/// The Attractors of all runs.
template <class Run>
std::vector<const Attractors*> attractors_of(const std::vector<Run>& runs) {
  std::vector<const Attractors*> all;
  for (const Run& r : runs) all.push_back(&r.attractors);
  return all;
}

}  // namespace basin::examples
