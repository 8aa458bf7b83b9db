// How far basins go, what lies on their edges, and how rough these are.
#include <Eigen/QR>
#include <cmath>
#include <complex>

#include "basin/core/parallel.hpp"
#include "basin/dynamics/basin_boundary.hpp"
#include "basin/dynamics/basin_radius.hpp"
#include "basin/dynamics/edge_state.hpp"
#include "basin/dynamics/smallest_shock.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
#include "support/small_maps.hpp"

using namespace basin;

namespace {

constexpr double root = 0.9575040240772688;  // of tanh(2 x) = x

template <class S>
std::vector<Attractor<S>> attractors_at(const Mat<S>& points, double radius) {
  std::vector<Attractor<S>> all(static_cast<std::size_t>(points.cols()));
  for (std::size_t k = 0; k < all.size(); ++k) {
    all[k].points = points.col(static_cast<Index>(k));
    all[k].radius = radius;
  }
  return all;
}
/// Those of (tanh 2x, c y).
std::vector<Attractor<double>> two() {
  return attractors_at<double>(Mat<double>{{root, -root}, {0, 0}}, 0.2);
}

/// x -> B tanh(2 B'x) with two orthonormal columns B in n dimensions: the four corners, and n - 2 neutral
/// directions.
template <class S>
struct Embedded {
  Mat<S> B;
  Model<Chain<Dense<S>, Pointwise<S, Tanh>, Dense<S>>> f;
  std::vector<Attractor<S>> attractors;  // (+, +), (-, +), (+, -), (-, -)
};
template <class S>
Embedded<S> embedded(Index n) {
  const Mat<double> random = random_matrix<double>(n, 2, 3);
  const Mat<S> B = (random.householderQr().householderQ() * Mat<double>::Identity(n, 2)).template cast<S>();
  const Chain net(Dense<S>(n, 2), Pointwise<S, Tanh>(2), Dense<S>(2, n));
  Vec<S> theta = Vec<S>::Zero(net.param_size());
  theta.head(2 * n) = (S(2) * B.transpose()).reshaped();
  theta.segment(2 * n + 2, 2 * n) = B.reshaped();
  const auto r = static_cast<S>(root);
  const Mat<S> corners{{r, -r, r, -r}, {r, r, -r, -r}};
  return {B, Model(net, theta), attractors_at<S>(B * corners, 0.2)};
}

}  // namespace

TEST_CASE("basin radii of (tanh 2x, y / 2) are the distances to x = 0", "[dynamics]") {
  const auto f = tanh_and_half<double>();
  Mat<double> U(2, 4);
  U << -1, -0.8, 0, 1, 0, 0.6, 1, 0;
  const BasinRadii r = basin_radii(f, two(), 1, U);
  CHECK(r.outside[0] == Approx(root).epsilon(1.1e-3));
  CHECK(r.outside[0] >= root);
  CHECK(r.inside[0] < root);
  CHECK(r.beyond[0] == 2);
  CHECK(r.outside[1] == Approx(root / 0.8).epsilon(1.1e-3));
  CHECK(std::isinf(r.outside[2]));
  CHECK(std::isinf(r.outside[3]));
  CHECK(r.beyond[3] == 0);
  CHECK(r.least() == r.outside[0]);
  CHECK(contains(error_of([&] { (void)basin_radii(f, two(), 3, U); }), "id must be in 1 .. 2, got 3"));
  CHECK(contains(error_of([&] { (void)basin_radii(f, two(), 1, Mat<double>(3, 1)); }),
                 "directions has 3 rows"));
  CHECK(
      contains(error_of([&] { (void)basin_radii(f, two(), 1, U, {.smallest = 5}); }), "smallest < largest"));
}

TEST_CASE("the smallest shock out of a half plane is the distance to it", "[dynamics]") {
  const auto f = tanh_and_half<double>();
  SmallestShockOptions options;
  options.directions = 9;
  const Shock shock = smallest_shock(f, two(), 1, options);
  CHECK(shock.size == Approx(root).epsilon(1e-8));
  CHECK(shock.size >= root * (1 - 1e-12));
  CHECK(shock.beyond == 2);
  CHECK(shock.alignment == Approx(1).epsilon(1e-9));
  CHECK(std::abs(shock.v[1]) < 1e-4);
  CHECK(shock.v.norm() == Approx(shock.size).epsilon(1e-12));
  CHECK(shock.first >= shock.size);
  options.radius.largest = 0.5;  // nothing is lost within
  CHECK(std::isinf(smallest_shock(f, two(), 1, options).size));
}

