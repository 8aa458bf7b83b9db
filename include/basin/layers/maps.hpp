// The pointwise maps phi, each with value and derivative, most with range and minimum norm inverse.
#pragma once
#include "basin/layers/maps/elementary.hpp"   // Elementary, Power
#include "basin/layers/maps/exponential.hpp"  // Sigmoid, Tanh, Softplus, Elu, Celu, Selu, ...
#include "basin/layers/maps/gated.hpp"        // Gelu, GeluTanh, Silu, Mish
#include "basin/layers/maps/map.hpp"          // PointwiseMap, InvertibleMap, MapRange
#include "basin/layers/maps/periodic.hpp"     // Sin, Cosid, Ripple
#include "basin/layers/maps/piecewise_linear.hpp"  // Identity, Relu, LeakyRelu, Hardtanh, HardSigmoid, HardSwish, ...
