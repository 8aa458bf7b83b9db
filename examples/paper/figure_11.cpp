// Figure 11 of the paper: a fully connected autoencoder, 7 x 512, trained on 50000 MNIST images until it
// reconstructs unseen ones, too, and then iterated on these: do the trajectories end at training images? What
// the paper leaves open (initial values, optimizer, batches, epsilon) is chosen as docs/paper/figure_11.md
// says, and of the activation there are two. Full mode saves its training in OUT/checkpoints and goes on from
// there.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/cycle.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/csv.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/objective.hpp"
#include "basin/train/resumable_fit.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/program.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

// The study: trains, iterates, measures.

struct Setting {
  Index examples, starts, inspected;  // of the examples, Jacobians are taken at so many
  Index batch;
  Index elu_epochs, leaky_epochs;
};
const Setting quick_setting{
    .examples = 300, .starts = 100, .inspected = 30, .batch = 20, .elu_epochs = 300, .leaky_epochs = 300};
const Setting full_setting{
    .examples = 50000, .starts = 1000, .inspected = 100, .batch = 128, .elu_epochs = 30, .leaky_epochs = 200};
/// An activation with the initial values that suit it.
template <class Phi>
struct Choice {
  Phi phi;
  initial::Scheme initial;
  Index epochs;
  std::string name, scheme, suffix;  // the last of file names
};
Choice<Elu> elu(const Setting& s) {
  return {Elu{}, initial::orthogonal(1.1), s.elu_epochs, "ELU", "orthogonal 1.1", ""};
}
Choice<LeakyRelu> leaky_relu(const Setting& s) {
  return {LeakyRelu{},      initial::kaiming_normal(LeakyRelu{}.slope),
          s.leaky_epochs,   "leaky ReLU",
          "Kaiming normal", "_leaky_relu"};
}
constexpr double rate = 1e-3;  // Adam's, falling to 0 along a cosine of all epochs
const std::vector<Index> times = {0, 1, 2, 5, 10, 20, 50, 100, 1000};
const Index steps = times.back();
constexpr double paper_train = 0.00117, paper_test = 0.00159;
const std::vector<double> epsilons = {0.01, 0.02, 0.05, 0.1, 0.2};  // times the mean norm of the examples
constexpr std::size_t shown = 2;                                    // 5 %, that of the claims
constexpr Index longest_cycle = 20;
constexpr double returned = 1e-5;  // |f^p(x) - x| of a point that came back, times the mean norm

struct Images {
  Mat<S> examples, starts, unseen;  // `unseen`: test images that are no starts
  double unit;                      // the mean norm of the examples
};

/// The mean squared errors after each epoch: of the training images as the epoch went on, of the starts at
/// its end.
struct Curve {
  std::vector<double> train, test;
};

/// Orbits of some starts, and the nearest training image of each iterate at the times of the setting.
struct Trajectories {
  Orbit<S> orbit;
  std::vector<NearestExamples> nearest_example;
  std::vector<Index> periods;  // of where they end
  /// Percentage within `epsilon` mean norms of a training image.
  double arrived(std::size_t time, double epsilon, double unit) const {
    const std::vector<double>& d = nearest_example[time].distance;
    const auto count = std::count_if(d.begin(), d.end(), [&](double x) { return x < epsilon * unit; });
    return 100 * static_cast<double>(count) / static_cast<double>(d.size());
  }
  /// Training images at which they end.
  Index distinct(double epsilon, double unit) const {
    const NearestExamples& n = nearest_example.back();
    std::vector<Index> reached;
    for (std::size_t j = 0; j < n.index.size(); ++j)
      if (n.distance[j] < epsilon * unit) reached.push_back(n.index[j]);
    std::sort(reached.begin(), reached.end());
    return std::unique(reached.begin(), reached.end()) - reached.begin();
  }
  /// Percentage of the ends for which holds(period).
  template <class Holds>
  double share(const Holds& holds) const {
    const auto count = std::count_if(periods.begin(), periods.end(), holds);
    return 100 * static_cast<double>(count) / static_cast<double>(periods.size());
  }
  double fixed() const {
    return share([](Index p) { return p == 1; });
  }
  double cycles() const {
    return share([](Index p) { return p > 1; });
  }
  double moving() const {
    return share([](Index p) { return p == 0; });
  }
};

