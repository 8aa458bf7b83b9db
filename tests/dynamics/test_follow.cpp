// A fixed point followed along parameters: folds, flips, Neimark-Sacker points and kinks of known place.
#include "basin/dynamics/follow.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps_of_parameters.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Vec<double> one(double x) { return Vec<double>{{x}}; }
/// Whether every point of the curve is fixed, up to this.
template <class F>
double largest_residual(const F& layer, double from, double to, const Branch& b) {
  double largest = 0;
  for (const BranchPoint& p : b.curve) {
    const Model f(layer, one((1 - p.s) * from + p.s * to));
    largest = std::max(largest, (f(Mat<double>(p.x)) - p.x).norm());
  }
  return largest;
}

}  // namespace

TEST_CASE("x + mu - x^2: down the stable half, through the fold at 0 and back on the unstable half",
          "[dynamics]") {
  const double high = 0.25, low = -0.05;
  const auto mu = [&](double s) { return (1 - s) * high + s * low; };
  for (const double sign : {1., -1.}) {
    const Branch b = follow_fixed_point(FoldMap{}, one(high), one(low), one(0.5 * sign));
    REQUIRE(b.end == BranchEnd::returned);
    CHECK(b.x[0] == Approx(-0.5 * sign).epsilon(1e-12));
    CHECK(largest_residual(FoldMap{}, high, low, b) < 1e-11);
    REQUIRE(b.events.size() == 1);
    const BranchEvent& fold = b.events.front();
    CHECK(fold.kind == BranchEventKind::fold);
    CHECK(std::abs(mu(fold.s)) < 1e-12);
    CHECK(std::abs(fold.x[0]) < 1e-7);
    REQUIRE(fold.multipliers.size() == 1);
    CHECK(std::abs(fold.multipliers.front() - 1.) < 1e-7);
    CHECK(fold.residual < 1e-7);
    CHECK(fold.before == (sign > 0 ? 0 : 1));
    CHECK(fold.after == 1 - fold.before);
    double along = sign;
    for (const BranchPoint& p : b.curve) {
      const double root = std::sqrt(std::max(mu(p.s), 0.));
      CHECK(std::abs(std::abs(p.x[0]) - root) < 1e-6);
      if (root < 1e-6) continue;
      along = p.x[0] > 0 ? 1 : -1;
      CHECK(p.spectral_radius == Approx(std::abs(1 - 2 * along * root)).epsilon(1e-9));
      CHECK(p.unstable == (along > 0 ? 0 : 1));
      CHECK(p.index == static_cast<int>(along));
    }
    CHECK(along == -sign);
  }
}

TEST_CASE("the size of x plays no part", "[dynamics]") {
  // x / c of the same map
  for (const double c : {1e-6, 1e6}) {
    const Branch b = follow_fixed_point(FoldMap(c), one(0.25), one(-0.05), one(0.5 * c), 0);
    REQUIRE(b.end == BranchEnd::returned);
    CHECK(b.x[0] == Approx(-0.5 * c).epsilon(1e-10));
    REQUIRE(b.events.size() == 1);
    CHECK(b.events.front().s == Approx(0.25 / 0.3).epsilon(1e-11));
    CHECK(b.steps < 60);
  }
}

TEST_CASE("the logistic map flips at r = 3", "[dynamics]") {
  const double from = 2.5, to = 3.4;
  for (const double start : {0., 1.}) {
    const double r = start == 0 ? from : to;
    const Branch b = follow_fixed_point(LogisticMap{}, one(from), one(to), one(1 - 1 / r), start);
    REQUIRE(b.end == BranchEnd::crossed);
    CHECK(b.x[0] == Approx(1 - 1 / (start == 0 ? to : from)).epsilon(1e-12));
    REQUIRE(b.events.size() == 1);
    const BranchEvent& flip = b.events.front();
    CHECK(flip.kind == BranchEventKind::flip);
    CHECK((1 - flip.s) * from + flip.s * to == Approx(3).epsilon(1e-8));
    CHECK(flip.x[0] == Approx(2. / 3).epsilon(1e-7));
    CHECK(std::abs(flip.multipliers.front() + 1.) < 1e-7);
    CHECK(flip.residual < 1e-7);
    CHECK(flip.before == static_cast<Index>(start));
    CHECK(flip.after == 1 - flip.before);
  }
}

