// Figure 5 of the paper: the downsampling autoencoder D1 with leaky ReLU on color images, iterated. (a)
// trained to convergence on 100 images; (b) on 10 images, one of each class, "superattractors", at a ladder
// of training losses. What the paper leaves open is chosen as docs/paper/figure_5.md says. Full mode saves
// its work in OUT/checkpoints and goes on from there.
#include <algorithm>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/io/csv.hpp"
#include "support/attractors.hpp"
#include "support/median_line.hpp"
#include "support/nonlinear_d1.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

// The study: trains, iterates.

struct Setting {
  D1Training a, b;
  Index examples_a;  // all there are, if fewer
  Index starts;      // unseen images (all there are, if fewer), and as many of noise
  Index steps_a;
};
const Setting quick_setting{.a = many_images_training(false),
                            .b = ten_images_training(false),
                            .examples_a = 100,
                            .starts = 50,
                            .steps_a = 200};
const Setting full_setting{.a = many_images_training(true),
                           .b = ten_images_training(true),
                           .examples_a = 100,
                           .starts = 200,
                           .steps_a = 1000};
constexpr Index examples_b = 10;
const std::vector<double> epsilons = {0.01, 0.02, 0.05, 0.1, 0.2};  // times the mean norm of the examples
constexpr std::size_t narrow = 2, wide = 4;                         // 5 %, 20 %
const std::vector<Index> times_b = {0, 1, 2, 10, 100};
constexpr Index recall_steps = 2000;  // of the orbits of the training images

/// Starts of one kind and how their orbits recover the examples, at each time and epsilon.
struct Starts {
  Orbit<S> orbit;
  std::vector<Index> times;
  std::vector<std::vector<Recovery>> curve;
  const Recovery& at(Index t, std::size_t e) const {
    const auto k = std::find(times.begin(), times.end(), t) - times.begin();
    return curve.at(static_cast<std::size_t>(k)).at(e);
  }
};
Starts iterate(const Model<LeakyD1>& f, const Mat<S>& x0, const Mat<S>& examples,
               const std::vector<Index>& times, const std::string& what) {
  Starts s{.orbit = d1_orbits(f, x0, times, what), .times = times, .curve = {}};
  std::vector<double> ladder;
  for (const double e : epsilons) ladder.push_back(e * mean_norm(examples));
  s.curve = recovery_curve(s.orbit.snapshots, examples, ladder);
  return s;
}

struct RunA {
  D1Record net;
  Attractors attractors;  // what there is at the examples
  Starts images, noise;
};

/// 0, 1, 2, 3, 5, 10, 20, ... up to `last`.
std::vector<Index> times_until(Index last) {
  std::vector<Index> times;
  for (const Index t : {0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000})
    if (t <= last) times.push_back(t);
  return times;
}

RunA run_a(const Setting& s, const ImageData& data, std::uint64_t seed, const std::filesystem::path& folder) {
  const std::vector<Index> chosen = choose(data.train, std::min(s.examples_a, data.train.count()), seed);
  const Mat<S> X = to_matrix<S>(data.train, chosen);
  const std::string what = text("5a, seed ", seed);
  const TrainedD1 trained = train_d1(s.a, data.train.shape, X, seed, what, folder);
  RunA r{.net = trained, .attractors = {}, .images = {}, .noise = {}};
  r.attractors = attractors(trained.f, X, epsilons[wide], what, recall_steps);
  if (interrupted()) return r;
  const D1Starts starts = d1_starts(data, chosen, s.starts, seed);
  const std::vector<Index> times = times_until(s.steps_a);
  r.images = iterate(trained.f, starts.images, X, times, what + ": orbits of unseen images");
  r.noise = iterate(trained.f, starts.noise, X, times, what + ": orbits of noise");
  return r;
}

struct RunB {
  D1Record net;
  std::vector<Stage> stages;           // those by loss, and the end
  std::vector<Starts> images, noise;   // one for each stage
  std::vector<Attractors> attractors;  // what there is at the examples, at each stage
};