struct Run {
  Images images;
  FitResult training;
  Curve curve;
  double test_loss = 0;                 // over all test images
  Mat<S> reconstructions;               // of the starts
  Attractors attractors;                // what there is at the examples inspected
  Trajectories of_starts, of_examples;  // the latter from the examples inspected and as many others as starts
  // At each time the percentage of iterates nearer to a training image than to any of `unseen`, and what it
  // would be if nothing told the two apart.
  std::vector<double> nearer_to_example;
  double by_chance = 0;
};

Images images_of(const ImageData& data, const Setting& s, std::uint64_t seed) {
  Images images;
  images.examples = choose_images<S>(data.train, std::min(s.examples, data.train.count()), seed);
  const Mat<S> test = choose_images<S>(data.test, data.test.count(), seed);
  const Index starts = std::min(s.starts, data.test.count() / 2);
  require(starts >= 1, "figure_11: there must be at least 2 test images, got ", data.test.count());
  images.starts = test.leftCols(starts);
  images.unseen = test.rightCols(test.cols() - starts);
  images.unit = mean_norm(images.examples);
  return images;
}

/// The curve as far as it was saved; epochs that are run once more are written over.
void save(const Curve& curve, const Checkpoint& checkpoint) {
  SafeTensors<double> content;
  const auto array = [](const char* name, const std::vector<double>& v) {
    return Checkpoint::array(name, Eigen::Map<const Mat<double>>(v.data(), static_cast<Index>(v.size()), 1));
  };
  content.tensors = {array("train", curve.train), array("test", curve.test)};
  content.metadata = {{"epochs", std::to_string(curve.train.size())}};
  checkpoint.save(std::move(content));
}
Curve load_curve(const Checkpoint& checkpoint) {
  SafeTensors<double> content;
  if (!checkpoint.load(content)) return {};
  const auto epochs = checkpoint.count(content, "epochs");
  const auto array = [&](const char* name) {
    const Mat<double> m = checkpoint.matrix(content, name, epochs, 1);
    return std::vector<double>(m.data(), m.data() + m.size());
  };
  return {array("train"), array("test")};
}

/// Trains f. With `folder`, the training is saved there and taken up from there.
template <class Phi>
void train(Model<FullyConnected<S, Phi>>& f, Run& r, const Setting& s, const Choice<Phi>& c,
           std::uint64_t seed, const std::filesystem::path& folder) {
  const Mat<S>& X = r.images.examples;
  FitOptions options{.max_epochs = c.epochs};
  options.batch_size = s.batch;
  options.seed = seed;
  options.schedule = schedule::cosine(c.epochs);
  options.cancelled = interrupted;
  const std::string setting =
      text("figure 11, 7 x 512 on ", X.cols(), " images, seed ", seed, ", sum ",
           Checkpoint::exact(X.cast<double>().sum()), ", ", c.name, ", ", c.scheme, ", batches of ", s.batch,
           ", Adam ", rate, ", cosine of ", c.epochs, " epochs");
  const auto file = [&](const char* kind) {
    return Checkpoint(folder / text("figure_11", c.suffix, "_seed", seed, kind, ".safetensors"), setting);
  };
  const bool resumable = !folder.empty();
  if (resumable) r.curve = load_curve(file("_curve"));
  Objective objective(f.layer);
  Progress progress(text(c.name, ", seed ", seed, ": training"));
  options.observer = [&](const Epoch& e) {
    const double test = objective.value(f.theta, r.images.starts, r.images.starts);
    const auto before = static_cast<std::size_t>(e.epoch);  // the curve has a value for each of them
    r.curve.train.resize(before, std::nan(""));
    r.curve.test.resize(before, std::nan(""));
    r.curve.train.push_back(e.loss);
    r.curve.test.push_back(test);
    if (resumable) save(r.curve, file("_curve"));
    progress.update(static_cast<double>(e.epoch + 1) / static_cast<double>(c.epochs), [&] {
      return text("epoch ", e.epoch, "  loss ", number(e.loss), "  test ", number(test));
    });
  };
  Adam<S> adam({.learning_rate = rate});
  r.training = resumable ? resumable_fit(f, X, adam, options, file("")) : fit(f, X, adam, options);
  const auto epochs = static_cast<std::size_t>(r.training.epochs);
  if (r.curve.train.size() > epochs) r.curve.train.resize(epochs), r.curve.test.resize(epochs);
}

