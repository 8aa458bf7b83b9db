// The one matrix product behind all layers. It runs in the calling thread and allocates nothing once its
// packing buffers have grown: Eigen's own `noalias()` product takes them from the heap at every call and may
// start threads, whose number would then change the last bits of the result.
#pragma once
#include <Eigen/Core>

#include "basin/core/types.hpp"  // Mat, MatIn, MatOut

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

}  // namespace detail

/// C += op(A) op(B), in this thread. C must not overlap A or B.
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
  detail::eigen_gemm<S, order_a, order_b>(C.rows(), C.cols(), depth, A.data(), A.outerStride(), B.data(),
                                          B.outerStride(), C.data(), C.outerStride());
}

/// C = op(A) op(B), in this thread. C must not overlap A or B.
template <class S, Op OpA = Op::plain, Op OpB = Op::plain>
void gemm(MatIn<S> A, MatIn<S> B, MatOut<S> C) {
  C.setZero();
  gemm_add<S, OpA, OpB>(A, B, C);
}

}  // namespace basin
