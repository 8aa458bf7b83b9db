// All fixed points of an autoencoder of Figure 3 that can be found: attractors and the saddles between them,
// with their pictures; whether the indices add up to the degree at infinity; and what Newton's method,
// iterating f, and gradient descent on |f(x) - x|^2 / 2 find from the same starts. Not in the paper. Page:
// docs/paper/fixed_points.md.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/statistics.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/growth.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/train/adam.hpp"
#include "support/program.hpp"
#include "support/trained_network.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;
using Net = FullyConnected<S>;

constexpr Index examples = 20, unseen = 60;
constexpr double loss_goal = 1e-8;  // mean squared error, pixels from 0 to 1
constexpr double at_example =
    0.01;  // an attracting point within this times |x| of an example is the example's
constexpr double found_below = 1e-8;  // |f(x) - x| <= this |x|: what any of the three methods must reach
constexpr Index longest_orbit = 20000, descent_steps = 5000;

// The study: trains, finds, follows.

/// A saddle with one unstable direction and where orbits go on its two sides.
struct Saddle {
  Index point = 0;                       // among the fixed points
  std::array<Index, 2> ends = {-1, -1};  // attracting points at which the orbits end; -1: another end
  std::array<Vec<S>, 2> end_points;      // where they end
  double share = 0;  // s of the best s a + (1 - s) b, a and b the ends: 0 or 1 is an end, .5 the middle
  double off = 0;    // how far the saddle lies from that, as a part of |a - b|
  bool between() const { return ends[0] >= 0 && ends[1] >= 0 && ends[0] != ends[1]; }
};

/// What one method finds from the compared starts.
struct Method {
  Index converged = 0;                // starts that came to |f(x) - x| <= found_below |x|
  Index attracting = 0, saddles = 0;  // different points, by kind
  double evaluations = 0;             // of f, for a start
  Index points() const { return attracting + saddles; }
};

/// What the first starts alone lead to: examples, unseen images and midpoints.
struct First {
  Index points = 0, index_sum = 0;
  Richness richness;
  Index converged = 0;
};

struct Run {
  Mat<S> examples;
  FitResult training;
  First first;
  FixedPoints<S> points;
  Census census;
  Growth<S> growth;
  std::vector<Saddle> saddles;
  Method newton, iteration, descent;
};

Mat<S> joined(const Mat<S>& a, const Mat<S>& b, const Mat<S>& c) {
  Mat<S> all(a.rows(), a.cols() + b.cols() + c.cols());
  all << a, b, c;
  return all;
}

