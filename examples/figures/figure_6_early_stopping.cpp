// Figure 6: "memorizes learned representations of training data ... throughout the training process
// regardless of early stopping". Here: where orbits end when training stops early. At first the learned
// images f(x^(i)) are nearly one, and so is the attractor.
// Page: docs/paper/figure_6.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 6: learned representations attract throughout the training\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  const Mat<double> X = to_matrix<double>(digits, {0, 100, 200, 300, 400}, 1. / 16);
  const auto net = fully_connected<double>(64, 64, 6);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 5e-4});
  Random random(1);
  const Mat<double> noise = normal_starts<double>(64, 200, random, 0.3, 0.3);

  std::vector<double> at_learned;
  std::vector<Index> ends;
  Index done = 0;
  for (const Index epochs : {10, 300, 3000}) {
    (void)fit(f, X, adam, {.max_epochs = epochs, .first_epoch = done});
    done = epochs;
    const Orbit<double> o = orbit(f, noise, {.max_steps = 3000, .tolerance = 1e-7, .bound = 1e6});
    const double epsilon = 0.1 * mean_norm(X);
    at_learned.push_back(recovery(o.x, f(X), {epsilon}).front().arrived);
    ends.push_back(count_distinct(o.x, epsilon));
    std::cout << epochs << " epochs: orbits end at " << (ends.back() == 1 ? "one point" : "several points")
              << ", "
              << (at_learned.back() > 0.8   ? "nearly all"
                  : at_learned.back() > 0.5 ? "most"
                                            : "not most")
              << " of them near a learned image f(x^(i))\n";
  }
  const bool agrees = ends[0] == 1 && ends[2] > 1 && at_learned[2] > 0.8;
  std::cout << (agrees ? "agrees: one attractor at first, the learned images later\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
