// Is x a fixed point of f, and if so an attractor?
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::abs, std::isfinite
#include <limits>     // std::numeric_limits
#include <ostream>    // std::ostream
#include <stdexcept>  // std::runtime_error

#include "basin/core/error.hpp"                // require
#include "basin/core/model.hpp"                // Model
#include "basin/dynamics/jacobian.hpp"         // jacobian
#include "basin/dynamics/leading_options.hpp"  // LeadingOptions
#include "basin/dynamics/spectrum.hpp"         // spectral_radius
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/leading.hpp"  // leading_eigenvalues
#endif

namespace basin::inline BASIN_ABI {

enum class Stability {
  attracting,  // f(x) = x and rho < 1: every orbit that starts close enough converges to x
  unstable,    // f(x) = x and rho > 1: orbits leave x along some direction (a saddle or a repeller)
  undecided,   // f(x) = x and rho = 1 within the margin: the Jacobian does not tell
  not_fixed,   // f(x) is not x
};
inline std::ostream& operator<<(std::ostream& out, Stability s) {
  switch (s) {
    case Stability::attracting:
      return out << "attracting";
    case Stability::unstable:
      return out << "unstable";
    case Stability::undecided:
      return out << "undecided";
    case Stability::not_fixed:
      return out << "not a fixed point";
  }
  return out;
}

struct FixedPointOptions {
  /// x counts as fixed when |f(x) - x| <= tolerance * |x| (or <= tolerance where x = 0). A small residual is
  /// not a small distance: f(x) = .995 x passes at x = 1, with its fixed point at 0. FixedPoint::distance
  /// tells.
  double tolerance = 1e-2;
  double margin = 1e-6;         // |rho - 1| up to this, or up to the residual of rho, is undecided
  LeadingOptions leading = {};  // of the iteration; without Spectra there is none
};

struct FixedPoint {
  Stability stability = Stability::not_fixed;
  double residual = 0;         // |f(x) - x| / |x|, or |f(x)| where x = 0
  double spectral_radius = 0;  // of the Jacobian at x, whether or not x is fixed
  double radius_residual =
      0;                // |J v - lambda v| / |v| of the eigenvalue behind it, or the rounding of J if larger
  double distance = 0;  // residual / |1 - rho|: about how far, relative to |x|, the true fixed point may be
};

namespace detail {

// Whether this file sees Spectra: another file of the same program may not. What depends on it takes it as a
// template parameter, so that each file gets its own code and not what another one has compiled under the
// same name.
#if __has_include(<Spectra/GenEigsSolver.h>)
constexpr bool with_spectra = true;
#else
constexpr bool with_spectra = false;
#endif

/// |lambda| of the leading eigenvalue of the Jacobian at x and its residual. Up to 1024 dimensions the
/// Jacobian is formed (cheaper than products one by one, and exact where the iteration fails); above, only
/// products are used.
template <bool WithSpectra, Layer F>
void find_radius(const Model<F>& f, VecIn<typename F::Scalar> x,
                 [[maybe_unused]] const FixedPointOptions& options, FixedPoint& p) {
#if __has_include(<Spectra/GenEigsSolver.h>)
  if (x.size() > 1024) {
    const Leading leading = leading_eigenvalues(f, x, 1, options.leading);
    if (!leading.converged)
      throw std::runtime_error(text("classify_fixed_point: the leading eigenvalue did not converge in ",
                                    leading.products, " products; allow more restarts or enlargements"));
    p.spectral_radius = std::abs(leading.values.front());
    p.radius_residual = leading.residuals.front();
    return;
  }
#endif
  const Mat<double> J = jacobian(f, x).template cast<double>();
  if (!J.allFinite()) {
    p.spectral_radius = p.radius_residual = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  // J was computed in the network's scalar type: its own rounding is part of the uncertainty.
  p.radius_residual = static_cast<double>(std::numeric_limits<typename F::Scalar>::epsilon()) * J.norm();
#if __has_include(<Spectra/GenEigsSolver.h>)
  if (const Leading leading = leading_eigenvalues(J, 1, options.leading); leading.converged) {
    p.spectral_radius = std::abs(leading.values.front());
    p.radius_residual = std::max(p.radius_residual, leading.residuals.front());
    return;
  }
#endif
  p.spectral_radius = spectral_radius(J);
  p.radius_residual = std::max(
      p.radius_residual, static_cast<double>(J.rows()) * std::numeric_limits<double>::epsilon() * J.norm());
}

}  // namespace detail

/// Whether x is a fixed point of f and, by the spectral radius rho of the Jacobian there, which kind
/// (Theorem 2, corrected: the paper says "largest eigenvalue"). Without Spectra, rho comes from all
/// eigenvalues of the dense Jacobian, O(d^3). For a Jacobian that is far from normal rho can be wrong by more
/// than radius_residual. A point where f is NaN or infinite is not fixed. Throws if f does not map its space
/// to itself, if x does not fit, or if the iteration of more than 1024 dimensions does not converge.
template <Layer F, bool WithSpectra = detail::with_spectra>
[[nodiscard]] FixedPoint classify_fixed_point(const Model<F>& f, VecIn<typename F::Scalar> x,
                                              const FixedPointOptions& options = {}) {
  require(f.layer.in_size() == f.layer.out_size(), "classify_fixed_point: f maps ", f.layer.in_size(),
          " rows to ", f.layer.out_size(), ", expected as many");
  require(options.tolerance >= 0, "classify_fixed_point: tolerance must be >= 0, got ", options.tolerance);
  require(options.margin >= 0, "classify_fixed_point: margin must be >= 0, got ", options.margin);
  FixedPoint p;
  const auto size = static_cast<double>(x.norm());
  p.residual = static_cast<double>((f(x) - x).norm()) / (size > 0 ? size : 1);
  if (!std::isfinite(p.residual)) {
    p.spectral_radius = p.radius_residual = p.distance = std::numeric_limits<double>::quiet_NaN();
    return p;
  }
  detail::find_radius<WithSpectra>(f, x, options, p);
  p.distance = p.residual / std::abs(1 - p.spectral_radius);
  if (!(p.residual <= options.tolerance) || std::isnan(p.spectral_radius))
    p.stability = Stability::not_fixed;
  else if (std::abs(p.spectral_radius - 1) <= std::max(options.margin, p.radius_residual))
    p.stability = Stability::undecided;
  else
    p.stability = p.spectral_radius < 1 ? Stability::attracting : Stability::unstable;
  return p;
}

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI {
extern template FixedPoint classify_fixed_point<FullyConnected<float>>(const Model<FullyConnected<float>>&,
                                                                       VecIn<float>,
                                                                       const FixedPointOptions&);
extern template FixedPoint classify_fixed_point<FullyConnected<double>>(const Model<FullyConnected<double>>&,
                                                                        VecIn<double>,
                                                                        const FixedPointOptions&);
}  // namespace basin
#endif
