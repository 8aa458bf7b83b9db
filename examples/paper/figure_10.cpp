// Figure 10 of the paper: a nonlinear convolutional autoencoder of 5 layers, one 3x3 filter each, with skips,
// trained on two orthogonal 2x2 images, which it is said to return one by one instead of mixed. Where the
// skips start and how often that comes out is open in the paper: docs/paper/figure_10.md.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/program.hpp"
#include "support/share.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;

// The study: trains, measures.

const Shape shape{1, 2, 2};
constexpr Index inputs = 200, max_epochs = 50000;
constexpr double loss_goal = 1e-7;  // mean squared error, pixels 0 and 1
constexpr double single = 0.95;     // |cosine| with an example from which an output counts as that example
/// Of vectors whose angle to one of two orthogonal examples, within their plane, is uniform, the percentage
/// that counts as single: outputs of a projection onto the plane.
const double by_projection = 100 * std::acos(single) / std::atan(1.);

/// Convolution and leaky ReLU; with slope 1 the layer is linear.
auto layer(double slope) {
  const Conv2d<S> conv(shape, {.padding = Padding::all(1), .bias = false});
  return Chain(conv, Pointwise<S, LeakyRelu>(shape, LeakyRelu{slope}));
}
using L = decltype(layer(0.01));
auto skips_from_input(const L& layer) { return Chain(Stack(Residual(Stack(layer, 2)), 2), layer); }
auto skips_after_first(const L& layer) { return Chain(layer, Stack(Residual(Stack(layer, 2)), 2)); }
auto no_skips(const L& layer) { return Stack(layer, 5); }

/// White at the upper left, and white at the lower right.
Mat<S> training_images() {
  Mat<S> X = Mat<S>::Zero(shape.size(), 2);
  X(shape.at(0, 0, 0), 0) = X(shape.at(0, 1, 1), 1) = 1;
  return X;
}

/// One architecture over the seeds; the numbers are of the seeds that reached the loss.
struct Row {
  std::string name;
  std::vector<double> trained;  // 1 or 0, for every seed
  std::vector<double> cosine,
      single;                     // median |cosine| with the nearest example; percent of outputs from .95
  std::vector<double> in_span;    // median share |P y| / |y| of the plane of the examples
  std::vector<double> of_inputs;  // |cosine| of the noise itself
  Mat<S> noise, outputs;          // of the seed with the most single outputs
  double percent_trained() const {
    return percent(std::count(trained.begin(), trained.end(), 1.), std::ssize(trained));
  }
};

std::vector<double> nearest_cosines(const Mat<S>& y, const Mat<S>& X) {
  const Vec<double> c = cosines(y, X).cwiseAbs().rowwise().maxCoeff();
  return {c.begin(), c.end()};
}

/// What is measured of one seed.
struct One {
  bool trained = false;
  double cosine = 0, single = 0, in_span = 0, of_inputs = 0;
  Mat<S> noise, outputs;
};

template <Layer F>
One run_seed(const F& net, std::uint64_t seed) {
  const Mat<S> X = training_images();
  Random random(seed);
  Model f(net, initial_values(net, initial::xavier_uniform(), random));
  FitOptions options{.max_epochs = max_epochs, .loss_below = loss_goal};
  options.cancelled = interrupted;
  Adam<S> adam({.learning_rate = 1e-3});
  One one;
  one.trained = fit(f, X, adam, options).status == FitStatus::converged;
  if (!one.trained) return one;

  one.noise = normal_starts<S>(shape.size(), inputs, random);
  one.outputs = f(one.noise);
  const Mat<S>& y = one.outputs;
  const std::vector<double> c = nearest_cosines(y, X);
  for (const double cosine : c) one.single += cosine >= single ? 100. / inputs : 0;
  one.cosine = median(c);
  one.of_inputs = median(nearest_cosines(one.noise, X));
  std::vector<double> share;  // the examples are orthonormal: X X' projects onto their plane
  for (Index j = 0; j < inputs; ++j) share.push_back((X.transpose() * y.col(j)).norm() / y.col(j).norm());
  one.in_span = median(share);
  return one;
}

template <Layer F>
Row run(Program& program, const std::string& name, const F& net) {
  Row row{name, {}, {}, {}, {}, {}, {}, {}};
  Progress progress(name);
  double done = 0;
  const auto work = [&](std::uint64_t seed) {
    One one = run_seed(net, seed);
    progress.update(++done / static_cast<double>(program.seeds().size()));
    return one;
  };
  for (const One& one : program.over_seeds(work, name)) {
    row.trained.push_back(one.trained ? 1 : 0);
    if (!one.trained) continue;
    if (row.single.empty() || one.single > quantile(row.single, 1)) {
      row.noise = one.noise;
      row.outputs = one.outputs;
    }
    row.cosine.push_back(one.cosine);
    row.single.push_back(one.single);
    row.of_inputs.push_back(one.of_inputs);
    row.in_span.push_back(one.in_span);
  }
  return row;
}

// The claims.

