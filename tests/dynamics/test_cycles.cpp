// Cycles: refined, reduced to their least period, judged, and found by the orbits of many starts.
#include "basin/dynamics/cycles.hpp"

#include <Eigen/LU>
#include <cmath>
#include <limits>
#include <numbers>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/random.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/singular_values.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/dense.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/given_map.hpp"
#include "support/random_matrix.hpp"
#include "support/verdicts.hpp"

using namespace basin;

namespace {

/// The points of the logistic map's cycle of two, smaller first: of x^2 - (1 + 1/r) x + (1 + 1/r) / r = 0.
Vec<double> two_cycle(double r) {
  const double root = std::sqrt((r + 1) * (r - 3));
  return Vec<double>{{(r + 1 - root) / (2 * r), (r + 1 + root) / (2 * r)}};
}

/// x -> A x + b.
Model<Dense<double>> linear(const Mat<double>& A, const Vec<double>& b) {
  Model f(Dense<double>(A.cols(), A.rows()), Vec<double>(A.size() + b.size()));
  f.theta << A.reshaped(), b;
  return f;
}

/// A network trained on the cycle of the columns of X.
template <class S>
Model<FullyConnected<S>> encoder_of_cycle(const Mat<S>& X, const std::vector<Index>& lengths, Index width,
                                          Index hidden, double loss) {
  const auto net = fully_connected<S>(X.rows(), width, hidden);
  Model f(net, initial_values(net, initial::pytorch_default(), 3));
  Adam<S> adam({.learning_rate = 1e-3});
  const Mat<S> next = next_in_cycle(X, lengths);
  REQUIRE(fit(f, X, next, adam, {.max_epochs = 20000, .loss_below = loss}).status == FitStatus::converged);
  (void)check_verdicts(f, X);
  return f;
}

}  // namespace

