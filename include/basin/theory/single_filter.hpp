// Theorem 4: the linear convolutional autoencoder with one layer and one filter, and the filter that gradient
// descent finds. Page: docs/paper/theorem_4.md.
#pragma once
#include <Eigen/QR>  // Eigen::CompleteOrthogonalDecomposition

#include "basin/core/error.hpp"         // require
#include "basin/core/model.hpp"         // Model
#include "basin/core/shape.hpp"         // Shape
#include "basin/core/types.hpp"         // Index, Mat, MatIn, Vec, VecIn
#include "basin/dynamics/jacobian.hpp"  // jacobian
#include "basin/layers/conv2d.hpp"      // Conv2d

namespace basin::inline BASIN_ABI {

namespace detail {
inline void require_single_filter(const char* who, const Shape& image, Index kernel) {
  require_shape(image, who);
  require(image.channels == 1, who, ": the image must have 1 channel, got ", image);
  require(kernel >= 1 && kernel % 2 == 1, who, ": kernel must be odd and >= 1, got ", kernel);
}
}  // namespace detail

/// The autoencoder of Theorem 4: one filter w of kernel x kernel, zero padding (kernel - 1) / 2, no bias, so
/// that theta = w. Throws unless the image has one channel and the kernel is odd.
[[nodiscard]] inline Conv2d<double> single_filter(const Shape& image, Index kernel) {
  detail::require_single_filter("single_filter", image, kernel);
  return {image, {.kernel = kernel, .padding = Padding::all((kernel - 1) / 2), .bias = false}};
}

/// The filter that is 1 in the middle and 0 elsewhere: conv(x) = x for every x. Throws unless kernel is odd.
[[nodiscard]] inline Vec<double> delta_filter(Index kernel) {
  require(kernel >= 1 && kernel % 2 == 1, "delta_filter: kernel must be odd and >= 1, got ", kernel);
  return Vec<double>::Unit(kernel * kernel, (kernel * kernel - 1) / 2);
}

/// M = d conv(X; w) / dw, so that conv(X; w) = M w: the column of tap (a, b) holds every image of X moved by
/// that tap, zeros coming in,
///
///     M[n s^2 + (i, j), (a, b)] = X[(i + a - p, j + b - p), n],   p = (kernel - 1) / 2,
///
/// for n images of s^2 pixels n s^2 x kernel^2, the images one below the other. Its rows are the vectors
/// x_{l:t} in the proof of Theorem 4, cut down to the entries that meet a parameter. Throws as single_filter,
/// and unless X has a row for each pixel and at least one column.
template <class = void>
[[nodiscard]] Mat<double> shifted_images(MatIn<double> X, const Shape& image, Index kernel) {
  detail::require_single_filter("shifted_images", image, kernel);
  require(X.rows() == image.size() && X.cols() >= 1, "shifted_images: X is ", X.rows(), " x ", X.cols(),
          ", expected ", image.size(), " rows (", image, ") and at least 1 column");
  const Index p = (kernel - 1) / 2;
  Mat<double> M = Mat<double>::Zero(X.size(), kernel * kernel);
  for (Index n = 0; n < X.cols(); ++n)
    for (Index tap = 0; tap < kernel * kernel; ++tap)
      for (Index i = 0; i < image.height; ++i)
        for (Index j = 0; j < image.width; ++j) {
          const Index from_i = i + tap / kernel - p, from_j = j + tap % kernel - p;
          if (from_i >= 0 && from_i < image.height && from_j >= 0 && from_j < image.width)
            M(n * image.size() + image.at(0, i, j), tap) = X(image.at(0, from_i, from_j), n);
        }
  return M;
}

/// w = M^+ x, M = shifted_images(X): of all filters with conv(X; w) = X the one of least norm. The delta
/// filter is always among them, so the loss gets to 0; where M has full column rank
/// (s^2 >= kernel^2, generic X) it is the only one. Gradient descent on 1/2 |conv(X; w) - X|^2 from w = 0
/// goes there for rates below 2 / sigma_1(M)^2 (Supplement A, applied to M): after t steps it is at
/// (I - (I - gamma M'M)^t) delta, which is LinearDescent(M').at(t, gamma) * delta_filter(kernel). Singular
/// values below `tolerance` times the largest, as the pivots of a rank revealing decomposition tell them,
/// count as zero; X = 0 gives w = 0. Throws as shifted_images, and unless X is finite and tolerance in
/// (0, 1).
template <class = void>
[[nodiscard]] Vec<double> minimum_norm_filter(MatIn<double> X, const Shape& image, Index kernel,
                                              double tolerance = 1e-12) {
  require(tolerance > 0 && tolerance < 1, "minimum_norm_filter: tolerance must be in (0, 1), got ",
          tolerance);
  require(X.allFinite(), "minimum_norm_filter: X has entries that are NaN or infinite");
  const Mat<double> M = shifted_images(X, image, kernel);
  Eigen::CompleteOrthogonalDecomposition<Mat<double>> decomposition;
  decomposition.setThreshold(tolerance);
  decomposition.compute(M);
  return decomposition.solve(X.reshaped());
}

/// A, s^2 x s^2: the autoencoder with filter w as a matrix, A x = conv(x; w). Theorem 4 is about its rank.
/// Throws as single_filter, and unless w has kernel^2 entries.
template <class = void>
[[nodiscard]] Mat<double> single_filter_matrix(VecIn<double> w, const Shape& image, Index kernel) {
  return jacobian(Model(single_filter(image, kernel), w), Vec<double>::Zero(image.size()));
}

/// The matrix of R's rotations in the proof of Theorem 4, s^2 x (s + kernel - 1)^2: the same layer reading
/// the image with its padding. It has full row rank for every filter but 0, whatever was learned, because it
/// counts columns that only ever meet zeros; single_filter_matrix is its part without them. Throws as
/// single_filter_matrix.
template <class = void>
[[nodiscard]] Mat<double> padded_single_filter_matrix(VecIn<double> w, const Shape& image, Index kernel) {
  detail::require_single_filter("padded_single_filter_matrix", image, kernel);
  const Shape padded{1, image.height + kernel - 1, image.width + kernel - 1};
  const Model model(Conv2d<double>(padded, {.kernel = kernel, .bias = false}), w);
  return jacobian(model, Vec<double>::Zero(padded.size()));
}

}  // namespace basin