TEST_CASE("noise tolerance where the share that comes back is known", "[dynamics]") {
  // x* + sigma N stays in x > 0 with probability Phi(root / sigma): .95 at sigma = root / 1.64485.
  const auto f = tanh_and_half<double>();
  const NoiseTolerance t = noise_tolerance(f, two(), 1, {.draws = 4000});
  const double exact = root / 1.6448536269514722;
  CHECK(t.interval.low < exact);
  CHECK(t.interval.high > exact);
  CHECK(t.interval.low < t.sigma);
  CHECK(t.interval.high > t.sigma);
  CHECK(t.sigma == Approx(exact).epsilon(0.06));
  CHECK(t.share >= 0.95);
  CHECK(t.share < 0.953);
  const auto all =
      noise_tolerance(f, {two()[0]}, 1, {.fates = {.max_steps = 1000}, .draws = 20, .largest = 0.02});
  CHECK(std::isinf(all.sigma));
}

TEST_CASE("row space, neutral and stretched directions", "[dynamics]") {
  const auto e = embedded<double>(40);
  const Vec<double> x = e.B * Vec<double>{{0.3, 0.1}};
  const RowSpace space = row_space(e.f, x);
  CHECK(space.whole);
  CHECK(space.neutral == 38);
  REQUIRE(space.basis.cols() == 2);
  CHECK((space.basis - e.B * (e.B.transpose() * space.basis)).norm() < 1e-12);
  const Mat<double> U = directions_within(space.basis, 5, 1);
  CHECK((U.colwise().norm().array() - 1).abs().maxCoeff() < 1e-14);
  CHECK((U - e.B * (e.B.transpose() * U)).norm() < 1e-12);
  const StretchedDirections s = stretched_directions(e.f, x, 2);
  const auto slope = [](double z) { return 2 * (1 - std::tanh(2 * z) * std::tanh(2 * z)); };
  CHECK(s.sigma[0] == Approx(slope(0.1)));
  CHECK(s.sigma[1] == Approx(slope(0.3)));
  CHECK(std::abs(s.V.col(0).dot(e.B.col(1))) == Approx(1));
  const auto diagonal = tanh_and_half<double>();  // no factors: J is formed
  CHECK(row_space(diagonal, Vec<double>{{0, 0}}).neutral == 0);
  CHECK(row_space(tanh_and_linear<double>(0), Vec<double>{{0, 0}}).neutral == 1);
}

TEST_CASE("the edge state of (tanh 2x, y / 2) is 0 with multipliers 2 and 1/2", "[dynamics]") {
  const auto f = tanh_and_half<double>();
  const auto e = edge_state(f, two(), Vec<double>{{0.4, 1.5}}, Vec<double>{{-1.3, -0.2}});
  REQUIRE(e.found);
  CHECK(e.point.x.norm() < 1e-12);
  CHECK(e.point.residual < 1e-12);
  CHECK(e.point.unstable == 1);
  CHECK(e.point.stability == Stability::unstable);
  CHECK(e.multiplier == Approx(2).epsilon(1e-9));
  CHECK(e.direction[0] == Approx(-1));
  CHECK(e.id_a == 1);
  CHECK(e.id_b == 2);
  CHECK(e.last_b == 2);
  CHECK(e.side_a == 1);
  CHECK(e.side_b == 2);
  CHECK(e.third.empty());
  CHECK(contains(error_of([&] {
                   (void)edge_state(f, two(), Vec<double>{{1, 0}}, Vec<double>{{2, 0}});
                 }),
                 "must have different fates, that of a an attractor, got 1 and 1"));
}

TEST_CASE("edge states in 784 and 3072 dimensions, and the third basin that bisection meets", "[dynamics]") {
  const auto check = [](const auto& e, double digits) {
    using S = typename std::decay_t<decltype(e.f)>::Scalar;
    const auto at = [&](double u, double v) { return Vec<S>(e.B * Vec<S>{{S(u), S(v)}}); };
    // Between neighbours: the saddle (0, root).
    const auto beside = edge_state(e.f, e.attractors, at(root, root), at(-1.3, root));
    REQUIRE(beside.found);
    CHECK((beside.point.x - at(0, root)).norm() < digits);
    CHECK(beside.point.unstable == 1);
    CHECK(beside.multiplier == Approx(2).epsilon(1e-4));
    CHECK(beside.side_a == 1);
    CHECK(beside.side_b == 2);
    for (const Index id : beside.third) CHECK(id == -1);  // right on the edge, in float
    // From (+, +) to (-, -), passing through (-, +): that basin is met and its edge followed.
    const auto across = edge_state(e.f, e.attractors, at(root, root), at(-1, -0.3));
    REQUIRE(across.found);
    CHECK(across.id_b == 4);
    CHECK(across.last_b == 2);
    CHECK(across.third == std::vector<Index>{2});
    CHECK((across.point.x - at(0, root)).norm() < digits);
  };
  check(embedded<double>(784), 1e-10);
  check(embedded<double>(3072), 1e-10);
  check(embedded<float>(784), 1e-4);
}

