// Damaged and hostile ONNX files: FileError with what is wrong and where, or a network; nothing else, and
// nothing that takes long or much memory.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "basin/io/onnx.hpp"
#include "io/files.hpp"
#include "onnx/models.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

using Ints = TestModel::Ints;
constexpr std::int64_t huge = std::int64_t(1) << 60;

OnnxOptions small() {
  OnnxOptions o;
  o.max_values = 10000;
  return o;
}
/// What reading the model says, without the file's name; "" where it is read.
std::string refused(const TestModel& model, const OnnxOptions& options = small()) {
  const TempDir dir;
  const fs::path path = model.save(dir);
  try {
    static_cast<void>(read_onnx<double>(path, options));
    return {};
  } catch (const FileError& e) {
    const std::string what = e.what();
    REQUIRE(what.starts_with(path.string() + ": "));
    return what.substr(path.string().size() + 2);
  }
}
/// That the one problem of this model is at node 'y', and what it is.
void check_problem(const TestModel& model, const std::string& op, const std::string& what) {
  const std::string begin = "cannot be read as a network, 1 problem:\n  node 'y' (" + op + "): ";
  const std::string error = refused(model);
  INFO(error);
  CHECK(error.starts_with(begin));
  CHECK(contains(error, what));
}
/// x of shape (batch, 2, 4, 4) to y.
TestModel image() { return TestModel().input("x", {-1, 2, 4, 4}).output("y"); }
TestModel vector() { return TestModel().input("x", {-1, 4}).output("y"); }

/// A small network of most kinds of nodes: 12 numbers to 12.
TestModel network() {
  return TestModel()
      .input("x", {-1, 3, 2, 2})
      .output("y")
      .weight("W", {4, 3, 1, 1})
      .weight("V", {12, 16})
      .whole("shape", {0, -1})
      .whole("back", {-1, 3, 2, 2})
      .number("two", 2)
      .node("Conv", {"x", "W"}, "a")
      .with("kernel_shape", Ints{1, 1})
      .node("LeakyRelu", {"a"}, "b")
      .with("alpha", 0.25F)
      .node("Reshape", {"b", "shape"}, "c")
      .node("Gemm", {"c", "V"}, "d")
      .with("transB", 1)
      .node("Mul", {"d", "two"}, "e")
      .node("Reshape", {"e", "back"}, "f")
      .node("Add", {"f", "x"}, "y");
}
/// Whether the file is a network that computes; for refuses().
const auto reads = [](const fs::path& path) {
  OnnxOptions options;
  options.max_values = 10000;
  const auto f = read_onnx<double>(path, options);
  const Mat<double> x = Mat<double>::Constant(f.layer.in_size(), 2, 0.5);
  return f(x).rows() == f.layer.out_size();
};

}  // namespace

TEST_CASE("the models that the tests damage are sound", "[onnx]") {
  const TempDir dir;
  CHECK(refused(network()).empty());
  const auto f = read_onnx<double>(network().save(dir));
  CHECK(f.layer.in_size() == 12);
  CHECK(f.layer.param_size() == 12 + 192);
}

TEST_CASE("an ONNX file that is cut off anywhere is refused, or is one that ends there", "[onnx]") {
  const TempDir dir;
  const Bytes large = network().bytes();
  const Bytes plain = vector().weight("W", {4, 4}).node("MatMul", {"x", "W"}, "y").bytes();
  // Behind the last field of a message a file may end; the operators' version stands in front of the graph.
  CHECK(refused_truncations(dir, large, reads) >= large.size() - 2);
  CHECK(refused_truncations(dir, plain, reads) >= plain.size() - 2);
}

TEST_CASE("an ONNX file with a byte changed is refused, or is another network", "[onnx]") {
  const TempDir dir;
  const Bytes good = network().bytes();
  std::mt19937 random(5);
  std::size_t refusals = 0, count = 0;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int k = 0; k < 3; ++k) {
      Bytes bad = good;
      bad[at] = static_cast<unsigned char>(good[at] + 1 + random() % 255);
      INFO("byte " << at << " is " << int(bad[at]));
      refusals += static_cast<std::size_t>(refuses(write_file(dir / "bad", bad), reads));
      ++count;
    }
  INFO(refusals << " of " << count);
  CHECK(refusals > count / 4);
  CHECK(refusals < count);  // some are weights
}

