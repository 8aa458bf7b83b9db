// The command lines of the paper programs and of the report. All of CLI11 is compiled in one file, since it
// takes long.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

namespace basin::examples {

/// How a program ended, for scripts.
enum ExitStatus { all_in_band = 0, failed = 1, bad_usage = 2, outside_band = 3, was_interrupted = 130 };

/// What CLI11 says about options, in lines of at most 80 columns: what a description has more stands below.
std::string narrow_help(const std::string& help);

/// A command line that asks for help or makes no sense: print `text` and leave with `status`.
struct Usage {
  int status;
  std::string text;
  /// Prints the text, on stderr if it is a complaint, and returns the status.
  int print() const;
};

/// Over how many seeds claims that depend on chance are run unless --seeds says otherwise, and whether the
/// program's work is tasks that ranks can share (Program::over_seeds, Program::tasks).
struct SeedCount {
  int quick = 1, full = 1;
  bool over_ranks = false;
};

/// The command line of a paper program.
struct Options {
  bool full = false;
  std::string data;  // folder with image files; empty: the embedded images
  std::filesystem::path out = "out";
  int threads = 0;  // 0: all
  std::uint64_t seed = 0;
  int seeds = 1;
};

/// Reads the command line of the program `name`. Throws Usage.
Options parse_options(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                      const char* const* argv);

/// The command that makes a result with these options again, as one types it at the project's root. The
/// number of threads is left out, since it changes no result.
std::string reproduce_command(const std::string& name, const Options& options, const SeedCount& count);

/// The command line of `report`.
struct ReportOptions {
  std::filesystem::path out = "out";
  std::vector<std::string> order;
};
ReportOptions parse_report_options(int argc, const char* const* argv);

}  // namespace basin::examples
