// Eigenvalues and singular values in double, compiled once: see basin/instantiate.hpp.
#pragma once
#include <complex>  // std::complex
#include <vector>   // std::vector

#include "basin/dynamics/singular_values.hpp"  // singular_values_of
#include "basin/dynamics/spectrum.hpp"         // eigenvalues_of, eigenpairs_of
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/arnoldi.hpp"  // leading_of
#endif

namespace basin::inline BASIN_ABI::detail {

template Eigen::EigenSolver<Mat<double>> solve_eigen<void>(const Mat<double>&, bool, const char*);
template std::vector<std::complex<double>> eigenvalues_of<void>(const Mat<double>&);
template Eigenpairs eigenpairs_of<void>(const Mat<double>&, const char*);
template Vec<double> singular_values_of<void>(MatIn<double>, const char*);
template Vec<double> product_singular_values<void>(MatIn<double>, MatIn<double>, const char*);
template double eigenvalue_condition<void>(const Mat<double>&, std::complex<double>);
#if __has_include(<Spectra/GenEigsSolver.h>)
template Leading leading_of<void>(const ProductMatrix&, Index, const LeadingOptions&);
#endif

}  // namespace basin::detail
