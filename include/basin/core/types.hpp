// Index, matrices and vectors, and the argument types of every public function.
#pragma once
#include <Eigen/Core>  // Eigen::Matrix, Eigen::Ref

#include "basin/core/config.hpp"  // the checks of flags and macros

namespace basin::inline BASIN_ABI {

/// Of rows, columns and counts: signed, 64 bits.
using Index = Eigen::Index;

/// A batch: column-major, one column a sample. An image is one column in channel, row, column order. Kernels
/// walk down the columns in memory, so the order is said here and not left to EIGEN_DEFAULT_TO_ROW_MAJOR.
template <class S>
using Mat = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
/// A column of numbers.
template <class S>
using Vec = Eigen::Matrix<S, Eigen::Dynamic, 1, Eigen::ColMajor>;

/// Arguments are Eigen::Ref, so that a matrix, a block of one and a Map share one instantiation. An `Out` is
/// sized by the caller; nothing is ever resized through it.
template <class S>
using MatIn = const Eigen::Ref<const Mat<S>>&;
/// A batch that is written, sized by the caller: any column-major matrix or block of columns.
template <class S>
using MatOut = Eigen::Ref<Mat<S>>;
/// A vector that is read, such as theta.
template <class S>
using VecIn = const Eigen::Ref<const Vec<S>>&;
/// A vector that is written, sized by the caller.
template <class S>
using VecOut = Eigen::Ref<Vec<S>>;

/// How a factor enters a product, op(A) in the words of BLAS: A or A'.
enum class GemmOp { plain, transposed };

namespace detail {
/// Where entry (row, col) of a column-major matrix lies in memory; the rest of its column follows.
template <class M>
auto* entry(M&& m, Index row, Index col) {
  return m.data() + col * m.outerStride() + row;
}
}  // namespace detail

}  // namespace basin
