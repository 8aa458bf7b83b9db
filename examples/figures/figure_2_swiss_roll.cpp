// Figure 2: an autoencoder of points of the Swiss roll, iterated from a grid of starts: after 0, 11, 111
// and 1111 steps most orbits are at training examples. Here 30 points and 6 hidden layers of 64, not 100
// and 10 of 512.
// Page: docs/paper/figure_2.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 2: most orbits around the Swiss roll end at training examples\n";
  const Mat<double> X = swiss_roll<double>(30, 1).X / 10;
  const auto net = fully_connected<double>(3, 64, 6);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-7, .schedule = schedule::cosine(10000, 0.01)});

  const Mat<double> starts = bounding_grid<double>(X, 6);
  const std::vector<Index> times{0, 11, 111, 1111};
  const Orbit<double> o = orbit(f, starts, {.max_steps = 1111, .bound = 1e6, .snapshots = times});
  std::vector<double> arrived;
  arrived.reserve(times.size());
  for (std::size_t k = 0; k < times.size(); ++k) {
    arrived.push_back(recovery(o.snapshots[k], X, {0.1}).front().arrived);
    std::cout << "t = " << times[k] << ": " << (arrived.back() > 0.4 ? "many" : "few") << " of "
              << starts.cols() << " orbits are at an example\n";
  }
  const bool agrees =
      arrived[0] < 0.2 && arrived[1] > arrived[0] && arrived[2] >= arrived[1] && arrived[3] > 0.5;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
