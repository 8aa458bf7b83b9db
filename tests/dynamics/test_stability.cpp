// Verdicts on Jacobians: right or withheld, whatever the matrix.
#include "basin/dynamics/stability.hpp"

#include <Eigen/LU>
#include <cmath>
#include <numbers>

#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/newton.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/train/orthogonal.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Mat<double> orthogonal(Index n, int seed) {
  Mat<double> Q = random_matrix<double>(n, n, seed);
  orthonormalize<double>(Q);
  return Q;
}
Mat<double> rotated(const Mat<double>& A, int seed) {
  const Mat<double> Q = orthogonal(A.rows(), seed);
  return Q * A * Q.transpose();
}
/// lambda on the diagonal, 1 above it.
Mat<double> jordan_block(Index n, double lambda) {
  Mat<double> J = lambda * Mat<double>::Identity(n, n);
  for (Index i = 0; i + 1 < n; ++i) J(i, i + 1) = 1;
  return J;
}
/// -1 below the diagonal, 1 on it and in three diagonals above (Grcar 1989).
Mat<double> grcar(Index n) {
  Mat<double> G = Mat<double>::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    if (i > 0) G(i, i - 1) = -1;
    for (Index j = i; j < std::min(n, i + 4); ++j) G(i, j) = 1;
  }
  return G;
}
/// `truth` is what exact mathematics says of the matrix.
void check_right_or_withheld(const Mat<double>& A, Stability truth) {
  const Stability said = linear_stability(A).stability;
  CHECK((said == truth || said == Stability::undecided));
}

}  // namespace

TEST_CASE("triangular matrices are judged by their diagonal, however far from normal", "[dynamics]") {
  for (const Index n : {1, 2, 10, 60, 200}) {
    for (const double lambda : {0., 0.5, -0.9, 0.999, 1.001, -1.5}) {
      const LinearStability s = linear_stability(jordan_block(n, lambda));
      CHECK(s.stability == (std::abs(lambda) < 1 ? Stability::attracting : Stability::unstable));
      CHECK(std::abs(s.spectral_radius - std::abs(lambda)) < 1e-13);
      CHECK(s.uncertainty < 1e-10);
      CHECK(s.counted);
      CHECK(s.unstable == (std::abs(lambda) < 1 ? 0 : n));
      CHECK(s.index == (lambda > 1 && n % 2 == 1 ? -1 : 1));
    }
  }
  Mat<double> upper = random_matrix<double>(80, 80, 1).triangularView<Eigen::Upper>();
  upper.diagonal().setConstant(0.5);
  CHECK(linear_stability(upper).stability == Stability::attracting);
  CHECK(linear_stability(Mat<double>(upper.transpose())).stability == Stability::attracting);
  upper(40, 40) = 1.25;
  CHECK(linear_stability(upper).stability == Stability::unstable);
  CHECK(linear_stability(upper).unstable == 1);
}

TEST_CASE("rotated Jordan blocks, shifts and Grcar matrices: right or undecided", "[dynamics]") {
  for (const Index n : {2, 5, 10, 30, 60, 200}) {
    for (const double lambda : {0.5, 0.9, 0.99})
      check_right_or_withheld(rotated(jordan_block(n, lambda), 2), Stability::attracting);
    for (const double lambda : {1.01, 1.5})
      check_right_or_withheld(rotated(jordan_block(n, lambda), 2), Stability::unstable);
  }
  // The Grcar matrix of 20 rows has rho = 2.22787; its eigenvalues are well enough conditioned.
  for (const Index n : {20, 100}) {
    const double rho = spectral_radius(grcar(20));
    for (const double part : {0.9, 0.99, 1.01, 1.1}) {
      const Mat<double> G = part / rho * grcar(n);
      if (n == 20) check_right_or_withheld(G, part < 1 ? Stability::attracting : Stability::unstable);
      if (n == 20) CHECK(linear_stability(rotated(G, 3)).stability == linear_stability(G).stability);
      // The one of 100 rows has rho > that of 20: 2.26.
      if (n == 100 && part > 1) check_right_or_withheld(rotated(G, 3), Stability::unstable);
    }
  }
  // A shift is nilpotent, and its rotated form of 200 rows has computed eigenvalues of modulus .8.
  for (const Index n : {20, 200}) {
    const LinearStability s = linear_stability(rotated(jordan_block(n, 0), 4));
    CHECK(s.stability == Stability::attracting);
    CHECK(s.power >= n);  // |S^k| = 1 for all smaller k
    CHECK(s.counted);
    CHECK(s.index == 1);
  }
}

TEST_CASE("normal matrices are decided as close to 1 as rounding allows", "[dynamics]") {
  for (const Index n : {3, 40}) {
    const Mat<double> Q = orthogonal(n, 5);
    for (const double rho : {0.5, 1 - 1e-6, 1 + 1e-6, 2.}) {
      const LinearStability s = linear_stability(rho * Q);
      CHECK(s.stability == (rho < 1 ? Stability::attracting : Stability::unstable));
      CHECK(std::abs(s.spectral_radius - rho) < 1e-12);
      CHECK(s.unstable == (rho < 1 ? 0 : n));
      CHECK(std::abs(s.norm - rho) < 1e-12);
    }
    CHECK(linear_stability(Q).stability == Stability::undecided);
    CHECK(linear_stability(Mat<double>(Mat<double>::Identity(n, n))).stability == Stability::undecided);
    CHECK(linear_stability(Mat<double>(Mat<double>::Identity(n, n))).index == 0);
    // A float matrix is known to some 1e-7 of its size only.
    CHECK(linear_stability(Mat<float>(((1 - 1e-6) * Q).cast<float>())).stability == Stability::undecided);
    CHECK(linear_stability(Mat<float>((0.99 * Q).cast<float>())).stability == Stability::attracting);
  }
}

