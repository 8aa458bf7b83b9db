// A network together with its tangents, (x, x_dot) -> (f(x), J x_dot), and the vjp of that: derivatives of
// what depends on the Jacobian.
#pragma once
#include <cstddef>  // std::size_t
#include <tuple>    // std::tuple, std::get
#include <utility>  // std::index_sequence
#include <vector>   // std::vector

#include "basin/compose/chain.hpp"     // Chain
#include "basin/compose/concat.hpp"    // Concat
#include "basin/compose/residual.hpp"  // Residual
#include "basin/compose/stack.hpp"     // Stack
#include "basin/core/layer.hpp"        // Layer
#include "basin/core/scratch.hpp"      // Scratch
#include "basin/layers/affine.hpp"     // Affine
#include "basin/layers/diagonal.hpp"   // Diagonal
#include "basin/layers/pixel_map.hpp"  // PixelMap: Pad2d, Crop2d, UpsampleNearest
#include "basin/layers/pool.hpp"       // AvgPool2d, MaxPool2d
#include "basin/layers/rearrange.hpp"  // Rearrange: PixelShuffle, PixelUnshuffle

namespace basin::inline BASIN_ABI {

namespace detail {

/// x, y and the derivatives of a layer's duals with respect to them: always `value` beside `tangent`.
template <class S>
struct DualIn {
  Eigen::Ref<const Mat<S>> value, tangent;
};
template <class S>
struct DualOut {
  MatOut<S> value, tangent;
};
/// Memory for a batch of duals.
template <class S>
struct DualScratch {
  Scratch<S> value, tangent;
  void resize(Index rows, Index columns) {
    value.resize(rows, columns);
    tangent.resize(rows, columns);
  }
  void swap(DualScratch& other) {
    value.swap(other.value);
    tangent.swap(other.tangent);
  }
  DualIn<S> in() const { return {value.mat(), tangent.mat()}; }
  DualOut<S> out() { return {value.mat(), tangent.mat()}; }
};

/// What layers without parameters are that are linear where their derivative exists: the vjp of J x_dot with
/// respect to x is 0.
template <class S>
void piecewise_affine(const Affine<S>&);
template <class S>
void piecewise_affine(const Diagonal<S>&);
template <class S>
void piecewise_affine(const PixelMap<S>&);
template <class S>
void piecewise_affine(const Rearrange<S>&);
template <class S>
void piecewise_affine(const AvgPool2d<S>&);
template <class S>
void piecewise_affine(const MaxPool2d<S>&);

/// The two passes of a network over duals, with `Memory` in between:
///
///     forward(f, theta, x, y, memory)                      y = (f(x), J x_dot)
///     backward(f, theta, x, y, memory, y_bar, x_bar, g)    x_bar = vjp of that; g += what it is for theta
///
/// x_bar of size 0 is not wanted. Every kind of composition has a specialization; what has none is a layer,
/// and none at all (`known` is false) unless it has jvp_vjp or is piecewise affine.
template <class F>
struct Dual {
  using S = typename F::Scalar;
  using Memory = typename F::Cache;
  static constexpr bool by_itself =
      requires(const F& f, VecIn<S> theta, MatIn<S> in, MatOut<S> out, VecOut<S> g, Memory& m) {
    f.jvp_vjp(theta, in, in, m, in, in, in, in, out, out, g);
  };
  static constexpr bool known = by_itself || requires(const F& f) { piecewise_affine(f); };

  static void forward(const F& f, VecIn<S> theta, const DualIn<S>& x, DualOut<S> y, Memory& m) {
    f.forward(theta, x.value, y.value, m);
    f.jvp(theta, x.value, y.value, m, x.tangent, y.tangent);
  }
  static void backward(const F& f, VecIn<S> theta, const DualIn<S>& x, const DualIn<S>& y, Memory& m,
                       const DualIn<S>& y_bar, DualOut<S> x_bar, VecOut<S> g) {
    if constexpr (by_itself) {
      f.jvp_vjp(theta, x.value, y.value, m, x.tangent, y.tangent, y_bar.value, y_bar.tangent, x_bar.value,
                x_bar.tangent, g);
    } else if (x_bar.value.size() > 0) {
      f.vjp(theta, x.value, y.value, m, y_bar.value, x_bar.value, g);
      f.vjp(theta, x.value, y.value, m, y_bar.tangent, x_bar.tangent, g);
    }
  }
};

/// What Chain and Stack share: the duals between n layers, and two of cotangents on their way back.
template <class S>
struct DualSequence {
  std::vector<DualScratch<S>> h;  // h[k] = the output of layer k, for all but the last
  DualScratch<S> u, v;

