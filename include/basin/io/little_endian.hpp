// Numbers as they lie in little-endian files, on any machine.
#pragma once
#include <bit>          // std::bit_cast
#include <cstdint>      // std::uint8_t, ...
#include <type_traits>  // std::conditional_t

#include "basin/core/types.hpp"  // Vec, Index
#include "basin/data/bytes.hpp"  // Bytes

namespace basin::inline BASIN_ABI::detail {

/// The unsigned type with T's number of bytes (1, 2, 4 or 8).
template <class T>
using BitsOf =
    std::conditional_t<sizeof(T) == 8, std::uint64_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                          std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;

/// The T whose sizeof(T) bytes begin at `at`.
template <class T>
T load_le(const unsigned char* at) {
  BitsOf<T> bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bits = static_cast<BitsOf<T>>(bits | BitsOf<T>{at[i]} << (8 * i));
  return std::bit_cast<T>(bits);
}

/// Writes the bytes of `value` to at[0 .. sizeof(T)).
template <class T>
void store_le(unsigned char* at, T value) {
  const auto bits = std::bit_cast<BitsOf<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<unsigned char>(bits >> (8 * i));
}

/// `count` numbers of type From beginning at `at`, as S.
template <class S, class From>
Vec<S> load_values(const unsigned char* at, Index count) {
  Vec<S> values(count);
  for (Index i = 0; i < count; ++i, at += sizeof(From)) values[i] = static_cast<S>(load_le<From>(at));
  return values;
}

template <class S>
void append_values(Bytes& bytes, const Vec<S>& values) {
  const std::size_t begin = bytes.size();
  bytes.resize(begin + static_cast<std::size_t>(values.size()) * sizeof(S));
  unsigned char* at = bytes.data() + begin;
  for (Index i = 0; i < values.size(); ++i, at += sizeof(S)) store_le(at, values[i]);
}

}  // namespace basin::detail
