// Nearest-neighbour upsampling by whole factors.
#pragma once
#include <vector>  // std::vector

#include "basin/core/error.hpp"                   // require
#include "basin/core/layer.hpp"                   // Layer
#include "basin/layers/pixel_map.hpp"             // PixelMap
#include "basin/layers/tiles/upsampled_conv.hpp"  // joined, for Chain
#include "basin/layers/window.hpp"                // Size2

namespace basin::inline BASIN_ABI {

/// y[c, i, j] = x[c, floor(i / factor_h), floor(j / factor_w)]: every pixel becomes a factor_h x factor_w
/// block (Algorithm 2 of the paper with factor 2). In a Chain, factor 2 with a Conv2d behind it runs as one
/// (layers/tiles/upsampled_conv.hpp).
template <class S>
class UpsampleNearest : public detail::PixelMap<S> {
 public:
  static constexpr const char* name = "UpsampleNearest";
  /// Throws unless both factors are at least 1 and the sides of the output at most 2^20.
  explicit UpsampleNearest(Shape in, Size2 factor = {2, 2})
      : detail::PixelMap<S>(in, repeated(in, in.height, factor.height), repeated(in, in.width, factor.width)),
        factor_(factor) {}
  /// By which each side grows.
  Size2 factor() const { return factor_; }

 private:
  static std::vector<Index> repeated(const Shape& in, Index n, Index factor) {
    require_shape(in, name);
    constexpr Index most = Index(1) << 20;
    require(factor >= 1, "UpsampleNearest: factor must be >= 1, got ", factor);
    require(factor <= most / n, "UpsampleNearest: factor must be at most ", most / n, " for a side of ", n,
            " (2^20 pixels in all), got ", factor);
    std::vector<Index> source;
    for (Index i = 0; i < n * factor; ++i) source.push_back(i / factor);
    return source;
  }

  Size2 factor_;
};

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template class UpsampleNearest<float>;
extern template class UpsampleNearest<double>;
}  // namespace basin
#endif
