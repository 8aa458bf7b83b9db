// Figure 1a of the paper: autoencoders of the line that interpolate two examples: an arbitrary one, a shallow
// one trained from near zero, the iteration of that, and a deep one. The slope at an example decides whether
// it attracts. Data, sizes and initial values are open in the paper; ours: docs/paper/figure_1a.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

const Mat<S> training_points{{-0.5, 0.5}};
constexpr double loss_goal = 1e-10;
constexpr double near = 0.01;  // an orbit is at an example within this, 2% of the example
const std::vector<Index> times = {0, 1, 10, 100, 1000};
constexpr Index starts = 201;  // evenly on [-1, 1]

/// One hidden layer of 100 units: the paper's shallow autoencoder.
template <class Phi>
auto shallow() {
  constexpr Index width = 100;
  return Chain(Dense<S>(1, width), Pointwise<S, Phi>(width), Dense<S>(width, 1));
}

/// What is measured of one network, one entry a seed.
struct Measured {
  std::string name;
  std::vector<double> losses, steepest, flattest;  // of |f'| at the two examples
  std::vector<std::vector<double>> arrived;        // percent of the starts, for each of `times`
  std::vector<double> graph;                       // f on the starts, first seed
  std::vector<std::vector<double>> orbits;         // a few, first seed
};

std::vector<double> grid() {
  const Vec<S> x = Vec<S>::LinSpaced(starts, -1, 1);
  return {x.begin(), x.end()};
}

/// Those numbers of one seed.
struct One {
  double loss = 0, steepest = 0, flattest = 0;
  std::vector<double> arrived, graph;
  std::vector<std::vector<double>> orbits;
};

template <class M>
std::vector<double> orbit_of(const M& f, double start) {
  Mat<S> x = Mat<S>::Constant(1, 1, start);
  std::vector<double> points = {start};
  for (int t = 0; t < 200; ++t) {
    x = f(x);
    points.push_back(x(0, 0));
  }
  return points;
}

template <Layer F>
One run_seed(const F& net, const initial::Scheme& scheme, std::uint64_t seed, bool drawn) {
  Model f(net, initial_values(net, scheme, seed));
  FitOptions options{.max_epochs = 20000, .loss_below = loss_goal};
  options.schedule = schedule::step_decay(1000, 0.9);
  options.cancelled = interrupted;
  Adam<S> adam({.learning_rate = 1e-3});
  One one;
  one.loss = fit(f, training_points, adam, options).loss;
  if (interrupted()) return one;
  const double a = std::abs(jacobian(f, training_points.col(0))(0, 0)),
               b = std::abs(jacobian(f, training_points.col(1))(0, 0));
  one.steepest = std::max(a, b);
  one.flattest = std::min(a, b);

  const Mat<S> x0 = Vec<S>::LinSpaced(starts, -1, 1).transpose();
  const Orbit<S> o = orbit(f, x0, {.max_steps = times.back(), .snapshots = times});
  for (const Mat<S>& iterates : o.snapshots)
    one.arrived.push_back(100 * recovery(iterates, training_points, {near}).front().arrived);
  if (!drawn) return one;
  const Mat<S> y = f(x0);
  one.graph.assign(y.data(), y.data() + y.size());
  for (const double start : {-0.95, -0.12, 0.12, 0.95}) one.orbits.push_back(orbit_of(f, start));
  return one;
}

template <Layer F>
Measured run(Program& program, const std::string& name, const F& net, const initial::Scheme& scheme) {
  Measured m{name, {}, {}, {}, std::vector<std::vector<double>>(times.size()), {}, {}};
  Progress progress(name);
  double done = 0;
  const auto work = [&](std::uint64_t seed) {
    One one = run_seed(net, scheme, seed, seed == program.seeds().front());
    progress.update(++done / static_cast<double>(program.seeds().size()));
    return one;
  };
  for (const One& one : program.over_seeds(work, name)) {
    m.losses.push_back(one.loss);
    m.steepest.push_back(one.steepest);
    m.flattest.push_back(one.flattest);
    for (std::size_t k = 0; k < times.size(); ++k) m.arrived[k].push_back(one.arrived[k]);
    if (m.graph.empty()) m.graph = one.graph;
    if (m.orbits.empty()) m.orbits = one.orbits;
  }
  return m;
}

/// The graph of f beside the diagonal, with the examples as stars, and cobwebs if wanted.
LinePlot panel(const std::string& title, const Measured& m, bool iterated) {
  const std::vector<double> x = grid(), points(training_points.data(), training_points.data() + 2);
  LinePlot plot{.title = title,
                .x_label = iterated ? "x_t" : "x",
                .y_label = iterated ? "x_{t+1} = f(x_t)" : "f(x)",
                .series = {{.name = "identity", .x = {-1, 1}, .y = {-1, 1}, .color = 6, .weight = 0.5}},
                .x_range = Extent{-1, 1},
                .y_range = Extent{-1, 1},
                .square = true};
  plot.series.push_back({.name = "autoencoder f", .x = x, .y = m.graph, .color = 0, .weight = 1.3});
  for (std::size_t k = 0; iterated && k < m.orbits.size(); ++k) {
    Series s = cobweb(k == 0 ? "orbits" : "", m.orbits[k]);
    s.color = 2;
    s.weight = 0.6;
    plot.series.push_back(s);
  }
  plot.series.push_back(
      {.name = "training examples", .x = points, .y = points, .style = Series::Style::stars, .color = 1});
  return plot;
}

