// Figure 2 of the paper: a fully connected autoencoder on 100 points of the Swiss roll, iterated from a grid
// of 1000 starts. What the paper leaves open (activation, initial values, optimizer, rates, epsilon) is
// chosen as docs/paper/figure_2.md says. Full mode saves its work in OUT/checkpoints and goes on from there.
#include <cmath>
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
#include "basin/train/initial.hpp"
#include "basin/train/resumable_fit.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/program.hpp"

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

struct Run {
  Mat<S> examples;
  std::vector<double> loss_epochs, losses;  // of the training's history
  double loss = 0;
  Index epochs = 0;
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

/// The trained network; with `folder`, saved there and taken up from there.
Model<FullyConnected<S>> train(const Setting& s, std::uint64_t seed, const std::filesystem::path& folder,
                               Run& r) {
  const FullyConnected<S> net = fully_connected<S>(3, s.width, 10);
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  FitOptions options{.max_epochs = s.max_epochs, .loss_below = s.loss_goal};
  options.schedule = schedule::step_decay(1000, s.decay);
  options.cancelled = interrupted;
  Progress progress(text(s.network, ", seed ", seed, ": training"));
  options.observer = [&](const Epoch& e) {
    progress.update(
        training_fraction(e.loss, 0.2, s.loss_goal, static_cast<double>(e.epoch),
                          static_cast<double>(s.max_epochs)),
        [&] { return text("epoch ", e.epoch, "  loss ", number(e.loss), "  rate ", number(e.rate)); });
  };
  Adam<S> adam({.learning_rate = s.rate});
  FitResult trained;
  if (folder.empty()) {
    trained = fit(f, r.examples, adam, options);
  } else {
    const Checkpoint checkpoint(folder / text("figure_2_seed", seed, ".safetensors"),
                                text("figure 2, ", s.network, ", seed ", seed, ", Adam ", s.rate, " x ",
                                     s.decay, ", loss ", s.loss_goal));
    trained = resumable_fit(f, r.examples, adam, options, checkpoint);
  }
  for (const Epoch& e : trained.history)
    if (e.epoch % 20 == 0) {
      r.loss_epochs.push_back(static_cast<double>(e.epoch));
      r.losses.push_back(e.loss);
    }
  r.loss = trained.loss;
  r.epochs = trained.epochs;
  return f;
}

/// The orbits of the grid. With `folder`, a finished set is saved there and not computed again.
void iterate(const Model<FullyConnected<S>>& f, const Setting& s, std::uint64_t seed,
             const std::filesystem::path& folder, Run& r) {
  const std::filesystem::path place = folder.empty() ? std::filesystem::path("none") : folder;
  const Checkpoint checkpoint(place / text("figure_2_seed", seed, "_orbits.safetensors"),
                              text("figure 2, ", s.network, ", seed ", seed, ", after ", r.epochs,
                                   " epochs, loss ", Checkpoint::exact(r.loss)));
  SafeTensors<S> saved;
  if (!folder.empty() && checkpoint.load(saved)) {
    for (const Index t : times) r.iterates.push_back(checkpoint.matrix(saved, text("t", t), 3, starts));
    r.diverged = checkpoint.count(saved, "diverged");
    r.evaluations = checkpoint.count(saved, "evaluations");
    return;
  }
  OrbitOptions options{.max_steps = times.back(), .tolerance = 1e-6, .bound = 100, .snapshots = times};
  options.cancelled = interrupted;
  Progress progress(text(s.network, ", seed ", seed, ": orbits"));
  options.observer = [&](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  Orbit<S> o = orbit(f, bounding_grid<S>(r.examples, per_side), options);
  r.diverged = o.count(OrbitEnd::diverged);
  for (const Index steps : o.steps) r.evaluations += steps;
  r.iterates = std::move(o.snapshots);
  if (folder.empty() || interrupted()) return;
  SafeTensors<S> content;
  for (std::size_t k = 0; k < times.size(); ++k)
    content.tensors.push_back(Checkpoint::array(text("t", times[k]), r.iterates[k]));
  content.metadata = {{"diverged", std::to_string(r.diverged)},
                      {"evaluations", std::to_string(r.evaluations)}};
  checkpoint.save(std::move(content));
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

void draw_curves(Program& program, const std::vector<Run>& runs) {
  LinePlot arrival{.title = "Starts at a training example, and training examples reached, over seeds",
                   .x_label = "iterations t",
                   .y_label = "starts (% of 1000), examples (% of 100)",
                   .series = {},
                   .log_x = true,
                   .y_range = Extent{-2, 102}};
  const auto add = [&](const std::string& name, const auto& value) {
    Series s{.name = name, .x = {}, .y = {}, .style = Series::Style::line_points, .low = {}, .high = {}};
    for (std::size_t k = 1; k < times.size(); ++k) {
      std::vector<double> values;
      for (const Run& r : runs) values.push_back(value(r, k));
      s.x.push_back(static_cast<double>(times[k]));
      s.y.push_back(median(values));
      s.low.push_back(quantile(values, 0));
      s.high.push_back(quantile(values, 1));
    }
    arrival.series.push_back(s);
  };
  add("starts within 1% of the mean norm",
      [](const Run& r, std::size_t k) { return 100 * r.at_near[k].arrived; });
  add("starts within 5%", [](const Run& r, std::size_t k) { return 100 * r.at_roughly[k].arrived; });
  add("examples reached within 1%",
      [](const Run& r, std::size_t k) { return static_cast<double>(r.at_near[k].distinct); });
  Histogram radii{.title = "Spectral radii of the Jacobians at the training examples, all seeds",
                  .x_label = "spectral radius",
                  .y_label = "examples",
                  .groups = {{"", {}}},
                  .vertical = {{1, "stable below 1"}}};
  LinePlot losses{
      .title = "Training", .x_label = "epoch", .y_label = "mean squared error", .series = {}, .log_y = true};
  for (std::size_t k = 0; k < runs.size(); ++k) {
    for (const ExampleVerdict& e : runs[k].attractors.examples) radii.groups[0].values.push_back(e.radius);
    losses.series.push_back(
        {.name = text("seed ", program.seeds()[k]), .x = runs[k].loss_epochs, .y = runs[k].losses});
  }
  program.draw(arrival, "figure_2_arrival.png", "Medians over the seeds, and their range.");
  program.draw(
      radii, "figure_2_radii.png",
      "Of the Jacobian at the training example itself. A fixed point attracts when it is below 1 there "
      "(Theorem 2).");
  bool any = false;
  for (const Series& s : losses.series) any = any || s.x.size() > 1;
  if (any) program.draw(losses, "figure_2_training.png", "The training loss.");
}

/// What docs/paper/figure_2.md promises.
struct Promise {
  Band loss, stable, arrived, distinct;
};
const Promise quick_promise{at_most(1e-8), at_least(70), at_least(70), at_least(55)};
const Promise full_promise{at_most(1e-6), at_least(50), at_least(60), at_least(40)};

void add_claims(Program& program, const std::vector<Run>& runs) {
  const Promise promise = program.full() ? full_promise : quick_promise;
  const auto collect = [&](const auto& value) {
    std::vector<double> values;
    for (const Run& r : runs) values.push_back(static_cast<double>(value(r)));
    return values;
  };
  const auto percent = [&](std::vector<Recovery> Run::*ladder, Index t) {
    return collect([&](const Run& r) {
      for (std::size_t k = 0; k < times.size(); ++k)
        if (times[k] == t) return 100 * (r.*ladder)[k].arrived;
      return std::nan("");
    });
  };
  program.claim(median_claim("2, interpolation",
                             "The autoencoder was trained to convergence (mean squared error).", "converged",
                             collect([](const Run& r) { return r.loss; }), promise.loss, "",
                             text("epochs: ", summary(collect([](const Run& r) { return r.epochs; })))));
  program.claim(contested_claim(
      "2, attractors",
      "The training examples are attractors: an attracting fixed point lies within 1% of |x|, "
      "and the orbit of x ends there.",
      "all (here: from 95%)", collect([](const Run& r) { return r.attractors.recalled(tolerance); }),
      at_least(95), promise.stable, " of 100", other_counts(attractors_of(runs), tolerance)));
  program.claim(contested_claim(
      "2, orbits",
      "Most of the trajectories converge to training examples (1111 iterations, within 1% of the mean "
      "norm).",
      "most (here: more than half)", percent(&Run::at_near, 1111), at_least(50), promise.arrived, "%",
      text("within 5%: ", summary(percent(&Run::at_roughly, 1111), "%"),
           "; within 1% after 111: ", summary(percent(&Run::at_near, 111), "%"),
           ", after 11: ", summary(percent(&Run::at_near, 11), "%"),
           "; diverged: ", summary(collect([](const Run& r) { return r.diverged; }), " of 1000"))));
  program.claim(guard_claim(
      "2, examples reached", "Different training examples at which orbits end (within 1%).", "many, by eye",
      collect([](const Run& r) { return r.at_near.back().distinct; }), promise.distinct, " of 100"));
  program.note(text("Orbits that have settled are not iterated further: ",
                    summary(collect([](const Run& r) { return r.evaluations / 1000; })),
                    " thousand evaluations of f instead of 1111 thousand."));
}

void body(Program& program) {
  const Setting& s = program.full() ? full_setting : quick_setting;
  const std::filesystem::path folder = program.checkpoints();
  const std::vector<Run> runs = program.over_seeds([&](std::uint64_t seed) { return run(s, seed, folder); });
  program.note_checkpoints("Trained networks and orbits");
  if (runs.empty()) return;
  draw_orbits(program, s, runs.front());
  draw_curves(program, runs);
  add_claims(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_2", "Figure 2: an autoencoder on the Swiss roll, iterated",
                     {.quick = 2, .full = 5, .over_ranks = true}, argc, argv, body);
}
