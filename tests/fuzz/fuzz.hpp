// What the fuzzed readers share: the memory that a reader takes, a folder for its files, what its errors
// may say.
#pragma once
#include <unistd.h>  // getpid

#include <algorithm>   // std::max
#include <cstddef>     // std::size_t
#include <cstdint>     // std::uint8_t
#include <cstdio>      // std::fprintf
#include <cstdlib>     // std::abort, std::getenv
#include <filesystem>  // std::filesystem::path
#include <fstream>     // std::ofstream
#include <string>      // std::string

#include "basin/data/bytes.hpp"  // ByteSpan
#include "support/heap.hpp"      // Heap

namespace fuzz {

/// Ends the program as a crash does, which libFuzzer reports with the input.
[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

/// Keeps the largest numbers of this run in the file that BASIN_FUZZ_STATS names, where a crash leaves them.
inline void keep_statistics() {
  static std::ptrdiff_t peak = 0;
  static std::size_t largest = 0;
  static const char* const file = std::getenv("BASIN_FUZZ_STATS");
  if (file == nullptr || (Heap::peak <= peak && Heap::largest <= largest)) return;
  peak = std::max(peak, Heap::peak.load());
  largest = std::max(largest, Heap::largest.load());
  std::ofstream(file) << largest << ' ' << peak << '\n';
}

/// An empty folder of this process. TMPDIR is best a file system in memory.
inline const std::filesystem::path& folder() {
  static const std::filesystem::path path = [] {
    auto p = std::filesystem::temp_directory_path() / ("basin-fuzz-" + std::to_string(getpid()));
    std::filesystem::remove_all(p);
    std::filesystem::create_directories(p);
    return p;
  }();
  return path;
}

inline void write(const std::filesystem::path& file, basin::ByteSpan bytes) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Fails unless the words of an error are short and nothing in them moves a cursor: the fuzzer knows no names
/// but ASCII.
inline void check_words(const std::string& words) {
  if (words.size() > 20'000) fail("an error of " + std::to_string(words.size()) + " bytes");
  for (const char c : words)
    if ((c < 0x20 && c != '\n') || c > 0x7e) fail("an error has raw bytes in it: " + words);
}

}  // namespace fuzz
