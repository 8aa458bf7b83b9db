// Table 1 of the paper: linear convolutional autoencoders of 3 x 3 filters on two 3 x 3 images, from 2 to 8
// layers with 1 to 128 filters a layer. Their spectra need depth to be 1, 1, and little else; filters do not
// replace it. What the paper leaves open is chosen as docs/paper/table_1.md says. Full mode keeps the long
// trainings, those of 128 filters, in OUT/checkpoints and goes on from there.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/io/csv.hpp"
#include "support/linear_conv.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index s = 3, images = 2;
constexpr double start_value = 0.1;  // initial value of every parameter, at one filter
constexpr double spread = 0.5;       // random: N(0, (spread^2 / fan_in))

/// A row of the table. `third` is the paper's third |eigenvalue|, 0 where it has no such net.
struct Row {
  Index layers, filters, printed_params;
  double third;
  std::string id() const { return text(layers, " layers, ", filters, filters == 1 ? " filter" : " filters"); }
};
// The paper's rows of "2 layers" have the parameters of three; the true ones of two come first.
const std::vector<Row> rows = {{2, 1, 0, 0},     {2, 16, 0, 0},        {2, 128, 0, 0},
                               {3, 1, 27, 0.98}, {3, 16, 2592, 0.99},  {3, 128, 149760, 0.99},
                               {5, 1, 45, 0.78}, {5, 16, 7200, 0.72},  {5, 128, 444672, 0.70},
                               {8, 1, 72, 0.14}, {8, 16, 14112, 0.10}, {8, 128, 887040, 0.08}};

enum class Start { constant, random };
const char* name(Start start) { return start == Start::constant ? "constant" : "random"; }

// The study: trains.

/// A constant c with which the net of f filters starts as the operator of the net of one filter at 0.1:
/// c (f c)^(L-1) = 0.1^L.
double constant_for(const Row& row) {
  const auto f = static_cast<double>(row.filters), L = static_cast<double>(row.layers);
  return start_value * std::pow(f, (1 - L) / L);
}

LinearTraining training(const Row& row, Start start, Index most_steps) {
  // 128 filters from random values diverge at the paper's rate of 0.1.
  const double rate = row.filters > 16 && start == Start::random ? 0.03 : 0.1;
  const Index steps = row.filters == 1 ? 200000 : 60000;
  return {.adam = false, .rate = rate, .max_steps = std::min(steps, most_steps)};
}

constexpr Index to_the_end = 1000000;  // steps, beyond those of any training

std::string stopped_after(Index most_steps) {
  return most_steps == to_the_end ? "" : text(", ", most_steps, " steps");
}

/// Where a training is kept; `folder` is empty where none is.
std::optional<Checkpoint> checkpoint(const std::filesystem::path& folder, const Row& row, Start start,
                                     std::uint64_t seed) {
  if (folder.empty()) return {};
  const LinearTraining t = training(row, start, to_the_end);
  return Checkpoint(folder / text("table_1_", row.layers, "x", row.filters, "_", name(start), "_seed", seed,
                                  ".safetensors"),
                    text("table 1, ", row.id(), ", ", name(start), ", from ", start_value, " or ", spread,
                         ", seed ", seed, ", rate ", t.rate, ", loss ", t.loss_goal));
}

template <Layer F>
LinearRun run(const F& net, const Row& row, Start start, std::uint64_t seed, Index most_steps,
              const std::filesystem::path& folder, SideBySideProgress& progress, std::size_t place) {
  Random random(seed);
  const Mat<double> x = normal_starts<double>(s * s, images, random);
  const initial::Scheme scheme = start == Start::constant ? initial::constant(constant_for(row))
                                                          : initial::scaled(initial::lecun_normal(), spread);
  return train_linear(Model(net, initial_values(net, scheme, random)), x, training(row, start, most_steps),
                      progress, place, checkpoint(folder, row, start, seed));
}

/// With `folder`, the trainings of 128 filters are kept there.
std::vector<LinearRun> run_row(Program& program, const Row& row, Start start,
                               const std::vector<std::uint64_t>& seeds, std::filesystem::path folder = {},
                               Index most_steps = to_the_end) {
  if (row.filters <= 16) folder.clear();
  const std::string what = text(row.id(), ", ", name(start));
  SideBySideProgress progress(what, seeds.size());
  const auto train = [&](std::uint64_t seed, std::size_t k) {
    if (row.filters == 1)
      return run(plain_net(s, row.layers), row, start, seed, most_steps, folder, progress, k);
    if (row.layers == 2)
      return run(wide_net_of_two(s, row.filters), row, start, seed, most_steps, folder, progress, k);
    return run(wide_net(s, row.layers, row.filters), row, start, seed, most_steps, folder, progress, k);
  };
  return over_seeds(program, seeds, train, text(what, stopped_after(most_steps)));
}