  void resize(Index n) { h.resize(static_cast<std::size_t>(n - 1)); }
  DualIn<S> input(Index k, const DualIn<S>& x) const { return k == 0 ? x : at(k - 1).in(); }
  DualIn<S> output(Index k, const DualIn<S>& y) const { return k == last() ? y : at(k).in(); }
  DualOut<S> room(Index k, Index rows, Index columns, const DualOut<S>& y) {
    if (k == last()) return y;
    DualScratch<S>& to = h[static_cast<std::size_t>(k)];
    to.resize(rows, columns);
    return to.out();
  }
  /// pass(y_bar, x_bar) of layer k, last to first.
  template <class Pass>
  void back(Index k, Index rows, const DualIn<S>& y_bar, const DualOut<S>& x_bar, const Pass& pass) {
    if (k > 0) v.resize(rows, y_bar.value.cols());
    pass(k == last() ? y_bar : u.in(), k > 0 ? v.out() : x_bar);
    u.swap(v);
  }

 private:
  Index last() const { return static_cast<Index>(h.size()); }
  const DualScratch<S>& at(Index k) const { return h[static_cast<std::size_t>(k)]; }
};

template <Layer... Fs>
struct Dual<Chain<Fs...>> {
  using F = Chain<Fs...>;
  using S = typename F::Scalar;
  static constexpr bool known = (Dual<Fs>::known && ...);
  static constexpr std::size_t N = sizeof...(Fs);
  struct Memory {
    std::tuple<typename Dual<Fs>::Memory...> f;
    DualSequence<S> between;
  };
  static void forward(const F& f, VecIn<S> theta, const DualIn<S>& x, DualOut<S> y, Memory& m) {
    m.between.resize(N);
    Index offset = 0;
    const auto step = [&]<std::size_t K>(const auto& layer) {
      using Step = Dual<std::tuple_element_t<K, std::tuple<Fs...>>>;
      const Index k = K, size = layer.param_size();
      const DualOut<S> to = m.between.room(k, layer.out_size(), x.value.cols(), y);
      Step::forward(layer, theta.segment(offset, size), m.between.input(k, x), to, std::get<K>(m.f));
      offset += size;
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (step.template operator()<K>(f.template child<K>()), ...);
    }
    (std::make_index_sequence<N>{});
  }
  static void backward(const F& f, VecIn<S> theta, const DualIn<S>& x, const DualIn<S>& y, Memory& m,
                       const DualIn<S>& y_bar, DualOut<S> x_bar, VecOut<S> g) {
    Index offset = theta.size();
    const auto step = [&]<std::size_t K>(const auto& layer) {
      using Step = Dual<std::tuple_element_t<K, std::tuple<Fs...>>>;
      const Index k = K, size = layer.param_size();
      offset -= size;
      m.between.back(k, layer.in_size(), y_bar, x_bar, [&](const DualIn<S>& from, const DualOut<S>& to) {
        Step::backward(layer, theta.segment(offset, size), m.between.input(k, x), m.between.output(k, y),
                       std::get<K>(m.f), from, to, g.segment(offset, size));
      });
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (step.template operator()<N - 1 - K>(f.template child<N - 1 - K>()), ...);
    }
    (std::make_index_sequence<N>{});
  }
};

template <Layer G>
struct Dual<Stack<G>> {
  using F = Stack<G>;
  using S = typename F::Scalar;
  static constexpr bool known = Dual<G>::known;
  struct Memory {
    std::vector<typename Dual<G>::Memory> f;
    DualSequence<S> between;
  };
  static void forward(const F& f, VecIn<S> theta, const DualIn<S>& x, DualOut<S> y, Memory& m) {
    const Index size = f.child().param_size();
    m.f.resize(static_cast<std::size_t>(f.depth()));
    m.between.resize(f.depth());
    for (Index k = 0; k < f.depth(); ++k) {
      const DualOut<S> to = m.between.room(k, f.out_size(), x.value.cols(), y);
      Dual<G>::forward(f.child(), theta.segment(k * size, size), m.between.input(k, x), to,
                       m.f[static_cast<std::size_t>(k)]);
    }
  }
  static void backward(const F& f, VecIn<S> theta, const DualIn<S>& x, const DualIn<S>& y, Memory& m,
                       const DualIn<S>& y_bar, DualOut<S> x_bar, VecOut<S> g) {
    const Index size = f.child().param_size();
    for (Index k = f.depth() - 1; k >= 0; --k)
      m.between.back(k, f.in_size(), y_bar, x_bar, [&](const DualIn<S>& from, const DualOut<S>& to) {
        Dual<G>::backward(f.child(), theta.segment(k * size, size), m.between.input(k, x),
                          m.between.output(k, y), m.f[static_cast<std::size_t>(k)], from, to,
                          g.segment(k * size, size));
      });
  }
};

template <Layer G>
struct Dual<Residual<G>> {
  using F = Residual<G>;
  using S = typename F::Scalar;
  static constexpr bool known = Dual<G>::known;
  struct Memory {
    typename Dual<G>::Memory f;
    DualScratch<S> fx;
  };
  static void forward(const F& f, VecIn<S> theta, const DualIn<S>& x, DualOut<S> y, Memory& m) {
    m.fx.resize(f.out_size(), x.value.cols());
    Dual<G>::forward(f.child(), theta, x, m.fx.out(), m.f);
    y.value = x.value + m.fx.value.mat();
    y.tangent = x.tangent + m.fx.tangent.mat();
  }
  static void backward(const F& f, VecIn<S> theta, const DualIn<S>& x, const DualIn<S>&, Memory& m,
                       const DualIn<S>& y_bar, DualOut<S> x_bar, VecOut<S> g) {
    Dual<G>::backward(f.child(), theta, x, m.fx.in(), m.f, y_bar, x_bar, g);
    if (x_bar.value.size() == 0) return;
    x_bar.value += y_bar.value;
    x_bar.tangent += y_bar.tangent;
  }
};

template <Layer G>
struct Dual<Concat<G>> {
  using F = Concat<G>;
  using S = typename F::Scalar;
  static constexpr bool known = Dual<G>::known;
  using Memory = typename Dual<G>::Memory;
  static void forward(const F& f, VecIn<S> theta, const DualIn<S>& x, DualOut<S> y, Memory& m) {
    const Index below = f.child().out_size();
    y.value.topRows(f.in_size()) = x.value;
    y.tangent.topRows(f.in_size()) = x.tangent;
    Dual<G>::forward(f.child(), theta, x, {y.value.bottomRows(below), y.tangent.bottomRows(below)}, m);
  }
  static void backward(const F& f, VecIn<S> theta, const DualIn<S>& x, const DualIn<S>& y, Memory& m,
                       const DualIn<S>& y_bar, DualOut<S> x_bar, VecOut<S> g) {
    const Index below = f.child().out_size();
    const auto bottom = [below](const DualIn<S>& d) -> DualIn<S> {
      return {d.value.bottomRows(below), d.tangent.bottomRows(below)};
    };
    Dual<G>::backward(f.child(), theta, x, bottom(y), m, bottom(y_bar), x_bar, g);
    if (x_bar.value.size() == 0) return;
    x_bar.value += y_bar.value.topRows(f.in_size());
    x_bar.tangent += y_bar.tangent.topRows(f.in_size());
  }
};

}  // namespace detail

/// A network whose Jacobian can be differentiated: its layers have jvp_vjp (Dense, Conv2d, ConvTranspose2d,
/// Pointwise of a map with second_derivative, and your own) or are fixed and affine or maxima (Affine,
/// Diagonal, padding, nearest upsampling, pools, Rearrange), composed by Chain, Stack, Residual and
/// Concat(f).
template <class F>
concept TwiceDifferentiable = Layer<F> && detail::Dual<F>::known;

}  // namespace basin
