// The one matrix product behind all layers. It allocates nothing once its packing buffers have grown, and gives the same
// bits with any number of threads: Eigen's own `noalias()` product takes its buffers from the heap at every call, and
// its threads change the last bits of the result.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::min

#include "basin/core/parallel.hpp"  // parallel_for, free_threads, ColumnRange
#include "basin/core/types.hpp"     // Mat, MatIn, MatOut

namespace basin {

enum class Op { plain, transposed };

namespace detail {

template <class S>
using EigenBlocking = Eigen::internal::level3_blocking<S, S>;

/// Eigen's block sizes, on memory that is kept from call to call.
template <class S>
class KeptBlocking : public EigenBlocking<S> {
 public:
  KeptBlocking(Index rows, Index cols, Index depth) {
    this->m_mc = rows;
    this->m_nc = cols;
    this->m_kc = depth;
    Eigen::internal::computeProductBlockingSizes<S, S, 1>(this->m_kc, this->m_mc, this->m_nc, Index(1));
    thread_local Vec<S> a, b;
    this->m_blockA = grown(a, this->m_mc * this->m_kc);
    this->m_blockB = grown(b, this->m_kc * this->m_nc);
  }

 private:
  static S* grown(Vec<S>& v, Index size) {
    if (v.size() < size) v.resize(size);
    return v.data();
  }
};

/// C += A B by Eigen's blocked kernel. RowA says that A is stored row by row; C is column-major.
template <class S, int OrderA, int OrderB>
void eigen_gemm(Index rows, Index cols, Index depth, const S* a, Index lda, const S* b, Index ldb, S* c,
                Index ldc) {
  KeptBlocking<S> blocking(rows, cols, depth);
  Eigen::internal::general_matrix_matrix_product<Index, S, OrderA, false, S, OrderB, false, Eigen::ColMajor,
                                                 1>::run(rows, cols, depth, a, lda, b, ldb, c, 1, ldc, S(1),
                                                         blocking, nullptr);
}

/// How a product is cut for threads: parts of whole `unit`s of C's rows, or of its columns. Eigen's kernel computes
/// blocks of up to 48 rows and of 4 columns; parts that begin where such a block begins have the same bits as the whole.
struct ProductParts {
  static constexpr Index row_unit = 48, column_unit = 4;
  Index count = 1;
  bool of_rows = false;

  ProductParts(Index rows, Index cols, Index depth, Index threads) {
    constexpr double smallest = 1 << 19;  // multiply-adds that are worth a thread, about 10 microseconds
    const double work = static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(depth);
    const Index most = std::min(threads, static_cast<Index>(work / smallest));
    if (most < 2) return;
    // Per unit of depth: what the largest part multiplies, and what it packs, at 12 multiply-adds for each number.
    const Index by_rows = std::min(most, (rows + row_unit - 1) / row_unit);
    const Index by_columns = std::min(most, (cols + column_unit - 1) / column_unit);
    const auto cost = [](double r, double c) { return r * c + 12 * (r + c); };
    const double row_cost = cost(largest(rows, row_unit, by_rows), static_cast<double>(cols));
    const double column_cost = cost(static_cast<double>(rows), largest(cols, column_unit, by_columns));
    of_rows = row_cost < column_cost;
    count = of_rows ? by_rows : by_columns;
  }
  /// The rows (columns) of part `k` of `size`.
  ColumnRange range(Index size, Index k) const {
    const Index unit = of_rows ? row_unit : column_unit;
    const ColumnRange units = column_range((size + unit - 1) / unit, count, k);
    const Index begin = unit * units.begin;
    return {begin, std::min(size - begin, unit * units.size)};
  }

 private:
  static double largest(Index size, Index unit, Index parts) {
    const Index units = (size + unit - 1) / unit;
    return static_cast<double>(std::min(size, unit * ((units + parts - 1) / parts)));
  }
};

/// The same, by as many threads as it is worth.
template <class S, int OrderA, int OrderB>
void threaded_gemm(Index rows, Index cols, Index depth, const S* a, Index lda, const S* b, Index ldb, S* c,
                   Index ldc) {
  const ProductParts parts(rows, cols, depth, free_threads());
  if (parts.count == 1) return eigen_gemm<S, OrderA, OrderB>(rows, cols, depth, a, lda, b, ldb, c, ldc);
  parallel_for(parts.count, [&](Index k) {
    const ColumnRange part = parts.range(parts.of_rows ? rows : cols, k);
    const Index i = parts.of_rows ? part.begin : 0, j = parts.of_rows ? 0 : part.begin;
    eigen_gemm<S, OrderA, OrderB>(parts.of_rows ? part.size : rows, parts.of_rows ? cols : part.size, depth,
                                  a + i * (OrderA == Eigen::ColMajor ? 1 : lda), lda,
                                  b + j * (OrderB == Eigen::ColMajor ? ldb : 1), ldb, c + i + j * ldc, ldc);
  });
}

}  // namespace detail

/// C += op(A) op(B). C must not overlap A or B.
template <class S, Op OpA = Op::plain, Op OpB = Op::plain>
void gemm_add(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  static_assert(OpA == Op::plain || OpB == Op::plain);
  const Index depth = OpA == Op::plain ? A.cols() : A.rows();
  eigen_assert(C.rows() == (OpA == Op::plain ? A.rows() : A.cols()));
  eigen_assert(C.cols() == (OpB == Op::plain ? B.cols() : B.rows()));
  eigen_assert(depth == (OpB == Op::plain ? B.rows() : B.cols()));
  if (C.size() == 0 || depth == 0) return;
  constexpr int order_a = OpA == Op::plain ? Eigen::ColMajor : Eigen::RowMajor;
  constexpr int order_b = OpB == Op::plain ? Eigen::ColMajor : Eigen::RowMajor;
  if constexpr (OpB == Op::plain) {
    if (C.cols() == 1) {  // packing A for a single column would cost more than the product
      if constexpr (OpA == Op::plain)
        C.col(0).noalias() += A * B.col(0);
      else
        C.col(0).noalias() += A.transpose() * B.col(0);
      return;
    }
  }
  detail::threaded_gemm<S, order_a, order_b>(C.rows(), C.cols(), depth, A.data(), A.outerStride(), B.data(),
                                             B.outerStride(), C.data(), C.outerStride());
}

/// C = op(A) op(B). C must not overlap A or B.
template <class S, Op OpA = Op::plain, Op OpB = Op::plain>
void gemm(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  C.setZero();
  gemm_add<S, OpA, OpB>(A, B, C);
}

}  // namespace basin
