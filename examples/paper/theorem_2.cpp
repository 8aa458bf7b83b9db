// Theorem 2 of the paper: when a fixed point attracts. The printed criterion (largest eigenvalue) against the
// corrected one (spectral radius) on maps whose orbits are known and on random ones; radius 1; and Jacobians
// that are not normal, whose orbits grow before they decay.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/theory/transient.hpp"
#include "support/program.hpp"

namespace {

using namespace basin;
using namespace basin::examples;

/// x + a x^3.
struct Cubic {
  double a;
  static constexpr const char* name = "Cubic";
  template <class S>
  S operator()(S x) const {
    return x + static_cast<S>(a) * x * x * x;
  }
  template <class S>
  S derivative(S x, S) const {
    return 1 + 3 * static_cast<S>(a) * x * x;
  }
};

/// z + z^2.
struct Quadratic {
  static constexpr const char* name = "Quadratic";
  template <class S>
  S operator()(S z) const {
    return z + z * z;
  }
  template <class S>
  S derivative(S z, S) const {
    return 1 + 2 * z;
  }
};

Model<Affine<double>> linear(const Mat<double>& A) { return {Affine<double>(A), Vec<double>()}; }

/// |x_t| / |x_0| after `steps` steps from `start`.
template <class F>
double growth(const Model<F>& f, const Vec<double>& start, Index steps) {
  return orbit(f, start, {.max_steps = steps}).x.norm() / start.norm();
}

std::string verdict(Stability s) { return text(s); }

void exact_maps(Program& program) {
  const Mat<double> flip = Mat<double>::Constant(1, 1, -1.5), saddle = Vec<double>{{0.5, 2}}.asDiagonal();
  const double away = growth(linear(flip), Vec<double>::Constant(1, 1e-6), 60);
  program.claim(contested_claim("largest eigenvalue, as printed",
                                "x is an attractor if the largest eigenvalue of the Jacobian is below 1: "
                                "f(x) = -1.5 x, eigenvalue -1.5, |x_60| / |x_0|.",
                                "orbits near 0 converge to 0 (here: below 1e-3)", {away}, at_most(1e-3),
                                at_least(1e9)));
  const FixedPoint flipped = classify_fixed_point(linear(flip), Vec<double>::Zero(1));
  program.claim(yes_no_claim("spectral radius, corrected",
                             "For f(x) = -1.5 x the spectral radius 1.5 says: unstable.", no_paper,
                             verdict(flipped.stability), flipped.stability == Stability::unstable));

  const double along = growth(linear(saddle), Vec<double>{{1, 0}}, 60);
  program.claim(contested_claim(
      "repeller, as printed",
      "x is a repeller if the largest eigenvalue is above 1: f = diag(.5, 2), start (1, 0), |x_60| / |x_0|.",
      "trajectories near 0 move away (here: above 1)", {along}, at_least(1), at_most(1e-17)));
  const FixedPoint at_saddle = classify_fixed_point(linear(saddle), Vec<double>::Zero(2));
  const double across = growth(linear(saddle), Vec<double>{{1, 1e-9}}, 60);
  program.claim(yes_no_claim("unstable, corrected",
                             "For diag(.5, 2) the radius 2 says unstable: starts arbitrarily close leave, "
                             "such as (1, 1e-9), but not all.",
                             no_paper, text(verdict(at_saddle.stability), "; |x_60| = ", number(across)),
                             at_saddle.stability == Stability::unstable && across > 1e6));

  const Vec<double> start = Vec<double>::Constant(1, 0.1), zero = Vec<double>::Zero(1);
  const Model in(Pointwise<double, Cubic>(1, Cubic{-1}), Vec<double>{});
  const Model out(Pointwise<double, Cubic>(1, Cubic{1}), Vec<double>{});
  const double end_in = growth(in, start, 100000), end_out = growth(out, start, 55);
  program.claim(yes_no_claim(
      "radius 1 decides nothing",
      "x - x^3 attracts to 0 like 1 / sqrt(2 t), x + x^3 repels from it; both have slope 1 there.",
      "not treated",
      text("from .1: ", number(0.1 * end_in),
           " after 1e5 steps (1 / sqrt(2 t) = ", number(1 / std::sqrt(2e5)), "), ", number(0.1 * end_out),
           " after 55; both ", verdict(classify_fixed_point(in, zero).stability)),
      std::abs(0.1 * end_in * std::sqrt(2e5) - 1) < 0.01 && end_out > 10 &&
          classify_fixed_point(in, zero).stability == Stability::undecided &&
          classify_fixed_point(out, zero).stability == Stability::undecided));
}

/// Random linear maps: of those that the criterion calls attracting (or not), how many orbits do as it says?
void random_maps(Program& program) {
  const Index d = 4, count = program.full() ? 5000 : 500, steps = 3000;
  std::vector<double> printed, corrected;
  for (const std::uint64_t seed : program.seeds()) {
    if (interrupted()) return;
    Random random(seed);
    Index maps = 0, right_printed = 0, right_corrected = 0;
    while (maps < count) {
      Mat<double> A(d, d);
      for (double& a : A.reshaped()) a = random.normal(0, 0.6);
      const auto values = eigenvalues(A);
      double largest = -1e300;
      for (const auto& v : values) largest = std::max(largest, v.real());
      const double radius = std::abs(values.front());
      if (std::abs(radius - 1) < 0.02) continue;  // too slow to tell in 3000 steps
      ++maps;
      Vec<double> start(d);
      for (double& s : start) s = random.normal();
      const bool attracted = growth(linear(A), start, steps) < 1e-3;
      right_printed += (largest < 1) == attracted ? 1 : 0;
      right_corrected += (radius < 1) == attracted ? 1 : 0;
    }
    printed.push_back(100 * static_cast<double>(right_printed) / static_cast<double>(count));
    corrected.push_back(100 * static_cast<double>(right_corrected) / static_cast<double>(count));
  }
  program.claim(contested_claim(
      "random linear maps, as printed",
      "The largest eigenvalue (by its real part) tells whether 0 attracts a random start.", "always", printed,
      at_least(100), {54, 75}, "%", text("of ", count, " maps of 4 dimensions with N(0, .36) entries")));
  program.claim(median_claim("random linear maps, corrected", "The spectral radius tells.", no_paper,
                             corrected, at_least(100), "%"));
}

Mat<double> sheared(Index d, double coupling) {
  Mat<double> J = 0.5 * Mat<double>::Identity(d, d);
  J.diagonal(1).setConstant(coupling);
  return J;
}

void growth_before_decay(Program& program) {
  LinePlot powers{.title = "The same eigenvalue .5, Jacobians that are more and less normal",
                  .x_label = "step t",
                  .y_label = "|J^t|, spectral norm",
                  .series = {},
                  .log_y = true,
                  .horizontal = {{1, ""}}};
  const Index d = 20;
  double highest = 0;
  for (const double coupling : {0., 0.5, 1., 2.}) {
    if (interrupted()) return;
    const TransientGrowth g = transient_growth(sheared(d, coupling), {.until = 1e-6});
    highest = std::max(highest, g.peak);
    Series line{
        .name = text(number(coupling), " above the diagonal: peak ", number(g.peak)), .x = {}, .y = {}};
    for (std::size_t t = 0; t < g.norms.size() && t <= 120; ++t) {
      line.x.push_back(static_cast<double>(t));
      line.y.push_back(g.norms[t]);
    }
    powers.series.push_back(line);
  }
  program.draw(
      powers, "theorem_2_growth.png",
      text(
          "Norms of the powers of 20 x 20 Jacobians with .5 on the diagonal. All have spectral radius .5, so "
          "that their fixed points attract; the distance to them may first grow by a factor of ",
          number(highest), "."));
  const TransientGrowth g = transient_growth(sheared(d, 1));
  const double kreiss = kreiss_lower_bound(sheared(d, 1), program.full() ? 32 : 8).value;
  program.claim(
      median_claim("growth before decay", "Spectral radius .5 (20 x 20, 1 above the diagonal): max |J^t|.",
                   "\"locally contractive\"", {g.peak}, {8.7e4, 8.9e4}, "",
                   text("at t = ", g.time, "; a lower bound by the resolvent (Kreiss): ", number(kreiss))));
  program.claim(yes_no_claim(
      "Kreiss bound", "The resolvent bounds the peak from below, and e d times it from above.", no_paper,
      text(number(kreiss), " <= ", number(g.peak), " <= ", number(std::exp(1) * 20 * kreiss)),
      kreiss > 1 && kreiss <= g.peak && g.peak <= std::exp(1) * 20 * kreiss));

  // A map with a quadratic term: which starts at distance r converge?
  LinePlot basins{
      .title = "f(x) = phi(J x), phi(z) = z + z^2, in 3 dimensions: starts at distance r that converge to 0",
      .x_label = "distance r of the start",
      .y_label = "fraction of 400 directions",
      .series = {},
      .log_x = true,
      .vertical = {}};
  Random random(program.seeds().front());
  Mat<double> directions(3, 400);
  for (double& x : directions.reshaped()) x = random.normal();
  directions.colwise().normalize();
  std::vector<double> radii, reach;
  bool proved = true;
  for (const double coupling : {0., 2., 8., 32.}) {
    const Mat<double> J = sheared(3, coupling);
    const TransientGrowth growth_of_J = transient_growth(J);
    const double radius = attraction_radius(growth_of_J, 2 * growth_of_J.norms[1] * growth_of_J.norms[1]);
    const Model f(Chain(Affine<double>(J), Pointwise<double, Quadratic>(3)), Vec<double>{});
    const auto converged = [&](double r) {
      const Orbit<double> o = orbit(f, Mat<double>(r * directions), {.max_steps = 1000, .bound = 1e6});
      return static_cast<double>((o.x.colwise().norm().array() < 1e-6 * r).count()) / 400;
    };
    Series line{.name = text(number(coupling), " above the diagonal, certain below r = ", number(radius)),
                .x = {},
                .y = {},
                .style = Series::Style::line_points};
    double all = 0;
    bool unbroken = true;
    for (int e = -36; e <= 6 && !interrupted(); ++e) {
      const double r = std::pow(10, e / 6.), fraction = converged(r);
      line.x.push_back(r);
      line.y.push_back(fraction);
      unbroken = unbroken && fraction == 1;
      if (unbroken) all = r;
    }
    if (interrupted()) return;
    proved = proved && converged(radius) == 1;
    radii.push_back(radius);
    reach.push_back(all);
    basins.series.push_back(line);
  }
  program.draw(basins, "theorem_2_basins.png",
               "Four maps with the same eigenvalues .5 at 0. How close a start must be shrinks with the "
               "growth of |J^t|.");
  program.claim(yes_no_claim("starts that are close enough",
                             "Every start within 1 / (2 P C L) converges (P = max |J^t|, C = sum |J^t|, L = "
                             "Lipschitz constant of the Jacobian).",
                             "\"sufficiently close\"", proved ? "all of 4 x 400" : "not all", proved));
  program.claim(median_claim(
      "the same eigenvalues, another basin",
      "Distance up to which all 400 directions converge: 32 above the diagonal against 0.", no_paper,
      {reach.back() / reach.front()}, at_most(1e-3), "",
      text("largest such r on the grid for 0, 2, 8, 32 above the diagonal: ", number(reach[0]), ", ",
           number(reach[1]), ", ", number(reach[2]), ", ", number(reach[3]), "; certain by the bound: ",
           number(radii[0]), ", ", number(radii[1]), ", ", number(radii[2]), ", ", number(radii[3]))));
}

void body(Program& program) {
  exact_maps(program);
  random_maps(program);
  if (!interrupted()) growth_before_decay(program);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_2", "Theorem 2: when a fixed point attracts", {.quick = 3, .full = 10}, argc,
                     argv, body);
}
