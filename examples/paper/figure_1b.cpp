// Figure 1b of the paper: a U-Net trained on one image for 2000 iterations, then fed white squares, noise and
// new images, once and iterated. What the paper leaves open (resolutions, channels, activation, initial
// values, optimizer and rate) is chosen as docs/paper/figure_1b.md says, and varied. Full mode saves its work
// in OUT/checkpoints and goes on from there.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/u_net.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/leading.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"
#include "support/series.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

struct Setting {
  std::string id, name;
  int levels;
  bool skips;
  double rate;  // Adam's
};
/// The first is the paper's, as we read it; quick mode leaves out the last.
const std::vector<Setting> settings = {{"1b", "U-Net", 5, true, 1e-4},
                                       {"1b, no skips", "without skips", 5, false, 1e-4},
                                       {"1b, shallow", "three resolutions", 3, true, 1e-4},
                                       {"1b, fast", "rate 1e-3", 5, true, 1e-3}};
constexpr Index iterations = 2000, eigenvalues = 10;
const std::array<std::string, 3> kinds = {"white squares", "N(0, 1) noise", "new images"};
const std::vector<Index> times = {0, 1, 2, 3, 5, 10, 20, 30, 50, 100};
const std::vector<Index> shown = {0, 1, 2, 5, 10, 100};
constexpr double near = 0.1;  // an orbit is at the training image: times its norm

/// Channels at full resolution, and starts of each kind.
struct Size {
  Index channels, starts;
};
Size size_of(const Program& program) { return program.full() ? Size{64, 50} : Size{16, 12}; }

// The study: trains, measures, iterates.

/// What came out of one training.
struct Run {
  Mat<S> x;  // the training image
  FitResult training;
  double residual = 0;                           // |f(x) - x| / |x|
  std::array<double, 3> gain_before, gain = {};  // median |f(z) - f(x)| / |z - x| of each kind of start z
  std::vector<Mat<S>> iterates;                  // at `times`, kind after kind
  Mat<double> distances;                         // |iterate - x| / |x|, starts x times
  std::vector<double> moduli;                    // of the leading eigenvalues of the Jacobian at x
  double eigenvalue_residual = 0;                // largest |J v - lambda v| / |v|
  Index diverged = 0;

  /// The distances of the starts of one kind at time t.
  std::vector<double> at(std::size_t kind, Index t) const {
    const Index k = std::find(times.begin(), times.end(), t) - times.begin(), n = distances.rows() / 3;
    const Vec<double> d = distances.col(k).segment(static_cast<Index>(kind) * n, n);
    return {d.begin(), d.end()};
  }
  /// Percent of them that are at the training image.
  double arrived(std::size_t kind, Index t) const {
    const std::vector<double> d = at(kind, t);
    return 100. * static_cast<double>(std::count_if(d.begin(), d.end(), [](double v) { return v < near; })) /
           static_cast<double>(d.size());
  }
};

template <Layer F>
std::array<double, 3> gains(const Model<F>& f, const Mat<S>& x, const Mat<S>& starts) {
  const Mat<S> fx = f(x), y = f(starts);
  std::array<double, 3> result{};
  const Index n = starts.cols() / 3;
  for (Index k = 0; k < 3; ++k) {
    std::vector<double> of_kind;
    for (Index j = k * n; j < (k + 1) * n; ++j)
      of_kind.push_back(
          static_cast<double>((y.col(j) - fx.col(0)).norm() / (starts.col(j) - x.col(0)).norm()));
    result[static_cast<std::size_t>(k)] = median(of_kind);
  }
  return result;
}

/// Starts, kind after kind.
Mat<S> draw_starts(const Size& size, const ImageData& data, std::uint64_t seed, Random& random) {
  const Shape& shape = data.train.shape;
  const Index n = std::min(size.starts, data.test.count());
  Mat<S> starts(shape.size(), 3 * n);
  starts << square_starts<S>(shape, n, random), normal_starts<S>(shape.size(), n, random),
      choose_images<S>(data.test, n, seed);
  return starts;
}

/// The orbits of the starts. Their distances are missing when it is interrupted.
template <Layer F>
void iterate(Run& r, const Model<F>& f, const Mat<S>& starts) {
  const double norm = static_cast<double>(r.x.norm());
  OrbitOptions options{
      .max_steps = times.back(), .tolerance = 1e-5 * norm, .bound = 1e3 * norm, .snapshots = times};
  options.cancelled = interrupted;
  Orbit<S> o = orbit(f, starts, options);
  if (interrupted()) return;
  r.diverged = o.count(OrbitEnd::diverged);
  r.distances.resize(starts.cols(), static_cast<Index>(times.size()));
  for (std::size_t k = 0; k < times.size(); ++k)
    r.distances.col(static_cast<Index>(k)) = distances(o.snapshots[k], r.x) / norm;
  r.iterates = std::move(o.snapshots);
}

