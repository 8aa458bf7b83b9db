// All pointwise maps of the library, with parameters at and away from their defaults.
#pragma once
#include <limits>  // std::numeric_limits

#include "basin/layers/maps.hpp"

/// f(phi) for every map.
template <class F>
void for_each_map(const F& f) {
  f(basin::Identity{});
  f(basin::Relu{});
  f(basin::LeakyRelu{});
  f(basin::LeakyRelu{.slope = 0.2});
  f(basin::LeakyRelu{.slope = 0});
  f(basin::LeakyRelu{.slope = 3});
  f(basin::LeakyRelu{.slope = -2});
  f(basin::LeakyRelu{.slope = -0.5});
  f(basin::Hardtanh{});
  f(basin::Hardtanh{.lo = -0.25, .hi = 2});
  f(basin::Hardtanh{.lo = 0.5, .hi = 2});
  f(basin::Hardtanh{.lo = -3, .hi = -0.1});
  f(basin::Hardtanh{.lo = 0, .hi = std::numeric_limits<double>::infinity()});
  f(basin::HardSigmoid{});
  f(basin::HardSigmoid{.slope = 0.25, .offset = 0.625});
  f(basin::HardSwish{});
  f(basin::Softsign{});
  f(basin::Sigmoid{});
  f(basin::Tanh{});
  f(basin::Softplus{});
  f(basin::Softplus{.beta = 3});
  f(basin::Elu{});
  f(basin::Elu{.alpha = 1.5});
  f(basin::Elu{.alpha = 0.1});
  f(basin::Celu{});
  f(basin::Celu{.alpha = 0.5});
  f(basin::Celu{.alpha = 2.5});
  f(basin::Selu{});
  f(basin::ExpNeg{});
  f(basin::SigmoidNeg{});
  f(basin::Gelu{});
  f(basin::GeluTanh{});
  f(basin::Silu{});
  f(basin::Silu{.beta = 2.5});
  f(basin::Mish{});
  f(basin::Sin{});
  f(basin::Cosid{});
  f(basin::Ripple{});
}
