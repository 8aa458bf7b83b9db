// Tables of named columns as comma-separated values.
#pragma once
#include <array>         // std::array
#include <charconv>      // std::to_chars
#include <cstddef>       // std::size_t
#include <filesystem>    // std::filesystem::path
#include <iterator>      // std::begin, std::distance, std::end
#include <string>        // std::string
#include <string_view>   // std::string_view
#include <system_error>  // std::errc
#include <type_traits>   // std::is_arithmetic_v
#include <utility>       // std::move
#include <vector>        // std::vector

#include "basin/core/error.hpp"      // require
#include "basin/data/bytes.hpp"      // detail::require_path
#include "basin/io/atomic_file.hpp"  // write_atomically

namespace basin::inline BASIN_ABI {

namespace detail {

/// The shortest decimal number that reads back as the same value; text in quotes where it needs them
/// (RFC 4180).
template <class T>
std::string csv_cell(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    std::array<char, 64> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), end.ptr};
  } else {
    const std::string_view text = value;
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string(2, c) : std::string(1, c);
    return quoted + '"';
  }
}

}  // namespace detail

/// A table, put together column by column. Numbers are written so that they read back bit for bit (except for
/// the payload of a NaN), whatever the locale.
class CsvTable {
 public:
  /// Appends a column. `values` is any range of numbers or strings, a Vec among them. Throws unless it has as
  /// many values as the columns before it.
  template <class Range>
  CsvTable& add(const std::string& name, const Range& values) {
    std::vector<std::string> cells;
    cells.reserve(static_cast<std::size_t>(std::distance(std::begin(values), std::end(values))));
    for (const auto& value : values) cells.push_back(detail::csv_cell(value));
    require(columns_.empty() || cells.size() == columns_.front().size(), "CsvTable: column ", name, " has ",
            cells.size(), " values, expected ", columns_.empty() ? 0 : columns_.front().size());
    columns_.push_back(std::move(cells));
    names_.push_back(detail::csv_cell(name));
    return *this;
  }

  /// The names, then the rows, each line ended by a line feed.
  std::string str() const {
    std::string out = line([&](std::size_t k) -> const std::string& { return names_[k]; });
    const std::size_t rows = columns_.empty() ? 0 : columns_.front().size();
    for (std::size_t i = 0; i < rows; ++i)
      out += line([&](std::size_t k) -> const std::string& { return columns_[k][i]; });
    return out;
  }

  /// Writes str(), whole or not at all. Throws FileError if that fails.
  void write(const std::filesystem::path& path) const {
    detail::require_path(path, "CsvTable::write");
    write_atomically(path, str());
  }

 private:
  template <class Cell>
  std::string line(const Cell& cell) const {
    std::string out;
    for (std::size_t k = 0; k < names_.size(); ++k) out += (k == 0 ? "" : ",") + cell(k);
    return out + '\n';
  }

  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> columns_;
};

}  // namespace basin
