// A weight in the form in which the matrix product reads it fastest, for many products with the same weight.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::copy_n, std::max, std::min
#include <memory>     // std::shared_ptr, std::make_shared
#include <utility>    // std::move

#include "basin/core/panels.hpp"    // pack_panel, multiply_panel
#include "basin/core/parallel.hpp"  // parallel_for, column_range, free_threads
#include "basin/core/types.hpp"     // MatIn, MatOut, Vec, VecIn, Index

namespace basin {

/// The map x -> W x + b, W cut into panels of a few vectors of rows, each panel stored column by column behind its part
/// of b. Copies share the memory.
template <class S>
class PackedWeight {
 public:
  PackedWeight() = default;
  /// b has a row for each row of W, or none if it is 0.
  PackedWeight(MatIn<S> W, VecIn<S> b) : rows_(W.rows()), depth_(W.cols()) {
    eigen_assert(b.size() == rows_ || b.size() == 0);
    auto packed = std::make_shared<Vec<S>>(detail::padded_rows<S>(rows_) * (1 + depth_));
    packed->setZero();
    S* to = packed->data();
    detail::each_panel<S>(rows_, [&](Index begin, Index height) {
      const Index there = std::min(height, rows_ - begin);
      if (b.size() > 0) std::copy_n(b.data() + begin, there, to);
      detail::pack_panel(detail::entry(W, begin, 0), W.outerStride(), there, height, depth_, to + height);
      to += height * (1 + depth_);
    });
    panels_ = std::move(packed);
  }
  bool empty() const { return !panels_; }
  /// Whether products with so many rows are faster packed: below a panel they are not.
  static bool pays(Index rows) { return rows >= detail::panel_rows<S>; }

  /// Y = W X + b for each column. A column has the same bits whatever the others are, with any number of threads.
  void apply(MatIn<S> X, MatOut<S> Y) const {
    eigen_assert(X.rows() == depth_ && Y.rows() == rows_ && Y.cols() == X.cols());
    constexpr double worth_a_thread = 1 << 19;  // multiply-adds, as in core/gemm.hpp
    const double work = static_cast<double>(rows_ * depth_) * static_cast<double>(X.cols());
    const Index units = (X.cols() + detail::tile_wide - 1) / detail::tile_wide;
    const Index parts = std::max<Index>(
        1, std::min({Index(free_threads()), units, static_cast<Index>(work / worth_a_thread)}));
    parallel_for(parts, [&](Index k) {
      const ColumnRange some = column_range(units, parts, k);
      const Index begin = some.begin * detail::tile_wide;
      apply_to(X, Y, begin, std::min(X.cols() - begin, some.size * detail::tile_wide));
    });
  }

 private:
  /// For the columns [begin, begin + size).
  void apply_to(MatIn<S> X, MatOut<S> Y, Index begin, Index size) const {
    const S* panel = panels_->data();
    detail::each_panel<S>(rows_, [&](Index i, Index height) {
      detail::multiply_panel<S>(std::min(height, rows_ - i), height, size, depth_, panel + height,
                                {detail::entry(X, 0, begin), 1, X.outerStride()}, {panel, 0},
                                detail::entry(Y, i, begin), Y.outerStride());
      panel += height * (1 + depth_);
    });
  }

  std::shared_ptr<const Vec<S>> panels_;
  Index rows_ = 0, depth_ = 0;
};

}  // namespace basin
