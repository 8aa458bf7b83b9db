// Theorem 2 of the paper: when a fixed point attracts. The printed criterion (largest eigenvalue) against the
// corrected one (spectral radius) on maps whose orbits are known and on random ones; radius 1; and Jacobians
// that are not normal, whose orbits grow before they decay.
// Page: docs/paper/theorem_2.md.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/core/random.hpp"
#include "basin/data/starts.hpp"
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

// The study: iterates maps, measures.

Model<Affine<double>> linear(const Mat<double>& A) { return {Affine<double>(A), Vec<double>()}; }

/// |x_t| / |x_0| after `steps` steps from `start`.
template <class F>
double growth(const Model<F>& f, const Vec<double>& start, Index steps) {
  return orbit(f, start, {.max_steps = steps}).x.norm() / start.norm();
}

/// A fixed point at 0 of a map whose orbits are known.
struct Exact {
  Stability stability = Stability::undecided;  // by the spectral radius
  double growth = 0;                           // |x_t| / |x_0| of an orbit
};

struct ExactMaps {
  Exact flip;             // -1.5 x
  Exact saddle;           // diag(.5, 2), from (1, 0)
  double off_axis = 0;    // the same from (1, 1e-9)
  Exact inward, outward;  // x - x^3 and x + x^3, from .1
};

ExactMaps exact_maps() {
  const Mat<double> flip = Mat<double>::Constant(1, 1, -1.5), saddle = Vec<double>{{0.5, 2}}.asDiagonal();
  const Vec<double> start = Vec<double>::Constant(1, 0.1);
  const Model in(Pointwise<double, Cubic>(1, Cubic{-1}), Vec<double>{});
  const Model out(Pointwise<double, Cubic>(1, Cubic{1}), Vec<double>{});
  const auto stability = [](const auto& f, Index d) {
    return classify_fixed_point(f, Vec<double>::Zero(d)).stability;
  };
  return {.flip = {stability(linear(flip), 1), growth(linear(flip), Vec<double>::Constant(1, 1e-6), 60)},
          .saddle = {stability(linear(saddle), 2), growth(linear(saddle), Vec<double>{{1, 0}}, 60)},
          .off_axis = growth(linear(saddle), Vec<double>{{1, 1e-9}}, 60),
          .inward = {stability(in, 1), growth(in, start, 100000)},
          .outward = {stability(out, 1), growth(out, start, 55)}};
}

/// Of random linear maps, those of which a criterion tells whether 0 attracts a random start, in percent; one
/// number for each seed.
struct RandomMaps {
  Index count = 0;
  std::vector<double> printed = {}, corrected = {};
};

/// A random map with a spectral radius that is not too near to 1 for 3000 steps to tell, and its eigenvalues.
struct RandomMap {
  Mat<double> A;
  double largest, radius;  // the largest real part and the largest modulus of the eigenvalues
};
RandomMap draw_map(Random& random) {
  for (;;) {
    RandomMap m{normal_starts<double>(4, 4, random, 0, 0.6), -1e300, 0};
    const auto values = eigenvalues(m.A);
    for (const auto& v : values) m.largest = std::max(m.largest, v.real());
    m.radius = std::abs(values.front());
    if (std::abs(m.radius - 1) >= 0.02) return m;
  }
}

RandomMaps random_maps(const Program& program) {
  RandomMaps result{.count = program.full() ? 5000 : 500};
  for (const std::uint64_t seed : program.seeds()) {
    if (interrupted()) break;
    Random random(seed);
    Index printed = 0, corrected = 0;
    for (Index i = 0; i < result.count; ++i) {
      const RandomMap m = draw_map(random);
      const bool attracted = growth(linear(m.A), normal_starts<double>(4, 1, random), 3000) < 1e-3;
      printed += (m.largest < 1) == attracted ? 1 : 0;
      corrected += (m.radius < 1) == attracted ? 1 : 0;
    }
    const auto percent = [&](Index n) {
      return 100 * static_cast<double>(n) / static_cast<double>(result.count);
    };
    result.printed.push_back(percent(printed));
    result.corrected.push_back(percent(corrected));
  }
  return result;
}

/// .5 on the diagonal, `coupling` above it.
Mat<double> sheared(Index d, double coupling) {
  Mat<double> J = 0.5 * Mat<double>::Identity(d, d);
  J.diagonal(1).setConstant(coupling);
  return J;
}

