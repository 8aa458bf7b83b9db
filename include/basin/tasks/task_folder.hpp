// Finished tasks in a folder, a file each.
#pragma once
#include <cctype>        // std::isalnum
#include <cstdint>       // std::uint64_t
#include <cstdio>        // std::snprintf
#include <filesystem>    // std::filesystem::path
#include <limits>        // std::numeric_limits
#include <optional>      // std::optional
#include <stdexcept>     // std::invalid_argument
#include <string>        // std::string
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code
#include <utility>       // std::move

#include "basin/core/error.hpp"       // require
#include "basin/data/bytes.hpp"       // Bytes, read_plain_bytes, detail::file_error
#include "basin/io/atomic_file.hpp"   // write_atomically
#include "basin/io/checksum.hpp"      // detail::Checksum
#include "basin/tasks/packed.hpp"     // Packer, Unpacker
#include "basin/tasks/run_tasks.hpp"  // TaskStore

namespace basin::inline BASIN_ABI {

namespace detail {
inline std::uint64_t fingerprint(ByteSpan bytes) {
  return Checksum().add(bytes.data(), bytes.size()).value();
}
}  // namespace detail

/// Keeps each finished task in a file of its own, FOLDER/NAME-HASH.task, HASH over the task's name and
/// `settings`: the words for all that results depend on and names do not say (data, options, version of the
/// program). Tasks of other settings lie beside them and are neither used nor touched.
///
/// A file is written whole or not at all, so that a killed run leaves none that is cut short. It holds name
/// and settings in full, and a checksum. One that is damaged, or holds something else than its name says, is
/// an error that names it, never computed over in silence: something is wrong with the disk, or the folder is
/// used for two things. Who knows that it is not needed deletes it, and the task is run again.
class TaskFolder : public TaskStore {
 public:
  /// The folder need not exist; it is made when the first task is kept.
  TaskFolder(std::filesystem::path folder, std::string settings)
      : folder_(std::move(folder)), settings_(std::move(settings)) {
    require(!folder_.empty(), "TaskFolder: folder must not be empty");
  }

  /// Where the result of this task is kept.
  [[nodiscard]] std::filesystem::path file(const std::string& task) const {
    const Bytes key = packed(std::pair(task, settings_));
    std::string name = task.substr(0, 80);
    for (char& c : name)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') c = '_';
    char hash[24];
    std::snprintf(hash, sizeof hash, "-%016llx", static_cast<unsigned long long>(detail::fingerprint(key)));
    return folder_ / (name + hash + ".task");
  }

  /// Throws FileError if there is a file that cannot be read, is damaged or belongs to another task.
  [[nodiscard]] std::optional<Bytes> load(const std::string& task) const override {
    const std::filesystem::path path = file(task);
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) return {};
    const Bytes bytes = read_plain_bytes(path, std::numeric_limits<std::size_t>::max());
    if (bytes.size() < magic.size() ||
        std::string_view(reinterpret_cast<const char*>(bytes.data()), magic.size()) != magic)
      detail::file_error(path, "is no finished task: its first bytes are not \"basin task 1\"");
    Unpacker head(ByteSpan(bytes).subspan(magic.size()));
    const bool whole =
        head.left() >= 8 &&
        head.get<std::uint64_t>() == detail::fingerprint(ByteSpan(bytes).subspan(bytes.size() - head.left()));
    if (!whole)
      detail::file_error(path, "is damaged: its ", bytes.size(),
                         " bytes do not fit their checksum; delete it to have the task run again");
    try {
      return result(head, task, path);
    } catch (const std::invalid_argument& e) {
      detail::file_error(path, "is no finished task: ", e.what());
    }
  }

  /// Throws FileError with the system's reason if the file cannot be written.
  void save(const std::string& task, const Bytes& result) const override {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) detail::file_error(folder_, "cannot make this folder: ", error.message());
    Packer body;
    body(task);
    body(settings_);
    body(result);
    Packer whole;
    whole(detail::fingerprint(body.bytes()));
    Bytes bytes(magic.begin(), magic.end());
    bytes.insert(bytes.end(), whole.bytes().begin(), whole.bytes().end());
    bytes.insert(bytes.end(), body.bytes().begin(), body.bytes().end());
    write_atomically(file(task), ByteSpan(bytes));
  }

 private:
  /// What stands behind the checksum: name, settings and the result.
  [[nodiscard]] Bytes result(Unpacker& from, const std::string& task,
                             const std::filesystem::path& path) const {
    const auto name = from.get<std::string>(), settings = from.get<std::string>();
    if (name != task || settings != settings_)
      detail::file_error(path, "holds task \"", detail::printable(name), "\" with settings \"",
                         detail::printable(settings), "\", expected task \"", detail::printable(task),
                         "\" with settings \"", detail::printable(settings_), "\"");
    auto bytes = from.get<Bytes>();
    require(from.left() == 0, from.left(), " bytes are left behind the result");
    return bytes;
  }

  static constexpr std::string_view magic = "basin task 1\n";
  std::filesystem::path folder_;
  std::string settings_;
};

}  // namespace basin