TEST_CASE("random directions mislead where most are neutral, the row space does not", "[dynamics]") {
  const auto e = embedded<double>(784);
  const Vec<double> x = e.attractors[0].points.col(0);
  CHECK(row_space(e.f, x).neutral == 782);
  const BasinRadii random =
      basin_radii(e.f, e.attractors, 1, random_directions(784, 20, 1), {.largest = 1000});
  const BasinRadii within =
      basin_radii(e.f, e.attractors, 1, directions_within(row_space(e.f, x).basis, 20, 1), {.largest = 1000});
  CHECK(random.least() > 5);
  CHECK(within.least() < 1.2);
  const Shock shock = smallest_shock(e.f, e.attractors, 1);
  CHECK(shock.size == Approx(root).epsilon(1e-6));
}

TEST_CASE("an edge that holds no fixed point is said to", "[dynamics]") {
  // Cantor's map jumps from one basin to the other at 1/2: the pair never drifts apart to a saddle there.
  const auto f = cantor_map();
  const auto attractors = attractors_at<double>(Mat<double>{{-1, 2}, {0, 0}}, 0.5);
  const auto e = edge_state(f, attractors, Vec<double>{{0.45, 0}}, Vec<double>{{0.55, 0}}, {.rounds = 12});
  CHECK_FALSE(e.found);
  CHECK_FALSE(e.reason.empty());
}

TEST_CASE("a plane through points keeps distances", "[dynamics]") {
  const Mat<double> P = random_matrix<double>(30, 3, 1);
  const Plane plane = plane_through(P.col(0), P.col(1), P.col(2));
  const Vec<double> a = plane.coordinates(P.col(0)), b = plane.coordinates(P.col(1)),
                    c = plane.coordinates(P.col(2));
  CHECK(a.norm() < 1e-14);
  CHECK(b[0] == Approx((P.col(1) - P.col(0)).norm()));
  CHECK(std::abs(b[1]) < 1e-14);
  CHECK(c[1] > 0);
  CHECK((c - b).norm() == Approx((P.col(2) - P.col(1)).norm()));
  CHECK((plane.at(c[0], c[1]) - P.col(2)).norm() < 1e-13);
  CHECK(plane.distance(plane.at(1, 2)) < 1e-14);
  CHECK(plane_through(P.col(0), P.col(1)).distance(Vec<double>::Zero(30)) < 1e-14);
  CHECK(contains(error_of([&] { (void)plane_through(P.col(0), P.col(1), P.col(1)); }), "lie on a line"));
}

TEST_CASE("a slice of four corners, on one and two threads", "[dynamics]") {
  const auto e = embedded<double>(20);
  const Plane plane = plane_through(Vec<double>::Zero(20), e.B.col(0), e.B.col(1));
  const auto run = [&](int threads) {
    set_num_threads(threads);
    auto slice = basin_slice(e.f, e.attractors, plane, {-2, 2, -1, 1}, 20, 40);
    set_num_threads(0);
    return slice;
  };
  const auto one = run(1), two_threads = run(2);
  CHECK(one.ids == two_threads.ids);
  CHECK(one.steps == two_threads.steps);
  CHECK(one.u(0) == Approx(-1.95));
  CHECK(one.v(19) == Approx(0.95));
  for (Index i = 0; i < 20; ++i)
    for (Index j = 0; j < 40; ++j) CHECK(one.ids(i, j) == (one.u(j) > 0 ? 1 : 2) + (one.v(i) > 0 ? 0 : 2));
  CHECK(one.steps(10, 20) > one.steps(19, 39));  // beside both edges it takes longer
  CHECK(contains(error_of([&] {
                   (void)basin_slice(e.f, e.attractors, plane, {1, 1, 0, 1}, 2, 2);
                 }),
                 "low < high"));
}

