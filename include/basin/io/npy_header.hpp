// The header of a .npy file: a Python dictionary with the keys descr, fortran_order and shape.
#pragma once
#include <algorithm>    // std::copy, std::equal
#include <cstdint>      // std::uint16_t, std::uint32_t
#include <limits>       // std::numeric_limits
#include <span>         // std::span
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <utility>      // std::exchange
#include <vector>       // std::vector

#include "basin/data/bytes.hpp"        // ByteSpan, detail::file_error, detail::printable
#include "basin/io/array.hpp"          // detail::shape_text
#include "basin/io/little_endian.hpp"  // detail::load_le

namespace basin::inline BASIN_ABI::detail {

struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;
  std::size_t data_offset = 0;
};

/// Reads such a dictionary and nothing else of Python. Every failure is a FileError with the offset in the
/// file.
class NpyHeaderParser {
 public:
  /// `text` begins at `offset` in the file.
  NpyHeaderParser(std::string_view text, std::size_t offset, const std::string& file)
      : text_(text), offset_(offset), file_(file) {}

  NpyHeader dictionary() {
    NpyHeader h;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::size_t start = at_;
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !std::exchange(descr, true))
        h.descr = quoted();
      else if (key == "fortran_order" && !std::exchange(order, true))
        h.fortran_order = truth();
      else if (key == "shape" && !std::exchange(shape, true))
        h.shape = sizes();
      else
        fail(start, "key '" + printable(key) + "', expected descr, fortran_order and shape, each once");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!(descr && order && shape)) fail(at_, "descr, fortran_order or shape is missing");
    skip_space();
    if (at_ != text_.size()) fail(at_, "expected nothing but spaces after the dictionary");
    return h;
  }

 private:
  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    file_error(file_, "offset ", offset_ + at, " in the .npy header: ", what);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool accept(char c) { return accept(std::string_view(&c, 1)); }
  void expect(char c) {
    if (!accept(c)) fail(at_, std::string("expected '") + c + "'");
  }
  std::string quoted() {
    accept('u');  // Python 2's text
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'' && !accept(quote)) fail(at_, "expected a string");
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail(at_, "a string does not end");
    const std::string inside(text_.substr(at_, end - at_));
    at_ = end + 1;
    return inside;
  }
  bool truth() {
    if (accept("True")) return true;
    if (!accept("False")) fail(at_, "expected True or False");
    return false;
  }
  std::vector<Index> sizes() {
    std::vector<Index> shape;
    expect('(');
    while (!accept(')')) {
      if (shape.size() == 64) fail(at_, "more than 64 dimensions");  // as many as NumPy knows
      shape.push_back(size());
      if (accept(',')) continue;
      if (shape.size() == 1) fail(at_, "expected ','");  // (3) is a number, not a tuple
      expect(')');
      break;
    }
    return shape;
  }
  Index size() {
    skip_space();
    const std::size_t start = at_;
    Index value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const Index digit = text_[at_] - '0';
      if (value > (std::numeric_limits<Index>::max() - digit) / 10)
        fail(start, "a side of the shape is too large");
      value = 10 * value + digit;
    }
    if (at_ == start) fail(at_, "expected a number");
    accept('L');  // Python 2's long
    return value;
  }

  std::string_view text_;
  std::size_t offset_, at_ = 0;
  const std::string& file_;
};

/// The header of the .npy data `bytes`, versions 1.0, 2.0 and 3.0 (2.0 with UTF-8 in it). Throws
/// FileError, naming `file`.
inline NpyHeader read_npy_header(ByteSpan bytes, const std::string& file) {
  static constexpr unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (bytes.size() < 10) file_error(file, "has ", bytes.size(), " bytes, expected a .npy header");
  if (!std::equal(std::begin(magic), std::end(magic), bytes.begin()))
    file_error(file, "offset 0: not a .npy file, which begins with \\x93NUMPY");
  const int version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] != 0)
    file_error(file, "offset 6: .npy version ", version, ".", int(bytes[7]), ", expected 1.0, 2.0 or 3.0");
  const std::size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start) file_error(file, "has ", bytes.size(), " bytes, expected a .npy header");
  const std::size_t length =
      version == 1 ? load_le<std::uint16_t>(&bytes[8]) : load_le<std::uint32_t>(&bytes[8]);
  if (length > bytes.size() - start)
    file_error(file, "offset 8: .npy header of ", length, " bytes, but only ", bytes.size() - start,
               " follow");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + start, length);
  NpyHeader header = NpyHeaderParser(text, start, file).dictionary();
  header.data_offset = start + length;
  return header;
}

/// A version 1.0 header, padded so that the data begins at a multiple of 64 bytes.
inline Bytes npy_header(const std::string& descr, bool fortran_order, std::span<const Index> shape) {
  std::string dictionary = "{'descr': '" + descr +
                           "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                           ", 'shape': " + shape_text(shape) + ", }";
  dictionary.append(63 - (10 + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  require(dictionary.size() <= 0xffff, "write_npy: an array of ", shape.size(), " dimensions has too many");
  static constexpr unsigned char start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  Bytes bytes(10 + dictionary.size());
  std::copy(std::begin(start), std::end(start), bytes.begin());
  store_le(&bytes[8], static_cast<std::uint16_t>(dictionary.size()));
  std::copy(dictionary.begin(), dictionary.end(), bytes.begin() + 10);
  return bytes;
}

}  // namespace basin::detail
