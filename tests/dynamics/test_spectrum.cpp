// Eigenvalues, dense and matrix-free, and what they say of fixed points.
#include "basin/dynamics/spectrum.hpp"

#include <cmath>
#include <stdexcept>

#include "basin/compose/chain.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/leading.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {
FixedPoint classify(const Mat<double>& A, const Vec<double>& x) {
  return classify_fixed_point(Model(Affine<double>(A), Vec<double>()), x);
}
}  // namespace

TEST_CASE("eigenvalues come largest modulus first, conjugate pairs in one order", "[dynamics]") {
  // A rotation by 90 degrees times 2 (+-2i), and -3, and .5.
  Mat<double> A = Mat<double>::Zero(4, 4);
  A.topLeftCorner(2, 2) << 0, -2, 2, 0;
  A(2, 2) = -3;
  A(3, 3) = 0.5;
  const auto values = eigenvalues(A);
  CHECK(std::abs(values[0] - (-3.0)) < 1e-14);
  CHECK(std::abs(values[1] - std::complex<double>(0, 2)) < 1e-14);
  CHECK(std::abs(values[2] - std::complex<double>(0, -2)) < 1e-14);
  CHECK(std::abs(values[3] - 0.5) < 1e-14);
  CHECK(std::abs(spectral_radius(A) - 3) < 1e-14);
  CHECK(spectral_radius(Mat<float>(A.cast<float>())) == spectral_radius(A));
  CHECK(contains(error_of([] { (void)eigenvalues(Mat<double>::Zero(2, 3)); }), "A is 2 x 3"));
  CHECK(contains(error_of([] { (void)eigenvalues(Mat<double>::Constant(2, 2, std::nan(""))); }),
                 "NaN or infinite"));
}

TEST_CASE("matrix-free leading eigenvalues equal the dense ones, with small residuals", "[dynamics]") {
  const Index n = 220;
  const Mat<double> A =
      random_matrix<double>(n, n, 1) / std::sqrt(static_cast<double>(n));  // complex pairs, no gap
  const auto all = eigenvalues(A);
  const Leading leading = leading_eigenvalues(A, 6);
  REQUIRE(leading.converged);
  CHECK(leading.products > 0);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(std::abs(std::abs(leading.values[i]) - std::abs(all[i])) < 1e-7);
    CHECK(leading.residuals[i] < 1e-7);
  }
  CHECK(std::abs(std::abs(leading_eigenvalues(A, 1).values[0]) - std::abs(all[0])) < 1e-7);
}

TEST_CASE("the leading eigenvalue is not missed on random matrices", "[dynamics]") {
  for (int seed = 0; seed < 50; ++seed) {
    const Mat<double> A = random_matrix<double>(120, 120, 100 + seed);
    const Leading leading = leading_eigenvalues(A, 1);
    REQUIRE(leading.converged);
    CHECK(std::abs(std::abs(leading.values[0]) - spectral_radius(A)) < 1e-6 * A.norm());
  }
}

TEST_CASE("an error in the caller's product comes out of the iteration", "[dynamics]") {
  int calls = 0;
  const auto failing = [&](VecIn<double> x, VecOut<double> y) {
    if (++calls > 15) throw std::runtime_error("from the product");
    y = x.cwiseProduct(Vec<double>::LinSpaced(x.size(), 1, 2));
  };
  CHECK(error_of([&] { (void)leading_eigenvalues(200, failing, 3); }) == "from the product");
  CHECK(calls == 16);
  const auto not_finite = [](VecIn<double> x, VecOut<double> y) { y = x * std::nan(""); };
  CHECK(contains(error_of([&] { (void)leading_eigenvalues(200, not_finite, 3); }), "NaN or infinite"));
}

TEST_CASE("residuals are those of A itself", "[dynamics]") {
  Vec<double> d = Vec<double>::LinSpaced(150, 0, 1);
  const Mat<double> A = d.asDiagonal();
  const Leading loose = leading_eigenvalues(A, 3, {.tolerance = 1e-3});
  const Leading tight = leading_eigenvalues(A, 3, {.tolerance = 1e-12});
  REQUIRE(loose.converged);
  REQUIRE(tight.converged);
  for (std::size_t i = 0; i < 3; ++i) {  // symmetric: the residual bounds the error
    const double exact = 1 - static_cast<double>(i) / 149;
    CHECK(std::abs(loose.values[i] - exact) <= loose.residuals[i] + 1e-13);
    CHECK(std::abs(tight.values[i] - exact) < 1e-11);
  }
}

TEST_CASE("an iteration that does not converge says so", "[dynamics]") {
  const Mat<double> A = random_matrix<double>(900, 900, 2);
  const Leading hurried =
      leading_eigenvalues(A, 20, {.tolerance = 1e-15, .max_restarts = 1, .enlargements = 0});
  CHECK_FALSE(hurried.converged);
  CHECK(hurried.values.empty());
}

