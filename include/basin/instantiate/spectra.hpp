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

template Mat<double> real_vectors<void>(const std::vector<std::complex<double>>&,
                                        const Mat<std::complex<double>>&);

namespace detail {

template Mat<double> square_matrix<void>(Mat<double>, const char*);
template Eigen::EigenSolver<Mat<double>> solve_eigen<void>(const Mat<double>&, bool, const char*);
template std::vector<std::complex<double>> eigenvalues_of<void>(const Mat<double>&);
template Eigenpairs eigenpairs_of<void>(const Mat<double>&, const char*);
template void normalize_phase<void>(Eigen::Ref<Vec<std::complex<double>>>);
template Vec<double> singular_values_of<void>(MatIn<double>, const char*);
template double eigenvalue_condition<void>(const Mat<double>&, std::complex<double>);
template NumericalRank rank_of<void>(Vec<double>, double, const char*);
template Vec<double> product_singular_values<void>(MatIn<double>, MatIn<double>, const char*);
template Bottleneck bottleneck_of<void>(MatIn<double>, MatIn<double>);
template Mat<double> distances_of<void>(const Mat<double>&, const Mat<double>&);
template Mat<double> cosines_of<void>(const Mat<double>&, const Mat<double>&);
template NearestExamples nearest_of<void>(const Mat<double>&, const Mat<double>&);
template std::vector<Recovery> recovery_of<void>(const Mat<double>&, const Mat<double>&,
                                                 const std::vector<double>&);
template Index count_distinct_of<void>(const Mat<double>&, double);
#if __has_include(<Spectra/GenEigsSolver.h>)
template Leading leading_of<void>(const ProductMatrix&, Index, const LeadingOptions&);
#endif

}  // namespace detail

}  // namespace basin
