// Images with their channels side by side, and what brings them there, into products and back
// (layers/tiles/tiled_conv.hpp).
#pragma once
#include <Eigen/Core>
#include <algorithm>  // std::fill, std::min

#include "basin/core/product/vectors.hpp"   // Packet, vector_size, whole_lanes
#include "basin/core/types.hpp"             // Index
#include "basin/layers/tiles/winograd.hpp"  // along_both_sides

BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

/// Numbers from one pixel to the next: an odd number of 16s, so that neighbours do not compete for the same
/// few places of a cache.
inline Index channel_pitch(Index channels) { return ((channels + 15) / 16 | 1) * 16; }

/// Some rows of an image with its channels side by side: pixel (i, j) of the image lies at
/// data + ((i - first_row) row + (j + left)) pitch.
template <class S>
struct ChannelRows {
  S* data;
  Index row, pitch;       // pixels in a row, numbers of a pixel
  Index first_row, left;  // of the image, counted from the top; zeros at the left of it
  S* pixel(Index i, Index j) const { return data + ((i - first_row) * row + j + left) * pitch; }
};

/// Calls vectors(places, p, c), for channels c, ... and pixels p, ... of rows [begin, end) of an image a
/// vector long each, and single(place, p, c) for what is left over; places are those of the pixels in `rows`.
template <class S, class Vectors, class Single>
EIGEN_STRONG_INLINE void for_pixel_blocks(const ChannelRows<S>& rows, Index channels, Index width,
                                          Index begin, Index end, const Vectors& vectors,
                                          const Single& single) {
  constexpr Index lanes = vector_size<S>;
  const Index whole = channels / lanes * lanes;
  Index i = begin, j = 0;
  for (Index p = begin * width; p < end * width;) {
    const Index count = std::min(lanes, end * width - p);
    S* places[static_cast<std::size_t>(lanes)];
    for (Index l = 0; l < count; ++l) {
      places[l] = rows.pixel(i, j);
      if (++j == width) j = 0, ++i;
    }
    Index c = 0;
    if (count == lanes)
      for (; c < whole; c += lanes) vectors(places, p, c);
    for (; c < channels; ++c)
      for (Index l = 0; l < count; ++l) single(places[l], p + l, c);
    p += count;
  }
}

/// rows(i, j)[c] = image[c pixels + i width + j] for image rows [begin, end).
template <class S>
void load_channels(const S* image, Index channels, Index pixels, Index width, Index begin, Index end,
                   const ChannelRows<S>& rows) {
  using namespace Eigen::internal;
  constexpr Index lanes = vector_size<S>;
  for_pixel_blocks<S>(
      rows, channels, width, begin, end,
      [&](S* const* places, Index p, Index c) {
        PacketBlock<Packet<S>, lanes> block;
        for (Index l = 0; l < lanes; ++l) block.packet[l] = ploadu<Packet<S>>(image + (c + l) * pixels + p);
        ptranspose(block);
        for (Index l = 0; l < lanes; ++l) pstoreu(places[l] + c, block.packet[l]);
      },
      [&](S* place, Index p, Index c) { place[c] = image[c * pixels + p]; });
}

/// image[c pixels + i width + j] = rows(i, j)[c] + bias[c] for image rows [begin, end); bias may be nullptr.
/// With `add`, += in place of =.
template <bool add, class S>
void store_channels(const ChannelRows<S>& rows, const S* bias, Index channels, Index pixels, Index width,
                    Index begin, Index end, S* image) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  for_pixel_blocks<S>(
      rows, channels, width, begin, end,
      [&](S* const* places, Index p, Index c) {
        PacketBlock<P, lanes> block;
        for (Index l = 0; l < lanes; ++l) block.packet[l] = ploadu<P>(places[l] + c);
        ptranspose(block);
        for (Index l = 0; l < lanes; ++l) {
          S* const to = image + (c + l) * pixels + p;
          const P base = add ? ploadu<P>(to) : pset1<P>(bias ? bias[c + l] : S(0));
          pstoreu(to, padd(block.packet[l], base));
        }
      },
      [&](const S* place, Index p, Index c) {
        S& to = image[c * pixels + p];
        to = place[c] + (add ? to : bias ? bias[c] : S(0));
      });
}

/// `products` matrices with one column of channels for each tile.
template <class S>
struct ChannelMatrices {
  S* data;
  Index pitch, stride;  // numbers from tile to tile and from matrix to matrix
};

