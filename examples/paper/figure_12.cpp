// Figure 12 of the paper: how initial values change what is memorized. D1 with leaky ReLU is trained on one
// image from Xavier's, Kaiming's (uniform and normal) and PyTorch's initial values: the norm of its output at
// the image before training, and how far from the image the output for noise and unseen images is after it.
// What the paper leaves open is chosen as docs/paper/figure_12.md says.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/io/csv.hpp"
#include "support/nonlinear_d1.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

// The study: trains, measures.

struct Initial {
  std::string name;
  initial::Scheme scheme;
};
constexpr double slope = 0.01;  // of the leaky ReLU, which Kaiming's values allow for
const std::vector<Initial> initials = {{"PyTorch default", initial::pytorch_default()},
                                       {"Xavier uniform", initial::xavier_uniform()},
                                       {"Xavier normal", initial::xavier_normal()},
                                       {"Kaiming uniform", initial::kaiming_uniform(slope)},
                                       {"Kaiming normal", initial::kaiming_normal(slope)}};
constexpr std::size_t kaiming_begin = 3;  // those from here on are Kaiming's

struct Setting {
  Index filters, max_epochs, starts;
  double loss_goal;
};

/// What a trained network makes of starts of one kind: medians over them.
struct Outputs {
  Mat<S> start, out;
  double cosine, part,
      distance;  // |cos| of f(z) to the image x; |f(z) - its projection onto x| / |f(z)|; |f(z) - x| / |x|
};
struct Run {
  std::uint64_t seed;
  std::size_t which;  // of `initials`
  Vec<S> x;
  double norm_before;  // |f(x)| before training
  double loss;
  Index epochs;
  Outputs noise, images;
};

Outputs outputs_of(const Model<LeakyD1>& f, const Mat<S>& start, const Vec<S>& x) {
  Outputs o{.start = start, .out = f(start), .cosine = 0, .part = 0, .distance = 0};
  const Mat<double> c = cosines(o.out, x), d = distances(o.out, x);
  const auto middle = [](const Mat<double>& column) {
    return median(std::vector<double>(column.data(), column.data() + column.size()));
  };
  o.cosine = middle(c.cwiseAbs());
  o.part = middle((1 - c.array().square()).max(0).sqrt());
  o.distance = middle(d) / static_cast<double>(x.norm());
  return o;
}

Run run(const Setting& s, const ImageData& data, std::uint64_t seed, std::size_t which) {
  const std::vector<Index> chosen = choose(data.train, 1, seed);
  const Mat<S> X = to_matrix<S>(data.train, chosen);
  const D1Training training{.filters = s.filters,
                            .rate = 1e-3,
                            .decay = 0.5,
                            .clip_norm = 0.1,
                            .loss_goal = s.loss_goal,
                            .max_epochs = s.max_epochs,
                            .scheme = initials[which].scheme};
  const LeakyD1 net = leaky_d1(data.train.shape, s.filters);
  const Model<LeakyD1> untrained(net, initial_values(net, training.scheme, seed));
  const TrainedD1 trained =
      train_d1(training, data.train.shape, X, seed, text(initials[which].name, ", seed ", seed));
  const D1Starts starts = d1_starts(data, chosen, s.starts, seed);
  return {.seed = seed,
          .which = which,
          .x = X.col(0),
          .norm_before = static_cast<double>(untrained(X).norm()),
          .loss = trained.training.loss,
          .epochs = trained.training.epochs,
          .noise = outputs_of(trained.f, starts.noise, X.col(0)),
          .images = outputs_of(trained.f, starts.images, X.col(0))};
}

/// Every seed with all initial values.
std::vector<Run> study(Program& program, const Setting& s, const ImageData& data) {
  std::vector<std::string> names;
  for (const std::uint64_t seed : program.seeds())
    for (const auto& start : initials) names.push_back(text(start.name, ", seed ", seed));
  std::vector<Run> runs;
  for (std::optional<Run>& r : program.tasks(names, [&](std::size_t k) {
         return run(s, data, program.seeds()[k / initials.size()], k % initials.size());
       }))
    if (r) runs.push_back(std::move(*r));
  return runs;
}

// What is summed up.

