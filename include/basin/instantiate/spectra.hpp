// Eigenvalues, singular values, ranks, bottlenecks and basins in double, compiled once: see
// basin/instantiate.hpp.
#pragma once
#include <complex>                       // std::complex
#include <vector>                        // std::vector
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/basins.hpp"           // distances_of, nearest_of, recovery_of, ...
#include "basin/dynamics/bottleneck.hpp"       // bottleneck_of
#include "basin/dynamics/rank.hpp"             // rank_of
#include "basin/dynamics/singular_values.hpp"  // singular_values_of
#include "basin/dynamics/spectrum.hpp"         // eigenvalues_of, eigenpairs_of
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/arnoldi.hpp"  // leading_of
#endif

namespace basin::inline BASIN_ABI {

BASIN_HELD template Mat<double> real_vectors<void>(const std::vector<std::complex<double>>&,
                                                   const Mat<std::complex<double>>&);

namespace detail {

BASIN_HELD template Mat<double> square_matrix<void>(Mat<double>, const char*);
BASIN_HELD template Eigen::EigenSolver<Mat<double>> solve_eigen<void>(const Mat<double>&, bool, const char*);
BASIN_HELD template std::vector<std::complex<double>> eigenvalues_of<void>(const Mat<double>&);
BASIN_HELD template Eigenpairs eigenpairs_of<void>(const Mat<double>&, const char*);
BASIN_HELD template void normalize_phase<void>(Eigen::Ref<Vec<std::complex<double>>>);
BASIN_HELD template Vec<double> singular_values_of<void>(MatIn<double>, const char*);
BASIN_HELD template double eigenvalue_condition<void>(const Mat<double>&, std::complex<double>);
BASIN_HELD template NumericalRank rank_of<void>(Vec<double>, double, const char*);
BASIN_HELD template Vec<double> product_singular_values<void>(MatIn<double>, MatIn<double>, const char*);
BASIN_HELD template Bottleneck bottleneck_of<void>(MatIn<double>, MatIn<double>);
BASIN_HELD template Mat<double> distances_of<void>(const Mat<double>&, const Mat<double>&);
BASIN_HELD template Mat<double> cosines_of<void>(const Mat<double>&, const Mat<double>&);
BASIN_HELD template NearestExamples nearest_of<void>(const Mat<double>&, const Mat<double>&);
BASIN_HELD template std::vector<Recovery> recovery_of<void>(const Mat<double>&, const Mat<double>&,
                                                            const std::vector<double>&);
BASIN_HELD template Index count_distinct_of<void>(const Mat<double>&, double);
#if __has_include(<Spectra/GenEigsSolver.h>)
BASIN_HELD template Leading leading_of<void>(const ProductMatrix&, Index, const LeadingOptions&);
#endif

}  // namespace detail

}  // namespace basin
