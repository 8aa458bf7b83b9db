// Theorem 1 and its corollary: nonlinear autoencoders with one layer.
#include <cmath>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/theory/chord_bound.hpp"
#include "basin/theory/phi_span.hpp"
#include "basin/theory/single_layer.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

double largest(const Mat<double>& A) { return A.cwiseAbs().maxCoeff(); }

Mat<double> uniform(Index d, Index n, double lo, double hi, std::uint64_t seed) {
  Random random(seed);
  Mat<double> X(d, n);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = random.uniform(lo, hi);
  return X;
}

/// f(phi, lo, hi): a map for each case of Assumption 1 (c), with data that satisfy (a), (b) and (c).
template <class F>
void for_each_case(const F& f) {
  f(ExpNeg{}, 0.1, 0.9);        // (1) convex, decreasing
  f(SigmoidNeg{}, 0.05, 0.45);  // (1)
  f(Sigmoid{}, 0.55, 0.95);     // (2) concave, increasing
  f(Tanh{}, 0.1, 0.9);          // (2)
  f(Sigmoid{}, 0.05, 0.45);     // (3) convex, increasing
  f(SigmoidNeg{}, 0.55, 0.95);  // (4) concave, decreasing
}

}  // namespace

TEST_CASE("the activations and data are those of Assumption 1 (c)", "[theory]") {
  struct Sides {  // of Assumption 1: phi^-1(x) > 0, convex, increasing on the way from 0 to phi^-1(x)
    bool positive, convex, increasing;
    bool operator==(const Sides&) const = default;
  };
  const std::vector<Sides> cases = {{true, true, false}, {true, true, false}, {true, false, true},
                                    {true, false, true}, {false, true, true}, {false, false, false}};
  std::size_t k = 0;
  for_each_case([&](const auto& phi, double lo, double hi) {
    INFO(phi.name << " on (" << lo << ", " << hi << ")");
    const Sides c = cases[k++];
    for (const double x : {lo, hi}) {
      const double end = phi.inverse(x);
      REQUIRE((end > 0) == c.positive);
      for (int i = 0; i < 50; ++i) {  // chords of a fiftieth of the way, and their middles
        const double a = end * i / 50, b = end * (i + 1) / 50, middle = phi((a + b) / 2);
        CHECK(((phi(a) + phi(b)) / 2 > middle) == c.convex);
        CHECK(((phi(b) - phi(a)) / (b - a) > 0) == c.increasing);
      }
    }
    CHECK((phi(0.) < lo || phi(0.) > hi));  // (b)
    CHECK((lo > 0 && hi < 1));              // (a)
  });
  CHECK(k == cases.size());
}

TEST_CASE("Theorem 1: both rules find the minimum-norm solution in all four cases", "[theory]") {
  for_each_case([](const auto& phi, double lo, double hi) {
    const Mat<double> X = uniform(12, 3, lo, hi, 1), A = minimum_norm_solution(phi, X);
    CHECK(largest(A * X - preimage(phi, X)) < 1e-12);
    for (const DescentRule rule : {DescentRule::adaptive, DescentRule::constant}) {
      const SingleLayerFit fit = train_single_layer(phi, X, {.rule = rule});
      INFO(phi.name << " on (" << lo << ", " << hi << "), rule " << static_cast<int>(rule) << ", "
                    << fit.steps << " steps, residual " << fit.residual);
      CHECK(fit.status == FitStatus::converged);
      CHECK(largest(fit.A * X - preimage(phi, X)) < 1e-11);
      CHECK(largest(fit.A - A) < 1e-11);
    }
  });
}

TEST_CASE("Theorem 1 needs neither (b) nor (c), but independent examples", "[theory]") {
  const Mat<double> X = uniform(12, 3, 0.05, 0.95, 2);  // sigmoid(0) = .5 lies between
  const SingleLayerFit fit = train_single_layer(Sigmoid{}, X);
  CHECK(fit.status == FitStatus::converged);
  CHECK(largest(fit.A - minimum_norm_solution(Sigmoid{}, X)) < 1e-11);

  Mat<double> dependent = uniform(12, 3, 0.05, 0.45, 3);
  dependent.col(2) = dependent.col(0) + dependent.col(1);
  const SingleLayerFit stuck = train_single_layer(Sigmoid{}, dependent, {.max_steps = 20000});
  CHECK(stuck.status == FitStatus::exhausted);
  CHECK(stuck.residual > 0.01);
}

