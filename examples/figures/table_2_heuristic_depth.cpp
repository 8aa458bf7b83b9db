// Table 2: with ceil(s^4 / 9) layers of one 3 x 3 filter, linear convolutional autoencoders of n images
// have n eigenvalues 1 and all others near 0. (The table prints 144 for 7 x 7; it is 267.) Here s = 2 and
// 3. No such matrix is the projection.
// Page: docs/paper/table_2.md.
#include <iostream>

#include "basin/basin.hpp"
#include "basin/theory/memorization.hpp"

int main() {
  using namespace basin;
  std::cout << "Table 2: with ceil(s^4 / 9) layers the spectrum is 1 for the image and near 0 else\n";
  bool agrees = heuristic_depth(4) == 29 && heuristic_depth(7) == 267;
  std::cout << "ceil(s^4 / 9) for s = 2 ... 7:";
  for (Index s = 2; s <= 7; ++s) std::cout << " " << heuristic_depth(s);
  std::cout << "\n";

  Random random(1);
  for (const Index s : {2, 3}) {
    const Index layers = s == 2 ? 3 : heuristic_depth(s);  // 3 in the table's first row
    const Vec<double> x = uniform_starts<double>(s * s, 1, random);
    const Stack net(Conv2d<double>({1, s, s}, {.padding = Padding::all(1), .bias = false}), layers);
    Model f(net, initial_values(net, initial::constant(0.1), 1));
    GradientDescent<double> descent({.learning_rate = 0.1});
    const FitResult trained = fit(f, x, descent, {.max_epochs = 400000, .loss_below = 1e-6});
    const Memorization m = memorization(linearize_dense(f).A, x);
    std::cout << s << " x " << s << ", " << layers << " layers: " << trained.status
              << ", eigenvalues at 1: " << m.at_one
              << ", the others below .1: " << (m.next_modulus < 0.1 ? "yes" : "no")
              << ", the projection: " << (m.projection_distance < 0.1 ? "yes" : "no") << "\n";
    agrees = agrees && m.at_one == 1 && m.next_modulus < 0.1 && m.projection_distance > 0.1;
  }
  std::cout << (agrees ? "agrees with the table\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
