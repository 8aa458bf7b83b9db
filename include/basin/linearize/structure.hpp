// What the matrix of an affine network can be, whatever its parameters: forced zeros, depth, parameter counts
// (Section 4 of the paper, Theorem 5 and Supplement F). Page: docs/paper/theorem_5.md.
#pragma once
#include <algorithm>  // std::min
#include <bit>        // std::popcount
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"               // require
#include "basin/linearize/affine_layers.hpp"  // for_entries, require_affine
#include "basin/linearize/walk.hpp"           // walk

namespace basin::inline BASIN_ABI {

/// Which entries of a matrix may differ from zero: one bit each.
class NonzeroPattern {
 public:
  /// All entries zero.
  NonzeroPattern(Index rows, Index cols)
      : rows_(rows), cols_(cols), words_((cols + 63) / 64), bits_(static_cast<std::size_t>(rows * words_)) {}
  /// n x n, nonzero on the diagonal.
  static NonzeroPattern identity(Index n) {
    NonzeroPattern p(n, n);
    for (Index i = 0; i < n; ++i) p.word(i, i / 64) |= std::uint64_t(1) << (i % 64);
    return p;
  }
  /// Of the matrix.
  Index rows() const { return rows_; }
  /// Of the matrix.
  Index cols() const { return cols_; }
  /// Whether the entry may be nonzero.
  bool operator()(Index row, Index col) const { return (word(row, col / 64) >> (col % 64) & 1) != 0; }
  /// How many entries may be nonzero.
  Index nonzeros() const {
    Index n = 0;
    for (const std::uint64_t w : bits_) n += std::popcount(w);
    return n;
  }
  /// How many are zero for all parameters.
  Index zeros() const { return rows_ * cols_ - nonzeros(); }
  /// Row `row` becomes the union of itself and row `other_row` of `other`, which has as many columns.
  void unite_row(Index row, const NonzeroPattern& other, Index other_row) {
    for (Index k = 0; k < words_; ++k) word(row, k) |= other.word(other_row, k);
  }
  bool operator==(const NonzeroPattern&) const = default;

