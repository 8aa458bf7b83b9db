// Theorem 3 of the paper: two-layer ReLU autoencoders with a random, fixed first layer. One example exactly
// (eigenvalue, limit, rate, skewed laws); several examples against the infinite-width limit, where the
// theorem's assumption (b) fails.
// Page: docs/paper/theorem_3.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/theory/arc_cosine.hpp"
#include "basin/theory/random_features.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index dimensions = 10;

// The study: trains, measures.

/// W2, trained from 0 by the library's `fit` on the features H of X.
Mat<double> trained_weights(const Mat<double>& H, const Mat<double>& X) {
  const Index d = X.rows(), k = H.rows();
  const double rate = 1 / spectral_radius(Mat<double>(H.transpose() * H));
  Model second(Dense<double>(k, d, false), Vec<double>(Vec<double>::Zero(k * d)));
  GradientDescent<double> descent({.learning_rate = rate});
  FitOptions options{.max_epochs = 20000, .loss_below = 1e-28};
  options.cancelled = interrupted;
  (void)fit(second, H, X, descent, options, HalfSumOfSquares{});
  return second.layer.weight(second.theta);
}

/// Gradient descent against the formulas, at width 2000; one number for each seed.
struct Descent {
  std::vector<double> eigenvalue;  // |lambda - (1 - h.b / |h|^2)| at one example
  std::vector<double> others;      // the largest of the other eigenvalues there
  std::vector<double> weights;     // the largest entry of W2 - X H^+ with four examples
};

Descent train_second_layers(const std::vector<std::uint64_t>& seeds) {
  constexpr Index k = 2000;
  Descent result;
  for (const std::uint64_t seed : seeds) {
    if (interrupted()) break;
    Random random(seed);
    const RandomFeatures h = random_features(dimensions, k, weight_law::normal(), random);
    Mat<double> x = normal_starts<double>(dimensions, 1, random);
    x *= 2 / x.norm();
    const auto values = eigenvalues(jacobian(random_features_net(h, trained_weights(h(x), x)), x.col(0)));
    result.eigenvalue.push_back(std::abs(values[0].real() - one_example_eigenvalue(h, x.col(0))));
    result.others.push_back(std::abs(values[1]));

    const RandomFeatures g = random_features(dimensions, k, weight_law::normal(), random);
    const Mat<double> X = normal_starts<double>(dimensions, 4, random);
    result.weights.push_back((trained_weights(g(X), X) - minimum_norm_weights(g, X)).cwiseAbs().maxCoeff());
  }
  return result;
}

/// The eigenvalue of one example of one norm, over random first layers of one width.
struct OneExample {
  double norm = 0;
  Index width = 0;
  std::vector<double> values = {};

  /// The distance from the limit, root mean square.
  double rms() const {
    double squares = 0;
    for (const double v : values)
      squares += std::pow(v - one_example_limit(norm), 2) / static_cast<double>(values.size());
    return std::sqrt(squares);
  }
  double predicted_rms() const { return one_example_deviation(norm) / std::sqrt(static_cast<double>(width)); }
  /// How often it is not stable.
  double unstable() const {
    double share = 0;
    for (const double v : values) share += v >= 1 ? 1. / static_cast<double>(values.size()) : 0;
    return share;
  }
  double predicted_unstable() const { return one_example_unstable_probability(norm, width); }
  /// Their difference in standard errors.
  double surprise() const {
    const double p = predicted_unstable();
    return std::abs(unstable() - p) /
           std::sqrt(std::max(p * (1 - p), 1e-3) / static_cast<double>(values.size()));
  }
};

const std::vector<double> norms = {1, 3, 10};

