// Figure 6 of the paper: D1 with leaky ReLU, stopped early. The networks of Figure 5b (ten images) after 10,
// 100 and 1000 epochs and at a ladder of losses: do what the network has learned of its training images,
// f(x), attract in one step? Beyond the paper: the 20 leading eigenvalues of the 3072 x 3072 Jacobians at the
// training images, and how they move during training. docs/paper/figure_6.md. Full mode saves its work in
// OUT/checkpoints, where it shares the networks with figure_5, and goes on from there.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/io/csv.hpp"
#include "support/median_line.hpp"
#include "support/nonlinear_d1.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

constexpr Index examples = 10, eigenvalues = 20;
constexpr double narrow = 0.05, wide = 0.2;  // times the mean norm of what is to be reached
constexpr Index steps = 30;                  // after which orbits are compared with limits
constexpr Index limit_steps = 1000;  // after which an orbit of a training image is taken to be at its limit

// The study: trains, iterates, measures.

struct Setting {
  D1Training training;
  Index starts;
};

/// What was found out about a network at one stage.
struct Findings {
  Mat<S> learned, ends;                       // f(x_i), and where the orbit of x_i is in the end
  Mat<S> limits;                              // those of the ends that are not on their way to infinity
  Index learned_apart = 0, limits_apart = 0;  // how many differ: by more than `wide`, by more than `narrow`
  double error = 0;                           // median |f(x_i) - x_i| / |x_i|
  struct Kind {
    Mat<S> start, once, later;  // the starts, f of them, and f^30
    Recovery one_step, end;     // once within `wide` of a learned image; later within `narrow` of a limit
  } images, noise;
  std::vector<D1Spectrum> spectra;  // at the training images
  Index stable() const {
    return std::count_if(spectra.begin(), spectra.end(),
                         [](const D1Spectrum& s) { return s.moduli.front() < 1; });
  }
  /// The median over the training images of the k-th modulus, k = 0, 1, ...
  double modulus(std::size_t k) const {
    std::vector<double> values;
    for (const D1Spectrum& s : spectra) values.push_back(s.moduli.at(k));
    return median(values);
  }
};

struct Run {
  std::uint64_t seed = 0;
  D1Record net;
  std::vector<Findings> found;  // one for each stage
};

Findings::Kind iterate(const Model<LeakyD1>& f, const Mat<S>& starts, const Findings& to,
                       const std::string& what) {
  const Orbit<S> o = d1_orbits(f, starts, {1, steps}, what);
  return {.start = starts,
          .once = o.snapshots[0],
          .later = o.snapshots[1],
          .one_step = recovery(o.snapshots[0], to.learned, {wide * mean_norm(to.learned)}).front(),
          .end = to.limits.cols() == 0
                     ? Recovery{}
                     : recovery(o.snapshots[1], to.limits, {narrow * mean_norm(to.limits)}).front()};
}

Findings look_at(const Model<LeakyD1>& f, const Mat<S>& X, const D1Starts& starts, const std::string& what) {
  Findings r;
  r.learned = f(X);
  const Orbit<S> o = d1_orbits(f, X, {limit_steps}, what + ": orbits of training images");
  r.ends = o.x;
  std::vector<Index> bounded;
  for (Index i = 0; i < X.cols(); ++i)
    if (o.end[static_cast<std::size_t>(i)] != OrbitEnd::diverged) bounded.push_back(i);
  r.limits = r.ends(Eigen::all, bounded);
  r.learned_apart = count_distinct(r.learned, wide * mean_norm(r.learned));
  r.limits_apart = bounded.empty() ? 0 : count_distinct(r.limits, narrow * mean_norm(r.limits));
  std::vector<double> errors;
  for (Index i = 0; i < X.cols(); ++i)
    errors.push_back((r.learned.col(i) - X.col(i)).norm() / X.col(i).norm());
  r.error = median(errors);
  r.images = iterate(f, starts.images, r, what + ": orbits of unseen images");
  r.noise = iterate(f, starts.noise, r, what + ": orbits of noise");
  Progress progress(what + ": spectra");
  for (Index i = 0; i < X.cols() && !interrupted(); ++i) {
    r.spectra.push_back(d1_spectrum(f, X.col(i), eigenvalues));
    progress.update(static_cast<double>(i + 1) / static_cast<double>(X.cols()));
  }
  return r;
}

