// Which way a computation takes, by its sizes: every threshold stands here, and tests ask here. All ways give
// the same result but for rounding; docs/performance.md says what each is worth. How work is cut for threads
// is elsewhere (parallel.hpp): it never changes a result.
#pragma once
#include <algorithm>  // std::clamp, std::max, std::min
#include <cmath>      // std::isfinite
#include <cstddef>    // std::size_t

#include "basin/core/product/vectors.hpp"  // whole_lanes, panel_rows
#include "basin/core/types.hpp"            // Index

namespace basin::inline BASIN_ABI::detail {

// ---- matrix products C = start + op(A) op(B), rows x cols, sums of `depth` terms (core/product/)

enum class ProductPath {
  nothing,  // no terms
  column,   // Eigen's matrix-vector product: packing A for one column would cost more than the product
  // reading and writing C takes most of the time: all of A is packed first, C walked column by column
  shallow,
  panels,  // a panel of A is packed, then multiplied with all columns
};
/// `one_column` where C has a single column and B is not transposed.
template <class S>
ProductPath product_path(Index rows, Index depth, bool one_column) {
  if (depth == 0) return ProductPath::nothing;
  if (one_column) return ProductPath::column;
  return depth <= 4 && whole_lanes<S>(rows) * depth <= panel_rows<S> * panel_depth ? ProductPath::shallow
                                                                                   : ProductPath::panels;
}

/// Whether a weight of so many rows is multiplied faster when it was packed before: below a panel it is not.
template <class S>
bool packing_pays(Index rows) {
  return rows >= panel_rows<S>;
}

// ---- convolutions; Geometry is a ConvGeometry

enum class ConvPath {
  tiles,     // Winograd's, layers/tiles/
  thin,      // unrolled, and multiplied where it lies (core/product/thin_gemm.hpp)
  unrolled,  // unrolled, and multiplied by core/product/gemm.hpp
};

/// 3 x 3, one pixel at a time, without gaps.
template <class Geometry>
bool is_plain_3x3(const Geometry& g) {
  return g.kernel.height == 3 && g.kernel.width == 3 && g.stride.height == 1 && g.stride.width == 1 &&
         g.dilation.height == 1 && g.dilation.width == 1 && g.groups == 1;
}
template <class Geometry>
bool keeps_size(const Geometry& g) {
  return g.padding.top == 1 && g.padding.bottom == 1 && g.padding.left == 1 && g.padding.right == 1;
}

/// How many images are unrolled at once: small ones share a product, which needs about 256 rows to run at
/// full speed.
template <class Geometry>
Index unrolled_at_once(const Geometry& g) {
  return std::max<Index>(1, 256 / g.out.pixels());
}
/// For so many images unrolled at once: the weight may be so much larger than what it multiplies that packing
/// it would not pay.
template <class Geometry>
ConvPath unrolled_path(const Geometry& g, Index images) {
  return g.taps() >= 64 && images * g.out.pixels() <= 48 ? ConvPath::thin : ConvPath::unrolled;
}
/// Tiles pay where channels fill vectors and weights serve enough tiles.
template <class Geometry>
ConvPath conv_path(const Geometry& g, Index columns) {
  if (is_plain_3x3(g) && g.in.channels >= 8 && columns * g.out.pixels() >= 128) return ConvPath::tiles;
  return unrolled_path(g, std::min(columns, unrolled_at_once(g)));
}

/// Whether nearest upsampling by `factor` from images of `pixels` and the convolution behind it run as one,
/// in tiles of the small image.
template <class Geometry, class Size2>
bool joins_upsampling(const Geometry& g, const Size2& factor, Index pixels) {
  return factor.height == 2 && factor.width == 2 && is_plain_3x3(g) && keeps_size(g) && g.in.channels >= 8 &&
         pixels >= 4;
}

// ---- planes (compose/planes/)

/// A single filter that keeps the image's size.
template <class Geometry>
bool is_plane_filter(const Geometry& g) {
  return is_plain_3x3(g) && keeps_size(g) && g.in.channels == 1 && g.out.channels == 1;
}
/// Longer lists of steps would take more memory than they save time.
inline constexpr std::size_t most_plane_steps = std::size_t(1) << 24;
/// Whether phi and its derivative leave the padding of planes at 0.
template <class S, class Phi>
bool keeps_planes_zero(const Phi& phi) {
  return phi(S(0)) == S(0) && std::isfinite(phi.derivative(S(0), S(0)));
}

// ---- Jacobians

/// How many tangents go through a network together, which keeps so many bytes for one column: enough to fill
/// the products, but no more than leave what a layer hands to the next one in the processor's cache.
inline Index tangents_at_once(Index bytes_of_one) {
  return std::clamp<Index>((Index(4) << 20) / std::max<Index>(bytes_of_one, 1), 1, 128);
}

/// Whether the Jacobian of a network that is `narrowest` rows wide between two layers is the product of the
/// two that meet there.
inline bool jacobian_is_product(Index narrowest, Index in, Index out) {
  return 2 * narrowest <= std::min(in, out);
}

}  // namespace basin::detail
