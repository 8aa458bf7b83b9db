// Figure 4: R_t = P over examples x_0 of { min over starts |f^t(start) - x_0| < epsilon }, the recovery
// probability, rises with width and with depth. Here 20 digits of 8 x 8, means of three seeds, epsilon = 5 %
// of the examples' mean norm.
// Page: docs/paper/figure_4.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 4: the recovery probability R_t rises with width and depth\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  std::vector<Index> train, test;
  for (Index i = 0; i < digits.count(); i += 5) (i % 25 == 0 ? train : test).push_back(i);  // 20 and 80
  const Mat<double> X = to_matrix<double>(digits, train, 1. / 16),
                    starts = to_matrix<double>(digits, test, 1. / 16);

  const auto recovered = [&](Index width, Index hidden) {
    double r = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto net = fully_connected<double>(64, width, hidden);
      Model f(net, initial_values(net, initial::pytorch_default(), seed));
      Adam<double> adam({.learning_rate = 1e-3});
      (void)fit(f, X, adam,
                {.max_epochs = 2000, .loss_below = 1e-7, .schedule = schedule::cosine(2000, 0.01)});
      const Orbit<double> o = orbit(f, starts, {.max_steps = 300, .tolerance = 1e-7, .bound = 1e6});
      r += recovery(o.x, X, {0.05 * mean_norm(X)}).front().recovered / 3;
    }
    std::cout << "width " << width << ", " << hidden << " hidden layers: R_300 "
              << (r > 0.1 ? "above .1" : "below .1") << "\n";
    return r;
  };
  const double narrow = recovered(24, 4), wide = recovered(96, 4), shallow = recovered(48, 2),
               deep = recovered(48, 8);
  const bool agrees = wide > narrow && deep > shallow;
  std::cout << "rises with width: " << (wide > narrow ? "yes" : "no")
            << ", with depth: " << (deep > shallow ? "yes" : "no") << "\n"
            << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
