#include <basin/basin.hpp>

double first_normal(std::uint64_t seed);
double product_corner();

double first_normal(std::uint64_t seed) { return basin::Random(seed).normal(); }

double product_corner() {
  basin::Mat<double> a = basin::Mat<double>::Identity(2, 2), b = basin::Mat<double>::Constant(2, 2, 2.),
                     c(2, 2);
  basin::gemm<double>(a, b, c);
  return c(1, 1);
}
