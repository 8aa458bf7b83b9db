// Theorems 6 and 7: for any x^(1), ..., x^(n) in (0, 1)^d and epsilon > 0 a two-layer ReLU network has
// them as attractors and |f(x) - x| <= epsilon everywhere. Correction: with (2 n + 1) d units; (n + 1) d
// are too few from n = 4 on.
// Page: docs/paper/theorem_6.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/theory/interpolating_map.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorems 6 and 7: examples may attract while |f(x) - x| <= epsilon everywhere\n";
  const Index d = 2, n = 5;
  Random random(1);
  const Mat<double> X = uniform_starts<double>(d, n, random, 0.05, 0.95);
  const Mat<double> starts = uniform_starts<double>(d, 1000, random);
  const Mat<double> attractors = mixed_attractors(X);  // every mix of coordinates of examples
  bool agrees = true;
  for (const double epsilon : {0.01, 0.001}) {
    const Model<ReluNet> f = interpolating_autoencoder(X, epsilon);
    const double error = (f(starts) - starts).colwise().norm().maxCoeff();
    Index attract = 0, arrived = 0;
    for (Index i = 0; i < n; ++i)
      attract +=
          (f(X.col(i)) - X.col(i)).norm() < 1e-12 && spectral_radius(jacobian(f, X.col(i))) < 1 ? 1 : 0;
    const Orbit<double> limits = orbit(f, starts, {.max_steps = 200000, .tolerance = 1e-10});
    for (Index j = 0; j < starts.cols(); ++j)
      arrived += (attractors.colwise() - limits.x.col(j)).colwise().norm().minCoeff() < 1e-4 ? 1 : 0;
    std::cout << "epsilon = " << epsilon << ": " << attract << " of " << n
              << " examples attract, error below "
              << "epsilon: " << (error <= epsilon ? "yes" : "no") << ", " << arrived
              << " of 1000 starts end at one of " << attractors.cols() << " attractors\n";
    agrees = agrees && attract == n && error <= epsilon && arrived == 1000;
  }

  // n + 1 units make n knots with d = 1, and these allow floor(n / 2) + 1 attracting fixed points at most.
  std::cout << "attractors of a map of the line with n + 1 knots, at most:";
  for (const Index k : {1, 2, 3, 4, 5}) {
    std::cout << "  n = " << k << ": " << most_attracting_fixed_points(k + 1);
    agrees = agrees && (most_attracting_fixed_points(k + 1) < k) == (k >= 4);
  }
  std::cout << "\n" << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
