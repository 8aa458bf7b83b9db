// Linear autoencoders: gradient descent in closed form (Supplement A), the initial values (Supplement I.2);
// and the rank-one two-layer network.
#include <algorithm>
#include <cmath>
#include <functional>

#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/dense.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/theory/projection.hpp"
#include "basin/theory/rank_one.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

double largest(const Mat<double>& A) { return A.cwiseAbs().maxCoeff(); }

/// A after `steps` updates of `optimizer` on 1/2 sum |A x - x|^2 from A_0.
template <class O>
Mat<double> trained(const Mat<double>& X, const Mat<double>& A_0, O optimizer, Index steps,
                    Index batch_size = 0) {
  Model model(Dense<double>(X.rows(), X.rows(), false), Vec<double>(A_0.reshaped()));
  (void)fit(model, X, optimizer, {.max_epochs = steps, .batch_size = batch_size}, HalfSumOfSquares{});
  return model.layer.weight(model.theta);
}

/// Any map behind one type: one network is compiled, not one for each map.
struct AnyMap {
  static constexpr const char* name = "AnyMap";
  std::function<double(double)> value;
  std::function<double(double, double)> slope;
  double operator()(double x) const { return value(x); }
  double derivative(double x, double y) const { return slope(x, y); }
};

}  // namespace

TEST_CASE("LinearDescent is what the library's gradient descent does, from zero and from anywhere",
          "[theory]") {
  const Index d = 20;
  const Mat<double> X = random_matrix<double>(d, 5, 1), zero = Mat<double>::Zero(d, d);
  const Mat<double> A_0 = random_matrix<double>(d, d, 2);
  const LinearDescent descent(X);
  CHECK(descent.rank() == 5);
  for (const double gamma_lambda : {0.3, 1., 1.9}) {
    const double gamma = gamma_lambda / descent.eigenvalues()[0];
    const GradientDescent<double> optimizer({.learning_rate = gamma});
    for (const Index t : {0, 1, 2, 17, 300, 2000}) {
      CHECK(largest(trained(X, zero, optimizer, t) - descent.at(t, gamma)) < 1e-11);
      CHECK(largest(trained(X, A_0, optimizer, t) - descent.at(t, gamma, A_0)) < 1e-11);
    }
  }
  const double steep = 2.2 / descent.eigenvalues()[0];  // no convergence, and the closed form still
  const Mat<double> far = descent.at(60, steep);
  CHECK(far.norm() > 1e4);
  CHECK(largest(trained(X, zero, GradientDescent<double>({.learning_rate = steep}), 60) - far) <
        1e-11 * far.norm());
}

TEST_CASE("LinearDescent: limit, exact range of gamma, and the number of steps", "[theory]") {
  const Mat<double> X = random_matrix<double>(12, 4, 3);
  const LinearDescent descent(X);
  const Mat<double> P = span_projection(X);
  CHECK(largest(descent.projection() - P) < 1e-13);
  CHECK(std::abs(descent.rate_limit() * spectral_radius(X * X.transpose()) - 2) < 1e-13);
  const auto distance = [&](Index t, double gamma) { return singular_values(descent.at(t, gamma) - P)[0]; };
  for (const double factor : {0.2, 0.5, 0.999}) {
    const double gamma = factor * descent.rate_limit();
    const Index t = descent.steps(gamma, 1e-6);
    CHECK(std::abs(distance(7, gamma) - std::pow(descent.contraction(gamma), 7)) < 1e-13);
    CHECK(distance(t, gamma) <= 1e-6 * (1 + 1e-9));
    CHECK(distance(t - 1, gamma) > 1e-6);
  }
  CHECK(distance(4000, 0.995 * descent.rate_limit()) < 1e-12);
  CHECK(std::abs(distance(4000, descent.rate_limit()) - 1) < 1e-10);  // swings for ever
  CHECK(distance(4000, 1.005 * descent.rate_limit()) > 1e6);
  const Mat<double> one = X.col(0);
  CHECK(LinearDescent(one).steps(LinearDescent(one).rate_limit() / 2, 1e-12) >= 1);
}

TEST_CASE("LinearDescent: dependent examples, no examples, too many", "[theory]") {
  Mat<double> X = random_matrix<double>(6, 3, 4);
  X.col(2) = X.col(0) - 2 * X.col(1);
  CHECK(LinearDescent(X).rank() == 2);
  CHECK(largest(LinearDescent(X).projection() - span_projection(X)) < 1e-13);
  const LinearDescent nothing(Mat<double>::Zero(4, 2));
  CHECK(nothing.rank() == 0);
  CHECK(nothing.projection().isZero(0));
  CHECK(nothing.at(5, 1.).isZero(0));
  CHECK(std::isinf(nothing.rate_limit()));
  CHECK(nothing.steps(1., 1e-6) == 0);
  CHECK(largest(LinearDescent(random_matrix<double>(4, 9, 5)).projection() - Mat<double>::Identity(4, 4)) <
        1e-14);
}

