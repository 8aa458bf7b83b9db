// NumPy's .npy files: one array.
#pragma once
#include <cstdint>      // std::uint8_t, ...
#include <filesystem>   // std::filesystem::path
#include <span>         // std::span
#include <type_traits>  // std::is_same_v
#include <utility>      // std::pair
#include <vector>       // std::vector

#include "basin/data/bytes.hpp"        // read_bytes
#include "basin/io/array.hpp"          // NdArray
#include "basin/io/atomic_file.hpp"    // write_atomically
#include "basin/io/little_endian.hpp"  // detail::load_values
#include "basin/io/npy_header.hpp"     // detail::NpyHeader

namespace basin::inline BASIN_ABI {

enum class ArrayOrder { c, fortran };

namespace detail {

/// values of Fortran order (the first index fastest) in C order.
template <class S>
Vec<S> to_c_order(const Vec<S>& values, std::span<const Index> shape) {
  std::vector<Index> index(shape.size(), 0), stride(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
  Vec<S> out(values.size());
  Index to = 0;
  for (const S& value : values) {
    out[to] = value;
    for (std::size_t i = 0; i < shape.size(); ++i) {  // the next index, the first side counting fastest
      to += stride[i];
      if (++index[i] < shape[i]) break;
      to -= stride[i] * shape[i];
      index[i] = 0;
    }
  }
  return out;
}

/// The array in the .npy data `bytes`; errors name `file`.
template <class S>
NdArray<S> decode_npy(ByteSpan bytes, const std::string& file) {
  const NpyHeader h = read_npy_header(bytes, file);
  const auto pick = [&]() -> std::pair<std::size_t, Vec<S> (*)(const unsigned char*, Index)> {
    if (h.descr == "<f4") return {4, load_values<S, float>};
    if (h.descr == "<f8") return {8, load_values<S, double>};
    if (h.descr == "|u1") return {1, load_values<S, std::uint8_t>};
    if (h.descr == "<i4") return {4, load_values<S, std::int32_t>};
    if (h.descr == "<i8") return {8, load_values<S, std::int64_t>};
    file_error(file, "numbers of type '", h.descr, "', expected <f4, <f8, |u1, <i4 or <i8");
  };
  const auto [item, values] = pick();
  const auto count = checked_product(h.shape);
  const std::size_t left = bytes.size() - h.data_offset;
  if (!count || left % item != 0 || *count != left / item)
    file_error(file, "offset ", h.data_offset, ": ", left, " bytes of data, expected ", shape_text(h.shape),
               " x ", item);
  NdArray<S> a{h.shape, values(bytes.data() + h.data_offset, static_cast<Index>(*count))};
  if (h.fortran_order) a.values = to_c_order(a.values, h.shape);
  return a;
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

/// The array of a .npy file, version 1.0 or 2.0, C or Fortran order, type <f4, <f8, |u1, <i4 or <i8,
/// converted to S (rounded where S does not hold the number). Throws FileError, naming the offset, what was
/// found and expected, unless the file is such a one from its first to its last byte.
template <class S>
[[nodiscard]] NdArray<S> read_npy(const std::filesystem::path& path,
                                  std::size_t max_bytes = default_max_bytes) {
  return detail::decode_npy<S>(read_bytes(path, max_bytes), path.string());
}

/// Writes `a` as <f4 (float) or <f8 (double) in C order, whole or not at all. Throws FileError if that fails.
template <class S>
void write_npy(const std::filesystem::path& path, const NdArray<S>& a) {
  detail::require_array(a, "write_npy");
  write_atomically(path, detail::encode_npy(a.values, a.shape, ArrayOrder::c));
}

/// Writes the matrix X as an array of shape (X.rows(), X.cols()).
template <class S>
void write_npy(const std::filesystem::path& path, MatIn<S> X, ArrayOrder order = ArrayOrder::c) {
  const Index shape[] = {X.rows(), X.cols()};
  const Vec<S> values = order == ArrayOrder::c ? to_array<S>(X).values : Vec<S>(X.reshaped());
  write_atomically(path, detail::encode_npy(values, shape, order));
}

}  // namespace basin
