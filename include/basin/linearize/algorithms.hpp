// Algorithms 1 and 2 of the paper: the matrix of a 3 x 3 convolution and of nearest upsampling, on vectors of
// zero-padded images. For any other geometry, or to linearize a network, use linearize.hpp.
// Page: docs/paper/algorithms.md.
#pragma once
#include <algorithm>  // std::min

#include "basin/core/error.hpp"  // require
#include "basin/core/shape.hpp"  // Shape
#include "basin/core/types.hpp"  // Index, Mat, Vec, VecIn

namespace basin::inline BASIN_ABI {

namespace detail {

/// `image` with one pixel more on each side.
inline Shape with_ring(const Shape& image) { return {image.channels, image.height + 2, image.width + 2}; }

/// `row` moved `by` places to the right, zeros coming in. (A rotation gives the same in Algorithm 1: what
/// falls out at the end is zero as long as the row is used.)
template <class S>
Vec<S> shifted_right(VecIn<S> row, Index by) {
  const Index kept = row.size() - std::min(by, row.size());
  Vec<S> shifted = Vec<S>::Zero(row.size());
  shifted.tail(kept) = row.head(kept);
  return shifted;
}

/// Algorithm 1 for one output filter: `parameters` are its 9 numbers for each of the f input channels.
template <class S>
Mat<S> filter_matrix_of_one(VecIn<S> parameters, Index s, Index f, Index stride) {
  const Index padded_size = s + 2;                  // line 2
  const Index resized = (s + stride - 1) / stride;  // line 3: ceil(s / stride)
  const Index plane = padded_size * padded_size;
  Vec<S> row_blocks = Vec<S>::Zero(f * plane);                    // line 4: the f rows one after the other
  for (Index filter_index = 0; filter_index < f; ++filter_index)  // line 5
    for (Index kernel_index = 0; kernel_index < 9; ++kernel_index) {                               // line 6
      const Index row_index = kernel_index % 3 + padded_size * (kernel_index / 3);                 // line 7
      row_blocks[filter_index * plane + row_index] = parameters[9 * filter_index + kernel_index];  // line 8
    }
  Mat<S> C = Mat<S>::Zero((resized + 2) * (resized + 2), f * plane);  // line 11
  Index index = resized + 2 + 1;                                      // line 12: past the ring's first row
  for (Index shift = 0; shift < resized; ++shift) {                   // line 13
    Mat<S> next_block = Mat<S>::Zero(resized, f * plane);             // line 14
    next_block.row(0) = row_blocks;                                   // line 15
    for (Index row_shift = 1; row_shift < resized; ++row_shift)       // line 16
      next_block.row(row_shift) = shifted_right<S>(row_blocks, stride * row_shift);  // line 17
    C.middleRows(index, resized) = next_block;                        // line 19: the end is exclusive
    index += resized + 2;                                             // line 20: "resize" is resized
    row_blocks = shifted_right<S>(row_blocks, padded_size * stride);  // line 21: "rowBlock" is rowBlocks
  }
  return C;  // line 23
}

}  // namespace detail

/// Algorithm 1 of the paper (Supplement E), CreateFilterMatrix: the matrix C of a convolution with 3 x 3
/// filters and zero padding 1 that reads f channels of s x s and gives one channel
/// of r x r, r = ceil(s / stride), for each output filter. It acts on vectors of zero-padded images, in
/// channel, row, column order:
///
///     C:  filters (r + 2)^2  x  f (s + 2)^2,      C add_ring(x) = add_ring(conv(x))
///
/// The rows that belong to the ring of zeros around the output are zero, so that products of such matrices
/// are the matrices of compositions; `interior_matrix` is the operator without rings.
///
/// `parameters`: 9 f numbers for each output filter, those of Conv2d's theta without bias, w[filter][channel]
/// [row][column]. As in Conv2d the filter is not flipped (cross-correlation).
///
/// What the paper prints differs: resized = s / stride, which is wrong where the stride does not divide s
/// (line 3); rowBlocks is f x (s + 2)^2 but is used as one row (lines 4, 15); "resize" (line 20) is resized;
/// "rowBlock" (line 21) is rowBlocks, and its shift accumulates. "f trained filters" are the f input channels
/// of one filter; the matrices of several filters stand one below the other.
///
/// Throws unless s, f, stride >= 1 and parameters hold a positive multiple of 9 f numbers.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> create_filter_matrix(const Eigen::MatrixBase<Derived>& parameters,
                                                                 Index s, Index f, Index stride) {
  static_assert(Derived::ColsAtCompileTime == 1, "create_filter_matrix: parameters must be a column vector");
  using S = typename Derived::Scalar;
  require(s >= 1, "create_filter_matrix: s must be >= 1, got ", s);
  require(f >= 1, "create_filter_matrix: f must be >= 1, got ", f);
  require(stride >= 1, "create_filter_matrix: stride must be >= 1, got ", stride);
  require(parameters.size() > 0 && parameters.size() % (9 * f) == 0,
          "create_filter_matrix: parameters must hold 9 f = ", 9 * f, " numbers for each output filter, got ",
          parameters.size());
  const Vec<S> theta = parameters;
  const Index filters = theta.size() / (9 * f), resized = (s + stride - 1) / stride;
  const Index rows = (resized + 2) * (resized + 2);
  Mat<S> C(filters * rows, f * (s + 2) * (s + 2));
  for (Index o = 0; o < filters; ++o)
    C.middleRows(o * rows, rows) =
        detail::filter_matrix_of_one<S>(theta.segment(9 * f * o, 9 * f), s, f, stride);
  return C;
}

