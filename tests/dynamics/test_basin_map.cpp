// Fates of starts, balls, and the shares of basins.
#include "basin/dynamics/basin_map.hpp"

#include <Eigen/LU>
#include <cmath>

#include "basin/certify/certified_ball.hpp"
#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/data/start_distribution.hpp"
#include "basin/dynamics/basin_fractions.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
#include "support/small_maps.hpp"

using namespace basin;

namespace {

constexpr double root = 0.9575040240772688;  // of tanh(2 x) = x

/// The fixed points of tanh(2x) in each of d coordinates, found.
template <class S>
std::vector<Attractor<S>> corners(const Model<TanhNet<S>>& f, Index d) {
  const Mat<S> starts = uniform_box<S>(d, -1, 1, 1).first(40 * d);
  return attractors_of(find_fixed_points(f, starts));
}

/// Iterates every start to its end and takes the nearest attractor within a thousandth.
template <class S, Layer F>
std::vector<Index> by_iteration(const Model<F>& f, const std::vector<Attractor<S>>& attractors,
                                const Mat<S>& starts) {
  const Orbit<S> o = orbit(f, starts, {.max_steps = 20000, .relative_tolerance = 1e-12, .bound = 1e6});
  std::vector<Index> id;
  for (Index j = 0; j < starts.cols(); ++j) {
    Index best = -1;
    for (std::size_t k = 0; k < attractors.size(); ++k)
      for (Index i = 0; i < attractors[k].period(); ++i)
        if ((o.x.col(j) - attractors[k].points.col(i)).norm() < 1e-3) best = static_cast<Index>(k) + 1;
    id.push_back(best);
  }
  return id;
}

}  // namespace

TEST_CASE("the basins of (tanh 2x, y / 2) have halves of the starts, and all are certain early",
          "[dynamics]") {
  const auto f = tanh_and_half<double>();
  Mat<double> points(2, 2);
  points << root, -root, 0, 0;
  std::vector<Attractor<double>> attractors(2);
  for (std::size_t k = 0; k < 2; ++k) attractors[k].points = points.col(static_cast<Index>(k));
  const auto balls = measure_balls(f, attractors);
  for (const MeasuredBall& b : balls) {
    CHECK(b.radius > 0.2);
    CHECK(b.sphere <= 0.49 * 2 * root);
    CHECK(b.radius == b.sphere / 2);
    CHECK(b.starts > 100);
  }
  const auto starts = uniform_box<double>(2, -2, 2, 3);
  const auto map = basin_map(f, attractors, starts, 4000);
  const Mat<double> x = starts.first(4000);
  for (Index j = 0; j < 4000; ++j) CHECK(map.id[static_cast<std::size_t>(j)] == (x(0, j) > 0 ? 1 : 2));
  CHECK(map.count(Decision::measured_ball) == 4000);
  const BasinFractions shares = basin_fractions(map);
  CHECK(shares.sum() == Approx(1).epsilon(1e-14));
  CHECK(shares.lost.count == 0);
  for (const BasinFraction& b : shares.basins) {
    CHECK(b.interval.low < 0.5);
    CHECK(b.interval.high > 0.5);
    CHECK(b.interval.high - b.interval.low == Approx(2 * 1.96 * std::sqrt(0.25 / 4000)).epsilon(0.01));
  }
  // Without balls the same ids, at the end of orbits, much later.
  for (Attractor<double>& a : attractors) a.radius = 0;
  const auto late = basin_map(f, attractors, starts, 4000);
  CHECK(late.id == map.id);
  CHECK(late.count(Decision::end_of_orbit) == 4000);
  CHECK(late.evaluations() > 4 * map.evaluations());
}