template <Layer F>
void inspect(Run& r, const Model<F>& f) {
  const Leading leading = leading_eigenvalues(f, r.x.col(0), eigenvalues, {.tolerance = 1e-5});
  for (const auto& value : leading.values) r.moduli.push_back(std::abs(value));
  if (leading.converged) r.eigenvalue_residual = largest_of(leading.residuals);
}

/// With `folder`, the training is kept there and taken up from there. When it is interrupted, what it returns
/// is of no use.
template <int Levels, int Skips>
Run run(const Setting& s, const Size& size, const ImageData& data, std::uint64_t seed,
        const std::filesystem::path& folder) {
  Random random(seed);
  Run r;
  r.x = choose_images<S>(data.train, 1, seed);
  const UNet<S, Levels, Skips> net = u_net<S, Levels, Skips>(data.train.shape, size.channels);
  Model f(net, initial_values(net, initial::pytorch_default(), random));
  const Mat<S> starts = draw_starts(size, data, seed, random);
  r.gain_before = gains(f, r.x, starts);
  const auto kept =
      kept_in(folder, text("figure_1b_", Levels, "_", Skips, "_", s.rate, "_seed", seed, ".safetensors"),
              text("figure 1b, ", iterations, " iterations, ", size.channels, " channels, seed ", seed, ", ",
                   data.description));
  Adam<S> adam({.learning_rate = s.rate});
  r.training = fit_with_progress(f, r.x, adam, {.max_epochs = iterations},
                                 text("1b, ", s.name, ", seed ", seed, ": training"), kept);
  if (interrupted()) return r;
  r.residual = static_cast<double>((f(r.x) - r.x).norm()) / static_cast<double>(r.x.norm());
  r.gain = gains(f, r.x, starts);
  iterate(r, f, starts);
  if (!interrupted()) inspect(r, f);
  return r;
}

Run run(const Setting& s, const Size& size, const ImageData& data, std::uint64_t seed,
        const std::filesystem::path& folder) {
  if (s.levels == 3) return run<3, 2>(s, size, data, seed, folder);
  return s.skips ? run<5, 4>(s, size, data, seed, folder) : run<5, 0>(s, size, data, seed, folder);
}

using Runs = std::vector<std::vector<Run>>;  // of the first settings, over the seeds

/// The first `count` settings, those trainings that were finished. Every other seed is enough for what the
/// first is only compared with.
Runs run_all(Program& program, std::size_t count, const ImageData& data) {
  const Size size = size_of(program);
  struct Cell {
    std::size_t setting;
    std::uint64_t seed;
  };
  std::vector<Cell> cells;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < program.seeds().size(); ++i)
    for (std::size_t k = 0; k < count; ++k) {
      if (k > 0 && i % 2 > 0) continue;
      cells.push_back({k, program.seeds()[i]});
      names.push_back(text(settings[k].name, ", ", settings[k].id, ", seed ", program.seeds()[i]));
    }
  std::vector<std::optional<Run>> found = program.tasks(names, [&](std::size_t c) {
    return run(settings[cells[c].setting], size, data, cells[c].seed, program.checkpoints());
  });
  Runs runs(count);
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (found[c]) runs[cells[c].setting].push_back(std::move(*found[c]));
  return runs;
}

// The claims. docs/paper/figure_1b.md promises nothing of them until they are measured on the embedded
// photos.

void claim_training(Program& program, const Setting& s, const std::vector<Run>& runs) {
  program.claim(median_claim(
      s.id + ", training", text("The loss after 2000 iterations (mean squared error; ", s.name, ")."),
      "not given", of_each(runs, [](const Run& r) { return r.training.loss; }), Band{}, "",
      text("|f(x) - x| / |x|: ", summary(of_each(runs, [](const Run& r) { return r.residual; })))));
}

/// The median distance of one kind of starts at time t, in each run.
std::vector<double> distances_at(const std::vector<Run>& runs, std::size_t kind, Index t) {
  return of_each(runs, [=](const Run& r) { return median(r.at(kind, t)); });
}

