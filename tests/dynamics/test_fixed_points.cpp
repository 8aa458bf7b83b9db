// Fixed points: found, judged where they are, and all of them counted.
#include "basin/dynamics/fixed_points.hpp"

#include <Eigen/LU>
#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/dynamics/growth.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/dynamics/recall.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/network/erased.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "basin/theory/piecewise_linear_map.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
#include "support/verdicts.hpp"

using namespace basin;

namespace {

/// y = A x + b.
Model<Dense<double>> linear(const Mat<double>& A, const Vec<double>& b) {
  Model f(Dense<double>(A.cols(), A.rows()), Vec<double>(A.size() + b.size()));
  f.theta << A.reshaped(), b;
  return f;
}
/// tanh(2 x) in each coordinate: 0 and +-0.957504 in each.
auto tanh_of_2x(Index d) {
  const Chain net(Dense<double>(d, d, false), Pointwise<double, Tanh>(d));
  return Model(net, Vec<double>((2 * Mat<double>::Identity(d, d)).reshaped()));
}
Mat<double> uniform(Index d, Index count, double lo, double hi, std::uint64_t seed) {
  Random random(seed);
  Mat<double> x(d, count);
  for (double& entry : x.reshaped()) entry = random.uniform(lo, hi);
  return x;
}
Index choose(Index n, Index k) {
  Index c = 1;
  for (Index i = 1; i <= k; ++i) c = c * (n - k + i) / i;
  return c;
}
Index power(Index base, Index exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

/// A small autoencoder, trained on points of a box until it fits. Of each that the tests train, what is
/// called attracting attracts, and what is called unstable does not.
template <class S>
struct Trained {
  Mat<S> X;
  Model<FullyConnected<S>> f;
};
template <class S>
Trained<S> trained(Index d, Index width, Index hidden, Index examples, int seed) {
  const auto net = fully_connected<S>(d, width, hidden);
  Trained<S> t{uniform(d, examples, -1, 1, static_cast<std::uint64_t>(seed)).template cast<S>(),
               Model(net, initial_values(net, initial::pytorch_default(), static_cast<std::uint64_t>(seed)))};
  Adam<S> adam({.learning_rate = 1e-3});
  REQUIRE(fit(t.f, t.X, adam, {.max_epochs = 20000, .loss_below = 1e-8}).status == FitStatus::converged);
  (void)check_verdicts(t.f, t.X);
  return t;
}

}  // namespace

TEST_CASE("Newton finds the fixed point of a linear map in one step", "[dynamics]") {
  for (const double scale : {1e-100, 1., 1e100}) {
    const Mat<double> A = random_matrix<double>(6, 6, 1);
    const Vec<double> b = scale * random_matrix<double>(6, 1, 2);
    const Vec<double> exact = (Mat<double>::Identity(6, 6) - A).lu().solve(b);
    const auto p = find_fixed_point(linear(A, b), Vec<double>(scale * random_matrix<double>(6, 1, 3)));
    REQUIRE(p.converged());
    CHECK((p.x - exact).norm() < 1e-12 * exact.norm());
    CHECK(p.left < 1e-12 * exact.norm());
    CHECK(p.steps <= 3);
  }
}

TEST_CASE("a fixed point's distance is the distance, not the residual over 1 - rho", "[dynamics]") {
  // dynamics of [.5 1000; 0 .5] at (0, 3.5e-3), |f(x) - x| = 3.5: the point is 0.
  const Vec<double> zero = Vec<double>::Zero(2), x{{0, 3.5e-3}};
  const auto p = find_fixed_point(linear(Mat<double>{{0.5, 1000}, {0, 0.5}}, zero), x);
  CHECK(p.distance == Approx(3.5e-3).epsilon(1e-9));
  CHECK(p.stability == Stability::attracting);
  const FixedPoint c = classify_fixed_point(linear(Mat<double>{{-0.99, 0}, {0, -0.99}}, zero), x);
  CHECK(c.residual == Approx(1.99));
  CHECK(c.distance == Approx(1));
  CHECK(c.stability == Stability::not_fixed);
}

TEST_CASE("points of any size are found and judged", "[dynamics]") {
  const auto twice = [](auto x) {
    using S = decltype(x);
    return classify_fixed_point(Model(Dense<S>(1, 1, false), Vec<S>{{S(1.5)}}), Vec<S>{{x}});
  };
  const auto check = [](const FixedPoint& p) {
    CHECK(p.stability == Stability::not_fixed);
    CHECK(p.residual == Approx(0.5));
    CHECK(p.distance == Approx(1));
  };
  for (const double x : {1., 1e-170, 1e170}) check(twice(x));
  for (const float x : {1.f, 1e-15f, 1e-25f, 1e-30f, 1e20f, 1e30f}) check(twice(x));
}

TEST_CASE("the point judged is the one on the other side of a kink", "[dynamics]") {
  // f(x) = x + .01 + s (x - 1) for x > 1, with slope t before: the kink at 1 lies between the start and the
  // fixed point.
  struct Case {
    double below, above, at, start, exact;
    Stability kind;
  };
  // value `at` at the kink 1
  for (const Case& c : {Case{0.5, 1.5, 0.999, 0.9999, 1.002, Stability::unstable},
                        Case{0.5, 1.5, 0.999, 1.0001, 0.998, Stability::attracting},
                        Case{1.5, 0.5, 1.001, 0.9999, 1.002, Stability::attracting},
                        Case{1.5, 0.5, 1.001, 1.0001, 0.998, Stability::unstable}}) {
    // f = at + below (x - 1) + (above - below) relu(x - 1), by a Dense of two units behind the identity
    const Chain net(Dense<double>(1, 2), Pointwise<double, Relu>(2), Dense<double>(2, 1));
    // relu(1 - x) and relu(x - 1)
    const Model f(net, Vec<double>{{-1, 1, 1, -1, -c.below, c.above, c.at}});
    CHECK(f(Mat<double>{{1.25, 0.75}}).isApprox(Mat<double>{{c.at + 0.25 * c.above, c.at - 0.25 * c.below}}));
    const Vec<double> start{{c.start}};
    const FixedPoint p = classify_fixed_point(f, start);
    // Newton from the start lands beyond the kink or, where the other side has one too, on its own side.
    REQUIRE(p.end == SearchEnd::converged);
    const auto found = find_fixed_point(f, start);
    const double slope = found.x[0] < 1 ? c.below : c.above;
    CHECK(std::abs(f(found.x)(0, 0) - found.x[0]) < 1e-14);
    CHECK(p.stability == (slope < 1 ? Stability::attracting : Stability::unstable));
    CHECK(p.spectral_radius == Approx(slope));
  }
  // One fixed point alone, across the kink: slope .5 below 1, 3 above, f(1) = 1.5: the point is below -> none
  // above. From .999 Newton's slope leads to 2, where the slope is 3: the only fixed points are at 2.. none.
  const Chain net(Dense<double>(1, 2), Pointwise<double, Relu>(2), Dense<double>(2, 1));
  const Model across(net, Vec<double>{{-1, 1, 1, -1, -0.5, -2, 1.01}});  // slope .5 below 1, -2 above
  const auto p = find_fixed_point(across, Vec<double>{{0.9999}});
  REQUIRE(p.converged());
  CHECK(p.x[0] == Approx(1 + 0.01 / 3).epsilon(1e-12));
  CHECK(p.stability == Stability::unstable);  // the slope at the start is .5
  CHECK(p.spectral_radius == Approx(2));
  CHECK(classify_fixed_point(across, Vec<double>{{0.9999}}).stability == Stability::unstable);
}

TEST_CASE("a search that ends nowhere says why", "[dynamics]") {
  const auto end = [](const auto& f, double x) { return find_fixed_point(f, Vec<double>{{x}}).end; };
  CHECK(end(linear(Mat<double>{{1}}, Vec<double>{{1}}), 0) != SearchEnd::converged);  // x + 1
  CHECK(end(linear(Mat<double>{{NAN}}, Vec<double>{{1}}), 0) == SearchEnd::not_finite);
  const Model f = tanh_of_2x(1);
  CHECK(find_fixed_point(f, Vec<double>{{0.3}}, {.search = {.max_steps = 1}}).end == SearchEnd::exhausted);
  CHECK(find_fixed_point(f, Vec<double>{{0.3}}, {.search = {.cancelled = [] { return true; }}}).end ==
        SearchEnd::cancelled);
  CHECK(find_fixed_point(f, Vec<double>{{0.3}}, {.search = {.max_steps = 1}}).stability ==
        Stability::not_fixed);
  CHECK(contains(error_of([&] { (void)find_fixed_point(f, Vec<double>(2)); }), "x0 has 2 rows, f expects 1"));
  CHECK(contains(error_of([&] { (void)find_fixed_points(f, Mat<double>(2, 1)); }), "x0 has 2 rows"));
  CHECK(contains(error_of([&] { (void)find_fixed_points(f, Mat<double>(1, 1), {.same = -1}); }),
                 "same must be >= 0, got -1"));
  CHECK(contains(error_of([&] {
                   (void)find_fixed_point(Model(Dense<double>(2, 1, false), Vec<double>::Ones(2)),
                                          Vec<double>(2));
                 }),
                 "f maps 2 rows to 1"));
}

TEST_CASE("dense, by factors and by products the search finds the same points", "[dynamics]") {
  const Trained<double> t = trained<double>(30, 12, 3, 5, 4);
  const auto factors = jacobian_factors(t.f, t.X.col(0));
  REQUIRE(factors);
  CHECK(factors->E.rows() == 12);
  CHECK((factors->D * factors->E - jacobian(t.f, t.X.col(0))).norm() < 1e-13 * factors->D.norm());
  CHECK_FALSE(jacobian_factors(tanh_of_2x(3), Vec<double>::Zero(3)));
  // The same network without a place to be cut at: a layer of one's own around it.
  const Model whole(Residual(t.f.layer), t.f.theta);  // x + f(x)
  for (Index j = 0; j < t.X.cols(); ++j) {
    const auto by_factors = find_fixed_point(t.f, t.X.col(j));
    REQUIRE(by_factors.converged());
    const detail::SelfMap map = detail::self_map(t.f, 1024);
    const detail::LocalMap J = map.linearized(by_factors.x);
    REQUIRE(J.is_product());
    const Vec<double> g = random_matrix<double>(30, 1, 5);
    const detail::LocalMap dense{J.D * J.E, {}, {}, {}},
        products = detail::local_products<double>(detail::by_calls(t.f), by_factors.x);
    const Vec<double> a = detail::newton_step(J, g, {}), b = detail::newton_step(dense, g, {}),
                      c = detail::newton_step(products, g, {});
    CHECK((a - b).norm() < 1e-10 * b.norm());
    CHECK((c - b).norm() < 1e-6 * b.norm());
    const LinearStability s = detail::judge<detail::with_spectra>(dense, 30, 2.2e-16, 0, {});
    CHECK(s.stability == by_factors.stability);
    CHECK(s.spectral_radius == Approx(by_factors.spectral_radius).epsilon(1e-9));
    CHECK(s.unstable == by_factors.unstable);
    CHECK(s.index == by_factors.index);
    CHECK(s.norm == Approx(by_factors.norm).epsilon(1e-9));
  }
  CHECK(find_fixed_point(whole, t.X.col(0), {.search = {.form_up_to = 1}}).end !=
        SearchEnd::not_finite);  // by GMRES
}

TEST_CASE("steps by few products lead where steps by the Jacobian lead", "[dynamics]") {
  const Trained<double> t = trained<double>(60, 20, 3, 8, 19);
  detail::SelfMap few = detail::self_map(t.f, 1024), formed = few;
  formed.products = {};
  Index matrices = 0;
  few.linearized = [&](VecIn<double> x) {
    ++matrices;
    return formed.linearized(x);
  };
  const Mat<double> starts = midpoints(t.X);
  for (Index j = 0; j < starts.cols(); ++j) {
    const detail::Found a = detail::newton_search(few, starts.col(j), {}),
                        b = detail::newton_search(formed, starts.col(j), {});
    CHECK(a.end == b.end);
    CHECK(std::abs(a.steps - b.steps) <= 2);
    CHECK((a.x - b.x).norm() < 1e-9 * b.size);
    CHECK((a.left <= 1e-10 * a.size) == (b.left <= 1e-10 * b.size));
  }
  CHECK(matrices == 0);
  // No few products solve with a matrix of 60 different eigenvalues: then it is formed.
  Vec<double> values = Vec<double>::LinSpaced(60, -50, -1);
  for (Index k = 0; k < 60; ++k) values[k] *= -values[k];
  const Model f = linear(Mat<double>(values.asDiagonal()), Vec<double>::Ones(60));
  const auto p = find_fixed_point(f, Vec<double>::Zero(60));
  REQUIRE(p.converged());
  CHECK(p.steps <= 2);
  CHECK((p.x - (1 - values.array()).inverse().matrix()).norm() < 1e-12);
}

TEST_CASE("where it is not known how near the fixed point is, nothing is shown", "[dynamics]") {
  // (x, 0) is fixed up to rounding for each x, I - J is singular, and where the fixed point is nobody knows.
  const auto p =
      find_fixed_point(linear(Mat<double>{{1, 0}, {0, 3}}, Vec<double>{{1e-15, 0}}), Vec<double>{{1, 0}});
  REQUIRE(p.converged());
  CHECK(std::isinf(p.left));
  CHECK(p.stability == Stability::undecided);
  CHECK(p.index == 0);
  CHECK_FALSE(p.counted);
}

TEST_CASE("points found in rounds are those found at once", "[dynamics]") {
  const Trained<double> t = trained<double>(2, 24, 3, 6, 7);
  const Mat<double> starts = uniform(2, 90, -1.5, 1.5, 8);
  const FixedPointsOptions options{.same = 1e-5};
  const FixedPoints<double> at_once = find_fixed_points(t.f, starts, options);
  FixedPoints<double> rounds = find_fixed_points(t.f, starts.leftCols(20), options);
  CHECK(rounds.size() < at_once.size());
  find_more_fixed_points(t.f, rounds, starts.rightCols(70), options);
  REQUIRE(rounds.size() == at_once.size());
  CHECK((rounds.x - at_once.x).norm() < 1e-9);  // other searches side by side, other last bits
  CHECK(rounds.hits == at_once.hits);
  CHECK(rounds.point_of == at_once.point_of);
  CHECK(rounds.ends == at_once.ends);
  CHECK(rounds.index_sum() == at_once.index_sum());
  for (std::size_t k = 0; k < rounds.kinds.size(); ++k)
    CHECK(rounds.kinds[k].spectral_radius == Approx(at_once.kinds[k].spectral_radius).epsilon(1e-9));
}

TEST_CASE("by products alone: found by GMRES, judged by powers and by eigenvalues with their conditions",
          "[dynamics]") {
  // tanh(A x) with a symmetric A: 0 attracts or not as rho(A) says.
  for (const double rho : {0.8, 1.3}) {
    Mat<double> A = random_matrix<double>(300, 300, 10);
    A = (A + A.transpose()).eval();
    A *= rho / spectral_radius(A);
    const Chain net(Dense<double>(300, 300, false), Pointwise<double, Tanh>(300));
    const Model f(net, Vec<double>(A.reshaped()));
    const auto p = find_fixed_point(f, Vec<double>(1e-3 * random_matrix<double>(300, 1, 11)),
                                    {.search = {.unit = 1, .form_up_to = 1}});
    REQUIRE(p.converged());
    CHECK(p.x.norm() < 1e-10);
    CHECK(p.stability == (rho < 1 ? Stability::attracting : Stability::unstable));
    CHECK(p.spectral_radius == Approx(rho).epsilon(1e-7));
    CHECK(p.uncertainty < 1e-6);
    CHECK(p.norm == Approx(rho).epsilon(1e-2));
    CHECK((p.power > 0) == (rho < 1));
    if (p.power == 0) continue;
    // .8^k < 1 / 1720 from k = 34 on; what fewer powers and products leave open stays so.
    CHECK(p.power > 20);
    CHECK(p.power < 60);
    const auto few = find_fixed_point(
        f, Vec<double>(1e-3 * random_matrix<double>(300, 1, 11)),
        {.search = {.unit = 1, .form_up_to = 1}, .leading = {.max_products = 9, .max_power = p.power - 1}});
    REQUIRE(few.converged());
    CHECK(few.stability == Stability::undecided);
    CHECK(few.power == 0);
    CHECK(std::isnan(few.spectral_radius));
  }
}

TEST_CASE("factors that are too wide are not formed", "[dynamics]") {
  const Trained<double> t = trained<double>(60, 20, 3, 8, 19);
  const auto formed = find_fixed_point(t.f, t.X.col(0));
  const auto products = find_fixed_point(t.f, t.X.col(0), {.search = {.form_up_to = 1, .factor_up_to = 19}});
  CHECK(detail::self_map(t.f, SearchOptions{.factor_up_to = 20}).linearized(t.X.col(0)).is_product());
  CHECK_FALSE(detail::self_map(t.f, SearchOptions{.form_up_to = 1, .factor_up_to = 19})
                  .linearized(t.X.col(0))
                  .is_formed());
  REQUIRE(formed.converged());
  REQUIRE(products.converged());
  CHECK((formed.x - products.x).norm() < 1e-9);
  CHECK(products.stability == formed.stability);
}

TEST_CASE("tanh(2x) in each coordinate has 3^d fixed points, 2^(d-k) C(d,k) with k unstable directions",
          "[dynamics]") {
  for (const Index d : {1, 2, 3}) {
    const FixedPoints<double> p = find_fixed_points(tanh_of_2x(d), uniform(d, 600, -1.2, 1.2, 5));
    CHECK(p.size() == power(3, d));
    for (Index k = 0; k <= d; ++k) CHECK(p.count_unstable(k) == choose(d, k) * power(2, d - k));
    CHECK(p.count(Stability::attracting) == power(2, d));
    CHECK(p.index_sum() == 1);  // the degree of a bounded map
    CHECK(p.index_is_sure());
    for (const double entry : p.x.reshaped())
      CHECK((std::abs(entry) < 1e-10 || std::abs(std::abs(entry) - 0.9575040240772688) < 1e-12));
    for (const LinearStability& kind : p.kinds) {
      CHECK(kind.counted);
      if (kind.unstable == 0) CHECK(kind.spectral_radius == Approx(0.16637208775167).epsilon(1e-10));
    }
    const Richness r = p.richness();
    CHECK(r.seen == p.size());
    CHECK(r.coverage == 1);
    const Growth<double> g = growth_at_infinity(tanh_of_2x(d));
    CHECK(g.degree == 1);
    CHECK(g.largest < 1e-6);
  }
}

TEST_CASE("Theorem 6's map: C(d,k) n^(d-k) (n+1)^k points with k unstable directions", "[dynamics]") {
  for (const auto& [d, n] : {std::pair<Index, Index>{1, 1}, {1, 4}, {2, 2}, {2, 3}, {3, 2}}) {
    Mat<double> X(d, n);
    for (Index i = 0; i < d; ++i)
      for (Index j = 0; j < n; ++j)
        X(i, j) = (static_cast<double>(j) + 1) / (static_cast<double>(n) + 1) + 0.01 * static_cast<double>(i);
    // Moved by 1, for at 0 the network of the theorem ends: it is constant on the other side.
    std::vector<PiecewiseLinearMap> maps;
    for (Index i = 0; i < d; ++i) {
      const PiecewiseLinearMap map = plateau_map(row_values(X, i), 1e-3);
      std::vector<double> knots = map.knots(), values = map.values();
      for (double& knot : knots) knot += 1;
      for (double& value : values) value += 1;
      maps.emplace_back(knots, values, map.slopes().front(), map.slopes().back());
    }
    X.array() += 1;
    const Model<ReluNet> f = coordinatewise_net(maps);
    const Mat<double> starts = uniform(d, 400 * power(2, d), 0.9, 2.1, 6);
    const FixedPoints<double> p = find_fixed_points(f, starts);
    CHECK(p.size() == power(2 * n + 1, d));
    for (Index k = 0; k <= d; ++k)
      CHECK(p.count_unstable(k) == choose(d, k) * power(n, d - k) * power(n + 1, k));
    CHECK(p.index_sum() == (d % 2 == 0 ? 1 : -1));
    CHECK(p.count(Stability::undecided) == 0);
    const Census c = census(p, X, 1e-6);
    CHECK(c.examples_attracting == n);
    CHECK(c.attractors == power(n, d));
    CHECK(c.spurious == power(n, d) - n);  // the mixed ones
  }
}

TEST_CASE("a fixed point on a kink is judged by both sides", "[dynamics]") {
  // The theorem's own network is constant on the other side of 0: from there orbits come, on this side they
  // leave. Neither attracting nor, by any matrix, unstable.
  const auto f = interpolating_autoencoder(Mat<double>{{0.25, 0.75}}, 1e-3);
  const FixedPoint at_zero = classify_fixed_point(f, Vec<double>::Zero(1));
  CHECK(at_zero.stability == Stability::undecided);
  CHECK(at_zero.index == 0);
  CHECK(find_fixed_point(f, Vec<double>{{1e-3}}).stability == Stability::undecided);
  const auto kink = [](double below, double above) {
    const Chain net(Dense<double>(1, 2), Pointwise<double, Relu>(2), Dense<double>(2, 1));
    return Model(net, Vec<double>{{-1, 1, 1, -1, -below, above, 1}});
  };
  const Vec<double> at{{1.}};
  CHECK(classify_fixed_point(kink(-0.3, 0.6), at).stability == Stability::attracting);
  CHECK(classify_fixed_point(kink(0.3, 0.5), at).stability == Stability::attracting);
  CHECK(classify_fixed_point(kink(2.5, 3), at).stability != Stability::attracting);
  CHECK(classify_fixed_point(kink(0.5, 1.5), at).stability == Stability::undecided);
  CHECK(classify_fixed_point(kink(1.5, 0.5), at).stability == Stability::undecided);
  // Within rounding of it the kink is still there.
  const Vec<double> beside{{1 + 1e-14}};
  CHECK(classify_fixed_point(kink(0.5, 1.5), beside).stability == Stability::undecided);
}

TEST_CASE("what is found has the same bits for any number of threads", "[dynamics]") {
  const Trained<double> t = trained<double>(2, 24, 3, 6, 7);
  const Mat<double> starts = uniform(2, 150, -1.5, 1.5, 8);
  set_num_threads(1);
  const FixedPoints<double> one = find_fixed_points(t.f, starts);
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    const FixedPoints<double> more = find_fixed_points(t.f, starts);
    CHECK(more.x == one.x);
    CHECK(more.hits == one.hits);
    CHECK(more.point_of == one.point_of);
    CHECK(more.evaluations == one.evaluations);
    for (std::size_t k = 0; k < one.kinds.size(); ++k)
      CHECK(more.kinds[k].spectral_radius == one.kinds[k].spectral_radius);
  }
  set_num_threads(0);
}

