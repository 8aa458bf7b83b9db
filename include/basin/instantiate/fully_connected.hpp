// The fully connected network with its objective, orbits and Jacobians, compiled once: see
// basin/instantiate.hpp.
#pragma once

#include "basin/compose/fully_connected.hpp"  // FullyConnected
#include "basin/core/model.hpp"               // Model
#include "basin/dynamics/fixed_point.hpp"     // classify_fixed_point
#include "basin/dynamics/jacobian.hpp"        // jacobian
#include "basin/dynamics/orbit.hpp"           // orbit
#include "basin/train/objective.hpp"          // Objective
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/leading.hpp"  // leading_eigenvalues
#endif

namespace basin::inline BASIN_ABI {

template FullyConnected<float> fully_connected<float, LeakyRelu>(Index, Index, Index, LeakyRelu);
template struct Model<FullyConnected<float>>;
template class Objective<FullyConnected<float>>;
template Orbit<float> orbit<FullyConnected<float>>(const Model<FullyConnected<float>>&, MatIn<float>,
                                                   const OrbitOptions&);
template Mat<float> jacobian<FullyConnected<float>>(const Model<FullyConnected<float>>&, VecIn<float>);
template FixedPoint classify_fixed_point<FullyConnected<float>>(const Model<FullyConnected<float>>&,
                                                                VecIn<float>, const FixedPointOptions&);

template FullyConnected<double> fully_connected<double, LeakyRelu>(Index, Index, Index, LeakyRelu);
template struct Model<FullyConnected<double>>;
template class Objective<FullyConnected<double>>;
template Orbit<double> orbit<FullyConnected<double>>(const Model<FullyConnected<double>>&, MatIn<double>,
                                                     const OrbitOptions&);
template Mat<double> jacobian<FullyConnected<double>>(const Model<FullyConnected<double>>&, VecIn<double>);
template FixedPoint classify_fixed_point<FullyConnected<double>>(const Model<FullyConnected<double>>&,
                                                                 VecIn<double>, const FixedPointOptions&);

#if __has_include(<Spectra/GenEigsSolver.h>)
template Leading leading_eigenvalues<FullyConnected<float>>(const Model<FullyConnected<float>>&, VecIn<float>,
                                                            Index, const LeadingOptions&);
template Leading leading_eigenvalues<FullyConnected<double>>(const Model<FullyConnected<double>>&,
                                                             VecIn<double>, Index, const LeadingOptions&);
#endif

}  // namespace basin
