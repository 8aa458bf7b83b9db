#include <basin/core/random.hpp>

double third_normal(std::uint64_t seed);

double third_normal(std::uint64_t seed) {
  basin::Random random(seed);
  random.normal();
  random.normal();
  return random.normal();
}
