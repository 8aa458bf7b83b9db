// The pointwise maps phi, each with value, derivative, range and minimum norm inverse.
#pragma once
#include "basin/layers/maps/exponential.hpp"       // Sigmoid, Tanh, Softplus, Elu, Selu, ...
#include "basin/layers/maps/gated.hpp"             // Gelu, GeluTanh, Silu, Mish
#include "basin/layers/maps/map.hpp"               // PointwiseMap, InvertibleMap, MapRange
#include "basin/layers/maps/periodic.hpp"          // Sin, Cosid, Ripple
#include "basin/layers/maps/piecewise_linear.hpp"  // Identity, Relu, LeakyRelu, Hardtanh, Softsign

namespace basin::inline BASIN_ABI::detail {

/// Whether Phi is a map with a minimum norm inverse for both scalar types of the library.
template <class Phi>
concept LibraryMap = InvertibleMap<Phi, float> && InvertibleMap<Phi, double>;

static_assert(LibraryMap<Identity> && LibraryMap<Relu> && LibraryMap<LeakyRelu> && LibraryMap<Hardtanh>);
static_assert(LibraryMap<Softsign> && LibraryMap<Sigmoid> && LibraryMap<Tanh> && LibraryMap<Softplus>);
static_assert(LibraryMap<Elu> && LibraryMap<Selu> && LibraryMap<ExpNeg> && LibraryMap<SigmoidNeg>);
static_assert(LibraryMap<Gelu> && LibraryMap<GeluTanh> && LibraryMap<Silu> && LibraryMap<Mish>);
static_assert(LibraryMap<Sin> && LibraryMap<Cosid> && LibraryMap<Ripple>);

}  // namespace basin::detail
