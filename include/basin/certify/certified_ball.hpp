// Attractors with the balls of their certificates.
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::sqrt

#include "basin/certify/certificate.hpp"  // Certificate
#include "basin/core/error.hpp"           // require
#include "basin/dynamics/attractors.hpp"  // Attractor

namespace basin::inline BASIN_ABI {

/// The attractor with the ball that its certificate proves to lie in its basin, and the ellipsoid that it
/// lies in; what it had before is gone. The proof is one of the exact function f: an orbit that is computed
/// and gets inside is, but for what rounding did before and after, certain. Both are made smaller by 1e-9 of
/// themselves, which is more than membership is rounded by, and by the distance of the point to the centre of
/// the certificate. Throws if the certificate is not verified or of another point: one that is not inside.
template <class S>
[[nodiscard]] Attractor<S> with_certificate(Attractor<S> attractor, const Certificate& certificate) {
  constexpr auto who = "with_certificate";
  require(certificate.verified, who, ": the certificate is not verified: ", certificate.reason);
  require(attractor.period() == 1 && attractor.points.rows() == certificate.centre.size(), who,
          ": the attractor has ", attractor.points.rows(), " x ", attractor.period(),
          " numbers, the certificate is of one point of ", certificate.centre.size());
  const double apart = (attractor.points.col(0).template cast<double>() - certificate.centre).norm();
  // |T| <= 1 + max t |Q'Q|, of which Q'Q is I but for rounding.
  const double T = 1 + (certificate.metric.t.size() > 0 ? 1.01 * certificate.metric.t.maxCoeff() : 0);
  attractor.radius = certificate.radius_2norm * (1 - 1e-9) - apart;
  attractor.ellipsoid = certificate.radius * (1 - 1e-9) - T * apart;
  require(attractor.radius > 0 && attractor.ellipsoid > 0, who, ": the attractor is ", apart,
          " from the centre of the certificate, whose radius is ", certificate.radius_2norm);
  attractor.Q = certificate.metric.Q;
  attractor.t = certificate.metric.t;
  attractor.certified = true;
  return attractor;
}

}  // namespace basin
