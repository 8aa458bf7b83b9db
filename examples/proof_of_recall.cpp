// Prove that a network recalls an image: train it with input noise, certify the basin of one image, and prove
// that a noisy version of it ends there, with all rounding accounted for.
#include <iostream>

#include "basin/basin.hpp"
#include "basin/certify/recall.hpp"
#include "basin/data/idx.hpp"

int main() {
  using namespace basin;
  const ImageSet digits = read_idx_images(BASIN_EXAMPLE_DATA_DIR "/digits8x8-500-images-idx3-ubyte.gz");
  const Mat<double> X = to_matrix<double>(digits, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});  // 64 x 10

  const auto net = fully_connected<double>(64, 64, 4, Tanh{});
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  const FitResult trained = fit(f, X, adam, {.max_epochs = 3000, .input_noise = {.deviation = 0.1}});
  std::cout << "trained: loss " << trained.loss << "\n";

  // The largest ball around the fixed point next to the image that is proved to lie in its basin.
  const Certificate c = certify_attractor(f, X.col(3));
  if (!c.verified) return std::cout << "no certificate: " << c.reason << "\n", 1;
  std::cout << "one fixed point, within " << c.error << " of the centre, " << (c.centre - X.col(3)).norm()
            << " from the image\n"
            << "every start within " << c.radius_2norm << " of the centre ends there, in each step closer by "
            << c.contraction << "\n";

  Random random(1);
  Vec<double> start = X.col(3);
  for (double& pixel : start) pixel = random.normal(pixel, 0.1);
  const RecallProof proof = certify_recall(f, c, start);
  if (!proof.verified) return std::cout << "not proved: " << proof.reason << "\n", 1;
  std::cout << "a start " << proof.distance << " away, and all within " << proof.radius_2norm
            << " of it, are in that ball after " << proof.steps << " steps\n";
}
