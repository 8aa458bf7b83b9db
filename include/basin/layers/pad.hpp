// Padding of images as a layer: zero, reflect, replicate, circular, constant; and its opposite, cropping.
#pragma once
#include <algorithm>  // std::clamp
#include <vector>     // std::vector

#include "basin/core/error.hpp"        // require
#include "basin/core/layer.hpp"        // Layer
#include "basin/layers/pixel_map.hpp"  // PixelMap
#include "basin/layers/window.hpp"     // Padding

namespace basin::inline BASIN_ABI {

/// What the new pixels are: a row abc with two on each side.
enum class PadMode {
  zero,       //  0 0 | a b c | 0 0
  reflect,    //  c b | a b c | b a   the border pixel is not repeated
  replicate,  //  a a | a b c | c c
  circular,   //  b c | a b c | a b
  constant,   //  v v | a b c | v v   v is the layer's `value`
};

/// The image with `padding` rows and columns around it, filled as `mode` says.
template <class S>
class Pad2d : public detail::PixelMap<S> {
 public:
  static constexpr const char* name = "Pad2d";
  /// Throws if padding is negative, reaches the image's own size with reflect, or exceeds it with
  /// circular, or if a value other than 0 is given to a mode that has none.
  Pad2d(Shape in, Padding padding, PadMode mode = PadMode::zero, S value = S(0))
      : detail::PixelMap<S>(in, sources(in, in.height, padding.top, padding.bottom, mode),
                            sources(in, in.width, padding.left, padding.right, mode), value) {
    require(mode == PadMode::constant || value == S(0),
            "Pad2d: value must be 0 unless mode is constant, got ", value);
  }

 private:
  static std::vector<Index> sources(const Shape& in, Index n, Index before, Index after, PadMode mode) {
    require_shape(in, name);
    const Index most = before > after ? before : after;
    require(before >= 0 && after >= 0, "Pad2d: padding must be >= 0, got ", before, " and ", after);
    require(mode != PadMode::reflect || most < n, "Pad2d: reflect needs padding below the image's side ", n,
            ", got ", most);
    require(mode != PadMode::circular || most <= n, "Pad2d: circular needs padding up to the image's side ",
            n, ", got ", most);
    constexpr Index side = Index(1) << 20;
    require(before <= side && after <= side && n + before + after <= side, "Pad2d: padding ", before, " and ",
            after, " on a side of ", n, " makes more than 2^20");
    std::vector<Index> source;
    for (Index i = -before; i < n + after; ++i) source.push_back(source_of(i, n, mode));
    return source;
  }
  static Index source_of(Index i, Index n, PadMode mode) {
    if (i >= 0 && i < n) return i;
    switch (mode) {
      case PadMode::reflect:
        return i < 0 ? -i : 2 * (n - 1) - i;
      case PadMode::replicate:
        return std::clamp(i, Index(0), n - 1);
      case PadMode::circular:
        return i < 0 ? i + n : i - n;
      case PadMode::zero:
      case PadMode::constant:
        break;
    }
    return -1;
  }
};

/// The image without `removed` rows and columns at its sides.
template <class S>
class Crop2d : public detail::PixelMap<S> {
 public:
  static constexpr const char* name = "Crop2d";
  /// Throws if `removed` is negative somewhere or leaves nothing of the image.
  Crop2d(const Shape& in, const Padding& removed)
      : detail::PixelMap<S>(in, kept(in, in.height, removed.top, removed.bottom),
                            kept(in, in.width, removed.left, removed.right)) {}

 private:
  static std::vector<Index> kept(const Shape& in, Index n, Index before, Index after) {
    require_shape(in, name);
    require(before >= 0 && after >= 0, "Crop2d: removed must be >= 0, got ", before, " and ", after);
    require(before < n && after < n - before, "Crop2d: removing ", before, " and ", after,
            " leaves nothing of a side of ", n);
    std::vector<Index> source;
    for (Index i = before; i < n - after; ++i) source.push_back(i);
    return source;
  }
};

}  // namespace basin