/// value(run) for each seed of one of the initial values.
template <class Value>
std::vector<double> collect(const std::vector<Run>& runs, std::size_t which, const Value& value) {
  std::vector<double> values;
  for (const Run& r : runs)
    if (r.which == which) values.push_back(static_cast<double>(value(r)));
  return values;
}
template <class Value>
std::string list(const std::vector<Run>& runs, const Value& value) {
  std::string all;
  for (std::size_t i = 0; i < initials.size(); ++i)
    all += text(i > 0 ? "; " : "", initials[i].name, ": ", summary(collect(runs, i, value)));
  return all;
}

// The claims.

/// What docs/paper/figure_12.md promises of the quick mode's medians, for the data it has measured.
struct Promise {
  Band norm_ratio = {}, noise_ratio = {}, default_cosine = {}, kaiming_cosine = {};
};
Promise promise_for(const Program& program, const std::string& data) {
  if (program.full() || (data != "CIFAR-10" && data != "embedded photos")) return {};
  return {{1, 20}, {1, 5}, at_least(0.97), {0.9, 0.99}};
}

void claim_training(Program& program, const Setting& s, const std::vector<Run>& runs) {
  program.claim(
      median_claim("12, training", "D1 is trained on one image (mean squared error, all networks).",
                   "none given", of_each(runs, [](const Run& r) { return r.loss; }), at_most(s.loss_goal), "",
                   text(s.filters, " filters; epochs: ", list(runs, [](const Run& r) { return r.epochs; }))));
}

/// The smallest of Kaiming's over the largest of the others, for each seed.
template <class Value>
std::vector<double> ratios(const std::vector<Run>& runs, const Value& value) {
  std::vector<double> all;
  for (const Run& one : runs) {
    if (one.which != 0) continue;
    double kaiming = std::numeric_limits<double>::infinity(), others = 0;
    for (const Run& r : runs) {
      if (r.seed != one.seed) continue;
      if (r.which >= kaiming_begin)
        kaiming = std::min(kaiming, value(r));
      else
        others = std::max(others, value(r));
    }
    all.push_back(kaiming / others);
  }
  return all;
}

void claim_norms(Program& program, const std::vector<Run>& runs, const Promise& promise) {
  const auto norm = [](const Run& r) { return r.norm_before; };
  program.claim(median_claim("12, norms",
                             "Kaiming's initial values have a larger output norm before training than "
                             "Xavier's and PyTorch's (the smaller "
                             "of Kaiming's over the largest of the others).",
                             "larger", ratios(runs, norm), promise.norm_ratio, "", list(runs, norm)));
  program.result.claims.back().holds = median(ratios(runs, norm)) > 1;
}

void claim_noise(Program& program, const std::vector<Run>& runs, const Promise& promise) {
  const auto part = [](const Run& r) { return r.noise.part; };
  program.claim(median_claim(
      "12, noisy memorization",
      "After training, Kaiming's outputs for arbitrary inputs are noisier versions of the training image: "
      "the part of f(z) that is orthogonal to x, relative, median over N(0, 1) noise z (the smaller of "
      "Kaiming's over the largest of the others).",
      "noisier", ratios(runs, part), promise.noise_ratio, "",
      text(list(runs, part), "; of unseen images: ", list(runs, [](const Run& r) { return r.images.part; }),
           "; |f(z) - x| / |x|, in which size counts: ",
           list(runs, [](const Run& r) { return r.noise.distance; }))));
  program.result.claims.back().holds = median(ratios(runs, part)) > 1;
}

void claim_cosines(Program& program, const std::vector<Run>& runs, const Promise& promise) {
  const auto cosine = [](const Run& r) { return r.noise.cosine; };
  program.claim(
      median_claim("12, PyTorch default, noise",
                   "From PyTorch's initial values, noise is taken to the training image: median |cos| of "
                   "f(z) to x.",
                   "the image", collect(runs, 0, cosine), promise.default_cosine, "",
                   text(list(runs, cosine),
                        "; of unseen images: ", list(runs, [](const Run& r) { return r.images.cosine; }))));
  program.claim(median_claim("12, Kaiming normal, noise",
                             "From Kaiming's, to a noisy version of it: median |cos| of f(z) to x.", "noisy",
                             collect(runs, 4, cosine), promise.kaiming_cosine));
}

// The pictures.