Run run(const Setting& s, const ImageData& data, std::uint64_t seed, const std::filesystem::path& folder) {
  const std::vector<Index> chosen = choose_balanced(data.train, examples, seed);
  const std::string what = text("6, seed ", seed);
  const Mat<S> X = to_matrix<S>(data.train, chosen);
  const TrainedD1 trained = train_d1(s.training, data.train.shape, X, seed, what, folder);
  Run r{.seed = seed, .net = trained, .found = {}};
  const D1Starts starts = d1_starts(data, chosen, s.starts, seed);
  for (const Stage& stage : r.net.stages) {
    if (interrupted()) break;
    r.found.push_back(look_at(trained.at(stage), X, starts, text(what, ", ", stage.name)));
  }
  return r;
}

/// A stage in all runs that have reached it.
struct Column {
  std::string name;
  std::vector<const Stage*> stages;
  std::vector<const Findings*> found;
  template <class Value>
  std::vector<double> values(const Value& value) const {
    return of_each(found, value);
  }
  double loss() const {
    return median(of_each(stages, [](const Stage& s) { return s.loss; }));
  }
};
std::vector<Column> columns_of(const Setting& s, const std::vector<Run>& runs) {
  std::vector<std::string> names;
  for (const Index e : s.training.epochs) names.push_back(text(e, " epochs"));
  for (const double l : s.training.losses) names.push_back(text("loss ", number(l)));
  names.push_back("end");
  std::vector<Column> columns;
  for (const std::string& name : names) {
    Column c{name, {}, {}};
    for (const Run& r : runs)
      for (std::size_t i = 0; i < r.found.size(); ++i)
        if (r.net.stages[i].name == name) {
          c.stages.push_back(&r.net.stages[i]);
          c.found.push_back(&r.found[i]);
        }
    if (!c.found.empty()) columns.push_back(c);
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [](const Column& a, const Column& b) { return a.loss() > b.loss(); });
  return columns;
}

// The claims.

/// What docs/paper/figure_6.md promises of the quick mode's medians, in percent, for the data it has
/// measured.
struct Promise {
  Band loss = {}, one_step = {}, end_of_noise = {}, apart = {};
};
Promise promise_for(const Program& program, const std::string& data) {
  if (program.full() || data != "CIFAR-10") return {};
  return {.loss = at_most(5e-4), .one_step = Band{}, .end_of_noise = at_least(80), .apart = {1, 3}};
}

/// "10 epochs: 3; loss 0.001: 7": the medians of the columns.
template <class Value>
std::string list(const std::vector<Column>& columns, const Value& value) {
  std::string all;
  for (const Column& c : columns)
    all += text(all.empty() ? "" : "; ", c.name, ": ", number(median(c.values(value))));
  return all;
}
/// The smallest of those at the paper's three epochs, for each seed.
template <class Value>
std::vector<double> at_paper_epochs(const std::vector<Run>& runs, const Value& value) {
  return of_each(runs, [&](const Run& r) {
    double least = 100;
    for (std::size_t i = 0; i < r.found.size(); ++i)
      if (r.net.stages[i].by_epoch()) least = std::min(least, static_cast<double>(value(r.found[i])));
    return least;
  });
}

void claim_training(Program& program, const Setting& s, const std::vector<Run>& runs,
                    const Promise& promise) {
  program.claim(contested_claim("6, training",
                                text("The network is trained on ten images, here to a mean squared error of ",
                                     number(s.training.loss_goal), "."),
                                "none given", of_each(runs, [](const Run& r) { return r.net.training.loss; }),
                                at_most(s.training.loss_goal), promise.loss, "",
                                text(s.training.filters, " filters")));
}

