// Lyapunov exponents of an orbit, how well they are known, and what kind of motion they belong to.
#pragma once
#include <any>     // std::any
#include <limits>  // std::numeric_limits

#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/model.hpp"             // Model
#include "basin/core/model_by_calls.hpp"    // ModelByCalls, by_calls
#include "basin/core/types.hpp"             // Index, Mat, Vec, VecIn
#include "basin/dynamics/lyapunov_run.hpp"  // LyapunovSpectrum, LyapunovOptions, Motion
#include "basin/dynamics/self_map.hpp"      // require_self_map

namespace basin::inline BASIN_ABI {

namespace detail {

template <class S>
TangentStep tangent_step(const ModelByCalls<S>& f) {
  return [f, cache = std::any(), points = Mat<S>(), y = Mat<S>(), u = Mat<S>(), v = Mat<S>()](
             Vec<double>& x, Mat<double>& Q) mutable {
    points = x.cast<S>().replicate(1, f.layer.broadcasts() ? 1 : Q.cols());
    y.resize(points.rows(), points.cols());
    f.layer.forward(f.theta, points, y, cache);
    u = Q.cast<S>();
    v.resize(u.rows(), u.cols());
    f.layer.jvp(f.theta, points, y, cache, u, v);
    x = y.col(0).template cast<double>();
    Q = v.template cast<double>();
  };
}

inline void require_lyapunov_options(const LyapunovOptions& o, Index d) {
  const char* who = "lyapunov_spectrum";
  require(o.exponents >= 1 && o.exponents <= d, who, ": exponents must be in 1 .. ", d, ", got ",
          o.exponents);
  require(o.transient >= 0, who, ": transient must be >= 0, got ", o.transient);
  require(o.batches >= 2, who, ": batches must be >= 2, got ", o.batches);
  require(o.steps >= 2 * o.batches, who, ": steps must be >= 2 batches = ", 2 * o.batches, ", got ", o.steps);
  require(o.recurrence >= 0, who, ": recurrence must be >= 0, got ", o.recurrence);
  require(o.zero >= 0, who, ": zero must be >= 0, got ", o.zero);
  require(o.digits >= 0, who, ": digits must be >= 0, got ", o.digits);
  require(o.bound > 0, who, ": bound must be > 0, got ", o.bound);
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template TangentStep tangent_step<float>(const ModelByCalls<float>&);
extern template TangentStep tangent_step<double>(const ModelByCalls<double>&);
#endif

}  // namespace detail

/// The Lyapunov exponents of the orbit of x: k directions are taken along by J and made orthonormal again
/// after each step, Q_(t+1) R_t = J(x_t) Q_t, lambda_i = the mean of log R_t(i, i) (Benettin, Galgani,
/// Giorgilli, Strelcyn 1980). In double but for f and J themselves; k products with J a step.
///
/// The motion is named where that is shown of this run, with u the uncertainty of lambda_1:
///
/// - point or cycle: lambda_1 < -u, and the orbit closes after `period` steps;
/// - chaotic: lambda_1 > u, bounded, and the orbit never closes;
/// - quasi-periodic: |lambda_1| <= u <= `zero`, bounded, the orbit never closes, and `digits` of its weighted
///   means agree: it does not merely come to rest slowly. A cycle longer than half the run that neither
///   attracts nor repels looks the same.
///
/// All else is undecided. Throws if f does not map its space to itself, if x does not fit, or if an option
/// makes no sense.
template <Layer F>
[[nodiscard]] LyapunovSpectrum lyapunov_spectrum(const Model<F>& f, VecIn<typename F::Scalar> x,
                                                 const LyapunovOptions& options = {}) {
  detail::require_self_map(f, x.size(), "lyapunov_spectrum", "x");
  detail::require_lyapunov_options(options, x.size());
  return detail::lyapunov_of(detail::tangent_step(detail::by_calls(f)), x.template cast<double>(),
                             static_cast<double>(std::numeric_limits<typename F::Scalar>::epsilon()),
                             options);
}

}  // namespace basin
