// The shape of an image in a column: channel, row, column order, the last fastest.
#pragma once
#include <optional>  // std::optional
#include <ostream>   // std::ostream

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Index

namespace basin::inline BASIN_ABI {

/// channels x height x width. Pixel (c, i, j) is row (c * height + i) * width + j of the image's column.
struct Shape {
  Index channels = 1, height = 1, width = 1;  // channels of height x width pixels
  /// Of one channel.
  Index pixels() const { return height * width; }
  /// Rows of the image's column.
  Index size() const { return channels * height * width; }
  /// The row of pixel (c, i, j), which is not checked.
  Index at(Index c, Index i, Index j) const { return (c * height + i) * width + j; }
  /// Whether all three sides are equal.
  bool operator==(const Shape&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Shape& s) {
    return out << s.channels << " x " << s.height << " x " << s.width;
  }
};

/// The shape of a sum of images: theirs, or nothing where they differ or one is no image.
inline std::optional<Shape> summed_shape(const std::optional<Shape>& a, const std::optional<Shape>& b) {
  return a == b ? a : std::nullopt;
}
/// The shape of one image below the other in a column, their channels one after the other: nothing unless
/// both are images of one height and width.
inline std::optional<Shape> stacked_shape(const std::optional<Shape>& a, const std::optional<Shape>& b) {
  if (!a || !b || a->height != b->height || a->width != b->width) return std::nullopt;
  return Shape{a->channels + b->channels, a->height, a->width};
}

/// Throws unless every side of `shape` is from 1 to 2^20; `who` is the layer that was given it.
inline void require_shape(const Shape& shape, const char* who) {
  require(shape.channels >= 1 && shape.height >= 1 && shape.width >= 1, who,
          ": every side of the input shape (channels x height x width) must be >= 1, got ", shape);
  constexpr Index most = Index(1) << 20;
  require(shape.channels <= most && shape.height <= most && shape.width <= most, who,
          ": every side of the input shape must be at most 2^20, got ", shape);
}

}  // namespace basin