TEST_CASE("the delayed logistic map has its Neimark-Sacker point at r = 2, with multipliers exp(+-i pi / 3)",
          "[dynamics]") {
  const double from = 1.6, to = 2.3;
  const Branch b =
      follow_fixed_point(DelayedLogisticMap{}, one(from), one(to), Vec<double>::Constant(2, 1 - 1 / from));
  REQUIRE(b.end == BranchEnd::crossed);
  CHECK(b.x[1] == Approx(1 - 1 / to).epsilon(1e-12));
  REQUIRE(b.events.size() == 1);
  const BranchEvent& e = b.events.front();
  CHECK(e.kind == BranchEventKind::neimark_sacker);
  CHECK((1 - e.s) * from + e.s * to == Approx(2).epsilon(1e-8));
  CHECK(e.x[0] == Approx(0.5).epsilon(1e-7));
  REQUIRE(e.multipliers.size() == 2);
  const std::complex<double> exact = std::polar(1., std::numbers::pi / 3);
  CHECK(std::abs(e.multipliers[0] - exact) < 1e-7);
  CHECK(std::abs(e.multipliers[1] - std::conj(exact)) < 1e-7);
  CHECK(e.before == 0);
  CHECK(e.after == 2);
}

TEST_CASE("two points of the skew tent map collide at the kink and vanish", "[dynamics]") {
  // mu + a x for x < 0, mu + b x above: fixed points mu / (1 - a) and mu / (1 - b), both there for mu < 0
  // where a < 1 < b.
  struct Case {
    double a, b;
    Index before, after;
  };
  // Corners with an acute and with an obtuse angle between the tangents.
  for (const Case& c :
       {Case{0.5, 2, 0, 1}, {-0.5, 5, 0, 1}, {-3, 5, 1, 1}, {0.9, 1.05, 0, 1}, {-9, 30, 1, 1}}) {
    const SkewTentMap map{c.a, c.b};
    const double low = -0.7, high = 0.6;
    const Branch b = follow_fixed_point(map, one(low), one(high), one(low / (1 - c.a)));
    INFO("slopes " << c.a << ", " << c.b);
    REQUIRE(b.end == BranchEnd::returned);
    CHECK(b.x[0] == Approx(low / (1 - c.b)).epsilon(1e-12));
    REQUIRE(b.events.size() == 1);
    const BranchEvent& e = b.events.front();
    CHECK(e.kind == BranchEventKind::border_fold);
    CHECK(std::abs((1 - e.s) * low + e.s * high) < 1e-10);
    CHECK(std::abs(e.x[0]) < 1e-10);
    CHECK(e.before == c.before);
    CHECK(e.after == c.after);
    REQUIRE(e.multipliers.size() == 2);
    CHECK(e.multipliers[0].real() == Approx(c.a));
    CHECK(e.multipliers[1].real() == Approx(c.b));
    CHECK(e.residual < 1e-10);
    CHECK(largest_residual(map, low, high, b) < 1e-10);
  }
}

TEST_CASE("a kink that the branch goes on behind", "[dynamics]") {
  // Slopes on one side of 1: the fixed point crosses the kink and lives on, with or without its stability.
  for (const auto& [a, b] :
       std::vector<std::array<double, 2>>{{0.5, -0.5}, {0.5, -2}, {-20, 0.9}, {-20, -1.5}}) {
    const SkewTentMap map{a, b};
    const Branch branch = follow_fixed_point(map, one(-1), one(1), one(-1 / (1 - a)));
    INFO("slopes " << a << ", " << b);
    REQUIRE(branch.end == BranchEnd::crossed);
    CHECK(branch.x[0] == Approx(1 / (1 - b)).epsilon(1e-12));
    const bool changes = (std::abs(a) > 1) != (std::abs(b) > 1);
    REQUIRE(branch.events.size() == (changes ? 1 : 0));
    if (!changes) continue;
    CHECK(branch.events.front().kind == BranchEventKind::border_crossing);
    CHECK(branch.events.front().s == Approx(0.5).epsilon(1e-9));
  }
}

