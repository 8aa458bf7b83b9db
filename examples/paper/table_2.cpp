// Table 2 of the paper: linear convolutional autoencoders of one 3 x 3 filter a layer, as deep as the
// heuristic bound ceil(s^4 / 9) asks, memorize s x s images. What the paper leaves open
// (images, initial values, where the skips start) is chosen as docs/paper/table_2.md says, with the map of
// what was tried.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/io/csv.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/theory/projection.hpp"
#include "support/linear_conv.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

/// A row of the table, and how we train it.
struct Row {
  Index s, examples, layers;
  double bracket;        // the paper's [< bracket]
  Index printed_params;  // what the paper prints
  Index plain;           // layers before the first skip; all of them in nets without
  Band promised;         // of the median of the largest remaining |eigenvalue|
  std::string others = "1";
  std::string id() const { return text(s, "x", s, ", n = ", examples); }
  bool skips() const { return plain < layers; }
};
const std::vector<Row> rows = {{2, 1, 3, 1e-2, 27, 3, {0.015, 0.05}},
                               {3, 1, 9, 1e-2, 81, 9, {1e-3, 1.5e-2}},
                               {4, 1, 29, 1e-3, 261, 29, {5e-7, 5e-5}},
                               {5, 1, 70, 1e-5, 630, 70, {1e-10, 1e-8}},
                               {6, 1, 144, 2e-2, 1296, 24, {3e-4, 4e-3}},
                               {7, 1, 267, 4e-3, 2403, 27, {2e-4, 5e-3}},
                               {3, 3, 10, 1e-2, 90, 10, {0.1, 0.9}, "1, .98, .98"},
                               {5, 5, 200, 1e-3, 1800, 80, {1e-5, 1e-2}, "1, 1, 1, 1, 1"},
                               {7, 5, 350, 1e-2, 3105, 140, {1e-5, 0.1}, "1, 1, 1, 1, 1"}};

// The study: trains.

/// At least 20 where a training takes less than a second, so that what is promised does not hang on a few
/// seeds.
std::vector<std::uint64_t> seeds_of(const Program& program, const Row& row) {
  std::vector<std::uint64_t> seeds = program.seeds();
  while (row.layers <= 70 && seeds.size() < 20) seeds.push_back(seeds.back() + 1);
  return seeds;
}

/// The settings of the five-image rows: see docs/paper/table_2.md.
constexpr double plain_sd = 0.36, skip_sd = 0.05, constant = 0.1;
bool several_and_deep(const Row& row) { return row.examples > 1 && row.skips(); }

LinearTraining training(const Row& row) {
  if (row.layers <= 10) return {.adam = false, .rate = 0.1, .max_steps = 400000};
  if (several_and_deep(row))
    return {.adam = true,
            // a step changes log |product| by about rate * layers: it must stay small
            .rate = 0.15 / static_cast<double>(row.plain),
            .max_steps = 100000,
            .epsilon = 1e-30,  // gradients may start at 1e-14: the usual 1e-8 would stop Adam there
            .warm_up = 1000,
            .easy_below = 1e-2};
  return {.adam = true, .rate = 1e-4, .max_steps = 200000, .easy_below = row.skips() ? 1e-2 : 0};
}

/// One image: U(0, 1), since a net of equal positive filters starts as a blur. Several: N(0, 1). What the law
/// changes is in the scan.
Mat<double> images(const Row& row, Random& random) {
  return draw_images(row.examples > 1 ? ImageLaw::normal : ImageLaw::uniform, row.s * row.s, row.examples,
                     random);
}

