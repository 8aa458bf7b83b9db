// Layers of different types one after the other, the list known at compile time. For up to about 16 layers:
// deeper nets repeat a block, which Stack does without a type of that depth.
#pragma once
#include <algorithm>  // std::max
#include <array>      // std::array
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <tuple>      // std::tuple
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/planes/form.hpp"  // plane_program, PlanesOf
#include "basin/compose/steps.hpp"        // for_layers, for_steps
#include "basin/core/checked_size.hpp"    // checked_sum
#include "basin/core/cut.hpp"             // Cuts
#include "basin/core/layer.hpp"           // Layer
#include "basin/core/param_blocks.hpp"    // ParamBlock, param_blocks, append_blocks
#include "basin/core/require_fit.hpp"     // require_fit
#include "basin/core/scratch.hpp"         // Scratch

namespace basin::inline BASIN_ABI {

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
    [[no_unique_address]] detail::PlaneMemoryOf<S, Fs...> planes;
  };
  static constexpr const char* name = "Chain";

  /// Throws where a layer does not fit the one before it.
  explicit Chain(Fs... fs) : f_(std::move(fs)...) {
    Index rows = in_size();
    std::optional<Shape> shape = in_shape();
    detail::for_layers(f_, [&](auto k, const auto& f, Index) {
      detail::require_fit(f, rows, shape,
                          " (layer " + std::to_string(k()) + " of the Chain, counted from 0)");
      rows = f.out_size();
      shape = basin::out_shape(f, shape);
    });
    out_shape_ = shape;
    std::apply(
        [](const auto&... f) {
          detail::checked_sum({f.param_size()...}, "Chain: its layers have too many parameters");
          detail::checked_sum({basin::multiply_adds(f)...}, "Chain: its layers make too many multiply-adds");
        },
        f_);
    widest_ = std::apply([](const auto&... f) { return std::max({f.in_size()..., f.out_size()...}); }, f_);
    if constexpr ((detail::has_plane_form<Fs> && ...)) planes_ = detail::plane_program(*this);
  }
  Index in_size() const { return std::get<0>(f_).in_size(); }
  Index out_size() const { return std::get<N - 1>(f_).out_size(); }
  Index param_size() const {
    return std::apply([](const auto&... f) { return (f.param_size() + ...); }, f_);
  }
  bool broadcasts() const {
    return std::apply([](const auto&... f) { return (basin::broadcasts(f) && ...); }, f_);
  }
  std::optional<Shape> in_shape() const { return basin::in_shape(std::get<0>(f_)); }
  std::optional<Shape> out_shape() const { return out_shape_; }
  Index multiply_adds() const {
    return std::apply([](const auto&... f) { return (basin::multiply_adds(f) + ...); }, f_);
  }
  Index cache_bytes(Index columns) const {
    if (planes_) return planes_->cache_bytes(columns);
    Index sum = detail::bytes<S>(2 * widest_, columns);
    detail::for_steps(f_, [&](auto, auto k, const auto& f, Index) {
      sum += basin::cache_bytes(f, columns) + (k + 1 < N ? detail::bytes<S>(f.out_size(), columns) : 0);
    });
    return sum;
  }
  Index infer_bytes(Index columns) const {
    if (planes_) return planes_->cache_bytes(columns);
    Index sum = detail::bytes<S>(2 * widest_, columns);
    detail::for_steps(f_, [&](auto, auto, const auto& f, Index) { sum += basin::infer_bytes(f, columns); });
    return sum;
  }
  Index packed_bytes() const {
    if (planes_) return 0;
    Index sum = 0;
    detail::for_steps(f_, [&](auto, auto, const auto& f, Index) { sum += basin::packed_bytes(f); });
    return sum;
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    detail::for_layers(f_, [&](auto k, const auto& f, Index offset) {
      detail::append_blocks(blocks, basin::param_blocks(f), offset, std::to_string(k()));
    });
    return blocks;
  }
  /// Layer K, counted from 0.
  template <std::size_t K>
  const auto& child() const {
    return std::get<K>(f_);
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->forward(theta, x, y, c.planes);
    detail::for_steps(f_, [&](auto first, auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.h[k].resize(f.out_size(), x.cols());
      f.forward(theta.segment(offset, f.param_size()), input<first>(x, c),
                k + 1 < N ? MatOut<S>(c.h[k].mat()) : y, std::get<k>(c.f));
    });
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    if (planes_) return;
    detail::for_steps(f_, [&](auto, auto k, const auto& f, Index offset) {
      basin::prepack(f, theta.segment(offset, f.param_size()), std::get<k>(c.f));
    });
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->infer(theta, x, y, c.planes);
    make_room(c, x.cols());
    detail::for_steps(f_, [&](auto first, auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), x.cols());
      basin::infer(f, theta.segment(offset, f.param_size()), first == 0 ? ConstRef(x) : ConstRef(c.u.mat()),
                   k + 1 < N ? MatOut<S>(c.v.mat()) : y, std::get<k>(c.f));
      c.u.swap(c.v);
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp(theta, y_bar, x_bar, theta_bar, c.planes);
    vjp_before<false>(N, theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp_fresh(theta, y_bar, x_bar, theta_bar, c.planes);
    vjp_before<true>(N, theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (planes_) return planes_->jvp(theta, x_dot, y_dot, c.planes);
    jvp_behind(0, theta, x, y, c, x_dot, y_dot);
  }

 private:
  friend struct detail::Cuts<Chain>;
  friend struct detail::MemberCuts<Chain>;
  using ConstRef = Eigen::Ref<const Mat<S>>;

  /// jvp of the layers behind the first `cut` alone.
  void jvp_behind(Index cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_dot,
                  MatOut<S> y_dot) const {
    make_room(c, u_dot.cols());
    detail::for_steps(f_, [&](auto first, auto k, const auto& f, Index offset) {
      if (static_cast<Index>(first()) < cut) return;
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), u_dot.cols());
      f.jvp(theta.segment(offset, f.param_size()), input<first>(x, c), output<k>(y, c), std::get<k>(c.f),
            static_cast<Index>(first()) == cut ? ConstRef(u_dot) : ConstRef(c.u.mat()),
            k + 1 < N ? MatOut<S>(c.v.mat()) : y_dot);
      c.u.swap(c.v);
    });
  }
  /// vjp, or vjp_fresh, of the first `cut` layers alone.
  template <bool fresh>
  void vjp_before(Index cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_bar,
                  MatOut<S> x_bar, VecOut<S> theta_bar) const {
    make_room(c, u_bar.cols());
    detail::for_steps_reversed(f_, [&](auto first, auto k, const auto& f, Index offset) {
      if (static_cast<Index>(k()) >= cut) return;
      if constexpr (first > 0) c.v.resize(f.in_size(), u_bar.cols());
      detail::backward<fresh>(f, theta.segment(offset, f.param_size()), input<first>(x, c), output<k>(y, c),
                              std::get<k>(c.f),
                              static_cast<Index>(k()) + 1 == cut ? ConstRef(u_bar) : ConstRef(c.u.mat()),
                              first > 0 ? MatOut<S>(c.v.mat()) : x_bar,
                              detail::wanted_segment<S>(theta_bar, offset, f.param_size()));
      c.u.swap(c.v);
    });
  }
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
  /// u and v change places from layer to layer: both need room for the widest one, or the next call, which
  /// may find them exchanged, would allocate.
  void make_room(Cache& c, Index columns) const {
    c.u.reserve(widest_ * columns);
    c.v.reserve(widest_ * columns);
  }

  std::tuple<Fs...> f_;
  std::optional<Shape> out_shape_;
  Index widest_ = 0;  // rows of the largest input or output of a layer
  [[no_unique_address]] detail::PlanesOf<S, Fs...> planes_;
};

}  // namespace basin

#include "basin/compose/cuts.hpp"        // how jacobian cuts a Chain
#include "basin/compose/dense_ends.hpp"  // how range_map narrows one
