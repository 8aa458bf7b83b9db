// What padding, cropping and nearest upsampling share: every output pixel is one input pixel, or a constant.
#pragma once
#include <algorithm>  // std::fill_n
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/layer.hpp"   // NoCache
#include "basin/core/shape.hpp"   // Shape
#include "basin/layers/runs.hpp"  // for_runs

namespace basin::inline BASIN_ABI::detail {

/// y[c, p] = x[c, source(p)], the same for every channel; `fill` where source(p) is negative. Rows and
/// columns are chosen apart: source(i, j) = (rows[i], cols[j]).
template <class S>
class PixelMap {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr bool broadcasts = true;

  PixelMap(const Shape& in, const std::vector<Index>& rows, const std::vector<Index>& cols, S fill = S(0))
      : in_(in),
        out_{in.channels, static_cast<Index>(rows.size()), static_cast<Index>(cols.size())},
        fill_(fill) {
    source_.reserve(rows.size() * cols.size());
    for (const Index i : rows)
      for (const Index j : cols) source_.push_back(i < 0 || j < 0 ? -1 : i * in.width + j);
  }
  Index in_size() const { return in_.size(); }
  Index out_size() const { return out_.size(); }
  Index param_size() const { return 0; }
  Shape in_shape() const { return in_; }
  Shape out_shape() const { return out_; }
  Index multiply_adds() const { return out_.size(); }
  /// For each output pixel of a channel the input pixel that it shows, or -1 for the fill.
  const std::vector<Index>& source() const { return source_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { gather(x, y, fill_); }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    gather(x_dot, y_dot, S(0));
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    each_channel(y_bar.cols(), [&](Index n, Index c) {
      const S* from = entry(y_bar, c * out_.pixels(), n);
      S* to = entry(x_bar, c * in_.pixels(), n);
      std::fill_n(to, in_.pixels(), S(0));
      for (std::size_t p = 0; p < source_.size(); ++p)
        if (source_[p] >= 0) to[source_[p]] += from[p];
    });
  }

 private:
  void gather(MatIn<S> x, MatOut<S> y, S fill) const {
    each_channel(x.cols(), [&](Index n, Index c) {
      const S* from = entry(x, c * in_.pixels(), n);
      S* to = entry(y, c * out_.pixels(), n);
      for (std::size_t p = 0; p < source_.size(); ++p) to[p] = source_[p] >= 0 ? from[source_[p]] : fill;
    });
  }

  /// body(column, channel)
  template <class Body>
  void each_channel(Index columns, const Body& body) const {
    for_runs(columns, in_.channels, out_.pixels(), body);
  }

  Shape in_, out_;
  S fill_;
  std::vector<Index> source_;
};

}  // namespace basin::detail
