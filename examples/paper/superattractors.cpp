// The superattractors of Figure 3b: the paper says that one step of a 14 x 128 autoencoder of 20 images lands
// on a training image. What it takes: a designed study, one factor at a time around the setting of figure_3
// ("base") and around one whose training goes on with noisy steps of constant size ("best"). Full mode saves
// what it finds about each network in OUT/checkpoints and goes on from there. Page:
// docs/paper/superattractors.md.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/csv.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/objective.hpp"
#include "basin/train/parameter_mean.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

// The study: trains, measures.

/// A network, its images and how it is trained: `hold` epochs at the full rate whatever the loss, then times
/// `decay` every 1000 epochs, in steps or smoothly, until the loss goal is reached.
struct Setting {
  std::string centre;       // "base" or "best": what it varies
  std::string factor = {};  // what is varied; empty at the centre itself
  double level = 0;         // its value
  std::string name = {};    // of the level where a number does not say it
  Index hidden = 14, width = 128, examples = 20;
  double slope = 0.01;  // of the leaky ReLU; 0: ReLU
  bool tanh = false;    // instead of it
  double scale = 1;     // times the images
  double rate = 3e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, clip_norm = 0, weight_decay = 0, l2 = 0;
  Index batch = 0, hold = 0, after = 20000;  // epochs held, and at most so many after them
  /// > 0: what cools down, at a tenth of the rate, is the mean of the parameters over about so many epochs.
  double average = 0;
  double decay = 0.8;
  bool steps = true;
  double loss_goal = 1e-8;  // mean squared error, pixels from 0 to 1

  std::string id() const {
    return factor.empty() ? centre : text(centre, ", ", factor, " ", name.empty() ? number(level) : name);
  }
  Schedule schedule() const {
    const double from = average > 0 ? 0.1 : 1;
    const Schedule then =
        steps ? schedule::step_decay(1000, decay) : schedule::exponential_decay(std::pow(decay, 1e-3));
    return schedule::hold(hold, [=](Index epoch) { return from * then(epoch); });
  }
};

/// That of figure_3.
Setting base_setting() { return {.centre = "base"}; }

/// Adam's steps with gradients of one length and a short memory for their size do not shrink with the
/// gradient: at a constant rate they keep moving the net, around wide minima. Their mean over the last epochs
/// is in the middle, and a quick cool-down settles it. Six layers more than in the figure.
Setting best_setting(Index hold) {
  return {.centre = "best",
          .hidden = 20,
          .slope = 0,
          .rate = 2e-3,
          .beta2 = 0.97,
          .epsilon = 1e-20,   // no gradient is too small
          .clip_norm = 1e-5,  // shorter than the gradient at nearly all times: it has one length
          .hold = hold,
          .after = 2000,
          .average = 1000,
          .decay = 5e-3,
          .steps = false};
}
constexpr Index full_hold = 24000;
constexpr Index short_hold = 8000;  // of quick mode, and of what the map varies, for the time it takes

constexpr Index start_count = 200;  // unseen images, and as many of noise
constexpr Index probed = 20;        // of the starts, Jacobians are taken at so many
constexpr double near = 0.05;       // a start has arrived within this times the mean norm of the examples
constexpr double tolerance = 0.01;  // an example's fixed point lies within this times |x|
constexpr std::array<Index, 8> times = {1, 2, 3, 5, 11, 20, 50, 111};
constexpr Index last_time = times.back();
constexpr Index drawn_images = 6, drawn_noise = 3;  // orbits in the picture
constexpr std::array<Index, 3> drawn_times = {1, 2, last_time};
constexpr Index drawn_columns = 1 + static_cast<Index>(drawn_times.size());  // a start and its iterates

/// The place of t among `times`.
std::size_t place(Index t) {
  return static_cast<std::size_t>(std::find(times.begin(), times.end(), t) - times.begin());
}

/// What becomes of the starts of one kind, in percent of them but for `distinct`.
struct Arrival {
  /// After one step, or at the last of `times`.
  struct Near {
    double within_20 = 0;  // near is 20 % here
    double distinct = 0;   // examples that are reached
    double share = 0;      // those at the most frequent example, of those that arrived
  };
  std::array<double, times.size()> arrived = {};  // at each of `times`
  Near once = {}, late = {};
  double gain = 0;  // the median Frobenius norm of the Jacobians at the starts
  double after(Index t) const { return arrived[place(t)]; }
};

/// What was found out about one network, and iterates of a few starts.
struct Run {
  std::uint64_t seed = 0;
  double converged = 0, loss = 0, epochs = 0, seconds = 0;
  Arrival images, noise;
  double gain = 0;                         // the median Frobenius norm of the Jacobians at the examples
  double perturbed_loss = 0;               // of parameters that are off by 1 %
  double radius = 0;                       // the median spectral radius at the examples
  double attracting = 0, contracting = 0;  // examples that are, by Attractors
  Mat<S> drawn = {};                       // starts and their iterates at drawn_times, start by start
};

