// The Jacobian of a network at a point, column by column or row by row, whichever is fewer.
#pragma once
#include <algorithm>  // std::min

#include "basin/core/error.hpp"     // require
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

}  // namespace detail

/// J = df/dx at the point x (one column), out_size x in_size: in_size columns by jvp, or out_size rows by vjp
/// if these are fewer, in batches of up to 128 spread over the threads. Throws if x does not fit.
template <Layer F>
[[nodiscard]] Mat<typename F::Scalar> jacobian(const Model<F>& f, VecIn<typename F::Scalar> x) {
  using S = typename F::Scalar;
  const Index n = f.layer.in_size(), m = f.layer.out_size();
  f.require_valid("jacobian");
  require(x.size() == n, "jacobian: x has ", x.size(), " rows, f expects ", n);
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
