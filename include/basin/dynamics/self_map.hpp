// A network that maps its space to itself, as what searches for fixed points see of it: values and
// derivatives in double, whatever its type. One piece of compiled code serves all networks.
#pragma once
#include <any>         // std::any
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <memory>      // std::make_shared
#include <optional>    // std::optional
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/core/layer.hpp"               // Layer
#include "basin/core/model.hpp"               // Model
#include "basin/core/model_by_calls.hpp"      // ModelByCalls, by_calls
#include "basin/core/types.hpp"               // Index, Mat, Vec, VecIn, VecOut
#include "basin/dynamics/jacobian.hpp"        // jacobian_of, jacobian_factors_of, narrow_cut
#include "basin/dynamics/matrix_product.hpp"  // MatrixProduct

namespace basin::inline BASIN_ABI::detail {

/// The Jacobian J of f at a point in one of three forms: J = D E with a narrow middle; J = D, E empty; or by
/// its products alone, D empty, too.
struct LocalMap {
  Mat<double> D, E;
  MatrixProduct apply, apply_adjoint;  // y = J x, y = J'x

  bool is_product() const { return E.size() > 0; }
  bool is_formed() const { return D.size() > 0; }
};

/// y_j = J(x_j) u_j for the columns of a batch of points.
using ProductsAtColumns = std::function<void(MatIn<double> u, MatOut<double> y)>;

/// x -> f(x), R^size to itself.
struct SelfMap {
  Index size = 0;
  double epsilon = 0;                                   // of the network's own numbers
  std::function<Vec<double>(VecIn<double> x)> rounded;  // x as the network sees it
  std::function<Vec<double>(VecIn<double> x)> value;    // f(x)
  std::function<LocalMap(VecIn<double> x)> linearized;  // J at x
  // Of many points, one column each, where that costs less than one after the other; may be empty.
  std::function<Mat<double>(MatIn<double> x)> values = {};
  std::function<ProductsAtColumns(MatIn<double> x)> products = {};  // without J itself
};

template <Layer F>
void require_self_map(const Model<F>& f, Index rows, const char* who, const char* argument) {
  f.require_valid(who);
  require(f.layer.in_size() == f.layer.out_size(), who, ": f maps ", f.layer.in_size(), " rows to ",
          f.layer.out_size(), ", expected as many");
  require(rows == f.layer.in_size(), who, ": ", argument, " has ", rows, " rows, f expects ",
          f.layer.in_size());
}

/// J and J' by jvp and vjp at a point whose forward is kept.
template <class S>
LocalMap local_products(const ModelByCalls<S>& f, VecIn<S> at) {
  struct Kept {
    Vec<S> x, y;
    std::any cache;
  };
  const auto kept = std::make_shared<Kept>();
  kept->x = at;
  kept->y.resize(f.layer.out_size());
  f.layer.forward(f.theta, kept->x, kept->y, kept->cache);
  LocalMap map;
  map.apply = [f, kept](VecIn<double> u, VecOut<double> y) {
    Vec<S> tangent(y.size());
    f.layer.jvp(f.theta, kept->x, kept->y, kept->cache, Vec<S>(u.cast<S>()), tangent);
    y = tangent.template cast<double>();
  };
  map.apply_adjoint = [f, kept](VecIn<double> u, VecOut<double> y) {
    Vec<S> cotangent(y.size()), no_theta_bar;
    f.layer.vjp(f.theta, kept->x, kept->y, kept->cache, Vec<S>(u.cast<S>()), cotangent, no_theta_bar);
    y = cotangent.template cast<double>();
  };
  return map;
}

/// J(x_j) by jvp at points whose forward is kept. Batches of fewer than `few` columns are slower than one
/// column after the other: the weights are brought into another form for each.
template <class S>
ProductsAtColumns products_at_columns(const ModelByCalls<S>& f, const Mat<S>& x) {
  constexpr Index few = 4;
  struct Kept {
    Mat<S> x, y, u, v;
    std::any cache;
  };
  const Index at_once = x.cols() < few ? 1 : x.cols();
  const auto kept = std::make_shared<std::vector<Kept>>(static_cast<std::size_t>(x.cols() / at_once));
  for (std::size_t k = 0; k < kept->size(); ++k) {
    Kept& batch = (*kept)[k];
    batch.x = x.middleCols(static_cast<Index>(k) * at_once, at_once);
    batch.y.resize(f.layer.out_size(), at_once);
    f.layer.forward(f.theta, batch.x, batch.y, batch.cache);
  }
  return [f, kept, at_once](MatIn<double> u, MatOut<double> y) {
    for (std::size_t k = 0; k < kept->size(); ++k) {
      Kept& batch = (*kept)[k];
      const Index begin = static_cast<Index>(k) * at_once;
      batch.u = u.middleCols(begin, at_once).template cast<S>();
      batch.v.resize(y.rows(), at_once);
      f.layer.jvp(f.theta, batch.x, batch.y, batch.cache, batch.u, batch.v);
      y.middleCols(begin, at_once) = batch.v.template cast<double>();
    }
  };
}

/// f as a SelfMap, which refers to it. J is formed by factors that are at most `factor_up_to` wide, else
/// whole up to `form_up_to` dimensions.
template <class S>
SelfMap self_map_of(const ModelByCalls<S>& f, Index form_up_to, Index factor_up_to) {
  SelfMap map;
  map.size = f.layer.in_size();
  map.epsilon = static_cast<double>(std::numeric_limits<S>::epsilon());
  map.rounded = [](VecIn<double> x) -> Vec<double> { return x.cast<S>().template cast<double>(); };
  map.value = [f, cache = std::make_shared<std::any>()](VecIn<double> x) -> Vec<double> {
    const Vec<S> point = x.cast<S>();
    Vec<S> y(point.size());
    f.layer.infer(f.theta, point, y, *cache);
    return y.template cast<double>();
  };
  const std::optional<Cut> cut = narrow_cut(f.layer);
  map.linearized = [f, form_up_to, factored = cut && cut->rows <= factor_up_to](VecIn<double> x) -> LocalMap {
    const Vec<S> point = x.cast<S>();
    if (const auto factors = factored ? jacobian_factors_of<S>(f, point) : std::nullopt)
      return {factors->D.template cast<double>(), factors->E.template cast<double>(), {}, {}};
    if (point.size() <= form_up_to) return {jacobian_of<S>(f, point).template cast<double>(), {}, {}, {}};
    return local_products<S>(f, point);
  };
  map.values = [f, packed = std::make_shared<std::optional<std::any>>()](MatIn<double> x) {
    const Mat<S> points = x.cast<S>();
    Mat<S> y(points.rows(), points.cols());
    if (!*packed) {
      packed->emplace();
      f.layer.prepack(f.theta, **packed);
    }
    f.layer.infer(f.theta, points, y, **packed);
    return Mat<double>(y.template cast<double>());
  };
  map.products = [f](MatIn<double> x) { return products_at_columns<S>(f, x.cast<S>()); };
  return map;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template LocalMap local_products<float>(const ModelByCalls<float>&, VecIn<float>);
extern template LocalMap local_products<double>(const ModelByCalls<double>&, VecIn<double>);
extern template SelfMap self_map_of<float>(const ModelByCalls<float>&, Index, Index);
extern template SelfMap self_map_of<double>(const ModelByCalls<double>&, Index, Index);
#endif

template <Layer F>
SelfMap self_map(const Model<F>& f, Index form_up_to,
                 Index factor_up_to = std::numeric_limits<Index>::max()) {
  return self_map_of<typename F::Scalar>(by_calls(f), form_up_to, factor_up_to);
}

}  // namespace basin::detail