/// All widths, from the smallest, for each of the norms.
std::vector<std::vector<OneExample>> one_example(const Program& program) {
  std::vector<Index> widths = {30, 100, 300, 1000, 3000, 10000};
  if (program.full()) widths.push_back(100000);
  const Index draws = program.full() ? 500 : 300;
  std::vector<std::vector<OneExample>> all(norms.size());
  Progress progress("widths");
  for (std::size_t m = 0; m < norms.size(); ++m) {
    Random random(program.seeds().front() + 100 * static_cast<std::uint64_t>(norms[m]));
    for (const Index k : widths) {
      OneExample one{.norm = norms[m], .width = k};
      for (Index i = 0; i < draws; ++i) {
        if (interrupted()) return all;
        const Vec<double> x = norms[m] * normal_starts<double>(dimensions, 1, random).normalized();
        one.values.push_back(
            one_example_eigenvalue(random_features(dimensions, k, weight_law::normal(), random), x));
      }
      all[m].push_back(std::move(one));
      progress.update(static_cast<double>(m * widths.size() + all[m].size()) /
                      static_cast<double>(norms.size() * widths.size()));
    }
  }
  return all;
}

/// The eigenvalue of an example of norm 1 with weights of one law.
struct Law {
  const char* name;  // for the claims
  WeightLaw law;
  double limit_at_minus_one;                 // exactly, in one dimension
  double at_minus_one = 0, at_diagonal = 0;  // measured at x = -1 and at (1, ..., 1) / sqrt(10)
  bool symmetric() const { return limit_at_minus_one == 0.5; }
};

/// Laws of zero mean that are not symmetric have other limits, which depend on the direction of x.
std::vector<Law> skewed_laws(Index width, std::uint64_t seed) {
  std::vector<Law> laws = {
      {"normal", weight_law::normal(), 0.5},
      {"uniform", weight_law::uniform(), 0.5},
      {"exponential - 1", weight_law::centred_exponential(), 0.25},
      {"two points, p = .1", weight_law::two_point(0.1), 0.1},
      {"two points, p = .1, mirrored", weight_law::mirrored(weight_law::two_point(0.1)), 0.9}};
  const Vec<double> minus = -Vec<double>::Ones(1),
                    diagonal = Vec<double>::Ones(dimensions) / std::sqrt(static_cast<double>(dimensions));
  for (Law& law : laws) {
    if (interrupted()) break;
    Random random(seed);
    law.at_minus_one = one_example_eigenvalue(random_features(1, width, law.law, random), minus);
    law.at_diagonal = one_example_eigenvalue(random_features(dimensions, width, law.law, random), diagonal);
  }
  return laws;
}

/// Spectral radii at the examples in the infinite-width limit.
std::vector<double> radii(const Model<InfiniteWidth>& f) {
  std::vector<double> rho;
  for (Index i = 0; i < f.layer.examples().cols(); ++i)
    rho.push_back(spectral_radius(jacobian(f, f.layer.examples().col(i))));
  return rho;
}
Index stable(const std::vector<double>& rho) {
  return std::count_if(rho.begin(), rho.end(), [](double r) { return r < 1; });
}

/// Several examples at infinite width.
struct Several {
  std::vector<double> radii = {};
  double error = 0;   // of interpolation
  double cosine = 1;  // the smallest between the features of two examples
  Index agree = 0;    // examples as stable in a trained network as in the limit; where one was trained
  Mat<double> X = {};
};

constexpr Index examples = 10;

Several several_in_the_limit(Index d, Random& random) {
  Several s{.X = normal_starts<double>(d, examples, random)};
  const Model<InfiniteWidth> f = infinite_width(s.X);
  s.radii = radii(f);
  s.error = (f(s.X) - s.X).cwiseAbs().maxCoeff();
  const Mat<double> K = f.layer.kernel_matrix();
  for (Index i = 0; i < examples; ++i)
    for (Index j = 0; j < i; ++j) s.cosine = std::min(s.cosine, K(i, j) / std::sqrt(K(i, i) * K(j, j)));
  return s;
}

/// In how many examples a network of width k is stable, or not, as the limit is.
Index agreement(const Several& s, Index k, Random& random) {
  const RandomFeatures h = random_features(s.X.rows(), k, weight_law::normal(), random);
  const auto trained = random_features_net(h, minimum_norm_weights(h, s.X));
  Index same = 0;
  for (Index i = 0; i < examples; ++i)
    same +=
        (spectral_radius(jacobian(trained, s.X.col(i))) < 1) == (s.radii[static_cast<std::size_t>(i)] < 1);
  return same;
}

