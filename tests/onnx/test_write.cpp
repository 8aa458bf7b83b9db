// Networks written as ONNX files: ONNX's own checker accepts them, and what is read again is the same
// function.
#include "basin/io/onnx/protobuf.hpp"  // before the other headers of ONNX

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/io/onnx.hpp"
#include "basin/layers/channel_affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/diagonal.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/normalization.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pairwise.hpp"
#include "basin/layers/pixel_shuffle.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/prelu.hpp"
#include "basin/layers/reduce.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/layers/upsample_linear.hpp"
#include "basin/network/branches.hpp"
#include "onnx/tensors.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

template <class S>
using Layers = std::vector<AnyLayer<S>>;

/// The layer with random parameters, written, checked by ONNX and read again: the largest difference
/// between the two functions on random columns, relative to the values.
template <class S, Layer F>
double difference(const F& f, double shift = 0) {
  const Model<F> model(f, random_matrix<S>(f.param_size(), 1, 7));
  const fs::path file = fs::temp_directory_path() / ("basin_write_" + std::to_string(getpid()) + ".onnx");
  write_onnx(file, model);
  onnx::ModelProto proto;
  std::ifstream in(file, std::ios::binary);
  REQUIRE(proto.ParseFromIstream(&in));
  onnx::checker::check_model(proto);
  onnx::shape_inference::InferShapes(proto, onnx::OpSchemaRegistry::Instance(), {true, 1, false});
  OnnxInfo info;
  const auto again = read_onnx<S>(file, {}, &info);
  fs::remove(file);
  REQUIRE(info.has_batch);
  Mat<S> x = random_matrix<S>(f.in_size(), 3, 8);
  x.array() += static_cast<S>(shift);
  const Mat<S> y = model(x), z = again(x);
  REQUIRE(y.rows() == z.rows());
  REQUIRE(y.allFinite());
  return static_cast<double>((y - z).norm() / (S(1) + y.norm()));
}

template <class Phi>
void check_map(const Phi& phi, double shift = 0) {
  INFO(Phi::name);
  const Pointwise<double, Phi> f(12, phi);
  CHECK(difference<double>(f, shift) < 1e-7);  // attributes of ONNX are floats
}

}  // namespace

TEST_CASE("each layer is written and read again as the same function", "[onnx]") {
  const Shape image{4, 6, 5};
  const Layers<double> layers{
      Dense<double>(7, 5),
      Dense<double>(7, 5, false),
      Conv2d<double>(image, {.out_channels = 6,
                             .kernel = {3, 2},
                             .stride = {2, 1},
                             .padding = {1, 0, 2, 1},
                             .dilation = {1, 2},
                             .groups = 2}),
      Conv2d<double>(image, {.out_channels = 3, .kernel = 1, .bias = false}),
      ConvTranspose2d<double>(image, {.out_channels = 2,
                                      .kernel = {3, 4},
                                      .stride = {2, 3},
                                      .padding = {1, 0, 1, 2},
                                      .output_padding = {1, 2},
                                      .groups = 2}),
      MaxPool2d<double>(image,
                        {.kernel = {3, 2}, .stride = {2, 2}, .padding = {1, 1, 0, 1}, .ceil_mode = true}),
      AvgPool2d<double>(image, {.kernel = {3, 2}, .stride = {2, 2}, .padding = {1, 1, 0, 1}}),
      AvgPool2d<double>(image, {.kernel = {3, 2}, .padding = {1, 0, 0, 1}, .count_padding = false}),
      AvgPool2d<double>(image, {.kernel = {4, 2}, .stride = {3, 2}, .ceil_mode = true}),
      UpsampleNearest<double>(image, {2, 3}),
      UpsampleLinear<double>(image, {9, 7}, true),
      Pad2d<double>(image, {1, 2, 0, 3}, PadMode::reflect),
      Pad2d<double>(image, {1, 2, 0, 3}, PadMode::constant, -1.5),
      PixelShuffle<double>(image, 2),
      ChannelAffine<double>(image),
      Diagonal<double>(random_matrix<double>(7, 1, 1), random_matrix<double>(7, 1, 2)),
      GroupNorm<double>(image, 2),
      GroupNorm<double>(image, 4, 0.1, false),
      LayerNorm<double>(120, 30, 0.01),
      LayerNorm<double>(120, 30, 0.01, false),
      RmsNorm<double>(120, 30, 0.01),
      PRelu<double>(image, 1),
      PRelu<double>(image, 4),
      Softmax<double>(2, 5, 3),
      LogSoftmax<double>(7),
      Pairwise<double>(6, PairRule::product),
      Pairwise<double>(6, PairRule::maximum),
      Pairwise<double>(6, PairRule::minimum),
      ReduceSum<double>(3, 4, 0.25),
      Reduce<double>(3, 4, ReduceRule::maximum),
      Reduce<double>(3, 4, ReduceRule::minimum),
      Reduce<double>(3, 4, ReduceRule::product),
      Reduce<double>(3, 4, ReduceRule::norm),
      Reduce<double>(3, 4, ReduceRule::log_sum_exp),
  };
  for (const auto& f : layers) {
    INFO(f.name());
    // Options of normalizations are floats in the file.
    CHECK(difference<double>(f) < 1e-7);
  }
}

