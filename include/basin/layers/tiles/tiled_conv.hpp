// The 3 x 3 convolution of many channels in tiles of 2 x 2 outputs, alone or behind nearest upsampling.
#pragma once
#include <algorithm>  // std::clamp, std::fill, std::max, std::min
#include <cstdint>    // std::uintptr_t

#include "basin/core/parallel.hpp"                 // parallel_for, column_range, free_threads
#include "basin/core/product/thin_gemm.hpp"        // multiply_panels, Strided
#include "basin/core/product/vectors.hpp"          // vector_size, whole_lanes
#include "basin/core/shape.hpp"                    // Shape
#include "basin/core/types.hpp"                    // MatIn, MatOut, Vec, Index
#include "basin/layers/tiles/channel_vectors.hpp"  // ChannelRows, ChannelMatrices, Filters
#include "basin/layers/tiles/winograd.hpp"         // Winograd, UpsampledWinograd

namespace basin::inline BASIN_ABI::detail {

/// y = conv(x; w) for a 3 x 3 kernel with stride 1, where x is `in`
/// (for UpsampledWinograd: before the upsampling) and y is `out`, and both derivatives. Per tile of 2 x 2
/// outputs, 16 (9) products of a pair of channels replace 36.
///
/// A block of some tiles is worked on at a time: channels are brought side by side, each tile mapped to
/// Method's products, these are `products`^2 products of matrices over the channels, and the way back.
/// Differences between neighbours are taken before the products, so that results differ from direct sums by
/// rounding (of the largest number near a pixel), and a number that is not finite spreads over its tiles.
///
/// The threads share each step of a large block, by channels or by products. No sum is cut, so that their
/// number does not change a bit.
template <class S, class Method>
class TiledConv {
  static constexpr Index kinds = Method::products * Method::products;
  static constexpr Index most_tiles = 64;  // in a block: enough for the products, few enough for the cache

 public:
  /// `top` and `left` are rows and columns of zeros before x.
  TiledConv(const Shape& in, const Shape& out, Index top, Index left)
      : in_(in),
        out_(out),
        top_(top),
        left_(left),
        tile_rows_((out.height + 1) / 2),
        tile_cols_((out.width + 1) / 2),
        band_(std::clamp<Index>(most_tiles / tile_cols_, 1, tile_rows_)),
        samples_(band_ == tile_rows_ ? std::max<Index>(1, most_tiles / (tile_rows_ * tile_cols_)) : 1) {}

  /// y = conv(x; w) + b for each column; b may be nullptr.
  void apply(const S* w, const S* b, MatIn<S> x, MatOut<S> y) const {
    Memory m(*this, x.cols());
    const ChannelMatrices<S> weight = m.matrices(in_.channels, m.out_pitch);
    to_matrices({w, 9 * in_.channels, 9, out_.channels, in_.channels}, weight);
    const ChannelMatrices<S> data = m.matrices(m.tiles, m.in_pitch),
                             products = m.matrices(m.tiles, m.out_pitch);
    S *const rows_in = m.take(m.in_rows), *const rows_out = m.take(m.out_rows);
    for_blocks(x.cols(), [&](const Block& k) {
      load_data(x, k, rows_in, data);
      over_products(k, [&](Index p) {
        multiply_panels<S>(whole_lanes<S>(out_.channels), tiles(k), in_.channels,
                           weight.data + p * weight.stride, weight.pitch,
                           {data.data + p * data.stride, 1, data.pitch}, {nullptr, 0},
                           products.data + p * products.stride, products.pitch);
      });
      over_channels(k, out_.channels, [&](Index begin, Index end) {
        const ChannelRows<S> rows = from_channel(output_rows(rows_out, k), begin);
        for (Index n = 0; n < k.samples; ++n) {
          matrices_to_tiles<typename Method::Output, false>(of_sample(products, k, n, begin), rows.row,
                                                            rows.pitch, 2, k.rows, tile_cols_,
                                                            whole_lanes<S>(end - begin), rows.data);
          store_channels<false, S>(rows, b ? b + begin : nullptr, end - begin, out_.pixels(), out_.width,
                                   2 * k.row, output_end(k), entry(y, begin * out_.pixels(), k.sample + n));
        }
      });
    });
  }

