// The same bits with 1, 2, 3, 4 and 7 threads, and, in the preset `tsan`, no race on the way: training,
// orbits, Jacobians, fixed points, each on sizes of which threads take parts.
#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/model.hpp"
#include "basin/core/parallel.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// compute() gives matrices, which must be the same for all numbers of threads.
template <class Compute>
void require_same_bits(const Compute& compute) {
  set_num_threads(1);
  const auto one = compute();
  for (const int threads : {2, 3, 4, 7}) {
    INFO(threads << " threads");
    set_num_threads(threads);
    CHECK(num_threads() == threads);
    CHECK(compute() == one);
  }
  set_num_threads(0);
}
template <Layer F>
Vec<typename F::Scalar> trained(const F& net, Index columns, const FitOptions& options) {
  using S = typename F::Scalar;
  Model model(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<S> adam({.learning_rate = 1e-3});
  const Mat<S> x = random_matrix<S>(net.in_size(), columns, 2);
  (void)fit(model, x, adam, options);
  return model.theta;
}
const Model<FullyConnected<double>>& small_map() {
  static const Model model = [] {
    auto net = fully_connected<double>(40, 30, 3);
    auto theta = initial_values(net, initial::pytorch_default(), 3);
    return Model(std::move(net), std::move(theta));
  }();
  return model;
}

}  // namespace

TEST_CASE("training gives the same bits for any number of threads", "[threads]") {
  const auto dense = fully_connected<float>(300, 200, 3);
  require_same_bits([&] { return trained(dense, 1100, {.max_epochs = 2}); });
  require_same_bits([&] {
    return trained(dense, 600, {.max_epochs = 2, .batch_size = 70, .input_noise = {.deviation = 0.1}});
  });
  const Padding same = Padding::all(1);
  const Chain conv(Conv2d<float>({3, 16, 16}, {.out_channels = 32, .padding = same}),
                   Pointwise<float, Tanh>(32 * 256),
                   Conv2d<float>({32, 16, 16}, {.out_channels = 3, .padding = same}));
  require_same_bits([&] { return trained(conv, 24, {.max_epochs = 2}); });
  const Conv2d<float> filter({1, 8, 8}, {.padding = same, .bias = false});
  require_same_bits(
      [&] { return trained(Chain(Stack(filter, 3), Stack(filter, 2)), 1000, {.max_epochs = 2}); });
}

TEST_CASE("orbits and Jacobians have the same bits for any number of threads", "[threads]") {
  const auto& f = small_map();
  const Mat<double> x = random_matrix<double>(40, 500, 4);
  require_same_bits([&] { return orbit(f, x, {.max_steps = 30, .tolerance = 1e-9}).x; });
  require_same_bits([&] { return jacobian(f, x.col(0)); });
  const auto wide = fully_connected<double>(400, 300, 3);
  const Model g(wide, initial_values(wide, initial::pytorch_default(), 5));
  const Vec<double> at = random_matrix<double>(400, 1, 6);
  require_same_bits([&] { return jacobian(g, at); });
}

TEST_CASE("fixed points have the same bits for any number of threads", "[threads]") {
  const auto net = fully_connected<double>(2, 24, 3);
  const Model f(net, Vec<double>(3. * initial_values(net, initial::pytorch_default(), 7)));
  const Mat<double> starts = random_matrix<double>(2, 150, 8);
  require_same_bits([&] { return find_fixed_points(f, starts).x; });
}
