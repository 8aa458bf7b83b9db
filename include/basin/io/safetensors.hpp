// Safetensors files: named tensors, described by a JSON header of which no byte is executed.
#pragma once
#include <algorithm>   // std::sort
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <set>         // std::set
#include <string>      // std::string
#include <tuple>       // std::tie
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/data/bytes.hpp"        // read_plain_bytes
#include "basin/io/array.hpp"          // NamedArray
#include "basin/io/atomic_file.hpp"    // write_atomically
#include "basin/io/little_endian.hpp"  // detail::load_le
#if !__has_include(<nlohmann/json.hpp>)
#error "basin/io/safetensors.hpp needs nlohmann-json: install it (Debian: nlohmann-json3-dev)"
#endif
#include <nlohmann/json.hpp>  // nlohmann::json

namespace basin::inline BASIN_ABI {

/// The tensors of a file in the order of their data, and its remarks.
template <class S>
struct SafeTensors {
  std::vector<NamedArray<S>> tensors;
  std::map<std::string, std::string> metadata;
};

namespace detail {

inline constexpr std::uint64_t max_safetensors_header = 100'000'000;  // as the format's definition has it

/// Data [begin, end) of the file's data section.
struct TensorEntry {
  std::uint64_t begin = 0, end = 0;
  std::string name;
  std::vector<Index> shape;
  bool is_double = false;
};

/// The JSON object in `text`, which begins at byte 8 of the file; a key given twice is an error.
inline nlohmann::json parse_safetensors_json(std::string_view text, const std::string& file) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      file_error(file, "header: the key ", parsed.dump(), " is given twice");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::parse_error& e) {
    file_error(file, "offset ", 8 + e.byte, ": the header is not JSON: ", e.what());
  } catch (const Json::exception& e) {
    file_error(file, "header: ", e.what());
  }
}

/// The entry that the header has for a tensor, its size checked against its shape.
inline TensorEntry tensor_entry(const std::string& name, const nlohmann::json& j, const std::string& file) {
  const auto check = [&](bool ok, const auto&... what) {
    if (!ok) file_error(file, "header: tensor \"", name, "\": ", what...);
  };
  const auto is_sizes = [](const nlohmann::json& list) {
    if (!list.is_array()) return false;
    return std::all_of(list.begin(), list.end(), [](const auto& n) { return n.is_number_unsigned(); });
  };
  check(j.is_object() && j.size() == 3 && j.contains("dtype") && j.contains("shape") &&
            j.contains("data_offsets"),
        "expected an object with dtype, shape and data_offsets");
  const auto &dtype = j["dtype"], &shape = j["shape"], &offsets = j["data_offsets"];
  check(dtype == "F32" || dtype == "F64", "dtype is ", dtype.dump(), ", expected \"F32\" or \"F64\"");
  check(is_sizes(shape), "shape is ", shape.dump(), ", expected a list of sizes");
  check(is_sizes(offsets) && offsets.size() == 2, "data_offsets are ", offsets.dump(),
        ", expected [begin, end]");

  TensorEntry t;
  t.name = name;
  t.is_double = dtype == "F64";
  t.begin = offsets[0];
  t.end = offsets[1];
  const auto sides = shape.get<std::vector<std::uint64_t>>();
  const auto count = checked_product(sides);
  const std::uint64_t item = t.is_double ? 8 : 4;
  check(count && t.begin <= t.end && (t.end - t.begin) % item == 0 && (t.end - t.begin) / item == *count,
        "data_offsets ", offsets.dump(), " do not fit shape ", shape.dump(), " of ", item, " bytes a number");
  t.shape.assign(sides.begin(), sides.end());
  return t;
}

template <class S>
SafeTensors<S> decode_safetensors(ByteSpan bytes, const std::string& file) {
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
  const nlohmann::json header = parse_safetensors_json(text, file);

  SafeTensors<S> out;
  std::vector<TensorEntry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(tensor_entry(name, value, file));
      continue;
    }
    if (!value.is_object()) file_error(file, "header: __metadata__ must be an object");
    for (const auto& [key, remark] : value.items()) {
      if (!remark.is_string()) file_error(file, "header: __metadata__ \"", key, "\" must be a string");
      out.metadata[key] = remark;
    }
  }
  std::sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  const std::uint64_t data = 8 + length;
  std::uint64_t end = 0;  // of the data that the tensors so far cover without gap or overlap
  for (const TensorEntry& t : entries) {
    if (t.begin != end)
      file_error(file, "offset ", data + end, ": the data of tensor \"", t.name, "\" begins at ", t.begin,
                 " of the data section, expected ", end, ", where the one before it ends");
    end = t.end;
    if (end > bytes.size() - data)
      file_error(file, "offset ", data + t.begin, ": the data of tensor \"", t.name, "\" ends at ", end,
                 " of only ", bytes.size() - data, " bytes");
    const unsigned char* at = bytes.data() + data + t.begin;
    const auto count = static_cast<Index>((t.end - t.begin) / (t.is_double ? 8 : 4));
    out.tensors.push_back(
        {t.name,
         {t.shape, t.is_double ? load_values<S, double>(at, count) : load_values<S, float>(at, count)}});
  }
  if (end != bytes.size() - data)
    file_error(file, "offset ", data + end, ": ", bytes.size() - data - end,
               " bytes that belong to no tensor");
  return out;
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

/// The tensors of a .safetensors file (F32 or F64, converted to S) and its __metadata__. Throws FileError,
/// naming the offset or tensor, unless the header is valid JSON without a key given twice, every tensor's
/// size fits its shape, and the tensors cover the data without gap, overlap or rest.
template <class S>
[[nodiscard]] SafeTensors<S> read_safetensors(const std::filesystem::path& path,
                                              std::size_t max_bytes = default_max_bytes) {
  return detail::decode_safetensors<S>(read_plain_bytes(path, max_bytes), path.string());
}

/// Writes the tensors as F32 (float) or F64 (double), whole or not at all. Throws std::invalid_argument if
/// two names are the same or one is "__metadata__" or not UTF-8, FileError if writing fails.
template <class S>
void write_safetensors(const std::filesystem::path& path, const SafeTensors<S>& file) {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "write_safetensors: float or double");
  write_atomically(path, detail::encode_safetensors(file));
}

}  // namespace basin
