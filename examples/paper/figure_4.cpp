// Figure 4 of the paper: the recovery probability R_t of autoencoders of varying width (a) and depth (b), all
// trained to the same loss. What the paper leaves open (widths, depths, activation, optimizer, starts,
// epsilon) is chosen as docs/paper/figure_4.md says. Full mode saves its work in OUT/checkpoints and goes on
// from there.
#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/csv.hpp"
#include "basin/layers/pool.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/attractors.hpp"
#include "support/median_line.hpp"
#include "support/program.hpp"
#include "support/with_progress.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = float;
using Network = FullyConnected<S>;

struct Net {
  Index width, depth;
  auto operator<=>(const Net&) const = default;
  std::string name() const { return text(depth, " x ", width); }
};

struct Setting {
  std::vector<Index> widths;  // of panel a, at `depth` layers
  Index depth;
  std::vector<Index> depths;  // of panel b, at `width` units
  Index width;
  bool pooled;                               // images of half the height and width
  Index examples, starts, steps, inspected;  // of the examples, Jacobians are taken at so many
  double rate, decay, loss_goal;  // Adam's rate, times `decay` every 1000 epochs; mean squared error
  Index max_epochs;
  std::vector<Index> times;
  Index early;  // one of `times`
  std::vector<Net> nets() const {
    std::vector<Net> all;
    for (const Index w : widths) all.push_back({w, depth});
    for (const Index d : depths) all.push_back({width, d});
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }
};
const Setting quick_setting{.widths = {192, 256, 512},
                            .depth = 7,
                            .depths = {3, 5, 7},
                            .width = 256,
                            .pooled = true,
                            .examples = 100,
                            .starts = 200,
                            .steps = 200,
                            .inspected = 100,
                            .rate = 2e-3,
                            .decay = 0.85,
                            .loss_goal = 1e-6,
                            .max_epochs = 4000,
                            .times = {0, 1, 2, 3, 5, 7, 10, 15, 20, 35, 50, 100, 200},
                            .early = 10};
const Setting full_setting{.widths = {64, 128, 256, 512, 1024},
                           .depth = 7,
                           .depths = {3, 5, 7, 10, 14, 20},
                           .width = 256,
                           .pooled = false,
                           .examples = 1000,
                           .starts = 1000,
                           .steps = 1000,
                           .inspected = 100,
                           .rate = 1e-3,
                           .decay = 0.9,
                           .loss_goal = 1e-6,
                           .max_epochs = 20000,
                           .times = {0, 1, 2, 3, 5, 7, 10, 15, 20, 35, 50, 100, 200, 500, 1000},
                           .early = 10};
const std::vector<double> epsilons = {0.01, 0.02, 0.05, 0.1, 0.2};  // times the mean norm of the examples
constexpr std::size_t shown = 2;                                    // 5 %, that of the pictures and claims
constexpr double tolerance = 0.01;  // an example's fixed point lies within this times |x|

// The study: trains, iterates, measures.

struct Images {
  Mat<S> examples, starts;
};

/// What came out of one network.
struct Run {
  Net net{};
  std::uint64_t seed = 0;
  bool trained = false;  // to the loss goal
  double loss = 0, seconds = 0;
  Index epochs = 0, diverged = 0;
  Index attracting = 0, contracting = 0;  // of the examples inspected: see Attractors::recalled, contracting
  std::vector<double> radii;              // spectral radii of the Jacobians there
  std::vector<std::vector<Recovery>> curve;  // at `times`, for `epsilons`
};

/// `n` images of the pool (all, if it has fewer), averaged over blocks of 2 x 2 pixels if `pooled`.
Mat<S> images_of(const ImageSet& pool, Index n, std::uint64_t seed, bool pooled) {
  const Mat<S> X = choose_images<S>(pool, std::min(n, pool.count()), seed);
  if (!pooled) return X;
  return Model(AvgPool2d<S>(pool.shape), Vec<S>(0))(X);
}

Model<Network> new_network(const Net& n, Index pixels, std::uint64_t seed) {
  const Network net = fully_connected<S>(pixels, n.width, n.depth);
  return Model(net, initial_values(net, initial::pytorch_default(), seed));
}

