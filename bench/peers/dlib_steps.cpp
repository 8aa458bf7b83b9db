// The training steps of steps.cpp in dlib. Its networks are types, so that only the standard works are here.
#include <dlib/dnn.h>

#include <memory>  // std::shared_ptr

#include "program.hpp"

namespace {

using dlib::con, dlib::fc, dlib::leaky_relu, dlib::repeat;
using Input = dlib::input<dlib::matrix<float>>;

template <int Width, int Hidden, int D>
struct FullyConnected {
  template <class Below>
  using Layer = leaky_relu<fc<Width, Below>>;
  using Net = fc<D, repeat<Hidden - 1, Layer, Layer<Input>>>;
};
template <class Below>
using Single = con<1, 3, 3, 1, 1, Below>;
template <class Below>
using Many = con<128, 3, 3, 1, 1, Below>;
template <class Below>
using Five = Single<Single<Single<Single<Single<Below>>>>>;
template <class Below>
using Skipped = dlib::add_prev1<Five<Five<dlib::tag1<Below>>>>;
template <int Depth>
using Chain = Single<repeat<Depth - 2, Single, Single<Input>>>;

struct DisableBias {
  template <class L>
  void operator()(L& layer) const {
    if constexpr (requires { layer.disable_bias(); }) layer.disable_bias();
  }
};

/// Without dlib's loss layer, which sums where the others take the mean.
template <class Net>
class Training {
 public:
  explicit Training(const bench::Work& work)
      : solvers_(Net::num_computational_layers, dlib::adam(0, 0.9f, 0.999f)) {
    if (std::holds_alternative<bench::ChainNet>(work.net))
      dlib::visit_computational_layers(net_, DisableBias());
    const std::vector<float> samples = bench::samples(work), start = bench::weights(work);
    const auto* chain = std::get_if<bench::ChainNet>(&work.net);
    const dlib::matrix<float> one(chain ? chain->side : work.in_size(), chain ? chain->side : 1);
    const std::vector<dlib::matrix<float>> batch(static_cast<std::size_t>(work.batch()), one);
    net_.to_tensor(batch.begin(), batch.end(), x_);
    std::copy(samples.begin(), samples.end(), x_.host());
    net_.forward(x_);  // allocates the parameters
    std::size_t end = start.size();
    dlib::visit_layer_parameters(net_, [&](dlib::tensor& t) {  // the last layer comes first
      end -= t.size();
      std::copy_n(start.begin() + static_cast<long>(end), t.size(), t.host());
    });
    if (end != 0) throw std::runtime_error("dlib's network has another number of parameters");
  }
  double gradient() {
    const dlib::tensor& y = net_.forward(x_);
    y_bar_.copy_size(y);
    const float *from = y.host(), *target = x_.host();
    float* to = y_bar_.host_write_only();
    const float scale = 2 / static_cast<float>(y.size());
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float difference = from[i] - target[i];
      sum += double(difference) * double(difference);
      to[i] = scale * difference;
    }
    net_.back_propagate_error(x_, y_bar_);
    return sum / static_cast<double>(y.size());
  }
  void step() {
    gradient();
    net_.update_parameters(solvers_, bench::learning_rate);
  }
  std::vector<float> check() {
    const double loss = gradient();
    std::vector<std::vector<float>> layers;
    dlib::visit_layer_parameter_gradients(
        net_, [&](const dlib::tensor& t) { layers.emplace_back(t.host(), t.host() + t.size()); });
    std::vector<float> values{static_cast<float>(loss)};
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
      values.insert(values.end(), layer->begin(), layer->end());
    return values;
  }

 private:
  Net net_;
  dlib::resizable_tensor x_, y_bar_;
  std::vector<dlib::adam> solvers_;
};

class Program {
 public:
  Program(const bench::Work& work, int) {
    if (std::holds_alternative<bench::ImageNet>(work.net))
      throw bench::LeftOut("dlib's upsampling is bilinear, ours takes the nearest pixel");
    if (work.task != bench::Task::train) throw bench::LeftOut("no counterpart in dlib: training steps only");
    const std::string& name = work.name;
    if (name == "fc10x512_d3_b100")
      set<FullyConnected<512, 10, 3>::Net>(work);
    else if (name == "fc7x128_d784_b100")
      set<FullyConnected<128, 7, 784>::Net>(work);
    else if (name == "fc14x128_d784_b20")
      set<FullyConnected<128, 14, 784>::Net>(work);
    else if (name == "fc7x512_d784_b256")
      set<FullyConnected<512, 7, 784>::Net>(work);
    else if (name == "lin29_4x4_b1")
      set<Chain<29>>(work);
    else if (name == "lin70_5x5_b1")
      set<Chain<70>>(work);
    else if (name == "lin267_7x7_res_b1")
      set<Five<Single<Single<repeat<25, Skipped, Skipped<Input>>>>>>(work);
    else if (name == "lin350_7x7_b5")
      set<Chain<350>>(work);
    else if (name == "linc8x128_3x3_b2")
      set<Single<repeat<6, Many, Many<Input>>>>(work);
    else
      throw bench::LeftOut("dlib's networks are types: sizes of the standard works only");
  }
  std::vector<float> check() { return check_(); }
  std::vector<bench::Variant> variants() {
    return {{"adam", [this](long steps) {
               for (long i = 0; i < steps; ++i) step_();
             }}};
  }

 private:
  template <class Net>
  void set(const bench::Work& work) {
    const auto t = std::make_shared<Training<Net>>(work);
    check_ = [t] { return t->check(); };
    step_ = [t] { t->step(); };
  }
  std::function<std::vector<float>()> check_;
  std::function<void()> step_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
