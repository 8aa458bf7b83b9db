// Writing a file whole or not at all.
#pragma once
#include <cerrno>        // errno, EEXIST
#include <cstddef>       // std::size_t
#include <cstdio>        // std::fdopen, std::fwrite
#include <filesystem>    // std::filesystem::rename
#include <string>        // std::string
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code

#include "basin/data/bytes.hpp"         // ByteSpan, detail::File, detail::file_error, detail::reason
#include "basin/io/temporary_file.hpp"  // detail::TemporaryFile

namespace basin::inline BASIN_ABI {

namespace detail {

/// Where a chain of symbolic links leads, whether there is a file or not. Throws FileError if it leads in a
/// circle.
inline std::filesystem::path link_target(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path at = path;
  for (int links = 0; fs::is_symlink(fs::symlink_status(at, error)); ++links) {
    if (links == 40) file_error(path, "is a symbolic link that leads in a circle");
    const fs::path next = fs::read_symlink(at, error);
    if (error) file_error(path, "is a symbolic link that cannot be read: ", error.message());
    at = at.parent_path() / next;  // an absolute `next` replaces what is in front of it
  }
  return at;
}

}  // namespace detail

/// Makes `bytes` the contents of the file `path`: writes them beside it, waits until they are on the disk,
/// and renames. Throws FileError with the system's reason if any step fails; `path` is then what it was
/// before and nothing else is left. A file that was there keeps its permissions, and its owner where the
/// system allows it; a symbolic link is followed, and anything else than a file (a folder, a device) is
/// refused.
///
/// A process that is killed on the way leaves a temporary file, which nothing reads: .NAME.0.basin-tmp with
/// the permissions of NAME. The next write of the same file takes its place, and the first write of another
/// process into the same folder removes it.
inline void write_atomically(const std::filesystem::path& path, ByteSpan bytes) {
  namespace fs = std::filesystem;
  detail::require_path(path, "write_atomically");
  const fs::path target = detail::link_target(path);
  std::error_code error;
  const fs::file_status before = fs::status(target, error);
  if (fs::exists(before) && !fs::is_regular_file(before))
    detail::file_error(path, "cannot be replaced: it is not a regular file");
  detail::TemporaryFile temporary(path, target);
  temporary.write(bytes);
  temporary.replace_target();
}

/// The same for text.
inline void write_atomically(const std::filesystem::path& path, std::string_view contents) {
  write_atomically(path, ByteSpan(reinterpret_cast<const unsigned char*>(contents.data()), contents.size()));
}

}  // namespace basin
