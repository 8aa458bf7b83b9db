// A weight in the form in which the matrix product reads it fastest, for many products with the same weight. Eigen's
// kernel brings it into such a form, and the other factor too, in every product.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::copy_n, std::fill, std::max, std::min
#include <memory>     // std::shared_ptr, std::make_shared
#include <utility>    // std::move

#include "basin/core/parallel.hpp"   // parallel_for, column_range, free_threads
#include "basin/core/thin_gemm.hpp"  // multiply_panels, Strided, tile_tall, tile_wide
#include "basin/core/types.hpp"      // MatIn, MatOut, Vec, Index

namespace basin {

/// W, cut into panels of a few vectors of rows, each panel stored column by column. Copies share the memory.
template <class S>
class PackedWeight {
 public:
  PackedWeight() = default;
  explicit PackedWeight(MatIn<S> W) : rows_(W.rows()), depth_(W.cols()) {
    auto packed = std::make_shared<Vec<S>>((rows_ + lanes - 1) / lanes * lanes * depth_);
    S* to = packed->data();
    each_panel([&](Index begin, Index height) {
      const Index there = std::min(height, rows_ - begin);
      for (Index k = 0; k < depth_; ++k, to += height) {
        std::copy_n(W.data() + k * W.outerStride() + begin, there, to);
        std::fill(to + there, to + height, S(0));
      }
    });
    panels_ = std::move(packed);
  }
  bool empty() const { return !panels_; }
  /// Whether products with so many rows are faster packed: below a panel they are not.
  static bool pays(Index rows) { return rows >= detail::tile_tall * lanes; }

  /// Y += W X. A column has the same bits whatever the others are, with any number of threads.
  void multiply_add(MatIn<S> X, MatOut<S> Y) const {
    eigen_assert(X.rows() == depth_ && Y.rows() == rows_ && Y.cols() == X.cols());
    constexpr double worth_a_thread = 1 << 19;  // multiply-adds, as in core/gemm.hpp
    const double work = static_cast<double>(rows_ * depth_) * static_cast<double>(X.cols());
    const Index units = (X.cols() + detail::tile_wide - 1) / detail::tile_wide;
    const Index parts = std::max<Index>(
        1, std::min({Index(free_threads()), units, static_cast<Index>(work / worth_a_thread)}));
    parallel_for(parts, [&](Index k) {
      const ColumnRange some = column_range(units, parts, k);
      const Index begin = some.begin * detail::tile_wide;
      multiply_columns(X, Y, begin, std::min(X.cols() - begin, some.size * detail::tile_wide));
    });
  }

 private:
  static constexpr Index lanes =
      Eigen::internal::unpacket_traits<typename Eigen::internal::packet_traits<S>::type>::size;

  /// panel(first row, rows with what is filled up): tile_tall vectors each, then single ones.
  template <class Panel>
  void each_panel(const Panel& panel) const {
    Index i = 0;
    for (; i + detail::tile_tall * lanes <= rows_; i += detail::tile_tall * lanes)
      panel(i, detail::tile_tall * lanes);
    for (; i < rows_; i += lanes) panel(i, lanes);
  }
  void multiply_columns(MatIn<S> X, MatOut<S> Y, Index begin, Index size) const {
    const S* panel = panels_->data();
    const Index ldx = X.outerStride(), ldy = Y.outerStride();
    const S* const x = X.data() + begin * ldx;
    S* const y = Y.data() + begin * ldy;
    each_panel([&](Index i, Index height) {
      if (i + height <= rows_) {
        detail::multiply_panels<S>(height, size, depth_, panel, height, {x, 1, ldx}, y + i, ldy, true);
      } else {  // rows that were filled up have no place in Y
        S tile[lanes * detail::tile_wide];
        for (Index j = 0; j < size; j += detail::tile_wide) {
          const Index wide = std::min<Index>(detail::tile_wide, size - j);
          detail::multiply_panels<S>(lanes, wide, depth_, panel, lanes, {x + j * ldx, 1, ldx}, tile, lanes,
                                     false);
          for (Index c = 0; c < wide; ++c)
            for (Index r = i; r < rows_; ++r) y[(j + c) * ldy + r] += tile[c * lanes + r - i];
        }
      }
      panel += height * depth_;
    });
  }

  std::shared_ptr<const Vec<S>> panels_;
  Index rows_ = 0, depth_ = 0;
};

}  // namespace basin