/// How a network comes about, in words; its files are used again only where all of this is the same.
std::string origin(const Setting& s, const Net& n, std::uint64_t seed, const Images& images) {
  const auto fingerprint = [](const Mat<S>& X) { return Checkpoint::exact(X.cast<double>().sum()); };
  return text("figure 4, ", n.name(), ", seed ", seed, ", ", images.examples.cols(), " examples of ",
              images.examples.rows(), " pixels, sum ", fingerprint(images.examples), ", Adam ", s.rate, " x ",
              s.decay, ", loss ", s.loss_goal, " within ", s.max_epochs, " epochs");
}
std::string file_name(const Net& n, std::uint64_t seed, const std::string& kind) {
  return text("figure_4_", n.depth, "x", n.width, "_seed", seed, kind, ".safetensors");
}

/// What was found out about one network.
Checkpoint findings(const std::filesystem::path& folder, const Setting& s, const Net& n, std::uint64_t seed,
                    const Images& images) {
  return {folder / file_name(n, seed, "_recovery"),
          text(origin(s, n, seed, images), ", ", images.starts.cols(), " starts, sum ",
               Checkpoint::exact(images.starts.cast<double>().sum()), ", ", s.steps, " steps, ", s.inspected,
               " examples recalled")};
}

void save(const Run& r, const Checkpoint& checkpoint) {
  const auto times = static_cast<Index>(r.curve.size()), ladder = static_cast<Index>(epsilons.size());
  Mat<double> recovered(ladder, times), arrived(ladder, times), distinct(ladder, times);
  for (Index k = 0; k < times; ++k)
    for (Index e = 0; e < ladder; ++e) {
      const Recovery& at = r.curve[static_cast<std::size_t>(k)][static_cast<std::size_t>(e)];
      recovered(e, k) = at.recovered;
      arrived(e, k) = at.arrived;
      distinct(e, k) = static_cast<double>(at.distinct);
    }
  SafeTensors<double> content;
  content.tensors = {Checkpoint::array("recovered", recovered), Checkpoint::array("arrived", arrived),
                     Checkpoint::array("distinct", distinct),
                     Checkpoint::array("radii", Eigen::Map<const Vec<double>>(
                                                    r.radii.data(), static_cast<Index>(r.radii.size())))};
  content.metadata = {
      {"trained", r.trained ? "1" : "0"},           {"loss", Checkpoint::exact(r.loss)},
      {"seconds", Checkpoint::exact(r.seconds)},    {"epochs", std::to_string(r.epochs)},
      {"attracting", std::to_string(r.attracting)}, {"contracting", std::to_string(r.contracting)},
      {"diverged", std::to_string(r.diverged)}};
  checkpoint.save(std::move(content));
}

/// The findings in a file, if there is one of the same setting.
bool load(Run& r, const Setting& s, const Checkpoint& checkpoint, const Images& images) {
  SafeTensors<double> content;
  if (!checkpoint.load(content)) return false;
  const auto times = static_cast<Index>(s.times.size()), ladder = static_cast<Index>(epsilons.size());
  const auto table = [&](const char* name) { return checkpoint.matrix(content, name, ladder, times); };
  const Mat<double> recovered = table("recovered"), arrived = table("arrived"), distinct = table("distinct");
  r.curve.clear();
  const double unit = mean_norm(images.examples);
  for (Index k = 0; k < times; ++k) {
    r.curve.emplace_back();
    for (Index e = 0; e < ladder; ++e)
      r.curve.back().push_back({epsilons[static_cast<std::size_t>(e)] * unit, recovered(e, k), arrived(e, k),
                                static_cast<Index>(distinct(e, k))});
  }
  const Mat<double> radii =
      checkpoint.matrix(content, "radii", std::min(s.inspected, images.examples.cols()), 1);
  r.radii.assign(radii.data(), radii.data() + radii.size());
  const auto remark = [&](const char* name) { return checkpoint.number(content, name); };
  r.trained = remark("trained") == 1;
  r.loss = remark("loss");
  r.seconds = remark("seconds");
  r.epochs = static_cast<Index>(remark("epochs"));
  r.attracting = static_cast<Index>(remark("attracting"));
  r.contracting = static_cast<Index>(remark("contracting"));
  r.diverged = static_cast<Index>(remark("diverged"));
  return true;
}

/// With `folder`, the training is saved there and taken up from there.
void train(Run& r, Model<Network>& f, const Setting& s, const Images& images,
           const std::filesystem::path& folder, const std::string& what) {
  FitOptions options{.max_epochs = s.max_epochs, .loss_below = s.loss_goal};
  options.schedule = schedule::step_decay(1000, s.decay);
  const auto kept = kept_in(folder, file_name(r.net, r.seed, ""), origin(s, r.net, r.seed, images));
  Adam<S> adam({.learning_rate = s.rate});
  const FitResult trained = fit_with_progress(f, images.examples, adam, options, what + ": training", kept);
  r.trained = trained.status == FitStatus::converged;
  r.loss = trained.loss;
  r.epochs = trained.epochs;
  r.seconds = trained.seconds;
}

