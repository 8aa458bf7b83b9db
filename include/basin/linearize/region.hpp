// The affine region of a piecewise linear network around a point: where f(z) = A z + b exactly.
#pragma once
#include <algorithm>    // std::min
#include <concepts>     // std::same_as
#include <limits>       // std::numeric_limits
#include <type_traits>  // std::bool_constant
#include <utility>      // std::move
#include <vector>       // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/core/model.hpp"               // Model
#include "basin/layers/maps.hpp"              // Relu, LeakyRelu, Hardtanh
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/pool.hpp"              // MaxPool2d
#include "basin/linearize/affine_layers.hpp"  // HasEntries
#include "basin/linearize/affine_map.hpp"     // DenseMap
#include "basin/linearize/linearize.hpp"      // linearize_at
#include "basin/linearize/walk.hpp"           // walk, EveryLayer

namespace basin {

/// The piece of a piecewise linear map that holds x: affine on [lo, hi], `index` counted from the left.
template <class S>
struct AffinePiece {
  Index index;
  S lo, hi;
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

/// Carries a ray through the layers, and collects the active pieces at x and the largest t with the same ones.
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
    collect(f, in, cache);
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

 private:
  template <class F>
  void collect(const F&, const Ray<S>&, const typename F::Cache&) const {}  // affine: one piece

  template <HasPiece<S> Phi>
  void collect(const Pointwise<S, Phi>& f, const Ray<S>& in, const NoCache&) const {
    for (Index i = 0; i < in.x.rows(); ++i) {
      const S x = in.x(i, 0), x_dot = in.x_dot(i, 0);
      const AffinePiece<S> piece = piece_of(f.map(), x);
      pieces.push_back(piece.index);
      if (x_dot > S(0)) exit = std::min(exit, (piece.hi - x) / x_dot);
      if (x_dot < S(0)) exit = std::min(exit, (piece.lo - x) / x_dot);
    }
  }
  void collect(const MaxPool2d<S>& f, const Ray<S>& in, const typename MaxPool2d<S>::Cache& largest) const {
    const auto& geometry = f.geometry();
    geometry.for_outputs([&](Index row, Index plane, Index i, Index j) {
      const Index best = largest.mat()(row, 0);
      pieces.push_back(best);
      geometry.for_window(i, j, [&](Index p) {
        const S gains = in.x_dot(plane + p, 0) - in.x_dot(best, 0);
        if (gains > S(0)) exit = std::min(exit, (in.x(best, 0) - in.x(plane + p, 0)) / gains);
      });
    });
  }
};

}  // namespace detail

/// A network whose layers are affine or piecewise linear: Pointwise of Identity, Relu, LeakyRelu, Hardtanh or
/// a map of your own with piece(x), MaxPool2d, affine layers, and compositions of these.
template <class F>
concept PiecewiseLinearLayer = Layer<F> && detail::EveryLayer<detail::HasPieces, F>::value;

/// The region around x where a piecewise linear network has the active pieces that it has at x: a convex
/// polytope in which f(z) = A z + b, A and b those of linearize_at(f, x).
template <Layer F>
class ActiveRegion {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;

  /// Throws if x does not fit.
  ActiveRegion(Model<F> f, VecIn<S> x)
      : f_(std::move(f)),
        x_(x),
        map_(linearize_at(f_, x_)),
        pieces_(trace(x_, Vec<S>::Zero(x_.size())).pieces) {}

  const DenseMap<S>& map() const { return map_; }
  const Vec<S>& point() const { return x_; }
  /// The active piece of every pointwise entry (counted from the left) and of every pooling window (the row of
  /// its largest input), in the order of the layers.
  const std::vector<Index>& pieces() const { return pieces_; }
  /// Whether z has the same active pieces. A point of the border counts where derivatives at the kink do.
  bool contains(VecIn<S> z) const { return trace(z, Vec<S>::Zero(x_.size())).pieces == pieces_; }
  /// The largest t for which x + t direction still has the same active pieces, or infinity: f is affine up to
  /// and including it. 0 where x lies on the border and direction leads out.
  S exit(VecIn<S> direction) const { return trace(x_, direction).exit; }

 private:
  struct Trace {
    std::vector<Index> pieces;
    S exit = detail::infinity<S>;
  };
  Trace trace(VecIn<S> x, VecIn<S> direction) const {
    require(x.size() == f_.layer.in_size() && direction.size() == x.size(),
            "ActiveRegion: point and direction have ", x.size(), " and ", direction.size(),
            " rows, f expects ", f_.layer.in_size());
    Trace result;
    detail::walk<S>(f_.layer, f_.theta, detail::Ray<S>{x, direction},
                    detail::RayRules<S>{result.pieces, result.exit});
    return result;
  }

  Model<F> f_;
  Vec<S> x_;
  DenseMap<S> map_;
  std::vector<Index> pieces_;
};

/// The affine region of f around x. A network that is not piecewise linear is an error at compile time. Throws
/// if x does not fit.
template <Layer F>
[[nodiscard]] ActiveRegion<F> active_region(const Model<F>& f, VecIn<typename F::Scalar> x) {
  static_cast<void>(detail::EveryLayer<detail::RequirePieces, F>::value);
  return ActiveRegion<F>(f, x);
}

}  // namespace basin
