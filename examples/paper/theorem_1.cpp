// Theorem 1 of the paper and its corollary: the nonlinear autoencoder phi(A x) with one layer, trained from
// A = 0.
// Page: docs/paper/theorem_1.md.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/layers/maps.hpp"
#include "basin/theory/chord_bound.hpp"
#include "basin/theory/phi_span.hpp"
#include "basin/theory/single_layer.hpp"
#include "support/exact_claim.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index d = 50, n = 5;

// The study: trains, measures.

/// f(name, phi, lo, hi): an activation for each case of Assumption 1 (c), with data uniform on (lo, hi) that
/// satisfy (a), (b) and (c), and one that violates (b): sigmoid(0) = .5 lies between the data.
template <class F>
void for_each_case(const F& f) {
  f("(1) exp(-z), U(.1, .9)", ExpNeg{}, 0.1, 0.9);
  f("(1) sigmoid(-z), U(.05, .45)", SigmoidNeg{}, 0.05, 0.45);
  f("(2) sigmoid, U(.55, .95)", Sigmoid{}, 0.55, 0.95);
  f("(2) tanh, U(.1, .9)", Tanh{}, 0.1, 0.9);
  f("(3) sigmoid, U(.05, .45)", Sigmoid{}, 0.05, 0.45);
  f("(4) sigmoid(-z), U(.55, .95)", SigmoidNeg{}, 0.55, 0.95);
  f("(b) violated: sigmoid, U(.05, .95)", Sigmoid{}, 0.05, 0.95);
}
constexpr std::size_t lawful = 6;  // cases that satisfy Assumption 1

double largest_entry(const Mat<double>& A) { return A.cwiseAbs().maxCoeff(); }

/// What training gave in one case.
struct Case {
  std::string name;
  SingleLayerFit adaptive, constant;
  double error, constant_error;  // max |A x - phi^-1(x)|
  double from_closed_form;       // |A - phi^-1(X) X^+| / |A|, the larger of both rules
  NumericalRank rank;            // of A
  Index rank_of_preimage, rank_of_X;
  double eigen_residual, span_residual;  // of the examples; of phi(A y) for random y
  double printed_start,
      printed_end;       // max |phi(A X) - X| at A = 0 and after 2000 steps with the printed signs
  ChordBound one, many;  // does B bound A, for 1 and for n examples
};

template <class Phi>
Case run_case(const std::string& name, const Phi& phi, double lo, double hi, Random& random) {
  const Mat<double> X = uniform_starts<double>(d, n, random, lo, hi), target = preimage(phi, X);
  const Mat<double> closed = minimum_norm_solution(phi, X);
  Case c{};
  c.name = name;
  SingleLayerOptions options{.cancelled = interrupted};
  c.adaptive = train_single_layer(phi, X, options);
  options.rule = DescentRule::constant;
  c.constant = train_single_layer(phi, X, options);
  const Mat<double>& A = c.adaptive.A;
  c.error = largest_entry(A * X - target);
  c.constant_error = largest_entry(c.constant.A * X - target);
  c.from_closed_form = std::max((A - closed).norm(), (c.constant.A - closed).norm()) / closed.norm();
  c.rank = numerical_rank(A);
  c.rank_of_preimage = numerical_rank(target).rank;
  c.rank_of_X = numerical_rank(X).rank;

  const PhiSpan<Phi> span(X, phi);
  for (Index i = 0; i < n; ++i) {
    const PhiEigen e = phi_eigenvalue(phi, A, X.col(i));
    c.eigen_residual = std::max({c.eigen_residual, e.residual, std::abs(e.value - 1)});
  }
  for (int k = 0; k < 100; ++k) {
    Vec<double> y(d);
    for (Index i = 0; i < d; ++i) y[i] = random.normal();
    c.span_residual = std::max(c.span_residual, span.preimage_residual(A * y));
  }

  options = {.rule = DescentRule::printed, .max_steps = 2000, .cancelled = interrupted};
  const SingleLayerFit printed = train_single_layer(phi, X, options);
  c.printed_start = printed.history.front();
  c.printed_end =
      printed.status == FitStatus::diverged ? std::numeric_limits<double>::infinity() : printed.residual;
  const Mat<double> single = X.leftCols(1);
  c.one = chord_bound(phi, single, 0.99 * paper_rate_limit(single), 2000);
  c.many = chord_bound(phi, X, 0.99 * paper_rate_limit(X), 2000);
  return c;
}