void claim_attraction(Program& program, const std::vector<Run>& runs, const std::vector<Column>& columns,
                      const Promise& promise) {
  for (const auto& [kind, which] :
       {std::pair{"unseen images", &Findings::images}, {"noise", &Findings::noise}}) {
    const auto one_step = [w = which](const Findings& f) { return 100 * (f.*w).one_step.arrived; };
    const auto end = [w = which](const Findings& f) { return 100 * (f.*w).end.arrived; };
    program.claim(contested_claim(text("6, superattractors, ", kind),
                                  "At 10, 100 and 1000 epochs, one step takes arbitrary images to what has "
                                  "been learned of a training image "
                                  "(within 20% of an f(x_i); the smallest of the three).",
                                  "all (here: from 95%)", at_paper_epochs(runs, one_step), at_least(95),
                                  which == &Findings::images ? promise.one_step : Band{}, "%",
                                  list(columns, one_step)));
    program.claim(contested_claim(
        text("6, attraction, ", kind),
        text("At 10, 100 and 1000 epochs, orbits end where the orbits of training images end (", steps,
             " steps, within 5%; the smallest of the three)."),
        "regardless of early stopping (here: from 95%)", at_paper_epochs(runs, end), at_least(95),
        which == &Findings::noise ? promise.end_of_noise : Band{}, "%", list(columns, end)));
  }
}

void claim_apart(Program& program, const std::vector<Run>& runs, const std::vector<Column>& columns,
                 const Promise& promise) {
  program.claim(contested_claim(
      "6, learned apart",
      "At 10, 100 and 1000 epochs, what is learned are individual images: different f(x_i), "
      "more than 20% apart.",
      "10 of 10", at_paper_epochs(runs, [](const Findings& f) { return f.learned_apart; }), at_least(10),
      promise.apart, " of 10",
      text(list(columns, [](const Findings& f) { return f.learned_apart; }),
           "; different limits: ", list(columns, [](const Findings& f) { return f.limits_apart; }))));
}

/// The largest errors of the eigenvalues, and how many were computed in two ways.
struct Accuracy {
  double residual = 0, disagreement = 0;
  Index iterated = 0, wanted = 0;
};
Accuracy accuracy(const Run& r) {
  Accuracy a;
  for (const Findings& f : r.found)
    for (const D1Spectrum& s : f.spectra) {
      a.residual = std::max(a.residual, s.residual);
      a.disagreement = std::max(a.disagreement, s.disagreement);
      a.iterated += s.iterated;
      a.wanted += eigenvalues;
    }
  return a;
}

void claim_spectra(Program& program, const std::vector<Run>& runs, const std::vector<Column>& columns) {
  Index iterated = 0, wanted = 0;
  for (const Run& r : runs) {
    iterated += accuracy(r).iterated;
    wanted += accuracy(r).wanted;
  }
  program.claim(median_claim("6, spectra",
                             text("Beyond the paper: the ", eigenvalues,
                                  " leading of 3072 eigenvalues at the training images, with their "
                                  "residuals |J v - lambda v| / |v| (the largest)."),
                             no_paper, of_each(runs, [](const Run& r) { return accuracy(r).residual; }),
                             at_most(1e-10), "",
                             text("spectral radius, median over the images: ",
                                  list(columns, [](const Findings& f) { return f.modulus(0); }),
                                  "; images with a radius below 1, of 10: ",
                                  list(columns, [](const Findings& f) { return f.stable(); }))));
  program.claim(median_claim(
      "6, two ways",
      "Beyond the paper: the moduli by way of the bottleneck and by products alone (largest "
      "difference).",
      no_paper, of_each(runs, [](const Run& r) { return accuracy(r).disagreement; }), at_most(1e-10), "",
      text(iterated, " of ", wanted, " eigenvalues by products: those above 1e-9 of the largest")));
}

// The pictures.

