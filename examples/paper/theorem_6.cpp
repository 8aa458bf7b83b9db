// Theorems 6 and 7 of the paper: a two-layer ReLU network that is nearly the identity and has all training
// examples as attractors. The construction, its error and its basins; the unit count, the delta and the
// attractors that the paper has wrong.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/grid.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

Mat<double> uniform_points(Index d, Index n, Random& random) {
  Mat<double> X(d, n);
  for (double& x : X.reshaped()) x = random.uniform(0.02, 0.98);
  return X;
}
Mat<double> line(Index count) { return Vec<double>::LinSpaced(count, 0, 1).transpose(); }
Index units(const Model<ReluNet>& f) { return f.layer.child<0>().out_size(); }
Index attracting(const PiecewiseLinearMap& f) {
  const auto fixed = f.fixed_points();
  return std::count_if(fixed.begin(), fixed.end(), [](const FixedPoint1d& p) { return p.attracting(); });
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

/// On the line: training error, |f - x|, the slope at the examples, and where a fine grid of starts ends.
void on_the_line(Program& program) {
  const Index grid = program.full() ? 200001 : 20001;
  std::vector<double> fit_error, excess, slope, arrived, count_units, stuck;
  for (const std::uint64_t seed : program.seeds())
    for (const Index n : {1, 3, 6}) {
      if (interrupted()) return;
      Random random(100 * seed + static_cast<std::uint64_t>(n));
      const Mat<double> X = uniform_points(1, n, random), starts = line(grid);
      const double delta = corrected_delta(row_values(X, 0)), epsilon = 0.4 * delta;
      const auto f = interpolating_autoencoder(X, epsilon);
      fit_error.push_back((f(X) - X).cwiseAbs().maxCoeff());
      excess.push_back((f(starts) - starts).cwiseAbs().maxCoeff() / epsilon);
      for (Index i = 0; i < n; ++i) slope.push_back(std::abs(jacobian(f, X.col(i))(0, 0) - 0.6));
      count_units.push_back(static_cast<double>(units(f) - (2 * n + 1)));
      OrbitOptions options{.max_steps = 20000, .tolerance = 1e-14};
      options.cancelled = interrupted;
      const Orbit<double> o = orbit(f, starts, options);
      if (interrupted()) return;
      const std::vector<Index> end = nearest_within(o.x, X, 1e-9);
      // A start that is itself a repelling fixed point (0, 1, the midpoints) stays where it is: n + 1 points
      // of [0, 1].
      const std::vector<FixedPoint1d> fixed_points = plateau_map(row_values(X, 0), epsilon).fixed_points();
      Index reached = 0, repelling = 0;
      for (Index j = 0; j < grid; ++j) {
        bool fixed = false;
        for (const FixedPoint1d& p : fixed_points)
          fixed = fixed || (!p.attracting() && std::abs(p.x - starts(0, j)) < 1e-12);
        repelling += fixed ? 1 : 0;
        reached += !fixed && end[static_cast<std::size_t>(j)] >= 0 ? 1 : 0;
      }
      arrived.push_back(100 * static_cast<double>(reached) / static_cast<double>(grid - repelling));
      stuck.push_back(static_cast<double>(repelling));
    }
  const auto worst = [](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); };
  const std::string runs = text("largest of ", fit_error.size(), " point sets, n = 1, 3, 6");
  program.claim(median_claim("attractors", "The examples are fixed: max |f(x_i) - x_i|.", "0",
                             {worst(fit_error)}, at_most(1e-13), "", runs));
  program.claim(median_claim("attractors, slope", "They attract with slope 1 - epsilon / delta = .6 (error).",
                             "at most 1 (attracting needs below 1)", {worst(slope)}, at_most(1e-11), "",
                             runs));
  program.claim(median_claim("small error", "sup |f(x) - x| <= epsilon on [0, 1] (their ratio).", "below 1",
                             {worst(excess)}, at_most(1 + 1e-9), "", runs));
  program.claim(median_claim(
      "every start",
      text("Starts of a grid of ", grid,
           " points that converge to an example, starts that are repelling fixed points excepted (fewest)."),
      "not stated", {*std::min_element(arrived.begin(), arrived.end())}, at_least(100), "%",
      text("excepted: at most ", worst(stuck), " starts (0, 1 and midpoints on the grid)")));
  program.claim(median_claim("units, corrected", "The construction has 2 n + 1 units (difference).", no_paper,
                             {worst(count_units)}, {0, 0}));
}

