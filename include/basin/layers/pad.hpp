// Padding of images as a layer: zero, reflect, replicate, circular.
#pragma once
#include <algorithm>  // std::clamp
#include <vector>     // std::vector

#include "basin/core/error.hpp"        // require
#include "basin/core/layer.hpp"        // Layer
#include "basin/layers/pixel_map.hpp"  // PixelMap
#include "basin/layers/window.hpp"     // Padding

namespace basin::inline BASIN_ABI {

enum class PadMode {
  zero,       //  0 0 | a b c | 0 0
  reflect,    //  c b | a b c | b a   the border pixel is not repeated
  replicate,  //  a a | a b c | c c
  circular,   //  b c | a b c | a b
};

/// The image with `padding` rows and columns around it, filled as `mode` says.
template <class S>
class Pad2d : public detail::PixelMap<S> {
 public:
  static constexpr const char* name = "Pad2d";
  /// Throws if padding is negative, reaches the image's own size with reflect, or exceeds it with circular.
  Pad2d(Shape in, Padding padding, PadMode mode = PadMode::zero)
      : detail::PixelMap<S>(in, sources(in, in.height, padding.top, padding.bottom, mode),
                            sources(in, in.width, padding.left, padding.right, mode)) {}

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
        break;
    }
    return -1;
  }
};

}  // namespace basin
