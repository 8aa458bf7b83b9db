// Values as bytes and back, bit for bit, on any machine: what tasks hand from rank to rank and keep in files.
#pragma once
#include <Eigen/Core>   // Eigen::PlainObjectBase
#include <array>        // std::array
#include <bit>          // std::endian
#include <complex>      // std::complex
#include <cstdint>      // std::uint64_t
#include <cstring>      // std::memcpy
#include <map>          // std::map
#include <optional>     // std::optional
#include <string>       // std::string
#include <tuple>        // std::tuple
#include <type_traits>  // std::is_arithmetic_v
#include <utility>      // std::pair
#include <vector>       // std::vector

#include "basin/core/checked_product.hpp"  // checked_product
#include "basin/core/error.hpp"            // require
#include "basin/core/types.hpp"            // Index
#include "basin/data/bytes.hpp"            // Bytes, ByteSpan
#include "basin/io/little_endian.hpp"      // detail::load_le, detail::store_le
#include "basin/tasks/fields.hpp"          // detail::for_each_member

namespace basin::inline BASIN_ABI {

class Packer;
class Unpacker;

/// How a type of your own is packed, where it is no aggregate of what can be:
///
///     template <>
///     struct basin::Packing<Mine> {
///       static void pack(Packer& to, const Mine& m) { to(m.name()); }
///       static void unpack(Unpacker& from, Mine& m) { m.rename(from.get<std::string>()); }
///     };
template <class T>
struct Packing;

namespace detail {
template <class T>
concept OwnPacking = requires(Packer& to, Unpacker& from, T& v) {
  Packing<T>::pack(to, v);
  Packing<T>::unpack(from, v);
};
template <class T>
concept PackedNumber = (std::is_arithmetic_v<T> || std::is_enum_v<T>)&&sizeof(T) <= 8;
template <class T>
concept PackedMatrix = requires(T& v) {
  []<class M>(Eigen::PlainObjectBase<M>&) {}(v);
};
template <class T>
inline constexpr bool no_packing = false;
}  // namespace detail

/// Appends values to a string of bytes: numbers (complex ones, too), bool and enumerations; std::string,
/// vector, array, pair, tuple, optional and map; Eigen's matrices and arrays; aggregates of 1 to 32 members
/// of such types, without bases, C arrays and optional matrices; and what has a Packing of its own. Numbers
/// are little-endian, sizes have 64 bits, a NaN keeps its bits.
class Packer {
 public:
  /// Appends one value.
  template <class T>
  void operator()(const T& value) {
    if constexpr (detail::OwnPacking<T>)
      Packing<T>::pack(*this, value);
    else if constexpr (detail::PackedNumber<T>)
      number(value);
    else if constexpr (detail::PackedMatrix<T>)
      matrix(value);
    else
      put(value);
  }
  /// What was appended so far.
  const Bytes& bytes() const { return bytes_; }
  /// The same, moved out; the packer is empty then.
  Bytes take() { return std::move(bytes_); }

 private:
  template <class T>
  void number(T value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    detail::store_le(bytes_.data() + bytes_.size() - sizeof(T), value);
  }
  template <class T>
  void numbers(const T* values, std::size_t n) {
    if constexpr (std::endian::native == std::endian::little) {
      const std::size_t begin = bytes_.size();
      bytes_.resize(begin + n * sizeof(T));
      if (n > 0) std::memcpy(bytes_.data() + begin, values, n * sizeof(T));
    } else {
      for (std::size_t i = 0; i < n; ++i) number(values[i]);
    }
  }
  template <class M>
  void matrix(const M& m) {
    number(static_cast<std::uint64_t>(m.rows()));
    number(static_cast<std::uint64_t>(m.cols()));
    if constexpr (detail::PackedNumber<typename M::Scalar>)
      numbers(m.data(), static_cast<std::size_t>(m.size()));
    else
      for (Index i = 0; i < m.size(); ++i) (*this)(m.data()[i]);
  }
  void put(const std::string& s) {
    number(std::uint64_t{s.size()});
    bytes_.insert(bytes_.end(), s.begin(), s.end());
  }
  template <class T>
  void put(const std::vector<T>& v) {
    number(std::uint64_t{v.size()});
    if constexpr (detail::PackedNumber<T> && !std::is_same_v<T, bool>)
      numbers(v.data(), v.size());
    else
      for (const T& x : v) (*this)(x);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& v) {
    for (const T& x : v) (*this)(x);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& v) {
    (*this)(v.first);
    (*this)(v.second);
  }
  template <class... T>
  void put(const std::tuple<T...>& v) {
    std::apply([this](const T&... x) { ((*this)(x), ...); }, v);
  }
  template <class T>
  void put(const std::complex<T>& z) {
    number(z.real());
    number(z.imag());
  }
  template <class T>
  void put(const std::optional<T>& v) {
    number(v.has_value());
    if (v) (*this)(*v);
  }
  template <class K, class V>
  void put(const std::map<K, V>& m) {
    number(std::uint64_t{m.size()});
    for (const auto& entry : m) put(entry);
  }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_aggregate_v<T>)
      detail::for_each_member(value, [this](const auto& member) { (*this)(member); });
    else
      static_assert(detail::no_packing<T>, "this type cannot be packed: specialize basin::Packing for it");
  }

  Bytes bytes_;
};

/// Reads back what a Packer made, value by value in the same order and of the same types. Throws
/// std::invalid_argument where the bytes end too early or cannot be what is asked for. Lists, matrices and
/// texts take memory for no more items than bytes are left.
class Unpacker {
 public:
  /// Of bytes that the caller keeps alive.
  explicit Unpacker(ByteSpan bytes) : bytes_(bytes) {}