void claim_orbits(Program& program, const Setting& s, const std::vector<Run>& runs, std::size_t kind) {
  program.claim(contested_claim(
      text(s.id, ", ", kinds[kind], ", one step"),
      text("Fed ", kinds[kind],
           ", the function contracts to the training image (median distance of the output to "
           "it, relative to its norm)."),
      "the training image, by eye (here: up to 0.2)", distances_at(runs, kind, 1), at_most(0.2), Band{}, "",
      text("inputs: ", summary(distances_at(runs, kind, 0)), "; |f(z) - f(x)| / |z - x|, median: ",
           summary(of_each(runs, [=](const Run& r) { return r.gain[kind]; })),
           ", untrained: ", summary(of_each(runs, [=](const Run& r) { return r.gain_before[kind]; })))));
  program.claim(contested_claim(
      text(s.id, ", ", kinds[kind], ", iterated"),
      "Iterated 100 times, it is at the training image (within 10% of its norm).", "all (here: from 95%)",
      of_each(runs, [=](const Run& r) { return r.arrived(kind, 100); }), at_least(95), Band{}, "%",
      text("within 10% after 10 steps: ",
           summary(of_each(runs, [=](const Run& r) { return r.arrived(kind, 10); }), "%"),
           "; median distance after 100: ", summary(distances_at(runs, kind, 100)))));
}

void claim_attractor(Program& program, const Setting& s, const std::vector<Run>& runs) {
  program.claim(contested_claim(
      s.id + ", attractor",
      "The training image is an attractor: the spectral radius of the Jacobian is below 1.", "below 1",
      of_each(runs, [](const Run& r) { return r.moduli.empty() ? std::nan("") : r.moduli.front(); }),
      at_most(1), Band{}, "",
      text("residuals of the eigenvalues up to ",
           number(largest_of(of_each(runs, [](const Run& r) { return r.eigenvalue_residual; }))),
           "; diverged: ",
           summary(of_each(runs, [](const Run& r) { return r.diverged; }),
                   text(" of ", runs[0].distances.rows())))));
}

/// Theorem 2 seen from both sides: what attracts, and where orbits end.
void claim_criterion(Program& program, const Runs& runs) {
  int agree = 0, networks = 0;
  for (const std::vector<Run>& of_setting : runs)
    for (const Run& r : of_setting) {
      const bool attracts = !r.moduli.empty() && r.moduli.front() < 1;
      const bool all = r.arrived(0, 100) + r.arrived(1, 100) + r.arrived(2, 100) > 299.9;
      agree += attracts == all ? 1 : 0;
      ++networks;
    }
  program.claim(contested_claim("1b, criterion",
                                "All orbits end at the training image if, and only if, the spectral radius "
                                "there is below 1 (trained networks of which "
                                "this is so).",
                                "all", {100. * agree / networks}, at_least(100), at_least(75), "%",
                                text(networks, " networks")));
}

// The pictures.

/// Noise from -3 (black) to 3 (white), for the eye.
Mat<S> visible(const Mat<S>& x, std::size_t kind) {
  return kind == 1 ? Mat<S>((x.array() / 6 + 0.5f).matrix()) : x;
}

/// The paper's picture: the training image, and inputs and outputs side by side.
void draw_outputs(Program& program, const Setting& s, const Size& size, const ImageData& data, const Run& r,
                  const std::string& file) {
  constexpr Index pairs = 4;
  std::vector<std::string> columns = {"training image"};
  for (Index j = 0; j < pairs; ++j) columns.insert(columns.end(), {"input", "output"});
  ImageTable table(text("Figure 1b: ", s.name, ", trained on one image of ", data.name), data.train.shape,
                   columns);
  const Index n = r.distances.rows() / 3;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    Mat<S> row(r.x.rows(), 2 * pairs + 1);
    row.col(0) = r.x;
    for (Index j = 0; j < pairs; ++j) {
      const Index start = static_cast<Index>(kind) * n + j;
      row.col(1 + 2 * j) = visible(r.iterates[0].col(start), kind);
      row.col(2 + 2 * j) = r.iterates[1].col(start);
    }
    table.add_row(kinds[kind], row);
  }
  program.draw(table, file,
               text("One step from four white squares, four images of N(0, 1) noise (shown from -3, black, "
                    "to 3, white) "
                    "and four new images, first seed; ",
                    size.channels, " channels at full resolution."));
}

void draw_iterates(Program& program, const Setting& s, const ImageData& data, const Run& r,
                   const std::string& file) {
  std::vector<std::string> columns;
  for (const Index t : shown) columns.push_back(t == 0 ? "start" : std::to_string(t));
  columns.push_back("training image");
  ImageTable table(text("Figure 1b: iterates, ", s.name), data.train.shape, columns);
  const Index n = r.distances.rows() / 3;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    for (Index j = 0; j < 2; ++j) {
      Mat<S> row(r.x.rows(), static_cast<Index>(columns.size()));
      Index column = 0;
      for (std::size_t k = 0; k < times.size(); ++k)
        if (std::find(shown.begin(), shown.end(), times[k]) != shown.end()) {
          const Mat<S> x = r.iterates[k].col(static_cast<Index>(kind) * n + j);
          row.col(column++) = times[k] == 0 ? visible(x, kind) : x;
        }
      row.col(column) = r.x;
      table.add_row(kinds[kind], row);
    }
  program.draw(table, file, "Iterates of two starts of each kind after so many steps, first seed.");
}

