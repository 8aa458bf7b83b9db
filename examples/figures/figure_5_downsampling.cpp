// Figure 5: a convolutional autoencoder that downsamples (D1 with leaky ReLU) iterates to individual
// training examples. Here four digits of 8 x 8, taken to 1 x 1 by three convolutions of stride 2 and back.
// Page: docs/paper/figure_5.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 5: a downsampling network iterates to individual training images\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  const Mat<double> X = to_matrix<double>(digits, {0, 100, 200, 300}, 1. / 16);

  const Index filters = 24;
  std::vector<AnyLayer<double>> layers;
  const auto convolution = [&](Index in, Index side, Index out, Index stride) {
    layers.emplace_back(Conv2d<double>({in, side, side},
                                       {.out_channels = out, .stride = stride, .padding = Padding::all(1)}));
    layers.emplace_back(Pointwise<double, LeakyRelu>(layers.back().out_size()));
  };
  for (const Index side : {8, 4, 2}) convolution(side == 8 ? 1 : filters, side, filters, 2);
  for (const Index side : {1, 2, 4}) {
    layers.emplace_back(UpsampleNearest<double>({filters, side, side}));
    convolution(filters, 2 * side, side == 4 ? 1 : filters, 1);
  }
  const Sequence<double> net(layers);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 4000, .loss_below = 1e-8, .schedule = schedule::cosine(4000, 0.01)});

  Index attract = 0;
  for (Index i = 0; i < X.cols(); ++i)
    attract += classify_fixed_point(f, X.col(i)).stability == Stability::attracting ? 1 : 0;
  Random random(1);
  const Mat<double> noise = normal_starts<double>(64, 200, random);
  const Orbit<double> o = orbit(f, noise, {.max_steps = 2000, .tolerance = 1e-8, .bound = 1e6});
  const double arrived = recovery(o.x, X, {0.05 * mean_norm(X)}).front().arrived;
  std::cout << (attract == X.cols() ? "all" : "not all") << " of the 4 images attract, "
            << (arrived > 0.9   ? "nearly all"
                : arrived > 0.5 ? "most"
                                : "few")
            << " orbits of noise end at one of them\n";
  const bool agrees = arrived > 0.9;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
