// Basins of the attractors of an autoencoder on images: how large they are by distribution of the starts, how
// far they go from an attractor along random and other directions and with noise, and what lies on the edge
// between two of them; and of a network in the plane, whole pictures of them. Not in the paper. Page:
// docs/paper/basins.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/certify/certified_ball.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/core/statistics.hpp"
#include "basin/data/start_distribution.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basin_boundary.hpp"
#include "basin/dynamics/basin_fractions.hpp"
#include "basin/dynamics/basin_map.hpp"
#include "basin/dynamics/basin_radius.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/edge_state.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/slice.hpp"
#include "basin/dynamics/smallest_shock.hpp"
#include "support/program.hpp"
#include "support/trained_network.hpp"

namespace {

using namespace basin;
using namespace basin::examples;
using S = double;
using Net = FullyConnected<S>;
using PlaneNet = FullyConnected<S, Tanh>;

constexpr Index examples = 20;
constexpr double at_example = 0.01;  // an attractor within this times |x| of an example is the example's

/// How much is done.
struct Amount {
  Index starts, unseen, edges, probed, draws, cells, samples;
};
Amount amount(bool full) {
  return full ? Amount{100000, 200, 12, 6, 400, 300, 4000} : Amount{1000, 100, 5, 2, 100, 120, 1000};
}

// The study in 784 dimensions.

/// The basins as one distribution of starts sees them.
struct Shares {
  std::string name;
  BasinFractions fractions;
  double at_examples = 0, at_spurious = 0;  // shares
  double steps = 0;                         // of f for a start, the mean
  double early = 0;                         // share of starts that a ball decided
};

/// How far the basin of one example goes, relative to |x*|.
struct Reach {
  double ball = 0, certified = 0, random = 0, row_space = 0, stretched = 0, shock = 0;
  NoiseTolerance noise;
  double rms = 0;  // |x*| / sqrt(n), what the noise is relative to
};

struct Run {
  Mat<S> images;
  FitResult training;
  std::vector<Attractor<S>> attractors;  // those of examples first, then what else was found
  Index of_examples = 0, known = 0;      // the first so many; those known before starts were drawn
  std::vector<Index> example;            // of each of the first
  std::vector<Shares> shares;
  std::vector<EdgeState<S>> edges;
  std::vector<Reach> reach;
  Index neutral = 0;
  std::vector<Slice<S>> slices;
};

BasinMapOptions map_options(bool find_new) {
  BasinMapOptions options;
  options.fates.cancelled = interrupted;
  options.find_new = find_new;
  options.ball.cancelled = interrupted;
  return options;
}
FateOptions fate_options() { return map_options(false).fates; }

/// The attractors that Newton's method finds, those at examples first, with measured balls.
void find_attractors(const Model<Net>& f, const Mat<S>& unseen, Run& r, const std::string& what) {
  Progress progress(what + ": attractors");
  const Mat<S> between = midpoints(r.images);
  Mat<S> starts(r.images.rows(), r.images.cols() + unseen.cols() + between.cols());
  starts << r.images, unseen, between;
  FixedPointsOptions options;
  options.point.search.cancelled = interrupted;
  const FixedPoints<S> points = find_fixed_points(f, starts, options);
  const Census c = census(points, r.images, at_example * mean_norm(r.images));
  for (const bool example : {true, false})
    for (Index k = 0; k < points.size(); ++k) {
      const Index at = c.example_at[static_cast<std::size_t>(k)];
      if (at == -2 || (at >= 0) != example) continue;
      r.attractors.emplace_back().points = points.x.col(k);
      if (example) r.example.push_back(at);
    }
  r.of_examples = static_cast<Index>(r.example.size());
  MeasuredBallOptions ball;
  ball.cancelled = interrupted;
  (void)measure_balls(f, r.attractors, ball);
}

void map_starts(const Model<Net>& f, const StartDistribution<S>& starts, Index count, Run& r,
                const std::string& what) {
  Progress progress(text(what, ": ", starts.name));
  BasinMapOptions options = map_options(true);
  options.fates.observer = [&](Index finished, Index all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all));
  };
  const BasinMap<S> map = basin_map(f, r.attractors, starts, count, options);
  r.attractors = map.attractors;
  Shares s{starts.name, basin_fractions(map, {.hold = IntervalsHold::together})};
  for (const BasinFraction& b : s.fractions.basins)
    (b.id <= r.of_examples ? s.at_examples : s.at_spurious) += b.fraction;
  s.steps = map.evaluations() / static_cast<double>(count);
  s.early = static_cast<double>(map.count(Decision::measured_ball)) / static_cast<double>(count);
  r.shares.push_back(std::move(s));
}

