// An .onnx file as plain values: nodes with their attributes, constants, inputs and outputs. Nothing of
// protobuf is seen beyond this header.
#pragma once
#include <algorithm>   // std::any_of, std::find, std::mismatch
#include <cstdint>     // std::uint16_t, ...
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <optional>    // std::optional
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/checked_product.hpp"  // checked_product
#include "basin/core/types.hpp"            // Index, Vec
#include "basin/data/bytes.hpp"            // read_plain_bytes, file_error, printable
#include "basin/data/numbers.hpp"          // NumberType, loader_of, Half, BFloat16

#ifdef BASIN_BODIES
#include "basin/io/onnx/protobuf.hpp"  // onnx::ModelProto
#endif

namespace basin::inline BASIN_ABI {

namespace detail {

/// A constant of the file, in C order. Numbers of all types are doubles here; of 64-bit integers beyond 2^53
/// those next to them. NaN stands for the size of the batch, which is open.
struct OnnxTensor {
  std::vector<Index> dims = {};
  Vec<double> values = {};
  bool integer = false;  // integers and booleans
  bool single = false;   // written in single precision, whatever the network has

  Index size() const { return values.size(); }
};

/// What an attribute holds, as far as basin knows it.
struct OnnxAttribute {
  enum class Kind { number, integer, word, tensor, numbers, integers, words, other };
  Kind kind = Kind::other;
  double number = 0;
  std::int64_t integer = 0;
  std::string word = {};
  OnnxTensor tensor = {};
  std::vector<double> numbers = {};
  std::vector<std::int64_t> integers = {};
  std::vector<std::string> words = {};
};

struct OnnxNode {
  std::string name = {}, op = {}, domain = {};
  std::vector<std::string> inputs = {}, outputs = {};
  std::map<std::string, OnnxAttribute> attributes = {};
  /// "node 'conv1' (Conv)", for messages.
  template <class = void>
  std::string text() const;
};

/// An input or output of the graph: a size is -1 where the file leaves it open.
struct OnnxPort {
  std::string name;
  std::vector<Index> dims = {};
  std::string type = {};  // "float", "double", ...
  bool ranked = false;
};

/// An .onnx file.
struct OnnxFile {
  std::filesystem::path path;
  std::string producer, graph_name;
  std::int64_t ir_version = 0, opset = 0;
  std::vector<OnnxNode> nodes = {};
  std::map<std::string, OnnxTensor> constants = {};  // initializers
  std::vector<OnnxPort> inputs = {}, outputs = {};   // inputs without those that are initializers
};

/// The file at `path`. Throws FileError, naming file and place, if it cannot be read, is no ONNX model, or
/// holds a constant whose data do not fit its shape or lie outside of its folder.
template <class = void>
OnnxFile read_onnx_file(const std::filesystem::path& path, std::size_t max_bytes);

#ifdef BASIN_BODIES

template <class>
std::string OnnxNode::text() const {
  return "node '" + printable(name.empty() && !outputs.empty() ? outputs[0] : name) + "' (" +
         printable(domain.empty() || domain == "ai.onnx" ? op : domain + "." + op) + ")";
}

template <class = void>
const char* onnx_type_name(int type) {
  static const char* const names[] = {"undefined", "float",  "uint8",     "int8",       "uint16",  "int16",
                                      "int32",     "int64",  "string",    "bool",       "float16", "double",
                                      "uint32",    "uint64", "complex64", "complex128", "bfloat16"};
  return type >= 0 && type < 17 ? names[type] : "of a type that basin does not know";
}

/// Reads tensors of one file.
class OnnxTensorReader {
 public:
  OnnxTensorReader(const std::filesystem::path& path, std::size_t max_bytes)
      : path_(path), max_bytes_(max_bytes) {}

