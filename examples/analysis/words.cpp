#include "analysis/words.hpp"

#include <algorithm>  // std::count_if

#include "support/claims.hpp"  // number
#include "support/text.hpp"    // text

namespace basin::examples {

const char* name_of(BasinShare::Kind kind) {
  switch (kind) {
    case BasinShare::Kind::attractor:
      return "attractor";
    case BasinShare::Kind::elsewhere:
      return "elsewhere";
    case BasinShare::Kind::cycle:
      return "cycle";
    case BasinShare::Kind::moving:
      return "moving";
    default:
      return "diverged";
  }
}

std::string described(BasinShare::Kind kind) {
  switch (kind) {
    case BasinShare::Kind::attractor:
      return "an attractor";
    case BasinShare::Kind::elsewhere:
      return "settled where no attractor is shown";
    case BasinShare::Kind::cycle:
      return "on a cycle of several points";
    case BasinShare::Kind::moving:
      return "still moving after the last step";
    default:
      return "diverged";
  }
}

std::string counted(Index n, const std::string& one, const std::string& many) {
  return text(n, " ", n == 1 ? one : many);
}

std::string percent(const BasinShare& s) {
  return text(number(100 * s.share), "% (", number(100 * s.interval.low), " to ",
              number(100 * s.interval.high), "%)");
}

Index verified(const Analysis& a) {
  return std::count_if(a.proofs.begin(), a.proofs.end(),
                       [](const auto& p) { return p.certificate.verified; });
}

namespace {

std::string network_answer(const AnalysisInput& in, const NetworkFacts& n) {
  std::string s = text("A network of ", counted(n.layers, "layer", "layers"), " and ",
                       counted(n.parameters, "parameter", "parameters"), " from ",
                       detail::shape_text(in.info.in_shape), " to ", detail::shape_text(in.info.out_shape));
  if (!in.info.producer.empty()) s += ", written by " + in.info.producer;
  if (n.affine) s += "; it is affine";
  return s + ".";
}

std::string error_answer(const AnalysisInput& in, const TrainingError& e) {
  if (e.of_sample.empty())
    return text("It gives ", in.f.layer.out_size(), " numbers for ", in.f.layer.in_size(),
                ": it is no autoencoder and cannot be iterated. No error, no fixed points.");
  return text("Over ", counted(in.X.cols(), "sample", "samples"), " the mean square error is ",
              number(e.mean), ", at most ", number(e.largest), " (sample ", e.worst, ").");
}

std::string points_answer(const FixedPointFacts& f) {
  const auto count = [&](Stability s) { return f.points.count(s); };
  std::string s = text("Found: ", counted(f.points.size(), "fixed point", "fixed points"), ", ",
                       count(Stability::attracting), " attracting, ", count(Stability::unstable),
                       " unstable, ", count(Stability::undecided), " undecided.");
  if (f.degree_known && f.degree_sure && f.points.index_is_sure()) {
    if (f.points.index_sum() != f.degree)
      s += text(" Others are missing: the indices add up to ", f.points.index_sum(), ", not to ", f.degree,
                ".");
    else
      s += text(" The indices add up to ", f.degree, ", as they should.");
  }
  return s;
}

std::string memory_answer(const FixedPointFacts& f, double tolerance) {
  return text(f.recall.recalled(), " of ", counted(f.examples, "example", "examples"),
              f.recall.recalled() == 1 ? " is memorized" : " are memorized", ": an attractor lies within ",
              number(100 * tolerance), "% and the example's orbit ends there. ", f.census.spurious, " of ",
              counted(f.census.attractors, "attractor", "attractors"),
              f.census.spurious == 1 ? " is spurious." : " are spurious.");
}

std::string basin_answer(const BasinFractions& b) {
  Index at_attractors = 0, different = 0;
  for (const BasinShare& s : b.shares)
    if (s.kind == BasinShare::Kind::attractor) at_attractors += s.count, ++different;
  return text(
      at_attractors, " of ", b.count, " orbits of ", b.starts, " end at ",
      counted(different, "attractor", "attractors"),
      b.shares.empty() || different == 0 ? "." : text(", the most at one: ", percent(b.shares.front()), "."));
}

std::string proof_answer(const Analysis& a) {
  if (!a.network.certifiable) return text("Nothing is proved: ", a.why_unproved, ".");
  return text("Proved to attract a ball: ", verified(a), " of ",
              counted(static_cast<Index>(a.proofs.size()), "attractor", "attractors"),
              a.unproved > 0 ? text(", ", a.unproved, " not tried (", a.why_unproved, ").") : ".");
}

}  // namespace

std::vector<std::string> answers(const AnalysisInput& in, const Analysis& a, double tolerance) {
  std::vector<std::string> all{network_answer(in, a.network), error_answer(in, a.error)};
  if (!a.error.hint.empty()) all.push_back(a.error.hint);
  if (!a.fixed) return all;
  if (!in.effort.said.empty()) all.push_back(in.effort.said);
  if (a.fixed->points.size() > 0 || !a.interrupted) all.push_back(points_answer(*a.fixed));
  if (!a.fixed->recall.examples.empty()) all.push_back(memory_answer(*a.fixed, tolerance));
  for (const BasinFractions& b : a.basins) all.push_back(basin_answer(b));
  if (a.network.certifiable || !a.why_unproved.empty()) all.push_back(proof_answer(a));
  return all;
}

}  // namespace basin::examples
