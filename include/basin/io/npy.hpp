// NumPy's .npy files: one array.
#pragma once
#include <filesystem>   // std::filesystem::path
#include <span>         // std::span
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <type_traits>  // std::is_same_v

#include "basin/data/bytes.hpp"        // read_bytes, detail::printable
#include "basin/data/numbers.hpp"      // detail::NumberType
#include "basin/io/array.hpp"          // NdArray
#include "basin/io/atomic_file.hpp"    // write_atomically
#include "basin/io/little_endian.hpp"  // detail::append_values
#include "basin/io/npy_header.hpp"     // detail::NpyHeader
#include "basin/io/stored_array.hpp"   // detail::StoredArray

namespace basin::inline BASIN_ABI {

/// Which index runs fastest in the file: the last (C) or the first (Fortran).
enum class ArrayOrder { c, fortran };

namespace detail {

/// The number type of a dtype such as "<f4", or none: a byte order ('|' for single bytes), a letter, a size.
inline NumberType npy_type(std::string_view descr) {
  using Kind = NumberType::Kind;
  if (descr.size() != 3 || std::string_view("<>|").find(descr[0]) == std::string_view::npos) return {};
  NumberType type;
  type.size = static_cast<std::size_t>(descr[2] - '0');
  type.big_endian = descr[0] == '>';
  switch (descr[1]) {
    case 'f':
      type.kind = Kind::floating;
      break;
    case 'i':
      type.kind = Kind::integer;
      break;
    case 'u':
      type.kind = Kind::natural;
      break;
    case 'b':
      type.kind = Kind::truth;
      break;
    default:
      return {};
  }
  if (descr[0] == '|' && type.size != 1) return {};
  return type;
}

/// The array in the .npy data `bytes`; errors name `file`.
inline StoredArray npy_array(ByteSpan bytes, const std::string& file) {
  const NpyHeader h = read_npy_header(bytes, file);
  const NumberType type = npy_type(h.descr);
  if (!loader_of<double>(type))
    file_error(file, "numbers of type '", printable(h.descr),
               "', expected f2, f4, f8, i1 to i8, u1 to u8 or b1, behind < or > (or | for one byte)");
  const auto count = checked_product(h.shape);
  const std::size_t left = bytes.size() - h.data_offset;
  if (!count || left % type.size != 0 || *count != left / type.size)
    file_error(file, "offset ", h.data_offset, ": ", left, " bytes of data, expected ", shape_text(h.shape),
               " x ", type.size);
  return {h.shape, type, h.fortran_order, bytes.subspan(h.data_offset)};
}

/// .npy data of `values` in the order they have.
template <class S>
Bytes encode_npy(const Vec<S>& values, std::span<const Index> shape, ArrayOrder order) {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "write_npy: float or double");
  Bytes bytes = npy_header(sizeof(S) == 4 ? "<f4" : "<f8", order == ArrayOrder::fortran, shape);
  append_values(bytes, values);
  return bytes;
}

}  // namespace detail

/// The array of a .npy file, version 1.0, 2.0 or 3.0, in C or Fortran order: f2, f4, f8, i1 to i8, u1 to u8
/// or b1 (0 and 1) of either byte order, converted to S. What S does not hold exactly is rounded to the
/// nearest, as NumPy's astype does: integers beyond 2^53 in double, beyond 2^24 in float. Throws FileError,
/// naming the offset, what was found and expected, unless the file is such a one from its first to its last
/// byte. Memory: what read_bytes takes, and the numbers as S, twice where they are in Fortran order.
template <class S>
[[nodiscard]] NdArray<S> read_npy(const std::filesystem::path& path,
                                  std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_npy");
  const Bytes bytes = read_bytes(path, max_bytes);
  return detail::load_array<S>(detail::npy_array(bytes, path.string()));
}

/// Writes `a` as <f4 (float) or <f8 (double) in C order, whole or not at all. Throws FileError if that fails.
template <class S>
void write_npy(const std::filesystem::path& path, const NdArray<S>& a) {
  detail::require_path(path, "write_npy");
  detail::require_array(a, "write_npy");
  write_atomically(path, detail::encode_npy(a.values, a.shape, ArrayOrder::c));
}

/// Writes the matrix X as an array of shape (X.rows(), X.cols()).
template <class S>
void write_npy(const std::filesystem::path& path, MatIn<S> X, ArrayOrder order = ArrayOrder::c) {
  detail::require_path(path, "write_npy");
  const Index shape[] = {X.rows(), X.cols()};
  const Vec<S> values = order == ArrayOrder::c ? to_array<S>(X).values : Vec<S>(X.reshaped());
  write_atomically(path, detail::encode_npy(values, shape, order));
}

}  // namespace basin
