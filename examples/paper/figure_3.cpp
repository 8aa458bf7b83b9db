// Figure 3 of the paper: fully connected autoencoders on images, iterated. (a) 7 x 128 on 100 images, whose
// orbits end at training images; (b) 14 x 128 on 20 images, "superattractors". What the paper leaves open
// (activation, initial values, optimizer, rates, epsilon) is chosen as docs/paper/figure_3.md says.
#include <cmath>
#include <string>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/history_table.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/program.hpp"
#include "support/series.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

/// One of the figure's two networks and how it is trained and iterated.
struct Setting {
  std::string id, network;
  Index hidden, examples, steps;
  double rate, decay;  // Adam's rate, times `decay` every 1000 epochs
};
const Setting setting_a{"3a", "7 x 128 on 100 images", 7, 100, 1000, 2e-3, 0.85};
const Setting setting_b{"3b", "14 x 128 on 20 images", 14, 20, 111, 3e-3, 0.8};
constexpr Index starts = 200;       // unseen images, and as many of noise
constexpr double loss_goal = 1e-8;  // mean squared error, pixels from 0 to 1
constexpr double near = 0.05;  // an orbit is at an example within this times the mean norm of the examples
constexpr double tolerance = 0.01;  // an example's fixed point lies within this times |x|
const std::vector<Index> times = {0, 1, 2, 3, 5, 11, 20, 50, 111, 200, 500, 1000};
const std::vector<Index> shown = {0, 1, 2, 11, 111, 1000};

// The study: trains, iterates, measures.

/// Starts of one kind, where their orbits were at `times`, and the fraction at an example by then.
struct Starts {
  Orbit<S> orbit;
  std::vector<double> arrived, recovered;
  double arrived_at(Index t) const {
    for (std::size_t i = 0; i < arrived.size(); ++i)
      if (times[i] == t) return arrived[i];
    return std::nan("");
  }
};

/// What came out of one network of one seed.
struct Run {
  Mat<S> examples;
  FitResult training;
  Attractors attractors;  // what there is at the examples
  Starts images, noise;
  Index distinct = 0;  // examples at which an unseen image ends
};

Starts iterate(const Model<FullyConnected<S>>& f, const Mat<S>& x0, const Mat<S>& examples, const Setting& s,
               const std::string& what) {
  OrbitOptions options{.max_steps = s.steps, .tolerance = 1e-5};
  for (const Index t : times)
    if (t <= s.steps) options.snapshots.push_back(t);
  Starts result{orbit_with_progress(f, x0, options, what), {}, {}};
  for (const Mat<S>& x : result.orbit.snapshots) {
    const Recovery r = recovery(x, examples, {near * mean_norm(examples)}).front();
    result.arrived.push_back(r.arrived);
    result.recovered.push_back(r.recovered);
  }
  return result;
}

Run run(const Setting& s, const ImageData& data, std::uint64_t seed) {
  Run r;
  const std::string what = text(s.id, ", seed ", seed);
  r.examples = choose_images<S>(data.train, s.examples, seed);
  const FullyConnected<S> net = fully_connected<S>(data.train.shape.size(), 128, s.hidden);
  Random random(seed);
  Model f(net, initial_values(net, initial::pytorch_default(), random));
  FitOptions options{.max_epochs = 20000, .loss_below = loss_goal};
  options.schedule = schedule::step_decay(1000, s.decay);
  Adam<S> adam({.learning_rate = s.rate});
  r.training = fit_with_progress(f, r.examples, adam, options, what + ": training");
  r.attractors = attractors(f, r.examples, tolerance, what);
  if (interrupted()) return r;
  r.images = iterate(f, choose_images<S>(data.test, starts, seed), r.examples, s,
                     what + ": orbits of unseen images");
  r.noise = iterate(f, normal_starts<S>(data.train.shape.size(), starts, random), r.examples, s,
                    what + ": orbits of noise");
  r.distinct = recovery(r.images.orbit.x, r.examples, {near * mean_norm(r.examples)}).front().distinct;
  return r;
}

// The claims.

