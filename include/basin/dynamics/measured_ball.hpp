// A ball around an attractor inside which every start that was tried came back to it.
#pragma once
#include <algorithm>   // std::min, std::max
#include <cstddef>     // std::size_t
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"           // require
#include "basin/core/model.hpp"           // Model
#include "basin/core/model_by_calls.hpp"  // ModelByCalls, by_calls
#include "basin/core/parallel.hpp"        // parallel_for
#include "basin/dynamics/attractors.hpp"  // Attractor
#include "basin/dynamics/directions.hpp"  // random_directions, directions_within, stretched_by
#include "basin/dynamics/fates.hpp"       // follow, Fate

namespace basin::inline BASIN_ABI {

/// Which starts are tried around an attractor.
struct MeasuredBallOptions {
  Index random = 24;     // so many random directions on each sphere, new ones each time,
  Index row_space = 24;  // so many of the row space of the Jacobian,
  Index stretched = 8;   // and so many that it stretches most, each with both signs
  double first =
      1e-3;  // radius of the first sphere, relative to the largest |point| (or to 1 where that is 0)
  double largest = 1;       // no sphere is larger, relative likewise
  Index max_steps = 10000;  // to come back from a sphere to the one inside it
  std::uint64_t seed = 1;
  std::function<bool()> cancelled = {};  // asked now and then; true ends the trials
};

/// What was tried and what came of it.
struct MeasuredBall {
  double radius =
      0;  // half of `sphere`: of the ball that is to decide; 0: not even the first sphere came back
  double sphere = 0;  // all starts on spheres of this radius, and of half, a quarter, ... of it, came back
  double escaped =
      std::numeric_limits<double>::infinity();  // the sphere from which a start did not; infinite: none
  Index spheres = 0;                            // tried
  Index starts = 0;                             // on all of them
  bool slow = false;  // the last sphere failed since orbits still moved, not since they left
  bool cancelled = false;
};

namespace detail {

/// The directions that are tried on every sphere, and the row space that further ones are drawn from.
struct ProbeDirections {
  Mat<double> always, basis;
};
template <class S>
ProbeDirections probe_directions(const ModelByCalls<S>& f, const Attractor<S>& a,
                                 const MeasuredBallOptions& o) {
  std::vector<LocalMap> J;  // along the cycle
  const SelfMap map = self_map(f, 1024);
  for (Index i = 0; i < a.period(); ++i) J.push_back(map.linearized(a.points.col(i).template cast<double>()));
  const Index n = a.points.rows();
  ProbeDirections d;
  if (o.stretched > 0) {
    const Mat<double> V = stretched_by(J, n, o.stretched).V;
    d.always.resize(n, 2 * V.cols());
    d.always << V, -V;
  }
  if (o.row_space > 0) d.basis = row_space_of(J.front(), n).basis;
  return d;
}

/// Starts on the sphere of this radius around the points of the attractor, in turn.
template <class S>
Mat<S> starts_on_sphere(const Attractor<S>& a, const ProbeDirections& d, double radius,
                        const MeasuredBallOptions& o, Index sphere) {
  const Index within = d.basis.cols() > 0 ? o.row_space : 0;
  Mat<double> U(a.points.rows(), d.always.cols() + o.random + within);
  const std::uint64_t seed = o.seed + 2 * static_cast<std::uint64_t>(sphere);
  if (d.always.cols() > 0) U.leftCols(d.always.cols()) = d.always;
  U.middleCols(d.always.cols(), o.random) = random_directions(U.rows(), o.random, seed);
  if (within > 0) U.rightCols(within) = directions_within(d.basis, within, seed + 1);
  Mat<S> starts(U.rows(), U.cols() * a.period());
  for (Index j = 0; j < starts.cols(); ++j)
    starts.col(j) = (a.points.col(j % a.period()).template cast<double>() + radius * U.col(j / a.period()))
                        .template cast<S>();
  return starts;
}

enum class Return : unsigned char { all, slow, left };
/// Whether all starts come into the ball of radius `inner` of the attractor; if not, whether some still move.
template <class S>
Return come_back(const ModelByCalls<S>& f, Attractor<S> a, double inner, MatIn<S> starts,
                 const MeasuredBallOptions& o, MeasuredBall& ball) {
  a.radius = inner;
  a.ellipsoid = 0;
  a.certified = false;
  FateOptions options;
  options.max_steps = o.max_steps;
  options.cancelled = o.cancelled;
  // By balls alone: an orbit that stands still outside of the inner one did not come.
  options.arrived = std::numeric_limits<double>::min();
  const Fates fates = follow<S>(f, {a}, starts, options);
  ball.cancelled = ball.cancelled || fates.cancelled;
  ball.spheres += 1;
  ball.starts += starts.cols();
  if (fates.count(Fate::arrived) == starts.cols()) return Return::all;
  return fates.count(Fate::arrived) + fates.count(Fate::moving) == starts.cols() ? Return::slow
                                                                                 : Return::left;
}

inline void require_ball_options(const MeasuredBallOptions& o, const char* who) {
  require(o.random >= 0 && o.row_space >= 0 && o.stretched >= 0 && o.random + o.row_space + o.stretched >= 1,
          who, ": numbers of directions must be >= 0 and not all 0, got ", o.random, ", ", o.row_space,
          " and ", o.stretched);
  require(o.first > 0 && o.first <= o.largest, who, ": spheres must have 0 < first <= largest, got ", o.first,
          " and ", o.largest);
  require(o.max_steps >= 1, who, ": max_steps must be >= 1, got ", o.max_steps);
}

}  // namespace detail

namespace detail {

/// See basin::measured_ball.
template <class S>
MeasuredBall measured_ball_of(const ModelByCalls<S>& f, const Attractor<S>& attractor,
                              const MeasuredBallOptions& options) {
  require_self_map(f, attractor.points.rows(), "measured_ball", "attractor");
  require_attractors<S>({attractor}, f.layer.in_size(), "measured_ball");
  require_ball_options(options, "measured_ball");
  const double unit = unit_of<S>({attractor});
  const ProbeDirections d = probe_directions<S>(f, attractor, options);
  MeasuredBall ball;
  const auto all_back = [&](double radius, double inner) {
    const Mat<S> starts = starts_on_sphere(attractor, d, radius, options, ball.spheres);
    const Return back = come_back<S>(f, attractor, inner, starts, options, ball);
    (back == Return::all ? ball.sphere : ball.escaped) = radius;
    ball.slow = back == Return::slow;
    return back == Return::all && !ball.cancelled;
  };
  double radius = options.first * unit;
  for (int attempt = 0; attempt < 4 && !all_back(radius, radius / 8); ++attempt, radius /= 4)
    if (ball.slow || ball.cancelled) return ball;
  if (!(ball.sphere > 0)) return ball;
  for (double next = 2 * radius; next <= options.largest * unit && next < ball.escaped; next *= 2)
    if (!all_back(next, next / 2)) break;
  ball.radius = ball.sphere / 2;
  return ball;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template MeasuredBall measured_ball_of<float>(const ModelByCalls<float>&, const Attractor<float>&,
                                                     const MeasuredBallOptions&);
extern template MeasuredBall measured_ball_of<double>(const ModelByCalls<double>&, const Attractor<double>&,
                                                      const MeasuredBallOptions&);
#endif

}  // namespace detail

/// Spheres around an attractor, each twice as large as the one before, until a start on one does not come
/// back inside the one before; the first must come back to an eighth of itself, and is made smaller up to
/// three times until it does. Half of the largest sphere is the radius. Directions are random ones, random
/// ones of the row space of the Jacobian (in networks with a narrow first layer most random directions are
/// neutral), and those that it stretches most.
///
/// This is measured, not proved: a basin may come nearer in a direction that was not tried, or a hole may lie
/// between the spheres. Throws if f does not map its space to itself, the attractor does not fit, or an
/// option makes no sense.
template <Layer F>
[[nodiscard]] MeasuredBall measured_ball(const Model<F>& f, const Attractor<typename F::Scalar>& attractor,
                                         const MeasuredBallOptions& options = {}) {
  return detail::measured_ball_of<typename F::Scalar>(detail::by_calls(f), attractor, options);
}

namespace detail {

/// See basin::measure_balls.
template <class S>
std::vector<MeasuredBall> measure_balls_of(const ModelByCalls<S>& f, std::vector<Attractor<S>>& attractors,
                                           const MeasuredBallOptions& options) {
  std::vector<MeasuredBall> balls(attractors.size());
  std::vector<Attractor<S>> measured = attractors;
  parallel_for(static_cast<Index>(attractors.size()), [&](Index k) {
    const auto at = static_cast<std::size_t>(k);
    Attractor<S>& a = measured[at];
    if (a.certified) return;
    const double unit = unit_of<S>({a});
    MeasuredBallOptions o = options;
    o.seed += 1000003 * static_cast<std::uint64_t>(k);
    for (std::size_t j = 0; j < attractors.size(); ++j) {
      if (j == at) continue;
      const double apart = distance_between(a, attractors[j]);
      require(apart > 0, "measure_balls: attractors ", k + 1, " and ", j + 1, " have a point in common");
      const double room = attractors[j].certified ? 0.99 * (apart - reach(attractors[j])) : 0.49 * apart;
      o.largest = std::min(o.largest, room / unit);
    }
    require(o.largest > 0, "measure_balls: attractor ", k + 1, " lies in the certified ball of another one");
    o.first = std::min(o.first, o.largest);
    balls[at] = measured_ball(f, a, o);
    a.radius = balls[at].radius;
    a.ellipsoid = 0;
  });
  attractors = std::move(measured);
  return balls;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template std::vector<MeasuredBall> measure_balls_of<float>(const ModelByCalls<float>&,
                                                                  std::vector<Attractor<float>>&,
                                                                  const MeasuredBallOptions&);
extern template std::vector<MeasuredBall> measure_balls_of<double>(const ModelByCalls<double>&,
                                                                   std::vector<Attractor<double>>&,
                                                                   const MeasuredBallOptions&);
#endif

}  // namespace detail

/// measured_ball for each attractor that has no certified ball: its radius becomes the measured one. No
/// sphere is larger than .49 of the distance to the next attractor (less what a certified ball takes of it),
/// so that no two balls meet. Throws as measured_ball does, or if two attractors have a point in common.
template <Layer F>
[[nodiscard]] std::vector<MeasuredBall> measure_balls(const Model<F>& f,
                                                      std::vector<Attractor<typename F::Scalar>>& attractors,
                                                      const MeasuredBallOptions& options = {}) {
  return detail::measure_balls_of<typename F::Scalar>(detail::by_calls(f), attractors, options);
}

}  // namespace basin
