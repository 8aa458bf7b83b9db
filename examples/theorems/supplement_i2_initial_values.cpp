// Supplement I.2: what A^(0) does outside of the span of the examples stays there during training,
// A^(inf) = P + A^(0) (I - P). Correction: not "regardless of the gradient descent algorithm": Adam leaves
// that set.
// Page: docs/paper/initialization.md.
#include <iostream>

#include "basin/core/model.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/dense.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"

int main() {
  using namespace basin;
  std::cout << "Supplement I.2: A^(inf) = P + A^(0) (I - P)\n";
  Random random(1);
  const Index d = 6, n = 2;
  const Mat<double> X = normal_starts<double>(d, n, random);
  const Mat<double> A_0 = normal_starts<double>(d, d, random, 0, 0.3);
  const LinearDescent closed_form(X);
  const Mat<double> A_inf = closed_form.limit(A_0), kept = closed_form.outside(A_0);
  bool agrees = true;

  const auto report = [&](const char* name, auto optimizer, Index batch, bool expected) {
    Model f(Dense<double>(d, d, false), Vec<double>(A_0.reshaped()));
    const FitOptions options{.max_epochs = 50000, .loss_below = 1e-22, .batch_size = batch};
    (void)fit(f, X, optimizer, options, HalfSumOfSquares{});
    const Mat<double> A = f.theta.reshaped(d, d);
    const bool keeps = (closed_form.outside(A) - kept).norm() < 1e-9;
    const bool arrives = (A - A_inf).norm() < 1e-6;
    std::cout << name << "A (I - P) unchanged: " << (keeps ? "yes" : "no")
              << ", A^(inf) as stated: " << (arrives ? "yes" : "no") << "\n";
    agrees = agrees && keeps == expected && arrives == expected;
  };
  const double gamma = 0.5 / closed_form.eigenvalues()[0];
  report("gradient descent: ", GradientDescent<double>({.learning_rate = gamma}), 0, true);
  report("with momentum:    ", GradientDescent<double>({.learning_rate = gamma, .momentum = 0.5}), 0, true);
  report("one at a time:    ", GradientDescent<double>({.learning_rate = gamma}), 1, true);
  report("Adam:             ", Adam<double>({.learning_rate = 1e-3}), 0, false);

  const SingularValueBounds bounds = closed_form.singular_value_bounds(A_0);
  const Vec<double> sigma = singular_values(A_inf);
  const bool bounded = (sigma.array() <= bounds.weyl.array() + 1e-12).all();
  std::cout << "singular values of A^(inf) below those of P plus the largest of A^(0): "
            << (bounded ? "yes" : "no") << "\n";
  agrees = agrees && bounded;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
