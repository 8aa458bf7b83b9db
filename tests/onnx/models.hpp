// ONNX models made by hand: graphs of a few nodes, sound or not, as files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "basin/io/onnx/protobuf.hpp"
#include "io/files.hpp"

/// A model of operators of version 13 that grows node by node: TestModel().input("x", {-1, 4}).node(...).
struct TestModel {
  using Ints = std::vector<std::int64_t>;
  using Words = std::vector<std::string>;

  onnx::ModelProto proto;

  explicit TestModel(std::int64_t opset = 13) {
    proto.set_ir_version(8);
    proto.add_opset_import()->set_version(opset);
    graph().set_name("test");
  }
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }

  /// A side of -1 is left open.
  TestModel& input(const std::string& name, const Ints& dims) {
    port(*graph().add_input(), name, dims);
    return *this;
  }
  TestModel& output(const std::string& name) {
    port(*graph().add_output(), name, {});
    return *this;
  }
  /// Numbers 0.5, 0.25, 0.125, 0.5, ... in this shape.
  TestModel& weight(const std::string& name, const Ints& dims) {
    auto& t = tensor(name, onnx::TensorProto::FLOAT, dims);
    std::int64_t size = 1;
    for (const auto side : dims) size *= side;
    const float values[] = {0.5F, 0.25F, 0.125F};
    for (std::int64_t i = 0; i < size; ++i) t.add_float_data(values[i % 3]);
    return *this;
  }
  TestModel& whole(const std::string& name, const Ints& values) {
    auto& t = tensor(name, onnx::TensorProto::INT64, {static_cast<std::int64_t>(values.size())});
    for (const auto v : values) t.add_int64_data(v);
    return *this;
  }
  TestModel& number(const std::string& name, double value, const Ints& dims = {}) {
    tensor(name, onnx::TensorProto::DOUBLE, dims).add_double_data(value);
    return *this;
  }
  /// An initializer without data.
  onnx::TensorProto& tensor(const std::string& name, int type, const Ints& dims) {
    auto& t = *graph().add_initializer();
    t.set_name(name);
    t.set_data_type(type);
    for (const auto side : dims) t.add_dims(side);
    return t;
  }
  /// A node with one output, which is its name.
  TestModel& node(const std::string& op, const Words& inputs, const std::string& output) {
    auto& n = *graph().add_node();
    n.set_op_type(op);
    n.set_name(output);
    for (const auto& i : inputs) n.add_input(i);
    n.add_output(output);
    return *this;
  }
  // Attributes of the last node.
  TestModel& with(const std::string& name, std::int64_t value) {
    auto& a = attribute(name, onnx::AttributeProto::INT);
    a.set_i(value);
    return *this;
  }
  TestModel& with(const std::string& name, int value) { return with(name, std::int64_t(value)); }
  TestModel& with(const std::string& name, float value) {
    auto& a = attribute(name, onnx::AttributeProto::FLOAT);
    a.set_f(value);
    return *this;
  }
  TestModel& with(const std::string& name, const char* value) {
    auto& a = attribute(name, onnx::AttributeProto::STRING);
    a.set_s(value);
    return *this;
  }
  TestModel& with(const std::string& name, const Ints& values) {
    auto& a = attribute(name, onnx::AttributeProto::INTS);
    for (const auto v : values) a.add_ints(v);
    return *this;
  }
  onnx::AttributeProto& attribute(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto& a = *graph().mutable_node(graph().node_size() - 1)->add_attribute();
    a.set_name(name);
    a.set_type(type);
    return a;
  }

  basin::Bytes bytes() const { return bytes_of(proto.SerializeAsString()); }
  std::filesystem::path save(const TempDir& dir, const std::string& name = "model.onnx") const {
    return write_file(dir / name, bytes());
  }

 private:
  static void port(onnx::ValueInfoProto& v, const std::string& name, const Ints& dims) {
    v.set_name(name);
    auto& type = *v.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    auto& shape = *type.mutable_shape();
    for (const auto side : dims) {
      auto& d = *shape.add_dim();
      if (side >= 0) d.set_dim_value(side);
      if (side < 0) d.set_dim_param("batch");
    }
  }
};
