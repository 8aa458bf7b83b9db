// Training steps of basin: forward, mean squared error, backward, Adam; one thread, float. See program.hpp.
#include <memory>  // std::shared_ptr

#include "basin/compose/chain.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/parallel.hpp"
#include "basin/layers/conv2d.hpp"
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

  Training(F f, const bench::ChainWork& work)
      : model(std::move(f), theta_of(work)),
        x(Eigen::Map<const Mat<S>>(bench::images(work).data(), work.side * work.side, work.batch)),
        gradient(model.theta.size()),
        objective(model.layer) {}
  static Vec<S> theta_of(const bench::ChainWork& work) {
    const std::vector<float> w = bench::weights(work);
    return Eigen::Map<const Vec<S>>(w.data(), static_cast<Index>(w.size()));
  }
  Training(const Training&) = delete;  // the objective refers to the model
};

class Program {
 public:
  explicit Program(const bench::ChainWork& work) {
    set_num_threads(1);
    const Index side = work.side, filters = work.filters;
    const auto conv = [&](Index in, Index out) {
      return Conv2d<S>({in, side, side}, {.out_channels = out, .padding = Padding::all(1), .bias = false});
    };
    if (filters > 1)
      set(Chain(conv(1, filters), Stack(conv(filters, filters), work.depth - 2), conv(filters, 1)), work);
    else if (work.skip > 0)
      set(Chain(Stack(Residual(Stack(conv(1, 1), work.skip)), work.blocks()),
                Stack(conv(1, 1), work.depth - work.blocks() * work.skip)),
          work);
    else
      set(Stack(conv(1, 1), work.depth), work);
  }
  std::vector<float> check() const { return check_(); }
  std::vector<bench::Variant> variants() const { return variants_; }

 private:
  template <Layer F>
  void set(F f, const bench::ChainWork& work) {
    const auto t = std::make_shared<Training<F>>(std::move(f), work);
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