void draw_all(Program& program, const Measured& arbitrary, const Measured& flat, const Measured& deep) {
  LinePlot first = panel("arbitrary: " + arbitrary.name, arbitrary, false);
  first.y_range.reset();  // it leaves the square
  Panels<LinePlot> panels{.title = "Figure 1a: three autoencoders that interpolate the same two examples",
                          .plots = {first, panel("shallow: " + flat.name, flat, false),
                                    panel("the shallow one, iterated", flat, true),
                                    panel("deep, iterated: " + deep.name, deep, true)},
                          .columns = 2};
  const auto slopes = [](const Measured& m) {
    return text(number(m.flattest.front()), " and ", number(m.steepest.front()));
  };
  program.draw(
      panels, "figure_1a.png",
      text("The paper's four panels, first seed. Orbits go up or down to the graph of f and across to "
           "the diagonal; where |f'| < 1 at an example they end there. |f'| at the two examples: ",
           slopes(arbitrary), " (arbitrary), ", slopes(flat), " (shallow), ", slopes(deep), " (deep)."));

  LinePlot arrival{
      .title = "Starts on [-1, 1] whose orbits are at an example (within .01), median and range over seeds",
      .x_label = "iterations t",
      .y_label = "starts (%)",
      .series = {},
      .log_x = true,
      .y_range = Extent{-2, 102}};
  for (const Measured* m : {&arbitrary, &flat, &deep}) {
    Series s{.name = m->name, .x = {}, .y = {}, .style = Series::Style::line_points, .low = {}, .high = {}};
    for (std::size_t k = 1; k < times.size(); ++k) {
      s.x.push_back(static_cast<double>(times[k]));
      s.y.push_back(median(m->arrived[k]));
      s.low.push_back(quantile(m->arrived[k], 0));
      s.high.push_back(quantile(m->arrived[k], 1));
    }
    arrival.series.push_back(s);
  }
  program.draw(arrival, "figure_1a_arrival.png", "The deeper network needs fewer iterations.");
}

void body(Program& program) {
  const Measured arbitrary = run(program, "1 x 100 tanh, N(0, 2^2)", shallow<Tanh>(), initial::normal(0, 2));
  const Measured flat =
      run(program, "1 x 100 ReLU, U(-.01, .01)", shallow<Relu>(), initial::uniform(-0.01, 0.01));
  const Measured deep =
      run(program, "10 x 64 leaky ReLU", fully_connected<S>(1, 64, 10), initial::pytorch_default());
  if (interrupted()) return;
  draw_all(program, arbitrary, flat, deep);

  for (const Measured* m : {&arbitrary, &flat, &deep})
    program.claim(median_claim("1a, interpolation, " + m->name,
                               "The autoencoder interpolates the two examples (mean squared error).",
                               "fits perfectly", m->losses, at_most(loss_goal)));
  program.claim(median_claim(
      "1a, arbitrary", "An interpolating solution need not contract (larger |f'| of the two examples).",
      "from a large initialization: not contractive", arbitrary.steepest, at_least(1)));
  program.claim(median_claim("1a, shallow",
                             "The shallow solution from near zero contracts at the examples (larger |f'|).",
                             "contractive: below 1", flat.steepest, at_most(1)));
  program.claim(
      contested_claim("1a, shallow, iterated",
                      "Iterating the shallow autoencoder takes any input to an example (1000 iterations).",
                      "any input (here: from 95%)", flat.arrived.back(), at_least(95), at_least(90), "%",
                      text("after 10: ", summary(flat.arrived[2], "%"))));
  program.claim(median_claim("1a, deep", "The deep solution contracts at the examples (larger |f'|).",
                             "strongly attractive: below 1", deep.steepest, at_most(1), "",
                             text("the smaller |f'| is ", summary(deep.flattest))));
  program.claim(contested_claim(
      "1a, deep, iterated", "Iterating the deep autoencoder takes any input to an example (1000 iterations).",
      "any input (here: from 95%)", deep.arrived.back(), at_least(95), at_least(90), "%",
      text("after 10: ", summary(deep.arrived[2], "%"))));
  std::vector<double> ahead;
  for (std::size_t k = 0; k < deep.losses.size(); ++k)
    ahead.push_back(deep.arrived[2][k] - flat.arrived[2][k]);
  program.claim(contested_claim(
      "1a, faster",
      "The larger network contracts faster: more of its orbits than of the shallow one's have "
      "arrived after 10 iterations (difference, seed by seed).",
      "faster: above 0", ahead, at_least(0), at_least(25), "%"));
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_1a", "Figure 1a: interpolation, contraction and attraction on a line",
                     {.quick = 20, .full = 100, .over_ranks = true}, argc, argv, body);
}