TEST_CASE("a start is stopped at the first step that is inside a ball, and no other", "[dynamics]") {
  // x / 2 from 1: inside .3 after two steps (.25), after one (.5) not; a start inside takes no step.
  const Model f(Affine<double>(Mat<double>{{0.5}}, Vec<double>::Zero(1)), Vec<double>(0));
  std::vector<Attractor<double>> attractors(1);
  attractors[0].points = Mat<double>{{0}};
  attractors[0].radius = 0.3;
  const auto map = basin_map(f, attractors, Mat<double>{{1, 0.3, 0.5, -1.3, 0.30001}});
  CHECK(map.steps == std::vector<Index>{2, 0, 1, 3, 1});
  CHECK(map.id == std::vector<Index>{1, 1, 1, 1, 1});
  attractors[0].certified = true;
  CHECK(basin_map(f, attractors, Mat<double>{{1}}).decision[0] == Decision::certified_ball);
  CHECK(basin_map(f, attractors, Mat<double>(1, 0)).size() == 0);
  CHECK(basin_map(f, attractors, Mat<double>{{1}}, {.fates = {.max_steps = 1}}).fate[0] == Fate::moving);
}

TEST_CASE("an ellipsoid decides where the 2-norm ball does not", "[dynamics]") {
  // |T v| with T = I + e1 (1) e1': 2 |v_1| and |v_2|.
  const Model f(Affine<double>(Mat<double>(0.9 * Mat<double>::Identity(2, 2)), Vec<double>::Zero(2)),
                Vec<double>(0));
  std::vector<Attractor<double>> attractors(1);
  Attractor<double>& a = attractors[0];
  a.points = Mat<double>::Zero(2, 1);
  a.radius = 0.5;
  a.ellipsoid = 1;
  a.Q = Mat<double>{{1}, {0}};
  a.t = Vec<double>::Ones(1);
  const auto map = basin_map(f, attractors, Mat<double>{{0, 0.51, 0.3, 0}, {0.99, 0, 0.8, 1.01}});
  CHECK(map.steps == std::vector<Index>{0, 1, 0, 1});
}

TEST_CASE("what is lost is told apart", "[dynamics]") {
  // tanh(2 x) in the first coordinate, 3 y in the second: y = 0 stays, all else diverges.
  const auto f = tanh_and_linear<double>(3);
  std::vector<Attractor<double>> attractors(1);
  attractors[0].points = Mat<double>{{root}, {0}};
  attractors[0].radius = 0.05;
  const Mat<double> x{{0.5, 0.5, -0.5, 1e-9, NAN}, {0, 0.1, 0, 0, 0}};
  const auto map = basin_map(f, attractors, x, {.fates = {.max_steps = 25}});
  CHECK(map.fate ==
        std::vector<Fate>{Fate::arrived, Fate::diverged, Fate::elsewhere, Fate::moving, Fate::diverged});
  CHECK(map.id == std::vector<Index>{1, -1, -1, -1, -1});
  const BasinFractions shares = basin_fractions(map);
  CHECK(shares.lost.fraction == 0.8);
  CHECK(shares.diverged == 2);
  CHECK(shares.elsewhere == 1);
  CHECK(shares.moving == 1);
  CHECK(shares.sum() == Approx(1));
}

TEST_CASE("four corners, found by the map itself from none", "[dynamics]") {
  const auto f = tanh_of_2x<double>(2);
  const auto map =
      basin_map(f, {}, uniform_box<double>(2, -2, 2, 5), 6000, {.find_new = true, .block = 1000});
  REQUIRE(map.found() == 4);
  CHECK(map.shrunk.empty());
  const BasinFractions shares = basin_fractions(map, {.hold = IntervalsHold::together});
  for (const BasinFraction& b : shares.basins) {
    CHECK(b.interval.low < 0.25);
    CHECK(b.interval.high > 0.25);
  }
  for (const Attractor<double>& a : map.attractors) {
    CHECK((a.points.cwiseAbs().array() - root).abs().maxCoeff() < 1e-12);
    CHECK(a.radius > 0.1);
  }
  // From the second block on nearly all are decided by balls.
  CHECK(map.count(Decision::end_of_orbit) <= 1000);
  const Mat<double> x = uniform_box<double>(2, -2, 2, 5).first(6000);
  for (Index j = 0; j < x.cols(); ++j) {
    const auto& p = map.attractors[static_cast<std::size_t>(map.id[static_cast<std::size_t>(j)] - 1)].points;
    CHECK((p.array() * x.col(j).array() > 0).all());
  }
}