template <class Net>
Trajectories iterate(const Model<Net>& f, const Mat<S>& x0, const Images& images, const std::string& what) {
  OrbitOptions options{.max_steps = steps, .tolerance = 1e-5, .bound = 100 * images.unit};
  options.snapshots = times;
  Trajectories t;
  t.orbit = orbit_with_progress(f, x0, options, what + ": trajectories");
  Progress progress(what + ": nearest training images");
  for (const Mat<S>& x : t.orbit.snapshots) {
    if (interrupted()) return t;
    t.nearest_example.push_back(nearest(x, images.examples));
    progress.update(static_cast<double>(t.nearest_example.size()) / static_cast<double>(times.size()));
  }
  t.periods = periods(f, t.orbit.x, longest_cycle, returned * images.unit);
  return t;
}

/// Are the iterates nearer to training images than to images that were never seen?
void compare_distances(Run& r) {
  const Images& images = r.images;
  r.by_chance = 100 * static_cast<double>(images.examples.cols()) /
                static_cast<double>(images.examples.cols() + images.unseen.cols());
  for (std::size_t k = 0; k < times.size() && !interrupted(); ++k) {
    const std::vector<double>&example = r.of_starts.nearest_example[k].distance,
          other = nearest(r.of_starts.orbit.snapshots[k], images.unseen).distance;
    double nearer = 0;
    for (std::size_t j = 0; j < example.size(); ++j) nearer += example[j] < other[j] ? 1 : 0;
    r.nearer_to_example.push_back(100 * nearer / static_cast<double>(images.starts.cols()));
  }
}

/// When it is interrupted, all but the training and its curve is of no use.
template <class Phi>
Run run(const Setting& s, const Choice<Phi>& c, const ImageData& data, std::uint64_t seed,
        const std::filesystem::path& folder) {
  Run r;
  r.images = images_of(data, s, seed);
  const Images& images = r.images;
  const auto net = fully_connected<S>(images.examples.rows(), 512, 7, c.phi);
  Model f(net, initial_values(net, c.initial, seed));
  train(f, r, s, c, seed, folder);
  if (interrupted()) return r;

  Objective objective(net);
  const auto starts = static_cast<double>(images.starts.cols()),
             unseen = static_cast<double>(images.unseen.cols());
  r.test_loss = (starts * objective.value(f.theta, images.starts, images.starts) +
                 unseen * objective.value(f.theta, images.unseen, images.unseen)) /
                (starts + unseen);
  r.reconstructions = f(images.starts);
  const std::string what = text(c.name, ", seed ", seed);
  r.attractors = attractors(f, images.examples.leftCols(std::min(s.inspected, images.examples.cols())),
                            epsilons.back(), what, 2 * steps);
  r.of_starts = iterate(f, images.starts, images, what + ", from test images");
  const Index some = std::min(images.starts.cols(), images.examples.cols());
  r.of_examples = iterate(f, images.examples.leftCols(some), images, what + ", from training images");
  compare_distances(r);
  return r;
}

/// All seeds of one activation.
struct Study {
  std::string name, suffix;
  std::vector<std::uint64_t> seeds;
  std::vector<Run> runs;
};

/// Both activations, those of which a seed was finished.
std::vector<Study> study_all(Program& program, const Setting& s, const ImageData& data) {
  std::vector<Study> studies;
  const auto add = [&](const auto& choice) {
    Study study{choice.name, choice.suffix, {}, {}};
    const auto work = [&](std::uint64_t seed) {
      return std::pair(seed, run(s, choice, data, seed, program.checkpoints()));
    };
    for (auto& [seed, r] : program.over_seeds(work, choice.name)) {
      study.seeds.push_back(seed);
      study.runs.push_back(std::move(r));
    }
    if (!study.runs.empty()) studies.push_back(std::move(study));
  };
  add(elu(s));
  add(leaky_relu(s));
  return studies;
}

