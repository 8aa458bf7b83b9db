// The file beside another one that is to take its place.
#pragma once
#include <cerrno>        // errno
#include <cstddef>       // std::size_t
#include <filesystem>    // std::filesystem
#include <mutex>         // std::mutex
#include <set>           // std::set
#include <string>        // std::string, std::to_string
#include <system_error>  // std::error_code
#include <utility>       // std::move, std::swap
#ifdef _WIN32
#include <io.h>  // _commit

#include <cstdio>  // std::fopen, std::fwrite
#else
#include <fcntl.h>     // open
#include <sys/file.h>  // flock
#include <sys/stat.h>  // fstat, fchmod
#include <unistd.h>    // fsync, write
#endif

#include "basin/data/bytes.hpp"  // ByteSpan, detail::file_error, detail::reason

namespace basin::inline BASIN_ABI::detail {

/// Such a file is called .NAME.K.basin-tmp, with as much of a long NAME as systems take.
inline constexpr const char* temporary_ending = ".basin-tmp";

inline std::filesystem::path temporary_name(const std::filesystem::path& target, int k) {
  const std::string name = target.filename().string().substr(0, 200);
  return target.parent_path() / ("." + name + "." + std::to_string(k) + temporary_ending);
}

#ifndef _WIN32

/// A descriptor that is closed, and with it the lock that it holds given up.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  /// Whether the system had no complaint.
  bool close() { return fd_ < 0 || ::close(release()) == 0; }

 private:
  int fd_;
};

/// Whether `name` is the file that fd has opened.
inline bool is_same_file(int fd, const std::filesystem::path& name) {
  struct stat opened = {}, named = {};
  return ::fstat(fd, &opened) == 0 && ::lstat(name.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

/// Removes the temporary file `name` if no process is writing it: whoever does holds a lock, which the system
/// takes away when the process ends, however it ends. Whether it is gone.
inline bool remove_if_left_over(const std::filesystem::path& name) {
  const Descriptor file(::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) return errno == ENOENT;
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  return is_same_file(file.get(), name) && ::unlink(name.c_str()) == 0;
}

/// Removes what killed processes left in a folder, once for each folder that this process writes to.
inline void remove_left_over(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  static std::mutex one_at_a_time;
  static std::set<fs::path> seen;
  std::error_code error;
  const fs::path absolute = fs::absolute(folder.empty() ? "." : folder, error);
  const std::lock_guard lock(one_at_a_time);
  if (error || !seen.insert(absolute).second) return;
  for (fs::directory_iterator at(absolute, error), end; !error && at != end; at.increment(error))
    if (const std::string name = at->path().filename().string();
        name.starts_with('.') && name.ends_with(temporary_ending))
      remove_if_left_over(at->path());
}

/// Waits until the entries of a folder are on the disk, where the system can.
inline void folder_to_disk(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

/// A new file beside `target`, locked as long as it is open, with the permissions that `target` has; removed
/// unless it takes the place of `target`. Errors name `path`, which is what the caller knows `target` by.
class TemporaryFile {
 public:
  TemporaryFile(std::filesystem::path path, std::filesystem::path target)
      : path_(std::move(path)), target_(std::move(target)) {
    replaces_ = ::stat(target_.c_str(), &before_) == 0;
    remove_left_over(target_.parent_path());
    for (int k = 0; !create(k); ++k)
      if (k == most) file_error(path_, "cannot create a file in its folder: ", reason(EEXIST));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  void write(ByteSpan bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t n = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        file_error(path_, "cannot write ", bytes.size(), " bytes: ", reason(n < 0 ? errno : ENOSPC));
      done += static_cast<std::size_t>(n);
    }
    if (::fsync(file_.get()) != 0)
      file_error(path_, "cannot write ", bytes.size(), " bytes: ", reason(errno));
  }
  void replace_target() {
    if (replaces_) take_over_permissions();
    if (::rename(name_.c_str(), target_.c_str()) != 0)
      file_error(path_, "cannot put the new file in its place: ", reason(errno));
    name_.clear();
    folder_to_disk(target_.parent_path());
    if (!file_.close()) file_error(path_, "cannot write: ", reason(errno));
  }

 private:
  static constexpr int most = 9999;  // writers of the same file at the same time

  /// Whether the K-th name was free, or what a killed process left.
  bool create(int k) {
    const std::filesystem::path name = temporary_name(target_, k);
    const mode_t mode = replaces_ ? before_.st_mode & 0777 : 0666;
    for (int attempt = 0; attempt < 2; ++attempt) {
      file_ = Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      if (file_) {
        // Another process may have taken it for a leftover before it was locked: then it is not ours.
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
        if (!is_same_file(file_.get(), name)) return false;
        name_ = name;
        return true;
      }
      if (errno != EEXIST) file_error(path_, "cannot create a file in its folder: ", reason(errno));
      if (!remove_if_left_over(name)) return false;
    }
    return false;
  }
  /// The owner where the system allows it, and first: giving a file away takes special bits from its mode.
  void take_over_permissions() {
    [[maybe_unused]] const int may_fail = ::fchown(file_.get(), before_.st_uid, before_.st_gid);
    if (::fchmod(file_.get(), before_.st_mode & 07777) != 0)
      file_error(path_, "cannot put the new file in its place: ", reason(errno));
  }

  std::filesystem::path path_, target_, name_;
  struct stat before_ = {};
  bool replaces_ = false;
  Descriptor file_;
};

#else

/// The same without locks: what a killed process leaves stays, and the next write takes another name.
class TemporaryFile {
 public:
  TemporaryFile(std::filesystem::path path, std::filesystem::path target)
      : path_(std::move(path)), target_(std::move(target)) {
    for (int k = 0; !file_; ++k) {
      name_ = temporary_name(target_, k);
      file_.reset(std::fopen(name_.string().c_str(), "wbx"));  // x: fails with EEXIST if it is there
      const int error = errno;
      if (!file_ && (error != EEXIST || k == 9999))
        file_error(path_, "cannot create a file in its folder: ", reason(error));
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    file_.reset();
    std::error_code ignored;
    if (!name_.empty()) std::filesystem::remove(name_, ignored);
  }

  void write(ByteSpan bytes) {
    const std::size_t n = bytes.empty() ? 0 : std::fwrite(bytes.data(), 1, bytes.size(), file_.get());
    if (n != bytes.size() || std::fflush(file_.get()) != 0 || _commit(_fileno(file_.get())) != 0)
      file_error(path_, "cannot write ", bytes.size(), " bytes: ", reason(errno));
  }
  void replace_target() {
    if (std::fclose(file_.release()) != 0) file_error(path_, "cannot write: ", reason(errno));
    std::error_code error;
    if (std::filesystem::exists(target_, error))
      std::filesystem::permissions(name_, std::filesystem::status(target_).permissions(), error);
    if (!error) std::filesystem::rename(name_, target_, error);
    if (error) file_error(path_, "cannot put the new file in its place: ", error.message());
    name_.clear();
  }

 private:
  std::filesystem::path path_, target_, name_;
  File file_;
};

#endif

}  // namespace basin::detail
