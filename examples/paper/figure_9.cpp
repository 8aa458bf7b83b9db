// Figure 9 of the paper: a nonlinear convolutional autoencoder of 29 layers, one 3x3 filter each, that
// memorizes one 4x4 image. What a network without bias can and cannot memorize (it is positively
// homogeneous), and how far the outcome depends on the initial values: docs/paper/figure_9.md.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
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

const Shape shape{1, 4, 4};
constexpr Index layers = 29, inputs = 200;
constexpr double loss_goal = 1e-6;  // mean squared error, pixels 0 and 1
constexpr double same_direction =
    0.95;  // a cosine from here on: the output is a multiple of the image, by eye

auto network() {
  const Conv2d<S> conv(shape, {.padding = Padding::all(1), .bias = false});
  return Stack(Chain(conv, Pointwise<S, LeakyRelu>(shape)), layers);
}
using Net = decltype(network());

/// White in the upper left quarter, black elsewhere.
Mat<S> training_image() {
  Mat<S> x = Mat<S>::Zero(shape.size(), 1);
  for (const Index i : {0, 1})
    for (const Index j : {0, 1}) x(shape.at(0, i, j), 0) = 1;
  return x;
}

/// A network trained from one set of initial values.
struct Trained {
  Model<Net> f;
  FitResult result;
};
Trained train(const initial::Scheme& scheme, std::uint64_t seed, const std::string& what) {
  const Net net = network();
  Trained t{Model(net, initial_values(net, scheme, seed)), {}};
  Progress progress(what);
  FitOptions options{.max_epochs = 40000, .loss_below = loss_goal};
  options.cancelled = interrupted;
  options.observer = [&](const Epoch& e) {
    progress.update(training_fraction(e.loss, 0.25, loss_goal, static_cast<double>(e.epoch), 40000));
  };
  Adam<S> adam({.learning_rate = 1e-4});
  t.result = fit(t.f, training_image(), adam, options);
  return t;
}

/// What a trained network makes of 200 images of N(0, 1) noise.
struct Outputs {
  std::vector<double> cosines, distances, gains;  // with the image x; |f(z) - x| / |x|; <f(z), x> / |x|^2
  double exception = 0;                           // largest |f(z)| / |x| of outputs in other directions
  double alike = 0;                               // percent of outputs in the direction of the image
  double inhomogeneity = 0;                       // largest |f(a z) - a f(z)| / |a f(z)|
};
Outputs look_at(const Model<Net>& f, std::uint64_t seed) {
  Random random(seed);
  const Mat<S> x = training_image(), z = normal_starts<S>(shape.size(), inputs, random), y = f(z);
  Outputs o;
  const Mat<double> c = cosines(y, x), d = distances(y, x);
  for (Index j = 0; j < inputs; ++j) {
    o.cosines.push_back(c(j, 0));
    o.distances.push_back(d(j, 0) / x.norm());
    o.gains.push_back(y.col(j).dot(x.col(0)) / x.squaredNorm());
    if (!(c(j, 0) >= same_direction)) o.exception = std::max(o.exception, y.col(j).norm() / x.norm());
    o.alike += c(j, 0) >= same_direction ? 100. / inputs : 0;
  }
  for (const double a : {1e-3, 0.1, 3., 1e3}) {
    const Mat<S> expected = a * y, error = f(a * z) - expected;
    o.inhomogeneity = std::max(
        o.inhomogeneity, (error.colwise().norm().array() / expected.colwise().norm().array()).maxCoeff());
  }
  return o;
}

/// The moduli of the eigenvalues at the image, largest first.
std::vector<double> moduli_at_image(const Model<Net>& f) {
  std::vector<double> moduli;
  for (const auto& value : eigenvalues(jacobian(f, training_image().col(0))))
    moduli.push_back(std::abs(value));
  return moduli;
}

/// One kind of initial values: a row of the table in the docs.
struct Start {
  std::string name;
  initial::Scheme scheme;
};

struct Row {
  Start start;
  std::vector<double> trained;  // 1 or 0, one for each seed; the others of trained ones
  std::vector<double> cosine, alike, distance, second;
  double percent_trained() const {
    return percent(std::count(trained.begin(), trained.end(), 1.), std::ssize(trained));
  }
};

