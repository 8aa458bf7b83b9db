#include "basin/train/schedule.hpp"

#include <cmath>   // std::abs
#include <limits>  // std::numeric_limits

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

void check_golden(const std::string& name, const Schedule& factor) {
  const Golden golden("schedules");
  const Mat<double>& expected = golden[name];
  REQUIRE(expected.rows() == 40);
  for (Index epoch = 0; epoch < expected.rows(); ++epoch) {
    INFO(name << " at epoch " << epoch);
    // PyTorch updates the rate from epoch to epoch and so collects some rounding of its own.
    CHECK(std::abs(factor(epoch) - expected(epoch, 0)) <= 1e-13 * expected(epoch, 0));
  }
}

}  // namespace

TEST_CASE("schedules agree with PyTorch's over 40 epochs", "[train][schedule][golden]") {
  check_golden("step", schedule::step_decay(3, 0.5));
  check_golden("exponential", schedule::exponential_decay(0.9));
  check_golden("cosine", schedule::cosine(8, 0.1));
  check_golden("warm_up", schedule::warm_up(4, schedule::constant(), 0.25));
  check_golden("warm_up_then_exponential", schedule::warm_up(5, schedule::exponential_decay(0.8)));
}

TEST_CASE("schedules have the values that their formulas give", "[train][schedule]") {
  CHECK(schedule::constant()(0) == 1);
  CHECK(schedule::constant()(123456789) == 1);
  const Schedule steps = schedule::step_decay(1000, 0.5);
  CHECK(steps(999) == 1);
  CHECK(steps(1000) == 0.5);
  CHECK(steps(2999) == 0.25);
  CHECK(schedule::step_decay(1, 0)(0) == 1);
  CHECK(schedule::step_decay(1, 0)(1) == 0);
  CHECK(schedule::exponential_decay(0.5)(10) == 1. / 1024);
  const Schedule cosine = schedule::cosine(100, 0.2);
  CHECK(cosine(0) == 1);
  CHECK(std::abs(cosine(50) - 0.6) <= 1e-15);
  CHECK(cosine(100) == 0.2);
  CHECK(std::abs(cosine(200) - 1) <= 1e-15);
  const Schedule warm = schedule::warm_up(4, schedule::step_decay(2, 0.5), 0);
  const double expected[] = {0, 0.25, 0.5, 0.75, 1, 1, 0.5, 0.5, 0.25};
  for (Index epoch = 0; epoch < 9; ++epoch) CHECK(warm(epoch) == expected[epoch]);
  const Schedule held = schedule::hold(3, schedule::exponential_decay(0.5));
  const double then[] = {1, 1, 1, 1, 0.5, 0.25};
  for (Index epoch = 0; epoch < 6; ++epoch) CHECK(held(epoch) == then[epoch]);
  CHECK(schedule::hold(0, schedule::exponential_decay(0.5))(2) == 0.25);
}

TEST_CASE("schedules refuse arguments out of range", "[train][schedule][errors]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of([] { (void)schedule::step_decay(0, 0.5); }) == "step_decay: every must be >= 1, got 0");
  CHECK(contains(error_of([] { (void)schedule::step_decay(1, -0.5); }),
                 "gamma must be finite and >= 0, got -0.5"));
  CHECK(contains(error_of([&] { (void)schedule::exponential_decay(nan); }), "exponential_decay: gamma"));
  CHECK(contains(error_of([] { (void)schedule::cosine(0); }), "cosine: total must be >= 1, got 0"));
  CHECK(
      contains(error_of([] { (void)schedule::cosine(5, 1.5); }), "cosine: floor must be in [0, 1], got 1.5"));
  CHECK(error_of([] { (void)schedule::hold(-1, schedule::constant()); }) ==
        "hold: epochs must be >= 0, got -1");
  CHECK(contains(error_of([] { (void)schedule::hold(1, Schedule{}); }), "hold: after is an empty function"));
  CHECK(contains(error_of([] { (void)schedule::warm_up(0); }), "warm_up: epochs must be >= 1, got 0"));
  CHECK(contains(error_of([] { (void)schedule::warm_up(1, schedule::constant(), -1); }),
                 "warm_up: start must be in"));
  CHECK(contains(error_of([] { (void)schedule::warm_up(1, Schedule{}); }),
                 "warm_up: after is an empty function"));
}
