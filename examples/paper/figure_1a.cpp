// Figure 1a of the paper: autoencoders of the line that interpolate two examples: an arbitrary one, a shallow
// one trained from near zero, the iteration of that, and a deep one. The slope at an example decides whether
// it attracts. Data, sizes and initial values are open in the paper: the panels have one choice, and a table
// how far it matters, by place of the examples, activation and initial values (docs/paper/figure_1a.md).
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
#include "basin/io/csv.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

/// Two examples and what the page calls them.
struct Place {
  std::string name;
  Mat<S> points;
};
const std::vector<Place> places = {
    {"-.5, .5", Mat<S>{{-0.5, 0.5}}}, {"-.2, .7", Mat<S>{{-0.2, 0.7}}}, {".3, .7", Mat<S>{{0.3, 0.7}}}};
constexpr double loss_goal = 1e-10;
constexpr double near = 0.01;  // an orbit is at an example within this
const std::vector<Index> times = {0, 1, 10, 100, 1000};
constexpr Index starts = 201;  // evenly on [-1, 1]

/// One hidden layer of 100 units: the paper's shallow autoencoder.
template <class Phi>
auto shallow() {
  constexpr Index width = 100;
  return Chain(Dense<S>(1, width), Pointwise<S, Phi>(width), Dense<S>(width, 1));
}

// The study: trains, measures, iterates.

/// The starts.
Vec<S> grid() { return Vec<S>::LinSpaced(starts, -1, 1); }

/// What is measured of one network of one seed.
struct One {
  double loss = 0;
  double steepest = 0, flattest = 0;             // |f'| at the two examples
  std::vector<double> arrived = {};              // percent of the starts, for each of `times`
  std::vector<double> graph = {};                // f on the starts; of the first seed alone
  std::vector<std::vector<double>> orbits = {};  // a few; of the first seed alone
};

