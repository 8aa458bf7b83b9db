// RMSprop, plain, centered and with momentum.
#pragma once
#include "basin/train/optimizer.hpp"  // Optimizer, detail::OptimizerBase, detail::for_each_stretch

namespace basin::inline BASIN_ABI {

/// Parameters of RMSprop, PyTorch's defaults.
struct RMSpropOptions {
  double learning_rate = 1e-2;
  double alpha = 0.99;  // decay rate of the mean of the squared gradient
  double epsilon = 1e-8;
  bool centered = false;  // divide by the standard deviation of the gradient
  double momentum = 0;
  double weight_decay = 0;
};

/// RMSprop (Tieleman, Hinton 2012), update for update PyTorch's: with g = gradient + weight_decay * theta,
///
///     v      = alpha v + (1 - alpha) g^2
///     s      = sqrt(v) + epsilon
///     theta -= rate * g / s                                 without momentum, or
///     theta -= rate * b, where b = momentum * b + g / s     with it
///
/// and, if centered (Graves 2013), m = alpha m + (1 - alpha) g and s = sqrt(v - m^2) + epsilon,
/// where rate = rate_factor * learning_rate. State columns: v; m if centered; b with momentum.
/// The constructor throws on options out of range.
template <class S>
class RMSprop : public detail::OptimizerBase<RMSprop<S>, S, RMSpropOptions> {
  using Base = detail::OptimizerBase<RMSprop, S, RMSpropOptions>;

 public:
  /// Throws on options out of range.
  explicit RMSprop(RMSpropOptions options = {}) : Base(options) {
    detail::require_nonnegative(who, "learning_rate", options.learning_rate);
    detail::require_below_one(who, "alpha", options.alpha);
    detail::require_nonnegative(who, "epsilon", options.epsilon);
    detail::require_nonnegative(who, "momentum", options.momentum);
    detail::require_nonnegative(who, "weight_decay", options.weight_decay);
  }

  using Base::step;
  void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor);

 private:
  static constexpr const char* who = "RMSprop";
  using Base::options_, Base::state_;
};

template <class S>
void RMSprop<S>::step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) {
  const bool centered = options_.centered, with_momentum = options_.momentum != 0;
  const Index columns = 1 + (centered ? 1 : 0) + (with_momentum ? 1 : 0);
  detail::begin_step<S>(who, state_, columns, gradient, theta, next, rate_factor);
  const S rate = static_cast<S>(rate_factor * options_.learning_rate);
  const S mu = static_cast<S>(options_.momentum);
  const S alpha = static_cast<S>(options_.alpha), fresh = static_cast<S>(1 - options_.alpha);
  const S epsilon = static_cast<S>(options_.epsilon), decay = static_cast<S>(options_.weight_decay);
  const auto update = [=](const auto& g, auto& th, const auto& part) {
    detail::Stretch<S> v = part(0);
    v = alpha * v + fresh * g.square();  // v = alpha v + (1 - alpha) g^2
    detail::StretchBuffer<S> s;
    if (centered) {  // v >= m^2 but for rounding
      detail::Stretch<S> m = part(1);
      m = alpha * m + fresh * g;                        // m = alpha m + (1 - alpha) g
      s = (v - m.square()).max(S(0)).sqrt() + epsilon;  // s = sqrt(v - m^2) + epsilon
    } else {
      s = v.sqrt() + epsilon;  // s = sqrt(v) + epsilon
    }
    if (with_momentum) {
      detail::Stretch<S> b = part(columns - 1);
      b = mu * b + g / s;  // b = momentum b + g / s
      th -= rate * b;      // theta -= rate b
    } else {
      th -= rate * g / s;  // theta -= rate g / s
    }
  };
  detail::for_each_stretch<S>(gradient, theta, next, state_, decay, update);
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void RMSprop<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
extern template void RMSprop<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
#endif

}  // namespace basin
