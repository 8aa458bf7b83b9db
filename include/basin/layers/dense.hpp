// The fully connected layer y = W x + b.
#pragma once
#include <vector>  // std::vector

#include "basin/core/error.hpp"                  // require
#include "basin/core/layer.hpp"                  // Layer
#include "basin/core/param_blocks.hpp"           // ParamBlock, param_blocks
#include "basin/core/paths.hpp"                  // packing_pays
#include "basin/core/product/gemm.hpp"           // gemm, gemm_add, gemm_affine
#include "basin/core/product/packed_weight.hpp"  // PackedWeight

namespace basin::inline BASIN_ABI {

/// y = W x + b, theta = [vec(W); b] with W out x in, column by column (PyTorch's weight, transposed in
/// memory). Without bias, theta = vec(W).
template <class S>
class Dense {
 public:
  using Scalar = S;
  struct Cache {
    PackedWeight<S> packed;  // by prepack
  };
  static constexpr const char* name = "Dense";
  static constexpr bool broadcasts = true;  // the Jacobian W does not depend on x

  /// Throws unless in and out are from 1 to 2^31 - 1.
  Dense(Index in, Index out, bool bias = true) : in_(in), out_(out), bias_(bias) {
    require(in >= 1, "Dense: in must be >= 1, got ", in);
    require(out >= 1, "Dense: out must be >= 1, got ", out);
    require(in < Index(1) << 31 && out < Index(1) << 31, "Dense: in and out must be below 2^31, got ", in,
            " and ", out);
  }
  Index in_size() const { return in_; }
  Index out_size() const { return out_; }
  Index param_size() const { return out_ * in_ + (bias_ ? out_ : 0); }
  /// Whether there is a b.
  bool has_bias() const { return bias_; }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    blocks.push_back({"weight", ParamBlock::Role::weight, 0, out_, in_, false, in_, out_});
    if (bias_) blocks.push_back({"bias", ParamBlock::Role::bias, out_ * in_, out_, 1, false, in_, out_});
    return blocks;
  }
  /// W, a view of theta.
  Eigen::Map<const Mat<S>> weight(VecIn<S> theta) const { return {theta.data(), out_, in_}; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const {
    if (bias_)
      gemm_affine<S>(weight(theta), x, theta.tail(out_), y);
    else
      gemm<S>(weight(theta), x, y);
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    if (detail::packing_pays<S>(out_))
      c.packed = PackedWeight<S>(weight(theta), theta.tail(bias_ ? out_ : 0));
  }
  Index packed_bytes() const { return detail::packing_pays<S>(out_) ? PackedWeight<S>::bytes(out_, in_) : 0; }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (c.packed.empty())
      forward(theta, x, y, c);
    else
      c.packed.apply(x, y);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0 && y_bar.cols() > 0) {
      // W_bar += y_bar x',  b_bar += y_bar 1
      gemm_add<S, GemmOp::plain, GemmOp::transposed>(y_bar, x, weight_of(theta_bar));
      if (bias_) theta_bar.tail(out_) += y_bar.rowwise().sum();
    }
    apply_adjoint(theta, y_bar, x_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0) {
      gemm<S, GemmOp::plain, GemmOp::transposed>(y_bar, x, weight_of(theta_bar));
      if (bias_ && y_bar.cols() > 0)
        theta_bar.tail(out_) = y_bar.rowwise().sum();
      else
        theta_bar.tail(bias_ ? out_ : 0).setZero();
    }
    apply_adjoint(theta, y_bar, x_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    gemm<S>(weight(theta), x_dot, y_dot);  // y_dot = W x_dot
  }
  void jvp_vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatIn<S>, MatIn<S> y_bar,
               MatIn<S> y_dot_bar, MatOut<S> x_bar, MatOut<S> x_dot_bar, VecOut<S> theta_bar) const {
    vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
    if (theta_bar.size() > 0 && x_dot.cols() > 0)  // W_bar += y_dot_bar x_dot'; b is not in W x_dot
      gemm_add<S, GemmOp::plain, GemmOp::transposed>(y_dot_bar, x_dot, weight_of(theta_bar));
    apply_adjoint(theta, y_dot_bar, x_dot_bar);
  }

 private:
  Eigen::Map<Mat<S>> weight_of(VecOut<S> theta_bar) const { return {theta_bar.data(), out_, in_}; }
  void apply_adjoint(VecIn<S> theta, MatIn<S> y_bar, MatOut<S> x_bar) const {
    if (x_bar.size() > 0) gemm<S, GemmOp::transposed>(weight(theta), y_bar, x_bar);  // x_bar = W' y_bar
  }

  Index in_, out_;
  bool bias_;
};

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template class Dense<float>;
extern template class Dense<double>;
}  // namespace basin
#endif
