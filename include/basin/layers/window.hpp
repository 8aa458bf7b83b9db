// Windows that slide over an image: their size and stride, the padding around, and where they fall.
#pragma once
#include <algorithm>  // std::clamp, std::min
#include <ostream>    // std::ostream

#include "basin/core/checked_size.hpp"  // option_limit
#include "basin/core/error.hpp"         // require
#include "basin/core/shape.hpp"         // Shape

namespace basin::inline BASIN_ABI {

/// Height and width of something. A single number is both: a kernel of 3 is 3 x 3.
struct Size2 {
  Index height, width;                                            // rows and columns
  constexpr Size2(Index side = 1) : height(side), width(side) {}  // NOLINT(google-explicit-constructor)
  /// h x w.
  constexpr Size2(Index h, Index w) : height(h), width(w) {}
  bool operator==(const Size2&) const = default;
};
/// "3 x 3".
inline std::ostream& operator<<(std::ostream& out, const Size2& s) {
  return out << s.height << " x " << s.width;
}

/// Rows and columns that are added on each side of an image.
struct Padding {
  Index top = 0, bottom = 0, left = 0, right = 0;  // rows above and below, columns left and right
  /// The same on all four sides.
  static constexpr Padding all(Index n) { return {n, n, n, n}; }
  bool operator==(const Padding&) const = default;
};

namespace detail {

inline void require_window(const char* who, const Size2& kernel, const Size2& stride, const Padding& p,
                           const Size2& dilation) {
  require(kernel.height >= 1 && kernel.width >= 1, who, ": kernel must be >= 1 x 1, got ", kernel);
  require(stride.height >= 1 && stride.width >= 1, who, ": stride must be >= 1 x 1, got ", stride);
  require(dilation.height >= 1 && dilation.width >= 1, who, ": dilation must be >= 1 x 1, got ", dilation);
  require(p.top >= 0 && p.bottom >= 0 && p.left >= 0 && p.right >= 0, who, ": padding must be >= 0, got top ",
          p.top, ", bottom ", p.bottom, ", left ", p.left, ", right ", p.right);
  const auto small = [](const Size2& s) { return s.height < option_limit && s.width < option_limit; };
  require(small(kernel), who, ": kernel must be below 2^31, got ", kernel);
  require(small(stride), who, ": stride must be below 2^31, got ", stride);
  require(small(dilation), who, ": dilation must be below 2^31, got ", dilation);
  require(small({p.top, p.left}) && small({p.bottom, p.right}), who, ": padding must be below 2^31, got top ",
          p.top, ", bottom ", p.bottom, ", left ", p.left, ", right ", p.right);
}

/// floor((n + before + after - dilation (kernel - 1) - 1) / stride) + 1 along both sides. Throws if the
/// kernel does not fit into the padded input.
inline Size2 window_positions(const char* who, const Shape& in, const Size2& kernel, const Size2& stride,
                              const Padding& p, const Size2& dilation) {
  const Index h = in.height + p.top + p.bottom - dilation.height * (kernel.height - 1) - 1;
  const Index w = in.width + p.left + p.right - dilation.width * (kernel.width - 1) - 1;
  require(h >= 0 && w >= 0, who, ": kernel ", kernel, " with dilation ", dilation,
          " is larger than the padded input ", in.height + p.top + p.bottom, " x ",
          in.width + p.left + p.right);
  return {h / stride.height + 1, w / stride.width + 1};
}

/// The outputs [begin, end) along one side for which tap `offset` falls inside [0, n): 0 <= o stride + offset
/// < n.
struct TapRange {
  Index begin, end;
};
inline TapRange tap_range(Index outputs, Index stride, Index offset, Index n) {
  const Index begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const Index end = offset >= n ? 0 : (n - 1 - offset) / stride + 1;
  return {std::min(begin, outputs), std::clamp(end, std::min(begin, outputs), outputs)};
}

/// The geometry inside a layer with windows: what other rooms see of it (linearization, planes, joins), and
/// what users do not.
template <class F>
const auto& geometry_of(const F& f) {
  return f.geometry_;
}

}  // namespace detail

}  // namespace basin
