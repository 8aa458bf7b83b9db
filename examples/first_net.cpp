// Train a deep autoencoder on two points of a line, then look at it as a dynamical system x -> f(x).
#include <iostream>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"

int main() {
  using namespace basin;
  const Mat<double> examples{{-0.5, 0.5}};                           // one column a sample
  const auto net = fully_connected<double>(1, 64, 10);               // ten hidden layers of 64, leaky ReLU
  Model f(net, initial_values(net, initial::pytorch_default(), 1));  // seed 1

  Adam<double> adam({.learning_rate = 1e-3});
  const FitResult trained = fit(f, examples, adam, {.max_epochs = 5000, .loss_below = 1e-12});
  std::cout << trained.status << " after " << trained.epochs << " epochs, loss " << trained.loss << "\n";

  // A fixed point attracts when |slope| < 1 there (Theorem 2).
  for (Index i = 0; i < examples.cols(); ++i) {
    const Vec<double> x = examples.col(i);
    std::cout << "f(" << x << ") = " << f(x) << ", slope " << jacobian(f, x) << "\n";
  }

  const Mat<double> starts = Vec<double>::LinSpaced(201, -1, 1).transpose();
  const Orbit<double> limits = orbit(f, starts, {.max_steps = 1000, .tolerance = 1e-12});
  const Recovery r = recovery(limits.x, examples, {0.01}).front();
  std::cout << 100 * r.arrived << "% of " << starts.cols() << " starts end within 0.01 of an example\n";
}