TEST_CASE("LinearDescent takes any expression of any scalar type, in double", "[theory]") {
  const Mat<double> wide = random_matrix<double>(6, 5, 7), start = random_matrix<double>(6, 6, 8);
  const Mat<double> X = wide.middleRows(1, 4).leftCols(3), A_0 = start.bottomRightCorner(4, 4);
  const LinearDescent whole(X), part(wide.middleRows(1, 4).leftCols(3));
  CHECK(part.basis() == whole.basis());
  CHECK(LinearDescent(2 * X).eigenvalues() == LinearDescent(Mat<double>(2 * X)).eigenvalues());
  CHECK(part.limit(start.bottomRightCorner(4, 4)) == whole.limit(A_0));
  CHECK(part.at(3, 0.1, A_0 + A_0) == whole.at(3, 0.1, Mat<double>(2 * A_0)));

  // What fits into a float or an int is the same example in double.
  const Mat<float> X_float = X.cast<float>(), A_float = A_0.cast<float>();
  const LinearDescent of_float(X_float);
  CHECK(of_float.basis() == LinearDescent(X_float.cast<double>().eval()).basis());
  CHECK(of_float.outside(A_float) == of_float.outside(A_float.cast<double>().eval()));
  CHECK(of_float.singular_value_bounds(A_float).upper ==
        of_float.singular_value_bounds(A_float.cast<double>().eval()).upper);
  const Eigen::MatrixXi whole_numbers{{1, 2}, {0, 3}, {-1, 0}};
  CHECK(LinearDescent(whole_numbers).eigenvalues() ==
        LinearDescent(whole_numbers.cast<double>().eval()).eigenvalues());
}

TEST_CASE("LinearDescent of small and large examples, or an error where their squares are no numbers",
          "[theory]") {
  const Mat<double> X = random_matrix<double>(4, 2, 6);
  const LinearDescent plain(X);
  for (const double scale : {0x1p400, 0x1p-400}) {
    const LinearDescent scaled(scale * X);
    CHECK(scaled.rank() == 2);
    CHECK((scaled.projection() - plain.projection()).norm() <= 1e-14);
    CHECK((scaled.eigenvalues() / scale / scale - plain.eigenvalues()).norm() <=
          1e-14 * plain.eigenvalues().norm());
  }
  for (const double scale : {1e170, 1e-170})
    CHECK(contains(error_of([&] { (void)LinearDescent(scale * X); }),
                   "expected sizes whose squares are numbers"));
}

TEST_CASE("LinearDescent says what is wrong with its arguments", "[theory]") {
  const LinearDescent descent(random_matrix<double>(3, 2, 6));
  CHECK(contains(error_of([] { LinearDescent(Mat<double>(0, 2)); }), "X must have at least 1 row, got 0"));
  CHECK(contains(error_of([] { LinearDescent(Mat<double>::Constant(2, 2, std::nan(""))); }), "NaN"));
  CHECK(contains(error_of([&] { (void)descent.at(-1, 0.1); }), "t must be >= 0, got -1"));
  CHECK(contains(error_of([&] { (void)descent.at(1, std::nan("")); }), "gamma must be finite, got nan"));
  CHECK(
      contains(error_of([&] { (void)descent.steps(10, 0.1); }), "gamma must be between 0 and 2 / lambda_1"));
  CHECK(contains(error_of([&] { (void)descent.steps(1e-3, 1); }), "accuracy must be between 0 and 1, got 1"));
  CHECK(contains(error_of([&] { (void)descent.limit(Mat<double>::Zero(2, 3)); }),
                 "A_0 is 2 x 3, expected 3 x 3"));
}