/// Draws of ten examples of N(0, I_d), one for each seed.
struct Crowd {
  Index d;
  std::vector<Several> draws = {};
  /// Spectral radii at the examples of all draws.
  std::vector<double> all_radii() const {
    std::vector<double> all;
    for (const Several& s : draws) all.insert(all.end(), s.radii.begin(), s.radii.end());
    return all;
  }
};

Index width_of_agreement(const Program& program) { return program.full() ? 100000 : 20000; }

/// In 3, 10 and 50 dimensions; networks are trained in 3.
std::vector<Crowd> several_examples(const Program& program) {
  std::vector<Crowd> all = {{3}, {10}, {50}};
  for (Crowd& crowd : all)
    for (const std::uint64_t seed : program.seeds()) {
      if (interrupted()) return all;
      Random random(seed);
      crowd.draws.push_back(several_in_the_limit(crowd.d, random));
      if (crowd.d == 3)
        crowd.draws.back().agree = agreement(crowd.draws.back(), width_of_agreement(program), random);
    }
  return all;
}

/// Spectral radii at n orthonormal examples of 20 dimensions.
struct Orthonormal {
  Index n;
  std::vector<double> radii;
};
std::vector<Orthonormal> orthonormal_examples() {
  std::vector<Orthonormal> all;
  for (const Index n : {1, 2, 5, 10}) all.push_back({n, radii(infinite_width(Mat<double>::Identity(20, n)))});
  return all;
}

/// Networks of one width, trained on five examples, against the limit.
struct FiniteWidth {
  Index width = 0;
  double outputs = 0, jacobian = 0, radius = 0;  // rms differences; of outputs and Jacobian relative
  std::vector<double> error = {};                // of interpolation
  std::vector<double> printed_error = {};        // the smallest |f(x_i) - x_i| with the printed weights
};

/// What networks of finite width are compared with.
struct Limit {
  Mat<double> X, at;  // the examples and new points
  Mat<double> y, J;   // outputs at these, Jacobian at the first example
  double radius;      // of J
};
Limit limit_to_compare(Random& random) {
  Limit l{.X = normal_starts<double>(dimensions, 5, random), .at = {}, .y = {}, .J = {}, .radius = 0};
  l.at = normal_starts<double>(dimensions, 20, random);
  const Model<InfiniteWidth> f = infinite_width(l.X);
  l.y = f(l.at);
  l.J = jacobian(f, l.X.col(0));
  l.radius = spectral_radius(l.J);
  return l;
}

/// `with_printed`: with the weights that the paper prints, too.
FiniteWidth compare(const Limit& l, Index width, Index draws, bool with_printed, Random& random) {
  FiniteWidth r{.width = width};
  const double share = 1. / static_cast<double>(draws);
  for (Index i = 0; i < draws && !interrupted(); ++i) {
    const RandomFeatures h = random_features(dimensions, width, weight_law::normal(), random);
    const auto f = random_features_net(h, minimum_norm_weights(h, l.X));
    const Mat<double> J = jacobian(f, l.X.col(0));
    r.outputs += (f(l.at) - l.y).squaredNorm() / l.y.squaredNorm() * share;
    r.jacobian += (J - l.J).squaredNorm() / l.J.squaredNorm() * share;
    r.radius += std::pow(spectral_radius(J) - l.radius, 2) * share;
    r.error.push_back((f(l.X) - l.X).cwiseAbs().maxCoeff());
    if (!with_printed) continue;
    const Mat<double> error = random_features_net(h, orthogonal_features_weights(h, l.X))(l.X) - l.X;
    r.printed_error.push_back(error.colwise().norm().minCoeff());
  }
  for (double* mean : {&r.outputs, &r.jacobian, &r.radius}) *mean = std::sqrt(*mean);
  return r;
}

/// All widths, from the smallest; the norm of the examples.
struct FiniteWidths {
  std::vector<FiniteWidth> widths;
  double norm;
};

