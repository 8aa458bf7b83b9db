// Supplement A of the paper: gradient descent on a linear autoencoder in closed form, its limit, the range of
// the learning rate, and which optimizers stay in the span of the examples.
// Page: docs/paper/appendix_a.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/singular_values.hpp"
#include "basin/layers/dense.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/theory/projection.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "support/exact_claim.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index closed_form_steps = 2000;
const std::vector<std::pair<Index, Index>> sizes = {{10, 3}, {50, 10}, {100, 30}};  // d, n
const std::vector<double> rates = {0.9, 1, 1.5, 1.99, 2.01};                        // gamma lambda_1

// The study: trains, measures.

/// Trains A from 0 on 1/2 sum |A x - x|^2; `see(t, A_t)` at every step.
template <class O, class See>
void train(const Mat<double>& X, O optimizer, FitOptions options, const See& see) {
  Model model(Dense<double>(X.rows(), X.rows(), false), Vec<double>(Vec<double>::Zero(X.rows() * X.rows())));
  options.cancelled = interrupted;
  options.observer = [&](const Epoch& e) { see(e.epoch, model.theta.reshaped(X.rows(), X.rows())); };
  (void)fit(model, X, optimizer, options, HalfSumOfSquares{});
}

/// The largest entry of A_t - (I - (I - gamma S)^t) over t = 0, ..., 2000.
double closed_form_error(const Mat<double>& X, const LinearDescent& descent) {
  const double gamma = 0.9 / descent.eigenvalues()[0];
  double error = 0;
  train(X, GradientDescent<double>({.learning_rate = gamma}), {.max_epochs = closed_form_steps},
        [&](Index t, const Mat<double>& A) {
          error = std::max(error, (A - descent.at(t, gamma)).cwiseAbs().maxCoeff());
        });
  return error;
}

/// Steps at which a curve on a logarithmic axis is sampled: all up to 10, then about 12 a decade.
bool sampled(Index t) {
  Index step = 1;
  while (t >= 10 * step) step *= 10;
  return t % step == 0 || (t < 4 * step && 2 * t % step == 0);
}

/// |A_t - P|_2 of one learning rate, by descent and in closed form.
struct Approach {
  double rate;
  std::vector<double> t, measured, exact;
};

Approach approach(const Mat<double>& X, const LinearDescent& descent, double rate, Index steps) {
  const double gamma = rate / descent.eigenvalues()[0];
  const Mat<double> P = descent.projection();
  Approach a{rate, {}, {}, {}};
  train(X, GradientDescent<double>({.learning_rate = gamma}), {.max_epochs = steps},
        [&](Index t, const Mat<double>& A) {
          if (!sampled(t) && t != steps) return;
          a.t.push_back(static_cast<double>(t));
          a.measured.push_back(singular_values(A - P)[0]);
          a.exact.push_back(std::pow(descent.contraction(gamma), static_cast<double>(t)));
        });
  return a;
}

/// What an optimizer makes of A = 0: its way out of the span, |A_t (I - P)|_F, and where it ends.
struct Path {
  std::vector<double> t = {}, outside = {};
  double distance = 0, error = 0;  // |A - P|_F / |P|_F and max |A X - X| in the end
};

template <class O>
Path path(const Mat<double>& X, O optimizer, FitOptions options) {
  Path p;
  const Mat<double> P = span_projection(X);
  train(X, optimizer, options, [&](Index t, const Mat<double>& A) {
    if (!sampled(t) && t + 1 < options.max_epochs) return;
    p.t.push_back(static_cast<double>(t));
    p.outside.push_back((A - A * P).norm());
    p.distance = projection_distance(A, X);
    p.error = (A * X - X).cwiseAbs().maxCoeff();
  });
  return p;
}

/// Those that add combinations of examples, and Adam, which does not.
struct Paths {
  Path descent, momentum, nesterov, stochastic, adam;
  std::vector<const Path*> in_span() const { return {&descent, &momentum, &nesterov, &stochastic}; }
};

