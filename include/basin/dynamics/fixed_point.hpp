// Is x a fixed point of f, and if so an attractor?
#pragma once
#include <algorithm>  // std::max
#include <cmath>      // std::abs
#include <ostream>    // std::ostream

#include "basin/core/error.hpp"         // require
#include "basin/core/model.hpp"         // Model
#include "basin/dynamics/jacobian.hpp"  // jacobian
#include "basin/dynamics/leading.hpp"   // leading_eigenvalues

namespace basin {

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
  double tolerance =
      1e-2;              // x counts as fixed when |f(x) - x| <= tolerance * |x| (or <= tolerance where x = 0)
  double margin = 1e-6;  // |rho - 1| up to this, or up to the residual of rho, is undecided
  LeadingOptions leading = {};
};

struct FixedPoint {
  Stability stability = Stability::not_fixed;
  double residual = 0;         // |f(x) - x| / |x|, or |f(x)| where x = 0
  double spectral_radius = 0;  // of the Jacobian at x, whether or not x is fixed
  double radius_residual = 0;  // |J v - lambda v| / |v| of the eigenvalue behind it
};

/// The spectral radius of the Jacobian of f at x with the residual of its eigenvalue: by Arnoldi iteration on
/// the dense Jacobian, and by the QR algorithm where that does not converge.
template <Layer F>
[[nodiscard]] FixedPoint classify_fixed_point(const Model<F>& f, VecIn<typename F::Scalar> x,
                                              const FixedPointOptions& options = {}) {
  require(options.tolerance >= 0, "classify_fixed_point: tolerance must be >= 0, got ", options.tolerance);
  require(options.margin >= 0, "classify_fixed_point: margin must be >= 0, got ", options.margin);
  FixedPoint p;
  const auto size = static_cast<double>(x.norm());
  p.residual = static_cast<double>((f(x) - x).norm()) / (size > 0 ? size : 1);
  const Mat<double> J = jacobian(f, x).template cast<double>();
  const Leading leading = leading_eigenvalues(J, 1, options.leading);
  p.spectral_radius = leading.converged ? std::abs(leading.values.front()) : spectral_radius(J);
  p.radius_residual = leading.converged ? leading.residuals.front() : 1e-15 * J.norm();
  if (!(p.residual <= options.tolerance))
    p.stability = Stability::not_fixed;
  else if (std::abs(p.spectral_radius - 1) <= std::max(options.margin, p.radius_residual))
    p.stability = Stability::undecided;
  else
    p.stability = p.spectral_radius < 1 ? Stability::attracting : Stability::unstable;
  return p;
}

}  // namespace basin