/// What does not depend on the case: the range of gamma, dependent examples and the counterexample.
struct Extra {
  double over_paper;     // adaptive_rate_limit / paper_rate_limit
  double below, beyond;  // residuals with .99 adaptive_rate_limit and 1.02 times the limit near the solution
  bool within;           // whether all A_t x_i lay in the interval that the limit was computed for
  double dependent;      // residual for x_3 = x_1 + x_2
  NumericalRank of_X, of_A;  // counterexample to the corollary
};

Extra run_extra(Random& random) {
  Extra e{};
  const Sigmoid phi;
  const Mat<double> X = uniform_starts<double>(d, n, random, 0.05, 0.45);
  const double reach = 2 * largest_entry(preimage(phi, X)),
               limit = adaptive_rate_limit(phi, X, -reach, reach);
  e.over_paper = limit / paper_rate_limit(X);
  SingleLayerOptions options{.gamma = 0.99 * limit, .max_steps = 200000, .cancelled = interrupted};
  const SingleLayerFit below = train_single_layer(phi, X, options);
  e.below = below.residual;
  e.within = below.low >= -reach && below.high <= reach;
  options.gamma = 1.02 * single_layer_curvature(phi, X).rate_limit();
  options.max_steps = 20000;
  e.beyond = train_single_layer(phi, X, options).residual;

  Mat<double> dependent = uniform_starts<double>(d, 3, random, 0.05, 0.45);
  dependent.col(2) = dependent.col(0) + dependent.col(1);
  options.gamma = 0;
  e.dependent = train_single_layer(phi, dependent, options).residual;

  Vec<double> v(d);
  for (Index i = 0; i < d; ++i) v[i] = random.normal();
  Mat<double> pair(d, 2);
  pair << apply_map(phi, v), apply_map(phi, 2 * v);
  e.of_X = numerical_rank(pair);
  e.of_A = numerical_rank(train_single_layer(phi, pair, {.tolerance = 1e-12, .cancelled = interrupted}).A);
  return e;
}

/// All cases and seeds.
struct Study {
  std::vector<Case> cases;     // of those that satisfy Assumption 1
  std::vector<Case> violated;  // of the one that does not
  std::vector<Case> shown;     // each case with the first seed
  std::vector<Extra> extras;   // one for each seed
};

Study study(const Program& program) {
  Study s;
  Progress progress("Theorem 1");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    std::size_t k = 0;
    for_each_case([&](const std::string& name, const auto& phi, double lo, double hi) {
      if (interrupted()) return;
      const Case c = run_case(name, phi, lo, hi, random);
      (k < lawful ? s.cases : s.violated).push_back(c);
      if (s.shown.size() == k) s.shown.push_back(c);
      ++k;
      const auto all = static_cast<double>((lawful + 1) * program.seeds().size());
      progress.update(static_cast<double>(s.cases.size() + s.violated.size()) / all, name);
    });
    if (interrupted()) break;
    s.extras.push_back(run_extra(random));
  }
  return s;
}

// The claims.

/// Both rates converge to the solution of minimum norm; the printed signs do not.
void claim_convergence(Program& program, const std::vector<Case>& cases, const std::vector<Case>& violated) {
  const std::string over = "six activations and ranges in the four cases of (c), d = 50, n = 5";
  const auto steps = [](const std::vector<Case>& of, const SingleLayerFit Case::*rule) {
    const std::vector<double> all = of_each(of, [&](const Case& c) { return (c.*rule).steps; });
    return text(number(smallest_of(all), 6), " to ", number(largest_of(all), 6), " steps");
  };
  const auto error = [](const Case& c) { return c.error; };
  program.claim(exact_claim(
      "1, adaptive rate", "The adaptive rate (sign corrected) converges to A x = phi^-1(x): largest error.",
      "exact", of_each(cases, error), at_most(1e-10), "", over + "; " + steps(cases, &Case::adaptive)));
  program.claim(exact_claim("1, constant rate",
                            "A constant rate does, too (suspected in Section 2): largest error.", "suspected",
                            of_each(cases, [](const Case& c) { return c.constant_error; }), at_most(1e-10),
                            "", steps(cases, &Case::constant)));
  program.claim(exact_claim(
      "1, minimum norm", "The limit is the solution of minimum norm, A = phi^-1(X) X^+: |difference| / |A|.",
      "exact", of_each(cases, [](const Case& c) { return c.from_closed_form; }), at_most(1e-10)));
  program.claim(counted(
      contested_claim("1, signs as printed",
                      "With the signs of Supplement B it converges: max |phi(A x) - x| after 2000 steps.",
                      "converges",
                      of_each(cases, [](const Case& c) { return c.printed_end / c.printed_start; }),
                      at_most(1e-6), at_least(1.02), " times the error at A = 0", "it climbs"),
      " times the error at A = 0"));
  program.claim(
      exact_claim("1, assumption (b) (corrected)",
                  "Data on both sides of phi(0), which (b) forbids, converge as well: largest error.",
                  "excluded", of_each(violated, error), at_most(1e-10), "",
                  "strict monotonicity of phi is all that is needed of (b) and (c)"));
}