/// What the networks of the paper's three epochs and the last one make of training images, unseen ones and
/// noise.
void draw_images(Program& program, const ImageData& data, const Run& r) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < r.found.size(); ++i)
    if (i + 1 == r.found.size() || r.net.stages[i].by_epoch()) shown.push_back(i);
  std::vector<std::string> columns = {"input"};
  std::string losses;
  for (const std::size_t i : shown) {
    const Stage& s = r.net.stages[i];
    columns.push_back(text(s.epoch, " epochs: once"));
    columns.push_back(text(s.epoch, " epochs: ", steps, " times"));
    losses += text(losses.empty() ? "" : ", ", number(s.loss, 2));
  }
  ImageTable table(text("Figure 6: D1 on ten images, stopped early, ", data.name), data.train.shape, columns);
  const auto add = [&](const std::string& label, const Mat<S>& start, Index j, auto&& once, auto&& later) {
    Mat<S> row(start.rows(), static_cast<Index>(columns.size()));
    row.col(0) = start.col(j);
    for (std::size_t k = 0; k < shown.size(); ++k) {
      row.col(static_cast<Index>(2 * k + 1)) = once(r.found[shown[k]]).col(j);
      row.col(static_cast<Index>(2 * k + 2)) = later(r.found[shown[k]]).col(j);
    }
    table.add_row(label, row);
  };
  for (Index j = 0; j < 4; ++j)
    add(
        "training", r.net.examples, j, [](const Findings& f) -> const Mat<S>& { return f.learned; },
        [](const Findings& f) -> const Mat<S>& { return f.ends; });
  for (const auto& [label, which, count] :
       {std::tuple{"unseen", &Findings::images, 4}, {"noise", &Findings::noise, 2}})
    for (Index j = 0; j < count; ++j)
      add(
          label, (r.found.front().*which).start, j,
          [w = which](const Findings& f) -> const Mat<S>& { return (f.*w).once; },
          [w = which](const Findings& f) -> const Mat<S>& { return (f.*w).later; });
  program.draw(
      table, "figure_6.png",
      text("For each of the networks, what it makes of an image in one step and in ", steps,
           " (training images: ", limit_steps, "), first seed. Their training losses are ", losses, "."));
}

/// Median and range over the seeds, as a curve over the columns.
template <class Value>
Series over_columns(const std::string& name, const std::vector<Column>& columns, const Value& value) {
  Series line = median_line(name);
  for (const Column& c : columns) add_median(line, c.loss(), c.values(value));
  return line;
}

const std::string loss_axis = "training loss (mean squared error)";
Extent losses_of(const std::vector<Column>& columns) {
  return {columns.back().loss(), columns.front().loss()};
}

void draw_attraction(Program& program, const ImageData& data, const std::vector<Column>& columns) {
  LinePlot attraction{.title = text("D1 on ten images, ", data.name, ": superattraction by training loss"),
                      .x_label = loss_axis,
                      .y_label = "%",
                      .series = {},
                      .log_x = true,
                      .x_range = losses_of(columns),
                      .y_range = Extent{-2, 102}};
  for (const auto& [kind, which] :
       {std::pair{"unseen images", &Findings::images}, {"noise", &Findings::noise}}) {
    attraction.series.push_back(
        over_columns(text(kind, ", one step, within 20% of an f(x_i)"), columns,
                     [w = which](const Findings& f) { return 100 * (f.*w).one_step.arrived; }));
    attraction.series.push_back(
        over_columns(text(kind, ", ", steps, " steps, within 5% of a limit"), columns,
                     [w = which](const Findings& f) { return 100 * (f.*w).end.arrived; }));
  }
  attraction.series.push_back(over_columns("different f(x_i), of the ten", columns, [](const Findings& f) {
    return 10. * static_cast<double>(f.learned_apart);
  }));
  attraction.series.push_back(over_columns("different limits, of the ten", columns, [](const Findings& f) {
    return 10. * static_cast<double>(f.limits_apart);
  }));
  program.draw(
      attraction, "figure_6_attraction.png",
      "Training goes from right to left. Where few of the f(x_i) differ, the network has not yet learned "
      "its images apart, and to attract to them means little. Medians over the seeds, and their range.");
}

