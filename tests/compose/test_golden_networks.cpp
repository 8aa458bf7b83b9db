// A dozen small networks against PyTorch: outputs, gradients, four optimizer steps, and the contractive
// penalty with its gradient (tests/golden/make_golden.py).
#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/network/erased.hpp"
#include "basin/train/contractive.hpp"
#include "basin/train/fit.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

using S = double;
template <class Phi>
Pointwise<S, Phi> act(Index n, Phi phi = {}) {
  return Pointwise<S, Phi>(n, phi);
}

Mat<S> golden(const std::string& what) {
  static const Golden all("networks");
  return all[what];
}
double error(const Mat<S>& a, const Mat<S>& b) { return (a - b).norm() / b.norm(); }

/// Output, loss and both gradients, each to 1e-11 of its norm.
template <Layer F>
void require_gradients(const std::string& name, const F& net) {
  const Vec<S> theta = golden(name + ".theta").col(0);
  REQUIRE(theta.size() == net.param_size());
  const Mat<S> x = golden(name + ".x"), target = golden(name + ".target");
  REQUIRE(x.rows() == net.in_size());
  REQUIRE(target.rows() == net.out_size());
  Mat<S> y(net.out_size(), x.cols()), y_bar = y, x_bar(x.rows(), x.cols());
  Vec<S> theta_bar = Vec<S>::Zero(theta.size());
  typename F::Cache cache;
  net.forward(theta, x, y, cache);
  const double loss = MeanSquaredError{}(Eigen::Ref<const Mat<S>>(y), Eigen::Ref<const Mat<S>>(target),
                                         x.cols(), MatOut<S>(y_bar));
  net.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
  CHECK(error(y, golden(name + ".y")) <= 1e-11);
  CHECK(std::abs(loss - golden(name + ".loss")(0, 0)) <= 1e-11 * loss);
  CHECK(error(x_bar, golden(name + ".x_bar")) <= 1e-11);
  CHECK(error(theta_bar, golden(name + ".theta_bar")) <= 1e-11);
}

/// The contractive penalty at these parameters and inputs, without any other loss.
template <Layer F>
void require_penalty(const std::string& name, const F& net) {
  static const Golden all("contractive");
  const Vec<S> theta = golden(name + ".theta").col(0), expected = all[name + ".theta_bar"].col(0);
  const Mat<S> x = golden(name + ".x");
  const Contractive<> loss{.weight = 1};
  Contractive<>::Memory<F> memory;
  Vec<S> gradient = Vec<S>::Zero(theta.size());
  const BatchPlace place{0, x.cols()};
  const double penalty = loss.penalty<F>(net, theta, x, place, memory, gradient);
  CHECK(std::abs(penalty - all[name + ".penalty"](0, 0)) <= 1e-12 * penalty);
  CHECK(error(gradient, expected) <= 1e-11);
  CHECK(loss.penalty<F>(net, theta, x, place, memory) == penalty);
}

/// The network as a type and erased; the latter, which has the same bits (tests/network), also through four
/// steps of training, since it compiles once for all networks.
template <Layer F, class O>
void require_golden(const std::string& name, const F& net, O optimizer) {
  INFO(name);
  require_gradients(name, net);
  require_gradients(name, erased(net));
  require_penalty(name, net);
  const Vec<S> theta = golden(name + ".theta").col(0);
  Model model(erased(net), theta);
  (void)fit(model, golden(name + ".x"), golden(name + ".target"), optimizer, {.max_epochs = 4});
  CHECK(error(model.theta, golden(name + ".trained")) <= 1e-11);
  CHECK(error(model.theta, theta) > 1e-4);  // it moved
}

}  // namespace

TEST_CASE("dense networks agree with PyTorch", "[compose]") {
  require_golden("dense_tanh", Chain(Dense<S>(5, 7), act<Tanh>(7), Dense<S>(7, 5)),
                 Adam<S>({.learning_rate = 0.01}));
  const auto leaky = act(6, LeakyRelu{.slope = 0.2});
  require_golden("deep_leaky",
                 Chain(Dense<S>(4, 6), leaky, Stack(Chain(Dense<S>(6, 6), leaky), 5), Dense<S>(6, 4)),
                 GradientDescent<S>({.learning_rate = 0.1, .momentum = 0.9}));
  require_golden(
      "without_bias",
      Chain(Dense<S>(5, 8, false), act<Sigmoid>(8), Dense<S>(8, 8, false), act<Softplus>(8), Dense<S>(8, 3)),
      RMSprop<S>({.learning_rate = 0.01}));
  require_golden("gates",
                 Chain(Dense<S>(4, 6), act<Gelu>(6), Dense<S>(6, 6), act<Silu>(6), Dense<S>(6, 6),
                       act<Mish>(6), Dense<S>(6, 6), act<GeluTanh>(6), Dense<S>(6, 4)),
                 AdamW<S>({.learning_rate = 0.01}));
  require_golden(
      "bends",
      Chain(Dense<S>(4, 6), act<Elu>(6), Dense<S>(6, 6), act<Selu>(6), Dense<S>(6, 6), act<Softsign>(6),
            Dense<S>(6, 6), act<Hardtanh>(6), Dense<S>(6, 6), act<Relu>(6), Dense<S>(6, 4)),
      Adagrad<S>({.learning_rate = 0.05}));
}

