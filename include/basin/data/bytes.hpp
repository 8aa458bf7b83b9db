// A whole file in memory, plain or gzip.
#pragma once
#include <algorithm>     // std::all_of, std::min
#include <cerrno>        // errno
#include <cstdint>       // std::uintmax_t
#include <cstdio>        // std::fopen, std::fread
#include <filesystem>    // std::filesystem::path
#include <limits>        // std::numeric_limits
#include <memory>        // std::unique_ptr
#include <new>           // std::bad_alloc
#include <span>          // std::span
#include <string>        // std::string
#include <string_view>   // std::string_view
#include <system_error>  // std::generic_category
#include <vector>        // std::vector

#include "basin/core/error.hpp"  // FileError, require, text
#ifdef BASIN_USE_ZLIB
#if !__has_include(<zlib.h>)
#error "BASIN_USE_ZLIB is defined but zlib.h is missing: install zlib (Debian: zlib1g-dev)"
#endif
#include <zlib.h>  // inflate
#endif

namespace basin::inline BASIN_ABI {

/// What files hold, owned.
using Bytes = std::vector<unsigned char>;
/// The same, seen.
using ByteSpan = std::span<const unsigned char>;

/// The readers' limit on what a file may hold once unpacked, 1 GiB, unless the caller gives another.
inline constexpr std::size_t default_max_bytes = std::size_t(1) << 30;

namespace detail {

/// Throws FileError("FILE: parts...").
template <class... Parts>
[[noreturn]] void file_error(const std::filesystem::path& file, const Parts&... parts) {
  throw FileError(text(file.string(), ": ", parts...));
}

/// Throws std::invalid_argument if the path is empty; `who` is the function that was given it.
inline void require_path(const std::filesystem::path& path, const char* who) {
  require(!path.empty(), who, ": the path must not be empty");
}

/// Bytes of a file as a message shows them: what is not a printing character of ASCII as \xNN, a backslash
/// twice, and no more than the first 200.
inline std::string printable(std::string_view bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes.substr(0, 200)) {
    const auto b = static_cast<unsigned char>(c);
    if (b < 0x20 || b > 0x7e)
      out += {'\\', 'x', digits[b >> 4], digits[b & 15]};
    else
      out.append(c == '\\' ? 2 : 1, c);
  }
  return out + (bytes.size() > 200 ? "..." : "");
}

/// The system's words for an errno.
inline std::string reason(int error) { return std::generic_category().message(error); }

struct CloseFile {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

inline bool is_gzip(ByteSpan bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

/// The contents of a gzip file with any number of members (RFC 1952), zeros behind them allowed as gzip does
/// (blocks of a tape). `file` is named in errors.
template <class = void>
Bytes gunzip([[maybe_unused]] ByteSpan packed, const std::filesystem::path& file,
             [[maybe_unused]] std::size_t max_bytes) {
#ifndef BASIN_USE_ZLIB
  file_error(file,
             "this is a gzip file, and this program was built without zlib: define BASIN_USE_ZLIB and link ",
             "ZLIB::ZLIB (Debian: zlib1g-dev)");
#else
  z_stream z{};
  if (inflateInit2(&z, 15 + 16) != Z_OK) throw std::bad_alloc();  // 15: the largest window, 16: gzip alone
  struct EndInflate {
    void operator()(z_stream* s) const { inflateEnd(s); }
  };
  const std::unique_ptr<z_stream, EndInflate> end(&z);
  Bytes out, chunk(std::size_t(1) << 18);
  for (std::size_t at = 0;;) {
    const std::size_t fed = std::min(packed.size() - at, std::size_t(1) << 30);
    z.next_in = const_cast<Bytef*>(packed.data() + at);
    z.avail_in = static_cast<uInt>(fed);
    z.next_out = chunk.data();
    z.avail_out = static_cast<uInt>(chunk.size());
    const int status = inflate(&z, Z_NO_FLUSH);
    at += fed - z.avail_in;
    const std::size_t made = chunk.size() - z.avail_out;
    if (made > max_bytes - out.size())
      file_error(file, "unpacks to more than the limit of ", max_bytes, " bytes");
    out.insert(out.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made));
    if (status == Z_STREAM_END) {
      const ByteSpan rest = packed.subspan(at);
      if (std::all_of(rest.begin(), rest.end(), [](unsigned char b) { return b == 0; })) return out;
      if (!is_gzip(rest))
        file_error(file, "offset ", at, ": ", rest.size(), " bytes after the end of the gzip data");
      inflateReset(&z);
    } else if (status == Z_BUF_ERROR) {  // no input is left
      file_error(file, "gzip data ends too early, after ", at, " bytes");
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK) {
      file_error(file, "offset ", at, ": damaged gzip data: ", z.msg ? z.msg : "not a gzip stream");
    }
  }
#endif
}

}  // namespace detail

/// All bytes of a file as they are, in one piece of memory of the file's size; of a pipe, whose size nobody
/// knows, in up to three times as much. Throws FileError if it cannot be read or has more than max_bytes.
template <class = void>
[[nodiscard]] Bytes read_plain_bytes(const std::filesystem::path& path,
                                     std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_plain_bytes");
  const detail::File file(std::fopen(path.string().c_str(), "rb"));
  if (!file) detail::file_error(path, "cannot open: ", detail::reason(errno));
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(path, none);  // a first guess: a pipe has no size
  if (!none && size > max_bytes)
    detail::file_error(path, "has ", size, " bytes, more than the limit of ", max_bytes, " bytes");
  const std::size_t limit = max_bytes + (max_bytes < std::numeric_limits<std::size_t>::max());
  Bytes bytes(none ? std::min(limit, std::size_t(1) << 16) : std::min<std::size_t>(limit, size + 1));
  for (std::size_t used = 0;;) {
    used += std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
    if (std::ferror(file.get()))
      detail::file_error(path, "cannot read beyond byte ", used, ": ", detail::reason(errno));
    if (used > max_bytes) detail::file_error(path, "has more than the limit of ", max_bytes, " bytes");
    if (used < bytes.size()) {
      bytes.resize(used);
      return bytes;
    }
    bytes.resize(std::min(limit, 2 * used));
  }
}

/// All bytes of a file, unpacked if it is gzip, which its first bytes 1f 8b say and not its name. Throws
/// FileError if it cannot be read, is damaged, cut off or followed by anything but zeros, or unpacks to
/// more than max_bytes. A packed file and up to three times what it unpacks to are held at once. Gzip
/// needs BASIN_USE_ZLIB, defined in all files of the program, and zlib linked; without them it is an error
/// that says so.
template <class = void>
[[nodiscard]] Bytes read_bytes(const std::filesystem::path& path, std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_bytes");
  Bytes bytes = read_plain_bytes(path, max_bytes);
  if (!detail::is_gzip(bytes)) return bytes;
  return detail::gunzip(bytes, path, max_bytes);
}

}  // namespace basin
