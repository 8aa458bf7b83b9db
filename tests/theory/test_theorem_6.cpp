// Theorems 6 and 7: the network, its error, its attractors, and how many units it takes.
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/grid.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

Mat<double> uniform_points(Index d, Index n, std::uint64_t seed) {
  Random random(seed);
  Mat<double> X(d, n);
  for (double& x : X.reshaped()) x = random.uniform(0.02, 0.98);
  return X;
}
Mat<double> line(Index count) { return Vec<double>::LinSpaced(count, 0, 1).transpose(); }
Index units(const Model<ReluNet>& f) { return f.layer.child<0>().out_size(); }
Index attracting(const PiecewiseLinearMap& f) {
  Index count = 0;
  for (const FixedPoint1d& p : f.fixed_points()) count += p.attracting() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("piecewise linear maps: values, fixed points on pieces and at knots", "[theory]") {
  const PiecewiseLinearMap f({1, 2, 4}, {3, 2, 0}, -0.5, 3);
  CHECK(f(0) == 3.5);
  CHECK(f(1) == 3);
  CHECK(f(1.5) == 2.5);
  CHECK(f(3) == 1);
  CHECK(f(5) == 3);
  const auto p = f.fixed_points();
  REQUIRE(p.size() == 2);
  CHECK(p[0].x == 2);  // a knot
  CHECK(p[0].left_slope == -1);
  CHECK(p[0].right_slope == -1);
  CHECK(!p[0].attracting());
  CHECK(p[1].x == 6);
  CHECK(p[1].left_slope == 3);
  CHECK(FixedPoint1d{0, -3, -0.25}.attracting());  // the two sides take turns
  CHECK(!FixedPoint1d{0, -3, -0.5}.attracting());
  CHECK(FixedPoint1d{0, -3, 0.5}.attracting());
  CHECK(!FixedPoint1d{0, 1, 0.5}.attracting());
  CHECK(PiecewiseLinearMap({0, 1}, {0, 1}, 0.5, 0.5).fixed_points().size() ==
        2);  // the ends of a piece of x = f(x)
  CHECK(contains(error_of([] { PiecewiseLinearMap({}, {}, 0, 0); }), "at least one knot"));
  CHECK(contains(error_of([] { PiecewiseLinearMap({1, 1}, {0, 0}, 0, 0); }), "ascending, got 1 before 1"));
  CHECK(contains(error_of([] { PiecewiseLinearMap({1}, {0, 0}, 0, 0); }), "1 knots and 2 values"));
  CHECK(contains(error_of([] { PiecewiseLinearMap({1}, {0}, 0, HUGE_VAL); }),
                 "finite knots, values and slopes"));
}

TEST_CASE("Theorem 6 on the line: 2n + 1 units, error, and every start", "[theory]") {
  for (const Index n : {1, 2, 3, 6, 12}) {
    const Mat<double> X = uniform_points(1, n, static_cast<std::uint64_t>(n));
    const double delta = corrected_delta(row_values(X, 0));
    for (const double epsilon : {0.4 * delta, delta, 1.}) {
      const auto f = interpolating_autoencoder(X, epsilon);
      CHECK(units(f) == 2 * n + 1);
      CHECK((f(X) - X).cwiseAbs().maxCoeff() < 1e-14);
      const double used = std::min(epsilon, delta);
      const double error = (f(line(200001)) - line(200001)).cwiseAbs().maxCoeff();
      CHECK(error <= used + 1e-14);
      CHECK(error >= 0.98 * used);
      for (Index i = 0; i < n; ++i) CHECK(std::abs(jacobian(f, X.col(i))(0, 0) - (1 - used / delta)) < 1e-11);
    }
    // The exact map has the examples as attractors, and one repelling point between two of them besides 0 and
    // 1.
    const PiecewiseLinearMap exact = plateau_map(row_values(X, 0), 0.4 * delta);
    const auto fixed = exact.fixed_points();
    CHECK(attracting(exact) == n);
    CHECK(static_cast<Index>(fixed.size()) == 2 * n + 1);
    CHECK(*std::max_element(exact.slopes().begin(), exact.slopes().end()) <= 2);
    const std::vector<double> x = ascending_points(row_values(X, 0));
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(std::abs(fixed[2 * i + 1].x - x[i]) < 1e-14);
      if (i > 0) CHECK(std::abs(fixed[2 * i].x - (x[i - 1] + x[i]) / 2) < 1e-13);
    }
    // Network and map agree; starts between repelling points end at the example in between.
    const auto f = interpolating_autoencoder(X, 0.4 * delta);
    const Mat<double> starts = line(20001);
    const Orbit<double> o = orbit(f, starts, {.max_steps = 20000, .tolerance = 1e-14});
    const Mat<double> y = f(starts);
    Index wrong = 0;
    double difference = 0;
    for (Index j = 0; j < starts.cols(); ++j) {
      const double s = starts(0, j);
      difference = std::max(difference, std::abs(y(0, j) - exact(s)));
      bool repelling = false;
      double goal = 0;
      for (const FixedPoint1d& p : fixed)
        repelling = repelling || (!p.attracting() && std::abs(p.x - s) < 1e-12);
      for (std::size_t i = 0; i < x.size(); ++i)
        if (s > fixed[2 * i].x && s < fixed[2 * i + 2].x) goal = x[i];
      if (!repelling && std::abs(o.x(0, j) - goal) > 1e-11) ++wrong;
    }
    CHECK(difference < 1e-13);
    CHECK(wrong == 0);
  }
}