/// How the powers of 20 x 20 Jacobians grow.
struct Powers {
  double coupling;
  TransientGrowth growth;
};
std::vector<Powers> powers() {
  std::vector<Powers> all;
  for (const double coupling : {0., 0.5, 1., 2.})
    if (!interrupted()) all.push_back({coupling, transient_growth(sheared(20, coupling), {.until = 1e-6})});
  return all;
}

/// max |J^t| for coupling 1, and its lower bound by the resolvent.
struct Peak {
  TransientGrowth growth;
  double kreiss;
};
Peak peak(const Program& program) {
  return {transient_growth(sheared(20, 1)),
          kreiss_lower_bound(sheared(20, 1), program.full() ? 32 : 8).value};
}

/// Which starts at distance r from 0 converge to it, for a map with a quadratic term.
struct Basin {
  double coupling = 0;
  double certain = 0;                 // all nearer starts converge, by the bound
  bool proved = false;                // whether those at that distance do
  std::vector<double> r = {};         // a grid
  std::vector<double> fraction = {};  // of 400 directions, at each r
  /// The largest r of the grid up to which all converge; 0: none.
  double reach() const {
    double all = 0;
    for (std::size_t i = 0; i < r.size() && fraction[i] == 1; ++i) all = r[i];
    return all;
  }
};

Basin basin_of(double coupling, const Mat<double>& directions) {
  const Mat<double> J = sheared(3, coupling);
  const TransientGrowth growth_of_J = transient_growth(J);
  const Model f(Chain(Affine<double>(J), Pointwise<double, Quadratic>(3)), Vec<double>{});
  const auto converged = [&](double r) {
    const Orbit<double> o = orbit(f, Mat<double>(r * directions), {.max_steps = 1000, .bound = 1e6});
    return static_cast<double>((o.x.colwise().norm().array() < 1e-6 * r).count()) / 400;
  };
  Basin b{.coupling = coupling,
          .certain = attraction_radius(growth_of_J, 2 * growth_of_J.norms[1] * growth_of_J.norms[1])};
  for (int e = -36; e <= 6 && !interrupted(); ++e) {
    b.r.push_back(std::pow(10, e / 6.));
    b.fraction.push_back(converged(b.r.back()));
  }
  b.proved = !interrupted() && converged(b.certain) == 1;
  return b;
}

std::vector<Basin> basins(std::uint64_t seed) {
  Random random(seed);
  Mat<double> directions = normal_starts<double>(3, 400, random);
  directions.colwise().normalize();
  std::vector<Basin> all;
  for (const double coupling : {0., 2., 8., 32.}) all.push_back(basin_of(coupling, directions));
  return all;
}

// The claims.

void claim_printed(Program& program, const ExactMaps& m) {
  program.claim(contested_claim("largest eigenvalue, as printed",
                                "x is an attractor if the largest eigenvalue of the Jacobian is below 1: "
                                "f(x) = -1.5 x, eigenvalue -1.5, |x_60| / |x_0|.",
                                "orbits near 0 converge to 0 (here: below 1e-3)", {m.flip.growth},
                                at_most(1e-3), at_least(1e9)));
  program.claim(yes_no_claim("spectral radius, corrected",
                             "For f(x) = -1.5 x the spectral radius 1.5 says: unstable.", no_paper,
                             text(m.flip.stability), m.flip.stability == Stability::unstable));
  program.claim(contested_claim(
      "repeller, as printed",
      "x is a repeller if the largest eigenvalue is above 1: f = diag(.5, 2), start (1, 0), |x_60| / |x_0|.",
      "trajectories near 0 move away (here: above 1)", {m.saddle.growth}, at_least(1), at_most(1e-17)));
  program.claim(yes_no_claim("unstable, corrected",
                             "For diag(.5, 2) the radius 2 says unstable: starts arbitrarily close leave, "
                             "such as (1, 1e-9), but not all.",
                             no_paper, text(m.saddle.stability, "; |x_60| = ", number(m.off_axis)),
                             m.saddle.stability == Stability::unstable && m.off_axis > 1e6));
}

void claim_radius_1(Program& program, const ExactMaps& m) {
  program.claim(yes_no_claim(
      "radius 1 decides nothing",
      "x - x^3 attracts to 0 like 1 / sqrt(2 t), x + x^3 repels from it; both have slope 1 there.",
      "not treated",
      text("from .1: ", number(0.1 * m.inward.growth),
           " after 1e5 steps (1 / sqrt(2 t) = ", number(1 / std::sqrt(2e5)), "), ",
           number(0.1 * m.outward.growth), " after 55; both ", m.inward.stability),
      std::abs(0.1 * m.inward.growth * std::sqrt(2e5) - 1) < 0.01 && m.outward.growth > 10 &&
          m.inward.stability == Stability::undecided && m.outward.stability == Stability::undecided));
}

