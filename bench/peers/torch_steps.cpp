// The training steps of steps.cpp in libtorch, as fast as we could make them: Adam on one flat parameter, of
// which weights and gradients are views. bench/run also raises glibc's thresholds for giving memory back.
#include <torch/torch.h>

#include "program.hpp"

namespace {

class Program {
 public:
  explicit Program(const bench::ChainWork& work) : work_(work) {
    at::set_num_threads(1);
    std::vector<float> start = bench::weights(work), pixels = bench::images(work);
    theta_ = torch::from_blob(start.data(), {static_cast<long>(start.size())}).clone();
    theta_.mutable_grad() = torch::zeros_like(theta_);
    x_ = torch::from_blob(pixels.data(), {work.batch, 1, work.side, work.side}).clone();
    long begin = 0;
    for (int l = 0; l < work.depth; ++l) {
      const auto view = [&](const torch::Tensor& flat) {
        return flat.narrow(0, begin, work.weights(l)).view({work.outputs(l), work.inputs(l), 3, 3});
      };
      torch::Tensor w = view(theta_).detach().requires_grad_();
      w.mutable_grad() = view(theta_.grad());
      w_.push_back(w);
      begin += work.weights(l);
    }
    adam_ = std::make_unique<torch::optim::Adam>(std::vector<torch::Tensor>{theta_},
                                                 torch::optim::AdamOptions(bench::learning_rate));
  }
  std::vector<float> check() {
    const auto loss = static_cast<float>(gradient(x_).item<float>());
    std::vector<float> values{loss};
    const float* g = theta_.grad().data_ptr<float>();
    values.insert(values.end(), g, g + theta_.numel());
    return values;
  }
  std::vector<bench::Variant> variants() {
    const auto train = [this](const torch::Tensor& x) {
      return [this, x](long steps) {
        for (long i = 0; i < steps; ++i) {
          gradient(x);
          adam_->step();
        }
      };
    };
    std::vector<bench::Variant> all{{"flat_adam", train(x_)}};
    if (work_.filters > 1)
      all.push_back({"channels_last", train(x_.contiguous(at::MemoryFormat::ChannelsLast))});
    return all;
  }

 private:
  torch::Tensor gradient(const torch::Tensor& x) {
    theta_.mutable_grad().zero_();
    torch::Tensor h = x;
    for (int l = 0; l < work_.depth; ++l) {
      const bool skips = work_.skip > 0 && l / work_.skip < work_.blocks();
      if (skips && l % work_.skip == 0) skipped_ = h;
      h = torch::conv2d(h, w_[static_cast<std::size_t>(l)], {}, 1, 1);
      if (skips && l % work_.skip == work_.skip - 1) h = h + skipped_;
    }
    torch::Tensor loss = torch::mse_loss(h, x);
    loss.backward();
    return loss;
  }

  const bench::ChainWork& work_;
  torch::Tensor theta_, x_, skipped_;
  std::vector<torch::Tensor> w_;
  std::unique_ptr<torch::optim::Adam> adam_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
