// Births and deaths over a training: all fixed points of small networks followed through their epochs, and
// the attractors at images followed back to where they began: when does an example become an attractor, and
// by which bifurcation? Not in the paper. Page: docs/paper/continuation.md.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/continuation.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "basin/train/snapshots.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;
using Snaps = std::vector<Snapshot<S>>;

constexpr Index planar_examples = 10, image_examples = 20;
constexpr double at_example = 0.01;  // a point within this times |x| of an example is the example's

// The study: trains, finds, follows.

/// All that is known of one training.
struct Run {
  std::string map;
  Mat<S> X;
  FitResult training;
  Snaps snapshots;
  Continuation c;
  std::vector<ExampleHistory> histories;
};

struct Setting {
  Index width = 32, hidden = 3, epochs = 20000, first = 10;
  double rate = 1e-3, loss_goal = 1e-8, factor = 1.2;
};

template <class Phi>
FullyConnected<S, Phi> trained(Run& r, const Setting& s, std::uint64_t seed) {
  const auto net = fully_connected<S>(r.X.rows(), s.width, s.hidden, Phi{});
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  FitOptions options{.max_epochs = s.epochs, .loss_below = s.loss_goal};
  options.schedule = schedule::step_decay(1000, 0.85);
  options.cancelled = interrupted;
  keep_snapshots(options, f, geometric_epochs(s.first, s.factor, s.epochs), r.snapshots, 0x1p32);
  Progress progress(text("seed ", seed, ", ", r.map, ": training"));
  double first = 0;
  options.observer = [&](const Epoch& e) {
    if (e.epoch == 0) first = e.loss;
    progress.update(
        training_fraction(e.loss, first, s.loss_goal, static_cast<double>(e.epoch), static_cast<double>(s.epochs)),
        [&] { return text("epoch ", e.epoch, "  loss ", number(e.loss)); });
  };
  Adam<S> adam({.learning_rate = s.rate});
  r.training = fit(f, r.X, adam, options);
  return net;
}

Mat<S> uniform_points(Index count, double limit, std::uint64_t seed) {
  Random random(seed);
  Mat<S> x(2, count);
  for (S& entry : x.reshaped()) entry = random.uniform(-limit, limit);
  return x;
}

/// Every fixed point of a network of two dimensions, searched at each snapshot and followed to both sides.
Run planar(std::uint64_t seed, Index searches) {
  Run r{.map = "2 dimensions", .X = uniform_points(planar_examples, 1, seed)};
  const auto net = trained<Tanh>(r, {.width = 32, .hidden = 3, .factor = 1.15}, seed);
  if (interrupted()) return r;
  ContinuationOptions options;
  options.starts.resize(2, searches + r.X.cols() + r.X.cols() * (r.X.cols() - 1) / 2);
  options.starts << uniform_points(searches, 2.5, seed + 100), r.X, midpoints(r.X);
  options.points.point.search.cancelled = interrupted;
  options.branch.cancelled = interrupted;
  options.degrees = true;
  Progress progress(text("seed ", seed, ", ", r.map, ": curves"));
  const Model f(net, r.snapshots.front().theta);
  const FixedPoints<S> initial = find_fixed_points(f, options.starts, options.points);
  r.c = continue_fixed_points(net, r.snapshots, initial, options);
  r.histories = example_histories(r.c, r.X, at_example);
  return r;
}

/// The attracting points at images at the end of a training, followed back.
template <class Phi>
Run images(const ImageData& data, std::uint64_t seed, const Setting& s) {
  Run r{.map = Phi::name, .X = choose_images<S>(data.train, image_examples, seed)};
  const auto net = trained<Phi>(r, s, seed);
  if (interrupted()) return r;
  ContinuationOptions options;
  options.from_last = true;
  options.both_ways = false;
  options.points.point.search.cancelled = interrupted;
  options.branch.cancelled = interrupted;
  Progress progress(text("seed ", seed, ", ", r.map, ": curves"));
  const Model f(net, r.snapshots.back().theta);
  r.c = continue_fixed_points(net, r.snapshots, find_fixed_points(f, r.X, options.points), options);
  r.histories = example_histories(r.c, r.X, at_example);
  return r;
}

// What is counted.

constexpr std::array births{AttractorBirth::fold,         AttractorBirth::border_fold,
                            AttractorBirth::flip,         AttractorBirth::neimark_sacker,
                            AttractorBirth::border_crossing, AttractorBirth::from_start,
                            AttractorBirth::moved_in,     AttractorBirth::undecided,
                            AttractorBirth::lost};

/// How many examples attract since such an event, by how their point became attracting, or by how a point
/// came to attract next to them.
Index count(const Run& r, AttractorBirth birth, bool near) {
  return std::count_if(r.histories.begin(), r.histories.end(),
                       [&](const auto& h) { return (near ? h.how : h.attracts_by) == birth; });
}
Index attracting(const Run& r) {
  return static_cast<Index>(r.histories.size()) - count(r, AttractorBirth::none, true);
}
Index lost(const Run& r) {
  return std::count_if(r.c.branches.begin(), r.c.branches.end(), [](const auto& b) { return b.lost(); });
}
/// The largest difference of index sums on the two sides of an interval, or of one from its degree.
Index largest_difference(const Run& r) {
  Index largest = 0;
  for (Index k = 0; k < static_cast<Index>(r.c.intervals.size()); ++k)
    largest = std::max(largest, std::abs(r.c.differ(k)));
  for (Index k = 0; k < static_cast<Index>(r.c.snapshots.size()); ++k)
    largest = std::max(largest, std::abs(r.c.off_degree(k)));
  return largest;
}

}  // namespace

void body(Program& program) {
  const ImageData data = program.images();
  for (const std::uint64_t seed : program.seeds()) {
    const Run r = planar(seed, 400);
    if (interrupted()) return;
    std::cerr << "snapshots " << r.snapshots.size() << " " << r.training.epochs << " loss " << r.training.loss << " points " << r.c.points.size() << " branches "
              << r.c.branches.size() << " tracks " << r.c.tracks.size() << " lost " << lost(r) << " off "
              << largest_difference(r) << " closed " << r.c.closed() << " folds " << r.c.count(BranchEventKind::fold) << " flips "
              << r.c.count(BranchEventKind::flip) << " NS " << r.c.count(BranchEventKind::neimark_sacker) << " und "
              << r.c.count(BranchEventKind::undecided) << "\n";
    for (auto& h : r.histories) std::cerr << "  " << h.how << " " << h.since << " / " << h.attracts_by << " " << h.attracts_since << "\n";
  }
}
int main(int argc, char** argv) {
  return run_program("continuation", "Births and deaths of fixed points over a training",
                     {.quick = 2, .full = 5}, argc, argv, body);
}
