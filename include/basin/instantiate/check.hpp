// check_layer, for all layers, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/check/layer_check.hpp"  // check_calls

namespace basin::inline BASIN_ABI::detail {

template CheckReport check_calls<float>(const ContractCalls<float>&, const CheckOptions<float>&);
template CheckReport check_calls<double>(const ContractCalls<double>&, const CheckOptions<double>&);

}  // namespace basin::detail
