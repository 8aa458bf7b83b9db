// Theorem 3 of the paper: two-layer ReLU autoencoders with a random, fixed first layer. One example exactly
// (eigenvalue, limit, rate, skewed laws); several examples against the infinite-width limit, where the
// theorem's assumption (b) fails.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "basin/core/statistics.hpp"
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

Mat<double> normal_points(Index d, Index n, Random& random) {
  Mat<double> X(d, n);
  for (double& x : X.reshaped()) x = random.normal();
  return X;
}
Vec<double> direction(Index d, Random& random) { return normal_points(d, 1, random).normalized(); }

/// The slope of the least squares line through (log x, log y).
double log_slope(const std::vector<double>& x, const std::vector<double>& y) {
  Mat<double> A(static_cast<Index>(x.size()), 2);
  Vec<double> b(A.rows());
  for (Index i = 0; i < A.rows(); ++i) {
    A.row(i) << 1, std::log(x[static_cast<std::size_t>(i)]);
    b[i] = std::log(y[static_cast<std::size_t>(i)]);
  }
  return Eigen::CompleteOrthogonalDecomposition<Mat<double>>(A).solve(b)[1];
}

/// Gradient descent with the library's `fit` against the formulas, with one example and with four.
void trained(Program& program) {
  std::vector<double> formula, rank, weights;
  for (const std::uint64_t seed : program.seeds()) {
    if (interrupted()) return;
    Random random(seed);
    const Index d = 10, k = 2000;
    for (const Index n : {1, 4}) {
      const RandomFeatures h = random_features(d, k, weight_law::normal(), random);
      Mat<double> X = normal_points(d, n, random);
      if (n == 1) X *= 2 / X.norm();
      const Mat<double> H = h(X);
      const double rate = 1 / spectral_radius(Mat<double>(H.transpose() * H));
      Model second(Dense<double>(k, d, false), Vec<double>(Vec<double>::Zero(k * d)));
      GradientDescent<double> descent({.learning_rate = rate});
      FitOptions options{.max_epochs = 20000, .loss_below = 1e-28};
      options.cancelled = interrupted;
      (void)fit(second, H, X, descent, options, HalfSumOfSquares{});
      const Mat<double> W2 = second.layer.weight(second.theta);
      if (n == 1) {
        const auto values = eigenvalues(jacobian(random_features_net(h, W2), X.col(0)));
        formula.push_back(std::abs(values[0].real() - one_example_eigenvalue(h, X.col(0))));
        rank.push_back(std::abs(values[1]));
      } else {
        weights.push_back((W2 - minimum_norm_weights(h, X)).cwiseAbs().maxCoeff());
      }
    }
  }
  program.claim(median_claim("one example, eigenvalue",
                             "The network trained by gradient descent on W2 has the eigenvalue 1 - h.b / "
                             "|h|^2 at its example (error; width 2000).",
                             "its limit", formula, at_most(1e-11)));
  program.claim(median_claim("one example, rank one", "All other eigenvalues are 0 (largest).", "0", rank,
                             at_most(1e-11)));
  program.claim(median_claim("four examples, minimum norm",
                             "Gradient descent on W2 from 0 finds X H^+ (largest difference of an entry).",
                             "stated", weights, at_most(1e-11)));
}