/// The net of one filter that a net of f equal filters is: filters sqrt(f) w_1, f w_2, ..., sqrt(f) w_L have
/// the same operator, and gradient descent at the same rate keeps it so.
std::vector<LinearRun> run_equivalent(Program& program, const Row& row,
                                      const std::vector<std::uint64_t>& seeds,
                                      Index most_steps = to_the_end) {
  const std::string what = text(row.id(), ", its net of one filter");
  SideBySideProgress progress(what, seeds.size());
  const auto train = [&](std::uint64_t seed, std::size_t k) {
    Random random(seed);
    const Mat<double> x = normal_starts<double>(s * s, images, random);
    const auto f = static_cast<double>(row.filters);
    Vec<double> theta = Vec<double>::Constant(9 * row.layers, f * constant_for(row));
    theta.head(9) /= std::sqrt(f);
    theta.tail(9) /= std::sqrt(f);
    return train_linear(Model(plain_net(s, row.layers), theta), x, training(row, Start::constant, most_steps),
                        progress, k);
  };
  return over_seeds(program, seeds, train, text(what, stopped_after(most_steps)));
}

struct Finished {
  Row row;
  Start start;
  std::vector<LinearRun> runs;
  /// Those that reached the loss; all that did not diverge where none did.
  std::vector<LinearRun> judged() const {
    std::vector<LinearRun> done = trained(runs);
    if (done.empty())
      for (const LinearRun& r : runs)
        if (r.training.status != FitStatus::diverged && r.training.loss < 1) done.push_back(r);
    return done;
  }
};

/// How far nets that start from a constant are from their nets of one filter, |A - A_1| / |A_1|; for each
/// seed.
struct Symmetry {
  std::vector<double> early, end;  // after a few steps, and at the end of training
};
constexpr Index early_steps = 10;

std::vector<double> differences(const std::vector<LinearRun>& a, const std::vector<LinearRun>& b) {
  std::vector<double> values;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].training.status != FitStatus::diverged && b[i].training.status != FitStatus::diverged)
      values.push_back((a[i].A - b[i].A).norm() / b[i].A.norm());
  return values;
}

Symmetry symmetry(Program& program, const Finished& f) {
  const std::vector<std::uint64_t>& seeds = program.seeds();
  const std::vector<LinearRun> first = run_row(program, f.row, f.start, seeds, {}, early_steps),
                               first_one = run_equivalent(program, f.row, seeds, early_steps),
                               one = run_equivalent(program, f.row, seeds);
  if (interrupted()) return {};
  return {differences(first, first_one), differences(f.runs, one)};
}

/// One filter a layer from other constants and on images of the other law.
std::vector<ConstantStart> scan(Program& program, Index layers) {
  const LinearTraining t{.adam = false, .rate = 0.1, .max_steps = 100000};
  return scan_constants(program, s, layers, images, t, program.seeds());
}

/// The trainings of a net from one start; nullptr: there are none.
const Finished* find(const std::vector<Finished>& all, Index layers, Index filters, Start start) {
  for (const Finished& f : all)
    if (f.row.layers == layers && f.row.filters == filters && f.start == start) return &f;
  return nullptr;
}

// The claims.

/// "the 3rd |eig|; |eig| > 0.5: ...; largest ...; |A-P|/|P| ...".
std::string details(const std::vector<LinearRun>& runs, const std::vector<LinearRun>& judged) {
  const auto all = [&](const auto& what) { return summary(over_runs(judged, what)); };
  return text(convergence(runs),
              "; |eigenvalues| above 0.5: ", all([](const LinearRun& r) { return r.memory.above_half; }),
              "; largest: ", all([](const LinearRun& r) { return r.modulus(1); }),
              "; 7th: ", all([](const LinearRun& r) { return r.modulus(7); }),
              "; |A-P|/|P|: ", all([](const LinearRun& r) { return r.memory.projection_distance; }));
}

/// What docs/paper/table_1.md promises of the median of the third |eigenvalue|, by depth.
Band promised(Index layers) {
  return layers <= 3 ? Band{0.7, 1.4} : layers == 5 ? Band{0.2, 1.3} : Band{0.02, 1.1};
}

