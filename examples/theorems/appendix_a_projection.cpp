// Supplement A: gradient descent on 1/2 sum |A x^(i) - x^(i)|^2 from A^(0) = 0 ends at the orthogonal
// projection P onto the span of the examples. Correction: not for gamma < 1 / lambda_1 alone, but for all
// 0 < gamma < 2 / lambda_1.
// Page: docs/paper/appendix_a.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/theory/linear_descent.hpp"

int main() {
  using namespace basin;
  std::cout << "Supplement A: gradient descent from A^(0) = 0 ends at the projection onto the examples\n";
  Random random(1);
  const Index d = 6, n = 2;
  const Mat<double> X = normal_starts<double>(d, n, random);  // one column an example
  const Mat<double> S = X * X.transpose(), I = Mat<double>::Identity(d, d);
  const LinearDescent closed_form(X);
  const Mat<double> P = closed_form.projection();
  const double lambda_1 = closed_form.eigenvalues()[0];

  std::cout << "d = " << d << ", n = " << n << ": A^(t+1) = A^(t) + gamma (I - A^(t)) S from A^(0) = 0\n";
  bool agrees = true;
  for (const double times : {0.5, 1.5, 1.9, 2.1}) {
    const double gamma = times / lambda_1;
    Mat<double> A = Mat<double>::Zero(d, d);
    for (int t = 0; t < 2000; ++t) A += gamma * (I - A) * S;
    const bool projects = (A - P).norm() < 1e-9;
    const bool expected = gamma < closed_form.rate_limit();
    std::cout << "gamma = " << times
              << " / lambda_1: " << (projects ? "ends at the projection" : "does not converge") << "\n";
    agrees = agrees && projects == expected;
  }

  // What is orthogonal to the examples is sent to 0: the map knows nothing but their span.
  const double gamma = 1 / lambda_1;
  const Mat<double> A_20 = closed_form.at(20, gamma);
  Mat<double> power = I;
  for (int t = 0; t < 20; ++t) power *= I - gamma * S;
  const bool formula = (A_20 - (I - power)).norm() < 1e-12;
  std::cout << "A^(20) is I - (I - gamma S)^20: " << (formula ? "yes" : "no") << "\n"
            << "rank of the limit: " << closed_form.rank() << ", trace of P: " << P.trace() << "\n";
  agrees = agrees && formula && closed_form.rank() == n;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
