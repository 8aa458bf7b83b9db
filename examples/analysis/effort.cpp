#include "analysis/effort.hpp"

#include <algorithm>  // std::clamp, std::max, std::min
#include <vector>     // std::vector

#include "basin/core/layer.hpp"         // multiply_adds
#include "basin/dynamics/jacobian.hpp"  // detail::narrow_cut
#include "support/interrupt.hpp"        // interrupted
#include "support/text.hpp"             // text

namespace basin::examples {

namespace {

/// Multiplications of one search from start to verdict.
struct Cost {
  double search = 0;   // some ten steps, each of up to 24 products with J
  double verdict = 0;  // at a point that was found
  double both() const { return search + verdict; }
};

/// Where J is formed with `rank` columns: five times for a verdict, since its neighbours are looked at, and
/// then some fifty rank^3 for eigenvectors and their inverse.
Cost cost_formed(double product, double rank) {
  return {10 * 24 * product, rank * (5 * product + 50 * rank * rank)};
}

/// Where it is not: |J| takes a hundred products with J and J' each, its powers act on three vectors, and the
/// leading eigenvalues are looked for of J and of J'.
Cost cost_by_products(double product, const LeadingOptions& leading) {
  const auto products = static_cast<double>(200 + 3 * leading.max_power + 2 * leading.max_products);
  return {10 * 24 * product, products * product};
}

/// Multiplications for all searches together, and for all orbits of one kind.
double search_budget(const AnalyzeOptions& o) { return o.full ? 2.5e13 : 2.5e11; }
double orbit_budget(const AnalyzeOptions& o) { return o.full ? 1e13 : 1e11; }

Index usual_starts(const AnalyzeOptions& o) { return o.full ? 2000 : 100; }
Index usual_orbit(const AnalyzeOptions& o) { return o.full ? 20000 : 2000; }
/// Fewer than these say nothing.
constexpr Index least_examples = 5, least_starts = 3, least_orbit = 100;

Index rounded_down(double count, Index least, Index most) {
  return static_cast<Index>(
      std::clamp(count, static_cast<double>(std::min(least, most)), static_cast<double>(most)));
}

void say(Effort& e, Index wanted, const AnalyzeOptions& o) {
  std::vector<std::string> less;
  if (e.examples < wanted) less.push_back(text("the first ", e.examples, " samples"));
  if (o.starts == 0 && e.starts < 30) less.push_back(text(e.starts, " random starts of each kind"));
  if (e.point.search.max_steps < 10) less.push_back(text("searches of ", e.point.search.max_steps, " steps"));
  if (e.by_products)
    less.push_back(text("verdicts by products with the Jacobian (up to power ", e.point.leading.max_power,
                        "), which leave more points undecided"));
  if (e.orbit_steps < usual_orbit(o)) less.push_back(text("orbits of ", e.orbit_steps, " steps"));
  for (std::size_t k = 0; k < less.size(); ++k)
    e.said += text(k == 0 ? "Since this network takes many multiplications: " : ", ", less[k]);
  if (!less.empty()) e.said += o.full ? "." : ". --full, --limit and --starts look at more.";
}

}  // namespace

Effort effort_for(const AnalyzedModel& f, Index samples, const AnalyzeOptions& o) {
  constexpr double jvp = 2;  // multiplications of a tangent for one of f itself
  const double size = static_cast<double>(multiply_adds(f.layer)), product = jvp * size;
  const auto cut = detail::narrow_cut(f.layer);
  const auto n = f.layer.in_size();
  const Index rank = cut ? cut->rows : n;
  Effort e;
  e.point.tolerance = o.tolerance;
  e.point.search.cancelled = e.point.leading.cancelled = interrupted;
  LeadingOptions few = e.point.leading;
  few.max_power = o.full ? 2000 : 100;
  few.max_products = o.full ? 4000 : 200;
  const Cost formed = cost_formed(product, static_cast<double>(rank)),
             products = cost_by_products(product, few);
  const Index wanted = o.limit > 0 ? std::min(o.limit, samples)
                       : o.full    ? samples
                                   : std::min<Index>(samples, 100);
  const double budget = search_budget(o);
  // Whole verdicts where they are affordable for all examples, else cheaper ones.
  e.by_products = (!cut && n > e.point.search.form_up_to) ||
                  (static_cast<double>(wanted) * formed.both() > budget && products.both() < formed.both());
  if (e.by_products) {
    e.point.search.form_up_to = e.point.search.factor_up_to = 0;
    e.point.search.krylov = o.full ? 300 : 60;
    e.point.leading = few;
  }
  const double one = (e.by_products ? products : formed).both();
  e.examples = o.limit > 0 || o.full ? wanted : rounded_down(budget / (2 * one), least_examples, wanted);
  const auto examples = static_cast<double>(e.examples);
  e.starts = o.starts > 0
                 ? o.starts
                 : rounded_down((budget - 2 * examples * one) / (3 * one), least_starts, usual_starts(o));
  // A search that does not converge costs as much as max_steps allows, and forms J, too.
  const double width = static_cast<double>(rank), searches = examples + 2 * static_cast<double>(e.starts);
  const double step = e.by_products ? static_cast<double>(24 + e.point.search.krylov) * product
                                    : width * (product + width * width);
  e.point.search.max_steps = o.full ? 100 : rounded_down(budget / (searches * step), 6, 25);
  e.orbit_steps = rounded_down(orbit_budget(o) / (std::max(examples, static_cast<double>(e.starts)) * size),
                               least_orbit, usual_orbit(o));
  say(e, wanted, o);
  return e;
}

}  // namespace basin::examples