Paths optimizer_paths(const Mat<double>& X, double lambda) {
  const double gamma = 1 / lambda;
  const Index steps = 4000;
  FitOptions plain{.max_epochs = steps}, decayed = plain, batches = plain;
  decayed.schedule = schedule::step_decay(100, 0.7);
  batches.batch_size = 1;
  using Descent = GradientDescent<double>;
  return {
      .descent = path(X, Descent({.learning_rate = gamma}), plain),
      .momentum = path(X, Descent({.learning_rate = gamma, .momentum = 0.9}), plain),
      .nesterov = path(X, Descent({.learning_rate = gamma / 2, .momentum = 0.9, .nesterov = true}), plain),
      .stochastic = path(X, Descent({.learning_rate = gamma}), batches),
      .adam = path(X, Adam<double>({.learning_rate = 0.01}), decayed)};
}

/// The closed form and the limit, for one size.
struct Limit {
  double closed_form = 0;  // closed_form_error
  double steps = 0;        // that the closed form gives for 1e-14
  double error = 0;        // after them, the largest entry of A - P
  /// |A' - A|_2 for A' = I - Q_r (I - gamma Lambda_r)^T Q_r' with the r eigenvectors of the paper's text.
  double printed = 0;
};

Limit limit(const Mat<double>& X) {
  const LinearDescent descent(X);
  const double gamma = 0.9 / descent.eigenvalues()[0];
  const Index T = descent.steps(gamma, 1e-14), d = X.rows();
  Limit l{.closed_form = closed_form_error(X, descent), .steps = static_cast<double>(T)};
  Mat<double> A = Mat<double>::Zero(d, d);
  train(X, GradientDescent<double>({.learning_rate = gamma}), {.max_epochs = T},
        [&](Index t, const Mat<double>& now) {
          if (t == T) A = now;
        });
  l.error = (A - span_projection(X)).cwiseAbs().maxCoeff();
  Vec<double> powers = descent.eigenvalues().head(descent.rank());
  powers = (1 - gamma * powers.array()).pow(l.steps);
  const Mat<double> printed =
      Mat<double>::Identity(d, d) - descent.basis() * powers.asDiagonal() * descent.basis().transpose();
  l.printed = singular_values(printed - A)[0];
  return l;
}

/// All sizes, rates and optimizers.
struct Study {
  std::vector<Limit> limits;
  std::vector<std::vector<Approach>> approaches;  // of each seed, a rate each
  std::vector<Paths> paths;                       // of each seed
};

Study study(const Program& program) {
  Study s;
  Progress progress("Supplement A");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    for (const auto& [d, n] : sizes) {
      s.limits.push_back(limit(normal_starts<double>(d, n, random)));
      if (interrupted()) return s;
    }
    const Mat<double> X = normal_starts<double>(20, 5, random);
    const LinearDescent descent(X);
    s.approaches.emplace_back();
    for (const double rate : rates) {
      s.approaches.back().push_back(approach(X, descent, rate, 4000));
      if (interrupted()) return s;
    }
    s.paths.push_back(optimizer_paths(X, descent.eigenvalues()[0]));
    progress.update(static_cast<double>(s.paths.size()) / static_cast<double>(program.seeds().size()));
  }
  return s;
}

// The claims.

void claim_limit(Program& program, const std::vector<Limit>& limits) {
  const std::vector<double> steps = of_each(limits, [](const Limit& l) { return l.steps; });
  program.claim(exact_claim("A, closed form",
                            "A_t = I - (I - gamma S)^t: largest error of an entry over t = 0, ..., 2000.",
                            "exact", of_each(limits, [](const Limit& l) { return l.closed_form; }),
                            at_most(1e-11), "", "d, n = 10, 3; 50, 10; 100, 30; gamma = .9 / lambda_1"));
  program.claim(exact_claim("A, limit", "A_t converges to the projection onto the span of the examples.",
                            "exact", of_each(limits, [](const Limit& l) { return l.error; }), at_most(1e-12),
                            "",
                            text("largest error of an entry after the ", number(median(steps)),
                                 " steps (median) that the closed form gives for 1e-14")));
}

void claim_rates(Program& program, const std::vector<std::vector<Approach>>& approaches) {
  std::vector<double> inside, diverged;
  for (const std::vector<Approach>& of_seed : approaches)
    for (const Approach& a : of_seed) (a.rate < 2 ? inside : diverged).push_back(a.measured.back());
  program.claim(exact_claim("A, range of gamma (corrected)",
                            "Every gamma < 2 / lambda_1 converges: |A_t - P| after 4000 steps for gamma "
                            "lambda_1 = .9, 1, 1.5, 1.99.",
                            "gamma < 1 / lambda_1", inside, at_most(1e-11), "",
                            "the paper's range is sufficient, half of the exact one; d = 20, n = 5"));
  program.claim(exact_claim("A, range of gamma, its end",
                            "gamma lambda_1 = 2.01 diverges: |A_t - P| after 4000 "
                            "steps.",
                            no_paper, diverged, at_least(1e6)));
}

