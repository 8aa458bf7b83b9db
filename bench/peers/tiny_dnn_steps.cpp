// The training steps of steps.cpp in tiny-dnn: fit with one batch an epoch. Its Adam adds epsilon under the
// root, which matters to no time and, before the first update, to no gradient. Its convolutions crash without
// a bias (1.0.0a3) and so have one here, 0 at the start.
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

/// Keeps the gradient instead of using it; without that of biases (every second vector) where `weights_only`.
struct Recorder : tiny_dnn::optimizer {
  std::vector<float> values;
  bool weights_only = false, bias = false;
  void update(const tiny_dnn::vec_t& dW, tiny_dnn::vec_t&, bool) override {
    if (!(weights_only && bias)) values.insert(values.end(), dW.begin(), dW.end());
    bias = !bias;
  }
};

class Program {
 public:
  Program(const bench::Work& work, int) {
    if (std::holds_alternative<bench::ImageNet>(work.net))
      throw bench::LeftOut("tiny-dnn has no nearest upsampling without weights of its own");
    if (work.task != bench::Task::train)
      throw bench::LeftOut("no counterpart in tiny-dnn: training steps only");
    const auto* chain = std::get_if<bench::ChainNet>(&work.net);
    if (chain != nullptr && chain->skip > 0)
      throw bench::LeftOut(
          "the gradient around a skip (elementwise_add_layer in a graph) is another one in tiny-dnn");
    const std::vector<float> samples = bench::samples(work);
    const long n = work.in_size();
    for (auto at = samples.begin(); at != samples.end(); at += n) x_.emplace_back(at, at + n);
    if (const auto* net = std::get_if<bench::FullyConnectedNet>(&work.net))
      build(*net);
    else
      build(std::get<bench::ChainNet>(work.net));
    set(bench::weights(work));
    adam_.alpha = static_cast<float>(bench::learning_rate);
  }
  std::vector<float> check() {
    Recorder recorder;
    recorder.weights_only = !convs_.empty();
    fit(recorder, 1);
    const double loss =
        static_cast<double>(net_.get_loss<tiny_dnn::mse>(x_, x_)) / static_cast<double>(x_.size());
    std::vector<float> values{static_cast<float>(loss)};
    values.insert(values.end(), recorder.values.begin(), recorder.values.end());
    return values;
  }
  std::vector<bench::Variant> variants() {
    return {{"fit", [this](long steps) { fit(adam_, static_cast<int>(steps)); }}};
  }

 private:
  void build(const bench::FullyConnectedNet& net) {
    const auto size = [](int k) { return static_cast<tiny_dnn::serial_size_t>(k); };
    for (int l = 0; l < net.hidden; ++l)
      net_ << Dense<Leaky>(size(l == 0 ? net.d : net.width), size(net.width));
    net_ << Dense<Identity>(size(net.width), size(net.d));
  }
  void build(const bench::ChainNet& net) {
    const auto side = static_cast<tiny_dnn::serial_size_t>(net.side);
    for (int l = 0; l < net.depth; ++l)
      convs_.push_back(std::make_shared<Conv>(
          side, side, 3, static_cast<tiny_dnn::serial_size_t>(net.inputs(l)),
          static_cast<tiny_dnn::serial_size_t>(net.outputs(l)), tiny_dnn::padding::same));
    for (const auto& conv : convs_) net_ << conv;
  }
  void set(const std::vector<float>& start) {
    net_.init_weight();
    auto at = start.begin();
    for (std::size_t l = 0; l < net_.layer_size(); ++l)
      for (tiny_dnn::vec_t* w : net_[l]->weights()) {
        if (!convs_.empty() && w != net_[l]->weights().front()) {
          std::fill(w->begin(), w->end(), 0.0f);  // the bias of a convolution, which the others do not have
          continue;
        }
        std::copy_n(at, w->size(), w->begin());
        at += static_cast<long>(w->size());
      }
    if (at != start.end()) throw std::runtime_error("tiny-dnn's network has another number of parameters");
  }
  template <class Optimizer>
  void fit(Optimizer& optimizer, int epochs) {
    net_.fit<tiny_dnn::mse>(optimizer, x_, x_, x_.size(), epochs);
  }

  std::vector<tiny_dnn::vec_t> x_;
  std::vector<std::shared_ptr<Conv>> convs_;
  tiny_dnn::network<tiny_dnn::sequential> net_;
  tiny_dnn::adam adam_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
