// check_layer: does a layer keep its contract? For every layer of the library and for users' own.
#pragma once
#include "basin/check/layer_check.hpp"  // check_calls
#include "basin/check/report.hpp"       // CheckOptions, CheckReport
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/layer_calls.hpp"   // TypedContractCalls, borrowed

namespace basin::inline BASIN_ABI {

/// Tests the whole contract of Layer on random numbers: the adjoint identity <v, J u> = <J'v, u>, jvp and
/// theta_bar against central differences (step eps^(1/3)), `=` against `+=`
/// (outputs filled with NaN or numbers beforehand), unwanted outputs, reused caches, independence of columns,
/// blocks of larger matrices, broadcasting, infer, and param_blocks; with inputs at zero, tiny, random and
/// large. Throws only on bad options.
template <Layer F>
[[nodiscard]] CheckReport check_layer(const F& f, const CheckOptions<typename F::Scalar>& options = {}) {
  return detail::check_calls<typename F::Scalar>(detail::TypedContractCalls<F>(detail::borrowed(f)), options);
}

}  // namespace basin
