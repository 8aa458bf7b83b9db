// A proof by computation that the orbit of an input ends at an attractor.
#pragma once
#include <string>  // std::string

#include "basin/certify/certificate.hpp"  // Certificate

#ifdef BASIN_BODIES
#include <vector>  // std::vector
#endif

namespace basin::inline BASIN_ABI {

/// What is proved if `verified`: the orbit under the exact function f of every x with
/// |T (x - start)| <= radius, that of the start itself first of all, is inside the ball of the certificate
/// after `steps` steps, so that it ends at the fixed point of the certificate.
struct RecallProof {
  bool verified = false;    // whether that is proved
  std::string reason;       // why not
  Index steps = 0;          // of f
  double radius = 0;        // in |T v|
  double radius_2norm = 0;  // the 2-norm ball of this radius lies inside
  double distance = 0;      // |start - centre|, in the 2-norm
};

/// How certify_recall follows the orbit.
struct RecallProofOptions {
  Index max_steps = 200;  // of the orbit
};

/// Follows the computed orbit x_0 = start, x_1, ... into the ball of the certificate, and then goes back:
/// with the ball of radius r_(t+1) around x_(t+1) known to end at the attractor, that of the largest r_t with
///
///     L_t(r_t) r_t + |T (f(x_t) - x_(t+1))| <= r_(t+1)
///
/// around x_t does, where L_t bounds |T Df T^-1| over it. All of it in the metric T of the attractor: in the
/// 2-norm the factors |J_t| of the steps multiply. `certificate` must be one of this network. Throws if it is
/// of another network or not verified, if start does not fit, or if max_steps < 0.
template <class = void>
[[nodiscard]] RecallProof certify_recall(const ExactNetwork& f, const Certificate& certificate,
                                         VecIn<double> start, const RecallProofOptions& options = {});
/// The same for the exact function of a model, see exact_network.
template <Layer F>
[[nodiscard]] RecallProof certify_recall(const Model<F>& f, const Certificate& certificate,
                                         VecIn<typename F::Scalar> start,
                                         const RecallProofOptions& options = {}) {
  return certify_recall(exact_network(f), certificate, Vec<double>(start.template cast<double>()), options);
}

#ifdef BASIN_BODIES
namespace detail {

/// The largest r with L(r) r + lost <= room that a search finds, proved; 0 if there is none.
template <class = void>
double radius_before(const JacobianBound<>& bound, double room, Upper lost) {
  const auto fits = [&](double r, Norms norms) {
    return (bound.centre_norm() + bound.change(r, 0, Slopes::from_centre, norms)) * Upper(r) + lost <= room;
  };
  if (!(lost < room)) return 0;
  const double wanted =
      largest_radius(room, 1e-6 * room, [&](double r) { return fits(r, Norms::estimated); });
  return proved_radius(wanted, 0.1 * wanted, [&](double r) { return fits(r, Norms::verified); });
}

}  // namespace detail

template <class>
RecallProof certify_recall(const ExactNetwork& f, const Certificate& certificate, VecIn<double> start,
                           const RecallProofOptions& options) {
  constexpr auto who = "certify_recall";
  require(start.size() == f.size(), who, ": start has ", start.size(), " rows, f expects ", f.size());
  detail::require_rounding_to_nearest(who);
  require(options.max_steps >= 0, who, ": max_steps must be >= 0, got ", options.max_steps);
  require(certificate.verified, who, ": the certificate is not verified: ", certificate.reason);
  require(certificate.network == f.fingerprint(), who, ": the certificate is of another network");
  const Metric& T = certificate.metric;
  RecallProof proof;
  proof.distance = (start - certificate.centre).norm();
  std::vector<Vec<double>> orbit{start};
  double room = 0;
  for (;; orbit.push_back(f(orbit.back()))) {
    const Upper away = detail::distance_in(T, orbit.back(), certificate.centre);
    room = (certificate.radius - away.value()) * (1 - 0x1p-50);
    if (room > 0.5 * certificate.radius) break;
    if (static_cast<Index>(orbit.size()) > options.max_steps || !orbit.back().allFinite()) {
      proof.reason = detail::text("the orbit does not come to the ball of the certificate within ",
                                  options.max_steps, " steps");
      return proof;
    }
  }
  proof.steps = static_cast<Index>(orbit.size()) - 1;
  const detail::BoundEnds ends = detail::bound_ends(f, T);
  for (Index t = proof.steps - 1; t >= 0; --t) {
    const auto at = static_cast<std::size_t>(t);
    const detail::JacobianBound<> bound(f, ends, orbit[at]);
    const Upper lost = detail::distance_in(T, bound.value(), orbit[at + 1]) + bound.value_error();
    room = detail::radius_before(bound, room, lost);
    if (!(room > 0)) {
      proof.reason =
          detail::text("what rounding did before step ", t + 1, " may be stretched too far by the rest");
      return proof;
    }
  }
  proof.radius = room;
  proof.radius_2norm = room / detail::norm_of(T).value() * (1 - 0x1p-50);
  proof.verified = true;
  return proof;
}
#endif

}  // namespace basin
