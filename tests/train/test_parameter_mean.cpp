// The moving mean of parameters against its closed form.
#include "basin/train/parameter_mean.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("the moving mean of parameters is the weighted sum of all that it saw", "[train]") {
  // m_n = (1 - 1/4)^n theta_0 + sum_k 1/4 (1 - 1/4)^(n - k) theta_k, all dyadic: exact in double.
  ParameterMean<double> mean(Vec<double>{{16, -256}}, 4);
  CHECK(mean.value() == Vec<double>{{16, -256}});
  mean.update(Vec<double>{{0, 0}});
  mean.update(Vec<double>{{32, 256}});
  CHECK(mean.value() == Vec<double>{{0.75 * 0.75 * 16 + 8, -0.75 * 0.75 * 256 + 64}});

  // Where theta stays, the distance to it shrinks by 1 - 1/span at each update.
  ParameterMean<float> slow(Vec<float>{{1}}, 100);
  for (int k = 0; k < 100; ++k) slow.update(Vec<float>{{0}});
  CHECK(std::abs(slow.value()[0] - std::pow(0.99f, 100.f)) <= 1e-5f);

  ParameterMean<float> last(Vec<float>{{1, 2}}, 1);
  last.update(Vec<float>{{4, 8}});
  CHECK(last.value() == Vec<float>{{4, 8}});
}

TEST_CASE("the moving mean of parameters refuses what makes no sense, and stays what it was", "[train]") {
  const Vec<double> theta{{1, 2}};
  CHECK(contains(error_of([&] { ParameterMean<double>(theta, 0.5); }),
                 "ParameterMean: span must be >= 1, got 0.5"));
  CHECK(contains(error_of([&] { ParameterMean<double>(theta, std::nan("")); }), "span must be >= 1"));
  ParameterMean<double> mean(theta, 2);
  CHECK(contains(error_of([&] { mean.update(Vec<double>{{1}}); }),
                 "ParameterMean: theta has 1 entries, expected 2"));
  CHECK(mean.value() == theta);
}
