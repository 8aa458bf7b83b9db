// How to: stop when the loss on validation data no longer falls, and keep the best parameters. `fit` is
// called for ten epochs at a time; optimizer and epochs go on where they were.
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

  const Index patience = 20;  // rounds without a new best
  Vec<double> best_theta = f.theta;
  double best = std::numeric_limits<double>::infinity();
  Index round = 0, best_round = 0;
  for (; round < 1000 && round - best_round < patience; ++round) {
    (void)fit(f, X, adam, {.max_epochs = 10 * (round + 1), .first_epoch = 10 * round});
    const double loss = loss_value(MeanSquaredError{}, f(validation), validation);
    if (loss < best) best = loss, best_theta = f.theta, best_round = round;
  }
  const double at_the_end = loss_value(MeanSquaredError{}, f(validation), validation);
  f.theta = best_theta;
  const bool stopped = round < 1000, kept = loss_value(MeanSquaredError{}, f(validation), validation) == best;
  std::cout << "stopped before all epochs were used: " << (stopped ? "yes" : "no")
            << "\nthe last parameters are worse than the best: " << (at_the_end > best ? "yes" : "no")
            << "\nthe best are kept: " << (kept ? "yes" : "no") << "\n";
  return stopped && kept && at_the_end > best ? 0 : 1;
}
