// Pictures to and from PNG files.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <memory>      // std::unique_ptr
#include <utility>     // std::pair

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/core/error.hpp"            // require
#include "basin/data/bytes.hpp"            // read_plain_bytes
#include "basin/io/atomic_file.hpp"        // write_atomically
#include "basin/io/picture.hpp"            // Picture, image_grid
#if !__has_include(<png.h>)
#error "basin/io/png.hpp needs libpng: install it and link PNG::PNG (Debian: libpng-dev)"
#endif
#include <png.h>  // png_image

namespace basin::inline BASIN_ABI {

namespace detail {
struct FreePng {
  void operator()(png_image* image) const { png_image_free(image); }
};
inline png_image new_png() {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  return image;
}
}  // namespace detail

/// Writes the picture as an 8-bit RGB PNG (sRGB), whole or not at all. Throws std::invalid_argument if the
/// picture is empty or its bytes do not fit its sides, FileError if writing fails.
inline void write_png(const std::filesystem::path& path, const Picture& picture) {
  constexpr Index max_side = 1'000'000;  // libpng's own limit
  const auto [width, height] = std::pair(picture.width, picture.height);
  require(width >= 1 && height >= 1 && width <= max_side && height <= max_side &&
              static_cast<Index>(picture.rgb.size()) == 3 * width * height,
          "write_png: a picture of ", width, " x ", height, " pixels with ", picture.rgb.size(), " bytes");
  png_image image = detail::new_png();
  const std::unique_ptr<png_image, detail::FreePng> freed(&image);
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  Bytes bytes(size);
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.rgb.data(), 0, nullptr))
    detail::file_error(path, "cannot make the PNG: ", image.message);
  bytes.resize(size);
  write_atomically(path, bytes);
}

/// A PNG file as 8-bit RGB, whatever its own format; what is transparent is laid on black. Throws FileError
/// if the file is not a PNG, is damaged or cut off, or the picture takes more than max_bytes.
[[nodiscard]] inline Picture read_png(const std::filesystem::path& path,
                                      std::size_t max_bytes = default_max_bytes) {
  const Bytes bytes = read_plain_bytes(path, max_bytes);
  png_image image = detail::new_png();
  const std::unique_ptr<png_image, detail::FreePng> freed(&image);
  const auto check = [&](bool ok) {  // libpng's warnings are about damage too
    if (!ok || PNG_IMAGE_FAILED(image) || image.warning_or_error != 0)
      detail::file_error(path, "not a sound PNG file: ", image.message);
  };
  check(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) != 0);
  image.format = PNG_FORMAT_RGB;
  const auto size = detail::checked_product({image.width, image.height, 3});
  if (!size || *size > max_bytes)
    detail::file_error(path, image.width, " x ", image.height, " pixels take more than the limit of ",
                       max_bytes, " bytes");
  Picture picture(static_cast<Index>(image.width), static_cast<Index>(image.height), {0, 0, 0});
  check(png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr) != 0);
  return picture;
}

}  // namespace basin