/// One example at many widths: the limit, the rate k^(-1/2), and how often lambda >= 1.
void one_example(Program& program) {
  const std::vector<double> norms = {1, 3, 10};
  std::vector<Index> widths = {30, 100, 300, 1000, 3000, 10000};
  if (program.full()) widths.push_back(100000);
  const Index d = 10, draws = program.full() ? 500 : 300;
  LinePlot rate{.title = "One example: distance of the eigenvalue from its limit |x|^2 / (|x|^2 + 1)",
                .x_label = "width k",
                .y_label = "rms over random first layers",
                .series = {},
                .log_x = true,
                .log_y = true};
  LinePlot spread{.title = "One example: the eigenvalue, median and 5 % to 95 %",
                  .x_label = "width k",
                  .y_label = "eigenvalue",
                  .series = {},
                  .log_x = true,
                  .horizontal = {{1, "stable below 1"}}};
  LinePlot unstable{.title = "One example: how often it is not stable",
                    .x_label = "width k",
                    .y_label = "fraction of first layers with eigenvalue >= 1",
                    .series = {},
                    .log_x = true};
  std::vector<double> slopes, constants, limits, surprises;
  Progress progress("widths");
  for (std::size_t m = 0; m < norms.size(); ++m) {
    const double norm = norms[m];
    Series measured{.name = text("|x| = ", norm), .x = {}, .y = {}, .style = Series::Style::points};
    Series theory{.name = text("|x| = ", norm, ", exact constant"), .x = {}, .y = {}};
    Series quantiles{.name = text("|x| = ", norm), .x = {}, .y = {}, .style = Series::Style::line_points};
    Series frequency{
        .name = text("|x| = ", norm, ", measured"), .x = {}, .y = {}, .style = Series::Style::points};
    Series exact{.name = text("|x| = ", norm, ", exact"), .x = {}, .y = {}};
    for (Series* line : {&measured, &theory, &frequency, &exact}) line->color = m;
    Random random(program.seeds().front() + 100 * static_cast<std::uint64_t>(norm));
    for (std::size_t w = 0; w < widths.size(); ++w) {
      std::vector<double> values;
      double squares = 0, above = 0;
      for (Index i = 0; i < draws; ++i) {
        if (interrupted()) return;
        const Vec<double> x = norm * direction(d, random);
        values.push_back(
            one_example_eigenvalue(random_features(d, widths[w], weight_law::normal(), random), x));
        squares += std::pow(values.back() - one_example_limit(norm), 2) / static_cast<double>(draws);
        above += values.back() >= 1 ? 1. / static_cast<double>(draws) : 0;
      }
      const auto k = static_cast<double>(widths[w]);
      for (Series* s : {&measured, &theory, &quantiles, &frequency, &exact}) s->x.push_back(k);
      measured.y.push_back(std::sqrt(squares));
      theory.y.push_back(one_example_deviation(norm) / std::sqrt(k));
      quantiles.y.push_back(median(values));
      quantiles.low.push_back(quantile(values, 0.05));
      quantiles.high.push_back(quantile(values, 0.95));
      frequency.y.push_back(above);
      const double p = one_example_unstable_probability(norm, widths[w]);
      exact.y.push_back(p);
      surprises.push_back(std::abs(above - p) /
                          std::sqrt(std::max(p * (1 - p), 1e-3) / static_cast<double>(draws)));
      if (w + 1 == widths.size())
        limits.push_back(std::abs(median(values) - one_example_limit(norm)) * std::sqrt(k) /
                         one_example_deviation(norm));
      progress.update(static_cast<double>(m * widths.size() + w + 1) /
                      static_cast<double>(norms.size() * widths.size()));
    }
    slopes.push_back(log_slope(measured.x, measured.y));
    constants.push_back(measured.y.back() / theory.y.back());
    rate.series.push_back(measured);
    rate.series.push_back(theory);
    spread.series.push_back(quantiles);
    unstable.series.push_back(frequency);
    unstable.series.push_back(exact);
  }
  program.draw(rate, "theorem_3_rate.png",
               "The eigenvalue comes to its limit like k^(-1/2); the lines are sqrt(2) |x| / (|x|^2 + 1) / "
               "sqrt(k), not a fit.");
  program.draw(spread, "theorem_3_eigenvalue.png",
               "The larger the example, the nearer its limit is to 1. Normal weights, 10 dimensions.");
  program.draw(unstable, "theorem_3_unstable.png",
               "At finite width an example may be unstable: sqrt(k) must be large compared with |x|. Lines: "
               "exact, by Student's law.");
  const double largest_slope = *std::max_element(slopes.begin(), slopes.end());
  const double smallest_slope = *std::min_element(slopes.begin(), slopes.end());
  program.claim(yes_no_claim(
      "one example, rate", "The rms distance from the limit falls like k^(-1/2): fitted exponents.",
      "none given",
      text(number(slopes[0]), ", ", number(slopes[1]), ", ", number(slopes[2]), " for |x| = 1, 3, 10"),
      smallest_slope > -0.6 && largest_slope < -0.4, "between -0.6 and -0.4"));
  double off = 0;
  for (const double c : constants) off = std::max(off, std::abs(c - 1));
  program.claim(median_claim("one example, constant",
                             "rms distance at the largest width against sqrt(2) |x| / (|x|^2 + 1) / sqrt(k): "
                             "largest relative difference.",
                             "none given", {off}, at_most(0.25), "",
                             text("for |x| = 1, 3, 10; ", draws, " first layers each")));
  program.claim(median_claim(
      "one example, limit",
      "|median - |x|^2 / (|x|^2 + 1)| at the largest width, in standard deviations of one draw (largest).",
      "0", {*std::max_element(limits.begin(), limits.end())}, at_most(0.6)));
  program.claim(yes_no_claim(
      "one example, P(lambda >= 1)",
      "How often the example is unstable agrees with Student's law at every width and norm.", "none given",
      text("largest difference ", number(*std::max_element(surprises.begin(), surprises.end())),
           " standard errors; |x| = 10: ", number(100 * one_example_unstable_probability(10, 10)),
           "% at k = 10, ", number(100 * one_example_unstable_probability(10, 100)), "% at 100, ",
           number(100 * one_example_unstable_probability(10, 1000)), "% at 1000"),
      *std::max_element(surprises.begin(), surprises.end()) < 5));
}

