// The pieces of piecewise linear layers: which are active at a point, and how far along a ray they stay so.
#pragma once
#include <algorithm>    // std::max, std::min
#include <concepts>     // std::same_as
#include <limits>       // std::numeric_limits
#include <type_traits>  // std::bool_constant
#include <vector>       // std::vector

#include "basin/core/layer.hpp"               // NoCache
#include "basin/layers/maps.hpp"              // Relu, LeakyRelu, Hardtanh, HardSigmoid
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/pool.hpp"              // MaxPool2d
#include "basin/layers/prelu.hpp"             // PRelu
#include "basin/linearize/affine_layers.hpp"  // HasEntries

namespace basin::inline BASIN_ABI {

/// The piece of a piecewise linear map that holds x: affine on [lo, hi], `index` counted from the left.
template <class S>
struct AffinePiece {
  Index index;  // from the left, from 0
  S lo, hi;     // its ends
};

namespace detail {

template <class S>
inline constexpr S infinity = std::numeric_limits<S>::infinity();

/// The piece to whose slope phi.derivative(x) belongs. A map of your own is piecewise linear when it has the
/// member piece(x), which returns AffinePiece<S>.
template <class S>
AffinePiece<S> piece_of(const Relu&, S x) {
  return x <= S(0) ? AffinePiece<S>{0, -infinity<S>, S(0)} : AffinePiece<S>{1, S(0), infinity<S>};
}
template <class S>
AffinePiece<S> piece_of(const LeakyRelu&, S x) {
  return piece_of(Relu{}, x);
}
template <class S>
AffinePiece<S> piece_of(const Hardtanh& phi, S x) {
  const S lo = static_cast<S>(phi.lo), hi = static_cast<S>(phi.hi);
  if (x <= lo) return {0, -infinity<S>, lo};
  return x >= hi ? AffinePiece<S>{2, hi, infinity<S>} : AffinePiece<S>{1, lo, hi};
}
/// The ends are rounded, which must not put x outside.
template <class S>
AffinePiece<S> piece_of(const HardSigmoid& phi, S x) {
  const S slope = static_cast<S>(phi.slope), offset = static_cast<S>(phi.offset), y = phi(x);
  const S lo = -offset / slope, hi = (S(1) - offset) / slope;
  if (y <= S(0)) return {0, -infinity<S>, std::max(lo, x)};
  return y >= S(1) ? AffinePiece<S>{2, std::min(hi, x), infinity<S>}
                   : AffinePiece<S>{1, std::min(lo, x), std::max(hi, x)};
}
template <class Phi, class S>
requires requires(const Phi& phi, S x) {
  { phi.piece(x) } -> std::same_as<AffinePiece<S>>;
}
AffinePiece<S> piece_of(const Phi& phi, S x) { return phi.piece(x); }

template <class Phi, class S>
concept HasPiece = requires(const Phi& phi, S x) {
  piece_of(phi, x);
};

/// Whether a layer is affine, or piecewise linear with pieces that are known here.
template <class F>
struct HasPieces : std::bool_constant<HasEntries<F>::value> {};
template <class S, class Phi>
struct HasPieces<Pointwise<S, Phi>> : std::bool_constant<std::same_as<Phi, Identity> || HasPiece<Phi, S>> {};
template <class S>
struct HasPieces<MaxPool2d<S>> : std::true_type {};
template <class S>
struct HasPieces<PRelu<S>> : std::true_type {};

template <class F>
struct RequirePieces {
  static_assert(
      HasPieces<F>::value,
      "active_region: the network has a layer that is neither affine nor piecewise linear (the "
      "compiler names it here), so that no region around a point is affine. linearize_at(model, x) gives the "
      "Jacobian there. A map of your own takes part when it has piece(x), see "
      "basin/linearize/region.hpp");
  static constexpr bool value = HasPieces<F>::value;
};

/// A point and a direction on their way through the network: x + t x_dot.
template <class S>
struct Ray {
  Mat<S> x, x_dot;
};

template <class S>
struct RayRules;

/// Adds the active pieces of f at in.x to rules.pieces, and makes rules.exit the largest t at most for which
/// they are those of in.x + t in.x_dot as well. Here f is affine, and has one piece.
template <class F, class S, class Cache>
void collect_pieces(const F&, const Ray<S>&, const Cache&, const RayRules<S>&) {}
/// Of a layer that applies phi, or what has its pieces, to each number.
template <class Phi, class S>
void collect_pieces_of_map(const Phi& phi, const Ray<S>& in, const RayRules<S>& rules) {
  for (Index i = 0; i < in.x.rows(); ++i) {
    const S x = in.x(i, 0), x_dot = in.x_dot(i, 0);
    const AffinePiece<S> piece = piece_of(phi, x);
    rules.pieces.push_back(piece.index);
    if (x_dot > S(0)) rules.exit = std::min(rules.exit, (piece.hi - x) / x_dot);
    if (x_dot < S(0)) rules.exit = std::min(rules.exit, (piece.lo - x) / x_dot);
  }
}
template <class S, HasPiece<S> Phi>
void collect_pieces(const Pointwise<S, Phi>& f, const Ray<S>& in, const NoCache&, const RayRules<S>& rules) {
  collect_pieces_of_map(f.map(), in, rules);
}
template <class S>
void collect_pieces(const PRelu<S>&, const Ray<S>& in, const NoCache&, const RayRules<S>& rules) {
  collect_pieces_of_map(Relu{}, in, rules);
}
template <class S>
void collect_pieces(const MaxPool2d<S>& f, const Ray<S>& in, const typename MaxPool2d<S>::Cache& largest,
                    const RayRules<S>& rules) {
  const auto& geometry = geometry_of(f);
  geometry.for_outputs([&](Index row, Index channel, Index i, Index j) {
    const Index best = largest.mat()(row, 0);
    rules.pieces.push_back(best);
    geometry.for_window(i, j, [&](Index p) {
      const S gains = in.x_dot(channel + p, 0) - in.x_dot(best, 0);
      if (gains > S(0)) rules.exit = std::min(rules.exit, (in.x(best, 0) - in.x(channel + p, 0)) / gains);
    });
  });
}

/// Carries a ray through the layers, and collects the active pieces at x and the largest t with the same
/// ones.
template <class S>
struct RayRules {
  std::vector<Index>& pieces;
  S& exit;

  template <class F>
  Ray<S> layer(const F& f, VecIn<S> theta, const Ray<S>& in) const {
    Ray<S> out{Mat<S>(f.out_size(), 1), Mat<S>(f.out_size(), 1)};
    typename F::Cache cache;
    f.forward(theta, in.x, out.x, cache);
    f.jvp(theta, in.x, out.x, cache, in.x_dot, out.x_dot);
    collect_pieces(f, in, cache, *this);
    return out;
  }
  Ray<S> sum(Ray<S> x, const Ray<S>& fx) const {
    x.x += fx.x;
    x.x_dot += fx.x_dot;
    return x;
  }
  Ray<S> stacked(const Ray<S>& x, const Ray<S>& fx) const {
    Ray<S> both{Mat<S>(x.x.rows() + fx.x.rows(), 1), Mat<S>(x.x.rows() + fx.x.rows(), 1)};
    both.x << x.x, fx.x;
    both.x_dot << x.x_dot, fx.x_dot;
    return both;
  }
};

}  // namespace detail

}  // namespace basin
