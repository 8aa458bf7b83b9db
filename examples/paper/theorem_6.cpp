// Theorems 6 and 7 of the paper: a two-layer ReLU network that is nearly the identity and has all training
// examples as attractors. The construction, its error and its basins; the unit count, the delta and the
// attractors that the paper has wrong.
// Page: docs/paper/theorem_6.md.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/grid.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

// The study: builds networks, iterates them.

Mat<double> uniform_points(Index d, Index n, Random& random) {
  return uniform_starts<double>(d, n, random, 0.02, 0.98);
}
Mat<double> line(Index count) { return Vec<double>::LinSpaced(count, 0, 1).transpose(); }
Index units(const Model<ReluNet>& f) { return f.layer.child<0>().out_size(); }
Index attracting(const PiecewiseLinearMap& f) {
  const auto fixed = f.fixed_points();
  return std::count_if(fixed.begin(), fixed.end(), [](const FixedPoint1d& p) { return p.attracting(); });
}

/// The network of some points of the line, and where a fine grid of starts ends.
struct OnTheLine {
  double error = 0;      // max |f(x_i) - x_i|
  double excess = 0;     // sup |f(x) - x| / epsilon
  double slope = 0;      // max | |f'(x_i)| - .6 |
  double surplus = 0;    // units beyond 2 n + 1
  double arrived = 0;    // percent of the starts that are no repelling fixed points: those that end at an x_i
  double repelling = 0;  // starts that are
};

/// Whether x is a repelling fixed point (0, 1, the midpoints): it stays where it is.
bool stays(double x, const std::vector<FixedPoint1d>& fixed) {
  return std::any_of(fixed.begin(), fixed.end(),
                     [&](const FixedPoint1d& p) { return !p.attracting() && std::abs(p.x - x) < 1e-12; });
}

OnTheLine on_the_line(const Mat<double>& X, Index grid) {
  const Mat<double> starts = line(grid);
  const std::vector<double> x = row_values(X, 0);
  const double epsilon = 0.4 * corrected_delta(x);
  const auto f = interpolating_autoencoder(X, epsilon);
  OnTheLine r{.error = (f(X) - X).cwiseAbs().maxCoeff(),
              .excess = (f(starts) - starts).cwiseAbs().maxCoeff() / epsilon,
              .surplus = static_cast<double>(units(f) - (2 * X.cols() + 1))};
  for (Index i = 0; i < X.cols(); ++i)
    r.slope = std::max(r.slope, std::abs(jacobian(f, X.col(i))(0, 0) - 0.6));
  OrbitOptions options{.max_steps = 20000, .tolerance = 1e-14};
  options.cancelled = interrupted;
  const std::vector<Index> end = nearest_within(orbit(f, starts, options).x, X, 1e-9);
  const std::vector<FixedPoint1d> fixed = plateau_map(x, epsilon).fixed_points();
  Index reached = 0;
  for (Index j = 0; j < grid; ++j)
    if (stays(starts(0, j), fixed))
      ++r.repelling;
    else
      reached += end[static_cast<std::size_t>(j)] >= 0 ? 1 : 0;
  r.arrived = 100 * static_cast<double>(reached) / (static_cast<double>(grid) - r.repelling);
  return r;
}

Index starts_on_the_line(const Program& program) { return program.full() ? 200001 : 20001; }

/// For each seed with n = 1, 3 and 6.
std::vector<OnTheLine> all_on_the_line(const Program& program) {
  std::vector<OnTheLine> all;
  for (const std::uint64_t seed : program.seeds())
    for (const Index n : {1, 3, 6}) {
      if (interrupted()) return all;
      Random random(100 * seed + static_cast<std::uint64_t>(n));
      all.push_back(on_the_line(uniform_points(1, n, random), starts_on_the_line(program)));
    }
  return all;
}

/// The most attractors of maps with n + 1 knots, over all patterns of slopes, for n = 1 ... 8.
std::vector<Index> most_of_patterns() {
  std::vector<Index> most;
  for (Index n = 1; n <= 8; ++n) most.push_back(most_attracting_fixed_points(n + 1));
  return most;
}

int trials(const Program& program) { return program.full() ? 1000000 : 50000; }

PiecewiseLinearMap random_map(Index knots, Random& random) {
  std::vector<double> t, v;
  for (Index j = 0; j < knots; ++j) t.push_back(random.uniform());
  std::sort(t.begin(), t.end());
  for (const double s : t) v.push_back(s + random.normal(0, 0.05));
  return {t, v, random.uniform(0, 1.2), random.uniform(0, 1.2)};
}

/// The most attractors of random maps.
struct Searched {
  Index knots, most;
};
std::vector<Searched> search(const Program& program, Random& random) {
  std::vector<Searched> all;
  for (const Index knots : {2, 3, 4, 5}) {
    if (interrupted()) break;
    Index most = 0;
    for (int trial = 0; trial < trials(program); ++trial)
      most = std::max(most, attracting(random_map(knots, random)));
    all.push_back({knots, most});
  }
  return all;
}