TEST_CASE("the limit from A_0 is P + A_0 (I - P), with all singular values within their bounds", "[theory]") {
  const Index d = 20;
  const Mat<double> X = random_matrix<double>(d, 3, 7), I = Mat<double>::Identity(d, d);
  const LinearDescent descent(X);
  const Mat<double> P = span_projection(X);
  for (const double scale : {1e-3, 0.1, 1., 10.}) {
    const Mat<double> A_0 = scale * random_matrix<double>(d, d, 8);
    const Mat<double> A =
        trained(X, A_0, GradientDescent<double>({.learning_rate = 0.5 * descent.rate_limit()}), 2000);
    CHECK(largest(A - (P + A_0 * (I - P))) < 1e-11);
    CHECK(largest(descent.limit(A_0) - (P + A_0 * (I - P))) < 1e-12 * (1 + scale));
    CHECK(largest((A - A_0) * (I - P)) < 1e-11);  // the orthogonal part is kept
    const Vec<double> sigma = singular_values(A);
    const SingularValueBounds bounds = descent.singular_value_bounds(A_0);
    INFO("sigma\n"
         << sigma.transpose() << "\nlower\n"
         << bounds.lower.transpose() << "\nupper\n"
         << bounds.upper.transpose() << "\nWeyl\n"
         << bounds.weyl.transpose());
    CHECK((sigma - bounds.lower).minCoeff() > -1e-11);
    CHECK((bounds.upper - sigma).minCoeff() > -1e-11);
    CHECK((bounds.weyl - bounds.upper).minCoeff() > 0);
    CHECK(std::abs(bounds.weyl[0] - 1 - singular_values(A_0)[0]) < 1e-12 * (1 + scale));
    CHECK(sigma[3] > 0.5 * singular_values(A_0)[0]);  // large initial values stay
  }
}

TEST_CASE("momentum and minibatches stay in the span, Adam leaves it", "[theory]") {
  const Index d = 20;
  const Mat<double> X = random_matrix<double>(d, 5, 9), zero = Mat<double>::Zero(d, d);
  const Mat<double> P = span_projection(X), I = Mat<double>::Identity(d, d);
  const double gamma = 1 / LinearDescent(X).eigenvalues()[0];
  const Mat<double> momentum =
      trained(X, zero, GradientDescent<double>({.learning_rate = gamma, .momentum = 0.8}), 3000);
  const Mat<double> stochastic = trained(X, zero, GradientDescent<double>({.learning_rate = gamma}), 3000, 2);
  CHECK(largest(momentum - P) < 1e-11);
  CHECK(largest(stochastic - P) < 1e-11);
  const Mat<double> adam = trained(X, zero, Adam<double>({.learning_rate = 1e-3}), 8000);
  CHECK(largest(adam * X - X) < 0.02);
  CHECK(projection_distance(adam, X) > 0.3);
  CHECK((adam * (I - P)).norm() > 0.5);
}

TEST_CASE("the rank-one solution's Jacobian has the eigenvalue b phi'(b) / phi(b)", "[theory]") {
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    const AnyMap any{[phi](double x) { return phi(x); },
                     [phi](double x, double y) { return phi.derivative(x, y); }};
    for (const double norm : {1., 3.})
      for (const double b : {-2.3, -0.7, 0.4, 1.1, 4.5}) {
        if (std::abs(phi(b)) < 1e-6) continue;
        const Vec<double> x = norm * random_matrix<double>(7, 1, 10).normalized();
        const Model f = rank_one_solution(x, 5, b, any);
        const double lambda = rank_one_eigenvalue<Phi>(b, phi);
        INFO(Phi::name << ", b = " << b << ", lambda = " << lambda);
        CHECK(largest(f(x) - x) < 1e-12 * norm);
        const Mat<double> J = jacobian(f, x);
        CHECK(largest(J - lambda / (norm * norm) * x * x.transpose()) < 1e-11 * (1 + std::abs(lambda)));
      }
  });
  const double nan = std::nan("");
  CHECK(contains(error_of([] { (void)rank_one_eigenvalue<Relu>(-1); }),
                 "phi(b) not 0, got b = -1, Relu(b) = 0"));
  CHECK(contains(error_of([&] { (void)rank_one_eigenvalue<Tanh>(nan); }), "must be finite"));
  CHECK(contains(error_of([] { (void)rank_one_solution<Tanh>(Vec<double>::Zero(3), 2, 1); }), "not 0"));
  CHECK(contains(error_of([] { (void)rank_one_solution<Tanh>(Vec<double>::Ones(3), 0, 1); }),
                 "k must be >= 1"));
}

