// Theorem 3: f(x) = W_2 phi(W_1 x + b), phi the ReLU, W_1 and b random and fixed, W_2 trained from 0: as
// k -> infinity all examples attract, lambda_1 -> |x|^2 / (|x|^2 + 1). Correction: so for one example; of
// several, not all need to.
// Page: docs/paper/theorem_3.md.
#include <cmath>
#include <iostream>

#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/theory/arc_cosine.hpp"
#include "basin/theory/random_features.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorem 3: a wide network attracts to its example, lambda_1 -> |x|^2 / (|x|^2 + 1)\n";
  bool agrees = true;

  const Vec<double> x{{1, -1, 1, 0.5}};
  const double limit = one_example_limit(x.norm());
  std::cout << "one example, |x|^2 = " << x.squaredNorm() << ": lambda_1 -> " << limit << "\n";
  double last = 1;
  for (const Index k : {100, 1000, 10000}) {
    double off = 0;  // root mean square over networks
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Random random(seed);
      const RandomFeatures h = random_features(4, k, weight_law::normal(), random);
      off += std::pow(one_example_eigenvalue(h, x) - limit, 2) / 20;
    }
    off = std::sqrt(off);
    const double rate = off * std::sqrt(static_cast<double>(k)) / one_example_deviation(x.norm());
    std::cout << "k = " << k << ": " << (off < 0.5 * last ? "nearer to the limit" : "not nearer")
              << ", by c / sqrt(k) up to a factor of 2: " << (rate > 0.5 && rate < 2 ? "yes" : "no") << "\n";
    agrees = agrees && off < 0.5 * last && rate > 0.5 && rate < 2;
    last = off;
  }

  // Several examples at infinite width, where features of different examples are not orthogonal.
  Random random(1);
  Mat<double> X(2, 8);
  for (double& entry : X.reshaped()) entry = 2 * random.normal();
  const Model<InfiniteWidth> f = infinite_width(X);
  Index fixed = 0, attract = 0;
  for (Index i = 0; i < X.cols(); ++i) {
    fixed += (f(X.col(i)) - X.col(i)).norm() < 1e-8 ? 1 : 0;
    attract += spectral_radius(jacobian(f, X.col(i))) < 1 ? 1 : 0;
  }
  std::cout << "eight examples in the plane, k = infinity: " << fixed << " are fixed points, " << attract
            << " attract\n";
  agrees = agrees && fixed == 8 && attract < 8;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