LinearRun run(const Row& row, std::uint64_t seed, SideBySideProgress& progress, std::size_t place) {
  Random random(seed);
  Mat<double> x = images(row, random);
  const LinearTraining t = training(row);
  if (!row.skips()) {
    const Plain net = plain_net(row.s, row.layers);
    return train_linear(Model(net, initial_values(net, initial::constant(constant), random)), x, t, progress,
                        place);
  }
  const Skipping net = skipping_net(row.s, row.layers, row.plain);
  if (!several_and_deep(row))
    return train_linear(Model(net, initial_values(net, initial::constant(constant), random)), x, t, progress,
                        place);
  Vec<double> theta(net.param_size());
  theta << initial_values(plain_net(row.s, row.plain), initial::normal(0, plain_sd), random),
      initial_values(plain_net(row.s, row.layers - row.plain), initial::normal(0, skip_sd), random);
  return train_linear(Model(net, theta), x, t, progress, place);
}

std::vector<LinearRun> run_row(Program& program, const Row& row, const std::vector<std::uint64_t>& seeds) {
  const std::string what = text(row.id(), ", ", row.layers, " layers");
  SideBySideProgress progress(what, seeds.size());
  const auto train = [&](std::uint64_t seed, std::size_t k) { return run(row, seed, progress, k); };
  return over_seeds(program, seeds, train, text(what, ", ", row.plain, " plain"));
}

/// A row and its trainings.
struct Finished {
  Row row;
  std::vector<LinearRun> runs;
  /// The trainings that reached the loss.
  std::vector<LinearRun> done() const { return trained(runs); }
};

/// With skips from the input on and parameters near zero the net is the identity before any training.
struct Untrained {
  std::vector<double> losses, kept;  // for each seed: the loss, and how many eigenvalues are above 0.5
};

Untrained skips_from_the_input(const std::vector<std::uint64_t>& seeds) {
  const Stack<Residual<Plain>> net(Residual(plain_net(5, 10)), 20);
  Untrained u;
  for (const std::uint64_t seed : seeds) {
    Random random(seed);
    const Mat<double> x = normal_starts<double>(25, 5, random);
    const Model f(net, initial_values(net, initial::normal(0, 0.1), random));
    u.losses.push_back(loss_value(MeanSquaredError{}, f(x), x));
    u.kept.push_back(static_cast<double>(memorization(linearize_dense(f).A, x).above_half));
  }
  return u;
}

/// One of the two smallest nets from other constants and on images of the other law. One that stays near 0 is
/// cut off.
std::vector<ConstantStart> scan(Program& program, const Row& row) {
  LinearTraining t = training(row);
  t.max_steps = 100000;
  return scan_constants(program, row.s, row.layers, row.examples, t, seeds_of(program, row));
}

/// What is left over with so many plain layers before the first skip, for each seed that reached the loss.
struct PlainLayers {
  Index plain;
  std::vector<double> remaining;
};

/// 5x5, n = 5, 200 layers; none when interrupted, or where no seed reached the loss.
std::vector<PlainLayers> vary_plain_layers(Program& program) {
  std::vector<PlainLayers> all;
  for (const Index plain : {20, 40, 60, 80}) {
    Row row = rows[7];
    row.plain = plain;
    const std::vector<LinearRun> runs = trained(run_row(program, row, program.seeds()));
    if (interrupted() || runs.empty()) return {};
    all.push_back({plain, over_runs(runs, remaining)});
  }
  return all;
}

// The claims.

void claim_loss(Program& program, const Finished& f) {
  const std::string net = text(f.row.layers, " layers", f.row.skips() ? ", skips over 10" : "");
  // Several images: some seeds stay at 0 or diverge, and nothing is promised of how many.
  program.claim(
      contested_claim(f.row.id() + ", loss", text("Trained to a mean squared error below 1e-6 (", net, ")."),
                      "< 1e-6", over_runs(f.runs, [](const LinearRun& r) { return r.training.loss; }),
                      at_most(1e-6), f.row.examples > 1 ? Band{} : at_most(1e-6), "", convergence(f.runs)));
}

