// The Jacobian of a network at a point, column by column or row by row, whichever is fewer.
#pragma once
#include <algorithm>  // std::min
#include <any>        // std::any
#include <optional>   // std::optional

#include "basin/core/cut.hpp"             // Cut, Cuts
#include "basin/core/error.hpp"           // require
#include "basin/core/layer.hpp"           // Layer, broadcasts
#include "basin/core/model.hpp"           // Model
#include "basin/core/model_by_calls.hpp"  // ModelByCalls, by_calls
#include "basin/core/parallel.hpp"        // parallel_for, column_range
#include "basin/core/paths.hpp"           // tangents_at_once, jacobian_is_product
#include "basin/core/product/gemm.hpp"    // gemm

namespace basin::inline BASIN_ABI {

namespace detail {

/// Where f is cut for its Jacobian: nullopt where it is nowhere narrow enough to be worth it.
template <class F>
std::optional<Cut> narrow_cut(const F& f) {
  std::optional<Cut> cut;
  if constexpr (requires { Cuts<F>::narrowest(f); })
    if (broadcasts(f)) cut = Cuts<F>::narrowest(f);
  if (cut && !jacobian_is_product(cut->rows, f.in_size(), f.out_size())) cut.reset();
  return cut;
}

template <class F>
void require_point(const Model<F>& f, VecIn<typename F::Scalar> x, const char* who) {
  f.require_valid(who);
  require(x.size() == f.layer.in_size(), who, ": x has ", x.size(), " rows, f expects ", f.layer.in_size());
}

}  // namespace detail

/// J = D E, D out_size x k and E k x in_size.
template <class S>
struct JacobianFactors {
  Mat<S> D, E;  // out_size x k, k x in_size
};

namespace detail {

/// push(points, y, cache, unit, block) for the columns `part` of the identity of `rows` rows as tangents or
/// cotangents behind a forward at x, a block of them at a time. One forward column serves all of them where
/// every layer says so; otherwise the point is repeated.
template <class S, class Push>
void push_identity(const ModelByCalls<S>& f, VecIn<S> x, Index rows, ColumnRange part, const Push& push) {
  const bool once = f.layer.broadcasts();
  const Index most = tangents_at_once(f.layer.cache_bytes(1));
  Mat<S> points, y, unit;
  std::any cache;
  for (Index at = 0, size = 0; at < part.size; at += size) {
    size = std::min(most, part.size - at);
    if (const Index columns = once ? 1 : size; points.cols() != columns) {
      points = x.replicate(1, columns);
      y.resize(f.layer.out_size(), columns);
      f.layer.forward(f.theta, points, y, cache);
    }
    const ColumnRange block{part.begin + at, size};
    unit.setZero(rows, size);
    unit.middleRows(block.begin, size).setIdentity();
    push(points, y, cache, unit, block);
  }
}

/// The two Jacobians that meet at a cut, D by jvp and E' by vjp: one tangent for each row there, not for each
/// row of x.
template <class S>
void factors_at(const Cut& cut, const ModelByCalls<S>& f, VecIn<S> x, Mat<S>& D, Mat<S>& Et) {
  using F = LayerByCalls<S>;
  const Index blocks = (cut.rows + 127) / 128;
  D.resize(f.layer.out_size(), cut.rows);
  Et.resize(f.layer.in_size(), cut.rows);
  parallel_for(2 * blocks, [&](Index k) {
    push_identity<S>(f, x, cut.rows, column_range(cut.rows, blocks, k / 2),
                     [&](const auto& point, const auto& y, auto& cache, const auto& unit, ColumnRange block) {
                       if (k % 2 == 0)
                         Cuts<F>::jvp_behind(cut, f.layer, f.theta, point, y, cache, unit,
                                             D.middleCols(block.begin, block.size));
                       else
                         Cuts<F>::vjp_before(cut, f.layer, f.theta, point, y, cache, unit,
                                             Et.middleCols(block.begin, block.size));
                     });
  });
}

/// See jacobian_factors.
template <class S>
std::optional<JacobianFactors<S>> jacobian_factors_of(const ModelByCalls<S>& f, VecIn<S> x) {
  const std::optional<Cut> cut = narrow_cut(f.layer);
  if (!cut) return std::nullopt;
  JacobianFactors<S> factors;
  Mat<S> Et;
  factors_at<S>(*cut, f, x, factors.D, Et);
  factors.E = Et.transpose();
  return factors;
}

/// See jacobian.
template <class S>
Mat<S> jacobian_of(const ModelByCalls<S>& f, VecIn<S> x) {
  const Index n = f.layer.in_size(), m = f.layer.out_size();
  if (const std::optional<Cut> cut = narrow_cut(f.layer)) {
    Mat<S> D, Et, J(m, n);
    factors_at<S>(*cut, f, x, D, Et);
    gemm<S, GemmOp::plain, GemmOp::transposed>(D, Et, J);
    return J;
  }
  const bool by_jvp = n <= m;
  Mat<S> result(by_jvp ? m : n, by_jvp ? n : m);  // J, or J' row by row
  const Index parts = (result.cols() + 127) / 128;
  parallel_for(parts, [&](Index k) {
    push_identity<S>(
        f, x, result.cols(), column_range(result.cols(), parts, k),
        [&](const auto& points, const auto& y, auto& cache, const auto& unit, ColumnRange block) {
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

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template std::optional<JacobianFactors<float>> jacobian_factors_of<float>(const ModelByCalls<float>&,
                                                                                 VecIn<float>);
extern template std::optional<JacobianFactors<double>> jacobian_factors_of<double>(
    const ModelByCalls<double>&, VecIn<double>);
extern template Mat<float> jacobian_of<float>(const ModelByCalls<float>&, VecIn<float>);
extern template Mat<double> jacobian_of<double>(const ModelByCalls<double>&, VecIn<double>);
#endif

}  // namespace detail

/// df/dx at the point x as a product through the narrowest place of the network, k numbers wide: every 784 ->
/// 128 -> ... -> 784 has one of rank 128. With it the eigenvalues of J other than 0 are those of E D (k x k),
/// and (I - D E)^-1 r = r + D (I - E D)^-1 E r (Sherman, Morrison, Woodbury). nullopt where no place is half
/// as narrow as the ends, or f has none that it may be cut at. Throws if x does not fit.
template <Layer F>
[[nodiscard]] std::optional<JacobianFactors<typename F::Scalar>> jacobian_factors(
    const Model<F>& f, VecIn<typename F::Scalar> x) {
  detail::require_point(f, x, "jacobian_factors");
  return detail::jacobian_factors_of<typename F::Scalar>(detail::by_calls(f), x);
}

/// J = df/dx at the point x (one column), out_size x in_size: in_size columns by jvp, or out_size rows by vjp
/// if these are fewer, in batches of up to 128 spread over the threads; in a Chain that is narrow somewhere,
/// the product of the two Jacobians that meet there. Throws if x does not fit.
template <Layer F>
[[nodiscard]] Mat<typename F::Scalar> jacobian(const Model<F>& f, VecIn<typename F::Scalar> x) {
  detail::require_point(f, x, "jacobian");
  return detail::jacobian_of<typename F::Scalar>(detail::by_calls(f), x);
}

}  // namespace basin