// The claims.

/// What docs/paper/figure_11.md promises, in percent but for the loss, for what it has measured.
struct Promise {
  Band train, test, arrived, nearer, contracts, attracting = {};
};
Promise promise_for(const std::string& data, const std::string& activation, bool full) {
  if (full) return {};
  const Band train = at_most(paper_train);
  if (activation == "leaky ReLU") {
    if (data == "Fashion-MNIST") return {train, {0.0208, 0.0222}, {9, 69}, at_least(88), at_least(22)};
    if (data == "MNIST") return {train, {0.0273, 0.0286}, {17, 84}, at_least(94), at_least(90)};
  } else if (activation == "ELU") {
    // Trajectories that end at a training image: 13 to 98 % over the seeds, so that only some are promised.
    if (data == "Fashion-MNIST") return {train, {0.0109, 0.0115}, at_least(1), at_least(54), at_most(9)};
    if (data == "MNIST") return {train, {0.0079, 0.0094}, at_least(1), at_least(39), at_most(13)};
  }
  return {};
}

std::string id(const Study& study, const char* what) { return text("11, ", study.name, ", ", what); }

void claim_losses(Program& program, const Study& study, const Promise& promise) {
  const std::vector<Run>& runs = study.runs;
  program.claim(contested_claim(
      id(study, "training images"), "The autoencoder reconstructs its training images (mean squared error).",
      number(paper_train), of_each(runs, [](const Run& r) { return r.training.loss; }), at_most(paper_train),
      promise.train, "",
      text("after ", summary(of_each(runs, [](const Run& r) { return r.training.epochs; })), " epochs of ",
           summary(of_each(runs,
                           [](const Run& r) {
                             return r.training.seconds /
                                    static_cast<double>(std::max<Index>(1, r.training.epochs));
                           })),
           " seconds")));
  program.claim(contested_claim(id(study, "test images"),
                                "It reconstructs test images with a near-zero error (mean squared error).",
                                number(paper_test), of_each(runs, [](const Run& r) { return r.test_loss; }),
                                at_most(paper_test), promise.test));
}

/// Do trajectories of test images end at training images?
void claim_trajectories(Program& program, const Study& study, const Promise& promise) {
  const std::vector<Run>& runs = study.runs;
  const auto arrived = [&](double epsilon) {
    return of_each(runs, [=](const Run& r) {
      return r.of_starts.arrived(r.of_starts.nearest_example.size() - 1, epsilon, r.images.unit);
    });
  };
  std::string ladder;
  for (const double e : epsilons)
    ladder +=
        text(ladder.empty() ? "" : "; ", "within ", 100 * e, "%: ", summary(arrived(e), "%"), ", at ",
             summary(of_each(runs, [&](const Run& r) { return r.of_starts.distinct(e, r.images.unit); })),
             " training images");
  program.claim(contested_claim(
      id(study, "trajectories"),
      text("Training examples are recovered: trajectories of test images end at one (", steps,
           " iterations, within ", 100 * epsilons[shown], "% of the mean norm)."),
      "some (it shows several)", arrived(epsilons[shown]), at_least(1e-9), promise.arrived, "%", ladder));
}

/// Of what kind the ends of the trajectories are.
std::string ends_note(const Study& study) {
  const std::vector<Run>& runs = study.runs;
  return text(
      study.name, ": where trajectories of test images end: ",
      summary(of_each(runs, [](const Run& r) { return r.of_starts.fixed(); }), "%"), " at fixed points, ",
      summary(of_each(runs, [](const Run& r) { return r.of_starts.cycles(); }), "%"), " on cycles of up to ",
      longest_cycle, " points, ",
      summary(of_each(runs, [](const Run& r) { return r.of_starts.moving(); }), "%"), " have not settled.");
}