RunB run_b(const Setting& s, const ImageData& data, std::uint64_t seed, const std::filesystem::path& folder) {
  const std::vector<Index> chosen = choose_balanced(data.train, examples_b, seed);
  const std::string what = text("5b, seed ", seed);
  const TrainedD1 trained =
      train_d1(s.b, data.train.shape, to_matrix<S>(data.train, chosen), seed, what, folder);
  RunB r{.net = trained, .stages = {}, .images = {}, .noise = {}, .attractors = {}};
  const D1Starts starts = d1_starts(data, chosen, s.starts, seed);
  for (const Stage& stage : r.net.stages) {
    if (interrupted()) return r;
    if (stage.by_epoch() && stage.epoch < r.net.training.epochs) continue;
    r.stages.push_back(stage);
    const Model<LeakyD1> f = trained.at(stage);
    r.images.push_back(iterate(f, starts.images, r.net.examples, times_b, what + ": orbits of images"));
    r.noise.push_back(iterate(f, starts.noise, r.net.examples, times_b, what + ": orbits of noise"));
    r.attractors.push_back(attractors(f, r.net.examples, epsilons[wide], what, recall_steps));
  }
  return r;
}

/// A stage in all runs that have reached it.
struct Rung {
  std::string name = {};
  std::vector<double> losses = {};
  std::vector<const Starts*> images = {}, noise = {};
  void add(double loss, const Starts& of_images, const Starts& of_noise) {
    losses.push_back(loss);
    images.push_back(&of_images);
    noise.push_back(&of_noise);
  }
};
std::vector<Rung> ladder_of(const std::vector<RunB>& runs) {
  std::vector<Rung> ladder;
  for (const RunB& r : runs)
    for (std::size_t k = 0; k < r.stages.size(); ++k) {
      const std::string& name = r.stages[k].name;
      auto rung =
          std::find_if(ladder.begin(), ladder.end(), [&](const Rung& known) { return known.name == name; });
      if (rung == ladder.end()) rung = ladder.insert(ladder.end(), Rung{name});
      rung->add(r.stages[k].loss, r.images[k], r.noise[k]);
    }
  std::stable_sort(ladder.begin(), ladder.end(),
                   [](const Rung& a, const Rung& b) { return median(a.losses) > median(b.losses); });
  return ladder;
}
/// The ends of all runs.
Rung end_of(const std::vector<RunB>& runs) {
  Rung end;
  for (const RunB& r : runs) end.add(r.stages.back().loss, r.images.back(), r.noise.back());
  return end;
}
/// In percent, for each run: the starts within epsilon of a training image after t steps.
std::vector<double> arrived(const std::vector<const Starts*>& starts, Index t, std::size_t e) {
  std::vector<double> values;
  for (const Starts* s : starts) values.push_back(100 * s->at(t, e).arrived);
  return values;
}

// The claims.

/// What docs/paper/figure_5.md promises of the quick mode's medians, in percent: nothing, until they are
/// measured on the embedded photos.
struct Promise {
  Band loss_a = {}, stable = {}, contracting = {}, arrived_narrow = {}, arrived_wide = {}, loss_b = {},
       one_step_narrow = {}, one_step_wide = {}, hundred_steps = {};
};

/// How many examples are attractors at the distances of the claims and at 1 %, and why the others are not.
std::string recall_note(const std::vector<const Attractors*>& runs) {
  const auto within = [&](double tolerance) {
    return text(100 * tolerance, "%: ", summary(percent_recalled(runs, tolerance), "%"));
  };
  return text(within(0.01), ", within ", within(epsilons[narrow]), "; ", other_counts(runs, epsilons[wide]));
}
std::string medians(const std::vector<const Attractors*>& runs, double ExampleVerdict::*which) {
  std::vector<double> values;
  for (const Attractors* a : runs) values.push_back(median(a->values(which)));
  return summary(values);
}

