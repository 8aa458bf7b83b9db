// The affine region of a piecewise linear network around a point: where f(z) = A z + b exactly.
#pragma once
#include <utility>  // std::move
#include <vector>   // std::vector

#include "basin/core/error.hpp"            // require
#include "basin/core/model.hpp"            // Model
#include "basin/linearize/affine_map.hpp"  // DenseMap
#include "basin/linearize/linearize.hpp"   // linearize_at
#include "basin/linearize/pieces.hpp"      // HasPieces, RequirePieces, Ray, RayRules
#include "basin/linearize/walk.hpp"        // walk, EveryLayer

namespace basin::inline BASIN_ABI {

/// A network whose layers are affine or piecewise linear: Pointwise of Identity, Relu, LeakyRelu,
/// Hardtanh, HardSigmoid or a map of your own with piece(x), PRelu, MaxPool2d, affine layers, and
/// compositions of these.
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

  /// A and b of the region.
  const DenseMap<S>& map() const { return map_; }
  /// x.
  const Vec<S>& point() const { return x_; }
  /// The active piece of every pointwise entry (counted from the left) and of every pooling window
  /// (the row of its largest input), in the order of the layers.
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
    using detail::walk;  // not qualified, so that the overloads of other rooms take part
    walk<S>(f_.layer, f_.theta, detail::Ray<S>{x, direction},
            detail::RayRules<S>{result.pieces, result.exit});
    return result;
  }

  Model<F> f_;
  Vec<S> x_;
  DenseMap<S> map_;
  std::vector<Index> pieces_;
};

/// The affine region of f around x. A network that is not piecewise linear is an error at compile time.
/// Throws if x does not fit.
template <Layer F>
[[nodiscard]] ActiveRegion<F> active_region(const Model<F>& f, VecIn<typename F::Scalar> x) {
  static_cast<void>(detail::EveryLayer<detail::RequirePieces, F>::value);
  return ActiveRegion<F>(f, x);
}

}  // namespace basin
