// Files for the tests: a folder that goes away, files of given bytes, and all the ways to damage a small one.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <fstream>     // std::ofstream
#include <random>      // std::random_device
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/data/bytes.hpp"
#include "support/catch.hpp"

/// A new empty folder, removed with all that is in it.
class TempDir {
 public:
  TempDir() {
    std::random_device random;
    do path_ = std::filesystem::temp_directory_path() / ("basin-test-" + std::to_string(random()));
    while (!std::filesystem::create_directory(path_));
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path write_file(const std::filesystem::path& path, basin::ByteSpan bytes) {
  // Removed first: some file systems wait for the disk when a file is truncated and written again.
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  REQUIRE(out.good());
  return path;
}

inline basin::Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// Whether read(file) gives FileError("FILE...") (1) or true, which stands for a sound result (0); false and
/// any other exception fail the test.
template <class Read>
int refuses(const std::filesystem::path& file, const Read& read) {
  try {
    if (!read(file)) FAIL("the result is not sound");
    return 0;
  } catch (const basin::FileError& e) {
    if (std::string(e.what()).rfind(file.string(), 0) != 0)
      FAIL("the error does not name the file: " << e.what());
    return 1;
  }
}

/// Writes `good` without its last 1, 2, ..., all bytes and reads it: the number of times that gave FileError.
template <class Read>
std::size_t refused_truncations(const TempDir& dir, const basin::Bytes& good, const Read& read) {
  std::size_t refused = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto file = write_file(dir / "cut", basin::ByteSpan(good).first(size));
    INFO("cut to " << size << " of " << good.size() << " bytes");
    refused += static_cast<std::size_t>(refuses(file, read));
  }
  return refused;
}

/// Changes each of the first `header` bytes of `good` to others and reads it: FileError or a result, nothing
/// else. Returns the number of FileErrors.
template <class Read>
std::size_t refused_corruptions(const TempDir& dir, const basin::Bytes& good, std::size_t header,
                                const Read& read) {
  std::size_t refused = 0;
  for (std::size_t at = 0; at < header; ++at) {
    std::vector<int> values = {0, 255, ' ', '0', '9', '"', '\'', '(', ']', '{', ','};
    for (int bit = 0; bit < 8; ++bit) values.push_back(good[at] ^ (1 << bit));
    for (const int value : values) {
      if (value == good[at]) continue;
      basin::Bytes bad = good;
      bad[at] = static_cast<unsigned char>(value);
      INFO("byte " << at << " is " << value);
      refused += static_cast<std::size_t>(refuses(write_file(dir / "bad", bad), read));
    }
  }
  return refused;
}
