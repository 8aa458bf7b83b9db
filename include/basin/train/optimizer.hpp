// What an optimizer is: a value that moves theta against a gradient, and what all of them share.
#pragma once
#include <algorithm>  // std::min
#include <concepts>   // std::copyable, std::same_as

#include "basin/core/error.hpp"     // require
#include "basin/core/parallel.hpp"  // parallel_for
#include "basin/core/types.hpp"     // Mat, VecIn, VecOut
#include "basin/train/checks.hpp"   // detail::require_nonnegative

namespace basin::inline BASIN_ABI {

/// What an optimizer remembers, for a look inside and for resuming: `a.state() = b.state()` makes a go on
/// where b stood.
template <class S>
struct OptimizerState {
  Index steps = 0;  // taken so far
  Mat<S> values;    // theta.size() rows; the columns are listed at each optimizer
};

/// An optimizer with Scalar S:
///
///     learning_rate()                       the base rate
///     step(gradient, theta, rate_factor)    theta -= rate_factor * learning_rate * (...), see Schedule
///     reset()                               forgets all that it remembers
///     state()                               what it remembers, see OptimizerState
///
/// The memory is allocated at the first step and never again. step throws, and changes nothing, when gradient
/// or theta is not of the size remembered, or when rate_factor is negative or not finite. An optimizer can
/// also have
///
///     step(gradient, theta, next, rate_factor)    next = theta - rate_factor * learning_rate * (...)
///
/// which saves `fit` a pass over the parameters: it keeps those before the step. All of the library's have
/// it; there next is of theta's size and may be theta itself.
template <class O>
concept Optimizer = std::copyable<O> &&
    requires(O opt, const O& fixed, VecIn<typename O::Scalar> gradient, VecOut<typename O::Scalar> theta) {
  { fixed.learning_rate() } -> std::same_as<double>;
  { opt.step(gradient, theta, 1.0) } -> std::same_as<void>;
  { opt.reset() } -> std::same_as<void>;
  { opt.state() } -> std::same_as<OptimizerState<typename O::Scalar>&>;
};

namespace detail {

/// What the library's optimizers have in common: all but the check of their options, which is their
/// constructor, and the update, step(gradient, theta, next, rate_factor). `Derived` is the optimizer; its
/// Options have a learning_rate.
template <class Derived, class S, class Options>
class OptimizerBase {
 public:
  using Scalar = S;

  const Options& options() const { return options_; }
  double learning_rate() const { return options_.learning_rate; }
  OptimizerState<S>& state() { return state_; }
  const OptimizerState<S>& state() const { return state_; }
  void reset() { state_ = {}; }

  void step(VecIn<S> gradient, VecOut<S> theta, double rate_factor = 1) {
    static_cast<Derived&>(*this).step(gradient, theta, theta, rate_factor);
  }

 protected:
  explicit OptimizerBase(Options options) : options_(options) {}

  Options options_;
  OptimizerState<S> state_;
};

/// Checks the arguments of a step, makes room at the first one (columns of zeros) and counts it.
template <class S>
void begin_step(const char* who, OptimizerState<S>& state, Index columns, VecIn<S> gradient, VecIn<S> theta,
                const VecOut<S>& next, double rate_factor) {
  require(gradient.size() == theta.size(), who, ": gradient has ", gradient.size(), " entries, theta has ",
          theta.size());
  require(next.size() == theta.size(), who, ": next has ", next.size(), " entries, theta has ", theta.size());
  require_nonnegative(who, "rate_factor", rate_factor);
  if (state.steps == 0) state.values.setZero(theta.size(), columns);
  require(state.values.rows() == theta.size() && state.values.cols() == columns, who, ": theta has ",
          theta.size(), " entries, but the state of ", state.steps, " steps is ", state.values.rows(), " x ",
          state.values.cols(), ", expected ", theta.size(), " x ", columns, " (reset() forgets it)");
  ++state.steps;
}

// A step goes through memory once, in stretches short enough that all arrays of one stay in the first cache.
inline constexpr Index stretch_size = 1024;
template <class S>
using Stretch = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>
using StretchIn = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>  // not on the heap
using StretchBuffer = Eigen::Array<S, Eigen::Dynamic, 1, Eigen::ColMajor, stretch_size, 1>;

/// body(g, th, part) for every stretch: g is the gradient plus decay * theta, th the stretch of next, which
/// begins as theta's, and part(k) that of column k of the state. Every entry is treated alone: threads change
/// nothing in the result.
template <class S, class Body>
void for_each_stretch(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, OptimizerState<S>& state, S decay,
                      const Body& body) {
  constexpr Index piece = 64 * stretch_size;  // what is worth a thread
  const Index n = theta.size();
  parallel_for((n + piece - 1) / piece, [&](Index p) {
    const Index end = std::min(n, (p + 1) * piece);
    for (Index i = p * piece; i < end; i += stretch_size) {
      const Index size = std::min(stretch_size, end - i);
      Stretch<S> th(next.data() + i, size);
      if (next.data() != theta.data()) th = StretchIn<S>(theta.data() + i, size);
      const auto part = [&](Index k) { return Stretch<S>(state.values.data() + k * n + i, size); };
      const StretchIn<S> g(gradient.data() + i, size);
      if (decay == 0) {
        body(g, th, part);
      } else {
        StretchBuffer<S> decayed = g + decay * th;  // g = dL/dtheta + decay theta
        body(StretchIn<S>(decayed.data(), size), th, part);
      }
    }
  });
}

/// One step of any optimizer from theta to next, which is another vector.
template <Optimizer O>
void step_to(O& optimizer, VecIn<typename O::Scalar> gradient, VecIn<typename O::Scalar> theta,
             VecOut<typename O::Scalar> next, double rate_factor) {
  if constexpr (requires { optimizer.step(gradient, theta, next, rate_factor); }) {
    optimizer.step(gradient, theta, next, rate_factor);
  } else {
    next = theta;
    optimizer.step(gradient, next, rate_factor);
  }
}

}  // namespace detail
}  // namespace basin
