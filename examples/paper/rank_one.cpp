// Closed forms for one example in a two-layer network with equal units: the eigenvalue b phi'(b) / phi(b) of
// each activation, held against networks that were built and networks that were trained.
// Page: docs/paper/rank_one.md.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "basin/core/random.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/maps.hpp"
#include "basin/theory/rank_one.hpp"
#include "basin/train/fit.hpp"
#include "support/exact_claim.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index d = 8, units = 10;

/// Any of the library's maps behind one type, so that networks, training and Jacobians are compiled once.
struct AnyMap {
  static constexpr const char* name = "AnyMap";
  std::string label;
  std::function<double(double)> value;
  std::function<double(double, double)> slope;
  double operator()(double x) const { return value(x); }
  double derivative(double x, double y) const { return slope(x, y); }
};
template <class Phi>
AnyMap any(const std::string& label, Phi phi = {}) {
  return {label, [phi](double x) { return phi(x); },
          [phi](double x, double y) { return phi.derivative(x, y); }};
}
std::vector<AnyMap> all_maps() {
  return {any<Identity>("identity"),
          any<Relu>("ReLU"),
          any<LeakyRelu>("leaky ReLU"),
          any<Hardtanh>("hard tanh"),
          any<Softsign>("softsign"),
          any<Sigmoid>("sigmoid"),
          any<Tanh>("tanh"),
          any<Softplus>("softplus"),
          any<Elu>("ELU"),
          any<Selu>("SELU"),
          any<ExpNeg>("exp(-x)"),
          any<SigmoidNeg>("sigmoid(-x)"),
          any<Gelu>("GELU"),
          any<GeluTanh>("GELU (tanh)"),
          any<Silu>("SiLU"),
          any<Mish>("Mish"),
          any<Sin>("sin"),
          any<Cosid>("cos x - x"),
          any<Ripple>("x + sin(10 x) / 5")};
}
const std::vector<double> points = {-2.3, -0.7, 0.4, 1.1, 2.9};  // b
bool usable(const AnyMap& phi, double b) { return std::abs(phi(b)) > 1e-6; }

// The study: builds, trains, measures.

/// x'J x / |x|^2, and the largest entry of J beyond that of lambda x x' / |x|^2.
struct Eigen1 {
  double lambda, rest;
};
Eigen1 measure(const Model<TwoLayerNet<AnyMap>>& f, const Vec<double>& x) {
  const Mat<double> J = jacobian(f, x);
  const double lambda = x.dot(J * x) / x.squaredNorm();
  return {lambda, (J - lambda / x.squaredNorm() * x * x.transpose()).cwiseAbs().maxCoeff()};
}

/// A trained network: where its units ended, and its eigenvalue there.
struct Trained {
  double b, lambda, formula, rest, loss;
};
Trained train(const AnyMap& phi, double b, const Vec<double>& x) {
  Model f = rank_one_network(x, units, 0.1, b, phi);
  GradientDescent<double> descent({.learning_rate = 0.01});
  const FitResult r = fit(f, x, descent, {.max_epochs = 20000, .loss_below = 1e-26, .cancelled = interrupted},
                          HalfSumOfSquares{});
  const double end = f.layer.child<0>().weight(f.theta.head(f.layer.child<0>().param_size())).row(0).dot(x);
  const Eigen1 e = measure(f, x);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {end, e.lambda, usable(phi, end) ? rank_one_eigenvalue(end, phi) : nan, e.rest, r.loss};
}

/// Whether the orbit of 1.001 x does what |lambda| says: comes nearer below 1, goes away above.
bool orbit_agrees(const Model<TwoLayerNet<AnyMap>>& f, const Vec<double>& x, double lambda) {
  const double start = 1e-3 * x.norm();
  const double end = (orbit(f, 1.001 * x, {.max_steps = 300}).x - x).norm();
  return std::abs(lambda) < 1 ? end < start / 2 : !(end < 2 * start);
}

/// Networks with the solution built in, at all usable points.
struct Built {
  double error = 0;  // the largest: of the eigenvalue and the rest, relative to 1 + |lambda|, and of f(x) - x
  double disagree = 0;  // orbits that do not do what |lambda| says
};
Built build(const AnyMap& phi, const Vec<double>& x) {
  Built built;
  for (const double b : points) {
    if (!usable(phi, b)) continue;
    const double lambda = rank_one_eigenvalue(b, phi);
    for (const double norm : {1., 3.}) {
      const Vec<double> y = norm * x;
      const Model f = rank_one_solution(y, units, b, phi);
      const Eigen1 e = measure(f, y);
      built.error = std::max({built.error, std::abs(e.lambda - lambda) / (1 + std::abs(lambda)),
                              e.rest / (1 + std::abs(lambda)), (f(y) - y).norm() / norm});
      if (std::abs(std::abs(lambda) - 1) > 0.02) built.disagree += orbit_agrees(f, y, lambda) ? 0 : 1;
    }
  }
  return built;
}

/// All maps and seeds.
struct Study {
  std::vector<double> errors;    // of built networks, for each map and seed
  std::vector<double> disagree;  // orbits, for each seed
  std::vector<Trained> trained;  // networks that reached a loss of 1e-20
  Index unconverged = 0;         // and how many did not
};

