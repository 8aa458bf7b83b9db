// Training steps of basin: forward, mean squared error, backward, Adam; one thread, float. See program.hpp.
#include <memory>  // std::shared_ptr

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/parallel.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/objective.hpp"
#include "program.hpp"

namespace {

using namespace basin;
using S = float;

/// One network with its data.
template <Layer F>
struct Training {
  Model<F> model;
  Mat<S> x;
  Vec<S> gradient;
  Objective<F> objective;
  Adam<S> adam{{.learning_rate = bench::learning_rate}};

  Training(F f, const std::vector<float>& weights, const std::vector<float>& images)
      : model(std::move(f), Eigen::Map<const Vec<S>>(weights.data(), static_cast<Index>(weights.size()))),
        x(Eigen::Map<const Mat<S>>(images.data(), model.layer.in_size(),
                                   static_cast<Index>(images.size()) / model.layer.in_size())),
        gradient(model.theta.size()),
        objective(model.layer) {}
  Training(const Training&) = delete;  // the objective refers to the model
};

Conv2d<S> conv(Index side, Index in, Index out, Index stride = 1) {
  return Conv2d<S>({in, side, side}, {.out_channels = out, .stride = stride, .padding = Padding::all(1)});
}
/// A convolution and the leaky ReLU behind it.
auto block(Index side, Index in, Index out, Index stride = 1) {
  const Conv2d<S> f = conv(side, in, out, stride);
  return Chain(f, Pointwise<S, LeakyRelu>(f.out_shape()));
}
auto autoencoder() {
  const auto up = [](Index side) { return UpsampleNearest<S>({64, side, side}); };
  const auto behind = [](Index side) { return Pointwise<S, LeakyRelu>(Shape{64, side, side}); };
  return Chain(
      Chain(block(32, 3, 64, 2), block(16, 64, 64, 2), block(8, 64, 64, 2), block(4, 64, 64, 2),
            block(2, 64, 64, 2)),
      Chain(up(1), conv(2, 64, 64), behind(2), up(2), conv(4, 64, 64), behind(4), up(4), conv(8, 64, 64),
            behind(8), up(8), conv(16, 64, 64), behind(16), up(16), conv(32, 64, 3)));
}
auto unet() {
  const auto down = [](Index channels, Index side) { return MaxPool2d<S>({channels, side, side}); };
  const auto up = [](Index channels, Index side) { return UpsampleNearest<S>({channels, side, side}); };
  const Concat lower(Chain(down(128, 16), block(8, 128, 256), block(8, 256, 256), up(256, 8)));
  const Concat upper(Chain(down(64, 32), block(16, 64, 128), block(16, 128, 128), lower, block(16, 384, 128),
                           block(16, 128, 128), up(128, 16)));
  return Chain(block(32, 3, 64), block(32, 64, 64), upper, block(32, 192, 64), block(32, 64, 64),
               conv(32, 64, 3));
}

class Program {
 public:
  explicit Program(const bench::ImageWork& work) {
    set_num_threads(1);
    if (work.unet)
      set(unet(), work);
    else
      set(autoencoder(), work);
  }
  explicit Program(const bench::ChainWork& work) {
    set_num_threads(1);
    const Index side = work.side, filters = work.filters;
    const auto filter = [&](Index in, Index out) {
      return Conv2d<S>({in, side, side}, {.out_channels = out, .padding = Padding::all(1), .bias = false});
    };
    if (filters > 1)
      set(Chain(filter(1, filters), Stack(filter(filters, filters), work.depth - 2), filter(filters, 1)),
          work);
    else if (work.skip > 0)
      set(Chain(Stack(Residual(Stack(filter(1, 1), work.skip)), work.blocks()),
                Stack(filter(1, 1), work.depth - work.blocks() * work.skip)),
          work);
    else
      set(Stack(filter(1, 1), work.depth), work);
  }
  std::vector<float> check() const { return check_(); }
  std::vector<bench::Variant> variants() const { return variants_; }

 private:
  template <Layer F>
  void set(F f, const auto& work) {
    const auto t = std::make_shared<Training<F>>(std::move(f), bench::weights(work), bench::images(work));
    check_ = [t] {
      const double loss = t->objective(t->model.theta, t->x, t->x, t->gradient);
      std::vector<float> values{static_cast<float>(loss)};
      values.insert(values.end(), t->gradient.begin(), t->gradient.end());
      return values;
    };
    variants_.push_back({"step", [t](long steps) {
                           for (long i = 0; i < steps; ++i) {
                             t->objective(t->model.theta, t->x, t->x, t->gradient);
                             t->adam.step(t->gradient, t->model.theta);
                           }
                         }});
    variants_.push_back(
        {"fit", [t](long steps) { (void)fit(t->model, t->x, t->adam, {.max_epochs = steps}); }});
  }

  std::function<std::vector<float>()> check_;
  std::vector<bench::Variant> variants_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