TEST_CASE("the indices of all fixed points of a trained network add up to its degree", "[dynamics]") {
  for (const int seed : {1, 2, 3}) {
    const Trained<double> t = trained<double>(2, 32, 3, 8, seed);
    Mat<double> starts(2, 3000 + 8 + 28);
    starts << t.X, midpoints(t.X), uniform(2, 3000, -2, 2, 9);
    const FixedPoints<double> p = find_fixed_points(t.f, starts);
    const Growth<double> g = growth_at_infinity(t.f);
    REQUIRE(p.index_is_sure());
    REQUIRE(g.sure);
    CHECK(p.index_sum() == g.degree);
    Index hits = 0;
    for (std::size_t j = 0; j < p.point_of.size(); ++j) {
      CHECK((p.point_of[j] >= 0) == (p.ends[j] == SearchEnd::converged));
      hits += p.point_of[j] >= 0;
    }
    Index counted = 0;
    for (const Index h : p.hits) counted += h;
    CHECK(counted == hits);
  }
}

TEST_CASE("growth at infinity: the rays of linear maps and their degree", "[dynamics]") {
  const auto of = [](const Mat<double>& A) {
    return growth_at_infinity(linear(A, Vec<double>::Ones(A.rows())));
  };
  const Growth<double> two = of(Mat<double>{{3, 0}, {0, 2}});
  CHECK(two.rays.cols() == 4);
  CHECK(two.degree == 1);  // sign det(I - A) = (-2) (-1)
  CHECK(two.sure);
  CHECK(two.largest == Approx(3));
  CHECK(of(Mat<double>{{3, 0}, {0, 0.5}}).degree == -1);
  CHECK(of(Mat<double>{{0.3, 0}, {0, 0.5}}).degree == 1);
  CHECK(of(Mat<double>{{2}}).degree == -1);
  CHECK(of(Mat<double>{{-2}}).degree == 1);  // no ray is kept
  // Leaky ReLU with an odd number of expanding rays: x -> leaky(2x) on a line has growth 2 and .02.
  const Chain net(Dense<double>(1, 1), Pointwise<double, LeakyRelu>(1));
  const Growth<double> leaky = growth_at_infinity(Model(net, Vec<double>{{2, 1}}));
  CHECK(leaky.rays.cols() == 2);
  CHECK(leaky.degree == 0);
  // A ray that was hit once is a warning: others may not have been hit at all.
  Index warned = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Growth<double> few = growth_at_infinity(linear(Mat<double>{{3, 0}, {0, 2}}, Vec<double>::Ones(2)),
                                                  {.starts = 3, .seed = seed});
    const bool once = std::count(few.hits.begin(), few.hits.end(), Index(1)) > 0;
    CHECK(few.sure == (!once && few.rays.cols() > 0));
    CHECK((few.richness().coverage < 1) == (once || few.rays.cols() == 0));
    warned += once;
  }
  CHECK(warned > 0);
  GrowthOptions cancelled;
  cancelled.points.point.search.cancelled = [] { return true; };
  CHECK_FALSE(growth_at_infinity(linear(Mat<double>{{3, 0}, {0, 2}}, Vec<double>::Ones(2)), cancelled).sure);
  CHECK(contains(error_of([&] {
                   (void)growth_at_infinity(Model(net, Vec<double>{{2, 1}}), {.starts = 0});
                 }),
                 "starts must be >= 1, got 0"));
}