TEST_CASE("next_in_cycle shifts each sequence by one", "[dynamics]") {
  const Mat<double> X{{1, 2, 3, 4, 5, 6}, {-1, -2, -3, -4, -5, -6}};
  CHECK(next_in_cycle(X) == Mat<double>{{2, 3, 4, 5, 6, 1}, {-2, -3, -4, -5, -6, -1}});
  CHECK(next_in_cycle(X, {3, 1, 2}) == Mat<double>{{2, 3, 1, 4, 6, 5}, {-2, -3, -1, -4, -6, -5}});
  CHECK(next_in_cycle(X.leftCols(0)).cols() == 0);
  CHECK(next_in_cycle(X.leftCols(1)) == X.leftCols(1));
  CHECK(contains(error_of([&] { (void)next_in_cycle(X, {3, 0, 3}); }), "lengths must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)next_in_cycle(X, {3, 2}); }), "lengths add up to 5, X has 6"));
  CHECK(contains(error_of([&] { (void)next_in_cycle(X, {3, 4}); }), "more than the 6 columns"));
  CHECK(contains(error_of([&] {
                   (void)next_in_cycle(X, {1, std::numeric_limits<Index>::max()});
                 }),
                 "more than the 6 columns"));
}

TEST_CASE("the multiplier of the logistic map's cycle of two is 4 + 2 r - r^2", "[dynamics]") {
  struct Case {
    double r;
    Stability kind;
  };
  for (const Case& c : {Case{3.2, Stability::attracting}, Case{3.4, Stability::attracting},
                        Case{3.6, Stability::unstable}, Case{4, Stability::unstable}}) {
    const Vec<double> exact = two_cycle(c.r);
    const auto cycle = refine_cycle(logistic(c.r), Mat<double>{{exact[0] - 0.03, exact[1] + 0.02}});
    REQUIRE(cycle.converged());
    REQUIRE(cycle.period() == 2);
    CHECK_FALSE(cycle.reduced());
    CHECK((cycle.points.transpose() - exact).norm() < 1e-14);
    REQUIRE(cycle.multipliers.size() == 1);
    CHECK(std::abs(cycle.multipliers[0] - (4 + 2 * c.r - c.r * c.r)) < 1e-13);
    CHECK(cycle.stability == c.kind);
    CHECK(cycle.unstable == (c.kind == Stability::unstable ? 1 : 0));
    CHECK(cycle.counted);
    CHECK(cycle.index == 1);  // the multiplier stays below 1
    CHECK(cycle.residual < 1e-15);
    CHECK(cycle.left < 1e-14);
    CHECK(cycle.distance == Approx(0.03).epsilon(1e-6));
  }
}

TEST_CASE("at the period doubling the verdict on a cycle is withheld", "[dynamics]") {
  const double r = 1 + std::sqrt(6);  // the multiplier is -1
  const auto cycle = refine_cycle(logistic(r), Mat<double>(two_cycle(r).transpose()));
  REQUIRE(cycle.converged());
  CHECK(cycle.stability == Stability::undecided);
  CHECK(cycle.spectral_radius == Approx(1).epsilon(1e-12));
  CHECK(cycle.index == 1);
}

TEST_CASE("the least period is reported, whatever was asked for", "[dynamics]") {
  const auto f = logistic(3.84);  // attracts to a cycle of three
  Vec<double> x{{0.5}};
  for (int t = 0; t < 2000; ++t) x = f(x);
  Mat<double> six(1, 6), three(1, 3);
  for (Index i = 0; i < 6; ++i) {
    six(0, i) = x[0] + 1e-4 * std::sin(static_cast<double>(i));
    if (i < 3) three(0, i) = six(0, i);
    x = f(x);
  }
  const auto once = refine_cycle(f, three), twice = refine_cycle(f, six);
  REQUIRE(twice.converged());
  CHECK(twice.period() == 3);
  CHECK(twice.asked == 6);
  CHECK(twice.reduced());
  CHECK(twice.points.isApprox(once.points, 1e-13));
  CHECK(std::abs(twice.multipliers[0] - once.multipliers[0]) < 1e-12);
  CHECK_FALSE(once.reduced());

  const auto point = refine_cycle(logistic(3.2), Mat<double>{{0.69, 0.685, 0.69, 0.685}});
  REQUIRE(point.converged());
  CHECK(point.period() == 1);
  CHECK(point.points(0, 0) == Approx(1 - 1 / 3.2).epsilon(1e-14));
  CHECK(point.stability == Stability::unstable);
  CHECK(point.multipliers[0].real() == Approx(2 - 3.2).epsilon(1e-12));
  CHECK(point.index == 1);  // 1 - (2 - r) > 0
}

TEST_CASE("multiple shooting stays with the cycle where Newton on the power falls onto a fixed point",
          "[dynamics]") {
  // Next to the cycle (.513, .799) of r = 3.2: the same damped Newton's method on f(f(x)) = x, from the
  // first of the two points, ends at the fixed point 1 - 1 / r.
  const double r = 3.2;
  const auto f = logistic(r);
  const auto power = given_map<double>(
      1, [f](const Vec<double>& x) { return Vec<double>(f(f(x))); },
      [r](const Vec<double>& x) {
        const double y = r * x[0] * (1 - x[0]);
        return Mat<double>{{r * (1 - 2 * y) * r * (1 - 2 * x[0])}};
      });
  const Mat<double> start{{0.592, 0.755}};
  const auto point = find_fixed_point(power, Vec<double>(start.col(0)));
  REQUIRE(point.converged());
  CHECK(point.x[0] == Approx(1 - 1 / r).epsilon(1e-12));
  const auto cycle = refine_cycle(f, start);
  REQUIRE(cycle.converged());
  REQUIRE(cycle.period() == 2);
  CHECK((cycle.points.transpose() - two_cycle(r)).norm() < 1e-13);
}

TEST_CASE("cycles of linear maps are found in one step", "[dynamics]") {
  // A permutation of period 3 times 2: its only cycle is the fixed point.
  const Mat<double> A{{0, 0, 2}, {2, 0, 0}, {0, 2, 0}};
  const Vec<double> b{{1, 2, 3}};
  const auto point = refine_cycle(linear(A, b), random_matrix<double>(3, 3, 1));
  REQUIRE(point.converged());
  CHECK(point.period() == 1);
  CHECK((point.points - (Mat<double>::Identity(3, 3) - A).lu().solve(b)).norm() < 1e-13);
  CHECK(point.unstable == 3);
  CHECK(point.index == -1);  // det(I - A) = 1 - 8
}

TEST_CASE("a cycle is the same by factors, dense and by products", "[dynamics]") {
  Mat<double> X = 0.3 * random_matrix<double>(60, 5, 4);
  const auto f = encoder_of_cycle<double>(X, {5}, 12, 3, 1e-6);
  REQUIRE(jacobian_factors(f, Vec<double>(X.col(0))).has_value());
  const auto narrow = refine_cycle(f, X);
  REQUIRE(narrow.converged());
  CHECK(narrow.period() == 5);
  CHECK(narrow.distance < 0.1);
  CHECK(narrow.multipliers.size() == 12);
  // the same without factors
  Mat<double> M = Mat<double>::Identity(60, 60);
  for (Index i = 0; i < 5; ++i) M = jacobian(f, Vec<double>(narrow.points.col(i))) * M;
  const auto exact = eigenvalues(M);
  for (std::size_t i = 0; i < 12; ++i)
    CHECK(std::abs(narrow.multipliers[i] - exact[i]) < 1e-12 * (1 + M.norm()));
  CHECK(narrow.norm == Approx(singular_values(M)[0]).epsilon(1e-9));

  const auto g = given_map<double>(
      60, [&](const Vec<double>& x) { return Vec<double>(f(x)); },
      [&](const Vec<double>& x) { return jacobian(f, x); });
  const auto dense = refine_cycle(g, X);
  CHECK(dense.points.isApprox(narrow.points, 1e-12));
  CHECK(std::abs(dense.multipliers[0] - narrow.multipliers[0]) < 1e-12 * (1 + M.norm()));
  CHECK(dense.stability == narrow.stability);
  const auto products = refine_cycle(g, X, {.search = {.form_up_to = 10}});
  REQUIRE(products.converged());
  CHECK(products.points.isApprox(narrow.points, 1e-11));
  CHECK(products.stability == narrow.stability);
  CHECK(products.spectral_radius == Approx(narrow.spectral_radius).epsilon(1e-6));
  CHECK(products.multipliers.empty());
}

TEST_CASE("a fixed point is a cycle of one point", "[dynamics]") {
  Mat<double> X = 0.3 * random_matrix<double>(20, 3, 4);
  const auto f = encoder_of_cycle<double>(X, {1, 1, 1}, 30, 2, 1e-7);
  for (Index j = 0; j < 3; ++j) {
    const auto cycle = refine_cycle(f, X.col(j));
    const auto point = find_fixed_point(f, X.col(j));
    REQUIRE(cycle.converged());
    CHECK(cycle.points.isApprox(point.x, 1e-12));
    CHECK(cycle.stability == point.stability);
    CHECK(cycle.unstable == point.unstable);
    CHECK(cycle.index == point.index);
    CHECK(cycle.spectral_radius == Approx(point.spectral_radius).epsilon(1e-10));
    CHECK(cycle.norm == Approx(point.norm).epsilon(1e-10));
  }
}

TEST_CASE("cycles in float are found and judged", "[dynamics]") {
  const auto cycle = refine_cycle(logistic(3.2f), Mat<float>{{0.52f, 0.8f}});
  REQUIRE(cycle.converged());
  REQUIRE(cycle.period() == 2);
  CHECK((cycle.points.cast<double>().transpose() - two_cycle(3.2)).norm() < 1e-6);
  CHECK(std::abs(cycle.multipliers[0] - 0.16) < 1e-5);
  CHECK(cycle.stability == Stability::attracting);
  const auto six = refine_cycle(logistic(3.84f), Mat<float>{{0.149f, 0.489f, 0.96f, 0.149f, 0.489f, 0.96f}});
  REQUIRE(six.converged());
  CHECK(six.period() == 3);
}

TEST_CASE("a kink within rounding of a cycle leaves the verdict open", "[dynamics]") {
  // x -> -t(x), t with slope .5 on one side of c and 3 on the other, t(1) = 1 = -t(-1): the cycle 1, -1.
  const auto f = [](double c) {
    const auto t = [c](double x) { return x <= c ? 1 + 0.5 * (x - 1) : 1 + 0.5 * (c - 1) + 3 * (x - c); };
    return given_map<double>(
        1, [t](const Vec<double>& x) { return Vec<double>{{x[0] > 0 ? -t(x[0]) : t(-x[0])}}; },
        [c](const Vec<double>& x) { return Mat<double>{{std::abs(x[0]) <= c ? -0.5 : -3}}; });
  };
  const Mat<double> start{{1.01, -0.99}};
  const auto away = refine_cycle(f(1.5), start);
  REQUIRE(away.converged());
  CHECK(away.period() == 2);
  CHECK(away.stability == Stability::attracting);
  CHECK(away.multipliers[0].real() == Approx(0.25).epsilon(1e-12));
  const auto at = refine_cycle(f(1), start);
  REQUIRE(at.converged());
  CHECK(at.stability == Stability::undecided);
}

TEST_CASE("a search for a cycle says how it ended", "[dynamics]") {
  const auto f = logistic(3.2);
  const Mat<double> start{{0.3, 0.6}};
  CHECK(refine_cycle(f, start, {.search = {.max_steps = 1}}).end == SearchEnd::exhausted);
  const auto cancelled = refine_cycle(f, start, {.search = {.cancelled = [] { return true; }}});
  CHECK(cancelled.end == SearchEnd::cancelled);
  CHECK(cancelled.stability == Stability::not_fixed);
  const Mat<double> nan{{0.3, std::numeric_limits<double>::quiet_NaN()}};
  CHECK(refine_cycle(f, nan).end == SearchEnd::not_finite);
  // x + 1 has no cycle
  const auto stalled = refine_cycle(linear(Mat<double>::Identity(1, 1), Vec<double>{{1}}), start);
  CHECK_FALSE(stalled.converged());
  CHECK(stalled.multipliers.empty());
}

TEST_CASE("orbits come to the cycles that attract, and shifts are one cycle", "[dynamics]") {
  // The plane: the logistic maps r = 3.2 and 3.84 side by side have the periods lcm(2, 3).
  const auto f = logistic(3.84);
  Mat<double> x0(1, 60);
  for (Index j = 0; j < 60; ++j) x0(0, j) = (static_cast<double>(j) + 0.5) / 60;
  const auto found = find_cycles(f, x0);
  REQUIRE(found.size() == 1);
  CHECK(found.cycles[0].period() == 3);
  CHECK(found.cycles[0].stability == Stability::attracting);
  CHECK(found.hits[0] == 60);
  CHECK(found.count(StartEnd::on_cycle) == 60);
  CHECK(found.count(Stability::attracting) == 1);

  const auto points = find_cycles(logistic(2.5), Mat<double>{{0, 0.2, 0.9, 1.1, 0.6}}, {.bound = 10});
  REQUIRE(points.size() == 2);  // 0 repels and is met by its own orbit alone
  CHECK(points.ends == std::vector<StartEnd>{StartEnd::passing, StartEnd::on_cycle, StartEnd::on_cycle,
                                             StartEnd::diverged, StartEnd::on_cycle});
  CHECK(points.cycle_of == std::vector<Index>{-1, 1, 1, -1, 1});
  CHECK(points.hits == std::vector<Index>{0, 3});
  CHECK(points.cycles[1].period() == 1);
  CHECK(points.cycles[1].points(0, 0) == Approx(0.6).epsilon(1e-13));

  const auto chaos = find_cycles(turned_to_circle(1), random_matrix<double>(2, 5, 1));
  CHECK(chaos.size() == 0);  // never closer than 1e-3 after up to 64 steps
  CHECK(chaos.count(StartEnd::no_recurrence) == 5);
}

TEST_CASE("several cycles in one network, the same bits for any number of threads", "[dynamics]") {
  Mat<double> X = random_matrix<double>(10, 7, 8);
  const auto f = encoder_of_cycle<double>(X, {3, 4}, 100, 3, 1e-7);
  const Mat<double> starts = random_matrix<double>(10, 60, 9);
  Index seen = 0;
  Mat<double> all(10, 67);
  all << X, starts;
  const auto run = [&](int threads) {
    const auto before = num_threads();
    set_num_threads(threads);
    CyclesOptions options;
    options.observer = [&](Index finished, Index) { seen = finished; };
    auto found = find_cycles(f, all, options);
    set_num_threads(before);
    return found;
  };
  const auto one = run(1), two = run(2);
  CHECK(seen == 67);
  REQUIRE(one.size() >= 1);
  CHECK(one.cycle_of == two.cycle_of);
  CHECK(one.ends == two.ends);
  CHECK(one.hits == two.hits);
  REQUIRE(one.size() == two.size());
  Index hits = 0;
  for (std::size_t k = 0; k < one.cycles.size(); ++k) {
    CHECK(one.cycles[k].points == two.cycles[k].points);
    CHECK(one.cycles[k].multipliers == two.cycles[k].multipliers);
    hits += one.hits[k];
  }
  CHECK(hits == one.count(StartEnd::on_cycle));
  // Brute force: longer orbits end on the same cycles.
  const Mat<double> ends = orbit(f, all, {.max_steps = 1500}).x;
  for (Index j = 0; j < 67; ++j) {
    const Index k = one.cycle_of[static_cast<std::size_t>(j)];
    if (k < 0) continue;
    const auto& points = one.cycles[static_cast<std::size_t>(k)].points;
    CHECK((points.colwise() - Vec<double>(ends.col(j))).colwise().norm().minCoeff() < 1e-9);
  }
  // Both sequences, whether they attract or not.
  const auto first = refine_cycle(f, X.leftCols(3)), second = refine_cycle(f, X.rightCols(4));
  CHECK(first.period() == 3);
  CHECK(second.period() == 4);
  CHECK(first.distance < 0.1);
  CHECK(second.distance < 0.1);
}

TEST_CASE("arguments of the searches for cycles are checked", "[dynamics]") {
  const auto f = logistic(3.2);
  const Mat<double> start{{0.3, 0.6}};
  const auto error = [&](const CyclesOptions& o) {
    return error_of([&] { (void)find_cycles(f, start, o); });
  };
  CHECK(contains(error_of([&] { (void)refine_cycle(f, Mat<double>(2, 2)); }), "points has 2 rows"));
  CHECK(contains(error_of([&] { (void)refine_cycle(f, Mat<double>(1, 0)); }), "at least 1 column, got 0"));
  CHECK(contains(error_of([&] { (void)refine_cycle(f, start, {.same = -1}); }), "same must be >= 0, got -1"));
  CHECK(contains(error({.transient = -1}), "transient must be >= 0, got -1"));
  CHECK(contains(error({.longest = 0}), "longest must be >= 1, got 0"));
  CHECK(contains(error({.near = -1}), "near must be >= 0, got -1"));
  CHECK(contains(error({.bound = 0}), "bound must be > 0, got 0"));
  CHECK(find_cycles(f, Mat<double>(1, 0)).size() == 0);
  CyclesOptions options;
  options.cycle.search.cancelled = [] { return true; };
  const auto cancelled = find_cycles(f, start, options);
  CHECK(cancelled.cancelled);
  CHECK(cancelled.count(StartEnd::cancelled) == 2);
}
