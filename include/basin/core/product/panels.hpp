// Panels: a few vectors of rows of a matrix, stored column by column, which is how a matrix product reads its
// left factor fastest. The right factor is read where it lies.
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::copy_n, std::fill, std::min
#include <cstddef>    // std::size_t

#include "basin/core/paths.hpp"              // product_path
#include "basin/core/product/thin_gemm.hpp"  // multiply_panels, Strided, Start
#include "basin/core/product/vectors.hpp"    // Packet, vector_size, whole_lanes, panel_rows, panel_depth
#include "basin/core/types.hpp"              // Index

BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

/// panel(first row, rows with what is filled up) for all panels of a matrix: whole ones, then single vectors.
template <class S, class Panel>
void each_panel(Index rows, const Panel& panel) {
  Index i = 0;
  for (; i + panel_rows<S> <= rows; i += panel_rows<S>) panel(i, panel_rows<S>);
  for (; i < rows; i += vector_size<S>) panel(i, vector_size<S>);
}

/// to(r, k) = A(r, k), r < rows, k < depth, A column by column; to has `height` >= rows rows, and 0 in the
/// rest.
template <class S>
void pack_panel(const S* a, Index lda, Index rows, Index height, Index depth, S* to) {
  using namespace Eigen::internal;
  for (Index k = 0; k < depth; ++k, to += height) {
    const S* const column = a + k * lda;
    if (rows == height)
      for (Index r = 0; r < height; r += vector_size<S>) pstoreu(to + r, ploadu<Packet<S>>(column + r));
    else
      std::fill(std::copy_n(column, rows, to), to + height, S(0));
  }
}
/// The same of A', A column by column.
template <class S>
void pack_panel_transposed(const S* a, Index lda, Index rows, Index height, Index depth, S* to) {
  using namespace Eigen::internal;
  constexpr Index lanes = vector_size<S>;
  Index r = 0;
  for (; r + lanes <= rows; r += lanes) {
    const S* const column = a + r * lda;
    Index k = 0;
    for (; k + lanes <= depth; k += lanes) {
      PacketBlock<Packet<S>, static_cast<int>(lanes)> block;
#pragma GCC unroll 16
      for (Index i = 0; i < lanes; ++i) block.packet[i] = ploadu<Packet<S>>(column + i * lda + k);
      ptranspose(block);
#pragma GCC unroll 16
      for (Index i = 0; i < lanes; ++i) pstoreu(to + (k + i) * height + r, block.packet[i]);
    }
    for (; k < depth; ++k)
      for (Index i = 0; i < lanes; ++i) to[k * height + r + i] = column[i * lda + k];
  }
  for (; r < height; ++r)
    for (Index k = 0; k < depth; ++k) to[k * height + r] = r < rows ? a[r * lda + k] : S(0);
}

/// C = start + A B for a packed panel of A, of which C has `rows` <= height rows.
template <class S>
void multiply_panel(Index rows, Index height, Index cols, Index depth, const S* panel, const Strided<S>& b,
                    const Start<S>& start, S* c, Index ldc) {
  if (rows == height) return multiply_panels<S>(height, cols, depth, panel, height, b, start, c, ldc);
  constexpr Index lanes = vector_size<S>, wide = 8;  // rows that were filled up have no place in C
  S tile[std::size_t(lanes * wide)];
  for (Index j = 0; j < cols; j += wide) {
    const Index some = std::min(wide, cols - j);
    if (start.data) {
      std::fill_n(tile, lanes * wide, S(0));
      for (Index i = 0; i < some; ++i)
        std::copy_n(start.data + (j + i) * start.column, rows, tile + i * lanes);
    }
    multiply_panels<S>(lanes, some, depth, panel, lanes, b.from(0, j), {start.data ? tile : nullptr, lanes},
                       tile, lanes);
    for (Index i = 0; i < some; ++i) std::copy_n(tile + i * lanes, rows, c + (j + i) * ldc);
  }
}

/// A panel of op(A), from row i and column k on.
template <bool transposed, class S>
void pack(const S* a, Index lda, Index i, Index rows, Index height, Index k, Index depth, S* to) {
  if constexpr (transposed)
    pack_panel_transposed(a + i * lda + k, lda, rows, height, depth, to);
  else
    pack_panel(a + k * lda + i, lda, rows, height, depth, to);
}

/// C = start + op(A) B in one thread, A and C column by column; `panel` has room for
/// panel_rows x panel_depth. The bits of an entry of C depend on its row of op(A), its column of B and its
/// start alone.
template <class S, bool transposed>
void multiply_by_panels(Index rows, Index cols, Index depth, const S* a, Index lda, const Strided<S>& b,
                        const Start<S>& start, S* c, Index ldc, S* panel) {
  const auto from = [&](Index i, Index j) {
    return start.data ? start.data + j * start.column + i : nullptr;
  };
  if (product_path<S>(rows, depth, false) == ProductPath::shallow) {
    S* to = panel;
    each_panel<S>(rows, [&](Index i, Index height) {
      pack<transposed>(a, lda, i, std::min(height, rows - i), height, 0, depth, to);
      to += height * depth;
    });
    for (Index j = 0; j < cols; j += micro_wide) {
      const S* packed = panel;
      each_panel<S>(rows, [&](Index i, Index height) {
        multiply_panel<S>(std::min(height, rows - i), height, std::min<Index>(micro_wide, cols - j), depth,
                          packed, b.from(0, j), {from(i, j), start.column}, c + j * ldc + i, ldc);
        packed += height * depth;
      });
    }
    return;
  }
  const Index depths = (depth + panel_depth - 1) / panel_depth,
              blocks = (cols + panel_columns - 1) / panel_columns;
  for (Index block = 0; block < blocks; ++block) {
    const Index j = cols * block / blocks / micro_wide * micro_wide;
    const Index end = block + 1 < blocks ? cols * (block + 1) / blocks / micro_wide * micro_wide : cols;
    for (Index d = 0; d < depths; ++d) {
      const Index k = depth * d / depths, some = depth * (d + 1) / depths - k;
      each_panel<S>(rows, [&](Index i, Index height) {
        const Index there = std::min(height, rows - i);
        pack<transposed>(a, lda, i, there, height, k, some, panel);
        S* const to = c + j * ldc + i;
        multiply_panel<S>(there, height, end - j, some, panel, b.from(k, j),
                          d == 0 ? Start<S>{from(i, j), start.column} : Start<S>{to, ldc}, to, ldc);
      });
    }
  }
}

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