void claim_memory(Program& program, const Study& study, const Promise& promise) {
  const std::vector<Run>& runs = study.runs;
  const Run& first = runs.front();
  const double chance = first.by_chance / 100, starts = static_cast<double>(first.images.starts.cols());
  const double beyond = 100 * (chance + 3 * std::sqrt(chance * (1 - chance) / starts));
  program.claim(contested_claim(
      id(study, "memory"),
      text("Trajectories of test images end nearer to one of the ", first.images.examples.cols(),
           " training images than to one of ", first.images.unseen.cols(), " that were never seen."),
      text("contractive to the training examples (here: from ", number(beyond), "%)"),
      of_each(runs, [](const Run& r) { return r.nearer_to_example.back(); }), at_least(beyond),
      promise.nearer, "%",
      text("by chance ", number(first.by_chance), "%; before the first iteration ",
           summary(of_each(runs, [](const Run& r) { return r.nearer_to_example.front(); }), "%"))));
}

void claim_attractors(Program& program, const Study& study, const Promise& promise) {
  const std::vector<const Attractors*> verdicts = attractors_of(study.runs);
  program.claim(contested_claim(
      id(study, "attractors"),
      text("The training images are attractors: an attracting fixed point lies within ",
           100 * epsilons[shown],
           "% of |x| (1% is less than the network's own error), and the orbit of x ends there."),
      "all (here: from 95%)", percent_recalled(verdicts, epsilons[shown]), at_least(95), promise.attracting,
      "%",
      text("within 1%: ", summary(percent_recalled(verdicts, 0.01), "%"), ", within 20%: ",
           summary(percent_recalled(verdicts, 0.2), "%"), "; ", other_counts(verdicts, epsilons[shown]))));
}

/// Percentage of the training images iterated whose trajectory ends within `epsilon` mean norms of itself.
double stayed(const Run& r, double epsilon) {
  const Mat<S>& x = r.of_examples.orbit.x;
  Index count = 0;
  for (Index j = 0; j < x.cols(); ++j)
    count += (x.col(j) - r.images.examples.col(j)).norm() < epsilon * r.images.unit ? 1 : 0;
  return 100 * static_cast<double>(count) / static_cast<double>(x.cols());
}

void claim_contraction(Program& program, const Study& study, const Promise& promise) {
  const std::vector<Run>& runs = study.runs;
  const auto middle = [&](double ExampleVerdict::*which) {
    return summary(of_each(runs, [=](const Run& r) { return median(r.attractors.values(which)); }));
  };
  program.claim(contested_claim(
      id(study, "contraction"),
      "The autoencoder is contractive at its training examples: the spectral radius is below 1.",
      "all (here: from 95%)",
      of_each(runs,
              [](const Run& r) {
                return 100 * static_cast<double>(r.attractors.contracting()) /
                       static_cast<double>(r.attractors.size());
              }),
      at_least(95), promise.contracts, "%",
      text("at x itself, of ", runs.front().attractors.size(), " inspected; spectral radius ",
           middle(&ExampleVerdict::radius), ", |f(x) - x| / |x| ", middle(&ExampleVerdict::residual), "; of ",
           runs.front().of_examples.orbit.x.cols(), " training images ",
           summary(of_each(runs, [](const Run& r) { return stayed(r, epsilons[shown]); }), "%"),
           " end within 5% of themselves, ",
           summary(of_each(runs, [](const Run& r) { return stayed(r, 0.2); }), "%"), " within 20%")));
}

// The pictures.

/// Rows of the paper's layout: a test image and its reconstruction; its trajectory; the training image
/// nearest to the end of that.
void draw_rows(Program& program, const ImageData& data, const Run& r, const std::string& title,
               const std::vector<Index>& rows, const std::string& file, const std::string& caption) {
  const std::vector<Index> drawn_times = {2, 5, 10, 20, 100, steps};
  std::vector<std::string> columns = {"input", "output", ""};
  for (const Index t : drawn_times) columns.push_back(std::to_string(t));
  columns.push_back("nearest\ntraining image");
  ImageTable table(title, data.train.shape, columns);
  for (const Index j : rows) {
    const NearestExamples& end = r.of_starts.nearest_example.back();
    const auto k = static_cast<std::size_t>(j);
    Mat<S> row(data.train.shape.size(), static_cast<Index>(columns.size()));
    row.col(0) = r.images.starts.col(j);
    row.col(1) = r.reconstructions.col(j);
    row.col(2).setOnes();  // as white as the paper
    for (std::size_t c = 0; c < drawn_times.size(); ++c) {
      const auto at = std::find(times.begin(), times.end(), drawn_times[c]) - times.begin();
      row.col(static_cast<Index>(c) + 3) = r.of_starts.orbit.snapshots[static_cast<std::size_t>(at)].col(j);
    }
    row.rightCols(1) = r.images.examples.col(end.index[k]);
    table.add_row(text(number(100 * end.distance[k] / r.images.unit, 2), "%"), row);
  }
  program.draw(table, file, caption);
}

