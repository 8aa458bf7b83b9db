// Pictures to and from PNG files.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <memory>      // std::unique_ptr
#include <utility>     // std::pair

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/core/error.hpp"            // require
#include "basin/data/bytes.hpp"            // read_plain_bytes, detail::printable
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
  detail::require_path(path, "write_png");
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

namespace detail {

/// Whether the header of a PNG file, which libpng has read, asks for more rows than the file can hold:
/// deflate takes 2 bits at least for 258 bytes, which is 1032 bytes in one, and the rows hold every pixel.
inline bool png_asks_too_much(ByteSpan bytes, const png_image& image) {
  constexpr std::size_t depth_at = 24, colour_at = 25, header = 33;
  if (bytes.size() < header) return true;
  const unsigned colour = bytes[colour_at];
  const std::uint64_t samples = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
  const auto bits = checked_product({image.width, image.height, samples * bytes[depth_at]});
  return !bits || *bits / 8 / 1032 > bytes.size();
}

/// A picture and whether its file is one of colours (a palette among them) and not of greys.
struct PngPicture {
  Picture picture;
  bool colour = false;
};

inline PngPicture decode_png(ByteSpan bytes, const std::filesystem::path& path, std::size_t max_bytes) {
  png_image image = new_png();
  const std::unique_ptr<png_image, FreePng> freed(&image);
  const auto check = [&](bool ok) {  // libpng's warnings are about damage too
    if (!ok || PNG_IMAGE_FAILED(image) || image.warning_or_error != 0)
      file_error(path, "not a sound PNG file: ", printable(image.message));
  };
  check(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) != 0);
  const bool colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  image.format = PNG_FORMAT_RGB;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit files without a colour chunk are not linear light
  const auto size = checked_product({image.width, image.height, 3});
  if (!size || *size > max_bytes)
    file_error(path, image.width, " x ", image.height, " pixels take more than the limit of ", max_bytes,
               " bytes");
  if (png_asks_too_much(bytes, image))
    file_error(path, "not a sound PNG file: ", bytes.size(), " bytes cannot hold ", image.width, " x ",
               image.height, " pixels");
  PngPicture out{Picture(static_cast<Index>(image.width), static_cast<Index>(image.height), {0, 0, 0}),
                 colour};
  check(png_image_finish_read(&image, nullptr, out.picture.rgb.data(), 0, nullptr) != 0);
  return out;
}

}  // namespace detail

/// A PNG file as 8-bit RGB, whatever its own format; 16 bits are rounded to 8, and what is transparent is
/// laid on black. Throws FileError if the file is not a PNG, is damaged or cut off, or the picture takes
/// more than max_bytes, which has 3 for each pixel, or has more pixels than a file of its size can hold.
[[nodiscard]] inline Picture read_png(const std::filesystem::path& path,
                                      std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_png");
  return detail::decode_png(read_plain_bytes(path, max_bytes), path, max_bytes).picture;
}

}  // namespace basin
