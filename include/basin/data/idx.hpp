// The IDX files of MNIST, Fashion-MNIST and others, plain or gzip: images and labels of unsigned bytes.
// Arrays of any type are read by io/idx_array.hpp.
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
#include "basin/data/numbers.hpp"          // detail::NumberType, detail::load_number

namespace basin::inline BASIN_ABI {

namespace detail {

/// What an IDX file says of itself: 4 bytes 0, 0, type, number of dimensions; as many sizes of 4 bytes; from
/// `data` on the numbers, last index fastest. All big-endian. Types: 8 unsigned byte, 9 signed byte, 11, 12
/// integers of 2 and 4 bytes, 13, 14 floating numbers of 4 and 8.
struct IdxHeader {
  NumberType type;
  std::vector<Index> sizes;
  std::size_t data = 0;
};

inline NumberType idx_type(unsigned char code) {
  using Kind = NumberType::Kind;
  switch (code) {
    case 8:
      return {Kind::natural, 1, true};
    case 9:
      return {Kind::integer, 1, true};
    case 11:
      return {Kind::integer, 2, true};
    case 12:
      return {Kind::integer, 4, true};
    case 13:
      return {Kind::floating, 4, true};
    case 14:
      return {Kind::floating, 8, true};
    default:
      return {};
  }
}

/// Whether the bytes begin as those of an IDX file of 1 to 255 dimensions do.
inline bool begins_as_idx(ByteSpan bytes) {
  return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && idx_type(bytes[2]).size != 0 && bytes[3] != 0;
}

/// The first four bytes of a file, of which it has so many at least.
inline std::string idx_magic(ByteSpan bytes) {
  std::array<char, 11> digits;
  std::snprintf(digits.data(), digits.size(), "0x%02x%02x%02x%02x", unsigned{bytes[0]}, unsigned{bytes[1]},
                unsigned{bytes[2]}, unsigned{bytes[3]});
  return digits.data();
}

/// The header, whose sizes are checked against the length of the file.
inline IdxHeader idx_header(ByteSpan bytes, const std::filesystem::path& file) {
  if (bytes.size() < 4) file_error(file, "has ", bytes.size(), " bytes, expected an IDX header");
  if (!begins_as_idx(bytes))
    file_error(file, "offset 0: magic number is ", idx_magic(bytes),
               ", expected 0x0000TTNN: a type TT of 08, 09, 0b, 0c, 0d or 0e and NN dimensions");
  IdxHeader h;
  h.type = idx_type(bytes[2]);
  h.data = 4 + 4 * std::size_t{bytes[3]};
  if (bytes.size() < h.data)
    file_error(file, "has ", bytes.size(), " bytes, expected an IDX header of ", h.data, " bytes");
  std::string product;
  for (std::size_t at = 4; at < h.data; at += 4) {
    h.sizes.push_back(load_number<std::uint32_t>(&bytes[at], true));
    product += (at == 4 ? "" : " x ") + std::to_string(h.sizes.back());
  }
  const auto count = checked_product(h.sizes);
  const std::size_t left = bytes.size() - h.data, item = h.type.size;
  if (!count || left % item != 0 || *count != left / item)
    file_error(file, "offset ", h.data, ": ", left, " bytes of data, expected ", product,
               item == 1 ? "" : " numbers of " + std::to_string(item) + " bytes", " as the header says");
  return h;
}

/// The N dimensions of an IDX file of unsigned bytes.
template <std::size_t N>
std::vector<Index> idx_sizes(ByteSpan bytes, const std::filesystem::path& file) {
  constexpr std::size_t header = 4 + 4 * N;
  if (bytes.size() < header)
    file_error(file, "has ", bytes.size(), " bytes, expected an IDX header of ", header, " bytes");
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8 || bytes[3] != N)
    file_error(file, "offset 0: magic number is ", idx_magic(bytes), ", expected 0x0000080", N,
               " (unsigned bytes, ", N, N == 1 ? " dimension)" : " dimensions)");
  return idx_header(bytes, file).sizes;
}

}  // namespace detail

/// The images of an IDX file with magic number 0x00000803, without labels. Throws FileError if the file is
/// not such a file or its length is not what its header says, before memory is taken for it: what read_bytes
/// takes, and a byte for each pixel.
template <class = void>
[[nodiscard]] ImageSet read_idx_images(const std::filesystem::path& path,
                                       std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_idx_images");
  const Bytes bytes = read_bytes(path, max_bytes);
  const std::vector<Index> sizes = detail::idx_sizes<3>(bytes, path);
  const Index count = sizes[0], height = sizes[1], width = sizes[2];
  if (height == 0 || width == 0)
    detail::file_error(path, "offset 8: images of ", height, " x ", width, " pixels");
  ImageSet images;
  images.shape = {1, height, width};
  images.pixels.resize(images.shape.size(), count);
  std::copy(bytes.begin() + 16, bytes.end(), images.pixels.data());
  return images;
}

/// The labels of an IDX file with magic number 0x00000801. Throws as read_idx_images does. Memory: what
/// read_bytes takes, and an int for each label.
template <class = void>
[[nodiscard]] std::vector<int> read_idx_labels(const std::filesystem::path& path,
                                               std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_idx_labels");
  const Bytes bytes = read_bytes(path, max_bytes);
  detail::idx_sizes<1>(bytes, path);
  return {bytes.begin() + 8, bytes.end()};
}

/// The file `stem` (such as train-images-idx3-ubyte) in `folder`, which may also end in .gz and be written
/// with a dot before "idx". Throws FileError with the names looked for if there is none.
template <class = void>
[[nodiscard]] std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem) {
  detail::require_path(folder, "find_idx");
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
  detail::require_path(folder, "read_idx");
  ImageSet images = read_idx_images(find_idx(folder, prefix + "-images-idx3-ubyte"), max_bytes);
  const std::filesystem::path labels = find_idx(folder, prefix + "-labels-idx1-ubyte");
  images.labels = read_idx_labels(labels, max_bytes);
  if (static_cast<Index>(images.labels.size()) != images.count())
    detail::file_error(labels, images.labels.size(), " labels, expected one for each of ", images.count(),
                       " images");
  return images;
}

}  // namespace basin
