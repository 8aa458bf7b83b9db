// How to: the same study for several widths and seeds, side by side on all cores. Results come in the
// order of the list; each task depends on its own seed alone.
#include <iostream>

#include "basin/basin.hpp"
#include "basin/tasks/run_tasks.hpp"

int main() {
  using namespace basin;
  const std::vector<Index> widths{8, 64};
  const std::uint64_t seeds = 5;
  std::vector<std::string> names;
  for (const Index width : widths)
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      names.push_back("width " + std::to_string(width) + ", seed " + std::to_string(seed));

  // The largest spectral radius at the examples after training.
  const auto radius = [&](std::size_t k) {
    const Mat<double> X{{-0.8, 0.1, 0.7}, {0.5, -0.6, 0.4}};
    const auto net = fully_connected<double>(2, widths[k / seeds], 3);
    Model f(net, initial_values(net, initial::pytorch_default(), k % seeds + 1));
    Adam<double> adam({.learning_rate = 1e-3});
    (void)fit(f, X, adam, {.max_epochs = 20000, .loss_below = 1e-10});
    double largest = 0;
    for (Index i = 0; i < X.cols(); ++i) largest = std::max(largest, spectral_radius(jacobian(f, X.col(i))));
    return largest;
  };
  const auto radii =
      run_tasks(names, radius, {.side_by_side = true});  // each is empty where it was cancelled

  std::vector<double> mean(widths.size());
  for (std::size_t k = 0; k < names.size(); ++k) mean[k / seeds] += *radii[k] / static_cast<double>(seeds);
  const bool wider = mean[1] < mean[0];
  std::cout << names.size() << " trainings, the first: " << names.front() << "\n"
            << "mean spectral radius at width 64 below that at width 8: " << (wider ? "yes" : "no") << "\n";
  return wider ? 0 : 1;
}
