// How to: a layer of your own, here y_i = a_i x_i with trained a. Three sizes and three methods;
// x_bar = overwrites and theta_bar += adds. param_blocks says what the parameters are, for initial values
// and files.
#include <iostream>

#include "basin/basin.hpp"

class Gains {
 public:
  using Scalar = double;
  using Cache = basin::NoCache;  // vjp and jvp need nothing that x and y do not hold
  explicit Gains(basin::Index n) : n_(n) {}

  basin::Index in_size() const { return n_; }
  basin::Index out_size() const { return n_; }
  basin::Index param_size() const { return n_; }
  std::vector<basin::ParamBlock> param_blocks() const {
    return {{.name = "gain", .rows = n_, .start = 1.0}};  // all gains start from 1
  }

  void forward(basin::VecIn<double> theta, basin::MatIn<double> x, basin::MatOut<double> y, Cache&) const {
    y = theta.asDiagonal() * x;
  }
  void vjp(basin::VecIn<double> theta, basin::MatIn<double> x, basin::MatIn<double>, Cache&,
           basin::MatIn<double> y_bar, basin::MatOut<double> x_bar, basin::VecOut<double> theta_bar) const {
    if (theta_bar.size() > 0) theta_bar += x.cwiseProduct(y_bar).rowwise().sum();
    if (x_bar.size() > 0) x_bar = theta.asDiagonal() * y_bar;
  }
  void jvp(basin::VecIn<double> theta, basin::MatIn<double>, basin::MatIn<double>, Cache&,
           basin::MatIn<double> x_dot, basin::MatOut<double> y_dot) const {
    y_dot = theta.asDiagonal() * x_dot;
  }

 private:
  basin::Index n_;
};
static_assert(basin::Layer<Gains>);

int main() {
  using namespace basin;
  const CheckReport report = check_layer(Gains(4));
  std::cout << "Gains: " << (report ? "keeps the contract" : "broken") << "\n";

  const Mat<double> X{{-0.6, 0.1, 0.7}, {0.5, -0.4, 0.2}};
  const Chain net(Gains(2), Dense<double>(2, 32), Pointwise<double, Tanh>(32), Dense<double>(32, 2));
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 3e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-8});
  std::cout << "training of a Chain with it has " << trained.status << "\n";
  return report && trained.status == FitStatus::converged ? 0 : 1;
}
