// Figure 2 of the paper: a fully connected autoencoder on 100 points of the Swiss roll, iterated from a grid
// of 1000 starts. What the paper leaves open (activation, initial values, optimizer, rates, epsilon) is
// chosen as docs/paper/figure_2.md says. Full mode saves its work in OUT/checkpoints and goes on from there.
#include <algorithm>
#include <string>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/grid.hpp"
#include "basin/data/swiss_roll.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"
#include "support/series.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

struct Setting {
  std::string network;
  Index width, max_epochs;
  double rate, decay, loss_goal;  // Adam's rate, times `decay` every 1000 epochs; mean squared error
};
const Setting quick_setting{"10 x 128", 128, 34000, 3e-3, 0.85, 1e-9};
const Setting full_setting{"10 x 512", 512, 12000, 1e-3, 0.8, 1e-9};
constexpr Index points = 100, per_side = 10, starts = per_side * per_side * per_side;
constexpr double tolerance = 0.01;  // an example's fixed point lies within this times |x|
constexpr double near = 0.01,
                 roughly = 0.05;  // an orbit is at an example: times the mean norm of the examples
const std::vector<Index> times = {0, 1, 2, 5, 11, 20, 50, 111, 200, 500, 1111};
const std::vector<Index> shown = {0, 11, 111, 1111};  // the paper's four pictures

// The study: trains, iterates, measures.

/// What came out of one seed.
struct Run {
  Mat<S> examples;
  FitResult training;
  Attractors attractors;  // what there is at the examples
  Index diverged = 0, evaluations = 0;
  std::vector<Mat<S>> iterates;  // at `times`
  std::vector<Recovery> at_near, at_roughly;
};

/// The points of the roll, divided by the largest coordinate.
Mat<S> examples_of(std::uint64_t seed) {
  const Mat<double> X = swiss_roll<double>(points, static_cast<std::uint32_t>(seed)).X;
  return (X / X.cwiseAbs().maxCoeff()).cast<S>();
}

/// With `folder`, the trained network is saved there and taken up from there.
Model<FullyConnected<S>> train(const Setting& s, std::uint64_t seed, const std::filesystem::path& folder,
                               Run& r) {
  const FullyConnected<S> net = fully_connected<S>(3, s.width, 10);
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  FitOptions options{.max_epochs = s.max_epochs, .loss_below = s.loss_goal};
  options.schedule = schedule::step_decay(1000, s.decay);
  const auto kept = kept_in(folder, text("figure_2_seed", seed, ".safetensors"),
                            text("figure 2, ", s.network, ", seed ", seed, ", Adam ", s.rate, " x ", s.decay,
                                 ", loss ", s.loss_goal));
  Adam<S> adam({.learning_rate = s.rate});
  r.training =
      fit_with_progress(f, r.examples, adam, options, text(s.network, ", seed ", seed, ": training"), kept);
  return f;
}

/// The orbits in a file, if they are there.
bool load_orbits(const Checkpoint& checkpoint, Run& r) {
  SafeTensors<S> saved;
  if (!checkpoint.load(saved)) return false;
  for (const Index t : times) r.iterates.push_back(checkpoint.matrix(saved, text("t", t), 3, starts));
  r.diverged = checkpoint.count(saved, "diverged");
  r.evaluations = checkpoint.count(saved, "evaluations");
  return true;
}
void save_orbits(const Checkpoint& checkpoint, const Run& r) {
  SafeTensors<S> content;
  for (std::size_t k = 0; k < times.size(); ++k)
    content.tensors.push_back(Checkpoint::array(text("t", times[k]), r.iterates[k]));
  content.metadata = {{"diverged", std::to_string(r.diverged)},
                      {"evaluations", std::to_string(r.evaluations)}};
  checkpoint.save(std::move(content));
}

/// The orbits of the grid. With `folder`, a finished set is saved there and not computed again.
void iterate(const Model<FullyConnected<S>>& f, const Setting& s, std::uint64_t seed,
             const std::filesystem::path& folder, Run& r) {
  const auto kept = kept_in(folder, text("figure_2_seed", seed, "_orbits.safetensors"),
                            text("figure 2, ", s.network, ", seed ", seed, ", after ", r.training.epochs,
                                 " epochs, loss ", Checkpoint::exact(r.training.loss)));
  if (kept && load_orbits(*kept, r)) return;
  Orbit<S> o =
      orbit_with_progress(f, bounding_grid<S>(r.examples, per_side),
                          {.max_steps = times.back(), .tolerance = 1e-6, .bound = 100, .snapshots = times},
                          text(s.network, ", seed ", seed, ": orbits"));
  r.diverged = o.count(OrbitEnd::diverged);
  for (const Index steps : o.steps) r.evaluations += steps;
  r.iterates = std::move(o.snapshots);
  if (kept && !interrupted()) save_orbits(*kept, r);
}

