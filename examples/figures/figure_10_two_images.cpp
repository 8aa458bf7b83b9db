// Figure 10: five convolutions on 2 x 2 images with leaky ReLU and skips over every two layers, trained on
// two orthogonal images, return individual images for noise. Here 20 seeds: individual ones for some;
// mixtures of the two for most.
// Page: docs/paper/figure_10.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 10: a network of two images returns individual ones for noise\n";
  const Shape image{1, 2, 2};
  const Mat<double> X{{1, 0}, {0, 0}, {0, 0}, {0, 1}};  // white at the upper left, white at the lower right
  const Conv2d<double> conv(image, {.padding = Padding::all(1), .bias = false});
  const Chain layer(conv, Pointwise<double, LeakyRelu>(image));
  const Chain net(Stack(Residual(Stack(layer, 2)), 2), layer);

  const Index seeds = 20;
  Index converged = 0, individual = 0;
  for (Index seed = 0; seed < seeds; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Model f(net, initial_values(net, initial::xavier_uniform(), random));
    Adam<double> adam({.learning_rate = 1e-3});
    if (fit(f, X, adam, {.max_epochs = 20000, .loss_below = 1e-6}).status != FitStatus::converged) continue;
    ++converged;
    const Mat<double> c = cosines(f(normal_starts<double>(4, 200, random)), X).cwiseAbs();
    individual += (c.rowwise().maxCoeff().array() > 0.95).count() > 100 ? 1 : 0;  // a multiple of one image
  }
  std::cout << "reach the loss: " << (converged > seeds / 2 ? "most" : "few") << " of " << seeds
            << " networks\nreturn an individual image for more than half of the noise: "
            << (individual == 0              ? "none"
                : individual < converged / 2 ? "fewer than half"
                                             : "half or more")
            << "\n";
  const bool agrees = converged > seeds / 2 && individual < converged / 2;
  std::cout << (agrees ? "agrees with our measurement: individual images are not the rule\n"
                       : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
