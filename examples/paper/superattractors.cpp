// The superattractors of Figure 3b: the paper says that one step of a 14 x 128 autoencoder of 20 images lands
// on a training image. What it takes: a designed study, one factor at a time around the setting of figure_3
// ("base") and around one whose training goes on with noisy steps of constant size ("best"). Full mode saves
// what it finds about each network in OUT/checkpoints and goes on from there. Page:
// docs/paper/superattractors.md.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <numeric>
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
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;

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

constexpr Index starts = 200;       // unseen images, and as many of noise
constexpr Index probed = 20;        // of the starts, Jacobians are taken at so many
constexpr double near = 0.05;       // a start has arrived within this times the mean norm of the examples
constexpr double tolerance = 0.01;  // an example's fixed point lies within this times |x|
const std::vector<Index> times = {1, 2, 3, 5, 11, 20, 50, 111};
const std::vector<std::string> kinds = {"images", "noise"};
constexpr Index drawn_images = 6, drawn_noise = 3;  // orbits in the picture
const std::vector<Index> drawn_times = {1, 2, 111};

/// What was found out about one network: numbers by name, and iterates of a few starts.
struct Run {
  std::uint64_t seed = 0;
  std::map<std::string, double> found;
  Mat<S> drawn;  // starts and their iterates at drawn_times, start by start
  double at(const std::string& name) const {
    const auto value = found.find(name);
    return value == found.end() ? std::nan("") : value->second;
  }
};
std::string arrived_at(const std::string& kind, Index t) { return text("arrived ", kind, " t=", t); }

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

template <Layer F>
void iterate(Run& r, const Model<F>& f, const Mat<S>& x0, const Mat<S>& examples, const std::string& kind) {
  OrbitOptions options{.max_steps = times.back(), .tolerance = 1e-5, .snapshots = times};
  const Orbit<S> o = orbit(f, x0, options);
  const double unit = mean_norm(examples);
  for (std::size_t k = 0; k < times.size(); ++k) {
    const std::vector<Recovery> at = recovery(o.snapshots[k], examples, {near * unit, 4 * near * unit});
    r.found[arrived_at(kind, times[k])] = 100 * at[0].arrived;
    if (times[k] != 1 && times[k] != times.back()) continue;
    r.found[text("within 20% ", kind, " t=", times[k])] = 100 * at[1].arrived;
    r.found[text("distinct ", kind, " t=", times[k])] = static_cast<double>(at[0].distinct);
    r.found[text("share ", kind, " t=", times[k])] =
        100 * largest_share(nearest_within(o.snapshots[k], examples, near * unit), examples.cols());
  }
  const Index count = kind == kinds[0] ? drawn_images : drawn_noise;
  for (Index j = 0; j < count; ++j) {
    const Index before = r.drawn.cols(), columns = 1 + static_cast<Index>(drawn_times.size());
    r.drawn.conservativeResize(x0.rows(), before + columns);
    r.drawn.col(before) = x0.col(j);
    for (Index c = 1; c < columns; ++c) {
      const auto t = std::find(times.begin(), times.end(), drawn_times[static_cast<std::size_t>(c - 1)]);
      r.drawn.col(before + c) = o.snapshots[static_cast<std::size_t>(t - times.begin())].col(j);
    }
  }
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
    std::optional<ParameterMean<S>> mean;
    if (s.average > 0) mean.emplace(f.theta, s.average);
    FitOptions holding = options;
    holding.observer = [&](const Epoch& e) {
      options.observer(e);
      if (mean) mean->update(f.theta);
    };
    const FitResult held = fit(f, x, adam, holding);
    if (held.status != FitStatus::exhausted) return held;
    seconds = held.seconds;
    if (mean) f.theta = mean->value();
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
  Run r{.seed = seed, .found = {}, .drawn = {}};
  const auto scale = static_cast<S>(s.scale);
  const Mat<S> examples = scale * choose_images<S>(data.train, s.examples, seed);
  const Index d = examples.rows();
  const auto net = fully_connected<S>(d, s.width, s.hidden, phi);
  Random random(seed);
  Model f(net, initial_values(net, initial::pytorch_default(), random));
  const Mat<S> images = scale * choose_images<S>(data.test, std::min(starts, data.test.count()), seed);
  const Mat<S> noise = scale * normal_starts<S>(d, starts, random);

  const FitResult trained = train(f, examples, s, seed, watch);
  if (interrupted()) return r;
  const double unit = s.scale * s.scale;
  r.found["converged"] = trained.status == FitStatus::converged ? 1 : 0;
  r.found["loss"] = Objective<FullyConnected<S, Phi>>(net).value(f.theta, examples, examples) / unit;
  r.found["epochs"] = static_cast<double>(trained.epochs);
  r.found["seconds"] = trained.seconds;
  iterate(r, f, images, examples, kinds[0]);
  iterate(r, f, noise, examples, kinds[1]);
  r.found["gain examples"] = median_gain(f, examples);
  r.found["gain images"] = median_gain(f, images);
  r.found["gain noise"] = median_gain(f, noise);
  r.found["perturbed loss"] = perturbed_loss(f, examples, random) / unit;
  const Attractors at_examples = attractors(f, examples, tolerance);
  if (interrupted()) return r;
  r.found["radius"] = median(at_examples.values(&ExampleVerdict::radius));
  r.found["attracting examples"] = static_cast<double>(at_examples.recalled(tolerance));
  r.found["contracting examples"] = static_cast<double>(at_examples.contracting(tolerance));
  return r;
}