TEST_CASE("the map of directions has the same Jacobian by factors, by products and by differences",
          "[dynamics]") {
  const auto net = fully_connected<double>(20, 6, 3);
  const Model f(net, initial_values(net, initial::pytorch_default(), 3));
  const detail::SelfMap rays = detail::ray_map(detail::self_map(f, 1024), 1e8);
  const Vec<double> u = random_matrix<double>(20, 1, 4).normalized();
  const detail::LocalMap factors = rays.linearized(u);
  REQUIRE(factors.E.rows() == 6);
  const Mat<double> J = factors.D * factors.E;
  detail::SelfMap by_products = detail::self_map(f, 1024);
  by_products.linearized = [&f](VecIn<double> x) {
    return detail::local_products<double>(detail::by_calls(f), x);
  };
  const detail::LocalMap products = detail::ray_map(std::move(by_products), 1e8).linearized(u);
  REQUIRE_FALSE(products.is_formed());
  Mat<double> column(20, 2), row(20, 1);
  for (Index i = 0; i < 20; ++i) {
    const Mat<double> unit = Vec<double>::Unit(20, i);
    products.apply(unit, column.col(0));
    products.apply_adjoint(unit, row.col(0));
    CHECK((J.col(i) - column.col(0)).norm() < 1e-12 * J.norm());
    CHECK((J.row(i).transpose() - row).norm() < 1e-12 * J.norm());
    // many points at once
    rays.products((Mat<double>(20, 2) << u, -u).finished())(unit.replicate(1, 2), column);
    CHECK((J.col(i) - column.col(0)).norm() < 1e-12 * J.norm());
    // central differences, and no growth along u itself
    const Vec<double> e = 1e-6 * unit;
    CHECK(((rays.value(u + e) - rays.value(u - e)) / 2e-6 - J.col(i)).norm() < 1e-6 * J.norm());
  }
  CHECK((J * u).norm() < 1e-6 * J.norm());
  CHECK(rays.value(u).norm() == Approx(1).epsilon(1e-14));
  CHECK((rays.values(u.replicate(1, 3)).colwise() - rays.value(u)).norm() < 1e-14);
}