TEST_CASE("matrices with little to iterate on are solved too", "[dynamics]") {
  const Leading zero = leading_eigenvalues(Mat<double>::Zero(130, 130), 1);
  const Leading one = leading_eigenvalues(Mat<double>::Identity(130, 130), 2);
  const Vec<double> u = random_matrix<double>(130, 1, 3).normalized();
  const Leading rank_one = leading_eigenvalues(Mat<double>(0.7 * u * u.transpose()), 1);
  CHECK(zero.converged);
  CHECK(std::abs(zero.values.at(0)) < 1e-10);
  CHECK(one.converged);
  CHECK(std::abs(one.values.at(1) - 1.0) < 1e-10);
  CHECK(rank_one.converged);
  CHECK(std::abs(rank_one.values.at(0) - 0.7) < 1e-10);
  CHECK(contains(error_of([] { (void)leading_eigenvalues(Mat<double>::Identity(3, 3), 4); }),
                 "count must be from 1 to 3, got 4"));
}

TEST_CASE("the leading eigenvalues of a network are those of its Jacobian", "[dynamics]") {
  const Chain net(Dense<double>(200, 30), Pointwise<double, Tanh>(30), Dense<double>(30, 200));
  const Model f(net, Vec<double>(0.1 * random_matrix<double>(net.param_size(), 1, 4)));
  const Vec<double> x = random_matrix<double>(200, 1, 5);
  const auto all = eigenvalues(jacobian(f, x));
  const Leading leading = leading_eigenvalues(f, x, 4);
  REQUIRE(leading.converged);
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(std::abs(leading.values[i]) - std::abs(all[i])) < 1e-8);
}

TEST_CASE("above 1024 dimensions a fixed point is classified without forming the Jacobian", "[dynamics]") {
  const Index d = 1500;
  const Vec<float> u = random_matrix<float>(d, 1, 6).normalized();
  Model f(Dense<float>(d, d, false), Vec<float>(d * d));
  Eigen::Map<Mat<float>>(f.theta.data(), d, d) = 0.75f * u * u.transpose();
  const FixedPoint p = classify_fixed_point(f, Vec<float>::Zero(d));
  CHECK(p.stability == Stability::attracting);
  CHECK(std::abs(p.spectral_radius - 0.75) < 1e-5);
}

TEST_CASE("a point where f is not finite is not fixed", "[dynamics]") {
  const FixedPoint p = classify(Mat<double>::Constant(2, 2, std::nan("")), Vec<double>::Ones(2));
  CHECK(p.stability == Stability::not_fixed);
  CHECK(contains(error_of([] { (void)classify(Mat<double>::Ones(3, 2), Vec<double>::Ones(2)); }),
                 "f maps 2 rows to 3"));
}

TEST_CASE("fixed points are attracting, unstable or undecided by the spectral radius", "[dynamics]") {
  const Vec<double> zero = Vec<double>::Zero(2), one = Vec<double>::Ones(2);
  const Mat<double> I = Mat<double>::Identity(2, 2);
  CHECK(classify(0.5 * I, zero).stability == Stability::attracting);
  CHECK(classify(0.5 * I, zero).spectral_radius == 0.5);
  // Theorem 2 as printed speaks of the largest eigenvalue: here that is -1.5 < 1, and yet orbits leave.
  CHECK(classify(-1.5 * I, zero).stability == Stability::unstable);
  Mat<double> saddle(2, 2);
  saddle << 0.5, 0, 0, 2;
  CHECK(classify(saddle, zero).stability == Stability::unstable);
  CHECK(classify(I, one).stability == Stability::undecided);
  CHECK(classify(0.5 * I, one).stability == Stability::not_fixed);
  CHECK(std::abs(classify(0.5 * I, one).residual - 0.5) < 1e-15);
  CHECK(std::abs(classify(0.995 * I, one).distance - 1) <
        1e-9);  // a small residual, and yet the fixed point is 0
  CHECK(classify(Mat<double>{{0, 2}, {-2, 0}}, zero).spectral_radius == 2);  // a pair +-2i
  // What orbits do: -1.5 x leaves 0; under the saddle (1, 0) converges to 0, and nothing else off that axis does.
  const auto end = [](const Mat<double>& A, const Vec<double>& start) {
    return orbit(Model(Affine<double>(A), Vec<double>()), start, {.max_steps = 100}).x.norm();
  };
  CHECK(end(-1.5 * I, 1e-9 * one) > 1);
  CHECK(end(saddle, Vec<double>::Unit(2, 0)) < 1e-29);
  CHECK(end(saddle, Vec<double>::Unit(2, 0) + 1e-9 * Vec<double>::Unit(2, 1)) > 1);
}
