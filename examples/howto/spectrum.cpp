// How to: the eigenvalues of a network at a point: all of a small Jacobian, or the leading ones of a large
// network by products with it alone, without ever forming the matrix.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  const auto net = fully_connected<double>(300, 40, 2, Tanh{});  // the Jacobian is 300 x 300, of rank 40
  const Model f(net, initial_values(net, initial::xavier_normal(1.2), 1));
  const Vec<double> x = Vec<double>::Zero(300);

  const Mat<double> J = jacobian(f, x);
  const std::vector<std::complex<double>> all = eigenvalues(J);  // largest modulus first
  const Leading leading = leading_eigenvalues(f, x, 4);
  bool same = leading.converged;
  for (std::size_t k = 0; k < 4; ++k)
    same = same && std::abs(std::abs(leading.values[k]) - std::abs(all[k])) < 1e-6;
  std::cout << "all " << all.size()
            << " eigenvalues; the 4 leading ones by products are theirs: " << (same ? "yes" : "no") << "\n";

  const NumericalRank rank = numerical_rank(J);
  std::cout << "rank " << rank.rank << ", the width of the hidden layers\n";
  const bool radius = spectral_radius(J) == std::abs(all[0]);
  const LinearStability verdict = linear_stability(J);  // with a proof, not by the computed value alone
  std::cout << "spectral radius is that of the first: " << (radius ? "yes" : "no") << ", 0 is "
            << verdict.stability << "\n";
  return same && radius && rank.rank == 40 ? 0 : 1;
}