TEST_CASE("each of the three proofs decides where the others cannot", "[dynamics]") {
  // A cycle of 7 times 1.1: its powers of two have trace 0, so that the discs must tell.
  Mat<double> cycle = jordan_block(7, 0);
  cycle(6, 0) = 1;
  const LinearStability c = linear_stability(1.1 * cycle);
  CHECK(c.stability == Stability::unstable);
  CHECK(c.power == 0);
  CHECK(c.unstable == 7);
  // A rotated Jordan block at 1.5 has no eigenvectors to speak of, so that the trace must tell.
  const LinearStability j = linear_stability(rotated(jordan_block(10, 1.5), 6));
  CHECK(j.stability == Stability::unstable);
  CHECK(j.power >= 1);
  CHECK_FALSE(j.counted);
  // A rotated shift likewise, so that the norm of a power must.
  CHECK(linear_stability(rotated(jordan_block(50, 0), 6)).power >= 50);
}

TEST_CASE("the discs hold the eigenvalues, and the index is the parity of those above 1", "[dynamics]") {
  for (int seed = 0; seed < 20; ++seed) {
    const Index n = 30;
    const Mat<double> X = random_matrix<double>(n, n, 200 + seed);
    const Vec<double> lambda = 1.5 * random_matrix<double>(n, 1, 300 + seed);
    const Mat<double> A = X * lambda.asDiagonal() * X.inverse();
    const double error = detail::matrix_error(n, 0, A.norm());
    const detail::EigenvalueDiscs discs = detail::eigenvalue_discs(A, error);
    for (const double exact : lambda) {
      bool held = false;
      for (std::size_t i = 0; i < discs.values.size(); ++i)
        held = held ||
               std::abs(discs.values[i] - exact) <= discs.radii[i] + 1e-11 * X.norm() * X.inverse().norm();
      CHECK(held);
    }
    const LinearStability s = linear_stability(A);
    CHECK(s.unstable == (lambda.array().abs() > 1).count());
    CHECK(s.index == ((lambda.array() > 1).count() % 2 == 0 ? 1 : -1));
  }
}

TEST_CASE("verdicts do not depend on the size of the numbers as such", "[dynamics]") {
  const Mat<double> A = random_matrix<double>(20, 20, 7);
  CHECK(linear_stability(1e-300 * A).stability == Stability::attracting);
  CHECK(linear_stability(1e160 * A).stability == Stability::unstable);
  CHECK(std::abs(linear_stability(1e-170 * A).spectral_radius * 1e170 / spectral_radius(A) - 1) < 1e-10);
  CHECK(contains(error_of([] { (void)linear_stability(Mat<double>(2, 3)); }), "A is 2 x 3"));
  CHECK(contains(error_of([] { (void)linear_stability(Mat<double>::Constant(2, 2, INFINITY)); }),
                 "NaN or infinite"));
}

TEST_CASE("a triangular convolution attracts at every size", "[dynamics]") {
  // Taps .5 in the centre, 1 at right, below and diagonal: all eigenvalues are .5, and Ritz values are not.
  Vec<double> w = Vec<double>::Zero(9);
  w[4] = 0.5;
  w[5] = w[7] = w[8] = 1;
  for (const Index side : {9, 10, 12, 28}) {
    const Model f(Conv2d<double>({1, side, side}, {.kernel = 3, .padding = Padding::all(1), .bias = false}),
                  w);
    const FixedPoint p = classify_fixed_point(f, Vec<double>::Zero(side * side));
    CHECK(p.stability == Stability::attracting);
    CHECK(std::abs(p.spectral_radius - 0.5) < 1e-12);
    // By products alone nothing may be said: powers grow by 1e10 and more before they decay, and the leading
    // Ritz value is anywhere.
    const FixedPoint q =
        classify_fixed_point(f, Vec<double>::Zero(side * side), {.search = {.form_up_to = 1}});
    CHECK(q.stability != Stability::unstable);
  }
}

TEST_CASE("GMRES solves what LU solves", "[dynamics]") {
  const Mat<double> A = 0.6 / std::sqrt(50.) * random_matrix<double>(50, 50, 8);
  const Vec<double> r = random_matrix<double>(50, 1, 9);
  const detail::MatrixProduct apply = [&](VecIn<double> x, VecOut<double> y) { y = A * x; };
  const Vec<double> exact = (Mat<double>::Identity(50, 50) - A).lu().solve(r);
  CHECK((detail::gmres(apply, r, 1e-13, 50) - exact).norm() < 1e-11 * exact.norm());
  CHECK(detail::gmres(apply, Vec<double>::Zero(50), 1e-13, 50).norm() == 0);
  // Of a matrix with three eigenvalues three steps are enough.
  Index products = 0;
  const Mat<double> D = Vec<double>::LinSpaced(50, 0, 49)
                            .unaryExpr([](double i) { return 2 + std::fmod(std::round(i), 3.); })
                            .asDiagonal();
  const detail::MatrixProduct counted = [&](VecIn<double> x, VecOut<double> y) {
    ++products;
    y = D * x;
  };
  const Vec<double> x = detail::gmres(counted, r, 1e-12, 50);
  CHECK((x - D * x - r).norm() < 1e-11 * r.norm());
  CHECK(products <= 4);
}
