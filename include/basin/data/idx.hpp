// The IDX files of MNIST, Fashion-MNIST and others: unsigned bytes, plain or gzip.
#pragma once
#include <algorithm>     // std::copy
#include <array>         // std::array
#include <cstdint>       // std::uint32_t
#include <cstdio>        // std::snprintf
#include <filesystem>    // std::filesystem::path
#include <string>        // std::string
#include <system_error>  // std::error_code
#include <vector>        // std::vector

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/data/bytes.hpp"            // read_bytes
#include "basin/data/image_set.hpp"        // ImageSet

namespace basin::inline BASIN_ABI {

namespace detail {

inline std::uint32_t big_endian_32(ByteSpan bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

inline std::string hex(std::uint32_t value) {
  std::array<char, 11> digits;
  std::snprintf(digits.data(), digits.size(), "0x%08x", value);
  return digits.data();
}

/// The N dimensions of an IDX file of unsigned bytes, whose length they are checked against: 4 bytes 0, 0, 8
/// (unsigned bytes), N; N sizes of 4 bytes; the data, last index fastest. All big-endian.
template <std::size_t N>
std::array<std::uint64_t, N> idx_sizes(ByteSpan bytes, const std::filesystem::path& file) {
  constexpr std::size_t header = 4 + 4 * N;
  if (bytes.size() < header)
    file_error(file, "has ", bytes.size(), " bytes, expected an IDX header of ", header, " bytes");
  constexpr auto magic = static_cast<std::uint32_t>(0x800 + N);
  if (const std::uint32_t found = big_endian_32(bytes, 0); found != magic)
    file_error(file, "offset 0: magic number is ", hex(found), ", expected ", hex(magic),
               " (unsigned bytes, ", N, N == 1 ? " dimension)" : " dimensions)");
  std::array<std::uint64_t, N> sizes;
  std::string product;
  for (std::size_t i = 0; i < N; ++i) {
    sizes[i] = big_endian_32(bytes, 4 + 4 * i);
    product += (i == 0 ? "" : " x ") + std::to_string(sizes[i]);
  }
  const auto expected = checked_product(sizes);
  if (!expected || *expected != bytes.size() - header)
    file_error(file, "offset ", header, ": ", bytes.size() - header, " bytes of data, expected ", product,
               " as the header says");
  return sizes;
}

}  // namespace detail

/// The images of an IDX file with magic number 0x00000803, without labels. Throws FileError if the file is
/// not such a file or its length is not what its header says.
template <class = void>
[[nodiscard]] ImageSet read_idx_images(const std::filesystem::path& path,
                                       std::size_t max_bytes = default_max_bytes) {
  const Bytes bytes = read_bytes(path, max_bytes);
  const auto [count, height, width] = detail::idx_sizes<3>(bytes, path);
  if (height == 0 || width == 0)
    detail::file_error(path, "offset 8: images of ", height, " x ", width, " pixels");
  ImageSet images;
  images.shape = {1, static_cast<Index>(height), static_cast<Index>(width)};
  images.pixels.resize(images.shape.size(), static_cast<Index>(count));
  std::copy(bytes.begin() + 16, bytes.end(), images.pixels.data());
  return images;
}

/// The labels of an IDX file with magic number 0x00000801. Throws as read_idx_images does.
template <class = void>
[[nodiscard]] std::vector<int> read_idx_labels(const std::filesystem::path& path,
                                               std::size_t max_bytes = default_max_bytes) {
  const Bytes bytes = read_bytes(path, max_bytes);
  detail::idx_sizes<1>(bytes, path);
  return {bytes.begin() + 8, bytes.end()};
}

/// The file `stem` (such as train-images-idx3-ubyte) in `folder`, which may also end in .gz and be written
/// with a dot before "idx". Throws FileError with the names looked for if there is none.
template <class = void>
[[nodiscard]] std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem) {
  std::vector<std::string> names = {stem, stem + ".gz"};
  if (const std::size_t dash = stem.rfind("-idx"); dash != std::string::npos) {
    std::string dotted = stem;
    dotted[dash] = '.';
    names.insert(names.end(), {dotted, dotted + ".gz"});
  }
  std::error_code none;
  std::string tried;
  for (const std::string& name : names) {
    if (std::filesystem::is_regular_file(folder / name, none)) return folder / name;
    tried += (tried.empty() ? "" : ", ") + name;
  }
  detail::file_error(
      folder, std::filesystem::is_directory(folder, none) ? "there is none of " : "no such folder, for ",
      tried);
}

/// The images PREFIX-images-idx3-ubyte in `folder` with their labels, PREFIX-labels-idx1-ubyte, both as
/// find_idx finds them. Throws FileError also where there are not as many labels as images.
template <class = void>
[[nodiscard]] ImageSet read_idx(const std::filesystem::path& folder, const std::string& prefix,
                                std::size_t max_bytes = default_max_bytes) {
  ImageSet images = read_idx_images(find_idx(folder, prefix + "-images-idx3-ubyte"), max_bytes);
  const std::filesystem::path labels = find_idx(folder, prefix + "-labels-idx1-ubyte");
  images.labels = read_idx_labels(labels, max_bytes);
  if (static_cast<Index>(images.labels.size()) != images.count())
    detail::file_error(labels, images.labels.size(), " labels, expected one for each of ", images.count(),
                       " images");
  return images;
}

}  // namespace basin
