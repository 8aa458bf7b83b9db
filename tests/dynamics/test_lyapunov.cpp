// Lyapunov exponents of maps whose exponents are known, and the motions that are named and withheld.
#include "basin/dynamics/lyapunov.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/parallel.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/affine.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/given_map.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Model<Affine<double>> linear(const Mat<double>& A) { return {Affine<double>(A), Vec<double>()}; }

}  // namespace

TEST_CASE("the logistic map at 4 has the exponent ln 2 and is chaotic", "[dynamics]") {
  const auto s = lyapunov_spectrum(logistic(4.), Vec<double>{{0.3}}, {.steps = 100000});
  CHECK(s.uncertainties[0] < 1e-2);
  CHECK(s.uncertainties[0] > 1e-6);
  CHECK(std::abs(s.exponents[0] - std::numbers::ln2) < 2 * s.uncertainties[0]);
  CHECK(s.motion == Motion::chaotic);
  CHECK(s.period == 0);
  CHECK(s.bounded);
  CHECK(s.digits < 5);
  CHECK(s.times.front() == 1);
  CHECK(s.times[1] == 2);
  CHECK(s.times.back() == 100000);
  CHECK(s.history.cols() == 18);  // 2^0 ... 2^16 and the end
  CHECK(s.history(0, 17) == Approx(s.exponents[0]).epsilon(1e-12));
}

TEST_CASE("the exponents of the Henon map add up to ln .3", "[dynamics]") {
  const auto s = lyapunov_spectrum(henon(), Vec<double>{{0.1, 0.1}}, {.exponents = 2, .steps = 100000});
  CHECK(std::abs(s.exponents[0] + s.exponents[1] - std::log(0.3)) < 1e-10);  // det J = -.3 everywhere
  CHECK(s.uncertainties[0] < 5e-3);
  CHECK(std::abs(s.exponents[0] - 0.41922) < 2 * s.uncertainties[0] + 5e-4);
  CHECK(s.motion == Motion::chaotic);
}

TEST_CASE("orbits that settle have the logarithm of their multiplier as exponent", "[dynamics]") {
  const auto two = lyapunov_spectrum(logistic(3.2), Vec<double>{{0.3}});
  CHECK(two.exponents[0] == Approx(std::log(0.16) / 2).epsilon(1e-10));
  CHECK(two.motion == Motion::cycle);
  CHECK(two.period == 2);
  const auto one = lyapunov_spectrum(logistic(2.5), Vec<double>{{0.3}});
  CHECK(one.exponents[0] == Approx(std::log(0.5)).epsilon(1e-10));
  CHECK(one.motion == Motion::point);
  CHECK(one.period == 1);
  const auto three = lyapunov_spectrum(logistic(3.84f), Vec<float>{{0.3f}});
  CHECK(three.motion == Motion::cycle);
  CHECK(three.period == 3);
  // at r = 2 the multiplier is 0
  const auto super = lyapunov_spectrum(logistic(2.), Vec<double>{{0.3}});
  CHECK(super.exponents[0] < -15);
  CHECK(super.motion == Motion::point);
}

TEST_CASE("a rotation onto a circle has the exponents 0 and ln .5", "[dynamics]") {
  const auto s =
      lyapunov_spectrum(turned_to_circle(1), Vec<double>{{0.3, 0.4}}, {.exponents = 2, .steps = 20000});
  CHECK(std::abs(s.exponents[0]) <= s.uncertainties[0]);
  CHECK(s.uncertainties[0] < 1e-3);
  CHECK(std::abs(s.exponents[1] - std::log(0.5)) < 1e-4);
  CHECK(s.motion == Motion::quasi_periodic);  // 1 is no rational multiple of pi
  CHECK(s.digits > 8);
  CHECK(s.period == 0);
  // by a rational angle each orbit closes, and no cycle attracts: nothing is shown
  const auto closed =
      lyapunov_spectrum(turned_to_circle(2 * std::numbers::pi / 100), Vec<double>{{0.3, 0.4}});
  CHECK(closed.motion == Motion::undecided);
  CHECK(closed.period == 100);
  const Mat<double> R{{std::cos(1.), -std::sin(1.)}, {std::sin(1.), std::cos(1.)}};
  CHECK(lyapunov_spectrum(linear(R), Vec<double>{{1, 0}}).motion == Motion::quasi_periodic);
}