TEST_CASE("what is no ONNX file at all is refused", "[onnx]") {
  const TempDir dir;
  const auto error = [&](const Bytes& bytes) {
    return error_of([&] { static_cast<void>(read_onnx<double>(write_file(dir / "m", bytes))); });
  };
  CHECK(contains(error({}), "is no ONNX model, or damaged: its 0 bytes"));
  CHECK(contains(error(bytes_of("not a model")), "is no ONNX model, or damaged: its 11 bytes"));
  CHECK(contains(error(Bytes(1000, 0xff)), "is no ONNX model, or damaged"));
  CHECK(contains(error_of([&] { static_cast<void>(read_onnx<double>(dir / "none")); }), "cannot open"));
  CHECK(contains(error_of([&] { static_cast<void>(read_onnx<double>(dir.path())); }), dir.path().string()));
  OnnxOptions options;
  options.max_bytes = 100;
  CHECK(contains(refused(network(), options), "more than the limit of 100 bytes"));
  options.max_values = 0;
  CHECK_THROWS_AS(static_cast<void>(read_onnx<double>(dir / "m", options)), std::invalid_argument);

  // Graphs in graphs, 1000 deep.
  const auto field = [](int number, const std::string& content) {
    std::string out(1, static_cast<char>(number << 3 | 2));
    for (std::size_t n = content.size();; n >>= 7) {
      out += static_cast<char>((n & 127) | (n > 127 ? 128 : 0));
      if (n <= 127) return out + content;
    }
  };
  const std::string graph = TestModel().graph().SerializeAsString();
  const auto nested = [&](int depth) {
    std::string g = graph;
    for (int k = 0; k < depth; ++k) g = field(1, field(5, field(6, g)));  // node, attribute, g
    return error(bytes_of(TestModel().proto.SerializeAsString() + field(7, g)));
  };
  CHECK(contains(nested(20), "has 0 inputs"));
  CHECK(contains(nested(1000), "is no ONNX model, or damaged"));
}

TEST_CASE("a graph that is no order of computation is refused", "[onnx]") {
  const auto itself = vector().node("Add", {"x", "y"}, "y");
  check_problem(itself, "Add", "input 1, 'y', is given by no input, constant or node before it");
  const auto circle = vector().node("Add", {"x", "y"}, "h").node("Relu", {"h"}, "y");
  CHECK(contains(refused(circle),
                 "node 'h' (Add): input 1, 'y', is given by no input, constant or node before"));
  const auto disorder = vector().node("Relu", {"h"}, "y").node("Tanh", {"x"}, "h");
  check_problem(disorder, "Relu", "input 0, 'h', is given by no input, constant or node before it");
  const auto missing = vector().node("Gemm", {"x", "W"}, "y");
  check_problem(missing, "Gemm", "input 1, 'W', is given by no input");
  const auto none = vector().node("Add", {"x"}, "y");
  check_problem(none, "Add", "input 1 is missing");
  const auto twice = vector().node("Relu", {"x"}, "y").node("Tanh", {"x"}, "y");
  check_problem(twice, "Tanh", "gives 'y', which is given before");
  const auto over_input = vector().node("Relu", {"x"}, "x").node("Tanh", {"x"}, "y");
  CHECK(contains(refused(over_input), "node 'x' (Relu): gives 'x', which is given before"));
  const auto over_weight = vector().weight("W", {4}).node("Add", {"x", "W"}, "W").node("Tanh", {"W"}, "y");
  CHECK(contains(refused(over_weight), "node 'W' (Add): gives 'W', which is given before"));
}

TEST_CASE("a graph without one input and an output that depends on it is refused", "[onnx]") {
  CHECK(contains(refused(TestModel()), "has 0 inputs, expected one"));
  TestModel no_graph;
  no_graph.proto.clear_graph();
  CHECK(contains(refused(no_graph), "is no ONNX model"));
  CHECK(contains(refused(TestModel().input("x", {-1, 4})), "has no output"));
  CHECK(contains(refused(vector()), "output 'y' is given by no node"));
  CHECK(contains(refused(vector().weight("y", {4})), "output 'y' does not depend on the input"));
  CHECK(
      contains(refused(vector().weight("w", {4}).node("Relu", {"w"}, "y")), "does not depend on the input"));
  OnnxOptions options;
  options.output = "z\x1b[2J";
  CHECK(contains(refused(vector().node("Relu", {"x"}, "y"), options),
                 "output 'z\\x1b[2J' is given by no node that comes before it is used"));
  const auto two = vector().input("mask", {-1, 4}).node("Mul", {"x", "mask"}, "y");
  CHECK(contains(refused(two), "has 2 inputs, 'x', 'mask', expected one; OnnxOptions::constants"));
  options.output = "";
  options.constants["mask"] = {{4}, Vec<double>::LinSpaced(4, 0, 3)};
  CHECK(refused(two, options).empty());
  options.constants["mask"] = {{4}, Vec<double>::Ones(5)};
  CHECK_THROWS_AS(refused(two, options), std::invalid_argument);
  CHECK(contains(refused(vector().input("x", {-1, 4}).node("Relu", {"x"}, "y")), "has 2 inputs, 'x', 'x'"));

  auto whole = vector().node("Relu", {"x"}, "y");
  whole.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::INT64);
  CHECK(contains(refused(whole), "input 'x' is int64, expected floating point"));
  auto sequence = vector().node("Relu", {"x"}, "y");
  sequence.graph().mutable_input(0)->mutable_type()->mutable_sequence_type();
  CHECK(contains(refused(sequence), "input 'x' is no tensor"));
}