/// Edge states between the attractors of some examples and the next ones.
void find_edges(const Model<Net>& f, Index count, Run& r, const std::string& what) {
  Progress progress(what + ": edge states");
  EdgeStateOptions options;
  options.fates = fate_options();
  options.point.search.cancelled = interrupted;
  for (Index k = 0; k < count && k + 1 < r.of_examples && !interrupted(); ++k) {
    const auto at = [&](Index i) -> Vec<S> {
      return r.attractors[static_cast<std::size_t>(i)].points.col(0);
    };
    r.edges.push_back(edge_state(f, r.attractors, at(k), at(k + 1), options));
    progress.update(static_cast<double>(k + 1) / static_cast<double>(count));
  }
}

double certified_radius(const Model<Net>& f, const Attractor<S>& a) {
  CertifyOptions options;
  options.search.cancelled = interrupted;
  const Certificate c = certify_attractor(f, a.points.col(0), options);
  return c.verified ? c.radius_2norm : 0;
}

Reach reach_of(const Model<Net>& f, const Run& r, Index id, Index draws) {
  const Attractor<S>& a = r.attractors[static_cast<std::size_t>(id - 1)];
  const Vec<S> x = a.points.col(0);
  const double size = x.norm();
  BasinRadiusOptions radius;
  radius.fates = fate_options();
  constexpr Index directions = 16;
  const auto along = [&](const Mat<double>& U) {
    return basin_radii(f, r.attractors, id, U, radius).least() / size;
  };
  const Mat<double> V = stretched_directions(f, x, directions / 2).V;
  Mat<double> both(V.rows(), 2 * V.cols());
  both << V, -V;
  Reach reach;
  reach.ball = a.radius / size;
  reach.certified = certified_radius(f, a) / size;
  reach.random = along(random_directions(x.size(), directions, 1));
  reach.row_space = along(directions_within(row_space(f, x).basis, directions, 2));
  reach.stretched = along(both);
  SmallestShockOptions shock;
  shock.radius = radius;
  shock.directions = 24;
  shock.descents = 2;
  shock.more = (r.images.colwise() - x).leftCols(examples - 1);
  reach.shock = smallest_shock(f, r.attractors, id, shock).size / size;
  reach.rms = size / std::sqrt(static_cast<double>(x.size()));
  reach.noise = noise_tolerance(f, r.attractors, id, {.fates = fate_options(), .draws = draws});
  return reach;
}

void measure_reach(const Model<Net>& f, const Amount& much, Run& r, const std::string& what) {
  const Index count = much.probed;
  Progress progress(what + ": how far basins go");
  for (Index id = 1; id <= count && id <= r.of_examples && !interrupted(); ++id) {
    r.reach.push_back(reach_of(f, r, id, much.draws));
    progress.update(static_cast<double>(id) / static_cast<double>(count));
  }
  if (r.of_examples > 0) r.neutral = row_space(f, r.attractors.front().points.col(0)).neutral;
}

/// The plane through the attractors of three examples, with half of their distances around.
void slice_basins(const Model<Net>& f, Index cells, Run& r, const std::string& what) {
  if (r.of_examples < 3 || interrupted()) return;
  Progress progress(what + ": slice");
  const auto at = [&](std::size_t i) -> Vec<S> { return r.attractors[i].points.col(0); };
  const Plane plane = plane_through(at(0), at(1), at(2));
  const Vec<double> b = plane.coordinates(at(1)), c = plane.coordinates(at(2));
  const double u0 = std::min(0., c[0]), u1 = std::max(b[0], c[0]), room = 0.5 * std::max(u1 - u0, c[1]);
  r.slices.push_back(basin_slice(f, r.attractors, plane, {u0 - room, u1 + room, -room, c[1] + room}, cells,
                                 cells, map_options(false)));
}