Row run(const Start& start, const std::vector<std::uint64_t>& seeds) {
  Row row{start, {}, {}, {}, {}, {}};
  for (const std::uint64_t seed : seeds) {
    if (interrupted()) break;
    const Trained t = train(start.scheme, seed, text(start.name, ", seed ", seed));
    if (interrupted()) break;
    row.trained.push_back(t.result.status == FitStatus::converged ? 1 : 0);
    if (row.trained.back() == 0) continue;
    const Outputs o = look_at(t.f, seed);
    row.cosine.push_back(median(o.cosines));
    row.alike.push_back(o.alike);
    row.distance.push_back(median(o.distances));
    row.second.push_back(moduli_at_image(t.f)[1]);
  }
  return row;
}

// The claims.

void claim_training(Program& program, const Trained& t) {
  program.claim(median_claim(
      "9, interpolation", "29 layers, all weights .1, interpolate the image (mean squared error).", "trained",
      {t.result.loss}, at_most(loss_goal), "", text(t.result.epochs, " epochs of Adam")));
}

/// `sets`: the outputs for several sets of noise.
void claim_outputs(Program& program, const std::vector<Outputs>& sets) {
  program.claim(median_claim(
      "9, direction",
      "Noise is mapped to the training image, up to size (median cosine of 200 outputs with it).",
      "memorizes (by eye)", of_each(sets, [](const Outputs& o) { return median(o.cosines); }),
      at_least(0.999)));
  program.claim(contested_claim(
      "9, all noise", "Every image of noise is mapped to the training image, up to size (cosine from .95).",
      "all that are shown (here: from 95%)", of_each(sets, [](const Outputs& o) { return o.alike; }),
      at_least(95), at_least(90), "%",
      text("the largest of the other outputs has ",
           number(largest_of(of_each(sets, [](const Outputs& o) { return o.exception; }))),
           " of the image's norm")));
  program.claim(contested_claim(
      "9, the image itself",
      "Noise is mapped to the training image itself (median distance, relative to its norm).",
      "memorizes (by eye; here: to 5%)", of_each(sets, [](const Outputs& o) { return median(o.distances); }),
      at_most(0.05), Band{0.4, 0.9}, "", "it cannot be: see the next line"));
  program.claim(median_claim("9, homogeneity",
                             "Correction: without bias f(a z) = a f(z) for a > 0, so that f returns "
                             "multiples of the image, of any size "
                             "(largest relative deviation, a from .001 to 1000).",
                             no_paper, of_each(sets, [](const Outputs& o) { return o.inhomogeneity; }),
                             at_most(1e-11)));
}

void claim_spectrum(Program& program, const std::vector<double>& moduli) {
  program.claim(
      median_claim("9, second eigenvalue",
                   "The Jacobian at the image is the nonlinear equivalent of the spectrum of a linear net: "
                   "its second eigenvalue is small.",
                   "no equivalent known; < 1e-3 for the linear net (Table 2)", {moduli[1]}, at_most(1e-3)));
  program.claim(contested_claim(
      "9, attractor", "The training image is an attractor (spectral radius below 1; here: below .99).",
      "memorizes", {moduli[0]}, at_most(0.99), Band{0.99, 1.01}, "",
      "f(x) = J(x) x, so an image that is reproduced has the eigenvalue 1: all its positive multiples "
      "are fixed points"));
}

/// `trained` and `cosine` are promised: percent of seeds below the loss, and the median cosine of those.
void claim_start(Program& program, const Row& row, const Band& trained, const Band& cosine) {
  program.claim(median_claim(
      text("9, ", row.start.name, ", trained"),
      text("Initial values drawn from ", row.start.name, ": seeds that reach the loss within 40000 epochs."),
      no_paper, {row.percent_trained()}, trained, "%", text("of ", row.trained.size(), " seeds")));
  if (row.cosine.empty()) return;
  program.claim(
      median_claim(text("9, ", row.start.name, ", direction"),
                   text("Initial values drawn from ", row.start.name,
                        ": where it trains, noise is mapped to the image, up to size (median cosine)."),
                   no_paper, row.cosine, cosine, "",
                   text("outputs in the direction of the image ", summary(row.alike, "%"),
                        "; second eigenvalue at the image ", summary(row.second),
                        "; distance from the image ", summary(row.distance))));
}

// The pictures.

