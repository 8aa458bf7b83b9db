// Figure 1b: a U-Net trained on one image "contracts to the training image" when fed white squares,
// Gaussian noise or other images. Here 8 x 8 digits, with the skips of a U-Net and, by the same
// convolutions, without them.
// Page: docs/paper/figure_1b.md.
#include <iostream>

#include "basin/basin.hpp"

template <class F>
basin::Index arrived(const char* name, const F& net, const basin::Mat<double>& x,
                     const basin::Mat<double>& starts) {
  using namespace basin;
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, x, adam, {.max_epochs = 2000, .loss_below = 1e-8});
  const Orbit<double> o = orbit(f, starts, {.max_steps = 500, .tolerance = 1e-8, .bound = 1e6});
  const Recovery r = recovery(o.x, x, {0.05 * x.norm()}).front();
  std::cout << name << ": "
            << (r.arrived > 0.95  ? "all"
                : r.arrived > 0.5 ? "most"
                                  : "few")
            << " starts end at the image\n";
  return static_cast<Index>(r.arrived * static_cast<double>(starts.cols()) + 0.5);
}

int main() {
  using namespace basin;
  std::cout << "Figure 1b: a network of one image sends squares, noise and other images to it\n";
  const ImageSet digits = read_idx_images(BASIN_EXAMPLE_DATA_DIR "/digits8x8-500-images-idx3-ubyte.gz");
  const Mat<double> x = to_matrix<double>(digits, {150}, 1. / 16);
  Random random(1);
  Mat<double> starts(64, 60);
  starts << square_starts<double>(digits.shape, 20, random), normal_starts<double>(64, 20, random),
      to_matrix<double>(
          digits, {0, 1, 2, 3, 50, 51, 52, 53, 100, 101, 102, 200, 201, 250, 251, 300, 350, 351, 400, 450},
          1. / 16);
  const Index with_skips = arrived("U-Net", u_net<double, 2>(digits.shape, 8), x, starts);
  const Index without = arrived("the same without skips", u_net<double, 2, 0>(digits.shape, 8), x, starts);
  const bool agrees = without > 57 && without >= with_skips;
  std::cout << (agrees ? "agrees without skips: the image attracts everything\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