FiniteWidths finite_width(const Program& program) {
  std::vector<Index> widths = {300, 1000, 3000, 10000};
  if (program.full()) widths.insert(widths.end(), {30000, 100000});
  Random random(program.seeds().front() + 5);
  const Limit limit = limit_to_compare(random);
  FiniteWidths all{.widths = {}, .norm = mean_norm(limit.X)};
  Progress progress("finite widths");
  for (const Index k : widths) {
    all.widths.push_back(compare(limit, k, program.full() ? 60 : 40, k == widths.back(), random));
    if (interrupted()) break;
    progress.update(static_cast<double>(all.widths.size()) / static_cast<double>(widths.size()));
  }
  return all;
}

// The claims.

/// The slope of the least squares line through (log width, log y).
template <class Runs, class Get>
double exponent(const Runs& runs, const Get& y) {
  return fit_line(of_each(runs, [](const auto& r) { return std::log(r.width); }),
                  of_each(runs, [&](const auto& r) { return std::log(y(r)); }))
      .slope;
}

void claim_descent(Program& program, const Descent& descent) {
  program.claim(median_claim("one example, eigenvalue",
                             "The network trained by gradient descent on W2 has the eigenvalue 1 - h.b / "
                             "|h|^2 at its example (error; width 2000).",
                             "its limit", descent.eigenvalue, at_most(1e-11)));
  program.claim(median_claim("one example, rank one", "All other eigenvalues are 0 (largest).", "0",
                             descent.others, at_most(1e-11)));
  program.claim(median_claim("four examples, minimum norm",
                             "Gradient descent on W2 from 0 finds X H^+ (largest difference of an entry).",
                             "stated", descent.weights, at_most(1e-11)));
}

/// The rate k^(-1/2), its constant, and the limit.
void claim_rate(Program& program, const std::vector<std::vector<OneExample>>& all) {
  std::vector<double> slopes, constants, limits;
  for (const std::vector<OneExample>& of_norm : all) {
    slopes.push_back(exponent(of_norm, [](const OneExample& e) { return e.rms(); }));
    const OneExample& widest = of_norm.back();
    constants.push_back(std::abs(widest.rms() / widest.predicted_rms() - 1));
    limits.push_back(std::abs(median(widest.values) - one_example_limit(widest.norm)) *
                     std::sqrt(static_cast<double>(widest.width)) / one_example_deviation(widest.norm));
  }
  program.claim(yes_no_claim(
      "one example, rate", "The rms distance from the limit falls like k^(-1/2): fitted exponents.",
      "none given",
      text(number(slopes[0]), ", ", number(slopes[1]), ", ", number(slopes[2]), " for |x| = 1, 3, 10"),
      smallest_of(slopes) > -0.6 && largest_of(slopes) < -0.4, "between -0.6 and -0.4"));
  program.claim(
      median_claim("one example, constant",
                   "rms distance at the largest width against sqrt(2) |x| / (|x|^2 + 1) / sqrt(k): "
                   "largest relative difference.",
                   "none given", {largest_of(constants)}, at_most(0.25), "",
                   text("for |x| = 1, 3, 10; ", all.front().front().values.size(), " first layers each")));
  program.claim(median_claim(
      "one example, limit",
      "|median - |x|^2 / (|x|^2 + 1)| at the largest width, in standard deviations of one draw (largest).",
      "0", {largest_of(limits)}, at_most(0.6)));
}

/// How often lambda >= 1.
void claim_unstable(Program& program, const std::vector<std::vector<OneExample>>& all) {
  double surprise = 0;
  for (const std::vector<OneExample>& of_norm : all)
    for (const OneExample& e : of_norm) surprise = std::max(surprise, e.surprise());
  const auto percent = [](Index k) { return number(100 * one_example_unstable_probability(10, k)); };
  program.claim(yes_no_claim(
      "one example, P(lambda >= 1)",
      "How often the example is unstable agrees with Student's law at every width and norm.", "none given",
      text("largest difference ", number(surprise), " standard errors; |x| = 10: ", percent(10),
           "% at k = 10, ", percent(100), "% at 100, ", percent(1000), "% at 1000"),
      surprise < 5));
}

