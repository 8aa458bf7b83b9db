// How to: train in minibatches, with a cool-down of the rate and clipped gradients, and watch the loss. An
// epoch is a pass through the data in a new order, which the seed sets.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  Random random(1);
  const Mat<double> X =
      uniform_starts<double>(4, 50, random, -1, 1);  // 50 samples: batches of 16, 16, 16 and 2
  const auto net = fully_connected<double>(4, 32, 2);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 3e-3});

  FitOptions options{.max_epochs = 400,
                     .batch_size = 16,
                     .seed = 1,
                     .schedule = schedule::hold(200, schedule::cosine(200)),
                     .clip_norm = 1};
  options.observer = [](const Epoch& e) {  // also has the gradient's norm, the rate and the seconds
    if (e.epoch % 100 == 0)
      std::cout << "epoch " << e.epoch << ": loss " << (e.loss > 1e-2 ? "above .01" : "below .01") << "\n";
  };
  const FitResult trained = fit(f, X, adam, options);
  const bool fell = trained.loss < 0.05 * trained.history.front().loss;
  std::cout << trained.history.size() << " epochs, " << adam.state().steps
            << " updates, loss fell to less than "
            << "a twentieth: " << (fell ? "yes" : "no") << "\n";
  return fell && adam.state().steps == 4 * 400 ? 0 : 1;
}
