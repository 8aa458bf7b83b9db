// A layer that picks: every output is one input or a constant. Transposes, slices, tiles, pixel shuffles.
#pragma once
#include <algorithm>  // std::fill_n
#include <cstddef>    // std::size_t
#include <optional>   // std::optional
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"   // require
#include "basin/core/layer.hpp"   // Layer, NoCache
#include "basin/core/shape.hpp"   // Shape, require_shape
#include "basin/core/types.hpp"   // Index, Vec, entry
#include "basin/layers/runs.hpp"  // for_runs

namespace basin::inline BASIN_ABI {

/// y[i] = x[source[i]], or fill[i] where source[i] is -1. An input may be picked any number of times, or not
/// at all. Affine: A has one 1 in each row with a source, b is the fill in the others.
template <class S>
class Rearrange {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "Rearrange";
  static constexpr bool broadcasts = true;

  /// The same fill everywhere. Throws unless in_size >= 1, source has at least one entry, and all of them are
  /// from -1 to in_size - 1.
  Rearrange(std::vector<Index> source, Index in_size, S fill = S(0))
      : Rearrange(std::move(source), in_size, std::nullopt, std::nullopt) {
    fill_.setConstant(out_size(), fill);
  }
  /// A fill for each output, which is not looked at where there is a source. Throws, too, unless fill has as
  /// many rows as source.
  Rearrange(std::vector<Index> source, Index in_size, Vec<S> fill)
      : Rearrange(std::move(source), in_size, std::nullopt, std::nullopt) {
    set_fill(std::move(fill));
  }
  /// From images of one shape to images of another. Throws, too, unless source has an entry for each pixel of
  /// `out`.
  Rearrange(std::vector<Index> source, const Shape& in, const Shape& out, S fill = S(0))
      : Rearrange(std::move(source), checked_size(in), in, out) {
    fill_.setConstant(out_size(), fill);
  }
  /// The same with a constant for each output, used where its source is -1.
  Rearrange(std::vector<Index> source, const Shape& in, const Shape& out, Vec<S> fill)
      : Rearrange(std::move(source), checked_size(in), in, out) {
    set_fill(std::move(fill));
  }

  Index in_size() const { return in_size_; }
  Index out_size() const { return static_cast<Index>(source_.size()); }
  Index param_size() const { return 0; }
  /// The shapes of the images, where they were given.
  std::optional<Shape> in_shape() const { return in_shape_; }
  std::optional<Shape> out_shape() const { return out_shape_; }
  Index multiply_adds() const { return out_size(); }
  /// For each output the input that it shows, or -1 for its fill.
  const std::vector<Index>& source() const { return source_; }
  /// A number for each output, which counts where source is -1.
  const Vec<S>& fill() const { return fill_; }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const {
    gather(x, y, [this](std::size_t i) { return fill_[static_cast<Index>(i)]; });
  }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    gather(x_dot, y_dot, [](std::size_t) { return S(0); });
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    each_column(y_bar.cols(), [&](Index n) {
      const S* from = detail::entry(y_bar, 0, n);
      S* to = detail::entry(x_bar, 0, n);
      std::fill_n(to, in_size_, S(0));
      for (std::size_t i = 0; i < source_.size(); ++i)
        if (source_[i] >= 0) to[source_[i]] += from[i];
    });
  }

 private:
  Rearrange(std::vector<Index> source, Index in_size, std::optional<Shape> in, std::optional<Shape> out)
      : source_(std::move(source)), in_size_(in_size), in_shape_(in), out_shape_(out) {
    require(in_size >= 1, "Rearrange: in_size must be >= 1, got ", in_size);
    require(!source_.empty(), "Rearrange: source must have at least 1 entry, got 0");
    for (std::size_t i = 0; i < source_.size(); ++i)
      require(source_[i] >= -1 && source_[i] < in_size, "Rearrange: source[", i,
              "] must be from -1 (a constant) to ", in_size - 1, ", the last row of x, got ", source_[i]);
    if (!out) return;
    require_shape(*out, "Rearrange (the shape of the output)");
    require(out->size() == out_size(), "Rearrange: the output shape ", *out, " has ", out->size(),
            " numbers, source has ", out_size());
  }
  static Index checked_size(const Shape& in) {
    require_shape(in, name);
    return in.size();
  }
  void set_fill(Vec<S> fill) {
    require(fill.size() == out_size(), "Rearrange: fill has ", fill.size(), " entries, source has ",
            out_size());
    fill_ = std::move(fill);
  }

  template <class Fill>
  void gather(MatIn<S> x, MatOut<S> y, const Fill& fill) const {
    each_column(x.cols(), [&](Index n) {
      const S* from = detail::entry(x, 0, n);
      S* to = detail::entry(y, 0, n);
      for (std::size_t i = 0; i < source_.size(); ++i) to[i] = source_[i] >= 0 ? from[source_[i]] : fill(i);
    });
  }
  /// body(column)
  template <class Body>
  void each_column(Index columns, const Body& body) const {
    detail::for_runs(columns, 1, out_size(), [&](Index n, Index) { body(n); });
  }

  std::vector<Index> source_;
  Index in_size_;
  std::optional<Shape> in_shape_, out_shape_;
  Vec<S> fill_;
};

}  // namespace basin
