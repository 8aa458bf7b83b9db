// Table 1: linear convolutional autoencoders of two 3 x 3 images do not memorize with 3, 5 or 8 layers:
// the third eigenvalue is not near 0. Depth lowers it, filters (from equal values) do not change it.
// Correction: "2 layers" are three.
// Page: docs/paper/table_1.md.
#include <cmath>
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Table 1: depth lowers the third eigenvalue, filters do not\n";
  Random random(1);
  const Mat<double> X = normal_starts<double>(9, 2, random);

  const auto third = [&](Index layers, Index filters) {
    // All parameters c, with c (filters c)^(layers - 1) = .1^layers: the same matrix whatever the filters.
    const double share = static_cast<double>(layers - 1) / static_cast<double>(layers);
    const double c = 0.1 / std::pow(static_cast<double>(filters), share);
    const auto conv = [](Index in, Index out) {
      return Conv2d<double>({in, 3, 3}, {.out_channels = out, .padding = Padding::all(1), .bias = false});
    };
    const Chain net(conv(1, filters), Stack(conv(filters, filters), layers - 2), conv(filters, 1));
    Model f(net, initial_values(net, initial::constant(c), 1));
    GradientDescent<double> descent({.learning_rate = 0.1});
    const FitResult trained = fit(f, X, descent, {.max_epochs = 50000, .loss_below = 1e-6});
    const std::vector<std::complex<double>> lambda = eigenvalues(linearize_dense(f).A);
    std::cout << layers << " layers, " << filters << " filters: " << trained.status << ", third eigenvalue "
              << (std::abs(lambda[2]) > 0.5    ? "above .5"
                  : std::abs(lambda[2]) > 0.05 ? "above .05"
                                               : "near 0")
              << "\n";
    return std::abs(lambda[2]);
  };
  const double shallow = third(3, 1), shallow_wide = third(3, 4), deep = third(8, 1), deep_wide = third(8, 4);
  const bool depth = deep < 0.7 * shallow,
             filters = std::abs(shallow - shallow_wide) < 0.1 && std::abs(deep - deep_wide) < 0.1;
  std::cout << "depth lowers it: " << (depth ? "yes" : "no")
            << ", filters do not: " << (filters ? "yes" : "no") << "\n";
  const bool agrees = depth && filters && deep > 0.02;
  std::cout << (agrees ? "agrees with the table\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
