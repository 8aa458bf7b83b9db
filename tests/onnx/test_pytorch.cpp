// Networks exported by PyTorch (tests/golden/make_onnx.py): what they compute and their Jacobians, in the
// precision of the file and beyond it.
#include <Eigen/LU>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "basin/check/check_layer.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/io/onnx.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

using Names = std::map<std::string, int>;
using Dims = std::vector<Index>;

std::filesystem::path file_of(const std::string& name) {
  return Golden::folder() + "../onnx/" + name + ".onnx";
}
const Golden& golden() {
  static const Golden all("onnx");
  return all;
}
std::vector<std::string> networks() {
  std::vector<std::string> names;
  for (const auto& [key, array] : golden().arrays())
    if (key.ends_with(".exact")) names.push_back(key.substr(0, key.find('.')));
  return names;
}

/// The largest deviation, relative to the largest number that is expected.
template <class S>
double deviation(const Mat<S>& y, const Mat<double>& expected) {
  if (y.rows() != expected.rows() || y.cols() != expected.cols()) return INFINITY;
  const double d = (y.template cast<double>() - expected).cwiseAbs().maxCoeff();
  return std::isnan(d) ? INFINITY : d / expected.cwiseAbs().maxCoeff();
}

template <class S>
void compare(const std::string& name, const char* outputs, double tolerance) {
  INFO(name);
  const Mat<double> x = golden()[name + ".x"];
  OnnxInfo info;
  const auto f = read_onnx<S>(file_of(name), {}, &info);
  CHECK(deviation<S>(f(x.cast<S>()), golden()[name + outputs]) < tolerance);
  CHECK(deviation<S>(f(x.col(1).cast<S>()), golden()[name + outputs].col(1)) < tolerance);
  CHECK(f(Mat<S>(x.rows(), 0)).cols() == 0);
  CHECK(deviation<S>(jacobian<Sequence<S>>(f, x.col(0).cast<S>()), golden()[name + ".J"]) < tolerance);
  CHECK(info.producer.starts_with("pytorch 1.13"));
  CHECK(info.input == "x");
  CHECK(info.output == "y");
  CHECK(info.has_batch);
  CHECK(info.out_batch_axis == 0);
  const auto product = [](const Dims& dims) {
    Index n = 1;
    for (const Index side : dims) n *= side;
    return n;
  };
  CHECK(product(info.in_shape) == f.layer.in_size());
  CHECK(product(info.out_shape) == f.layer.out_size());
}

}  // namespace

TEST_CASE("PyTorch's networks in single precision compute what they do there", "[onnx]") {
  REQUIRE(networks().size() >= 49);
  for (const std::string& name : networks()) compare<float>(name, ".y", 1e-5);
}

TEST_CASE("PyTorch's networks in double precision compute what their very weights do there", "[onnx]") {
  for (const std::string& name : networks())
    compare<double>(name, ".y64", golden()[name + ".exact"](0, 0) == 1 ? 1e-11 : 1e-6);
}

TEST_CASE("PyTorch's networks keep the contract of a layer", "[onnx]") {
  for (const std::string& name : networks()) {
    INFO(name);
    const auto f = read_onnx<double>(file_of(name));
    CheckOptions<double> options;
    options.theta = f.theta;
    const CheckReport report = check_layer(f.layer, options);
    INFO(report);
    CHECK(report);
  }
}

