// The Jacobian of a network at a point, column by column or row by row, whichever is fewer.
#pragma once
#include <optional>  // std::optional

#include "basin/core/cut.hpp"           // Cut, Cuts
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, broadcasts
#include "basin/core/model.hpp"         // Model
#include "basin/core/parallel.hpp"      // parallel_for, column_range
#include "basin/core/product/gemm.hpp"  // gemm

namespace basin::inline BASIN_ABI {

namespace detail {

/// push(points, y, cache, unit) after a forward at x, with columns `block` of the identity of `rows` rows as
/// tangents or cotangents. One forward column serves all of them where every layer says so; otherwise the
/// point is repeated.
template <Layer F, class Push>
void push_identity(const Model<F>& f, VecIn<typename F::Scalar> x, Index rows, ColumnRange block,
                   const Push& push) {
  using S = typename F::Scalar;
  const Mat<S> points = x.replicate(1, broadcasts(f.layer) ? 1 : block.size);
  Mat<S> y(f.layer.out_size(), points.cols()), unit = Mat<S>::Zero(rows, block.size);
  unit.middleRows(block.begin, block.size).setIdentity();
  typename F::Cache cache;
  f.layer.forward(f.theta, points, y, cache);
  push(points, y, cache, unit);
}

/// J = D E with the Jacobians behind and before a cut, D by jvp and E' by vjp: one tangent for each row at
/// the cut, not for each row of x.
template <class F>
Mat<typename F::Scalar> jacobian_through(const Cut& cut, const Model<F>& f, VecIn<typename F::Scalar> x) {
  using S = typename F::Scalar;
  const Index blocks = (cut.rows + 127) / 128;
  Mat<S> D(f.layer.out_size(), cut.rows), Et(f.layer.in_size(), cut.rows), J(D.rows(), Et.rows());
  parallel_for(2 * blocks, [&](Index k) {
    const ColumnRange block = column_range(cut.rows, blocks, k / 2);
    push_identity(f, x, cut.rows, block,
                  [&](const auto& point, const auto& y, auto& cache, const auto& unit) {
                    if (k % 2 == 0)
                      Cuts<F>::jvp_behind(cut, f.layer, f.theta, point, y, cache, unit,
                                          D.middleCols(block.begin, block.size));
                    else
                      Cuts<F>::vjp_before(cut, f.layer, f.theta, point, y, cache, unit,
                                          Et.middleCols(block.begin, block.size));
                  });
  });
  gemm<S, GemmOp::plain, GemmOp::transposed>(D, Et, J);
  return J;
}

}  // namespace detail

/// J = df/dx at the point x (one column), out_size x in_size: in_size columns by jvp, or out_size rows by vjp
/// if these are fewer, in batches of up to 128 spread over the threads; in a Chain that is narrow somewhere,
/// the product of the two Jacobians that meet there. Throws if x does not fit.
template <Layer F>
[[nodiscard]] Mat<typename F::Scalar> jacobian(const Model<F>& f, VecIn<typename F::Scalar> x) {
  using S = typename F::Scalar;
  const Index n = f.layer.in_size(), m = f.layer.out_size();
  f.require_valid("jacobian");
  require(x.size() == n, "jacobian: x has ", x.size(), " rows, f expects ", n);
  if constexpr (requires { detail::Cuts<F>::narrowest(f.layer); }) {
    const std::optional<detail::Cut> cut = detail::Cuts<F>::narrowest(f.layer);
    if (cut && broadcasts(f.layer) && detail::jacobian_is_product(cut->rows, n, m))
      return detail::jacobian_through(*cut, f, x);
  }
  const bool by_jvp = n <= m;
  Mat<S> result(by_jvp ? m : n, by_jvp ? n : m);  // J, or J' row by row
  const Index parts = (result.cols() + 127) / 128;
  parallel_for(parts, [&](Index k) {
    const ColumnRange block = column_range(result.cols(), parts, k);
    detail::push_identity(f, x, result.cols(), block,
                          [&](const auto& points, const auto& y, auto& cache, const auto& unit) {
                            Vec<S> no_theta_bar;
                            auto out = result.middleCols(block.begin, block.size);
                            if (by_jvp)
                              f.layer.jvp(f.theta, points, y, cache, unit, out);
                            else
                              f.layer.vjp(f.theta, points, y, cache, unit, out, no_theta_bar);
                          });
  });
  if (!by_jvp) result.transposeInPlace();
  return result;
}

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI {
extern template Mat<float> jacobian<FullyConnected<float>>(const Model<FullyConnected<float>>&, VecIn<float>);
extern template Mat<double> jacobian<FullyConnected<double>>(const Model<FullyConnected<double>>&,
                                                             VecIn<double>);
}  // namespace basin
#endif