std::string description(const Study& study, const ImageData& data) {
  return text("7 x 512, ", study.name, ", ", study.runs.front().images.examples.cols(), " images of ",
              data.name);
}

/// The starts that end nearest to different training images, eight of them.
std::vector<Index> nearest_ends_of(const NearestExamples& end) {
  std::vector<Index> order(end.distance.size());
  for (std::size_t j = 0; j < order.size(); ++j) order[j] = static_cast<Index>(j);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return end.distance[static_cast<std::size_t>(a)] < end.distance[static_cast<std::size_t>(b)];
  });
  std::vector<Index> nearest_ends, taken;  // one for each training image
  for (const Index j : order) {
    const Index example = end.index[static_cast<std::size_t>(j)];
    if (nearest_ends.size() == 8 || std::find(taken.begin(), taken.end(), example) != taken.end()) continue;
    taken.push_back(example);
    nearest_ends.push_back(j);
  }
  return nearest_ends;
}

void draw_trajectories(Program& program, const ImageData& data, const Study& study) {
  const Run& r = study.runs.front();
  const std::string what = description(study, data),
                    row =
                        "Each row: a test image and its reconstruction, the first iterate; the results after "
                        "so many iterations; the training image nearest to the last. Before it: its "
                        "distance, in percent of the mean norm.";
  draw_rows(program, data, r, "Figure 11: " + what + ", best trajectories",
            nearest_ends_of(r.of_starts.nearest_example.back()), text("figure_11", study.suffix, ".png"),
            text(row, " The eight test images that end nearest to different training images, first seed."));
  std::vector<Index> some;
  for (Index j = 0; j < std::min<Index>(8, r.images.starts.cols()); ++j) some.push_back(j);
  draw_rows(program, data, r, "Figure 11: " + what + ", not selected", some,
            text("figure_11", study.suffix, "_any.png"), text(row, " Eight test images as they come."));
}

/// The fraction of `values` <= x for each x, in percent.
std::vector<double> cumulative(const std::vector<double>& values, const std::vector<double>& x) {
  std::vector<double> y;
  for (const double at : x) {
    const auto count = std::count_if(values.begin(), values.end(), [&](double v) { return v <= at; });
    y.push_back(100 * static_cast<double>(count) / static_cast<double>(values.size()));
  }
  return y;
}

void draw_losses(Program& program, const ImageData& data, const Study& study) {
  const Run& r = study.runs.front();
  LinePlot losses{
      .title = text("Training, ", description(study, data), ", first seed"),
      .x_label = "epoch",
      .y_label = "mean squared error",
      .series = {},
      .log_y = true,
      .horizontal = {{paper_train, "the paper's training images"}, {paper_test, "the paper's test images"}}};
  std::vector<double> epochs;
  for (std::size_t e = 0; e < r.curve.train.size(); ++e) epochs.push_back(static_cast<double>(e + 1));
  losses.series.push_back({.name = "training images", .x = epochs, .y = r.curve.train});
  losses.series.push_back({.name = "test images", .x = epochs, .y = r.curve.test});
  program.draw(
      losses, text("figure_11", study.suffix, "_training.png"),
      "The mean squared error of the training images, over each epoch as it went on, and of the test "
      "images that are iterated, at its end.");
}

