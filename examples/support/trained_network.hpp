// A fully connected network trained until it reproduces its examples: where studies of what came out begin.
#pragma once
#include <cstdint>  // std::uint64_t
#include <string>   // std::string

#include "basin/compose/fully_connected.hpp"  // fully_connected
#include "basin/core/model.hpp"               // Model
#include "basin/train/adam.hpp"               // Adam
#include "basin/train/fit.hpp"                // fit
#include "basin/train/initial.hpp"            // initial_values
#include "basin/train/schedule.hpp"           // step_decay
#include "support/progress.hpp"               // Progress
#include "support/with_progress.hpp"          // show_training

namespace basin::examples {

/// The network and its training: all examples in each step, and Adam's rate times .85 every 1000 epochs.
struct NetworkTraining {
  Index width = 128, hidden = 7;
  double rate = 2e-3, loss_goal = 1e-8;  // mean squared error
  Index max_epochs = 20000;
};

/// The network, from PyTorch's initial values of this seed, trained to take X to Y. `training` says how that
/// went, `what` stands before the progress, and prepare(options, f) is called before the training.
template <class Phi = LeakyRelu, class Prepare>
Model<FullyConnected<double, Phi>> trained_network(const Mat<double>& X, const Mat<double>& Y,
                                                   const NetworkTraining& t, std::uint64_t seed,
                                                   const std::string& what, FitResult& training,
                                                   const Prepare& prepare) {
  const auto net = fully_connected<double>(X.rows(), t.width, t.hidden, Phi{});
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  FitOptions options{.max_epochs = t.max_epochs, .loss_below = t.loss_goal};
  options.schedule = schedule::step_decay(1000, 0.85);
  Progress progress(what);
  show_training(options, progress);
  prepare(options, f);
  Adam<double> adam({.learning_rate = t.rate});
  training = fit(f, X, Y, adam, options);
  return f;
}
template <class Phi = LeakyRelu>
Model<FullyConnected<double, Phi>> trained_network(const Mat<double>& X, const Mat<double>& Y,
                                                   const NetworkTraining& t, std::uint64_t seed,
                                                   const std::string& what, FitResult& training) {
  return trained_network<Phi>(X, Y, t, seed, what, training, [](FitOptions&, const auto&) {});
}

}  // namespace basin::examples
