// Fixed points, where orbits end, and the eigenvalues at the attractors.
#include <algorithm>  // std::max, std::min, std::stable_sort
#include <chrono>     // std::chrono
#include <cmath>      // std::sqrt
#include <map>        // std::map
#include <utility>    // std::move

#include "analysis/analysis.hpp"
#include "basin/core/random.hpp"        // Random
#include "basin/data/starts.hpp"        // uniform_starts
#include "basin/dynamics/basins.hpp"    // nearest, mean_norm
#include "basin/dynamics/cycle.hpp"     // periods
#include "basin/dynamics/growth.hpp"    // growth_at_infinity
#include "basin/dynamics/jacobian.hpp"  // jacobian_factors
#include "basin/dynamics/leading.hpp"   // leading_eigenvalues
#include "basin/dynamics/orbit.hpp"     // orbit
#include "basin/dynamics/spectrum.hpp"  // eigenvalues
#include "support/claims.hpp"           // number
#include "support/interrupt.hpp"        // interrupted
#include "support/progress.hpp"         // Progress
#include "support/text.hpp"             // text

namespace basin::examples {

namespace {

using F = AnalyzedModel;

/// An orbit has arrived at a point when it is closer than this times the norm of the point.
constexpr double arrived = 1e-3;

/// What random starts are drawn for.
struct Starts {
  Mat<double> uniform, around, midpoints;
};

/// Images: noise between the smallest and the largest value of all pixels. Vectors: each number between its
/// own smallest and largest, since their units may differ.
Mat<double> uniform_over(const AnalysisInput& in, Index count, Random& random) {
  const Mat<double>& X = in.X;
  if (in.image()) return uniform_starts<double>(X.rows(), count, random, X.minCoeff(), X.maxCoeff());
  const Vec<double> lo = X.rowwise().minCoeff(), hi = X.rowwise().maxCoeff();
  Mat<double> starts = uniform_starts<double>(X.rows(), count, random);
  starts.array().colwise() *= (hi - lo).array();
  starts.colwise() += lo;
  return starts;
}

/// Examples in turn, with normal noise of a tenth of the range of the data.
Mat<double> around_examples(const Mat<double>& X, Index count, Random& random) {
  const double deviation = 0.1 * (X.maxCoeff() - X.minCoeff());
  Mat<double> starts(X.rows(), count);
  for (Index j = 0; j < count; ++j)
    for (Index i = 0; i < X.rows(); ++i) starts(i, j) = X(i, j % X.cols()) + random.normal(0, deviation);
  return starts;
}

/// All midpoints of pairs of examples, or so many of random pairs.
Mat<double> some_midpoints(const Mat<double>& X, Index most, Random& random) {
  const Index n = X.cols();
  if (n * (n - 1) / 2 <= most) return midpoints(X);
  Mat<double> starts(X.rows(), most);
  for (Index k = 0; k < most; ++k) {
    const Index i = random.below(n), j = (i + 1 + random.below(n - 1)) % n;
    starts.col(k) = (X.col(i) + X.col(j)) / 2;
  }
  return starts;
}

Starts draw_starts(const AnalysisInput& in, const AnalyzeOptions& o) {
  const Index count = in.effort.starts;
  Random random(o.seed);
  Starts s;
  s.uniform = uniform_over(in, count, random);
  s.around = around_examples(in.X, count, random);
  s.midpoints = some_midpoints(in.X, count, random);
  return s;
}

FixedPointsOptions searching(const AnalysisInput& in, Progress& progress) {
  FixedPointsOptions options;
  options.point = in.effort.point;
  options.observer = [&progress](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  return options;
}

void search(const AnalysisInput& in, FixedPoints<double>& points, const Mat<double>& starts,
            const std::string& what) {
  if (starts.cols() == 0 || interrupted()) return;
  Progress progress(what);
  find_more_fixed_points(in.f, points, starts, searching(in, progress));
}

void find_points(const AnalysisInput& in, const Starts& s, FixedPointFacts& facts) {
  facts.examples = in.X.cols();
  facts.uniform = facts.around = (s.uniform.cols() + 1) / 2;
  facts.midpoints = s.midpoints.cols();
  facts.all_pairs = in.X.cols() * (in.X.cols() - 1) / 2;
  search(in, facts.points, in.X, "fixed points from the examples");
  search(in, facts.points, s.uniform.leftCols(facts.uniform), "fixed points from noise");
  search(in, facts.points, s.around.leftCols(facts.around), "fixed points from noisy examples");
  search(in, facts.points, s.midpoints, "fixed points from midpoints of examples");
  facts.richness = facts.points.richness();
}

void recall_examples(const AnalysisInput& in, FixedPointFacts& facts) {
  if (interrupted()) return;
  RecallOptions options;
  options.point = in.effort.point;
  options.max_steps = in.effort.orbit_steps;
  facts.recall = recall(in.f, facts.points, in.X, options);  // the examples were the first starts
}

void find_degree(const AnalysisInput& in, const AnalyzeOptions& o, FixedPointFacts& facts,
                 std::vector<std::string>& notes) {
  if (interrupted()) return;
  GrowthOptions options;
  options.seed = o.seed;
  options.points.point = in.effort.point;
  options.starts = std::min<Index>(in.effort.starts, o.full ? 400 : 30);
  try {
    const auto growth = growth_at_infinity(in.f, options);
    if (interrupted()) return;
    facts.degree = growth.degree;
    facts.degree_sure = growth.sure;
    facts.growth = growth.largest;
    facts.degree_known = std::isfinite(growth.largest);
  } catch (const std::exception& e) {
    notes.push_back(text("How the network grows far away could not be found: ", e.what()));
  }
}

void compare_with_examples(const AnalysisInput& in, const AnalyzeOptions& o, FixedPointFacts& facts) {
  const double size = mean_norm(in.X);
  facts.census = census(facts.points, in.X, o.tolerance * (size > 0 ? size : 1));
  if (facts.points.size() == 0) return;
  const NearestExamples near = nearest(facts.points.x, in.X);
  facts.nearest_example = near.index;
  facts.example_distance.clear();
  for (std::size_t k = 0; k < near.index.size(); ++k) {
    const double norm = in.X.col(near.index[k]).norm();
    facts.example_distance.push_back(norm > 0 ? near.distance[k] / norm : near.distance[k]);
  }
}

/// The attracting point that x has arrived at; -1: none.
Index arrived_at(const FixedPoints<double>& points, const Vec<double>& x) {
  Index best = -1;
  double least = 0;
  for (Index k = 0; k < points.size(); ++k) {
    if (points.kinds[static_cast<std::size_t>(k)].stability != Stability::attracting) continue;
    const double distance = (points.x.col(k) - x).norm();
    if (distance > arrived * std::max(points.x.col(k).norm(), points.same * points.unit)) continue;
    if (best < 0 || distance < least) best = k, least = distance;
  }
  return best;
}

/// The orbits of all starts of one kind, up to where they end.
struct Ends {
  std::string starts;
  Orbit<double> orbit;
};

Ends iterate(const AnalysisInput& in, const Mat<double>& starts, std::string what) {
  Progress progress("orbits of " + what);
  OrbitOptions options{.max_steps = in.effort.orbit_steps, .relative_tolerance = 1e-12};
  options.bound = 1e6 * std::max(mean_norm(in.X), mean_norm(starts));
  options.cancelled = interrupted;
  options.observer = [&](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  Ends e{std::move(what), orbit(in.f, starts, options)};
  return e;
}

/// Ends that are at no attractor that is known, as starts for further searches.
Mat<double> unknown_ends(const FixedPoints<double>& points, const std::vector<Ends>& all) {
  Mat<double> ends(all.front().orbit.x.rows(), 0);
  for (const Ends& e : all)
    for (Index j = 0; j < e.orbit.x.cols(); ++j)
      if (e.orbit.end[static_cast<std::size_t>(j)] != OrbitEnd::diverged &&
          arrived_at(points, e.orbit.x.col(j)) < 0)
        detail::append_column(ends, Vec<double>(e.orbit.x.col(j)));
  return ends;
}

/// The period of each orbit that is still moving at no fixed point, at least 2; 1: none was found.
std::vector<Index> periods_of(const F& f, const Orbit<double>& o, const std::vector<Index>& columns) {
  if (columns.empty()) return {};
  const Mat<double> x = o.x(Eigen::all, columns);
  std::vector<Index> result = periods(f, x, 64, 1e-6 * std::max(mean_norm(x), 1e-300));
  for (Index& p : result) p = std::max(p, Index(1));
  return result;
}

BasinFractions fractions(const F& f, const FixedPoints<double>& points, const Ends& e) {
  using Kind = BasinShare::Kind;
  BasinFractions b;
  b.starts = e.starts;
  b.count = e.orbit.x.cols();
  std::map<std::pair<Kind, Index>, Index> counts;
  std::vector<Index> moving;
  for (Index j = 0; j < b.count; ++j) {
    const auto at = static_cast<std::size_t>(j);
    b.steps = std::max(b.steps, e.orbit.steps[at]);
    const Index k = e.orbit.end[at] == OrbitEnd::diverged ? -1 : arrived_at(points, e.orbit.x.col(j));
    if (k >= 0)
      ++counts[{Kind::attractor, k}];
    else if (e.orbit.end[at] == OrbitEnd::moving)
      moving.push_back(j);
    else
      ++counts[{e.orbit.end[at] == OrbitEnd::diverged ? Kind::diverged : Kind::elsewhere, -1}];
  }
  for (const Index p : periods_of(f, e.orbit, moving)) {
    ++counts[{p > 1 ? Kind::cycle : Kind::moving, -1}];
    b.longest_period = std::max(b.longest_period, p > 1 ? p : 0);
  }
  for (const auto& [what, count] : counts)
    b.shares.push_back({what.first, what.second, count,
                        static_cast<double>(count) / static_cast<double>(b.count),
                        wilson_interval(count, b.count)});
  std::stable_sort(b.shares.begin(), b.shares.end(), [](const BasinShare& a, const BasinShare& c) {
    const bool first = a.kind == Kind::attractor, second = c.kind == Kind::attractor;
    return first != second ? first : first && a.count > c.count;
  });
  return b;
}

void find_basins(const AnalysisInput& in, const Starts& s, Analysis& a) {
  std::vector<Ends> all;
  const std::string range =
      in.image() ? "noise over the range of the data" : "points of the box around the data";
  all.push_back(iterate(in, s.uniform, range));
  all.push_back(iterate(in, s.around, "examples with noise"));
  if (interrupted()) return;
  search(in, a.fixed->points, unknown_ends(a.fixed->points, all), "fixed points where orbits end");
  if (interrupted()) return;
  for (const Ends& e : all) a.basins.push_back(fractions(in.f, a.fixed->points, e));
}

Spectrum spectrum_at(const AnalysisInput& in, Index point, const Vec<double>& x) {
  const F& f = in.f;
  Spectrum s;
  s.point = point;
  const auto factors = in.effort.by_products ? std::nullopt : jacobian_factors(f, x);
  if (factors) {
    s.values = eigenvalues(Mat<double>(factors->E * factors->D));
    s.whole = true;
  } else if (x.size() <= 256) {
    s.values = eigenvalues(jacobian(f, x));
    s.whole = true;
  } else {
    LeadingOptions options = in.effort.point.leading;
    options.conditions = false;
    s.values = leading_eigenvalues(f, x, 12, options).values;
  }
  return s;
}

void find_spectra(const AnalysisInput& in, const AnalyzeOptions& o, Analysis& a) {
  const std::vector<Index> at = a.attractors();
  const auto most = static_cast<std::size_t>(o.full ? 100 : 10);
  Progress progress("eigenvalues at attractors");
  for (std::size_t i = 0; i < std::min(most, at.size()) && !interrupted(); ++i) {
    progress.update(static_cast<double>(i) / static_cast<double>(std::min(most, at.size())));
    a.spectra.push_back(spectrum_at(in, at[i], a.fixed->points.x.col(at[i])));
  }
}

/// Two starts of noise, three noisy examples, one midpoint.
void follow_orbits(const AnalysisInput& in, const Starts& s, ShownOrbits& shown) {
  Mat<double> starts(in.X.rows(), 0);
  const auto add = [&](const Mat<double>& from, Index count, const std::string& name) {
    for (Index j = 0; j < std::min(count, from.cols()); ++j) {
      detail::append_column(starts, Vec<double>(from.col(j)));
      shown.names.push_back(name);
    }
  };
  add(s.uniform, 2, "noise");
  add(s.around, 3, "noisy example");
  add(s.midpoints, 1, "midpoint");
  shown.times = {0, 1, 2, 5, 10, 20, 50, 100};
  const Orbit<double> e = orbit(in.f, starts,
                                {.max_steps = in.effort.orbit_steps,
                                 .relative_tolerance = 1e-12,
                                 .snapshots = shown.times,
                                 .cancelled = interrupted});
  shown.snapshots = e.snapshots;
  shown.snapshots.push_back(e.x);
}

}  // namespace

std::vector<Index> Analysis::attractors() const {
  std::vector<Index> at;
  if (!fixed) return at;
  std::vector<Index> ended(static_cast<std::size_t>(fixed->points.size()), 0);
  for (const BasinFractions& b : basins)
    for (const BasinShare& s : b.shares)
      if (s.kind == BasinShare::Kind::attractor) ended[static_cast<std::size_t>(s.point)] += s.count;
  for (Index k = 0; k < fixed->points.size(); ++k)
    if (fixed->points.kinds[static_cast<std::size_t>(k)].stability == Stability::attracting) at.push_back(k);
  std::stable_sort(at.begin(), at.end(), [&](Index i, Index j) {
    return ended[static_cast<std::size_t>(i)] > ended[static_cast<std::size_t>(j)];
  });
  return at;
}

void analyze_dynamics(const AnalysisInput& in, const AnalyzeOptions& o, Analysis& a) {
  auto start = std::chrono::steady_clock::now();
  const auto finished = [&](const char* what) {
    const auto now = std::chrono::steady_clock::now();
    a.seconds.emplace_back(what, std::chrono::duration<double>(now - start).count());
    start = now;
  };
  const Starts s = draw_starts(in, o);
  a.fixed.emplace();
  find_points(in, s, *a.fixed);
  finished("fixed points");
  recall_examples(in, *a.fixed);
  finished("recall");
  find_basins(in, s, a);
  compare_with_examples(in, o, *a.fixed);
  finished("basins");
  find_degree(in, o, *a.fixed, a.notes);
  finished("growth far away");
  find_spectra(in, o, a);
  finished("spectra");
  if (!interrupted()) follow_orbits(in, s, a.orbits);
  finished("orbits for the pictures");
}

}  // namespace basin::examples
