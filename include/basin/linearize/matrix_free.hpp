// The operator of a network without a matrix: products with A and A', by jvp and vjp.
#pragma once
#include <utility>  // std::move

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // Layer, broadcasts
#include "basin/core/model.hpp"  // Model

namespace basin::inline BASIN_ABI {

/// A = df/dx at a point x0 and b = f(x0) - A x0, as products. What it needs is kept from call to call: after
/// the first, products with as many columns or fewer allocate nothing. For that its products are not const;
/// threads take a copy each.
template <Layer F>
class MatrixFree {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;

  /// Throws if x0 does not fit.
  MatrixFree(Model<F> f, VecIn<S> x0) : f_(std::move(f)), x0_(x0) {
    f_.require_valid("linearize");
    require(x0.size() == f_.layer.in_size(), "linearize: x has ", x0.size(), " rows, f expects ",
            f_.layer.in_size());
    visit_point(1);
    b_ = y_.col(0);
    f_.layer.jvp(f_.theta, x_, y_, cache_, x_, y_dot_);  // A x0
    b_ -= y_dot_.col(0);
  }
  /// Numbers in y.
  Index rows() const { return f_.layer.out_size(); }
  /// Numbers in x.
  Index cols() const { return f_.layer.in_size(); }
  /// b.
  const Vec<S>& offset() const { return b_; }

  /// y = A x, for each column.
  void apply(MatIn<S> x, MatOut<S> y) {
    eigen_assert(x.rows() == cols() && y.rows() == rows() && x.cols() == y.cols());
    visit_point(x.cols());
    f_.layer.jvp(f_.theta, x_, y_, cache_, x, y);
  }
  /// x = A' y, for each column.
  void apply_adjoint(MatIn<S> y, MatOut<S> x) {
    eigen_assert(x.rows() == cols() && y.rows() == rows() && x.cols() == y.cols());
    visit_point(y.cols());
    f_.layer.vjp(f_.theta, x_, y_, cache_, y, x, no_theta_bar_);
  }
  /// A x + b, for each column.
  Mat<S> operator()(MatIn<S> x) {
    Mat<S> y(rows(), x.cols());
    apply(x, y);
    y.colwise() += b_;
    return y;
  }

 private:
  /// A forward at x0: one column where the network broadcasts, else one for each tangent.
  void visit_point(Index columns) {
    const Index wanted = broadcasts(f_.layer) ? 1 : columns;
    if (x_.cols() == wanted) return;
    x_ = x0_.replicate(1, wanted);
    y_.resize(rows(), wanted);
    y_dot_.resize(rows(), 1);
    f_.layer.forward(f_.theta, x_, y_, cache_);
  }

  Model<F> f_;
  Vec<S> x0_, b_, no_theta_bar_;
  Mat<S> x_, y_, y_dot_;
  typename F::Cache cache_;
};

}  // namespace basin