TEST_CASE("motions that are not shown are left undecided", "[dynamics]") {
  // at the flip r = 3 orbits come to rest like 1 / sqrt(t): the exponent is 0, and nothing goes round
  const auto slow = lyapunov_spectrum(logistic(3.), Vec<double>{{0.3}});
  CHECK(std::abs(slow.exponents[0]) < 1e-3);
  CHECK(slow.motion != Motion::quasi_periodic);
  CHECK(slow.motion != Motion::chaotic);
  // growth without bound, faster and slower
  CHECK(lyapunov_spectrum(linear(Mat<double>{{2}}), Vec<double>{{1}}).motion == Motion::diverged);
  for (const double factor : {1.01, 1.0001, 1.000001}) {
    const Mat<double> R{{std::cos(1.), -std::sin(1.)}, {std::sin(1.), std::cos(1.)}};
    const auto s = lyapunov_spectrum(linear(factor * R), Vec<double>{{1, 0}});
    CHECK(s.exponents[0] == Approx(std::log(factor)).epsilon(1e-6));
    CHECK(s.motion == Motion::undecided);
    CHECK_FALSE(s.bounded);
  }
  // an orbit on an unstable point
  const auto on = lyapunov_spectrum(logistic(4.), Vec<double>{{0}});
  CHECK(on.exponents[0] == Approx(std::log(4.)));
  CHECK(on.motion == Motion::undecided);
  CHECK(on.period == 1);
}

TEST_CASE("the exponents of a linear map are the logarithms of its eigenvalues", "[dynamics]") {
  const Mat<double> A{{0.9, 5, 1}, {0, 0.5, 3}, {0, 0, 0}};
  const auto s = lyapunov_spectrum(linear(A), Vec<double>{{1, 1, 1}}, {.exponents = 3, .steps = 200});
  CHECK(s.exponents[0] == Approx(std::log(0.9)).epsilon(1e-10));
  CHECK(s.exponents[1] == Approx(std::log(0.5)).epsilon(1e-10));
  CHECK(s.exponents[2] == -std::numeric_limits<double>::infinity());
}

TEST_CASE("exponents in a network are those of its Jacobians", "[dynamics]") {
  const auto net = fully_connected<double>(12, 20, 2);
  const Model f(net, initial_values(net, initial::pytorch_default(), 1));
  const auto s =
      lyapunov_spectrum(f, Vec<double>::Zero(12), {.exponents = 3, .transient = 200, .steps = 400});
  const auto at = eigenvalues(jacobian(f, s.x));
  CHECK(s.motion == Motion::point);
  CHECK(s.exponents[0] == Approx(std::log(std::abs(at[0]))).epsilon(1e-3));
  const int before = num_threads();
  set_num_threads(2);
  const auto two =
      lyapunov_spectrum(f, Vec<double>::Zero(12), {.exponents = 3, .transient = 200, .steps = 400});
  set_num_threads(1);
  const auto one =
      lyapunov_spectrum(f, Vec<double>::Zero(12), {.exponents = 3, .transient = 200, .steps = 400});
  set_num_threads(before);
  CHECK(one.exponents == two.exponents);
  CHECK(one.history == two.history);
}

TEST_CASE("arguments of lyapunov_spectrum are checked", "[dynamics]") {
  const auto f = henon();
  const Vec<double> x{{0.1, 0.1}};
  const auto error = [&](const LyapunovOptions& o) {
    return error_of([&] { (void)lyapunov_spectrum(f, x, o); });
  };
  CHECK(contains(error_of([&] { (void)lyapunov_spectrum(f, Vec<double>::Zero(3)); }), "x has 3 rows"));
  CHECK(contains(error({.exponents = 0}), "exponents must be in 1 .. 2, got 0"));
  CHECK(contains(error({.exponents = 3}), "exponents must be in 1 .. 2, got 3"));
  CHECK(contains(error({.transient = -1}), "transient must be >= 0, got -1"));
  CHECK(contains(error({.steps = 39}), "steps must be >= 2 batches = 40, got 39"));
  CHECK(contains(error({.batches = 1}), "batches must be >= 2, got 1"));
  CHECK(contains(error({.recurrence = -1}), "recurrence must be >= 0, got -1"));
  CHECK(contains(error({.zero = -1}), "zero must be >= 0, got -1"));
  CHECK(contains(error({.digits = -1}), "digits must be >= 0, got -1"));
  CHECK(contains(error({.bound = 0}), "bound must be > 0, got 0"));
  const auto cancelled = lyapunov_spectrum(f, x, {.cancelled = [] { return true; }});
  CHECK(cancelled.motion == Motion::undecided);
  CHECK(cancelled.exponents.empty());
}