/// How a network comes about, in words: its findings are used again only where all of this is the same.
std::string origin(const Setting& s, const ImageData& data, std::uint64_t seed) {
  const auto sum = [&](const ImageSet& pool, Index n) {
    return choose_images<S>(pool, std::min(n, pool.count()), seed).template cast<double>().sum();
  };
  std::string all = text("superattractors, fixed points found, ", s.hidden, " x ", s.width, ", ", s.examples,
                         " examples, sums ", Checkpoint::exact(sum(data.train, s.examples)), " ",
                         Checkpoint::exact(sum(data.test, starts)), ", seed ", seed,
                         s.tanh ? ", tanh" : ", leaky ReLU", ", batch ", s.batch, ", hold ", s.hold,
                         ", then ", s.after, s.steps ? " epochs, steps" : " epochs, smooth");
  for (const double x : {s.average, s.slope, s.scale, s.rate, s.beta1, s.beta2, s.epsilon, s.clip_norm,
                         s.weight_decay, s.l2, s.decay, s.loss_goal})
    all += text(" ", Checkpoint::exact(x));
  return all;
}

void save(const Run& r, const Checkpoint& checkpoint) {
  SafeTensors<S> content;
  content.tensors.push_back(Checkpoint::array("drawn", r.drawn));
  for (const auto& [name, value] : r.found) content.metadata[name] = Checkpoint::exact(value);
  checkpoint.save(std::move(content));
}
bool load(Run& r, const Checkpoint& checkpoint, Index pixels) {
  SafeTensors<S> content;
  if (!checkpoint.load(content)) return false;
  const Index columns = (drawn_images + drawn_noise) * (1 + static_cast<Index>(drawn_times.size()));
  r.drawn = checkpoint.matrix(content, "drawn", pixels, columns);
  for (const auto& [name, value] : content.metadata)
    if (name != "setting") r.found[name] = checkpoint.number(content, name);
  return true;
}

/// A setting with its finished networks.
struct Row {
  Setting setting;
  std::vector<Run> runs;
  std::vector<double> values(const std::string& name) const {
    std::vector<double> all;
    for (const Run& r : runs) all.push_back(r.at(name));
    return all;
  }
  double middle(const std::string& name) const { return median(values(name)); }
};

/// The levels of one factor, around one centre or both.
template <class Change>
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

