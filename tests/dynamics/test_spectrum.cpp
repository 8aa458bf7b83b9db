// Eigenvalues, dense and matrix-free, and what they say of fixed points.
#include "basin/dynamics/spectrum.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/leading.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/linearize/linearize.hpp"
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
  const Index n = 300;
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
  for (int seed = 0; seed < 40; ++seed) {
    const Index n = 100 + 7 * seed;
    const Mat<double> A = random_matrix<double>(n, n, 100 + seed);
    const Leading leading = leading_eigenvalues(A, 1, {.dense_below = 2, .conditions = false});
    REQUIRE(leading.converged);
    CHECK(std::abs(std::abs(leading.values[0]) - spectral_radius(A)) <
          1e-7 * std::sqrt(static_cast<double>(n)));
  }
}

// 0 of 500 missed, where 7 of 100 were without guard vectors.
TEST_CASE("the leading eigenvalue is not missed on 500 random matrices of 100 to 800 rows",
          "[dynamics][slow]") {
  Random sizes(1);
  for (int seed = 0; seed < 500; ++seed) {
    const Index n = 100 + sizes.below(701);
    const Mat<double> A = random_matrix<double>(n, n, 5000 + seed);
    const Leading leading = leading_eigenvalues(A, 1, {.dense_below = 2, .conditions = false});
    if (!leading.converged) continue;  // not in silence
    CHECK(std::abs(std::abs(leading.values[0]) - spectral_radius(A)) <
          1e-7 * std::sqrt(static_cast<double>(n)));
  }
}

