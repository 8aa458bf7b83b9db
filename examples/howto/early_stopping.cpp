// How to: stop when the loss on validation data no longer falls, and keep the best parameters.
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  // Noisy points of a circle: 12 to learn, 100 to see whether what is learned is the circle or the noise.
  Random random(1);
  const auto circle = [&](Index n) {
    Mat<double> x(2, n);
    for (Index j = 0; j < n; ++j) {
      const double t = random.uniform(0, 6.2831853);
      x.col(j) << std::cos(t) + random.normal(0, 0.1), std::sin(t) + random.normal(0, 0.1);
    }
    return x;
  };
  const Mat<double> X = circle(12), validation = circle(100);
  const Chain net(Dense<double>(2, 64), Pointwise<double, Tanh>(64), Dense<double>(64, 1),
                  Dense<double>(1, 64), Pointwise<double, Tanh>(64), Dense<double>(64, 2));
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 3e-3});

  FitOptions options{.max_epochs = 10000};
  options.validation = validation_loss(f, validation);
  options.patience = 200;  // epochs without a new best
  const FitResult r = fit(f, X, adam, options);

  const bool stopped = r.status == FitStatus::stopped, kept = options.validation() == r.validation,
             worse = r.history.back().validation > r.validation;
  std::cout << "stopped before all epochs were used: " << (stopped ? "yes" : "no")
            << "\nthe last parameters are worse than the best: " << (worse ? "yes" : "no")
            << "\nthe best are kept: " << (kept ? "yes" : "no") << "\n";
  return stopped && kept && worse ? 0 : 1;
}
