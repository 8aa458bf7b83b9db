// A film in a network: eight points in a row, learned as a cycle, found again from noise.
#include <iostream>

#include "basin/basin.hpp"
#include "basin/theory/amplification.hpp"

int main() {
  using namespace basin;
  Random random(1);
  Mat<double> X(20, 8);  // one column a picture, in the order of the film
  for (double& entry : X.reshaped()) entry = random.uniform(-1, 1);

  const auto net = fully_connected<double>(20, 100, 3);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, next_in_cycle(X), adam, {.max_epochs = 20000, .loss_below = 1e-9});

  const Cycle<double> film = refine_cycle(f, X);
  std::cout << "period " << film.period() << ", " << film.distance << " from the pictures, " << film.stability
            << ", multiplier " << film.spectral_radius << "\n";

  Mat<double> noise(20, 200);
  for (double& entry : noise.reshaped()) entry = random.normal();
  const Cycles<double> found = find_cycles(f, noise);
  for (std::size_t k = 0; k < found.cycles.size(); ++k)
    std::cout << found.hits[k] << " of 200 starts end on a cycle of period " << found.cycles[k].period()
              << "\n";

  const LyapunovSpectrum s = lyapunov_spectrum(f, noise.col(0), {.exponents = 2});
  if (!s.exponents.empty())
    std::cout << "exponent " << s.exponents[0] << " +- " << s.uncertainties[0] << ": " << s.motion << "\n";
  const Amplification a = amplification(f, film.points);
  std::cout << "small errors grow by up to " << a.growth.peak << " at first\n";
}