TEST_CASE("Theorem 1: the printed signs climb away from the solution", "[theory]") {
  for_each_case([](const auto& phi, double lo, double hi) {
    const Mat<double> X = uniform(12, 3, lo, hi, 4);
    const SingleLayerFit fit = train_single_layer(phi, X, {.rule = DescentRule::printed, .max_steps = 2000});
    const double start = largest(Mat<double>::Constant(12, 3, phi(0.)) - X);
    INFO(phi.name << ": from " << start << " to " << fit.residual);
    CHECK((fit.status == FitStatus::diverged || fit.residual > 1.05 * start));
  });
}

TEST_CASE("the constant rule is plain gradient descent on half the sum of squares", "[theory]") {
  const Index d = 8;
  const Mat<double> X = uniform(d, 3, 0.1, 0.9, 5);
  const SingleLayerFit fit =
      train_single_layer(Tanh{}, X, {.rule = DescentRule::constant, .gamma = 0.1, .max_steps = 500});
  Model model(Chain(Dense<double>(d, d, false), Pointwise<double, Tanh>(d)),
              Vec<double>(Vec<double>::Zero(d * d)));
  GradientDescent<double> descent({.learning_rate = 0.1});
  (void)basin::fit(model, X, descent, {.max_epochs = 500}, HalfSumOfSquares{});
  CHECK(largest(fit.A - model.theta.reshaped(d, d)) < 1e-12);
  CHECK(largest(fit.A) > 0.1);
}

TEST_CASE("the range of gamma and the factor by which the error shrinks in the end", "[theory]") {
  const Mat<double> X = uniform(12, 3, 0.05, 0.45, 6);
  const Sigmoid phi;
  const Curvature c = single_layer_curvature(phi, X);
  const double safe = adaptive_rate_limit(phi, X, -8, 8);
  CHECK(safe <= c.rate_limit());
  CHECK(paper_rate_limit(X) < safe);
  const auto converges = [&](double gamma) {
    return train_single_layer(phi, X, {.gamma = gamma, .max_steps = 200000}).status == FitStatus::converged;
  };
  CHECK(converges(0.99 * safe));
  CHECK_FALSE(converges(1.02 * c.rate_limit()));
  for (const DescentRule rule : {DescentRule::adaptive, DescentRule::constant}) {
    const Curvature near = single_layer_curvature(phi, X, rule);
    const double gamma = 0.5 * near.rate_limit();
    const SingleLayerFit fit =
        train_single_layer(phi, X, {.rule = rule, .gamma = gamma, .tolerance = 1e-11, .record_every = 1});
    REQUIRE(fit.status == FitStatus::converged);
    CHECK((fit.low > -8 && fit.high < 8));
    const std::size_t end = fit.history.size() - 1, begin = end - 100;
    const double seen = std::pow(fit.history[end] / fit.history[begin], 1. / 100);
    CHECK(std::abs(std::log(seen) / std::log(near.contraction(gamma)) - 1) < 1e-3);
  }
}

TEST_CASE("the corollary: rank(A) = rank(phi^-1(X)), which need not be rank(X)", "[theory]") {
  const Vec<double> v = random_matrix<double>(20, 1, 7);
  const Sigmoid phi;
  Mat<double> X(20, 2);
  X << apply_map(phi, v), apply_map(phi, 2 * v);
  const Mat<double> A = train_single_layer(phi, X).A;
  CHECK(largest(phi.inverse(0.3) - preimage(phi, Mat<double>::Constant(1, 1, 0.3)).array()) == 0);
  CHECK(numerical_rank(X).rank == 2);
  CHECK(numerical_rank(A).rank == 1);
  CHECK(numerical_rank(minimum_norm_solution(phi, X)).rank == 1);
  CHECK(PhiSpan<Sigmoid>(X).dimension() == 1);
  for_each_case([](const auto& map, double lo, double hi) {
    CHECK(numerical_rank(minimum_norm_solution(map, uniform(12, 3, lo, hi, 8))).rank == 3);
  });
}

