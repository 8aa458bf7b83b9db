// The works of steps.cpp in libtorch, as fast as we could make them: Adam on one flat parameter, of
// which weights and gradients are views. bench/run also raises glibc's thresholds for giving memory back.
#include <torch/torch.h>

#include <limits>  // std::numeric_limits
#include <memory>  // std::make_shared

#include "program.hpp"

namespace {

class Program {
 public:
  Program(const bench::Work& work, int threads) : task_(work.task), repeats_(work.count) {
    if (work.task == bench::Task::spectrum)
      throw bench::LeftOut("torch::linalg::eigvals is LAPACK's dgeev, which is measured by itself");
    at::set_num_threads(threads);
    std::vector<float> start = bench::start_weights(work), samples = bench::samples(work);
    theta_ = torch::from_blob(start.data(), {static_cast<long>(start.size())}).clone();
    theta_.mutable_grad() = torch::zeros_like(theta_);
    std::visit([&](const auto& net) { build(net); }, work.net);
    shape_.insert(shape_.begin(), work.batch());
    x_ = torch::from_blob(samples.data(), shape_).clone();
    adam_ = std::make_unique<torch::optim::Adam>(std::vector<torch::Tensor>{theta_},
                                                 torch::optim::AdamOptions(bench::learning_rate));
  }
  Program(const Program&) = delete;  // the network refers to this

  std::vector<float> check() {
    if (task_ == bench::Task::jacobian)
      return values_of(jacobian(x_, 128).t());  // column by column, as basin
    if (task_ == bench::Task::find) return values_of(iterate(x_, 1));
    if (task_ != bench::Task::train) return values_of(iterate(x_, 3));
    std::vector<float> values{gradient(x_).item<float>()};
    const std::vector<float> g = values_of(theta_.grad());
    values.insert(values.end(), g.begin(), g.end());
    return values;
  }
  std::vector<bench::Variant> variants() {
    if (task_ == bench::Task::find) return searches();
    if (task_ == bench::Task::fates) return settlings();
    std::vector<bench::Variant> all;
    const auto add = [&](const std::string& name, double repeats, const auto& step) {
      const auto on = [&](const std::string& variant, const torch::Tensor& x) {
        all.push_back({variant,
                       [step, x](long steps) {
                         for (long i = 0; i < steps; ++i) step(x);
                       },
                       repeats});
      };
      on(name, x_);
      if (channels_last_) on(name + "_channels_last", x_.contiguous(at::MemoryFormat::ChannelsLast));
    };
    if (task_ == bench::Task::train) {
      add("flat_adam", 1, [this](const torch::Tensor& x) {
        gradient(x);
        adam_->step();
      });
    } else if (task_ == bench::Task::jacobian) {
      for (const long at_once : {64, 128, 784})
        add("vjp_by_" + std::to_string(at_once), 1,
            [this, at_once](const torch::Tensor& x) { jacobian(x, at_once); });
    } else {
      constexpr int at_once = 10;
      add("iterate", static_cast<double>(repeats_) / at_once,
          [this](const torch::Tensor& x) { iterate(x, at_once); });
    }
    return all;
  }