TEST_CASE("many values, each within the limit, are not together above it", "[onnx]") {
  auto values = TestModel().input("x", {-1, 60, 100}).output("y");
  values.node("Relu", {"x"}, "a").node("Relu", {"a"}, "y");
  auto constants = vector().whole("shape", {6000});
  constants.node("ConstantOfShape", {"shape"}, "a").node("ConstantOfShape", {"shape"}, "b");
  constants.node("Concat", {"a", "b"}, "c").with("axis", 0).node("ReduceSum", {"c"}, "d");
  const std::string both = "together more than the limit of 10000 numbers (OnnxOptions::max_values)";
  CHECK(contains(refused(values), both));
  CHECK(contains(refused(constants.node("Add", {"x", "d"}, "y")), both));
}

TEST_CASE("the shape of the input is one that fits into memory", "[onnx]") {
  const auto of = [](const Ints& dims) {
    return refused(TestModel().input("x", dims).output("y").node("Relu", {"x"}, "y"));
  };
  CHECK(of({-1, 100, 100}).empty());
  CHECK(
      contains(of({-1, 100, 101}), "has samples of shape (100, 101), more than the limit of 10000 numbers"));
  CHECK(contains(of({-1, huge}), "more than the limit of 10000 numbers (OnnxOptions::max_values)"));
  CHECK(contains(of({-1, huge, huge}), "more than the limit"));
  CHECK(contains(of({1, -1}), "input 'x': side 0 of a sample is open in the file"));
  CHECK(contains(of({1, 0}), "side 0 of a sample is open in the file"));
  CHECK(contains(of(Ints(100000, 1)), "has 99999 axes, expected fewer than 64"));
  OnnxOptions options;
  options.input_shape = {5};
  CHECK(contains(refused(vector().node("Relu", {"x"}, "y"), options),
                 "has samples of shape (4,) (-1: open), OnnxOptions::input_shape is (5,)"));
}

TEST_CASE("initializers that are not what they say are refused", "[onnx]") {
  using T = onnx::TensorProto;
  const auto with = [](const std::function<void(TestModel&)>& change) {
    TestModel m = vector().node("Add", {"x", "w"}, "y");
    change(m);
    return refused(m);
  };
  CHECK(with([](TestModel& m) { m.weight("w", {4}); }).empty());
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {4}); }),
                 "initializer 'w': has 0 numbers, its shape needs 4"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {4}).set_raw_data(std::string(15, 'a')); }),
                 "initializer 'w': has 15 bytes of data, its shape and type need 4 times 4"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {4}).set_raw_data(std::string(20, 'a')); }),
                 "has 20 bytes of data"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {4}).add_double_data(1); }),
                 "has 0 numbers, its shape needs 4"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {huge}); }), "has 0 numbers"));
  CHECK(contains(with([](TestModel& m) {
                   m.tensor("w", T::FLOAT, {huge, huge});
                 }),
                 "initializer 'w': its shape has more entries than 64 bits count"));
  CHECK(contains(with([](TestModel& m) {
                   m.tensor("w", T::FLOAT, {0, huge});
                 }),
                 "constant 'w': a value of shape (0, 1152921504606846976) has more than the limit of 10000"));
  CHECK(contains(with([](TestModel& m) { m.weight("w", Ints(70, 1)); }), "a value of 70 axes"));
  CHECK(contains(with([](TestModel& m) { m.weight("w", {10001}); }),
                 "constant 'w': a value of shape (10001,)"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::FLOAT, {-4}); }),
                 "initializer 'w': has a side of -4, expected >= 0"));
  CHECK(contains(with([](TestModel& m) { m.tensor("w", T::STRING, {4}); }),
                 "initializer 'w': is string, expected numbers or booleans"));
  CHECK(
      contains(with([](TestModel& m) { m.tensor("w", 77, {4}); }), "is of a type that basin does not know"));
  CHECK(contains(with([](TestModel& m) { m.weight("w", {4}).weight("w", {4}); }),
                 "initializer 'w': occurs twice"));
  CHECK(contains(with([](TestModel& m) { m.weight("w", {4}).graph().add_sparse_initializer(); }),
                 "has sparse initializers"));
  CHECK(contains(with([](TestModel& m) { m.number("w", std::nan("")); }),
                 "node 'y' (Add): computes with the size of the batch, or with NaN"));
  CHECK(contains(with([](TestModel& m) { m.weight("w", {3}); }),
                 "the shapes (1, 4) and (3,) do not go together"));
}

