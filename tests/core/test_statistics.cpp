// Quantiles and the rank correlation against numbers by hand and numpy's.
#include "basin/core/statistics.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("quantiles are linear between order statistics", "[core]") {
  CHECK(median({3}) == 3);
  CHECK(median({4, 1, 3}) == 3);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  // numpy.quantile([1, 2, 4, 8, 16], [0.1, 0.25, 0.9]) = [1.4, 2, 12.8]
  const std::vector<double> x{16, 1, 8, 2, 4};
  CHECK(std::abs(quantile(x, 0.1) - 1.4) <= 1e-14);
  CHECK(quantile(x, 0.25) == 2);
  CHECK(std::abs(quantile(x, 0.9) - 12.8) <= 1e-13);
  CHECK(quantile(x, 0) == 1);
  CHECK(quantile(x, 1) == 16);
  CHECK(median({1, inf, 2}) == 2);
  CHECK(median({inf, inf, 2}) == inf);
  CHECK(std::isnan(median({1, not_a_number, 2})));
  CHECK(contains(error_of([] { (void)median({}); }), "quantile: values must hold at least one"));
  CHECK(contains(error_of([] { (void)quantile({1}, 1.5); }), "p must be within [0, 1], got 1.5"));
}

TEST_CASE("the rank correlation looks at order alone, and equal values share a rank", "[core]") {
  CHECK(rank_correlation({1, 2, 3}, {10, 1000, 1e9}) == 1);
  CHECK(rank_correlation({1, 2, 3}, {5, 4, -1e9}) == -1);
  // By hand: the ranks less 3 are -2, -.5, -.5, 1, 2 and 0, -1.5, 1, -1.5, 2, so that it is 2.75 / 9.5.
  CHECK(std::abs(rank_correlation({1, 2, 2, 4, 5}, {3, 1, 4, 1, 5}) - 2.75 / 9.5) <= 1e-15);
  CHECK(std::isnan(rank_correlation({1, 1}, {1, 2})));
  CHECK(std::isnan(rank_correlation({1, std::nan("")}, {1, 2})));
  CHECK(contains(error_of([] { (void)rank_correlation({1, 2}, {1}); }), "x and y have 2 and 1 values"));
}

TEST_CASE("Wilson's interval", "[core]") {
  // Its ends are the two p with (count / n - p)^2 = z^2 p (1 - p) / n.
  for (const Index count : {1, 7, 50, 99})
    for (const double z : {1., 1.96, 3.}) {
      const ConfidenceInterval i = wilson_interval(count, 100, z);
      const double share = static_cast<double>(count) / 100;
      for (const double p : {i.low, i.high})
        CHECK(std::abs(share - p) == Approx(z * std::sqrt(p * (1 - p) / 100)).epsilon(1e-10));
      CHECK(i.low < share);
      CHECK(share < i.high);
    }
  // At the ends of [0, 1]: z^2 / (n + z^2) is what nothing in n draws leaves possible.
  CHECK(wilson_interval(0, 20, 2.).low == 0);
  CHECK(wilson_interval(0, 20, 2.).high == Approx(4. / 24).epsilon(1e-12));
  CHECK(wilson_interval(20, 20, 2.).low == Approx(20. / 24).epsilon(1e-12));
  CHECK(wilson_interval(20, 20, 2.).high == 1);
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
  CHECK_THROWS_WITH(wilson_interval(3, 2), Catch::Contains("count must be in 0 .. n = 2, got 3"));
  CHECK_THROWS_WITH(wilson_interval(1, 2, 0.), Catch::Contains("z must be > 0"));
}