/// The two kinds of starts.
struct Kind {
  std::string name;
  Arrival Run::*starts;
};
const std::array<Kind, 2> kinds = {{{"images", &Run::images}, {"noise", &Run::noise}}};

/// The fraction of those that arrived which are at the most frequent example: 1 when all collapse to one.
double largest_share(const std::vector<Index>& assigned, Index examples) {
  std::vector<double> count(static_cast<std::size_t>(examples), 0);
  double all = 0;
  for (const Index i : assigned)
    if (i >= 0) ++count[static_cast<std::size_t>(i)], ++all;
  return all > 0 ? *std::max_element(count.begin(), count.end()) / all : std::nan("");
}

/// The median Frobenius norm of the Jacobians at the first columns of x: small where f is nearly constant.
template <Layer F>
double median_gain(const Model<F>& f, const Mat<S>& x) {
  std::vector<double> norms;
  for (Index i = 0; i < std::min(x.cols(), probed); ++i)
    norms.push_back(static_cast<double>(jacobian(f, x.col(i)).norm()));
  return median(norms);
}

/// The mean loss when every parameter is multiplied by 1 + .01 N(0, 1), over 10 draws: small in flat minima.
template <Layer F>
double perturbed_loss(const Model<F>& f, const Mat<S>& x, Random& random) {
  Objective<F> objective(f.layer);
  double sum = 0;
  for (int k = 0; k < 10; ++k) {
    Vec<S> theta = f.theta;
    for (Index i = 0; i < theta.size(); ++i) theta[i] *= static_cast<S>(1 + random.normal(0, 0.01));
    sum += objective.value(theta, x, x);
  }
  return sum / 10;
}

/// Appends the first `count` starts and their iterates at drawn_times.
void keep_drawn(Mat<S>& drawn, const Mat<S>& x0, const std::vector<Mat<S>>& iterates, Index count) {
  for (Index j = 0; j < count; ++j) {
    const Index before = drawn.cols();
    drawn.conservativeResize(x0.rows(), before + drawn_columns);
    drawn.col(before) = x0.col(j);
    for (std::size_t c = 0; c < drawn_times.size(); ++c)
      drawn.col(before + 1 + static_cast<Index>(c)) = iterates[place(drawn_times[c])].col(j);
  }
}

template <Layer F>
Arrival iterate(const Model<F>& f, const Mat<S>& x0, const Mat<S>& examples, Index drawn_count,
                Mat<S>& drawn) {
  OrbitOptions options{.max_steps = last_time, .tolerance = 1e-5};
  options.snapshots.assign(times.begin(), times.end());
  const Orbit<S> o = orbit(f, x0, options);
  const double unit = mean_norm(examples);
  Arrival a;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const std::vector<Recovery> at = recovery(o.snapshots[k], examples, {near * unit, 4 * near * unit});
    a.arrived[k] = 100 * at[0].arrived;
    if (times[k] != 1 && times[k] != last_time) continue;
    (times[k] == 1 ? a.once : a.late) = Arrival::Near{
        100 * at[1].arrived, static_cast<double>(at[0].distinct),
        100 * largest_share(nearest_within(o.snapshots[k], examples, near * unit), examples.cols())};
  }
  keep_drawn(drawn, x0, o.snapshots, drawn_count);
  return a;
}

/// Trains until the hold is over; where the setting averages, f becomes the mean of its parameters.
template <Layer F>
FitResult train_held(Model<F>& f, const Mat<S>& x, const Setting& s, AdamW<S>& adam,
                     const FitOptions& options) {
  std::optional<ParameterMean<S>> mean;
  if (s.average > 0) mean.emplace(f.theta, s.average);
  FitOptions holding = options;
  holding.observer = [&](const Epoch& e) {
    options.observer(e);
    if (mean) mean->update(f.theta);
  };
  const FitResult held = fit(f, x, adam, holding);
  if (held.status == FitStatus::exhausted && mean) f.theta = mean->value();
  return held;
}

/// Trains until the hold is over, then to the loss goal. `watch(fraction, epoch)` is told how far it has
/// come.
template <Layer F, class Watch>
FitResult train(Model<F>& f, const Mat<S>& x, const Setting& s, std::uint64_t seed, const Watch& watch) {
  AdamW<S> adam({.learning_rate = s.rate,
                 .beta1 = s.beta1,
                 .beta2 = s.beta2,
                 .epsilon = s.epsilon,
                 .weight_decay = s.weight_decay});
  FitOptions options{.max_epochs = s.hold, .batch_size = s.batch, .seed = seed, .l2 = s.l2};
  options.schedule = s.schedule();
  options.clip_norm = s.clip_norm;
  options.cancelled = interrupted;
  options.observer = [&](const Epoch& e) {
    if (e.epoch % 64 == 0)
      watch(static_cast<double>(e.epoch) / static_cast<double>(s.hold > 0 ? s.hold + 600 : 2000), e);
  };
  double seconds = 0;
  if (s.hold > 0) {
    const FitResult held = train_held(f, x, s, adam, options);
    if (held.status != FitStatus::exhausted) return held;
    seconds = held.seconds;
  }
  options.max_epochs = s.hold + s.after;
  options.first_epoch = s.hold;
  options.loss_below = s.loss_goal * s.scale * s.scale;
  FitResult result = fit(f, x, adam, options);
  result.seconds += seconds;
  return result;
}

