// Figure 1a: autoencoders of two points of a line. From a large initialization anything may interpolate
// them; from a small one f is contractive at them, and with depth more so. Here: the slopes |f'(x^(i))|,
// and where orbits end.
// Page: docs/paper/figure_1a.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 1a: trained from small values, f is contractive at its examples, with depth more so\n";
  const Mat<double> X{{-0.5, 0.5}};
  const Mat<double> starts = Vec<double>::LinSpaced(101, -1, 1).transpose();
  const auto study = [&](Index hidden, double scale) {
    double slope = 0, arrived = 0;  // means over ten networks
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const auto net = fully_connected<double>(1, 64, hidden);
      Model f(net, initial_values(net, initial::scaled(initial::pytorch_default(), scale), seed));
      Adam<double> adam({.learning_rate = 1e-3});
      (void)fit(f, X, adam, {.max_epochs = 3000, .loss_below = 1e-10});
      for (Index i = 0; i < 2; ++i) slope += std::abs(jacobian(f, X.col(i))(0, 0)) / 20;
      const Orbit<double> o = orbit(f, starts, {.max_steps = 2000, .tolerance = 1e-9, .bound = 1e6});
      arrived += recovery(o.x, X, {0.01}).front().arrived / 10;
    }
    std::cout << hidden << " hidden layers, initial values times " << scale << ": mean slope "
              << (slope < 0.6 ? "below .6"
                  : slope < 1 ? "below 1"
                              : "above 1")
              << ", "
              << (arrived > 0.9   ? "nearly all"
                  : arrived > 0.5 ? "most"
                                  : "few")
              << " starts end at an example\n";
    return std::pair{slope, arrived};
  };
  const auto large = study(2, 5), shallow = study(2, 1), deep = study(10, 1);
  const bool agrees = large.second < shallow.second && deep.first < shallow.first && shallow.first < 1;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