TEST_CASE("basin entropy of pictures", "[dynamics]") {
  Mat<Index> ids = Mat<Index>::Ones(12, 12);
  CHECK(basin_entropy(ids, 3).entropy == 0);
  CHECK(basin_entropy(ids, 3).boundary == 0);
  ids.rightCols(5).setConstant(2);  // the boundary cuts the boxes of columns 6 .. 8: a third to two thirds
  const BasinEntropy e = basin_entropy(ids, 3);
  const double box = -std::log(1. / 3) / 3 - 2 * std::log(2. / 3) / 3;
  CHECK(e.boxes == 16);
  CHECK(e.boundary_boxes == 4);
  CHECK(e.boundary == Approx(box));
  CHECK(e.entropy == Approx(box / 4));
  CHECK_FALSE(e.above_log_2());
  for (Index j = 0; j < 12; ++j)
    for (Index i = 0; i < 12; ++i) ids(i, j) = 1 + (i + j) % 3;
  CHECK(basin_entropy(ids, 3).boundary == Approx(std::log(3.)));
  CHECK(basin_entropy(ids, 3).above_log_2());
  CHECK(basin_entropy(ids, 5).boxes == 4);
  CHECK(contains(error_of([&] { (void)basin_entropy(ids, 13); }), "side must be in 2 .. 12, got 13"));
}

TEST_CASE("the uncertainty exponent of a line is 1, of Cantor's basins 1 - log 2 / log 3", "[dynamics]") {
  const Plane plane = plane_through(Vec<double>{{0, 0}}, Vec<double>{{1, 0}}, Vec<double>{{0, 1}});
  const auto line = uncertainty_exponent(tanh_and_half<double>(), two(), plane, {-1, 1, -1, 1},
                                         {.samples = 4000, .halvings = 4});
  REQUIRE(line.known());
  CHECK(std::abs(line.exponent - 1) < 2 * line.error);
  CHECK(line.error < 0.1);
  CHECK(line.epsilon.front() == Approx(2. / 16));
  CHECK(line.fraction.front() ==
        Approx(2 * 0.125 / std::numbers::pi).epsilon(0.15));  // mean of |cos| is 2 / pi
  CHECK(line.fit.r_squared > 0.99);
  const auto attractors = attractors_at<double>(Mat<double>{{-1, 2}, {0, 0}}, 0.5);
  const auto run = [&](int threads) {
    set_num_threads(threads);
    auto u =
        uncertainty_exponent(cantor_map(), attractors, plane, {0, 1, 0, 1}, {.samples = 5000, .halvings = 9});
    set_num_threads(0);
    return u;
  };
  const auto cantor = run(1);
  REQUIRE(cantor.known());
  CHECK(std::abs(cantor.exponent - (1 - std::log(2.) / std::log(3.))) < 0.03);
  CHECK(cantor.error < 0.03);
  CHECK(run(2).fraction == cantor.fraction);
  // Of one basin alone nothing is known.
  const auto none =
      uncertainty_exponent(tanh_and_half<double>(), two(), plane, {0.5, 1, -1, 1}, {.samples = 100});
  CHECK_FALSE(none.known());
}

TEST_CASE("Newton's method for z^3 = 1 has Wada's property, three stripes do not", "[dynamics]") {
  const Index n = 200;
  Mat<Index> ids(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      std::complex<double> z(-1.5 + 3 * (static_cast<double>(j) + 0.5) / static_cast<double>(n),
                             -1.5 + 3 * (static_cast<double>(i) + 0.5) / static_cast<double>(n));
      for (int t = 0; t < 60; ++t) z -= (z * z * z - 1.) / (3. * z * z);
      ids(i, j) = z.real() > 0.5 ? 1 : z.imag() > 0 ? 2 : 3;
    }
  const WadaTest newton = wada_test(ids, 8);
  CHECK(newton.basins == 3);
  CHECK(newton.distance > 0);
  CHECK(newton.wada());
  for (Index j = 0; j < n; ++j) ids.col(j).setConstant(1 + 3 * j / n);
  const WadaTest stripes = wada_test(ids, 8);
  CHECK(stripes.distance == 67);  // boundaries at columns 66, 67 and 133, 134
  CHECK_FALSE(stripes.wada());
  ids.setOnes();
  CHECK(wada_test(ids).basins == 1);
  CHECK_FALSE(wada_test(ids).wada());
  ids.setConstant(-1);
  CHECK(wada_test(ids).basins == 0);
}