/// Percent of the starts of one kind that have arrived at time t, in each run.
std::vector<double> percent(const std::vector<Run>& runs, const Starts Run::*which, Index t) {
  return of_each(runs, [=](const Run& r) { return 100 * (r.*which).arrived_at(t); });
}

/// What docs/paper/figure_3.md promises of attracting examples and of arrived starts, in percent, for the
/// data it has measured.
struct Promise {
  Band stable, arrived;
};
std::vector<Promise> promises_for(const std::string& data) {
  if (data == "MNIST") return {{at_least(40), at_least(60)}, {at_least(60), at_least(70)}};
  if (data == "Fashion-MNIST") return {{at_least(45), at_least(50)}, {at_least(50), at_least(55)}};
  return {{Band{}, Band{}}, {Band{}, Band{}}};  // images that nobody has measured: nothing is promised
}

void claim_network(Program& program, const Setting& s, const std::vector<Run>& runs, const Promise& promise) {
  program.claim(median_claim(
      s.id + ", interpolation", "The autoencoder was trained to convergence (mean squared error).",
      "converged", of_each(runs, [](const Run& r) { return r.training.loss; }), at_most(loss_goal)));
  const Band nearly_all = at_least(95);
  program.claim(contested_claim(s.id + ", attractors",
                                "The training images are attractors: an attracting fixed point lies within "
                                "1% of |x|, and the orbit of x "
                                "ends there.",
                                "all (here: from 95%)", percent_recalled(attractors_of(runs), tolerance),
                                nearly_all, promise.stable, "%",
                                other_counts(attractors_of(runs), tolerance)));
  program.claim(
      contested_claim(s.id + ", unseen images",
                      text("Orbits of unseen images end at a training image (", s.steps,
                           " iterations, within 5% of the mean norm)."),
                      "almost exclusively (here: from 95%)", percent(runs, &Run::images, s.steps), nearly_all,
                      promise.arrived, "%",
                      text("they end at ", summary(of_each(runs, [](const Run& r) { return r.distinct; })),
                           " different training images")));
  program.claim(contested_claim(
      s.id + ", noise", text("Orbits of N(0, 1) noise end at a training image (", s.steps, " iterations)."),
      "arbitrary images (here: from 95%)", percent(runs, &Run::noise, s.steps), nearly_all, promise.arrived,
      "%"));
}

void claim_superattractors(Program& program, const std::vector<Run>& runs) {
  program.claim(contested_claim(
      "3b, superattractors", "One step takes an arbitrary image directly to a training image.",
      "all (here: from 75%)", percent(runs, &Run::images, 1), at_least(75), Band{5, 45}, "%",
      "within 5% of the mean norm; the paper's picture does not come out"));
}

// The pictures.

/// The orbits of a few starts as rows of images: the start, some iterates, and the training image nearest to
/// the end.
void draw_orbits(Program& program, const Setting& s, const ImageData& data, const Run& r) {
  std::vector<std::string> columns;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < r.images.orbit.snapshots.size(); ++i)
    for (const Index t : shown)
      if (times[i] == t) {
        chosen.push_back(i);
        columns.push_back(t == 0 ? "start" : std::to_string(t));
      }
  columns.push_back("nearest\ntraining image");
  ImageTable table(text("Figure ", s.id, ": ", s.network, " of ", data.name), data.train.shape, columns);
  const auto add_rows = [&](const Starts& from, Index count, const std::string& label) {
    const NearestExamples n = nearest(from.orbit.x, r.examples);
    const double arrived = near * mean_norm(r.examples);
    for (Index j = 0; j < count; ++j) {
      Mat<S> row(data.train.shape.size(), static_cast<Index>(columns.size()));
      for (std::size_t c = 0; c < chosen.size(); ++c)
        row.col(static_cast<Index>(c)) = from.orbit.snapshots[chosen[c]].col(j);
      row.rightCols(1) = r.examples.col(n.index[static_cast<std::size_t>(j)]);
      table.add_row(n.distance[static_cast<std::size_t>(j)] < arrived ? label : label + "*", row);
    }
  };
  add_rows(r.images, 6, "unseen");
  add_rows(r.noise, 3, "noise");
  program.draw(table, text("figure_", s.id, ".png"),
               text("Orbits of six unseen images and of three images of N(0, 1) noise: the start, its "
                    "iterates after so many "
                    "steps, and the training image nearest to the last one. A star marks orbits that are not "
                    "at a training image "
                    "(within 5% of the mean norm) in the end."));
}

