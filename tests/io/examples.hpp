// Small contents of files and arrays for the tests of the readers. Needs zlib.
#pragma once
#include <zlib.h>  // deflate

#include <vector>  // std::vector

#include "basin/core/checked_product.hpp"
#include "basin/data/bytes.hpp"
#include "basin/io/array.hpp"
#include "support/catch.hpp"

/// `contents` as one gzip member.
inline basin::Bytes gzipped(const basin::Bytes& contents) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  basin::Bytes out(deflateBound(&z, static_cast<uLong>(contents.size())));
  z.next_in = const_cast<Bytef*>(contents.data());
  z.avail_in = static_cast<uInt>(contents.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// 0, 1, 2, ... in this shape.
inline basin::NdArray<double> counted(const std::vector<basin::Index>& shape) {
  const auto size = static_cast<basin::Index>(*basin::detail::checked_product(shape));
  return {shape, basin::Vec<double>::LinSpaced(size, 0, double(size) - 1)};
}

/// A PNG file of 4 x 1 grey levels of 16 bits, 0, 64 * 257, 128 * 257 and 65535, without a colour chunk.
inline basin::Bytes grey_of_16_bits() {
  return {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
          0x52, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x10, 0x00, 0x00, 0x00, 0x00, 0x8c,
          0xc7, 0x8c, 0x52, 0x00, 0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60,
          0x60, 0x70, 0x70, 0x68, 0x68, 0xf8, 0xff, 0x1f, 0x00, 0x09, 0x46, 0x03, 0x7f, 0x6e, 0xd6,
          0xe5, 0x59, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
}