TEST_CASE("what a file from PyTorch says of itself", "[onnx]") {
  OnnxInfo info;
  const auto f = read_onnx<double>(file_of("conv_stride"), {}, &info);
  CHECK(info.opset == 13);
  CHECK(info.in_shape == Dims{1, 5, 6});
  CHECK(info.out_shape == Dims{1, 5, 6});
  CHECK(info.operators == Names{{"Conv", 2}, {"ConvTranspose", 2}, {"Relu", 3}, {"Sigmoid", 1}});
  // 1 4 9 + 4, 4 6 9 + 6, 6 4 9 + 4, 4 1 9 + 1
  CHECK(f.layer.param_size() == 40 + 222 + 220 + 37);
  REQUIRE(f.layer.in_shape());
  CHECK(*f.layer.in_shape() == Shape{1, 5, 6});

  CHECK_NOTHROW(static_cast<void>(read_onnx<double>(file_of("mixer"), {}, &info)));
  CHECK(info.in_shape == Dims{6, 4});
  CHECK_NOTHROW(static_cast<void>(read_onnx<double>(file_of("interpolate_opset_9"), {}, &info)));
  CHECK(info.opset == 9);
  CHECK_NOTHROW(static_cast<void>(read_onnx<double>(file_of("interpolate_opset_16"), {}, &info)));
  CHECK(info.opset == 16);
}

TEST_CASE("a plain network becomes a Sequence of the layers that it has, weights at their places", "[onnx]") {
  const auto f = read_onnx<double>(file_of("mlp_relu"));
  CHECK(f.layer.size() == 7);
  CHECK(f.layer.param_size() == 13 * 16 + 17 * 4 + 5 * 16 + 17 * 12);
  // J = W4 D W3 D W2 D W1, so that the slopes in front and behind have ranks of at most 4.
  const Mat<double> J = golden()["mlp_relu.J"];
  CHECK(Eigen::FullPivLU<Mat<double>>(J).setThreshold(1e-9).rank() <= 4);
  CHECK(read_onnx<double>(file_of("mlp_tanh_batch_norm")).layer.size() == 7);
}

TEST_CASE("the number of samples that a file fixes is no matter", "[onnx]") {
  const Mat<double> x = golden()["view_open_batch.x"].replicate(1, 3);
  for (const std::string name : {"view_open_batch", "view_batch_1", "view_batch_5"}) {
    INFO(name);
    const auto f = read_onnx<double>(file_of(name));
    const Mat<double> y = f(x);
    REQUIRE(y.cols() == 9);
    CHECK(y.rightCols(3) == y.leftCols(3));
    CHECK(f.layer.param_size() == read_onnx<double>(file_of("view_open_batch")).layer.param_size());
  }
}

TEST_CASE("any output and any value between is a network of its own", "[onnx]") {
  const std::filesystem::path path = file_of("two_outputs");
  OnnxInfo info;
  const auto f = read_onnx<double>(path);
  const auto encoder = read_onnx<double>(path, {.output = "code"}, &info);
  CHECK(info.output == "code");
  CHECK(info.out_shape == Dims{2});
  CHECK(info.operators == Names{{"Gemm", 1}, {"Tanh", 1}});
  CHECK(encoder.layer.param_size() == 8 * 2);
  CHECK(f.theta.head(16) == encoder.theta);
  // The decoder's W and b follow: f = W tanh(...) + b.
  const Mat<double> x = golden()["two_outputs.x"];
  const Mat<double> W = f.theta.segment(16, 14).reshaped(7, 2);
  const Mat<double> y = (W * encoder(x)).colwise() + f.theta.tail(7);
  CHECK(deviation<double>(f(x), y) < 1e-14);
}

TEST_CASE("PyTorch's networks without a batch are one column of all samples only where that is possible",
          "[onnx]") {
  OnnxInfo info;
  const auto f = read_onnx<double>(file_of("view_batch_1"), {.batch = OnnxOptions::Batch::none}, &info);
  CHECK_FALSE(info.has_batch);
  CHECK(info.in_shape == Dims{1, 1, 4, 6});
  CHECK(deviation<double>(f(golden()["view_batch_1.x"]), golden()["view_batch_1.y64"]) < 1e-11);
  const std::string open = error_of(
      [] { static_cast<void>(read_onnx<double>(file_of("mlp_relu"), {.batch = OnnxOptions::Batch::none})); });
  CHECK(contains(open, "input 'x': side 0 of a sample is open in the file"));
}
