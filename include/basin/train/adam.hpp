// Adam and AdamW, each with or without AMSGrad.
#pragma once
#include <cmath>  // std::pow, std::sqrt

#include "basin/train/optimizer.hpp"  // Optimizer, detail::OptimizerBase, detail::for_each_stretch

namespace basin::inline BASIN_ABI {

/// Parameters of Adam, PyTorch's defaults.
struct AdamOptions {
  static constexpr const char* who = "Adam";
  static constexpr bool decoupled = false;  // the decay is part of the gradient
  double learning_rate = 1e-3;
  double beta1 = 0.9;    // decay rate of the mean of the gradient
  double beta2 = 0.999;  // and of the mean of its square
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
};

/// Parameters of AdamW, PyTorch's defaults.
struct AdamWOptions {
  static constexpr const char* who = "AdamW";
  static constexpr bool decoupled = true;  // theta shrinks by itself
  double learning_rate = 1e-3;
  double beta1 = 0.9;    // decay rate of the mean of the gradient
  double beta2 = 0.999;  // and of the mean of its square
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
};

/// What Adam and AdamW have in common; see there.
template <class S, class Options>
class BasicAdam : public detail::OptimizerBase<BasicAdam<S, Options>, S, Options> {
  using Base = detail::OptimizerBase<BasicAdam, S, Options>;

 public:
  /// Throws on options out of range.
  explicit BasicAdam(Options options = {}) : Base(options) {
    detail::require_nonnegative(Options::who, "learning_rate", options.learning_rate);
    detail::require_below_one(Options::who, "beta1", options.beta1);
    detail::require_below_one(Options::who, "beta2", options.beta2);
    detail::require_nonnegative(Options::who, "epsilon", options.epsilon);
    detail::require_nonnegative(Options::who, "weight_decay", options.weight_decay);
  }

  using Base::step;
  void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor);

 private:
  using Base::options_, Base::state_;
};

template <class S, class Options>
void BasicAdam<S, Options>::step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) {
  const bool amsgrad = options_.amsgrad;
  detail::begin_step<S>(Options::who, state_, amsgrad ? 3 : 2, gradient, theta, next, rate_factor);
  const double rate = rate_factor * options_.learning_rate, t = static_cast<double>(state_.steps);
  const S beta1 = static_cast<S>(options_.beta1), fresh1 = static_cast<S>(1 - options_.beta1);
  const S beta2 = static_cast<S>(options_.beta2), fresh2 = static_cast<S>(1 - options_.beta2);
  const S m_scale = static_cast<S>(rate / (1 - std::pow(options_.beta1, t)));
  const S v_scale = static_cast<S>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
  const S epsilon = static_cast<S>(options_.epsilon);
  const S shrink = static_cast<S>(1 - rate * options_.weight_decay);
  const S decay = static_cast<S>(Options::decoupled ? 0 : options_.weight_decay);
  const auto update = [=](const auto& g, auto& th, const auto& part) {
    detail::Stretch<S> m = part(0), v = part(1);
    m = beta1 * m + fresh1 * g;                          // m = beta1 m + (1 - beta1) g
    v = beta2 * v + fresh2 * g.square();                 // v = beta2 v + (1 - beta2) g^2
    if constexpr (Options::decoupled) th = shrink * th;  // theta = (1 - rate weight_decay) theta
    // theta -= rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon), with AMSGrad the largest v so
    // far
    if (amsgrad) {
      detail::Stretch<S> v_max = part(2);
      v_max = v_max.max(v);
      th -= m_scale * m / (v_scale * v_max.sqrt() + epsilon);
    } else {
      th -= m_scale * m / (v_scale * v.sqrt() + epsilon);
    }
  };
  detail::for_each_stretch<S>(gradient, theta, next, state_, decay, update);
}

/// Adam (Kingma, Ba 2015), update for update PyTorch's: at step t = 1, 2, ...,
/// with g = gradient + weight_decay * theta,
///
///     m      = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     theta -= rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// where rate = rate_factor * learning_rate; with AMSGrad (Reddi, Kale, Kumar 2018) the largest v so far in
/// place of v. State columns: m, v, and the largest v with AMSGrad. The constructor throws on options out of
/// range.
template <class S>
using Adam = BasicAdam<S, AdamOptions>;

/// AdamW (Loshchilov, Hutter 2019): Adam with theta *= 1 - rate * weight_decay before each update in place of
/// the decay inside the gradient.
template <class S>
using AdamW = BasicAdam<S, AdamWOptions>;

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void BasicAdam<float, AdamOptions>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
extern template void BasicAdam<float, AdamWOptions>::step(VecIn<float>, VecIn<float>, VecOut<float>, double);
extern template void BasicAdam<double, AdamOptions>::step(VecIn<double>, VecIn<double>, VecOut<double>,
                                                          double);
extern template void BasicAdam<double, AdamWOptions>::step(VecIn<double>, VecIn<double>, VecOut<double>,
                                                           double);
#endif

}  // namespace basin
