// Figure 9: 29 convolutions with one 3 x 3 filter and a leaky ReLU each, all parameters from .1, trained
// on a 4 x 4 image, return it for noise. Correction: f(a z) = a f(z) for a > 0, so that only the direction
// of the image is memorized.
// Page: docs/paper/figure_9.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 9: a deep nonlinear network of one image returns its direction for noise\n";
  const Shape image{1, 4, 4};
  Vec<double> x = Vec<double>::Zero(16);
  for (const Index i : {0, 1})
    for (const Index j : {0, 1}) x[image.at(0, i, j)] = 1;  // a white square in the upper left corner

  const Conv2d<double> conv(image, {.padding = Padding::all(1), .bias = false});
  const Stack net(Chain(conv, Pointwise<double, LeakyRelu>(image)), 29);
  Model f(net, initial_values(net, initial::constant(0.1), 1));
  Adam<double> adam({.learning_rate = 1e-4});
  const FitResult trained = fit(f, x, adam, {.max_epochs = 10000, .loss_below = 1e-6});

  Random random(1);
  const Mat<double> noise = normal_starts<double>(16, 200, random);
  const Mat<double> y = f(noise);
  const Vec<double> direction = cosines(y, x).cwiseAbs().col(0);
  const Index along = (direction.array() > 0.9).count();
  const bool homogeneous = (f(3 * noise) - 3 * y).norm() < 1e-9 * y.norm();
  const double largest = y.colwise().norm().maxCoeff(), smallest = y.colwise().norm().minCoeff();
  std::cout << "training has " << trained.status << "\nnoise comes out along the image: "
            << (along > 150   ? "most of it"
                : along > 100 ? "more than half"
                              : "no")
            << "\nf(3 z) = 3 f(z): " << (homogeneous ? "yes" : "no")
            << ", the outputs' sizes differ more than tenfold: " << (largest > 10 * smallest ? "yes" : "no")
            << "\n";
  const bool agrees =
      trained.status == FitStatus::converged && along > 100 && homogeneous && largest > 10 * smallest;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
