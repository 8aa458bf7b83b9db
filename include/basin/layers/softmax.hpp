// Softmax and its logarithm along one axis.
#pragma once
#include <algorithm>  // std::max, std::min
#include <array>      // std::array
#include <cmath>      // std::exp, std::log

#include "basin/core/checked_size.hpp"  // checked_size, option_limit
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, NoCache
#include "basin/core/types.hpp"         // Index, entry
#include "basin/layers/runs.hpp"        // for_runs

namespace basin::inline BASIN_ABI {

namespace detail {

/// What Softmax and LogSoftmax share: a column is a block of outer x n x inner numbers, the last axis
/// fastest, and each of its outer inner vectors of n numbers, which lie `inner` apart, is mapped by
/// itself.
template <class S>
class AxisMap {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr bool broadcasts = true;
  static constexpr bool keeps_shape = true;

  Index in_size() const { return outer_ * n_ * inner_; }
  Index out_size() const { return in_size(); }
  Index param_size() const { return 0; }
  Index multiply_adds() const { return 100 * in_size(); }  // a call of exp
  Index outer() const { return outer_; }
  Index n() const { return n_; }
  Index inner() const { return inner_; }

 protected:
  AxisMap(const char* who, Index outer, Index n, Index inner) : outer_(outer), n_(n), inner_(inner) {
    require(outer >= 1 && n >= 1 && inner >= 1, who, ": outer, n and inner must be >= 1, got ", outer, ", ",
            n, " and ", inner);
    require(
        checked_size({outer, n, inner}, who, ": outer, n and inner make too large a block") < option_limit,
        who, ": outer n inner must be below 2^31, got ", outer, " x ", n, " x ", inner);
  }

  /// So many neighbouring vectors are worked on at once, with their sums on the stack.
  static constexpr Index width = 64;
  using Sums = std::array<double, width>;
  static double& at(Sums& sums, Index i) { return sums[static_cast<std::size_t>(i)]; }

  /// body(at, v, out, count) for strips of `count` <= width vectors in a row, with pointers to where they
  /// begin in the three matrices: number k of vector i is k inner + i behind. A single column of `at`
  /// serves all of v.
  template <class Body>
  void for_strips(MatIn<S> at, MatIn<S> v, MatOut<S> out, const Body& body) const {
    const Index strips = (inner_ + width - 1) / width;
    for_runs(v.cols(), outer_ * strips, 100 * n_ * std::min(inner_, width), [&](Index column, Index strip) {
      const Index first = strip % strips * width, begin = strip / strips * n_ * inner_ + first;
      body(entry(at, begin, at.cols() == 1 ? 0 : column), entry(v, begin, column), entry(out, begin, column),
           std::min(width, inner_ - first));
    });
  }
  /// sums[i] = sum over k of term(k, i)
  template <class Term>
  Sums sums_of(Index count, const Term& term) const {
    Sums sums{};
    for (Index k = 0; k < n_; ++k)
      for (Index i = 0; i < count; ++i) at(sums, i) += term(k, i);
    return sums;
  }
  /// The largest numbers of the vectors of a strip.
  std::array<S, width> largest(const S* x, Index count) const {
    std::array<S, width> most{};
    std::copy_n(x, count, most.data());
    for (Index k = 1; k < n_; ++k)
      for (Index i = 0; i < count; ++i) most.data()[i] = std::max(most.data()[i], x[k * inner_ + i]);
    return most;
  }

 private:
  Index outer_, n_, inner_;
};

}  // namespace detail

/// y_k = exp(x_k) / sum over l of exp(x_l) along one axis of a block of outer x n x inner numbers (the
/// last axis fastest), k, l = 0, ..., n - 1: PyTorch's softmax over that axis. For the channels of an
/// image, outer = 1, n = channels, inner = pixels. The largest x_l is taken off first, so that nothing
/// overflows.
template <class S>
class Softmax : public detail::AxisMap<S> {
  using Base = detail::AxisMap<S>;

