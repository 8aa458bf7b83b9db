// Gradient descent, plain and with momentum.
#pragma once
#include "basin/train/optimizer.hpp"  // Optimizer, detail::OptimizerBase, detail::for_each_stretch

namespace basin::inline BASIN_ABI {

/// Parameters of gradient descent.
struct GradientDescentOptions {
  double learning_rate = 1e-2;
  double momentum = 0;
  double dampening = 0;   // of the gradient that enters the momentum
  bool nesterov = false;  // wants momentum > 0 and no dampening
  double weight_decay = 0;
};

/// Gradient descent, update for update PyTorch's SGD: with g = gradient + weight_decay * theta,
///
///     b      = momentum * b + (1 - dampening) g     (at the first step b = g)
///     theta -= rate * g                             without momentum,
///     theta -= rate * b                             with it, or
///     theta -= rate * (g + momentum * b)            with Nesterov's (Sutskever et al. 2013)
///
/// where rate = rate_factor * learning_rate. State columns: b with momentum, else none.
/// The constructor throws on options out of range.
template <class S>
class GradientDescent : public detail::OptimizerBase<GradientDescent<S>, S, GradientDescentOptions> {
  using Base = detail::OptimizerBase<GradientDescent, S, GradientDescentOptions>;

 public:
  /// Throws on options out of range.
  explicit GradientDescent(GradientDescentOptions options = {}) : Base(options) {
    detail::require_nonnegative(who, "learning_rate", options.learning_rate);
    detail::require_nonnegative(who, "momentum", options.momentum);
    detail::require_below_one(who, "dampening", options.dampening);
    detail::require_nonnegative(who, "weight_decay", options.weight_decay);
    require(!options.nesterov || (options.momentum > 0 && options.dampening == 0), who,
            ": nesterov wants momentum > 0 and dampening = 0, got momentum ", options.momentum,
            ", dampening ", options.dampening);
  }

  using Base::step;
  void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor);

 private:
  static constexpr const char* who = "GradientDescent";
  using Base::options_, Base::state_;
};

template <class S>
void GradientDescent<S>::step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) {
  const bool with_momentum = options_.momentum != 0;
  detail::begin_step<S>(who, state_, with_momentum ? 1 : 0, gradient, theta, next, rate_factor);
  const S rate = static_cast<S>(rate_factor * options_.learning_rate);
  const S mu = static_cast<S>(options_.momentum);
  const S fresh = static_cast<S>(1 - options_.dampening), decay = static_cast<S>(options_.weight_decay);
  const bool first = state_.steps == 1, nesterov = options_.nesterov;
  const auto update = [=](const auto& g, auto& th, const auto& part) {
    if (!with_momentum) {
      th -= rate * g;  // theta -= rate g
      return;
    }
    detail::Stretch<S> b = part(0);
    if (first)
      b = g;
    else
      b = mu * b + fresh * g;  // b = momentum b + (1 - dampening) g
    if (nesterov)
      th -= rate * (g + mu * b);  // theta -= rate (g + momentum b)
    else
      th -= rate * b;  // theta -= rate b
  };
  detail::for_each_stretch<S>(gradient, theta, next, state_, decay, update);
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void GradientDescent<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
extern template void GradientDescent<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
#endif

}  // namespace basin