/// n + 1 units: every pattern of slopes, and a search among random maps.
void unit_count(Program& program) {
  std::string table;
  Index fails = 0, first = 0;
  for (Index n = 1; n <= 8; ++n) {
    const Index most = most_attracting_fixed_points(n + 1);
    table += text(n > 1 ? ", " : "", most, " for n = ", n);
    if (most < n) {
      ++fails;
      first = first == 0 ? n : first;
    }
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
  const int trials = program.full() ? 1000000 : 50000;
  Random random(program.seeds().front());
  bool bounded = true;
  std::string found;
  for (const Index knots : {2, 3, 4, 5}) {
    if (interrupted()) return;
    Index most = 0;
    for (int trial = 0; trial < trials; ++trial) {
      std::vector<double> t, v;
      for (Index j = 0; j < knots; ++j) t.push_back(random.uniform());
      std::sort(t.begin(), t.end());
      for (const double s : t) v.push_back(s + random.normal(0, 0.05));
      most = std::max(most,
                      attracting(PiecewiseLinearMap(t, v, random.uniform(0, 1.2), random.uniform(0, 1.2))));
    }
    bounded = bounded && most == knots / 2 + 1;
    found += text(found.empty() ? "" : ", ", most, " with ", knots);
  }
  program.claim(yes_no_claim(
      "random search",
      text("Among ", trials,
           " random maps none has more attractors than floor(knots / 2) + 1, and some have as many."),
      no_paper, "most attractors: " + found + " knots", bounded));
  bool minimal = true;
  for (const Index n : {2, 4, 8}) {
    const std::vector<double> x = row_values(uniform_points(1, n, random), 0);
    const PiecewiseLinearMap f = zigzag_map(x, 0.01);
    const auto net = coordinatewise_net({f});
    minimal = minimal && units(net) == 2 * n - 1 && attracting(f) == n &&
              (net(line(10001)) - line(10001)).cwiseAbs().maxCoeff() < 0.01 + 1e-13;
  }
  program.claim(yes_no_claim(
      "2 n - 1 units suffice",
      "A zigzag with 2 n - 2 knots has all examples as attractors and error below .01 (n = 2, 4, 8).",
      no_paper, minimal ? "yes" : "no", minimal));
}

/// The printed delta divides by zero where a plateau meets an end of [0, 1].
void delta(Program& program) {
  const std::vector<double> x = {.01, .5, .9};
  const auto finite = [&](double d) {
    try {
      const auto f = coordinatewise_net({plateau_map(x, std::min(0.04, d), d)});
      return f(line(1001)).allFinite();
    } catch (const std::invalid_argument&) {
      return false;
    }
  };
  const bool printed = finite(printed_delta(x)), corrected = finite(corrected_delta(x));
  program.claim(contested_claim(
      "delta, as printed",
      "delta = min gap / 4 gives a network for x = .01, .5, .9 (1: yes, 0: slopes that are not finite).", "1",
      {printed ? 1. : 0.}, at_least(1), {0, 0}, "",
      "x_n + delta = 1, so that the last slope is epsilon / 0; x_1 - delta = -.09 lies outside [0, 1]"));
  program.claim(yes_no_claim("delta, corrected", "delta = min(gap, x_1, 1 - x_n) / 4 does.", no_paper,
                             text("delta = ", number(corrected_delta(x))), corrected));
}

/// In d dimensions: the error in the 2-norm, repeated coordinates, and the n^d attractors.
void dimensions(Program& program) {
  struct Case {
    Index d, n, per_side;
  };
  std::vector<double> share, error;
  bool all_found = true, all_arrived = true;
  std::string found;
  for (const Case& c : {Case{2, 3, 64}, Case{2, 5, 100}, Case{3, 3, 24}}) {
    if (interrupted()) return;
    Random random(program.seeds().front() + 17 + static_cast<std::uint64_t>(c.d + c.n));
    const Mat<double> X = uniform_points(c.d, c.n, random), ends = mixed_attractors(X);
    const double epsilon = 0.05;
    const auto f = interpolating_autoencoder(X, epsilon);
    Mat<double> corners(c.d, 2);
    corners.col(0).setConstant(0.0005);
    corners.col(1).setConstant(0.9995);
    const Mat<double> starts = bounding_grid<double>(corners, c.per_side);
    error.push_back((f(starts) - starts).colwise().norm().maxCoeff() / epsilon);
    OrbitOptions options{.max_steps = 50000, .tolerance = 1e-14};
    options.cancelled = interrupted;
    const Orbit<double> o = orbit(f, starts, options);
    if (interrupted()) return;
    const Recovery mixed = recovery(o.x, ends, {1e-9}).front(), examples = recovery(o.x, X, {1e-9}).front();
    all_found = all_found && mixed.distinct == ends.cols();
    all_arrived = all_arrived && mixed.arrived == 1;
    share.push_back(100 * examples.arrived);
    found += text(found.empty() ? "" : ", ", mixed.distinct, " for n = ", c.n, ", d = ", c.d);
  }
  program.claim(median_claim(
      "error in d dimensions", "sup |f(x) - x| / epsilon on a grid, 2-norm (largest of three sets).",
      "at most 1", {*std::max_element(error.begin(), error.end())}, at_most(1 + 1e-9)));
  program.claim(
      yes_no_claim("n^d attractors",
                   "The network has n^d attractors: all mixes of coordinates are reached, and nothing else.",
                   "not stated", found, all_found && all_arrived));
  program.claim(median_claim(
      "most orbits end at mixes", "Share of starts whose orbits end at a training example (n = 3, d = 3).",
      "not stated", {share.back()}, at_most(40), "%",
      text("n = 3, d = 2: ", number(share[0]), "%; n = 5, d = 2: ", number(share[1]), "%")));
}

/// Where a grid of starts of the plane ends.
void draw_basins(Program& program) {
  const Mat<double> X{{0.2, 0.5, 0.85}, {0.6, 0.2, 0.8}};
  const Mat<double> ends = mixed_attractors(X), corners{{0.01, 0.99}, {0.01, 0.99}};
  const Mat<double> starts = bounding_grid<double>(corners, 28);
  const Orbit<double> o =
      orbit(interpolating_autoencoder(X, 1), starts, {.max_steps = 5000, .tolerance = 1e-14});
  const auto points = [](const std::string& name) {
    return Series{.name = name, .x = {}, .y = {}, .style = Series::Style::points};
  };
  Series at_example = points("starts that end at an example"), at_mix = points("starts that end elsewhere");
  Series examples = points("examples"), mixes = points("the other attractors");
  const auto add = [](Series& to, MatIn<double> x) {
    to.x.push_back(x(0, 0));
    to.y.push_back(x(1, 0));
  };
  const std::vector<Index> end = nearest_within(o.x, X, 1e-9), is_example = nearest_within(ends, X, 1e-12);
  for (Index j = 0; j < starts.cols(); ++j)
    add(end[static_cast<std::size_t>(j)] >= 0 ? at_example : at_mix, starts.col(j));
  for (Index j = 0; j < ends.cols(); ++j)
    add(is_example[static_cast<std::size_t>(j)] >= 0 ? examples : mixes, ends.col(j));
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

void pictures(Program& program) {
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

void body(Program& program) {
  on_the_line(program);
  if (!interrupted()) unit_count(program);
  if (!interrupted()) delta(program);
  if (!interrupted()) dimensions(program);
  if (!interrupted()) draw_basins(program);
  if (!interrupted()) pictures(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_6", "Theorems 6 and 7: attractors of a near identity", {.quick = 3, .full = 5},
                     argc, argv, body);
}