Run run(const ImageData& data, std::uint64_t seed, const Amount& much) {
  Run r;
  const std::string what = text("seed ", seed);
  r.images = choose_images<S>(data.train, examples, seed);
  const Mat<S> unseen = choose_images<S>(data.test, much.unseen, seed);
  const Model<Net> f = trained_network(r.images, r.images, {.max_epochs = 30000}, seed,
                                       what + ": training 7 x 128", r.training);
  if (interrupted()) return r;
  find_attractors(f, unseen.leftCols(60), r, what);
  r.known = static_cast<Index>(r.attractors.size());
  map_starts(f, uniform_box<S>(r.images.rows(), 0, 1, seed), much.starts, r, what);
  map_starts(f, normal_everywhere<S>(r.images.rows(), 0, 1, seed), much.starts, r, what);
  map_starts(f, around_examples<S>(r.images, 0.1, seed), much.starts, r, what);
  map_starts(f, given_starts<S>(unseen, "unseen images"), unseen.cols(), r, what);
  if (interrupted()) return r;
  find_edges(f, much.edges, r, what);
  measure_reach(f, much, r, what);
  slice_basins(f, much.cells, r, what);
  return r;
}

// The study in the plane.

struct PlaneRun {
  Mat<S> points;
  FitResult training;
  Slice<S> slice;
  BasinEntropy entropy;
  UncertaintyExponent exponent;
  WadaTest wada;
};

PlaneRun run_plane(std::uint64_t seed, const Amount& much) {
  PlaneRun r;
  Random random(seed);
  r.points = uniform_starts<S>(2, 10, random, -1, 1);
  const Model<PlaneNet> f = trained_network<Tanh>(
      r.points, r.points, {.width = 32, .hidden = 3, .rate = 1e-3, .loss_goal = 1e-7, .max_epochs = 30000},
      seed, text("seed ", seed, ": training 3 x 32"), r.training);
  if (interrupted()) return r;
  Progress progress(text("seed ", seed, ": the plane"));
  auto attractors = attractors_of(find_fixed_points(f, uniform_box<S>(2, -2, 2, seed).first(400)));
  MeasuredBallOptions ball;
  ball.cancelled = interrupted;
  (void)measure_balls(f, attractors, ball);
  const Plane plane = plane_through(Vec<double>{{0, 0}}, Vec<double>{{1, 0}}, Vec<double>{{0, 1}});
  const PlaneBox box{-2, 2, -2, 2};
  const Index cells = 2 * much.cells;
  r.slice = basin_slice(f, attractors, plane, box, cells, cells, map_options(true));
  progress.update(0.5);
  r.entropy = basin_entropy(r.slice.ids, 10);
  r.wada = wada_test(r.slice.ids, cells / 40);
  UncertaintyOptions options;
  options.map = map_options(false);
  options.samples = 2 * much.samples;
  options.halvings = 5;
  r.exponent = uncertainty_exponent(f, r.slice.map.attractors, plane, box, options);
  return r;
}

/// Both studies over the seeds; those that were finished.
struct Study {
  std::vector<Run> images;
  std::vector<PlaneRun> planes;
};

Study study(const Program& program, const ImageData& data) {
  const Amount much = amount(program.full());
  Study s;
  for (const std::uint64_t seed : program.seeds()) {
    Run r = run(data, seed, much);
    if (interrupted()) break;
    PlaneRun p = run_plane(seed, much);
    if (interrupted()) break;
    s.images.push_back(std::move(r));
    s.planes.push_back(std::move(p));
  }
  return s;
}

// The claims.

