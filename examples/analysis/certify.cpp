// Proofs that attractors attract whole balls.
#include <algorithm>  // std::max, std::min
#include <chrono>     // std::chrono
#include <cmath>      // std::floor

#include "analysis/analysis.hpp"
#include "basin/core/parallel.hpp"  // parallel_for
#include "support/claims.hpp"       // number
#include "support/interrupt.hpp"    // interrupted
#include "support/progress.hpp"     // Progress, duration
#include "support/text.hpp"         // text

namespace basin::examples {

namespace {

/// Seconds for one certificate on one core, a rough estimate: all widths of maps meet each other in products,
/// with a factor that gives about what docs/certificates.md says of 7 x 128. Of the sizes alone, so that what
/// is proved does not depend on the machine.
double seconds_of_one(const Sequence<double>& f) {
  double sum = 0, widest = 0;
  for (Index k = 0; k < f.size(); ++k)
    if (!f.child(k).is_affine()) {
      const auto width = static_cast<double>(f.child(k).in_size());
      sum += width;
      widest = std::max(widest, width);
    }
  return 4e-9 * sum * sum * widest;
}

/// Numbers in the matrices that the affine layers are written out as.
double numbers_in_matrices(const Sequence<double>& f) {
  double sum = 0;
  for (Index k = 0; k < f.size(); ++k)
    if (f.child(k).is_affine())
      sum += static_cast<double>(f.child(k).in_size()) * static_cast<double>(f.child(k).out_size());
  return sum;
}

}  // namespace

void certify_attractors(const AnalysisInput& in, const AnalyzeOptions& o, Analysis& a) {
  constexpr double most_numbers = 1 << 27;
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Index> at = a.attractors();
  const auto none = [&](const std::string& why) {
    a.unproved = static_cast<Index>(at.size());
    a.why_unproved = why;
    a.network.no_certificates = why;
  };
  if (!o.certificates) return none("not asked for (--no-certificates)");
  if (numbers_in_matrices(in.f.layer) > most_numbers)
    return none(text("the layers, written out as matrices, would take ",
                     number(8e-9 * numbers_in_matrices(in.f.layer)), " GB"));
  std::optional<ExactNetwork> exact;
  try {
    exact.emplace(exact_network(in.f));
  } catch (const std::invalid_argument& refused) {
    return none(refused.what());
  }
  a.network.certifiable = true;
  const double one = seconds_of_one(in.f.layer), budget = o.full ? 3600 : 20;
  const auto affordable = static_cast<std::size_t>(std::min(1e6, std::floor(budget / std::max(one, 1e-3))));
  const std::size_t count = std::min(at.size(), affordable);
  a.unproved = static_cast<Index>(at.size() - count);
  if (count < at.size())
    a.why_unproved = text("about ", duration(one), " each", o.full ? "" : "; --full tries more");
  std::vector<ProvedAttractor> proofs(count);
  Progress progress("certificates");
  constexpr std::size_t together = 8;
  for (std::size_t begin = 0; begin < count && !interrupted(); begin += together) {
    const std::size_t some = std::min(together, count - begin);
    parallel_for(static_cast<Index>(some), [&](Index i) {
      ProvedAttractor& p = proofs[begin + static_cast<std::size_t>(i)];
      p.point = at[begin + static_cast<std::size_t>(i)];
      CertifyOptions options;
      options.search.cancelled = interrupted;
      p.certificate = certify_attractor(*exact, a.fixed->points.x.col(p.point), options);
      p.certificate.metric = {};  // is not shown, and may be large
    });
    a.proofs.insert(a.proofs.end(), proofs.begin() + static_cast<std::ptrdiff_t>(begin),
                    proofs.begin() + static_cast<std::ptrdiff_t>(begin + some));
    progress.update(static_cast<double>(begin + some) / static_cast<double>(count));
  }
  a.seconds.emplace_back("certificates",
                         std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace basin::examples