 private:
  std::vector<bench::Variant> searches() {
    std::vector<bench::Variant> all;
    for (const at::ScalarType type : {torch::kFloat32, torch::kFloat64})
      for (const bool adaptive : {false, true}) {
        const auto found = std::make_shared<int>(0);
        all.push_back({std::string(adaptive ? "adaptive_" : "steps_") + at::toString(type),
                       [=](long steps) {
                         for (long i = 0; i < steps; ++i) *found = find(type, adaptive);
                       },
                       1, [=] { return double(*found); }});
      }
    return all;
  }
  std::vector<bench::Variant> settlings() {
    std::vector<bench::Variant> all;
    for (const bool leave : {false, true})
      all.push_back({leave ? "settle_and_leave" : "settle", [this, leave](long steps) {
                       for (long i = 0; i < steps; ++i) settle(leave);
                     }});
    return all;
  }
  /// Iterates all starts until each has settled, looking every ten steps; those that have are left out of
  /// further steps, or not. Where each ended.
  torch::Tensor settle(bool leave) const {
    const c10::InferenceMode no_derivatives;
    torch::Tensor x = x_, ends = x_.clone(), which = torch::arange(x_.size(0));
    for (int t = 0; t < bench::longest_orbit; t += 10) {
      const torch::Tensor before = iterate(x, 9);
      x = network_(before);
      const torch::Tensor moving =
          (x - before).norm(2, 1) > bench::settled * before.norm(2, 1);  // not so where one is NaN
      if (!moving.any().item<bool>()) break;
      if (!leave) continue;
      ends.index_copy_(0, which, x);
      const torch::Tensor kept = moving.nonzero().squeeze(1);
      x = x.index_select(0, kept);
      which = which.index_select(0, kept);
    }
    ends.index_copy_(0, which, x);
    return ends;
  }
  void build(const bench::FullyConnectedNet& net) {
    shape_ = {net.d};
    for (const bench::Product& p : net.products()) {
      add_parameter({p.inputs, p.outputs});
      add_parameter({p.outputs});
    }
    network_ = [this](const torch::Tensor& x) { return fully_connected(x); };
  }
  void build(const bench::ChainNet& net) {
    shape_ = {1, net.side, net.side};
    for (const bench::Product& p : net.products()) add_parameter({p.outputs, p.inputs, 3, 3});
    channels_last_ = net.filters > 1;
    network_ = [this, net](const torch::Tensor& x) { return chain(net, x); };
  }
  void build(const bench::ImageNet& net) {
    shape_ = {3, net.side, net.side};
    for (const bench::Product& p : net.products()) {
      add_parameter({p.outputs, p.inputs, 3, 3});
      add_parameter({p.outputs});
    }
    channels_last_ = true;
    network_ = [this, net](const torch::Tensor& x) { return net.unet ? unet(x) : autoencoder(x); };
  }
  /// The next stretch of theta as a tensor of this shape, and of its gradient.
  void add_parameter(at::IntArrayRef shape) {
    const auto view = [&](const torch::Tensor& flat) {
      return flat.narrow(0, next_, c10::multiply_integers(shape)).view(shape);
    };
    torch::Tensor w = view(theta_).detach();
    if (task_ == bench::Task::train) {
      w.requires_grad_();
      w.mutable_grad() = view(theta_.grad());
    }
    w_.push_back(w);
    next_ += w.numel();
  }
  const torch::Tensor& parameter(std::size_t k) const { return w_[k]; }
  static std::vector<float> values_of(const torch::Tensor& t) {
    const torch::Tensor c = t.contiguous();
    return {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()};
  }