void draw_distances(Program& program, const ImageData& data, const Study& study) {
  const Run& r = study.runs.front();
  LinePlot distances{.title = text("Distance of trajectories to training images, ", description(study, data)),
                     .x_label = "distance to the nearest training image (% of the mean norm)",
                     .y_label = "trajectories that are no further away (%)",
                     .series = {},
                     .log_x = true,
                     .x_range = Extent{0.1, 100},
                     .y_range = Extent{-2, 102}};
  std::vector<double> x;
  for (int k = 0; k <= 150; ++k) x.push_back(0.1 * std::pow(10, k / 50.));
  const auto add = [&](const std::string& name, const Trajectories& t, std::size_t time) {
    std::vector<double> percent;
    for (const double d : t.nearest_example[time].distance) percent.push_back(100 * d / r.images.unit);
    distances.series.push_back({.name = name, .x = x, .y = cumulative(percent, x)});
  };
  for (const Index t : {Index(0), Index(1), Index(10), steps})
    add(t == 0 ? std::string("test images") : text("after ", t, t == 1 ? " iteration" : " iterations"),
        r.of_starts, static_cast<std::size_t>(std::find(times.begin(), times.end(), t) - times.begin()));
  add(text("from training images, after ", steps), r.of_examples, times.size() - 1);
  program.draw(
      distances, text("figure_11", study.suffix, "_distance.png"),
      "How many trajectories are within a distance of a training image: of test images after so many "
      "iterations, and of training images in the end; first seed.");
}

void draw_radii(Program& program, const ImageData& data, const Study& study) {
  Histogram radii{
      .title = text("Spectral radii at training images, ", description(study, data), ", all seeds"),
      .x_label = "spectral radius",
      .y_label = "training images",
      .groups = {{study.name, {}}},
      .vertical = {{1, "stable below 1"}}};
  for (const Run& each : study.runs)
    for (const ExampleVerdict& e : each.attractors.examples) radii.groups.front().values.push_back(e.radius);
  program.draw(
      radii, text("figure_11", study.suffix, "_radii.png"),
      "Of the Jacobian at the training image itself. A fixed point attracts when it is below 1 there "
      "(Theorem 2).");
}

/// One row for each activation, seed, time and epsilon.
void write_table(const std::vector<Study>& studies, const std::filesystem::path& file) {
  std::vector<std::string> activation;
  std::vector<std::uint64_t> seed;
  std::vector<Index> t;
  std::vector<double> epsilon, arrived, from_examples, nearer;
  for (const Study& study : studies)
    for (std::size_t i = 0; i < study.runs.size(); ++i)
      for (std::size_t k = 0; k < times.size(); ++k)
        for (const double e : epsilons) {
          const Run& r = study.runs[i];
          activation.push_back(study.name);
          seed.push_back(study.seeds[i]);
          t.push_back(times[k]);
          epsilon.push_back(e);
          arrived.push_back(r.of_starts.arrived(k, e, r.images.unit));
          from_examples.push_back(r.of_examples.arrived(k, e, r.images.unit));
          nearer.push_back(r.nearer_to_example[k]);
        }
  CsvTable()
      .add("activation", activation)
      .add("seed", seed)
      .add("t", t)
      .add("epsilon", epsilon)
      .add("test_images_arrived_percent", arrived)
      .add("training_images_arrived_percent", from_examples)
      .add("nearer_to_training_than_to_unseen_percent", nearer)
      .write(file);
}

void body(Program& program) {
  const Setting& s = program.full() ? full_setting : quick_setting;
  const ImageData data = program.images();
  const std::vector<Study> studies = study_all(program, s, data);
  program.note_checkpoints("The trainings and their curves");
  if (studies.empty()) return;
  const Images& images = studies.front().runs.front().images;
  program.note(text(images.examples.cols(), " training images; ", images.starts.cols(),
                    " test images iterated, ", images.unseen.cols(), " others for comparison."));
  for (const Study& study : studies) {
    draw_trajectories(program, data, study);
    draw_losses(program, data, study);
    draw_distances(program, data, study);
    draw_radii(program, data, study);
    const Promise promise = promise_for(data.name, study.name, program.full());
    claim_losses(program, study, promise);
    claim_trajectories(program, study, promise);
    program.note(ends_note(study));
    claim_memory(program, study, promise);
    claim_attractors(program, study, promise);
    claim_contraction(program, study, promise);
  }
  if (program.writes()) write_table(studies, program.options.out / "figure_11.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_11", "Figure 11: 50000 images, reconstructed and iterated",
                     {.quick = 1, .full = 1, .over_ranks = true}, argc, argv, body);
}
