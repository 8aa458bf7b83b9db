// Compiles once what takes longest: eigenvalues and singular values in double, which every program that looks at a
// spectrum otherwise compiles for itself. In a project of many files, or one that is compiled often, define
// BASIN_EXTERN_TEMPLATES for all of them and add one source file, with the same flags, that includes this header.
// Without the macro nobody needs it.
#pragma once
#include <complex>  // std::complex
#include <vector>   // std::vector

#include "basin/dynamics/singular_values.hpp"  // singular_values_of
#include "basin/dynamics/spectrum.hpp"         // eigenvalues_of, eigenpairs_of
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/arnoldi.hpp"  // leading_of
#endif

namespace basin::detail {

template Eigen::EigenSolver<Mat<double>> solve_eigen<void>(const Mat<double>&, bool, const char*);
template std::vector<std::complex<double>> eigenvalues_of<void>(const Mat<double>&);
template Eigenpairs eigenpairs_of<void>(const Mat<double>&, const char*);
template Vec<double> singular_values_of<void>(MatIn<double>, const char*);
#if __has_include(<Spectra/GenEigsSolver.h>)
template Leading leading_of<void>(Index, const MatrixProduct&, Index, const LeadingOptions&);
#endif

}  // namespace basin::detail