TEST_CASE("the corollary: examples are phi-eigenvectors, outputs lie in the phi-span", "[theory]") {
  for_each_case([](const auto& phi, double lo, double hi) {
    using Phi = std::decay_t<decltype(phi)>;
    const Mat<double> X = uniform(12, 3, lo, hi, 9), A = minimum_norm_solution(phi, X);
    const PhiSpan<Phi> span(X);
    CHECK(span.dimension() == 3);
    for (Index i = 0; i < 3; ++i) {
      const PhiEigen e = phi_eigenvalue(phi, A, X.col(i));
      CHECK(std::abs(e.value - 1) < 1e-12);
      CHECK(e.residual < 1e-12);
      CHECK(span.contains(X.col(i)));
    }
    const Vec<double> y = random_matrix<double>(12, 1, 10), z = A * y;
    CHECK(phi_eigenvalue(phi, A, y).residual > 0.01);
    CHECK(span.preimage_residual(z) < 1e-12);
    CHECK(span.residual(apply_map(phi, 0.5 * z / largest(z))) < 1e-12);
    CHECK(span.preimage_residual(y) > 0.5);
    CHECK_FALSE(span.contains(Vec<double>::LinSpaced(12, lo, hi)));
  });
  const PhiSpan<Tanh> span(uniform(4, 2, 0.1, 0.9, 11));
  CHECK(std::isinf(span.residual(Vec<double>::Constant(4, 1.5))));
  CHECK(span.preimage_residual(Vec<double>::Zero(4)) == 0);
}

TEST_CASE("the proof's bound B >= A holds for one example and fails for more", "[theory]") {
  for_each_case([](const auto& phi, double lo, double hi) {
    const Mat<double> one = uniform(12, 1, lo, hi, 12), four = uniform(12, 4, lo, hi, 12);
    const ChordBound b1 = chord_bound(phi, one, 0.99 * paper_rate_limit(one), 3000);
    const ChordBound b4 = chord_bound(phi, four, 0.99 * paper_rate_limit(four), 3000);
    INFO(phi.name << ": " << b1.above << " " << b1.monotone << " " << b1.inside << "; " << b4.above << " "
                  << b4.monotone << " " << b4.inside);
    CHECK(b1.above > -1e-13);
    CHECK(b1.monotone > -1e-13);
    CHECK(b1.inside > -1e-13);
    CHECK(b4.above < -1e-3);
    CHECK(b4.monotone < -1e-6);
  });
}

TEST_CASE("chord slopes at phi(0) are phi'(0), and arguments are checked", "[theory]") {
  CHECK(chord_slopes(Sigmoid{}, Mat<double>::Constant(1, 1, 0.5))(0, 0) == 0.25);
  CHECK(std::abs(chord_slopes(Sigmoid{}, Mat<double>::Constant(1, 1, 0.5 + 1e-9))(0, 0) - 0.25) < 1e-6);
  CHECK(chord_slopes(ExpNeg{}, Mat<double>::Constant(1, 1, 0.5))(0, 0) < 0);
  const Mat<double> X = uniform(4, 2, 0.1, 0.4, 13);
  CHECK(contains(error_of([&] { (void)train_single_layer(Sigmoid{}, Mat<double>::Constant(2, 1, 1.5)); }),
                 "outside its range"));
  CHECK(contains(error_of([&] { (void)train_single_layer(Sigmoid{}, X, {.gamma = -1}); }),
                 "gamma must be finite and >= 0 (0: chosen by the rule), got -1"));
  CHECK(contains(error_of([&] { (void)train_single_layer(Sigmoid{}, X, {.record_every = 0}); }),
                 "record_every must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)train_single_layer(Relu{}, Mat<double>::Zero(2, 1)); }),
                 "strictly monotone, but Relu has a chord of slope 0"));
  CHECK(contains(error_of([&] { (void)adaptive_rate_limit(Sigmoid{}, X, 2, 1); }), "lo and hi"));
  CHECK(contains(error_of([&] { (void)paper_rate_limit(-X); }), "entries > 0"));
  CHECK(contains(error_of([&] { (void)single_layer_curvature(Sigmoid{}, X.col(0).replicate(1, 2)); }),
                 "linearly independent"));
  CHECK(contains(error_of([&] { (void)phi_eigenvalue(Tanh{}, X, X.col(0)); }), "A is 4 x 2, expected 4 x 4"));
  CHECK(contains(error_of([] { PhiSpan<Tanh>(Mat<double>(0, 0)); }), "X must not be empty, got 0 x 0"));
}