  OnnxTensor operator()(const ::onnx::TensorProto& t, const std::string& where) {
    OnnxTensor out;
    for (const std::int64_t side : t.dims()) {
      if (side < 0) file_error(path_, where, ": has a side of ", side, ", expected >= 0");
      out.dims.push_back(static_cast<Index>(side));
    }
    const auto size = checked_product(out.dims);
    if (!size) file_error(path_, where, ": its shape has more entries than 64 bits count");
    const int type = t.data_type();
    const NumberType kind = number_type(type);
    if (kind.kind == NumberType::Kind::none)
      file_error(path_, where, ": is ", onnx_type_name(type), ", expected numbers or booleans");
    out.integer = !kind.is_floating();
    std::string outside;
    const bool external = t.data_location() == ::onnx::TensorProto::EXTERNAL;
    if (external) outside = external_data(t, where);
    if (external || t.has_raw_data()) {
      const std::string& raw = external ? outside : t.raw_data();
      if (raw.size() / kind.size != *size || raw.size() % kind.size != 0)
        file_error(path_, where, ": has ", raw.size(), " bytes of data, its shape and type need ", *size,
                   " times ", kind.size);
      const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
      out.values = loader_of<double>(kind)(bytes, static_cast<Index>(*size), false);
      return out;
    }
    const auto copy = [&](const auto& field, const auto& convert) {
      if (static_cast<std::uint64_t>(field.size()) != *size)
        file_error(path_, where, ": has ", field.size(), " numbers, its shape needs ", *size);
      out.values.resize(static_cast<Index>(*size));
      Index i = 0;
      for (const auto v : field) out.values[i++] = convert(v);
    };
    const auto plain = [](auto v) { return static_cast<double>(v); };
    if (type == Type::FLOAT)
      copy(t.float_data(), plain);
    else if (type == Type::DOUBLE)
      copy(t.double_data(), plain);
    else if (type == Type::INT64)
      copy(t.int64_data(), plain);
    else if (type == Type::UINT32 || type == Type::UINT64)
      copy(t.uint64_data(), plain);
    else if (type == Type::FLOAT16)
      copy(t.int32_data(), half<Half>);
    else if (type == Type::BFLOAT16)
      copy(t.int32_data(), half<BFloat16>);
    else
      copy(t.int32_data(), plain);
    return out;
  }

 private:
  using Type = ::onnx::TensorProto;

  /// 16 bits in a field of 32.
  template <class Bits>
  static double half(std::int32_t v) {
    return static_cast<double>(static_cast<float>(Bits{static_cast<std::uint16_t>(v)}));
  }

  /// ONNX's types as files hold them, least byte first; of kind none for what is no number.
  static NumberType number_type(int type) {
    using Kind = NumberType::Kind;
    switch (type) {
      case Type::FLOAT:
        return {Kind::floating, 4};
      case Type::DOUBLE:
        return {Kind::floating, 8};
      case Type::FLOAT16:
        return {Kind::floating, 2};
      case Type::BFLOAT16:
        return {Kind::bfloat, 2};
      case Type::BOOL:
        return {Kind::truth, 1};
      case Type::UINT8:
        return {Kind::natural, 1};
      case Type::UINT16:
        return {Kind::natural, 2};
      case Type::UINT32:
        return {Kind::natural, 4};
      case Type::UINT64:
        return {Kind::natural, 8};
      case Type::INT8:
        return {Kind::integer, 1};
      case Type::INT16:
        return {Kind::integer, 2};
      case Type::INT32:
        return {Kind::integer, 4};
      case Type::INT64:
        return {Kind::integer, 8};
      default:
        return {};
    }
  }

  /// The bytes of a constant that lie in a file of their own: in the folder of the model, or below it.
  std::string external_data(const ::onnx::TensorProto& t, const std::string& where) {
    std::string location;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
    for (const auto& entry : t.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") offset = whole(entry.value(), where, "offset");
      if (entry.key() == "length") length = whole(entry.value(), where, "length");
    }
    namespace fs = std::filesystem;
    const fs::path name(location);
    const bool control =
        std::any_of(location.begin(), location.end(), [](unsigned char c) { return c < 32 || c == 127; });
    if (location.empty() || control || name.is_absolute() ||
        std::find(name.begin(), name.end(), "..") != name.end())
      file_error(path_, where, ": its data are said to lie in '", printable(location),
                 "', expected a file in the folder of the model");
    std::error_code error;
    const fs::path folder =
        fs::weakly_canonical(path_.parent_path().empty() ? fs::path(".") : path_.parent_path(), error);
    const fs::path file = fs::weakly_canonical(folder / name, error);
    const auto below = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    if (error || below.first != folder.end())
      file_error(path_, where, ": its data are said to lie in '", printable(location),
                 "', which leads out of the folder of the model");
    const auto known = files_.find(file.string());
    const Bytes& bytes =
        known != files_.end()
            ? known->second
            : files_.emplace(file.string(), read_plain_bytes(file, max_bytes_)).first->second;
    if (offset > bytes.size() || (length && *length > bytes.size() - offset))
      file_error(file, "has ", bytes.size(), " bytes, ", where, " takes ", length.value_or(0), " at offset ",
                 offset);
    const std::size_t count = length ? *length : bytes.size() - offset;
    return {reinterpret_cast<const char*>(bytes.data()) + offset, count};
  }
  std::uint64_t whole(const std::string& digits, const std::string& where, const char* what) const {
    if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
      file_error(path_, where, ": external data: ", what, " is '", printable(digits),
                 "', expected a whole number");
    return std::stoull(digits);
  }