TEST_CASE("a cycle is found, and its starts arrive at it", "[dynamics]") {
  // -tanh(2 x): the cycle -root, root; 0 repels.
  const Chain net(Dense<double>(1, 1, false), Pointwise<double, Tanh>(1));
  const Model f(net, Vec<double>{{-2}});
  const auto starts = uniform_box<double>(1, -2, 2, 4);
  const auto map =
      basin_map(f, {}, starts, 100, {.fates = {.max_steps = 300}, .find_new = true, .block = 10});
  REQUIRE(map.found() == 1);
  CHECK(map.attractors[0].period() == 2);
  CHECK(map.attractors[0].radius > 0.1);
  CHECK(map.count_id(1) == 100);
  CHECK(map.count(Decision::measured_ball) >= 90);
  CHECK(basin_map(f, {}, starts, 10, {.fates = {.max_steps = 300}, .find_new = true, .longest_cycle = 1})
            .count(Fate::moving) == 10);
}

TEST_CASE("the map agrees with iterating all starts to the end, in double and float", "[dynamics]") {
  const auto check = [](auto scalar) {
    using S = decltype(scalar);
    for (const int seed : {1, 2, 3}) {
      // A random network with large weights: several attractors.
      const auto net = fully_connected<S>(3, 12, 2, Tanh{});
      Random random(static_cast<std::uint64_t>(seed));
      Vec<S> theta(net.param_size());
      for (S& entry : theta) entry = static_cast<S>(random.normal(0, 0.55));
      const Model f(net, theta);
      const Mat<S> starts = normal_everywhere<S>(3, 0, 2, 7).first(500);
      auto attractors = attractors_of(find_fixed_points(f, starts));
      if (attractors.empty()) continue;
      const std::vector<MeasuredBall> balls = measure_balls(f, attractors);
      const auto map = basin_map(f, attractors, starts, {.fates = {.max_steps = 20000}});
      CHECK(map.id == by_iteration(f, attractors, starts));
      CHECK(map.count(Decision::measured_ball) > 0);
    }
  };
  check(0.);
  check(0.f);
}

TEST_CASE("fates have the same bits for any number of threads and sizes of blocks", "[dynamics]") {
  const auto f = tanh_of_2x<double>(2);
  auto attractors = corners(f, 2);
  const auto starts = uniform_box<double>(2, -2, 2, 9);
  const auto run = [&](int threads, Index block, bool find_new) {
    set_num_threads(threads);
    auto own = attractors;
    (void)measure_balls(f, own);
    if (find_new) own.clear();
    auto map = basin_map(f, own, starts, 3000, {.find_new = find_new, .block = block});
    set_num_threads(0);
    return map;
  };
  const auto one = run(1, 4096, false), two = run(2, 4096, false), small = run(2, 100, false);
  CHECK(one.id == two.id);
  CHECK(one.steps == two.steps);
  CHECK(one.id == small.id);
  CHECK(one.steps == small.steps);
  const auto found = run(1, 500, true), also = run(2, 500, true);
  CHECK(found.id == also.id);
  CHECK(found.steps == also.steps);
  REQUIRE(found.attractors.size() == also.attractors.size());
  for (std::size_t k = 0; k < found.attractors.size(); ++k) {
    CHECK(found.attractors[k].points == also.attractors[k].points);
    CHECK(found.attractors[k].radius == also.attractors[k].radius);
  }
}

namespace {

/// x -> B tanh(1.5 tanh(2 B'x)) + b with k orthonormal columns B in n dimensions, and noise on all weights:
/// about 2^k attractors.
template <class S>
Model<FullyConnected<S, Tanh>> narrow_network(Index n, Index k, int seed) {
  const auto net = fully_connected<S>(n, k, 2, Tanh{});
  const Mat<double> B = detail::orthonormal(random_matrix<double>(n, k, seed), 0);
  Vec<double> theta = 0.05 * random_matrix<double>(net.param_size(), 1, seed + 1);
  theta.head(n * k) += 2 * B.transpose().reshaped();
  theta.segment(n * k + k, k * k) += 1.5 * Mat<double>::Identity(k, k).reshaped();
  theta.segment(net.param_size() - n - n * k, n * k) += B.reshaped();
  return Model(net, Vec<S>(theta.cast<S>()));
}

}  // namespace