 private:
  std::uint64_t& word(Index row, Index k) { return bits_[static_cast<std::size_t>(row * words_ + k)]; }
  std::uint64_t word(Index row, Index k) const { return bits_[static_cast<std::size_t>(row * words_ + k)]; }
  Index rows_, cols_, words_;
  std::vector<std::uint64_t> bits_;
};

namespace detail {

/// Products of patterns over the semiring ({0, 1}, or, and); skips are unions.
template <class S>
struct PatternRules {
  template <class F>
  NonzeroPattern layer(const F& f, VecIn<S> theta, const NonzeroPattern& so_far) const {
    NonzeroPattern result(f.out_size(), so_far.cols());
    for_entries(f, theta, [&](Index row, Index col, S) { result.unite_row(row, so_far, col); });
    return result;
  }
  NonzeroPattern sum(NonzeroPattern x, const NonzeroPattern& fx) const {
    for (Index i = 0; i < x.rows(); ++i) x.unite_row(i, fx, i);
    return x;
  }
  NonzeroPattern stacked(const NonzeroPattern& x, const NonzeroPattern& fx) const {
    NonzeroPattern both(x.rows() + fx.rows(), x.cols());
    for (Index i = 0; i < x.rows(); ++i) both.unite_row(i, x, i);
    for (Index i = 0; i < fx.rows(); ++i) both.unite_row(x.rows() + i, fx, i);
    return both;
  }
};

/// The pattern behind f of what has the pattern `so_far` before it.
template <class F>
NonzeroPattern pattern_behind(const F& f, NonzeroPattern so_far) {
  using S = typename F::Scalar;
  const Vec<S> theta = Vec<S>::Zero(f.param_size());  // entries are visited whatever theta is
  return walk<S>(f, theta, std::move(so_far), PatternRules<S>{});
}

/// The smallest m such that `m` times next(pattern) leaves no zero of the n x n identity, or nothing once the
/// patterns repeat (Brent's algorithm) or next gives none.
template <class Next>
std::optional<Index> depth_until_full(Index n, const Next& next) {
  NonzeroPattern pattern = NonzeroPattern::identity(n), earlier = pattern;
  for (Index depth = 0, renew = 1; pattern.zeros() > 0; ++depth) {
    std::optional<NonzeroPattern> following = next(pattern);
    if (!following || *following == earlier) return std::nullopt;
    pattern = std::move(*following);
    if (depth + 1 == renew) {
      earlier = pattern;
      renew *= 2;
    }
    if (pattern.zeros() == 0) return depth + 1;
  }
  return 0;
}

/// Pairs (i, j) of n pixels in a row that `layers` kernels connect, |i - j| <= layers (kernel - 1) / 2.
inline Index pairs_within(Index n, Index layers, Index kernel) {
  const Index reach = std::min(layers, n) * std::min(kernel / 2, n);  // from n - 1 on all the same
  const Index r = std::min(reach, n - 1);
  return n * n - (n - r) * (n - r - 1);
}

/// The number of entries of a matrix, or an error in the name of `who` if an Index cannot hold it.
inline Index entries(Index rows, Index cols, const char* who) {
  require(rows == 0 || cols <= std::numeric_limits<Index>::max() / rows, who, ": a matrix of ", rows, " x ",
          cols, " has more entries than an integer of 64 bits can count");
  return rows * cols;
}

}  // namespace detail

/// The entries of A(theta) that are not zero for every theta, f(x) = A(theta) x + b(theta). Each entry is a
/// polynomial in theta; without a fixed Affine layer its coefficients are positive, so that it is zero for
/// every theta only if it has no term. (Fixed matrices with entries of both signs may cancel: such an entry
/// counts as nonzero.)
template <Layer F>
[[nodiscard]] NonzeroPattern nonzero_pattern(const F& f) {
  detail::require_affine<F>();
  if constexpr (AffineLayer<F>)
    return detail::pattern_behind(f, NonzeroPattern::identity(f.in_size()));
  else
    return {0, 0};
}

/// The number of entries of f's matrix that are zero for every theta.
template <Layer F>
[[nodiscard]] Index forced_zeros(const F& f) {
  return nonzero_pattern(f).zeros();
}

/// The same in closed form, for `layers` convolutions without stride or dilation whose padding keeps the
/// image's size, one channel: (h w)^2 - n(h, R_h) n(w, R_w), with R = layers (kernel - 1) / 2 the reach and
/// n(s, R) = s^2 - (s - R)(s - R - 1) for R < s. A 3 x 3 kernel on s x s images:
///
///     s^4 - (s^2 - (s - m - 1)(s - m))^2   for m <= s - 1 layers,
///
/// where Theorem 5 says only that s - 1 layers are needed. C_in to C_out channels have C_in C_out times as
/// many. Throws unless the kernel's sides are odd, layers >= 0 and the matrix has fewer than 2^63 entries.
[[nodiscard]] inline Index forced_zeros(const Shape& image, const Size2& kernel, Index layers) {
  require_shape(image, "forced_zeros");
  require(kernel.height >= 1 && kernel.width >= 1 && kernel.height % 2 == 1 && kernel.width % 2 == 1,
          "forced_zeros: kernel must be odd, so that padding can keep the size, got ", kernel);
  require(image.channels == 1, "forced_zeros: the closed form is for one channel, got ", image.channels);
  require(layers >= 0, "forced_zeros: layers must be >= 0, got ", layers);
  return detail::entries(image.pixels(), image.pixels(), "forced_zeros") -
         detail::pairs_within(image.height, layers, kernel.height) *
             detail::pairs_within(image.width, layers, kernel.width);
}

/// The smallest m such that Stack(block, m) has no forced zero, each layer with parameters of its own;
/// nothing if no depth has none. Theorem 5: s - 1 for a 3 x 3 convolution that keeps s x s images. For
/// strides put what returns to the shape into the block, Chain(Conv2d, UpsampleNearest, ...). Throws unless
/// block gives what it takes.
template <Layer F>
[[nodiscard]] std::optional<Index> depth_without_forced_zeros(const F& block) {
  detail::require_affine<F>();
  if constexpr (AffineLayer<F>) {
    require(block.in_size() == block.out_size(), "depth_without_forced_zeros: the block maps ",
            block.in_size(), " rows to ", block.out_size(), ", expected as many");
    return detail::depth_until_full(block.in_size(), [&](const NonzeroPattern& p) {
      return std::optional(detail::pattern_behind(block, p));
    });
  } else {
    return std::nullopt;
  }
}

/// The same for convolutions, each on the image that the one before gives: with stride > 1, or padding that
/// does not keep the size, the images shrink from layer to layer. Nothing also when they have become too
/// small for the kernel. Throws where Conv2d does on the first image, and if images grow.
template <class = void>
[[nodiscard]] std::optional<Index> depth_without_forced_zeros(Shape image, const Conv2dOptions& o) {
  using Net = Conv2d<double>;
  const Shape first = Net(image, o).out_shape();
  require(first.height <= image.height && first.width <= image.width,
          "depth_without_forced_zeros: the convolution makes ", first, " of ", image,
          ": images would grow from layer to layer");
  const Padding& p = o.padding;
  return detail::depth_until_full(
      image.size(), [&](const NonzeroPattern& so_far) -> std::optional<NonzeroPattern> {
        if (image.height + p.top + p.bottom <= o.dilation.height * (o.kernel.height - 1) ||
            image.width + p.left + p.right <= o.dilation.width * (o.kernel.width - 1))
          return std::nullopt;
        const Net layer(image, o);
        image = layer.out_shape();
        return detail::pattern_behind(layer, so_far);
      });
}

/// Supplement F's heuristic depth, ceil((h w)^2 / (k_h k_w)): as many parameters in convolutions that keep
/// the image's shape as the dense matrix has entries, whatever the number of channels. For s x s images and 3
/// x 3 kernels, ceil(s^4 / 9); Table 2 prints 144 for 7 x 7, where it is 267. Throws where (h w)^2 is 2^63 or
/// more.
[[nodiscard]] inline Index heuristic_depth(const Shape& image, const Size2& kernel = {3, 3}) {
  require_shape(image, "heuristic_depth");
  require(kernel.height >= 1 && kernel.width >= 1, "heuristic_depth: kernel must be >= 1 x 1, got ", kernel);
  const Index dense = detail::entries(image.pixels(), image.pixels(), "heuristic_depth");
  const Index area = detail::entries(kernel.height, kernel.width, "heuristic_depth");
  return dense / area + (dense % area == 0 ? 0 : 1);
}
/// For s x s images and 3 x 3 kernels: ceil(s^4 / 9).
[[nodiscard]] inline Index heuristic_depth(Index s) { return heuristic_depth(Shape{1, s, s}); }

/// The parameters of one dense layer with f's inputs and outputs: n m + m, its bias included. Throws where
/// that is 2^63 or more.
template <Layer F>
[[nodiscard]] Index dense_parameters(const F& f) {
  return detail::entries(f.out_size(), f.in_size() + 1, "dense_parameters");
}

}  // namespace basin