void inspect(Run& r, const Model<Network>& f, const Setting& s, const Images& images,
             const std::string& what) {
  const Attractors found =
      attractors(f, images.examples.leftCols(std::min(s.inspected, images.examples.cols())), tolerance, what);
  r.radii = found.values(&ExampleVerdict::radius);
  r.attracting = found.recalled(tolerance);
  r.contracting = found.contracting(tolerance);
}

/// There is no curve when it is interrupted.
void iterate(Run& r, const Model<Network>& f, const Setting& s, const Images& images,
             const std::string& what) {
  OrbitOptions options{.max_steps = s.steps, .tolerance = 1e-5, .bound = 100 * mean_norm(images.examples)};
  options.snapshots = s.times;
  const Orbit<S> o = orbit_with_progress(f, images.starts, options, what + ": orbits");
  if (o.cancelled || interrupted()) return;
  r.diverged = o.count(OrbitEnd::diverged);
  std::vector<double> ladder;
  for (const double e : epsilons) ladder.push_back(e * mean_norm(images.examples));
  r.curve = recovery_curve(o.snapshots, images.examples, ladder);
}

/// Trains one network and iterates it. With `folder`, what was found is saved there. When it is interrupted,
/// what it returns is of no use.
Run run(const Setting& s, const Net& n, std::uint64_t seed, const Images& images,
        const std::filesystem::path& folder) {
  Run r{.net = n, .seed = seed, .radii = {}, .curve = {}};
  const std::string what = text(n.name(), ", seed ", seed);
  Model<Network> f = new_network(n, images.examples.rows(), seed);
  train(r, f, s, images, folder, what);
  inspect(r, f, s, images, what);
  if (interrupted()) return r;
  iterate(r, f, s, images, what);
  if (!folder.empty() && !r.curve.empty()) save(r, findings(folder, s, n, seed, images));
  return r;
}

/// Seconds of one epoch, of one step of all orbits, and of what is asked about one example.
struct Cost {
  double epoch = 0, step = 0, example = 0;
  double training(const Setting& s) const { return epoch * static_cast<double>(s.max_epochs); }
  double statistics(const Setting& s) const {
    return step * static_cast<double>(s.steps) + example * static_cast<double>(s.inspected);
  }
  double at_most(const Setting& s) const { return training(s) + statistics(s); }
};
Cost measure(const Net& n, const Images& images) {
  Model<Network> f = new_network(n, images.examples.rows(), 0);
  Adam<S> adam({.learning_rate = 1e-3});
  const FitResult two = fit(f, images.examples, adam, FitOptions{.max_epochs = 2});
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto since = [&](auto start) { return std::chrono::duration<double>(now() - start).count(); };
  Cost c{.epoch = two.history.back().seconds - two.history.front().seconds};
  c.epoch /= static_cast<double>(two.history.size() - 1);
  auto start = now();
  (void)orbit(f, images.starts, OrbitOptions{.max_steps = 1});
  c.step = since(start);
  start = now();
  (void)attractors(f, images.examples.leftCols(1), tolerance);
  c.example = since(start);
  return c;
}

/// A network that is to be trained.
struct Job {
  Net net;
  std::uint64_t seed;
};

using ImagesOfSeeds = std::map<std::uint64_t, Images>;

ImagesOfSeeds images_of_seeds(const Program& program, const Setting& s, const ImageData& data) {
  ImagesOfSeeds images;
  for (const std::uint64_t seed : program.seeds())
    images[seed] = {images_of(data.train, s.examples, seed, s.pooled),
                    images_of(data.test, s.starts, seed, s.pooled)};
  return images;
}

/// What is known already, from files that this process alone may read, and what is to be done.
struct Plan {
  std::vector<Run> known;
  std::vector<Job> jobs;
};
bool knows(const Program& program) { return !program.checkpoints().empty() && !program.shared(); }

Plan plan(const Program& program, const Setting& s, const ImagesOfSeeds& images) {
  Plan p;
  for (const auto& [seed, of_seed] : images)
    for (const Net& n : s.nets()) {
      Run r{.net = n, .seed = seed, .radii = {}, .curve = {}};
      if (knows(program) && load(r, s, findings(program.checkpoints(), s, n, seed, of_seed), of_seed))
        p.known.push_back(std::move(r));
      else
        p.jobs.push_back({n, seed});
    }
  return p;
}

