// Checksums made right again in damaged files: without them no damage is seen by what lies behind the
// checksum.
#pragma once
#include <zlib.h>  // crc32, inflate

#include <cstddef>      // std::size_t
#include <cstdint>      // std::uint16_t, std::uint32_t
#include <string_view>  // std::string_view

#include "basin/data/bytes.hpp"        // Bytes, ByteSpan
#include "basin/io/little_endian.hpp"  // load_le, store_le

namespace fuzz {

using basin::Bytes;
using basin::ByteSpan;
using basin::detail::load_le;
using basin::detail::store_le;

inline std::uint32_t crc_of(ByteSpan bytes) {
  return static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

/// What a raw deflate stream unpacks to, up to 1 MB, and how many bytes it takes; 0 of them if it is damaged.
struct Inflated {
  Bytes bytes;
  std::size_t taken = 0;
};
inline Inflated inflated(ByteSpan packed) {
  Inflated out{Bytes(1 << 20), 0};
  z_stream z{};
  if (inflateInit2(&z, -15) != Z_OK) return {};
  z.next_in = const_cast<Bytef*>(packed.data());
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = out.bytes.data();
  z.avail_out = static_cast<uInt>(out.bytes.size());
  if (inflate(&z, Z_FINISH) == Z_STREAM_END) out.taken = packed.size() - z.avail_in;
  out.bytes.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

/// Sum and size behind the first member of a gzip file whose header has no names.
inline void repair_gzip(Bytes& file) {
  constexpr std::size_t header = 10;
  if (file.size() < header + 8) return;
  const Inflated member = inflated(ByteSpan(file).subspan(header));
  const std::size_t end = header + member.taken;
  if (member.taken == 0 || end + 8 > file.size()) return;
  store_le(&file[end], crc_of(member.bytes));
  store_le(&file[end + 4], static_cast<std::uint32_t>(member.bytes.size()));
}

/// The sums of the chunks of a PNG file.
inline void repair_png(Bytes& file) {
  const auto big = [&](std::size_t at) {
    return std::uint32_t{file[at]} << 24 | std::uint32_t{file[at + 1]} << 16 |
           std::uint32_t{file[at + 2]} << 8 | std::uint32_t{file[at + 3]};
  };
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::size_t length = big(at);
    if (length > file.size() - at - 12) return;
    const std::uint32_t crc = crc_of(ByteSpan(file).subspan(at + 4, length + 4));
    for (std::size_t k = 0; k < 4; ++k)
      file[at + 8 + length + k] = static_cast<unsigned char>(crc >> (24 - 8 * k));
    at += 12 + length;
  }
}

/// Sums and sizes of the entries of a zip archive, stored or deflated, in both their headers.
inline void repair_zip(Bytes& file) {
  const auto u16 = [&](std::size_t at) { return std::size_t{load_le<std::uint16_t>(&file[at])}; };
  const auto u32 = [&](std::size_t at) { return std::size_t{load_le<std::uint32_t>(&file[at])}; };
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (std::size_t at = text.find("PK\1\2"); at != std::string_view::npos && at + 46 <= file.size();
       at = text.find("PK\1\2", at + 46)) {
    const std::size_t local = u32(at + 42);
    if (local + 30 > file.size()) continue;
    const std::size_t data = local + 30 + u16(local + 26) + u16(local + 28), packed = u32(at + 20);
    if (data > file.size() || packed > file.size() - data) continue;
    const ByteSpan bytes = ByteSpan(file).subspan(data, packed);
    const bool stored = u16(at + 10) == 0;
    const Inflated entry = stored ? Inflated{Bytes(bytes.begin(), bytes.end()), packed} : inflated(bytes);
    if (entry.taken != packed) continue;
    for (const std::size_t sums : {at + 16, local + 14}) {
      store_le(&file[sums], crc_of(entry.bytes));
      store_le(&file[sums + 4], static_cast<std::uint32_t>(packed));
      store_le(&file[sums + 8], static_cast<std::uint32_t>(entry.bytes.size()));
    }
  }
}

}  // namespace fuzz
