// A consumer with two translation units that both include the umbrella; each instantiates the same templates.
#include <basin/basin.hpp>
#include <cstdio>  // std::puts

double first_normal(std::uint64_t seed);  // other.cpp
double product_corner();                  // other.cpp

int main() {
  basin::Mat<double> a = basin::Mat<double>::Constant(3, 2, 2.), b = basin::Mat<double>::Identity(2, 2),
                     c(3, 2);
  basin::gemm<double>(a, b, c);
  const bool same = basin::Random(7).normal() == first_normal(7) && c(2, 1) == product_corner();
  std::puts(same ? "both translation units agree" : "the translation units differ");
  return same ? 0 : 1;
}
