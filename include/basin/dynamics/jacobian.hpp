// The Jacobian of a network at a point, column by column or row by row, whichever is fewer.
#pragma once
#include <algorithm>  // std::min
#include <cstddef>    // std::size_t

#include "basin/core/error.hpp"     // require
#include "basin/core/gemm.hpp"      // gemm
#include "basin/core/layer.hpp"     // Layer, broadcasts
#include "basin/core/model.hpp"     // Model
#include "basin/core/parallel.hpp"  // parallel_for, column_range

namespace basin {

namespace detail {

/// Unit tangents or cotangents [begin, begin + size) of the identity, pushed through f at x. Writes columns
/// of J (by jvp) or of J' (by vjp) into `out`.
template <Layer F>
void jacobian_block(const Model<F>& f, VecIn<typename F::Scalar> x, bool by_jvp, ColumnRange block,
                    MatOut<typename F::Scalar> out) {
  using S = typename F::Scalar;
  // One forward column serves all tangents where every layer says so; otherwise the point is repeated.
  const Mat<S> points = x.replicate(1, broadcasts<F>() ? 1 : block.size);
  Mat<S> y(f.layer.out_size(), points.cols());
  typename F::Cache cache;
  f.layer.forward(f.theta, points, y, cache);
  Mat<S> unit = Mat<S>::Zero(by_jvp ? f.layer.in_size() : f.layer.out_size(), block.size);
  unit.middleRows(block.begin, block.size).setIdentity();
  Vec<S> no_theta_bar;
  if (by_jvp)
    f.layer.jvp(f.theta, points, y, cache, unit, out);
  else
    f.layer.vjp(f.theta, points, y, cache, unit, out, no_theta_bar);
}

/// J = D E with the Jacobians behind and before the cut of a Chain, D by jvp and E' by vjp: one tangent for each row at
/// the cut, not for each row of x.
template <class F>
Mat<typename F::Scalar> jacobian_through(std::size_t cut, const Model<F>& f, VecIn<typename F::Scalar> x) {
  using S = typename F::Scalar;
  const Index rows = f.layer.rows_at(cut), blocks = (rows + 127) / 128;
  Mat<S> D(f.layer.out_size(), rows), E(f.layer.in_size(), rows), J(D.rows(), E.rows());  // E transposed
  parallel_for(2 * blocks, [&](Index k) {
    const ColumnRange block = column_range(rows, blocks, k / 2);
    const Mat<S> point = x;
    Mat<S> y(f.layer.out_size(), 1), unit = Mat<S>::Zero(rows, block.size);
    unit.middleRows(block.begin, block.size).setIdentity();
    typename F::Cache cache;
    f.layer.forward(f.theta, point, y, cache);
    if (k % 2 == 0)
      f.layer.jvp_from(cut, f.theta, point, y, cache, unit, D.middleCols(block.begin, block.size));
    else
      f.layer.vjp_to(cut, f.theta, point, y, cache, unit, E.middleCols(block.begin, block.size));
  });
  gemm<S, Op::plain, Op::transposed>(D, E, J);
  return J;
}

}  // namespace detail

/// J = df/dx at the point x (one column), out_size x in_size: in_size columns by jvp, or out_size rows by vjp
/// if these are fewer, in batches of up to 128 spread over the threads; in a Chain that is narrow somewhere, the product
/// of the two Jacobians that meet there. Throws if x does not fit.
template <Layer F>
[[nodiscard]] Mat<typename F::Scalar> jacobian(const Model<F>& f, VecIn<typename F::Scalar> x) {
  using S = typename F::Scalar;
  const Index n = f.layer.in_size(), m = f.layer.out_size();
  f.require_valid("jacobian");
  require(x.size() == n, "jacobian: x has ", x.size(), " rows, f expects ", n);
  if constexpr (broadcasts<F>() && requires { f.layer.narrowest_cut(); }) {
    const std::size_t cut = f.layer.narrowest_cut();
    if (cut > 0 && 2 * f.layer.rows_at(cut) <= std::min(n, m)) return detail::jacobian_through(cut, f, x);
  }
  const bool by_jvp = n <= m;
  Mat<S> result(by_jvp ? m : n, by_jvp ? n : m);  // J, or J' row by row
  const Index pieces = (result.cols() + 127) / 128;
  parallel_for(pieces, [&](Index k) {
    const ColumnRange block = column_range(result.cols(), pieces, k);
    detail::jacobian_block(f, x, by_jvp, block, result.middleCols(block.begin, block.size));
  });
  if (!by_jvp) result.transposeInPlace();
  return result;
}

}  // namespace basin