void claim_printed(Program& program, const std::vector<Limit>& limits) {
  program.claim(counted(contested_claim(
      "A, r eigenvectors (as printed)",
      "A_t = I - Q (I - gamma Lambda)^t Q' with r = rank(S) eigenvalues: error after "
      "convergence.",
      "exact", of_each(limits, [](const Limit& l) { return l.printed; }), at_most(1e-11), Band{0.999, 1.001},
      "", "Q must hold all d eigenvectors; with r of them the formula ends at I, not P")));
}

void claim_optimizers(Program& program, const std::vector<Paths>& paths) {
  std::vector<double> spans, ends;
  for (const Paths& of_seed : paths)
    for (const Path* p : of_seed.in_span()) {
      spans.push_back(p->outside.back());
      ends.push_back(p->distance);
    }
  program.claim(exact_claim("A, momentum and stochastic descent",
                            "Heavy ball, Nesterov and stochastic descent stay in the span: |A (I - P)|.",
                            "stays", spans, at_most(1e-11), "",
                            text("and end at the projection within ", number(largest_of(ends)), " of |P|")));
  program.claim(contested_claim(
      "A, Adam", "Adam finds the minimum-norm solution, too: |A - P| / |P|.",
      "regardless of the algorithm (I.2)", of_each(paths, [](const Paths& p) { return p.adam.distance; }),
      at_most(1e-6), Band{0.3, 1.2}, "",
      text("it interpolates, max |A X - X| = ",
           summary(of_each(paths, [](const Paths& p) { return p.adam.error; })), ", by another matrix")));
}

// The pictures.

void draw_approach(Program& program, const std::vector<Approach>& all) {
  LinePlot plot{.title = "Distance from the projection: gradient descent (points) and closed form (line)",
                .x_label = "steps t",
                .y_label = "|A_t - P|, largest singular value",
                .series = {},
                .log_x = true,
                .log_y = true};
  Series exact{"closed form, q^t", {}, {}};
  for (const Approach& a : all) {
    plot.series.push_back(
        {text("gamma lambda_1 = ", number(a.rate)), a.t, a.measured, Series::Style::points});
    for (std::size_t i = 0; i < a.t.size() && a.exact[i] > 1e-17; ++i) {
      exact.x.push_back(a.t[i]);
      exact.y.push_back(a.exact[i]);
    }
    exact.x.push_back(std::nan(""));  // a gap between two curves
    exact.y.push_back(std::nan(""));
  }
  plot.series.push_back(exact);
  program.draw(
      plot, "appendix_a_rates.png",
      "The error is exactly q^t with q the largest |1 - gamma lambda_i|, down to rounding: every rate "
      "below 2 / lambda_1 converges, and 2.01 / lambda_1 diverges.");
}

void draw_paths(Program& program, const Paths& paths) {
  LinePlot plot{.title = "How far the solution leaves the span of the examples, d = 20, n = 5, from A = 0",
                .x_label = "passes through the data",
                .y_label = "|A_t (I - P)|, Frobenius norm",
                .series = {},
                .log_x = true,
                .log_y = true};
  const auto add = [&](const std::string& name, const Path& p) {
    plot.series.push_back({name, p.t, p.outside});
  };
  add("gradient descent", paths.descent);
  add("momentum .9", paths.momentum);
  add("Nesterov .9", paths.nesterov);
  add("stochastic, batches of 1", paths.stochastic);
  add("Adam", paths.adam);
  program.draw(
      plot, "appendix_a_optimizers.png",
      "Gradient descent, momentum and stochastic descent add combinations of examples and stay in their "
      "span up to rounding. Adam divides every entry by a scale of its own and leaves it.");
}

void body(Program& program) {
  const Study s = study(program);
  if (interrupted()) return;
  draw_approach(program, s.approaches.front());
  draw_paths(program, s.paths.front());
  claim_limit(program, s.limits);
  claim_rates(program, s.approaches);
  claim_printed(program, s.limits);
  claim_optimizers(program, s.paths);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("appendix_a", "Supplement A: linear autoencoders by gradient descent",
                     {.quick = 2, .full = 5}, argc, argv, body);
}
