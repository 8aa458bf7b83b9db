// IDX files of any type and number of dimensions as arrays.
#pragma once
#include <filesystem>  // std::filesystem::path

#include "basin/data/bytes.hpp"       // read_bytes
#include "basin/data/idx.hpp"         // detail::idx_header
#include "basin/io/array.hpp"         // NdArray
#include "basin/io/stored_array.hpp"  // detail::StoredArray, detail::load_array

namespace basin::inline BASIN_ABI {

namespace detail {

/// The array in the IDX data `bytes`; errors name `file`.
inline StoredArray idx_array(ByteSpan bytes, const std::filesystem::path& file) {
  const IdxHeader h = idx_header(bytes, file);
  return {h.sizes, h.type, false, bytes.subspan(h.data)};
}

}  // namespace detail

/// The array of an IDX file, plain or gzip, of 1 to 255 dimensions and any of the format's types (unsigned
/// and signed bytes, integers of 2 and 4 bytes, floating numbers of 4 and 8), converted to S: rounded to
/// the nearest where S does not hold the number. Throws FileError, naming the offset, what was found and
/// expected, unless the file is such a one from its first to its last byte. Memory: what read_bytes takes,
/// and the numbers as S.
template <class S>
[[nodiscard]] NdArray<S> read_idx_array(const std::filesystem::path& path,
                                        std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_idx_array");
  const Bytes bytes = read_bytes(path, max_bytes);
  return detail::load_array<S>(detail::idx_array(bytes, path));
}

}  // namespace basin
