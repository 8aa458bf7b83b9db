// Orbits against the iteration written out, and how columns end.
#include "basin/dynamics/orbit.hpp"

#include <cmath>
#include <stdexcept>

#include "basin/compose/chain.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Model<Affine<double>> linear(const Mat<double>& A) { return {Affine<double>(A), Vec<double>()}; }

auto small_net() {
  const Chain net(Dense<double>(6, 20), Pointwise<double, Tanh>(20), Dense<double>(20, 6));
  return Model(net, Vec<double>(0.2 * random_matrix<double>(net.param_size(), 1, 1)));
}

}  // namespace

TEST_CASE("an orbit is f applied again and again, with snapshots on the way", "[dynamics]") {
  const auto f = small_net();
  const Mat<double> x0 = random_matrix<double>(6, 150, 2);  // several pieces
  const auto o = orbit(f, x0, {.max_steps = 20, .snapshots = {0, 1, 7, 7, 20}});
  REQUIRE(o.snapshots.size() == 5);
  Mat<double> x = x0;
  for (Index t = 0; t <= 20; ++t) {
    if (t == 0) CHECK((o.snapshots[0] - x).norm() == 0);
    if (t == 1) CHECK((o.snapshots[1] - x).norm() <= 1e-13 * x.norm());
    if (t == 7) CHECK((o.snapshots[2] - x).norm() <= 1e-13 * x.norm());
    if (t == 7) CHECK((o.snapshots[3] - x).norm() <= 1e-13 * x.norm());
    if (t == 20) CHECK((o.snapshots[4] - x).norm() <= 1e-13 * x.norm());
    x = f(x);
  }
  CHECK((o.x - o.snapshots[4]).norm() == 0);
  CHECK(o.count(OrbitEnd::moving) == 150);
  CHECK(o.steps[149] == 20);
}

TEST_CASE("a column stops when its step is within the tolerance, the others go on", "[dynamics]") {
  // f(x) = x / 2 on column j starting at 2^j: the step at time t is 2^(j - t - 1), so it settles at t = j
  // + 10.
  Mat<double> x0(1, 5);
  x0 << 1, 2, 4, 8, 16;
  const auto o = orbit(linear(Mat<double>{{0.5}}), x0,
                       {.max_steps = 100, .tolerance = std::ldexp(1.0, -10), .snapshots = {5, 12, 100}});
  CHECK(o.count(OrbitEnd::settled) == 5);
  for (Index j = 0; j < 5; ++j) {
    CHECK(o.steps[static_cast<std::size_t>(j)] == j + 10);
    CHECK(o.x(0, j) == std::ldexp(1.0, -10));
    CHECK(o.snapshots[0](0, j) == std::ldexp(1.0, static_cast<int>(j) - 5));
    CHECK(o.snapshots[1](0, j) == std::ldexp(1.0, j <= 2 ? -10 : static_cast<int>(j) - 12));
    CHECK(o.snapshots[2](0, j) == std::ldexp(1.0, -10));
  }
}

TEST_CASE("tolerances of an orbit: absolute, relative, and never below rounding", "[dynamics]") {
  // x/2 + 5 from 0 has x_t = 10 - 10 / 2^t and steps of 10 / 2^t.
  const Model half(Dense<double>(1, 1), Vec<double>{{0.5, 5}});
  const auto steps = [&](const OrbitOptions& o) { return orbit(half, Mat<double>::Zero(1, 1), o).steps[0]; };
  CHECK(steps({.tolerance = 1e-3}) == 14);           // 10 / 2^14 = 6.1e-4
  CHECK(steps({.relative_tolerance = 1e-3}) == 10);  // 10 / 2^10 = 9.8e-3 <= 1e-3 x_9
  CHECK(steps({.tolerance = 1e-3, .relative_tolerance = 1e-12}) == 14);
  const Model in_float(Dense<float>(1, 1), Vec<float>{{0.5f, 5.f}});
  const Orbit<float> o = orbit(in_float, Mat<float>::Zero(1, 1), {.max_steps = 200, .tolerance = 1e-30});
  CHECK(o.end[0] == OrbitEnd::settled);
  CHECK(std::abs(o.x(0, 0) - 10) < 1e-5);
  CHECK(contains(error_of([&] { (void)steps({.relative_tolerance = -1}); }),
                 "relative_tolerance must be >= 0, got -1"));
}

