// Theorem 2: a fixed point is an attractor if the largest eigenvalue of the Jacobian J is < 1, a repeller
// if it is > 1. Correction: the spectral radius rho(J) decides, above 1 the point may be a saddle, at 1 J
// does not tell.
// Page: docs/paper/theorem_2.md.
#include <iostream>
#include <string>
#include <vector>

#include "basin/core/model.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/dense.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorem 2: a fixed point attracts if rho(J) < 1 and does not if rho(J) > 1\n";
  struct Case {
    std::string name;
    Mat<double> J;
    bool attracts;  // what orbits from starts near 0 must do
  };
  const std::vector<Case> cases{
      {"diag(.5, -.9)", Mat<double>{{0.5, 0}, {0, -0.9}}, true},
      {"diag(.5, -1.5), largest eigenvalue .5", Mat<double>{{0.5, 0}, {0, -1.5}}, false},
      {"diag(.5, 2), a saddle", Mat<double>{{0.5, 0}, {0, 2}}, false},
      {"(.9, 10; 0, .9), grows before it decays", Mat<double>{{0.9, 10}, {0, 0.9}}, true},
  };

  bool agrees = true;
  for (const Case& c : cases) {
    const Dense<double> layer(2, 2, false);  // f(x) = J x, with the fixed point 0
    const Model f(layer, Vec<double>(c.J.reshaped()));
    const LinearStability verdict = linear_stability(c.J);
    const Mat<double> starts{{1e-3, -1e-3, 1e-3}, {1e-3, 1e-3, -2e-3}};
    const Orbit<double> o = orbit(f, starts, {.max_steps = 400, .bound = 1e6});
    const bool arrives = o.x.norm() < 1e-6;
    std::cout << c.name << ": rho(J) = " << spectral_radius(c.J) << ", " << verdict.stability << ", orbits "
              << (arrives ? "go to 0" : "leave") << "\n";
    agrees = agrees && arrives == c.attracts &&
             verdict.stability == (c.attracts ? Stability::attracting : Stability::unstable);
  }

  // At rho = 1: f(x) = x - x^3 attracts to 0, f(x) = x + x^3 does not. Both have J = 1 there.
  double inward = 0.1, outward = 0.1;
  for (int t = 0; t < 49; ++t) inward -= inward * inward * inward, outward += outward * outward * outward;
  std::cout << "J = 1: x - x^3 goes " << (inward < 0.1 ? "in" : "out") << ", x + x^3 goes "
            << (outward < 0.1 ? "in" : "out") << "\n";
  agrees = agrees && inward < 0.1 && outward > 0.1;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
