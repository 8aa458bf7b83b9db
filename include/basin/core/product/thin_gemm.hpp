// Products that read both factors where they lie: of matrices with few columns, where packing the large
// factor, as core/product/gemm.hpp does, would cost as much as the product, and of matrices that lie well
// already, such as the panels of core/product/panels.hpp. One thread, no memory.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::min
#include <cstddef>    // std::size_t

#include "basin/core/product/vectors.hpp"  // Packet, vector_size, micro_tall, micro_wide
#include "basin/core/types.hpp"            // MatIn, MatOut, Index, GemmOp

// Loops over registers must vanish at -O2 too: `unroll` says so.
BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

/// C(j, i) = sum over k < depth of A(k, i) B(k, j) for i < tall, j < wide; k is contiguous in A and B, j
/// in C.
template <int tall, int wide, class S>
EIGEN_STRONG_INLINE void dot_micro_tile(Index depth, const S* a, Index lda, const S* b, Index ldb, S* c,
                                        Index ldc) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  P sum[std::size_t(tall)][std::size_t(wide)];
#pragma GCC unroll 8
  for (int i = 0; i < tall; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j) sum[i][j] = pset1<P>(S(0));
  const Index whole = depth / lanes * lanes;
  for (Index k = 0; k < whole; k += lanes) {
    P left[std::size_t(tall)];
#pragma GCC unroll 8
    for (int i = 0; i < tall; ++i) left[i] = ploadu<P>(a + i * lda + k);
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j) {
      const P right = ploadu<P>(b + j * ldb + k);
#pragma GCC unroll 8
      for (int i = 0; i < tall; ++i) sum[i][j] = pmadd(left[i], right, sum[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < tall; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j) {
      S total = predux(sum[i][j]);
      for (Index k = whole; k < depth; ++k) total += a[i * lda + k] * b[j * ldb + k];
      c[i * ldc + j] = total;
    }
}

/// C = B' A, where B has few columns. C must not overlap A or B.
template <class S>
void thin_dots(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  eigen_assert(A.rows() == B.rows() && C.rows() == B.cols() && C.cols() == A.cols());
  if (C.size() == 0) return;  // of an empty matrix the pointer may be null, which no offset may be added to
  const Index depth = A.rows(), lda = A.outerStride(), ldb = B.outerStride(), ldc = C.outerStride();
  const S *const a = A.data(), *const b = B.data();
  S* const c = C.data();
  Index i = 0;
  for (; i + micro_tall <= A.cols(); i += micro_tall) {
    Index j = 0;
    for (; j + micro_wide <= B.cols(); j += micro_wide)
      dot_micro_tile<micro_tall, micro_wide>(depth, a + i * lda, lda, b + j * ldb, ldb, c + i * ldc + j, ldc);
    for (; j < B.cols(); ++j)
      dot_micro_tile<micro_tall, 1>(depth, a + i * lda, lda, b + j * ldb, ldb, c + i * ldc + j, ldc);
  }
  for (; i < A.cols(); ++i)
    for (Index j = 0; j < B.cols(); ++j)
      dot_micro_tile<1, 1>(depth, a + i * lda, lda, b + j * ldb, ldb, c + i * ldc + j, ldc);
}

/// Where B(m, j) lies: at data[m * row + j * column].
template <class S>
struct Strided {
  const S* data;
  Index row, column;
  const S& operator()(Index m, Index j) const { return data[m * row + j * column]; }
  /// The same matrix from entry (m, j) on.
  Strided from(Index m, Index j) const { return {data + m * row + j * column, row, column}; }
};

/// What a product is added to: at data[j * column + k]. 0 if data is null.
template <class S>
struct Start {
  const S* data;
  Index column;
};

/// C(k, j) = start(k, j) + sum over m < depth of A(k, m) B(m, j), for `tall` vectors of k and j < wide; k is
/// contiguous in A, C and start, which may be C itself.
template <class P, int tall, int wide, class S>
EIGEN_STRONG_INLINE void sum_micro_tile(Index depth, const S* a, Index lda, const Strided<S>& b,
                                        const Start<S>& start, S* c, Index ldc) {
  using namespace Eigen::internal;
  constexpr Index lanes = unpacket_traits<P>::size;
  P sum[std::size_t(tall)][std::size_t(wide)];
#pragma GCC unroll 8
  for (int i = 0; i < tall; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j)
      sum[i][j] = start.data ? ploadu<P>(start.data + j * start.column + i * lanes) : pset1<P>(S(0));
  for (Index m = 0; m < depth; ++m) {
    P left[std::size_t(tall)];
#pragma GCC unroll 8
    for (int i = 0; i < tall; ++i) left[i] = ploadu<P>(a + m * lda + i * lanes);
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j) {
      const P right = pset1<P>(b(m, j));
#pragma GCC unroll 8
      for (int i = 0; i < tall; ++i) sum[i][j] = pmadd(left[i], right, sum[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < tall; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j) pstoreu(c + j * ldc + i * lanes, sum[i][j]);
}

/// C += A op(B), where A or C has few columns. C must not overlap A or B.
template <class S, GemmOp OpB>
void thin_sums(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  const Index rows = A.rows(), depth = A.cols(), lda = A.outerStride(), ldc = C.outerStride();
  eigen_assert(C.rows() == rows && C.cols() == (OpB == GemmOp::plain ? B.cols() : B.rows()));
  eigen_assert(depth == (OpB == GemmOp::plain ? B.rows() : B.cols()));
  if (depth == 0 || C.size() == 0) return;
  const Strided<S> b{B.data(), OpB == GemmOp::plain ? 1 : B.outerStride(),
                     OpB == GemmOp::plain ? B.outerStride() : 1};
  const S* const a = A.data();
  S* const c = C.data();
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  const auto tile = [&]<class V, int tall>(Index k, Index begin, Index end) {
    Index j = begin;
    for (; j + micro_wide <= end; j += micro_wide)
      sum_micro_tile<V, tall, micro_wide>(depth, a + k, lda, b.from(0, j), {c + j * ldc + k, ldc},
                                          c + j * ldc + k, ldc);
    for (; j < end; ++j)
      sum_micro_tile<V, tall, 1>(depth, a + k, lda, b.from(0, j), {c + j * ldc + k, ldc}, c + j * ldc + k,
                                 ldc);
  };
  const auto columns = [&](Index begin, Index end) {  // columns [begin, end) of C
    Index k = 0;
    for (; k + micro_tall * lanes <= rows; k += micro_tall * lanes)
      tile.template operator()<P, micro_tall>(k, begin, end);
    for (; k + lanes <= rows; k += lanes) tile.template operator()<P, 1>(k, begin, end);
    for (; k < rows; ++k) tile.template operator()<S, 1>(k, begin, end);
  };
  // the larger of A and C passes through the cache once
  if (A.size() > C.size())
    columns(0, C.cols());
  else
    for (Index j = 0; j < C.cols(); j += micro_wide) columns(j, std::min(j + micro_wide, C.cols()));
}

/// C = start + A B for A, C and start whose rows are whole vectors; k is contiguous in A and C. Runs at full
/// speed without packing if a panel of A, micro_tall vectors x depth, stays in the first-level cache: lda
/// should be an odd number of cache lines, so that its columns do not compete for the same few places there.
template <class S>
void multiply_panels(Index rows, Index cols, Index depth, const S* a, Index lda, const Strided<S>& b,
                     const Start<S>& start, S* c, Index ldc) {
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  eigen_assert(rows % lanes == 0);
  const auto panel = [&]<int tall>(Index k) {
    // Enough sums to hide the latency of multiply-adds, with registers left for the addresses of the columns.
    constexpr int wide = tall > 1 ? micro_wide : 8;
    const auto tile = [&]<int columns>(Index j) {
      const S* const from = start.data ? start.data + j * start.column + k : nullptr;
      constexpr Index next = columns;  // its start is fetched now: it would be waited for
      if (from && start.column > 0 && j + 2 * next <= cols) {
#pragma GCC unroll 8
        for (Index i = next; i < 2 * next; ++i)
#pragma GCC unroll 8
          for (Index v = 0; v < tall; ++v) Eigen::internal::prefetch(from + i * start.column + v * lanes);
      }
      sum_micro_tile<P, tall, columns>(depth, a + k, lda, b.from(0, j), {from, start.column}, c + j * ldc + k,
                                       ldc);
    };
    Index j = 0;
    while (j + wide <= cols && (wide == 8 || cols - j != 8)) {  // 8 = 4 + 4 is faster than 6 + 1 + 1
      tile.template operator()<wide>(j);
      j += wide;
    }
    for (; j + 4 <= cols; j += 4) tile.template operator()<4>(j);
    for (; j < cols; ++j) tile.template operator()<1>(j);
  };
  Index k = 0;
  for (; k + micro_tall * lanes <= rows; k += micro_tall * lanes) panel.template operator()<micro_tall>(k);
  for (; k < rows; k += lanes) panel.template operator()<1>(k);
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template void thin_dots<float>(MatIn<float>, MatIn<float>, MatOut<float>);
extern template void thin_dots<double>(MatIn<double>, MatIn<double>, MatOut<double>);
extern template void thin_sums<float, GemmOp::plain>(MatIn<float>, MatIn<float>, MatOut<float>);
extern template void thin_sums<float, GemmOp::transposed>(MatIn<float>, MatIn<float>, MatOut<float>);
extern template void thin_sums<double, GemmOp::plain>(MatIn<double>, MatIn<double>, MatOut<double>);
extern template void thin_sums<double, GemmOp::transposed>(MatIn<double>, MatIn<double>, MatOut<double>);
extern template void multiply_panels<float>(Index, Index, Index, const float*, Index, const Strided<float>&,
                                            const Start<float>&, float*, Index);
extern template void multiply_panels<double>(Index, Index, Index, const double*, Index,
                                             const Strided<double>&, const Start<double>&, double*, Index);
#endif

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