TEST_CASE("in coordinates of its range a narrow network is the same map, at the same distances",
          "[dynamics]") {
  const auto range_of = [](const auto& f) { return detail::range_map<double>(detail::by_calls(f)); };
  const auto f = narrow_network<double>(40, 5, 1);
  const auto range = range_of(f);
  REQUIRE(range);
  const Mat<double>& Q = range->Q;
  REQUIRE(Q.cols() == 6);  // W and b
  CHECK((Q.transpose() * Q - Mat<double>::Identity(6, 6)).norm() < 1e-14);
  const Mat<double> y = normal_everywhere<double>(6, 0, 3, 2).first(20);
  const Mat<double> there = f(Mat<double>(Q * y)), here = range->g()(y);
  CHECK((Q * here - there).norm() < 1e-13 * there.norm());
  CHECK((here.col(0) - here.col(1)).norm() == Approx((there.col(0) - there.col(1)).norm()).epsilon(1e-12));
  // A bias within the span of W, or none, adds no dimension; weights of any size have a range.
  auto g = f;
  g.theta.tail(40) = g.theta.segment(g.theta.size() - 80, 40);
  CHECK(range_of(g)->Q.cols() == 5);
  g.theta.tail(40).setZero();
  CHECK(range_of(g)->Q.cols() == 5);
  g.theta.tail(40 * 6) *= 1e-200;
  CHECK(range_of(g)->Q.cols() == 5);
  // Nothing is gained, nothing is there, or nothing is known.
  CHECK_FALSE(range_of(narrow_network<double>(12, 6, 1)));
  CHECK(range_of(narrow_network<double>(14, 6, 1)));
  CHECK_FALSE(range_of(tanh_of_2x<double>(2)));
  g.theta.tail(40 * 6).setZero();
  CHECK_FALSE(range_of(g));
  g.theta[0] = NAN;
  CHECK_FALSE(range_of(g));
}

TEST_CASE("fates in coordinates of the range are those of the whole space, step by step", "[dynamics]") {
  const auto check = [](auto scalar, Index most_different) {
    using S = decltype(scalar);
    Index decided = 0;
    for (const int seed : {1, 2}) {
      const auto f = narrow_network<S>(40, 3, seed);
      const auto starts = normal_everywhere<S>(40, 0, 1, 7);
      auto attractors = attractors_of(find_fixed_points(f, starts.first(60)));
      CHECK(attractors.size() > 4);
      (void)measure_balls(f, attractors, {.random = 8, .row_space = 8, .stretched = 2});
      const auto map = [&](const auto& given, bool narrow) {
        return basin_map(f, given, starts, 300, {.fates = {.max_steps = 300}, .narrow = narrow});
      };
      const auto same = [&](const auto& given) {
        const auto whole = map(given, false), within = map(given, true);
        Index different = 0;
        for (std::size_t j = 0; j < 300; ++j) {
          different += whole.id[j] != within.id[j] || whole.fate[j] != within.fate[j] ||
                       whole.decision[j] != within.decision[j];
          if (whole.decision[j] == Decision::measured_ball) different += whole.steps[j] != within.steps[j];
        }
        CHECK(different <= most_different);
        decided += whole.count(Fate::arrived);
      };
      same(attractors);
      // An ellipsoid, whose axes are not of the range.
      for (Attractor<S>& a : attractors) {
        a.ellipsoid = 1.5 * a.radius;
        a.radius = 0.1 * a.radius;
        a.Q = random_directions(40, 2, 11);
        a.Q.col(1) = (a.Q.col(1) - a.Q.col(0).dot(a.Q.col(1)) * a.Q.col(0)).normalized();
        a.t = Vec<double>{{8, 3}};
      }
      (void)separate_balls(attractors);
      same(attractors);
      // A point that is no value of f: the whole space is taken, to the bit.
      attractors[0].points.array() += S(0.01);
      CHECK(map(attractors, false).steps == map(attractors, true).steps);
    }
    CHECK(decided > 900);
  };
  check(0., 0);
  check(0.f, 3);  // rounding moves a step across the edge of a ball
}

