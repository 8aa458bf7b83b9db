// A number that tells whether bytes are those that were written.
#pragma once
#include <array>        // std::array
#include <bit>          // std::rotl
#include <charconv>     // std::to_chars
#include <cstddef>      // std::size_t
#include <cstdint>      // std::uint64_t
#include <string>       // std::string
#include <string_view>  // std::string_view

#include "basin/core/config.hpp"  // BASIN_ABI

namespace basin::inline BASIN_ABI::detail {

/// 64 bits of everything that was added, in order and with its sizes. h = rotl((h ^ word) m, 31) for each
/// eight bytes, m odd: each step can be undone, so that a change within eight bytes always shows, and any
/// other goes unseen with a chance of about 2^-64. Against damage, not against a forger. The same bytes give
/// the same value on every machine.
class Checksum {
 public:
  Checksum& add(const void* data, std::size_t bytes) {
    const auto* at = static_cast<const unsigned char*>(data);
    word(bytes);
    for (; bytes >= 8; at += 8, bytes -= 8) word(at, 8);
    if (bytes > 0) word(at, bytes);
    return *this;
  }
  Checksum& add(std::string_view text) { return add(text.data(), text.size()); }

  std::uint64_t value() const { return h_; }
  /// In hexadecimal.
  std::string text() const {
    std::array<char, 16> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), h_, 16).ptr};
  }

 private:
  void word(const unsigned char* at, std::size_t bytes) {
    std::uint64_t w = 0;
    for (std::size_t k = 0; k < bytes; ++k) w |= static_cast<std::uint64_t>(at[k]) << (8 * k);
    word(w);
  }
  void word(std::uint64_t w) { h_ = std::rotl((h_ ^ w) * 0x9e3779b97f4a7c15U, 31); }

  std::uint64_t h_ = 0x243f6a8885a308d3U;
};

}  // namespace basin::detail
