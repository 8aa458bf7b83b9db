// Theorem 3: random features, one example exactly, several examples against the infinite width.
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "basin/check/check_layer.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/theory/arc_cosine.hpp"
#include "basin/theory/random_features.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Vec<double> unit(Index d, int seed) { return random_matrix<double>(d, 1, seed).normalized(); }

/// The slope of the least squares line through (log x, log y).
double log_slope(const std::vector<double>& x, const std::vector<double>& y) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  const double n = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = std::log(x[i]), b = std::log(y[i]);
    sx += a;
    sy += b;
    sxx += a * a;
    sxy += a * b;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace

TEST_CASE("weight laws have mean 0 and variance 1", "[theory]") {
  const auto check = [](const WeightLaw& law, double third) {
    Random random(3);
    const int n = 200000;
    double m1 = 0, m2 = 0, m3 = 0;
    for (int i = 0; i < n; ++i) {
      const double w = law(random);
      m1 += w / n;
      m2 += w * w / n;
      m3 += w * w * w / n;
    }
    CHECK(std::abs(m1) < 0.012);        // 5 sd of the mean
    CHECK(std::abs(m2 - 1) < 0.035);    // fourth moments up to 9
    CHECK(std::abs(m3 - third) < 0.3);  // sixth moments up to 265
  };
  check(weight_law::normal(), 0);
  check(weight_law::uniform(), 0);
  check(weight_law::centred_exponential(), 2);
  check(weight_law::mirrored(weight_law::centred_exponential()), -2);
  check(weight_law::two_point(0.1), 8. / 3);  // (1 - 2p) / sqrt(p (1-p))
  CHECK(contains(error_of([] { (void)weight_law::two_point(1); }), "p must be in (0, 1), got 1"));
}

