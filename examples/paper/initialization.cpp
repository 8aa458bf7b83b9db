// Supplement I.2 of the paper: what gradient descent on a linear autoencoder keeps of its initial values.
// Page: docs/paper/initialization.md.
#include <algorithm>
#include <cmath>
#include <string>
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
#include "support/median_line.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index d = 20, n = 3;
const std::vector<double> scales = {1e-3, 1e-2, 0.1, 1, 10};  // standard deviation of the entries of A_0

// The study: trains, measures.

template <class O>
Mat<double> trained(const Mat<double>& X, const Mat<double>& A_0, O optimizer, FitOptions options) {
  Model model(Dense<double>(d, d, false), Vec<double>(A_0.reshaped()));
  options.cancelled = interrupted;
  (void)fit(model, X, optimizer, options, HalfSumOfSquares{});
  return model.theta.reshaped(d, d);
}

/// One start A_0, trained by gradient descent.
struct Run {
  double scale;
  Vec<double> sigma;            // singular values of the solution
  SingularValueBounds bounds;   // and theirs
  double formula_error, slack;  // |A - (P + A_0 (I - P))|, the least distance below Weyl's bound
  double sharp_slack;           // the same within our two bounds
  double kept;                  // |(A - A_0)(I - P)| / |A_0 (I - P)|: change of the orthogonal part
  double distance;              // |A - P| / |P|
};

Run run(const Mat<double>& X, double scale, Random& random) {
  const Mat<double> A_0 = normal_starts<double>(d, d, random, 0, scale);
  const LinearDescent descent(X);
  const FitOptions options{.max_epochs = descent.steps(descent.rate_limit() / 2, 1e-15)};
  const GradientDescent<double> optimizer({.learning_rate = descent.rate_limit() / 2});
  const Mat<double> A = trained(X, A_0, optimizer, options);
  const Mat<double> N = descent.outside(A_0);
  Run r{scale, singular_values(A), descent.singular_value_bounds(A_0), 0, 0, 0, 0, 0};
  r.formula_error = (A - descent.limit(A_0)).cwiseAbs().maxCoeff() / std::max(1., scale);
  r.slack = (r.bounds.weyl - r.sigma).minCoeff();
  r.sharp_slack = std::min((r.bounds.upper - r.sigma).minCoeff(), (r.sigma - r.bounds.lower).minCoeff());
  r.kept = descent.outside(A - A_0).norm() / N.norm();
  r.distance = projection_distance(A, X);
  return r;
}

/// How much of the orthogonal part of A_0 an optimizer changes, |(A - A_0)(I - P)| / |A_0 (I - P)|.
struct Change {
  double momentum, stochastic, adam, adam_error;
};

Change change(const Mat<double>& X, Random& random) {
  const Mat<double> A_0 = normal_starts<double>(d, d, random, 0, 0.1);
  const LinearDescent descent(X);
  const double gamma = descent.rate_limit() / 2;
  FitOptions plain{.max_epochs = 3000}, batches = plain, decayed{.max_epochs = 6000};
  batches.batch_size = 1;
  decayed.schedule = schedule::step_decay(150, 0.7);
  const auto relative = [&](const Mat<double>& A) {
    return descent.outside(A - A_0).norm() / descent.outside(A_0).norm();
  };
  const Mat<double> adam = trained(X, A_0, Adam<double>({.learning_rate = 0.01}), decayed);
  return {
      relative(trained(X, A_0, GradientDescent<double>({.learning_rate = gamma, .momentum = 0.9}), plain)),
      relative(trained(X, A_0, GradientDescent<double>({.learning_rate = gamma}), batches)), relative(adam),
      (adam * X - X).cwiseAbs().maxCoeff()};
}

/// All scales and seeds.
struct Study {
  std::vector<std::vector<Run>> runs;  // of each scale, one for each seed
  std::vector<Change> changes;         // one for each seed
};

Study study(const Program& program) {
  Study s{.runs = std::vector<std::vector<Run>>(scales.size()), .changes = {}};
  Progress progress("Supplement I.2");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    const Mat<double> X = normal_starts<double>(d, n, random);
    for (std::size_t k = 0; k < scales.size(); ++k) s.runs[k].push_back(run(X, scales[k], random));
    s.changes.push_back(change(X, random));
    if (interrupted()) break;
    progress.update(static_cast<double>(s.changes.size()) / static_cast<double>(program.seeds().size()));
  }
  return s;
}

// The claims.

/// |A - P| / |P| of each of the runs.
std::vector<double> distances(const std::vector<Run>& runs) {
  return of_each(runs, [](const Run& r) { return r.distance; });
}

