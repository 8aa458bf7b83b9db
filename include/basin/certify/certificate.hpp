// A proof by computation that a fixed point attracts a whole ball.
#pragma once
#include <cstdint>  // std::uint64_t
#include <string>   // std::string
#include <vector>   // std::vector

#include "basin/certify/exact_network.hpp"  // ExactNetwork, exact_network
#include "basin/certify/metric.hpp"         // Metric
#include "basin/core/error.hpp"             // require
#include "basin/core/model.hpp"             // Model
#include "basin/core/types.hpp"             // Index, Mat, Vec, VecIn
#include "basin/dynamics/newton.hpp"        // SearchOptions

#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::sqrt
#include <utility>    // std::move

#include "basin/certify/jacobian_bound.hpp"  // JacobianBound
#include "basin/dynamics/self_map.hpp"       // SelfMap
#include "basin/dynamics/spectrum.hpp"       // spectral_radius
#endif

namespace basin::inline BASIN_ABI {

/// What is proved of the exact function f of a network (see ExactNetwork) if `verified`: f has exactly one
/// fixed point x* with |T (x* - centre)| <= radius, it lies within `error` of the centre, and
///
///     |T (f(x) - x*)| <= contraction |T (x - x*)|    for all x with |T (x - centre)| <= radius,
///
/// so that the orbit of every such x ends at x*, this fast. With T >= I the distance |x - x*| is never more
/// than the one in T.
struct Certificate {
  bool verified = false;       // whether all of this is proved
  std::string reason;          // why not
  std::uint64_t network = 0;   // ExactNetwork::fingerprint
  Vec<double> centre;          // the fixed point to some digits
  Metric metric;               // T
  double radius = 0;           // in |T v|
  double radius_2norm = 0;     // the 2-norm ball of this radius around the centre lies inside
  double contraction = 1;      // < 1
  double residual = 0;         // |T (f(centre) - centre)| at most
  double error = 0;            // |T (x* - centre)| at most
  double spectral_radius = 0;  // of the Jacobian at the centre, as computed: no bound
};

/// What is proved of a fixed point of any kind if `verified`: there is one within `error` of the centre, in
/// the 2-norm, and no other one within `radius`.
struct FixedPointProof {
  bool verified = false;         // whether that is proved
  std::string reason;            // why not
  std::uint64_t network = 0;     // ExactNetwork::fingerprint
  Vec<double> centre;            // of the ball
  double radius = 0, error = 0;  // in the 2-norm, see above
};

/// How certify_attractor searches.
struct CertifyOptions {
  SearchOptions search = {};  // for the fixed point, from x
  /// The metrics tried are the 2-norm and those of Stein's equation for g = rho + (1 - rho) part, rho the
  /// spectral radius: a smaller part makes J contract more, a larger one makes the metric rounder.
  std::vector<double> parts = {.15, .3, .5, .8};
  double contraction = 0.9999;  // the largest that is accepted, below 1; a smaller one means a smaller radius
};

/// The largest ball around the fixed point next to x that is proved to lie in its basin. The fixed point is
/// looked for in double, from x. A bound of |T Df T^-1| over balls (detail::JacobianBound) gives both: with
/// slopes between any two points of the small ball around the centre c of radius e, L(e) < 1 and
/// |T (f(c) - c)| <= (1 - L(e)) e prove that there is x* in it (Banach); with slopes from x*,
/// |T (f(x) - x*)| <= L(r) |T (x - x*)|. Everything is computed with round to nearest and bounds of what that
/// does. Throws as exact_network does, or if an option makes no sense. `verified` is false, and `reason` says
/// why, where f does not contract in any metric that was tried: at points that are not attracting, above all.
template <class = void>
[[nodiscard]] Certificate certify_attractor(const ExactNetwork& f, VecIn<double> x,
                                            const CertifyOptions& options = {});
/// The same for the exact function of a model, see exact_network.
template <Layer F>
[[nodiscard]] Certificate certify_attractor(const Model<F>& f, VecIn<typename F::Scalar> x,
                                            const CertifyOptions& options = {}) {
  return certify_attractor(exact_network(f), Vec<double>(x.template cast<double>()), options);
}

/// That there is a fixed point next to x, attracting or not, and no other one near it: Krawczyk's operator
/// c - Y (f(c) - c) + (I - Y (Df - I)) (x - c), with Y an approximate inverse of J - I, maps a ball around c
/// into itself (Krawczyk 1969; Rump 1983, Theorem 4.2). Throws as certify_attractor does.
template <class = void>
[[nodiscard]] FixedPointProof certify_fixed_point(const ExactNetwork& f, VecIn<double> x,
                                                  const CertifyOptions& options = {});
/// The same for the exact function of a model, see exact_network.
template <Layer F>
[[nodiscard]] FixedPointProof certify_fixed_point(const Model<F>& f, VecIn<typename F::Scalar> x,
                                                  const CertifyOptions& options = {}) {
  return certify_fixed_point(exact_network(f), Vec<double>(x.template cast<double>()), options);
}

namespace detail {

/// Throws unless the processor rounds to nearest: somebody may have called std::fesetround.
inline void require_rounding_to_nearest(const char* who) {
  volatile double one = 1, little = 0x1p-60;
  require(one + little == one && one - little == one, who,
          ": the rounding mode is not to nearest, as its bounds assume");
}

inline void require_certify_options(const CertifyOptions& o, const char* who) {
  require_rounding_to_nearest(who);
  require_search_options(o.search, who);
  require(o.contraction > 0 && o.contraction < 1, who, ": contraction must be between 0 and 1, got ",
          o.contraction);
  for (const double part : o.parts)
    require(part > 0 && part < 1, who, ": parts must lie between 0 and 1, got ", part);
}

#ifdef BASIN_BODIES

/// J = D E at x, without bounds: D the weight of an output step that is narrow, or J with E = I.
template <class = void>
LocalMap jacobian_of(const ExactNetwork& f, VecIn<double> x) {
  const Pass pass = forward_pass(f, x);
  const auto t = tangents(f, pass, 0, {{}, true});
  const ExactNetwork::Step& out = f.steps()[f.output()];
  LocalMap J;
  const bool narrow = narrow_last_step(f) && !t[out.a].empty();
  if (narrow) J.E = written_out(t[out.a], f.size()).mid;
  J.D = narrow ? out.weight : written_out(t[f.output()], f.size()).mid;
  return J;
}

/// f as what Newton's method searches.
template <class = void>
SelfMap self_map_of(const ExactNetwork& f) {
  SelfMap map;
  map.size = f.size();
  map.epsilon = std::numeric_limits<double>::epsilon();
  map.rounded = [](VecIn<double> x) -> Vec<double> { return x; };
  map.value = [&f](VecIn<double> x) { return f(x); };
  map.linearized = [&f](VecIn<double> x) { return jacobian_of(f, x); };
  return map;
}

/// How a proof of either kind begins: the fixed point that is found from x. Whether there is one; else the
/// proof has the reason.
template <class Proof>
bool begin(Proof& proof, const ExactNetwork& f, VecIn<double> x, const CertifyOptions& options,
           const char* who) {
  require(x.size() == f.size(), who, ": x has ", x.size(), " rows, f expects ", f.size());
  require_certify_options(options, who);
  const Found found = newton_search(self_map_of(f), x, options.search);
  proof.network = f.fingerprint();
  proof.centre = found.x;
  if (found.end != SearchEnd::converged) proof.reason = text("no fixed point was found from x: ", found.end);
  return found.end == SearchEnd::converged;
}

/// The largest r for which holds(r), where it holds up to some r and not beyond, to about a percent; 0 if it
/// does not at the smallest. `first` is where to begin.
template <class Holds>
double largest_radius(double first, double smallest, const Holds& holds) {
  constexpr double most = 1e100;
  double good = 0, bad = 0, factor = 4;  // which grows: a bound may hold everywhere
  for (double r = first; good == 0 || bad == 0; factor *= factor) {
    (holds(r) ? good : bad) = r;
    if (good >= most) return most;
    if (good == 0 && r <= smallest) return 0;
    r = good > 0 ? std::min(r * factor, most) : std::max(r / factor, smallest);
  }
  while (bad / good > 1.01) {
    const double r = std::sqrt(good) * std::sqrt(bad);
    (holds(r) ? good : bad) = r;
  }
  return good;
}

/// The largest of wanted, .98 wanted, ... for which holds(r) is proved, in ever longer steps down; 0: none
/// above `smallest`.
template <class Holds>
double proved_radius(double wanted, double smallest, const Holds& holds) {
  double factor = 0.98;
  int attempt = 0;
  for (double r = wanted; r > smallest; r *= factor) {
    if (holds(r)) return r;
    if (++attempt % 8 == 0) factor *= factor;
  }
  return 0;
}

/// The smallest e that Banach's theorem gives: residual <= (1 - L(e)) e; infinite: none.
template <class = void>
Upper existence_radius(const JacobianBound<>& bound, Upper centre_norm, Upper residual) {
  double e = 2 * residual.value() + 0x1p-900;
  for (int attempt = 0; attempt < 60; ++attempt) {
    const Upper L = centre_norm + bound.change(e, 0, Slopes::between_any, Norms::verified);
    const double left = one_minus(L);
    if (!(left > 0)) break;
    const Upper needed = residual / left;
    if (needed <= e) return Upper(e);
    e = needed.value() * 1.001;
  }
  return Upper(std::numeric_limits<double>::infinity());
}

/// Krawczyk's operator at c: Y = -(I + U V), with J = D E and so (J - I)^-1 = -(I + D (I - E D)^-1 E) to
/// rounding.
template <class = void>
struct Krawczyk {
  Mat<double> U, V;
  JacobianBound<> bound;
  Upper centre_norm;  // |I - Y (J - I)| at c
  Upper residual;     // |Y (f(c) - c)|