void claim_spectrum(Program& program, const Row& row, const std::vector<LinearRun>& done,
                    const std::string& of) {
  const auto n = static_cast<double>(row.examples);
  program.claim(median_claim(
      row.id() + ", eigenvalues 1", text(row.examples, " eigenvalues are 1 (within 0.01)."), row.others,
      over_runs(done, [](const LinearRun& r) { return r.memory.at_one; }), Band{n, n}, "", of));
  program.claim(contested_claim(row.id() + ", remaining",
                                "All other eigenvalues are smaller than the bracket.",
                                text("[< ", number(row.bracket), "]"), over_runs(done, remaining),
                                at_most(row.bracket), row.promised, "", of));
  program.claim(
      contested_claim(row.id() + ", memorized",
                      text("Memorized by the criterion of Table 1: all other eigenvalues are at most ",
                           number(memorized_below), "."),
                      "memorized", over_runs(done, remaining), at_most(memorized_below), Band{}, "", of));
  program.claim(
      contested_claim(row.id() + ", projection",
                      "The net memorizes in the Lemma's sense: A is the orthogonal projection onto the "
                      "span of the examples "
                      "(distance |A-P|/|P| at most 0.01).",
                      "not reported; \"similar to a single layer fully connected system\"",
                      over_runs(done, [](const LinearRun& r) { return r.memory.projection_distance; }),
                      at_most(0.01), at_least(0.1), "", of));
}

void claim_parameters(Program& program, const Row& row, Index counted) {
  Claim params =
      yes_no_claim(row.id() + ", parameters", text("The net of ", row.layers, " layers has so many."),
                   std::to_string(row.printed_params), std::to_string(counted), counted == row.printed_params,
                   std::to_string(9 * row.layers));
  params.in_band = counted == 9 * row.layers;
  program.claim(std::move(params));
}

void claim_row(Program& program, const Finished& f) {
  claim_loss(program, f);
  const std::vector<LinearRun> done = f.done();
  if (!done.empty())
    claim_spectrum(program, f.row, done,
                   text("over the ", done.size(), " of ", f.runs.size(), " seeds that reached the loss"));
  claim_parameters(program, f.row, f.runs.front().parameters);
}

void claim_bound(Program& program) {
  Claim c = yes_no_claim("heuristic bound", "The heuristic bound ceil(s^4/9) of the last row (7x7) is 144.",
                         "144", std::to_string(heuristic_depth(7)), heuristic_depth(7) == 144, "267",
                         "144 is the bound for 6x6; the paper's row of one 7x7 image has 267");
  c.in_band = heuristic_depth(7) == 267;
  program.claim(std::move(c));
}

void claim_skips(Program& program, const Untrained& u) {
  program.claim(
      contested_claim("skips from the input",
                      "\"Skip connections between every 10 layers\", all 200 of 5x5, n = 5: after training "
                      "five eigenvalues are above 0.5.",
                      "5", u.kept, Band{5, 5}, Band{25, 25}, "",
                      text("the loss before any training is ", summary(u.losses),
                           ", below 1e-6: there is nothing to train. So the first layers must be plain; the "
                           "paper does not say where its skips start")));
}

/// More plain layers, fewer eigenvalues that no example asked for.
void claim_plain_layers(Program& program, const std::vector<PlainLayers>& all) {
  std::string found;
  for (const PlainLayers& p : all)
    found += text(found.empty() ? "" : "; ", p.plain, ": ", summary(p.remaining));
  const std::vector<double> medians = of_each(all, [](const PlainLayers& p) { return median(p.remaining); });
  const bool falls = std::is_sorted(medians.rbegin(), medians.rend());
  program.claim(yes_no_claim("plain layers",
                             "5x5, n = 5: the more of the 200 layers are plain, the smaller the "
                             "largest remaining eigenvalue (20, 40, 60, 80 plain layers).",
                             no_paper, found, falls && medians.front() > 10 * medians.back(),
                             "falls, by more than 10 times in all"));
}

// The pictures, and the tables.

