// A fixed scale and offset for each number: y = a x + b, entry by entry.
#pragma once
#include <utility>  // std::move

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // Layer

namespace basin::inline BASIN_ABI {

/// y[i] = a[i] x[i] + b[i] with a and b given once and not trained: an Affine whose matrix is diagonal. For
/// what a network does to its data before the first layer and after the last, and for the constants in
/// networks from files.
template <class S>
class Diagonal {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Diagonal";
  static constexpr bool broadcasts = true;
  static constexpr bool keeps_shape = true;

  /// Throws unless a has at least one entry and b as many.
  Diagonal(Vec<S> a, Vec<S> b) : a_(std::move(a)), b_(std::move(b)) {
    require(a_.size() > 0, "Diagonal: a must not be empty");
    require(b_.size() == a_.size(), "Diagonal: b has ", b_.size(), " entries, a has ", a_.size());
  }
  Index in_size() const { return a_.size(); }
  Index out_size() const { return a_.size(); }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return a_.size(); }
  /// a.
  const Vec<S>& factors() const { return a_; }
  /// b.
  const Vec<S>& offset() const { return b_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    for (Index n = 0; n < x.cols(); ++n) y.col(n) = a_.cwiseProduct(x.col(n)) + b_;
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() > 0) scale(y_bar, x_bar);
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    scale(x_dot, y_dot);
  }
  /// The entries of the matrix, for linearization (linearize/affine_layers.hpp).
  template <class Visit>
  void for_entries(VecIn<S>, const Visit& visit) const {
    for (Index i = 0; i < a_.size(); ++i)
      if (a_[i] != S(0)) visit(i, i, a_[i]);
  }

 private:
  void scale(MatIn<S> v, MatOut<S> out) const {
    for (Index n = 0; n < v.cols(); ++n) out.col(n) = a_.cwiseProduct(v.col(n));
  }
  Vec<S> a_, b_;
};

}  // namespace basin