/// The map: what leads from base to best, and one factor at a time around each.
std::vector<Row> map_rows() {
  std::vector<Row> rows;
  const Setting best = best_setting(short_hold);
  // From base to best, one change after the other; the last lacks nothing but the mean of the parameters.
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
  const auto integer = [](Index Setting::*which) {
    return [which](Setting& t, double v) { t.*which = static_cast<Index>(v); };
  };
  const auto real = [](double Setting::*which) { return [which](Setting& t, double v) { t.*which = v; }; };
  Setting around_base = base_setting();
  around_base.after = 10000;  // it needs 1500; what has not converged by then will not
  // Factor by factor, so that a map that was interrupted shows both centres.
  using Levels = std::vector<double>;
  const auto both = [&](const std::string& factor, const Levels& of_base, const Levels& of_best,
                        const auto& change) {
    vary(rows, around_base, factor, of_base, change);
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
  for (const Setting& c : {around_base, best}) {
    vary(rows, c, "activation", {1}, [](Setting& t, double) { t.tanh = true; }, {"tanh"});
    vary(rows, c, "batch", {5}, [](Setting& t, double v) {  // four steps an epoch: as many steps held
      t.batch = static_cast<Index>(v);
      t.hold /= 4;
      t.after /= 4;
    });
  }
  both("weight decay", {0.01, 0.1}, {0.01, 0.1}, real(&Setting::weight_decay));
  vary(rows, around_base, "l2", {1e-7, 1e-6}, [](Setting& t, double v) {
    t.l2 = v;
    t.after = 8000;
  });
  vary(rows, best, "average", {300, 3000}, real(&Setting::average));
  vary(rows, best, "beta2", {0.9, 0.999}, real(&Setting::beta2));
  vary(rows, best, "cool-down", {0.5},
       [](Setting& t, double v) {
         t.decay = v;
         t.after = 10000;
       },
       {"slow, x .5 per 1000 epochs"});
  return rows;
}

/// Trains and measures what is not yet in `folder`, several networks side by side.
void run_rows(Program& program, std::vector<Row>& rows, const std::vector<std::uint64_t>& seeds,
              const ImageData& data, const std::filesystem::path& folder) {
  struct Job {
    std::size_t row;
    std::uint64_t seed;
    bool done = false;
    Run run = {};
  };
  std::vector<Job> jobs;
  for (const std::uint64_t seed : seeds)
    for (std::size_t i = 0; i < rows.size(); ++i) jobs.push_back({i, seed});
  const auto checkpoint = [&](const Job& j) {
    const Setting& s = rows[j.row].setting;
    std::string name = s.id();
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.') c = '_';
    return Checkpoint(folder / text("superattractors_", name, "_seed", j.seed, ".safetensors"),
                      origin(s, data, j.seed));
  };
  const auto kept = [&](Job& j) {
    j.run.seed = j.seed;
    return !folder.empty() && load(j.run, checkpoint(j), data.train.shape.size());
  };
  std::size_t taken = 0;
  if (!program.shared())
    for (Job& j : jobs) taken += (j.done = kept(j)) ? 1 : 0;
  if (taken > 0) program.note(text(taken, " networks were taken from ", folder.string(), "."));
  std::vector<std::size_t> open;
  std::vector<std::string> names;
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    if (jobs[k].done) continue;
    open.push_back(k);
    names.push_back(text(rows[jobs[k].row].setting.id(), ", seed ", jobs[k].seed));
  }

  std::vector<double> fractions(open.size(), 0);
  std::mutex mutex;
  Progress progress(text(open.size(), " networks"));
  const auto work = [&](std::size_t k) {
    Job j = jobs[open[k]];
    if (kept(j)) return j.run;
    const Setting& s = rows[j.row].setting;
    const auto watch = [&](double fraction, const Epoch& e) {
      const std::lock_guard lock(mutex);
      fractions[k] = std::min(1., fraction);
      progress.update(
          std::accumulate(fractions.begin(), fractions.end(), 0.) / static_cast<double>(open.size()),
          [&] { return text(s.id(), ", seed ", j.seed, ": epoch ", e.epoch, "  loss ", number(e.loss)); });
    };
    Run r = s.tanh ? run_network(s, data, j.seed, Tanh{}, watch)
                   : run_network(s, data, j.seed, LeakyRelu{s.slope}, watch);
    if (!folder.empty() && !interrupted()) save(r, checkpoint(j));
    const std::lock_guard lock(mutex);
    fractions[k] = 1;
    return r;
  };
  std::vector<std::optional<Run>> found = program.tasks(names, work, true);
  for (std::size_t k = 0; k < open.size(); ++k) {
    Job& j = jobs[open[k]];
    j.done = found[k].has_value();
    if (j.done) j.run = std::move(*found[k]);
  }
  for (Job& j : jobs)
    if (j.done) rows[j.row].runs.push_back(std::move(j.run));
}

