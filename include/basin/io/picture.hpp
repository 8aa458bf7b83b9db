// Images of a batch laid out in one picture.
#pragma once
#include <algorithm>  // std::clamp
#include <array>      // std::array
#include <cmath>      // std::isnan, std::sqrt

#include "basin/core/error.hpp"  // require
#include "basin/core/shape.hpp"  // Shape
#include "basin/core/types.hpp"  // MatIn, Index
#include "basin/data/bytes.hpp"  // Bytes

namespace basin::inline BASIN_ABI {

/// Red, green and blue, 0 to 255.
using Rgb = std::array<unsigned char, 3>;

/// width x height pixels, row by row from the top, 3 bytes (red, green, blue) a pixel.
struct Picture {
  Index width = 0, height = 0;  // pixels
  Bytes rgb;                    // 3 bytes a pixel

  Picture() = default;
  /// All pixels in one colour.
  Picture(Index w, Index h, const Rgb& fill) : width(w), height(h) {
    rgb.reserve(static_cast<std::size_t>(3 * w * h));
    for (Index i = 0; i < w * h; ++i) rgb.insert(rgb.end(), fill.begin(), fill.end());
  }
  /// The colour of a pixel, row 0 at the top; not checked.
  Rgb at(Index row, Index col) const {
    const unsigned char* p = rgb.data() + 3 * (row * width + col);
    return {p[0], p[1], p[2]};
  }
  /// Colours a pixel; not checked.
  void set(Index row, Index col, const Rgb& colour) {
    std::copy(colour.begin(), colour.end(), rgb.data() + 3 * (row * width + col));
  }
};

/// How images are laid out beside each other.
struct ImageGridOptions {
  Index cols = 0;                    // images in a row; 0: about as many as rows
  Index gap = 1;                     // pixels between neighbours, in the background's colour
  Index magnify = 1;                 // side of the square that shows one pixel
  double lo = 0, hi = 1;             // the values shown as 0 and 255
  Rgb background = {255, 255, 255};  // between them
};

/// What image_grid shows for NaN: magenta.
inline constexpr Rgb nan_colour = {255, 0, 255};

namespace detail {

/// Pixel (i, j) of an image of 1 channel (grey) or 3 (red, green, blue).
template <class S>
Rgb pixel_colour(const S* image, const Shape& shape, Index i, Index j, const ImageGridOptions& o) {
  Rgb colour;
  for (Index c = 0; c < 3; ++c) {
    const auto v = static_cast<double>(image[shape.at(shape.channels == 3 ? c : 0, i, j)]);
    if (std::isnan(v)) return nan_colour;
    const double level = std::clamp((v - o.lo) / (o.hi - o.lo), 0.0, 1.0);
    colour[static_cast<std::size_t>(c)] = static_cast<unsigned char>(std::floor(255 * level + 0.5));
  }
  return colour;
}

}  // namespace detail

/// The columns of `images` as images of `shape`, in rows from the top left: each value v is shown as
/// round(255 (v - lo) / (hi - lo)), at least 0 and at most 255, and NaN in nan_colour. Throws unless there is
/// an image, the shape has 1 or 3 channels and images.rows() entries, lo < hi, the options are not negative,
/// and no side of the picture exceeds 1,000,000 pixels.
template <class S>
[[nodiscard]] Picture image_grid(MatIn<S> images, const Shape& shape, const ImageGridOptions& options = {}) {
  constexpr Index max_side = 1'000'000;
  const Index n = images.cols();
  require_shape(shape, "image_grid");
  require(shape.channels == 1 || shape.channels == 3, "image_grid: shape ", shape,
          " must have 1 or 3 channels");
  require(n >= 1 && images.rows() == shape.size(), "image_grid: images is ", images.rows(), " x ", n,
          ", expected ", shape.size(), " rows for ", shape, " and at least one column");
  const auto [wanted, gap, magnify, lo, hi, background] = options;
  require(lo < hi && std::isfinite(hi - lo), "image_grid: lo must be < hi, got ", lo, " and ", hi);
  require(wanted >= 0 && wanted <= max_side, "image_grid: cols must be in 0 .. ", max_side, ", got ", wanted);
  require(gap >= 0 && gap <= max_side, "image_grid: gap must be in 0 .. ", max_side, ", got ", gap);
  require(magnify >= 1 && magnify <= max_side, "image_grid: magnify must be in 1 .. ", max_side, ", got ",
          magnify);
  const Index cols = wanted > 0 ? wanted : static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(n))));
  const Index rows = (n + cols - 1) / cols;
  require(std::max({shape.height, shape.width, rows}) <= max_side, "image_grid: more than ", max_side,
          " pixels a side");
  const Index height = rows * (shape.height * magnify + gap) - gap;
  const Index width = cols * (shape.width * magnify + gap) - gap;
  require(height <= max_side && width <= max_side, "image_grid: the picture would have ", width, " x ",
          height, " pixels, at most ", max_side, " a side are possible");

  Picture picture(width, height, background);
  for (Index k = 0; k < n; ++k) {
    const Index top = k / cols * (shape.height * magnify + gap),
                left = k % cols * (shape.width * magnify + gap);
    for (Index i = 0; i < shape.height * magnify; ++i)
      for (Index j = 0; j < shape.width * magnify; ++j)
        picture.set(top + i, left + j,
                    detail::pixel_colour(images.col(k).data(), shape, i / magnify, j / magnify, options));
  }
  return picture;
}

}  // namespace basin
