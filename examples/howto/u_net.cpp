// How to: a U-Net on images, trained to return one of them. Skips join each level on the way down with the
// same level on the way up; the number of levels and of skips are template arguments.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  const ImageSet digits = read_idx_images(BASIN_EXAMPLE_DATA_DIR "/digits8x8-500-images-idx3-ubyte.gz");
  const Mat<double> X = to_matrix<double>(digits, {0}, 1. / 16);
  const auto net = u_net<double, 2>(digits.shape, 8);  // two levels: 8 x 8 with 8 channels, 4 x 4 with 16
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  std::cout << layer_name(net) << ": " << net.param_size() << " parameters in "
            << param_blocks(net).size() / 2 << " convolutions\n";

  Adam<double> adam({.learning_rate = 2e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 2000, .loss_below = 1e-7});
  std::cout << "training has " << trained.status << "\n";

  const Vec<double> x = X.col(0);
  const bool fixed = (f(x) - x).norm() < 0.02 * x.norm();
  std::cout << "f(x) = x within 2 %: " << (fixed ? "yes" : "no") << "\n";
  return trained.status == FitStatus::converged && fixed ? 0 : 1;
}