TEST_CASE("data of an initializer in another file lie in the folder of the model", "[onnx]") {
  const TempDir outside, dir;
  const Bytes data(64, 1);
  write_file(dir / "data", data);
  write_file(outside / "data", data);
  fs::create_directory(dir / "sub");
  write_file(dir / "sub/data", data);
  fs::create_symlink(outside / "data", dir / "link");
  fs::create_directory_symlink(outside.path(), dir / "folder");
  fs::create_symlink("data", dir / "inner");
  const auto read = [&](const std::string& location, const std::string& offset = "",
                        const std::string& length = "") {
    TestModel m = vector().node("Add", {"x", "w"}, "y");
    auto& t = m.tensor("w", onnx::TensorProto::FLOAT, {4});
    t.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      auto& e = *t.add_external_data();
      e.set_key(key);
      e.set_value(value);
    };
    add("location", location);
    if (!offset.empty()) add("offset", offset);
    if (!length.empty()) add("length", length);
    const fs::path path = m.save(dir);
    return error_of([&] { static_cast<void>(read_onnx<double>(path, small())); });
  };
  CHECK(read("data", "48").empty());
  CHECK(read("data", "0", "16").empty());
  CHECK(read("sub/data", "16", "16").empty());
  CHECK(read("inner", "48").empty());
  const std::string expected = "expected a file in the folder of the model";
  CHECK(contains(read("../" + outside.path().filename().string() + "/data"), expected));
  CHECK(contains(read("sub/../data"), expected));
  CHECK(contains(read((outside / "data").string()), expected));
  CHECK(contains(read((dir / "data").string()), expected));
  CHECK(contains(read(""), expected));
  CHECK(contains(read("link", "", "16"),
                 "initializer 'w': its data are said to lie in 'link', which leads out"));
  CHECK(contains(read("folder/data", "", "16"), "leads out of the folder of the model"));
  CHECK(contains(read("none"), "cannot open"));
  CHECK(contains(read("sub"), "sub"));
  const std::string escape = read("no\x1b[2J\nthing");
  CHECK(contains(escape, "no\\x1b[2J\\x0athing"));
  CHECK_FALSE(contains(escape, "\x1b"));
  CHECK(contains(read("data", "65", "0"), "has 64 bytes, initializer 'w' takes 0 at offset 65"));
  CHECK(contains(read("data", "49", "16"), "takes 16 at offset 49"));
  CHECK(contains(read("data", "999999999999999999", "16"), "at offset 999999999999999999"));
  CHECK(contains(read("data", "16", "999999999999999999"), "takes 999999999999999999 at offset 16"));
  CHECK(contains(read("data", "18446744073709551615"), "offset is '18446744073709551615', expected a whole"));
  CHECK(contains(read("data", "-1"), "offset is '-1'"));
  CHECK(contains(read("data", "0", "1e1"), "length is '1e1'"));
  CHECK(contains(read("data", "0", "12"), "initializer 'w': has 12 bytes of data"));
}