Run run(const Setting& s, std::uint64_t seed, const std::filesystem::path& folder) {
  Run r;
  r.examples = examples_of(seed);
  const Model<FullyConnected<S>> f = train(s, seed, folder, r);
  if (interrupted()) return r;
  r.attractors = attractors(f, r.examples, tolerance, text(s.network, ", seed ", seed));
  iterate(f, s, seed, folder, r);
  if (interrupted()) return r;
  const double unit = mean_norm(r.examples);
  for (const Mat<S>& x : r.iterates) {
    const std::vector<Recovery> ladder = recovery(x, r.examples, {near * unit, roughly * unit});
    r.at_near.push_back(ladder[0]);
    r.at_roughly.push_back(ladder[1]);
  }
  return r;
}

// The claims.

/// What docs/paper/figure_2.md promises.
struct Promise {
  Band loss, stable, arrived, distinct;
};
const Promise quick_promise{at_most(1e-8), at_least(70), at_least(70), at_least(55)};
const Promise full_promise{at_most(1e-6), at_least(50), at_least(60), at_least(40)};

const Promise& promised(const Program& program) { return program.full() ? full_promise : quick_promise; }

/// Percent of the starts that have arrived at time t, in each run.
std::vector<double> percent(const std::vector<Run>& runs, std::vector<Recovery> Run::*ladder, Index t) {
  const auto k = static_cast<std::size_t>(std::find(times.begin(), times.end(), t) - times.begin());
  return of_each(runs, [=](const Run& r) { return 100 * (r.*ladder)[k].arrived; });
}

void claim_attractors(Program& program, const std::vector<Run>& runs) {
  const Promise& promise = promised(program);
  program.claim(
      median_claim("2, interpolation", "The autoencoder was trained to convergence (mean squared error).",
                   "converged", of_each(runs, [](const Run& r) { return r.training.loss; }), promise.loss, "",
                   text("epochs: ", summary(of_each(runs, [](const Run& r) { return r.training.epochs; })))));
  program.claim(contested_claim(
      "2, attractors",
      "The training examples are attractors: an attracting fixed point lies within 1% of |x|, "
      "and the orbit of x ends there.",
      "all (here: from 95%)", of_each(runs, [](const Run& r) { return r.attractors.recalled(tolerance); }),
      at_least(95), promise.stable, " of 100", other_counts(attractors_of(runs), tolerance)));
}

void claim_orbits(Program& program, const std::vector<Run>& runs) {
  const Promise& promise = promised(program);
  program.claim(contested_claim(
      "2, orbits",
      "Most of the trajectories converge to training examples (1111 iterations, within 1% of the mean "
      "norm).",
      "most (here: more than half)", percent(runs, &Run::at_near, 1111), at_least(50), promise.arrived, "%",
      text("within 5%: ", summary(percent(runs, &Run::at_roughly, 1111), "%"),
           "; within 1% after 111: ", summary(percent(runs, &Run::at_near, 111), "%"),
           ", after 11: ", summary(percent(runs, &Run::at_near, 11), "%"),
           "; diverged: ", summary(of_each(runs, [](const Run& r) { return r.diverged; }), " of 1000"))));
  program.claim(guard_claim(
      "2, examples reached", "Different training examples at which orbits end (within 1%).", "many, by eye",
      of_each(runs, [](const Run& r) { return r.at_near.back().distinct; }), promise.distinct, " of 100"));
  program.note(text("Orbits that have settled are not iterated further: ",
                    summary(of_each(runs, [](const Run& r) { return r.evaluations / 1000; })),
                    " thousand evaluations of f instead of 1111 thousand."));
}

// The pictures.

SpacePlot::Group group(const std::string& name, const Mat<S>& X, std::size_t color, double size) {
  SpacePlot::Group g{.name = name, .x = {}, .y = {}, .z = {}, .color = color, .size = size};
  for (Index i = 0; i < X.cols(); ++i) {
    g.x.push_back(static_cast<double>(X(0, i)));
    g.y.push_back(static_cast<double>(X(1, i)));
    g.z.push_back(static_cast<double>(X(2, i)));
  }
  return g;
}