TEST_CASE("a narrow network and the same without its factors have the same branches", "[dynamics]") {
  // tanh(B A x), 12 x 3 times 3 x 12, from weak weights to strong ones: 0 stays fixed. Off 0 with biases.
  const auto narrow = fully_connected<double>(12, 3, 2, Tanh{});
  const Vec<double> weak = initial_values(narrow, initial::pytorch_default(), 3);
  const Vec<double> strong = 3 * weak;
  REQUIRE(jacobian_factors(Model(narrow, weak), Vec<double>::Zero(12)));
  const OwnLayer whole(narrow);  // nobody sees where it may be cut
  REQUIRE_FALSE(jacobian_factors(Model(whole, weak), Vec<double>::Zero(12)));
  const auto start = find_fixed_point(Model(narrow, weak), Vec<double>::Zero(12));
  REQUIRE(start.converged());
  const Branch a = follow_fixed_point(narrow, weak, strong, start.x),
               b = follow_fixed_point(whole, weak, strong, start.x);
  CHECK(a.end == b.end);
  CHECK((a.x - b.x).norm() < 1e-10 * a.x.norm());
  REQUIRE(a.curve.size() == b.curve.size());
  for (std::size_t k = 0; k < a.curve.size(); ++k) {
    CHECK(a.curve[k].s == Approx(b.curve[k].s).margin(1e-7));
    CHECK((a.curve[k].x - b.curve[k].x).norm() < 1e-6);
    CHECK(a.curve[k].unstable == b.curve[k].unstable);
    CHECK(a.curve[k].index == b.curve[k].index);
    CHECK(a.curve[k].spectral_radius == Approx(b.curve[k].spectral_radius).epsilon(1e-6));
  }
  REQUIRE(a.events.size() == b.events.size());
  for (std::size_t k = 0; k < a.events.size(); ++k) {
    CHECK(a.events[k].kind == b.events[k].kind);
    CHECK(a.events[k].s == Approx(b.events[k].s).margin(1e-7));
  }
  const auto end = find_fixed_point(Model(narrow, a.end == BranchEnd::crossed ? strong : weak), a.x);
  CHECK(end.distance < 1e-10);
}

TEST_CASE("a curve that is lost says why", "[dynamics]") {
  const auto follow = [](double x, const BranchOptions& o) {
    return follow_fixed_point(FoldMap{}, one(0.25), one(-0.05), one(x), 0, o);
  };
  CHECK(follow(0.4, {}).end == BranchEnd::no_start);
  CHECK(follow(0.5, {.max_steps = 2}).end == BranchEnd::out_of_steps);
  CHECK(follow(0.5, {.cancelled = [] { return true; }}).end == BranchEnd::cancelled);
  // mu / (1 - a): out of bounds as a goes to 1.
  const Branch far =
      follow_fixed_point(LineMap{}, Vec<double>{{0.5, 1}}, Vec<double>{{1.5, 1}}, one(2), 0, {.bound = 50});
  CHECK(far.end == BranchEnd::left_bound);
  CHECK(far.x[0] > 100);
  CHECK(far.lost());
  CHECK_FALSE(follow(0.5, {}).lost());
}

TEST_CASE("what cannot be followed is refused", "[dynamics]") {
  const auto error = [](const BranchOptions& o, double from = 0, Index rows = 1) {
    return error_of([&] {
      (void)follow_fixed_point(FoldMap{}, one(0.25), one(-0.05), Vec<double>::Constant(rows, 0.5), from, o);
    });
  };
  CHECK(contains(error({.step = 1}), "0 < least <= step <= most, got 1e-06, 1, 0.2"));
  CHECK(contains(error({.corrections = 0}), "corrections must be >= 1, got 0"));
  CHECK(contains(error({.event_tolerance = 0}), "event_tolerance must be > 0, got 0"));
  CHECK(contains(error({.difference = 1}), "difference must be between 0 and 1, got 1"));
  CHECK(contains(error({}, 0.5), "from must be 0 or 1, got 0.5"));
  CHECK(contains(error({}, 0, 2), "x has 2 rows, f expects 1"));
  CHECK(contains(error({.form_up_to = 0}), "form_up_to is 0"));
  CHECK(
      contains(error_of([] { (void)follow_fixed_point(FoldMap{}, one(0), Vec<double>::Zero(2), one(0.5)); }),
               "theta0 has 1 entries, theta1 2"));
}