TEST_CASE("sizes without measure in a shape are refused before memory is taken", "[onnx]") {
  const std::string limit = "more than the limit of 10000 numbers";
  check_problem(vector().whole("s", {huge, 1, 4}).node("Expand", {"x", "s"}, "y"), "Expand", limit);
  check_problem(vector().whole("s", {-2, 1, 4}).node("Expand", {"x", "s"}, "y"), "Expand", "a side of -2");
  check_problem(vector().whole("s", {5000, 1, 4}).node("Expand", {"x", "s"}, "y"), "Expand", limit);
  check_problem(vector().whole("s", {1, huge}).node("Tile", {"x", "s"}, "y"), "Tile",
                "repeats has the entry 1152921504606846976");
  check_problem(vector().whole("s", {1, -1}).node("Tile", {"x", "s"}, "y"), "Tile",
                "repeats has the entry -1");
  check_problem(vector().whole("s", {1, 9999}).node("Tile", {"x", "s"}, "y"), "Tile", limit);
  check_problem(vector().whole("s", {0, huge, 0, 0}).node("Pad", {"x", "s"}, "y"), "Pad",
                "pads has the entry 1152921504606846976");
  check_problem(vector().whole("s", {0, INT64_MIN, 0, 0}).node("Pad", {"x", "s"}, "y"), "Pad",
                "pads has the entry -9223372036854775808");
  check_problem(vector().whole("s", {0, 9999, 0, 9999}).node("Pad", {"x", "s"}, "y"), "Pad", limit);
  check_problem(vector().whole("s", {0, -2, 0, -2}).node("Pad", {"x", "s"}, "y"), "Pad",
                "pads leave nothing of axis 1");
  check_problem(vector().whole("s", {0, 4, 0, 0}).node("Pad", {"x", "s"}, "y").with("mode", "reflect"), "Pad",
                "reflects 4 entries of an axis of 4");
  check_problem(vector().whole("s", {0, huge}).node("Reshape", {"x", "s"}, "y"), "Reshape",
                "cannot bring samples of shape (1, 4) into the shape (batch, 1152921504606846976)");
  check_problem(vector().whole("s", {-1, -4}).node("Reshape", {"x", "s"}, "y"), "Reshape", "shape (-1, -4)");
  check_problem(vector()
                    .whole("s", {-1, -1})
                    .node("Reshape", {"x", "s"}, "z")
                    .whole("t", {3, -1, -1})
                    .node("Reshape", {"z", "t"}, "y"),
                "Reshape", "into the shape (3, -1, -1)");
  CHECK(contains(refused(vector().whole("s", Ints(100000, 1)).node("Reshape", {"x", "s"}, "y")),
                 "constant 's': a value of shape (100000,) has " + limit));
  check_problem(vector().whole("s", Ints(9999, 1)).node("Reshape", {"x", "s"}, "y"), "Reshape",
                "shape has 9999 entries, expected at most 64");
  check_problem(
      image().node("Conv", {"x", "w"}, "y").weight("w", {1, 2, 1, 1}).with("pads", Ints{0, 0, huge, 0}),
      "Conv", "attribute 'pads' has the entry 1152921504606846976");
  check_problem(
      image().node("Conv", {"x", "w"}, "y").weight("w", {1, 2, 1, 1}).with("pads", Ints{0, 0, 9999, 0}),
      "Conv", limit);
  check_problem(image()
                    .node("Conv", {"x", "w"}, "y")
                    .weight("w", {1, 2, 1, 1})
                    .with("pads", Ints(4, (std::int64_t(1) << 31) - 1)),
                "Conv", "Conv2d: ");
  check_problem(image().node("Conv", {"x", "w"}, "y").weight("w", {1, 2, 1, 1}).with("group", huge), "Conv",
                "does not fit 2 channels in 1152921504606846976 groups");
  check_problem(
      image().node("Conv", {"x", "w"}, "y").weight("w", {1, 2, 1, 1}).with("strides", Ints{huge, 0}), "Conv",
      "attribute 'strides' has the entry 1152921504606846976");
  check_problem(
      image().node("Conv", {"x", "w"}, "y").weight("w", {1, 2, 1, 1}).with("dilations", Ints{1, -1}), "Conv",
      "attribute 'dilations' has the entry -1");
  check_problem(image().node("ConvTranspose", {"x", "w"}, "y").weight("w", {2, 1, 1, 1}).with("group", huge),
                "ConvTranspose", "groups");
  check_problem(image()
                    .node("ConvTranspose", {"x", "w"}, "y")
                    .weight("w", {2, 1, 1, 1})
                    .with("strides", Ints{std::int64_t(1) << 30, std::int64_t(1) << 30}),
                "ConvTranspose", "ConvTranspose2d: ");
  check_problem(image()
                    .node("ConvTranspose", {"x", "w"}, "y")
                    .weight("w", {2, 1, 1, 1})
                    .with("output_padding", Ints{huge, 0})
                    .with("auto_pad", "SAME_UPPER"),
                "ConvTranspose", "output_padding or output_shape has the entry 1152921504606846976");
  check_problem(image()
                    .node("ConvTranspose", {"x", "w"}, "y")
                    .weight("w", {2, 1, 1, 1})
                    .with("output_shape", Ints{INT64_MIN, 4}),
                "ConvTranspose", "has the entry -9223372036854775808");
  check_problem(image().node("MaxPool", {"x"}, "y").with("kernel_shape", Ints{huge, 1}), "MaxPool",
                "attribute 'kernel_shape' has the entry 1152921504606846976");
  check_problem(image().node("MaxPool", {"x"}, "y"), "MaxPool", "kernel_shape");
  check_problem(image().node("DepthToSpace", {"x"}, "y").with("blocksize", std::int64_t(1) << 32),
                "DepthToSpace", "blocksize 4294967296");
  check_problem(image().node("DepthToSpace", {"x"}, "y"), "DepthToSpace", "blocksize 0");
  check_problem(image().node("SpaceToDepth", {"x"}, "y").with("blocksize", INT64_MIN), "SpaceToDepth",
                "blocksize");
}

