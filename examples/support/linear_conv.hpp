// Linear convolutional autoencoders of the paper's Tables 1 and 2: how they are built, trained to a loss and
// judged.
#pragma once
#include <algorithm>  // std::clamp, std::count_if, std::max, std::min
#include <cmath>      // std::nan, std::sqrt
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/chain.hpp"           // Chain
#include "basin/compose/residual.hpp"        // Residual
#include "basin/compose/stack.hpp"           // Stack
#include "basin/core/model.hpp"              // Model
#include "basin/core/random.hpp"             // Random
#include "basin/core/statistics.hpp"         // median, quantile
#include "basin/data/starts.hpp"             // normal_starts, uniform_starts
#include "basin/dynamics/spectrum.hpp"       // eigenpairs, real_vectors
#include "basin/io/checkpoint.hpp"           // Checkpoint
#include "basin/io/csv.hpp"                  // CsvTable
#include "basin/layers/conv2d.hpp"           // Conv2d
#include "basin/linearize/linearize.hpp"     // linearize_dense
#include "basin/theory/memorization.hpp"     // memorization
#include "basin/train/adam.hpp"              // Adam
#include "basin/train/fit.hpp"               // fit
#include "basin/train/gradient_descent.hpp"  // GradientDescent
#include "basin/train/initial.hpp"           // initial_values
#include "basin/train/resumable_fit.hpp"     // resumable_fit
#include "support/claims.hpp"                // contested_claim, number, summary
#include "support/contrast.hpp"              // stretched
#include "support/image_table.hpp"           // ImageTable
#include "support/interrupt.hpp"             // interrupted
#include "support/plot.hpp"                  // Series
#include "support/program.hpp"               // Program
#include "support/progress.hpp"              // Progress
#include "support/text.hpp"                  // text
#include "support/with_progress.hpp"         // SideBySideProgress

