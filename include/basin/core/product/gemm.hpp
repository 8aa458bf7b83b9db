// The one matrix product behind all layers. It allocates nothing once its packing buffer has grown, gives the
// same bits with any number of threads, and is faster than Eigen's at the shapes of autoencoders
// (docs/design.md).
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::max, std::min

#include "basin/core/parallel.hpp"         // parallel_for, column_range, free_threads, ColumnRange
#include "basin/core/paths.hpp"            // product_path
#include "basin/core/product/panels.hpp"   // multiply_by_panels
#include "basin/core/product/vectors.hpp"  // panel_rows, panel_depth, micro_wide
#include "basin/core/types.hpp"            // Mat, MatIn, MatOut, GemmOp

namespace basin::inline BASIN_ABI {

namespace detail {

/// How a product is cut for threads: whole `unit`s of C's rows, or of its columns; or rows, of which the
/// units that are left over are cut by columns. An entry has the same bits in whatever part it is computed.
struct ProductParts {
  static constexpr Index row_unit = 64, column_unit = micro_wide;  // 64: whole panels of every scalar type
  Index count = 1;
  Index row_units = 0;    // that each part has to itself; 0: parts are of columns alone
  Index shared_rows = 0;  // the last rows, which parts share by columns

  ProductParts(Index rows, Index cols, Index depth, Index threads) {
    constexpr double smallest = 1 << 19;  // multiply-adds that are worth a thread, about 10 microseconds
    const double work = static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(depth);
    const Index most = std::min(threads, static_cast<Index>(work / smallest));
    if (most < 2) return;
    count = most;
    shared_rows = rows;
    double least = cost(rows, largest(cols, column_unit));
    const Index units = (rows + row_unit - 1) / row_unit;
    for (const Index own : {units / most, (units + most - 1) / most}) {
      if (own == 0) continue;
      const Index shared = std::max<Index>(0, rows - row_unit * own * most);
      const double now =
          cost(row_unit * own, cols) + (shared > 0 ? cost(shared, largest(cols, column_unit)) : 0);
      if (now < least) least = now, row_units = own, shared_rows = shared;
    }
  }
  /// run(rows, columns) for the rectangles of part k.
  template <class Run>
  void each(Index rows, Index cols, Index k, const Run& run) const {
    const Index whole = rows - shared_rows, begin = std::min(whole, row_unit * row_units * k);
    const Index size = std::min(whole - begin, row_unit * row_units);
    if (size > 0) run(ColumnRange{begin, size}, ColumnRange{0, cols});
    if (shared_rows == 0) return;
    const ColumnRange units = column_range((cols + column_unit - 1) / column_unit, count, k);
    const Index first = column_unit * units.begin, most = std::min(cols - first, column_unit * units.size);
    if (most > 0) run(ColumnRange{whole, shared_rows}, ColumnRange{first, most});
  }