/// A network at one place, over the seeds.
struct Measured {
  std::string name;
  Place place;
  std::vector<One> seeds;
  std::vector<double> of(double One::*which) const {
    return of_each(seeds, [=](const One& one) { return one.*which; });
  }
  std::vector<double> losses() const { return of(&One::loss); }
  std::vector<double> steepest() const { return of(&One::steepest); }
  std::vector<double> flattest() const { return of(&One::flattest); }
  /// Percent of the starts at times[k], and after 10 steps and in the end.
  std::vector<double> arrived(std::size_t k) const {
    return of_each(seeds, [=](const One& one) { return one.arrived[k]; });
  }
  std::vector<double> after_10() const { return arrived(2); }
  std::vector<double> in_the_end() const { return arrived(times.size() - 1); }
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
One run_seed(const Mat<S>& points, const F& net, const initial::Scheme& scheme, std::uint64_t seed,
             bool drawn) {
  Model f(net, initial_values(net, scheme, seed));
  FitOptions options{.max_epochs = 20000, .loss_below = loss_goal};
  options.schedule = schedule::step_decay(1000, 0.9);
  options.cancelled = interrupted;
  Adam<S> adam({.learning_rate = 1e-3});
  One one;
  one.loss = fit(f, points, adam, options).loss;
  if (interrupted()) return one;
  const double a = std::abs(jacobian(f, points.col(0))(0, 0)), b = std::abs(jacobian(f, points.col(1))(0, 0));
  one.steepest = std::max(a, b);
  one.flattest = std::min(a, b);

  const Mat<S> x0 = grid().transpose();
  const Orbit<S> o = orbit(f, x0, {.max_steps = times.back(), .snapshots = times});
  for (const Mat<S>& iterates : o.snapshots)
    one.arrived.push_back(100 * recovery(iterates, points, {near}).front().arrived);
  if (!drawn) return one;
  const Mat<S> y = f(x0);
  one.graph.assign(y.data(), y.data() + y.size());
  for (const double start : {-0.95, -0.12, 0.12, 0.95}) one.orbits.push_back(orbit_of(f, start));
  return one;
}

template <Layer F>
Measured run(Program& program, const Place& place, const std::string& name, const F& net,
             const initial::Scheme& scheme) {
  const std::string what = text(name, " at ", place.name);
  Progress progress(what);
  double done = 0;
  const auto work = [&](std::uint64_t seed) {
    One one = run_seed(place.points, net, scheme, seed, seed == program.seeds().front());
    progress.update(++done / static_cast<double>(program.seeds().size()));
    return one;
  };
  return {name, place, program.over_seeds(work, what)};
}

/// The networks at one place: shallow ones of two activations, each from large and from small values, and two
/// deep ones.
struct AtPlace {
  Measured relu_large, relu_small, tanh_large, tanh_small, deep_leaky, deep_tanh;
  std::vector<const Measured*> all() const {
    return {&relu_large, &relu_small, &tanh_large, &tanh_small, &deep_leaky, &deep_tanh};
  }
};

AtPlace run_all(Program& program, const Place& place) {
  const auto large = initial::normal(0, 2), small = initial::uniform(-0.01, 0.01);
  return {
      run(program, place, "1 x 100 ReLU, N(0, 2^2)", shallow<Relu>(), large),
      run(program, place, "1 x 100 ReLU, U(-.01, .01)", shallow<Relu>(), small),
      run(program, place, "1 x 100 tanh, N(0, 2^2)", shallow<Tanh>(), large),
      run(program, place, "1 x 100 tanh, U(-.01, .01)", shallow<Tanh>(), small),
      run(program, place, "10 x 64 leaky ReLU", fully_connected<S>(1, 64, 10), initial::pytorch_default()),
      run(program, place, "10 x 64 tanh", fully_connected<S>(1, 64, 10, Tanh{}), initial::pytorch_default())};
}

/// Everywhere; ends early when interrupted.
std::vector<AtPlace> study(Program& program) {
  std::vector<AtPlace> all;
  for (const Place& place : places)
    if (!interrupted()) all.push_back(run_all(program, place));
  return all;
}

// The claims.

/// The panels, whose examples are at places[0].
void claim_panels(Program& program, const AtPlace& at) {
  const Measured &arbitrary = at.relu_large, &flat = at.relu_small, &deep = at.deep_leaky;
  for (const Measured* m : {&arbitrary, &flat, &deep})
    program.claim(median_claim("1a, interpolation, " + m->name,
                               "The autoencoder interpolates the two examples (mean squared error).",
                               "fits perfectly", m->losses(), at_most(loss_goal)));
  program.claim(contested_claim("1a, arbitrary",
                                "An interpolating solution need not contract: larger |f'| of the two "
                                "examples, the shallow network of the "
                                "next panel from large initial values.",
                                "from a large initialization: not contractive, from 1", arbitrary.steepest(),
                                at_least(1), Band{}, "",
                                text("with tanh in place of ReLU: ", summary(at.tanh_large.steepest()))));
  program.claim(median_claim("1a, shallow",
                             "The shallow solution from near zero contracts at the examples (larger |f'|).",
                             "contractive: below 1", flat.steepest(), at_most(1)));
  program.claim(
      contested_claim("1a, shallow, iterated",
                      "Iterating the shallow autoencoder takes any input to an example (1000 iterations).",
                      "any input (here: from 95%)", flat.in_the_end(), at_least(95), at_least(90), "%",
                      text("after 10: ", summary(flat.after_10(), "%"))));
  program.claim(median_claim("1a, deep", "The deep solution contracts at the examples (larger |f'|).",
                             "strongly attractive: below 1", deep.steepest(), at_most(1), "",
                             text("the smaller |f'| is ", summary(deep.flattest()))));
  program.claim(contested_claim(
      "1a, deep, iterated", "Iterating the deep autoencoder takes any input to an example (1000 iterations).",
      "any input (here: from 95%)", deep.in_the_end(), at_least(95), at_least(90), "%",
      text("after 10: ", summary(deep.after_10(), "%"))));
  std::vector<double> ahead;
  for (std::size_t k = 0; k < deep.seeds.size(); ++k)
    ahead.push_back(deep.after_10()[k] - flat.after_10()[k]);
  program.claim(contested_claim(
      "1a, faster",
      "The larger network contracts faster: more of its orbits than of the shallow one's have "
      "arrived after 10 iterations (difference, seed by seed).",
      "faster: above 0", ahead, at_least(0), at_least(25), " points"));
}

/// 1 less each: slopes of shallow networks come near to 1.
std::vector<double> less_than_one(std::vector<double> slopes) {
  for (double& slope : slopes) slope = 1 - slope;
  return slopes;
}

/// The same statements for each network of the table that the panels do not show; nothing is promised.
void claim_table(Program& program, const std::vector<AtPlace>& all) {
  for (const AtPlace& at : all)
    for (const Measured* m : at.all()) {
      const bool large = m == &at.relu_large || m == &at.tanh_large;
      const bool panel =
          &at == &all.front() && (m == &at.relu_large || m == &at.relu_small || m == &at.deep_leaky);
      if (panel) continue;
      const std::string id = text(m->place.name, ": ", m->name);
      program.claim(contested_claim(
          id + ", slope",
          large ? "From large values the solution does not contract (larger |f'| of the two examples)."
                : "From small values, or deep, it contracts at the examples (larger |f'|).",
          large ? "from 1" : "below 1", m->steepest(), large ? at_least(1) : at_most(1), Band{}, "",
          text("1 less that: ", summary(less_than_one(m->steepest())), "; mean squared error ",
               summary(m->losses()), "; smaller |f'| ", summary(m->flattest()))));
      if (!large)
        program.claim(contested_claim(id + ", iterated", "Any input ends at an example (1000 iterations).",
                                      "any input (here: from 95%)", m->in_the_end(), at_least(95), Band{},
                                      "%", text("after 10: ", summary(m->after_10(), "%"))));
    }
}

// The pictures, and the table.

/// The graph of f beside the diagonal, with the examples as stars, and cobwebs if wanted.
LinePlot panel(const std::string& title, const Measured& m, bool iterated) {
  const Vec<S> x = grid();
  const std::vector<double> points(m.place.points.data(), m.place.points.data() + 2);
  const One& first = m.seeds.front();
  LinePlot plot{.title = title,
                .x_label = iterated ? "x_t" : "x",
                .y_label = iterated ? "x_{t+1} = f(x_t)" : "f(x)",
                .series = {{.name = "identity", .x = {-1, 1}, .y = {-1, 1}, .color = 6, .weight = 0.5}},
                .x_range = Extent{-1, 1},
                .y_range = Extent{-1, 1},
                .square = true};
  plot.series.push_back(
      {.name = "autoencoder f", .x = {x.begin(), x.end()}, .y = first.graph, .color = 0, .weight = 1.3});
  for (std::size_t k = 0; iterated && k < first.orbits.size(); ++k) {
    Series s = cobweb(k == 0 ? "orbits" : "", first.orbits[k]);
    s.color = 2;
    s.weight = 0.6;
    plot.series.push_back(s);
  }
  plot.series.push_back(
      {.name = "training examples", .x = points, .y = points, .style = Series::Style::stars, .color = 1});
  return plot;
}

void draw_panels(Program& program, const Measured& arbitrary, const Measured& flat, const Measured& deep) {
  LinePlot first = panel("arbitrary: " + arbitrary.name, arbitrary, false);
  first.y_range.reset();  // it leaves the square
  Panels<LinePlot> panels{.title = "Figure 1a: three autoencoders that interpolate the same two examples",
                          .plots = {first, panel("shallow: " + flat.name, flat, false),
                                    panel("the shallow one, iterated", flat, true),
                                    panel("deep, iterated: " + deep.name, deep, true)},
                          .columns = 2};
  const auto slopes = [](const Measured& m) {
    return text(number(m.flattest().front()), " and ", number(m.steepest().front()));
  };
  program.draw(
      panels, "figure_1a.png",
      text("The paper's four panels, first seed. Orbits go up or down to the graph of f and across to "
           "the diagonal; where |f'| < 1 at an example they end there. |f'| at the two examples: ",
           slopes(arbitrary), " (arbitrary), ", slopes(flat), " (shallow), ", slopes(deep), " (deep)."));
}

void draw_arrival(Program& program, const std::vector<const Measured*>& networks) {
  LinePlot arrival{
      .title = "Starts on [-1, 1] whose orbits are at an example (within .01), median and range over seeds",
      .x_label = "iterations t",
      .y_label = "starts (%)",
      .series = {},
      .log_x = true,
      .y_range = Extent{-2, 102}};
  for (const Measured* m : networks) {
    Series s = median_line(m->name);
    for (std::size_t k = 1; k < times.size(); ++k)
      add_median(s, static_cast<double>(times[k]), m->arrived(k));
    arrival.series.push_back(s);
  }
  program.draw(arrival, "figure_1a_arrival.png", "The deeper network needs fewer iterations.");
}

void draw_elsewhere(Program& program, const AtPlace& at) {
  Panels<LinePlot> panels{
      .title = "The same networks, examples at " + at.relu_small.place.name, .plots = {}, .columns = 2};
  for (const Measured* m : {&at.relu_small, &at.tanh_small, &at.deep_leaky, &at.deep_tanh})
    panels.plots.push_back(panel(m->name, *m, true));
  program.draw(
      panels, "figure_1a_elsewhere.png",
      "First seed. With both examples on one side of 0 a shallow ReLU network from small values is the "
      "identity between 0 and beyond the examples: nothing attracts.");
}

/// The table of the page.
void write_table(Program& program, const std::vector<AtPlace>& all) {
  std::vector<std::string> place, net;
  std::vector<double> slope, low, high, after_10, after_1000;
  for (const AtPlace& at : all)
    for (const Measured* m : at.all()) {
      place.push_back(m->place.name);
      net.push_back(m->name);
      slope.push_back(median(m->steepest()));
      low.push_back(quantile(m->steepest(), 0));
      high.push_back(quantile(m->steepest(), 1));
      after_10.push_back(median(m->after_10()));
      after_1000.push_back(median(m->in_the_end()));
    }
  if (program.writes())
    CsvTable()
        .add("examples", place)
        .add("network", net)
        .add("slope", slope)
        .add("slope_smallest", low)
        .add("slope_largest", high)
        .add("arrived_10", after_10)
        .add("arrived_1000", after_1000)
        .write(program.options.out / "figure_1a_places.csv");
}

void body(Program& program) {
  const std::vector<AtPlace> all = study(program);
  if (interrupted()) return;
  const AtPlace& first = all.front();
  draw_panels(program, first.relu_large, first.relu_small, first.deep_leaky);
  draw_arrival(program, {&first.relu_large, &first.relu_small, &first.deep_leaky});
  draw_elsewhere(program, all.back());
  claim_panels(program, first);
  claim_table(program, all);
  write_table(program, all);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_1a", "Figure 1a: interpolation, contraction and attraction on a line",
                     {.quick = 5, .full = 100, .over_ranks = true}, argc, argv, body);
}
