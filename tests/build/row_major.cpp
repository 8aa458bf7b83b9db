// The library in a project that defines EIGEN_DEFAULT_TO_ROW_MAJOR: the same numbers as without. Not linked
// with anything that was compiled without the macro.
#ifndef EIGEN_DEFAULT_TO_ROW_MAJOR
#error "this program tests nothing without EIGEN_DEFAULT_TO_ROW_MAJOR"
#endif
#include <Eigen/Core>  // Eigen::MatrixXd
#include <complex>     // std::complex
#include <iostream>    // std::cout

#include "basin/core/model.hpp"           // Model
#include "basin/dynamics/jacobian.hpp"    // jacobian
#include "basin/dynamics/spectrum.hpp"    // eigenpairs
#include "basin/layers/dense.hpp"         // Dense
#include "basin/linearize/linearize.hpp"  // linearize_sparse

namespace {
int failures = 0;
void check(const char* what, bool ok) {
  if (!ok) std::cout << what << " is wrong\n", ++failures;
}
}  // namespace

int main() {
  using namespace basin;
  // W = [1 2 3; 4 5 6], column by column
  const Model f(Dense<double>(3, 2, false), Vec<double>{{1, 4, 2, 5, 3, 6}});
  Mat<double> x(3, 2), W(2, 3), y(2, 2);
  x << 1, 2, 10, 20, 100, 200;
  W << 1, 2, 3, 4, 5, 6;
  y << 321, 642, 654, 1308;
  check("y = W x", f(x) == y);
  const Eigen::MatrixXd by_rows = x;
  static_assert(Eigen::MatrixXd::IsRowMajor);
  check("y = W x of a matrix that lies row by row", f(by_rows) == y);
  check("the Jacobian", jacobian(f, x.col(0)) == W);
  check("the sparse matrix", Mat<double>(linearize_sparse(f).A) == W);

  Mat<double> A(2, 2);
  A << 0, -2, 1, 0;  // eigenvalues +- i sqrt(2)
  const Eigenpairs pairs = eigenpairs(A);
  for (Index i = 0; i < 2; ++i)
    check("an eigenvector", (A.cast<std::complex<double>>() * pairs.vectors.col(i) -
                             pairs.values[static_cast<std::size_t>(i)] * pairs.vectors.col(i))
                                    .norm() < 1e-14);
  return failures == 0 ? 0 : 1;
}
