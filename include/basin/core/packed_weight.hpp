// A weight in the form in which the matrix product reads it fastest, for many products with the same weight. Eigen's
// kernel brings it into such a form, and the other factor too, in every product.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::copy_n, std::fill, std::max, std::min
#include <memory>     // std::shared_ptr, std::make_shared
#include <utility>    // std::move

#include "basin/core/parallel.hpp"   // parallel_for, column_range, free_threads
#include "basin/core/thin_gemm.hpp"  // multiply_panels, tile_tall, tile_wide
#include "basin/core/types.hpp"      // MatIn, MatOut, Vec, VecIn, Index

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
    auto packed = std::make_shared<Vec<S>>((rows_ + lanes - 1) / lanes * lanes * (1 + depth_));
    S* to = packed->data();
    each_panel([&](Index begin, Index height) {
      const Index there = std::min(height, rows_ - begin);
      const auto add = [&](const S* column) {
        std::fill(std::copy_n(column, there, to), to + height, S(0));
        to += height;
      };
      if (b.size() > 0)
        add(b.data() + begin);
      else
        to = std::fill_n(to, height, S(0));
      for (Index k = 0; k < depth_; ++k) add(W.data() + k * W.outerStride() + begin);
    });
    panels_ = std::move(packed);
  }
  bool empty() const { return !panels_; }
  /// Whether products with so many rows are faster packed: below a panel they are not.
  static bool pays(Index rows) { return rows >= detail::tile_tall * lanes; }

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
  static constexpr Index lanes =
      Eigen::internal::unpacket_traits<typename Eigen::internal::packet_traits<S>::type>::size;

  /// panel(first row, rows with what is filled up): tile_tall vectors each, then single ones.
  template <class Panel>
  void each_panel(const Panel& panel) const {
    constexpr Index tall = detail::tile_tall * lanes;
    Index i = 0;
    for (; i + tall <= rows_; i += tall) panel(i, tall);
    for (; i < rows_; i += lanes) panel(i, lanes);
  }
  /// For the columns [begin, begin + size).
  void apply_to(MatIn<S> X, MatOut<S> Y, Index begin, Index size) const {
    const S* panel = panels_->data();
    const Index ldx = X.outerStride(), ldy = Y.outerStride();
    const S* const x = X.data() + begin * ldx;
    S* const y = Y.data() + begin * ldy;
    each_panel([&](Index i, Index height) {
      const S* const weight = panel + height;
      if (i + height <= rows_) {
        detail::multiply_panels<S>(height, size, depth_, weight, height, {x, 1, ldx}, {panel, 0}, y + i, ldy);
      } else {  // rows that were filled up have no place in Y
        S tile[lanes * detail::tile_wide];
        for (Index j = 0; j < size; j += detail::tile_wide) {
          const Index wide = std::min<Index>(detail::tile_wide, size - j);
          detail::multiply_panels<S>(lanes, wide, depth_, weight, lanes, {x + j * ldx, 1, ldx}, {panel, 0},
                                     tile, lanes);
          for (Index c = 0; c < wide; ++c) std::copy_n(tile + c * lanes, rows_ - i, y + (j + c) * ldy + i);
        }
      }
      panel += height * (1 + depth_);
    });
  }

  std::shared_ptr<const Vec<S>> panels_;
  Index rows_ = 0, depth_ = 0;
};

}  // namespace basin