  std::filesystem::path path_;
  std::size_t max_bytes_;
  std::map<std::string, Bytes> files_;
};

inline OnnxPort onnx_port(const ::onnx::ValueInfoProto& v) {
  OnnxPort port{.name = v.name(), .type = "no tensor"};
  if (!v.type().has_tensor_type()) return port;
  const auto& type = v.type().tensor_type();
  port.type = onnx_type_name(type.elem_type());
  port.ranked = type.has_shape();
  for (const auto& side : type.shape().dim()) {
    const bool said = side.has_dim_value() && side.dim_value() >= 1;
    port.dims.push_back(said ? static_cast<Index>(side.dim_value()) : -1);
  }
  return port;
}

template <class = void>
OnnxAttribute onnx_attribute(const ::onnx::AttributeProto& a, OnnxTensorReader& tensors,
                             const std::string& where) {
  using Type = ::onnx::AttributeProto;
  using Kind = OnnxAttribute::Kind;
  OnnxAttribute out;
  switch (a.type()) {
    case Type::FLOAT:
      out.kind = Kind::number;
      out.number = static_cast<double>(a.f());
      break;
    case Type::INT:
      out.kind = Kind::integer;
      out.integer = a.i();
      break;
    case Type::STRING:
      out.kind = Kind::word;
      out.word = a.s();
      break;
    case Type::TENSOR:
      out.kind = Kind::tensor;
      out.tensor = tensors(a.t(), where);
      break;
    case Type::FLOATS:
      out.kind = Kind::numbers;
      for (const float f : a.floats()) out.numbers.push_back(static_cast<double>(f));
      break;
    case Type::INTS:
      out.kind = Kind::integers;
      out.integers.assign(a.ints().begin(), a.ints().end());
      break;
    case Type::STRINGS:
      out.kind = Kind::words;
      out.words.assign(a.strings().begin(), a.strings().end());
      break;
    default:
      break;
  }
  return out;
}

template <class>
OnnxFile read_onnx_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Bytes bytes = read_plain_bytes(path, max_bytes);
  ::onnx::ModelProto model;
  if (bytes.size() > std::size_t(std::numeric_limits<int>::max()) ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph())
    file_error(path, "is no ONNX model, or damaged: its ", bytes.size(),
               " bytes are not a protobuf message with a graph");
  OnnxFile file{.path = path,
                .producer = model.producer_name() +
                            (model.producer_version().empty() ? "" : " " + model.producer_version()),
                .graph_name = model.graph().name(),
                .ir_version = model.ir_version()};
  for (const auto& set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") file.opset = set.version();
  if (file.opset < 1)
    file_error(path, "does not say which version of ONNX's operators it uses (opset_import)");

  OnnxTensorReader tensors(path, max_bytes);
  const ::onnx::GraphProto& graph = model.graph();
  if (graph.sparse_initializer_size() > 0) file_error(path, "has sparse initializers, expected dense ones");
  for (const auto& t : graph.initializer()) {
    const std::string where = "initializer '" + printable(t.name()) + "'";
    if (!file.constants.emplace(t.name(), tensors(t, where)).second)
      file_error(path, where, ": occurs twice");
  }
  for (const auto& n : graph.node()) {
    OnnxNode node{.name = n.name(), .op = n.op_type(), .domain = n.domain()};
    node.inputs.assign(n.input().begin(), n.input().end());
    node.outputs.assign(n.output().begin(), n.output().end());
    for (const auto& a : n.attribute()) {
      const std::string where = node.text() + ": attribute '" + printable(a.name()) + "'";
      if (!node.attributes.emplace(a.name(), onnx_attribute(a, tensors, where)).second)
        file_error(path, where, ": occurs twice");
    }
    file.nodes.push_back(std::move(node));
  }
  for (const auto& v : graph.input())
    if (!file.constants.contains(v.name())) file.inputs.push_back(onnx_port(v));
  for (const auto& v : graph.output()) file.outputs.push_back(onnx_port(v));
  return file;
}

#endif

}  // namespace detail

}  // namespace basin