void draw_plain_layers(Program& program, const std::vector<PlainLayers>& all) {
  Series line = median_line("median and range");
  for (const PlainLayers& p : all) add_median(line, static_cast<double>(p.plain), p.remaining);
  program.draw(LinePlot{.title = "200 layers on five 5x5 images: where the skips start",
                        .x_label = "plain layers before the first skip",
                        .y_label = "largest remaining |eigenvalue|",
                        .series = {line},
                        .log_y = true,
                        .horizontal = {{1e-3, "the paper's bracket"}}},
               "table_2_plain.png",
               "Product of plain layers: its singular values decay, and training lifts as many as "
               "there are examples. Blocks with skips start at the identity and do not help.");
}

void draw_spectra(Program& program, const std::vector<Finished>& all, bool several, const std::string& file) {
  LinePlot plot{.title = several ? "Spectra, several images" : "Spectra, one image",
                .x_label = "number of the eigenvalue, largest first",
                .y_label = "|eigenvalue| (below 1e-12 drawn there)",
                .series = {},
                .log_y = true,
                .horizontal = {}};
  for (const auto& [row, runs] : all)
    if ((row.examples > 1) == several) {
      Series s = spectrum_series(text(row.id(), ", ", row.layers, " layers"), runs);
      if (!several) s.low = s.high = {};
      plot.series.push_back(s);
      if (several) plot.horizontal.push_back({row.bracket, text("paper, ", row.id())});
    }
  if (several && plot.horizontal.size() > 2)
    plot.horizontal.front().name = "paper, 3x3 and 7x7", plot.horizontal.pop_back();
  if (!plot.series.empty())
    program.draw(plot, file,
                 several
                     ? "Moduli of all eigenvalues, median and range over seeds; lines: the paper's brackets."
                     : "Moduli of all eigenvalues, median over seeds.");
}

void draw_brackets(Program& program, const std::vector<Finished>& all) {
  Series ours{
      .name = "ours, each seed that reached the loss", .x = {}, .y = {}, .style = Series::Style::points};
  Series paper{.name = "the paper's bracket", .x = {}, .y = {}, .style = Series::Style::points};
  double at = 0;
  for (const auto& [row, runs] : all) {
    ++at;
    paper.x.push_back(at);
    paper.y.push_back(row.bracket);
    for (const LinearRun& r : runs) {
      ours.x.push_back(at);
      ours.y.push_back(std::max(remaining(r), 1e-12));
    }
  }
  program.draw(LinePlot{.title = "Table 2: the largest eigenvalue besides those of the examples",
                        .x_label = "row of the table",
                        .y_label = "|eigenvalue|",
                        .series = {ours, paper},
                        .log_y = true},
               "table_2_brackets.png",
               "Below the paper's mark: memorized as strongly as the paper reports, or more.");
}

/// Five images, what the net makes of them, five images of noise and what it makes of those.
void draw_images(Program& program, const Row& row, const LinearRun& r, std::uint64_t seed) {
  const Index d = row.s * row.s;
  Random random(seed + 1000);
  const Mat<double> noise = normal_starts<double>(d, 5, random);
  const auto grey = [](const Mat<double>& x) { return Mat<double>((x.array() / 6 + 0.5).matrix()); };
  const Mat<double> out = r.A * noise;
  const Mat<double> P = span_projection(r.examples);
  // Outputs of noise may be large (A is no projection): each is scaled to the size of an example.
  Mat<double> shown = out;
  for (Index j = 0; j < shown.cols(); ++j)
    shown.col(j) *= std::sqrt(static_cast<double>(d)) / (out.col(j).norm() + 1e-300);
  const Mat<double> spanned = P * shown;
  ImageTable table(text(row.id(), ", ", row.layers, " layers: images and outputs"), Shape{1, row.s, row.s},
                   {"1", "2", "3", "4", "5"});
  table.add_row("training image x", grey(r.examples));
  table.add_row("A x", grey(r.A * r.examples));
  table.add_row("noise z", grey(noise));
  table.add_row("A z, scaled", grey(shown));
  table.add_row("A z in the span", grey(spanned));
  program.draw(
      table, text("table_2_images_", row.s, "x", row.s, ".png"),
      text("The five training images and their outputs; noise, its outputs (scaled to the norm of an "
           "example) and "
           "their part in the span of the training images, which is all of it up to ",
           number((shown - spanned).norm() / shown.norm(), 2), " in relative norm. Grey is 0, white 3."));
}