TEST_CASE("called attracting, so its orbit ends there; called unstable, so it leaves", "[dynamics]") {
  // `trained` has checked these already; here, that there is something to check, and from other starts, too.
  const auto check = [](const auto& t) {
    const auto between = midpoints(t.X);
    CHECK(check_verdicts(t.f, t.X) > 0);
    (void)check_verdicts(t.f, between);
  };
  check(trained<double>(2, 32, 3, 10, 13));
  check(trained<double>(10, 48, 4, 15, 14));
  check(trained<float>(10, 48, 4, 15, 15));
}

TEST_CASE("recalled: fixed point near, attracting, and the orbit ends there", "[dynamics]") {
  const Trained<double> t = trained<double>(10, 48, 4, 15, 16);
  const Recall<double> r = recall(t.f, t.X);
  CHECK(r.near() >= r.attracting());
  CHECK(r.attracting() >= r.recalled());
  CHECK(r.recalled() > 0);
  CHECK(r.recalled() < 15);  // of this network some examples are saddles
  for (std::size_t j = 0; j < r.examples.size(); ++j) {
    const auto& e = r.examples[j];
    const FixedPoint c = classify_fixed_point(t.f, t.X.col(static_cast<Index>(j)));
    CHECK(e.attracts == (c.stability == Stability::attracting));
    CHECK(e.distance == Approx(c.distance));
    if (e.recalled) CHECK(e.orbit_distance < 1e-3);
  }
  // The example .4 of tanh(2x) has its attractor at .96: farther than a tenth, nearer than twice its size.
  const Mat<double> x{{0.94}};
  CHECK(recall(tanh_of_2x(1), x).recalled() == 0);
  CHECK(recall(tanh_of_2x(1), x, {.point = {.tolerance = 0.1}}).recalled() == 1);
  CHECK(contains(error_of([&] { (void)recall(tanh_of_2x(1), x, {.arrived = 0}); }), "arrived must be > 0"));
}

