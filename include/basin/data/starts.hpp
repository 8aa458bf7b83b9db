// Images that no network was trained on, to start trajectories from: noise, and white squares on black.
#pragma once
#include <algorithm>  // std::min

#include "basin/core/error.hpp"   // require
#include "basin/core/random.hpp"  // Random
#include "basin/core/shape.hpp"   // Shape
#include "basin/core/types.hpp"   // Mat, Index

namespace basin::inline BASIN_ABI {

namespace detail {
/// size x count entries of draw(), column by column.
template <class S, class Draw>
Mat<S> drawn(const char* who, Index size, Index count, const Draw& draw) {
  require(size >= 1, who, ": size must be >= 1, got ", size);
  require(count >= 0, who, ": count must be >= 0, got ", count);
  Mat<S> X(size, count);
  for (Index k = 0; k < count; ++k)
    for (Index i = 0; i < size; ++i) X(i, k) = static_cast<S>(draw());
  return X;
}
}  // namespace detail

/// count columns of `size` independent N(mean, sd^2) numbers. Throws unless size >= 1, count >= 0 and
/// sd >= 0.
template <class S>
[[nodiscard]] Mat<S> normal_starts(Index size, Index count, Random& random, double mean = 0, double sd = 1) {
  require(sd >= 0, "normal_starts: sd must be >= 0, got ", sd);
  return detail::drawn<S>("normal_starts", size, count, [&] { return random.normal(mean, sd); });
}

/// count columns of `size` independent numbers, uniform on [lo, hi) up to rounding to S. Throws unless size
/// >= 1, count >= 0 and lo <= hi.
template <class S>
[[nodiscard]] Mat<S> uniform_starts(Index size, Index count, Random& random, double lo = 0, double hi = 1) {
  require(lo <= hi, "uniform_starts: lo must be <= hi, got ", lo, " and ", hi);
  return detail::drawn<S>("uniform_starts", size, count, [&] { return random.uniform(lo, hi); });
}

/// count images, each 0 but for one square of 1 in all channels: its side is uniform on 1 .. min(height,
/// width), its place uniform among those inside the image. Throws unless every side of `shape` is >= 1 and
/// count >= 0.
template <class S>
[[nodiscard]] Mat<S> square_starts(const Shape& shape, Index count, Random& random) {
  require_shape(shape, "square_starts");
  require(count >= 0, "square_starts: count must be >= 0, got ", count);
  Mat<S> X = Mat<S>::Zero(shape.size(), count);
  for (Index k = 0; k < count; ++k) {
    const Index side = 1 + random.below(std::min(shape.height, shape.width));
    const Index top = random.below(shape.height - side + 1);
    const Index left = random.below(shape.width - side + 1);
    for (Index c = 0; c < shape.channels; ++c)
      for (Index i = top; i < top + side; ++i) X.col(k).segment(shape.at(c, i, left), side).setOnes();
  }
  return X;
}

}  // namespace basin