CsvTable table_of_runs(const std::vector<Finished>& all) {
  std::vector<std::string> ids;
  std::vector<double> loss, left, at_one, above_half, steps, seconds, projection;
  for (const Finished& f : all)
    for (const LinearRun& r : f.runs) {
      ids.push_back(f.row.id());
      loss.push_back(r.training.loss);
      steps.push_back(static_cast<double>(r.training.epochs));
      seconds.push_back(r.training.seconds);
      left.push_back(remaining(r));
      at_one.push_back(static_cast<double>(r.memory.at_one));
      above_half.push_back(static_cast<double>(r.memory.above_half));
      projection.push_back(r.memory.projection_distance);
    }
  return CsvTable()
      .add("row", ids)
      .add("loss", loss)
      .add("steps", steps)
      .add("seconds", seconds)
      .add("remaining", left)
      .add("at_one", at_one)
      .add("above_half", above_half)
      .add("projection_distance", projection);
}

/// Images and eigenvectors of the first seed that reached the loss.
void draw_row(Program& program, const Row& row, const LinearRun& r) {
  const std::uint64_t seed = program.seeds().front();
  if (several_and_deep(row)) draw_images(program, row, r, seed);
  program.draw(spectral_images(text(row.id(), ", ", row.layers, " layers"), row.s, r, seed),
               text("table_2_eigenvectors_", row.s, "x", row.s, "_", row.examples, ".png"),
               spectral_images_caption);
}

// Part after part, so that an interrupted run has what was finished.

void scan_part(Program& program) {
  std::vector<ConstantStart> all;
  for (const Row& row : {rows[0], rows[1]}) {
    const std::vector<ConstantStart> some = scan(program, row);
    if (interrupted()) return;
    claim_scan(program, some, true);
    all.insert(all.end(), some.begin(), some.end());
  }
  if (program.writes()) scan_table(all).write(program.options.out / "table_2_scan.csv");
}

/// The rows of the table, claimed and drawn one by one.
std::vector<Finished> row_parts(Program& program) {
  std::vector<Finished> all;
  for (const Row& row : rows) {
    if (interrupted()) break;
    if (row.layers > 300 && !program.full()) {
      program.note("The row of five 7x7 images (350 layers) is run with --full: minutes.");
      continue;
    }
    Finished f{row, run_row(program, row, seeds_of(program, row))};
    if (f.runs.empty()) break;
    claim_row(program, f);
    if (const std::vector<LinearRun> done = f.done(); !done.empty()) draw_row(program, row, done.front());
    all.push_back(std::move(f));
  }
  return all;
}

void plain_layers_part(Program& program) {
  const std::vector<PlainLayers> plain = vary_plain_layers(program);
  if (plain.empty()) return;
  claim_plain_layers(program, plain);
  draw_plain_layers(program, plain);
}

void body(Program& program) {
  claim_bound(program);
  claim_skips(program, skips_from_the_input(program.seeds()));
  scan_part(program);
  std::vector<Finished> all = row_parts(program);
  const CsvTable table = table_of_runs(all);
  for (Finished& f : all) f.runs = f.done();
  std::erase_if(all, [](const Finished& f) { return f.runs.empty(); });
  if (all.empty()) return;
  if (program.writes()) {
    table.write(program.options.out / "table_2_runs.csv");
    draw_brackets(program, all);
    draw_spectra(program, all, false, "table_2_spectra_one.png");
    draw_spectra(program, all, true, "table_2_spectra_several.png");
  }
  if (program.full() && !interrupted()) plain_layers_part(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("table_2", "Table 2: deep linear convolutional autoencoders memorize",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
