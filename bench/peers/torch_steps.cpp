// The training steps of steps.cpp in libtorch, as fast as we could make them: Adam on one flat parameter, of
// which weights and gradients are views. bench/run also raises glibc's thresholds for giving memory back.
#include <torch/torch.h>

#include "program.hpp"

namespace {

class Program {
 public:
  explicit Program(const bench::ChainWork& work)
      : Program(bench::weights(work), bench::images(work), {work.batch, 1, work.side, work.side}) {
    for (int l = 0; l < work.depth; ++l) add_parameter({work.outputs(l), work.inputs(l), 3, 3});
    channels_last_ = work.filters > 1;
    network_ = [this, &work](const torch::Tensor& x) { return chain(work, x); };
  }
  explicit Program(const bench::ImageWork& work)
      : Program(bench::weights(work), bench::images(work), {work.batch, 3, 32, 32}) {
    for (const auto& [inputs, outputs] : work.layers()) {
      add_parameter({outputs, inputs, 3, 3});
      add_parameter({outputs});
    }
    channels_last_ = true;
    network_ = [this, &work](const torch::Tensor& x) { return work.unet ? unet(x) : autoencoder(x); };
  }
  Program(const Program&) = delete;  // the network refers to this
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
    if (channels_last_)
      all.push_back({"channels_last", train(x_.contiguous(at::MemoryFormat::ChannelsLast))});
    return all;
  }

 private:
  Program(std::vector<float> start, std::vector<float> pixels, at::IntArrayRef shape) {
    at::set_num_threads(1);
    theta_ = torch::from_blob(start.data(), {static_cast<long>(start.size())}).clone();
    theta_.mutable_grad() = torch::zeros_like(theta_);
    x_ = torch::from_blob(pixels.data(), shape).clone();
    adam_ = std::make_unique<torch::optim::Adam>(std::vector<torch::Tensor>{theta_},
                                                 torch::optim::AdamOptions(bench::learning_rate));
  }
  /// The next stretch of theta as a tensor of this shape, and of its gradient.
  void add_parameter(at::IntArrayRef shape) {
    const auto view = [&](const torch::Tensor& flat) {
      return flat.narrow(0, next_, c10::multiply_integers(shape)).view(shape);
    };
    torch::Tensor w = view(theta_).detach().requires_grad_();
    w.mutable_grad() = view(theta_.grad());
    w_.push_back(w);
    next_ += w.numel();
  }
  const torch::Tensor& parameter(int k) const { return w_[static_cast<std::size_t>(k)]; }

  torch::Tensor chain(const bench::ChainWork& work, torch::Tensor h) const {
    torch::Tensor skipped;
    for (int l = 0; l < work.depth; ++l) {
      const bool skips = work.skip > 0 && l / work.skip < work.blocks();
      if (skips && l % work.skip == 0) skipped = h;
      h = torch::conv2d(h, parameter(l), {}, 1, 1);
      if (skips && l % work.skip == work.skip - 1) h = h + skipped;
    }
    return h;
  }
  /// The k-th convolution of an ImageWork.
  torch::Tensor conv(int k, const torch::Tensor& h, int stride = 1) const {
    return torch::conv2d(h, parameter(2 * k), parameter(2 * k + 1), stride, 1);
  }
  torch::Tensor block(int k, const torch::Tensor& h, int stride = 1) const {
    torch::Tensor y = conv(k, h, stride);
    return torch::leaky_relu_(y, 0.01);
  }
  static torch::Tensor up(const torch::Tensor& h) {
    return torch::upsample_nearest2d(h, std::vector<long>{2 * h.size(2), 2 * h.size(3)});
  }
  torch::Tensor autoencoder(torch::Tensor h) const {
    for (int k = 0; k < 5; ++k) h = block(k, h, 2);
    for (int k = 5; k < 9; ++k) h = block(k, up(h));
    return conv(9, up(h));
  }
  torch::Tensor unet(const torch::Tensor& x) const {
    const torch::Tensor high = block(1, block(0, x));
    const torch::Tensor middle = block(3, block(2, torch::max_pool2d(high, 2)));
    const torch::Tensor low = block(5, block(4, torch::max_pool2d(middle, 2)));
    const torch::Tensor back = block(7, block(6, torch::cat({middle, up(low)}, 1)));
    return conv(10, block(9, block(8, torch::cat({high, up(back)}, 1))));
  }

  torch::Tensor gradient(const torch::Tensor& x) {
    theta_.mutable_grad().zero_();
    torch::Tensor loss = torch::mse_loss(network_(x), x);
    loss.backward();
    return loss;
  }

  torch::Tensor theta_, x_;
  std::vector<torch::Tensor> w_;
  std::unique_ptr<torch::optim::Adam> adam_;
  std::function<torch::Tensor(const torch::Tensor&)> network_;
  bool channels_last_ = false;
  long next_ = 0;  // where in theta the next parameter begins
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
