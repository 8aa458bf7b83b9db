// fit that can be stopped and resumed with the same bits. Not part of basin.hpp, since it writes files.
#pragma once
#include <algorithm>  // std::max
#include <chrono>     // std::chrono::steady_clock
#include <cmath>      // std::isfinite, std::isnan
#include <limits>     // std::numeric_limits
#include <string>     // std::string
#include <utility>    // std::move

#include "basin/core/model.hpp"       // Model
#include "basin/data/bytes.hpp"       // detail::file_error
#include "basin/io/checkpoint.hpp"    // Checkpoint
#include "basin/io/safetensors.hpp"   // SafeTensors
#include "basin/train/fit.hpp"        // Epoch, FitOptions, FitResult, detail::run_fit, detail::return_best
#include "basin/train/loss.hpp"       // MeanSquaredError
#include "basin/train/optimizer.hpp"  // OptimizerState

namespace basin::inline BASIN_ABI {

namespace detail {

/// The best parameters of a training in its file: an array and remarks.
template <class S>
void add_best(const Best<S>& best, SafeTensors<S>& content) {
  if (best.theta.size() > 0) content.tensors.push_back(Checkpoint::array("best", best.theta));
  content.metadata["best_epochs"] = Checkpoint::exact(static_cast<double>(best.epochs));
  content.metadata["best_validation"] = Checkpoint::exact(best.validation);
  content.metadata["reference"] = Checkpoint::exact(best.reference);
  content.metadata["since"] = Checkpoint::exact(static_cast<double>(best.since));
}

/// Those of a file, unchanged where it has none; n is the number of parameters.
template <class S>
void load_best(const Checkpoint& checkpoint, const SafeTensors<S>& saved, Index n, Best<S>& best) {
  if (saved.metadata.find("best_validation") == saved.metadata.end()) return;
  best.validation = checkpoint.number(saved, "best_validation");
  best.reference = checkpoint.number(saved, "reference");
  best.epochs = checkpoint.count(saved, "best_epochs");
  best.since = checkpoint.count(saved, "since");
  if (std::isnan(best.validation) || std::isnan(best.reference))
    file_error(checkpoint.file(), "remarks \"best_validation\" and \"reference\" are ", best.validation,
               " and ", best.reference, ", expected numbers");
  if (best.validation < std::numeric_limits<double>::infinity())
    best.theta = checkpoint.matrix(saved, "best", n, 1);
}

}  // namespace detail

/// fit, saved to `checkpoint` every `every` seconds, when it is cancelled and when it has ended, and taken up
/// from there: a training that was stopped and resumed gives bit for bit what it gives in one piece, and one
/// that has ended returns at once.
///
///     Adam<float> adam({.learning_rate = 1e-3});  // in each run with the same options
///     const Checkpoint file("out/net.safetensors", "7 x 128, seed 3");
///     const FitResult r = resumable_fit(model, X, adam, options, file);
///
/// Epochs, schedule, orders of minibatches, input noise and seconds count from the very beginning, the
/// history from where this call began. With minibatches the end of an epoch is what is saved: where fit
/// stops within one, the model goes back to the end of the epoch before. A training that diverges leaves
/// the file as it was. With a validation the best parameters are returned, as fit does; the file holds them
/// beside those that the training goes on from, and a training that has stopped goes on only with a larger
/// patience. A file from before there was a validation has no best parameters: they are those from here on.
///
/// Writes model.theta and the optimizer's state; in the file theta, state and the best theta are arrays,
/// all else is remarks. The loss is the mean squared error between f(x) and x. Throws as fit does, and
/// FileError if the file cannot be read or written, or holds parameters of another size.
template <Layer F, class O>
[[nodiscard]] FitResult resumable_fit(Model<F>& model, MatIn<typename F::Scalar> x, O& optimizer,
                                      const FitOptions& options, const Checkpoint& checkpoint,
                                      double every = 60) {
  using S = typename F::Scalar;
  using Clock = std::chrono::steady_clock;
  const bool minibatches = !detail::takes_full_batch(options, x.cols());
  FitOptions rest = options;
  double seconds = 0;  // before this call
  // With minibatches only the end of an epoch tells that a training has converged: what did must not begin
  // another one.
  const std::string bounds =
      Checkpoint::exact(options.loss_below) + " " + Checkpoint::exact(options.gradient_below);
  bool converged = false;
  detail::Best<S> best;
  SafeTensors<S> saved;
  if (checkpoint.load(saved)) {
    const Index n = model.theta.size();
    model.theta = checkpoint.matrix(saved, "theta", n, 1);
    optimizer.state().steps = checkpoint.count(saved, "steps");
    const Index columns = checkpoint.count(saved, "columns");
    optimizer.state().values =  // of no columns: plain gradient descent
        columns > 0 ? checkpoint.matrix(saved, "state", n, columns) : Mat<S>(n, 0);
    rest.first_epoch = checkpoint.count(saved, "epochs");
    seconds = checkpoint.number(saved, "seconds");
    if (!(seconds >= 0 && std::isfinite(seconds)))
      detail::file_error(checkpoint.file(), "remark \"seconds\" is ", seconds, ", expected a time");
    if (const auto by = saved.metadata.find("converged"); minibatches && by != saved.metadata.end())
      converged = by->second == bounds;
    if (options.validation) detail::load_best(checkpoint, saved, n, best);
    saved = {};
  }
  if (converged) rest.max_epochs = rest.first_epoch;
  rest.max_seconds = std::max(0., options.max_seconds - seconds);

  const auto save = [&](Index epochs, double so_far, bool has_converged) {
    SafeTensors<S> content;
    content.tensors.push_back(Checkpoint::array("theta", model.theta));
    if (optimizer.state().steps > 0)
      content.tensors.push_back(Checkpoint::array("state", optimizer.state().values));
    content.metadata = {{"epochs", Checkpoint::exact(static_cast<double>(epochs))},
                        {"steps", Checkpoint::exact(static_cast<double>(optimizer.state().steps))},
                        {"columns", Checkpoint::exact(static_cast<double>(optimizer.state().values.cols()))},
                        {"seconds", Checkpoint::exact(so_far)},
                        {"converged", has_converged ? bounds : ""}};
    if (options.validation) detail::add_best(best, content);
    checkpoint.save(std::move(content));
  };

  Vec<S> theta_then;  // at the end of the last epoch, of minibatches
  OptimizerState<S> state_then;
  Index epochs_then = rest.first_epoch;
  const auto remember = [&](Index epochs) {
    if (!minibatches) return;
    theta_then = model.theta;
    state_then = optimizer.state();
    epochs_then = epochs;
  };
  remember(epochs_then);
  Clock::time_point last = Clock::now();
  rest.observer =
      [&](const Epoch& e) {  // of the full batch before the update of epoch e, of minibatches after
        Epoch shifted = e;
        shifted.seconds += seconds;
        if (options.observer) options.observer(shifted);
        const Index epochs = minibatches ? e.epoch + 1 : e.epoch;
        remember(epochs);
        if (std::chrono::duration<double>(Clock::now() - last).count() < every) return;
        save(epochs, shifted.seconds, false);
        last = Clock::now();
      };
  detail::TypedFitWork<F, O, MeanSquaredError> work(model.layer, optimizer, {}, options.l2,
                                                    options.batch_size);
  FitResult result = detail::run_fit<S>(work, model.theta, x, x, rest, best);
  result.seconds += seconds;
  for (Epoch& e : result.history) e.seconds += seconds;
  if (result.status == FitStatus::diverged) {
    detail::return_best<S>(work, model.theta, x, x, best, result);
    return result;
  }
  if (minibatches && optimizer.state().steps != state_then.steps) {
    model.theta = std::move(theta_then);
    optimizer.state() = std::move(state_then);
    result.epochs = epochs_then;
    result.loss = work.loss(model.theta, x, x);
  }
  if (converged) result.status = FitStatus::converged;
  save(result.epochs, result.seconds, result.status == FitStatus::converged);
  detail::return_best<S>(work, model.theta, x, x, best, result);
  return result;
}

}  // namespace basin