void claim_rates(Program& program, const std::vector<Extra>& extras) {
  const auto of_extra = [&](auto member) {
    return of_each(extras, [&](const Extra& e) { return e.*member; });
  };
  program.claim(exact_claim("1, range of gamma (corrected)",
                            "gamma = .99 of 2 / (lambda_1 max phi'/sigma) converges: max |phi(A x) - x|.",
                            "gamma < 1 / (n L d)", of_extra(&Extra::below), at_most(1e-12), "",
                            text("that is ", summary(of_extra(&Extra::over_paper)),
                                 " times the paper's bound; all A_t x stay where the bound was computed: ",
                                 smallest_of(of_extra(&Extra::within)) > 0 ? "yes" : "no")));
  program.claim(
      exact_claim("1, range of gamma, its end",
                  "1.02 times the limit 2 / curvature at the solution does not converge: max |phi(A x) - x|.",
                  no_paper, of_extra(&Extra::beyond), at_least(1e-6)));
  program.claim(contested_claim("1, n < d",
                                "n < d is enough to interpolate: max |phi(A x) - x| for x_3 = x_1 + x_2.",
                                "n < d", of_extra(&Extra::dependent), at_most(1e-6), Band{0.03, 0.5}, "",
                                "the examples must be linearly independent; after 20000 steps"));
}

void claim_rank(Program& program, const std::vector<Case>& cases, const std::vector<Extra>& extras) {
  const auto wrong_rank = [&](auto expected) {
    double wrong = 0;
    for (const Case& c : cases) wrong += c.rank.rank != expected(c);
    return wrong;
  };
  program.claim(exact_claim("1, corollary (corrected)",
                            "rank(A) = rank(phi^-1(X)): random cases in which it is not so.", no_paper,
                            {wrong_rank([](const Case& c) { return c.rank_of_preimage; })}, Band{0, 0},
                            text(" of ", cases.size())));
  const std::vector<double> ranks = of_each(extras, [](const Extra& e) {
    return static_cast<double>(e.of_A.rank) / static_cast<double>(e.of_X.rank);
  });
  program.claim(
      contested_claim("1, corollary (as printed)",
                      "rank(A) = dim span(X): rank(A) / rank(X) for x_1 = sigmoid(v), x_2 = sigmoid(2 v).",
                      "1", ranks, Band{1, 1}, Band{0.5, 0.5}, "",
                      text("A has rank ", extras.front().of_A.rank, ", second singular value ",
                           number(extras.front().of_A.singular_values[1]))));
}

void claim_span(Program& program, const std::vector<Case>& cases) {
  program.claim(exact_claim("1, phi-eigenvectors",
                            "The examples are phi-eigenvectors with eigenvalue 1: largest residual.", "exact",
                            of_each(cases, [](const Case& c) { return c.eigen_residual; }), at_most(1e-11)));
  program.claim(
      exact_claim("1, phi-span",
                  "phi(A y) lies in phi-span(X) for any y: largest relative distance of A y, 100 random y.",
                  "exact", of_each(cases, [](const Case& c) { return c.span_residual; }), at_most(1e-9), "",
                  text("for a random vector in place of A y it is about ",
                       number(std::sqrt(1 - static_cast<double>(n) / static_cast<double>(d))))));
}