template <class Phi, class Watch>
Run run_network(const Setting& s, const ImageData& data, std::uint64_t seed, Phi phi, const Watch& watch) {
  Run r;
  r.seed = seed;
  const auto scale = static_cast<S>(s.scale);
  const Mat<S> examples = scale * choose_images<S>(data.train, s.examples, seed);
  const Index d = examples.rows();
  const auto net = fully_connected<S>(d, s.width, s.hidden, phi);
  Random random(seed);
  Model f(net, initial_values(net, initial::pytorch_default(), random));
  const Mat<S> images = scale * choose_images<S>(data.test, std::min(start_count, data.test.count()), seed);
  const Mat<S> noise = scale * normal_starts<S>(d, start_count, random);

  const FitResult trained = train(f, examples, s, seed, watch);
  if (interrupted()) return r;
  const double unit = s.scale * s.scale;
  r.converged = trained.status == FitStatus::converged ? 1 : 0;
  r.loss = Objective<FullyConnected<S, Phi>>(net).value(f.theta, examples, examples) / unit;
  r.epochs = static_cast<double>(trained.epochs);
  r.seconds = trained.seconds;
  r.images = iterate(f, images, examples, drawn_images, r.drawn);
  r.noise = iterate(f, noise, examples, drawn_noise, r.drawn);
  r.gain = median_gain(f, examples);
  r.images.gain = median_gain(f, images);
  r.noise.gain = median_gain(f, noise);
  r.perturbed_loss = perturbed_loss(f, examples, random) / unit;
  const Attractors at_examples = attractors(f, examples, tolerance);
  if (interrupted()) return r;
  r.radius = median(at_examples.values(&ExampleVerdict::radius));
  r.attracting = static_cast<double>(at_examples.recalled(tolerance));
  r.contracting = static_cast<double>(at_examples.contracting(tolerance));
  return r;
}

/// A setting with its finished networks.
struct Row {
  Setting setting;
  std::vector<Run> runs;
  template <class Get>
  std::vector<double> values(const Get& get) const {
    return of_each(runs, [&](const Run& r) { return std::invoke(get, r); });
  }
  /// The starts that have arrived after t steps, in percent.
  std::vector<double> arrived(Arrival Run::*starts, Index t) const {
    return values([&](const Run& r) { return (r.*starts).after(t); });
  }
};

// The settings of the map.

/// Changes a setting to a level of a factor.
using Change = std::function<void(Setting&, double)>;
Change integer(Index Setting::*which) {
  return [which](Setting& s, double level) { s.*which = static_cast<Index>(level); };
}
Change real(double Setting::*which) {
  return [which](Setting& s, double level) { s.*which = level; };
}

/// The levels of one factor around a centre.
void vary(std::vector<Row>& rows, const Setting& centre, const std::string& factor,
          const std::vector<double>& levels, const Change& change,
          const std::vector<std::string>& names = {}) {
  for (std::size_t k = 0; k < levels.size(); ++k) {
    Setting s = centre;
    s.factor = factor;
    s.level = levels[k];
    if (!names.empty()) s.name = names[k];
    change(s, levels[k]);
    rows.push_back({s, {}});
  }
}

/// From base to best, one change after the other; the last lacks nothing but the mean of the parameters.
void add_path(std::vector<Row>& rows, const Setting& best) {
  Setting s = base_setting();
  s.factor = "step";
  const auto add = [&](const std::string& name) {
    s.level += 1;
    s.name = text(s.level, ": ", name);
    rows.push_back({s, {}});
  };
  s.rate = best.rate;
  s.hidden = best.hidden;
  add("20 layers, rate 2e-3");
  s.slope = best.slope;
  add("ReLU");
  s.hold = best.hold;
  s.decay = best.decay;
  s.steps = best.steps;
  add("rate held, then cool-down");
  s.beta2 = best.beta2;
  s.epsilon = best.epsilon;
  add("beta2 .97, epsilon 1e-20");
  s.clip_norm = best.clip_norm;
  add("gradients of one length");
}

/// Factor by factor, so that a map that was interrupted shows both centres.
void add_factors(std::vector<Row>& rows, const Setting& base, const Setting& best) {
  using Levels = std::vector<double>;
  const auto both = [&](const std::string& factor, const Levels& of_base, const Levels& of_best,
                        const Change& change) {
    vary(rows, base, factor, of_base, change);
    vary(rows, best, factor, of_best, change);
  };
  both("depth", {7, 20}, {7, 14}, integer(&Setting::hidden));
  both("slope", {0, 0.1}, {0.01, 0.1}, real(&Setting::slope));
  vary(rows, best, "epochs held", {2000, 4000, 8000}, integer(&Setting::hold));
  both("examples", {5, 10, 40}, {5, 10, 40}, integer(&Setting::examples));
  both("rate", {1e-3, 5e-3}, {1e-3, 3e-3}, real(&Setting::rate));
  both("loss goal", {1e-4, 1e-6, 1e-10}, {1e-5, 1e-6}, real(&Setting::loss_goal));
  both("width", {64, 256}, {64, 256}, integer(&Setting::width));
  both("data scale", {0.3, 3}, {0.3, 3}, real(&Setting::scale));
  for (const Setting& c : {base, best}) {
    vary(rows, c, "activation", {1}, [](Setting& s, double) { s.tanh = true; }, {"tanh"});
    vary(rows, c, "batch", {5}, [](Setting& s, double level) {  // four steps an epoch: as many steps held
      s.batch = static_cast<Index>(level);
      s.hold /= 4;
      s.after /= 4;
    });
  }
  both("weight decay", {0.01, 0.1}, {0.01, 0.1}, real(&Setting::weight_decay));
}

