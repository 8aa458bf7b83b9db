// The one matrix product behind all layers. It allocates nothing once its packing buffers have grown, and gives the same
// bits with any number of threads: Eigen's own `noalias()` product takes its buffers from the heap at every call, and
// its threads change the last bits of the result.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::max, std::min

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

/// How a product is cut for threads: whole `unit`s of C's rows, or of its columns; or rows, of which the units that are
/// left over are cut by columns. Eigen's kernel computes blocks of up to 48 rows and of 4 columns; rectangles that begin
/// where such a block begins have the same bits as the whole.
struct ProductParts {
  static constexpr Index row_unit = 48, column_unit = 4;
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
    const auto r = static_cast<double>(rows), c = static_cast<double>(cols);
    return r * c + 12 * (r + c);
  }
  Index largest(Index cols, Index unit) const {
    const Index units = (cols + unit - 1) / unit;
    return std::min(cols, unit * ((units + count - 1) / count));
  }
};

/// The same, by as many threads as it is worth.
template <class S, int OrderA, int OrderB>
void threaded_gemm(Index rows, Index cols, Index depth, const S* a, Index lda, const S* b, Index ldb, S* c,
                   Index ldc) {
  const ProductParts parts(rows, cols, depth, free_threads());
  if (parts.count == 1) return eigen_gemm<S, OrderA, OrderB>(rows, cols, depth, a, lda, b, ldb, c, ldc);
  parallel_for(parts.count, [&](Index k) {
    parts.each(rows, cols, k, [&](ColumnRange i, ColumnRange j) {
      eigen_gemm<S, OrderA, OrderB>(
          i.size, j.size, depth, a + i.begin * (OrderA == Eigen::ColMajor ? 1 : lda), lda,
          b + j.begin * (OrderB == Eigen::ColMajor ? ldb : 1), ldb, c + i.begin + j.begin * ldc, ldc);
    });
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