TEST_CASE("the printed delta breaks where it meets an end of the interval", "[theory]") {
  const std::vector<double> x = {.01, .5, .9};  // delta = .1: x_1 - delta = -.09, x_n + delta = 1
  CHECK(std::abs(printed_delta(x) - 0.1) < 1e-15);
  CHECK(std::abs(corrected_delta(x) - 0.0025) < 1e-15);
  CHECK(contains(error_of([&] { (void)plateau_map(x, 0.04, printed_delta(x)); }),
                 "finite knots, values and slopes"));
  CHECK(error_of([&] { (void)plateau_map(x, 0.0025, corrected_delta(x)); }).empty());
  CHECK(contains(error_of([] { (void)plateau_map({0.125, 0.625}, 0.05, 0.125); }), "finite"));  // x_1 = delta
  CHECK(printed_delta({0.3}) == HUGE_VAL);  // one point has no gap
  CHECK(std::abs(corrected_delta({0.3}) - 0.075) < 1e-16);
  // Where x_1 - delta < 0 without a division by zero, the printed map does its work on [0, 1], but f(0) is
  // not 0.
  const PiecewiseLinearMap inside = plateau_map({.01, .5, .8}, 0.04, printed_delta({.01, .5, .8}));
  CHECK(attracting(inside) == 3);
  CHECK(inside(0) > 1e-3);
  for (int k = 0; k <= 1000; ++k) CHECK(std::abs(inside(k / 1000.) - k / 1000.) <= 0.04 + 1e-15);
  // Only x_1 = delta and x_n + delta = 1 break it: sets whose plateaus reach over an end attract all the
  // same.
  Index over_an_end = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<double> points = ascending_points(row_values(uniform_points(1, 3, 100 + seed), 0));
    const double delta = printed_delta(points), epsilon = 0.4 * delta;
    over_an_end += points.front() < delta || points.back() + delta > 1 ? 1 : 0;
    const PiecewiseLinearMap f = plateau_map(points, epsilon, delta);
    REQUIRE(attracting(f) == 3);
    for (int k = 0; k <= 100; ++k) REQUIRE(std::abs(f(k / 100.) - k / 100.) <= epsilon * (1 + 1e-12));
    for (const double point : points) REQUIRE(std::abs(f(point) - point) < 1e-15);
  }
  CHECK(over_an_end >= 20);
  const auto net = coordinatewise_net({inside});
  for (const double s : {0., 0.05, 0.3, 1.})
    CHECK(std::abs(net(Mat<double>::Constant(1, 1, s))(0, 0) - inside(s)) < 1e-14);

  CHECK(contains(error_of([] { (void)plateau_map({0.5}, 0.2, 0.1); }),
                 "epsilon must be in (0, delta = 0.1], got 0.2"));
  CHECK(contains(error_of([] { (void)plateau_map({1.0}, 0.2); }), "points must lie in (0, 1), got 1"));
  CHECK(contains(error_of([] { (void)ascending_points({}); }), "at least one point"));
  CHECK(contains(error_of([] { (void)interpolating_autoencoder(Mat<double>(0, 1), 1); }),
                 "X must not be empty, got 0 x 1"));
  CHECK(contains(error_of([] { (void)interpolating_autoencoder(Mat<double>::Constant(1, 1, .5), 0); }),
                 "epsilon must be > 0, got 0"));
  CHECK(contains(error_of([] { (void)coordinatewise_net({}); }), "at least one map"));
}

