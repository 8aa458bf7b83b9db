// Appendix A of the paper: gradient descent on a linear autoencoder in closed form, its limit, the range of
// the learning rate, and which optimizers stay in the span of the examples.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
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

Mat<double> normal_examples(Index d, Index n, Random& random) {
  Mat<double> X(d, n);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = random.normal();
  return X;
}

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
  std::string name;
  std::vector<double> t, outside;
  double distance = 0, error = 0;  // |A - P|_F / |P|_F and max |A X - X| in the end
};

template <class O>
Path path(const std::string& name, const Mat<double>& X, O optimizer, FitOptions options) {
  Path p{name, {}, {}};
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

std::vector<Path> optimizer_paths(const Mat<double>& X, double lambda) {
  const double gamma = 1 / lambda;
  const Index steps = 4000;
  FitOptions plain{.max_epochs = steps}, decayed = plain, batches = plain;
  decayed.schedule = schedule::step_decay(100, 0.7);
  batches.batch_size = 1;
  return {
      path("gradient descent", X, GradientDescent<double>({.learning_rate = gamma}), plain),
      path("momentum .9", X, GradientDescent<double>({.learning_rate = gamma, .momentum = 0.9}), plain),
      path("Nesterov .9", X,
           GradientDescent<double>({.learning_rate = gamma / 2, .momentum = 0.9, .nesterov = true}), plain),
      path("stochastic, batches of 1", X, GradientDescent<double>({.learning_rate = gamma}), batches),
      path("Adam", X, Adam<double>({.learning_rate = 0.01}), decayed)};
}

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

void draw_paths(Program& program, const std::vector<Path>& paths) {
  LinePlot plot{.title = "How far the solution leaves the span of the examples, d = 20, n = 5, from A = 0",
                .x_label = "passes through the data",
                .y_label = "|A_t (I - P)|, Frobenius norm",
                .series = {},
                .log_x = true,
                .log_y = true};
  for (const Path& p : paths) plot.series.push_back({p.name, p.t, p.outside});
  program.draw(
      plot, "appendix_a_optimizers.png",
      "Gradient descent, momentum and stochastic descent add combinations of examples and stay in their "
      "span up to rounding. Adam divides every entry by a scale of its own and leaves it.");
}

void body(Program& program) {
  std::vector<double> errors, limits, steps_needed, thin, inside, diverged, spans, ends, adam_distance,
      adam_error;
  std::vector<Approach> shown;
  std::vector<Path> paths;
  const Index slow_steps = 4000;
  Progress progress("Appendix A");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    for (const auto& [d, n] : sizes) {
      const Mat<double> X = normal_examples(d, n, random);
      const LinearDescent descent(X);
      const double gamma = 0.9 / descent.eigenvalues()[0];
      errors.push_back(closed_form_error(X, descent));
      const Index T = descent.steps(gamma, 1e-14);
      Mat<double> A;
      train(X, GradientDescent<double>({.learning_rate = gamma}), {.max_epochs = T},
            [&](Index t, const Mat<double>& now) {
              if (t == T) A = now;
            });
      if (interrupted()) return;
      limits.push_back((A - span_projection(X)).cwiseAbs().maxCoeff());
      steps_needed.push_back(static_cast<double>(T));
      // I - Q_r (I - gamma Lambda_r)^T Q_r' with the r eigenvectors that the paper's text speaks of
      Vec<double> powers = descent.eigenvalues().head(descent.rank());
      powers = (1 - gamma * powers.array()).pow(static_cast<double>(T));
      const Mat<double> printed =
          Mat<double>::Identity(d, d) - descent.basis() * powers.asDiagonal() * descent.basis().transpose();
      thin.push_back(singular_values(printed - A)[0]);
    }
    const Mat<double> X = normal_examples(20, 5, random);
    const LinearDescent descent(X);
    for (const double rate : rates) {
      const Approach a = approach(X, descent, rate, slow_steps);
      if (interrupted()) return;
      (rate < 2 ? inside : diverged).push_back(a.measured.back());
      if (shown.size() < rates.size()) shown.push_back(a);
    }
    const std::vector<Path> now = optimizer_paths(X, descent.eigenvalues()[0]);
    if (interrupted()) return;
    for (const Path& p : now) {
      if (p.name == "Adam") {
        adam_distance.push_back(p.distance);
        adam_error.push_back(p.error);
      } else {
        spans.push_back(p.outside.back());
        ends.push_back(p.distance);
      }
    }
    if (paths.empty()) paths = now;
    progress.update(static_cast<double>(errors.size()) /
                    static_cast<double>(sizes.size() * program.seeds().size()));
  }
  draw_approach(program, shown);
  draw_paths(program, paths);

  const auto worst = [](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); };
  const std::string over = "d, n = 10, 3; 50, 10; 100, 30";
  program.claim(exact_claim("A, closed form",
                            "A_t = I - (I - gamma S)^t: largest error of an entry over t = 0, ..., 2000.",
                            "exact", errors, at_most(1e-11), "", over + "; gamma = .9 / lambda_1"));
  program.claim(exact_claim("A, limit", "A_t converges to the projection onto the span of the examples.",
                            "exact", limits, at_most(1e-12), "",
                            text("largest error of an entry after the ", number(median(steps_needed)),
                                 " steps (median) that the closed form gives for 1e-14")));
  program.claim(exact_claim("A, range of gamma (corrected)",
                            "Every gamma < 2 / lambda_1 converges: |A_t - P| after 4000 steps for gamma "
                            "lambda_1 = .9, 1, 1.5, 1.99.",
                            "gamma < 1 / lambda_1", inside, at_most(1e-11), "",
                            "the paper's range is sufficient, half of the exact one; d = 20, n = 5"));
  program.claim(exact_claim("A, range of gamma, its end",
                            "gamma lambda_1 = 2.01 diverges: |A_t - P| after 4000 "
                            "steps.",
                            no_paper, diverged, at_least(1e6)));
  program.claim(counted(
      contested_claim("A, r eigenvectors (as printed)",
                      "A_t = I - Q (I - gamma Lambda)^t Q' with r = rank(S) eigenvalues: error after "
                      "convergence.",
                      "exact", thin, at_most(1e-11), Band{0.999, 1.001}, "",
                      "Q must hold all d eigenvectors; with r of them the formula ends at I, not P")));
  program.claim(exact_claim("A, momentum and stochastic descent",
                            "Heavy ball, Nesterov and stochastic descent stay in the span: |A (I - P)|.",
                            "stays", spans, at_most(1e-11), "",
                            text("and end at the projection within ", number(worst(ends)), " of |P|")));
  program.claim(
      contested_claim("A, Adam", "Adam finds the minimum-norm solution, too: |A - P| / |P|.",
                      "regardless of the algorithm (I.2)", adam_distance, at_most(1e-6), Band{0.3, 1.2}, "",
                      text("it interpolates, max |A X - X| = ", summary(adam_error), ", by another matrix")));
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("appendix_a", "Appendix A: linear autoencoders by gradient descent",
                     {.quick = 2, .full = 5}, argc, argv, body);
}