/// The jobs' runs, those that were finished, from files where they are there.
std::vector<Run> run_all(Program& program, const Setting& s, const ImagesOfSeeds& images,
                         const std::vector<Job>& jobs) {
  const std::filesystem::path folder = program.checkpoints();
  std::vector<std::string> names;
  for (const Job& j : jobs) names.push_back(text(j.net.name(), ", seed ", j.seed));
  const auto work = [&](std::size_t k) {
    const auto& [net, seed] = jobs[k];
    Run r{.net = net, .seed = seed, .radii = {}, .curve = {}};
    const bool found =
        !folder.empty() && load(r, s, findings(folder, s, net, seed, images.at(seed)), images.at(seed));
    return found ? r : run(s, net, seed, images.at(seed), folder);
  };
  std::vector<Run> runs;
  for (std::optional<Run>& r : program.tasks(names, work))
    if (r) runs.push_back(std::move(*r));
  return runs;
}

/// The networks of one size, those trained to the loss goal and those that were not within the epochs.
struct Group {
  Index size = 0;
  std::vector<const Run*> trained, untrained;
};

/// One of the figure's two panels.
struct Panel {
  std::string id, what, unit;  // "4a", "width", "units"
  std::vector<Group> groups;
  /// Whether no network of it is finished: there is nothing to draw.
  bool empty() const {
    return std::all_of(groups.begin(), groups.end(),
                       [](const Group& g) { return g.trained.empty() && g.untrained.empty(); });
  }
  /// The sizes at which a network has been trained to the goal, with the seeds at which those of all these
  /// sizes have.
  std::vector<Group> compared() const {
    std::vector<Group> some;
    for (const Group& g : groups)
      if (!g.trained.empty()) some.push_back({g.size, g.trained, {}});
    std::map<std::uint64_t, std::size_t> sizes;  // by seed
    for (const Group& g : some)
      for (const Run* r : g.trained) ++sizes[r->seed];
    const std::size_t all = some.size();
    for (Group& g : some) std::erase_if(g.trained, [&](const Run* r) { return sizes.at(r->seed) < all; });
    if (!some.empty() && some.front().trained.empty()) some.clear();
    return some;
  }
};

std::vector<Panel> panels_of(const Setting& s, const std::vector<Run>& runs) {
  const auto make = [&](Panel p, const std::vector<Index>& sizes, const auto& net) {
    for (const Index size : sizes) {
      Group g{.size = size, .trained = {}, .untrained = {}};
      for (const Run& r : runs)
        if (r.net == net(size)) (r.trained ? g.trained : g.untrained).push_back(&r);
      p.groups.push_back(g);
    }
    return p;
  };
  return {make({"4a", "width", "units", {}}, s.widths,
               [&](Index w) {
                 return Net{w, s.depth};
               }),
          make({"4b", "depth", "layers", {}}, s.depths, [&](Index d) {
            return Net{s.width, d};
          })};
}

using Fraction = double Recovery::*;
double percent_attracting(const Run& r) {
  return 100 * static_cast<double>(r.attracting) / static_cast<double>(r.radii.size());
}

// What a full run will take.

/// Says what is to be done and how long it may take, and puts the networks of each seed in order, the
/// quickest first.
void estimate(Program& program, const Setting& s, const ImagesOfSeeds& images, std::vector<Job>& jobs) {
  std::map<Net, Cost> costs;
  std::map<Net, int> seeds;
  {
    Progress progress("measuring one epoch of every network");
    for (const Job& j : jobs) {
      if (++seeds[j.net] > 1 || interrupted()) continue;
      costs[j.net] = measure(j.net, images.at(j.seed));
      progress.update(static_cast<double>(costs.size()) / static_cast<double>(s.nets().size()));
    }
  }
  if (interrupted()) return;
  std::stable_sort(jobs.begin(), jobs.end(), [&](const Job& a, const Job& b) {
    return a.seed != b.seed ? a.seed < b.seed : costs[a.net].at_most(s) < costs[b.net].at_most(s);
  });
  std::vector<std::pair<double, Net>> order;
  for (const auto& [net, cost] : costs) order.push_back({cost.at_most(s), net});
  std::sort(order.begin(), order.end());
  std::printf("\n%-12s %6s %12s %16s %14s %14s\n", "network", "seeds", "one epoch", "epochs at most",
              "one seed", "all seeds");
  double total = 0;
  for (const auto& [seconds, net] : order) {
    total += seconds * seeds[net];
    std::printf("%-12s %6d %10.3g s %16ld %14s %14s\n", net.name().c_str(), seeds[net], costs[net].epoch,
                static_cast<long>(s.max_epochs), duration(seconds).c_str(),
                duration(seconds * seeds[net]).c_str());
  }
  std::printf("at most %s in all; a training that reaches its loss ends before\n\n", duration(total).c_str());
  std::fflush(stdout);
  program.note(text("Before it started the program measured one epoch of every network and expected at most ",
                    duration(total), " for ", jobs.size(), " networks."));
}