TEST_CASE("where starts end is known in the whole space, however they were followed", "[dynamics]") {
  const auto f = narrow_network<double>(40, 3, 2);
  const auto starts = normal_everywhere<double>(40, 0, 1, 7);
  const auto map = [&](bool narrow) {
    return basin_map(f, {}, starts, 200,
                     {.fates = {.max_steps = 300}, .find_new = true, .block = 100, .narrow = narrow});
  };
  const auto whole = map(false), within = map(true);
  REQUIRE(within.found() > 0);
  REQUIRE(within.found() == whole.found());
  for (std::size_t k = 0; k < whole.attractors.size(); ++k) {
    const Mat<double>& x = within.attractors[k].points;
    CHECK((x - whole.attractors[k].points).norm() < 1e-9 * x.norm());
  }
  CHECK(within.id == whole.id);
}

TEST_CASE("balls that overlap are refused, or made smaller", "[dynamics]") {
  const auto f = tanh_and_half<double>();
  std::vector<Attractor<double>> attractors(2);
  attractors[0].points = Mat<double>{{root}, {0}};
  attractors[1].points = Mat<double>{{-root}, {0}};
  attractors[0].radius = 1.5;
  attractors[1].radius = 0.5;
  const Mat<double> x = Mat<double>::Zero(2, 1);
  CHECK(contains(error_of([&] { (void)basin_map(f, attractors, x); }),
                 "the balls of attractors 1 and 2 overlap"));
  CHECK(separate_balls(attractors) == std::vector<Index>{0});
  CHECK(attractors[0].radius == Approx(0.49 * 2 * root));
  CHECK(attractors[1].radius == 0.5);
  CHECK(basin_map(f, attractors, x).size() == 1);
  attractors[1].certified = true;
  attractors[0].radius = 1.5;
  CHECK(separate_balls(attractors) == std::vector<Index>{0});
  CHECK(attractors[0].radius == Approx(0.99 * (2 * root - 0.5)));
  attractors[1].points = attractors[0].points;
  CHECK(contains(error_of([&] { (void)separate_balls(attractors); }), "have a point in common"));
  CHECK(contains(error_of([&] { (void)basin_map(f, attractors, x); }), "overlap"));
  attractors[1].points = Mat<double>(3, 1);
  CHECK(contains(error_of([&] { (void)basin_map(f, attractors, x); }), "attractor 2 has 3 x 1"));
  CHECK(contains(error_of([&] { (void)basin_map(f, {}, Mat<double>(3, 1)); }), "starts has 3 rows"));
  CHECK(contains(error_of([&] { (void)basin_map(f, {}, x, {.block = 0}); }), "block must be >= 1, got 0"));
}

TEST_CASE("a measured ball stays inside of the basin", "[dynamics]") {
  // The basin of root is x > 0: at 2-norm distance root; the largest sphere that may come back is smaller.
  const auto f = tanh_and_half<double>();
  Attractor<double> a;
  a.points = Mat<double>{{root}, {0}};
  const MeasuredBall b = measured_ball(f, a, {.first = 0.01, .largest = 100});
  CHECK(b.sphere < root);
  CHECK(b.sphere >= root / 2);
  CHECK(b.escaped >= root);
  CHECK(b.escaped == 2 * b.sphere);
  // At a point that repels no ball is found.
  a.points.setZero();
  const MeasuredBall none = measured_ball(f, a);
  CHECK(none.radius == 0);
  CHECK(none.spheres == 4);
  CHECK_FALSE(none.slow);
}