// ---- pictures

/// One step of the two networks of the first seed, and where the orbits of the better one end.
void draw_orbits(Program& program, const ImageData& data, const Row& base, const Row& best) {
  const Run &from_base = base.runs.front(), &from_best = best.runs.front();
  ImageTable table(text("Figure 3b, one step: 20 images of ", data.name), data.train.shape,
                   {"start", "base:\none step", "best:\none step", "best:\ntwo steps",
                    text("best:\n", times.back()), "nearest\ntraining image"});
  const Mat<S> examples = choose_images<S>(data.train, best.setting.examples, from_best.seed);
  const Index columns = 1 + static_cast<Index>(drawn_times.size());
  for (Index j = 0; j < drawn_images + drawn_noise; ++j) {
    const auto iterates = from_best.drawn.middleCols(j * columns, columns);
    const NearestExamples n = nearest(iterates.col(1), examples);
    Mat<S> row(examples.rows(), 6);
    row << iterates.col(0), from_base.drawn.col(j * columns + 1), iterates.col(1), iterates.col(2),
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
      .x_range = Extent{1, static_cast<double>(times.back())},
      .y_range = Extent{0, 102}};
  for (const Row* row : rows)
    for (const std::string& kind : kinds) {
      Series line{.name = text(row->setting.centre, kind == kinds[0] ? ", unseen images" : ", noise"),
                  .x = {},
                  .y = {},
                  .style = Series::Style::line_points};
      for (const Index t : times) {
        const std::vector<double> values = row->values(arrived_at(kind, t));
        line.x.push_back(static_cast<double>(t));
        line.y.push_back(median(values));
        line.low.push_back(quantile(values, 0));
        line.high.push_back(quantile(values, 1));
      }
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
  for (const std::string& kind : kinds) {
    LinePlot plot{.title = kind == kinds[0] ? "unseen images" : "noise",
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
              points.x.push_back(r.at("gain " + kind));
              points.y.push_back(r.at(arrived_at(kind, 1)));
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

/// The map: one panel a factor with several levels that are numbers.
void draw_map(Program& program, const ImageData& data, const std::vector<Row>& rows) {
  const std::vector<std::pair<std::string, bool>> factors = {
      // and whether its axis is logarithmic
      {"depth", false},     {"width", true},       {"examples", true},
      {"rate", true},       {"epochs held", true}, {"loss goal", true},
      {"data scale", true}, {"beta2", false},      {"weight decay", false}};
  const auto level_at_centre = [](const Setting& s, const std::string& factor) {
    if (factor == "depth") return static_cast<double>(s.hidden);
    if (factor == "width") return static_cast<double>(s.width);
    if (factor == "examples") return static_cast<double>(s.examples);
    if (factor == "rate") return s.rate;
    if (factor == "epochs held") return static_cast<double>(s.hold);
    if (factor == "loss goal") return s.loss_goal;
    if (factor == "data scale") return s.scale;
    if (factor == "beta2") return s.beta2;
    return s.weight_decay;
  };
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
    for (const std::string centre : {"base", "best"}) {
      std::vector<std::pair<double, const Row*>> levels;
      for (const Row& row : rows)
        if (row.setting.centre == centre && !row.runs.empty()) {
          const Setting& t = row.setting;
          const bool at_hold = t.factor == "epochs held" && t.level == static_cast<double>(short_hold);
          const bool at_centre = centre == "base" || factor == "epochs held" ? t.factor.empty() : at_hold;
          if (t.factor == factor)
            levels.push_back({t.level, &row});
          else if (at_centre)
            levels.push_back({level_at_centre(t, factor), &row});
        }
      if (levels.size() < 2) continue;
      std::sort(levels.begin(), levels.end());
      Series line{.name = centre, .x = {}, .y = {}, .style = Series::Style::line_points};
      line.color = centre == "base" ? 1 : 2;
      for (const auto& [level, row] : levels) {
        const std::vector<double> values = row->values(arrived_at(kinds[0], 1));
        line.x.push_back(level);
        line.y.push_back(median(values));
        line.low.push_back(quantile(values, 0));
        line.high.push_back(quantile(values, 1));
      }
      plot.series.push_back(line);
    }
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
      for (const auto& [name, value] : r.found) columns[name].push_back(value);
    }
  CsvTable table;
  table.add("setting", setting).add("seed", seed);
  for (const auto& [name, values] : columns) table.add(name, values);
  table.write(file);
}

// ---- claims

/// What docs/paper/superattractors.md promises for the data it has measured.
struct Promise {
  Band converged, base, best, best_noise, distinct, share, gain, base_attracting, best_attracting;
};
Promise promise_for(const std::string& data) {
  if (data == "Fashion-MNIST")
    return {at_least(60), {5, 45},       at_least(40), at_least(35), at_least(10),
            at_most(60),  at_least(0.8), at_least(10), at_least(14)};
  return {};  // images that nobody has measured: nothing is promised
}

void add_claims(Program& program, const Row& base, const Row& best, const Promise& promise) {
  const std::string within = text("within ", 100 * near, "% of the mean norm");
  const std::string statement = "One step takes arbitrary images directly to a training image: ";
  const Band claimed = at_least(75);
  std::vector<double> losses = base.values("loss");
  for (const double loss : best.values("loss")) losses.push_back(loss);
  const double goal = base.setting.loss_goal;
  const auto reached = std::count_if(losses.begin(), losses.end(), [&](double loss) { return loss <= goal; });
  program.claim(
      contested_claim("interpolation",
                      text("All networks of both settings were trained to convergence (mean squared error ",
                           number(goal), ")."),
                      "all", {100 * static_cast<double>(reached) / static_cast<double>(losses.size())},
                      at_least(100), promise.converged, "%",
                      text("of ", losses.size(), " networks; the largest error is ",
                           number(*std::max_element(losses.begin(), losses.end())))));
  program.claim(contested_claim(
      "base, one step", statement + "unseen images, the setting of figure_3, 14 x 128.",
      "all (here: from 75%)", base.values(arrived_at("images", 1)), claimed, promise.base, "%",
      text(within, "; within 20%: ", summary(base.values("within 20% images t=1"), "%"))));
  const auto best_claim = [&](const std::string& kind, const std::string& what, const Band& band) {
    const auto t = [&](const std::string& name, Index time) {
      return best.values(text(name, " ", kind, " t=", time));
    };
    program.claim(contested_claim(
        text("best, one step, ", kind),
        statement + text(what, ", the best setting, 20 x 128, ", best.setting.hold, " epochs held."),
        "all (here: from 75%)", t("arrived", 1), claimed, band, "%",
        text("within 20%: ", summary(t("within 20%", 1), "%"), "; after 2 steps ",
             summary(t("arrived", 2), "%"), ", after ", times.back(), " ",
             summary(t("arrived", times.back()), "%"))));
  };
  best_claim("images", "unseen images", promise.best);
  best_claim("noise", "N(0, 1) noise", promise.best_noise);
  for (const Row* row : {&base, &best})
    program.claim(
        contested_claim(row->setting.centre + ", attractors",
                        "The training images are attractors: an attracting fixed point lies within 1% of "
                        "|x|, and the orbit of x ends there.",
                        "all (here: from 19 of 20)", row->values("attracting examples"), at_least(19),
                        row == &base ? promise.base_attracting : promise.best_attracting, " of 20",
                        text("by the example alone (|f(x) - x| <= 1% of |x|, spectral radius below 1): ",
                             summary(row->values("contracting examples")))));
  program.claim(guard_claim(
      "best, examples reached",
      "So many of the 20 training images are reached by 200 unseen images in one step.", "not reported",
      best.values("distinct images t=1"), promise.distinct, "",
      text("after ", times.back(), " steps ", summary(best.values(text("distinct images t=", times.back()))),
           "; by noise in one step ", summary(best.values("distinct noise t=1")))));
  program.claim(
      guard_claim("best, no collapse",
                  "Of the starts that arrive in one step, so many are at the most frequent training image.",
                  "not reported", best.values("share images t=1"), promise.share, "%",
                  text("noise: ", summary(best.values("share noise t=1"), "%"))));
  for (const Row* row : {&base, &best})
    program.claim(contested_claim(
        row->setting.centre + ", faster than geometric",
        "Superattractors contract faster than geometrically. A network that is affine near an example does "
        "so "
        "only if its Jacobian is nilpotent there: spectral radius 0 (median over the training images).",
        "0", row->values("radius"), at_most(1e-6),
        promise.converged.can_fail("%") ? at_least(1e-3) : Band{}));
  std::vector<double> ratios;
  for (const Run& b : best.runs)
    for (const Run& a : base.runs)
      if (a.seed == b.seed) ratios.push_back(a.at("gain images") / b.at("gain images"));
  if (ratios.empty()) return;  // interrupted before one seed was seen in both
  program.claim(guard_claim(
      "mechanism",
      "The Jacobian at unseen images (median Frobenius norm) is so many times smaller in the best "
      "setting than in the base.",
      no_paper, ratios, promise.gain, "",
      text("base ", summary(base.values("gain images")), ", best ", summary(best.values("gain images")),
           "; spectral radius at the training images: base ", summary(base.values("radius")), ", best ",
           summary(best.values("radius")))));
}

/// One claim for each setting of the map, and which measured quantity puts the settings in the order of their
/// arrivals.
void add_map(Program& program, const std::vector<Row>& rows) {
  std::vector<const Row*> finished;
  for (const Row& row : rows)
    if (!row.runs.empty()) finished.push_back(&row);
  for (const Row* row : finished)
    if (!row->setting.factor.empty())
      program.claim(contested_claim(
          "map: " + row->setting.id(), "One step takes unseen images to a training image.",
          "all (here: from 75%)", row->values(arrived_at("images", 1)), at_least(75), Band{}, "%",
          text("noise ", summary(row->values(arrived_at("noise", 1)), "%"), ", examples reached ",
               summary(row->values("distinct images t=1")), ", loss ", summary(row->values("loss")),
               ", Jacobian at the starts ", summary(row->values("gain images")))));
  if (finished.size() < 3) return;
  const auto medians = [&](const std::string& name) {
    std::vector<double> all;
    for (const Row* row : finished) all.push_back(row->middle(name));
    return all;
  };
  std::string others;
  for (const std::string name : {"radius", "gain examples", "perturbed loss", "loss"})
    others +=
        text("; ", name, " ", number(rank_correlation(medians(name), medians(arrived_at("images", 1))), 2));
  const double images = rank_correlation(medians("gain images"), medians(arrived_at("images", 1)));
  const double noise = rank_correlation(medians("gain noise"), medians(arrived_at("noise", 1)));
  // Over settings that did and did not converge it is far from -1 (docs/paper/superattractors.md).
  program.claim(contested_claim("mechanism, all settings",
                                "The smaller the Jacobian at the starts, the more of them arrive: rank "
                                "correlation over the settings of the map.",
                                no_paper, {images}, at_most(-0.8), Band{}, "",
                                text("noise with the Jacobian at noise ", number(noise, 2),
                                     "; unseen images with other quantities", others)));
}

void body(Program& program) {
  const ImageData data = program.images();
  const std::filesystem::path folder = program.checkpoints();
  std::vector<Row> rows = {{base_setting(), {}}, {best_setting(program.full() ? full_hold : short_hold), {}}};
  run_rows(program, rows, program.seeds(), data, folder);
  if (program.full() && !interrupted()) {
    std::vector<Row> map = map_rows();
    const std::vector<std::uint64_t> all = program.seeds();
    run_rows(program, map, {all.begin(), all.begin() + std::min<std::ptrdiff_t>(3, std::ssize(all))}, data,
             folder);
    std::move(map.begin(), map.end(), std::back_inserter(rows));
  }
  const Row &base = rows[0], &best = rows[1];
  if (base.runs.empty() || best.runs.empty()) return;  // interrupted before both were seen
  draw_orbits(program, data, base, best);
  draw_arrival(program, data, {&base, &best});
  draw_gain(program, rows);
  add_claims(program, base, best, promise_for(data.name));
  if (program.full()) {
    draw_map(program, data, rows);
    add_map(program, rows);
  }
  if (program.writes()) write_table(rows, program.options.out / "superattractors.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("superattractors", "Figure 3b: what it takes to be at a training image after one step",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
