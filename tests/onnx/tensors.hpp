// The tensors of ONNX's test data, and the inputs of a graph that are not constants.
#pragma once
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "basin/io/array.hpp"
#include "basin/io/onnx/protobuf.hpp"

struct TestTensor {
  basin::NdArray<double> array;
  bool floating = false, number = false;
};

/// A .pb file; a sequence or an optional is no number.
inline TestTensor read_test_tensor(const std::filesystem::path& path) {
  onnx::TensorProto t;
  std::ifstream in(path, std::ios::binary);
  TestTensor out;
  if (!t.ParseFromIstream(&in)) return out;
  std::size_t size = 1;
  for (const auto side : t.dims()) {
    out.array.shape.push_back(side);
    if (side < 0 || (side > 0 && size > t.raw_data().size() / static_cast<std::size_t>(side))) return out;
    size *= static_cast<std::size_t>(side);
  }
  out.array.values.resize(static_cast<basin::Index>(size));
  const auto raw = [&]<class T>(T) {
    if (t.raw_data().size() != size * sizeof(T)) return false;
    for (std::size_t i = 0; i < size; ++i) {
      T v;
      std::memcpy(&v, t.raw_data().data() + i * sizeof(T), sizeof(T));
      out.array.values[static_cast<basin::Index>(i)] = static_cast<double>(v);
    }
    return true;
  };
  using P = onnx::TensorProto;
  const int type = t.data_type();
  out.floating = type == P::FLOAT || type == P::DOUBLE;
  if (!t.has_raw_data()) {
    out.floating = false;
  } else if (type == P::FLOAT) {
    out.number = raw(float{});
  } else if (type == P::DOUBLE) {
    out.number = raw(double{});
  } else if (type == P::INT64) {
    out.number = raw(std::int64_t{});
  } else if (type == P::INT32) {
    out.number = raw(std::int32_t{});
  } else if (type == P::BOOL || type == P::UINT8) {
    out.number = raw(std::uint8_t{});
  }
  out.floating = out.floating && out.number;
  return out;
}

inline std::vector<std::string> free_inputs(const std::filesystem::path& path) {
  onnx::ModelProto m;
  std::ifstream in(path, std::ios::binary);
  if (!m.ParseFromIstream(&in)) return {};
  std::set<std::string> constants;
  for (const auto& t : m.graph().initializer()) constants.insert(t.name());
  std::vector<std::string> names;
  for (const auto& v : m.graph().input())
    if (!constants.contains(v.name())) names.push_back(v.name());
  return names;
}