/// Whether zigzags with 2 n - 2 knots have all examples as attractors and an error below .01.
bool zigzags_suffice(Random& random) {
  bool all = true;
  for (const Index n : {2, 4, 8}) {
    const PiecewiseLinearMap f = zigzag_map(row_values(uniform_points(1, n, random), 0), 0.01);
    const auto net = coordinatewise_net({f});
    all = all && units(net) == 2 * n - 1 && attracting(f) == n &&
          (net(line(10001)) - line(10001)).cwiseAbs().maxCoeff() < 0.01 + 1e-13;
  }
  return all;
}

/// The printed delta divides by zero where a plateau meets an end of [0, 1], as with these examples.
const std::vector<double> near_the_end = {.01, .5, .9};
bool is_finite(double delta) {
  try {
    const auto f = coordinatewise_net({plateau_map(near_the_end, std::min(0.04, delta), delta)});
    return f(line(1001)).allFinite();
  } catch (const std::invalid_argument&) {
    return false;
  }
}

/// Random examples in d dimensions, and where a grid of starts ends.
struct InSpace {
  Index d, n;
  double excess = 0;     // sup |f(x) - x| / epsilon, 2-norm
  Recovery mixed = {};   // of the n^d mixes of coordinates
  bool complete = true;  // whether each of them was reached
  double share = 0;      // percent of the starts that end at an example
};

InSpace in_space(Index d, Index n, Index per_side, std::uint64_t seed) {
  Random random(seed + 17 + static_cast<std::uint64_t>(d + n));
  const Mat<double> X = uniform_points(d, n, random), ends = mixed_attractors(X);
  const double epsilon = 0.05;
  const auto f = interpolating_autoencoder(X, epsilon);
  Mat<double> corners(d, 2);
  corners.col(0).setConstant(0.0005);
  corners.col(1).setConstant(0.9995);
  const Mat<double> starts = bounding_grid<double>(corners, per_side);
  OrbitOptions options{.max_steps = 50000, .tolerance = 1e-14};
  options.cancelled = interrupted;
  const Orbit<double> o = orbit(f, starts, options);
  InSpace r{.d = d,
            .n = n,
            .excess = (f(starts) - starts).colwise().norm().maxCoeff() / epsilon,
            .mixed = recovery(o.x, ends, {1e-9}).front(),
            .share = 100 * recovery(o.x, X, {1e-9}).front().arrived};
  r.complete = r.mixed.distinct == ends.cols();
  return r;
}

std::vector<InSpace> all_in_space(std::uint64_t seed) {
  struct Case {
    Index d, n, per_side;
  };
  std::vector<InSpace> all;
  for (const Case& c : {Case{2, 3, 64}, Case{2, 5, 100}, Case{3, 3, 24}})
    if (!interrupted()) all.push_back(in_space(c.d, c.n, c.per_side, seed));
  return all;
}

/// Three examples in the plane, the attractors of their network, and where a grid of starts ends.
struct InThePlane {
  Mat<double> X, attractors, starts, ends;
};
InThePlane in_the_plane() {
  const Mat<double> X{{0.2, 0.5, 0.85}, {0.6, 0.2, 0.8}}, corners{{0.01, 0.99}, {0.01, 0.99}};
  const Mat<double> starts = bounding_grid<double>(corners, 28);
  const auto f = interpolating_autoencoder(X, 1);
  return {X, mixed_attractors(X), starts, orbit(f, starts, {.max_steps = 5000, .tolerance = 1e-14}).x};
}

// The claims.

void claim_attractors(Program& program, const std::vector<OnTheLine>& all) {
  const auto worst = [&](double OnTheLine::*which) {
    return largest_of(of_each(all, [&](const OnTheLine& r) { return r.*which; }));
  };
  const std::string runs = text("largest of ", all.size(), " point sets, n = 1, 3, 6");
  program.claim(median_claim("attractors", "The examples are fixed: max |f(x_i) - x_i|.", "0",
                             {worst(&OnTheLine::error)}, at_most(1e-13), "", runs));
  program.claim(median_claim("attractors, slope", "They attract with slope 1 - epsilon / delta = .6 (error).",
                             "at most 1 (attracting needs below 1)", {worst(&OnTheLine::slope)},
                             at_most(1e-11), "", runs));
  program.claim(median_claim("small error", "sup |f(x) - x| <= epsilon on [0, 1] (their ratio).", "below 1",
                             {worst(&OnTheLine::excess)}, at_most(1 + 1e-9), "", runs));
  program.claim(median_claim(
      "every start",
      text("Starts of a grid of ", starts_on_the_line(program),
           " points that converge to an example, starts that are repelling fixed points "
           "excepted (fewest)."),
      "not stated", {smallest_of(of_each(all, [](const OnTheLine& r) { return r.arrived; }))}, at_least(100),
      "%",
      text("excepted: at most ", worst(&OnTheLine::repelling), " starts (0, 1 and midpoints on the grid)")));
  program.claim(median_claim("units, corrected", "The construction has 2 n + 1 units (difference).", no_paper,
                             {worst(&OnTheLine::surplus)}, {0, 0}));
}

