// Sizes that 64 bits do not hold are refused, and the message names the option that they come from.
#include <limits>  // std::numeric_limits

#include "basin/compose/chain.hpp"
#include "basin/compose/downsampling.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/u_net.hpp"
#include "basin/core/checked_size.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/network/branches.hpp"
#include "basin/network/sequence.hpp"
#include "basin/train/memory.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {
constexpr Index bit(int k) { return Index(1) << k; }
constexpr Index most = std::numeric_limits<Index>::max();
}  // namespace

TEST_CASE("products and sums of sizes are counted below 2^62") {
  CHECK(detail::checked_size({}, "") == 1);
  CHECK(detail::checked_size({3, 0, most}, "") == 0);
  CHECK(detail::checked_size({bit(31), bit(31) - 1}, "") == bit(62) - bit(31));
  CHECK(detail::checked_size({bit(62) - 1}, "") == bit(62) - 1);
  CHECK(error_of([] {
          detail::checked_size({bit(31), bit(31)}, "f: n = ", 3);
        }) == "f: n = 3, expected fewer than 2^62");
  CHECK(contains(error_of([] { detail::checked_size({most, most}, "f"); }), "2^62"));
  CHECK(detail::checked_sum({bit(61), bit(61) - 1}, "") == bit(62) - 1);
  CHECK(contains(error_of([] { detail::checked_sum({bit(61), bit(61)}, "f"); }), "2^62"));
}

TEST_CASE("convolutions, upsampling and compositions beyond 62 bits") {
  const Shape image{1, 8, 8};
  const auto conv = [&](const Shape& in, Conv2dOptions o) {
    return error_of([&] { Conv2d<double>(in, o); });
  };
  for (const Index n : {bit(31), bit(44), bit(61), bit(62), most}) {
    CHECK(contains(conv(image, {.out_channels = n}), "Conv2d: out_channels"));
    CHECK(contains(conv(image, {.kernel = n}), "Conv2d: kernel must be below 2^31, got"));
    CHECK(
        contains(conv({1, 1 << 20, 1 << 20}, {.kernel = 1, .padding = Padding::all(n)}), "Conv2d: padding"));
    CHECK(contains(error_of([&] {
                     UpsampleNearest<double>({1, 1 << 20, 1}, Size2(n, 1));
                   }),
                   "UpsampleNearest: factor must be at most 1 for a side of 1048576"));
    CHECK(contains(error_of([&] { Stack(Dense<double>(2, 2), n); }), "Stack: depth must be below 2^31"));
  }
  const Dense<double> large(bit(31) - 1, bit(31) - 1);  // 2^62 - 2^31 parameters, nearly
  CHECK(contains(error_of([&] { Stack(large, 3); }), "Stack: depth 3 makes too many parameters"));
  CHECK(
      contains(error_of([&] { Chain(large, large, large); }), "Chain: its layers have too many parameters"));
  CHECK(contains(error_of([&] {
                   Sequence<double>({large, large, large});
                 }),
                 "Sequence: its layers have too many parameters"));
  CHECK(contains(error_of([&] {
                   BranchSum<double>({large, large, large});
                 }),
                 "BranchSum: its layers have too many parameters"));
}

TEST_CASE("windows beyond 31 bits") {
  const Shape image{1, 8, 8};
  const auto transposed = [&](ConvTranspose2dOptions o) {
    return error_of([&] { ConvTranspose2d<double>(image, o); });
  };
  for (const Index n : {bit(31), bit(44), bit(61), bit(62), most}) {
    CHECK(contains(transposed({.out_channels = n}), "ConvTranspose2d: out_channels"));
    CHECK(contains(transposed({.kernel = n}), "ConvTranspose2d: kernel must be below 2^31, got"));
    CHECK(contains(transposed({.stride = n}), "ConvTranspose2d: stride must be below 2^31, got"));
    CHECK(contains(transposed({.dilation = n}), "ConvTranspose2d: dilation must be below 2^31, got"));
    CHECK(contains(transposed({.padding = Padding::all(n)}), "ConvTranspose2d: padding must be below 2^31"));
    for (const Padding& p : {Padding{n, 0, 0, 0}, {0, n, 0, 0}, {0, 0, n, 0}, {0, 0, 0, n}}) {
      CHECK(contains(transposed({.padding = p}), "ConvTranspose2d: padding must be below 2^31"));
      CHECK(contains(error_of([&] { AvgPool2d<double>(image, {.padding = p}); }), "AvgPool2d: padding"));
      CHECK(contains(error_of([&] { Pad2d<double>(image, p); }), "Pad2d: padding"));
      CHECK(contains(error_of([&] { Pad2d<double>(image, p, PadMode::replicate); }), "Pad2d: padding"));
    }
    CHECK(contains(error_of([&] { MaxPool2d<double>(image, {.kernel = n}); }), "MaxPool2d: kernel"));
    CHECK(contains(error_of([&] { MaxPool2d<double>(image, {.stride = n}); }), "MaxPool2d: stride"));
    CHECK(contains(error_of([&] { MaxPool2d<double>(image, {.dilation = n}); }), "MaxPool2d: dilation"));
  }
  CHECK(contains(transposed({.output_padding = bit(62)}), "ConvTranspose2d: output_padding"));
}