Study study(const Program& program, const std::vector<AnyMap>& maps) {
  Study s;
  Progress progress("Rank-one networks");
  for (const std::uint64_t seed : program.seeds()) {
    Random random(seed);
    const Vec<double> x = normal_starts<double>(d, 1, random).normalized();
    s.disagree.push_back(0);
    for (const AnyMap& phi : maps) {
      const Built built = build(phi, x);
      s.errors.push_back(built.error);
      s.disagree.back() += built.disagree;
      for (const double b : points) {
        if (!usable(phi, b) || b < -1 || b > 2) continue;
        const Trained t = train(phi, b, x);
        if (interrupted()) return s;
        if (t.loss <= 1e-20)
          s.trained.push_back(t);
        else
          ++s.unconverged;
      }
      progress.update(
          static_cast<double>(s.errors.size()) / static_cast<double>(maps.size() * program.seeds().size()),
          phi.label);
    }
  }
  return s;
}

// The claims.

/// How many networks have |lambda| below, at and above 1.
struct Kinds {
  Index attracting = 0, neutral = 0, repelling = 0;
};
Kinds kinds(const std::vector<Trained>& trained) {
  Kinds k;
  for (const Trained& t : trained) {
    const double size = std::abs(t.lambda);
    ++(size < 1 - 1e-6 ? k.attracting : size > 1 + 1e-6 ? k.repelling : k.neutral);
  }
  return k;
}

void add_claims(Program& program, const Study& s) {
  const auto unconverged = static_cast<double>(s.unconverged);
  program.claim(exact_claim(
      "rank one, formula",
      "lambda = b phi'(b) / phi(b) is the one nonzero eigenvalue: error over 19 maps, 5 values of "
      "b, |x| = 1 and 3.",
      "exact", s.errors, at_most(1e-11), "", "relative to 1 + |lambda|, one value a map", "maps"));
  program.claim(
      exact_claim("rank one, orbits",
                  "x attracts where |lambda| < 1 and repels where |lambda| > 1: orbits that do otherwise.",
                  "none", s.disagree, Band{0, 0}, "", "for | |lambda| - 1 | > .02"));
  program.claim(exact_claim(
      "rank one, training",
      "Training both layers from equal units keeps them equal and ends at the formula: error.", "exact",
      of_each(s.trained,
              [](const Trained& t) { return std::abs(t.lambda - t.formula) / (1 + std::abs(t.formula)); }),
      at_most(1e-9), "",
      text("from b = -.7, .4, 1.1; ", number(unconverged), " of ",
           number(static_cast<double>(s.trained.size()) + unconverged),
           " trainings did not reach a loss of 1e-20; rest of "
           "the Jacobian at most ",
           number(largest_of(of_each(s.trained, [](const Trained& t) { return t.rest; })))),
      "trainings"));
}

void claim_attractors(Program& program, const std::vector<Trained>& trained) {
  const Kinds k = kinds(trained);
  const auto all = static_cast<double>(trained.size());
  const auto percent = [&](Index n) { return 100 * static_cast<double>(n) / all; };
  program.claim(
      contested_claim("rank one, every activation",
                      "Training on a single example makes it an attractor, whatever the activation.",
                      "always", {percent(k.attracting)}, at_least(100), Band{30, 90}, "%",
                      text("of ", number(all), " trained networks; ", number(percent(k.neutral)),
                           "% have |lambda| = 1 (piecewise linear), ", number(percent(k.repelling)),
                           "% more. The sentence is that of the abstract of arXiv:1909.12362")));
}

// The pictures.

void draw(Program& program, const std::vector<AnyMap>& maps, const std::vector<std::string>& labels,
          const std::string& file, const std::string& title, const std::string& caption) {
  LinePlot plot{.title = title,
                .x_label = "b, the input of the units at the example",
                .y_label = "eigenvalue b phi'(b) / phi(b)",
                .series = {},
                .horizontal = {{1, "attracts below 1 ..."}, {-1, "... and above -1"}}};
  for (const AnyMap& phi : maps) {
    if (std::find(labels.begin(), labels.end(), phi.label) == labels.end()) continue;
    Series s{phi.label, {}, {}};
    for (int k = -400; k < 400; ++k) {
      const double b = (k + 0.5) / 100;
      const double lambda = usable(phi, b) ? rank_one_eigenvalue(b, phi) : std::nan("");
      s.x.push_back(b);
      s.y.push_back(std::abs(lambda) < 2.5 ? lambda : std::nan(""));
    }
    plot.series.push_back(s);
  }
  program.draw(plot, file, caption);
}

void draw_all(Program& program, const std::vector<AnyMap>& maps) {
  draw(program, maps, {"sigmoid", "tanh", "softsign", "softplus", "ELU", "sin", "leaky ReLU"},
       "rank_one_attracting.png", "Eigenvalue at the one example of a two-layer network, by activation (1)",
       "Tanh, softsign and ELU (b < 0) attract wherever their units end; sigmoid, softplus and sine unless "
       "|b| is "
       "large and, for the first two, b < 0. For leaky ReLU the eigenvalue is 1.");
  draw(program, maps, {"GELU", "SiLU", "Mish", "exp(-x)", "sigmoid(-x)", "cos x - x"}, "rank_one_others.png",
       "Eigenvalue at the one example of a two-layer network, by activation (2)",
       "Gated activations x g(x) have 1 + b g'(b) / g(b): above 1 for every b > 0, so that the example "
       "repels.");
}

void body(Program& program) {
  const std::vector<AnyMap> maps = all_maps();
  const Study s = study(program, maps);
  if (interrupted()) return;
  draw_all(program, maps);
  add_claims(program, s);
  claim_attractors(program, s.trained);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("rank_one", "Closed forms for one example: the rank-one network",
                     {.quick = 1, .full = 3}, argc, argv, body);
}