/// Adds the points that these starts lead to.
void search(const Model<Net>& f, FixedPoints<S>& points, const Mat<S>& starts, const std::string& what) {
  Progress progress(what);
  FixedPointsOptions options;
  options.point.search.cancelled = interrupted;
  options.observer = [&](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  find_more_fixed_points(f, points, starts, options);
}

Growth<S> growth_of(const Model<Net>& f, std::uint64_t seed) {
  GrowthOptions options;
  options.seed = seed;
  options.points.point.search.cancelled = interrupted;
  return growth_at_infinity(f, options);
}

/// The attracting point within a thousandth of |x|; -1: none.
Index attractor_at(const FixedPoints<S>& points, const Vec<S>& x) {
  for (Index k = 0; k < points.size(); ++k)
    if (points.kinds[static_cast<std::size_t>(k)].stability == Stability::attracting &&
        (points.x.col(k) - x).norm() <= 1e-3 * x.norm())
      return k;
  return -1;
}

/// The least distance of x to the line through a and b, and where on it that is.
void place_between(Saddle& s, const Vec<S>& x) {
  const Vec<S> along = s.end_points[0] - s.end_points[1];
  const double length = along.norm();
  if (!(length > 0)) return;
  s.share = along.dot(x - s.end_points[1]) / (length * length);
  s.off = (x - s.end_points[1] - s.share * along).norm() / length;
}

/// Each column pushed by 1e-4 of its norm in a random direction, and in the opposite one: column 2i and
/// 2i + 1. Beside a saddle orbits leave along its unstable direction.
Mat<S> pushed(const Mat<S>& x, std::uint64_t seed) {
  Random random(seed);
  Mat<S> starts(x.rows(), 2 * x.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    Vec<S> push(x.rows());
    for (S& entry : push) entry = random.normal();
    push *= 1e-4 * x.col(i).norm() / push.norm();
    starts.col(2 * i) = x.col(i) + push;
    starts.col(2 * i + 1) = x.col(i) - push;
  }
  return starts;
}

/// The points with one unstable direction, and where orbits beside them end.
std::vector<Saddle> saddles_of(const Model<Net>& f, const FixedPoints<S>& points, std::uint64_t seed) {
  std::vector<Saddle> saddles;
  std::vector<Index> at;
  for (Index k = 0; k < points.size(); ++k)
    if (points.kinds[static_cast<std::size_t>(k)].unstable == 1) {
      saddles.emplace_back().point = k;
      at.push_back(k);
    }
  const Orbit<S> o = orbit(
      f, pushed(points.x(Eigen::all, at), seed),
      {.max_steps = longest_orbit, .relative_tolerance = 1e-12, .bound = 1e6, .cancelled = interrupted});
  for (std::size_t i = 0; i < saddles.size(); ++i) {
    for (std::size_t side = 0; side < 2; ++side) {
      const Vec<S> end = o.x.col(static_cast<Index>(2 * i + side));
      saddles[i].end_points[side] = end;
      saddles[i].ends[side] = attractor_at(points, end);
    }
    if (saddles[i].between()) place_between(saddles[i], points.x.col(saddles[i].point));
  }
  return saddles;
}

/// Points of orbits that leave all points that do not attract: after 1, 2, 4, ... steps, where they are not
/// too far away.
Mat<S> leaving(const Model<Net>& f, const FixedPoints<S>& points, double farthest, std::uint64_t seed) {
  std::vector<Index> at;
  for (Index k = 0; k < points.size(); ++k)
    if (points.kinds[static_cast<std::size_t>(k)].stability != Stability::attracting) at.push_back(k);
  OrbitOptions options{.max_steps = 256, .cancelled = interrupted};
  for (Index t = 8; t <= options.max_steps; t *= 2) options.snapshots.push_back(t);
  const Orbit<S> o = orbit(f, pushed(points.x(Eigen::all, at), seed), options);
  std::vector<Vec<S>> kept;
  for (const Mat<S>& x : o.snapshots)
    for (Index j = 0; j < x.cols(); ++j)
      if (x.col(j).norm() < farthest) kept.push_back(x.col(j));
  Mat<S> starts(points.x.rows(), static_cast<Index>(kept.size()));
  for (std::size_t j = 0; j < kept.size(); ++j) starts.col(static_cast<Index>(j)) = kept[j];
  return starts;
}

/// Normal vectors of half, the same and twice the mean norm of the examples.
Mat<S> normal_starts(const Mat<S>& X, Index of_each, std::uint64_t seed) {
  Random random(seed);
  Mat<S> starts(X.rows(), 3 * of_each);
  for (Index j = 0; j < starts.cols(); ++j) {
    for (S& entry : starts.col(j)) entry = random.normal();
    starts.col(j) *= mean_norm(X) * std::pow(2, j / of_each - 1) / starts.col(j).norm();
  }
  return starts;
}

/// Where indices are missing, other starts: midpoints of all pairs of points that are known, orbits that
/// leave saddles, normal vectors; twice, for the midpoints of what is new are new.
void search_for_missing(const Model<Net>& f, Run& r, std::uint64_t seed, const std::string& what) {
  const double farthest = 10 * mean_norm(r.examples);
  const auto closed = [&] { return interrupted() || r.points.index_sum() == r.growth.degree; };
  for (const int round : {1, 2}) {
    const std::string rest = text(what, ": missing points, round ", round);
    if (!closed()) search(f, r.points, midpoints(r.points.x), rest + ", midpoints");
    if (!closed()) search(f, r.points, leaving(f, r.points, farthest, seed), rest + ", orbits");
    if (!closed())
      search(f, r.points, normal_starts(r.examples, 100, seed + static_cast<std::uint64_t>(round)),
             rest + ", normal");
  }
}

/// What a method found whose searches ended at the columns of x: those are fixed points where the residual is
/// small, and Newton's method from there says which.
Method judged(const Model<Net>& f, const Mat<S>& x, double evaluations) {
  const Mat<S> g = f(x) - x;
  std::vector<Index> near;
  for (Index j = 0; j < x.cols(); ++j)
    if (g.col(j).norm() <= found_below * x.col(j).norm()) near.push_back(j);
  FixedPointsOptions options;
  options.point.search.cancelled = interrupted;
  const FixedPoints<S> points = find_fixed_points(f, Mat<S>(x(Eigen::all, near)), options);
  return {static_cast<Index>(near.size()), points.count(Stability::attracting),
          points.count(Stability::unstable), evaluations / static_cast<double>(x.cols())};
}

Method by_newton(const Model<Net>& f, const Mat<S>& starts, const std::string& what) {
  FixedPoints<S> points;
  search(f, points, starts, what + ": Newton");
  const Index converged = std::count(points.ends.begin(), points.ends.end(), SearchEnd::converged);
  return {converged, points.count(Stability::attracting), points.count(Stability::unstable),
          static_cast<double>(points.evaluations) / static_cast<double>(starts.cols())};
}

Method by_iteration(const Model<Net>& f, const Mat<S>& starts) {
  const Orbit<S> o = orbit(
      f, starts,
      {.max_steps = longest_orbit, .relative_tolerance = 1e-12, .bound = 1e6, .cancelled = interrupted});
  double evaluations = 0;
  for (const Index t : o.steps) evaluations += static_cast<double>(t);
  return judged(f, o.x, evaluations);
}

/// FixedPointFinder's method (Golub, Sussillo 2018; its PyTorch version): Adam on the mean over the starts of
/// |f(x) - x|^2 / 2, all of them at once, 5000 steps, rate .05 times .7 every 500. Here in double.
Method by_descent(const Model<Net>& f, const Mat<S>& starts, const std::string& what) {
  Progress progress(what + ": gradient descent");
  typename Net::Cache cache;
  Mat<S> x = starts, y(x.rows(), x.cols()), x_bar(x.rows(), x.cols());
  Vec<S> none;
  Adam<S> adam({.learning_rate = 0.05});
  for (Index step = 0; step < descent_steps && !interrupted(); ++step) {
    f.layer.forward(f.theta, x, y, cache);
    const Mat<S> g = (y - x) / static_cast<double>(x.cols());
    f.layer.vjp(f.theta, x, y, cache, g, x_bar, none);
    x_bar -= g;
    adam.step(x_bar.reshaped(), x.reshaped(), std::pow(0.7, static_cast<double>(step / 500)));
    progress.update(static_cast<double>(step) / static_cast<double>(descent_steps));
  }
  return judged(f, x, static_cast<double>(descent_steps * starts.cols()));
}

Run run(const ImageData& data, std::uint64_t seed, bool full) {
  Run r;
  const std::string what = text("seed ", seed);
  r.examples = choose_images<S>(data.train, examples, seed);
  const Mat<S> others = choose_images<S>(data.test, unseen, seed), between = midpoints(r.examples);
  const Model<Net> f = trained_network(r.examples, r.examples, {.loss_goal = loss_goal}, seed,
                                       what + ": training", r.training);
  if (interrupted()) return r;
  search(f, r.points, joined(r.examples, others, between), what + ": fixed points");
  r.first = {r.points.size(), r.points.index_sum(), r.points.richness(),
             std::count(r.points.ends.begin(), r.points.ends.end(), SearchEnd::converged)};
  r.growth = growth_of(f, seed);
  search_for_missing(f, r, seed, what);
  if (interrupted()) return r;
  r.census = census(r.points, r.examples, at_example * mean_norm(r.examples));
  r.saddles = saddles_of(f, r.points, seed);
  // In quick mode ten of each other kind: gradient descent takes so many evaluations.
  const Index some = full ? others.cols() : 10, pairs = full ? between.cols() : 10;
  const Mat<S> compared = joined(r.examples, others.leftCols(some), between.leftCols(pairs));
  r.newton = by_newton(f, compared, what);
  r.iteration = by_iteration(f, compared);
  r.descent = by_descent(f, compared, what);
  return r;
}

// The claims.

/// Examples within 1% of an unstable fixed point.
Index unstable_examples(const Run& r) {
  Index count = 0;
  for (Index j = 0; j < examples; ++j)
    for (Index k = 0; k < r.points.size(); ++k)
      if (r.points.kinds[static_cast<std::size_t>(k)].stability == Stability::unstable &&
          (r.points.x.col(k) - r.examples.col(j)).norm() <= at_example * r.examples.col(j).norm()) {
        ++count;
        break;
      }
  return count;
}

void claim_points(Program& program, const std::vector<Run>& runs) {
  program.claim(median_claim("interpolation", "The mean squared error is below 1e-8.", no_paper,
                             of_each(runs, [](const Run& r) { return r.training.loss; }),
                             at_most(loss_goal)));
  program.claim(guard_claim(
      "starts",
      "Newton's method comes to a fixed point from the examples, 60 unseen images and 190 midpoints.",
      no_paper, of_each(runs, [](const Run& r) { return r.first.converged; }), at_least(250),
      " of 270 starts"));
  program.claim(guard_claim("examples", "Training images have an attracting fixed point within 1%.", no_paper,
                            of_each(runs, [](const Run& r) { return r.census.examples_attracting; }),
                            at_least(12), " of 20"));
  program.claim(guard_claim("examples, unstable", "Training images have an unstable one there.", no_paper,
                            of_each(runs, unstable_examples), Band{0, 8}, " of 20"));
  program.claim(guard_claim("spurious", "Attracting fixed points that are at no training image.", no_paper,
                            of_each(runs, [](const Run& r) { return r.census.spurious; }), at_most(8)));
  program.claim(guard_claim("saddles", "Fixed points with one unstable direction.", no_paper,
                            of_each(runs, [](const Run& r) { return r.points.count_unstable(1); }),
                            Band{10, 30}));
  program.claim(guard_claim("more", "Fixed points with more than one.", no_paper,
                            of_each(runs,
                                    [](const Run& r) {
                                      return r.points.size() - r.points.count_unstable(0) -
                                             r.points.count_unstable(1);
                                    }),
                            at_most(10)));
}

void claim_completeness(Program& program, const std::vector<Run>& runs) {
  const auto of_runs = [&](auto get) { return of_each(runs, get); };
  const std::string sums = summary(of_runs([](const Run&r) { return r.points.index_sum(); })),
                    degrees = summary(of_runs([](const Run&r) { return r.growth.degree; })),
                    starts = summary(of_runs([](const Run&r) { return r.points.ends.size(); }));
  const auto sure = std::count_if(runs.begin(), runs.end(), [](const Run& r) { return r.growth.sure; });
  program.claim(guard_claim(
      "index sum, first starts",
      "The indices of the points that the 270 starts lead to, less the degree at infinity: 0 if none is "
      "missing.",
      no_paper, of_runs([](const Run& r) { return r.first.index_sum - r.growth.degree; }), Band{-3, 9}));
  program.claim(guard_claim(
      "index sum",
      "The same after further starts: midpoints of what was found, orbits that leave saddles, normal "
      "vectors.",
      no_paper, of_runs([](const Run& r) { return r.points.index_sum() - r.growth.degree; }), Band{-2, 2}, "",
      text("index sums ", sums, "; degrees ", degrees, ", of which nothing speaks against ", sure, " of ",
           runs.size(), "; starts in all ", starts)));
  program.claim(guard_claim("further points", "Points that the further starts add.", no_paper,
                            of_runs([](const Run& r) { return r.points.size() - r.first.points; }),
                            Band{0, 60}));
  program.claim(guard_claim(
      "Chao1", "Points that there may be by the hits of the 270 starts, less those that these found.",
      no_paper, of_runs([](const Run& r) {
        return r.first.richness.chao1 - static_cast<double>(r.first.richness.seen);
      }),
      at_most(20)));
  program.claim(guard_claim(
      "coverage", "The chance that one more start like the 270 leads to a point that is known.", no_paper,
      of_runs([](const Run& r) { return 100 * r.first.richness.coverage; }), at_least(92), "%"));
}

void claim_saddles(Program& program, const std::vector<Run>& runs) {
  std::vector<double> two, off, share;
  for (const Run& r : runs) {
    Index count = 0;
    for (const Saddle& s : r.saddles) {
      count += s.between();
      if (!s.between()) continue;
      off.push_back(s.off);
      share.push_back(std::min(s.share, 1 - s.share));
    }
    two.push_back(100 * static_cast<double>(count) / static_cast<double>(r.saddles.size()));
  }
  program.claim(guard_claim("saddles, sides",
                            "The orbits on the two sides of a saddle end at two different attractors.",
                            no_paper, two, at_least(75), "%"));
  if (off.empty()) return;
  Claim place =
      guard_claim("saddles, place", "Where such a saddle lies between the two: 0 an end, .5 the middle.",
                  no_paper, {median(share)}, Band{0.2, 0.45});
  place.measured = summary(share, "", "saddles");
  program.claim(place);
  Claim apart =
      guard_claim("saddles, off", "Its distance from the line through the two, as a part of their distance.",
                  no_paper, {median(off)}, Band{0.05, 0.3});
  apart.measured = summary(off, "", "saddles");
  program.claim(apart);
}

void claim_methods(Program& program, const std::vector<Run>& runs) {
  const auto add = [&](const std::string& name, Method Run::*which, const Band& points,
                       const Band& evaluations) {
    const auto get = [&](auto number_of) {
      return of_each(runs, [&](const Run& r) { return number_of(r.*which); });
    };
    program.claim(guard_claim(
        name + ", points", "Different fixed points found from the compared starts.", no_paper,
        get([](const Method& m) { return m.points(); }), points, "",
        text("attracting ", summary(get([](const Method& m) { return m.attracting; })), "; unstable ",
             summary(get([](const Method& m) { return m.saddles; })), "; starts that came to one ",
             summary(get([](const Method& m) { return m.converged; })))));
    program.claim(guard_claim(name + ", evaluations", "Evaluations of f for a start.", no_paper,
                              get([](const Method& m) { return m.evaluations; }), evaluations));
  };
  add("Newton", &Run::newton, at_least(18), at_most(60));
  add("iteration", &Run::iteration, Band{10, 24}, Band{100, 6000});
  add("gradient descent", &Run::descent, at_most(20), Band{5000, 5000});
}

// The pictures.

/// Examples and under each its attracting point; then attracting points without an example.
void draw_attractors(Program& program, const ImageData& data, const Run& r) {
  constexpr Index columns = 10;
  ImageTable table(text("Attracting fixed points, 7 x 128 on 20 images of ", data.name), data.train.shape,
                   std::vector<std::string>(columns, ""));
  const auto point_of = [&](Index example) -> Vec<S> {
    const Index k = r.census.point_at[static_cast<std::size_t>(example)];
    return k < 0 ? Vec<S>::Ones(r.examples.rows()) : Vec<S>(r.points.x.col(k));
  };
  for (Index begin = 0; begin < examples; begin += columns) {
    Mat<S> row(r.examples.rows(), columns);
    for (Index j = 0; j < columns; ++j) row.col(j) = point_of(begin + j);
    table.add_row("training images", r.examples.middleCols(begin, columns));
    table.add_row("their attractors", row);
  }
  Mat<S> spurious = Mat<S>::Ones(r.examples.rows(), columns);
  Index count = 0;
  for (std::size_t k = 0; k < r.census.example_at.size() && count < columns; ++k)
    if (r.census.example_at[k] == -1) spurious.col(count++) = r.points.x.col(static_cast<Index>(k));
  if (count > 0) table.add_row("spurious", spurious);
  program.draw(table, "fixed_points_attractors.png",
               "The training images, below each the attracting fixed point within 1% of it (white: there is "
               "none), and last the attracting fixed points that are at no training image.");
}

std::string label(const Run& r, const Saddle& s) {
  const LinearStability& kind = r.points.kinds[static_cast<std::size_t>(s.point)];
  const std::string rho = text("rho ", number(kind.spectral_radius));
  return s.between() ? text(rho, " off ", number(s.off, 2)) : rho;
}

/// Where the orbit on one side of a saddle ends, if that is an attractor, else white.
Vec<S> picture_of_end(const Saddle& s, std::size_t side) {
  return s.ends[side] >= 0 ? s.end_points[side] : Vec<S>(Vec<S>::Ones(s.end_points[side].size()));
}

/// Each saddle between the ends of the orbits that leave it.
void draw_saddles(Program& program, const ImageData& data, const Run& r) {
  if (r.saddles.empty()) return;
  ImageTable table("Saddles and where orbits beside them end", data.train.shape,
                   {"one end", "saddle", "other end", "nearest mix\nof the ends"});
  for (const Saddle& s : r.saddles) {
    Mat<S> row(r.examples.rows(), 4);
    row << picture_of_end(s, 0), r.points.x.col(s.point), picture_of_end(s, 1), Vec<S>::Ones(row.rows());
    if (s.between()) row.col(3) = s.share * s.end_points[0] + (1 - s.share) * s.end_points[1];
    table.add_row(label(r, s), row);
  }
  program.draw(
      table, "fixed_points_saddles.png",
      "Fixed points with one unstable direction, between the attracting points at which the orbits on "
      "their two sides end (white: that orbit ends at none; it may grow for ever), and the nearest "
      "point to the saddle on the line through the two. rho: the spectral radius; off: the saddle's "
      "distance from the line as a part of the distance of the ends.");
}

void body(Program& program) {
  const ImageData data = program.images();
  const std::vector<Run> runs =
      program.over_seeds([&](std::uint64_t seed) { return run(data, seed, program.full()); });
  if (runs.empty()) return;
  draw_attractors(program, data, runs.front());
  draw_saddles(program, data, runs.front());
  claim_points(program, runs);
  claim_completeness(program, runs);
  claim_saddles(program, runs);
  claim_methods(program, runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("fixed_points", "Fixed points of an autoencoder on images: attractors and saddles",
                     {.quick = 3, .full = 5, .over_ranks = true}, argc, argv, body);
}