TEST_CASE("options that are small enough by themselves, and too large together") {
  const Index k = bit(31) - 1;
  CHECK(contains(
      error_of([&] {
        ConvTranspose2d<double>(
            {bit(20), 4, 1},
            {.out_channels = bit(20), .kernel = Size2(1, bit(20)), .stride = 1, .padding = {0, 0, 0, 0}});
      }),
      "ConvTranspose2d: the kernel 1 x 1048576 on images of"));
  CHECK(contains(error_of([&] {
                   ConvTranspose2d<double>(
                       {bit(20), 1, 1},
                       {.out_channels = bit(20), .kernel = k, .padding = Padding::all(bit(30) - 1)});
                 }),
                 "ConvTranspose2d: the kernel 2147483647 x 2147483647 makes too many weights"));
  CHECK(contains(error_of([&] {
                   ConvTranspose2d<double>({1, bit(20), 1}, {.stride = k});
                 }),
                 "ConvTranspose2d: out_channels, kernel, stride and dilation make an output of"));
  CHECK(contains(error_of([&] {
                   ConvTranspose2d<double>({1, 2, 2}, {.kernel = k, .dilation = k});
                 }),
                 "every side must be at most 2^20"));
  CHECK(contains(error_of([&] {
                   MaxPool2d<double>({bit(20), bit(20), bit(20)}, {.kernel = bit(11), .stride = 1});
                 }),
                 "MaxPool2d: the kernel 2048 x 2048 makes too many additions"));
  CHECK(contains(error_of([&] {
                   AvgPool2d<double>({1, bit(20), 1}, {.kernel = 4, .stride = 1, .padding = Padding::all(2)});
                 }),
                 "AvgPool2d: padding and stride make an output of"));
  CHECK(contains(error_of([&] { Pad2d<double>({1, bit(20), 1}, {1, 0, 0, 0}); }), "Pad2d: padding 1 and 0"));
}

TEST_CASE("networks of sizes beyond 64 bits") {
  CHECK(contains(error_of([] { (void)fully_connected<double>(bit(31), 2, 2); }),
                 "fully_connected: d and width"));
  CHECK(contains(error_of([] { (void)fully_connected<double>(2, bit(62), 2); }),
                 "fully_connected: d and width"));
  CHECK(contains(error_of([] { (void)fully_connected<double>(bit(31) - 1, bit(31) - 1, 2); }),
                 "fully_connected: d = 2147483647 and width = 2147483647"));
  CHECK(contains(error_of([] { (void)fully_connected<double>(2, 1024, bit(60)); }),
                 "fully_connected: hidden = "));
  CHECK(contains(error_of([] { (void)fully_connected<double>(1, 1, most); }), "fully_connected: hidden = "));
  CHECK(contains(error_of([] {
                   (void)u_net<double>({3, 32, 32}, bit(62));
                 }),
                 "u_net: channels must be at most"));
  CHECK(contains(error_of([] {
                   (void)u_net<double>({3, 32, 32}, bit(18));
                 }),
                 "at most 131072 for 3 levels, got 262144"));
  CHECK(contains(error_of([] {
                   (void)downsampling_d1<double>({3, 32, 32}, bit(62));
                 }),
                 "downsampling_d1: filters"));
  CHECK(contains(error_of([] {
                   (void)downsampling_d1<double>({3, 32, 32}, bit(62), LeakyRelu{});
                 }),
                 "downsampling_d1: filters"));
  CHECK(contains(error_of([] {
                   (void)downsampling_d2<double>({3, 32, 32}, bit(21));
                 }),
                 "downsampling_d2: filters"));
  CHECK(contains(error_of([] {
                   (void)downsampling_d2<double>({3, 32, 32}, 4, bit(56));
                 }),
                 "downsampling_d2: depth = "));
}

TEST_CASE("the memory of a training beyond 64 bits") {
  const auto said = [](const auto& f, Index columns, Index vectors) {
    return error_of([&] { (void)training_memory(f, columns, vectors); });
  };
  const Dense<double> small(4, 4), wide(bit(31) - 1, bit(20));
  CHECK(contains(said(small, bit(62), 2), "training_memory: columns must be at most 2^48, got"));
  CHECK(contains(said(small, 1, bit(60)), "(optimizer_vectors, or gradients)"));
  CHECK(contains(said(wide, 1, bit(10)), "(optimizer_vectors, or gradients)"));
  CHECK(contains(said(wide, bit(48), 2), "columns = "));
  CHECK(contains(said(MaxPool2d<double>({8, 512, 512}), bit(48), 0), "columns = "));
  CHECK(training_memory(small, bit(40), 0).activations == 2 * 4 * 8 * bit(40));
}

TEST_CASE("pooling sees every window that is all padding, in time that does not grow with the kernel") {
  for (const Index n : {1, 2, 3, 5})
    for (const Index kernel : {1, 2, 3, 4})
      for (const Index dilation : {1, 2, 3})
        for (const Index stride : {1, 2, 3})
          for (Index before = 0; before <= kernel / 2; ++before)
            for (Index after = 0; after <= kernel / 2; ++after) {
              const Index extent = n + before + after - dilation * (kernel - 1) - 1;
              if (extent < 0) continue;
              bool empty = false;
              for (Index i = 0; i <= extent / stride; ++i) {
                bool any = false;
                for (Index a = 0; a < kernel; ++a) {
                  const Index p = i * stride + a * dilation - before;
                  any = any || (p >= 0 && p < n);
                }
                empty = empty || !any;
              }
              const std::string said = error_of([&] {
                MaxPool2d<double>({1, n, 1}, {.kernel = Size2(kernel, 1),
                                              .stride = Size2(stride, 1),
                                              .padding = {before, after, 0, 0},
                                              .dilation = Size2(dilation, 1)});
              });
              CAPTURE(n, kernel, dilation, stride, before, after);
              CHECK(contains(said, "lies outside the image") == empty);
            }
}