void claim_laws(Program& program, const std::vector<Law>& laws, Index width) {
  double off = 0, error = 0, most = 0;
  std::string each;
  for (const Law& law : laws) {
    error = std::max(
        error, std::abs(law.at_minus_one - law.limit_at_minus_one) * std::sqrt(static_cast<double>(width)));
    most = std::max({most, law.at_minus_one, law.at_diagonal});
    if (law.symmetric())
      off = std::max({off, std::abs(law.at_minus_one - 0.5), std::abs(law.at_diagonal - 0.5)});
    each += text(each.empty() ? "" : "; ", law.name, " ", number(law.at_minus_one), ", ",
                 number(law.at_diagonal));
  }
  program.claim(median_claim(
      "symmetric laws",
      "Normal and uniform weights, |x| = 1: distance from the limit |x|^2 / (|x|^2 + 1) = 1/2 (largest).",
      "0", {off}, at_most(0.02)));
  program.claim(contested_claim(
      "zero mean, as printed",
      "Weights of zero mean and finite second moment suffice for that limit: exponential minus 1, x = -1.",
      "0.5", {laws[2].at_minus_one}, {0.48, 0.52}, {0.23, 0.27}, "",
      text("exactly 1/4. For x = -1 and for (1, ..., 1) / sqrt(10): ", each)));
  program.claim(
      median_claim("skewed laws, corrected",
                   "Exact limits at x = -1: 1/2, 1/2, 1/4, p and 1 - p; largest error times sqrt(k).",
                   no_paper, {error}, at_most(6)));
  program.claim(median_claim("zero mean, one example",
                             "The eigenvalue stays below 1 for any law of zero mean (largest).", "below 1",
                             {most}, at_most(0.95)));
}

/// How many of the ten examples are stable in each draw.
std::vector<double> stable_examples(const Crowd& crowd) {
  return of_each(crowd.draws, [](const Several& s) { return stable(s.radii); });
}

void claim_crowds(Program& program, const std::vector<Crowd>& crowds) {
  const Crowd &in_3 = crowds[0], &in_50 = crowds[2];
  double error = 0;
  for (const Crowd& crowd : crowds)
    for (const Several& s : crowd.draws) error = std::max(error, s.error);
  program.claim(contested_claim("assumption (b), as printed",
                                "Features of different examples are orthogonal almost surely: smallest "
                                "cosine between two of ten examples of N(0, I_3) in the limit.",
                                "0", of_each(in_3.draws, [](const Several& s) { return s.cosine; }),
                                at_most(1e-3), at_least(0.02), "",
                                "arc-cosine kernel of (x, 1): always positive"));
  program.claim(median_claim("infinite width, interpolation", "X K^-1 k(x) interpolates (largest error).",
                             no_paper, {error}, at_most(1e-9)));
  program.claim(contested_claim("all examples stable, as printed: N(0, I_3)",
                                "As k grows all training examples are stable: ten examples of N(0, I_3).",
                                "10 of 10", stable_examples(in_3), at_least(10), {1, 8}, " of 10",
                                text("largest radius ", number(largest_of(in_3.all_radii()), 4))));
  program.claim(median_claim("trained networks agree",
                             text("A network of width ", width_of_agreement(program),
                                  " trained on them (X H^+) has the same examples stable."),
                             no_paper, of_each(in_3.draws, [](const Several& s) { return s.agree; }),
                             at_least(7), " of 10"));
  program.claim(median_claim("all examples stable: N(0, I_50)", "The same for ten examples of N(0, I_50).",
                             "10 of 10", stable_examples(in_50), at_least(10), " of 10",
                             text("radii from ", number(smallest_of(in_50.all_radii()), 4), " to ",
                                  number(largest_of(in_50.all_radii()), 4),
                                  "; N(0, I_10): ", summary(stable_examples(crowds[1]), " of 10"))));
}

