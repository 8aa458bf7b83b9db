// Losses: how far the network's output is from its target, and the derivative with respect to the output.
#pragma once
#include <concepts>  // std::same_as, std::copyable

#include "basin/core/error.hpp"  // require
#include "basin/core/sum.hpp"    // detail::sum_of
#include "basin/core/types.hpp"  // MatIn, MatOut, Index

namespace basin::inline BASIN_ABI {

/// A loss L(y, target) of a batch of `batch` columns. The batch may be evaluated in parts, so that y and
/// target hold some of its columns (a sample each), and the shares of the parts add up to L:
///
///     loss(y, target, batch)           the share of these columns in L, summed in double
///     loss(y, target, batch, y_bar)    the same, and y_bar = dL/dy
///
/// The loss is the one place that divides by the batch size; layers, gradients and optimizers never do. It is
/// called with arguments that are MatIn<S> and MatOut<S> already, from which a template deduces S.
template <class L, class S>
concept Loss = std::copyable<L> &&
    requires(const L& loss, MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) {
  { loss(y, target, batch) } -> std::same_as<double>;
  { loss(y, target, batch, y_bar) } -> std::same_as<double>;
};

namespace detail {

template <class S>
void require_loss_input(const char* who, MatIn<S> y, MatIn<S> target, Index batch) {
  require(y.rows() == target.rows() && y.cols() == target.cols(), who, ": y is ", y.rows(), " x ", y.cols(),
          ", target is ", target.rows(), " x ", target.cols(), ", expected the same");
  require(y.rows() >= 1, who, ": y must have at least 1 row, got 0");
  require(batch >= 1 && batch >= y.cols(), who, ": batch must be >= 1 and at least the ", y.cols(),
          " columns of y, got ", batch);
}

template <class S>
void require_loss_output(const char* who, MatIn<S> y, const MatOut<S>& y_bar) {
  require(y_bar.rows() == y.rows() && y_bar.cols() == y.cols(), who, ": y_bar is ", y_bar.rows(), " x ",
          y_bar.cols(), ", expected ", y.rows(), " x ", y.cols(), " like y");
}

/// |y - target|^2 over all entries: differences in S, squares and sums in double.
template <class S>
double squared_distance(MatIn<S> y, MatIn<S> target) {
  double sum = 0;
  for (Index j = 0; j < y.cols(); ++j) {
    const S *a = y.data() + j * y.outerStride(), *b = target.data() + j * target.outerStride();
    sum += sum_of(y.rows(), [a, b](Index i) {
      const double r = static_cast<double>(a[i] - b[i]);
      return r * r;
    });
  }
  return sum;
}

}  // namespace detail

/// The mean squared error L = |y - t|^2 / (d B) of a batch of B columns with d rows: the mean over all
/// entries, which is PyTorch's MSELoss.
struct MeanSquaredError {
  static constexpr const char* name = "mean squared error";

  /// The share of these columns in L. Throws unless y and target are d x b with d >= 1, b <= batch.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    detail::require_loss_input<S>("MeanSquaredError", y, target, batch);
    return detail::squared_distance<S>(y, target) / entries(y.rows(), batch);
  }
  /// The same, and y_bar = dL/dy = 2 (y - t) / (d B). Throws, too, unless y_bar is d x b.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    detail::require_loss_output<S>("MeanSquaredError", y, y_bar);
    const double share = (*this)(y, target, batch);
    y_bar = static_cast<S>(2 / entries(y.rows(), batch)) * (y - target);
    return share;
  }

 private:
  static double entries(Index d, Index batch) { return static_cast<double>(d) * static_cast<double>(batch); }
};

/// Half the sum of squares, L = 1/2 |y - t|^2 over all entries of the batch: Eq. (1) of the paper.
struct HalfSumOfSquares {
  static constexpr const char* name = "half the sum of squares";

  /// The share of these columns in L. Throws unless y and target are d x b with d >= 1, b <= batch.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    detail::require_loss_input<S>("HalfSumOfSquares", y, target, batch);
    return 0.5 * detail::squared_distance<S>(y, target);
  }
  /// The same, and y_bar = dL/dy = y - t. Throws, too, unless y_bar is d x b.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    detail::require_loss_output<S>("HalfSumOfSquares", y, y_bar);
    const double share = (*this)(y, target, batch);
    y_bar = y - target;
    return share;
  }
};

/// L(y, target) of a whole batch, for matrices of any kind: loss_value(MeanSquaredError{}, y, target).
template <class L, class Y>
[[nodiscard]] double loss_value(const L& loss, const Eigen::MatrixBase<Y>& y,
                                MatIn<typename Y::Scalar> target) {
  static_assert(Loss<L, typename Y::Scalar>);
  const Eigen::Ref<const Mat<typename Y::Scalar>> y_ref(y.derived());
  return loss(y_ref, target, y.cols());
}

}  // namespace basin
