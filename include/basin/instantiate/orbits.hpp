// Orbits and Jacobians, for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include <optional>  // std::optional

#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/jacobian.hpp"  // jacobian_of, jacobian_factors_of
#include "basin/dynamics/lyapunov.hpp"  // tangent_step
#include "basin/dynamics/orbit.hpp"     // orbit_of
#include "basin/dynamics/self_map.hpp"  // self_map_of, local_products

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template Orbit<float> orbit_of<float>(const ModelByCalls<float>&, MatIn<float>,
                                                 const OrbitOptions&);
BASIN_HELD template Orbit<double> orbit_of<double>(const ModelByCalls<double>&, MatIn<double>,
                                                   const OrbitOptions&);
BASIN_HELD template Mat<float> jacobian_of<float>(const ModelByCalls<float>&, VecIn<float>);
BASIN_HELD template Mat<double> jacobian_of<double>(const ModelByCalls<double>&, VecIn<double>);
BASIN_HELD template std::optional<JacobianFactors<float>> jacobian_factors_of<float>(
    const ModelByCalls<float>&, VecIn<float>);
BASIN_HELD template std::optional<JacobianFactors<double>> jacobian_factors_of<double>(
    const ModelByCalls<double>&, VecIn<double>);
BASIN_HELD template LocalMap local_products<float>(const ModelByCalls<float>&, VecIn<float>);
BASIN_HELD template LocalMap local_products<double>(const ModelByCalls<double>&, VecIn<double>);
BASIN_HELD template SelfMap self_map_of<float>(const ModelByCalls<float>&, Index, Index);
BASIN_HELD template SelfMap self_map_of<double>(const ModelByCalls<double>&, Index, Index);
BASIN_HELD template TangentStep tangent_step<float>(const ModelByCalls<float>&);
BASIN_HELD template TangentStep tangent_step<double>(const ModelByCalls<double>&);

}  // namespace basin::detail