void claim_orthonormal(Program& program, const std::vector<Orthonormal>& all) {
  std::string each;
  std::vector<double> five;
  for (const Orthonormal& o : all) {
    each += text(each.empty() ? "" : ", ", number(o.radii[0], 4), " for n = ", o.n);
    if (o.n == 5) five = o.radii;
  }
  program.claim(
      contested_claim("orthonormal examples, as printed",
                      "With n = 5 orthonormal examples of 20 dimensions the radius is |x|^2 / (|x|^2 + 1).",
                      "0.5", {median(five)}, {0.49, 0.51}, {0.9146, 0.9148}, "", text("exact: ", each)));
}

void claim_finite_width(Program& program, const FiniteWidths& all) {
  const double a = exponent(all.widths, [](const FiniteWidth&r) { return r.outputs; }),
               b = exponent(all.widths, [](const FiniteWidth&r) { return r.jacobian; }),
               c = exponent(all.widths, [](const FiniteWidth&r) { return r.radius; });
  program.claim(
      yes_no_claim("several examples, rate",
                   "Trained networks (X H^+) come to X K^-1 k(x) like k^(-1/2): fitted exponents.", no_paper,
                   text("f ", number(a), ", Jacobian ", number(b), ", spectral radius ", number(c)),
                   std::max({a, b, c}) < -0.35 && std::min({a, b, c}) > -0.65, "between -0.65 and -0.35"));
  const std::vector<double> errors =
      of_each(all.widths, [](const FiniteWidth& r) { return largest_of(r.error); });
  program.claim(median_claim("minimum-norm weights interpolate", "X H^+ interpolates (largest error).",
                             no_paper, {largest_of(errors)}, at_most(1e-9)));
  const FiniteWidth& widest = all.widths.back();
  program.claim(contested_claim(
      "printed weights interpolate, as printed",
      "W2 = sum x_i h_i' / |h_i|^2 interpolates: smallest |f(x_i) - x_i| of the five examples.", "0",
      {smallest_of(widest.printed_error)}, at_most(1e-3), at_least(0.3), "",
      text("at width ", widest.width, "; examples have norm ", number(all.norm))));
}

// The pictures.

/// y(r) against the width of each run.
template <class Runs, class Get>
Series over_widths(const std::string& name, const Runs& runs, const Get& y, Series::Style style) {
  return {.name = name,
          .x = of_each(runs, [](const auto& r) { return r.width; }),
          .y = of_each(runs, y),
          .style = style};
}

/// In each norm's colour: points for what was measured, a line for what is exact.
template <class Measured, class Exact>
void add_pairs(LinePlot& plot, const std::vector<std::vector<OneExample>>& all, const std::string& measured,
               const Measured& m, const std::string& exact, const Exact& e) {
  for (std::size_t k = 0; k < all.size(); ++k) {
    const std::string norm = text("|x| = ", norms[k]);
    plot.series.push_back(over_widths(norm + measured, all[k], m, Series::Style::points));
    plot.series.back().color = k;
    plot.series.push_back(over_widths(norm + exact, all[k], e, Series::Style::line));
    plot.series.back().color = k;
  }
}

void draw_rate(Program& program, const std::vector<std::vector<OneExample>>& all) {
  LinePlot plot{.title = "One example: distance of the eigenvalue from its limit |x|^2 / (|x|^2 + 1)",
                .x_label = "width k",
                .y_label = "rms over random first layers",
                .series = {},
                .log_x = true,
                .log_y = true};
  add_pairs(
      plot, all, "", [](const OneExample& e) { return e.rms(); }, ", exact constant",
      [](const OneExample& e) { return e.predicted_rms(); });
  program.draw(plot, "theorem_3_rate.png",
               "The eigenvalue comes to its limit like k^(-1/2); the lines are sqrt(2) |x| / (|x|^2 + 1) / "
               "sqrt(k), not a fit.");
}

