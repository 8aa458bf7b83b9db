// NumPy's arrays of samples, the first index counting them, as columns and back.
#pragma once
#include <algorithm>  // std::copy
#include <cstdint>    // std::uint64_t
#include <optional>   // std::optional
#include <span>       // std::span
#include <vector>     // std::vector

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/core/error.hpp"            // require
#include "basin/core/shape.hpp"            // Shape
#include "basin/core/types.hpp"            // Mat, MatIn, Index
#include "basin/io/array.hpp"              // NdArray, detail::shape_text

namespace basin::inline BASIN_ABI {

/// Samples as columns in channel, row, column order; shape.size() = columns.rows().
template <class S>
struct Samples {
  Mat<S> columns;  // one a sample
  Shape shape;     // of one sample
};

/// What the sides of an array of n samples are, last index fastest:
///
///     flat             (n, ...)      features in the order of the file, all sides but the first as one
///     grey             (n, h, w)     images of one channel
///     channels_first   (n, c, h, w)  images as PyTorch has them
///     channels_last    (n, h, w, c)  images as TensorFlow and most image files have them
enum class SampleLayout { flat, grey, channels_first, channels_last };

namespace detail {

/// The layout that an array of so many sides has unless it is said otherwise.
inline SampleLayout usual_layout(std::size_t sides) {
  return sides == 3 ? SampleLayout::grey : sides == 4 ? SampleLayout::channels_first : SampleLayout::flat;
}

inline const char* sides_of(SampleLayout layout) {
  switch (layout) {
    case SampleLayout::grey:
      return "(n, h, w)";
    case SampleLayout::channels_first:
      return "(n, c, h, w)";
    case SampleLayout::channels_last:
      return "(n, h, w, c)";
    default:
      return "(n, ...)";
  }
}

/// The shape of one sample: of flat ones 1 x 1 x features. Nothing where the array has not the layout's
/// number of sides, or a sample no number.
inline std::optional<Shape> sample_shape(std::span<const Index> sides, SampleLayout layout) {
  const std::size_t wanted = layout == SampleLayout::grey   ? 3
                             : layout == SampleLayout::flat ? sides.size()
                                                            : 4;
  if (sides.empty() || sides.size() != wanted) return std::nullopt;
  const auto features = checked_product(sides.subspan(1));
  if (!features || *features == 0) return std::nullopt;
  switch (layout) {
    case SampleLayout::grey:
      return Shape{1, sides[1], sides[2]};
    case SampleLayout::channels_first:
      return Shape{sides[1], sides[2], sides[3]};
    case SampleLayout::channels_last:
      return Shape{sides[3], sides[1], sides[2]};
    default:
      return Shape{1, 1, static_cast<Index>(*features)};
  }
}

}  // namespace detail

/// The samples of an array in this layout. Throws, naming the array's shape, unless it has the layout's
/// number of sides (at least one), all but the first of them >= 1.
template <class S>
[[nodiscard]] Samples<S> samples_from_array(const NdArray<S>& a, SampleLayout layout) {
  detail::require_array(a, "samples_from_array");
  const std::optional<Shape> shape = detail::sample_shape(a.shape, layout);
  require(shape.has_value(), "samples_from_array: array of shape ", detail::shape_text(a.shape),
          ", expected ", detail::sides_of(layout), " with every side of a sample >= 1");
  const Index n = a.shape[0], size = shape->size();
  Samples<S> out{Mat<S>(size, n), *shape};
  if (layout == SampleLayout::channels_last)
    for (Index k = 0; k < n; ++k)  // pixels x channels, channel by channel
      Eigen::Map<Mat<S>>(out.columns.col(k).data(), shape->pixels(), shape->channels) =
          Eigen::Map<const detail::RowMajor<S>>(a.values.data() + k * size, shape->pixels(), shape->channels);
  else
    std::copy(a.values.begin(), a.values.end(), out.columns.data());
  return out;
}

/// The same in the layout that the number of sides suggests: of 3 grey, of 4 channels_first, else flat.
template <class S>
[[nodiscard]] Samples<S> samples_from_array(const NdArray<S>& a) {
  return samples_from_array(a, detail::usual_layout(a.shape.size()));
}

/// The columns of X, samples of `shape`, as an array in this layout; flat is (n, features). Throws, naming
/// the shape, unless it has X.rows() entries and, in the layout grey, one channel.
template <class S>
[[nodiscard]] NdArray<S> array_from_samples(MatIn<S> X, const Shape& shape, SampleLayout layout) {
  require(shape.channels >= 1 && shape.height >= 1 && shape.width >= 1 &&
              detail::checked_product(
                  {static_cast<std::uint64_t>(shape.channels), static_cast<std::uint64_t>(shape.height),
                   static_cast<std::uint64_t>(shape.width)}) == static_cast<std::uint64_t>(X.rows()),
          "array_from_samples: X has ", X.rows(), " rows, expected those of a sample of ", shape);
  require(layout != SampleLayout::grey || shape.channels == 1, "array_from_samples: samples of ", shape,
          " are not grey, expected 1 channel");
  const Index n = X.cols(), c = shape.channels, h = shape.height, w = shape.width;
  NdArray<S> out{{n, X.rows()}, Vec<S>(X.size())};
  if (layout == SampleLayout::grey) out.shape = {n, h, w};
  if (layout == SampleLayout::channels_first) out.shape = {n, c, h, w};
  if (layout == SampleLayout::channels_last) out.shape = {n, h, w, c};
  for (Index k = 0; k < n; ++k) {
    S* at = out.values.data() + k * X.rows();
    if (layout == SampleLayout::channels_last)
      Eigen::Map<detail::RowMajor<S>>(at, h * w, c) = X.col(k).reshaped(h * w, c);
    else
      Eigen::Map<Vec<S>>(at, X.rows()) = X.col(k);
  }
  return out;
}

}  // namespace basin