/// Does the bound B of the proof do what it says there?
void claim_proof(Program& program, const std::vector<Case>& cases) {
  const auto bound = [&](const ChordBound Case::*which, double ChordBound::*what) {
    return of_each(cases, [&](const Case& c) { return (c.*which).*what; });
  };
  program.claim(exact_claim("1, proof, n = 1",
                            "B_t >= A_t entrywise, and A_t is monotone: smallest difference.", "at least 0",
                            {std::min(smallest_of(bound(&Case::one, &ChordBound::above)),
                                      smallest_of(bound(&Case::one, &ChordBound::monotone)))},
                            at_least(-1e-13), "", "the paper's gamma, .99 / (n L d), 2000 steps"));
  program.claim(
      counted(contested_claim("1, proof, n = 5: B bounds A", "B_t >= A_t entrywise: smallest difference.",
                              "at least 0", bound(&Case::many, &ChordBound::above), at_least(-1e-13),
                              at_most(-1e-3), "", "one value for each case and seed; the paper's gamma")));
  program.claim(
      counted(contested_claim("1, proof, n = 5: A is monotone", "A_t is monotone in t: smallest step.",
                              "at least 0", bound(&Case::many, &ChordBound::monotone), at_least(-1e-13),
                              at_most(-1e-7), "", "the conclusion of the theorem holds all the same")));
}

// The pictures.

Series residuals(const std::string& name, const SingleLayerFit& fit) {
  Series s{name, {}, {}};
  for (std::size_t i = 0; i < fit.at.size(); ++i) {
    s.x.push_back(static_cast<double>(fit.at[i]));
    s.y.push_back(fit.history[i]);
  }
  return s;
}

void draw_convergence(Program& program, const std::vector<Case>& cases) {
  for (const bool adaptive : {true, false}) {
    LinePlot plot{
        .title = text("One-layer autoencoders, d = 50, n = 5, ", adaptive ? "adaptive" : "constant", " rate"),
        .x_label = "steps",
        .y_label = "max |phi(A x) - x|",
        .series = {},
        .log_x = true,
        .log_y = true};
    for (const Case& c : cases) plot.series.push_back(residuals(c.name, adaptive ? c.adaptive : c.constant));
    program.draw(plot, text("theorem_1_", adaptive ? "adaptive" : "constant", ".png"),
                 adaptive
                     ? "Convergence with the adaptive rate of Theorem 1, from A = 0, in the four cases of "
                       "Assumption 1 (c) and with (b) violated."
                     : "The same with a constant rate, which the theorem does not cover: slower, to the "
                       "same limits.");
  }
}

void draw_ranks(Program& program, const std::vector<Case>& cases, const NumericalRank& counterexample) {
  LinePlot ranks{.title = "Singular values of the trained matrix, and the counterexample to the corollary",
                 .x_label = "index i",
                 .y_label = "singular value, relative to the largest",
                 .series = {},
                 .log_y = true};
  const auto add = [&](const std::string& name, const NumericalRank& rank) {
    Series s{name, {}, {}, Series::Style::line_points};
    for (Index i = 0; i < std::min<Index>(8, rank.singular_values.size()); ++i) {
      s.x.push_back(static_cast<double>(i + 1));
      s.y.push_back(std::max(rank.singular_values[i] / rank.singular_values[0], 1e-17));
    }
    ranks.series.push_back(s);
  };
  for (const Case& c : cases) add(c.name, c.rank);
  add("x_1 = sigmoid(v), x_2 = sigmoid(2 v)", counterexample);
  program.draw(
      ranks, "theorem_1_ranks.png",
      "With five random examples A has rank 5. The two independent examples sigmoid(v) and sigmoid(2 v) "
      "have parallel pre-images: A has rank 1, not 2.");
}

void body(Program& program) {
  const Study s = study(program);
  if (interrupted()) return;
  draw_convergence(program, s.shown);
  draw_ranks(program, s.shown, s.extras.front().of_A);
  claim_convergence(program, s.cases, s.violated);
  claim_rates(program, s.extras);
  claim_rank(program, s.cases, s.extras);
  claim_span(program, s.cases);
  claim_proof(program, s.cases);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_1", "Theorem 1: nonlinear autoencoders with one layer", {.quick = 2, .full = 5},
                     argc, argv, body);
}
