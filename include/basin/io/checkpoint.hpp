// Finished work in a file that is used again only where the same work is asked for.
#pragma once
#include <array>         // std::array
#include <charconv>      // std::from_chars, std::to_chars
#include <cmath>         // std::floor
#include <cstddef>       // std::size_t
#include <filesystem>    // std::filesystem::path, std::filesystem::create_directories
#include <string>        // std::string
#include <system_error>  // std::errc, std::error_code
#include <utility>       // std::move
#include <vector>        // std::vector

#include "basin/core/error.hpp"      // require
#include "basin/core/types.hpp"      // Index, Mat
#include "basin/data/bytes.hpp"      // detail::file_error, detail::printable
#include "basin/io/array.hpp"        // NamedArray
#include "basin/io/checksum.hpp"     // detail::Checksum
#include "basin/io/safetensors.hpp"  // SafeTensors, read_safetensors, write_safetensors

namespace basin::inline BASIN_ABI {

/// Finished work in one safetensors file. `setting` says in words how it came about, data and seed included:
/// a file of another setting is never used, and is written over.
///
///     const std::string setting = "7 x 128, seed 3, data sum " + Checkpoint::exact(X.sum());
///     const Checkpoint c("out/radii.safetensors", setting);
///     SafeTensors<double> content;
///     if (!c.load(content)) {
///       content.tensors = {Checkpoint::array("radii", radii())};
///       content.metadata["loss"] = Checkpoint::exact(loss);
///       c.save(content);
///     }
///     const Mat<double> r = c.matrix(content, "radii", n, 1);
///     const double loss = c.number(content, "loss");
class Checkpoint {
 public:
  /// Throws std::invalid_argument unless the name of the file ends in .safetensors. The file need not exist.
  Checkpoint(std::filesystem::path file, std::string setting)
      : file_(std::move(file)), setting_(std::move(setting)) {
    require(file_.extension() == ".safetensors", "Checkpoint: the file name must end in .safetensors, got ",
            file_.string());
  }
  /// Where it is kept.
  const std::filesystem::path& file() const { return file_; }

  /// Writes arrays and remarks, whole or not at all; makes the folder. The remarks "setting", "format" and
  /// "checksum" are the checkpoint's own. Throws FileError.
  template <class S>
  void save(SafeTensors<S> content) const {
    std::error_code error;
    std::filesystem::create_directories(file_.parent_path().empty() ? "." : file_.parent_path(), error);
    if (error) detail::file_error(file_, "cannot make its folder: ", error.message());
    content.metadata["setting"] = setting_;
    content.metadata["format"] = format;
    content.metadata["checksum"] = checksum(content);
    write_safetensors(file_, content);
  }

  /// content = what is in the file; false if there is no such file, or one of another setting, which leaves
  /// content of no use. Throws FileError if the file cannot be read, is none that `save` wrote, or differs in
  /// so much as a bit from what was saved.
  template <class S>
  [[nodiscard]] bool load(SafeTensors<S>& content) const {
    if (!std::filesystem::exists(file_)) return false;
    content = read_safetensors<S>(file_);
    if (remark(content, "format") != format)
      detail::file_error(file_, "is no checkpoint of this version (its remark \"format\" is not \"", format,
                         "\"): move it out of the way");
    const std::string saved = remark(content, "checksum");
    content.metadata.erase("checksum");
    if (saved != checksum(content))
      detail::file_error(file_, "is damaged: its contents do not have the checksum ",
                         detail::printable(saved), " that was saved with them");
    return remark(content, "setting") == setting_;
  }

  /// The remark `name` of content, which came from this file, as a number. Throws FileError unless there is
  /// such a remark and it is one.
  template <class S>
  [[nodiscard]] double number(const SafeTensors<S>& content, const std::string& name) const {
    const std::string s = remark(content, name);
    double x = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), x);
    if (error != std::errc() || end != s.data() + s.size())
      detail::file_error(file_, "remark \"", name, "\" is \"", detail::printable(s), "\", expected a number");
    return x;
  }

  /// The same for a number of things: whole, and from 0 to 2^53.
  template <class S>
  [[nodiscard]] Index count(const SafeTensors<S>& content, const std::string& name) const {
    const double x = number(content, name);
    if (!(x >= 0 && x <= 0x1p53 && x == std::floor(x)))
      detail::file_error(file_, "remark \"", name, "\" is ", exact(x), ", expected a whole number >= 0");
    return static_cast<Index>(x);
  }

  /// The array `name` of content, which came from this file, as array() made it of a matrix of rows x cols.
  /// Throws FileError if there is none of that size.
  template <class S>
  [[nodiscard]] Mat<S> matrix(const SafeTensors<S>& content, const std::string& name, Index rows,
                              Index cols) const {
    for (const NamedArray<S>& t : content.tensors)
      if (t.name == name && t.array.shape == std::vector<Index>{cols, rows})
        return Eigen::Map<const Mat<S>>(t.array.values.data(), rows, cols);
    detail::file_error(file_, "has no array \"", name, "\" of shape (", cols, ", ", rows, ")");
  }

  /// A matrix as an array of shape (cols, rows): its columns one after the other.
  template <class Derived>
  [[nodiscard]] static NamedArray<typename Derived::Scalar> array(const std::string& name,
                                                                  const Eigen::MatrixBase<Derived>& m) {
    return {name, {{m.cols(), m.rows()}, m.reshaped()}};
  }

  /// The shortest text that `number` reads as x again.
  [[nodiscard]] static std::string exact(double x) {
    std::array<char, 64> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr};
  }

 private:
  static constexpr const char* format = "basin checkpoint 1";

  template <class S>
  [[nodiscard]] std::string remark(const SafeTensors<S>& content, const std::string& name) const {
    const auto found = content.metadata.find(name);
    if (found == content.metadata.end()) detail::file_error(file_, "has no remark \"", name, "\"");
    return found->second;
  }
  /// Of all that is in the file: names, shapes, numbers and remarks.
  template <class S>
  [[nodiscard]] static std::string checksum(const SafeTensors<S>& content) {
    detail::Checksum sum;
    for (const auto& [name, text] : content.metadata) sum.add(name).add(text);
    for (const NamedArray<S>& t : content.tensors) {
      sum.add(t.name).add(t.array.shape.data(), t.array.shape.size() * sizeof(Index));
      sum.add(t.array.values.data(), static_cast<std::size_t>(t.array.values.size()) * sizeof(S));
    }
    return sum.text();
  }

  std::filesystem::path file_;
  std::string setting_;
};

}  // namespace basin
