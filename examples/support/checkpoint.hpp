// Long work that can be stopped and resumed: a training that is saved now and then, and results that are kept.
#pragma once
#include <algorithm>   // std::max
#include <chrono>      // std::chrono::steady_clock
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"      // FileError, require, text
#include "basin/core/model.hpp"      // Model
#include "basin/io/safetensors.hpp"  // SafeTensors, read_safetensors, write_safetensors
#include "basin/train/fit.hpp"       // FitOptions, FitResult, fit

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
/// returns at once. For the full batch; epochs, schedule and seconds count from the very beginning, the history from
/// where this call began. A training that diverges leaves the file as it was. Throws as fit does, FileError if the
/// file cannot be read or written, and for minibatches.
template <Layer F, class O>
[[nodiscard]] FitResult resumable_fit(Model<F>& model, MatIn<typename F::Scalar> x, O& optimizer,
                                      const FitOptions& options, const Checkpoint& checkpoint,
                                      double every = 60) {
  using S = typename F::Scalar;
  using Clock = std::chrono::steady_clock;
  require(options.batch_size == 0, "resumable_fit: minibatches cannot be resumed, batch_size must be 0, got ",
          options.batch_size);
  Index done = 0;  // epochs before this call
  double seconds = 0;
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
    done = static_cast<Index>(at("epochs"));
    seconds = at("seconds");
    saved = {};
  }
  const auto save = [&](Index epochs, double so_far) {
    SafeTensors<S> content;
    content.tensors.push_back(detail::named<S>("theta", model.theta));
    if (optimizer.state().steps > 0)
      content.tensors.push_back(detail::named<S>("state", optimizer.state().values));
    content.metadata = {{"epochs", detail::exact(static_cast<double>(epochs))},
                        {"steps", detail::exact(static_cast<double>(optimizer.state().steps))},
                        {"columns", detail::exact(static_cast<double>(optimizer.state().values.cols()))},
                        {"seconds", detail::exact(so_far)}};
    checkpoint.save(std::move(content));
  };

  FitOptions rest = options;
  rest.max_epochs = std::max<Index>(0, options.max_epochs - done);
  rest.max_seconds = std::max(0., options.max_seconds - seconds);
  if (options.schedule) rest.schedule = [&](Index epoch) { return options.schedule(epoch + done); };
  Clock::time_point last = Clock::now();
  rest.observer = [&](const Epoch& e) {  // after epoch e was measured, before its update
    Epoch shifted = e;
    shifted.epoch += done;
    shifted.seconds += seconds;
    if (options.observer) options.observer(shifted);
    if (std::chrono::duration<double>(Clock::now() - last).count() < every) return;
    save(shifted.epoch, shifted.seconds);
    last = Clock::now();
  };
  FitResult result = fit(model, x, optimizer, rest);
  result.epochs += done;
  result.seconds += seconds;
  for (Epoch& e : result.history) {
    e.epoch += done;
    e.seconds += seconds;
  }
  if (result.status != FitStatus::diverged) save(result.epochs, result.seconds);
  return result;
}

}  // namespace basin::examples
