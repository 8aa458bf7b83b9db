// The layer that applies one pointwise map to every element.
#pragma once
#include <algorithm>  // std::min
#include <array>      // std::array
#include <utility>    // std::move

#include "basin/core/error.hpp"     // require
#include "basin/core/layer.hpp"     // Layer, NoCache
#include "basin/core/parallel.hpp"  // parallel_parts
#include "basin/core/shape.hpp"     // Shape, require_shape
#include "basin/layers/maps.hpp"    // PointwiseMap

namespace basin::inline BASIN_ABI {

/// y = phi(x), element by element: J_x = diag(phi'(x)).
template <class S, PointwiseMap<S> Phi>
class Pointwise {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = Phi::name;
  static constexpr bool broadcasts = true;
  static constexpr bool keeps_shape = true;

  /// On columns of n rows. Throws unless n >= 1 and the parameters of phi are valid.
  explicit Pointwise(Index n, Phi phi = {}) : n_(n), phi_(std::move(phi)) {
    require(n >= 1, name, ": n must be >= 1, got ", n);
    if constexpr (requires { phi_.require_valid(); }) phi_.require_valid();
  }
  /// On images of this shape, of which it needs the size alone.
  explicit Pointwise(const Shape& shape, Phi phi = {}) : Pointwise(checked_size(shape), std::move(phi)) {}

  Index in_size() const { return n_; }
  Index out_size() const { return n_; }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return n_ * multiply_adds_of_one; }
  /// phi.
  const Phi& map() const { return phi_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    eigen_assert(x.rows() == n_ && y.rows() == n_ && x.cols() == y.cols());
    const Phi phi = phi_;  // a copy, which stores through `to` cannot change
    const bool whole = contiguous(x) && contiguous(y);
    const Index rows = whole ? x.size() : n_, cols = whole ? 1 : x.cols();
    for (Index n = 0; n < cols; ++n) {
      const S* from = x.data() + n * x.outerStride();
      S* to = y.data() + n * y.outerStride();
      parallel_parts(rows, worth_a_thread(), [=](ColumnRange part) {
        for (Index i = part.begin; i < part.begin + part.size; ++i) to[i] = phi(from[i]);
      });
    }
  }
  void vjp(VecIn<S>, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() > 0) scale(x, y, y_bar, x_bar);
  }
  void jvp(VecIn<S>, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    scale(x, y, x_dot, y_dot);
  }
  /// x_bar = phi'(x) y_bar + phi''(x) x_dot y_dot_bar,  x_dot_bar = phi'(x) y_dot_bar.
  void jvp_vjp(VecIn<S>, MatIn<S> x, MatIn<S> y, Cache&, MatIn<S> x_dot, MatIn<S>, MatIn<S> y_bar,
               MatIn<S> y_dot_bar, MatOut<S> x_bar, MatOut<S> x_dot_bar, VecOut<S>) const requires
      requires(const Phi& phi, S z) {
    phi.second_derivative(z, z);
  }
  {
    if (x_bar.size() == 0) return;
    eigen_assert(x.rows() == n_ && x_dot.cols() == x.cols() && y_dot_bar.cols() == x.cols());
    const Phi phi = phi_;
    for (Index n = 0; n < x.cols(); ++n) {
      const S* xn = x.data() + n * x.outerStride();
      const S* yn = y.data() + n * y.outerStride();
      const S* tangent = x_dot.data() + n * x_dot.outerStride();
      const S* u = y_bar.data() + n * y_bar.outerStride();
      const S* v = y_dot_bar.data() + n * y_dot_bar.outerStride();
      S* to = x_bar.data() + n * x_bar.outerStride();
      S* to_dot = x_dot_bar.data() + n * x_dot_bar.outerStride();
      parallel_parts(n_, worth_a_thread(), [=](ColumnRange part) {
        for (Index i = part.begin; i < part.begin + part.size; ++i) {
          const S slope = phi.derivative(xn[i], yn[i]), bend = phi.second_derivative(xn[i], yn[i]);
          to[i] = slope * u[i] + bend * tangent[i] * v[i];
          to_dot[i] = slope * v[i];
        }
      });
    }
  }

 private:
  static constexpr Index multiply_adds_of_one = [] {
    if constexpr (requires { Phi::multiply_adds; })
      return Phi::multiply_adds;
    else
      return Index(100);  // a call of exp or tanh
  }();
  static constexpr Index worth_a_thread() {
    return multiply_adds_of_one < 10 ? numbers_for_a_thread : 1 << 12;
  }
  static Index checked_size(const Shape& shape) {
    require_shape(shape, name);
    return shape.size();
  }
  /// Whether the columns follow each other without gaps, so that the batch is one long column.
  static bool contiguous(const auto& m) { return m.outerStride() == m.rows(); }
  /// out = diag(phi'(x)) v, column by column; a single column of x serves all columns of v.
  void scale(MatIn<S> x, MatIn<S> y, MatIn<S> v, MatOut<S> out) const {
    eigen_assert(x.rows() == n_ && y.rows() == n_ && v.rows() == n_ && out.rows() == n_);
    eigen_assert(x.cols() == y.cols() && v.cols() == out.cols() && (x.cols() == v.cols() || x.cols() == 1));
    if (x.cols() == 1 && v.cols() > 1) return scale_by_one_column(x.data(), y.data(), v, out);
    const Phi phi = phi_;
    const bool whole = contiguous(x) && contiguous(y) && contiguous(v) && contiguous(out);
    const Index rows = whole ? v.size() : n_, cols = whole ? 1 : v.cols();
    for (Index n = 0; n < cols; ++n) {
      const S* xn = x.data() + n * x.outerStride();
      const S* yn = y.data() + n * y.outerStride();
      const S* from = v.data() + n * v.outerStride();
      S* to = out.data() + n * out.outerStride();
      parallel_parts(rows, worth_a_thread(), [=](ColumnRange part) {
        for (Index i = part.begin; i < part.begin + part.size; ++i)
          to[i] = phi.derivative(xn[i], yn[i]) * from[i];
      });
    }
  }
  /// The same for one point: block after block of rows, so that phi' is computed once, into memory on the
  /// stack.
  void scale_by_one_column(const S* x, const S* y, MatIn<S> v, MatOut<S> out) const {
    constexpr Index block = 4096;
    std::array<S, block> slope;
    S* const d = slope.data();
    const Phi phi = phi_;
    for (Index begin = 0; begin < n_; begin += block) {
      const Index size = std::min(block, n_ - begin);
      for (Index i = 0; i < size; ++i) d[i] = phi.derivative(x[begin + i], y[begin + i]);
      for (Index n = 0; n < v.cols(); ++n) {
        const S* from = v.data() + n * v.outerStride() + begin;
        S* to = out.data() + n * out.outerStride() + begin;
        for (Index i = 0; i < size; ++i) to[i] = d[i] * from[i];
      }
    }
  }

  Index n_;
  Phi phi_;
};

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template class Pointwise<float, LeakyRelu>;
extern template class Pointwise<double, LeakyRelu>;
extern template class Pointwise<float, Relu>;
extern template class Pointwise<double, Relu>;
extern template class Pointwise<float, Tanh>;
extern template class Pointwise<double, Tanh>;
}  // namespace basin
#endif