TEST_CASE("n + 1 units are too few from n = 4 on", "[theory]") {
  // Every pattern of rising and falling pieces of f(x) - x: n attractors take 2 n - 2 knots, a unit gives one
  // knot at most.
  for (Index knots = 0; knots <= 11; ++knots) CHECK(most_attracting_fixed_points(knots) == knots / 2 + 1);
  for (const Index n : {1, 2, 3}) CHECK(most_attracting_fixed_points(n + 1) >= n);
  for (const Index n : {4, 5, 6, 7, 8}) CHECK(most_attracting_fixed_points(n + 1) < n);
  // Random maps never have more, and reach the bound.
  Random random(3);
  for (const Index knots : {1, 2, 3, 4, 5}) {
    Index most = 0;
    for (int trial = 0; trial < 20000; ++trial) {
      std::vector<double> t, v;
      for (Index j = 0; j < knots; ++j) t.push_back(random.uniform());
      std::sort(t.begin(), t.end());
      for (const double s : t) v.push_back(s + random.normal(0, 0.05));
      const PiecewiseLinearMap f(t, v, random.uniform(0, 1.2), random.uniform(0, 1.2));
      most = std::max(most, attracting(f));
    }
    CHECK(most == knots / 2 + 1);
  }
  CHECK(contains(error_of([] { (void)most_attracting_fixed_points(-1); }),
                 "knots must be from 0 to 14, got -1"));
  // The bound is attained: 2 n - 2 knots for any points, 2 n - 1 units with the slope at 0.
  for (const Index n : {1, 2, 4, 9}) {
    const std::vector<double> x = row_values(uniform_points(1, n, 40 + static_cast<std::uint64_t>(n)), 0);
    const PiecewiseLinearMap f = zigzag_map(x, 0.01);
    CHECK(attracting(f) == n);
    const auto net = coordinatewise_net({f});
    CHECK(units(net) == 2 * n - 1);
    const Mat<double> grid = line(10001), X = Eigen::Map<const Mat<double>>(x.data(), 1, n);
    CHECK((net(grid) - grid).cwiseAbs().maxCoeff() < 0.01 + 1e-14);
    CHECK((net(X) - X).cwiseAbs().maxCoeff() < 1e-14);
    CHECK(static_cast<Index>(f.fixed_points().size()) == 2 * n - 1);
  }
  CHECK(contains(error_of([] { (void)zigzag_map({0.5}, 0); }), "epsilon must be > 0, got 0"));
}

