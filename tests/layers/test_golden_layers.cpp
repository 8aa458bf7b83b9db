// Layers against PyTorch: values and gradients in float64, for the arguments of tests/golden/make_golden.py.
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/check/check_layer.hpp"
#include "basin/layers/conv1d.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pixel_shuffle.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/rearrange.hpp"
#include "basin/layers/upsample_linear.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

using S = double;

/// Values, both gradients, and the contract.
template <Layer F>
void require_golden(const Golden& golden, const F& f, const std::string& name) {
  INFO(name);
  const CheckReport report = check_layer(f);
  INFO(report);
  CHECK(static_cast<bool>(report));

  const Mat<S>&x = golden[name + ".x"], &expected = golden[name + ".y"];
  REQUIRE(f.in_size() == x.rows());
  REQUIRE(f.out_size() == expected.rows());
  const Vec<S> theta = f.param_size() > 0 ? Vec<S>(golden[name + ".theta"]) : Vec<S>();
  REQUIRE(f.param_size() == theta.size());
  Mat<S> y(expected.rows(), x.cols()), x_bar(x.rows(), x.cols());
  Vec<S> theta_bar = Vec<S>::Zero(theta.size());
  typename F::Cache cache;
  f.forward(theta, x, y, cache);
  f.vjp(theta, x, y, cache, golden[name + ".y_bar"], x_bar, theta_bar);
  CHECK((y - expected).norm() <= 1e-14 * expected.norm());
  CHECK((x_bar - golden[name + ".x_bar"]).norm() <= 1e-14 * x_bar.norm());
  if (theta.size() > 0) CHECK((theta_bar - golden[name + ".theta_bar"]).norm() <= 1e-14 * theta_bar.norm());
}

/// The input that each entry of the transposed image shows: y[j, i, c] = x[c, i, j].
Rearrange<S> transpose(const Shape& in) {
  std::vector<Index> source;
  for (Index j = 0; j < in.width; ++j)
    for (Index i = 0; i < in.height; ++i)
      for (Index c = 0; c < in.channels; ++c) source.push_back(in.at(c, i, j));
  return Rearrange<S>(source, in, Shape{in.width, in.height, in.channels});
}

}  // namespace

TEST_CASE("layers that pick pixels agree with PyTorch", "[layers][golden]") {
  const Golden golden("layers");
  require_golden(golden, PixelShuffle<S>({8, 3, 2}, 2), "pixel_shuffle");
  require_golden(golden, PixelUnshuffle<S>({2, 6, 3}, 3), "pixel_unshuffle");
  require_golden(golden, transpose({2, 3, 4}), "transpose");
  require_golden(golden, Pad2d<S>({2, 3, 4}, {0, 3, 2, 1}, PadMode::constant, -1.5), "pad_constant");
  require_golden(golden, Crop2d<S>({2, 5, 6}, {3, 0, 1, 2}), "crop");
}

TEST_CASE("pooling agrees with PyTorch in every option", "[layers][golden]") {
  const Golden golden("layers");
  const PoolOptions uneven{.kernel = {3, 2}, .stride = {2, 3}, .ceil_mode = true};
  const PoolOptions padded{.kernel = 3, .stride = 2, .padding = Padding::all(1), .ceil_mode = true};
  const PoolOptions dropped{.kernel = 2, .stride = 3, .padding = Padding::all(1), .ceil_mode = true};
  require_golden(golden, MaxPool2d<S>({2, 6, 6}, uneven), "max_pool_ceil");
  require_golden(golden, MaxPool2d<S>({2, 6, 7}, padded), "max_pool_ceil_padded");
  require_golden(golden, MaxPool2d<S>({1, 5, 8}, dropped), "max_pool_ceil_dropped");
  require_golden(
      golden,
      MaxPool2d<S>(
          {2, 7, 8},
          {.kernel = 2, .stride = 2, .padding = Padding::all(1), .dilation = {2, 3}, .ceil_mode = true}),
      "max_pool_ceil_dilated");
  require_golden(golden, AvgPool2d<S>({2, 6, 6}, uneven), "avg_pool_ceil");
  require_golden(golden, AvgPool2d<S>({2, 6, 7}, padded), "avg_pool_ceil_padded");
  require_golden(golden,
                 AvgPool2d<S>({2, 6, 6}, {.kernel = {4, 3},
                                          .stride = {3, 2},
                                          .padding = {2, 2, 1, 1},
                                          .count_padding = false,
                                          .ceil_mode = true}),
                 "avg_pool_ceil_without");
  require_golden(golden, AvgPool2d<S>({1, 5, 8}, dropped), "avg_pool_ceil_dropped");
  PoolOptions fifth = padded;
  fifth.divisor = 5;
  require_golden(golden, AvgPool2d<S>({2, 6, 4}, fifth), "avg_pool_divisor");
  require_golden(golden, global_avg_pool2d<S>({3, 4, 5}), "global_avg_pool");
  require_golden(golden, global_max_pool2d<S>({3, 4, 5}), "global_max_pool");
  require_golden(golden, AdaptiveAvgPool2d<S>({2, 7, 5}, {3, 4}), "adaptive_avg_pool");
}

TEST_CASE("bilinear resizing agrees with PyTorch in both conventions", "[layers][golden]") {
  const Golden golden("layers");
  require_golden(golden, UpsampleLinear<S>({2, 3, 4}, {7, 5}), "bilinear");
  require_golden(golden, UpsampleLinear<S>({2, 3, 3}, {6, 6}), "bilinear_twice");
  require_golden(golden, UpsampleLinear<S>({2, 7, 5}, {3, 2}), "bilinear_down");
  require_golden(golden, UpsampleLinear<S>({2, 3, 4}, {7, 5}, true), "bilinear_corners");
  require_golden(golden, UpsampleLinear<S>({2, 3, 1}, {1, 4}, true), "bilinear_corners_one");
}

TEST_CASE("layers of series agree with PyTorch, parameters in its order", "[layers][golden]") {
  const Golden golden("layers");
  require_golden(
      golden,
      conv1d<S>({4, 1, 9},
                {.out_channels = 6, .kernel = 3, .stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
      "conv1d");
  require_golden(
      golden,
      conv_transpose1d<S>(
          {4, 1, 5},
          {.out_channels = 6, .kernel = 3, .stride = 3, .padding = 1, .output_padding = 2, .groups = 2}),
      "conv_transpose1d");
  require_golden(
      golden,
      max_pool1d<S>({2, 1, 10}, {.kernel = 3, .stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true}),
      "max_pool1d");
  require_golden(
      golden,
      avg_pool1d<S>({2, 1, 9}, {.kernel = 3, .padding = 1, .count_padding = false, .ceil_mode = true}),
      "avg_pool1d");
}
