// Safetensors files: named tensors, described by a JSON header of which no byte is executed.
#pragma once
#include <algorithm>    // std::sort
#include <cstdint>      // std::uint64_t
#include <filesystem>   // std::filesystem::path
#include <map>          // std::map
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <tuple>        // std::tie
#include <utility>      // std::move
#include <vector>       // std::vector

#include "basin/data/bytes.hpp"        // read_plain_bytes, detail::printable
#include "basin/data/numbers.hpp"      // detail::NumberType
#include "basin/io/array.hpp"          // NamedArray
#include "basin/io/atomic_file.hpp"    // write_atomically
#include "basin/io/json.hpp"           // detail::parse_json, detail::printable_json, nlohmann::json
#include "basin/io/little_endian.hpp"  // detail::load_le
#include "basin/io/stored_array.hpp"   // detail::StoredArray, detail::load_array

namespace basin::inline BASIN_ABI {

/// The tensors of a file in the order of their data, and its remarks.
template <class S>
struct SafeTensors {
  std::vector<NamedArray<S>> tensors;           // in the order of their data
  std::map<std::string, std::string> metadata;  // the file's remarks
};

/// What becomes of tensors of integers or truth values.
enum class IntegerTensors { skip, read };

namespace detail {

inline constexpr std::uint64_t max_safetensors_header = 100'000'000;  // as the format's definition has it

/// Data [begin, end) of the file's data section.
struct TensorEntry {
  std::uint64_t begin = 0, end = 0;
  std::string name;
  std::vector<Index> shape;
  NumberType type;
};

/// The number type of a dtype such as "F32", or none.
inline NumberType safetensors_type(const nlohmann::json& dtype) {
  using Kind = NumberType::Kind;
  if (dtype == "F64") return {Kind::floating, 8};
  if (dtype == "F32") return {Kind::floating, 4};
  if (dtype == "F16") return {Kind::floating, 2};
  if (dtype == "BF16") return {Kind::bfloat, 2};
  if (dtype == "I64") return {Kind::integer, 8};
  if (dtype == "I32") return {Kind::integer, 4};
  if (dtype == "I16") return {Kind::integer, 2};
  if (dtype == "I8") return {Kind::integer, 1};
  if (dtype == "U64") return {Kind::natural, 8};
  if (dtype == "U32") return {Kind::natural, 4};
  if (dtype == "U16") return {Kind::natural, 2};
  if (dtype == "U8") return {Kind::natural, 1};
  if (dtype == "BOOL") return {Kind::truth, 1};
  return {};
}

/// The entry that the header has for a tensor, its size checked against its shape.
inline TensorEntry tensor_entry(const std::string& name, const nlohmann::json& j, const std::string& file) {
  const auto fail = [&](const auto&... what) {
    file_error(file, "header: tensor \"", printable(name), "\": ", what...);
  };
  const auto is_sizes = [](const nlohmann::json& list) {
    if (!list.is_array()) return false;
    return std::all_of(list.begin(), list.end(), [](const auto& n) { return n.is_number_unsigned(); });
  };
  if (!(j.is_object() && j.size() == 3 && j.contains("dtype") && j.contains("shape") &&
        j.contains("data_offsets")))
    fail("expected an object with dtype, shape and data_offsets");
  const auto &dtype = j["dtype"], &shape = j["shape"], &offsets = j["data_offsets"];
  TensorEntry t;
  t.name = name;
  t.type = safetensors_type(dtype);
  if (t.type.size == 0)
    fail("dtype is ", printable_json(dtype), ", expected F64, F32, F16, BF16, I8 to I64, U8 to U64 or BOOL");
  if (!is_sizes(shape)) fail("shape is ", printable_json(shape), ", expected a list of sizes");
  if (!is_sizes(offsets) || offsets.size() != 2)
    fail("data_offsets are ", printable_json(offsets), ", expected [begin, end]");
  t.begin = offsets[0];
  t.end = offsets[1];
  const auto sides = shape.get<std::vector<std::uint64_t>>();
  const auto count = checked_product(sides);
  const std::uint64_t item = t.type.size;
  if (!count || t.begin > t.end || (t.end - t.begin) % item != 0 || (t.end - t.begin) / item != *count)
    fail("data_offsets ", printable_json(offsets), " do not fit shape ", printable_json(shape), " of ", item,
         " bytes a number");
  t.shape.assign(sides.begin(), sides.end());
  return t;
}

/// What the header says: the tensors in the order of their data, and the remarks. Data begins at byte `data`.
struct SafeTensorsHeader {
  std::vector<TensorEntry> entries;
  std::map<std::string, std::string> metadata;
  std::size_t data = 0;
};

inline std::map<std::string, std::string> safetensors_metadata(const nlohmann::json& j,
                                                               const std::string& file) {
  std::map<std::string, std::string> metadata;
  if (j.is_null()) return metadata;
  if (!j.is_object()) file_error(file, "header: __metadata__ must be an object");
  for (const auto& [key, remark] : j.items()) {
    if (!remark.is_string())
      file_error(file, "header: __metadata__ \"", printable(key), "\" must be a string");
    metadata[key] = remark;
  }
  return metadata;
}

/// Throws unless the tensors, sorted by their data, cover the data section without gap, overlap or rest.
inline void check_coverage(const SafeTensorsHeader& h, std::uint64_t size, const std::string& file) {
  std::uint64_t end = 0;
  for (const TensorEntry& t : h.entries) {
    if (t.begin != end)
      file_error(file, "offset ", h.data + end, ": the data of tensor \"", printable(t.name), "\" begins at ",
                 t.begin, " of the data section, expected ", end, ", where the one before it ends");
    end = t.end;
    if (end > size)
      file_error(file, "offset ", h.data + t.begin, ": the data of tensor \"", printable(t.name),
                 "\" ends at ", end, " of only ", size, " bytes");
  }
  if (end != size)
    file_error(file, "offset ", h.data + end, ": ", size - end, " bytes that belong to no tensor");
}

inline SafeTensorsHeader read_safetensors_header(ByteSpan bytes, const std::string& file) {
  if (bytes.size() < 8)
    file_error(file, "has ", bytes.size(), " bytes, expected a safetensors header of 8 or more");
  const auto length = load_le<std::uint64_t>(bytes.data());
  if (length > max_safetensors_header || length > bytes.size() - 8)
    file_error(file, "offset 0: header of ", length, " bytes, expected at most ",
               std::min<std::uint64_t>(max_safetensors_header, bytes.size() - 8), ", as many as follow");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  if (!text.starts_with('{')) file_error(file, "offset 8: the header must begin with '{'");
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)  // the parser would stop there
    file_error(file, "offset ", 8 + nul, ": the header is not JSON: a NUL");
  constexpr int levels = 3;  // the list of a shape lies in a tensor in the header
  const auto header = parse_json(text, 8, levels, "header", file);
  SafeTensorsHeader out;
  out.data = 8 + length;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__")
      out.metadata = safetensors_metadata(value, file);
    else
      out.entries.push_back(tensor_entry(name, value, file));
  }
  std::sort(out.entries.begin(), out.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_coverage(out, bytes.size() - out.data, file);
  return out;
}

/// The tensor in the file's `bytes`.
inline StoredArray stored_tensor(ByteSpan bytes, const SafeTensorsHeader& h, const TensorEntry& t) {
  return {t.shape, t.type, false, bytes.subspan(h.data + t.begin, t.end - t.begin)};
}

template <class S>
Bytes encode_safetensors(const SafeTensors<S>& file) {
  nlohmann::json header = nlohmann::json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t end = 0;
  for (const auto& [name, a] : file.tensors) {
    require(name != "__metadata__" && !header.contains(name),
            "write_safetensors: the names of tensors must differ ", "and not be __metadata__, got \"", name,
            "\"");
    require_array(a, "write_safetensors");
    const std::uint64_t begin =
        std::exchange(end, end + static_cast<std::uint64_t>(a.values.size()) * sizeof(S));
    header[name] = {
        {"dtype", sizeof(S) == 4 ? "F32" : "F64"}, {"shape", a.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& e) {
    require(false, "write_safetensors: a name or remark is not UTF-8: ", e.what());
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data is aligned
  require(text.size() <= max_safetensors_header, "write_safetensors: a header of ", text.size(),
          " bytes is too long");
  Bytes bytes(8 + text.size());
  const std::uint64_t header_size = text.size();
  store_le(bytes.data(), header_size);
  std::copy(text.begin(), text.end(), bytes.begin() + 8);
  for (const auto& [name, a] : file.tensors) append_values(bytes, a.values);
  return bytes;
}

}  // namespace detail

/// The tensors of a .safetensors file and its __metadata__ (an object of strings, or null). Tensors of F64,
/// F32, F16 and BF16 are converted to S, exactly where S holds the number, else rounded to the nearest. Those
/// of integers (I8 to I64, U8 to U64) and BOOL, such as the counters of batch normalizations, are left out
/// unless they are asked for; then they are converted in the same way. Throws FileError, naming the offset or
/// tensor, unless the header is valid JSON without a key given twice and no deeper than the format needs,
/// every dtype is one of these, every tensor's size fits its shape, and the tensors cover the data without
/// gap, overlap or rest; all of it is checked for tensors that are left out, too. Memory: the file, up to 100
/// times its header, and the numbers as S.
template <class S>
[[nodiscard]] SafeTensors<S> read_safetensors(const std::filesystem::path& path,
                                              std::size_t max_bytes = default_max_bytes,
                                              IntegerTensors integers = IntegerTensors::skip) {
  detail::require_path(path, "read_safetensors");
  const Bytes bytes = read_plain_bytes(path, max_bytes);
  detail::SafeTensorsHeader header = detail::read_safetensors_header(bytes, path.string());
  SafeTensors<S> out;
  for (const detail::TensorEntry& t : header.entries)
    if (t.type.is_floating() || integers == IntegerTensors::read)
      out.tensors.push_back({t.name, detail::load_array<S>(detail::stored_tensor(bytes, header, t))});
  out.metadata = std::move(header.metadata);
  return out;
}

/// Writes the tensors as F32 (float) or F64 (double), whole or not at all. Throws std::invalid_argument if
/// two names are the same or one is "__metadata__" or not UTF-8, FileError if writing fails.
template <class S>
void write_safetensors(const std::filesystem::path& path, const SafeTensors<S>& file) {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "write_safetensors: float or double");
  detail::require_path(path, "write_safetensors");
  write_atomically(path, detail::encode_safetensors(file));
}

}  // namespace basin