/// How fast orbits reach the examples.
void draw_arrival(Program& program, const std::vector<Setting>& settings,
                  const std::vector<std::vector<Run>>& runs) {
  LinePlot arrival{
      .title = "Orbits that are at a training image (within 5% of the mean norm), median over seeds",
      .x_label = "iterations t",
      .y_label = "fraction of starts; R_t: of training images",
      .series = {},
      .log_x = true};
  for (std::size_t k = 0; k < settings.size(); ++k) {
    const auto add = [&](const std::string& kind, const Starts Run::*which,
                         const std::vector<double> Starts::*series) {
      Series line{
          .name = settings[k].id + ", " + kind, .x = {}, .y = {}, .style = Series::Style::line_points};
      for (std::size_t i = 1; i < ((runs[k].front().*which).*series).size(); ++i) {
        line.x.push_back(static_cast<double>(times[i]));
        line.y.push_back(median(of_each(runs[k], [&](const Run& r) { return ((r.*which).*series)[i]; })));
      }
      arrival.series.push_back(line);
    };
    add("unseen images", &Run::images, &Starts::arrived);
    add("noise", &Run::noise, &Starts::arrived);
    add("R_t (training images reached by unseen ones)", &Run::images, &Starts::recovered);
  }
  program.draw(arrival, "figure_3_arrival.png",
               "How many orbits have arrived at a training image after t steps.");
}

/// How attracting the examples are.
void draw_radii(Program& program, const std::vector<Setting>& settings,
                const std::vector<std::vector<Run>>& runs) {
  Histogram radii{.title = "Spectral radii of the Jacobians at the training images, all seeds",
                  .x_label = "spectral radius",
                  .y_label = "training images",
                  .groups = {},
                  .vertical = {{1, "stable below 1"}}};
  for (std::size_t k = 0; k < settings.size(); ++k) {
    Histogram::Group group{settings[k].id + ", " + settings[k].network, {}};
    for (const Run& r : runs[k])
      for (const ExampleVerdict& e : r.attractors.examples) group.values.push_back(e.radius);
    radii.groups.push_back(group);
  }
  program.draw(
      radii, "figure_3_radii.png",
      "Of the Jacobian at the training image itself. A fixed point attracts when it is below 1 there "
      "(Theorem 2).");
}

void draw_training(Program& program, const std::vector<Setting>& settings,
                   const std::vector<std::vector<Run>>& runs) {
  LinePlot losses{.title = "Training, first seed",
                  .x_label = "epoch",
                  .y_label = "mean squared error",
                  .series = {},
                  .log_y = true};
  for (std::size_t k = 0; k < settings.size(); ++k)
    losses.series.push_back(
        loss_series(settings[k].id + ", " + settings[k].network, runs[k].front().training.history));
  program.draw(losses, "figure_3_training.png", "The training loss, down to 1e-8.");
}

void body(Program& program) {
  const ImageData data = program.images();
  const std::vector<Setting> settings = {setting_a, setting_b};
  const std::vector<Promise> promises = promises_for(data.name);
  const std::vector<std::vector<Run>> runs = program.over_settings(
      settings.size(), [&](std::size_t k, std::uint64_t seed) { return run(settings[k], data, seed); });
  if (runs[0].empty()) return;  // interrupted before anything was finished
  for (std::size_t k = 0; k < settings.size() && !runs[k].empty(); ++k) {
    draw_orbits(program, settings[k], data, runs[k].front());
    claim_network(program, settings[k], runs[k], promises[k]);
    if (!program.writes()) continue;
    history_table(runs[k].front().training.history)
        .write(program.options.out / text("figure_", settings[k].id, "_training.csv"));
  }
  if (runs[1].empty()) return;
  draw_arrival(program, settings, runs);
  draw_radii(program, settings, runs);
  draw_training(program, settings, runs);
  claim_superattractors(program, runs[1]);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_3", "Figure 3: autoencoders on images, iterated",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