TEST_CASE("rank-one eigenvalues in closed form, and what orbits make of them", "[theory]") {
  CHECK(std::abs(rank_one_eigenvalue<Tanh>(0.9) - 1.8 / std::sinh(1.8)) < 1e-14);
  CHECK(std::abs(rank_one_eigenvalue<Sigmoid>(2) - 2 / (1 + std::exp(2.))) < 1e-15);
  CHECK(std::abs(rank_one_eigenvalue<ExpNeg>(0.3) + 0.3) < 1e-15);
  CHECK(std::abs(rank_one_eigenvalue<Softsign>(-3) - 0.25) < 1e-15);
  CHECK(rank_one_eigenvalue<LeakyRelu>(-3) == 1);
  CHECK(std::abs(rank_one_eigenvalue<Silu>(1.5) - (1 + 1.5 / (1 + std::exp(1.5)))) < 1e-14);
  // The table of its page, activation by activation.
  const auto close = [](double a, double b) { return std::abs(a - b) < 1e-12 * (1 + std::abs(b)); };
  for (int k = 0; k < 120; ++k) {
    const double b = -5.97 + 0.1 * k;  // never 0
    CAPTURE(b);
    const double e = std::exp(b), sigma = 1 / (1 + std::exp(-b)), log1e = std::log1p(e);
    const double pdf = std::exp(-b * b / 2) / std::sqrt(2 * std::acos(-1.));
    const double cdf = std::erfc(-b / std::sqrt(2.)) / 2;
    CHECK(rank_one_eigenvalue<Identity>(b) == 1);
    if (b > 0) CHECK(rank_one_eigenvalue<Relu>(b) == 1);
    CHECK(close(rank_one_eigenvalue<LeakyRelu>(b), 1));
    CHECK(rank_one_eigenvalue<Hardtanh>(b) == (std::abs(b) < 1 ? 1 : 0));
    CHECK(close(rank_one_eigenvalue<Sigmoid>(b), b * (1 - sigma)));
    CHECK(close(rank_one_eigenvalue<Softplus>(b), b * sigma / log1e));
    CHECK(close(rank_one_eigenvalue<Tanh>(b), 2 * b / std::sinh(2 * b)));
    CHECK(close(rank_one_eigenvalue<Softsign>(b), 1 / (1 + std::abs(b))));
    const double elu = b > 0 ? 1 : -b / std::expm1(-b);
    CHECK(close(rank_one_eigenvalue<Elu>(b), elu));
    CHECK(close(rank_one_eigenvalue<Selu>(b), elu));
    CHECK(close(rank_one_eigenvalue<ExpNeg>(b), -b));
    CHECK(close(rank_one_eigenvalue<Sin>(b), b / std::tan(b)));
    // 1 + b g'(b) / g(b) for the gates sigmoid, the normal distribution function, and tanh(softplus)
    CHECK(close(rank_one_eigenvalue<Silu>(b), 1 + b * (1 - sigma)));
    CHECK(std::abs(rank_one_eigenvalue<Gelu>(b) - (1 + b * pdf / cdf)) < 1e-9 * (1 + b * b));
    const double g = std::tanh(log1e);
    CHECK(close(rank_one_eigenvalue<Mish>(b), 1 + b * (1 - g * g) * sigma / g));
    const double silu = rank_one_eigenvalue<Silu>(b), gelu = rank_one_eigenvalue<Gelu>(b),
                 mish = rank_one_eigenvalue<Mish>(b);
    if (b > 0) CHECK(std::min({silu, gelu, mish}) >= 1);  // the example never attracts
    if (b < 0 && b > -0.7) CHECK(std::max({std::abs(silu), std::abs(gelu), std::abs(mish)}) < 1);
    if (b < -2.5) CHECK(std::max({silu, gelu, mish}) < -1);
    // where the page says that it attracts
    if (std::abs(b + 1.28) > 0.01) CHECK((std::abs(rank_one_eigenvalue<Sigmoid>(b)) < 1) == (b > -1.28));
    if (std::abs(b + 1.14) > 0.01) CHECK((std::abs(rank_one_eigenvalue<Softplus>(b)) < 1) == (b > -1.14));
    if (std::abs(b) < 3 && std::abs(std::abs(b) - 2.03) > 0.01)
      CHECK((std::abs(rank_one_eigenvalue<Sin>(b)) < 1) == (std::abs(b) < 2.03));
  }
  const auto crosses = [](const auto& lambda, double at) {  // -1, within half a unit of the last digit
    return (lambda(at - 0.005) + 1) * (lambda(at + 0.005) + 1) < 0;
  };
  CHECK(crosses([](double b) { return rank_one_eigenvalue<Sigmoid>(b); }, -1.28));
  CHECK(crosses([](double b) { return rank_one_eigenvalue<Softplus>(b); }, -1.14));
  CHECK(crosses([](double b) { return rank_one_eigenvalue<Sin>(b); }, 2.03));
  double most = 0;
  for (int k = 1; k < 2000; ++k) most = std::max(most, rank_one_eigenvalue<Sigmoid>(0.01 * k));
  CHECK(std::abs(most - 0.28) < 0.005);

  const Vec<double> x = random_matrix<double>(6, 1, 11).normalized();
  const auto moves = [&](const auto& f) {
    return (orbit(f, 1.01 * x, {.max_steps = 60}).x - x).norm() / 0.01;
  };
  CHECK(moves(rank_one_solution<Tanh>(x, 4, 1)) < 1e-6);                // lambda = .551
  CHECK(moves(rank_one_solution<Silu>(x, 4, 1)) > 10);                  // lambda = 1.269
  CHECK(std::abs(moves(rank_one_solution<Relu>(x, 4, 1)) - 1) < 1e-9);  // lambda = 1
}