TEST_CASE("certified balls decide with the radius of the certificate", "[dynamics]") {
  const auto f = tanh_of_2x<double>(2);
  std::vector<Attractor<double>> attractors = corners(f, 2);
  REQUIRE(attractors.size() == 4);
  for (Attractor<double>& a : attractors) {
    const Certificate c = certify_attractor(f, a.points.col(0));
    REQUIRE(c.verified);
    a = with_certificate(a, c);
    CHECK(a.certified);
    CHECK(a.radius <= c.radius_2norm);
    CHECK(a.radius > 0.99 * c.radius_2norm);
  }
  CHECK(measure_balls(f, attractors)[0].spheres == 0);  // they are left as they are
  const auto starts = uniform_box<double>(2, -2, 2, 5);
  const auto map = basin_map(f, attractors, starts, 500);
  CHECK(map.count(Decision::certified_ball) == 500);
  CHECK(map.id == by_iteration<double>(f, attractors, starts.first(500)));
  Certificate other = certify_attractor(f, attractors[0].points.col(0));
  CHECK(contains(error_of([&] { (void)with_certificate(attractors[1], other); }),
                 "from the centre of the certificate"));
  other.verified = false;
  CHECK(contains(error_of([&] { (void)with_certificate(attractors[0], other); }), "not verified"));
}

TEST_CASE("Goodman's intervals against the formula of the paper", "[core]") {
  // (A + 2 n_i -+ sqrt(A (A + 4 n_i (N - n_i) / N))) / (2 (N + A)), A the upper .05 / 3 point of chi^2 with 1
  // degree of freedom, 5.731.
  const std::vector<Index> counts = {56, 72, 22};
  const auto intervals = goodman_intervals(counts);
  const double A = 5.7310, N = 150;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto n = static_cast<double>(counts[i]);
    const double half = std::sqrt(A * (A + 4 * n * (N - n) / N));
    CHECK(intervals[i].low == Approx((A + 2 * n - half) / (2 * (N + A))).epsilon(1e-4));
    CHECK(intervals[i].high == Approx((A + 2 * n + half) / (2 * (N + A))).epsilon(1e-4));
  }
  CHECK(intervals[0].low == Approx(0.28509).epsilon(1e-4));
  CHECK(contains(error_of([] { (void)goodman_intervals({}); }), "at least one number"));
  CHECK(contains(error_of([] { (void)goodman_intervals({1}, 1); }), "between 0 and 1, got 1"));
  CHECK(contains(error_of([] { (void)basin_fractions({1, 3}, 2); }), "got 3"));
}

TEST_CASE("starts are the same in blocks of any size", "[data]") {
  const Mat<double> X{{1, 2, 3}, {4, 5, 6}};
  const auto check = [](const StartDistribution<double>& d, Index count) {
    const Mat<double> whole = d.first(count);
    for (Index j = 0; j < count; ++j) CHECK(d(ColumnRange{j, 1}) == whole.col(j));
    CHECK((whole.col(0) - whole.col(1)).norm() > 0);
  };
  check(uniform_box<double>(2, -1, 3, 1), 9);
  check(normal_everywhere<double>(2, 1, 2, 1), 9);
  check(around_examples(X, 0.1, 1), 9);
  check(given_starts(X), 3);
  CHECK(given_starts(X).first(3) == X);
  CHECK(uniform_box<double>(2, -1, 3, 1).name == "uniform on [-1, 3)");
  const Mat<double> many = normal_everywhere<double>(2, 1, 2, 1).first(20000);
  CHECK(many.mean() == Approx(1).margin(0.04));
  CHECK((many.array() - 1).square().mean() == Approx(4).epsilon(0.03));
  const Mat<double> box = uniform_box<double>(Vec<double>{{0, 10}}, Vec<double>{{1, 14}}, 2).first(20000);
  CHECK(box.row(1).minCoeff() >= 10);
  CHECK(box.row(1).maxCoeff() < 14);
  CHECK(box.row(1).mean() == Approx(12).epsilon(0.01));
  CHECK(contains(error_of([&] { (void)given_starts(X).first(4); }),
                 "starts 0 to 4 of images, of which there are 3"));
}