TEST_CASE("leading eigenvalues of a matrix of any size as such", "[dynamics]") {
  for (const Index n : {50, 300}) {  // whole, and by iteration
    const Mat<double> A = random_matrix<double>(n, n, 8) / std::sqrt(static_cast<double>(n));
    const Leading one = leading_eigenvalues(A, 3);
    for (const double scale : {1e-300, 1e-30, 1e160}) {
      const Leading scaled = leading_eigenvalues(Mat<double>(scale * A), 3);
      REQUIRE(scaled.converged);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::abs(scaled.values[i] / scale - one.values[i]) < 1e-8);
        CHECK(scaled.residuals[i] < 1e-7 * scale);
        CHECK(scaled.conditions[i] == Approx(one.conditions[i]).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("condition numbers of eigenvalues: 1 for normal matrices, exact for a known pair", "[dynamics]") {
  // [1 c; 0 .5] has eigenvectors (1, 0) and (-2c, 1): both eigenvalues have condition sqrt(1 + 4 c^2).
  const double c = 30;
  for (const Index n : {40, 400}) {
    Mat<double> A = Mat<double>::Zero(n, n);
    A.diagonal() = Vec<double>::LinSpaced(n, 0, 0.3);
    A(0, 0) = 1;
    A(0, 1) = c;
    A(1, 1) = 0.5;
    const Mat<double> Q = Eigen::HouseholderQR<Mat<double>>(random_matrix<double>(n, n, 9)).householderQ();
    const Leading leading = leading_eigenvalues(Mat<double>(Q * A * Q.transpose()), 2);
    REQUIRE(leading.converged);
    REQUIRE(leading.conditions.size() == 2);
    for (const double condition : leading.conditions)
      CHECK(condition == Approx(std::sqrt(1 + 4 * c * c)).epsilon(1e-5));
    const Leading symmetric = leading_eigenvalues(Mat<double>(A.diagonal().asDiagonal()), 2);
    for (const double condition : symmetric.conditions) CHECK(condition == Approx(1).epsilon(1e-6));
    CHECK(leading_eigenvalues(A, 2, {.conditions = false}).conditions.empty());
    // Products with A alone do not tell.
    const auto apply = [&](VecIn<double> x, VecOut<double> y) { y = A * x; };
    if (n == 400) CHECK(leading_eigenvalues(n, apply, 2).conditions.empty());
  }
}

TEST_CASE("formed matrices on which iteration is slow are solved whole", "[dynamics]") {
  Mat<double> cycle = Mat<double>::Zero(400, 400);
  for (Index i = 0; i < 400; ++i) cycle(i, (i + 1) % 400) = 1;
  const Leading whole = leading_eigenvalues(cycle, 1);
  REQUIRE(whole.converged);
  CHECK(std::abs(std::abs(whole.values[0]) - 1) < 1e-10);
  CHECK(whole.conditions[0] == Approx(1).epsilon(1e-6));
  CHECK(whole.products == 0);  // those of the attempt count for nothing
}

TEST_CASE("a search for eigenvalues can be cancelled", "[dynamics]") {
  int asked = 0;
  const Leading stopped =
      leading_eigenvalues(random_matrix<double>(300, 300, 3), 2, {.cancelled = [&] { return ++asked > 20; }});
  CHECK(stopped.cancelled);
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.values.empty());
  CHECK(asked == 21);
}

TEST_CASE("an error in the caller's product comes out of the iteration", "[dynamics]") {
  int calls = 0;
  const auto failing = [&](VecIn<double> x, VecOut<double> y) {
    if (++calls > 15) throw std::runtime_error("from the product");
    y = x.cwiseProduct(Vec<double>::LinSpaced(x.size(), 1, 2));
  };
  CHECK(error_of([&] { (void)leading_eigenvalues(300, failing, 3); }) == "from the product");
  CHECK(calls == 16);
  const auto not_finite = [](VecIn<double> x, VecOut<double> y) { y = x * std::nan(""); };
  CHECK(contains(error_of([&] { (void)leading_eigenvalues(300, not_finite, 3); }), "NaN or infinite"));
  // not only in the first product
  int products = 0;
  const auto later = [&](VecIn<double> x, VecOut<double> y) {
    y = x.cwiseProduct(Vec<double>::LinSpaced(x.size(), 1, 2)) * (++products > 15 ? std::nan("") : 1);
  };
  CHECK(contains(error_of([&] { (void)leading_eigenvalues(300, later, 3); }), "NaN or infinite"));
}

TEST_CASE("residuals are those of A itself", "[dynamics]") {
  Vec<double> d = Vec<double>::LinSpaced(300, 0, 1);
  const Mat<double> A = d.asDiagonal();
  const Leading loose = leading_eigenvalues(A, 3, {.tolerance = 1e-3});
  const Leading tight = leading_eigenvalues(A, 3, {.tolerance = 1e-12});
  REQUIRE(loose.converged);
  REQUIRE(tight.converged);
  for (std::size_t i = 0; i < 3; ++i) {  // symmetric: the residual bounds the error
    const double exact = 1 - static_cast<double>(i) / 299;
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

TEST_CASE("products that are limited are not exceeded", "[dynamics]") {
  const Mat<double> A = random_matrix<double>(300, 300, 2);
  Index products = 0;
  const auto apply = [&](VecIn<double> x, VecOut<double> y) {
    ++products;
    y.noalias() = A * x;
  };
  const Leading enough = leading_eigenvalues(300, apply, 4);
  REQUIRE(enough.converged);
  REQUIRE(enough.products > 100);
  products = 0;
  const Leading few = leading_eigenvalues(300, apply, 4, {.max_products = 100});
  CHECK_FALSE(few.converged);
  CHECK(few.values.empty());
  CHECK(products == 100);
  CHECK(few.products == 100);
  const Leading same = leading_eigenvalues(300, apply, 4, {.max_products = enough.products});
  CHECK(same.converged);
  CHECK(same.values == enough.values);
}

TEST_CASE("matrices with little to iterate on are solved too", "[dynamics]") {
  const Leading zero = leading_eigenvalues(Mat<double>::Zero(300, 300), 1);
  const Leading one = leading_eigenvalues(Mat<double>::Identity(300, 300), 2);
  const Vec<double> u = random_matrix<double>(300, 1, 3).normalized();
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
  // What orbits do: -1.5 x leaves 0; under the saddle (1, 0) converges to 0, and nothing else off that axis
  // does.
  const auto end = [](const Mat<double>& A, const Vec<double>& start) {
    return orbit(Model(Affine<double>(A), Vec<double>()), start, {.max_steps = 100}).x.norm();
  };
  CHECK(end(-1.5 * I, 1e-9 * one) > 1);
  CHECK(end(saddle, Vec<double>::Unit(2, 0)) < 1e-29);
  CHECK(end(saddle, Vec<double>::Unit(2, 0) + 1e-9 * Vec<double>::Unit(2, 1)) > 1);
}

namespace {
/// max_i |A v_i - lambda_i v_i|, and whether vectors are as promised: norm 1, real for real eigenvalues.
double eigen_error(const Mat<double>& A, const std::vector<std::complex<double>>& values,
                   const Eigen::MatrixXcd& vectors) {
  REQUIRE(vectors.cols() == static_cast<Index>(values.size()));
  double worst = 0;
  for (Index i = 0; i < vectors.cols(); ++i) {
    const std::complex<double> lambda = values[static_cast<std::size_t>(i)];
    const Eigen::VectorXcd v = vectors.col(i), Av = A.cast<std::complex<double>>() * v;
    worst = std::max(worst, (Av - lambda * v).norm());
    CHECK(std::abs(v.norm() - 1) < 1e-13);
    if (lambda.imag() == 0) CHECK(v.imag().norm() == 0);
    CHECK(std::abs(v.real().dot(v.imag())) < 1e-13);  // the phase that is promised
    CHECK(v.real().norm() >= v.imag().norm() - 1e-13);
    CHECK(v.real().maxCoeff() >= -v.real().minCoeff() - 1e-13);
  }
  return worst;
}
}  // namespace

TEST_CASE("eigenpairs: vectors belong to their values, in one order and phase", "[dynamics]") {
  for (int seed = 0; seed < 10; ++seed) {
    const Mat<double> A = random_matrix<double>(15, 15, 40 + seed);
    const Eigenpairs pairs = eigenpairs(A);
    CHECK(eigen_error(A, pairs.values, pairs.vectors) < 1e-12);
    const auto values = eigenvalues(A);
    for (std::size_t i = 0; i < 15; ++i) CHECK(std::abs(pairs.values[i] - values[i]) < 1e-12);
  }
  CHECK(eigenpairs(Mat<double>(0, 0)).values.empty());
  CHECK(contains(error_of([] { (void)eigenpairs(Mat<double>::Zero(2, 3)); }), "eigenpairs: A is 2 x 3"));
  CHECK(contains(error_of([] { (void)eigenpairs(Mat<double>::Constant(1, 1, std::nan(""))); }),
                 "eigenpairs: A has entries that are NaN"));
}

TEST_CASE("real vectors of a pair are its real and imaginary part and span an invariant plane",
          "[dynamics]") {
  Mat<double> A = Mat<double>::Zero(4, 4);  // 3, then +-2i, then 1
  A(0, 0) = 3;
  A(1, 2) = -4;
  A(2, 1) = 1;
  A(3, 3) = 1;
  const Mat<double> T = random_matrix<double>(4, 4, 8);
  const Mat<double> B = T * A * T.inverse();
  const Eigenpairs pairs = eigenpairs(B);
  const Mat<double> V = real_vectors(pairs.values, pairs.vectors);
  CHECK((B * V.col(0) - 3 * V.col(0)).norm() < 1e-12);
  CHECK((B * V.col(3) - V.col(3)).norm() < 1e-12);
  // lambda = 2i: B (p + i q) = 2i p - 2 q
  CHECK((B * V.col(1) + 2 * V.col(2)).norm() < 1e-12);
  CHECK((B * V.col(2) - 2 * V.col(1)).norm() < 1e-12);
  CHECK(real_vectors({pairs.values[0], pairs.values[1]}, pairs.vectors.leftCols(2)).col(1) == V.col(1));
  CHECK(contains(error_of([&] { (void)real_vectors({1.0}, pairs.vectors); }), "vectors has 4 columns"));

  Mat<double> twice = Mat<double>::Zero(4, 4);  // the same quarter turn in two planes: i, i, -i, -i
  twice(0, 1) = twice(2, 3) = -1;
  twice(1, 0) = twice(3, 2) = 1;
  const Eigenpairs turns = eigenpairs(twice);
  CHECK(std::abs(real_vectors(turns.values, turns.vectors).determinant()) > 0.1);
}

TEST_CASE("leading eigenvectors, by iteration and whole", "[dynamics]") {
  for (const Index n : {Index(30), Index(300)}) {
    CAPTURE(n);
    const Mat<double> A = random_matrix<double>(n, n, 9) / std::sqrt(static_cast<double>(n));
    const Leading leading = leading_eigenvalues(A, 5, {.vectors = true});
    REQUIRE(leading.converged);
    CHECK(leading.vectors.rows() == n);
    CHECK(eigen_error(A, leading.values, leading.vectors) < 1e-7);
    for (Index i = 0; i < 5; ++i)
      CHECK(std::abs((A * leading.vectors.col(i) -
                      leading.values[static_cast<std::size_t>(i)] * leading.vectors.col(i))
                         .norm() -
                     leading.residuals[static_cast<std::size_t>(i)]) < 1e-13);
    CHECK(leading_eigenvalues(A, 5).vectors.size() == 0);
  }
  // Equal eigenvalues have a vector each: a projection of rank 10.
  const Mat<double> basis =
      Mat<double>(random_matrix<double>(300, 10, 10).householderQr().householderQ()).leftCols(10);
  const Mat<double> P = basis * basis.transpose();
  const Leading ones = leading_eigenvalues(P, 4, {.vectors = true});
  REQUIRE(ones.converged);
  CHECK(eigen_error(P, ones.values, ones.vectors) < 1e-7);
  CHECK((ones.vectors.adjoint() * ones.vectors).real().determinant() > 1e-4);

  const Leading zero = leading_eigenvalues(Mat<double>::Zero(300, 300), 2, {.vectors = true});
  CHECK(zero.vectors == Eigen::MatrixXcd::Identity(300, 2));
}

TEST_CASE("sparse and matrix-free operators have the leading eigenvalues of the dense one", "[dynamics]") {
  const Index n = 300;
  Eigen::SparseMatrix<float> A(n, n);  // random signs on a band, with a loop around
  Random random(12);
  for (Index i = 0; i < n; ++i)
    for (const Index j : {i, (i + 1) % n, (i + 7) % n}) A.insert(i, j) = static_cast<float>(random.normal());
  const Mat<double> dense = Mat<float>(A).cast<double>();
  const auto all = eigenvalues(dense);
  const Leading sparse = leading_eigenvalues(A, 4, {.vectors = true});
  REQUIRE(sparse.converged);
  CHECK(eigen_error(dense, sparse.values, sparse.vectors) < 1e-6);

  struct Product {  // with a state, as linearize(model) has
    using Scalar = double;
    Mat<double> A;
    Index calls = 0;
    Index rows() const { return A.rows(); }
    Index cols() const { return A.cols(); }
    void apply(MatIn<double> x, MatOut<double> y) {
      ++calls;
      y.noalias() = A * x;
    }
  };
  const Leading free = leading_eigenvalues(Product{dense}, 4);
  REQUIRE(free.converged);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(sparse.values[i] - all[i]) < 1e-7);
    CHECK(std::abs(free.values[i] - all[i]) < 1e-7);
  }
  CHECK(
      contains(error_of([&] { (void)leading_eigenvalues(Product{dense.leftCols(3)}, 1); }), "A is 300 x 3"));
  CHECK(contains(error_of([&] { (void)leading_eigenvalues(Eigen::SparseMatrix<double>(3, 2), 1); }),
                 "A is 3 x 2"));
}

TEST_CASE("leading eigenvalues of linearized networks: matrix-free, sparse and dense", "[dynamics]") {
  const auto net = [](Index side) {
    const Conv2d<double> conv({1, side, side}, {.padding = Padding::all(1)});
    return Chain(Residual(conv), conv);
  };
  const auto random_model = [&](Index side) {
    const auto f = net(side);
    return Model(f, Vec<double>(random_matrix<double>(f.param_size(), 1, 13)));
  };
  const auto f = random_model(17);
  const Mat<double> A = linearize_dense(f).A;
  const auto all = eigenvalues(A);
  const Leading free = leading_eigenvalues(linearize(f), 5, {.vectors = true});
  const Leading sparse = leading_eigenvalues(linearize_sparse(f).A, 5, {.vectors = true});
  const Leading stored = leading_eigenvalues(linearize_stored(f).A, 5, {.vectors = true});
  for (const Leading* leading : {&free, &sparse, &stored}) {
    REQUIRE(leading->converged);
    CHECK(eigen_error(A, leading->values, leading->vectors) < 1e-7);
    for (std::size_t i = 0; i < 5; ++i)
      CHECK(std::abs(std::abs(leading->values[i]) - std::abs(all[i])) < 1e-7 * std::abs(all[0]));
  }
  // 4096 pixels, of which no dense matrix is made: the residuals are those of the sparse one.
  const auto large = random_model(64);
  const Leading leading = leading_eigenvalues(linearize(large), 2, {.vectors = true});
  REQUIRE(leading.converged);
  const Eigen::SparseMatrix<double> B = linearize_sparse(large).A;
  for (Index i = 0; i < 2; ++i) {
    const std::complex<double> lambda = leading.values[static_cast<std::size_t>(i)];
    const Eigen::VectorXcd v = leading.vectors.col(i), Bv = B.cast<std::complex<double>>() * v;
    CHECK((Bv - lambda * v).norm() < 1e-7 * std::abs(lambda));
    CHECK(std::abs((Bv - lambda * v).norm() - leading.residuals[static_cast<std::size_t>(i)]) < 1e-10);
  }
}

#ifdef BASIN_USE_LAPACK
TEST_CASE("LAPACK's eigenvalues are Eigen's", "[dynamics]") {
  for (const Index n : {Index(1), Index(2), Index(37), Index(300)}) {
    CAPTURE(n);
    const Mat<double> A = random_matrix<double>(n, n, 20) / std::sqrt(static_cast<double>(n));
    auto ours = detail::lapack_eigenvalues(A);
    const Eigen::EigenSolver<Mat<double>> solver(A, false);
    std::vector<std::complex<double>> eigen(solver.eigenvalues().begin(), solver.eigenvalues().end());
    std::sort(ours.begin(), ours.end(), detail::comes_before);
    std::sort(eigen.begin(), eigen.end(), detail::comes_before);
    REQUIRE(ours.size() == eigen.size());
    for (std::size_t i = 0; i < eigen.size(); ++i) CHECK(std::abs(ours[i] - eigen[i]) < 1e-10);
    CHECK((n < detail::lapack_from || eigenvalues(A) == ours));  // it is the one that is used
  }
}
#endif