TEST_CASE("sizes without measure in Resize are refused before memory is taken", "[onnx]") {
  const auto resize = [](const Ints& sizes) {
    return image().whole("s", sizes).weight("none", {0}).node("Resize", {"x", "", "", "s"}, "y");
  };
  const std::string limit = "more than the limit of 10000 numbers";
  CHECK(refused(resize({1, 2, 8, 8})).empty());
  const auto constant = [](const Ints& dims) {
    return image()
        .weight("w", dims)
        .whole("s", {1, 2, 4, 4})
        .node("Resize", {"w", "", "", "s"}, "k")
        .node("Add", {"x", "k"}, "y");
  };
  const TempDir dir;
  const Vec<double> zero = Vec<double>::Zero(32);
  const Vec<double> y = read_onnx<double>(constant({1, 2, 2, 2}).save(dir), small())(zero);
  CHECK(y.head(4) == Vec<double>(Eigen::Vector4d(0.5, 0.5, 0.25, 0.25)));
  CHECK(contains(refused(constant({1, 2, 0, 2})), "node 'k' (Resize): a constant without numbers"));
  check_problem(resize({1, 2, huge, 4}), "Resize", limit);
  check_problem(resize({1, 2, huge, huge}), "Resize", limit);
  check_problem(resize({1, 2, -1, 4}), "Resize", "sizes has no size for axis 2");
  check_problem(resize({1, 2, 0, 4}), "Resize", "sizes has no size for axis 2");
  check_problem(resize({1, 3, 4, 4}), "Resize", "resizes the batch or the channels");
  const auto scale = [](float s) {
    TestModel m = image();
    auto& t = m.tensor("s", onnx::TensorProto::FLOAT, {4});
    for (const float v : {1.F, 1.F, s, 1.F}) t.add_float_data(v);
    return m.node("Resize", {"x", "", "s"}, "y");
  };
  CHECK(refused(scale(2.5F)).empty());
  check_problem(scale(1e6F), "Resize", limit);
  check_problem(scale(1e30F), "Resize", "scales has the entry 1e+30");
  check_problem(scale(-1), "Resize", "scales has the entry -1");
  check_problem(scale(std::nanf("")), "Resize", "scales has the entry nan");
  check_problem(scale(1e-30F), "Resize", "leaves nothing: gives the shape (1, 2, 0, 4)");
}

TEST_CASE("sizes without measure in constants are refused before memory is taken", "[onnx]") {
  const std::string limit = "more than the limit of 10000 numbers";
  const auto problem = [](const TestModel& m, const std::string& op, const std::string& what) {
    const std::string error = refused(m);
    INFO(error);
    CHECK(contains(error, "1 problem:\n  node 'k' (" + op + "): "));
    CHECK(contains(error, what));
  };
  const auto shape = [](const Ints& s) {
    return vector().whole("s", s).node("ConstantOfShape", {"s"}, "k").node("Add", {"x", "k"}, "y");
  };
  CHECK(refused(shape({4})).empty());
  problem(shape({huge}), "ConstantOfShape", limit);
  problem(shape({huge, huge, huge}), "ConstantOfShape", limit);
  problem(shape({0, huge}), "ConstantOfShape", limit);
  problem(shape({-4}), "ConstantOfShape", "a side of -4");
  problem(shape(Ints(70, 1)), "ConstantOfShape", "a value of 70 axes");
  const auto range = [](double from, double to, double by) {
    return vector()
        .number("a", from)
        .number("b", to)
        .number("c", by)
        .node("Range", {"a", "b", "c"}, "k")
        .node("Add", {"x", "k"}, "y");
  };
  CHECK(refused(range(0, 4, 1)).empty());
  CHECK(refused(range(4, 0, -1)).empty());
  problem(range(0, 1e18, 1), "Range", "gives 1e+18 numbers");
  problem(range(0, 4, 0), "Range", "gives inf numbers");
  problem(range(0, 0, 0), "Range", "numbers");
  problem(range(4, 0, 1), "Range", "numbers");
  problem(range(0, std::nan(""), 1), "Range", "numbers");
  const auto expand = [](const Ints& s) {
    return vector()
        .weight("w", {4})
        .whole("s", s)
        .node("Expand", {"w", "s"}, "k")
        .node("Add", {"x", "k"}, "y");
  };
  problem(expand({huge, 4}), "Expand", limit);
  problem(expand({0, 4}), "Expand", "gives a value without numbers");
  const auto gather = [](const Ints& s) {
    return vector()
        .weight("w", {4, 2000})
        .whole("i", s)
        .node("Gather", {"w", "i"}, "k")
        .node("Add", {"x", "k"}, "y");
  };
  problem(gather(Ints(5000, 1)), "Gather", limit);
  problem(gather({4}), "Gather", "indices has the entry 4 for an axis of 4");
  problem(gather({-5}), "Gather", "indices has the entry -5");
  problem(gather({huge}), "Gather", "indices has the entry");
  problem(
      vector().number("h", 0.5).weight("w", {4}).node("Gather", {"w", "h"}, "k").node("Add", {"x", "k"}, "y"),
      "Gather", "indices has the entry 0.5, expected whole numbers");
}