/// What only one of the centres has, or asks for fewer or more epochs.
void add_single_factors(std::vector<Row>& rows, const Setting& base, const Setting& best) {
  vary(rows, base, "l2", {1e-7, 1e-6}, [](Setting& s, double level) {
    s.l2 = level;
    s.after = 8000;
  });
  vary(rows, best, "average", {300, 3000}, real(&Setting::average));
  vary(rows, best, "beta2", {0.9, 0.999}, real(&Setting::beta2));
  vary(rows, best, "cool-down", {0.5},
       [](Setting& s, double level) {
         s.decay = level;
         s.after = 10000;
       },
       {"slow, x .5 per 1000 epochs"});
}

/// The map: what leads from base to best, and one factor at a time around each.
std::vector<Row> map_rows() {
  std::vector<Row> rows;
  Setting base = base_setting();
  base.after = 10000;  // it needs 1500; what has not converged by then will not
  const Setting best = best_setting(short_hold);
  add_path(rows, best);
  add_factors(rows, base, best);
  add_single_factors(rows, base, best);
  return rows;
}

// What was found, in files.

/// visit(name, number) for all numbers of a run.
template <class AnyRun, class Visit>
void each_number(AnyRun& r, const Visit& visit) {
  visit("converged", r.converged);
  visit("loss", r.loss);
  visit("epochs", r.epochs);
  visit("seconds", r.seconds);
  for (const Kind& kind : kinds) {
    auto& a = r.*kind.starts;
    for (const Index t : times) visit(text("arrived ", kind.name, " t=", t), a.arrived[place(t)]);
    for (const Index t : {Index(1), last_time}) {
      auto& near_then = t == 1 ? a.once : a.late;
      visit(text("within 20% ", kind.name, " t=", t), near_then.within_20);
      visit(text("distinct ", kind.name, " t=", t), near_then.distinct);
      visit(text("share ", kind.name, " t=", t), near_then.share);
    }
    visit("gain " + kind.name, a.gain);
  }
  visit("gain examples", r.gain);
  visit("perturbed loss", r.perturbed_loss);
  visit("radius", r.radius);
  visit("attracting examples", r.attracting);
  visit("contracting examples", r.contracting);
}

/// How a network comes about, in words: its findings are used again only where all of this is the same.
std::string origin(const Setting& s, const ImageData& data, std::uint64_t seed) {
  const auto sum = [&](const ImageSet& pool, Index n) {
    return choose_images<S>(pool, std::min(n, pool.count()), seed).template cast<double>().sum();
  };
  std::string all = text("superattractors, fixed points found, ", s.hidden, " x ", s.width, ", ", s.examples,
                         " examples, sums ", Checkpoint::exact(sum(data.train, s.examples)), " ",
                         Checkpoint::exact(sum(data.test, start_count)), ", seed ", seed,
                         s.tanh ? ", tanh" : ", leaky ReLU", ", batch ", s.batch, ", hold ", s.hold,
                         ", then ", s.after, s.steps ? " epochs, steps" : " epochs, smooth");
  for (const double x : {s.average, s.slope, s.scale, s.rate, s.beta1, s.beta2, s.epsilon, s.clip_norm,
                         s.weight_decay, s.l2, s.decay, s.loss_goal})
    all += text(" ", Checkpoint::exact(x));
  return all;
}

/// Where networks keep what was found about them; nowhere where the folder has no name.
struct Archive {
  const ImageData& data;
  std::filesystem::path folder;

  Checkpoint checkpoint(const Setting& s, std::uint64_t seed) const {
    std::string name = s.id();
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.') c = '_';
    return {folder / text("superattractors_", name, "_seed", seed, ".safetensors"), origin(s, data, seed)};
  }
  void save(const Run& r, const Setting& s) const {
    if (folder.empty()) return;
    SafeTensors<S> content;
    content.tensors.push_back(Checkpoint::array("drawn", r.drawn));
    each_number(
        r, [&](const std::string& name, double value) { content.metadata[name] = Checkpoint::exact(value); });
    checkpoint(s, r.seed).save(std::move(content));
  }
  /// Whether there is one; then r is what it holds.
  bool load(Run& r, const Setting& s, std::uint64_t seed) const {
    if (folder.empty()) return false;
    const Checkpoint file = checkpoint(s, seed);
    SafeTensors<S> content;
    if (!file.load(content)) return false;
    r.seed = seed;
    r.drawn =
        file.matrix(content, "drawn", data.train.shape.size(), (drawn_images + drawn_noise) * drawn_columns);
    each_number(r, [&](const std::string& name, double& value) { value = file.number(content, name); });
    return true;
  }
};