 private:
  /// Per unit of depth, what is multiplied, and what is packed, at 12 multiply-adds for each number.
  static double cost(Index rows, Index cols) {
    return static_cast<double>(rows) * (static_cast<double>(cols) + 12);
  }
  Index largest(Index cols, Index unit) const {
    const Index units = (cols + unit - 1) / unit;
    return std::min(cols, unit * ((units + count - 1) / count));
  }
};

/// part(rows, columns) for parts of a product that make up the whole, in as many threads as it is worth.
template <class Part>
void share_product(Index rows, Index cols, Index depth, const Part& part) {
  const ProductParts parts(rows, cols, depth, free_threads());
  if (parts.count == 1) return part(ColumnRange{0, rows}, ColumnRange{0, cols});
  parallel_for(parts.count, [&](Index k) { parts.each(rows, cols, k, part); });
}

/// C = start, which may be C itself.
template <class S>
void set_to(const Start<S>& start, MatOut<S> C) {
  if (start.data == C.data()) return;
  for (Index j = 0; j < C.cols(); ++j)
    if (start.data)
      C.col(j) = Eigen::Map<const Vec<S>>(start.data + j * start.column, C.rows());
    else
      C.col(j).setZero();
}

/// C = start + op(A) op(B).
template <class S, GemmOp OpA, GemmOp OpB>
void multiply(MatIn<S> A, MatIn<S> B, const Start<S>& start, MatOut<S> C) {
  static_assert(OpA == GemmOp::plain || OpB == GemmOp::plain);
  const Index depth = OpA == GemmOp::plain ? A.cols() : A.rows(), lda = A.outerStride(),
              ldb = B.outerStride();
  eigen_assert(C.rows() == (OpA == GemmOp::plain ? A.rows() : A.cols()));
  eigen_assert(C.cols() == (OpB == GemmOp::plain ? B.cols() : B.rows()));
  eigen_assert(depth == (OpB == GemmOp::plain ? B.rows() : B.cols()));
  const ProductPath path = product_path<S>(C.rows(), depth, OpB == GemmOp::plain && C.cols() == 1);
  if (path == ProductPath::nothing) return set_to(start, C);
  if constexpr (OpB == GemmOp::plain) {
    if (path == ProductPath::column) {
      set_to(start, C);
      if constexpr (OpA == GemmOp::plain)
        C.col(0).noalias() += A * B.col(0);
      else
        C.col(0).noalias() += A.transpose() * B.col(0);
      return;
    }
  }
  const Index row_step = OpA == GemmOp::plain ? 1 : lda;
  const Strided<S> b{B.data(), OpB == GemmOp::plain ? 1 : ldb, OpB == GemmOp::plain ? ldb : 1};
  share_product(C.rows(), C.cols(), depth, [&](ColumnRange rows, ColumnRange columns) {
    thread_local Vec<S> panel(panel_rows<S> * panel_depth);
    const S* const from = start.data ? start.data + columns.begin * start.column + rows.begin : nullptr;
    multiply_by_panels<S, OpA == GemmOp::transposed>(
        rows.size, columns.size, depth, A.data() + rows.begin * row_step, lda, b.from(0, columns.begin),
        {from, start.column}, entry(C, rows.begin, columns.begin), C.outerStride(), panel.data());
  });
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void multiply<float, GemmOp::plain, GemmOp::plain>(MatIn<float>, MatIn<float>,
                                                                   const Start<float>&, MatOut<float>);
extern template void multiply<float, GemmOp::transposed, GemmOp::plain>(MatIn<float>, MatIn<float>,
                                                                        const Start<float>&, MatOut<float>);
extern template void multiply<float, GemmOp::plain, GemmOp::transposed>(MatIn<float>, MatIn<float>,
                                                                        const Start<float>&, MatOut<float>);
extern template void multiply<double, GemmOp::plain, GemmOp::plain>(MatIn<double>, MatIn<double>,
                                                                    const Start<double>&, MatOut<double>);
extern template void multiply<double, GemmOp::transposed, GemmOp::plain>(MatIn<double>, MatIn<double>,
                                                                         const Start<double>&,
                                                                         MatOut<double>);
extern template void multiply<double, GemmOp::plain, GemmOp::transposed>(MatIn<double>, MatIn<double>,
                                                                         const Start<double>&,
                                                                         MatOut<double>);
#endif

}  // namespace detail

/// C += op(A) op(B). C must not overlap A or B.
template <class S, GemmOp OpA = GemmOp::plain, GemmOp OpB = GemmOp::plain>
void gemm_add(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  detail::multiply<S, OpA, OpB>(A, B, {C.data(), C.outerStride()}, C);
}

/// C = op(A) op(B). C must not overlap A or B.
template <class S, GemmOp OpA = GemmOp::plain, GemmOp OpB = GemmOp::plain>
void gemm(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  detail::multiply<S, OpA, OpB>(A, B, {nullptr, 0}, C);
}

/// C = b 1' + A B: b is added to each column. C must not overlap the others.
template <class S>
void gemm_affine(MatIn<S> A, MatIn<S> B, VecIn<S> b, MatOut<S> C) {
  eigen_assert(b.size() == C.rows());
  detail::multiply<S, GemmOp::plain, GemmOp::plain>(A, B, {b.data(), 0}, C);
}

}  // namespace basin