/// Notes what there is, and in full mode what there was already and how long the rest may take.
void note_plan(Program& program, const Setting& s, const ImagesOfSeeds& images, Plan& p) {
  const Images& first = images.begin()->second;
  program.note(text(first.examples.cols(), " training images and ", first.starts.cols(),
                    " unseen ones as starts, ", first.examples.rows(), " pixels."));
  const std::filesystem::path folder = program.checkpoints();
  if (!p.known.empty())
    program.note(text(p.known.size(), " networks were taken from ", folder.string(), "."));
  program.note_checkpoints("Networks and findings");
  if (!p.jobs.empty() && knows(program)) estimate(program, s, images, p.jobs);
}

// The claims.

/// What docs/paper/figure_4.md promises, by the claim's name, for what it has measured: of the training
/// claims the percentage of the networks, of the others the largest size minus the smallest, in points.
using Promises = std::map<std::string, Band>;
Promises promises_for(const std::string& data, bool full) {
  if (full) return {};
  if (data == "Fashion-MNIST")
    return {{"4a, training", at_least(66)}, {"4b, training", at_least(100)}, {"4a, R_10", {-6, 18}},
            {"4a, R_200", {-12, 7}},        {"4a, starts", {-17, 16}},       {"4a, attractors", {-28, 21}},
            {"4b, R_10", {19, 41}},         {"4b, R_200", {18, 62}},         {"4b, attractors", {29, 75}}};
  if (data == "MNIST")
    return {{"4a, training", at_least(100)}, {"4b, training", at_least(100)}, {"4a, R_10", {-2, 20}},
            {"4a, R_200", {-3, 22}},         {"4a, starts", {-2, 19}},        {"4a, attractors", {-5, 43}},
            {"4b, R_10", {13, 27}},          {"4b, R_200", {21, 43}},         {"4b, starts", {-21, 86}},
            {"4b, attractors", {29, 52}}};
  return {};
}
Band promised(const Promises& promises, const std::string& claim) {
  const auto found = promises.find(claim);
  return found == promises.end() ? Band{} : found->second;
}

/// "128: 12, 256: 30": the medians of the sizes compared.
template <class Value>
std::string medians_text(const Panel& p, const Value& value) {
  std::string list;
  for (const Group& g : p.compared())
    list += text(list.empty() ? "" : ", ", g.size, ": ", number(median(of_each(g.trained, value))));
  return list;
}

/// The claim that value(run) rises with the size: no median is below that of the size before, and the last is
/// above the first. Its values are, for each seed, the differences between the largest and the smallest size.
template <class Value>
void claim_trend(Program& program, const Promises& promises, const Panel& p, const std::string& id,
                 const std::string& statement, const Value& value, const std::string& note = "") {
  const std::vector<Group> sizes = p.compared();
  if (sizes.size() < 2) {
    program.note(text(p.id, ", ", id,
                      ": no two sizes were trained to the loss with the same seed, so that there is "
                      "nothing to compare."));
    return;
  }
  std::vector<double> differences, medians;
  for (std::size_t i = 0; i < sizes.front().trained.size(); ++i)  // runs are in the order of their seeds
    differences.push_back(value(*sizes.back().trained[i]) - value(*sizes.front().trained[i]));
  for (const Group& g : sizes) medians.push_back(median(of_each(g.trained, value)));
  const std::string name = text(p.id, ", ", id);
  Claim c = guard_claim(name, statement, "rises", differences, promised(promises, name), " points", note);
  c.judged = true;
  c.measured = text(medians_text(p, value), " %; largest minus smallest ", summary(differences, " points"));
  c.holds = std::is_sorted(medians.begin(), medians.end()) && medians.back() > medians.front();
  program.claim(c);
}