TEST_CASE("a column that leaves the bound, or is not finite, has diverged", "[dynamics]") {
  Mat<double> x0(1, 3);
  x0 << 1, std::nan(""), 0;
  const auto o = orbit(linear(Mat<double>{{2}}), x0, {.max_steps = 50, .bound = 1000});
  CHECK(o.end[0] == OrbitEnd::diverged);
  CHECK(o.steps[0] == 10);  // 2^10 > 1000
  CHECK(o.end[1] == OrbitEnd::diverged);
  CHECK(o.end[2] == OrbitEnd::moving);
  const auto overflow = orbit(linear(Mat<double>{{1e200}}), Mat<double>{{1}}, {.max_steps = 50});
  CHECK(overflow.end[0] == OrbitEnd::diverged);
  CHECK(overflow.steps[0] == 2);
}

TEST_CASE("orbits are bit for bit the same with 1 and 2 threads", "[dynamics]") {
  const auto f = small_net();
  const Mat<double> x0 = random_matrix<double>(6, 300, 3);
  const OrbitOptions options{.max_steps = 200, .tolerance = 1e-9};
  set_num_threads(1);
  const auto one = orbit(f, x0, options);
  set_num_threads(2);
  const auto two = orbit(f, x0, options);
  set_num_threads(0);
  CHECK((one.x.array() == two.x.array()).all());
  CHECK(one.steps == two.steps);
  CHECK(one.count(OrbitEnd::settled) == 300);
}

TEST_CASE("orbit can be cancelled, reports progress, and refuses nonsense", "[dynamics]") {
  const auto f = small_net();
  const Mat<double> x0 = random_matrix<double>(6, 200, 4);
  Index seen = 0;
  OrbitOptions options{.max_steps = 1000000};
  options.observer = [&](Index finished, Index all) {
    seen = finished;
    CHECK(all == 200);
  };
  options.cancelled = [] { return true; };
  const auto o = orbit(f, x0, options);
  CHECK(o.cancelled);
  CHECK(seen == 0);
  int asked = 0;
  options.cancelled = [&] { return ++asked > 6; };
  CHECK(orbit(f, x0, options).steps[0] <= 112);
  CHECK(o.steps[0] == 0);
  CHECK((o.x - x0).norm() == 0);
  options.cancelled = {};
  options.max_steps = 10;
  (void)orbit(f, x0, options);
  CHECK(seen == 200);
  set_num_threads(2);
  options.observer = [](Index, Index) { throw std::runtime_error("from the observer"); };
  CHECK(error_of([&] { (void)orbit(f, x0, options); }) == "from the observer");
  set_num_threads(0);
  CHECK(contains(error_of([&] { (void)orbit(f, Mat<double>::Zero(5, 1)); }), "x0 has 5 rows, f expects 6"));
  CHECK(contains(error_of([&] {
                   (void)orbit(f, x0, {.max_steps = 5, .snapshots = {3, 2}});
                 }),
                 "snapshots must be ascending"));
  CHECK(contains(error_of([&] { (void)orbit(f, x0, {.max_steps = 5, .snapshots = {6}}); }),
                 "from 0 to max_steps = 5"));
  CHECK(contains(error_of([] {
                   (void)orbit(Model(Dense<double>(2, 3), Vec<double>(Vec<double>::Zero(9))),
                               Mat<double>::Zero(2, 1));
                 }),
                 "f maps 2 rows to 3"));
}

TEST_CASE("orbits and fixed points work in float", "[dynamics]") {
  const Model f(Affine<float>(Mat<float>{{0.5f, 0.25f}, {0, 0.5f}}), Vec<float>());
  const auto o = orbit(f, Mat<float>::Ones(2, 70), {.max_steps = 200, .tolerance = 1e-6, .snapshots = {1}});
  CHECK((o.snapshots[0].row(0).array() == 0.75f).all());
  CHECK(o.count(OrbitEnd::settled) == 70);
  CHECK(o.x.norm() < 1e-4f);
}
