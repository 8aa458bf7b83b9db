// A fixed affine map y = A x + b: a layer without parameters, for whitening, projections and known operators.
#pragma once
#include <utility>  // std::move

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/product/gemm.hpp"  // gemm, gemm_affine

namespace basin::inline BASIN_ABI {

/// y = A x + b with A and b given once and not trained.
template <class S>
class Affine {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Affine";
  static constexpr bool broadcasts = true;

  /// Throws unless A has at least one entry and b has a row for each row of A.
  Affine(Mat<S> A, Vec<S> b) : A_(std::move(A)), b_(std::move(b)) {
    require(A_.size() > 0, "Affine: A must not be empty, got ", A_.rows(), " x ", A_.cols());
    require(b_.size() == A_.rows(), "Affine: b has ", b_.size(), " rows, A has ", A_.rows());
  }
  /// y = A x.
  explicit Affine(Mat<S> A) : A_(std::move(A)), b_(Vec<S>::Zero(A_.rows())) {
    require(A_.size() > 0, "Affine: A must not be empty, got ", A_.rows(), " x ", A_.cols());
  }
  Index in_size() const { return A_.cols(); }
  Index out_size() const { return A_.rows(); }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return A_.size(); }
  /// A.
  const Mat<S>& matrix() const { return A_; }
  /// b.
  const Vec<S>& offset() const { return b_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { gemm_affine<S>(A_, x, b_, y); }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() > 0) gemm<S, GemmOp::transposed>(A_, y_bar, x_bar);
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    gemm<S>(A_, x_dot, y_dot);
  }

 private:
  Mat<S> A_;
  Vec<S> b_;
};

}  // namespace basin