TEST_CASE("recall of searches that were made is the recall that makes them", "[dynamics]") {
  const Trained<double> t = trained<double>(10, 48, 4, 15, 16);
  Mat<double> starts(10, 20);  // the examples first, then others
  starts << t.X, t.X.leftCols(5).array() + 0.1;
  const FixedPoints<double> found = find_fixed_points(t.f, starts);
  const Recall<double> made = recall(t.f, found, t.X), searched = recall(t.f, t.X);
  REQUIRE(made.examples.size() == 15);
  for (std::size_t j = 0; j < made.examples.size(); ++j) {
    const RecalledExample<double>&a = made.examples[j], &b = searched.examples[j];
    CHECK(a.near == b.near);
    CHECK(a.attracts == b.attracts);
    CHECK(a.recalled == b.recalled);
    CHECK(a.point.end == b.point.end);
    if (!b.point.converged()) continue;
    CHECK(a.point.stability == b.point.stability);
    CHECK((a.point.x - b.point.x).norm() <= 1e-9 * b.point.x.norm());
    CHECK(a.distance == Approx(b.distance).margin(1e-9));
  }
  CHECK(made.recalled() > 0);
  CHECK(contains(error_of([&] { (void)recall(t.f, found, Mat<double>(10, 21)); }), "found has 20 starts"));
}

TEST_CASE("an erased network has the fixed points of the typed one", "[dynamics]") {
  const Trained<double> t = trained<double>(8, 24, 3, 4, 17);
  const Model any(erased(t.f.layer), t.f.theta);
  const FixedPoints<double> typed = find_fixed_points(t.f, t.X), untyped = find_fixed_points(any, t.X);
  CHECK(typed.x == untyped.x);
  CHECK(typed.kinds[0].spectral_radius == untyped.kinds[0].spectral_radius);
}

TEST_CASE("richness: Chao's and Good's estimators", "[dynamics]") {
  const Richness r = richness({1, 1, 1, 2, 5, 0});
  CHECK(r.seen == 5);
  CHECK(r.chao1 == Approx(5 + 3. * 2 / (2 * 2)));
  CHECK(r.coverage == Approx(1 - 3. / 10));
  CHECK(richness({}).coverage == 0);
  CHECK(contains(error_of([] { (void)richness({-1}); }), "hits must be >= 0, got -1"));
}

TEST_CASE("midpoints of all pairs", "[dynamics]") {
  const Mat<double> m = midpoints(Mat<double>{{0, 2, 6}});
  CHECK(m == Mat<double>{{1, 3, 4}});
}
