// What the tests of the programs' conveniences share: a program named "trial", what it prints, a sample
// result.
#pragma once
#include <cstdio>      // std::fflush
#include <filesystem>  // std::filesystem::path
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <string>      // std::string
#include <vector>      // std::vector

#include <fcntl.h>   // open
#include <unistd.h>  // dup, dup2

#include "io/files.hpp"         // TempDir
#include "support/program.hpp"  // run_program, parse_options

namespace basin::examples {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                        inf = std::numeric_limits<double>::infinity();

/// Sends the process's stdout and stderr to a file while it lives.
class Captured {
 public:
  explicit Captured(const std::filesystem::path& file) : file_(file) {
    std::fflush(nullptr);
    const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (const int fd : {1, 2}) {
      saved_.push_back(dup(fd));
      dup2(to, fd);
    }
    close(to);
  }
  ~Captured() { end(); }
  std::string end() {
    std::fflush(nullptr);
    for (std::size_t k = 0; k < saved_.size(); ++k) {
      dup2(saved_[k], static_cast<int>(k) + 1);
      close(saved_[k]);
    }
    saved_.clear();
    const Bytes bytes = read_plain_bytes(file_);
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::filesystem::path file_;
  std::vector<int> saved_;
};

/// What a file holds.
inline std::string file_text(const std::filesystem::path& file) {
  const Bytes bytes = read_plain_bytes(file);
  return {bytes.begin(), bytes.end()};
}

/// Runs `body` as the program "trial" with these arguments; what it printed is in `said`.
inline int run(std::vector<std::string> arguments, const std::function<void(Program&)>& body,
               std::string* said = nullptr) {
  arguments.insert(arguments.begin(), "trial");
  std::vector<const char*> argv;
  for (const std::string& a : arguments) argv.push_back(a.c_str());
  TempDir output;
  Captured captured(output / "said");
  const int status =
      run_program("trial", "A trial", {3, 10}, static_cast<int>(argv.size()), argv.data(), body);
  const std::string all = captured.end();
  if (said) *said = all;
  return status;
}

/// The options that the program "trial" takes from these arguments.
inline Options parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "trial");
  return parse_options("trial", "A trial", {3, 10}, static_cast<int>(arguments.size()), arguments.data());
}

/// What the same says where it refuses them.
inline Usage refused(const std::vector<const char*>& arguments) {
  try {
    parsed(arguments);
  } catch (const Usage& usage) {
    return usage;
  }
  return {-1, "accepted"};
}

/// A result with two claims, of which the second does not hold and lies outside.
inline Result sample_result() {
  Result r;
  r.name = "figure_0";
  r.title = "A title with \"quotes\" & <tags>";
  r.seconds = 12.5;
  r.claims = {median_claim("a", "statement", "all of 100", {57, 63, 55}, at_least(55), " of 100", "a note"),
              yes_no_claim("b", "second", "yes", "no", false)};
  r.figures = {{"figure_0.png", "a caption"}};
  r.data = "none";
  r.command = "examples/reproduce --only figure_0";
  r.date = "2024-01-02T03:04:05Z";
  r.seeds = {7, 8, 9};
  r.threads = 2;
  r.notes = {"something to know"};
  return r;
}

}  // namespace basin::examples