/// Percent of the networks of each seed that were trained to the goal.
std::vector<double> percent_trained(const Panel& p) {
  std::map<std::uint64_t, std::pair<double, double>> by_seed;  // trained, all
  for (const Group& g : p.groups) {
    for (const Run* r : g.trained) by_seed[r->seed].first += 1;
    for (const auto* kind : {&g.trained, &g.untrained})
      for (const Run* r : *kind) by_seed[r->seed].second += 1;
  }
  std::vector<double> percents;
  for (const auto& [seed, counts] : by_seed) percents.push_back(100 * counts.first / counts.second);
  return percents;
}

/// "512 units, 1 of 2 seeds, loss 2e-6, R_t 30%": those that were not.
std::string untrained_text(const Panel& p) {
  std::string list;
  for (const Group& g : p.groups)
    if (!g.untrained.empty())
      list += text(
          list.empty() ? "" : "; ", g.size, " ", p.unit, ", ", g.untrained.size(), " of ",
          g.trained.size() + g.untrained.size(), " seeds, loss ",
          summary(of_each(g.untrained, [](const Run& r) { return r.loss; })), ", R_t ",
          summary(of_each(g.untrained, [](const Run& r) { return 100 * r.curve.back()[shown].recovered; }),
                  "%"));
  return list;
}

void claim_training(Program& program, const Setting& s, const Promises& promises, const Panel& p) {
  std::vector<double> losses;
  for (const Group& g : p.groups)
    for (const Run* r : g.trained) losses.push_back(r->loss);
  const std::string apart = untrained_text(p);
  program.claim(contested_claim(
      p.id + ", training",
      text("Networks of every ", p.what, " are trained to the same loss, ", number(s.loss_goal), "."), "all",
      percent_trained(p), at_least(100), promised(promises, p.id + ", training"), "% of the networks",
      text(
          losses.empty() ? std::string() : text("they ended at ", summary(losses, "", "networks")),
          apart.empty() ? "" : text("; not within ", s.max_epochs, " epochs, and left out below: ", apart))));
}

/// 100 times the fraction at time t within epsilons[e].
auto recovery_at(const Setting& s, Index t, std::size_t e, Fraction fraction) {
  const auto k = static_cast<std::size_t>(std::find(s.times.begin(), s.times.end(), t) - s.times.begin());
  return [=](const Run& r) { return 100 * (r.curve[k][e].*fraction); };
}

/// The medians in the end within the other distances.
std::string others(const Setting& s, const Panel& p, Fraction fraction) {
  std::string list;
  for (std::size_t e = 0; e < epsilons.size(); ++e)
    if (e != shown)
      list += text(list.empty() ? "" : "; ", "within ", 100 * epsilons[e],
                   "%: ", medians_text(p, recovery_at(s, s.steps, e, fraction)));
  return list;
}

void claim_trends(Program& program, const Setting& s, const Promises& promises, const Panel& p) {
  const std::string increasing = text("Increasing ", p.what, " increases "),
                    within = text(" (within ", 100 * epsilons[shown], "% of the mean norm).");
  claim_trend(program, promises, p, text("R_", s.early),
              text(increasing, "the recovery probability after ", s.early, " iterations", within),
              recovery_at(s, s.early, shown, &Recovery::recovered));
  claim_trend(program, promises, p, text("R_", s.steps),
              text(increasing, "the recovery probability after ", s.steps, " iterations", within),
              recovery_at(s, s.steps, shown, &Recovery::recovered), others(s, p, &Recovery::recovered));
  claim_trend(
      program, promises, p, "starts",
      text(increasing, "the fraction of starts at a training image after ", s.steps, " iterations", within),
      recovery_at(s, s.steps, shown, &Recovery::arrived), others(s, p, &Recovery::arrived));
  claim_trend(program, promises, p, "attractors",
              text(increasing, "the fraction of training images that are attractors (within 1% of |x|)."),
              percent_attracting);
}

void claim_panel(Program& program, const Setting& s, const Promises& promises, const Panel& p) {
  for (const Group& g : p.groups)
    if (g.trained.empty() && g.untrained.empty())
      program.note(text(p.id, ": ", g.size, " ", p.unit, " was not run."));
  if (p.empty()) return;
  claim_training(program, s, promises, p);
  claim_trends(program, s, promises, p);
}

// The pictures, and the table.

const std::string reached = "training images reached, R_t (%)", arrived = "starts at a training image (%)";