 public:
  using typename Base::Cache;
  static constexpr const char* name = "Softmax";
  /// Throws unless outer, n and inner are >= 1 and their product is below 2^31.
  Softmax(Index outer, Index n, Index inner) : Base(name, outer, n, inner) {}
  /// Over all numbers of a column.
  explicit Softmax(Index n) : Softmax(1, n, 1) {}

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    const Index step = this->inner();
    this->for_strips(x, x, y, [&](const S* from, const S*, S* to, Index count) {
      const auto most = this->largest(from, count);
      auto sums = this->sums_of(count, [&](Index k, Index i) {
        const S power = std::exp(from[k * step + i] - most.data()[i]);
        to[k * step + i] = power;
        return static_cast<double>(power);
      });
      for (Index k = 0; k < this->n(); ++k)
        for (Index i = 0; i < count; ++i)
          to[k * step + i] = static_cast<S>(static_cast<double>(to[k * step + i]) / this->at(sums, i));
    });
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() > 0) apply_jacobian(y, y_bar, x_bar);
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    apply_jacobian(y, x_dot, y_dot);
  }

 private:
  /// out = (diag(y) - y y') v, which is symmetric; a single column of y serves all of v. It is the same
  /// for v and for v - s 1; with s the entry of v at the largest y nothing cancels where one y is near 1.
  void apply_jacobian(MatIn<S> y, MatIn<S> v, MatOut<S> out) const {
    const Index step = this->inner();
    this->for_strips(y, v, out, [&](const S* value, const S* from, S* to, Index count) {
      const auto shift = at_largest(value, from, count);
      const auto shifted = [&](Index k, Index i) { return from[k * step + i] - shift.data()[i]; };
      auto sums = this->sums_of(count, [&](Index k, Index i) {
        return static_cast<double>(value[k * step + i]) * static_cast<double>(shifted(k, i));
      });
      for (Index k = 0; k < this->n(); ++k)
        for (Index i = 0; i < count; ++i)
          to[k * step + i] = value[k * step + i] * (shifted(k, i) - static_cast<S>(this->at(sums, i)));
    });
  }
  /// The entry of v where y is largest, for each vector of a strip.
  auto at_largest(const S* y, const S* v, Index count) const {
    const auto most = this->largest(y, count);
    std::array<S, Base::width> found{};
    for (Index k = 0; k < this->n(); ++k)
      for (Index i = 0; i < count; ++i)
        if (y[k * this->inner() + i] == most.data()[i]) found.data()[i] = v[k * this->inner() + i];
    return found;
  }
};

/// y_k = x_k - log(sum over l of exp(x_l)): the logarithm of Softmax, which stays finite where that
/// underflows to 0. The block is that of Softmax.
template <class S>
class LogSoftmax : public detail::AxisMap<S> {
  using Base = detail::AxisMap<S>;

 public:
  using typename Base::Cache;
  static constexpr const char* name = "LogSoftmax";
  /// Throws unless outer, n and inner are >= 1 and their product is below 2^31.
  LogSoftmax(Index outer, Index n, Index inner) : Base(name, outer, n, inner) {}
  /// Over all numbers of a column.
  explicit LogSoftmax(Index n) : LogSoftmax(1, n, 1) {}

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    const Index step = this->inner();
    this->for_strips(x, x, y, [&](const S* from, const S*, S* to, Index count) {
      const auto most = this->largest(from, count);
      auto sums = this->sums_of(count, [&](Index k, Index i) {
        return static_cast<double>(std::exp(from[k * step + i] - most.data()[i]));
      });
      for (Index i = 0; i < count; ++i) this->at(sums, i) = std::log(this->at(sums, i));
      for (Index k = 0; k < this->n(); ++k)
        for (Index i = 0; i < count; ++i)
          to[k * step + i] = (from[k * step + i] - most.data()[i]) - static_cast<S>(this->at(sums, i));
    });
  }
  /// x_bar = (I - s 1') y_bar with s = exp(y).
  void vjp(VecIn<S>, MatIn<S>, MatIn<S> y, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    const Index step = this->inner();
    this->for_strips(y, y_bar, x_bar, [&](const S* value, const S* from, S* to, Index count) {
      auto sums =
          this->sums_of(count, [&](Index k, Index i) { return static_cast<double>(from[k * step + i]); });
      for (Index k = 0; k < this->n(); ++k)
        for (Index i = 0; i < count; ++i)
          to[k * step + i] =
              from[k * step + i] - std::exp(value[k * step + i]) * static_cast<S>(this->at(sums, i));
    });
  }
  /// y_dot = (I - 1 s') x_dot.
  void jvp(VecIn<S>, MatIn<S>, MatIn<S> y, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    const Index step = this->inner();
    this->for_strips(y, x_dot, y_dot, [&](const S* value, const S* from, S* to, Index count) {
      auto sums = this->sums_of(count, [&](Index k, Index i) {
        return static_cast<double>(std::exp(value[k * step + i])) * static_cast<double>(from[k * step + i]);
      });
      for (Index k = 0; k < this->n(); ++k)
        for (Index i = 0; i < count; ++i)
          to[k * step + i] = from[k * step + i] - static_cast<S>(this->at(sums, i));
    });
  }
};

}  // namespace basin
