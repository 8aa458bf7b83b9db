// All fixed points followed through the snapshots of a training.
#include "basin/dynamics/continuation.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/random.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/snapshots.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps_of_parameters.hpp"
#include "support/verdicts.hpp"

using namespace basin;

namespace {

Vec<double> one(double x) { return Vec<double>{{x}}; }
/// Snapshots of one parameter, at epochs 0, 10, 20, ...
std::vector<Snapshot<double>> path(const std::vector<double>& values) {
  std::vector<Snapshot<double>> s;
  for (const double v : values) s.push_back({10 * static_cast<Index>(s.size()), 0, one(v)});
  return s;
}
Mat<double> uniform(Index d, Index count, double lo, double hi, std::uint64_t seed) {
  Random random(seed);
  Mat<double> x(d, count);
  for (double& entry : x.reshaped()) entry = random.uniform(lo, hi);
  return x;
}
template <class F>
FixedPoints<double> found(const F& layer, const Snapshot<double>& s, const Mat<double>& starts) {
  return find_fixed_points(Model(layer, s.theta), starts);
}

/// A small autoencoder's training.
struct Training {
  Mat<double> X = uniform(2, 10, -1, 1, 3);
  FullyConnected<double, Tanh> net = fully_connected<double>(2, 32, 3, Tanh{});
  std::vector<Snapshot<double>> snapshots;
};
Training training() {
  Training t;
  Model f(t.net, initial_values(t.net, initial::pytorch_default(), 4));
  FitOptions options{.max_epochs = 1500};
  keep_snapshots(options, f, geometric_epochs(10, 1.35, 1500), t.snapshots);
  Adam<double> adam({.learning_rate = 2e-3});
  (void)fit(f, t.X, adam, options);
  (void)check_verdicts(f, t.X);
  return t;
}

}  // namespace

TEST_CASE("a pair dies at a fold and another is born at the next", "[dynamics]") {
  // x + mu - x^2 at mu = .25, .09, -.05, -.02, .16: the epochs of the folds are 16.43 and 31.1.
  const auto s = path({0.25, 0.09, -0.05, -0.02, 0.16});
  const Mat<double> starts{{-1, 1, 0.3, -0.3}};
  const FixedPoints<double> initial = found(FoldMap{}, s.front(), starts);
  REQUIRE(initial.size() == 2);
  ContinuationOptions options;
  options.starts = starts;
  const Continuation c = continue_fixed_points(FoldMap{}, s, initial, options);
  CHECK(c.closed());
  CHECK(c.points.size() == 6);
  CHECK(c.count(BranchEventKind::fold) == 2);
  CHECK(c.branches.size() == 4);
  for (const SnapshotAccount& a : c.snapshots) CHECK(a.index_sum == 0);
  CHECK(c.snapshots[1].attracting == 1);
  CHECK(c.snapshots[2].points == 0);
  CHECK(c.intervals[0].crossed == 2);
  CHECK(c.intervals[1].died == 1);
  CHECK(c.intervals[1].confirmed == 1);
  CHECK(c.intervals[2].crossed + c.intervals[2].died + c.intervals[2].born == 0);
  CHECK(c.intervals[3].born == 1);
  REQUIRE(c.tracks.size() == 4);
  for (Index k = 0; k < 4; ++k) {
    const Track& t = c.tracks[static_cast<std::size_t>(k)];
    const bool dies = k < 2;
    CHECK(t.points.size() == (dies ? 2 : 1));
    CHECK(t.birth == (dies ? TrackEnd::outermost : TrackEnd::fold));
    CHECK(t.death == (dies ? TrackEnd::fold : TrackEnd::outermost));
    CHECK((dies ? t.died : t.born) == Approx(dies ? 10 + 10 * 0.09 / 0.14 : 30 + 10 * 0.02 / 0.18));
    CHECK((dies ? t.died_with : t.born_with) == (k ^ 1));
  }
  // From the last snapshot alone, backward alone.
  ContinuationOptions back;
  back.from_last = true;
  back.both_ways = false;
  const FixedPoints<double> last = found(FoldMap{}, s.back(), Mat<double>{{0.4}});
  const Continuation b = continue_fixed_points(FoldMap{}, s, last, back);
  CHECK(b.branches.size() == 1);
  CHECK(b.points.size() == 2);  // with its partner
  const auto h = example_histories(b, Mat<double>{{0.4, 0.402, -0.4, 9}});
  CHECK(h[0].point == 0);
  CHECK(h[0].attracts_by == AttractorBirth::fold);
  CHECK(h[0].attracts_since == Approx(30 + 10 * 0.02 / 0.18));
  CHECK(h[0].how == AttractorBirth::moved_in);
  CHECK(h[0].since == Approx(30 + 10 * (0.396 * 0.396 + 0.02) / 0.18).epsilon(1e-3));
  CHECK(h[1].how == AttractorBirth::moved_in);
  CHECK(h[2].how == AttractorBirth::none);  // a point is there, but it repels
  CHECK(h[3].point == -1);
}

