// How to: find a learning rate. Let it rise by a tenth each epoch from far too small until the loss blows
// up, and take a tenth of the rate at which it was smallest.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  Random random(1);
  const Mat<double> X = uniform_starts<double>(4, 20, random, -1, 1);
  const auto net = fully_connected<double>(4, 32, 3, Tanh{});
  const Vec<double> theta_0 = initial_values(net, initial::pytorch_default(), 1);

  // Schedules may rise, too: rate(e) = 1e-6 * 1.1^e, up to about 10.
  Model trial(net, theta_0);
  Adam<double> rising({.learning_rate = 1e-6});
  const Schedule by_a_tenth = [](Index e) { return std::pow(1.1, static_cast<double>(e)); };
  const FitResult sweep = fit(trial, X, rising, {.max_epochs = 170, .schedule = by_a_tenth});
  const auto best = std::min_element(sweep.history.begin(), sweep.history.end(),
                                     [](const Epoch& a, const Epoch& b) { return a.loss < b.loss; });
  const double rate = best->rate / 10;
  const bool blew_up = sweep.history.back().loss > 10 * best->loss;
  std::cout << "the loss was smallest within the sweep, not at its end: " << (blew_up ? "yes" : "no") << "\n";
  std::cout << "rate between 1e-4 and 1e-1: " << (rate > 1e-4 && rate < 1e-1 ? "yes" : "no") << "\n";

  // With that rate, and with rates a hundred times larger and smaller.
  double losses[3] = {};
  for (int k = 0; k < 3; ++k) {
    Model f(net, theta_0);
    Adam<double> adam({.learning_rate = rate * std::pow(100., k - 1)});
    losses[k] = fit(f, X, adam, {.max_epochs = 500}).loss;
  }
  const bool better = losses[1] < 0.5 * std::min(losses[0], losses[2]);
  std::cout << "after 500 epochs it beats 100 times larger and smaller ones: " << (better ? "yes" : "no")
            << "\n";
  return blew_up && better ? 0 : 1;
}
