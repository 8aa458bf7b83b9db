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
#include "basin/io/checkpoint.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/resumable_fit.hpp"
#include "support/program.hpp"

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

template <int Levels, int Skips>
Run run(const Setting& s, const Size& size, const ImageData& data, std::uint64_t seed,
        const std::filesystem::path& folder) {
  const Shape& shape = data.train.shape;
  Random random(seed);
  Run r;
  r.x = choose_images<S>(data.train, 1, seed);
  const UNet<S, Levels, Skips> net = u_net<S, Levels, Skips>(shape, size.channels);
  Model f(net, initial_values(net, initial::pytorch_default(), random));
  const Index n = std::min(size.starts, data.test.count());
  Mat<S> starts(shape.size(), 3 * n);
  starts << square_starts<S>(shape, n, random), normal_starts<S>(shape.size(), n, random),
      choose_images<S>(data.test, n, seed);
  r.gain_before = gains(f, r.x, starts);

  const std::string what = text("1b, ", s.name, ", seed ", seed);
  FitOptions options{.max_epochs = iterations};
  options.cancelled = interrupted;
  Adam<S> adam({.learning_rate = s.rate});
  {
    Progress progress(what + ": training");
    options.observer = [&](const Epoch& e) {
      progress.update(static_cast<double>(e.epoch) / iterations,
                      [&] { return text("iteration ", e.epoch, "  loss ", number(e.loss)); });
    };
    if (folder.empty()) {
      r.training = fit(f, r.x, adam, options);
    } else {
      const Checkpoint checkpoint(
          folder / text("figure_1b_", Levels, "_", Skips, "_", s.rate, "_seed", seed, ".safetensors"),
          text("figure 1b, ", iterations, " iterations, ", size.channels, " channels, seed ", seed, ", ",
               data.description));
      r.training = resumable_fit(f, r.x, adam, options, checkpoint);
    }
  }
  if (interrupted()) return r;
  const double norm = static_cast<double>(r.x.norm());
  r.residual = static_cast<double>((f(r.x) - r.x).norm()) / norm;
  r.gain = gains(f, r.x, starts);

  OrbitOptions orbits{
      .max_steps = times.back(), .tolerance = 1e-5 * norm, .bound = 1e3 * norm, .snapshots = times};
  orbits.cancelled = interrupted;
  Orbit<S> o = orbit(f, starts, orbits);
  if (interrupted()) return r;
  r.diverged = o.count(OrbitEnd::diverged);
  r.distances.resize(3 * n, static_cast<Index>(times.size()));
  for (std::size_t k = 0; k < times.size(); ++k)
    r.distances.col(static_cast<Index>(k)) = distances(o.snapshots[k], r.x) / norm;
  r.iterates = std::move(o.snapshots);

  const Leading leading = leading_eigenvalues(f, r.x.col(0), eigenvalues, {.tolerance = 1e-5});
  for (const auto& value : leading.values) r.moduli.push_back(std::abs(value));
  if (leading.converged) r.eigenvalue_residual = quantile(leading.residuals, 1);
  return r;
}

Run run(const Setting& s, const Size& size, const ImageData& data, std::uint64_t seed,
        const std::filesystem::path& folder) {
  if (s.levels == 3) return run<3, 2>(s, size, data, seed, folder);
  return s.skips ? run<5, 4>(s, size, data, seed, folder) : run<5, 0>(s, size, data, seed, folder);
}

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

using Runs = std::vector<std::vector<Run>>;  // of the first settings, over the seeds

void draw_curves(Program& program, const Runs& runs) {
  Panels<LinePlot> panels{.title = "Figure 1b: distance to the training image over the steps",
                          .plots = {},
                          .columns = static_cast<int>(runs.size()),
                          .width = 480 * static_cast<int>(runs.size()),
                          .height = 520};
  LinePlot spectrum{.title = "Leading eigenvalues of the Jacobian at the training image",
                    .x_label = "i",
                    .y_label = "modulus of the i-th eigenvalue",
                    .series = {},
                    .horizontal = {{1, "an attractor lies below 1"}}};
  LinePlot losses{.title = "Training on one image, first seed",
                  .x_label = "iteration",
                  .y_label = "mean squared error",
                  .series = {},
                  .log_y = true};
  const auto add = [](Series& to, double x, const std::vector<double>& values) {
    to.x.push_back(x);
    to.y.push_back(median(values));
    to.low.push_back(quantile(values, 0.05));
    to.high.push_back(quantile(values, 0.95));
  };
  for (std::size_t k = 0; k < runs.size(); ++k) {
    LinePlot plot{.title = settings[k].name,
                  .x_label = "step t",
                  .y_label = "|x_t - training image| / |training image|",
                  .series = {},
                  .log_y = true,
                  .x_range = Extent{0, 30},
                  .y_range = Extent{0.01, 10}};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      Series line{.name = kinds[kind], .x = {}, .y = {}, .style = Series::Style::line_points};
      for (const Index t : times) {
        std::vector<double> all;
        for (const Run& r : runs[k])
          for (const double d : r.at(kind, t)) all.push_back(d);
        if (t <= 30) add(line, static_cast<double>(t), all);
      }
      plot.series.push_back(line);
    }
    panels.plots.push_back(plot);
    Series moduli{.name = settings[k].name, .x = {}, .y = {}, .style = Series::Style::line_points};
    for (std::size_t i = 0; i < eigenvalues; ++i) {
      std::vector<double> all;
      for (const Run& r : runs[k])
        if (i < r.moduli.size()) all.push_back(r.moduli[i]);
      if (!all.empty()) add(moduli, static_cast<double>(i + 1), all);
    }
    spectrum.series.push_back(moduli);
    Series loss{.name = settings[k].name, .x = {}, .y = {}};
    for (const Epoch& e : runs[k].front().training.history)
      if (e.epoch % 10 == 0) {
        loss.x.push_back(static_cast<double>(e.epoch));
        loss.y.push_back(e.loss);
      }
    if (loss.x.size() > 1) losses.series.push_back(loss);
  }
  program.draw(
      panels, "figure_1b_distances.png",
      "Medians over starts and seeds; shaded from the 5% to the 95% quantile. t = 0 is the input, t = 1 the "
      "paper's picture.");
  program.draw(spectrum, "figure_1b_spectrum.png",
               "By products with the Jacobian alone; medians over the seeds, shaded their range.");
  if (!losses.series.empty())
    program.draw(losses, "figure_1b_training.png", "2000 iterations of Adam, full rate to the end.");
}

