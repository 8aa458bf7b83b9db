// Channels to pixels and back: PixelShuffle and PixelUnshuffle.
#pragma once
#include <cstddef>  // std::size_t
#include <vector>   // std::vector

#include "basin/core/checked_size.hpp"  // require_output
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/shape.hpp"         // Shape, require_shape
#include "basin/layers/rearrange.hpp"   // Rearrange

namespace basin::inline BASIN_ABI {

namespace detail {

/// y[c, i r + a, j r + b] = x[c r^2 + a r + b, i, j], and back: visit(row of the image with few channels, row
/// of that with many) for every pixel, in the order of the former; r is the factor, `few` its shape.
template <class Visit>
void for_shuffled(const Shape& few, Index r, const Visit& visit) {
  const Shape many{few.channels * r * r, few.height / r, few.width / r};
  for (Index c = 0; c < few.channels; ++c)
    for (Index i = 0; i < few.height; ++i)
      for (Index j = 0; j < few.width; ++j)
        visit(few.at(c, i, j), many.at((c * r + i % r) * r + j % r, i / r, j / r));
}

/// Throws unless `factor` is from 1 to 2^20 and the input has sides that make sense.
inline void require_shuffle(const char* who, const Shape& in, Index factor) {
  require_shape(in, who);
  require(factor >= 1 && factor <= Index(1) << 20, who, ": factor must be from 1 to 2^20, got ", factor);
}

}  // namespace detail

/// y[c, i r + a, j r + b] = x[c r^2 + a r + b, i, j] for the factor r: r^2 channels become one of r times the
/// sides (PyTorch's PixelShuffle). From (C r^2) x H x W to C x (H r) x (W r).
template <class S>
class PixelShuffle : public Rearrange<S> {
 public:
  static constexpr const char* name = "PixelShuffle";
  /// Throws unless factor >= 1, factor^2 divides the channels, and the sides of the output are at most 2^20.
  PixelShuffle(const Shape& in, Index factor)
      : Rearrange<S>(sources(in, factor), in, out_of(in, factor)), factor_(factor) {}
  Shape in_shape() const { return *Rearrange<S>::in_shape(); }
  Shape out_shape() const { return *Rearrange<S>::out_shape(); }
  /// By which both sides grow.
  Index factor() const { return factor_; }

 private:
  static Shape out_of(const Shape& in, Index r) {
    detail::require_shuffle(name, in, r);
    require(in.channels % (r * r) == 0, "PixelShuffle: factor^2 = ", r * r, " must divide the ", in.channels,
            " input channels");
    const Shape out{in.channels / (r * r), in.height * r, in.width * r};
    detail::require_output(name, "factor and input", out);
    return out;
  }
  static std::vector<Index> sources(const Shape& in, Index r) {
    std::vector<Index> source;
    detail::for_shuffled(out_of(in, r), r, [&](Index, Index many) { source.push_back(many); });
    return source;
  }

  Index factor_;
};

/// y[c r^2 + a r + b, i, j] = x[c, i r + a, j r + b] for the factor r: the inverse of PixelShuffle (PyTorch's
/// PixelUnshuffle). From C x (H r) x (W r) to (C r^2) x H x W.
template <class S>
class PixelUnshuffle : public Rearrange<S> {
 public:
  static constexpr const char* name = "PixelUnshuffle";
  /// Throws unless factor >= 1 divides height and width, and the output has at most 2^20 channels.
  PixelUnshuffle(const Shape& in, Index factor)
      : Rearrange<S>(sources(in, factor), in, out_of(in, factor)), factor_(factor) {}
  Shape in_shape() const { return *Rearrange<S>::in_shape(); }
  Shape out_shape() const { return *Rearrange<S>::out_shape(); }
  /// By which both sides shrink.
  Index factor() const { return factor_; }

 private:
  static Shape out_of(const Shape& in, Index r) {
    detail::require_shuffle(name, in, r);
    require(in.height % r == 0 && in.width % r == 0, "PixelUnshuffle: factor = ", r,
            " must divide height and width of the input ", in);
    const Shape out{in.channels * r * r, in.height / r, in.width / r};
    detail::require_output(name, "factor and input", out);
    return out;
  }
  static std::vector<Index> sources(const Shape& in, Index r) {
    std::vector<Index> source(static_cast<std::size_t>(out_of(in, r).size()));
    detail::for_shuffled(in, r, [&](Index few, Index many) { source[static_cast<std::size_t>(many)] = few; });
    return source;
  }

  Index factor_;
};

}  // namespace basin