void claim_random_maps(Program& program, const RandomMaps& maps) {
  program.claim(
      contested_claim("random linear maps, as printed",
                      "The largest eigenvalue (by its real part) tells whether 0 attracts a random start.",
                      "always", maps.printed, at_least(100), {54, 75}, "%",
                      text("of ", maps.count, " maps of 4 dimensions with N(0, .36) entries")));
  program.claim(median_claim("random linear maps, corrected", "The spectral radius tells.", no_paper,
                             maps.corrected, at_least(100), "%"));
}

void claim_growth(Program& program, const Peak& p) {
  const auto& [g, kreiss] = p;
  program.claim(
      median_claim("growth before decay", "Spectral radius .5 (20 x 20, 1 above the diagonal): max |J^t|.",
                   "\"locally contractive\"", {g.peak}, {8.7e4, 8.9e4}, "",
                   text("at t = ", g.time, "; a lower bound by the resolvent (Kreiss): ", number(kreiss))));
  program.claim(yes_no_claim(
      "Kreiss bound", "The resolvent bounds the peak from below, and e d times it from above.", no_paper,
      text(number(kreiss), " <= ", number(g.peak), " <= ", number(std::exp(1) * 20 * kreiss)),
      kreiss > 1 && kreiss <= g.peak && g.peak <= std::exp(1) * 20 * kreiss));
}

void claim_basins(Program& program, const std::vector<Basin>& all) {
  const bool proved = std::all_of(all.begin(), all.end(), [](const Basin& b) { return b.proved; });
  const std::vector<double> radii = of_each(all, [](const Basin&b) { return b.certain; }),
                            reach = of_each(all, [](const Basin&b) { return b.reach(); });
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

// The pictures.

void draw_growth(Program& program, const std::vector<Powers>& all) {
  LinePlot plot{.title = "The same eigenvalue .5, Jacobians that are more and less normal",
                .x_label = "step t",
                .y_label = "|J^t|, spectral norm",
                .series = {},
                .log_y = true,
                .horizontal = {{1, ""}}};
  double highest = 0;
  for (const auto& [coupling, g] : all) {
    highest = std::max(highest, g.peak);
    Series line{
        .name = text(number(coupling), " above the diagonal: peak ", number(g.peak)), .x = {}, .y = {}};
    for (std::size_t t = 0; t < g.norms.size() && t <= 120; ++t) {
      line.x.push_back(static_cast<double>(t));
      line.y.push_back(g.norms[t]);
    }
    plot.series.push_back(line);
  }
  program.draw(
      plot, "theorem_2_growth.png",
      text(
          "Norms of the powers of 20 x 20 Jacobians with .5 on the diagonal. All have spectral radius .5, so "
          "that their fixed points attract; the distance to them may first grow by a factor of ",
          number(highest), "."));
}

void draw_basins(Program& program, const std::vector<Basin>& all) {
  LinePlot plot{
      .title = "f(x) = phi(J x), phi(z) = z + z^2, in 3 dimensions: starts at distance r that converge to 0",
      .x_label = "distance r of the start",
      .y_label = "fraction of 400 directions",
      .series = {},
      .log_x = true,
      .vertical = {}};
  for (const Basin& b : all)
    plot.series.push_back(
        {.name = text(number(b.coupling), " above the diagonal, certain below r = ", number(b.certain)),
         .x = b.r,
         .y = b.fraction,
         .style = Series::Style::line_points});
  program.draw(plot, "theorem_2_basins.png",
               "Four maps with the same eigenvalues .5 at 0. How close a start must be shrinks with the "
               "growth of |J^t|.");
}

void body(Program& program) {
  const ExactMaps exact = exact_maps();
  claim_printed(program, exact);
  claim_radius_1(program, exact);
  const RandomMaps maps = random_maps(program);
  if (interrupted()) return;
  claim_random_maps(program, maps);
  const std::vector<Powers> all_powers = powers();
  if (interrupted()) return;
  draw_growth(program, all_powers);
  claim_growth(program, peak(program));
  const std::vector<Basin> all = basins(program.seeds().front());
  if (interrupted()) return;
  draw_basins(program, all);
  claim_basins(program, all);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("theorem_2", "Theorem 2: when a fixed point attracts", {.quick = 3, .full = 10}, argc,
                     argv, body);
}