/// Medians over runs of value(run, k) at x[k], with the range between the smallest and the largest.
template <class Value>
Series series(const std::string& name, std::size_t color, const std::vector<const Run*>& runs,
              const std::vector<double>& x, const Value& value) {
  Series line = median_line(name);
  line.color = color;
  for (std::size_t k = 0; k < x.size(); ++k)
    add_median(line, x[k], of_each(runs, [&](const Run& r) { return value(r, k); }));
  return line;
}

/// A curve for each size: networks trained to the goal as lines with their range, the others as points.
template <class Value>
std::vector<Series> curves(const Panel& p, const std::vector<double>& x, const Value& value) {
  std::vector<Series> all;
  for (std::size_t i = 0; i < p.groups.size(); ++i) {
    const Group& g = p.groups[i];
    const std::size_t color = i + 1;
    if (!g.trained.empty()) all.push_back(series(text(g.size, " ", p.unit), color, g.trained, x, value));
    if (g.untrained.empty()) continue;
    const double loss = median(of_each(g.untrained, [](const Run& r) { return r.loss; }));
    Series points = series(text(g.size, " ", p.unit, ", not trained: loss ", number(loss, 2)), color,
                           g.untrained, x, value);
    points.style = Series::Style::points;
    points.low = points.high = {};
    all.push_back(points);
  }
  return all;
}

const std::string over_seeds =
    "Medians over the seeds, and their range. Networks that did not reach the loss are points.";

/// Both panels: 100 times a fraction over time.
Panels<LinePlot> over_time(const std::string& title, const std::string& y_label, const Setting& s,
                           const std::vector<Panel>& panels, Fraction fraction) {
  const std::vector<double> t(s.times.begin() + 1, s.times.end());
  Panels<LinePlot> picture{.title = title, .plots = {}, .columns = 2, .width = 1400, .height = 640};
  for (const Panel& p : panels)
    picture.plots.push_back(
        {.title = text(p.id, ": varying ", p.what),
         .x_label = "iterations t",
         .y_label = y_label,
         .series = curves(
             p, t, [&](const Run& r, std::size_t k) { return 100 * (r.curve[k + 1][shown].*fraction); }),
         .log_x = true,
         .x_range = Extent{1, static_cast<double>(s.steps)},
         .y_range = Extent{-2, 102}});
  return picture;
}

void draw_over_time(Program& program, const Setting& s, const std::string& images,
                    const std::vector<Panel>& panels) {
  const std::string within = text("within ", 100 * epsilons[shown], "% of the mean norm");
  program.draw(
      over_time(text("Figure 4: recovery probability of training images, ", images, ", ", within), reached, s,
                panels, &Recovery::recovered),
      "figure_4.png",
      text("The fraction of training images that an orbit of an unseen image has reached. ", over_seeds));
  program.draw(
      over_time(text("Starts that are at a training image, ", images, ", ", within), arrived, s, panels,
                &Recovery::arrived),
      "figure_4_starts.png",
      text("The other definition: the fraction of orbits that are at a training image. ", over_seeds));
}

/// Both fractions of both panels by the distance that counts as arrived.
void draw_epsilons(Program& program, const Setting& s, const std::string& images,
                   const std::vector<Panel>& panels) {
  Panels<LinePlot> ladder{.title = text("How near is near: ", images, ", after ", s.steps, " iterations"),
                          .plots = {},
                          .columns = 2,
                          .width = 1400,
                          .height = 1200};
  std::vector<double> percents;
  for (const double e : epsilons) percents.push_back(100 * e);
  const auto add = [&](const std::string& y_label, Fraction fraction) {
    for (const Panel& p : panels)
      ladder.plots.push_back(
          {.title = text(p.id, ": varying ", p.what),
           .x_label = "epsilon (% of the mean norm)",
           .y_label = y_label,
           .series = curves(p, percents,
                            [&](const Run& r, std::size_t e) { return 100 * (r.curve.back()[e].*fraction); }),
           .log_x = true,
           .x_range = Extent{percents.front(), percents.back()},
           .y_range = Extent{-2, 102}});
  };
  add(reached, &Recovery::recovered);
  add(arrived, &Recovery::arrived);
  program.draw(ladder, "figure_4_epsilon.png",
               text("Both fractions at the end, for distances that count as arrived from ", percents.front(),
                    "% to ", percents.back(), "%. ", over_seeds));
}