TEST_CASE("convolutional networks agree with PyTorch", "[compose]") {
  const Padding same = Padding::all(1);
  const Conv2dOptions down{.out_channels = 4, .stride = {2, 2}, .padding = same};
  require_golden("convolution",
                 Chain(Conv2d<S>({4, 7, 6}, {.out_channels = 6,
                                             .kernel = {3, 2},
                                             .stride = {2, 1},
                                             .padding = {1, 0, 2, 1},
                                             .dilation = {1, 2},
                                             .groups = 2})),
                 Adam<S>({.learning_rate = 0.01, .amsgrad = true}));
  require_golden(
      "conv_autoencoder",
      Chain(Conv2d<S>({1, 8, 8}, down), act<LeakyRelu>(64),
            Conv2d<S>({4, 4, 4}, {.out_channels = 5, .stride = {2, 2}, .padding = same}), act<LeakyRelu>(20),
            UpsampleNearest<S>(Shape{5, 2, 2}), Conv2d<S>({5, 4, 4}, {.out_channels = 4, .padding = same}),
            act<LeakyRelu>(64), UpsampleNearest<S>(Shape{4, 4, 4}),
            Conv2d<S>({4, 8, 8}, {.out_channels = 1, .padding = same})),
      Adam<S>({.learning_rate = 0.01}));
  require_golden("transposed",
                 Chain(Conv2d<S>({2, 6, 6}, down), act<Tanh>(36),
                       ConvTranspose2d<S>({4, 3, 3}, {.out_channels = 2,
                                                      .kernel = {3, 4},
                                                      .stride = {2, 2},
                                                      .padding = same,
                                                      .output_padding = {1, 0},
                                                      .groups = 2})),
                 GradientDescent<S>({.learning_rate = 0.1, .momentum = 0.5, .nesterov = true}));
  require_golden("u_net",
                 Chain(Conv2d<S>({1, 4, 4}, {.out_channels = 2, .padding = same}), act<Tanh>(32),
                       Concat(Chain(AvgPool2d<S>(Shape{2, 4, 4}),
                                    Conv2d<S>({2, 2, 2}, {.out_channels = 3, .padding = same}), act<Tanh>(12),
                                    UpsampleNearest<S>(Shape{3, 2, 2}))),
                       Conv2d<S>({5, 4, 4}, {.out_channels = 1, .padding = same})),
                 Adam<S>({.learning_rate = 0.01}));
  require_golden("pooling",
                 Chain(Pad2d<S>({2, 5, 5}, {1, 2, 2, 1}, PadMode::reflect),
                       Conv2d<S>({2, 8, 8}, {.out_channels = 3}), act<Elu>(108),
                       MaxPool2d<S>(Shape{3, 6, 6}, {.kernel = {3, 2}, .stride = {2, 1}, .padding = same}),
                       Pad2d<S>({3, 3, 7}, {0, 1, 1, 0}, PadMode::replicate),
                       Conv2d<S>({3, 4, 8}, {.out_channels = 2, .kernel = {2, 2}})),
                 GradientDescent<S>({.learning_rate = 0.1, .weight_decay = 0.1}));
  const Conv2d<S> one({1, 5, 5}, {.padding = same, .bias = false});
  require_golden("residual_chain", Chain(one, Stack(Residual(Stack(one, 3)), 4)),
                 Adam<S>({.learning_rate = 1e-3}));
  require_golden("circular",
                 Chain(Pad2d<S>({2, 4, 5}, {2, 0, 1, 1}, PadMode::circular),
                       Conv2d<S>({2, 6, 7}, {.out_channels = 2}), act<Silu>(40)),
                 RMSprop<S>({.learning_rate = 0.01, .centered = true, .momentum = 0.3}));
}
