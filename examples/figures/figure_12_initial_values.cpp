// Figure 12: Kaiming's initial values give a larger output norm before training than Xavier's, and a
// noisier memorization: what comes out for noise is less like the training image. Here a fully connected
// network and one 8 x 8 digit.
// Page: docs/paper/figure_12.md.
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 12: Kaiming's initial values give noisier memorization than Xavier's\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  const Vec<double> x = to_matrix<double>(digits, {150}, 1. / 16);
  const auto net = fully_connected<double>(64, 64, 5);

  const auto study = [&](const char* name, const initial::Scheme& scheme) {
    double before = 0, cosine = 0;  // means over five seeds
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Random random(seed);
      Model f(net, initial_values(net, scheme, random));
      before += f(x).norm() / 5;
      Adam<double> adam({.learning_rate = 1e-3});
      (void)fit(f, x, adam, {.max_epochs = 2000, .loss_below = 1e-8});
      const Mat<double> noise = normal_starts<double>(64, 100, random);
      cosine += cosines(f(noise), x).mean() / 5;
    }
    std::cout << name << ": |f(x)| before training " << std::round(10 * before) / 10 << ", |x| "
              << std::round(10 * x.norm()) / 10 << "\n";
    return std::pair{before, cosine};
  };
  const auto xavier_u = study("Xavier, uniform", initial::xavier_uniform());
  const auto xavier_n = study("Xavier, normal", initial::xavier_normal());
  const auto kaiming_u = study("Kaiming, uniform", initial::kaiming_uniform());
  const auto kaiming_n = study("Kaiming, normal", initial::kaiming_normal());
  const bool larger = std::min(kaiming_u.first, kaiming_n.first) > std::max(xavier_u.first, xavier_n.first);
  const bool noisier =
      std::max(kaiming_u.second, kaiming_n.second) < std::min(xavier_u.second, xavier_n.second);
  std::cout << "Kaiming's outputs are larger before training: " << (larger ? "yes" : "no")
            << "\nafter it their outputs for noise are farther from the image's direction: "
            << (noisier ? "yes" : "no") << "\n";
  const bool agrees = larger && noisier;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