void claim_row(Program& program, const Finished& f) {
  const std::string id = text(f.row.id(), ", ", name(f.start));
  program.claim(median_claim(id + ", loss", "Trained to a mean squared error below 1e-6.", "converged",
                             over_runs(f.runs, [](const LinearRun& r) { return r.training.loss; }),
                             f.row.layers == 2 ? at_most(0.05) : at_most(1e-6)));
  const std::vector<LinearRun> judged = f.judged();
  if (!judged.empty())
    program.claim(contested_claim(
        id + ", 3rd eigenvalue",
        text(
            "Two images are not memorized: the third |eigenvalue| is not near 0 (here, and in Table 2: from ",
            number(memorized_below), ")."),
        f.row.third > 0 ? text("1, 1, ", number(f.row.third), ", ...") : "not in the table",
        over_runs(judged, remaining), at_least(memorized_below), promised(f.row.layers), "",
        details(f.runs, judged)));
  if (f.start == Start::constant && f.row.printed_params > 0) {
    const Index counted = f.runs.front().parameters;
    program.claim(yes_no_claim(f.row.id() + ", parameters", text("A net of ", f.row.id(), " has so many."),
                               std::to_string(f.row.printed_params), std::to_string(counted),
                               counted == f.row.printed_params, std::to_string(f.row.printed_params)));
  }
}

void claim_printed_depth(Program& program) {
  Claim c = yes_no_claim(
      "rows of \"2 layers\"", "The nets of the first three rows have 2 layers.",
      "27, 2592, 149760 parameters",
      text(plain_net(s, 2).param_size(), ", ", wide_net_of_two(s, 16).param_size(), ", ",
           wide_net_of_two(s, 128).param_size(), " parameters at 2 layers; ", plain_net(s, 3).param_size(),
           ", ", wide_net(s, 3, 16).param_size(), ", ", wide_net(s, 3, 128).param_size(), " at 3"),
      plain_net(s, 2).param_size() == 27, "three layers",
      "the parameters are those of 3 layers, so the table does not test the bound of Theorem 5, "
      "s - 1 = 2; the rows of 5 and 8 layers agree with their depth");
  c.in_band = plain_net(s, 3).param_size() == 27 && wide_net(s, 3, 16).param_size() == 2592 &&
              wide_net(s, 3, 128).param_size() == 149760;
  program.claim(std::move(c));
}

/// From equal values all filters of a layer stay equal, and the net is one of one filter: exactly, but
/// rounding breaks the symmetry, and training is unstable against that.
void claim_symmetry(Program& program, const Row& row, const Symmetry& found) {
  program.claim(median_claim(
      row.id() + ", symmetry",
      text("From constant values the net is one of one filter: |A - A_1|/|A_1| after ", early_steps,
           " steps."),
      no_paper, found.early, at_most(1e-6), "",
      "all filters of a layer get the same gradient and stay equal, so that the number of filters cannot "
      "have an "
      "effect when every parameter starts at the same value"));
  program.claim(contested_claim(
      row.id() + ", symmetry at the end", "The same at the end of training.", no_paper, found.end,
      at_most(1e-6), at_most(2), "",
      "rounding makes the filters unequal, and where training passes saddles such differences grow"));
}

/// From random values: do filters matter?
void claim_filters(Program& program, const std::vector<Finished>& all, Index layers) {
  const Finished *one = find(all, layers, 1, Start::random), *more = find(all, layers, 128, Start::random);
  if (!more) more = find(all, layers, 16, Start::random);
  if (!one || !more) return;
  const std::vector<double> a = over_runs(one->judged(), remaining), b = over_runs(more->judged(), remaining);
  if (a.empty() || b.empty()) return;
  // Within the noise: each median lies within the other's range over seeds.
  const auto within = [](double m, const std::vector<double>& v) {
    return m >= quantile(v, 0) && m <= quantile(v, 1);
  };
  const bool holds = within(median(a), b) || within(median(b), a);
  Claim c = yes_no_claim(
      text(layers, " layers, effect of filters"),
      "Increasing the number of filters per layer has minimal effect on the spectrum (random values; "
      "here: a median of the third |eigenvalue| lies within the other's range).",
      "minimal effect", text("1 filter: ", summary(a), "; ", more->row.filters, ": ", summary(b)), holds,
      "nothing promised");
  c.promise = Promise::nothing;
  program.claim(std::move(c));
}

// The pictures, and the tables.

void draw_third(Program& program, const std::vector<Finished>& all) {
  Series paper{.name = "the paper", .x = {}, .y = {}, .style = Series::Style::points};
  Series from_constant{.name = "constant start, each seed", .x = {}, .y = {}, .style = Series::Style::points};
  Series from_random{.name = "random start, each seed", .x = {}, .y = {}, .style = Series::Style::points};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<double>(i + 1);
    if (rows[i].third > 0) {
      paper.x.push_back(at);
      paper.y.push_back(rows[i].third);
    }
    for (const Finished& f : all)
      if (f.row.layers == rows[i].layers && f.row.filters == rows[i].filters)
        for (const LinearRun& r : f.judged()) {
          Series& to = f.start == Start::constant ? from_constant : from_random;
          to.x.push_back(f.start == Start::constant ? at - 0.15 : at + 0.15);
          to.y.push_back(remaining(r));
        }
  }
  program.draw(
      LinePlot{.title = "Table 1: the third |eigenvalue| of nets trained on two 3x3 images",
               .x_label = "row: 1-3 two layers, 4-6 three, 7-9 five, 10-12 eight; 1, 16, 128 filters each",
               .y_label = "third |eigenvalue| of the nets that reached the loss",
               .series = {from_constant, from_random, paper},
               .log_y = true},
      "table_1_third.png", "Depth lowers it. Memorized would be near 0.");
}