namespace basin::examples {

using Conv = Conv2d<double>;

/// A 3 x 3 convolution of s x s images that keeps their size, without bias.
inline Conv conv3x3(Index s, Index in_channels = 1, Index out_channels = 1) {
  return Conv({in_channels, s, s}, {.out_channels = out_channels, .padding = Padding::all(1), .bias = false});
}

/// L layers of one filter each.
using Plain = Stack<Conv>;
inline Plain plain_net(Index s, Index layers) { return Stack(conv3x3(s), layers); }

/// `plain` layers of one filter, then skips over `block` layers each: x -> x + conv^block(x).
using Skipping = Chain<Plain, Stack<Residual<Plain>>>;
inline Skipping skipping_net(Index s, Index layers, Index plain, Index block = 10) {
  require(plain >= 1 && block >= 1 && plain < layers && (layers - plain) % block == 0, "skipping_net: of ",
          layers, " layers ", plain, " are plain; expected the rest to be blocks of ", block);
  return Chain(plain_net(s, plain), Stack(Residual(plain_net(s, block)), (layers - plain) / block));
}

/// 1 -> f -> ... -> f -> 1 channels in L >= 3 layers.
using Wide = Chain<Conv, Stack<Conv>, Conv>;
inline Wide wide_net(Index s, Index layers, Index filters) {
  require(layers >= 3, "wide_net: layers must be >= 3, got ", layers);
  return Chain(conv3x3(s, 1, filters), Stack(conv3x3(s, filters, filters), layers - 2),
               conv3x3(s, filters, 1));
}
/// 1 -> f -> 1 channels.
using WideOfTwo = Chain<Conv, Conv>;
inline WideOfTwo wide_net_of_two(Index s, Index filters) {
  return Chain(conv3x3(s, 1, filters), conv3x3(s, filters, 1));
}

/// The law of the pixels of images.
enum class ImageLaw { uniform, normal };
inline const char* name(ImageLaw law) { return law == ImageLaw::uniform ? "U(0, 1)" : "N(0, 1)"; }
inline Mat<double> draw_images(ImageLaw law, Index d, Index n, Random& random) {
  return law == ImageLaw::uniform ? uniform_starts<double>(d, n, random)
                                  : normal_starts<double>(d, n, random);
}

/// Memorized by spectrum, in both tables: the largest |eigenvalue| besides those of the examples is at most
/// this. It tells the rows that the paper calls memorized (at most .02) from those that it does not (from
/// .08).
constexpr double memorized_below = 0.05;

/// How a net is trained: by Adam, or by plain gradient descent as the paper does up to 10 layers.
struct LinearTraining {
  bool adam = false;
  double rate = 0.1;
  Index max_steps = 100000;
  double loss_goal = 1e-6;  // mean squared error over all pixels and examples
  double epsilon = 1e-8;    // of Adam
  Index warm_up = 0;        // the rate grows linearly over so many steps
  /// Where > 0: the rate is multiplied by sqrt(smallest loss so far / easy_below), at least by 0.02, once
  /// that is below one. Steps of Adam do not shrink with the gradient, and in deep nets they end in an
  /// oscillation above the goal. The smallest, not the present loss: a rate that grows again when the loss
  /// jumps keeps what is learned from settling.
  double easy_below = 0;
};

/// What came out of one training.
struct LinearRun {
  Mat<double> examples, A;  // A: the trained net as a matrix
  FitResult training;
  Memorization memory;
  Index parameters = 0;
  bool converged() const { return training.status == FitStatus::converged; }
  /// |eigenvalue| number k, counted from 1, largest first; 0 beyond the last.
  double modulus(Index k) const {
    return k <= static_cast<Index>(memory.moduli.size()) ? memory.moduli[static_cast<std::size_t>(k - 1)] : 0;
  }
};

/// Trains f to reproduce the columns of `examples` and linearizes it. `seed` is its place in `progress`. With
/// `checkpoint`, the training is kept there: a stopped one goes on, one that has ended is not run again. Not
/// with `easy_below`, since the smallest loss is not kept.
template <Layer F>
LinearRun train_linear(Model<F> f, Mat<double> examples, const LinearTraining& t,
                       SideBySideProgress& progress, std::size_t seed,
                       const std::optional<Checkpoint>& checkpoint = {}) {
  require(!checkpoint || t.easy_below == 0, "train_linear: a training with easy_below cannot be resumed");
  LinearRun run{
      .examples = std::move(examples), .A = {}, .training = {}, .memory = {}, .parameters = f.theta.size()};
  FitOptions options{.max_epochs = t.max_steps, .loss_below = t.loss_goal, .cancelled = interrupted};
  double smallest = std::numeric_limits<double>::infinity(), first = 0;
  options.observer = [&](const Epoch& e) {
    if (e.epoch == 0) first = e.loss;
    smallest = std::min(smallest, e.loss);
    if (e.epoch % 256 != 0) return;
    progress.update(seed,
                    training_fraction(e.loss, first, t.loss_goal, static_cast<double>(e.epoch),
                                      static_cast<double>(t.max_steps)),
                    [&] { return text("step ", e.epoch, "  loss ", number(e.loss)); });
  };
  options.schedule = [&](Index step) {
    const double growth =
        step < t.warm_up ? static_cast<double>(step + 1) / static_cast<double>(t.warm_up) : 1;
    return growth * (t.easy_below > 0 ? std::clamp(std::sqrt(smallest / t.easy_below), 0.02, 1.) : 1);
  };
  const auto train = [&](auto optimizer) {
    run.training = checkpoint ? resumable_fit(f, run.examples, optimizer, options, *checkpoint)
                              : fit(f, run.examples, optimizer, options);
  };
  if (t.adam)
    train(Adam<double>({.learning_rate = t.rate, .epsilon = t.epsilon}));
  else
    train(GradientDescent<double>({.learning_rate = t.rate}));
  run.A = linearize_dense(f).A;
  run.memory = memorization(run.A, run.examples);
  progress.update(seed, 1, "");
  return run;
}

/// train(seed, its place) for each seed, side by side: those that were not cut short. `what` tells lists of
/// trainings apart.
template <class Train>
std::vector<LinearRun> over_seeds(Program& program, const std::vector<std::uint64_t>& seeds,
                                  const Train& train, const std::string& what) {
  std::vector<LinearRun> runs = program.over_seeds(
      seeds, [&](std::uint64_t seed) { return train(seed, static_cast<std::size_t>(seed - seeds.front())); },
      what, true);
  std::erase_if(runs, [](const LinearRun& r) { return r.training.status == FitStatus::cancelled; });
  return runs;
}

/// The runs that reached the loss. One that has not may have lost what it had: a product of layers near 0 has
/// small eigenvalues, too.
inline std::vector<LinearRun> trained(const std::vector<LinearRun>& runs) {
  std::vector<LinearRun> result;
  for (const LinearRun& r : runs)
    if (r.converged()) result.push_back(r);
  return result;
}

/// what(run) of each run.
template <class What>
std::vector<double> over_runs(const std::vector<LinearRun>& runs, const What& what) {
  std::vector<double> values;
  for (const LinearRun& r : runs) values.push_back(static_cast<double>(what(r)));
  return values;
}

/// "5 of 5 reached it, steps 6123 [5000, 9000] over 5 seeds, seconds ...".
inline std::string convergence(const std::vector<LinearRun>& runs) {
  const auto converged =
      std::count_if(runs.begin(), runs.end(), [](const LinearRun& r) { return r.converged(); });
  return text(converged, " of ", runs.size(), " reached it; steps ",
              summary(over_runs(runs, [](const LinearRun& r) { return r.training.epochs; })), "; seconds ",
              summary(over_runs(runs, [](const LinearRun& r) { return r.training.seconds; })));
}

/// The largest |eigenvalue| besides those of the examples: what the brackets of Table 2 bound.
inline double remaining(const LinearRun& r) { return r.memory.next_modulus; }

/// Nets of one filter a layer in which every parameter starts from c.
struct ConstantStart {
  Index s, layers, examples;
  double c;
  ImageLaw law;
  std::vector<LinearRun> runs;
  std::string id() const {
    return text(s, "x", s, ", n = ", examples, ", ", layers, " layers, c = ", number(c), ", ", name(law));
  }
};

/// Trains them from c = .01, .1 and .3 on images of both laws: does it help to start nearer to zero?
inline std::vector<ConstantStart> scan_constants(Program& program, Index s, Index layers, Index examples,
                                                 const LinearTraining& t,
                                                 const std::vector<std::uint64_t>& seeds) {
  std::vector<ConstantStart> all;
  for (const ImageLaw law : {ImageLaw::uniform, ImageLaw::normal})
    for (const double c : {0.01, 0.1, 0.3}) {
      ConstantStart one{s, layers, examples, c, law, {}};
      const std::string what = "scan, " + one.id();
      SideBySideProgress progress(what, seeds.size());
      const auto train = [&](std::uint64_t seed, std::size_t k) {
        Random random(seed);
        Mat<double> x = draw_images(law, s * s, examples, random);
        const Plain net = plain_net(s, layers);
        return train_linear(Model(net, initial_values(net, initial::constant(c), random)), std::move(x), t,
                            progress, k);
      };
      one.runs = over_seeds(program, seeds, train, what);
      if (interrupted()) return all;
      all.push_back(std::move(one));
    }
  return all;
}

/// The claims of a scan: what is left by the law of the images at c = .1, and whether the smallest c that is
/// trained leaves least. Nothing is promised. `memorizes`: what the paper says of this net.
inline void claim_scan(Program& program, const std::vector<ConstantStart>& scan, bool memorizes) {
  for (const ConstantStart& one : scan) {
    const std::vector<LinearRun> done = trained(one.runs);
    const std::string found = text(done.size(), " of ", one.runs.size(), " seeds reached the loss");
    if (done.empty()) {
      const auto diverged = std::count_if(one.runs.begin(), one.runs.end(), [](const LinearRun& r) {
        return r.training.status == FitStatus::diverged;
      });
      program.note(
          text(one.id(), ": no seed reached the loss; ", diverged, " of ", one.runs.size(), " diverged."));
      continue;
    }
    program.claim(contested_claim(
        "scan, " + one.id(),
        text(memorizes ? "Memorized" : "Not memorized", ": the largest remaining |eigenvalue| is ",
             memorizes ? "at most " : "above ", number(memorized_below), "."),
        memorizes ? "memorized" : "not memorized", over_runs(done, remaining),
        memorizes ? at_most(memorized_below) : at_least(memorized_below), Band{}, "", found));
  }
}

/// The scans as a table, a row for each c and law.
inline CsvTable scan_table(const std::vector<ConstantStart>& scan) {
  std::vector<std::string> net, law;
  std::vector<double> c, seeds, reached, middle, low, high;
  for (const ConstantStart& one : scan) {
    const std::vector<double> left = over_runs(trained(one.runs), remaining);
    const auto or_nan = [&](double q) { return left.empty() ? std::nan("") : quantile(left, q); };
    net.push_back(text(one.s, "x", one.s, ", n = ", one.examples, ", ", one.layers, " layers"));
    law.push_back(name(one.law));
    c.push_back(one.c);
    seeds.push_back(static_cast<double>(one.runs.size()));
    reached.push_back(static_cast<double>(left.size()));
    middle.push_back(or_nan(0.5));
    low.push_back(or_nan(0));
    high.push_back(or_nan(1));
  }
  return CsvTable()
      .add("net", net)
      .add("images", law)
      .add("c", c)
      .add("seeds", seeds)
      .add("reached", reached)
      .add("remaining", middle)
      .add("remaining_smallest", low)
      .add("remaining_largest", high);
}

/// The k-th |eigenvalue| of all runs, k = 1, 2, ..., as one series: median with the band from smallest to
/// largest. On a logarithmic axis values below `floor` are drawn there.
inline Series spectrum_series(const std::string& name, const std::vector<LinearRun>& runs,
                              double floor = 1e-12) {
  Series s{.name = name, .x = {}, .y = {}, .style = Series::Style::line_points};
  for (Index k = 1; k <= runs.front().A.rows(); ++k) {
    const std::vector<double> values =
        over_runs(runs, [&](const LinearRun& r) { return std::max(r.modulus(k), floor); });
    s.x.push_back(static_cast<double>(k));
    s.y.push_back(median(values));
    s.low.push_back(quantile(values, 0));
    s.high.push_back(quantile(values, 1));
  }
  return s;
}

/// One row for each of the leading eigenvalues, at least three: a training image x and what the net makes of
/// it, the eigenvector, N(0, 1) noise z and what the net makes of that. Each image has the contrast that
/// shows most.
inline ImageTable spectral_images(const std::string& title, Index s, const LinearRun& r, std::uint64_t seed) {
  const Index n = r.examples.cols(), rows = std::max<Index>(n, 3);
  Random random(seed + 1000);  // the examples were drawn from seed itself
  const Mat<double> noise = normal_starts<double>(s * s, rows, random), outputs = r.A * noise,
                    reproduced = r.A * r.examples;
  const Eigenpairs pairs = eigenpairs(r.A);
  const Mat<double> vectors = real_vectors(pairs.values, pairs.vectors);
  ImageTable table(title, Shape{1, s, s}, {"x", "A x", "eigenvector", "noise z", "A z"});
  for (Index k = 0; k < rows; ++k) {
    const Vec<double> x = r.examples.col(k % n);
    Mat<double> row(s * s, 5);
    row << x, reproduced.col(k % n), (vectors.col(k).dot(x) < 0 ? -1. : 1.) * vectors.col(k), noise.col(k),
        outputs.col(k);
    table.add_row(text("|lambda| = ", number(r.modulus(k + 1), 2)), stretched(row));
  }
  return table;
}
inline const char* const spectral_images_caption =
    "The leading eigenvalues and eigenvectors of a trained net, a training image x, noise z, and what the "
    "net makes of "
    "the two; first seed, every image with a contrast of its own. A net that has memorized one image returns "
    "it, up to "
    "sign and size, for any z; of several images it returns combinations.";

}  // namespace basin::examples
