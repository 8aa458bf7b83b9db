// Sums in double against long double, at sizes around the lanes and the parts for threads.
#include "basin/core/sum.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEST_CASE("sum_of adds every term once", "[core]") {
  for (const Index n : {0, 1, 7, 15, 16, 17, 31, 32, 33, 1000}) {
    INFO(n);
    CHECK(detail::sum_of(n, [](Index i) { return static_cast<double>(i + 1); }) ==
          static_cast<double>(n * (n + 1) / 2));
  }
}

TEST_CASE("the norm in double is that of long double, with the same bits for any number of threads",
          "[core]") {
  for (const Index n : {1, 16, 100, 65535, 65536, 70001, 3000000}) {
    INFO(n);
    const Vec<float> v = random_matrix<float>(n, 1, 7);
    long double sum = 0;
    for (const float x : v) sum += static_cast<long double>(x) * static_cast<long double>(x);
    set_num_threads(1);
    const double one = detail::norm_in_double<float>(v);
    CHECK(std::abs(one / static_cast<double>(std::sqrt(sum)) - 1) < 1e-14);
    for (const int threads : {2, 3}) {
      set_num_threads(threads);
      CHECK(detail::norm_in_double<float>(v) == one);
    }
    set_num_threads(0);
  }
}
