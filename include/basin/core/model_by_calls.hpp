// A model behind virtual calls: with it, one piece of compiled code iterates, differentiates and searches all
// networks of a scalar type.
#pragma once
#include <any>       // std::any
#include <memory>    // std::make_shared, std::shared_ptr
#include <optional>  // std::optional
#include <utility>   // std::move

#include "basin/core/cut.hpp"          // Cut, Cuts
#include "basin/core/error.hpp"        // require
#include "basin/core/layer_calls.hpp"  // LayerCalls, TypedLayerCalls, borrowed
#include "basin/core/model.hpp"        // Model
#include "basin/core/types.hpp"        // Index, Mat, MatIn, MatOut, Vec, VecIn, VecOut

namespace basin::inline BASIN_ABI {

namespace detail {

/// A layer known by its calls.
template <class S>
class LayerByCalls {
 public:
  using Scalar = S;
  using Cache = std::any;

  explicit LayerByCalls(std::shared_ptr<const LayerCalls<S>> calls) : calls_(std::move(calls)) {}

  Index in_size() const { return calls_->in_size(); }
  Index out_size() const { return calls_->out_size(); }
  Index param_size() const { return calls_->param_size(); }
  const char* name() const { return calls_->name(); }
  bool broadcasts() const { return calls_->broadcasts(); }
  Index multiply_adds() const { return calls_->multiply_adds(); }
  Index cache_bytes(Index columns) const { return calls_->cache_bytes(columns); }
  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const { calls_->forward(theta, x, y, c); }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const { calls_->infer(theta, x, y, c); }
  void prepack(VecIn<S> theta, Cache& c) const { calls_->prepack(theta, c); }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    calls_->vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    calls_->jvp(theta, x, y, c, x_dot, y_dot);
  }
  const LayerCalls<S>& calls() const { return *calls_; }

 private:
  std::shared_ptr<const LayerCalls<S>> calls_;
};

template <class S>
struct Cuts<LayerByCalls<S>> {
  using F = LayerByCalls<S>;
  static std::optional<Cut> narrowest(const F& f) { return f.calls().narrowest(); }
  static void jvp_behind(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y, std::any& c,
                         MatIn<S> u_dot, MatOut<S> y_dot) {
    f.calls().jvp_behind(cut, theta, x, y, c, u_dot, y_dot);
  }
  static void vjp_before(const Cut& cut, const F& f, VecIn<S> theta, MatIn<S> x, MatIn<S> y, std::any& c,
                         MatIn<S> u_bar, MatOut<S> x_bar) {
    f.calls().vjp_before(cut, theta, x, y, c, u_bar, x_bar);
  }
};

}  // namespace detail

/// A model known by its calls, which refers to the parameters: they stay where they are while it is in use.
template <class S>
struct Model<detail::LayerByCalls<S>> {
  using Scalar = S;
  detail::LayerByCalls<S> layer;
  Eigen::Map<const Vec<S>> theta;

  Model(detail::LayerByCalls<S> f, const Vec<S>& parameters)
      : layer(std::move(f)), theta(parameters.data(), parameters.size()) {}
  Model(detail::LayerByCalls<S> f, const Vec<S>&& parameters) = delete;  // they would be gone

  /// Throws, in the name of `who`, if theta does not have the layer's number of parameters.
  void require_valid(const char* who) const {
    require(theta.size() == layer.param_size(), who, ": theta has ", theta.size(), " entries, ", layer.name(),
            " has ", layer.param_size(), " parameters");
  }
  /// f(x) for each column of x. Throws if x does not have in_size() rows.
  Mat<S> operator()(MatIn<S> x) const {
    require_valid("Model");
    require(x.rows() == layer.in_size(), "Model: x has ", x.rows(), " rows, ", layer.name(), " expects ",
            layer.in_size());
    Mat<S> y(layer.out_size(), x.cols());
    std::any cache;
    layer.infer(theta, x, y, cache);
    return y;
  }
};

namespace detail {

/// What searches and iterations see of a network, whatever its type.
template <class S>
using ModelByCalls = Model<LayerByCalls<S>>;

/// f by its calls. Refers to the layer and the parameters of f: both stay where they are while it is in use,
/// and new parameters are written in place.
template <Layer F>
ModelByCalls<typename F::Scalar> by_calls(const Model<F>& f) {
  using S = typename F::Scalar;
  return {LayerByCalls<S>(std::make_shared<const TypedLayerCalls<F>>(borrowed(f.layer))), f.theta};
}
template <Layer F>
void by_calls(const Model<F>&& f) = delete;  // it would be gone
template <class S>
ModelByCalls<S> by_calls(const ModelByCalls<S>& f) {
  return f;
}
template <class S>
ModelByCalls<S> by_calls(const ModelByCalls<S>&& f) {
  return f;
}

}  // namespace detail

}  // namespace basin

#ifdef BASIN_COMPILED                         // see basin/instantiate.hpp
#include "basin/compose/fully_connected.hpp"  // FullyConnected
namespace basin::inline BASIN_ABI::detail {
extern template struct TypedLayerCalls<FullyConnected<float>>;
extern template struct TypedLayerCalls<FullyConnected<double>>;
}  // namespace basin::detail
#endif