void claim_shares(Program& program, const std::vector<Run>& runs) {
  const double at_examples_at_least[] = {50, 20, 60, 60};  // percent, guards
  for (std::size_t k = 0; k < runs.front().shares.size(); ++k) {
    const std::string name = runs.front().shares[k].name;
    const auto each = [&](auto get) { return of_each(runs, [&](const Run& r) { return get(r.shares[k]); }); };
    const BasinFractions& all = runs.front().shares[k].fractions;
    const BasinFraction& lost = all.lost;
    program.claim(guard_claim(
        text(name, ", examples"), "Starts that end at the attractor of a training image.", no_paper,
        each([](const Shares& s) { return 100 * s.at_examples; }), at_least(at_examples_at_least[k]), "%",
        text("at other attractors ", summary(each([](const Shares& s) { return 100 * s.at_spurious; }), "%"),
             "; at none ",
             summary(each([](const Shares& s) { return 100 * s.fractions.lost.fraction; }), "%"),
             " (first seed: between ", number(100 * lost.interval.low), " and ",
             number(100 * lost.interval.high), "%, all shares together 95%; ", all.diverged,
             " starts diverged, ", all.elsewhere, " settled elsewhere, ", all.moving,
             " still moved); steps of f for a start ",
             summary(each([](const Shares& s) { return s.steps; })))));
    program.claim(
        median_claim(text(name, ", sum"), "All shares and that of lost starts add up to 1, less 1.", no_paper,
                     each([](const Shares& s) { return std::abs(s.fractions.sum() - 1); }), at_most(1e-12)));
    program.claim(guard_claim(text(name, ", by balls"), "Starts that a measured ball decided.", no_paper,
                              each([](const Shares& s) { return 100 * s.early; }), at_least(50), "%"));
  }
}

void claim_attractors(Program& program, const std::vector<Run>& runs) {
  program.claim(guard_claim("attractors, examples", "Training images with an attractor within 1%.", no_paper,
                            of_each(runs, [](const Run& r) { return r.of_examples; }), at_least(12),
                            " of 20"));
  program.claim(
      guard_claim("attractors, others",
                  "Attractors at no training image that Newton's method found from images and midpoints.",
                  no_paper, of_each(runs, [](const Run& r) { return r.known - r.of_examples; }), at_most(8)));
  program.claim(guard_claim(
      "attractors, new", "Further ones at which starts settled.", no_paper,
      of_each(runs, [](const Run& r) { return static_cast<Index>(r.attractors.size()) - r.known; }),
      at_most(20)));
}

void claim_edges(Program& program, const std::vector<Run>& runs) {
  std::vector<double> found, one, sides, third;
  std::vector<double> residuals, rounds;
  for (const Run& r : runs) {
    double f = 0, u = 0, s = 0, t = 0;
    for (const EdgeState<S>& e : r.edges) {
      f += e.found;
      t += std::any_of(e.third.begin(), e.third.end(), [](Index id) { return id >= 1; });
      if (!e.found) continue;
      u += e.point.unstable == 1;
      s += e.side_a != e.side_b && e.side_a == e.id_a;
      residuals.push_back(e.point.residual);
      rounds.push_back(static_cast<double>(e.rounds));
    }
    const auto all = static_cast<double>(r.edges.size());
    found.push_back(100 * f / all);
    one.push_back(f > 0 ? 100 * u / f : 0);
    sides.push_back(f > 0 ? 100 * s / f : 0);
    third.push_back(100 * t / all);
  }
  program.claim(guard_claim(
      "edges, found", "Pairs of training images between which an edge state is found.", no_paper, found,
      at_least(60), "%",
      text("rounds ", summary(rounds, "", "edges"), "; residuals ", summary(residuals, "", "edges"))));
  program.claim(guard_claim("edges, saddles", "Of these, fixed points with exactly one unstable direction.",
                            no_paper, one, at_least(80), "%"));
  program.claim(guard_claim(
      "edges, sides", "Of these, with the first image's basin on one side and another one on the other.",
      no_paper, sides, at_least(80), "%"));
  program.claim(median_claim("edges, third", "Pairs between which bisection meets a third basin.", no_paper,
                             third, Band{0, 100}, "%"));
}