/// most[n - 1] attractors with n + 1 knots.
void claim_unit_count(Program& program, const std::vector<Index>& most) {
  std::string table;
  Index fails = 0, first = 0;
  for (std::size_t i = 0; i < most.size(); ++i) {
    const auto n = static_cast<Index>(i + 1);
    table += text(n > 1 ? ", " : "", most[i], " for n = ", n);
    if (most[i] >= n) continue;
    ++fails;
    first = first == 0 ? n : first;
  }
  program.claim(
      contested_claim("(n + 1) d units, as printed",
                      "n + 1 hidden units suffice for d = 1: values of n from 1 to 8 for which no pattern of "
                      "n + 1 knots has n attractors.",
                      "0 of 8", {static_cast<double>(fails)}, at_most(0), {5, 5}, " of 8",
                      text("most attractors with n + 1 knots, over all 3^(n+2) sign patterns: ", table)));
  program.claim(yes_no_claim(
      "n + 1 units, corrected",
      "2 n - 2 knots are needed, so that n + 1 units are too few from n = 4 on (the smallest such n).",
      no_paper, text("n = ", first), first == 4));
}

void claim_search(Program& program, const std::vector<Searched>& all) {
  std::string found;
  for (const auto& [knots, most] : all) found += text(found.empty() ? "" : ", ", most, " with ", knots);
  const bool bounded =
      std::all_of(all.begin(), all.end(), [](const Searched& s) { return s.most == s.knots / 2 + 1; });
  program.claim(yes_no_claim(
      "random search",
      text("Among ", trials(program),
           " random maps none has more attractors than floor(knots / 2) + 1, and some have as many."),
      no_paper, "most attractors: " + found + " knots", bounded));
}

void claim_zigzags(Program& program, bool suffice) {
  program.claim(yes_no_claim(
      "2 n - 1 units suffice",
      "A zigzag with 2 n - 2 knots has all examples as attractors and error below .01 (n = 2, 4, 8).",
      no_paper, suffice ? "yes" : "no", suffice));
}

void claim_delta(Program& program) {
  const double printed = printed_delta(near_the_end), corrected = corrected_delta(near_the_end);
  program.claim(contested_claim(
      "delta, as printed",
      "delta = min gap / 4 gives a network for x = .01, .5, .9 (1: yes, 0: slopes that are not finite).", "1",
      {is_finite(printed) ? 1. : 0.}, at_least(1), {0, 0}, "",
      "x_n + delta = 1, so that the last slope is epsilon / 0; x_1 - delta = -.09 lies outside [0, 1]"));
  program.claim(yes_no_claim("delta, corrected", "delta = min(gap, x_1, 1 - x_n) / 4 does.", no_paper,
                             text("delta = ", number(corrected)), is_finite(corrected)));
}

void claim_space(Program& program, const std::vector<InSpace>& all) {
  std::string found;
  for (const InSpace& r : all)
    found += text(found.empty() ? "" : ", ", r.mixed.distinct, " for n = ", r.n, ", d = ", r.d);
  program.claim(median_claim(
      "error in d dimensions", "sup |f(x) - x| / epsilon on a grid, 2-norm (largest of three sets).",
      "at most 1", {largest_of(of_each(all, [](const InSpace& r) { return r.excess; }))}, at_most(1 + 1e-9)));
  program.claim(
      yes_no_claim("n^d attractors",
                   "The network has n^d attractors: all mixes of coordinates are reached, and nothing else.",
                   "not stated", found, std::all_of(all.begin(), all.end(), [](const InSpace& r) {
                     return r.complete && r.mixed.arrived == 1;
                   })));
  program.claim(median_claim(
      "most orbits end at mixes", "Share of starts whose orbits end at a training example (n = 3, d = 3).",
      "not stated", {all[2].share}, at_most(40), "%",
      text("n = 3, d = 2: ", number(all[0].share), "%; n = 5, d = 2: ", number(all[1].share), "%")));
}

// The pictures.

Series points(const std::string& name) {
  return {.name = name, .x = {}, .y = {}, .style = Series::Style::points};
}