  /// x_bar = conv'(y_bar; w) unless x_bar has size 0; w_bar += its gradient unless it is nullptr.
  void apply_adjoint(const S* w, MatIn<S> x, MatIn<S> y_bar, MatOut<S> x_bar, S* w_bar) const {
    const bool input = x_bar.size() > 0, gradient = w_bar != nullptr;
    if ((!input && !gradient) || y_bar.cols() == 0) return;
    Memory m(*this, y_bar.cols());
    ChannelMatrices<S> weight{}, weight_bar{};
    if (input) {
      parallel_zero(x_bar);
      weight = m.matrices(out_.channels, m.in_pitch);
      to_matrices({w, 9, 9 * in_.channels, in_.channels, out_.channels}, weight);
    }
    if (gradient) weight_bar = m.matrices(in_.channels, m.out_pitch);
    const ChannelMatrices<S> data = m.matrices(m.tiles, m.in_pitch),
                             products = m.matrices(m.tiles, m.out_pitch);
    S *const rows_in = m.take(m.in_rows), *const rows_out = m.take(m.out_rows);
    for_blocks(y_bar.cols(), [&](const Block& k) {
      load_products(y_bar, k, rows_out, products);
      if (gradient) load_data(x, k, rows_in, data);
      over_products(k, [&](Index p) {
        if (gradient) {
          S* const sum = weight_bar.data + p * weight_bar.stride;
          const bool first = k.sample == 0 && k.row == 0;
          multiply_panels<S>(whole_lanes<S>(out_.channels), in_.channels, tiles(k),
                             products.data + p * products.stride, products.pitch,
                             {data.data + p * data.stride, data.pitch, 1},
                             {first ? nullptr : sum, weight_bar.pitch}, sum, weight_bar.pitch);
        }
        if (input)
          multiply_panels<S>(whole_lanes<S>(in_.channels), tiles(k), out_.channels,
                             weight.data + p * weight.stride, weight.pitch,
                             {products.data + p * products.stride, 1, products.pitch}, {nullptr, 0},
                             data.data + p * data.stride, data.pitch);
      });
      if (!input) return;
      over_channels(k, in_.channels, [&](Index begin, Index end) {
        const ChannelRows<S> rows = from_channel(input_rows(rows_in, k), begin);
        for (Index n = 0; n < k.samples; ++n) {
          clear(rows, input_height(k.rows), end - begin);
          matrices_to_tiles<typename Method::DataAdjoint, true>(of_sample(data, k, n, begin), rows.row,
                                                                rows.pitch, Method::step, k.rows, tile_cols_,
                                                                whole_lanes<S>(end - begin), rows.data);
          store_channels<true, S>(rows, nullptr, end - begin, in_.pixels(), in_.width, input_begin(k),
                                  input_end(k), entry(x_bar, begin * in_.pixels(), k.sample + n));
        }
      });
    });
    if (gradient)
      over_channels(large_weight(), out_.channels, [&](Index begin, Index end) {
        add_matrices_to_filters<typename Method::WeightAdjoint, S>(
            {weight_bar.data + begin, weight_bar.pitch, weight_bar.stride},
            {w_bar + begin * 9 * in_.channels, 9 * in_.channels, 9, end - begin, in_.channels});
      });
  }

 private:
  /// Tile rows [row, row + rows) of samples [sample, sample + samples).
  struct Block {
    Index sample, samples, row, rows;
  };
  template <class Body>
  void for_blocks(Index columns, const Body& body) const {
    for (Index n = 0; n < columns; n += samples_)
      for (Index i = 0; i < tile_rows_; i += band_)
        body(Block{n, std::min(samples_, columns - n), i, std::min(band_, tile_rows_ - i)});
  }
  Index tiles(const Block& k) const { return k.samples * k.rows * tile_cols_; }
  ChannelMatrices<S> of_sample(const ChannelMatrices<S>& all, const Block& k, Index n, Index channel) const {
    return {all.data + n * k.rows * tile_cols_ * all.pitch + channel, all.pitch, all.stride};
  }
  static ChannelRows<S> from_channel(ChannelRows<S> rows, Index channel) {
    rows.data += channel;
    return rows;
  }

  /// Whether a step of the block is worth starting threads, which takes microseconds.
  bool large(const Block& k) const {
    return static_cast<double>(kinds * in_.channels * out_.channels) * static_cast<double>(tiles(k)) >= 1e6;
  }
  bool large_weight() const { return in_.channels * out_.channels >= 1 << 12; }
  /// body(begin, end) for ranges of whole vectors of channels.
  template <class Body>
  static void over_channels(bool spread, Index channels, const Body& body) {
    const Index lanes = vector_size<S>, vectors = whole_lanes<S>(channels) / lanes;
    const Index parts = spread ? std::min<Index>(vectors, free_threads()) : 1;
    parallel_for(parts, [&](Index k) {
      const ColumnRange part = column_range(vectors, parts, k);
      body(part.begin * lanes, std::min(channels, (part.begin + part.size) * lanes));
    });
  }
  template <class Body>
  void over_channels(const Block& k, Index channels, const Body& body) const {
    over_channels(large(k), channels, body);
  }
  /// body(p) for each of the products of two matrices.
  template <class Body>
  void over_products(const Block& k, const Body& body) const {
    if (large(k)) return parallel_for(kinds, body);
    for (Index p = 0; p < kinds; ++p) body(p);
  }

  void to_matrices(const Filters<const S>& w, const ChannelMatrices<S>& matrices) const {
    over_channels(large_weight(), w.rows, [&](Index begin, Index end) {
      filters_to_matrices<typename Method::Weight, S>(
          {w.data + begin * w.row, w.row, w.column, end - begin, w.cols},
          {matrices.data + begin, matrices.pitch, matrices.stride});
    });
  }
  /// Zeros in so many rows, from the first channel of `rows` on.
  static void clear(const ChannelRows<S>& rows, Index height, Index channels) {
    const Index pixels = height * rows.row;
    for (Index p = 0; p < pixels; ++p)
      std::fill_n(rows.data + p * rows.pitch, whole_lanes<S>(channels), S(0));
  }