/// Laws of zero mean that are not symmetric have other limits, which depend on the direction of x.
void skewed_laws(Program& program) {
  const Index k = program.full() ? 1000000 : 100000, d = 10;
  struct Law {
    std::string name;
    WeightLaw law;
    double minus_one;  // the limit at x = -1 in one dimension
  };
  const std::vector<Law> laws = {
      {"normal", weight_law::normal(), 0.5},
      {"uniform", weight_law::uniform(), 0.5},
      {"exponential - 1", weight_law::centred_exponential(), 0.25},
      {"two points, p = .1", weight_law::two_point(0.1), 0.1},
      {"two points, p = .1, mirrored", weight_law::mirrored(weight_law::two_point(0.1)), 0.9}};
  std::vector<double> symmetric, exponential, all;
  std::string even;
  double error = 0;
  for (const Law& law : laws) {
    if (interrupted()) return;
    Random random(program.seeds().front() + 7);
    const Vec<double> minus = -Vec<double>::Ones(1),
                      diagonal = Vec<double>::Ones(d) / std::sqrt(static_cast<double>(d));
    const double at_minus = one_example_eigenvalue(random_features(1, k, law.law, random), minus);
    const double at_diagonal = one_example_eigenvalue(random_features(d, k, law.law, random), diagonal);
    error = std::max(error, std::abs(at_minus - law.minus_one) * std::sqrt(static_cast<double>(k)));
    all.insert(all.end(), {at_minus, at_diagonal});
    if (law.minus_one == 0.5)
      symmetric.insert(symmetric.end(), {at_minus, at_diagonal});
    else if (exponential.empty())
      exponential = {at_minus};
    even += text(even.empty() ? "" : "; ", law.name, " ", number(at_minus), ", ", number(at_diagonal));
  }
  double off = 0;
  for (const double v : symmetric) off = std::max(off, std::abs(v - 0.5));
  program.claim(median_claim(
      "symmetric laws",
      "Normal and uniform weights, |x| = 1: distance from the limit |x|^2 / (|x|^2 + 1) = 1/2 (largest).",
      "0", {off}, at_most(0.02)));
  program.claim(contested_claim(
      "zero mean, as printed",
      "Weights of zero mean and finite second moment suffice for that limit: exponential minus 1, x = -1.",
      "0.5", exponential, {0.48, 0.52}, {0.23, 0.27}, "",
      text("exactly 1/4. For x = -1 and for (1, ..., 1) / sqrt(10): ", even)));
  program.claim(
      median_claim("skewed laws, corrected",
                   "Exact limits at x = -1: 1/2, 1/2, 1/4, p and 1 - p; largest error times sqrt(k).",
                   no_paper, {error}, at_most(6)));
  program.claim(median_claim("zero mean, one example",
                             "The eigenvalue stays below 1 for any law of zero mean (largest).", "below 1",
                             {*std::max_element(all.begin(), all.end())}, at_most(0.95)));
}

std::vector<double> radii(const Model<InfiniteWidth>& f) {
  std::vector<double> rho;
  for (Index i = 0; i < f.layer.examples().cols(); ++i)
    rho.push_back(spectral_radius(jacobian(f, f.layer.examples().col(i))));
  return rho;
}