  /// The next value, of the type that was packed.
  template <class T>
  void operator()(T& value) {
    if constexpr (detail::OwnPacking<T>)
      Packing<T>::unpack(*this, value);
    else if constexpr (detail::PackedNumber<T>)
      value = number<T>();
    else if constexpr (detail::PackedMatrix<T>)
      matrix(value);
    else
      take(value);
  }
  /// The next value, of a type that can be made without arguments.
  template <class T>
  [[nodiscard]] T get() {
    T value{};
    (*this)(value);
    return value;
  }
  /// How many bytes are left.
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  const unsigned char* next(std::size_t n) {
    require(n <= left(), "unpack: ", n, " bytes expected at byte ", at_, ", got the last ", left());
    at_ += n;
    return bytes_.data() + (at_ - n);
  }
  template <class T>
  T number() {
    if constexpr (std::is_same_v<T, bool>) {
      const unsigned char byte = *next(1);
      require(byte < 2, "unpack: a truth value is 0 or 1, got ", int{byte}, " at byte ", at_ - 1);
      return byte == 1;
    } else {
      return detail::load_le<T>(next(sizeof(T)));
    }
  }
  /// How many items follow, each of at least `bytes` bytes: so many must be left.
  std::size_t count(std::size_t bytes) {
    const auto n = number<std::uint64_t>();
    require(n <= left() / bytes, "unpack: ", n, " items of at least ", bytes, " bytes expected at byte ", at_,
            ", got the last ", left(), " bytes");
    return static_cast<std::size_t>(n);
  }
  template <class T>
  void numbers(T* values, std::size_t n) {
    const unsigned char* from = next(n * sizeof(T));
    if constexpr (std::endian::native == std::endian::little) {
      if (n > 0) std::memcpy(values, from, n * sizeof(T));
    } else {
      for (std::size_t i = 0; i < n; ++i) values[i] = detail::load_le<T>(from + i * sizeof(T));
    }
  }
  template <class M>
  void matrix(M& m) {
    constexpr bool plain = detail::PackedNumber<typename M::Scalar>;
    const auto rows = number<std::uint64_t>(), cols = number<std::uint64_t>();
    const std::optional<std::uint64_t> size = detail::checked_product({rows, cols});
    require(size && rows < most && cols < most && *size <= left() / (plain ? sizeof(typename M::Scalar) : 1),
            "unpack: a matrix of ", rows, " x ", cols, " expected at byte ", at_, ", got the last ", left(),
            " bytes");
    require((M::RowsAtCompileTime < 0 || static_cast<std::uint64_t>(M::RowsAtCompileTime) == rows) &&
                (M::ColsAtCompileTime < 0 || static_cast<std::uint64_t>(M::ColsAtCompileTime) == cols),
            "unpack: a matrix of ", M::RowsAtCompileTime, " x ", M::ColsAtCompileTime,
            " expected (-1: of any size), got ", rows, " x ", cols);
    m.resize(static_cast<Index>(rows), static_cast<Index>(cols));
    if constexpr (plain)
      numbers(m.data(), static_cast<std::size_t>(m.size()));
    else
      for (Index i = 0; i < m.size(); ++i) (*this)(m.data()[i]);
  }
  void take(std::string& s) {
    const std::size_t n = count(1);
    s.assign(reinterpret_cast<const char*>(next(n)), n);
  }
  template <class T>
  void take(std::vector<T>& v) {
    v.clear();
    if constexpr (std::is_same_v<T, bool>) {
      v.resize(count(1));
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = number<bool>();
    } else if constexpr (detail::PackedNumber<T>) {
      v.resize(count(sizeof(T)));
      numbers(v.data(), v.size());
    } else {
      const std::size_t n = count(1);
      for (std::size_t i = 0; i < n; ++i) v.push_back(get<T>());
    }
  }
  template <class T, std::size_t N>
  void take(std::array<T, N>& v) {
    for (T& x : v) (*this)(x);
  }
  template <class A, class B>
  void take(std::pair<A, B>& v) {
    (*this)(v.first);
    (*this)(v.second);
  }
  template <class... T>
  void take(std::tuple<T...>& v) {
    std::apply([this](T&... x) { ((*this)(x), ...); }, v);
  }
  template <class T>
  void take(std::complex<T>& z) {
    const T re = number<T>(), im = number<T>();
    z = {re, im};
  }
  template <class T>
  void take(std::optional<T>& v) {
    v.reset();
    if (number<bool>()) v = get<T>();
  }
  template <class K, class V>
  void take(std::map<K, V>& m) {
    m.clear();
    for (std::size_t n = count(1); n > 0; --n) {
      auto key = get<K>();
      m.insert_or_assign(std::move(key), get<V>());
    }
  }
  template <class T>
  void take(T& value) {
    if constexpr (std::is_aggregate_v<T>)
      detail::for_each_member(value, [this](auto& member) { (*this)(member); });
    else
      static_assert(detail::no_packing<T>, "this type cannot be packed: specialize basin::Packing for it");
  }

  static constexpr std::uint64_t most = std::uint64_t(1) << 62;  // so that sizes fit an Index

  ByteSpan bytes_;
  std::size_t at_ = 0;
};

/// `value` as bytes: see Packer.
template <class T>
[[nodiscard]] Bytes packed(const T& value) {
  Packer to;
  to(value);
  return to.take();
}

/// The T of which `bytes` = packed(value). Throws std::invalid_argument unless they are those of a T, all of
/// them.
template <class T>
[[nodiscard]] T unpacked(ByteSpan bytes) {
  Unpacker from(bytes);
  T value = from.get<T>();
  require(from.left() == 0, "unpack: ", from.left(), " bytes are left behind the value");
  return value;
}

}  // namespace basin