/// Where a grid of starts of the plane ends.
void draw_plane(Program& program, const InThePlane& p) {
  Series at_example = points("starts that end at an example"), at_mix = points("starts that end elsewhere");
  Series examples = points("examples"), mixes = points("the other attractors");
  const auto add = [](Series& to, MatIn<double> x) {
    to.x.push_back(x(0, 0));
    to.y.push_back(x(1, 0));
  };
  const std::vector<Index> end = nearest_within(p.ends, p.X, 1e-9),
                           is_example = nearest_within(p.attractors, p.X, 1e-12);
  for (Index j = 0; j < p.starts.cols(); ++j)
    add(end[static_cast<std::size_t>(j)] >= 0 ? at_example : at_mix, p.starts.col(j));
  for (Index j = 0; j < p.attractors.cols(); ++j)
    add(is_example[static_cast<std::size_t>(j)] >= 0 ? examples : mixes, p.attractors.col(j));
  examples.style = Series::Style::stars;
  mixes.weight = 2;
  program.draw(LinePlot{.title = "Theorem 6 in 2 dimensions: three examples, nine attractors",
                        .x_label = "x_1",
                        .y_label = "x_2",
                        .series = {at_example, at_mix, examples, mixes},
                        .width = 800,
                        .height = 800,
                        .square = true},
               "theorem_6_basins.png",
               "Where a grid of starts ends. The network acts on each coordinate by itself, so that every "
               "mix of coordinates of examples attracts, too.");
}

Series orbit_of(const PiecewiseLinearMap& f, double x) {
  std::vector<double> orbit{x};
  for (int t = 0; t < 40; ++t) orbit.push_back(f(orbit.back()));
  return cobweb(text("orbit of ", number(x)), orbit);
}

Series graph(const std::string& name, const PiecewiseLinearMap& f, bool difference) {
  Series s{.name = name, .x = {}, .y = {}};
  for (int i = 0; i <= 2000; ++i) {
    const double x = i / 2000.;
    const double y = f(x) - (difference ? x : 0);
    s.x.push_back(x);
    s.y.push_back(std::abs(y) < 1e-12 ? 0 : y);  // rounding below 0 would double the axis
  }
  return s;
}

void draw_map(Program& program) {
  const std::vector<double> two = {0.3, 0.7};
  const PiecewiseLinearMap g = plateau_map(two, 0.8 * corrected_delta(two));
  program.draw(
      LinePlot{
          .title = "The map of Theorem 6 for .3 and .7, orbits as cobwebs",
          .x_label = "x",
          .y_label = "f(x)",
          .series = {Series{.name = "x", .x = {0, 1}, .y = {0, 1}}, graph("f, epsilon = .8 delta", g, false),
                     Series{.name = "examples", .x = two, .y = two, .style = Series::Style::stars},
                     orbit_of(g, 0.06), orbit_of(g, 0.54), orbit_of(g, 0.95)},
          .width = 800,
          .height = 800,
          .y_range = Extent{0, 1},
          .square = true},
      "theorem_6_map.png",
      "The map stays within epsilon of the identity; every orbit climbs or descends to an example.");
}

void draw_difference(Program& program) {
  const std::vector<double> x = {0.15, 0.45, 0.85};
  const PiecewiseLinearMap f = plateau_map(x, 1);  // epsilon = delta: flat at the examples
  program.draw(LinePlot{.title = "f(x) - x: between two attractors there is a minimum and a maximum",
                        .x_label = "x",
                        .y_label = "f(x) - x",
                        .series = {graph("Theorem 6, 2 n knots, epsilon = delta", f, true),
                                   graph("zigzag, 2 n - 2 knots", zigzag_map(x, corrected_delta(x)), true)},
                        .horizontal = {{0, ""}},
                        .vertical = {{x[0], ""}, {x[1], ""}, {x[2], "examples"}}},
               "theorem_6_difference.png",
               "Why n + 1 units do not suffice: f(x) - x falls through each example, so it must turn twice "
               "in between.");
}

// Part after part, so that an interrupted run has what was finished.

void attractor_parts(Program& program) {
  const std::vector<OnTheLine> line_results = all_on_the_line(program);
  if (interrupted()) return;
  claim_attractors(program, line_results);
  claim_unit_count(program, most_of_patterns());
  Random random(program.seeds().front());
  const std::vector<Searched> searched = search(program, random);
  if (interrupted()) return;
  claim_search(program, searched);
  claim_zigzags(program, zigzags_suffice(random));
  claim_delta(program);
}

void space_parts(Program& program) {
  const std::vector<InSpace> space = all_in_space(program.seeds().front());
  if (interrupted()) return;
  claim_space(program, space);
  draw_plane(program, in_the_plane());
  draw_map(program);
  draw_difference(program);
}

void body(Program& program) {
  attractor_parts(program);
  if (!interrupted()) space_parts(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_6", "Theorems 6 and 7: attractors of a near identity", {.quick = 3, .full = 5},
                     argc, argv, body);
}
