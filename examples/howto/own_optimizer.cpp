// How to: an optimizer of your own, here steps by the sign of a running mean of the gradient. What it
// remembers is an OptimizerState, so that checkpoints can hold it; `fit` gives it the gradient and the
// schedule's factor.
#include <iostream>

#include "basin/basin.hpp"

class SignDescent {
 public:
  using Scalar = double;
  explicit SignDescent(double learning_rate) : learning_rate_(learning_rate) {}

  double learning_rate() const { return learning_rate_; }
  basin::OptimizerState<double>& state() { return state_; }
  void reset() { state_ = {}; }
  void step(basin::VecIn<double> gradient, basin::VecOut<double> theta, double rate_factor) {
    if (state_.steps++ == 0) state_.values.setZero(theta.size(), 1);  // one column: the mean
    auto mean = state_.values.col(0);
    mean = 0.9 * mean + 0.1 * gradient;
    theta -= rate_factor * learning_rate_ * mean.array().sign().matrix();
  }

 private:
  double learning_rate_;
  basin::OptimizerState<double> state_;
};
static_assert(basin::Optimizer<SignDescent>);

int main() {
  using namespace basin;
  const Mat<double> X{{-0.6, 0.1, 0.7}, {0.5, -0.4, 0.2}};
  const auto net = fully_connected<double>(2, 32, 3);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));

  // Steps have one size, so that only a falling rate makes them small.
  SignDescent descent(1e-3);
  const FitOptions options{
      .max_epochs = 5000, .loss_below = 1e-8, .schedule = schedule::exponential_decay(0.998)};
  const FitResult trained = fit(f, X, descent, options);
  std::cout << "training with it has " << trained.status
            << ", after as many steps as epochs: " << (descent.state().steps == trained.epochs ? "yes" : "no")
            << "\n";
  return trained.status == FitStatus::converged && descent.state().steps == trained.epochs ? 0 : 1;
}