TEST_CASE("an example attracts since a flip, a Neimark-Sacker point, a kink, or from the start",
          "[dynamics]") {
  const auto history = [](const auto& layer, std::vector<double> values, const Vec<double>& at,
                          double within) {
    const auto s = path(values);
    ContinuationOptions back;
    back.from_last = true;
    back.both_ways = false;
    const Continuation c = continue_fixed_points(layer, s, found(layer, s.back(), at), back);
    return example_histories(c, at, within).front();
  };
  const ExampleHistory flip = history(LogisticMap{}, {3.4, 3.1, 2.8, 2.6}, one(1 - 1 / 2.6), 0.5);
  CHECK(flip.how == AttractorBirth::flip);
  CHECK(flip.since == Approx(10 + 10. / 3).epsilon(1e-6));
  CHECK(flip.attracts_since == flip.since);
  const ExampleHistory near = history(LogisticMap{}, {3.4, 3.1, 2.8, 2.6}, one(1 - 1 / 2.6), 0.01);
  CHECK(near.how == AttractorBirth::moved_in);
  CHECK(near.attracts_by == AttractorBirth::flip);
  CHECK(near.attracts_since == Approx(10 + 10. / 3).epsilon(1e-6));
  const ExampleHistory pair =
      history(DelayedLogisticMap{}, {2.2, 1.7}, Vec<double>::Constant(2, 1 - 1 / 1.7), 1);
  CHECK(pair.how == AttractorBirth::neimark_sacker);
  CHECK(pair.since == Approx(4).epsilon(1e-6));
  const ExampleHistory start = history(LogisticMap{}, {2.9, 2.6}, one(1 - 1 / 2.6), 0.5);
  CHECK(start.how == AttractorBirth::from_start);
  CHECK(start.since == 0);
  const ExampleHistory tent = history(SkewTentMap{0.5, 2}, {0.5, -0.5}, one(-1), 10);
  CHECK(tent.how == AttractorBirth::border_fold);
  CHECK(tent.since == Approx(5).epsilon(1e-8));
  const ExampleHistory kink = history(SkewTentMap{-2, 0.5}, {-0.5, 0.5}, one(1), 10);
  CHECK(kink.how == AttractorBirth::border_crossing);
  CHECK(kink.since == Approx(5).epsilon(1e-8));
}

TEST_CASE("of a trained network every fixed point is accounted for", "[dynamics]") {
  const Training t = training();
  Mat<double> starts(2, 400 + 10 + 45);
  starts << uniform(2, 400, -2, 2, 5), t.X, midpoints(t.X);
  const FixedPoints<double> initial = found(t.net, t.snapshots.front(), starts);
  ContinuationOptions options;
  options.starts = starts;
  options.degrees = true;
  const Continuation c = continue_fixed_points(t.net, t.snapshots, initial, options);
  CHECK(c.closed());
  CHECK(c.count(BranchEventKind::fold) >= 4);
  CHECK(c.count(BranchEventKind::undecided) == 0);
  for (Index k = 0; k < static_cast<Index>(c.epochs.size()); ++k) {
    const SnapshotAccount& s = c.snapshots[static_cast<std::size_t>(k)];
    CHECK(s.index_sure);
    REQUIRE(s.degree_known);
    CHECK(c.off_degree(k) == 0);
    CHECK(s.index_sum == 1);
  }
  for (Index k = 0; k < static_cast<Index>(c.intervals.size()); ++k) CHECK(c.differ(k) == 0);
  // A curve keeps the index where it crosses and turns it where it returns.
  for (const ContinuedBranch& b : c.branches) {
    REQUIRE_FALSE(b.lost());
    const ContinuedPoint &p = c.points[static_cast<std::size_t>(b.first)],
                         &q = c.points[static_cast<std::size_t>(b.last)];
    CHECK(p.kind.index * q.kind.index == (b.end == BranchEnd::crossed ? 1 : -1));
    Index folds = 0;
    Index unstable = p.kind.unstable;
    for (const BranchEvent& e : b.events) {
      folds += e.kind == BranchEventKind::fold;
      CHECK(e.before == unstable);
      unstable = e.after;
      CHECK(e.residual < 1e-6);
    }
    CHECK(unstable == q.kind.unstable);
    CHECK(folds % 2 == (b.end == BranchEnd::returned ? 1 : 0));
  }
  // What curves led to is what a search of the end finds.
  const FixedPoints<double> end = found(t.net, t.snapshots.back(), starts);
  const std::vector<Index> at_end = c.at(static_cast<Index>(c.epochs.size()) - 1);
  CHECK(static_cast<Index>(at_end.size()) == end.size());
  for (const Index k : at_end) {
    const ContinuedPoint& p = c.points[static_cast<std::size_t>(k)];
    const Model f(t.net, t.snapshots.back().theta);
    CHECK((f(Mat<double>(p.x)) - p.x).norm() < 1e-12);
    CHECK((end.x.colwise() - p.x).colwise().norm().minCoeff() < 1e-8);
  }
  // Each point is on one track, and tracks that end at folds end there in pairs.
  std::vector<Index> seen(c.points.size(), 0);
  for (std::size_t k = 0; k < c.tracks.size(); ++k) {
    const Track& track = c.tracks[k];
    for (const Index p : track.points) ++seen[static_cast<std::size_t>(p)];
    if (track.death == TrackEnd::fold)
      CHECK(c.tracks[static_cast<std::size_t>(track.died_with)].died_with == static_cast<Index>(k));
    if (track.birth == TrackEnd::fold)
      CHECK(c.tracks[static_cast<std::size_t>(track.born_with)].born_with == static_cast<Index>(k));
    CHECK((track.birth == TrackEnd::fold || track.birth == TrackEnd::outermost));
    CHECK((track.death == TrackEnd::fold || track.death == TrackEnd::outermost));
  }
  CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<Index>(seen.size()));
}