TEST_CASE("four points of the plane take 10 units, in oblique coordinates", "[theory]") {
  constexpr Index n = 4, d = 2;
  Index sets = 0;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Mat<double> X = uniform_points(d, n, 300 + seed);
    // Rows of M annihilate x_1 - x_2 and x_3 - x_4; scaled and shifted so that the unit square goes into
    // (0, 1)^2.
    const Mat<double> along{{X(0, 1) - X(0, 0), X(0, 3) - X(0, 2)}, {X(1, 1) - X(1, 0), X(1, 3) - X(1, 2)}};
    Mat<double> M{{-along(1, 0), along(0, 0)}, {-along(1, 1), along(0, 1)}};
    Vec<double> shift(d);
    for (Index i = 0; i < d; ++i) {
      M.row(i) *= 0.9 / M.row(i).cwiseAbs().sum();
      shift[i] = 0.05 - M.row(i).cwiseMin(0).sum();
    }
    REQUIRE(std::abs(M.determinant()) > 1e-3);
    const Mat<double> back = M.inverse();
    Mat<double> U = (M * X).colwise() + shift;
    U(0, 1) = U(0, 0);  // equal but for rounding
    U(1, 3) = U(1, 2);
    const double epsilon = 0.01, inner = epsilon / (back.norm() * std::sqrt(2.));
    const Model<ReluNet> g =
        coordinatewise_net({zigzag_map(row_values(U, 0), inner), zigzag_map(row_values(U, 1), inner)});
    CHECK(units(g) == (n + 1) * d);
    // x -> M^-1 (g(M x + shift) - shift): the outer maps go into the network's own two.
    Model<ReluNet> f = g;
    const Index k = units(g), w1 = k * d, all = w1 + k;
    const Mat<double> W1 = g.theta.head(w1).reshaped(k, d), W2 = g.theta.segment(all, d * k).reshaped(d, k);
    const Vec<double> b1 = g.theta.segment(w1, k), b2 = g.theta.tail(d);
    f.theta << (W1 * M).reshaped(), b1 + W1 * shift, (back * W2).reshaped(), back * (b2 - shift);
    const Mat<double> square = bounding_grid<double>(Mat<double>{{0, 1}, {0, 1}}, 40);
    const bool close = (f(square) - square).colwise().norm().maxCoeff() <= epsilon + 1e-12;
    const bool fixed = (f(X) - X).cwiseAbs().maxCoeff() < 1e-13;
    bool attract = true;
    for (Index j = 0; j < n; ++j) {
      const Mat<double> J = M * jacobian(f, X.col(j)) * back;  // diagonal, with slopes 1 - alpha
      attract = attract && J.diagonal().minCoeff() > 0 && J.diagonal().maxCoeff() < 1 - 1e-6 &&
                std::max(std::abs(J(0, 1)), std::abs(J(1, 0))) < 1e-11;
    }
    sets += close && fixed && attract ? 1 : 0;
  }
  CHECK(sets == 24);
}

TEST_CASE("Theorem 6 in d dimensions: error in the 2-norm, repeated coordinates, n^d attractors",
          "[theory]") {
  Mat<double> X = uniform_points(3, 3, 5);
  X(2, 1) = X(2, 0);  // a repeated coordinate
  const double epsilon = 0.02;
  const auto f = interpolating_autoencoder(X, epsilon);
  CHECK(units(f) == 7 + 7 + 5);
  CHECK((f(X) - X).cwiseAbs().maxCoeff() < 1e-14);
  const Mat<double> corners = Mat<double>{{0, 1}, {0, 1}, {0, 1}};
  const Mat<double> starts = bounding_grid<double>(corners, 24);  // no face, no midpoint: 1/23 steps
  CHECK((f(starts) - starts).colwise().norm().maxCoeff() <= epsilon + 1e-14);

  const Mat<double> ends = mixed_attractors(X);
  REQUIRE(ends.cols() == 3 * 3 * 2);
  CHECK((f(ends) - ends).cwiseAbs().maxCoeff() < 1e-14);
  Mat<double> inner = starts;
  for (double& s : inner.reshaped()) s = 0.001 + 0.998 * s;  // away from the repelling faces
  const Orbit<double> o = orbit(f, inner, {.max_steps = 20000, .tolerance = 1e-13});
  const Recovery all = recovery(o.x, ends, {1e-9}).front(), examples = recovery(o.x, X, {1e-9}).front();
  CHECK(all.arrived == 1);
  CHECK(all.distinct == 18);
  CHECK(examples.recovered == 1);
  CHECK(examples.arrived < 0.6);  // most orbits end at a mix that nobody has shown
  for (Index k = 0; k < ends.cols(); ++k) {
    const Mat<double> J = jacobian(f, ends.col(k));
    CHECK((J - Mat<double>(J.diagonal().asDiagonal())).norm() == 0);
    CHECK(J.diagonal().cwiseAbs().maxCoeff() < 1);
  }
  CHECK(contains(error_of([] { (void)mixed_attractors(uniform_points(40, 3, 1)); }), "more than 2^24"));
}
