// Studies of basins, for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include <vector>  // std::vector

#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/basin_boundary.hpp"  // uncertainty_exponent_of
#include "basin/dynamics/basin_map.hpp"       // basin_map_of
#include "basin/dynamics/basin_radius.hpp"    // basin_radii_of, noise_tolerance_of
#include "basin/dynamics/directions.hpp"      // orthonormal, row_space_of, stretched_by
#include "basin/dynamics/edge_state.hpp"      // edge_state_of
#include "basin/dynamics/measured_ball.hpp"   // measured_ball_of, measure_balls_of
#include "basin/dynamics/slice.hpp"           // basin_slice_of
#include "basin/dynamics/smallest_shock.hpp"  // smallest_shock_of

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template Mat<double> orthonormal<void>(const Mat<double>&, double);
BASIN_HELD template Mat<double> jacobian_times<void>(const LocalMap&, const Mat<double>&);
BASIN_HELD template Mat<double> adjoint_times<void>(const LocalMap&, const Mat<double>&);
BASIN_HELD template RowSpace row_space_of<void>(const LocalMap&, Index);
BASIN_HELD template StretchedDirections stretched_by<void>(const std::vector<LocalMap>&, Index, Index);
BASIN_HELD template BasinRadii basin_radii_of<float>(const ModelByCalls<float>&,
                                                     const std::vector<Attractor<float>>&, Index,
                                                     const Mat<double>&, const BasinRadiusOptions&);
BASIN_HELD template BasinRadii basin_radii_of<double>(const ModelByCalls<double>&,
                                                      const std::vector<Attractor<double>>&, Index,
                                                      const Mat<double>&, const BasinRadiusOptions&);
BASIN_HELD template NoiseTolerance noise_tolerance_of<float>(const ModelByCalls<float>&,
                                                             const std::vector<Attractor<float>>&, Index,
                                                             const NoiseToleranceOptions&);
BASIN_HELD template NoiseTolerance noise_tolerance_of<double>(const ModelByCalls<double>&,
                                                              const std::vector<Attractor<double>>&, Index,
                                                              const NoiseToleranceOptions&);
BASIN_HELD template Shock smallest_shock_of<float>(const ModelByCalls<float>&,
                                                   const std::vector<Attractor<float>>&, Index,
                                                   const SmallestShockOptions&);
BASIN_HELD template Shock smallest_shock_of<double>(const ModelByCalls<double>&,
                                                    const std::vector<Attractor<double>>&, Index,
                                                    const SmallestShockOptions&);
BASIN_HELD template EdgeState<float> edge_state_of<float>(const ModelByCalls<float>&,
                                                          const std::vector<Attractor<float>>&, VecIn<float>,
                                                          VecIn<float>, const EdgeStateOptions&);
BASIN_HELD template EdgeState<double> edge_state_of<double>(const ModelByCalls<double>&,
                                                            const std::vector<Attractor<double>>&,
                                                            VecIn<double>, VecIn<double>,
                                                            const EdgeStateOptions&);
BASIN_HELD template Slice<float> basin_slice_of<float>(const ModelByCalls<float>&,
                                                       const std::vector<Attractor<float>>&, const Plane&,
                                                       const PlaneBox&, Index, Index, const BasinMapOptions&);
BASIN_HELD template Slice<double> basin_slice_of<double>(const ModelByCalls<double>&,
                                                         const std::vector<Attractor<double>>&, const Plane&,
                                                         const PlaneBox&, Index, Index,
                                                         const BasinMapOptions&);
BASIN_HELD template UncertaintyExponent uncertainty_exponent_of<float>(const ModelByCalls<float>&,
                                                                       const std::vector<Attractor<float>>&,
                                                                       const Plane&, const PlaneBox&,
                                                                       const UncertaintyOptions&);
BASIN_HELD template UncertaintyExponent uncertainty_exponent_of<double>(const ModelByCalls<double>&,
                                                                        const std::vector<Attractor<double>>&,
                                                                        const Plane&, const PlaneBox&,
                                                                        const UncertaintyOptions&);
BASIN_HELD template MeasuredBall measured_ball_of<float>(const ModelByCalls<float>&, const Attractor<float>&,
                                                         const MeasuredBallOptions&);
BASIN_HELD template MeasuredBall measured_ball_of<double>(const ModelByCalls<double>&,
                                                          const Attractor<double>&,
                                                          const MeasuredBallOptions&);
BASIN_HELD template std::vector<MeasuredBall> measure_balls_of<float>(const ModelByCalls<float>&,
                                                                      std::vector<Attractor<float>>&,
                                                                      const MeasuredBallOptions&);
BASIN_HELD template std::vector<MeasuredBall> measure_balls_of<double>(const ModelByCalls<double>&,
                                                                       std::vector<Attractor<double>>&,
                                                                       const MeasuredBallOptions&);
BASIN_HELD template BasinMap<float> basin_map_of<float>(const ModelByCalls<float>&,
                                                        const std::vector<Attractor<float>>&,
                                                        const StartsInBlocks<float>&, Index,
                                                        const BasinMapOptions&);
BASIN_HELD template BasinMap<double> basin_map_of<double>(const ModelByCalls<double>&,
                                                          const std::vector<Attractor<double>>&,
                                                          const StartsInBlocks<double>&, Index,
                                                          const BasinMapOptions&);

}  // namespace basin::detail
