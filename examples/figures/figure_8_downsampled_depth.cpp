// Figure 8: a linear network that takes the image to 4 x 4 and is deep there (D2, 29 layers) has the
// spectrum 1, [< 7e-6] after training on one image, all parameters starting from one small value.
// Correction: on what D2 can draw; here a blob.
// Page: docs/paper/figure_8.md.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  std::cout << "Figure 8: a deep linear network of one image has the spectrum 1, [near 0]\n";
  const Shape image{1, 8, 8};
  Vec<double> x(64);
  for (Index i = 0; i < 8; ++i)
    for (Index j = 0; j < 8; ++j)
      x[image.at(0, i, j)] = i / 2 == 1 && j / 2 < 3 ? 1 : 0.2;  // blocks of 2 x 2

  const LinearD2<double> net = downsampling_d2<double>(image, 1);  // one filter a layer
  Model f(net, initial_values(net, initial::constant(0.12), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  const FitOptions options{
      .max_epochs = 20000, .loss_below = 1e-6, .schedule = schedule::cosine(20000, 0.01)};
  const FitResult trained = fit(f, x, adam, options);

  const std::vector<std::complex<double>> lambda = eigenvalues(linearize_dense(f).A);
  Random random(1);
  const Mat<double> y = f(normal_starts<double>(64, 100, random));
  const double least = cosines(y, x).cwiseAbs().minCoeff();
  std::cout << "training has " << trained.status
            << "\nfirst eigenvalue 1 up to 1 %: " << (std::abs(lambda[0] - 1.) < 0.01 ? "yes" : "no")
            << ", the second below .01: " << (std::abs(lambda[1]) < 0.01 ? "yes" : "no")
            << "\nnoise becomes a multiple of the image: " << (least > 0.95 ? "yes" : "no") << "\n";
  const bool agrees = std::abs(lambda[0] - 1.) < 0.01 && std::abs(lambda[1]) < 0.01 && least > 0.95;
  std::cout << (agrees ? "agrees with the figure\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
