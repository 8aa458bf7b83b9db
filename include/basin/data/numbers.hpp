// Numbers as files hold them, of any type and byte order, on any machine.
#pragma once
#include <cstdint>      // std::uint8_t, ...
#include <type_traits>  // std::conditional_t

#include "basin/core/bit_cast.hpp"  // bit_cast
#include "basin/core/types.hpp"     // Vec, Index

namespace basin::inline BASIN_ABI::detail {

/// The unsigned type with T's number of bytes (1, 2, 4 or 8).
template <class T>
using BitsOf =
    std::conditional_t<sizeof(T) == 8, std::uint64_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                          std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;

/// The T whose sizeof(T) bytes begin at `at`, the least significant first, or last where `big_endian`.
template <class T>
T load_number(const unsigned char* at, bool big_endian) {
  BitsOf<T> bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bits = static_cast<BitsOf<T>>(bits | BitsOf<T>{at[big_endian ? sizeof(T) - 1 - i : i]} << (8 * i));
  return bit_cast<T>(bits);
}

/// IEEE 754's binary16: a sign, 5 bits of exponent, 10 of fraction.
struct Half {
  std::uint16_t bits;
  /// Its value, exactly; a NaN keeps its fraction.
  explicit operator float() const {
    const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
    if (exponent == 0) {
      const float size = static_cast<float>(fraction) * 0x1p-24f;
      return sign != 0 ? -size : size;
    }
    return bit_cast<float>(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
  }
};

/// bfloat16: the upper half of a float.
struct BFloat16 {
  std::uint16_t bits;
  explicit operator float() const { return bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// One byte; what is not 0 is 1.
struct Truth {
  std::uint8_t bits;
  explicit operator float() const { return bits != 0 ? 1.f : 0.f; }
};

/// How a file writes a number: what it is, in how many bytes, in which order.
struct NumberType {
  enum class Kind { none, truth, integer, natural, floating, bfloat };  // natural: an integer >= 0
  Kind kind = Kind::none;
  std::size_t size = 0;
  bool big_endian = false;
  /// Whether it is an integer from 0 to 255, as the pixels of most images are.
  bool is_byte() const { return kind == Kind::natural && size == 1; }
  bool is_floating() const { return kind == Kind::floating || kind == Kind::bfloat; }
};

template <class S, class From>
Vec<S> load_as(const unsigned char* at, Index count, bool big_endian) {
  Vec<S> values(count);
  for (Index i = 0; i < count; ++i, at += sizeof(From)) {
    const From value = load_number<From>(at, big_endian);
    if constexpr (std::is_arithmetic_v<From>)
      values[i] = static_cast<S>(value);
    else
      values[i] = static_cast<S>(static_cast<float>(value));
  }
  return values;
}

/// The function load_as<S, From> for numbers of this type, or nullptr where there is no such type.
template <class S>
auto loader_of(const NumberType& type) -> Vec<S> (*)(const unsigned char*, Index, bool) {
  using Kind = NumberType::Kind;
  const auto is = [&](Kind kind, std::size_t size) { return type.kind == kind && type.size == size; };
  if (is(Kind::floating, 2)) return load_as<S, Half>;
  if (is(Kind::floating, 4)) return load_as<S, float>;
  if (is(Kind::floating, 8)) return load_as<S, double>;
  if (is(Kind::bfloat, 2)) return load_as<S, BFloat16>;
  if (is(Kind::truth, 1)) return load_as<S, Truth>;
  if (is(Kind::natural, 1)) return load_as<S, std::uint8_t>;
  if (is(Kind::natural, 2)) return load_as<S, std::uint16_t>;
  if (is(Kind::natural, 4)) return load_as<S, std::uint32_t>;
  if (is(Kind::natural, 8)) return load_as<S, std::uint64_t>;
  if (is(Kind::integer, 1)) return load_as<S, std::int8_t>;
  if (is(Kind::integer, 2)) return load_as<S, std::int16_t>;
  if (is(Kind::integer, 4)) return load_as<S, std::int32_t>;
  if (is(Kind::integer, 8)) return load_as<S, std::int64_t>;
  return nullptr;
}

}  // namespace basin::detail