/// matrix k, at [tile], = entry k of L d L' for the tiles of `tile_rows` x `tile_cols` with corners `step`
/// pixels apart.
template <class L, class S>
void tiles_to_matrices(const S* corner, Index row, Index pitch, Index step, Index tile_rows, Index tile_cols,
                       Index channels, const ChannelMatrices<S>& matrices) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  S* out = matrices.data;
  for (Index i = 0; i < tile_rows; ++i)
    for (Index j = 0; j < tile_cols; ++j, out += matrices.pitch) {
      const S* const in = corner + (i * row + j) * step * pitch;
      for (Index c = 0; c < channels; c += vector_size<S>) {
        P d[L::from * L::from], v[L::to * L::to];
#pragma GCC unroll 4
        for (int a = 0; a < L::from; ++a)
#pragma GCC unroll 4
          for (int b = 0; b < L::from; ++b) d[a * L::from + b] = ploadu<P>(in + (a * row + b) * pitch + c);
        along_both_sides<L>(d, v);
#pragma GCC unroll 16
        for (int k = 0; k < L::to * L::to; ++k) pstoreu(out + k * matrices.stride + c, v[k]);
      }
    }
}

/// The way back: the tiles = L v L' with v from the matrices; with `add`, += since tiles overlap.
template <class L, bool add, class S>
void matrices_to_tiles(const ChannelMatrices<S>& matrices, Index row, Index pitch, Index step,
                       Index tile_rows, Index tile_cols, Index channels, S* corner) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  const S* in = matrices.data;
  for (Index i = 0; i < tile_rows; ++i)
    for (Index j = 0; j < tile_cols; ++j, in += matrices.pitch) {
      S* const out = corner + (i * row + j) * step * pitch;
      for (Index c = 0; c < channels; c += vector_size<S>) {
        P v[L::from * L::from], d[L::to * L::to];
#pragma GCC unroll 16
        for (int k = 0; k < L::from * L::from; ++k) v[k] = ploadu<P>(in + k * matrices.stride + c);
        along_both_sides<L>(v, d);
#pragma GCC unroll 4
        for (int a = 0; a < L::to; ++a)
#pragma GCC unroll 4
          for (int b = 0; b < L::to; ++b) {
            S* const to = out + (a * row + b) * pitch + c;
            const P value = d[a * L::to + b];
            pstoreu(to, add ? padd(ploadu<P>(to), value) : value);
          }
      }
    }
}

/// The 3 x 3 filters w(r, c) at data + r row + c column, r < rows, c < cols.
template <class S>
struct Filters {
  S* data;
  Index row, column, rows, cols;
};

/// matrices(k)[c][r] = entry k of L w(r, c) L', where k = 0, ... and r is contiguous.
template <class L, class S>
void filters_to_matrices(const Filters<const S>& w, const ChannelMatrices<S>& matrices) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  S rest[static_cast<std::size_t>(9 * lanes)];  // the last filters of a column, filled up with zeros
  std::fill(rest, rest + 9 * lanes, S(0));
  for (Index r = 0; r < w.rows; r += lanes)
    for (Index c = 0; c < w.cols; ++c) {
      const S* from = w.data + r * w.row + c * w.column;
      Index row = w.row;
      if (r + lanes > w.rows) {
        for (Index l = 0; l < w.rows - r; ++l) std::copy(from + l * row, from + l * row + 9, rest + 9 * l);
        from = rest;
        row = 9;
      }
      P taps[9], u[L::to * L::to];
#pragma GCC unroll 9
      for (int k = 0; k < 9; ++k) taps[k] = pgather<S, P>(from + k, row);
      along_both_sides<L>(taps, u);
#pragma GCC unroll 16
      for (int k = 0; k < L::to * L::to; ++k)
        pstoreu(matrices.data + k * matrices.stride + c * matrices.pitch + r, u[k]);
    }
}

/// w(r, c) += L u L' with u from the matrices.
template <class L, class S>
void add_matrices_to_filters(const ChannelMatrices<S>& matrices, const Filters<S>& w) {
  using namespace Eigen::internal;
  using P = Packet<S>;
  constexpr Index lanes = vector_size<S>;
  for (Index r = 0; r < w.rows; r += lanes)
    for (Index c = 0; c < w.cols; ++c) {
      P u[L::from * L::from], taps[9];
#pragma GCC unroll 16
      for (int k = 0; k < L::from * L::from; ++k)
        u[k] = ploadu<P>(matrices.data + k * matrices.stride + c * matrices.pitch + r);
      along_both_sides<L>(u, taps);
      S sums[9][static_cast<std::size_t>(lanes)];
      for (int k = 0; k < 9; ++k) pstoreu(sums[k], taps[k]);
      for (Index l = 0; l < std::min(lanes, w.rows - r); ++l) {
        S* const to = w.data + (r + l) * w.row + c * w.column;
        for (int k = 0; k < 9; ++k) to[k] += sums[k][l];
      }
    }
}

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
