// Bilinear resizing, and pooling to a given size.
#pragma once
#include <algorithm>  // std::max, std::min

#include "basin/core/checked_size.hpp"     // require_output
#include "basin/core/error.hpp"            // require
#include "basin/core/layer.hpp"            // Layer
#include "basin/core/shape.hpp"            // Shape, require_shape
#include "basin/layers/separable_map.hpp"  // SeparableMap, SideWeights
#include "basin/layers/window.hpp"         // Size2

namespace basin::inline BASIN_ABI {

namespace detail {

/// The two neighbours of output i of `outputs` along a side of n pixels, at the place s of the input,
///
///     align_corners:  s = i (n - 1) / (outputs - 1)          the outer pixels' centres fall on each other
///     otherwise:      s = max((i + 1/2) n / outputs - 1/2, 0)    their outer borders do
///
/// with weights 1 - (s - floor(s)) and s - floor(s).
inline SideWeights linear_weights(Index n, Index outputs, bool align_corners) {
  SideWeights rows;
  const auto side = static_cast<double>(n), wanted = static_cast<double>(outputs);
  const double corners = outputs > 1 ? (side - 1) / (wanted - 1) : 0;
  for (Index i = 0; i < outputs; ++i) {
    const auto at = static_cast<double>(i);
    const double s = align_corners ? corners * at : std::max(side / wanted * (at + 0.5) - 0.5, 0.);
    const Index first = std::min(static_cast<Index>(s), n - 1);
    const double weight = s - static_cast<double>(first);
    if (first == n - 1 || weight == 0)
      rows.push_back({{first, 1}});
    else
      rows.push_back({{first, 1 - weight}, {first + 1, weight}});
  }
  return rows;
}

/// The mean over the pixels from floor(i n / outputs) to ceil((i + 1) n / outputs), the last not included.
inline SideWeights mean_weights(Index n, Index outputs) {
  SideWeights rows;
  for (Index i = 0; i < outputs; ++i) {
    const Index begin = i * n / outputs, end = ((i + 1) * n + outputs - 1) / outputs;
    rows.emplace_back();
    for (Index k = begin; k < end; ++k) rows.back().push_back({k, 1 / static_cast<double>(end - begin)});
  }
  return rows;
}

/// Throws unless both images have sides that make sense.
inline void require_resize(const char* who, const Shape& in, const Size2& out) {
  require_shape(in, who);
  require(out.height >= 1 && out.width >= 1, who, ": out must be >= 1 x 1, got ", out);
  require_output(who, "the options", {in.channels, out.height, out.width});
}

}  // namespace detail

/// Every channel resized to `out` pixels by linear interpolation along both sides, up or down (without
/// smoothing): PyTorch's Upsample with mode = 'bilinear'. align_corners says which places of the images
/// correspond, see detail::linear_weights; a factor k is out = {k h, k w}.
template <class S>
class UpsampleLinear : public detail::SeparableMap<S> {
 public:
  static constexpr const char* name = "UpsampleLinear";
  /// Throws unless both sides of `out` are from 1 to 2^20.
  UpsampleLinear(const Shape& in, const Size2& out, bool align_corners = false)
      : detail::SeparableMap<S>(name, in, weights(in, out, in.height, out.height, align_corners),
                                weights(in, out, in.width, out.width, align_corners)),
        align_corners_(align_corners) {}
  /// Whether the corner pixels of input and output lie on each other.
  bool align_corners() const { return align_corners_; }

 private:
  static detail::SideWeights weights(const Shape& in, const Size2& out, Index n, Index outputs,
                                     bool corners) {
    detail::require_resize(name, in, out);
    return detail::linear_weights(n, outputs, corners);
  }
  bool align_corners_;
};

/// Means over windows that part the image evenly into `out`: output i of m along a side of n pixels takes
/// those from floor(i n / m) to ceil((i + 1) n / m), the last not included (PyTorch's AdaptiveAvgPool2d).
template <class S>
class AdaptiveAvgPool2d : public detail::SeparableMap<S> {
 public:
  static constexpr const char* name = "AdaptiveAvgPool2d";
  /// Throws unless both sides of `out` are from 1 to 2^20.
  AdaptiveAvgPool2d(const Shape& in, const Size2& out)
      : detail::SeparableMap<S>(name, in, weights(in, out, in.height, out.height),
                                weights(in, out, in.width, out.width)) {}

 private:
  static detail::SideWeights weights(const Shape& in, const Size2& out, Index n, Index outputs) {
    detail::require_resize(name, in, out);
    return detail::mean_weights(n, outputs);
  }
};

}  // namespace basin