TEST_CASE("each pointwise map is written and read again as the same function", "[onnx]") {
  check_map(Identity{});
  check_map(Relu{});
  check_map(LeakyRelu{0.1});
  check_map(Hardtanh{-0.5, 0.75});
  check_map(Softsign{});
  check_map(Sigmoid{});
  check_map(Tanh{});
  check_map(Softplus{});
  check_map(Softplus{2.5});
  check_map(Elu{0.5});
  check_map(Selu{});
  check_map(Celu{0.75});
  check_map(ExpNeg{});
  check_map(SigmoidNeg{});
  check_map(Gelu{});
  check_map(GeluTanh{});
  check_map(Silu{});
  check_map(Silu{1.5});
  check_map(Mish{});
  check_map(Sin{});
  check_map(Cosid{});
  check_map(Ripple{});
  check_map(HardSigmoid{});
  check_map(HardSwish{});
  check_map(ThresholdedRelu{0.25});
  check_map(Shrink{0.25, 0.125});
  check_map(Power{1.5}, 10);
  using Kind = Elementary::Kind;
  for (const Kind kind : {Kind::abs, Kind::negate, Kind::exp, Kind::reciprocal, Kind::square, Kind::sin,
                          Kind::cos, Kind::tan, Kind::atan, Kind::sinh, Kind::cosh, Kind::asinh, Kind::erf,
                          Kind::ceil, Kind::floor, Kind::round, Kind::sign})
    check_map(Elementary{kind});
  for (const Kind kind : {Kind::log, Kind::sqrt, Kind::acosh}) check_map(Elementary{kind}, 10);
}

TEST_CASE("networks with skips are written and read again, in float and double", "[onnx]") {
  const auto conv = [](Index in, Index out) {
    return Conv2d<float>({in, 8, 8}, {.out_channels = out, .kernel = 3, .padding = Padding::all(1)});
  };
  const Sequence<float> block(Layers<float>{conv(2, 2), Pointwise<float, Relu>(128), conv(2, 2)});
  const Sequence<float> net(Layers<float>{
      conv(1, 2), Residual<AnyLayer<float>>(block), BranchConcat<float>({conv(2, 3), block}),
      BranchSum<float>({conv(5, 1), conv(5, 1)}), Dense<float>(64, 64), Pointwise<float, Sigmoid>(64)});
  CHECK(difference<float>(net) < 1e-6);
  const auto deep = fully_connected<double>(20, 8, 4);
  CHECK(difference<double>(deep) < 1e-7);
}

TEST_CASE("a layer that ONNX does not know is an error that names it", "[onnx]") {
  const Model<Dense<double>> bad(Dense<double>(2, 2), Vec<double>::Constant(6, NAN));
  CHECK(error_of([&] { write_onnx("x.onnx", bad); }) ==
        "write_onnx: theta has entries that are NaN or infinite");
  CHECK_FALSE(fs::exists("x.onnx"));
}
