// How to: a loss of your own, here the mean of log cosh(y - t). A batch may come in parts, so that it
// divides by `batch`, not by the columns it is given; with y_bar it also writes y_bar = dL/dy.
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

struct LogCosh {
  double operator()(basin::MatIn<double> y, basin::MatIn<double> target, basin::Index batch) const {
    double sum = 0;
    for (basin::Index j = 0; j < y.cols(); ++j)
      for (basin::Index i = 0; i < y.rows(); ++i) sum += std::log(std::cosh(y(i, j) - target(i, j)));
    return sum / entries(y.rows(), batch);
  }
  double operator()(basin::MatIn<double> y, basin::MatIn<double> target, basin::Index batch,
                    basin::MatOut<double> y_bar) const {
    y_bar = ((y - target).array().tanh() / entries(y.rows(), batch)).matrix();
    return (*this)(y, target, batch);
  }

 private:
  static double entries(basin::Index rows, basin::Index batch) { return static_cast<double>(rows * batch); }
};

int main() {
  using namespace basin;
  static_assert(Loss<LogCosh, double>);

  // y_bar against a central difference.
  const Mat<double> y{{0.3, -2}, {1, 0}}, t{{0, -1.5}, {3, 0}};
  Mat<double> y_bar(2, 2), right = y, left = y;
  (void)LogCosh{}(y, t, 2, y_bar);
  const double h = 1e-5;
  right(1, 0) += h, left(1, 0) -= h;
  const double slope = (loss_value(LogCosh{}, right, t) - loss_value(LogCosh{}, left, t)) / (2 * h);
  const bool right_slope = std::abs(slope - y_bar(1, 0)) < 1e-9;
  std::cout << "y_bar is the derivative: " << (right_slope ? "yes" : "no") << "\n";

  const Mat<double> X{{-0.6, 0.1, 0.7}, {0.5, -0.4, 0.2}};
  const auto net = fully_connected<double>(2, 32, 3);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-8}, LogCosh{});
  std::cout << "training with it has " << trained.status << "\n";
  return right_slope && trained.status == FitStatus::converged ? 0 : 1;
}
