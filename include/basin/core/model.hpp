// A layer together with its parameters, for users who want to write f(x).
#pragma once
#include <utility>  // std::move

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // Layer, infer

namespace basin::inline BASIN_ABI {

/// f(x) = layer(x; theta). Both members are open: nothing else depends on them.
template <Layer F>
struct Model {
  using Scalar = typename F::Scalar;
  F layer;            // f
  Vec<Scalar> theta;  // layer.param_size() numbers

  /// Throws if theta does not have the layer's number of parameters.
  Model(F f, Vec<Scalar> parameters) : layer(std::move(f)), theta(std::move(parameters)) {
    require_valid("Model");
  }
  /// Throws, in the name of `who`, if theta was given another size since.
  void require_valid(const char* who) const {
    require(theta.size() == layer.param_size(), who, ": theta has ", theta.size(), " entries, ",
            layer_name(layer), " has ", layer.param_size(), " parameters");
  }
  /// f(x) for each column of x. Throws if x does not have in_size() rows.
  Mat<Scalar> operator()(MatIn<Scalar> x) const;
};

template <Layer F>
Mat<typename F::Scalar> Model<F>::operator()(MatIn<Scalar> x) const {
  require_valid("Model");
  require(x.rows() == layer.in_size(), "Model: x has ", x.rows(), " rows, ", layer_name(layer), " expects ",
          layer.in_size());
  Mat<Scalar> y(layer.out_size(), x.cols());
  typename F::Cache cache;
  infer(layer, theta, x, y, cache);
  return y;
}

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI {
extern template struct Model<FullyConnected<float>>;
extern template struct Model<FullyConnected<double>>;
}  // namespace basin
#endif
