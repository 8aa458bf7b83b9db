// How to: iterate a network from many starts at once, x_{t+1} = f(x_t), and look at some times t. Orbits
// that have settled are no longer computed.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  const Mat<double> X{{-0.8, 0.1, 0.7}, {0.5, -0.6, 0.4}};
  const auto net = fully_connected<double>(2, 64, 4);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-10});

  Random random(1);
  const Mat<double> starts = uniform_starts<double>(2, 1000, random, -1, 1);
  const std::vector<Index> times{0, 1, 10, 1000};
  const Orbit<double> o = orbit(f, starts, {.max_steps = 5000, .tolerance = 1e-9, .snapshots = times});
  std::cout << o.count(OrbitEnd::settled) << " settled, " << o.count(OrbitEnd::moving) << " still move, "
            << o.count(OrbitEnd::diverged) << " diverged\n";

  // How many are within .05 of an example at these times.
  double last = -1;
  bool rises = true;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const Recovery r = recovery(o.snapshots[k], X, {0.05}).front();
    std::cout << "t = " << times[k] << ": "
              << (r.arrived > 0.5    ? "most"
                  : r.arrived > 0.05 ? "some"
                                     : "few")
              << " starts are near an example, R_t = " << r.recovered << "\n";
    rises = rises && r.arrived >= last;
    last = r.arrived;
  }
  return rises && last > 0.5 ? 0 : 1;
}