void draw_eigenvalues(Program& program, const std::vector<std::vector<OneExample>>& all) {
  LinePlot plot{.title = "One example: the eigenvalue, median and 5 % to 95 %",
                .x_label = "width k",
                .y_label = "eigenvalue",
                .series = {},
                .log_x = true,
                .horizontal = {{1, "stable below 1"}}};
  for (const std::vector<OneExample>& of_norm : all) {
    const auto at = [](double p) { return [p](const OneExample& e) { return quantile(e.values, p); }; };
    Series s =
        over_widths(text("|x| = ", of_norm.front().norm), of_norm, at(0.5), Series::Style::line_points);
    s.low = of_each(of_norm, at(0.05));
    s.high = of_each(of_norm, at(0.95));
    plot.series.push_back(std::move(s));
  }
  program.draw(plot, "theorem_3_eigenvalue.png",
               "The larger the example, the nearer its limit is to 1. Normal weights, 10 dimensions.");
}

void draw_unstable(Program& program, const std::vector<std::vector<OneExample>>& all) {
  LinePlot plot{.title = "One example: how often it is not stable",
                .x_label = "width k",
                .y_label = "fraction of first layers with eigenvalue >= 1",
                .series = {},
                .log_x = true};
  add_pairs(
      plot, all, ", measured", [](const OneExample& e) { return e.unstable(); }, ", exact",
      [](const OneExample& e) { return e.predicted_unstable(); });
  program.draw(plot, "theorem_3_unstable.png",
               "At finite width an example may be unstable: sqrt(k) must be large compared with |x|. Lines: "
               "exact, by Student's law.");
}

void draw_radii(Program& program, const std::vector<Crowd>& crowds) {
  Histogram histogram{.title = "Infinite width: spectral radii of the Jacobians at the examples",
                      .x_label = "spectral radius",
                      .y_label = "examples",
                      .groups = {},
                      .vertical = {{1, "stable below 1"}}};
  for (const Crowd& crowd : crowds)
    histogram.groups.push_back({text("N(0, I_", crowd.d, "), n = ", examples), crowd.all_radii()});
  program.draw(histogram, "theorem_3_radii.png",
               "The exact limit X K^-1 k(x). Crowded examples (ten in 3 or in 10 dimensions) are not all "
               "stable at any width.");
}

void draw_widths(Program& program, const std::vector<FiniteWidth>& widths) {
  constexpr auto style = Series::Style::line_points;
  program.draw(
      LinePlot{
          .title = "Five examples of N(0, I_10): trained networks against the infinite-width limit",
          .x_label = "width k",
          .y_label = "rms difference (f and Jacobian: relative)",
          .series = {over_widths(
                         "f(x) at 20 new points", widths, [](const auto& r) { return r.outputs; }, style),
                     over_widths(
                         "Jacobian at an example", widths, [](const auto& r) { return r.jacobian; }, style),
                     over_widths(
                         "its spectral radius", widths, [](const auto& r) { return r.radius; }, style)},
          .log_x = true,
          .log_y = true},
      "theorem_3_width.png", "The networks trained at width k come to X K^-1 k(x) like k^(-1/2).");
}

// Part after part, so that an interrupted run has what was finished.

void one_example_parts(Program& program) {
  const Descent descent = train_second_layers(program.seeds());
  if (interrupted()) return;
  claim_descent(program, descent);
  const std::vector<std::vector<OneExample>> one = one_example(program);
  if (interrupted()) return;
  claim_rate(program, one);
  claim_unstable(program, one);
  draw_rate(program, one);
  draw_eigenvalues(program, one);
  draw_unstable(program, one);
  const Index width = program.full() ? 1000000 : 100000;
  const std::vector<Law> laws = skewed_laws(width, program.seeds().front() + 7);
  if (!interrupted()) claim_laws(program, laws, width);
}

void several_examples_parts(Program& program) {
  const std::vector<Crowd> crowds = several_examples(program);
  if (interrupted()) return;
  claim_crowds(program, crowds);
  claim_orthonormal(program, orthonormal_examples());
  draw_radii(program, crowds);
  const FiniteWidths finite = finite_width(program);
  if (interrupted()) return;
  claim_finite_width(program, finite);
  draw_widths(program, finite.widths);
}

void body(Program& program) {
  one_example_parts(program);
  if (!interrupted()) several_examples_parts(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_3", "Theorem 3: wide two-layer autoencoders", {.quick = 5, .full = 20}, argc,
                     argv, body);
}