/// Algorithm 2 of the paper (Supplement E), CreateUpsamplingMatrix: the matrix U of nearest-neighbour
/// upsampling of f channels of s x s by `scale`, on vectors of zero-padded images (see create_filter_matrix):
///
///     U:  f (scale s + 2)^2  x  f (s + 2)^2,      U add_ring(x) = add_ring(upsampled x)
///
/// The paper lets columnIndex run from 0 (line 8), which puts a column of the ring in front of every row of
/// the image; from 1 is right.
///
/// Throws unless s, f, scale >= 1.
template <class S = double>
[[nodiscard]] Mat<S> create_upsampling_matrix(Index s, Index f, Index scale) {
  require(s >= 1, "create_upsampling_matrix: s must be >= 1, got ", s);
  require(f >= 1, "create_upsampling_matrix: f must be >= 1, got ", f);
  require(scale >= 1, "create_upsampling_matrix: scale must be >= 1, got ", scale);
  const Index plane = (s + 2) * (s + 2);
  const Index output_size = s * scale + 2;                               // line 2
  Mat<S> U = Mat<S>::Zero(f * output_size * output_size, f * plane);     // line 3
  Index index = output_size + 1;                                         // line 4: past the ring's first row
  for (Index filter_index = 0; filter_index < f; ++filter_index) {       // line 5
    for (Index row_index = 1; row_index <= s; ++row_index)               // line 6
      for (Index scale_index = 0; scale_index < scale; ++scale_index) {  // line 7
        for (Index column_index = 1; column_index <= s; ++column_index) {               // line 8: from 1
          const Index one = column_index + row_index * (s + 2) + filter_index * plane;  // lines 9, 10
          for (Index repeat_index = 0; repeat_index < scale; ++repeat_index) {          // line 11
            U(index, one) = 1;                                                          // line 12
            ++index;                                                                    // line 13
          }
        }
        index += 2;  // line 16: the ring's last column, and its first of the next row
      }
    index += 2 * output_size;  // line 19: the ring's last row, and its first of the next channel
  }
  return U;  // line 21
}

/// Each column of x, an image of the shape `image`, with a ring of zeros one pixel wide around every channel.
/// Throws if x does not have the image's number of rows.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> add_ring(const Eigen::MatrixBase<Derived>& x,
                                                     const Shape& image) {
  require_shape(image, "add_ring");
  require(x.rows() == image.size(), "add_ring: x has ", x.rows(), " rows, expected ", image.size(), " (",
          image, ")");
  const Shape padded = detail::with_ring(image);
  Mat<typename Derived::Scalar> y = Mat<typename Derived::Scalar>::Zero(padded.size(), x.cols());
  for (Index c = 0; c < image.channels; ++c)
    for (Index i = 0; i < image.height; ++i)
      y.middleRows(padded.at(c, i + 1, 1), image.width) = x.middleRows(image.at(c, i, 0), image.width);
  return y;
}

/// Each column of y without the ring around every channel: images of the shape `image` (the shape without the
/// ring). What stood in the ring is dropped. Throws if y does not have the number of rows with ring.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> remove_ring(const Eigen::MatrixBase<Derived>& y,
                                                        const Shape& image) {
  require_shape(image, "remove_ring");
  const Shape padded = detail::with_ring(image);
  require(y.rows() == padded.size(), "remove_ring: y has ", y.rows(), " rows, expected ", padded.size(), " (",
          image, " and a ring around each channel)");
  Mat<typename Derived::Scalar> x(image.size(), y.cols());
  for (Index c = 0; c < image.channels; ++c)
    for (Index i = 0; i < image.height; ++i)
      x.middleRows(image.at(c, i, 0), image.width) = y.middleRows(padded.at(c, i + 1, 1), image.width);
  return x;
}

/// The operator on images without rings, out.size() x in.size(): those rows and columns of C, a matrix of
/// create_filter_matrix, create_upsampling_matrix or a product of them, that belong to pixels. `in` and `out`
/// are the shapes without rings. For such C, the interior of C2 C1 is the product of theirs. Throws if C does
/// not fit.
template <class Derived>
[[nodiscard]] Mat<typename Derived::Scalar> interior_matrix(const Eigen::MatrixBase<Derived>& C,
                                                            const Shape& in, const Shape& out) {
  const Mat<typename Derived::Scalar> rows = remove_ring(C, out);
  return remove_ring(rows.transpose(), in).transpose();
}

}  // namespace basin