void claim_row(Program& program, const Row& row, const Band& trained, const Band& single_band,
               const Band& cosine) {
  program.claim(median_claim(
      "10, " + row.name + ", trained", text("It reaches the loss within ", max_epochs, " epochs (seeds)."),
      "trained", {row.percent_trained()}, trained, "%", text("of ", row.trained.size(), " seeds")));
  if (row.single.empty()) return;
  program.claim(contested_claim(
      "10, " + row.name,
      "Noise is mapped to individual training images, not to combinations (outputs with |cosine| from .95).",
      "all that are shown (here: from 95%)", row.single, at_least(95), single_band, "%",
      text("a projection onto the plane of the two images would give ", number(by_projection), "%")));
  program.claim(contested_claim(
      "10, " + row.name + ", cosine", "The same as the median |cosine| with the nearest training image.",
      "about 1 by eye (here: from .95)", row.cosine, at_least(0.95), cosine, "",
      text("the noise itself has ", summary(row.of_inputs),
           "; of the outputs' norm in the plane of the images: ", summary(row.in_span))));
}

/// Both without skips.
void claim_against_linear(Program& program, const Row& leaky, const Row& linear) {
  const double nonlinear = median(leaky.single), of_linear = median(linear.single);
  program.claim(yes_no_claim(
      "10, against the linear net",
      "Memorization is stronger in the nonlinear net: more single training images than from the "
      "linear one (both without skips, medians over seeds).",
      "stronger", text(number(nonlinear), "% against ", number(of_linear), "%"), nonlinear > of_linear));
}

// The pictures.

void draw_images(Program& program, const Row& row, const std::string& file) {
  constexpr Index shown = 8;
  Mat<S> in(shape.size(), shown + 2), out = in;
  in << training_images(), (row.noise.leftCols(shown).array() + 2) / 4;
  out << training_images(), row.outputs.leftCols(shown);
  for (Index j = 0; j < out.cols(); ++j) {  // by size, and turned so that its larger pixel is positive
    Index i = 0;
    out.col(j).cwiseAbs().maxCoeff(&i);
    out.col(j) /= out(i, j);
  }
  std::vector<std::string> columns = {"training image 1", "training image 2"};
  for (Index j = 1; j <= shown; ++j) columns.push_back(text("noise ", j));
  ImageTable table(text("Figure 10: 5 layers, ", row.name, ", best seed"), shape, columns);
  table.add_row("input", in);
  table.add_row("output, scaled", out);
  program.draw(
      table, file,
      text("The seed of ", row.trained.size(), " (", row.name,
           ") with the most outputs that are one training image. Noise is shown from -2 (black) to 2 "
           "(white), outputs divided by their entry of largest modulus."));
}

void draw_distribution(Program& program, const std::vector<Row>& rows) {
  LinePlot plot{
      .title = "Outputs that are a multiple of one training image (|cosine| from .95), seed by seed",
      .x_label = "seeds, sorted (% of those that trained)",
      .y_label = "outputs (%)",
      .series = {},
      .horizontal = {{by_projection, "a projection onto the plane of the images"}},
      .y_range = Extent{0, 102}};
  for (const Row& row : rows) {
    Series s{.name = row.name, .x = {}, .y = row.single, .style = Series::Style::line_points};
    std::sort(s.y.begin(), s.y.end());
    for (std::size_t k = 0; k < s.y.size(); ++k)
      s.x.push_back(100 * (static_cast<double>(k) + 0.5) / static_cast<double>(s.y.size()));
    plot.series.push_back(s);
  }
  program.draw(
      plot, "figure_10_seeds.png",
      "How many of 200 outputs are single training images: the paper's picture is among the best seeds, not "
      "the typical one.");
}

void body(Program& program) {
  const L leaky = layer(0.01), linear = layer(1);
  const std::vector<Row> rows = {run(program, "skips from the input", skips_from_input(leaky)),
                                 run(program, "skips after the first layer", skips_after_first(leaky)),
                                 run(program, "no skips", no_skips(leaky)),
                                 run(program, "linear, no skips", no_skips(linear))};
  if (interrupted()) return;
  claim_row(program, rows[0], at_least(80), Band{15, 50}, Band{0.6, 0.9});
  claim_row(program, rows[1], at_least(80), Band{15, 65}, Band{0.6, 0.98});
  claim_row(program, rows[2], at_least(60), Band{45, 90}, Band{0.9, 1});
  claim_row(program, rows[3], at_least(80), Band{20, 45}, Band{0.8, 0.95});
  for (const Row& row : rows)
    if (row.single.empty()) return program.note(text("No seed of \"", row.name, "\" reached the loss."));
  claim_against_linear(program, rows[2], rows[3]);
  draw_images(program, rows[0], "figure_10.png");
  draw_images(program, rows[2], "figure_10_no_skips.png");
  draw_distribution(program, rows);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_10", "Figure 10: two images memorized by a convolutional network with skips",
                     {.quick = 20, .full = 100, .over_ranks = true}, argc, argv, body);
}