/// A network of a row, and what was found about it.
struct Job {
  std::size_t row;
  std::uint64_t seed;
  std::optional<Run> run = {};
};

/// Trains and measures what is not yet in the archive, several networks side by side.
void run_jobs(Program& program, const std::vector<Row>& rows, const std::vector<Job*>& open,
              const Archive& archive) {
  std::vector<std::string> names;
  names.reserve(open.size());
  for (const Job* j : open) names.push_back(text(rows[j->row].setting.id(), ", seed ", j->seed));
  SideBySideProgress together(text(open.size(), " networks"), open.size());
  const auto work = [&](std::size_t k) {
    const Setting& s = rows[open[k]->row].setting;
    const std::uint64_t seed = open[k]->seed;
    Run r;
    if (archive.load(r, s, seed)) return r;
    const auto watch = [&](double fraction, const Epoch& e) {
      together.update(k, fraction, [&] {
        return text(s.id(), ", seed ", seed, ": epoch ", e.epoch, "  loss ", number(e.loss));
      });
    };
    r = s.tanh ? run_network(s, archive.data, seed, Tanh{}, watch)
               : run_network(s, archive.data, seed, LeakyRelu{s.slope}, watch);
    if (!interrupted()) archive.save(r, s);
    together.update(k, 1, names[k]);
    return r;
  };
  std::vector<std::optional<Run>> found = program.tasks(names, work, true);
  for (std::size_t k = 0; k < open.size(); ++k) open[k]->run = std::move(found[k]);
}

/// Gives each row its networks with these seeds.
void run_rows(Program& program, std::vector<Row>& rows, const std::vector<std::uint64_t>& seeds,
              const Archive& archive) {
  std::vector<Job> jobs;
  for (const std::uint64_t seed : seeds)
    for (std::size_t i = 0; i < rows.size(); ++i) jobs.push_back({i, seed});
  std::size_t taken = 0;
  std::vector<Job*> open;
  for (Job& j : jobs) {
    Run kept;
    if (!program.shared() && archive.load(kept, rows[j.row].setting, j.seed)) {
      j.run = std::move(kept);
      ++taken;
    } else {
      open.push_back(&j);
    }
  }
  if (taken > 0) program.note(text(taken, " networks were taken from ", archive.folder.string(), "."));
  run_jobs(program, rows, open, archive);
  for (Job& j : jobs)
    if (j.run) rows[j.row].runs.push_back(std::move(*j.run));
}

// The claims.

/// What docs/paper/superattractors.md promises for the data it has measured.
struct Promise {
  Band converged, base, best, best_noise, distinct, share, gain, base_attracting, best_attracting;
  bool measured() const { return converged.can_fail("%"); }
};
Promise promise_for(const std::string& data) {
  if (data == "Fashion-MNIST")
    return {at_least(60), {5, 45},       at_least(40), at_least(35), at_least(10),
            at_most(60),  at_least(0.8), at_least(10), at_least(14)};
  return {};  // images that nobody has measured: nothing is promised
}

const std::string arbitrary = "One step takes arbitrary images directly to a training image: ";
const std::string all_arrive = "all (here: from 75%)";
const Band arriving = at_least(75);

void claim_interpolation(Program& program, const Row& base, const Row& best, const Promise& promise) {
  std::vector<double> losses = base.values(&Run::loss);
  for (const double loss : best.values(&Run::loss)) losses.push_back(loss);
  const double goal = base.setting.loss_goal;
  const auto reached = std::count_if(losses.begin(), losses.end(), [&](double loss) { return loss <= goal; });
  program.claim(contested_claim(
      "interpolation",
      text("All networks of both settings were trained to convergence (mean squared error ", number(goal),
           ")."),
      "all", {100 * static_cast<double>(reached) / static_cast<double>(losses.size())}, at_least(100),
      promise.converged, "%",
      text("of ", losses.size(), " networks; the largest error is ", number(largest_of(losses)))));
}

void claim_one_step(Program& program, const Row& base, const Row& best, const Promise& promise) {
  const auto within_20 = [](const Row& row, Arrival Run::*starts) {
    return summary(row.values([&](const Run& r) { return (r.*starts).once.within_20; }), "%");
  };
  program.claim(contested_claim(
      "base, one step", arbitrary + "unseen images, the setting of figure_3, 14 x 128.", all_arrive,
      base.arrived(&Run::images, 1), arriving, promise.base, "%",
      text("within ", 100 * near, "% of the mean norm; within 20%: ", within_20(base, &Run::images))));
  const auto claim = [&](const Kind& kind, const std::string& what, const Band& band) {
    program.claim(contested_claim(
        text("best, one step, ", kind.name),
        arbitrary + text(what, ", the best setting, 20 x 128, ", best.setting.hold, " epochs held."),
        all_arrive, best.arrived(kind.starts, 1), arriving, band, "%",
        text("within 20%: ", within_20(best, kind.starts), "; after 2 steps ",
             summary(best.arrived(kind.starts, 2), "%"), ", after ", last_time, " ",
             summary(best.arrived(kind.starts, last_time), "%"))));
  };
  claim(kinds[0], "unseen images", promise.best);
  claim(kinds[1], "N(0, 1) noise", promise.best_noise);
}