void claim_reach(Program& program, const std::vector<Run>& runs) {
  const auto add = [&](const std::string& id, const std::string& statement, auto get, const Band& band,
                       decltype(&median_claim) make = &guard_claim) {
    std::vector<double> all;
    for (const Run& r : runs)
      for (const Reach& reach : r.reach) all.push_back(get(reach));
    if (all.empty()) return;
    Claim claim = make(id, statement, no_paper, {median(all)}, band, "", "");
    claim.measured = summary(all, "", "attractors");
    program.claim(std::move(claim));
  };
  add(
      "radius, certified", "Certified ball, relative to |x*|.", [](const Reach& r) { return r.certified; },
      at_least(1e-6));
  add(
      "radius, measured", "Measured ball.", [](const Reach& r) { return r.ball; }, at_least(0.004));
  add(
      "radius, shock", "The smallest shock found out of the basin.", [](const Reach& r) { return r.shock; },
      Band{0.005, 0.5});
  add(
      "radius, stretched", "The nearest way out along the directions that f stretches most.",
      [](const Reach& r) { return r.stretched; }, Band{0.005, 1});
  add(
      "radius, row space", "Along random directions of the row space of the first layer.",
      [](const Reach& r) { return r.row_space; }, at_least(0.05));
  add(
      "radius, random", "Along random directions.", [](const Reach& r) { return r.random; }, at_least(0.3));
  add(
      "radius, order", "Certified ball over smallest shock: more than 1 would be wrong.",
      [](const Reach& r) { return r.certified / r.shock; }, Band{0, 1}, &median_claim);
  add(
      "radius, ball", "Measured ball over smallest shock: more than 1 would be wrong.",
      [](const Reach& r) { return r.ball / r.shock; }, Band{0, 1}, &median_claim);
  add(
      "noise", "The largest sigma at which 95% of x* + N(0, sigma^2) come back.",
      [](const Reach& r) { return r.noise.sigma; }, at_least(0.02));
  program.claim(guard_claim("neutral", "Directions that f does not see at all, to first order.", no_paper,
                            of_each(runs, [](const Run& r) { return r.neutral; }), Band{656, 656},
                            " of 784"));
}

void claim_plane(Program& program, const std::vector<PlaneRun>& runs) {
  program.claim(guard_claim(
      "plane, basins", "Basins in the square -2 .. 2 of a network on 10 points.", no_paper,
      of_each(runs, [](const PlaneRun& r) { return r.slice.map.attractors.size(); }), at_least(2)));
  program.claim(median_claim(
      "plane, entropy", "Basin entropy at the boundary, boxes of 10 x 10 cells; log 2 = .693.", no_paper,
      of_each(runs, [](const PlaneRun& r) { return r.entropy.boundary; }), at_most(std::log(2.))));
  const UncertaintyExponent& u = runs.front().exponent;
  program.claim(guard_claim(
      "plane, exponent", "The uncertainty exponent: 1 for smooth boundaries.", no_paper,
      of_each(runs, [](const PlaneRun& r) { return r.exponent.exponent; }), Band{0.85, 1.1}, "",
      text("first seed: standard error ", number(u.error, 2), ", R^2 of the fit ", number(u.fit.r_squared))));
  program.claim(
      guard_claim("plane, Wada", "Seeds whose basins pass the Wada test.", no_paper,
                  of_each(runs, [](const PlaneRun& r) { return r.wada.wada() ? 1 : 0; }), Band{0, 0}, "",
                  text("boundaries apart by up to ",
                       summary(of_each(runs, [](const PlaneRun& r) { return r.wada.distance; })), " cells")));
}

// The pictures.

MapPlot picture_of(const Slice<S>& s, const std::string& title) {
  MapPlot plot;
  plot.title = title;
  plot.x_range = {s.box.u_low, s.box.u_high};
  plot.y_range = {s.box.v_low, s.box.v_high};
  plot.rows = static_cast<int>(s.ids.rows());
  plot.columns = static_cast<int>(s.ids.cols());
  const double slowest = std::log1p(static_cast<double>(s.steps.maxCoeff()));
  for (Index i = 0; i < s.ids.rows(); ++i)
    for (Index j = 0; j < s.ids.cols(); ++j) {
      plot.groups.push_back(s.ids(i, j) < 1 ? -1 : static_cast<int>(s.ids(i, j)) - 1);
      plot.shades.push_back(1 - std::log1p(static_cast<double>(s.steps(i, j))) / std::max(slowest, 1e-9));
    }
  plot.without = "none";
  return plot;
}

void draw_plane_picture(Program& program, const PlaneRun& r) {
  MapPlot plot = picture_of(r.slice, "Basins of a network on 10 points of the plane, 3 x 32, tanh");
  plot.x_label = "x_1";
  plot.y_label = "x_2";
  Series at{.name = "attractors", .x = {}, .y = {}, .style = Series::Style::stars};
  for (const Attractor<S>& a : r.slice.map.attractors) {
    plot.names.push_back(text("basin ", plot.names.size() + 1));
    at.x.push_back(a.points(0, 0));
    at.y.push_back(a.points(1, 0));
  }
  Series points{.name = "examples", .x = {}, .y = {}, .style = Series::Style::points};
  for (Index j = 0; j < r.points.cols(); ++j) {
    points.x.push_back(r.points(0, j));
    points.y.push_back(r.points(1, j));
  }
  plot.series = {points, at};
  program.draw(
      plot, "basins_plane.png",
      "Where starts end, cell by cell; darker where the fate takes longer to be certain (steps of f, on a "
      "logarithmic scale).");
}