TEST_CASE("a Slice takes any numbers that its definition knows, and no others", "[onnx]") {
  const auto slice = [](std::int64_t start, std::int64_t end, std::int64_t axis, std::int64_t step) {
    return vector()
        .whole("s", {start})
        .whole("e", {end})
        .whole("a", {axis})
        .whole("d", {step})
        .node("Slice", {"x", "s", "e", "a", "d"}, "y");
  };
  const TempDir dir;
  const auto picked = [&](const TestModel& m) {
    const Vec<double> x = Vec<double>::LinSpaced(4, 0, 3);
    return Vec<double>(read_onnx<double>(m.save(dir), small())(x));
  };
  CHECK(picked(slice(1, INT64_MAX, 1, INT64_MAX)) == Vec<double>::Constant(1, 1));
  CHECK(picked(slice(INT64_MAX, INT64_MIN, -1, -2)) == Vec<double>(Eigen::Vector2d(3, 1)));
  CHECK(picked(slice(2, INT64_MIN, 1, INT64_MIN)) == Vec<double>::Constant(1, 2));
  check_problem(slice(0, 4, 1, 0), "Slice", "steps has the entry 0");
  check_problem(slice(3, 1, 1, 1), "Slice", "leaves nothing of axis 1");
  check_problem(slice(0, 4, 2, 1), "Slice", "axis 2 of a value of rank 2");
  check_problem(slice(0, 4, huge, 1), "Slice", "axis 1152921504606846976 of a value of rank 2");
  check_problem(slice(0, 1, 0, 1), "Slice", "picks some samples of the batch");
  check_problem(slice(1, INT64_MAX, 0, 1), "Slice", "picks some samples of the batch");
  check_problem(slice(0, INT64_MAX, 0, 2), "Slice", "picks some samples of the batch");
  CHECK(picked(slice(0, INT64_MAX, 0, 1)) == Vec<double>::LinSpaced(4, 0, 3));
}

TEST_CASE("what a file computes with the size of the batch is refused where it is not known", "[onnx]") {
  const auto reshape = [](double factor) {
    return TestModel()
        .input("x", {-1, 12})
        .output("y")
        .whole("zero", {0})
        .number("k", factor, {1})
        .whole("rest", {-1})
        .node("Shape", {"x"}, "shape")
        .node("Gather", {"shape", "zero"}, "n")
        .node("Mul", {"n", "k"}, "m")
        .node("Concat", {"m", "rest"}, "to")
        .with("axis", 0)
        .node("Reshape", {"x", "to"}, "z")
        .node("Softmax", {"z"}, "y");
  };
  CHECK(refused(reshape(1)).empty());
  CHECK(contains(refused(reshape(3)), "node 'm' (Mul): computes with the size of the batch"));
  const auto prod =
      vector().node("Shape", {"x"}, "s").node("ReduceProd", {"s"}, "p").node("Reshape", {"x", "p"}, "y");
  CHECK(contains(refused(prod), "node 'p' (ReduceProd): computes with the size of the batch"));
  const auto share = vector()
                         .whole("zero", {0})
                         .node("Shape", {"x"}, "s")
                         .node("Gather", {"s", "zero"}, "n")
                         .node("Cast", {"n"}, "m")
                         .with("to", 1)
                         .node("Div", {"x", "m"}, "y");
  check_problem(share, "Div", "computes with the size of the batch");
}

TEST_CASE("all operators that are not supported are named at once", "[onnx]") {
  auto m = vector()
               .node("LSTM", {"x"}, "a")
               .node("NonMaxSuppression", {"a"}, "b")
               .node("Relu", {"b"}, "c")
               .node("Mine", {"c"}, "d")
               .node("If", {"d"}, "e")
               .node("Loop", {"e"}, "y");
  m.graph().mutable_node(3)->set_domain("com.example");
  m.attribute("body", onnx::AttributeProto::GRAPH).mutable_g()->add_node()->set_op_type("Relu");
  const std::string error = refused(m);
  CHECK(error ==
        "cannot be read as a network, 5 problems:\n"
        "  node 'a' (LSTM): the operator is not supported\n"
        "  node 'b' (NonMaxSuppression): the operator is not supported\n"
        "  node 'd' (com.example.Mine): operators of other domains than ONNX's own are not supported\n"
        "  node 'e' (If): the operator is not supported\n"
        "  node 'y' (Loop): the operator is not supported");
  TestModel many = vector();
  for (int k = 0; k < 80; ++k)
    many.node("Odd", {k == 0 ? "x" : "v" + std::to_string(k)}, "v" + std::to_string(k + 1));
  many.node("Odd", {"v80"}, "y");
  CHECK(contains(refused(many), "81 problems:"));
  CHECK(contains(refused(many), "\n  and 31 more"));
  // Only what the output needs.
  CHECK(refused(vector().node("LSTM", {"x"}, "a").node("Relu", {"x"}, "y")).empty());
}

TEST_CASE("all problems of nodes are named at once, and none that follow from others", "[onnx]") {
  const auto m = vector()
                     .weight("w", {3})
                     .node("Add", {"x", "w"}, "a")
                     .node("Relu", {"a"}, "b")
                     .node("Softmax", {"x"}, "c")
                     .with("axis", 7)
                     .node("Add", {"b", "c"}, "y");
  CHECK(refused(m) ==
        "cannot be read as a network, 2 problems:\n"
        "  node 'a' (Add): the shapes (1, 4) and (3,) do not go together\n"
        "  node 'c' (Softmax): axis 7 of a value of rank 2");
}