/// Several examples at infinite width: which are stable, over many draws.
void several_examples(Program& program) {
  struct Setting {
    std::string name;
    Index d, n;
  };
  const std::vector<Setting> settings = {
      {"N(0, I_3), n = 10", 3, 10}, {"N(0, I_10), n = 10", 10, 10}, {"N(0, I_50), n = 10", 50, 10}};
  Histogram histogram{.title = "Infinite width: spectral radii of the Jacobians at the examples",
                      .x_label = "spectral radius",
                      .y_label = "examples",
                      .groups = {},
                      .vertical = {{1, "stable below 1"}}};
  std::map<std::string, std::vector<double>> stable;
  std::vector<double> smallest_cosine, agree, low, high, crowded;
  double residual = 0;
  const Index k = program.full() ? 100000 : 20000;
  for (const Setting& s : settings) {
    Histogram::Group group{s.name, {}};
    for (const std::uint64_t seed : program.seeds()) {
      if (interrupted()) return;
      Random random(seed);
      const Mat<double> X = normal_points(s.d, s.n, random);
      const Model<InfiniteWidth> f = infinite_width(X);
      const std::vector<double> rho = radii(f);
      group.values.insert(group.values.end(), rho.begin(), rho.end());
      stable[s.name].push_back(
          static_cast<double>(std::count_if(rho.begin(), rho.end(), [](double r) { return r < 1; })));
      residual = std::max(residual, (f(X) - X).cwiseAbs().maxCoeff());
      const Mat<double> K = f.layer.kernel_matrix();
      double cosine = 1;
      for (Index i = 0; i < s.n; ++i)
        for (Index j = 0; j < i; ++j) cosine = std::min(cosine, K(i, j) / std::sqrt(K(i, i) * K(j, j)));
      if (s.d == 3) {
        smallest_cosine.push_back(cosine);
        crowded.insert(crowded.end(), rho.begin(), rho.end());
        const RandomFeatures h = random_features(s.d, k, weight_law::normal(), random);
        const auto trained = random_features_net(h, minimum_norm_weights(h, X));
        double same = 0;
        for (Index i = 0; i < s.n; ++i)
          same +=
              (spectral_radius(jacobian(trained, X.col(i))) < 1) == (rho[static_cast<std::size_t>(i)] < 1);
        agree.push_back(same);
      }
      if (s.d == 50) {
        low.push_back(*std::min_element(rho.begin(), rho.end()));
        high.push_back(*std::max_element(rho.begin(), rho.end()));
      }
    }
    histogram.groups.push_back(group);
  }
  program.draw(histogram, "theorem_3_radii.png",
               "The exact limit X K^-1 k(x). Crowded examples (ten in 3 or in 10 dimensions) are not all "
               "stable at any width.");
  program.claim(contested_claim("assumption (b), as printed",
                                "Features of different examples are orthogonal almost surely: smallest "
                                "cosine between two of ten examples of N(0, I_3) in the limit.",
                                "0", smallest_cosine, at_most(1e-3), at_least(0.02), "",
                                "arc-cosine kernel of (x, 1): always positive"));
  program.claim(median_claim("infinite width, interpolation", "X K^-1 k(x) interpolates (largest error).",
                             no_paper, {residual}, at_most(1e-9)));
  program.claim(
      contested_claim("all examples stable, as printed: N(0, I_3)",
                      "As k grows all training examples are stable: ten examples of N(0, I_3).", "10 of 10",
                      stable[settings[0].name], at_least(10), {1, 8}, " of 10",
                      text("largest radius ", number(*std::max_element(crowded.begin(), crowded.end()), 4))));
  program.claim(
      median_claim("trained networks agree",
                   text("A network of width ", k, " trained on them (X H^+) has the same examples stable."),
                   no_paper, agree, at_least(7), " of 10"));
  program.claim(median_claim("all examples stable: N(0, I_50)", "The same for ten examples of N(0, I_50).",
                             "10 of 10", stable[settings[2].name], at_least(10), " of 10",
                             text("radii from ", number(*std::min_element(low.begin(), low.end()), 4), " to ",
                                  number(*std::max_element(high.begin(), high.end()), 4),
                                  "; N(0, I_10): ", summary(stable[settings[1].name], " of 10"))));
  std::string orthonormal;
  std::vector<double> five;
  for (const Index n : {1, 2, 5, 10}) {
    const std::vector<double> rho = radii(infinite_width(Mat<double>::Identity(20, n)));
    orthonormal += text(orthonormal.empty() ? "" : ", ", number(rho[0], 4), " for n = ", n);
    if (n == 5) five = rho;
  }
  program.claim(contested_claim(
      "orthonormal examples, as printed",
      "With n = 5 orthonormal examples of 20 dimensions the radius is |x|^2 / (|x|^2 + 1).", "0.5",
      {median(five)}, {0.49, 0.51}, {0.9146, 0.9148}, "", text("exact: ", orthonormal)));
}