void draw_slice(Program& program, const Run& r, const std::string& data) {
  if (r.slices.empty()) return;
  const Slice<S>& s = r.slices.front();
  MapPlot plot = picture_of(s, text("A plane through the attractors of three images of ", data, ", 7 x 128"));
  plot.x_label = "distance along the line through the first two";
  plot.y_label = "distance from it";
  Series at{.name = "the three attractors", .x = {}, .y = {}, .style = Series::Style::stars};
  for (std::size_t k = 0; k < 3; ++k) {
    const Vec<double> c = s.plane.coordinates(s.map.attractors[k].points.col(0));
    at.x.push_back(c[0]);
    at.y.push_back(c[1]);
  }
  for (std::size_t k = 0; k < s.map.attractors.size(); ++k)
    plot.names.push_back(k < static_cast<std::size_t>(r.of_examples)
                             ? text("image ", r.example[k] + 1)
                             : text("other ", static_cast<Index>(k) - r.of_examples + 1));
  plot.series = {at};
  program.draw(
      plot, "basins_slice.png",
      "Where the starts of a plane in 784 dimensions end. Distances are those of the space; darker where the "
      "fate takes longer to be certain.");
}

void draw_edges(Program& program, const ImageData& data, const Run& r) {
  ImageTable table(text("Edge states between images of ", data.name), data.train.shape,
                   {"on one side", "edge state", "on the other", "unstable\ndirection"});
  Index rows = 0;
  for (const EdgeState<S>& e : r.edges) {
    if (!e.found || rows == 8) continue;
    const auto end = [&](Index id) -> Vec<S> {
      return id < 1 ? Vec<S>(Vec<S>::Ones(e.point.x.size()))
                    : Vec<S>(r.attractors[static_cast<std::size_t>(id - 1)].points.col(0));
    };
    Mat<S> row(e.point.x.size(), 4);
    row << end(e.side_a), e.point.x, end(e.side_b),
        (0.5 + 0.5 * e.direction.array() / e.direction.cwiseAbs().maxCoeff()).matrix();
    table.add_row(text("multiplier ", number(e.multiplier)), row);
    ++rows;
  }
  if (rows > 0)
    program.draw(
        table, "basins_edges.png",
        "Between two attractors the saddle on the edge of their basins, and the direction in which it is "
        "unstable (grey: 0), by whose sign a start beside it ends at the one or the other.");
}

void draw_shares(Program& program, const Run& r) {
  LinePlot plot;
  plot.title = "Shares of starts by attractor, 7 x 128";
  plot.x_label = text("attractor (1 to ", r.of_examples, ": of a training image)");
  plot.y_label = "share of the starts";
  for (const Shares& s : r.shares) {
    Series series{.name = s.name, .x = {}, .y = {}, .style = Series::Style::line_points};
    for (const BasinFraction& b : s.fractions.basins) {
      series.x.push_back(static_cast<double>(b.id));
      series.y.push_back(b.fraction);
      series.low.push_back(b.interval.low);
      series.high.push_back(b.interval.high);
    }
    plot.series.push_back(std::move(series));
  }
  program.draw(
      plot, "basins_shares.png",
      "The share of each basin for each distribution of starts, with intervals that hold together with 95%.");
}

void body(Program& program) {
  const ImageData data = program.images();
  const Study s = study(program, data);
  if (s.images.empty()) return;
  draw_shares(program, s.images.front());
  draw_edges(program, data, s.images.front());
  draw_slice(program, s.images.front(), data.name);
  draw_plane_picture(program, s.planes.front());
  claim_attractors(program, s.images);
  claim_shares(program, s.images);
  claim_edges(program, s.images);
  claim_reach(program, s.images);
  claim_plane(program, s.planes);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("basins",
                     "Basins of an autoencoder on images: how large, how far, and what is on their edges",
                     {.quick = 1, .full = 3}, argc, argv, body);
}
