// Says whether basin's headers, and a library made with them, are there and agree.
#include <basin/core/random.hpp>
#include <basin/version.hpp>
#include <cstdio>  // std::printf

#ifdef WITH_LIBRARY
double third_normal(std::uint64_t seed);
#endif

int main() {
  basin::Random random(7);
  double x = 0;
  for (int i = 0; i < 3; ++i) x = random.normal();
#ifdef WITH_LIBRARY
  if (x != third_normal(7)) return 1;
#endif
  std::printf("%d.%d.%d %.3f\n", BASIN_VERSION_MAJOR, BASIN_VERSION_MINOR, BASIN_VERSION_PATCH, x);
  return 0;
}