void claim_attractors(Program& program, const Row& base, const Row& best, const Promise& promise) {
  for (const Row* row : {&base, &best})
    program.claim(
        contested_claim(row->setting.centre + ", attractors",
                        "The training images are attractors: an attracting fixed point lies within 1% of "
                        "|x|, and the orbit of x ends there.",
                        "all (here: from 19 of 20)", row->values(&Run::attracting), at_least(19),
                        row == &base ? promise.base_attracting : promise.best_attracting, " of 20",
                        text("by the example alone (|f(x) - x| <= 1% of |x|, spectral radius below 1): ",
                             summary(row->values(&Run::contracting)))));
}

/// That the starts do not all go to one image.
void claim_variety(Program& program, const Row& best, const Promise& promise) {
  const auto of_best = [&](Arrival Run::*starts, Arrival::Near Arrival::*when, double Arrival::Near::*what) {
    return best.values([&](const Run& r) { return r.*starts.*when.*what; });
  };
  const auto distinct = &Arrival::Near::distinct, share = &Arrival::Near::share;
  program.claim(guard_claim(
      "best, examples reached",
      "So many of the 20 training images are reached by 200 unseen images in one step.", no_paper,
      of_best(&Run::images, &Arrival::once, distinct), promise.distinct, "",
      text("after ", last_time, " steps ", summary(of_best(&Run::images, &Arrival::late, distinct)),
           "; by noise in one step ", summary(of_best(&Run::noise, &Arrival::once, distinct)))));
  program.claim(
      guard_claim("best, no collapse",
                  "Of the starts that arrive in one step, so many are at the most frequent training image.",
                  no_paper, of_best(&Run::images, &Arrival::once, share), promise.share, "%",
                  text("noise: ", summary(of_best(&Run::noise, &Arrival::once, share), "%"))));
}

void claim_contraction(Program& program, const Row& base, const Row& best, const Promise& promise) {
  for (const Row* row : {&base, &best})
    program.claim(contested_claim(
        row->setting.centre + ", faster than geometric",
        "Superattractors contract faster than geometrically. A network that is affine near an example does "
        "so only if its Jacobian is nilpotent there: spectral radius 0 (median over the training images).",
        "0", row->values(&Run::radius), at_most(1e-6), promise.measured() ? at_least(1e-3) : Band{}));
}

double gain_at_images(const Run& r) { return r.images.gain; }

/// Over the seeds that were seen in both settings.
void claim_mechanism(Program& program, const Row& base, const Row& best, const Promise& promise) {
  std::vector<double> ratios;
  for (const Run& b : best.runs)
    for (const Run& a : base.runs)
      if (a.seed == b.seed) ratios.push_back(a.images.gain / b.images.gain);
  if (ratios.empty()) return;  // interrupted before one seed was
  program.claim(guard_claim(
      "mechanism",
      "The Jacobian at unseen images (median Frobenius norm) is so many times smaller in the best "
      "setting than in the base.",
      no_paper, ratios, promise.gain, "",
      text("base ", summary(base.values(gain_at_images)), ", best ", summary(best.values(gain_at_images)),
           "; spectral radius at the training images: base ", summary(base.values(&Run::radius)), ", best ",
           summary(best.values(&Run::radius)))));
}

/// One claim for each setting of the map.
void claim_settings(Program& program, const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (!row.runs.empty() && !row.setting.factor.empty())
      program.claim(
          contested_claim("map: " + row.setting.id(), "One step takes unseen images to a training image.",
                          all_arrive, row.arrived(&Run::images, 1), arriving, Band{}, "%",
                          text("noise ", summary(row.arrived(&Run::noise, 1), "%"), ", examples reached ",
                               summary(row.values([](const Run& r) { return r.images.once.distinct; })),
                               ", loss ", summary(row.values(&Run::loss)), ", Jacobian at the starts ",
                               summary(row.values(gain_at_images)))));
}

