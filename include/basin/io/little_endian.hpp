// Numbers as they lie in little-endian files, on any machine.
#pragma once
#include "basin/core/bit_cast.hpp"  // bit_cast
#include "basin/core/types.hpp"     // Vec, Index
#include "basin/data/bytes.hpp"     // Bytes
#include "basin/data/numbers.hpp"   // detail::BitsOf, detail::load_number

namespace basin::inline BASIN_ABI::detail {

/// The T whose sizeof(T) bytes begin at `at`.
template <class T>
T load_le(const unsigned char* at) {
  return load_number<T>(at, false);
}

/// Writes the bytes of `value` to at[0 .. sizeof(T)).
template <class T>
void store_le(unsigned char* at, T value) {
  const auto bits = bit_cast<BitsOf<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<unsigned char>(bits >> (8 * i));
}

template <class S>
void append_values(Bytes& bytes, const Vec<S>& values) {
  const std::size_t begin = bytes.size();
  bytes.resize(begin + static_cast<std::size_t>(values.size()) * sizeof(S));
  unsigned char* at = bytes.data() + begin;
  for (Index i = 0; i < values.size(); ++i, at += sizeof(S)) store_le(at, values[i]);
}

}  // namespace basin::detail
