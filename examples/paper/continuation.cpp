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
#include "basin/data/starts.hpp"
#include "basin/dynamics/continuation.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/snapshots.hpp"
#include "support/program.hpp"
#include "support/share.hpp"
#include "support/trained_network.hpp"

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
  FitResult training = {};
  Snaps snapshots = {};
  Continuation c = {};
  std::vector<ExampleHistory> histories = {};
};

/// How a network is trained, and when its parameters are kept on the way.
struct Setting {
  NetworkTraining training;
  double factor;  // from one kept epoch to the next, from epoch 10 on
};

template <class Phi>
FullyConnected<S, Phi> trained(Run& r, const Setting& s, std::uint64_t seed) {
  const auto keep = [&](FitOptions& options, const auto& f) {
    keep_snapshots(options, f, geometric_epochs(10, s.factor, s.training.max_epochs), r.snapshots, 0x1p32);
  };
  return trained_network<Phi>(r.X, r.X, s.training, seed, text("seed ", seed, ", ", r.map, ": training"),
                              r.training, keep)
      .layer;
}

Mat<S> uniform_points(Index count, double limit, std::uint64_t seed) {
  Random random(seed);
  return uniform_starts<S>(2, count, random, -limit, limit);
}

/// Every fixed point of a network of two dimensions, searched at each snapshot and followed to both sides.
Run planar(std::uint64_t seed, Index searches) {
  Run r{.map = "2 dimensions", .X = uniform_points(planar_examples, 1, seed)};
  const auto net = trained<Tanh>(r, {{.width = 32, .hidden = 3, .rate = 1e-3}, 1.15}, seed);
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

/// The attracting fixed points at the examples.
template <Layer F>
FixedPoints<S> attractors_at(const Model<F>& f, const Mat<S>& X, const FixedPointsOptions& options) {
  std::vector<Index> attracting;
  for (Index j = 0; j < X.cols(); ++j)
    if (classify_fixed_point(f, X.col(j), {.tolerance = at_example}).stability == Stability::attracting)
      attracting.push_back(j);
  return find_fixed_points(f, Mat<S>(X(Eigen::all, attracting)), options);
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
  r.c = continue_fixed_points(net, r.snapshots, attractors_at(f, r.X, options.points), options);
  r.histories = example_histories(r.c, r.X, at_example);
  return r;
}

/// One run for each seed, those that were finished.
template <class Study>
std::vector<Run> finished(const std::vector<std::uint64_t>& seeds, const Study& study) {
  std::vector<Run> runs;
  for (const std::uint64_t seed : seeds) {
    if (interrupted()) break;
    Run r = study(seed);
    if (!interrupted()) runs.push_back(std::move(r));
  }
  return runs;
}
std::vector<Run> planar_runs(const Program& program) {
  return finished(program.seeds(), [](std::uint64_t seed) { return planar(seed, 400); });
}
template <class Phi>
std::vector<Run> image_runs(const Program& program, const ImageData& data,
                            const std::vector<std::uint64_t>& seeds) {
  const Setting wide{{}, program.full() ? 1.15 : 1.4};
  return finished(seeds, [&](std::uint64_t seed) { return images<Phi>(data, seed, wide); });
}

// What is counted.

constexpr std::array births{
    AttractorBirth::fold,           AttractorBirth::border_fold,     AttractorBirth::flip,
    AttractorBirth::neimark_sacker, AttractorBirth::border_crossing, AttractorBirth::from_start,
    AttractorBirth::moved_in,       AttractorBirth::undecided,       AttractorBirth::lost};

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

Index events(const Run& r, BranchEventKind kind) { return r.c.count(kind); }

/// The point of the curves that is closest in time to where the attractor began, among those of the same
/// track; none where it was there from the start.
const BranchPoint* where_it_began(const Run& r, const ExampleHistory& h) {
  if (h.point < 0 || h.attracts_by == AttractorBirth::from_start) return nullptr;
  const BranchPoint* best = nullptr;
  double least = 0;
  for (Index k = h.point; k >= 0;) {
    const ContinuedPoint& p = r.c.points[static_cast<std::size_t>(k)];
    if (p.before < 0) break;
    const ContinuedBranch& b = r.c.branches[static_cast<std::size_t>(p.before)];
    for (const BranchPoint& q : b.curve) {
      const double off = std::abs(r.c.epoch(b, q.s) - h.attracts_since);
      if (best == nullptr || off < least) best = &q, least = off;
    }
    if (b.end != BranchEnd::crossed) break;
    k = b.first == k ? b.last : b.first;
  }
  return best;
}

// The claims.

void claim_planar(Program& program, const std::vector<Run>& runs) {
  const auto add = [&](const std::string& id, const std::string& statement, const auto& get, const Band& band,
                       decltype(&median_claim) claim = &guard_claim, const std::string& unit = "") {
    program.claim(claim("2-D, " + id, statement, no_paper, of_each(runs, get), band, unit, ""));
  };
  add("accounted", "Curves of fixed points that were lost on the way.", lost, Band{0, 0}, &median_claim);
  add(
      "closed", "Trainings of which each point has both its curves and all index sums agree.",
      [](const Run& r) { return r.c.closed() ? 1 : 0; }, Band{1, 1}, &median_claim);
  add("index sums",
      "The largest difference of index sums across an interval, or from the degree at infinity.",
      largest_difference, Band{0, 0}, &median_claim);
  add(
      "undecided", "Events that are not shown to be of one kind.",
      [](const Run& r) { return events(r, BranchEventKind::undecided); }, at_most(2));
  add(
      "folds", "Folds over the training.", [](const Run& r) { return events(r, BranchEventKind::fold); },
      at_least(4));
  add(
      "flips", "Flips over the training.", [](const Run& r) { return events(r, BranchEventKind::flip); },
      Band{});
  add(
      "Neimark-Sacker", "Neimark-Sacker points over the training.",
      [](const Run& r) { return events(r, BranchEventKind::neimark_sacker); }, Band{});
  add("examples", "Examples with an attracting fixed point within 1% at the end.", attracting, at_least(2),
      &guard_claim, " of 10");
}

std::string shares(const std::vector<Run>& runs, bool near) {
  Index all = 0;
  for (const Run& r : runs) all += attracting(r);
  std::string words;
  for (const AttractorBirth birth : births) {
    Index n = 0;
    for (const Run& r : runs) n += count(r, birth, near);
    if (n > 0) words += text(words.empty() ? "" : "; ", birth, " ", share(n, all, 2));
  }
  return words;
}

void claim_examples(Program& program, const std::string& what, const std::vector<Run>& runs, Index examples) {
  if (runs.empty()) return;
  program.claim(guard_claim(what + ", attract", "Examples with an attracting fixed point within 1%.",
                            no_paper, of_each(runs, attracting), at_least(1), text(" of ", examples)));
  program.claim(guard_claim(
      what + ", births", "Of these, the part whose point became attracting in an event that is known.",
      no_paper,
      of_each(runs,
              [](const Run& r) {
                const Index unknown =
                    count(r, AttractorBirth::lost, false) + count(r, AttractorBirth::undecided, false);
                return attracting(r) == 0 ? 100
                                          : 100 * static_cast<double>(attracting(r) - unknown) /
                                                static_cast<double>(attracting(r));
              }),
      at_least(80), "%", text("by event, with 95% intervals over all examples: ", shares(runs, false))));
  program.claim(median_claim(
      what + ", near", "Of these, the part whose attractor was there before it came near the example.",
      no_paper,
      of_each(runs,
              [](const Run& r) {
                return attracting(r) == 0
                           ? 0
                           : 100 * static_cast<double>(count(r, AttractorBirth::moved_in, true)) /
                                 static_cast<double>(attracting(r));
              }),
      Band{0, 100}, "%", text("by what was last: ", shares(runs, true))));
}

// The pictures. Epochs are shown from 1 on, for the axis is logarithmic.

double shown(double epoch) { return epoch + 1; }
/// In names of files.
std::string name_of(const Run& r) { return r.map == Tanh::name ? "tanh" : "leaky"; }

Series empty_series(const std::string& name, Series::Style style, std::size_t color, double weight = 1) {
  Series s;
  s.name = name;
  s.style = style;
  s.color = color;
  s.weight = weight;
  return s;
}
LinePlot over_epochs(const std::string& title, const std::string& y_label) {
  LinePlot plot;
  plot.title = title;
  plot.x_label = "epoch + 1";
  plot.y_label = y_label;
  plot.log_x = true;
  return plot;
}

/// Adds a curve to the series of what attracts and of what does not; NaN interrupts a line.
void add_curve(const Run& r, const ContinuedBranch& b, Series& stable, Series& unstable) {
  const double gap = std::nan("");
  const auto add = [&](Series& s, const BranchPoint& p) {
    s.x.push_back(shown(r.c.epoch(b, p.s)));
    s.y.push_back(p.x[0]);
  };
  for (std::size_t k = 0; k + 1 < b.curve.size(); ++k) {
    // At an event the count of one side is that of the point, by chance: a piece is what its far end is.
    const bool attracts = std::min(b.curve[k].unstable, b.curve[k + 1].unstable) == 0;
    Series& s = attracts ? stable : unstable;
    add(s, b.curve[k]);
    add(s, b.curve[k + 1]);
    s.x.push_back(gap);
    s.y.push_back(gap);
  }
}
Series events_of(const Run& r, BranchEventKind kind, const std::string& name, Series::Style style,
                 std::size_t color) {
  Series s = empty_series(name, style, color);
  for (const ContinuedBranch& b : r.c.branches)
    for (const BranchEvent& e : b.events) {
      if (e.kind != kind) continue;
      s.x.push_back(shown(r.c.epoch(b, e.s)));
      s.y.push_back(e.x[0]);
    }
  return s;
}

/// The first coordinate of every fixed point against the epoch.
void draw_diagram(Program& program, const Run& r) {
  Series stable = empty_series("attracting", Series::Style::line, 0, 1.2);
  Series unstable = empty_series("saddle or repelling", Series::Style::dashes, 6, 0.6);
  for (const ContinuedBranch& b : r.c.branches) add_curve(r, b, stable, unstable);
  Series examples = empty_series("examples, at the end", Series::Style::points, 2, 0.8);
  for (Index j = 0; j < r.X.cols(); ++j) {
    examples.x.push_back(shown(static_cast<double>(r.c.epochs.back())));
    examples.y.push_back(r.X(0, j));
  }
  LinePlot plot = over_epochs("All fixed points of a network of two dimensions over its training",
                              "first coordinate of the fixed point");
  plot.width = 1100;
  plot.height = 700;
  plot.series = {unstable,
                 stable,
                 examples,
                 events_of(r, BranchEventKind::fold, "fold", Series::Style::points, 1),
                 events_of(r, BranchEventKind::flip, "flip", Series::Style::stars, 3),
                 events_of(r, BranchEventKind::neimark_sacker, "Neimark-Sacker", Series::Style::stars, 4)};
  program.draw(plot, "continuation_diagram.png",
               "Every fixed point of one network of two dimensions (3 x 32, tanh, 10 examples) against the "
               "epoch, with the events on their curves. Points appear and vanish in pairs at folds.");
}

/// How many fixed points and attractors there are at each snapshot, and the loss.
void draw_counts(Program& program, const Run& r) {
  Series all = empty_series("fixed points", Series::Style::line_points, 6);
  Series attracting_points = empty_series("attracting", Series::Style::line_points, 0);
  Series loss = empty_series("", Series::Style::line, 1);
  for (std::size_t k = 0; k < r.c.snapshots.size(); ++k) {
    const double epoch = shown(static_cast<double>(r.c.epochs[k]));
    all.x.push_back(epoch);
    all.y.push_back(static_cast<double>(r.c.snapshots[k].points));
    attracting_points.x.push_back(epoch);
    attracting_points.y.push_back(static_cast<double>(r.c.snapshots[k].attracting));
    loss.x.push_back(epoch);
    loss.y.push_back(r.snapshots[k].loss);
  }
  LinePlot counts = over_epochs("How many there are", "number");
  counts.series = {all, attracting_points};
  LinePlot losses = over_epochs("Training", "mean squared error");
  losses.series = {loss};
  losses.log_y = true;
  program.draw(
      Panels<LinePlot>{.title = "", .plots = {counts, losses}, .columns = 1, .width = 900, .height = 800},
      "continuation_counts.png",
      "How many fixed points the network of the diagram has at each snapshot, how many of them "
      "attract, and its loss.");
}

/// When each image became an attractor, by what, against the loss then.
void draw_births(Program& program, const Run& r) {
  LinePlot plot =
      over_epochs(text("Since when ", attracting(r), " of ", image_examples, " images attract (", r.map, ")"),
                  "images, in the order in which their point became attracting");
  std::vector<std::size_t> order;
  for (std::size_t j = 0; j < r.histories.size(); ++j)
    if (r.histories[j].point >= 0) order.push_back(j);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return r.histories[a].attracts_since < r.histories[b].attracts_since;
  });
  Series wait = empty_series("", Series::Style::line, 6, 0.6);
  Series near = empty_series("within 1% of the image since", Series::Style::points, 6, 0.8);
  std::vector<Series> kinds;
  for (std::size_t k = 0; k < births.size(); ++k)
    kinds.push_back(empty_series(text("attracts since: ", births[k]), Series::Style::points, k % 6, 1.4));
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ExampleHistory& h = r.histories[order[i]];
    const auto row = static_cast<double>(i + 1);
    for (const double epoch : {h.attracts_since, h.since, std::nan("")}) {
      wait.x.push_back(shown(epoch));
      wait.y.push_back(row);
    }
    near.x.push_back(shown(h.since));
    near.y.push_back(row);
    for (std::size_t k = 0; k < births.size(); ++k)
      if (h.attracts_by == births[k]) {
        kinds[k].x.push_back(shown(h.attracts_since));
        kinds[k].y.push_back(row);
      }
  }
  plot.series = {wait, near};
  for (Series& s : kinds)
    if (!s.x.empty()) plot.series.push_back(std::move(s));
  program.draw(plot, text("continuation_births_", name_of(r), ".png"),
               "When the fixed point at each training image became attracting, by which event, and when it "
               "came within 1% of the image for good.");
}