void claim_examples_a(Program& program, const Setting& s, const std::vector<RunA>& runs,
                      const Promise& promise) {
  const Index n = runs.front().net.examples.cols();
  program.claim(contested_claim(
      "5a, training", text("D1 is trained to convergence on ", n, " images (mean squared error)."),
      "converged", of_each(runs, [](const RunA& r) { return r.net.training.loss; }), at_most(s.a.loss_goal),
      promise.loss_a, "", text(s.a.filters, " filters; epochs ", summary(of_each(runs, [](const RunA& r) {
                                 return r.net.training.epochs;
                               })))));
  const std::vector<const Attractors*> verdicts = attractors_of(runs);
  program.claim(contested_claim(
      "5a, attractors",
      text("The training images are attractors: an attracting fixed point lies within ", 100 * epsilons[wide],
           "% of |x| (1% is less than the network's own error), and the orbit of x ends there."),
      "contractive to training examples (here: from 95%)", percent_recalled(verdicts, epsilons[wide]),
      at_least(95), promise.stable, "%", text("within ", recall_note(verdicts))));
  program.claim(contested_claim(
      "5a, contraction",
      "The autoencoder is contractive at its training images: the spectral radius of the Jacobian at x "
      "itself, where f(x) differs from x, is below 1.",
      "contractive to training examples (here: from 95%)",
      of_each(runs,
              [&](const RunA& r) {
                return 100. * static_cast<double>(r.attractors.contracting()) / static_cast<double>(n);
              }),
      at_least(95), promise.contracting, "%",
      text("spectral radius, median over the images: ", medians(verdicts, &ExampleVerdict::radius),
           "; |f(x) - x| / |x|: ", medians(verdicts, &ExampleVerdict::residual))));
}

/// Where the orbits of other images end.
void claim_orbits_a(Program& program, const Setting& s, const std::vector<RunA>& runs,
                    const Promise& promise) {
  for (const auto& [kind, which] : {std::pair{"unseen images", &RunA::images}, {"noise", &RunA::noise}}) {
    const auto at_end = [&, w = which](std::size_t e, double Recovery::*fraction) {
      return of_each(runs, [&](const RunA& r) { return 100 * ((r.*w).at(s.steps_a, e).*fraction); });
    };
    for (const auto& [e, band] : {std::pair{narrow, promise.arrived_narrow}, {wide, promise.arrived_wide}})
      program.claim(contested_claim(
          text("5a, ", kind, ", ", 100 * epsilons[e], "%"),
          text("Iterating the map yields individual training examples (orbits of ", kind, ", ", s.steps_a,
               " iterations, within ", 100 * epsilons[e], "% of the mean norm)."),
          "yields training examples (here: from 95%)", at_end(e, &Recovery::arrived), at_least(95), band, "%",
          text("training images reached (R_t): ", summary(at_end(e, &Recovery::recovered), "%"))));
  }
}

void claim_training_b(Program& program, const Setting& s, const std::vector<RunB>& runs,
                      const Promise& promise) {
  std::vector<const Attractors*> at_end;
  for (const RunB& r : runs) at_end.push_back(&r.attractors.back());
  program.claim(contested_claim(
      "5b, training",
      text("D1 is trained on ten images, here to a mean squared error of ", number(s.b.loss_goal), "."),
      "no loss given", of_each(runs, [](const RunB& r) { return r.net.training.loss; }),
      at_most(s.b.loss_goal), promise.loss_b, "",
      text(s.b.filters, " filters; epochs ",
           summary(of_each(runs, [](const RunB& r) { return r.net.training.epochs; })),
           "; training images that are attractors, within ", recall_note(at_end))));
}

