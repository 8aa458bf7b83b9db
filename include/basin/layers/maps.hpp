// The pointwise maps phi, each with value and derivative, most with range and minimum norm inverse.
#pragma once
#include "basin/layers/maps/elementary.hpp"   // Elementary, Power
#include "basin/layers/maps/exponential.hpp"  // Sigmoid, Tanh, Softplus, Elu, Celu, Selu, ...
#include "basin/layers/maps/gated.hpp"        // Gelu, GeluTanh, Silu, Mish
#include "basin/layers/maps/map.hpp"          // PointwiseMap, InvertibleMap, MapRange
#include "basin/layers/maps/periodic.hpp"     // Sin, Cosid, Ripple
#include "basin/layers/maps/piecewise_linear.hpp"  // Identity, Relu, LeakyRelu, Hardtanh, HardSigmoid, HardSwish, ...

namespace basin::inline BASIN_ABI::detail {

template <class... Phis>
struct MapList {};
/// The maps of basin that have range and inverse, bounds for certificates and names in their files. (The
/// identity needs neither.)
using NamedMaps =
    MapList<Relu, LeakyRelu, Hardtanh, HardSigmoid, HardSwish, Softsign, Sigmoid, Tanh, Softplus, Elu, Celu,
            Selu, ExpNeg, SigmoidNeg, Gelu, GeluTanh, Silu, Mish, Sin, Cosid, Ripple>;

}  // namespace basin::detail
