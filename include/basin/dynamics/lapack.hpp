// Dense eigenvalues by LAPACK, used by eigenvalues() where BASIN_USE_LAPACK is defined. Link with -llapacke.
#pragma once
#if !__has_include(<lapacke.h>)
#error \
    "BASIN_USE_LAPACK needs LAPACKE: install it (Debian: liblapacke-dev) and link with -llapacke, or leave BASIN_USE_LAPACK undefined"
#endif
#ifndef LAPACK_COMPLEX_CPP
#define LAPACK_COMPLEX_CPP  // std::complex; C's header of complex numbers defines a macro I
#endif
#include <lapacke.h>  // LAPACKE_dgeev

#include <complex>    // std::complex
#include <limits>     // std::numeric_limits
#include <stdexcept>  // std::runtime_error
#include <vector>     // std::vector

#include "basin/core/error.hpp"  // require, text
#include "basin/core/types.hpp"  // Mat, Vec

namespace basin::inline BASIN_ABI::detail {

/// The eigenvalues of a square matrix in no order, by dgeev, which overwrites A. The result does not depend
/// on our number of threads; an OpenBLAS behind LAPACK has threads of its own, whose number may change last
/// bits: OPENBLAS_NUM_THREADS=1 where these matter, and where parallel_for calls this in several threads at
/// once.
template <class = void>
std::vector<std::complex<double>> lapack_eigenvalues(Mat<double> A) {
  require(A.rows() <= std::numeric_limits<lapack_int>::max() / 8, "eigenvalues: A has ", A.rows(),
          " rows, more than LAPACK can count");
  const auto n = static_cast<lapack_int>(A.rows());
  Vec<double> re(A.rows()), im(A.rows());
  const lapack_int info =
      LAPACKE_dgeev(LAPACK_COL_MAJOR, 'N', 'N', n, A.data(), n, re.data(), im.data(), nullptr, 1, nullptr, 1);
  if (info != 0)
    throw std::runtime_error(text("eigenvalues: LAPACK's dgeev failed on a ", A.rows(), " x ", A.rows(),
                                  " matrix, info = ", info));
  std::vector<std::complex<double>> values;
  values.reserve(static_cast<std::size_t>(A.rows()));
  for (Index i = 0; i < A.rows(); ++i) values.emplace_back(re[i], im[i]);
  return values;
}

}  // namespace basin::detail
