// Trains a Stack of depth 350: tests/build/compile_budget.sh measures what its compilation costs.
#include <iostream>

#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"

int main() {
  using namespace basin;
  const Stack net(Residual(Chain(Dense<double>(8, 8), Pointwise<double, Tanh>(8))), 350);
  Random random(1);
  Model f(net, initial_values(net, initial::normal(0, 0.01), random));
  const Mat<double> x = Mat<double>::Ones(8, 4);
  Adam<double> adam({.learning_rate = 1e-4});
  const FitResult r = fit(f, x, adam, {.max_epochs = 100});
  std::cout << r.status << " " << r.history.front().loss << " -> " << r.loss << "\n";
  return r.loss < r.history.front().loss ? 0 : 1;
}
