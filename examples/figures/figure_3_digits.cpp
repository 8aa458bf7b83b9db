// Figure 3: deep autoencoders of a few digits: (a) orbits of unseen digits end at training examples; (b)
// with depth "superattractors", reached in one step. Here 10 digits of 8 x 8, 7 hidden layers of 64. In
// one step few arrive.
// Pages: docs/paper/figure_3.md, docs/paper/superattractors.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 3: orbits of unseen digits end at training examples\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  std::vector<Index> train, test;
  for (Index i = 0; i < digits.count(); ++i) (i % 50 == 0 ? train : test).push_back(i);
  const Mat<double> X = to_matrix<double>(digits, train, 1. / 16),
                    unseen = to_matrix<double>(digits, test, 1. / 16);

  const auto net = fully_connected<double>(64, 64, 7);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 6000, .loss_below = 1e-8, .schedule = schedule::cosine(6000, 0.01)});

  Index attract = 0;
  for (Index i = 0; i < X.cols(); ++i)
    attract += classify_fixed_point(f, X.col(i)).stability == Stability::attracting ? 1 : 0;
  const double epsilon = 0.05 * mean_norm(X);
  const Orbit<double> o = orbit(f, unseen, {.max_steps = 2000, .tolerance = 1e-8, .snapshots = {1}});
  const Recovery once = recovery(o.snapshots[0], X, {epsilon}).front(),
                 end = recovery(o.x, X, {epsilon}).front();
  std::cout << "examples that attract: " << (attract == X.cols() ? "all" : "not all") << " of 10\n"
            << "unseen digits at an example in the end: "
            << (end.arrived > 0.9 ? "nearly all" : "not nearly all")
            << "\nafter one step: " << (once.arrived > 0.5 ? "most" : "fewer than half") << "\n";
  const bool agrees = end.arrived > 0.9;
  std::cout << (agrees ? "agrees with the orbits of (a)\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
