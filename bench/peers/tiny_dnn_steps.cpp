// The training steps of steps.cpp in tiny-dnn: fit with one batch an epoch. Its Adam adds epsilon under the root, which
// matters to no time and, before the first update, to no gradient.
#define CNN_USE_AVX
#define CNN_USE_OMP  // otherwise it starts as many threads as there are cores, whatever OMP_NUM_THREADS says
#include <memory>    // std::shared_ptr

#include "program.hpp"
// tiny-dnn's headers lack some includes of their own
#include <tiny_dnn/tiny_dnn.h>

namespace {

using Identity = tiny_dnn::activation::identity;
using Leaky = tiny_dnn::activation::leaky_relu;
template <class Phi>
using Dense = tiny_dnn::fully_connected_layer<Phi>;
using Conv = tiny_dnn::convolutional_layer<Identity>;

/// Keeps the gradient instead of using it.
struct Recorder : tiny_dnn::optimizer {
  std::vector<float> values;
  void update(const tiny_dnn::vec_t& dW, tiny_dnn::vec_t&, bool) override {
    values.insert(values.end(), dW.begin(), dW.end());
  }
};

class Program {
 public:
  Program(const bench::Work& work, int) {
    if (std::holds_alternative<bench::ImageNet>(work.net))
      throw bench::LeftOut("tiny-dnn has no nearest upsampling without weights of its own");
    if (work.task != bench::Task::train)
      throw bench::LeftOut("no counterpart in tiny-dnn: training steps only");
    const std::vector<float> samples = bench::samples(work);
    const long n = work.in_size();
    for (auto at = samples.begin(); at != samples.end(); at += n) x_.emplace_back(at, at + n);
    if (const auto* net = std::get_if<bench::FullyConnectedNet>(&work.net))
      build(*net);
    else
      build(std::get<bench::ChainNet>(work.net));
    set(bench::weights(work));
  }
  std::vector<float> check() {
    Recorder recorder;
    fit(recorder, 1);
    const double loss = get_loss() / static_cast<double>(x_.size());
    std::vector<float> values{static_cast<float>(loss)};
    values.insert(values.end(), recorder.values.begin(), recorder.values.end());
    return values;
  }
  std::vector<bench::Variant> variants() {
    return {{"fit", [this](long steps) { fit(adam_, static_cast<int>(steps)); }}};
  }

 private:
  using Graph = tiny_dnn::network<tiny_dnn::graph>;
  using Sequential = tiny_dnn::network<tiny_dnn::sequential>;

  void build(const bench::FullyConnectedNet& net) {
    sequential_ = std::make_unique<Sequential>();
    const auto size = [](int k) { return static_cast<tiny_dnn::serial_size_t>(k); };
    for (int l = 0; l < net.hidden; ++l)
      *sequential_ << Dense<Leaky>(size(l == 0 ? net.d : net.width), size(net.width));
    *sequential_ << Dense<Identity>(size(net.width), size(net.d));
  }
  void build(const bench::ChainNet& net) {
    const auto side = static_cast<tiny_dnn::serial_size_t>(net.side);
    for (int l = 0; l < net.depth; ++l)
      convs_.push_back(std::make_shared<Conv>(
          side, side, 3, static_cast<tiny_dnn::serial_size_t>(net.inputs(l)),
          static_cast<tiny_dnn::serial_size_t>(net.outputs(l)), tiny_dnn::padding::same, false));
    if (net.skip == 0) {
      sequential_ = std::make_unique<Sequential>();
      for (const auto& conv : convs_) *sequential_ << conv;
      return;
    }
    input_ = std::make_shared<tiny_dnn::input_layer>(tiny_dnn::shape3d(side, side, 1));
    std::shared_ptr<tiny_dnn::layer> last = input_;
    std::size_t l = 0;
    for (int k = 0; k < net.blocks(); ++k) {
      const auto before = last;
      for (int i = 0; i < net.skip; ++i, ++l) {
        last << convs_[l];
        last = convs_[l];
      }
      sums_.push_back(std::make_shared<tiny_dnn::elementwise_add_layer>(2, side * side));
      (before, last) << sums_.back();
      last = sums_.back();
    }
    for (; l < convs_.size(); ++l) {
      last << convs_[l];
      last = convs_[l];
    }
    graph_ = std::make_unique<Graph>();
    tiny_dnn::construct_graph(*graph_, {input_}, {last});
  }
  template <class Use>
  auto with_net(const Use& use) {
    return graph_ ? use(*graph_) : use(*sequential_);
  }
  void set(const std::vector<float>& start) {
    with_net([&](auto& net) {
      net.init_weight();
      auto at = start.begin();
      for (std::size_t l = 0; l < net.layer_size(); ++l)
        for (tiny_dnn::vec_t* w : net[l]->weights()) {
          std::copy_n(at, w->size(), w->begin());
          at += static_cast<long>(w->size());
        }
      if (at != start.end()) throw std::runtime_error("tiny-dnn's network has another number of parameters");
    });
  }
  template <class Optimizer>
  void fit(Optimizer& optimizer, int epochs) {
    with_net([&](auto& net) { net.template fit<tiny_dnn::mse>(optimizer, x_, x_, x_.size(), epochs); });
  }
  double get_loss() {
    return with_net(
        [&](auto& net) { return static_cast<double>(net.template get_loss<tiny_dnn::mse>(x_, x_)); });
  }

  std::vector<tiny_dnn::vec_t> x_;
  std::vector<std::shared_ptr<Conv>> convs_;
  std::vector<std::shared_ptr<tiny_dnn::elementwise_add_layer>> sums_;
  std::shared_ptr<tiny_dnn::input_layer> input_;
  std::unique_ptr<Sequential> sequential_;
  std::unique_ptr<Graph> graph_;
  tiny_dnn::adam adam_;  // whose rate is a member
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
