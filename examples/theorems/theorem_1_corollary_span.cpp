// Corollary of Theorem 1: the examples are phi-eigenvectors of A^(inf) with eigenvalue 1, phi(A^(inf) y)
// lies in phi-span(X) for every y, and rank(A^(inf)) = dim span(X). Correction: the rank is that of
// phi^-1(X).
// Page: docs/paper/theorem_1.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/layers/maps/exponential.hpp"
#include "basin/theory/phi_span.hpp"
#include "basin/theory/single_layer.hpp"

int main() {
  using namespace basin;
  std::cout << "Corollary of Theorem 1: outputs lie in phi-span(X)\n";
  Random random(1);
  const Index d = 8;
  const Sigmoid phi;
  const Mat<double> X = uniform_starts<double>(d, 3, random, 0.1, 0.9);
  const Mat<double> A = minimum_norm_solution(phi, X);
  const PhiSpan span(X, phi);

  Index eigenvectors = 0, in_span = 0;
  for (Index i = 0; i < X.cols(); ++i) {
    const PhiEigen e = phi_eigenvalue(phi, A, X.col(i));
    if (std::abs(e.value - 1) < 1e-9 && e.residual < 1e-9) ++eigenvectors;
  }
  const Mat<double> y = normal_starts<double>(d, 100, random);
  for (Index i = 0; i < y.cols(); ++i)
    if (span.contains(apply_map(phi, A * y.col(i)))) ++in_span;
  const Index rank = numerical_rank(A).rank;
  std::cout << "examples that are phi-eigenvectors with eigenvalue 1: " << eigenvectors << " of " << X.cols()
            << "\nphi(A y) in phi-span(X): " << in_span << " of " << y.cols() << " random y\n"
            << "rank(A) = " << rank << ", dim span(X) = " << numerical_rank(X).rank << "\n";

  // Where the printed rank is wrong: x^(1) = phi(v), x^(2) = phi(2 v).
  const Vec<double> v = normal_starts<double>(d, 1, random);
  Mat<double> pair(d, 2);
  pair << apply_map(phi, v), apply_map(phi, 2 * v);
  const Index pair_rank = numerical_rank(minimum_norm_solution(phi, pair)).rank;
  const Index pair_span = numerical_rank(pair).rank;
  std::cout << "x = phi(v), phi(2 v): rank(A) = " << pair_rank << ", dim span(X) = " << pair_span
            << ", rank(phi^-1(X)) = " << numerical_rank(preimage(phi, pair)).rank << "\n";

  const bool agrees = eigenvectors == 3 && in_span == 100 && rank == 3 && pair_rank == 1 && pair_span == 2;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
