// Losses: how far the network's output is from its target, and the derivative with respect to the output.
#pragma once
#include <algorithm>  // std::clamp, std::max
#include <cmath>      // std::abs, std::exp, std::isfinite, std::log, std::log1p
#include <concepts>   // std::same_as, std::copyable
#include <cstdint>    // std::uint64_t

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

/// A loss L(x, y, target) that sees the inputs x of the network as well, column by column those of y: with
/// input noise, what the network was given. Otherwise as Loss:
///
///     loss.with_input(x, y, target, batch)           the share of these columns in L
///     loss.with_input(x, y, target, batch, y_bar)    the same, and y_bar = dL/dy for constant x
template <class L, class S>
concept InputLoss = std::copyable<L> &&
    requires(const L& loss, MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) {
  { loss.with_input(x, y, target, batch) } -> std::same_as<double>;
  { loss.with_input(x, y, target, batch, y_bar) } -> std::same_as<double>;
};

/// Where some columns of a batch stand: the first of them is `first` of `batch`. `draw` numbers the batch,
/// for losses that draw random numbers: fit gives each minibatch of each epoch one of its own, and losses
/// of all the data, without gradient, 0.
struct BatchPlace {
  Index first = 0;         // the first column's place in the batch
  Index batch = 1;         // columns of the batch
  std::uint64_t draw = 0;  // the batch's number
};

/// A loss that sees the network: a Loss or InputLoss to which `penalty` adds, where Memory<F> is what it
/// keeps from call to call,
///
///     loss.penalty(f, theta, x, place, memory)             the share of these columns in the penalty
///     loss.penalty(f, theta, x, place, memory, gradient)   the same, and gradient += d penalty / d theta
///
/// with the inputs x that the network was given.
template <class L, class F>
concept NetworkLoss = requires(const L& loss, const F& f, VecIn<typename F::Scalar> theta,
                               MatIn<typename F::Scalar> x, const BatchPlace& place,
                               typename L::template Memory<F>& memory, VecOut<typename F::Scalar> gradient) {
  { loss.penalty(f, theta, x, place, memory) } -> std::same_as<double>;
  { loss.penalty(f, theta, x, place, memory, gradient) } -> std::same_as<double>;
};

namespace detail {

/// Memory of a loss that sees the network.
template <class L, class F>
struct LossMemory {
  struct Type {};
};
template <class L, class F>
requires NetworkLoss<L, F>
struct LossMemory<L, F> {
  using Type = typename L::template Memory<F>;
};

/// The share of some columns in the loss, of either kind; y_bar follows if it is wanted.
template <class S, class L, class... YBar>
double loss_share(const L& loss, MatIn<S> x, MatIn<S> y, MatIn<S> target, Index batch, YBar... y_bar) {
  if constexpr (InputLoss<L, S>)
    return loss.with_input(x, y, target, batch, y_bar...);
  else
    return loss(y, target, batch, y_bar...);
}

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

/// The mean over all entries of a batch, of which these are some columns: the sum of value(y, t) in double,
/// divided by (rows) (batch).
template <class S, class Value>
double mean_of_entries(const char* who, MatIn<S> y, MatIn<S> target, Index batch, const Value& value) {
  require_loss_input<S>(who, y, target, batch);
  double sum = 0;
  for (Index j = 0; j < y.cols(); ++j) {
    const S *a = y.data() + j * y.outerStride(), *b = target.data() + j * target.outerStride();
    sum += sum_of(y.rows(), [&value, a, b](Index i) {
      return value(static_cast<double>(a[i]), static_cast<double>(b[i]));
    });
  }
  return sum / static_cast<double>(y.rows()) / static_cast<double>(batch);
}
/// The derivative of that: y_bar = slope(y, t) / ((rows) (batch)).
template <class S, class Slope>
void slopes_of_entries(const char* who, MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar,
                       const Slope& slope) {
  require_loss_input<S>(who, y, target, batch);
  require_loss_output<S>(who, y, y_bar);
  const double entries = static_cast<double>(y.rows()) * static_cast<double>(batch);
  for (Index j = 0; j < y.cols(); ++j)
    for (Index i = 0; i < y.rows(); ++i)
      y_bar(i, j) =
          static_cast<S>(slope(static_cast<double>(y(i, j)), static_cast<double>(target(i, j))) / entries);
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

// The losses below are means over all entries of the batch, y and target d x B, as PyTorch's are: 1 / (d
// B) times a sum of terms. They throw as MeanSquaredError does.

/// The mean absolute error, terms |y - t|: PyTorch's L1Loss. dL/dy = sign(y - t) / (d B), 0 where y = t.
struct MeanAbsoluteError {
  static constexpr const char* name = "mean absolute error";

  /// The share of these columns in L.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    return detail::mean_of_entries<S>("MeanAbsoluteError", y, target, batch,
                                      [](double a, double t) { return std::abs(a - t); });
  }
  /// The same, and y_bar = dL/dy.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    detail::slopes_of_entries<S>("MeanAbsoluteError", y, target, batch, y_bar, [](double a, double t) {
      return a > t ? 1. : a < t ? -1. : a - t;
    });
    return (*this)(y, target, batch);
  }
};

