// CIFAR-10's binary files and others of the same kind: a label and the channels of one image after the other.
#pragma once
#include <algorithm>   // std::copy_n
#include <filesystem>  // std::filesystem::path

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/data/bytes.hpp"            // ByteSpan, read_bytes
#include "basin/data/image_set.hpp"        // ImageSet

namespace basin::inline BASIN_ABI {

namespace detail {

/// The records in `bytes` for read_image_records; errors name `file`.
template <class = void>
ImageSet image_records(ByteSpan bytes, const Shape& shape, const std::filesystem::path& file) {
  const std::size_t record = static_cast<std::size_t>(shape.size()) + 1;
  const std::size_t count = bytes.size() / record;
  if (count == 0 || bytes.size() % record != 0)
    file_error(file, "offset ", count * record, ": ", bytes.size() % record, " bytes, expected a record of ",
               record, " (a label and ", shape, ")");
  ImageSet images;
  images.shape = shape;
  images.pixels.resize(shape.size(), static_cast<Index>(count));
  images.labels.reserve(count);
  for (std::size_t k = 0; k < count; ++k) {
    const unsigned char* at = bytes.data() + k * record;
    images.labels.push_back(*at);
    std::copy_n(at + 1, shape.size(), images.pixels.col(static_cast<Index>(k)).data());
  }
  return images;
}

inline constexpr Shape cifar10_shape = {3, 32, 32};
inline constexpr std::size_t cifar10_record = 3073;

/// The number of the first record whose label is not one of CIFAR-10, or of records if there is none.
inline std::size_t first_foreign_label(ByteSpan bytes) {
  std::size_t k = 0;
  while (k * cifar10_record < bytes.size() && bytes[k * cifar10_record] <= 9) ++k;
  return k;
}

}  // namespace detail

/// All records of a file, plain or gzip: a byte for the label, then shape.size() bytes, the channels one
/// after the other and each row by row. Throws FileError unless the file is one or more whole records, and
/// std::invalid_argument if a side of `shape` is < 1. Memory: what read_bytes takes, the pixels, and an int
/// for each label.
template <class = void>
[[nodiscard]] ImageSet read_image_records(const std::filesystem::path& path, const Shape& shape,
                                          std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_image_records");
  require_shape(shape, "read_image_records");
  const auto sides = {shape.channels, shape.height, shape.width};
  require(detail::checked_product(sides).has_value(), "read_image_records: shape ", shape, " is too large");
  return detail::image_records(read_bytes(path, max_bytes), shape, path);
}

/// A file of CIFAR-10 (data_batch_1.bin, ...): 3 x 32 x 32, labels 0 to 9 (Krizhevsky 2009). Throws FileError
/// as read_image_records does, and for another label.
template <class = void>
[[nodiscard]] ImageSet read_cifar10(const std::filesystem::path& path,
                                    std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_cifar10");
  const Bytes bytes = read_bytes(path, max_bytes);
  ImageSet images = detail::image_records(bytes, detail::cifar10_shape, path);
  if (const std::size_t k = detail::first_foreign_label(bytes); k < images.labels.size())
    detail::file_error(path, "offset ", k * detail::cifar10_record, ": label is ", images.labels[k],
                       ", expected 0 to 9");
  return images;
}

}  // namespace basin
