// Fuzzing of read_onnx by libFuzzer: whatever the bytes are, they are a network that computes, or
// FileError or std::invalid_argument. Half of the changes are libFuzzer's own, of bytes; half are of the
// parsed model, which reach behind the parser: operators, names, attributes, sizes.
//
// tests/fuzz/run builds it and runs it; the seeds are tests/data/onnx.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "basin/io/onnx.hpp"
#include "basin/io/onnx/protobuf.hpp"
#include "fuzz.hpp"

using namespace basin;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using Random = std::minstd_rand;

std::int64_t odd_number(Random& random) {
  constexpr std::int64_t numbers[] = {-3,
                                      -2,
                                      -1,
                                      0,
                                      1,
                                      2,
                                      3,
                                      4,
                                      5,
                                      7,
                                      16,
                                      64,
                                      1000,
                                      1 << 16,
                                      (std::int64_t(1) << 31) - 1,
                                      std::int64_t(1) << 31,
                                      std::int64_t(1) << 60,
                                      INT64_MAX,
                                      INT64_MIN,
                                      INT64_MIN + 1,
                                      INT64_MAX - 1};
  return numbers[random() % std::size(numbers)];
}
const std::string& odd_operator(Random& random) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const auto& [name, translate] : detail::onnx_operators<double>()) names.push_back(name);
    return names;
  }();
  return all[random() % all.size()];
}
std::string odd_name(const onnx::GraphProto& g, Random& random) {
  std::vector<std::string> names{"", "none"};
  for (const auto& v : g.input()) names.push_back(v.name());
  for (const auto& t : g.initializer()) names.push_back(t.name());
  for (const auto& n : g.node())
    for (const auto& o : n.output()) names.push_back(o);
  return names[random() % names.size()];
}
void change(onnx::TensorProto& t, Random& random) {
  const auto k = random() % 3;
  if (k == 0 && t.dims_size() > 0) t.set_dims(static_cast<int>(random()) % t.dims_size(), odd_number(random));
  if (k == 0 && random() % 4 == 0) t.add_dims(random() % 2);
  if (k == 1) t.set_data_type(static_cast<int>(random() % 18));
  if (k == 2 && t.data_type() == onnx::TensorProto::INT64 && t.raw_data().size() >= 8) {
    const std::int64_t n = odd_number(random);
    const std::size_t at = random() % (t.raw_data().size() / 8) * 8;
    t.mutable_raw_data()->replace(at, 8, reinterpret_cast<const char*>(&n), 8);
  }
}
void change(onnx::NodeProto& n, const onnx::GraphProto& g, Random& random) {
  switch (random() % 6) {
    case 0:
      n.set_op_type(odd_operator(random));
      break;
    case 1:
      if (n.input_size() > 0)
        n.set_input(static_cast<int>(random() % unsigned(n.input_size())), odd_name(g, random));
      break;
    case 2:
      n.add_input(odd_name(g, random));
      break;
    case 3:
      if (n.attribute_size() > 0)
        n.mutable_attribute()->DeleteSubrange(static_cast<int>(random() % unsigned(n.attribute_size())), 1);
      break;
    case 4: {
      constexpr const char* names[] = {
          "axis",           "axes",         "pads",      "strides",   "kernel_shape",
          "group",          "perm",         "keepdims",  "dilations", "split",
          "output_padding", "output_shape", "ceil_mode", "transA",    "transB",
          "alpha",          "blocksize",    "allowzero", "to"};
      auto& a = *n.add_attribute();
      a.set_name(names[random() % std::size(names)]);
      const bool list = random() % 2 == 0;
      a.set_type(list ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
      a.set_i(odd_number(random));
      for (auto k = random() % 5; k > 0; --k) a.add_ints(odd_number(random));
      break;
    }
    default:
      if (n.attribute_size() > 0) {
        auto& a = *n.mutable_attribute(static_cast<int>(random() % unsigned(n.attribute_size())));
        a.set_i(odd_number(random));
        a.set_f(static_cast<float>(odd_number(random)));
        if (a.ints_size() > 0)
          a.set_ints(static_cast<int>(random() % unsigned(a.ints_size())), odd_number(random));
        if (a.has_t()) change(*a.mutable_t(), random);
      }
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  Random random(seed);
  onnx::ModelProto m;
  if (random() % 2 == 0 || !m.ParseFromArray(data, static_cast<int>(size)))
    return LLVMFuzzerMutate(data, size, max_size);
  auto& g = *m.mutable_graph();
  for (auto k = 1 + random() % 3; k > 0; --k) {
    const auto what = random() % 8;
    if (what < 4 && g.node_size() > 0)
      change(*g.mutable_node(static_cast<int>(random() % unsigned(g.node_size()))), g, random);
    if ((what == 4 || what == 5) && g.initializer_size() > 0)
      change(*g.mutable_initializer(static_cast<int>(random() % unsigned(g.initializer_size()))), random);
    if (what == 6 && m.opset_import_size() > 0)
      m.mutable_opset_import(0)->set_version(static_cast<std::int64_t>(random() % 20));
    if (what == 7 && g.input_size() > 0) {
      auto& shape = *g.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
      if (shape.dim_size() > 0)
        shape.mutable_dim(static_cast<int>(random() % unsigned(shape.dim_size())))
            ->set_dim_value(odd_number(random));
    }
  }
  const std::string bytes = m.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path = fuzz::folder() / "file.onnx";
  fuzz::write(path, ByteSpan(data, size));
  Heap::begin();
  try {
    OnnxOptions options;
    options.max_values = 2000;
    OnnxInfo info;
    const auto f = read_onnx<double>(path, options, &info);
    const Mat<double> x = Mat<double>::Constant(f.layer.in_size(), 2, 0.5);
    if (f(x).rows() != f.layer.out_size()) std::abort();
    Index rows = 1;
    for (const Index side : info.out_shape) rows *= side;
    if (rows != f.layer.out_size()) std::abort();
  } catch (const FileError& e) {
    fuzz::check_words(e.what());
  } catch (const std::invalid_argument& e) {
    fuzz::check_words(e.what());
  }
  fuzz::keep_statistics();
  return 0;
}
