// training_memory against what the heap says after a step.
#include "basin/train/memory.hpp"

#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/sum.hpp"
#include "basin/core/model.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/normalization.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/prelu.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "support/bytes_in_use.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// One step, with the working memory of this thread grown before.
template <Layer F>
void require_memory(const F& net, Index batch, Index least_parts = 1) {
  using S = typename F::Scalar;
  set_num_threads(1);
  const Mat<S> x = random_matrix<S>(net.in_size(), batch, 1),
               target = random_matrix<S>(net.out_size(), batch, 2);
  Vec<S> theta = random_matrix<S>(net.param_size(), 1, 3) / S(20);
  {
    Vec<S> gradient(net.param_size());
    (void)Objective<F>(net)(theta, x, target, gradient);
  }
  const double before = bytes_in_use();
  Vec<S> gradient(net.param_size());
  Objective<F> objective(net);
  Adam<S> adam;
  (void)objective(theta, x, target, gradient);
  adam.step(gradient, theta);
  const double used = bytes_in_use() - before;
  const TrainingMemory memory = training_memory(net, batch);
  CHECK(objective.parts(batch) >= least_parts);
  CHECK(memory.parameters == 2 * net.param_size() * static_cast<Index>(sizeof(S)));
  const auto said = static_cast<double>(memory.gradients + memory.optimizer + memory.activations);
  INFO("used " << used << ", said " << said);
  CHECK(used > 0.99 * said);
  CHECK(used < 1.01 * said + 20000);  // vectors of small objects, and malloc's own
  set_num_threads(0);
}

}  // namespace

TEST_CASE("training_memory is what a training step takes from the heap", "[allocation]") {
  const Padding same = Padding::all(1);
  require_memory(fully_connected<float>(300, 128, 7), 100);
  require_memory(fully_connected<double>(100, 100, 5), 1100, 4);
  require_memory(
      Chain(Dense<float>(200, 100), Stack(Residual(Dense<float>(100, 100)), 5), Dense<float>(100, 200)), 64);
  const Conv2d<float> filter({1, 9, 9}, {.padding = same, .bias = false});
  require_memory(Chain(Stack(Residual(Stack(filter, 10)), 20), Stack(filter, 7)), 300);  // on planes
  require_memory(Chain(Conv2d<float>({3, 32, 32}, {.out_channels = 16, .stride = 2, .padding = same}),
                       Pointwise<float, LeakyRelu>(Shape{16, 16, 16}), MaxPool2d<float>({16, 16, 16}),
                       ConvTranspose2d<float>({16, 8, 8},
                                              {.out_channels = 8, .kernel = 4, .stride = 2, .padding = same}),
                       Concat(Chain(Conv2d<float>({8, 16, 16}, {.out_channels = 8, .padding = same}),
                                    Pointwise<float, Tanh>(Shape{8, 16, 16}))),
                       UpsampleNearest<float>({16, 16, 16}),
                       Conv2d<float>({16, 32, 32}, {.out_channels = 3, .padding = same})),
                 40, 2);
  const Shape image{8, 16, 16};
  const Conv2d<float> conv(image, {.out_channels = 8, .padding = same});
  require_memory(Chain(conv, GroupNorm<float>(image, 4), PRelu<float>(image, 8), Sum(conv, Chain(conv, conv)),
                       Concat(conv, Pointwise<float, Identity>(image)), LayerNorm<float>(16 * 256, 16 * 256),
                       RmsNorm<float>(16 * 256, 256, 1e-5, false), Softmax<float>(1, 16, 256)),
                 40, 2);
}

TEST_CASE("input noise takes a copy of the data from the heap, as training_memory says", "[allocation]") {
  set_num_threads(1);
  const auto net = fully_connected<float>(300, 128, 7);
  const Mat<float> x = random_matrix<float>(300, 100, 1);
  const auto used_by = [&](const InputNoise& noise) {
    Model model(net, Vec<float>(Vec<float>::Zero(net.param_size())));
    Adam<float> adam;
    double used = 0;
    FitOptions options{.max_epochs = 3, .input_noise = noise};
    options.observer = [&](const Epoch&) { used = bytes_in_use(); };
    (void)fit(model, x, adam, options);
    return used;
  };
  (void)used_by({});  // the working memory of this thread grows
  const double more = used_by({.deviation = 0.1}) - used_by({});
  const double said = static_cast<double>(training_memory(net, 100, 2, {.deviation = 0.1}).total() -
                                          training_memory(net, 100).total());
  CHECK(said == 300 * 100 * 4);
  CHECK(std::abs(more - said) <= 0.01 * said + 1000);
  set_num_threads(0);
}

TEST_CASE("minibatches take the memory of a batch, however many samples there are", "[allocation]") {
  set_num_threads(1);
  const Shape image{8, 16, 16};
  const Conv2d<float> conv(image, {.out_channels = 8, .padding = Padding::all(1)});
  const Chain net(conv, Pointwise<float, Tanh>(image), conv);
  const Mat<float> x = random_matrix<float>(net.in_size(), 400, 1);
  const auto used_by = [&](Index columns) {
    Model model(net, Vec<float>(0.05F * random_matrix<float>(net.param_size(), 1, 2)));
    Adam<float> adam;
    double used = 0, before = bytes_in_use();
    FitOptions options{.max_epochs = 2, .batch_size = 8};
    options.observer = [&](const Epoch&) { used = bytes_in_use() - before; };
    (void)fit(model, x.leftCols(columns), adam, options);
    return used;
  };
  (void)used_by(16);  // the working memory of this thread grows
  const double few = used_by(16), many = used_by(400);
  // The loss of all 400 at once would keep 50 times as much as a batch; the order of the samples is 8 bytes
  // for each.
  CHECK(many <= few + 400 * 8 + 1000);
  const auto batch = static_cast<double>(training_memory(net, 8).total() + 2 * x.rows() * 8 * 4);
  CHECK(few <= 1.1 * batch + 20000);
  CHECK(few >= 0.9 * batch);
  set_num_threads(0);
}

TEST_CASE("training_memory knows what is kept and refuses nonsense", "[allocation]") {
  const Dense<double> net(10, 20);
  const TrainingMemory m = training_memory(net, 3, 1);
  CHECK(m.parameters == 2 * 220 * 8);
  CHECK(m.gradients == 220 * 8);
  CHECK(m.optimizer == 220 * 8);
  CHECK(m.activations == 2 * 20 * 3 * 8);  // the output and its cotangent
  CHECK(m.total() == 4 * 220 * 8 + 960);
  const TrainingMemory noisy = training_memory(net, 3, 1, {.deviation = 0.1});
  CHECK(noisy.inputs == 10 * 3 * 8);
  CHECK(noisy.total() == m.total() + 240);
  CHECK(error_of([&] { (void)training_memory(net, 0); }) == "training_memory: columns must be >= 1, got 0");
}
