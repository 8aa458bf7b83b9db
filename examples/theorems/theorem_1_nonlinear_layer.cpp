// Theorem 1: training phi(A x^(i)) = x^(i), 1 <= i <= n < d, from A^(0) = 0 ends at an A with A
// x^(i) = phi^-1(x^(i)), the one of least norm. Correction: the steps need s_i > 0; with the printed sign
// they diverge.
// Page: docs/paper/theorem_1.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/layers/maps/exponential.hpp"
#include "basin/theory/single_layer.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorem 1: phi(A x) trained from A^(0) = 0 ends at A x^(i) = phi^-1(x^(i))\n";
  Random random(1);
  const Index d = 8, n = 3;
  const Mat<double> X = uniform_starts<double>(d, n, random, 0.1, 0.9);
  const Mat<double> least_norm = minimum_norm_solution(Sigmoid{}, X);

  std::cout << "phi = sigmoid, d = " << d << ", n = " << n << ", A^(0) = 0\n";
  bool agrees = true;
  for (const DescentRule rule : {DescentRule::adaptive, DescentRule::constant, DescentRule::printed}) {
    const SingleLayerFit fit = train_single_layer(Sigmoid{}, X, {.rule = rule, .tolerance = 1e-10});
    const bool converged = fit.status == FitStatus::converged;
    const bool equal = converged && (fit.A - least_norm).norm() < 1e-6 * least_norm.norm();
    std::cout << (rule == DescentRule::adaptive   ? "rate of the proof, s_i > 0:   "
                  : rule == DescentRule::constant ? "constant rate:                "
                                                  : "rate of the proof as printed: ")
              << (equal ? "ends at phi^-1(X) X^+\n" : "does not get there\n");
    agrees = agrees && equal == (rule != DescentRule::printed);
  }

  const double equation = (least_norm * X - preimage(Sigmoid{}, X)).cwiseAbs().maxCoeff();
  std::cout << "A x^(i) = phi^-1(x^(i)) for all i: " << (equation < 1e-10 ? "yes" : "no") << "\n";
  agrees = agrees && equation < 1e-10;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