void draw_sizes(Program& program, const Setting& s, const std::string& images,
                const std::vector<Panel>& panels) {
  Panels<LinePlot> picture{.title = text("Trained networks, ", images, ", after ", s.steps,
                                         " iterations, within ", 100 * epsilons[shown], "% of the mean norm"),
                           .plots = {},
                           .columns = 2,
                           .width = 1400,
                           .height = 640};
  for (const Panel& p : panels) {
    LinePlot plot{.title = text(p.id, ": varying ", p.what),
                  .x_label = text(p.what, " (", p.unit, ")"),
                  .y_label = "%",
                  .series = {},
                  .y_range = Extent{-2, 102}};
    const std::vector<Group> compared = p.compared();
    for (const Group& g : compared) plot.x_ticks.push_back(static_cast<double>(g.size));
    std::size_t color = 1;
    const auto add = [&](const std::string& name, const auto& value) {
      Series line = median_line(name);
      line.color = color++;
      for (const Group& g : compared)
        add_median(line, static_cast<double>(g.size), of_each(g.trained, value));
      plot.series.push_back(line);
    };
    add("training images that attract", percent_attracting);
    add(reached, [](const Run& r) { return 100 * r.curve.back()[shown].recovered; });
    add(arrived, [](const Run& r) { return 100 * r.curve.back()[shown].arrived; });
    if (!compared.empty()) picture.plots.push_back(plot);
  }
  if (!picture.plots.empty())
    program.draw(
        picture, "figure_4_sizes.png",
        "Medians over the seeds, and their range, of the networks that reached the loss. A training image "
        "attracts when an attracting fixed point lies within 1% of it and its orbit ends there.");
}

void write_table(const Setting& s, const std::vector<Run>& runs, const std::filesystem::path& file) {
  std::vector<Index> width, depth, epochs, t, distinct;
  std::vector<std::uint64_t> seed;
  std::vector<int> trained;
  std::vector<double> loss, attracting, contracting, radius, epsilon, recovered, starts;
  for (const Run& r : runs)
    for (std::size_t k = 0; k < s.times.size(); ++k)
      for (std::size_t e = 0; e < epsilons.size(); ++e) {
        width.push_back(r.net.width);
        depth.push_back(r.net.depth);
        seed.push_back(r.seed);
        trained.push_back(r.trained ? 1 : 0);
        loss.push_back(r.loss);
        epochs.push_back(r.epochs);
        attracting.push_back(percent_attracting(r) / 100);
        contracting.push_back(static_cast<double>(r.contracting) / static_cast<double>(r.radii.size()));
        radius.push_back(median(r.radii));
        t.push_back(s.times[k]);
        epsilon.push_back(epsilons[e]);
        recovered.push_back(r.curve[k][e].recovered);
        starts.push_back(r.curve[k][e].arrived);
        distinct.push_back(r.curve[k][e].distinct);
      }
  CsvTable()
      .add("width", width)
      .add("depth", depth)
      .add("seed", seed)
      .add("trained", trained)
      .add("loss", loss)
      .add("epochs", epochs)
      .add("attracting", attracting)
      .add("contracting", contracting)
      .add("median_spectral_radius", radius)
      .add("t", t)
      .add("epsilon", epsilon)
      .add("recovered", recovered)
      .add("arrived", starts)
      .add("distinct", distinct)
      .write(file);
}

void body(Program& program) {
  const Setting& s = program.full() ? full_setting : quick_setting;
  const ImageData data = program.images();
  const ImagesOfSeeds images = images_of_seeds(program, s, data);
  Plan todo = plan(program, s, images);
  note_plan(program, s, images, todo);
  std::vector<Run> runs = run_all(program, s, images, todo.jobs);
  runs.insert(runs.begin(), todo.known.begin(), todo.known.end());
  if (runs.empty()) return;
  std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.seed < b.seed; });
  const std::vector<Panel> panels = panels_of(s, runs);
  std::vector<Panel> begun = panels;
  std::erase_if(begun, [](const Panel& p) { return p.empty(); });
  draw_over_time(program, s, data.name, begun);
  draw_epsilons(program, s, data.name, begun);
  draw_sizes(program, s, data.name, begun);
  for (const Panel& p : panels) claim_panel(program, s, promises_for(data.name, program.full()), p);
  if (program.writes()) write_table(s, runs, program.options.out / "figure_4.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("figure_4", "Figure 4: recovery of training images, by width and depth",
                     {.quick = 2, .full = 3, .over_ranks = true}, argc, argv, body);
}