/// Where starts of one kind are after one step.
void claim_one_step_b(Program& program, const std::vector<Rung>& ladder, const Rung& end,
                      const std::string& name, std::vector<const Starts*> Rung::*kind,
                      const Promise& promise) {
  for (const auto& [e, band] : {std::pair{narrow, promise.one_step_narrow}, {wide, promise.one_step_wide}}) {
    std::string by_loss;
    for (const Rung& rung : ladder)
      by_loss += text(by_loss.empty() ? "" : "; ", number(median(rung.losses), 2), ": ",
                      number(median(arrived(rung.*kind, 1, e))), "%");
    program.claim(contested_claim(text("5b, superattractors, ", name, ", ", 100 * epsilons[e], "%"),
                                  text("One iteration takes arbitrary images to training examples (within ",
                                       100 * epsilons[e], "% of the mean norm, at the end of training)."),
                                  "all (here: from 95%)", arrived(end.*kind, 1, e), at_least(95), band, "%",
                                  text("by training loss: ", by_loss)));
  }
}

/// And after more of them.
void claim_later_b(Program& program, const Rung& end, const std::string& name,
                   std::vector<const Starts*> Rung::*kind, const Promise& promise) {
  const std::vector<double> distinct =
      of_each(end.*kind, [](const Starts& s) { return s.at(100, narrow).distinct; });
  program.claim(contested_claim(
      text("5b, ", name, ", 100 steps"),
      "After 100 iterations arbitrary images are at training examples (within 5% of the mean norm).",
      "all (here: from 95%)", arrived(end.*kind, 100, narrow), at_least(95), promise.hundred_steps, "%",
      text("after 2 steps ", summary(arrived(end.*kind, 2, narrow), "%"), ", after 10 ",
           summary(arrived(end.*kind, 10, narrow), "%"), ", after 100 within 20% ",
           summary(arrived(end.*kind, 100, wide), "%"), "; different training images: ", summary(distinct))));
}

// The pictures.

/// Orbits as rows of images: start, iterates, and the training image nearest to the end.
void draw_orbits(Program& program, const std::string& id, const std::string& title, const ImageData& data,
                 const Mat<S>& examples, const std::vector<Index>& shown, const Starts& images, Index count,
                 const Starts& noise, Index noise_count) {
  std::vector<std::string> columns;
  for (const Index t : shown) columns.push_back(t == 0 ? "start" : std::to_string(t));
  columns.push_back("nearest\ntraining image");
  ImageTable table(title, data.train.shape, columns);
  const auto add_rows = [&](const Starts& from, Index rows, const std::string& label) {
    const NearestExamples n = nearest(from.orbit.x, examples);
    for (Index j = 0; j < std::min(rows, from.orbit.x.cols()); ++j) {
      Mat<S> row(examples.rows(), static_cast<Index>(columns.size()));
      for (std::size_t c = 0; c < shown.size(); ++c) {
        const auto k = std::find(from.times.begin(), from.times.end(), shown[c]) - from.times.begin();
        row.col(static_cast<Index>(c)) = from.orbit.snapshots.at(static_cast<std::size_t>(k)).col(j);
      }
      row.rightCols(1) = examples.col(n.index[static_cast<std::size_t>(j)]);
      const bool there = n.distance[static_cast<std::size_t>(j)] < epsilons[wide] * mean_norm(examples);
      table.add_row(there ? label : label + "*", row);
    }
  };
  add_rows(images, count, "unseen");
  add_rows(noise, noise_count, "noise");
  program.draw(
      table, text("figure_", id, ".png"),
      text("Orbits of unseen images and of N(0, 1) noise, first seed: the start, its iterates after so "
           "many steps, and the training image nearest to the last one. A star marks orbits that are "
           "not within 20% of the mean norm of a training image in the end."));
}

