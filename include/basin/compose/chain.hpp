// Layers of different types one after the other, the list known at compile time. For up to about 16 layers:
// deeper nets repeat a block, which Stack does without a type of that depth.
#pragma once
#include <algorithm>  // std::max
#include <array>      // std::array
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <tuple>      // std::tuple
#include <utility>    // std::index_sequence, std::swap
#include <vector>     // std::vector

#include "basin/compose/planes/layout.hpp"  // PlaneLayer, Planes, plane_path
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/scratch.hpp"           // Scratch

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
    [[no_unique_address]] detail::PlaneCacheFor<S, Fs...> planes;
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
  Index cache_bytes(Index columns) const {
    if constexpr (on_planes)
      if (const auto layout = detail::plane_path(*this))
        return detail::PlaneCache<S>::bytes(*this, *layout, columns);
    Index sum = detail::bytes<S>(2 * widest_ * columns);
    steps([&](auto, auto k, const auto& f, Index) {
      sum += basin::cache_bytes(f, columns) + (k + 1 < N ? detail::bytes<S>(f.out_size() * columns) : 0);
    });
    return sum;
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
    if constexpr (on_planes)
      if (const auto layout = detail::plane_path(*this)) return c.planes.forward(*this, *layout, theta, x, y);
    steps([&](auto first, auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.h[k].resize(f.out_size(), x.cols());
      f.forward(theta.segment(offset, f.param_size()), input<first>(x, c),
                k + 1 < N ? MatOut<S>(c.h[k].mat()) : y, std::get<k>(c.f));
    });
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    steps([&](auto, auto k, const auto& f, Index offset) {
      basin::prepack(f, theta.segment(offset, f.param_size()), std::get<k>(c.f));
    });
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if constexpr (on_planes)
      if (const auto layout = detail::plane_path(*this)) return c.planes.infer(*this, *layout, theta, x, y);
    make_room(c, x.cols());
    steps([&](auto first, auto k, const auto& f, Index offset) {
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), x.cols());
      basin::infer(f, theta.segment(offset, f.param_size()), first == 0 ? ConstRef(x) : ConstRef(c.u.mat()),
                   k + 1 < N ? MatOut<S>(c.v.mat()) : y, std::get<k>(c.f));
      c.u.swap(c.v);
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if constexpr (on_planes)
      if (detail::plane_path(*this)) return c.planes.vjp(*this, theta, y_bar, x_bar, theta_bar);
    vjp_to(N, theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if constexpr (on_planes) {
      if (detail::plane_path(*this)) {
        theta_bar.setZero();
        return c.planes.vjp(*this, theta, y_bar, x_bar, theta_bar);
      }
    }
    backward<true>(N, theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if constexpr (on_planes)
      if (detail::plane_path(*this)) return c.planes.jvp(*this, theta, x_dot, y_dot);
    jvp_from(0, theta, x, y, c, x_dot, y_dot);
  }

  /// A place between two layers: how many layers lie before it, and the rows there.
  struct Cut {
    std::size_t layers = 0;
    Index rows = 0;
  };
  /// The narrowest one; before 0 layers where there is none or they work on planes.
  Cut narrowest_cut() const {
    Cut cut;
    if constexpr (on_planes)
      if (detail::plane_path(*this)) return cut;
    steps([&](auto first, auto, const auto&, Index) {
      const Index rows = std::get<first>(f_).in_size();
      if (first > 0 && (cut.layers == 0 || rows < cut.rows)) cut = {first, rows};
    });
    return cut;
  }
  /// y_dot = J u_dot with the Jacobian J of the layers behind the first `cut` alone; after forward, like jvp, and not on
  /// planes. A cut lies where narrowest_cut finds one, or at 0.
  void jvp_from(std::size_t cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_dot,
                MatOut<S> y_dot) const {
    make_room(c, u_dot.cols());
    steps([&](auto first, auto k, const auto& f, Index offset) {
      if (first < cut) return;
      if constexpr (k + 1 < N) c.v.resize(f.out_size(), u_dot.cols());
      f.jvp(theta.segment(offset, f.param_size()), input<first>(x, c), output<k>(y, c), std::get<k>(c.f),
            first == cut ? ConstRef(u_dot) : ConstRef(c.u.mat()), k + 1 < N ? MatOut<S>(c.v.mat()) : y_dot);
      c.u.swap(c.v);
    });
  }
  /// x_bar = J' u_bar and theta_bar += its part, with the Jacobians of the first `cut` layers alone; after forward, like
  /// vjp, and not on planes. A cut lies where narrowest_cut finds one, or behind all layers.
  void vjp_to(std::size_t cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_bar,
              MatOut<S> x_bar, VecOut<S> theta_bar) const {
    backward<false>(cut, theta, x, y, c, u_bar, x_bar, theta_bar);
  }

  // The same on planes (detail::PlaneLayer). Keeps, for each layer, what it keeps and then its output.
  std::optional<detail::PlaneLayout> plane_layout() const requires(detail::PlaneLayer<Fs>&&...) {
    std::optional<detail::PlaneLayout> layout;
    each([&](auto, const auto& f, Index) {
      if (!layout) layout = f.plane_layout();
    });
    return layout;
  }
  bool works_on(const detail::PlaneLayout& layout) const {
    return std::apply([&](const auto&... f) { return (f.works_on(layout) && ...); }, f_);
  }
  Index plane_slots() const {
    return std::apply([](const auto&... f) { return ((f.plane_slots() + 1) + ...) - 1; }, f_);
  }
  Index plane_spares() const {
    return 2 + std::apply([](const auto&... f) { return std::max({f.plane_spares()...}); }, f_);
  }
  void plane_forward(const detail::Planes<S>& p, const S* theta, const S* x, S* y, S* kept) const {
    each([&](auto k, const auto& f, Index offset) {
      S* const h = kept + f.plane_slots() * p.point_batch();
      S* const out = k + 1 < N ? h : y;
      f.plane_forward(p, theta + offset, x, out, kept);
      x = out;
      kept = h + p.point_batch();
    });
  }
  void plane_infer(const detail::Planes<S>& p, const S* theta, const S* x, S* y, S* spare) const {
    S *u = spare, *v = u + p.point_batch();
    each([&](auto k, const auto& f, Index offset) {
      S* const out = k + 1 < N ? u : y;
      f.plane_infer(p, theta + offset, x, out, spare + 2 * p.point_batch());
      x = out;
      std::swap(u, v);
    });
  }
  void plane_vjp(const detail::Planes<S>& p, const S* theta, const S* x, const S* y, const S* kept,
                 const S* y_bar, S* x_bar, S* theta_bar, S* spare) const {
    S *u = spare, *v = u + p.column_batch();
    kept += plane_slots() * p.point_batch();
    each_reversed([&](auto k, const auto& f, Index offset) {
      const S* const h = kept;  // the output of this layer, where it is not y
      const S* const own = h - f.plane_slots() * p.point_batch();
      S* const to = k > 0 ? u : x_bar;
      f.plane_vjp(p, theta + offset, k > 0 ? own - p.point_batch() : x, k + 1 < N ? h : y, own, y_bar, to,
                  theta_bar ? theta_bar + offset : nullptr, spare + 2 * p.column_batch());
      kept = own - p.point_batch();
      y_bar = to;
      std::swap(u, v);
    });
  }
  void plane_jvp(const detail::Planes<S>& p, const S* theta, const S* x, const S* y, const S* kept,
                 const S* x_dot, S* y_dot, S* spare) const {
    S *u = spare, *v = u + p.column_batch();
    each([&](auto k, const auto& f, Index offset) {
      const S* const h = kept + f.plane_slots() * p.point_batch();
      S* const to = k + 1 < N ? u : y_dot;
      f.plane_jvp(p, theta + offset, x, k + 1 < N ? h : y, kept, x_dot, to, spare + 2 * p.column_batch());
      x = h;
      kept = h + p.point_batch();
      x_dot = to;
      std::swap(u, v);
    });
  }

 private:
  static constexpr bool on_planes = (detail::PlaneLayer<Fs> && ...);
  using ConstRef = Eigen::Ref<const Mat<S>>;
  template <bool fresh>
  void backward(std::size_t cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_bar,
                MatOut<S> x_bar, VecOut<S> theta_bar) const {
    make_room(c, u_bar.cols());
    steps_reversed([&](auto first, auto k, const auto& f, Index offset) {
      if (k >= cut) return;
      if constexpr (first > 0) c.v.resize(f.in_size(), u_bar.cols());
      detail::backward<fresh>(f, theta.segment(offset, f.param_size()), input<first>(x, c), output<k>(y, c),
                              std::get<k>(c.f), k + 1 == cut ? ConstRef(u_bar) : ConstRef(c.u.mat()),
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

  /// Like each, but where layer k can do the work of the layer before it as well, faster than the two alone (see
  /// Conv2d::behind), one step is both: op(first, k, layer, offset of its parameters), for layers first, ..., k.
  template <class Op>
  void steps(const Op& op) const {
    each([&](auto k, const auto&, Index offset) { step<k>(op, offset); });
  }
  template <class Op>
  void steps_reversed(const Op& op) const {
    each_reversed([&](auto k, const auto&, Index offset) { step<k>(op, offset); });
  }
  template <std::size_t K, class Op>
  void step(const Op& op, Index offset) const {
    if constexpr (joins<K + 1>())
      if (joint<K + 1>()) return;
    constexpr std::integral_constant<std::size_t, K> k;
    if constexpr (joins<K>())
      if (const auto both = joint<K>())
        return op(std::integral_constant<std::size_t, K - 1>{}, k, *both, offset);
    op(k, k, std::get<K>(f_), offset);
  }
  /// Whether layer K has a function `behind` for the layer before it.
  template <std::size_t K>
  static constexpr bool joins() {
    if constexpr (K > 0 && K < N) return requires(const std::tuple<Fs...>& f) {
        std::get<K>(f).behind(std::get<K - 1>(f));
      };
    else
      return false;
  }
  /// Layers K - 1 and K as one, if that is faster.
  template <std::size_t K>
  auto joint() const {
    return std::get<K>(f_).behind(std::get<K - 1>(f_));
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