  torch::Tensor fully_connected(torch::Tensor h) const {
    for (std::size_t k = 0; k + 2 < w_.size(); k += 2) {
      h = torch::addmm(parameter(k + 1), h, parameter(k));
      torch::leaky_relu_(h, 0.01);
    }
    return torch::addmm(w_[w_.size() - 1], h, w_[w_.size() - 2]);
  }
  torch::Tensor chain(const bench::ChainNet& net, torch::Tensor h) const {
    torch::Tensor skipped;
    for (int l = 0; l < net.depth; ++l) {
      const bool skips = net.skip > 0 && l / net.skip < net.blocks();
      if (skips && l % net.skip == 0) skipped = h;
      h = torch::conv2d(h, parameter(static_cast<std::size_t>(l)), {}, 1, 1);
      if (skips && l % net.skip == net.skip - 1) h = h + skipped;
    }
    return h;
  }
  /// The k-th convolution of an ImageNet.
  torch::Tensor conv(std::size_t k, const torch::Tensor& h, int stride = 1) const {
    return torch::conv2d(h, parameter(2 * k), parameter(2 * k + 1), stride, 1);
  }
  torch::Tensor block(std::size_t k, const torch::Tensor& h, int stride = 1) const {
    torch::Tensor y = conv(k, h, stride);
    return torch::leaky_relu_(y, 0.01);
  }
  static torch::Tensor up(const torch::Tensor& h) {
    return torch::upsample_nearest2d(h, std::vector<long>{2 * h.size(2), 2 * h.size(3)});
  }
  torch::Tensor autoencoder(torch::Tensor h) const {
    for (std::size_t k = 0; k < 5; ++k) h = block(k, h, 2);
    for (std::size_t k = 5; k < 9; ++k) h = block(k, up(h));
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
  /// FixedPointFinder's search (Golub, Sussillo 2018): Adam on the mean over the starts of
  /// q = |f(x) - x|^2 / 2, all of them at once, at most 5000 steps, until each q < 1e-12 or no longer changes
  /// (by 1e-20). Rates as in its PyTorch version, .05 times .7 every 500 steps; or adaptive, .01 times .95
  /// after 5 steps without gain.
  int find(at::ScalarType type, bool adaptive) {
    const std::vector<torch::Tensor> kept = w_;
    for (torch::Tensor& w : w_) w = w.to(type);
    torch::Tensor x = x_.to(type, false, true).requires_grad_(), before;
    torch::optim::Adam adam({x}, torch::optim::AdamOptions(adaptive ? 0.01 : 0.05));
    double& rate = static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options()).lr();
    double best = std::numeric_limits<double>::infinity();
    int since = 0;
    for (int step = 1; step < 5000; ++step) {
      adam.zero_grad();
      const torch::Tensor q = 0.5 * (x - network_(x)).square().sum(1), mean = q.mean();
      mean.backward();
      adam.step();
      const torch::Tensor now = q.detach();
      if (step > 1 && ((now < 1e-12) | ((now - before).abs() < 1e-20)).all().item<bool>()) break;
      before = now;
      if (!adaptive) {
        if (step % 500 == 0) rate *= 0.7;
      } else if (const double value = mean.item<double>(); value < best) {
        best = value;
        since = 0;
      } else if (++since == 5) {
        rate *= 0.95;
        since = 0;
      }
    }
    const int found = count(x.detach());
    w_ = kept;
    return found;
  }
  /// Residuals in double, whatever the network was searched in.
  int count(const torch::Tensor& x) {
    for (torch::Tensor& w : w_) w = w.to(torch::kFloat64);
    const c10::InferenceMode no_derivatives;
    const torch::Tensor at = x.to(torch::kFloat64).contiguous(),
                        r = (network_(at) - at).norm(2, 1).contiguous();
    return bench::distinct_points(
        std::vector<double>(at.data_ptr<double>(), at.data_ptr<double>() + at.numel()),
        std::vector<double>(r.data_ptr<double>(), r.data_ptr<double>() + r.numel()));
  }
  torch::Tensor iterate(torch::Tensor x, int steps) const {
    const c10::InferenceMode no_derivatives;
    for (int t = 0; t < steps; ++t) x = network_(x);
    return x;
  }
  /// Rows of J by vjp: the point repeated `at_once` times, each copy with another unit cotangent.
  torch::Tensor jacobian(const torch::Tensor& x, long at_once) const {
    const long n = x.numel();
    std::vector<torch::Tensor> rows;
    for (long begin = 0; begin < n; begin += at_once) {
      const long count = std::min(at_once, n - begin);
      std::vector<long> shape = shape_;
      shape[0] = count;
      const torch::Tensor points = x.expand(shape).contiguous(x.suggest_memory_format()).requires_grad_();
      torch::Tensor unit = torch::zeros({count, n});
      unit.narrow(1, begin, count).fill_diagonal_(1);
      unit = unit.view(shape).contiguous(x.suggest_memory_format());
      rows.push_back(torch::autograd::grad({network_(points)}, {points}, {unit}).front().reshape({count, n}));
    }
    return torch::cat(rows);
  }

  bench::Task task_;
  int repeats_;
  torch::Tensor theta_, x_;
  std::vector<long> shape_;
  std::vector<torch::Tensor> w_;
  std::unique_ptr<torch::optim::Adam> adam_;
  std::function<torch::Tensor(const torch::Tensor&)> network_;
  bool channels_last_ = false;
  long next_ = 0;  // where in theta the next parameter begins
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