void draw_recovery(Program& program, const Setting& s, const ImageData& data, const std::vector<RunA>& runs) {
  const std::vector<Index>& times = runs.front().images.times;
  Panels<LinePlot> picture{.title = text("Figure 5a: D1 on ", runs.front().net.examples.cols(), " images, ",
                                         data.name, ", orbits of unseen images"),
                           .plots = {},
                           .columns = 2,
                           .width = 1400,
                           .height = 640};
  const auto add = [&](const std::string& title, const std::string& y_label, double Recovery::*fraction) {
    LinePlot plot{.title = title,
                  .x_label = "iterations t",
                  .y_label = y_label,
                  .series = {},
                  .log_x = true,
                  .x_range = Extent{1, static_cast<double>(s.steps_a)},
                  .y_range = Extent{-2, 102}};
    for (std::size_t e = 0; e < epsilons.size(); ++e) {
      Series line = median_line(text("within ", 100 * epsilons[e], "%"));
      for (std::size_t k = 1; k < times.size(); ++k)
        add_median(line, static_cast<double>(times[k]),
                   of_each(runs, [&](const RunA& r) { return 100 * (r.images.curve[k][e].*fraction); }));
      plot.series.push_back(line);
    }
    picture.plots.push_back(plot);
  };
  add("training images that an orbit has reached", "R_t (%)", &Recovery::recovered);
  add("orbits that are at a training image", "starts (%)", &Recovery::arrived);
  program.draw(picture, "figure_5a_recovery.png",
               "Both fractions for several distances that count as arrived, relative to the mean norm of the "
               "training images. Medians over the seeds, and their range.");
}

void draw_radii(Program& program, const std::vector<RunA>& runs) {
  Histogram radii{.title = "Spectral radii of the Jacobians at the training images of Figure 5a, all seeds",
                  .x_label = "spectral radius",
                  .y_label = "training images",
                  .groups = {{text(runs.front().net.examples.cols(), " images"), {}}},
                  .vertical = {{1, "stable below 1"}}};
  for (const RunA& r : runs)
    for (const ExampleVerdict& e : r.attractors.examples) radii.groups.front().values.push_back(e.radius);
  program.draw(
      radii, "figure_5a_radii.png",
      "Of the Jacobian at the training image itself. A fixed point attracts when it is below 1 there "
      "(Theorem 2).");
}

void draw_by_loss(Program& program, const ImageData& data, const std::vector<Rung>& ladder) {
  Panels<LinePlot> picture{.title = text("Figure 5b: D1 on ten images, ", data.name,
                                         ": starts near a training image after t steps, by training loss"),
                           .plots = {},
                           .columns = 2,
                           .width = 1400,
                           .height = 1100};
  for (const auto& [name, kind] : {std::pair{"unseen images", &Rung::images}, {"noise", &Rung::noise}})
    for (const std::size_t e : {narrow, wide}) {
      LinePlot plot{.title = text(name, ", within ", 100 * epsilons[e], "% of the mean norm"),
                    .x_label = "training loss (mean squared error)",
                    .y_label = "starts (%)",
                    .series = {},
                    .log_x = true,
                    .x_range = Extent{median(ladder.back().losses), median(ladder.front().losses)},
                    .y_range = Extent{-2, 102}};
      for (std::size_t k = 1; k < times_b.size(); ++k) {
        Series line = median_line(text("t = ", times_b[k]));
        for (const Rung& rung : ladder)
          add_median(line, median(rung.losses), arrived(rung.*kind, times_b[k], e));
        plot.series.push_back(line);
      }
      picture.plots.push_back(plot);
    }
  program.draw(
      picture, "figure_5b_loss.png",
      "One training, kept when its loss first fell to the values of a ladder, and in the end (training goes "
      "from right to left). Medians over the seeds, and their range.");
}

