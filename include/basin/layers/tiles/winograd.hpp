// Two outputs of a convolution with three taps by fewer multiplications (Winograd 1980; Lavin, Gray 2016).
#pragma once
#include <Eigen/Core>
#include <cstddef>      // std::size_t
#include <iterator>     // std::size
#include <type_traits>  // std::is_same_v
#include <utility>      // std::integer_sequence

#include "basin/core/types.hpp"  // Index

// Loops over registers must vanish at -O2 too: `unroll` says so.
BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

// Along one side, two neighbouring outputs y depend on `tile` inputs d and on three taps w:
//
//     y = A'[(G w) * (B' d)],   * entry by entry, on `products` entries,
//
// with constant matrices A, B, G. The six maps that forward and derivatives need are these and their
// transposes, each with `from`, `to` and map(x, s, y, t), which reads x[0], x[s], ... and writes y[0], y[t],
// ... On images the maps are applied along both sides.

template <int rows, int cols>
struct Constants {
  double entry[static_cast<std::size_t>(rows)][static_cast<std::size_t>(cols)];
  constexpr Constants<cols, rows> transposed() const {
    Constants<cols, rows> t{};
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j) t.entry[j][i] = entry[i][j];
    return t;
  }
};

/// sign x with a sign of 0, 1 or -1, to be added to a sum that begins with Nothing.
template <int sign, class P>
struct Term {
  P x;
};
struct Nothing {};
template <class Sum, int sign, class P>
EIGEN_ALWAYS_INLINE auto operator+(Sum sum, Term<sign, P> t) {
  using namespace Eigen::internal;
  if constexpr (sign == 0)
    return sum;
  else if constexpr (std::is_same_v<Sum, Nothing>)
    return sign > 0 ? t.x : pnegate(t.x);
  else
    return sign > 0 ? padd(sum, t.x) : psub(sum, t.x);
}

/// y = M x for a constant M of entries 0, +-1 and +-1/2.
template <auto M>
struct ConstantMap {
  static constexpr Index to = std::size(M.entry), from = std::size(M.entry[0]);

  template <class P>
  static EIGEN_ALWAYS_INLINE void map(const P* x, Index s, P* y, Index t) {
    rows(x, s, y, t, std::make_integer_sequence<int, to>(), std::make_integer_sequence<int, from>());
  }

 private:
  template <class P, int... i, class Columns>
  static EIGEN_ALWAYS_INLINE void rows(const P* x, Index s, P* y, Index t, std::integer_sequence<int, i...>,
                                       Columns columns) {
    ((y[i * t] = row<i>(x, s, columns)), ...);
  }
  /// Ones are added from the first positive one on, cyclically, so that no vector is negated for a sum.
  /// Halves are added from both ends inwards: rows that differ by the sign in the middle share a sum.
  template <int i, class P, int... k>
  static EIGEN_ALWAYS_INLINE P row(const P* x, Index s, std::integer_sequence<int, k...>) {
    using namespace Eigen::internal;
    constexpr int first = first_positive(i);
    const auto ones = (Nothing() + ... + Term<sign<i, (first + k) % from>(1), P>{x[(first + k) % from * s]});
    const P half = pset1<P>(0.5f);
    const auto halves = (Nothing() + ... + Term<sign<i, inwards(k)>(.5), P>{pmul(half, x[inwards(k) * s])});
    if constexpr (std::is_same_v<decltype(halves), const Nothing>)
      return ones;
    else if constexpr (std::is_same_v<decltype(ones), const Nothing>)
      return halves;
    else
      return padd(ones, halves);
  }
  template <int i, int j>
  static constexpr int sign(double size) {
    return M.entry[i][j] == size ? 1 : M.entry[i][j] == -size ? -1 : 0;
  }
  static constexpr int first_positive(int i) {
    for (int j = 0; j < from; ++j)
      if (M.entry[i][j] > 0) return j;
    return 0;
  }
  static constexpr int inwards(int k) { return k % 2 == 0 ? k / 2 : static_cast<int>(from) - 1 - k / 2; }
};

template <auto A, auto B, auto G>
struct WinogradMaps {
  using Data = ConstantMap<B.transposed()>;
  using DataAdjoint = ConstantMap<B>;
  using Output = ConstantMap<A.transposed()>;
  using OutputAdjoint = ConstantMap<A>;
  using Weight = ConstantMap<G>;
  using WeightAdjoint = ConstantMap<G.transposed()>;
};

/// F(2, 3): four products in place of six. The next tile begins two inputs further.
struct Winograd : WinogradMaps<Constants<4, 2>{{{1, 0}, {1, 1}, {1, -1}, {0, -1}}},
                               Constants<4, 4>{{{1, 0, 0, 0}, {0, 1, -1, 1}, {-1, 1, 1, 0}, {0, 0, 0, -1}}},
                               Constants<4, 3>{{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}}}> {
  static constexpr Index tile = 4, step = 2, products = 4;
};

/// The same behind nearest upsampling by 2, from the small image: outputs 2 i and 2 i + 1 depend on its
/// pixels i - 1, i and i + 1, y = (w0 d0 + (w1 + w2) d1, (w0 + w1) d1 + w2 d2). Three products in place of
/// six; the one of d1 comes first, which DataAdjoint begins with.
struct UpsampledWinograd : WinogradMaps<Constants<3, 2>{{{1, 1}, {1, 0}, {0, -1}}},
                                        Constants<3, 3>{{{0, 1, 0}, {1, -1, 1}, {0, 0, -1}}},
                                        Constants<3, 3>{{{1, 1, 1}, {1, 0, 0}, {0, 0, 1}}}> {
  static constexpr Index tile = 3, step = 1, products = 3;
};

/// y = L x L' for a map L of these: x holds from x from entries, y to x to.
template <class L, class P>
EIGEN_STRONG_INLINE void along_both_sides(const P* x, P* y) {
  P half[L::to * L::from];
#pragma GCC unroll 4
  for (Index j = 0; j < L::from; ++j) L::map(x + j, L::from, half + j, L::from);
#pragma GCC unroll 4
  for (Index i = 0; i < L::to; ++i) L::map(half + i * L::from, 1, y + i * L::to, 1);
}

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