void claim_limit(Program& program, const std::vector<std::vector<Run>>& runs) {
  std::vector<Run> all;
  for (const std::vector<Run>& of_scale : runs) all.insert(all.end(), of_scale.begin(), of_scale.end());
  const auto of = [&](double Run::*what) { return of_each(all, [&](const Run& r) { return r.*what; }); };
  const std::string over = "initial values of scale 1e-3, 1e-2, .1, 1, 10; d = 20, n = 3";
  program.claim(exact_claim("I.2, limit",
                            "From A_0, A_t converges to P + A_0 (I - P): largest error of an entry.", "exact",
                            of(&Run::formula_error), at_most(1e-11), "", over));
  program.claim(exact_claim(
      "I.2, bound", "sigma_i(A) <= sigma_i(P) + sigma_1(A_0) for all i: smallest difference of the sides.",
      "at least 0", of(&Run::slack), at_least(0), "", over));
  program.claim(
      exact_claim("I.2, bounds from both sides (added)",
                  "max(sigma_i(P), sigma_i(N)) <= sigma_i(A) <= sqrt(sigma_i(P)^2 + sigma_1(N)^2), N = "
                  "A_0 (I - P): smallest difference.",
                  no_paper, of(&Run::sharp_slack), at_least(-1e-11), "",
                  text("so the n-th singular value is never below 1: smallest seen ",
                       number(smallest_of(of_each(all, [](const Run& r) { return r.sigma[n - 1]; })), 4))));
  program.claim(exact_claim("I.2, gradient descent",
                            "The part of A_0 orthogonal to the examples is preserved: its relative change.",
                            "none", of(&Run::kept), at_most(1e-10), "", over));
}

/// What other optimizers keep.
void claim_optimizers(Program& program, const std::vector<Change>& changes) {
  std::vector<double> others = of_each(changes, [](const Change& c) { return c.momentum; });
  for (const Change& c : changes) others.push_back(c.stochastic);
  program.claim(
      exact_claim("I.2, momentum and stochastic descent",
                  "It is preserved by momentum and by stochastic descent, too (initial values of scale .1).",
                  "none", others, at_most(1e-10)));
  program.claim(contested_claim(
      "I.2, Adam",
      "It is preserved \"regardless of the gradient descent algorithm used\": its relative "
      "change by Adam.",
      "none", of_each(changes, [](const Change& c) { return c.adam; }), at_most(1e-6), Band{0.2, 5}, "",
      text("Adam interpolates all the same: max |A X - X| = ",
           summary(of_each(changes, [](const Change& c) { return c.adam_error; })))));
}

void claim_sizes(Program& program, const std::vector<std::vector<Run>>& runs) {
  program.claim(
      median_claim("I.2, small initial values",
                   "Small initial values (1e-3) leave a solution dominated by the projection: |A - P| / |P|.",
                   "memorization is present", distances(runs.front()), at_most(0.02)));
  program.claim(median_claim("I.2, large initial values",
                             "Large ones (10) dominate the solution: |A - P| / |P|.", "noisy memorization",
                             distances(runs.back()), at_least(50)));
}

// The pictures.

void draw_singular_values(Program& program, const std::vector<std::vector<Run>>& all) {
  LinePlot plot{.title = "Singular values of the solution and their bound, d = 20, n = 3",
                .x_label = "index i",
                .y_label = "singular value",
                .series = {},
                .log_y = true};
  std::vector<Run> runs;  // of each scale, with the first seed
  for (const std::vector<Run>& of_scale : all) runs.push_back(of_scale.front());
  std::vector<double> index;
  for (Index i = 1; i <= d; ++i) index.push_back(static_cast<double>(i));
  const auto values = [](const Vec<double>& v) { return std::vector<double>(v.begin(), v.end()); };
  for (const Run& r : runs)
    plot.series.push_back({text("initial values N(0, ", number(r.scale), "^2)"), index, values(r.sigma),
                           Series::Style::points});
  Series weyl{"Weyl's bound", {}, {}};
  for (const Run& r : runs) {
    for (Index i = 0; i < d; ++i) {
      weyl.x.push_back(static_cast<double>(i + 1));
      weyl.y.push_back(r.bounds.weyl[i]);
    }
    weyl.x.push_back(std::nan(""));  // a gap between two curves
    weyl.y.push_back(std::nan(""));
  }
  plot.series.push_back(weyl);
  program.draw(
      plot, "initialization_singular_values.png",
      "The n = 3 singular values of memorization stay at 1 or above; the others are those of the part "
      "of A_0 orthogonal to the examples, which training never touches. The lines are sigma_i(P) "
      "+ sigma_1(A_0).");
}

void draw_distances(Program& program, const std::vector<std::vector<Run>>& all) {
  LinePlot plot{.title = "Noisy memorization: distance of the solution from the projection",
                .x_label = "standard deviation of the initial values",
                .y_label = "|A - P| / |P|, Frobenius norm",
                .series = {},
                .log_x = true,
                .log_y = true,
                .horizontal = {{1, "as large as the projection"}}};
  Series measured = median_line("median over seeds");
  for (std::size_t k = 0; k < scales.size(); ++k) add_median(measured, scales[k], distances(all[k]));
  plot.series.push_back(measured);
  program.draw(plot, "initialization_distance.png",
               "The distance grows in proportion to the initial values: |A_0 (I - P)| / |P|.");
}

void body(Program& program) {
  const Study s = study(program);
  if (interrupted()) return;
  draw_singular_values(program, s.runs);
  draw_distances(program, s.runs);
  claim_limit(program, s.runs);
  claim_optimizers(program, s.changes);
  claim_sizes(program, s.runs);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("initialization", "Supplement I.2: what is left of the initial values",
                     {.quick = 5, .full = 20}, argc, argv, body);
}
