// Singular values and the rank that follows from them.
#include "basin/dynamics/rank.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {
/// U diag(sigma) V' with random orthonormal U (m x k), V (n x k).
Mat<double> with_singular_values(Index m, Index n, const Vec<double>& sigma, int seed) {
  const auto orthonormal = [&](Index rows, int s) {
    Mat<double> Q = random_matrix<double>(rows, sigma.size(), s);
    for (Index j = 0; j < Q.cols(); ++j) {
      for (int pass = 0; pass < 2; ++pass)
        for (Index i = 0; i < j; ++i) Q.col(j) -= Q.col(i) * Q.col(i).dot(Q.col(j));
      Q.col(j).normalize();
    }
    return Q;
  };
  return orthonormal(m, seed) * sigma.asDiagonal() * orthonormal(n, seed + 1).transpose();
}
}  // namespace

TEST_CASE("singular values of matrices that were built from them", "[dynamics]") {
  for (const auto& [m, n, k] : {std::array<Index, 3>{5, 5, 5},
                                {40, 17, 17},
                                {17, 40, 9},
                                {1, 6, 1},
                                {6, 1, 1},
                                {60, 60, 3},
                                {2, 2, 1}}) {
    CAPTURE(m, n, k);
    Vec<double> sigma(k);
    for (Index i = 0; i < k; ++i) sigma[i] = std::pow(10.0, -0.5 * static_cast<double>(i));
    const Vec<double> found = singular_values(with_singular_values(m, n, sigma, 7));
    REQUIRE(found.size() == std::min(m, n));
    CHECK((found.head(k) - sigma).cwiseAbs().maxCoeff() < 1e-14);
    CHECK(found.tail(found.size() - k).cwiseAbs().sum() < 1e-14 * static_cast<double>(m + n));
    CHECK(std::is_sorted(found.begin(), found.end(), std::greater<>()));
  }
}

TEST_CASE("singular values: scale, squares, degenerate matrices", "[dynamics]") {
  const Mat<double> A = random_matrix<double>(30, 20, 1);
  const Vec<double> sigma = singular_values(A);
  CHECK(std::abs(sigma.squaredNorm() - A.squaredNorm()) < 1e-12 * A.squaredNorm());
  CHECK((singular_values(A.transpose()) - sigma).norm() < 1e-13 * sigma[0]);
  CHECK((singular_values(1e300 * A) / 1e300 - sigma).norm() < 1e-13 * sigma[0]);
  CHECK((singular_values(1e-300 * A) * 1e300 - sigma).norm() < 1e-13 * sigma[0]);
  CHECK((singular_values(Mat<float>(A.cast<float>())) - sigma).norm() < 1e-6 * sigma[0]);
  CHECK(singular_values(Mat<double>::Zero(4, 3)) == Vec<double>::Zero(3));
  CHECK((singular_values(Mat<double>::Identity(9, 9)) - Vec<double>::Ones(9)).norm() < 1e-14);
  CHECK(singular_values(Mat<double>(0, 3)).size() == 0);
  // A nilpotent shift has eigenvalues 0 and singular values 1, ..., 1, 0.
  Mat<double> shift = Mat<double>::Zero(12, 12);
  shift.diagonal(1).setOnes();
  CHECK((singular_values(shift).head(11) - Vec<double>::Ones(11)).norm() < 1e-14);
  CHECK(singular_values(shift)[11] < 1e-15);
}

TEST_CASE("the numerical rank counts singular values above the tolerance", "[dynamics]") {
  const Vec<double> sigma{{3, 1, 1e-3, 1e-6, 1e-10}};
  const Mat<double> A = with_singular_values(50, 30, sigma, 3);
  CHECK(numerical_rank(A).rank == 4);
  CHECK(numerical_rank(A, 1e-12).rank == 5);
  CHECK(numerical_rank(A, 0.5).rank == 1);
  CHECK(numerical_rank(A, 1e-5).rank == 3);
  CHECK(std::abs(numerical_rank(A, 1e-5).tolerance - 3e-5) < 1e-18);
  CHECK(numerical_rank(1e-20 * A).rank == 4);  // relative: the scale does not matter
  CHECK(numerical_rank(A.cast<float>(), 1e-5).rank == 3);
  CHECK(numerical_rank(Mat<double>::Zero(3, 3)).rank == 0);
  CHECK(numerical_rank(Mat<double>(0, 0)).rank == 0);
  for (Index r = 1; r <= 40; r += 13)
    CHECK(numerical_rank(random_matrix<double>(60, r, 4) * random_matrix<double>(r, 70, 5)).rank == r);
  CHECK(numerical_rank(1e308 * Mat<double>::Identity(3, 3)).rank == 3);
  CHECK(numerical_rank(4e307 * Mat<double>::Ones(4, 4)).rank == 1);
  // |A|_2 = 4e308 is no double: it is refused, where a rank of 0 would come out by inf > inf.
  CHECK(contains(error_of([] { (void)numerical_rank(1e308 * Mat<double>::Ones(4, 4)); }),
                 "numerical_rank: the largest singular value of A is above the largest double"));
  CHECK(contains(error_of([] { (void)singular_values(1e308 * Mat<double>::Ones(4, 4)); }),
                 "singular_values: the largest singular value of A is above the largest double"));
  CHECK(contains(error_of([] { (void)numerical_rank(Mat<double>::Ones(2, 2), 1); }),
                 "numerical_rank: relative_tolerance must be in [0, 1), got 1"));
  CHECK(contains(error_of([] { (void)numerical_rank(Mat<double>::Constant(2, 2, std::nan(""))); }),
                 "numerical_rank: A has entries that are NaN"));
}
