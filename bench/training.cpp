// Training steps: forward, mean squared error, backward, Adam.
#include <memory>  // std::shared_ptr

#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/objective.hpp"
#include "networks.hpp"
#include "steps.hpp"

namespace bench {
namespace {

/// One network with its data, training.
template <class F>
struct Training {
  using S = typename F::Scalar;
  Model<F> model;
  Mat<S> x;
  Vec<S> gradient;
  Objective<F> objective;
  Adam<S> adam{{.learning_rate = bench::learning_rate}};

  Training(F f, const Work& work)
      : model(std::move(f), as_vector<S>(bench::weights(work))),
        x(as_columns<S>(bench::samples(work), model.layer.in_size())),
        gradient(model.theta.size()),
        objective(model.layer) {}
  Training(const Training&) = delete;  // the objective refers to the model
};

template <class F>
Prepared prepare(const F& f, const Work& work) {
  const auto t = std::make_shared<Training<F>>(f, work);
  Prepared p;
  p.check = [t] {
    const double loss = t->objective(t->model.theta, t->x, t->x, t->gradient);
    std::vector<float> values{static_cast<float>(loss)};
    values.insert(values.end(), t->gradient.begin(), t->gradient.end());
    return values;
  };
  p.variants.push_back({"step", [t](long steps) {
                          for (long i = 0; i < steps; ++i) {
                            t->objective(t->model.theta, t->x, t->x, t->gradient);
                            t->adam.step(t->gradient, t->model.theta);
                          }
                        }});
  constexpr long epochs = 30;  // in a step: what fit does once, the last measurement too, then weighs little
  p.variants.push_back(
      {"fit", [t](long steps) { (void)fit(t->model, t->x, t->adam, {.max_epochs = epochs * steps}); },
       1.0 / epochs});
  const auto any = std::make_shared<Training<AnyLayer<typename F::Scalar>>>(erased(f), work);
  p.variants.push_back({"step_erased", [any](long steps) {
                          for (long i = 0; i < steps; ++i) {
                            any->objective(any->model.theta, any->x, any->x, any->gradient);
                            any->adam.step(any->gradient, any->model.theta);
                          }
                        }});
  return p;
}

}  // namespace

Prepared prepare_training(const Work& work) {
  if (const auto* net = std::get_if<FullyConnectedNet>(&work.net))
    return prepare(fully_connected_net<float>(*net), work);
  if (const auto* net = std::get_if<ImageNet>(&work.net))
    return net->unet ? prepare(unet<float>(*net), work) : prepare(autoencoder<float>(*net), work);
  const auto& chain = std::get<ChainNet>(work.net);
  if (chain.filters > 1) return prepare(many_filters(chain), work);
  return chain.skip > 0 ? prepare(skipped_filters(chain), work) : prepare(single_filters(chain), work);
}

}  // namespace bench