/// Which measured quantity puts the settings in the order of their arrivals?
void claim_order(Program& program, const std::vector<Row>& rows) {
  std::vector<const Row*> finished;
  for (const Row& row : rows)
    if (!row.runs.empty()) finished.push_back(&row);
  if (finished.size() < 3) return;
  const auto medians = [&](const auto& get) {
    return of_each(finished, [&](const Row& row) { return median(row.values(get)); });
  };
  const auto with_arrivals = [&](const auto& get, Arrival Run::*starts) {
    return rank_correlation(medians(get), medians([&](const Run& r) { return (r.*starts).after(1); }));
  };
  const std::vector<std::pair<std::string, double Run::*>> quantities = {
      {"radius", &Run::radius},
      {"gain examples", &Run::gain},
      {"perturbed loss", &Run::perturbed_loss},
      {"loss", &Run::loss}};
  std::string others;
  for (const auto& [name, which] : quantities)
    others += text("; ", name, " ", number(with_arrivals(which, &Run::images), 2));
  const double noise = with_arrivals([](const Run& r) { return r.noise.gain; }, &Run::noise);
  // Over settings that did and did not converge it is far from -1 (docs/paper/superattractors.md).
  program.claim(contested_claim("mechanism, all settings",
                                "The smaller the Jacobian at the starts, the more of them arrive: rank "
                                "correlation over the settings of the map.",
                                no_paper, {with_arrivals(gain_at_images, &Run::images)}, at_most(-0.8),
                                Band{}, "",
                                text("noise with the Jacobian at noise ", number(noise, 2),
                                     "; unseen images with other quantities", others)));
}

// The pictures.

/// One step of the two networks of the first seed, and where the orbits of the better one end.
void draw_orbits(Program& program, const ImageData& data, const Row& base, const Row& best) {
  const Run &from_base = base.runs.front(), &from_best = best.runs.front();
  ImageTable table(text("Figure 3b, one step: 20 images of ", data.name), data.train.shape,
                   {"start", "base:\none step", "best:\none step", "best:\ntwo steps",
                    text("best:\n", last_time), "nearest\ntraining image"});
  const Mat<S> examples = choose_images<S>(data.train, best.setting.examples, from_best.seed);
  for (Index j = 0; j < drawn_images + drawn_noise; ++j) {
    const auto iterates = from_best.drawn.middleCols(j * drawn_columns, drawn_columns);
    const NearestExamples n = nearest(iterates.col(1), examples);
    Mat<S> row(examples.rows(), 6);
    row << iterates.col(0), from_base.drawn.col(j * drawn_columns + 1), iterates.col(1), iterates.col(2),
        iterates.col(3), examples.col(n.index.front());
    const bool arrived = n.distance.front() < near * mean_norm(examples);
    table.add_row(text(j < drawn_images ? "unseen" : "noise", arrived ? "" : "*"), row);
  }
  program.draw(
      table, "superattractors.png",
      "Six unseen images and three images of N(0, 1) noise after one step of the network of figure_3 (base) "
      "and of the best one, where they end, and the training image nearest to the best one's first "
      "step. A star: this step is not within 5% of a training image. First seed.");
}

void draw_arrival(Program& program, const ImageData& data, const std::vector<const Row*>& rows) {
  LinePlot plot{
      .title = text("Starts within 5% of a training image of ", data.name, ", median and range over seeds"),
      .x_label = "iterations t",
      .y_label = "starts (%)",
      .series = {},
      .log_x = true,
      .horizontal = {{75, "75%"}},
      .x_range = Extent{1, static_cast<double>(last_time)},
      .y_range = Extent{0, 102}};
  for (const Row* row : rows)
    for (const Kind& kind : kinds) {
      const std::string what = kind.starts == &Run::images ? "unseen images" : "noise";
      Series line = median_line(text(row->setting.centre, ", ", what));
      for (const Index t : times) add_median(line, static_cast<double>(t), row->arrived(kind.starts, t));
      plot.series.push_back(line);
    }
  program.draw(plot, "superattractors_arrival.png", "How many starts have arrived after t steps.");
}

/// Every network as a point: how strongly it contracts at the starts, and how many of them arrive in one
/// step.
void draw_gain(Program& program, const std::vector<Row>& rows) {
  Panels<LinePlot> picture{.title = "The Jacobian at a start decides: every network is a point",
                           .plots = {},
                           .columns = 2,
                           .width = 1400,
                           .height = 620};
  for (const Kind& kind : kinds) {
    LinePlot plot{.title = kind.starts == &Run::images ? "unseen images" : "noise",
                  .x_label = "median Frobenius norm of the Jacobian at the starts",
                  .y_label = "starts at a training image after one step (%)",
                  .series = {},
                  .log_x = true,
                  .y_range = Extent{-2, 102}};
    for (const std::string centre : {"base", "best"})
      for (const bool at_centre : {false, true}) {
        Series points{.name = at_centre ? centre : text("around ", centre),
                      .x = {},
                      .y = {},
                      .style = at_centre ? Series::Style::stars : Series::Style::points};
        points.color = centre == "base" ? 1 : 2;
        for (const Row& row : rows)
          if (row.setting.centre == centre && row.setting.factor.empty() == at_centre)
            for (const Run& r : row.runs) {
              points.x.push_back((r.*kind.starts).gain);
              points.y.push_back((r.*kind.starts).after(1));
            }
        if (!points.x.empty()) plot.series.push_back(points);
      }
    picture.plots.push_back(plot);
  }
  program.draw(
      picture, "superattractors_gain.png",
      "Where the Jacobian is small the map is nearly constant, and a start goes where the training image "
      "goes to which its region belongs.");
}

