// Long work that can be stopped and resumed: a training that is saved now and then, and results that are kept.
#pragma once
#include <algorithm>   // std::max
#include <chrono>      // std::chrono::steady_clock
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"       // FileError, require, text
#include "basin/core/model.hpp"       // Model
#include "basin/io/safetensors.hpp"   // SafeTensors, read_safetensors, write_safetensors
#include "basin/train/fit.hpp"        // FitOptions, FitResult, fit, detail::takes_full_batch
#include "basin/train/loss.hpp"       // MeanSquaredError
#include "basin/train/objective.hpp"  // Objective
#include "basin/train/optimizer.hpp"  // OptimizerState

namespace basin::examples {

/// Finished work in one safetensors file. `setting` says in words how it came about, data and seed included: a file of
/// another setting is never used, and is written over.
class Checkpoint {
 public:
  Checkpoint(std::filesystem::path file, std::string setting)
      : file_(std::move(file)), setting_(std::move(setting)) {
    require(file_.extension() == ".safetensors", "Checkpoint: the file name must end in .safetensors, got ",
            file_.string());
  }
  const std::filesystem::path& file() const { return file_; }

  /// Writes arrays and remarks, whole or not at all; makes the folder. Throws FileError.
  template <class S>
  void save(SafeTensors<S> content) const {
    std::error_code error;
    std::filesystem::create_directories(file_.parent_path().empty() ? "." : file_.parent_path(), error);
    if (error) throw FileError(text(file_.string(), ": cannot make its folder: ", error.message()));
    content.metadata["setting"] = setting_;
    write_safetensors(file_, content);
  }
  /// Reads them into `content`; false if there is no such file, or one of another setting. Throws FileError if the
  /// file cannot be read.
  template <class S>
  bool load(SafeTensors<S>& content) const {
    if (!std::filesystem::exists(file_)) return false;
    content = read_safetensors<S>(file_);
    const auto found = content.metadata.find("setting");
    return found != content.metadata.end() && found->second == setting_;
  }

 private:
  std::filesystem::path file_;
  std::string setting_;
};

namespace detail {

/// The remark `name` of a checkpoint as a number. Throws FileError unless it is one.
double number_in(const std::map<std::string, std::string>& metadata, const std::string& name,
                 const std::filesystem::path& file);
/// A number as text that reads back as the same one.
std::string exact(double x);

/// The array `name` of a checkpoint if it is rows x cols. Throws FileError otherwise.
template <class S>
Mat<S> matrix_in(const SafeTensors<S>& content, const std::string& name, Index rows, Index cols,
                 const std::filesystem::path& file) {
  for (const NamedArray<S>& t : content.tensors)
    if (t.name == name && t.array.shape == std::vector<Index>{cols, rows})
      return Eigen::Map<const Mat<S>>(t.array.values.data(), rows, cols);
  throw FileError(text(file.string(), ": has no array \"", name, "\" of shape (", cols, ", ", rows, ")"));
}
/// A matrix as an array, columns one after the other.
template <class S>
NamedArray<S> named(const std::string& name, const Mat<S>& m) {
  return {name, {{m.cols(), m.rows()}, m.reshaped()}};
}

}  // namespace detail

/// fit, saved to `checkpoint` every `every` seconds, when it is cancelled and when it has ended, and taken up from
/// there: a training that was stopped and resumed gives bit for bit what it gives in one piece, and one that has ended
/// returns at once. Epochs, schedule, orders of minibatches and seconds count from the very beginning, the history from
/// where this call began. With minibatches the end of an epoch is what is saved: where fit stops within one, the model
/// goes back to the end of the epoch before. A training that diverges leaves the file as it was. Throws as fit does,
/// and FileError if the file cannot be read or written.
template <Layer F, class O>
[[nodiscard]] FitResult resumable_fit(Model<F>& model, MatIn<typename F::Scalar> x, O& optimizer,
                                      const FitOptions& options, const Checkpoint& checkpoint,
                                      double every = 60) {
  using S = typename F::Scalar;
  using Clock = std::chrono::steady_clock;
  const bool minibatches = !basin::detail::takes_full_batch(options, x.cols());
  FitOptions rest = options;
  double seconds = 0;  // before this call
  // With minibatches only the end of an epoch tells that a training has converged: what did must not begin another one.
  const std::string bounds = detail::exact(options.loss_below) + " " + detail::exact(options.gradient_below);
  bool converged = false;
  SafeTensors<S> saved;
  if (checkpoint.load(saved)) {
    const auto at = [&](const char* name) {
      return detail::number_in(saved.metadata, name, checkpoint.file());
    };
    const Index n = model.theta.size();
    model.theta = detail::matrix_in(saved, "theta", n, 1, checkpoint.file());
    optimizer.state().steps = static_cast<Index>(at("steps"));
    const auto columns = static_cast<Index>(at("columns"));
    optimizer.state().values =  // of no columns: plain gradient descent
        columns > 0 ? detail::matrix_in(saved, "state", n, columns, checkpoint.file()) : Mat<S>(n, 0);
    rest.first_epoch = static_cast<Index>(at("epochs"));
    seconds = at("seconds");
    if (const auto by = saved.metadata.find("converged"); minibatches && by != saved.metadata.end())
      converged = by->second == bounds;
    saved = {};
  }
  if (converged) rest.max_epochs = rest.first_epoch;
  rest.max_seconds = std::max(0., options.max_seconds - seconds);

  const auto save = [&](Index epochs, double so_far, bool has_converged) {
    SafeTensors<S> content;
    content.tensors.push_back(detail::named<S>("theta", model.theta));
    if (optimizer.state().steps > 0)
      content.tensors.push_back(detail::named<S>("state", optimizer.state().values));
    content.metadata = {{"epochs", detail::exact(static_cast<double>(epochs))},
                        {"steps", detail::exact(static_cast<double>(optimizer.state().steps))},
                        {"columns", detail::exact(static_cast<double>(optimizer.state().values.cols()))},
                        {"seconds", detail::exact(so_far)},
                        {"converged", has_converged ? bounds : ""}};
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
  FitResult result = fit(model, x, optimizer, rest);
  result.seconds += seconds;
  for (Epoch& e : result.history) e.seconds += seconds;
  if (result.status == FitStatus::diverged) return result;
  if (minibatches && optimizer.state().steps != state_then.steps) {
    model.theta = std::move(theta_then);
    optimizer.state() = std::move(state_then);
    result.epochs = epochs_then;
    result.loss = Objective(model.layer, MeanSquaredError{}, options.l2).value(model.theta, x, x);
  }
  if (converged) result.status = FitStatus::converged;
  save(result.epochs, result.seconds, result.status == FitStatus::converged);
  return result;
}

}  // namespace basin::examples