void draw_leading(Program& program, const ImageData& data, const std::vector<Column>& columns) {
  LinePlot leading{.title = text("Jacobians at the training images, ", data.name, ": how eigenvalues move"),
                   .x_label = loss_axis,
                   .y_label = "modulus (median over the ten images)",
                   .series = {},
                   .log_x = true,
                   .log_y = true,
                   .horizontal = {{1, "stable below 1"}},
                   .x_range = losses_of(columns)};
  for (const std::size_t k : {0u, 1u, 2u, 4u, 9u, 19u})
    leading.series.push_back(
        over_columns(text("number ", k + 1), columns, [&](const Findings& f) { return f.modulus(k); }));
  program.draw(
      leading, "figure_6_leading.png",
      "The moduli of the 1st, 2nd, 3rd, 5th, 10th and 20th eigenvalue. Medians over the seeds, and their "
      "range; training goes from right to left.");
}

void draw_spectra(Program& program, const ImageData& data, const std::vector<Column>& columns) {
  LinePlot spectrum{
      .title = text("Jacobians at the training images, ", data.name, ": the 20 leading of 3072 eigenvalues"),
      .x_label = "i",
      .y_label = "modulus of the i-th eigenvalue",
      .series = {},
      .log_y = true,
      .horizontal = {{1, "stable below 1"}}};
  for (const Column& c : columns) {
    Series line{.name = c.name, .x = {}, .y = {}, .style = Series::Style::line_points};
    for (std::size_t k = 0; k < static_cast<std::size_t>(eigenvalues); ++k) {
      line.x.push_back(static_cast<double>(k + 1));
      line.y.push_back(median(c.values([&](const Findings& f) { return f.modulus(k); })));
    }
    spectrum.series.push_back(line);
  }
  program.draw(spectrum, "figure_6_spectrum.png", "Medians over the ten training images and the seeds.");
}

void write_table(const std::vector<Run>& runs, const std::filesystem::path& file) {
  std::vector<std::uint64_t> seed;
  std::vector<std::string> stage;
  std::vector<Index> epoch, image, number_of;
  std::vector<double> loss, modulus;
  for (const Run& r : runs)
    for (std::size_t i = 0; i < r.found.size(); ++i)
      for (std::size_t x = 0; x < r.found[i].spectra.size(); ++x)
        for (std::size_t k = 0; k < r.found[i].spectra[x].moduli.size(); ++k) {
          seed.push_back(r.seed);
          stage.push_back(r.net.stages[i].name);
          epoch.push_back(r.net.stages[i].epoch);
          loss.push_back(r.net.stages[i].loss);
          image.push_back(static_cast<Index>(x));
          number_of.push_back(static_cast<Index>(k + 1));
          modulus.push_back(r.found[i].spectra[x].moduli[k]);
        }
  CsvTable()
      .add("seed", seed)
      .add("stage", stage)
      .add("epoch", epoch)
      .add("loss", loss)
      .add("training_image", image)
      .add("eigenvalue", number_of)
      .add("modulus", modulus)
      .write(file);
}

void body(Program& program) {
  const ImageData data = find_color_images(program.options.data);
  program.result.data = data.description;
  const Setting s{ten_images_training(program.full()), program.full() ? 200 : 50};
  const std::filesystem::path folder = program.checkpoints();
  program.note_checkpoints("Networks");
  const std::vector<Run> runs =
      program.over_seeds([&](std::uint64_t seed) { return run(s, data, seed, folder); });
  if (runs.empty()) return;
  const std::vector<Column> columns = columns_of(s, runs);
  draw_images(program, data, runs.front());
  draw_attraction(program, data, columns);
  draw_leading(program, data, columns);
  draw_spectra(program, data, columns);
  const Promise promise = promise_for(program, data.name);
  claim_training(program, s, runs, promise);
  claim_attraction(program, runs, columns, promise);
  claim_apart(program, runs, columns, promise);
  claim_spectra(program, runs, columns);
  if (program.writes()) write_table(runs, program.options.out / "figure_6_spectra.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_6", "Figure 6: memorization with early stopping, and spectra during training",
                     {.quick = 2, .full = 3, .over_ranks = true}, argc, argv, body);
}