  Krawczyk(const ExactNetwork& f, VecIn<double> c) : Krawczyk(f, c, jacobian_of(f, c)) {}

 private:
  Krawczyk(const ExactNetwork& f, VecIn<double> c, const LocalMap& J)
      : U(inverse_of(J)),
        V(J.is_product() ? J.E : Mat<double>(Mat<double>::Identity(f.size(), f.size()))),
        bound(f, ends(f), c) {
    const auto t = tangents(f, bound.pass(), 0, {{}, true});
    const BoundedMatrix jacobian = written_out(t[f.output()], f.size()),
                        I(Mat<double>::Identity(f.size(), f.size()));
    // I - Y (J - I) = J + U V (J - I)
    centre_norm =
        frobenius(sum(jacobian, product(BoundedMatrix(U), product(BoundedMatrix(V), sum(jacobian, I, -1)))));
    residual = frobenius(negated_inverse(difference(bound.value(), c))) + bound.value_error();
  }
  static Mat<double> inverse_of(const LocalMap& J) {
    const Mat<double> M = middle(J);
    const Mat<double> K = (Mat<double>::Identity(M.rows(), M.cols()) - M).partialPivLu().inverse();
    return J.is_product() ? Mat<double>(J.D * K) : Mat<double>(M * K);
  }
  /// (I + U V) A
  BoundedMatrix negated_inverse(const BoundedMatrix& A) const {
    return sum(A, product(BoundedMatrix(U), product(BoundedMatrix(V), A)));
  }
  BoundEnds ends(const ExactNetwork& f) const {
    BoundEnds e = bound_ends(f, {});
    const bool narrow = e.last != f.output();
    e.in_front = narrow ? dominating_right(negated_inverse(BoundedMatrix(f.steps()[f.output()].weight)))
                        : negated_inverse(BoundedMatrix(Mat<double>::Identity(f.size(), f.size())));
    e.norm = Upper(1) + frobenius(U) * frobenius(V);
    return e;
  }
};

/// One metric and the radius that a search by estimates finds with it.
struct Candidate {
  Metric metric;
  JacobianBound<> bound;
  double radius = 0, radius_2norm = 0;
};
template <class = void>
Candidate candidate(const ExactNetwork& f, VecIn<double> c, Metric T, const CertifyOptions& options) {
  JacobianBound<> bound(f, bound_ends(f, T), c);
  Candidate found{std::move(T), std::move(bound)};
  const double size = std::max(c.norm(), 0x1p-100);
  if (found.bound.centre_norm() < options.contraction)
    found.radius = largest_radius(1e-2 * size, 1e-12 * size, [&](double r) {
      return found.bound.centre_norm() + found.bound.change(r, 0, Slopes::from_centre, Norms::estimated) <=
             options.contraction;
    });
  found.radius_2norm = found.radius / norm_of(found.metric).value();
  return found;
}

/// The verified part: all that follows from the bound, with a radius of at most that of the candidate.
template <class = void>
void prove(Certificate& proof, const Candidate& found, const CertifyOptions& options) {
  const JacobianBound<>& bound = found.bound;
  const Upper residual = distance_in(found.metric, bound.value(), proof.centre) + bound.value_error();
  const Upper error = existence_radius(bound, bound.centre_norm(), residual);
  proof.metric = found.metric;
  proof.residual = residual.value();
  proof.error = error.value();
  if (!(error < std::numeric_limits<double>::infinity())) {
    proof.reason = "the residual is too large for how much the Jacobian changes around the centre";
    return;
  }
  Upper L;
  const double r = proved_radius(found.radius, 2 * error.value(), [&](double radius) {
    L = bound.centre_norm() + bound.change(radius, error.value(), Slopes::from_centre, Norms::verified);
    return L <= options.contraction;
  });
  const double radius = r > 0 ? (r - error.value()) * (1 - 0x1p-50) : 0;
  proof.verified = radius >= error.value();  // so that x* is inside
  if (!proof.verified) {
    proof.reason = "rounding and kinks leave no ball";
    return;
  }
  proof.radius = radius;
  proof.radius_2norm = radius / norm_of(found.metric).value() * (1 - 0x1p-50);
  proof.contraction = L.value();
}
#endif

}  // namespace detail

#ifdef BASIN_BODIES
template <class>
Certificate certify_attractor(const ExactNetwork& f, VecIn<double> x, const CertifyOptions& options) {
  Certificate proof;
  if (!detail::begin(proof, f, x, options, "certify_attractor")) return proof;
  const detail::LocalMap J = detail::jacobian_of(f, proof.centre);
  const Mat<double> M = detail::middle(J);
  const double rho = M.allFinite() ? spectral_radius(M) : std::numeric_limits<double>::quiet_NaN();
  proof.spectral_radius = rho;
  if (!(rho < 1)) {
    proof.reason = detail::text("the fixed point does not attract: spectral radius ", rho);
    return proof;
  }
  detail::Candidate best = detail::candidate(f, proof.centre, {}, options);
  const Mat<double> E = J.is_product() ? J.E : Mat<double>(Mat<double>::Identity(f.size(), f.size()));
  for (const double part : options.parts) {
    detail::Candidate next =
        detail::candidate(f, proof.centre, detail::stein_metric(J.D, E, rho + (1 - rho) * part), options);
    if (next.radius_2norm > best.radius_2norm) best = std::move(next);
  }
  if (best.radius > 0)
    detail::prove(proof, best, options);
  else
    proof.reason = detail::text("no metric that was tried contracts; spectral radius ", rho);
  return proof;
}

template <class>
FixedPointProof certify_fixed_point(const ExactNetwork& f, VecIn<double> x, const CertifyOptions& options) {
  using detail::Norms;
  FixedPointProof proof;
  if (!detail::begin(proof, f, x, options, "certify_fixed_point")) return proof;
  const detail::Krawczyk<> krawczyk(f, proof.centre);
  const Upper error = detail::existence_radius(krawczyk.bound, krawczyk.centre_norm, krawczyk.residual);
  if (!(error < std::numeric_limits<double>::infinity())) {
    proof.reason = "Krawczyk's operator does not map a ball into itself: a kink may pass through the point";
    return proof;
  }
  const auto contracts = [&](double r, Norms norms) {
    return krawczyk.centre_norm + krawczyk.bound.change(r, 0, detail::Slopes::between_any, norms) <=
           options.contraction;
  };
  const double first = 1e-2 * std::max(proof.centre.norm(), 1.);
  const double wanted =
      detail::largest_radius(first, error.value(), [&](double r) { return contracts(r, Norms::estimated); });
  const double larger =
      detail::proved_radius(wanted, error.value(), [&](double r) { return contracts(r, Norms::verified); });
  proof.error = error.value();
  proof.radius = std::max(larger, proof.error);
  proof.verified = true;
  return proof;
}
#endif

}  // namespace basin