/// Images, the fixed points at which their attractors began, and the attractors at the end.
void draw_first_attractors(Program& program, const ImageData& data, const Run& r) {
  constexpr Index columns = 10;
  Mat<S> X = Mat<S>::Ones(r.X.rows(), columns), born = X, end = X;
  Index n = 0;
  for (std::size_t j = 0; j < r.histories.size() && n < columns; ++j) {
    const ExampleHistory& h = r.histories[j];
    const BranchPoint* const first = where_it_began(r, h);
    if (first == nullptr) continue;
    X.col(n) = r.X.col(static_cast<Index>(j));
    born.col(n) = first->x;
    end.col(n++) = r.c.points[static_cast<std::size_t>(h.point)].x;
  }
  if (n == 0) return;
  ImageTable table("Images and where their attractors began", data.train.shape,
                   std::vector<std::string>(columns));
  table.add_row("training images", X);
  table.add_row("attractor, at its birth", born);
  table.add_row("attractor, at the end", end);
  program.draw(table, text("continuation_images_", name_of(r), ".png"),
               "Training images, the fixed points at which their attractors began (at the fold, flip or kink "
               "that the continuation locates), and the attractors at the end of the training.");
}

void report_plane(Program& program, const std::vector<Run>& runs) {
  if (runs.empty()) return;
  draw_diagram(program, runs.front());
  draw_counts(program, runs.front());
  claim_planar(program, runs);
  claim_examples(program, "2-D", runs, planar_examples);
}

void report_images(Program& program, const ImageData& data, const std::vector<Run>& runs) {
  if (runs.empty()) return;
  draw_births(program, runs.front());
  draw_first_attractors(program, data, runs.front());
  claim_examples(program, "images, " + runs.front().map, runs, image_examples);
}

void body(Program& program) {
  const ImageData data = program.images();
  report_plane(program, planar_runs(program));
  const std::vector<std::uint64_t> seeds = program.seeds(), one{seeds.front()};
  report_images(program, data, image_runs<LeakyRelu>(program, data, program.full() ? seeds : one));
  if (program.full()) report_images(program, data, image_runs<Tanh>(program, data, seeds));
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("continuation", "Births and deaths of fixed points over a training",
                     {.quick = 2, .full = 5}, argc, argv, body);
}