TEST_CASE("Theorem 3, one example: the rank-one formula at any width", "[theory]") {
  for (const Index k : {1, 7, 300}) {
    Random random(static_cast<std::uint64_t>(k) + 3);
    RandomFeatures h = random_features(5, k, weight_law::normal(), random);
    h.b[0] = std::abs(h.b[0]) + 10;  // one unit at least is active
    const Vec<double> x = 2 * unit(5, 1);
    const Mat<double> W2 = minimum_norm_weights(h, x);
    const auto f = random_features_net(h, W2);
    CHECK((f(x) - x).norm() < 1e-13);
    CHECK((W2 - orthogonal_features_weights(h, x)).norm() <
          1e-14);  // one example: the paper's formula is right
    const auto values = eigenvalues(jacobian(f, x));
    CHECK(std::abs(values[0].real() - one_example_eigenvalue(h, x)) < 1e-12);
    for (std::size_t i = 1; i < values.size(); ++i) CHECK(std::abs(values[i]) < 1e-12);

    // Gradient descent on W2 alone, from 0, at rate 1 / |h|^2, is there after one step.
    const Mat<double> H = h(x);
    Model second(Dense<double>(k, 5, false), Vec<double>(Vec<double>::Zero(5 * k)));
    GradientDescent<double> descent({.learning_rate = 0.5 / H.squaredNorm()});
    const FitResult r = fit(second, H, x, descent, {.max_epochs = 60}, HalfSumOfSquares{});
    CHECK(r.loss < 1e-30);
    CHECK((second.layer.weight(second.theta) - W2).norm() < 1e-13);
  }
  Random random(1);
  RandomFeatures dead = random_features(2, 3, weight_law::normal(), random);
  dead.b.setConstant(-100);
  CHECK(contains(error_of([&] { (void)one_example_eigenvalue(dead, unit(2, 1)); }), "no unit is active"));
  CHECK(contains(error_of([&] { (void)orthogonal_features_weights(dead, unit(2, 1)); }), "no active unit"));
  CHECK(contains(error_of([&] { (void)dead(Mat<double>::Zero(3, 1)); }), "x has 3 rows, W has 2 columns"));
  CHECK(contains(error_of([&] { (void)random_features_net(dead, Mat<double>::Zero(2, 4)); }),
                 "W2 has 4 columns, h has 3 features"));
  CHECK(contains(error_of([&] { (void)random_features(2, 0, weight_law::normal(), random); }),
                 "k must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)random_features(2, 1, {}, random); }), "law must not be empty"));
}

TEST_CASE("Theorem 3, several examples: gradient descent finds X H^+", "[theory]") {
  Random random(5);
  const RandomFeatures h = random_features(4, 400, weight_law::normal(), random);
  const Mat<double> X = 2 * random_matrix<double>(4, 3, 2), H = h(X);
  Model second(Dense<double>(400, 4, false), Vec<double>(Vec<double>::Zero(1600)));
  GradientDescent<double> descent({.learning_rate = 1 / spectral_radius(Mat<double>(H.transpose() * H))});
  (void)fit(second, H, X, descent, {.max_epochs = 3000}, HalfSumOfSquares{});
  CHECK((second.layer.weight(second.theta) - minimum_norm_weights(h, X)).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("Theorem 3, one example: the limit, its rate k^(-1/2) and the probability of lambda >= 1",
          "[theory]") {
  for (const double norm : {1., 3.}) {
    const Vec<double> x = norm * unit(6, 9);
    Random random(11);
    std::vector<double> widths, errors;
    for (const Index k : {50, 200, 800, 3200}) {
      const int draws = 200;
      double squares = 0;
      for (int i = 0; i < draws; ++i) {
        const double e = one_example_eigenvalue(random_features(6, k, weight_law::normal(), random), x) -
                         one_example_limit(norm);
        squares += e * e / draws;
      }
      widths.push_back(static_cast<double>(k));
      errors.push_back(std::sqrt(squares));
    }
    const double slope = log_slope(widths, errors);
    CHECK(slope > -0.6);  // 200 draws: each rms within 5 %, one sd; the slope within .012
    CHECK(slope < -0.4);
    CHECK(std::abs(errors.back() * std::sqrt(3200.) / one_example_deviation(norm) - 1) < 0.25);
  }
  // Student's law against counting, and against the normal approximation Phi(-sqrt(k/2) / norm) at large k.
  Random random(12);
  const Vec<double> x = 10 * unit(3, 2);
  int unstable = 0;
  for (int i = 0; i < 4000; ++i) {
    const RandomFeatures h = random_features(3, 20, weight_law::normal(), random);
    unstable += one_example_eigenvalue(h, x) >= 1 ? 1 : 0;
  }
  CHECK(std::abs(unstable / 4000. - one_example_unstable_probability(10, 20)) < 0.04);  // 5 sd
  CHECK(std::abs(one_example_unstable_probability(10, 4000) /
                     (std::erfc(std::sqrt(2000.) / 10 / std::sqrt(2.)) / 2) -
                 1) < 0.15);
  // The numbers of its page.
  CHECK(std::abs(one_example_unstable_probability(10, 10) - 0.418) < 5e-4);
  CHECK(std::abs(one_example_unstable_probability(10, 100) - 0.242) < 5e-4);
  CHECK(std::abs(one_example_unstable_probability(10, 1000) - 0.013) < 5e-4);
  // k = 1: no active unit, or one, with T of Cauchy's law: 1/2 + 1/2 (1/2 - atan(1 / norm) / pi).
  CHECK(std::abs(one_example_unstable_probability(2, 1) - (0.75 - std::atan(0.5) / (2 * std::acos(-1.)))) <
        1e-14);
  CHECK(contains(error_of([] { (void)one_example_unstable_probability(0, 1); }), "norm must be > 0"));
  CHECK(contains(error_of([] { (void)one_example_unstable_probability(1, 0); }), "k must be >= 1"));
}

TEST_CASE("Theorem 3: skewed laws of zero mean have other limits, still below 1", "[theory]") {
  const Vec<double> minus = -Vec<double>::Ones(1);
  Random random(21);
  const auto lambda = [&](const WeightLaw& law, const Vec<double>& x, Index k) {
    return one_example_eigenvalue(random_features(x.size(), k, law, random), x);
  };
  // x = -1, w and b exponential minus 1: h = relu(E2 - E1); E[b h] = 3/4 and E[h^2] = 1, hence 1/4.
  CHECK(std::abs(lambda(weight_law::centred_exponential(), minus, 400000) - 0.25) < 0.02);
  CHECK(std::abs(lambda(weight_law::normal(), minus, 400000) - 0.5) < 0.01);
  // Two points: a unit is active only if b takes the larger value and w the smaller: lambda = p at every
  // width.
  CHECK(std::abs(lambda(weight_law::two_point(0.1), minus, 500) - 0.1) < 1e-13);
  CHECK(std::abs(lambda(weight_law::mirrored(weight_law::two_point(0.1)), minus, 500) - 0.9) < 1e-13);
}

TEST_CASE("Theorem 3 (b), weights of +-1 give orthogonal features of 2 and -2", "[theory]") {
  const Mat<double> X{{2, -2}};
  for (const Index k : {4, 50, 20000}) {
    Random random(static_cast<std::uint64_t>(k) + 1);
    RandomFeatures h = random_features(1, k, weight_law::two_point(0.5), random);
    h.W(0, 0) = h.b[0] = 1;  // at least one unit is active at each of the two
    h.W(1, 0) = -1;
    h.b[1] = 1;
    CHECK((h.W.array().abs() == 1).all());
    const Mat<double> H = h(X);
    CHECK(H.col(0).dot(H.col(1)) == 0);
    const Mat<double> W2 = minimum_norm_weights(h, X);
    CHECK((W2 - orthogonal_features_weights(h, X)).norm() < 1e-13);  // so the printed weights are right
    const auto f = random_features_net(h, W2);
    CHECK((f(X) - X).cwiseAbs().maxCoeff() < 1e-9);
    if (k == 20000)
      for (Index j = 0; j < 2; ++j) CHECK(std::abs(jacobian(f, X.col(j))(0, 0) - 0.8) < 0.02);
  }
}

TEST_CASE("the arc-cosine kernel is the expected product of features", "[theory]") {
  const ArcCosineKernel kernel;
  const Vec<double> x = unit(4, 1) * 2, y = unit(4, 2);
  CHECK(std::abs(kernel(x, x) - 2.5) < 1e-14);  // (|x|^2 + 1) / 2
  CHECK(std::abs(kernel(x, y) - kernel(y, x)) < 1e-15);
  CHECK(std::abs(ArcCosineKernel(0)(x, -x)) < 1e-15);  // opposite, without bias: never active together
  Random random(4);
  const RandomFeatures h = random_features(4, 400000, weight_law::normal(), random);
  const Mat<double> a = h(x), b = h(y);
  CHECK(std::abs(a.col(0).dot(b.col(0)) / 400000 - kernel(x, y)) < 0.02);  // 5 sd, sd of a product about 2
  // The gradient by central differences, and at y = x, where it is x / 2.
  Vec<double> g(4);
  kernel.gradient(x, y, g);
  for (Index i = 0; i < 4; ++i) {
    Vec<double> up = y, down = y;
    up[i] += 1e-5;
    down[i] -= 1e-5;
    CHECK(std::abs((kernel(x, up) - kernel(x, down)) / 2e-5 - g[i]) < 1e-9);
  }
  kernel.gradient(x, x, g);
  CHECK((g - x / 2).norm() < 1e-15);
  // Small angles keep their digits: kappa(x, x) - kappa(x, y) for y = x + h is |h|^2 / 4 along the sphere,
  // and the angle by arc cosines would be 0 or 1e-8.
  const Vec<double> e{{1, 0}}, near{{1, 1e-9}};
  Vec<double> at(2), off(2);
  kernel.gradient(e, e, at);
  kernel.gradient(e, near, off);
  CHECK(std::abs((at - off).norm() / 1e-9) < 1);  // Lipschitz
  CHECK(contains(error_of([] { (void)ArcCosineKernel(-1); }), "bias must be >= 0 and finite, got -1"));
}

TEST_CASE("the infinite-width network interpolates, is a layer, and one example gives the limit",
          "[theory]") {
  const Mat<double> X = random_matrix<double>(5, 8, 3);
  const Model<InfiniteWidth> f = infinite_width(X);
  CHECK((f(X) - X).cwiseAbs().maxCoeff() < 1e-11);
  const CheckReport report = check_layer(f.layer);
  INFO(report);
  CHECK(report);
  for (const double norm : {0.5, 1., 10.}) {
    const Vec<double> x = norm * unit(5, 4);
    const Model<InfiniteWidth> one = infinite_width(x);
    const auto values = eigenvalues(jacobian(one, x));
    CHECK(std::abs(values[0] - one_example_limit(norm)) < 1e-14);
    CHECK(std::abs(values[1]) < 1e-14);
  }
  CHECK(contains(error_of([] { (void)InfiniteWidth(Mat<double>::Ones(3, 2)); }), "two examples equal"));
  CHECK(contains(error_of([] { (void)InfiniteWidth(Mat<double>(0, 2)); }), "X must not be empty, got 0 x 2"));
  CHECK(contains(error_of([] { (void)InfiniteWidth(Mat<double>::Constant(2, 2, std::nan(""))); }), "NaN"));
}

TEST_CASE("finite networks converge to the infinite one like k^(-1/2)", "[theory]") {
  const Mat<double> X = 2 * random_matrix<double>(4, 3, 6), at = random_matrix<double>(4, 10, 7);
  const Model<InfiniteWidth> limit = infinite_width(X);
  const Mat<double> J = jacobian(limit, X.col(0)), y = limit(at);
  Random random(31);
  std::vector<double> widths, values, slopes;
  for (const Index k : {100, 1000, 10000}) {
    double value = 0, slope = 0;
    for (int i = 0; i < 20; ++i) {
      const RandomFeatures h = random_features(4, k, weight_law::normal(), random);
      const auto f = random_features_net(h, minimum_norm_weights(h, X));
      CHECK((f(X) - X).norm() < 1e-10);
      value += (f(at) - y).squaredNorm();
      slope += (jacobian(f, X.col(0)) - J).squaredNorm();
    }
    widths.push_back(static_cast<double>(k));
    values.push_back(std::sqrt(value));
    slopes.push_back(std::sqrt(slope));
  }
  CHECK(std::abs(log_slope(widths, values) + 0.5) < 0.1);
  CHECK(std::abs(log_slope(widths, slopes) + 0.5) < 0.1);
}

TEST_CASE("Theorem 3, several examples: not all are stable, and the printed weights do not interpolate",
          "[theory]") {
  // Ten points of N(0, I_3): crowded, some examples are unstable even at infinite width.
  const auto radii = [](const Mat<double>& X) {
    const Model<InfiniteWidth> f = infinite_width(X);
    std::vector<double> rho;
    for (Index i = 0; i < X.cols(); ++i) rho.push_back(spectral_radius(jacobian(f, X.col(i))));
    return rho;
  };
  int crowded = 0;
  for (const int seed : {1, 2, 3, 4, 5}) {
    for (const double r : radii(random_matrix<double>(3, 10, seed))) crowded += r > 1 ? 1 : 0;
    for (const double r : radii(random_matrix<double>(50, 10, seed))) CHECK(r < 1);
  }
  CHECK(crowded >= 10);  // of 50
  // Orthonormal examples: above |x|^2 / (|x|^2 + 1) = .5 all the same. The numbers of its page, and by hand:
  // J is K^-1 G on their span, K with 1 on the diagonal and kappa beside it, G the coefficients of the
  // kernel's gradients at the first example; the angle of (x_i, 1) and (x_j, 1) is 60 degrees.
  const double pi = std::acos(-1.), t = pi / 3, kappa = (std::sin(t) + (pi - t) * std::cos(t)) / pi;
  const std::vector<std::pair<Index, double>> orthonormal = {
      {1, 0.5}, {2, 0.8953}, {5, 0.9147}, {10, 0.9206}};
  for (const auto& [n, radius] : orthonormal) {
    Mat<double> K = Mat<double>::Constant(n, n, kappa), G = (pi - t) / (2 * pi) * Mat<double>::Identity(n, n);
    K.diagonal().setOnes();
    G.col(0).setConstant(std::sin(t) / (2 * pi));
    G(0, 0) = 0.5;
    const double by_hand = spectral_radius(Mat<double>(K.inverse() * G));
    CHECK(std::abs(by_hand - radius) < 5e-5);
    for (const double r : radii(Mat<double>::Identity(20, n))) CHECK(std::abs(r - by_hand) < 1e-12);
  }
  const Mat<double> E = Mat<double>::Identity(20, 5);

  Random random(8);
  const RandomFeatures h = random_features(20, 20000, weight_law::normal(), random);
  CHECK((random_features_net(h, minimum_norm_weights(h, E))(E) - E).cwiseAbs().maxCoeff() < 1e-11);
  const Mat<double> printed = random_features_net(h, orthogonal_features_weights(h, E))(E);
  CHECK((printed - E).colwise().norm().minCoeff() > 1);  // features have cosine .6, not 0
  const Mat<double> H = h(E);
  CHECK(std::abs(H.col(0).normalized().dot(H.col(1).normalized()) -
                 2 * (std::sqrt(0.75) + std::acos(-0.5) / 2) / (2 * std::acos(-1.))) < 0.02);
}
