// Adagrad: rates that shrink with the gradients seen so far.
#pragma once
#include "basin/train/optimizer.hpp"  // Optimizer, detail::OptimizerBase, detail::for_each_stretch

namespace basin::inline BASIN_ABI {

/// Parameters of Adagrad, PyTorch's defaults.
struct AdagradOptions {
  double learning_rate = 1e-2;
  double lr_decay = 0;  // of the rate with the number of steps
  double epsilon = 1e-10;
  double initial_accumulator = 0;  // v before the first step
  double weight_decay = 0;
};

/// Adagrad (Duchi, Hazan, Singer 2011), update for update PyTorch's: at step t = 1, 2, ...,
/// with g = gradient + weight_decay * theta,
///
///     v      = v + g^2     (initial_accumulator before the first step)
///     theta -= rate / (1 + (t - 1) lr_decay) * g / (sqrt(v) + epsilon)
///
/// where rate = rate_factor * learning_rate. State columns:
/// v. The constructor throws on options out of range.
template <class S>
class Adagrad : public detail::OptimizerBase<Adagrad<S>, S, AdagradOptions> {
  using Base = detail::OptimizerBase<Adagrad, S, AdagradOptions>;

 public:
  /// Throws on options out of range.
  explicit Adagrad(AdagradOptions options = {}) : Base(options) {
    detail::require_nonnegative(who, "learning_rate", options.learning_rate);
    detail::require_nonnegative(who, "lr_decay", options.lr_decay);
    detail::require_nonnegative(who, "epsilon", options.epsilon);
    detail::require_nonnegative(who, "initial_accumulator", options.initial_accumulator);
    detail::require_nonnegative(who, "weight_decay", options.weight_decay);
  }

  using Base::step;
  void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor);

 private:
  static constexpr const char* who = "Adagrad";
  using Base::options_, Base::state_;
};

template <class S>
void Adagrad<S>::step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) {
  detail::begin_step<S>(who, state_, 1, gradient, theta, next, rate_factor);
  if (state_.steps == 1) state_.values.setConstant(static_cast<S>(options_.initial_accumulator));
  const double steps_before = static_cast<double>(state_.steps - 1);
  const S rate =
      static_cast<S>(rate_factor * options_.learning_rate / (1 + steps_before * options_.lr_decay));
  const S epsilon = static_cast<S>(options_.epsilon), decay = static_cast<S>(options_.weight_decay);
  const auto update = [=](const auto& g, auto& th, const auto& part) {
    detail::Stretch<S> v = part(0);
    v += g.square();                        // v = v + g^2
    th -= rate * g / (v.sqrt() + epsilon);  // theta -= rate g / (sqrt(v) + epsilon)
  };
  detail::for_each_stretch<S>(gradient, theta, next, state_, decay, update);
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void Adagrad<float>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
extern template void Adagrad<double>::step(VecIn<double>, VecIn<double>, VecOut<double>, double);
#endif

}  // namespace basin
