// How to: a training that may be killed at any time and goes on from its last checkpoint, with the same
// bits as in one piece: the file has the parameters and what the optimizer remembers.
#include <filesystem>
#include <iostream>

#include "basin/basin.hpp"
#include "basin/train/resumable_fit.hpp"

int main() {
  using namespace basin;
  Random random(1);
  const Mat<double> X = uniform_starts<double>(4, 20, random, -1, 1);
  const auto net = fully_connected<double>(4, 32, 2);
  const Vec<double> theta_0 = initial_values(net, initial::pytorch_default(), 1);
  const FitOptions options{.max_epochs = 300, .batch_size = 8, .seed = 1, .schedule = schedule::cosine(300)};

  Model whole(net, theta_0);
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(whole, X, adam, options);

  const Checkpoint file("howto_checkpoint.safetensors", "2 x 32, seed 1");  // file and setting
  std::filesystem::remove(file.file());
  {  // Killed after 100 epochs.
    Model f(net, theta_0);
    Adam<double> first({.learning_rate = 1e-3});
    FitOptions killed = options;
    Index epochs = 0;
    killed.observer = [&](const Epoch&) { ++epochs; };
    killed.cancelled = [&] { return epochs == 100; };
    const FitResult r = resumable_fit(f, X, first, killed, file);
    std::cout << "first run: " << r.status << " after " << r.epochs << " epochs\n";
  }
  // A new process would begin like this one: with the initial values, which the file replaces.
  Model f(net, theta_0);
  Adam<double> second({.learning_rate = 1e-3});
  const FitResult r = resumable_fit(f, X, second, options, file);
  std::cout << "second run: " << r.status << " after " << r.epochs << " epochs\n";
  const bool same = f.theta == whole.theta;
  std::cout << "the same bits as in one piece: " << (same ? "yes" : "no") << "\n";
  std::filesystem::remove(file.file());
  return same && r.epochs == 300 ? 0 : 1;
}