void draw_spectra(Program& program, const std::vector<Finished>& all) {
  for (const Start start : {Start::constant, Start::random}) {
    LinePlot plot{.title = text("Spectra of nets of one filter, ", name(start), " start"),
                  .x_label = "number of the eigenvalue, largest first",
                  .y_label = "|eigenvalue|",
                  .series = {},
                  .log_y = true};
    for (const Finished& f : all)
      if (f.row.filters == 1 && f.start == start && !f.judged().empty())
        plot.series.push_back(spectrum_series(text(f.row.layers, " layers"), f.judged(), 1e-6));
    if (!plot.series.empty())
      program.draw(plot, text("table_1_spectra_", name(start), ".png"),
                   "Moduli of the nine eigenvalues: median and range over seeds (below 1e-6 drawn there).");
  }
}

void draw_eigenvectors(Program& program, const Finished& f) {
  const std::vector<LinearRun> judged = f.judged();
  if (judged.empty()) return;
  program.draw(spectral_images(text(f.row.layers, " layers of one filter, two images"), s, judged.front(),
                               program.seeds().front()),
               text("table_1_eigenvectors_", f.row.layers, ".png"), spectral_images_caption);
}

CsvTable table_of_runs(const std::vector<Finished>& all) {
  std::vector<std::string> ids, starts;
  std::vector<double> loss, steps, seconds, projection;
  std::vector<std::vector<double>> moduli(9);
  for (const Finished& f : all)
    for (const LinearRun& r : f.runs) {
      ids.push_back(f.row.id());
      starts.push_back(name(f.start));
      loss.push_back(r.training.loss);
      steps.push_back(static_cast<double>(r.training.epochs));
      seconds.push_back(r.training.seconds);
      projection.push_back(r.memory.projection_distance);
      for (Index k = 1; k <= 9; ++k) moduli[static_cast<std::size_t>(k - 1)].push_back(r.modulus(k));
    }
  CsvTable table;
  table.add("row", ids).add("start", starts).add("loss", loss).add("steps", steps).add("seconds", seconds);
  table.add("projection_distance", projection);
  for (std::size_t k = 0; k < 9; ++k) table.add(text("modulus_", k + 1), moduli[k]);
  return table;
}

// Part after part, so that an interrupted run has what was finished.

void scan_part(Program& program) {
  std::vector<ConstantStart> all;
  for (const Index layers : {3, 5, 8}) {
    const std::vector<ConstantStart> some = scan(program, layers);
    if (interrupted()) return;
    claim_scan(program, some, false);
    all.insert(all.end(), some.begin(), some.end());
  }
  if (program.writes()) scan_table(all).write(program.options.out / "table_1_scan.csv");
}

void row_part(Program& program, const Row& row, Start start, std::vector<Finished>& all) {
  Finished f{row, start, run_row(program, row, start, program.seeds(), program.checkpoints())};
  if (interrupted() || f.runs.empty()) return;
  claim_row(program, f);
  if (start == Start::constant && row.filters > 1) {
    const Symmetry found = symmetry(program, f);
    if (!interrupted()) claim_symmetry(program, row, found);
  }
  if (start == Start::random && row.filters == 1) draw_eigenvectors(program, f);
  all.push_back(std::move(f));
}

void body(Program& program) {
  claim_printed_depth(program);
  scan_part(program);
  std::vector<Finished> all;
  for (const Row& row : rows)
    for (const Start start : {Start::constant, Start::random})
      if (!interrupted() && (row.filters <= 16 || program.full())) row_part(program, row, start, all);
  if (all.empty()) return;
  for (const Index layers : {2, 3, 5, 8}) claim_filters(program, all, layers);
  program.note_checkpoints("Trainings of 128 filters");
  if (!program.full()) program.note("The rows of 128 filters are run with --full.");
  draw_third(program, all);
  draw_spectra(program, all);
  if (program.writes()) table_of_runs(all).write(program.options.out / "table_1_runs.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("table_1", "Table 1: depth and filters of linear convolutional autoencoders",
                     {.quick = 5, .full = 5, .over_ranks = true}, argc, argv, body);
}