/// The level of a factor in a setting that does not vary it.
double level_of(const Setting& s, const std::string& factor) {
  if (factor == "depth") return static_cast<double>(s.hidden);
  if (factor == "width") return static_cast<double>(s.width);
  if (factor == "examples") return static_cast<double>(s.examples);
  if (factor == "rate") return s.rate;
  if (factor == "epochs held") return static_cast<double>(s.hold);
  if (factor == "loss goal") return s.loss_goal;
  if (factor == "data scale") return s.scale;
  if (factor == "beta2") return s.beta2;
  return s.weight_decay;
}

/// The arrivals in one step over the levels of a factor around one centre; none for fewer than two levels.
std::optional<Series> line_of(const std::vector<Row>& rows, const std::string& centre,
                              const std::string& factor) {
  std::vector<std::pair<double, const Row*>> levels;
  for (const Row& row : rows) {
    const Setting& s = row.setting;
    if (s.centre != centre || row.runs.empty()) continue;
    const bool at_hold = s.factor == "epochs held" && s.level == static_cast<double>(short_hold);
    const bool at_centre = centre == "base" || factor == "epochs held" ? s.factor.empty() : at_hold;
    if (s.factor == factor)
      levels.push_back({s.level, &row});
    else if (at_centre)
      levels.push_back({level_of(s, factor), &row});
  }
  if (levels.size() < 2) return {};
  std::sort(levels.begin(), levels.end());
  Series line = median_line(centre);
  line.color = centre == "base" ? 1 : 2;
  for (const auto& [level, row] : levels) add_median(line, level, row->arrived(&Run::images, 1));
  return line;
}

/// The map: one panel a factor with several levels that are numbers.
void draw_map(Program& program, const ImageData& data, const std::vector<Row>& rows) {
  const std::vector<std::pair<std::string, bool>> factors = {
      // and whether its axis is logarithmic
      {"depth", false},     {"width", true},       {"examples", true},
      {"rate", true},       {"epochs held", true}, {"loss goal", true},
      {"data scale", true}, {"beta2", false},      {"weight decay", false}};
  Panels<LinePlot> picture{.title = text("One step: unseen images within 5% of a training image of ",
                                         data.name, ", one factor at a time (median and range over seeds)"),
                           .plots = {},
                           .columns = 3,
                           .width = 1600,
                           .height = 1300};
  for (const auto& [factor, logarithmic] : factors) {
    LinePlot plot{.title = {},
                  .x_label = factor,
                  .y_label = "starts (%)",
                  .series = {},
                  .log_x = logarithmic,
                  .y_range = Extent{-2, 102}};
    for (const std::string centre : {"base", "best"})
      if (const std::optional<Series> line = line_of(rows, centre, factor)) plot.series.push_back(*line);
    if (!plot.series.empty()) picture.plots.push_back(plot);
  }
  program.draw(
      picture, "superattractors_map.png",
      text("Every factor is varied around the setting of figure_3 (base) and around the best one, held ",
           short_hold, " epochs."));
}

void write_table(const std::vector<Row>& rows, const std::filesystem::path& file) {
  std::vector<std::string> setting;
  std::vector<std::uint64_t> seed;
  std::map<std::string, std::vector<double>> columns;
  for (const Row& row : rows)
    for (const Run& r : row.runs) {
      setting.push_back(row.setting.id());
      seed.push_back(r.seed);
      each_number(r, [&](const std::string& name, double value) { columns[name].push_back(value); });
    }
  CsvTable table;
  table.add("setting", setting).add("seed", seed);
  for (const auto& [name, values] : columns) table.add(name, values);
  table.write(file);
}

void body(Program& program) {
  const ImageData data = program.images();
  const Archive archive{data, program.checkpoints()};
  std::vector<Row> rows = {{base_setting(), {}}, {best_setting(program.full() ? full_hold : short_hold), {}}};
  run_rows(program, rows, program.seeds(), archive);
  if (program.full() && !interrupted()) {
    std::vector<Row> map = map_rows();
    const std::vector<std::uint64_t> all = program.seeds();
    run_rows(program, map, {all.begin(), all.begin() + std::min<std::ptrdiff_t>(3, std::ssize(all))},
             archive);
    std::move(map.begin(), map.end(), std::back_inserter(rows));
  }
  const Row &base = rows[0], &best = rows[1];
  if (base.runs.empty() || best.runs.empty()) return;  // interrupted before both were seen
  draw_orbits(program, data, base, best);
  draw_arrival(program, data, {&base, &best});
  draw_gain(program, rows);
  const Promise promise = promise_for(data.name);
  claim_interpolation(program, base, best, promise);
  claim_one_step(program, base, best, promise);
  claim_attractors(program, base, best, promise);
  claim_variety(program, best, promise);
  claim_contraction(program, base, best, promise);
  claim_mechanism(program, base, best, promise);
  if (program.full()) {
    draw_map(program, data, rows);
    claim_settings(program, rows);
    claim_order(program, rows);
  }
  if (program.writes()) write_table(rows, program.options.out / "superattractors.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("superattractors", "Figure 3b: what it takes to be at a training image after one step",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