void draw_orbits(Program& program, const Setting& s, const Run& r) {
  const auto range = [&](Index row) {
    const auto low = static_cast<double>(r.examples.row(row).minCoeff()),
               high = static_cast<double>(r.examples.row(row).maxCoeff()), edge = 0.08 * (high - low);
    return Extent{low - edge, high + edge};
  };
  Panels<SpacePlot> panels{
      .title = text("Figure 2: ", s.network, " on 100 points of the Swiss roll, 1000 starts"),
      .plots = {},
      .columns = 4,
      .width = 1900,
      .height = 560};
  for (std::size_t k = 0; k < times.size(); ++k)
    for (const Index t : shown)
      if (times[k] == t)
        panels.plots.push_back({.title = t == 0 ? "starts" : text("after ", t, " iterations"),
                                .x_label = "x",
                                .y_label = "y",
                                .z_label = "z",
                                .groups = {group("training examples", r.examples, 1, 1.9),
                                           group("orbits", r.iterates[k], 2, 0.8)},
                                .x_range = range(0),
                                .y_range = range(1),
                                .z_range = range(2),
                                .tilt = 78,
                                .turn = 10});
  program.draw(panels, "figure_2.png",
               "The grid of starts and its iterates (green) with the training examples (red), first seed. A "
               "green point in a "
               "red one has arrived.");
}

void draw_arrival(Program& program, const std::vector<Run>& runs) {
  LinePlot arrival{.title = "Starts at a training example, and training examples reached, over seeds",
                   .x_label = "iterations t",
                   .y_label = "starts (% of 1000), examples (% of 100)",
                   .series = {},
                   .log_x = true,
                   .y_range = Extent{-2, 102}};
  const auto add = [&](const std::string& name, const auto& value) {
    Series s = median_line(name);
    for (std::size_t k = 1; k < times.size(); ++k)
      add_median(s, static_cast<double>(times[k]), of_each(runs, [&](const Run& r) { return value(r, k); }));
    arrival.series.push_back(s);
  };
  add("starts within 1% of the mean norm",
      [](const Run& r, std::size_t k) { return 100 * r.at_near[k].arrived; });
  add("starts within 5%", [](const Run& r, std::size_t k) { return 100 * r.at_roughly[k].arrived; });
  add("examples reached within 1%",
      [](const Run& r, std::size_t k) { return static_cast<double>(r.at_near[k].distinct); });
  program.draw(arrival, "figure_2_arrival.png", "Medians over the seeds, and their range.");
}

void draw_radii(Program& program, const std::vector<Run>& runs) {
  Histogram radii{.title = "Spectral radii of the Jacobians at the training examples, all seeds",
                  .x_label = "spectral radius",
                  .y_label = "examples",
                  .groups = {{"", {}}},
                  .vertical = {{1, "stable below 1"}}};
  for (const Run& r : runs)
    for (const ExampleVerdict& e : r.attractors.examples) radii.groups[0].values.push_back(e.radius);
  program.draw(
      radii, "figure_2_radii.png",
      "Of the Jacobian at the training example itself. A fixed point attracts when it is below 1 there "
      "(Theorem 2).");
}

void draw_training(Program& program, const std::vector<Run>& runs) {
  LinePlot losses{
      .title = "Training", .x_label = "epoch", .y_label = "mean squared error", .series = {}, .log_y = true};
  for (std::size_t k = 0; k < runs.size(); ++k)
    losses.series.push_back(loss_series(text("seed ", program.seeds()[k]), runs[k].training.history, 20));
  const bool any =
      std::any_of(losses.series.begin(), losses.series.end(), [](const Series& s) { return s.x.size() > 1; });
  if (any) program.draw(losses, "figure_2_training.png", "The training loss.");
}

void body(Program& program) {
  const Setting& s = program.full() ? full_setting : quick_setting;
  const std::filesystem::path folder = program.checkpoints();
  const std::vector<Run> runs = program.over_seeds([&](std::uint64_t seed) { return run(s, seed, folder); });
  program.note_checkpoints("Trained networks and orbits");
  if (runs.empty()) return;
  draw_orbits(program, s, runs.front());
  draw_arrival(program, runs);
  draw_radii(program, runs);
  draw_training(program, runs);
  claim_attractors(program, runs);
  claim_orbits(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_2", "Figure 2: an autoencoder on the Swiss roll, iterated",
                     {.quick = 2, .full = 5, .over_ranks = true}, argc, argv, body);
}
