// After the first step training allocates nothing: by Eigen's own check and by counting every operator new.
#define EIGEN_RUNTIME_NO_MALLOC
#include <atomic>
#include <cstdlib>
#include <new>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/sum.hpp"
#include "basin/layers/channel_affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/normalization.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/prelu.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/fit.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

namespace {
std::atomic<long> allocations{0};
}

// The replaceable forms; the others call these. Inlined, they look to g++ like a mismatched pair.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size > 0 ? size : 1)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size > 0 ? size : 1);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace basin;

namespace {

/// Steps of objective and optimizer, jvp and infer, on batches of changing size that were each seen once.
template <class S, Layer F>
void require_no_allocation(const F& net, Index batch = 200, Index least_parts = 1) {
  const Mat<S> x = random_matrix<S>(net.in_size(), batch, 1),
               target = random_matrix<S>(net.out_size(), batch, 2);
  Vec<S> theta = random_matrix<S>(net.param_size(), 1, 3) / S(20), gradient(net.param_size());
  Objective<F> objective(net, {}, 1e-4);
  Adam<S> adam;
  typename F::Cache cache;
  Mat<S> y(net.out_size(), batch), y_dot(net.out_size(), batch);
  const auto step = [&](Index columns) {
    const double loss = objective(theta, x.leftCols(columns), target.leftCols(columns), gradient);
    adam.step(gradient, theta, 1.0);
    net.forward(theta, x.leftCols(columns), y.leftCols(columns), cache);
    net.jvp(theta, x.leftCols(columns), y.leftCols(columns), cache, x.leftCols(columns),
            y_dot.leftCols(columns));
    infer(net, theta, x.leftCols(columns), y.leftCols(columns), cache);
    return loss;
  };
  CHECK(objective.parts(batch) >= least_parts);
  set_num_threads(1);  // OpenMP's own bookkeeping is not ours
  double loss = step(batch) + step(70) + step(13);
  const long before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  for (const Index columns : {batch, Index(70), Index(13), batch}) loss += step(columns);
  Eigen::internal::set_is_malloc_allowed(true);
  const long after = allocations;
  set_num_threads(0);
  CHECK(std::isfinite(loss));
  CHECK(after == before);
}

}  // namespace

TEST_CASE("the counter and Eigen's check see an allocation", "[allocation]") {
  const long before = allocations;
  const std::vector<double> v(100);
  CHECK(allocations > before);
  CHECK(v.size() == 100);
}

TEST_CASE("training steps of dense nets allocate nothing", "[allocation]") {
  require_no_allocation<float>(Chain(Dense<float>(600, 512), Pointwise<float, LeakyRelu>(512),
                                     Stack(Chain(Dense<float>(512, 512), Pointwise<float, Tanh>(512)), 3),
                                     Dense<float>(512, 600)));
  require_no_allocation<float>(
      Chain(Dense<float>(120, 100), Stack(Chain(Dense<float>(100, 100), Pointwise<float, LeakyRelu>(100)), 3),
            Dense<float>(100, 120)),
      1100, 4);
  require_no_allocation<double>(Chain(
      Dense<double>(3, 40), Stack(Residual(Chain(Dense<double>(40, 40), Pointwise<double, Gelu>(40))), 100),
      Dense<double>(40, 3)));
}

TEST_CASE("training steps of convolutional nets allocate nothing", "[allocation]") {
  const Padding same = Padding::all(1);
  require_no_allocation<double>(
      Chain(Pad2d<double>({3, 8, 8}, same, PadMode::reflect),
            Conv2d<double>({3, 10, 10}, {.out_channels = 8}), Pointwise<double, Silu>(8 * 64),
            Concat(Chain(MaxPool2d<double>(Shape{8, 8, 8}),
                         Conv2d<double>({8, 4, 4}, {.out_channels = 6, .padding = same}),
                         UpsampleNearest<double>(Shape{6, 4, 4}))),
            AvgPool2d<double>(Shape{14, 8, 8}),
            ConvTranspose2d<double>({14, 4, 4}, {.out_channels = 3, .kernel = {2, 2}, .stride = {2, 2}})));
}

TEST_CASE("training steps of normalizations, sums and concatenations allocate nothing", "[allocation]") {
  const Shape image{4, 6, 6};
  const Conv2d<double> conv(image, {.out_channels = 4, .padding = Padding::all(1)});
  const Pointwise<double, Identity> pass(image);
  require_no_allocation<double>(
      Chain(ChannelAffine<double>(image), GroupNorm<double>(image, 2), PRelu<double>(image, 4),
            Sum(conv, Chain(conv, pass)), Concat(conv, pass), LayerNorm<double>(288, 36),
            RmsNorm<double>(288, 288, 1e-5, false), Softmax<double>(1, 8, 36), LogSoftmax<double>(288)));
}

TEST_CASE("fit allocates nothing between its epochs", "[allocation]") {
  Model model(Dense<float>(200, 200), Vec<float>(Vec<float>::Zero(200 * 201)));
  const Mat<float> x = random_matrix<float>(200, 90, 4);
  Adam<float> adam;
  for (const Index batch : {0, 40})
    for (const double noise : {0., 0.1}) {
      long first = 0, last = 0;
      FitOptions options{.max_epochs = 20, .batch_size = batch, .input_noise = {.deviation = noise}};
      options.observer = [&](const Epoch& e) { (e.epoch == 2 ? first : last) = allocations; };
      set_num_threads(1);
      (void)fit(model, x, adam, options);
      set_num_threads(0);
      CHECK(first > 0);
      CHECK(last == first);
    }
}

TEST_CASE("training steps of chains of single filters allocate nothing", "[allocation]") {
  const Conv2d<float> f({1, 5, 5}, {.padding = Padding::all(1), .bias = false});
  require_no_allocation<float>(Chain(Stack(Residual(Stack(f, 3)), 2), Stack(f, 2)));
}

TEST_CASE("training steps of convolutions in tiles allocate nothing", "[allocation]") {
  require_no_allocation<float>(
      Chain(Conv2d<float>({8, 6, 6}, {.out_channels = 10, .padding = Padding::all(1)}),
            UpsampleNearest<float>({10, 6, 6}),
            Conv2d<float>({10, 12, 12}, {.out_channels = 9, .padding = Padding::all(1)})));
}
