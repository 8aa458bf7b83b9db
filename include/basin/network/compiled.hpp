// What basin::compiled holds of a Sequence (basin/instantiate.hpp), for network/sequence.hpp to end with.
#pragma once
#include "basin/core/model.hpp"         // Model
#include "basin/dynamics/jacobian.hpp"  // jacobian
#include "basin/dynamics/orbit.hpp"     // orbit
#include "basin/network/sequence.hpp"   // Sequence
#include "basin/train/objective.hpp"    // Objective
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/leading.hpp"  // leading_eigenvalues
#endif

#ifdef BASIN_COMPILED
namespace basin::inline BASIN_ABI {

extern template struct Model<Sequence<float>>;
extern template class Objective<Sequence<float>>;
extern template Orbit<float> orbit<Sequence<float>>(const Model<Sequence<float>>&, MatIn<float>,
                                                    const OrbitOptions&);
extern template Mat<float> jacobian<Sequence<float>>(const Model<Sequence<float>>&, VecIn<float>);
extern template struct Model<Sequence<double>>;
extern template class Objective<Sequence<double>>;
extern template Orbit<double> orbit<Sequence<double>>(const Model<Sequence<double>>&, MatIn<double>,
                                                      const OrbitOptions&);
extern template Mat<double> jacobian<Sequence<double>>(const Model<Sequence<double>>&, VecIn<double>);
#if __has_include(<Spectra/GenEigsSolver.h>)
extern template Leading leading_eigenvalues<Sequence<float>>(const Model<Sequence<float>>&, VecIn<float>,
                                                             Index, const LeadingOptions&);
extern template Leading leading_eigenvalues<Sequence<double>>(const Model<Sequence<double>>&, VecIn<double>,
                                                              Index, const LeadingOptions&);
#endif

}  // namespace basin
#endif
