// Layers of different types one after the other, the list known at compile time. For up to about 16 layers:
// deeper nets repeat a block, which Stack does without a type of that depth.
#pragma once
#include <algorithm>  // std::max
#include <array>      // std::array
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <tuple>      // std::tuple
#include <utility>    // std::index_sequence
#include <vector>     // std::vector

#include "basin/core/layer.hpp"    // Layer
#include "basin/core/scratch.hpp"  // Scratch

namespace basin {

/// f_N o ... o f_1, the first argument applied first: theta = [theta_1; ...; theta_N].
template <Layer... Fs>
class Chain {
  static constexpr std::size_t N = sizeof...(Fs);
  static_assert(N > 0, "Chain: give it at least one layer");

 public:
  using Scalar = typename std::tuple_element_t<0, std::tuple<Fs...>>::Scalar;
  using S = Scalar;
  static_assert((std::same_as<typename Fs::Scalar, Scalar> && ...),
                "Chain: all layers must have the same scalar type");
  struct Cache {
    std::tuple<typename Fs::Cache...> f;
    std::array<Scratch<S>, N> h;  // h[k] = the output of f_{k+1}; the last is the caller's y
    Scratch<S> u, v;              // cotangents and tangents on their way
  };
  static constexpr const char* name = "Chain";
  static constexpr bool broadcasts = (basin::broadcasts<Fs>() && ...);

  /// Throws where a layer does not fit the one before it.
  explicit Chain(Fs... fs) : f_(std::move(fs)...) {
    Index rows = in_size();
    std::optional<Shape> shape = in_shape();
    each([&](auto k, const auto& f, Index) {
      detail::require_fit(f, rows, shape,
                          " (layer " + std::to_string(k()) + " of the Chain, counted from 0)");
      rows = f.out_size();
      shape = basin::out_shape(f, shape);
    });
    out_shape_ = shape;
    widest_ = std::apply([](const auto&... f) { return std::max({f.in_size()..., f.out_size()...}); }, f_);
  }
  Index in_size() const { return std::get<0>(f_).in_size(); }
  Index out_size() const { return std::get<N - 1>(f_).out_size(); }
  Index param_size() const {
    return std::apply([](const auto&... f) { return (f.param_size() + ...); }, f_);
  }
  std::optional<Shape> in_shape() const { return basin::in_shape(std::get<0>(f_)); }
  std::optional<Shape> out_shape() const { return out_shape_; }
  Index work() const {
    return std::apply([](const auto&... f) { return (basin::work(f) + ...); }, f_);
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    each([&](auto k, const auto& f, Index offset) {
      detail::append_blocks(blocks, basin::param_blocks(f), offset, std::to_string(k()));
    });
    return blocks;
  }
  /// Layer K, counted from 0.
  template <std::size_t K>
  const auto& get() const {
    return std::get<K>(f_);
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    each([&](auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.h[k].resize(f.out_size(), x.cols());
      f.forward(theta.segment(offset, f.param_size()), input<k>(x, c),
                k + 1 < N ? MatOut<S>(c.h[k].mat()) : y, std::get<k>(c.f));
    });
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    make_room(c, x.cols());
    each([&](auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), x.cols());
      basin::infer(f, theta.segment(offset, f.param_size()), k == 0 ? ConstRef(x) : ConstRef(c.u.mat()),
                   k + 1 < N ? MatOut<S>(c.v.mat()) : y, std::get<k>(c.f));
      c.u.swap(c.v);
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    make_room(c, y_bar.cols());
    each_reversed([&](auto k, const auto& f, Index offset) {
      if constexpr (k > 0) c.v.resize(f.in_size(), y_bar.cols());
      f.vjp(theta.segment(offset, f.param_size()), input<k>(x, c), output<k>(y, c), std::get<k>(c.f),
            k + 1 < N ? ConstRef(c.u.mat()) : ConstRef(y_bar), k > 0 ? MatOut<S>(c.v.mat()) : x_bar,
            detail::wanted_segment<S>(theta_bar, offset, f.param_size()));
      c.u.swap(c.v);
    });
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    make_room(c, x_dot.cols());
    each([&](auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), x_dot.cols());
      f.jvp(theta.segment(offset, f.param_size()), input<k>(x, c), output<k>(y, c), std::get<k>(c.f),
            k == 0 ? ConstRef(x_dot) : ConstRef(c.u.mat()), k + 1 < N ? MatOut<S>(c.v.mat()) : y_dot);
      c.u.swap(c.v);
    });
  }

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  template <std::size_t K>
  ConstRef input(MatIn<S> x, Cache& c) const {
    if constexpr (K == 0)
      return x;
    else
      return c.h[K - 1].mat();
  }
  template <std::size_t K>
  ConstRef output(MatIn<S> y, Cache& c) const {
    if constexpr (K + 1 == N)
      return y;
    else
      return c.h[K].mat();
  }
  /// op(k, layer k, offset of its parameters), first to last; k is an integral_constant.
  template <class Op>
  void each(const Op& op) const {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      Index offset = 0;
      ((op(std::integral_constant<std::size_t, K>{}, std::get<K>(f_), offset),
        offset += std::get<K>(f_).param_size()),
       ...);
    }
    (std::make_index_sequence<N>{});
  }
  /// The same, last to first.
  template <class Op>
  void each_reversed(const Op& op) const {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      Index offset = param_size();
      ((offset -= std::get<N - 1 - K>(f_).param_size(),
        op(std::integral_constant<std::size_t, N - 1 - K>{}, std::get<N - 1 - K>(f_), offset)),
       ...);
    }
    (std::make_index_sequence<N>{});
  }

  /// u and v change places from layer to layer: both need room for the widest one, or the next call, which may
  /// find them exchanged, would allocate.
  void make_room(Cache& c, Index columns) const {
    c.u.reserve(widest_ * columns);
    c.v.reserve(widest_ * columns);
  }

  std::tuple<Fs...> f_;
  std::optional<Shape> out_shape_;
  Index widest_ = 0;  // rows of the largest input or output of a layer
};

}  // namespace basin