TEST_CASE("attributes that are not supported, or not of their type, are refused", "[onnx]") {
  check_problem(vector().node("Relu", {"x"}, "y").with("scale", 2.F), "Relu",
                "attribute 'scale' is not supported");
  check_problem(vector().node("LeakyRelu", {"x"}, "y").with("alpha", 1), "LeakyRelu",
                "attribute 'alpha' is not a number");
  check_problem(vector().node("Softmax", {"x"}, "y").with("axis", 1.F), "Softmax",
                "attribute 'axis' is not an integer");
  check_problem(vector().node("Transpose", {"x"}, "y").with("perm", "10"), "Transpose",
                "attribute 'perm' is not a list of integers");
  check_problem(vector().node("Transpose", {"x"}, "y").with("perm", Ints{0, 0}), "Transpose",
                "perm is no permutation of the axes");
  check_problem(vector().whole("s", {0, 0, 0, 0}).node("Pad", {"x", "s"}, "y").with("mode", "mirror\x07"),
                "Pad", "mode is 'mirror\\x07', expected constant, reflect, edge or wrap");
  check_problem(image().weight("w", {1, 2, 1, 1}).node("Conv", {"x", "w"}, "y").with("auto_pad", "SAME"),
                "Conv", "auto_pad is 'SAME'");
  check_problem(
      image().weight("w", {1, 2, 1, 4}).node("Conv", {"x", "w"}, "y").with("kernel_shape", Ints{2, 2}),
      "Conv", "kernel_shape is (2, 2), W has shape (1, 2, 1, 4)");
  check_problem(vector().node("Cast", {"x"}, "y"), "Cast", "casts to the type 0");
  check_problem(vector().node("Cast", {"x"}, "y").with("to", 7), "Cast",
                "casts a value of the network to the type 7, expected a floating type");
  auto twice = vector().node("LeakyRelu", {"x"}, "y").with("alpha", 1.F).with("alpha", 2.F);
  CHECK(contains(refused(twice), "node 'y' (LeakyRelu): attribute 'alpha': occurs twice"));
  auto graph = vector().node("LeakyRelu", {"x"}, "y");
  graph.attribute("alpha", onnx::AttributeProto::GRAPH).mutable_g();
  check_problem(graph, "LeakyRelu", "attribute 'alpha' is not a number");
}

TEST_CASE("names from the file come escaped", "[onnx]") {
  const std::string name = "\x1b[31mred\n\xff" + std::string(2000, 'a');
  auto m = vector().node("Re\tlu", {"x"}, "y");
  m.graph().mutable_node(0)->set_name(name);
  const std::string error = refused(m);
  INFO(error);
  CHECK(contains(error, "node '\\x1b[31mred\\x0a\\xff"));
  CHECK(contains(error, "' (Re\\x09lu): the operator is not supported"));
  for (const char c : error) CHECK((c == '\n' || (c >= 32 && c < 127)));
  CHECK(error.size() < 400);
  auto w = vector().weight(name, {3}).node("Add", {"x", name}, "y").with("b\ry", 1.F);
  for (const char c : refused(w)) CHECK((c == '\n' || (c >= 32 && c < 127)));
  auto a = vector().node("Relu", {"x"}, "y").with("b\ry", 1.F);
  check_problem(a, "Relu", "attribute 'b\\x0dy' is not supported");
}

TEST_CASE("the version of the operators is said", "[onnx]") {
  auto m = vector().node("Relu", {"x"}, "y");
  m.proto.clear_opset_import();
  CHECK(contains(refused(m), "does not say which version of ONNX's operators it uses (opset_import)"));
  m.proto.add_opset_import()->set_version(-3);
  CHECK(contains(refused(m), "does not say which version"));
  m.proto.mutable_opset_import(0)->set_domain("com.example");
  CHECK(contains(refused(m), "does not say which version"));
}

TEST_CASE("thousands of nodes are read in a moment, however they are wired", "[onnx]") {
  const auto at = [](int k) { return k == 0 ? "x" : "v" + std::to_string(k); };
  TestModel chain = vector();
  for (int k = 0; k < 3000; ++k) chain.node("Relu", {at(k)}, at(k + 1));
  OnnxOptions room;
  room.max_values = 4 * 3001;
  CHECK(refused(chain.node("Relu", {at(3000)}, "y"), room).empty());
  // Every value is used by the next one and, as a sum with x, by the last.
  TestModel skips = vector();
  for (int k = 0; k < 600; ++k) skips.node("Relu", {at(k)}, at(k + 1));
  TestModel::Words all;
  for (int k = 0; k <= 600; ++k) all.push_back(at(k));
  CHECK(refused(skips.node("Sum", all, "y")).empty());
  // Twice the numbers with each node: 2^60 in the end.
  TestModel doubled = vector();
  for (int k = 0; k < 60; ++k) doubled.node("Concat", {at(k), at(k)}, at(k + 1)).with("axis", 1);
  CHECK(contains(refused(doubled.node("Relu", {at(60)}, "y")), "more than the limit of 10000 numbers"));
}