/// What docs/paper/figure_1b.md promises: nothing, until it is measured on the embedded photos.
struct Promise {
  Band loss, once, arrived, radius;
};

void add_claims(Program& program, const Setting& s, const std::vector<Run>& runs, const Promise& promise) {
  const auto collect = [&](const auto& of) {
    std::vector<double> values;
    for (const Run& r : runs) values.push_back(static_cast<double>(of(r)));
    return values;
  };
  program.claim(median_claim(
      s.id + ", training", text("The loss after 2000 iterations (mean squared error; ", s.name, ")."),
      "not given", collect([](const Run& r) { return r.training.loss; }), promise.loss, "",
      text("|f(x) - x| / |x|: ", summary(collect([](const Run& r) { return r.residual; })))));
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    program.claim(contested_claim(
        text(s.id, ", ", kinds[kind], ", one step"),
        text("Fed ", kinds[kind],
             ", the function contracts to the training image (median distance of the output to "
             "it, relative to its norm)."),
        "the training image, by eye (here: up to 0.2)",
        collect([&](const Run& r) { return median(r.at(kind, 1)); }), at_most(0.2), promise.once, "",
        text("inputs: ", summary(collect([&](const Run& r) { return median(r.at(kind, 0)); })),
             "; |f(z) - f(x)| / |z - x|, median: ",
             summary(collect([&](const Run& r) { return r.gain[kind]; })),
             ", untrained: ", summary(collect([&](const Run& r) { return r.gain_before[kind]; })))));
    program.claim(contested_claim(
        text(s.id, ", ", kinds[kind], ", iterated"),
        "Iterated 100 times, it is at the training image (within 10% of its norm).", "all (here: from 95%)",
        collect([&](const Run& r) { return r.arrived(kind, 100); }), at_least(95), promise.arrived, "%",
        text("within 10% after 10 steps: ",
             summary(collect([&](const Run& r) { return r.arrived(kind, 10); }), "%"),
             "; median distance after 100: ",
             summary(collect([&](const Run& r) { return median(r.at(kind, 100)); })))));
  }
  program.claim(contested_claim(
      s.id + ", attractor",
      "The training image is an attractor: the spectral radius of the Jacobian is below 1.", "below 1",
      collect([](const Run& r) { return r.moduli.empty() ? std::nan("") : r.moduli.front(); }), at_most(1),
      promise.radius, "",
      text("residuals of the eigenvalues up to ",
           number(quantile(collect([](const Run& r) { return r.eigenvalue_residual; }), 1)), "; diverged: ",
           summary(collect([](const Run& r) { return r.diverged; }),
                   text(" of ", runs[0].distances.rows())))));
}

/// Theorem 2 seen from both sides: what attracts, and where orbits end.
void add_criterion(Program& program, const Runs& runs) {
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

void body(Program& program) {
  const ImageData data = find_color_images(program.options.data);
  program.result.data = data.description;
  const Size size = program.full() ? Size{64, 50} : Size{16, 12};
  const std::filesystem::path folder = program.checkpoints();
  Runs runs(program.full() ? settings.size() : settings.size() - 1);
  std::vector<std::pair<std::size_t, std::uint64_t>> cells;  // setting, seed
  std::vector<std::string> names;
  for (std::size_t i = 0; i < program.seeds().size(); ++i)
    for (std::size_t k = 0; k < runs.size(); ++k) {
      if (k > 0 && i % 2 > 0) continue;  // every other seed is enough for what is only compared with
      cells.emplace_back(k, program.seeds()[i]);
      names.push_back(text(settings[k].name, ", ", settings[k].id, ", seed ", program.seeds()[i]));
    }
  std::vector<std::optional<Run>> found = program.tasks(names, [&](std::size_t c) {
    return run(settings[cells[c].first], size, data, cells[c].second, folder);
  });
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (found[c]) runs[cells[c].first].push_back(std::move(*found[c]));
  if (runs.back().empty()) return;  // interrupted before one seed was finished
  draw_outputs(program, settings[0], size, data, runs[0].front(), "figure_1b.png");
  draw_iterates(program, settings[0], data, runs[0].front(), "figure_1b_iterates.png");
  draw_outputs(program, settings[1], size, data, runs[1].front(), "figure_1b_no_skips.png");
  draw_outputs(program, settings[2], size, data, runs[2].front(), "figure_1b_shallow.png");
  draw_curves(program, runs);
  for (std::size_t k = 0; k < runs.size(); ++k) add_claims(program, settings[k], runs[k], Promise{});
  add_criterion(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_1b", "Figure 1b: a U-Net trained on one image",
                     {.quick = 2, .full = 3, .over_ranks = true}, argc, argv, body);
}
