// A weight in the form in which the matrix product reads it fastest, for many products with the same weight.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::copy_n, std::fill, std::min
#include <memory>     // std::shared_ptr, std::make_shared
#include <utility>    // std::move

#include "basin/core/product/gemm.hpp"    // share_product, ProductParts
#include "basin/core/product/panels.hpp"  // each_panel, pack_panel, multiply_panel
#include "basin/core/scratch.hpp"         // detail::bytes
#include "basin/core/types.hpp"           // MatIn, MatOut, Vec, VecIn, Index

namespace basin::inline BASIN_ABI {

/// The map x -> W x + b, W cut into panels of a few vectors of rows, each panel stored column by column
/// behind its part of b. Copies share the memory.
template <class S>
class PackedWeight {
 public:
  PackedWeight() = default;
  /// b has a row for each row of W, or none if it is 0.
  PackedWeight(MatIn<S> W, VecIn<S> b);
  /// Whether nothing is packed.
  bool empty() const { return !panels_; }
  /// What a weight of rows x depth takes.
  static Index bytes(Index rows, Index depth) {
    return detail::bytes<S>(detail::whole_lanes<S>(rows), 1 + depth);
  }

  /// Y = W X + b for each column. A column has the same bits whatever the others are, with any number of
  /// threads.
  void apply(MatIn<S> X, MatOut<S> Y) const;

 private:
  std::shared_ptr<const Vec<S>> panels_;
  Index rows_ = 0, depth_ = 0;
};

template <class S>
PackedWeight<S>::PackedWeight(MatIn<S> W, VecIn<S> b) : rows_(W.rows()), depth_(W.cols()) {
  eigen_assert(b.size() == rows_ || b.size() == 0);
  auto packed = std::make_shared<Vec<S>>(detail::whole_lanes<S>(rows_) * (1 + depth_));
  S* to = packed->data();
  detail::each_panel<S>(rows_, [&](Index begin, Index height) {
    const Index there = std::min(height, rows_ - begin);
    S* const end = b.size() > 0 ? std::copy_n(b.data() + begin, there, to) : to;
    std::fill(end, to + height, S(0));
    detail::pack_panel(detail::entry(W, begin, 0), W.outerStride(), there, height, depth_, to + height);
    to += height * (1 + depth_);
  });
  panels_ = std::move(packed);
}

template <class S>
void PackedWeight<S>::apply(MatIn<S> X, MatOut<S> Y) const {
  eigen_assert(X.rows() == depth_ && Y.rows() == rows_ && Y.cols() == X.cols());
  static_assert(detail::ProductParts::row_unit % detail::panel_rows<S> == 0,
                "parts begin where a panel does");
  if (Y.size() == 0) return;
  detail::share_product(rows_, X.cols(), depth_, [&](ColumnRange rows, ColumnRange columns) {
    const S* panel = panels_->data() + rows.begin * (1 + depth_);
    detail::each_panel<S>(rows.size, [&](Index i, Index height) {
      detail::multiply_panel<S>(std::min(height, rows.size - i), height, columns.size, depth_, panel + height,
                                {detail::entry(X, 0, columns.begin), 1, X.outerStride()}, {panel, 0},
                                detail::entry(Y, rows.begin + i, columns.begin), Y.outerStride());
      panel += height * (1 + depth_);
    });
  });
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template class PackedWeight<float>;
extern template class PackedWeight<double>;
#endif

}  // namespace basin