void draw_outputs(Program& program, const ImageData& data, const std::vector<Run>& runs) {
  std::vector<std::string> columns = {"input"};
  std::vector<const Run*> first;
  for (std::size_t i = 0; i < initials.size(); ++i)
    for (const Run& r : runs)
      if (r.which == i && r.seed == runs.front().seed) {
        first.push_back(&r);
        std::string name = initials[i].name;
        name.replace(name.find(' '), 1, "\n");
        columns.push_back(text(name, "\nnorm=", number(r.norm_before, 2)));
      }
  columns.push_back("training\nimage");
  ImageTable table(text("Figure 12: D1 trained on one image from several initial values, ", data.name),
                   data.train.shape, columns);
  for (const auto& [label, which, count] : {std::tuple{"noise", &Run::noise, 3}, {"unseen", &Run::images, 3}})
    for (Index j = 0; j < count; ++j) {
      Mat<S> row(data.train.shape.size(), static_cast<Index>(columns.size()));
      row.col(0) = (first.front()->*which).start.col(j);
      for (std::size_t i = 0; i < first.size(); ++i)
        row.col(static_cast<Index>(i + 1)) = (first[i]->*which).out.col(j);
      row.rightCols(1) = first.front()->x;
      table.add_row(label, row);
    }
  program.draw(
      table, "figure_12.png",
      "What the trained networks make of noise and of unseen images in one step, first seed. 'Norm' is that "
      "of the output at the training image before training.");
}

void draw_norms(Program& program, const ImageData& data, const std::vector<Run>& runs) {
  LinePlot plot{
      .title = text("Norm before training and noise of memorization, ", data.name),
      .x_label = "norm of the untrained output at the training image",
      .y_label = "part of f(noise) orthogonal to x, after training",
      .series = {},
      .log_x = true,
      .log_y = true,
      .vertical = {{median(collect(runs, 0, [](const Run& r) { return r.x.norm(); })), "norm of the image"}}};
  for (std::size_t i = 0; i < initials.size(); ++i)
    plot.series.push_back({.name = initials[i].name,
                           .x = collect(runs, i, [](const Run& r) { return r.norm_before; }),
                           .y = collect(runs, i, [](const Run& r) { return r.noise.part; }),
                           .style = Series::Style::points});
  program.draw(plot, "figure_12_norms.png", "One point a seed.");
}

void write_table(const std::vector<Run>& runs, const std::filesystem::path& file) {
  std::vector<std::string> name;
  for (const Run& r : runs) name.push_back(initials[r.which].name);
  const auto column = [&](const auto& value) { return of_each(runs, value); };
  CsvTable()
      .add("initial_values", name)
      .add("seed", column([](const Run& r) { return r.seed; }))
      .add("norm_before", column([](const Run& r) { return r.norm_before; }))
      .add("loss", column([](const Run& r) { return r.loss; }))
      .add("epochs", column([](const Run& r) { return r.epochs; }))
      .add("noise_cosine", column([](const Run& r) { return r.noise.cosine; }))
      .add("noise_part", column([](const Run& r) { return r.noise.part; }))
      .add("unseen_part", column([](const Run& r) { return r.images.part; }))
      .add("noise_distance", column([](const Run& r) { return r.noise.distance; }))
      .add("unseen_cosine", column([](const Run& r) { return r.images.cosine; }))
      .add("unseen_distance", column([](const Run& r) { return r.images.distance; }))
      .write(file);
}

void body(Program& program) {
  const ImageData data = find_color_images(program.options.data);
  program.result.data = data.description;
  const Setting s = program.full() ? Setting{64, 4000, 200, 1e-4} : Setting{32, 2000, 50, 5e-4};
  const std::vector<Run> runs = study(program, s, data);
  if (runs.size() < initials.size()) return;  // interrupted before a seed was finished
  draw_outputs(program, data, runs);
  draw_norms(program, data, runs);
  const Promise promise = promise_for(program, data.name);
  claim_training(program, s, runs);
  claim_norms(program, runs, promise);
  claim_noise(program, runs, promise);
  claim_cosines(program, runs, promise);
  if (program.writes()) write_table(runs, program.options.out / "figure_12.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_12", "Figure 12: initial values and how noisy memorization is",
                     {.quick = 5, .full = 5, .over_ranks = true}, argc, argv, body);
}
