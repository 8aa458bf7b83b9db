// Writing a file whole or not at all.
#pragma once
#include <cerrno>        // errno, EEXIST
#include <cstdio>        // std::fopen, std::fwrite
#include <filesystem>    // std::filesystem::rename
#include <memory>        // std::unique_ptr
#include <string>        // std::to_string
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code
#ifdef _WIN32
#include <io.h>  // _commit
#else
#include <unistd.h>  // fsync
#endif

#include "basin/data/bytes.hpp"  // ByteSpan, detail::File, detail::file_error

namespace basin::inline BASIN_ABI {

namespace detail {

/// Waits until what was written to f is on the disk.
inline bool to_disk(std::FILE* f) {
#ifdef _WIN32
  return std::fflush(f) == 0 && _commit(_fileno(f)) == 0;
#else
  return std::fflush(f) == 0 && ::fsync(::fileno(f)) == 0;
#endif
}

struct RemoveFile {
  void operator()(const std::filesystem::path* name) const {
    std::error_code ignored;
    std::filesystem::remove(*name, ignored);
  }
};

/// Creates a file of a name not yet taken in the folder of `path`, and sets `name` to it.
inline File create_beside(const std::filesystem::path& path, std::filesystem::path& name) {
  for (int k = 0;; ++k) {
    name = path.parent_path() / (".basin-" + std::to_string(k) + ".tmp");
    File file(std::fopen(name.string().c_str(), "wbx"));  // x: fails with EEXIST if it is there
    if (file) return file;
    const int error = errno;
    if (error != EEXIST || k == 9999) file_error(path, "cannot create a file in its folder: ", reason(error));
  }
}

}  // namespace detail

/// Makes `bytes` the contents of the file `path`: writes them beside it, waits until they are on the disk,
/// and renames. Throws FileError with the system's reason if any step fails; `path` is then what it was
/// before and nothing else is left. A file that was there keeps its permissions, a symbolic link is followed,
/// and anything else than a file (a folder, a device) is refused.
inline void write_atomically(const std::filesystem::path& path, ByteSpan bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  const fs::file_status before = fs::status(target, error);
  if (fs::exists(before) && !fs::is_regular_file(before))
    detail::file_error(path, "cannot be replaced: it is not a regular file");
  fs::path name;
  detail::File file = detail::create_beside(target, name);
  std::unique_ptr<const fs::path, detail::RemoveFile> temporary(&name);
  const std::size_t written = bytes.empty() ? 0 : std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  if (written != bytes.size() || !detail::to_disk(file.get()))
    detail::file_error(path, "cannot write ", bytes.size(), " bytes: ", detail::reason(errno));
  if (std::fclose(file.release()) != 0) detail::file_error(path, "cannot write: ", detail::reason(errno));
  error.clear();
  if (fs::exists(before)) fs::permissions(name, before.permissions(), error);
  if (!error) fs::rename(name, target, error);
  if (error) detail::file_error(path, "cannot put the new file in its place: ", error.message());
  temporary.release();
}

inline void write_atomically(const std::filesystem::path& path, std::string_view contents) {
  write_atomically(path, ByteSpan(reinterpret_cast<const unsigned char*>(contents.data()), contents.size()));
}

}  // namespace basin