  // Rows of x and y under a block; in memory they are as wide as the tiles.
  Index input_width() const { return Method::step * tile_cols_ + Method::tile - Method::step; }
  Index input_height(Index rows) const { return Method::step * rows + Method::tile - Method::step; }
  Index input_begin(const Block& k) const { return std::max<Index>(0, Method::step * k.row - top_); }
  Index input_end(const Block& k) const {
    return std::max(input_begin(k), std::min(in_.height, Method::step * k.row - top_ + input_height(k.rows)));
  }
  Index output_end(const Block& k) const { return std::min(out_.height, 2 * (k.row + k.rows)); }
  ChannelRows<S> input_rows(S* data, const Block& k) const {
    return {data, input_width(), channel_pitch(in_.channels), Method::step * k.row - top_, left_};
  }
  ChannelRows<S> output_rows(S* data, const Block& k) const {
    return {data, 2 * tile_cols_, channel_pitch(out_.channels), 2 * k.row, 0};
  }

  void load_data(MatIn<S> x, const Block& k, S* memory, const ChannelMatrices<S>& data) const {
    over_channels(k, in_.channels, [&](Index begin, Index end) {
      const ChannelRows<S> rows = from_channel(input_rows(memory, k), begin);
      for (Index n = 0; n < k.samples; ++n) {
        clear(rows, input_height(k.rows), end - begin);
        load_channels<S>(entry(x, begin * in_.pixels(), k.sample + n), end - begin, in_.pixels(), in_.width,
                         input_begin(k), input_end(k), rows);
        tiles_to_matrices<typename Method::Data, S>(rows.data, rows.row, rows.pitch, Method::step, k.rows,
                                                    tile_cols_, whole_lanes<S>(end - begin),
                                                    of_sample(data, k, n, begin));
      }
    });
  }
  void load_products(MatIn<S> y_bar, const Block& k, S* memory, const ChannelMatrices<S>& products) const {
    over_channels(k, out_.channels, [&](Index begin, Index end) {
      const ChannelRows<S> rows = from_channel(output_rows(memory, k), begin);
      for (Index n = 0; n < k.samples; ++n) {
        clear(rows, 2 * k.rows, end - begin);
        load_channels<S>(entry(y_bar, begin * out_.pixels(), k.sample + n), end - begin, out_.pixels(),
                         out_.width, 2 * k.row, output_end(k), rows);
        tiles_to_matrices<typename Method::OutputAdjoint, S>(rows.data, rows.row, rows.pitch, 2, k.rows,
                                                             tile_cols_, whole_lanes<S>(end - begin),
                                                             of_sample(products, k, n, begin));
      }
    });
  }

  /// Working memory, kept by each thread from call to call and shared by all layers; 64-byte lines.
  struct Memory {
    Index in_pitch, out_pitch, tiles, in_rows, out_rows;
    S* next;
    S* end;

    Memory(const TiledConv& f, Index columns)
        : in_pitch(channel_pitch(f.in_.channels)),
          out_pitch(channel_pitch(f.out_.channels)),
          tiles(std::min(f.samples_, columns) * f.band_ * f.tile_cols_),
          in_rows(f.input_height(f.band_) * f.input_width() * in_pitch),
          out_rows(4 * f.band_ * f.tile_cols_ * out_pitch) {
      const Index weights = std::max(stride(f.in_.channels, out_pitch), stride(f.out_.channels, in_pitch)) +
                            stride(f.in_.channels, out_pitch);
      const Index size =
          kinds * (weights + stride(tiles, in_pitch) + stride(tiles, out_pitch)) + in_rows + out_rows + 16;
      thread_local Vec<S> memory;
      if (memory.size() < size) memory.resize(size);
      const auto misplaced =
          static_cast<Index>(reinterpret_cast<std::uintptr_t>(memory.data()) % 64 / sizeof(S));
      next = memory.data() + (misplaced > 0 ? static_cast<Index>(64 / sizeof(S)) - misplaced : 0);
      end = memory.data() + size;
    }
    S* take(Index size) {
      S* const begin = next;
      next += size;
      eigen_assert(next <= end);
      return begin;
    }
    /// Matrices of `pitch` x columns.
    ChannelMatrices<S> matrices(Index columns, Index pitch) {
      return {take(kinds * stride(columns, pitch)), pitch, stride(columns, pitch)};
    }
    /// An odd number of lines, like the pitch.
    static Index stride(Index columns, Index pitch) { return (columns * pitch / 16 | 1) * 16; }
  };

  Shape in_, out_;
  Index top_, left_;
  Index tile_rows_, tile_cols_;
  Index band_, samples_;  // rows of tiles and samples of a block
};

}  // namespace basin::detail

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI::detail {
extern template class TiledConv<float, Winograd>;
extern template class TiledConv<double, Winograd>;
}  // namespace basin::detail
#endif