/// Terms r^2 / 2 for |r| <= delta, delta (|r| - delta / 2) otherwise, r = y - t: PyTorch's HuberLoss. (Its
/// SmoothL1Loss with beta = delta is this divided by delta.) dL/dy = min(max(r, -delta), delta) / (d B).
struct Huber {
  double delta = 1;  // > 0
  static constexpr const char* name = "Huber";

  /// Throws, too, unless delta is finite and > 0.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    require(delta > 0 && std::isfinite(delta), "Huber: delta must be finite and > 0, got ", delta);
    return detail::mean_of_entries<S>("Huber", y, target, batch, [d = delta](double a, double t) {
      const double r = std::abs(a - t);
      return r <= d ? r * r / 2 : d * (r - d / 2);
    });
  }
  /// The same, and y_bar = dL/dy.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    const double share = (*this)(y, target, batch);
    detail::slopes_of_entries<S>("Huber", y, target, batch, y_bar,
                                 [d = delta](double a, double t) { return std::clamp(a - t, -d, d); });
    return share;
  }
};

/// The binary cross-entropy of probabilities y and targets t, both from 0 to 1: terms -t log y - (1 - t)
/// log(1 - y), where logarithms below -100 count as -100 (PyTorch's BCELoss). dL/dy = (y - t) / (y (1 -
/// y)) / (d B), where a denominator below 1e-12 counts as 1e-12. NaN where y lies outside.
struct Bce {
  static constexpr const char* name = "binary cross-entropy";

  /// The share of these columns in L.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    return detail::mean_of_entries<S>("Bce", y, target, batch, [](double p, double t) {
      return -t * std::max(std::log(p), -100.) - (1 - t) * std::max(std::log1p(-p), -100.);
    });
  }
  /// The same, and y_bar = dL/dy.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    detail::slopes_of_entries<S>("Bce", y, target, batch, y_bar,
                                 [](double p, double t) { return (p - t) / std::max(p * (1 - p), 1e-12); });
    return (*this)(y, target, batch);
  }
};

/// Bce of the probabilities 1 / (1 + exp(-y)), without overflow or cancellation for any y: terms max(y, 0)
/// - y t + log(1 + exp(-|y|)) (PyTorch's BCEWithLogitsLoss). dL/dy = (1 / (1 + exp(-y)) - t) / (d B).
struct BceWithLogits {
  static constexpr const char* name = "binary cross-entropy with logits";

  /// The share of these columns in L.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch) const {
    return detail::mean_of_entries<S>("BceWithLogits", y, target, batch, [](double z, double t) {
      return (z > 0 ? (1 - t) * z : -t * z) + std::log1p(std::exp(-std::abs(z)));
    });
  }
  /// The same, and y_bar = dL/dy.
  template <class S>
  double operator()(MatIn<S> y, MatIn<S> target, Index batch, MatOut<S> y_bar) const {
    detail::slopes_of_entries<S>("BceWithLogits", y, target, batch, y_bar, [](double z, double t) {
      const double e = std::exp(-std::abs(z));
      return (z < 0 ? e : 1) / (1 + e) - t;
    });
    return (*this)(y, target, batch);
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
