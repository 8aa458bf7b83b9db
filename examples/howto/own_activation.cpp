// How to: an activation of your own, here phi(x) = x / sqrt(1 + x^2). It is a type with phi(x), phi'(x)
// given y = phi(x), and a name; Pointwise makes a layer of it, and check_layer compares its derivatives
// with differences.
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

struct InverseRoot {
  static constexpr const char* name = "InverseRoot";
  template <class S>
  S operator()(S x) const {
    return x / std::sqrt(1 + x * x);
  }
  template <class S>
  S derivative(S, S y) const {  // (1 + x^2)^(-3/2), and 1 / (1 + x^2) = 1 - y^2
    const S square = 1 - y * y;
    return square * std::sqrt(square);
  }
};

int main() {
  using namespace basin;
  static_assert(PointwiseMap<InverseRoot>);
  const CheckReport report = check_layer(Pointwise<double, InverseRoot>(5));
  std::cout << "Pointwise<double, InverseRoot>: " << (report ? "keeps the contract" : "broken") << "\n";

  const Mat<double> X{{-0.6, 0.1, 0.7}, {0.5, -0.4, 0.2}};
  const auto net = fully_connected<double>(2, 32, 3, InverseRoot{});
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 3e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-8});
  std::cout << "training has " << trained.status << "\n";
  return report && trained.status == FitStatus::converged ? 0 : 1;
}