void write_table(const std::vector<RunB>& runs, const std::vector<std::uint64_t>& seeds,
                 const std::filesystem::path& file) {
  std::vector<std::uint64_t> seed;
  std::vector<std::string> stage, kind;
  std::vector<Index> epoch, t, contracting, recalled, distinct;
  std::vector<double> loss, epsilon, arrived, recovered;
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::size_t k = 0; k < runs[i].images.size(); ++k)
      for (const auto& [name, which] : {std::pair{"image", &RunB::images}, {"noise", &RunB::noise}})
        for (std::size_t j = 0; j < times_b.size(); ++j)
          for (std::size_t e = 0; e < epsilons.size(); ++e) {
            const Recovery& r = (runs[i].*which)[k].curve[j][e];
            seed.push_back(seeds[i]);
            epoch.push_back(runs[i].stages[k].epoch);
            loss.push_back(runs[i].stages[k].loss);
            contracting.push_back(runs[i].attractors[k].contracting());
            recalled.push_back(runs[i].attractors[k].recalled(epsilons[e]));
            kind.push_back(name);
            t.push_back(times_b[j]);
            epsilon.push_back(epsilons[e]);
            arrived.push_back(r.arrived);
            recovered.push_back(r.recovered);
            distinct.push_back(r.distinct);
          }
  CsvTable()
      .add("seed", seed)
      .add("epoch", epoch)
      .add("loss", loss)
      .add("contracting_examples", contracting)
      .add("start", kind)
      .add("t", t)
      .add("epsilon", epsilon)
      .add("recalled_examples", recalled)
      .add("arrived", arrived)
      .add("recovered", recovered)
      .add("distinct", distinct)
      .write(file);
}

void report_a(Program& program, const Setting& s, const ImageData& data, const std::vector<RunA>& runs) {
  const Promise promise;
  std::vector<Index> shown;
  for (const Index t : {0, 1, 2, 3, 5, 10, 20, 50, 200, 1000})
    if (t <= s.steps_a) shown.push_back(t);
  const RunA& first = runs.front();
  draw_orbits(program, "5a", text("Figure 5a: D1 on ", first.net.examples.cols(), " images, ", data.name),
              data, first.net.examples, shown, first.images, 6, first.noise, 3);
  draw_recovery(program, s, data, runs);
  draw_radii(program, runs);
  claim_examples_a(program, s, runs, promise);
  claim_orbits_a(program, s, runs, promise);
}

void report_b(Program& program, const Setting& s, const ImageData& data, const std::vector<RunB>& runs) {
  const Promise promise;
  const RunB& first = runs.front();
  draw_orbits(program, "5b",
              text("Figure 5b: D1 on ten images, ", data.name, ", loss ", number(first.net.training.loss, 2)),
              data, first.net.examples, times_b, first.images.back(), 6, first.noise.back(), 3);
  const std::vector<Rung> ladder = ladder_of(runs);
  draw_by_loss(program, data, ladder);
  claim_training_b(program, s, runs, promise);
  const Rung end = end_of(runs);
  for (const auto& [name, kind] : {std::pair{"unseen images", &Rung::images}, {"noise", &Rung::noise}}) {
    claim_one_step_b(program, ladder, end, name, kind, promise);
    claim_later_b(program, end, name, kind, promise);
  }
}

void body(Program& program) {
  const ImageData data = find_color_images(program.options.data);
  program.result.data = data.description;
  const Setting& s = program.full() ? full_setting : quick_setting;
  const std::filesystem::path folder = program.checkpoints();
  program.note_checkpoints("Networks");
  std::vector<RunB> b =
      program.over_seeds([&](std::uint64_t seed) { return run_b(s, data, seed, folder); }, "5b");
  std::erase_if(b, [](const RunB& r) { return r.images.empty(); });
  const std::vector<RunA> a =
      program.over_seeds([&](std::uint64_t seed) { return run_a(s, data, seed, folder); }, "5a");
  if (!a.empty()) report_a(program, s, data, a);
  if (b.empty()) return;
  report_b(program, s, data, b);
  if (program.writes()) write_table(b, program.seeds(), program.options.out / "figure_5b.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_5", "Figure 5: convolutional autoencoders on color images, iterated",
                     {.quick = 2, .full = 3, .over_ranks = true}, argc, argv, body);
}