/// Networks of finite width against the limit, and the weights that the paper prints.
void finite_width(Program& program) {
  std::vector<Index> widths = {300, 1000, 3000, 10000};
  if (program.full()) widths.insert(widths.end(), {30000, 100000});
  const Index d = 10, n = 5, draws = program.full() ? 60 : 40;
  Random random(program.seeds().front() + 5);
  const Mat<double> X = normal_points(d, n, random), at = normal_points(d, 20, random);
  const Model<InfiniteWidth> limit = infinite_width(X);
  const Mat<double> y = limit(at), J = jacobian(limit, X.col(0));
  const double radius = spectral_radius(J);
  Series outputs{.name = "f(x) at 20 new points", .x = {}, .y = {}, .style = Series::Style::line_points};
  Series slopes{.name = "Jacobian at an example", .x = {}, .y = {}, .style = Series::Style::line_points};
  Series leading{.name = "its spectral radius", .x = {}, .y = {}, .style = Series::Style::line_points};
  std::vector<double> printed, interpolation;
  Progress progress("finite widths");
  for (std::size_t w = 0; w < widths.size(); ++w) {
    double value = 0, slope = 0, rho = 0;
    for (Index i = 0; i < draws; ++i) {
      if (interrupted()) return;
      const RandomFeatures h = random_features(d, widths[w], weight_law::normal(), random);
      const auto f = random_features_net(h, minimum_norm_weights(h, X));
      const double share = 1. / static_cast<double>(draws);
      const Mat<double> Jk = jacobian(f, X.col(0));
      value += (f(at) - y).squaredNorm() / y.squaredNorm() * share;
      slope += (Jk - J).squaredNorm() / J.squaredNorm() * share;
      const double r = spectral_radius(Jk);
      rho += (r - radius) * (r - radius) * share;
      interpolation.push_back((f(X) - X).cwiseAbs().maxCoeff());
      if (w + 1 == widths.size()) {
        const Mat<double> error = random_features_net(h, orthogonal_features_weights(h, X))(X) - X;
        printed.push_back(error.colwise().norm().minCoeff());
      }
    }
    for (Series* s : {&outputs, &slopes, &leading}) s->x.push_back(static_cast<double>(widths[w]));
    outputs.y.push_back(std::sqrt(value));
    slopes.y.push_back(std::sqrt(slope));
    leading.y.push_back(std::sqrt(rho));
    progress.update(static_cast<double>(w + 1) / static_cast<double>(widths.size()));
  }
  const double a = log_slope(outputs.x, outputs.y), b = log_slope(slopes.x, slopes.y),
               c = log_slope(leading.x, leading.y);
  program.draw(
      LinePlot{.title = "Five examples of N(0, I_10): trained networks against the infinite-width limit",
               .x_label = "width k",
               .y_label = "rms difference (f and Jacobian: relative)",
               .series = {outputs, slopes, leading},
               .log_x = true,
               .log_y = true},
      "theorem_3_width.png", "The networks trained at width k come to X K^-1 k(x) like k^(-1/2).");
  program.claim(
      yes_no_claim("several examples, rate",
                   "Trained networks (X H^+) come to X K^-1 k(x) like k^(-1/2): fitted exponents.", no_paper,
                   text("f ", number(a), ", Jacobian ", number(b), ", spectral radius ", number(c)),
                   std::max({a, b, c}) < -0.35 && std::min({a, b, c}) > -0.65, "between -0.65 and -0.35"));
  program.claim(median_claim("minimum-norm weights interpolate", "X H^+ interpolates (largest error).",
                             no_paper, {*std::max_element(interpolation.begin(), interpolation.end())},
                             at_most(1e-9)));
  program.claim(contested_claim(
      "printed weights interpolate, as printed",
      "W2 = sum x_i h_i' / |h_i|^2 interpolates: smallest |f(x_i) - x_i| of the five examples.", "0",
      {*std::min_element(printed.begin(), printed.end())}, at_most(1e-3), at_least(0.3), "",
      text("at width ", widths.back(), "; examples have norm ", number(mean_norm(X)))));
}

void body(Program& program) {
  trained(program);
  if (!interrupted()) one_example(program);
  if (!interrupted()) skewed_laws(program);
  if (!interrupted()) several_examples(program);
  if (!interrupted()) finite_width(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_3", "Theorem 3: wide two-layer autoencoders", {.quick = 5, .full = 20}, argc,
                     argv, body);
}