TEST_CASE("curves have the same bits for any number of threads", "[dynamics]") {
  Training t = training();
  t.snapshots.erase(t.snapshots.begin(), t.snapshots.end() - 5);
  ContinuationOptions options;
  options.starts = uniform(2, 60, -2, 2, 5);
  const auto run = [&](int threads) {
    set_num_threads(threads);
    const FixedPoints<double> initial = found(t.net, t.snapshots.front(), options.starts);
    return continue_fixed_points(t.net, t.snapshots, initial, options);
  };
  const Continuation one_thread = run(1);
  for (const int threads : {2, 3}) {
    const Continuation more = run(threads);
    REQUIRE(more.points.size() == one_thread.points.size());
    REQUIRE(more.branches.size() == one_thread.branches.size());
    for (std::size_t k = 0; k < more.points.size(); ++k) CHECK(more.points[k].x == one_thread.points[k].x);
    for (std::size_t k = 0; k < more.branches.size(); ++k) {
      const ContinuedBranch &a = more.branches[k], &b = one_thread.branches[k];
      CHECK(a.first == b.first);
      CHECK(a.last == b.last);
      CHECK(a.x == b.x);
      CHECK(a.steps == b.steps);
      REQUIRE(a.events.size() == b.events.size());
      for (std::size_t i = 0; i < a.events.size(); ++i) CHECK(a.events[i].s == b.events[i].s);
    }
  }
  set_num_threads(0);
}

TEST_CASE("a continuation that makes no sense is refused", "[dynamics]") {
  const auto error = [](std::vector<Snapshot<double>> s, const ContinuationOptions& o = {}, Index rows = 1) {
    FixedPoints<double> initial;
    initial.x.resize(rows, 0);
    return error_of([&] { (void)continue_fixed_points(FoldMap{}, s, initial, o); });
  };
  CHECK(contains(error(path({0.25})), "snapshots must be at least 2, got 1"));
  CHECK(contains(error({{0, 0, one(1)}, {1, 0, Vec<double>::Ones(2)}}),
                 "snapshot 1 has 2 parameters, f has 1"));
  CHECK(contains(error({{3, 0, one(1)}, {3, 0, one(2)}}), "epochs must rise, snapshot 1 is of epoch 3"));
  CHECK(contains(error(path({0.25, 0.3}), {}, 2), "initial points have 2 rows, f expects 1"));
  ContinuationOptions o;
  o.refinements = -1;
  CHECK(contains(error(path({0.25, 0.3}), o), "refinements must be >= 0, got -1"));
  o = {};
  o.starts.resize(2, 1);
  CHECK(contains(error(path({0.25, 0.3}), o), "starts has 2 rows, f expects 1"));
  o = {};
  o.branch.least = 0;
  CHECK(contains(error(path({0.25, 0.3}), o), "steps must be 0 < least"));
  const Continuation nothing = continue_fixed_points(FoldMap{}, path({0.25, 0.3}), FixedPoints<double>{});
  CHECK(nothing.points.empty());
  CHECK(contains(error_of([&] { (void)example_histories(nothing, Mat<double>{{1}}, 0); }),
                 "tolerance must be > 0, got 0"));
}