/// The median distance of each kind of starts over the steps.
LinePlot distances_plot(const std::string& title, const std::vector<Run>& runs) {
  LinePlot plot{.title = title,
                .x_label = "step t",
                .y_label = "|x_t - training image| / |training image|",
                .series = {},
                .log_y = true,
                .x_range = Extent{0, 30},
                .y_range = Extent{0.01, 10}};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    Series line = median_line(kinds[kind]);
    for (const Index t : times) {
      std::vector<double> all;
      for (const Run& r : runs)
        for (const double d : r.at(kind, t)) all.push_back(d);
      if (t <= 30) add_quantiles(line, static_cast<double>(t), all, 0.05, 0.95);
    }
    plot.series.push_back(line);
  }
  return plot;
}

void draw_distances(Program& program, const Runs& runs) {
  Panels<LinePlot> panels{.title = "Figure 1b: distance to the training image over the steps",
                          .plots = {},
                          .columns = static_cast<int>(runs.size()),
                          .width = 480 * static_cast<int>(runs.size()),
                          .height = 520};
  for (std::size_t k = 0; k < runs.size(); ++k)
    panels.plots.push_back(distances_plot(settings[k].name, runs[k]));
  program.draw(
      panels, "figure_1b_distances.png",
      "Medians over starts and seeds; shaded from the 5% to the 95% quantile. t = 0 is the input, t = 1 the "
      "paper's picture.");
}

void draw_spectrum(Program& program, const Runs& runs) {
  LinePlot spectrum{.title = "Leading eigenvalues of the Jacobian at the training image",
                    .x_label = "i",
                    .y_label = "modulus of the i-th eigenvalue",
                    .series = {},
                    .horizontal = {{1, "an attractor lies below 1"}}};
  for (std::size_t k = 0; k < runs.size(); ++k) {
    Series moduli = median_line(settings[k].name);
    for (std::size_t i = 0; i < eigenvalues; ++i) {
      std::vector<double> all;
      for (const Run& r : runs[k])
        if (i < r.moduli.size()) all.push_back(r.moduli[i]);
      if (!all.empty()) add_quantiles(moduli, static_cast<double>(i + 1), all, 0.05, 0.95);
    }
    spectrum.series.push_back(moduli);
  }
  program.draw(spectrum, "figure_1b_spectrum.png",
               "By products with the Jacobian alone; medians over the seeds, shaded their range.");
}

void draw_training(Program& program, const Runs& runs) {
  LinePlot losses{.title = "Training on one image, first seed",
                  .x_label = "iteration",
                  .y_label = "mean squared error",
                  .series = {},
                  .log_y = true};
  for (std::size_t k = 0; k < runs.size(); ++k) {
    const Series loss = loss_series(settings[k].name, runs[k].front().training.history);
    if (loss.x.size() > 1) losses.series.push_back(loss);
  }
  if (!losses.series.empty())
    program.draw(losses, "figure_1b_training.png", "2000 iterations of Adam, full rate to the end.");
}

void body(Program& program) {
  const ImageData data = find_color_images(program.options.data);
  program.result.data = data.description;
  const Size size = size_of(program);
  const Runs runs = run_all(program, program.full() ? settings.size() : settings.size() - 1, data);
  if (runs.back().empty()) return;  // interrupted before one seed was finished
  draw_outputs(program, settings[0], size, data, runs[0].front(), "figure_1b.png");
  draw_iterates(program, settings[0], data, runs[0].front(), "figure_1b_iterates.png");
  draw_outputs(program, settings[1], size, data, runs[1].front(), "figure_1b_no_skips.png");
  draw_outputs(program, settings[2], size, data, runs[2].front(), "figure_1b_shallow.png");
  draw_distances(program, runs);
  draw_spectrum(program, runs);
  draw_training(program, runs);
  for (std::size_t k = 0; k < runs.size(); ++k) {
    claim_training(program, settings[k], runs[k]);
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) claim_orbits(program, settings[k], runs[k], kind);
    claim_attractor(program, settings[k], runs[k]);
  }
  claim_criterion(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_1b", "Figure 1b: a U-Net trained on one image",
                     {.quick = 2, .full = 3, .over_ranks = true}, argc, argv, body);
}
