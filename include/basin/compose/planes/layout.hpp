// Planes: images of one channel in one flat zero-padded layout, on which networks of single 3 x 3 filters run
// without the cost of general layers (program.hpp). Internal: users see only that such networks are fast.
#pragma once
#include "basin/core/types.hpp"  // Index, MatIn, MatOut, entry

namespace basin::inline BASIN_ABI::detail {

/// One-channel images of height x width, each in `stride` numbers. Pixel (i, j) of image n lies
/// at n stride + i (width + 1) + j; all else is 0. The zero behind each row serves as the padding at the left
/// of the next one as well, and `slack` zeros before the first image and between images as the rows above and
/// below. So the neighbours of a pixel under a 3 x 3 kernel lie at fixed distances, for all pixels alike, and
/// vectors of up to 8 numbers may run over the ends of rows. Every function leaves the padding at 0.
struct PlaneLayout {
  Index height = 0, width = 0;
  Index pitch = 0;   // from row to row
  Index size = 0;    // numbers of one image with its padding at the right, a multiple of 8
  Index slack = 0;   // zeros before each image and after the last, at least pitch + 1
  Index stride = 0;  // from image to image

  PlaneLayout() = default;
  PlaneLayout(Index h, Index w)
      : height(h),
        width(w),
        pitch(w + 1),
        size(whole_vectors(h * pitch)),
        slack(whole_vectors(pitch + 1)),
        stride(size + slack) {}
  bool operator==(const PlaneLayout& o) const { return height == o.height && width == o.width; }

 private:
  static Index whole_vectors(Index n) { return (n + 7) / 8 * 8; }
};

/// The columns of x as planes. Only pixels are written: the padding stays 0.
template <class S>
void to_planes(const PlaneLayout& l, MatIn<S> x, S* plane) {
  eigen_assert(x.rows() == l.height * l.width);
  for (Index n = 0; n < x.cols(); ++n, plane += l.stride) {
    const S* row = entry(x, 0, n);
    for (Index i = 0; i < l.height; ++i, row += l.width)
      for (Index j = 0; j < l.width; ++j) plane[i * l.pitch + j] = row[j];
  }
}
/// And back.
template <class S>
void from_planes(const PlaneLayout& l, const S* plane, MatOut<S> y) {
  eigen_assert(y.rows() == l.height * l.width);
  for (Index n = 0; n < y.cols(); ++n, plane += l.stride) {
    S* row = entry(y, 0, n);
    for (Index i = 0; i < l.height; ++i, row += l.width)
      for (Index j = 0; j < l.width; ++j) row[j] = plane[i * l.pitch + j];
  }
}

}  // namespace basin::detail
