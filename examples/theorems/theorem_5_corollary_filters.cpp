// Corollary of Theorem 5: two layers of convolutions with 3 x 3 filters and stride 1 cannot memorize
// images of 4 x 4 or larger, however many filters: those zeros stay, and no matrix that has them is the
// projection P onto the image.
// Page: docs/paper/theorem_5.md.
#include <cmath>
#include <iostream>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/theory/projection.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"

int main() {
  using namespace basin;
  std::cout << "Corollary of Theorem 5: filters do not make up for depth\n";
  const Index s = 4;
  Random random(1);
  const Vec<double> x = normal_starts<double>(s * s, 1, random);
  const Mat<double> P = span_projection(x);
  bool agrees = true;
  for (const Index filters : {1, 4, 16}) {
    const Conv2d<double> in({1, s, s}, {.out_channels = filters, .padding = Padding::all(1), .bias = false});
    const Conv2d<double> out({filters, s, s}, {.padding = Padding::all(1), .bias = false});
    const Chain net(in, out);
    Model f(net, initial_values(net, initial::normal(0, 0.1), 1));
    Adam<double> adam({.learning_rate = 5e-3});
    const FitResult trained = fit(f, x, adam, {.max_epochs = 5000, .loss_below = 1e-10});

    const Mat<double> A = linearize_dense(f).A;
    const NonzeroPattern pattern = nonzero_pattern(net);
    Index kept = 0;
    double bound = 0;  // |P at the forced zeros|_F: A cannot be nearer to P
    for (Index i = 0; i < s * s; ++i)
      for (Index j = 0; j < s * s; ++j)
        if (!pattern(i, j)) bound += P(i, j) * P(i, j), kept += A(i, j) == 0 ? 1 : 0;
    const bool far = (A - P).norm() >= std::sqrt(bound) && bound > 0;
    std::cout << filters << " filters: trained " << trained.status << ", " << kept << " of "
              << pattern.zeros()
              << " forced zeros are 0, |A - P| is above its bound: " << (far ? "yes" : "no") << "\n";
    agrees = agrees && trained.status == FitStatus::converged && pattern.zeros() == 60 && kept == 60 && far;
  }
  std::cout << (agrees ? "agrees with the statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
