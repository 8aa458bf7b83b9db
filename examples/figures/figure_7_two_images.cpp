// Figure 7: a linear convolutional autoencoder that downsamples to 1 x 1 (D1), trained on two images, has
// the spectrum 1, 1, [< 2e-2]: it makes a combination of the two of any noise. Here 8 x 8 digits, so that
// three convolutions are enough.
// Page: docs/paper/figure_7.md.
#include <algorithm>
#include <complex>
#include <iostream>

#include "basin/basin.hpp"
#include "basin/theory/projection.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 7: a linear network of two images has the spectrum 1, 1, [near 0]\n";
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");
  const Mat<double> X = to_matrix<double>(digits, {0, 100}, 1. / 16);

  const Index filters = 16;
  std::vector<AnyLayer<double>> layers;
  const auto convolution = [&](Index in, Index side, Index out, Index stride) {
    layers.emplace_back(
        Conv2d<double>({in, side, side},
                       {.out_channels = out, .stride = stride, .padding = Padding::all(1), .bias = false}));
  };
  for (const Index side : {8, 4, 2}) convolution(side == 8 ? 1 : filters, side, filters, 2);
  for (const Index side : {1, 2, 4}) {
    layers.emplace_back(UpsampleNearest<double>({filters, side, side}));
    convolution(filters, 2 * side, side == 4 ? 1 : filters, 1);
  }
  const Sequence<double> net(layers);
  Model f(net, initial_values(net, initial::scaled(initial::pytorch_default(), 0.5), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 5000, .loss_below = 1e-12, .schedule = schedule::cosine(5000, 0.01)});

  const Mat<double> A = linearize_dense(f).A;
  const std::vector<std::complex<double>> lambda = eigenvalues(A);
  Random random(1);
  const Mat<double> y = A * normal_starts<double>(64, 100, random);
  const double outside = (y - span_projection(X) * y).norm() / y.norm();
  std::cout << "eigenvalues within .01 of 1: "
            << std::count_if(lambda.begin(), lambda.end(), [](auto l) { return std::abs(l - 1.) < 0.01; })
            << ", the third below .1: " << (std::abs(lambda[2]) < 0.1 ? "yes" : "no")
            << "\nnoise becomes a combination of the two images, up to a tenth: "
            << (outside < 0.1 ? "yes" : "no") << "\n";
  const bool agrees = std::abs(lambda[1] - 1.) < 0.01 && std::abs(lambda[2]) < 0.1 && outside < 0.1;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
