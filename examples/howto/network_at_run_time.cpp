// How to: a network that is only known at run time, built in a loop from a list. AnyLayer holds any layer,
// a Sequence is a network like any other, and gives the same bits as the Chain of its layers.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  const std::vector<Index> widths{2, 32, 16, 32, 2};  // from a file, say
  std::vector<AnyLayer<double>> layers;
  for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
    layers.emplace_back(Dense<double>(widths[k], widths[k + 1]));
    if (k + 2 < widths.size()) layers.emplace_back(Pointwise<double, Tanh>(widths[k + 1]));
  }
  const Sequence<double> net(layers);
  std::cout << layers.size() << " layers, " << net.param_size() << " parameters\n";

  const Mat<double> X{{-0.6, 0.1, 0.7}, {0.5, -0.4, 0.2}};
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 2e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 20000, .loss_below = 1e-9});
  std::cout << "training has " << trained.status << "\n";

  const Chain chain(Dense<double>(2, 32), Pointwise<double, Tanh>(32), Dense<double>(32, 16),
                    Pointwise<double, Tanh>(16), Dense<double>(16, 32), Pointwise<double, Tanh>(32),
                    Dense<double>(32, 2));
  const bool same = Model(chain, f.theta)(X) == f(X);
  std::cout << "the Chain of the same layers gives the same bits: " << (same ? "yes" : "no") << "\n";

  // A layer that does not fit is an error that names it.
  layers.emplace_back(Dense<double>(3, 2));
  bool refused = false;
  try {
    const Sequence<double> wrong(layers);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  std::cout << "a layer that takes 3 numbers where 2 come is refused: " << (refused ? "yes" : "no") << "\n";
  return trained.status == FitStatus::converged && same && refused ? 0 : 1;
}