void draw_images(Program& program, const Model<Net>& f, std::uint64_t seed) {
  constexpr Index shown = 8;
  Random random(seed);
  Mat<S> in(shape.size(), shown + 1);
  in << training_image(), normal_starts<S>(shape.size(), shown, random);
  const Mat<S> out = f(in);
  Mat<S> scaled = out, noise = in;
  for (Index j = 0; j <= shown; ++j) scaled.col(j) /= scaled.col(j).maxCoeff();
  noise.rightCols(shown) = (noise.rightCols(shown).array() + 2) / 4;
  std::vector<std::string> columns = {"training image"};
  for (Index j = 1; j <= shown; ++j) columns.push_back(text("noise ", j));
  ImageTable table("Figure 9: 29 layers, one filter each, trained on one image", shape, columns);
  table.add_row("input", noise);
  table.add_row("output", out);
  table.add_row("output, scaled", scaled);
  program.draw(
      table, "figure_9.png",
      "Inputs and outputs. Noise is shown from -2 (black) to 2 (white), outputs from 0 to 1, and in the last "
      "row each output divided by its largest pixel: they are the training image in shape, not in size.");
}

/// The output's share of the image for a few inputs a z, as a grows.
void draw_homogeneity(Program& program, const Model<Net>& f, std::uint64_t seed) {
  Random random(seed);
  const Mat<S> x = training_image(), z = normal_starts<S>(shape.size(), inputs, random);
  const Mat<double> c = cosines(f(z), x);
  LinePlot plot{.title = "Outputs grow with their inputs: f(a z) = a f(z)",
                .x_label = "factor a on the input z",
                .y_label = "size of the output, <f(a z), x> / |x|^2",
                .series = {},
                .log_x = true,
                .log_y = true,
                .horizontal = {{1, "the training image x itself"}}};
  for (Index j = 0; j < inputs && plot.series.size() < 5; ++j) {
    if (c(j, 0) < same_direction) continue;
    Series s{.name = text("noise ", j + 1), .x = {}, .y = {}, .style = Series::Style::line_points};
    for (double a = 1. / 32; a <= 32; a *= 2) {
      s.x.push_back(a);
      s.y.push_back(f(a * z.col(j)).col(0).dot(x.col(0)) / x.squaredNorm());
    }
    plot.series.push_back(s);
  }
  program.draw(plot, "figure_9_homogeneity.png",
               "Five images of noise, each times a: the output is the training image times a number that is "
               "proportional to a. At one a only is it the image itself.");
}

void draw_cosines(Program& program, const std::vector<Outputs>& sets) {
  Histogram histogram{
      .title = "Cosine of the outputs with the training image, all weights .1, all sets of noise",
      .x_label = "cosine with the training image",
      .y_label = "outputs",
      .groups = {{"", {}}},
      .vertical = {{same_direction, "the same direction, by eye"}}};
  for (const Outputs& o : sets)
    histogram.groups[0].values.insert(histogram.groups[0].values.end(), o.cosines.begin(), o.cosines.end());
  program.draw(histogram, "figure_9_cosines.png",
               "Nearly all outputs are multiples of the image; a few are not.");
}

/// From other initial values.
void report_starts(Program& program) {
  const auto report = [&](const Start& start, const Band& trained, const Band& cosine) {
    const Row row = run(start, program.seeds());
    if (!row.trained.empty()) claim_start(program, row, trained, cosine);
  };
  report({"U(0, .2)", initial::uniform(0, 0.2)}, at_least(60), at_least(0.99));
  if (program.full()) report({"Xavier-uniform", initial::xavier_uniform()}, at_most(40), at_least(0.3));
}

void body(Program& program) {
  const Trained t = train(initial::constant(0.1), 0, "all weights .1");
  if (interrupted()) return;
  std::vector<Outputs> sets;
  for (const std::uint64_t seed : program.seeds()) sets.push_back(look_at(t.f, seed));
  draw_images(program, t.f, program.seeds().front());
  draw_homogeneity(program, t.f, program.seeds().front());
  draw_cosines(program, sets);
  claim_training(program, t);
  claim_outputs(program, sets);
  claim_spectrum(program, moduli_at_image(t.f));
  report_starts(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_9", "Figure 9: one image memorized by a deep nonlinear convolutional network",
                     {.quick = 20, .full = 20}, argc, argv, body);
}
