// The page that shows what the paper programs found: one HTML file that stands alone, pictures included.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

#include "support/claims.hpp"  // Result
#include "support/html.hpp"    // escape_html

namespace basin::examples {

/// What OUT/NAME.json holds, or why it could not be read.
struct ReportEntry {
  std::string file;
  Result result;
  std::string problem;
};

/// The results in `out`, those of `order` first and in that order, the rest by name (2 before 10).
std::vector<ReportEntry> read_results(const std::filesystem::path& out,
                                      const std::vector<std::string>& order);

/// The page; pictures are read from `out` and embedded. `missing`: the programs that have no result.
std::string report_html(const std::vector<ReportEntry>& entries, const std::filesystem::path& out,
                        const std::vector<std::string>& missing = {});

/// Reads out/*.json and writes out/report.html, whole or not at all; returns its path. What `order` names and
/// is not there is listed as not run. Throws FileError when
/// `out` is no directory or holds no result.
std::filesystem::path write_report(const std::filesystem::path& out, const std::vector<std::string>& order);

}  // namespace basin::examples
