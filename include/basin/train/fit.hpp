// fit: train a model by gradient descent until it has converged, or say why it has not.
#pragma once
#include <algorithm>   // std::binary_search, std::clamp, std::min
#include <chrono>      // std::chrono::steady_clock
#include <cmath>       // std::isfinite
#include <concepts>    // std::same_as
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <numeric>     // std::iota
#include <ostream>     // std::ostream
#include <vector>      // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/model.hpp"         // Model
#include "basin/core/random.hpp"        // Random
#include "basin/core/sum.hpp"           // norm_in_double
#include "basin/train/checks.hpp"       // detail::require_nonnegative
#include "basin/train/clip.hpp"         // clip_norm, clip_value
#include "basin/train/input_noise.hpp"  // InputNoise, detail::add_input_noise
#include "basin/train/loss.hpp"         // MeanSquaredError
#include "basin/train/objective.hpp"    // Objective
#include "basin/train/optimizers.hpp"   // Optimizer
#include "basin/train/resampling.hpp"   // Resampling, detail::resample_inputs
#include "basin/train/schedule.hpp"     // Schedule

namespace basin::inline BASIN_ABI {

/// What was measured in one epoch. With the full batch, epoch e stands for the parameters after e updates.
/// With minibatches, epoch 0 stands for the first pass through the data: loss and gradient norm are means
/// over the minibatches, each taken before its update. Epochs count from `first_epoch` on.
///
/// With input noise or resampling, the loss is what it is without them, over all the data, and with
/// minibatches that of the parameters after the epoch's updates. The gradient is the one that updates follow,
/// with noise: its norm does not settle at 0.
struct Epoch {
  Index epoch = 0;           // its number, see above
  double loss = 0;           // see above
  double gradient_norm = 0;  // 2-norm, before clipping
  double rate = 0;           // learning rate of the epoch's updates
  double seconds = 0;        // since fit began
  /// FitOptions::validation, with minibatches of the parameters after the epoch's updates; NaN without.
  double validation = std::numeric_limits<double>::quiet_NaN();
};

/// When fit stops, and what it does on the way.
struct FitOptions {
  Index max_epochs = 1000;    // passes through the data, those before first_epoch included
  double loss_below = 0;      // converged when the loss is <= this ...
  double gradient_below = 0;  // ... or the gradient's norm is <= this
  double max_seconds = std::numeric_limits<double>::infinity();  // on the wall
  Index batch_size = 0;  // 0: the full batch; else shuffled minibatches, the last of an epoch may be smaller
  std::uint64_t seed = 0;                           // of the shuffles
  Index first_epoch = 0;                            // > 0: goes on after so many epochs of an earlier call
  Schedule schedule = schedule::constant();         // epoch -> factor of the optimizer's rate
  double l2 = 0;                                    // adds l2 / 2 |theta|^2 to the loss
  InputNoise input_noise = {};                      // what gradients are taken with; losses are without it
  Resampling resampling = {};                       // the same for inputs that are drawn anew in each epoch
  double clip_norm = 0;                             // > 0: gradients longer than this are shortened to it
  double clip_value = 0;                            // > 0: entries are cut off at +-this
  std::function<void(const Epoch&)> observer = {};  // called after each epoch was measured
  std::function<bool()> cancelled = {};  // asked once an epoch (and after each minibatch); true stops
  /// After so many finished epochs (in rising order), and at the end unless the training diverged, `snapshot`
  /// is called with the number of finished epochs and their loss as in Epoch, while model.theta is what these
  /// epochs have led to: see keep_snapshots. No bit of the training depends on it.
  std::vector<Index> snapshot_epochs = {};
  std::function<void(Index epochs, double loss)> snapshot = {};  // see above
  /// Called after each epoch was measured, while model.theta is what the finished epochs have led to: how bad
  /// that is on data that the training does not see (validation_loss) or by any other measure. The parameters
  /// for which it is least are returned, of equals the first; NaN is never least. With patience > 0 the
  /// training has `stopped` once so many epochs in a row were not better, by more than min_improvement, than
  /// the last that was.
  std::function<double()> validation = {};
  Index patience = 0;          // epochs; 0: never stops
  double min_improvement = 0;  // in units of `validation`
};

/// Why fit stopped.
enum class FitStatus {
  converged,  // loss or gradient norm is below its bound
  exhausted,  // max_epochs or max_seconds were used up
  diverged,   // loss or gradient became NaN or infinite; theta holds the last parameters with a finite loss
              // (with a validation, the best)
  cancelled,  // `cancelled` returned true
  stopped,    // the validation has not improved for `patience` epochs
};
/// Its name: "converged".
inline std::ostream& operator<<(std::ostream& out, FitStatus s) {
  switch (s) {
    case FitStatus::converged:
      return out << "converged";
    case FitStatus::exhausted:
      return out << "exhausted";
    case FitStatus::diverged:
      return out << "diverged";
    case FitStatus::cancelled:
      return out << "cancelled";
    case FitStatus::stopped:
      return out << "stopped";
  }
  return out;
}

/// What fit came to.
struct FitResult {
  FitStatus status = FitStatus::exhausted;  // why it stopped
  Index epochs = 0;  // passes through the data that were finished, those before first_epoch included; when
                     // diverged, the epoch in which it happened
  double loss = 0;   // of the parameters that were returned, over all the data: with the l2 term, without
                     // input noise
  double gradient_norm = 0;  // as last measured
  double seconds = 0;        // on the wall
  Index best_epoch = 0;  // finished epochs that led to the parameters that were returned: fewer than `epochs`
                         // where the validation was least before
  double validation = std::numeric_limits<double>::quiet_NaN();  // of these parameters; NaN without
  std::vector<Epoch> history;                                    // one entry for each epoch
};

namespace detail {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class = void>
void require_fit_options(const FitOptions& o, Index samples);
#ifdef BASIN_BODIES
template <class>
void require_fit_options(const FitOptions& o, Index samples) {
  require(o.max_epochs >= 0, "fit: max_epochs must be >= 0, got ", o.max_epochs);
  require(o.loss_below >= 0, "fit: loss_below must be >= 0, got ", o.loss_below);
  require(o.gradient_below >= 0, "fit: gradient_below must be >= 0, got ", o.gradient_below);
  require(o.max_seconds >= 0, "fit: max_seconds must be >= 0, got ", o.max_seconds);
  require(o.batch_size >= 0, "fit: batch_size must be >= 0 (0: the full batch), got ", o.batch_size);
  require(o.first_epoch >= 0, "fit: first_epoch must be >= 0, got ", o.first_epoch);
  require(o.clip_norm >= 0, "fit: clip_norm must be >= 0 (0: no clipping), got ", o.clip_norm);
  require(o.clip_value >= 0, "fit: clip_value must be >= 0 (0: no clipping), got ", o.clip_value);
  require(static_cast<bool>(o.schedule), "fit: schedule must not be empty");
  require(o.patience >= 0, "fit: patience must be >= 0 (0: never stops), got ", o.patience);
  require(o.patience == 0 || o.validation, "fit: patience = ", o.patience, " needs a validation, got none");
  require_nonnegative("fit", "min_improvement", o.min_improvement);
  for (std::size_t k = 0; k < o.snapshot_epochs.size(); ++k)
    require(o.snapshot_epochs[k] >= (k == 0 ? 0 : o.snapshot_epochs[k - 1] + 1),
            "fit: snapshot_epochs must be >= 0 and rise, got ", o.snapshot_epochs[k], " at place ", k);
  require_input_noise("fit", o.input_noise);
  require(samples >= 1, "fit: x must have at least 1 column, got 0");
}
#endif

/// Whether an epoch is one update with all samples.
inline bool takes_full_batch(const FitOptions& o, Index samples) {
  return o.batch_size == 0 || o.batch_size >= samples;
}

/// The parameters with the least validation so far, and since when none was better.
template <class S>
struct Best {
  Vec<S> theta;  // empty: none yet
  double validation = std::numeric_limits<double>::infinity();
  Index epochs = 0;  // that led to theta
  /// The last one that was better by more than min_improvement, and its epochs.
  double reference = std::numeric_limits<double>::infinity();
  Index since = 0;

  void judge(double now, const Vec<S>& theta_now, Index epochs_now, double min_improvement) {
    if (now < validation) {
      theta = theta_now;
      validation = now;
      epochs = epochs_now;
    }
    if (now < reference - min_improvement) {
      reference = now;
      since = epochs_now;
    }
  }
};

/// What a training does with the network, its loss and the optimizer, whatever their types: the training
/// itself is compiled once for each scalar type.
template <class S>
class FitWork {
 public:
  virtual ~FitWork() = default;
  /// The loss of a batch, and its gradient; `draw` is BatchPlace::draw.
  virtual double measure(VecIn<S> theta, MatIn<S> x, MatIn<S> target, VecOut<S> gradient,
                         std::uint64_t draw) = 0;
  virtual double loss(VecIn<S> theta, MatIn<S> x, MatIn<S> target) = 0;
  virtual void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) = 0;
  virtual double learning_rate() const = 0;
};

template <Layer F, class O, class L>
class TypedFitWork final : public FitWork<typename F::Scalar> {
  using S = typename F::Scalar;

 public:
  /// Losses of all the data are taken `at_once` columns at a time (0: all).
  TypedFitWork(const F& f, O& optimizer, const L& loss, double l2, Index at_once)
      : objective_(f, loss, l2), optimizer_(optimizer), at_once_(at_once) {}
  double measure(VecIn<S> theta, MatIn<S> x, MatIn<S> target, VecOut<S> gradient,
                 std::uint64_t draw) override {
    objective_.set_draw(draw);
    return objective_(theta, x, target, gradient);
  }
  double loss(VecIn<S> theta, MatIn<S> x, MatIn<S> target) override {
    objective_.set_draw(0);
    return objective_.value(theta, x, target, at_once_);
  }
  void step(VecIn<S> gradient, VecIn<S> theta, VecOut<S> next, double rate_factor) override {
    step_to(optimizer_, gradient, theta, next, rate_factor);
  }
  double learning_rate() const override { return optimizer_.learning_rate(); }

 private:
  Objective<F, L> objective_;
  O& optimizer_;
  Index at_once_;
};

template <class S>
class Fit {
 public:
  Fit(FitWork<S>& work, Vec<S>& theta, MatIn<S> x, MatIn<S> target, const FitOptions& options, Best<S>& best)
      : work_(work), theta_(theta), x_(x), target_(target), o_(options), best_(best) {
    require_fit_options(o_, x.cols());
    require(!targets_follow() || x.rows() == target.rows(),
            "fit: resampling.targets needs as many rows in x as in the targets, got ", x.rows(), " and ",
            target.rows());
    gradient_.resize(theta.size());
    last_finite_ = theta;
    result_.epochs = o_.first_epoch;
    if (best_.theta.size() == 0) best_.since = o_.first_epoch;
    const Index epochs = std::clamp<Index>(o_.max_epochs - o_.first_epoch, 0, 1 << 16);
    result_.history.reserve(static_cast<std::size_t>(epochs + 1));
  }

  FitResult run() {
    if (takes_full_batch(o_, x_.cols()))
      full_batch();
    else
      minibatches();
    if (result_.status != FitStatus::diverged && finished_ == result_.epochs) snapshot(result_.loss);
    result_.seconds = watch_.seconds();
    return std::move(result_);
  }

 private:
  void full_batch() {
    for (Index e = o_.first_epoch;; ++e) {
      const auto [loss, norm] = measure_all(e);
      result_.epochs = e;
      if (e == o_.first_epoch || std::isfinite(loss))
        result_.loss = loss;  // otherwise the last finite one is kept with its theta
      if (diverged(loss, norm)) return;
      if (finished(record(e, loss, norm), e >= o_.max_epochs)) return;
      update(o_.schedule(e));
    }
  }

  /// The loss of all the data without noise, and the norm of the gradient with it.
  struct Measured {
    double loss, norm;
  };
  Measured measure_all(Index e) {
    if (!changes_inputs_) {
      const double loss = work_.measure(theta_, x_, target_, gradient_, draw_of(e));
      return {loss, norm_in_double<S>(gradient_)};
    }
    inputs_.resize(x_.rows(), x_.cols());
    inputs_.mat() = x_;
    const bool follow = targets_follow();
    if (follow) targets_.resize(x_.rows(), x_.cols());
    change_inputs(e, [](Index j) { return j; });
    const double changed_loss =
        work_.measure(theta_, inputs_.mat(), follow ? Eigen::Ref<const Mat<S>>(targets_.mat()) : target_,
                      gradient_, draw_of(e));
    const double norm = norm_in_double<S>(gradient_);
    // A loss that is not finite has no gradient to follow, whatever its entries are.
    return {work_.loss(theta_, x_, target_), std::isfinite(changed_loss) ? norm : changed_loss};
  }

  bool targets_follow() const { return o_.resampling.draw && o_.resampling.targets; }
  /// What an epoch does to inputs_, whose column j is column data_column(j) of the data, and their targets.
  template <class DataColumn>
  void change_inputs(Index e, const DataColumn& data_column) {
    if (o_.resampling.draw) resample_inputs<S>(o_.resampling, e, data_column, inputs_.mat());
    if (targets_follow()) targets_.mat() = inputs_.mat();
    if (adds_noise(o_.input_noise)) add_input_noise<S>(o_.input_noise, e, data_column, inputs_.mat());
  }

  void minibatches() {
    std::vector<Index> order(static_cast<std::size_t>(x_.cols()));
    std::iota(order.begin(), order.end(), Index(0));
    Random random(o_.seed);
    const Index before = o_.first_epoch < o_.max_epochs ? o_.first_epoch : 0;
    for (Index e = 0; e < before; ++e) random.shuffle(order);  // each order comes from the last one
    result_.loss = work_.loss(theta_, x_, target_);
    end_of_epoch(result_.loss);
    if (out_of_patience()) {  // as it was when an earlier call ended
      result_.status = FitStatus::stopped;
      return;
    }
    for (Index e = o_.first_epoch; e < o_.max_epochs; ++e) {
      random.shuffle(order);
      double loss = 0, norm = 0;
      for (Index begin = 0; begin < x_.cols(); begin += o_.batch_size) {
        const Index size = std::min(o_.batch_size, x_.cols() - begin);
        gather(x_, order, begin, size, inputs_);
        gather(target_, order, begin, size, targets_);
        change_inputs(e, [&](Index j) { return order[static_cast<std::size_t>(begin + j)]; });
        const double batch_loss =
            work_.measure(theta_, inputs_.mat(), targets_.mat(), gradient_, draw_of(e, begin));
        const double batch_norm = norm_in_double<S>(gradient_);
        result_.epochs = e;
        if (diverged(batch_loss, batch_norm)) return recover_loss();
        const double weight = static_cast<double>(size) / static_cast<double>(x_.cols());
        loss += weight * batch_loss;
        norm += weight * batch_norm;
        update(o_.schedule(e));
        if (cancelled()) return recover_loss(FitStatus::cancelled);
        if (watch_.seconds() >= o_.max_seconds) return recover_loss(FitStatus::exhausted);
      }
      if (changes_inputs_) {
        loss = work_.loss(theta_, x_, target_);
        if (diverged(loss, norm)) return recover_loss();
      }
      result_.epochs = e + 1;
      // The mean loss of the epoch is of parameters on their way:
      // only a loss of the present ones may end the training.
      Epoch measured = record(e, loss, norm);
      if (!changes_inputs_ && loss <= o_.loss_below) measured.loss = work_.loss(theta_, x_, target_);
      if (finished(measured, e + 1 >= o_.max_epochs)) return recover_loss(result_.status);
    }
  }

  /// The loss of what is returned, over all the data. The last update may have gone too far for it to be
  /// finite.
  void recover_loss(FitStatus status = FitStatus::diverged) {
    result_.status = status;
    result_.loss = work_.loss(theta_, x_, target_);
    if (std::isfinite(result_.loss)) return;
    result_.status = FitStatus::diverged;
    theta_ = last_finite_;
    result_.loss = work_.loss(theta_, x_, target_);
  }

  bool diverged(double loss, double norm) {
    if (std::isfinite(loss) && std::isfinite(norm)) return false;
    result_.status = FitStatus::diverged;
    if (!std::isfinite(loss)) theta_ = last_finite_;
    return true;
  }
  Epoch record(Index e, double loss, double norm) {
    result_.gradient_norm = norm;
    Epoch epoch{e, loss, norm, o_.schedule(e) * work_.learning_rate(), watch_.seconds()};
    if (o_.validation) {
      epoch.validation = o_.validation();
      best_.judge(epoch.validation, theta_, result_.epochs, o_.min_improvement);
    }
    result_.history.push_back(epoch);
    if (o_.observer) o_.observer(epoch);
    end_of_epoch(loss);
    return epoch;
  }
  void end_of_epoch(double loss) {
    finished_ = result_.epochs;
    if (std::binary_search(o_.snapshot_epochs.begin(), o_.snapshot_epochs.end(), finished_)) snapshot(loss);
  }
  /// What the finished epochs led to, once.
  void snapshot(double loss) {
    if (!o_.snapshot || last_snapshot_ == finished_) return;
    last_snapshot_ = finished_;
    o_.snapshot(finished_, loss);
  }
  bool finished(const Epoch& now, bool last) {
    if (now.loss <= o_.loss_below || (o_.gradient_below > 0 && now.gradient_norm <= o_.gradient_below))
      result_.status = FitStatus::converged;
    else if (out_of_patience())
      result_.status = FitStatus::stopped;
    else if (cancelled())
      result_.status = FitStatus::cancelled;
    else if (last || now.seconds >= o_.max_seconds)
      result_.status = FitStatus::exhausted;
    else
      return false;
    return true;
  }
  /// The number of the minibatch that begins there, never 0.
  std::uint64_t draw_of(Index epoch, Index begin = 0) const {
    return static_cast<std::uint64_t>(epoch) * static_cast<std::uint64_t>(x_.cols()) +
           static_cast<std::uint64_t>(begin) + 1;
  }
  bool out_of_patience() const { return o_.patience > 0 && result_.epochs - best_.since >= o_.patience; }
  bool cancelled() const { return o_.cancelled && o_.cancelled(); }
  void update(double rate_factor) {
    if (o_.clip_norm > 0) clip_norm<S>(gradient_, o_.clip_norm);
    if (o_.clip_value > 0) clip_value<S>(gradient_, o_.clip_value);
    finished_ = -1;
    work_.step(gradient_, theta_, last_finite_, rate_factor);
    theta_.swap(last_finite_);  // the loss before the step was finite
  }
  static void gather(MatIn<S> from, const std::vector<Index>& order, Index begin, Index size,
                     Scratch<S>& to) {
    to.resize(from.rows(), size);
    for (Index j = 0; j < size; ++j) to.mat().col(j) = from.col(order[static_cast<std::size_t>(begin + j)]);
  }

  FitWork<S>& work_;
  Vec<S>& theta_;
  Eigen::Ref<const Mat<S>> x_, target_;
  const FitOptions& o_;
  Best<S>& best_;
  const bool changes_inputs_ = adds_noise(o_.input_noise) || o_.resampling.draw;
  Vec<S> gradient_, last_finite_;
  Scratch<S> inputs_, targets_;  // of a minibatch, or of all columns where they change
  Stopwatch watch_;
  FitResult result_;
  Index finished_ = -1, last_snapshot_ = -1;  // epochs: that theta is the end of; of the last snapshot
};

/// Trains theta from where it is to the end of the last epoch; `best` is taken up and kept beside it.
template <class S>
FitResult run_fit(FitWork<S>& work, Vec<S>& theta, MatIn<S> x, MatIn<S> target, const FitOptions& options,
                  Best<S>& best) {
  return Fit<S>(work, theta, x, target, options, best).run();
}

/// theta = the best parameters, if any were kept, and what `result` says of them.
template <class S>
void return_best(FitWork<S>& work, Vec<S>& theta, MatIn<S> x, MatIn<S> target, const Best<S>& best,
                 FitResult& result) {
  result.best_epoch = result.epochs;
  if (best.theta.size() == 0) return;
  theta = best.theta;
  result.loss = work.loss(theta, x, target);
  result.best_epoch = best.epochs;
  result.validation = best.validation;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template FitResult run_fit<float>(FitWork<float>&, Vec<float>&, MatIn<float>, MatIn<float>,
                                         const FitOptions&, Best<float>&);
extern template FitResult run_fit<double>(FitWork<double>&, Vec<double>&, MatIn<double>, MatIn<double>,
                                          const FitOptions&, Best<double>&);
#endif

}  // namespace detail

/// Trains model.theta on loss(f(x), target), one column a sample, from where it is. The optimizer keeps its
/// state, so that a second call goes on where the first stopped. Full batch, epoch e: measure loss and
/// gradient at theta, stop or update; what is returned is the theta that was measured last. With
/// first_epoch = e after e finished epochs, the schedule, the orders of the minibatches and the input noise
/// are those of a training in one piece, and so are the bits; without it, the orders and the noise begin
/// anew. With a validation, the best parameters are what is returned, and not what a later call could go on
/// from (resumable_fit can). Input noise costs, in each epoch, one more pass forward, for the loss without
/// it, and some 15 to 60 ns for each number; resampling the same pass and what its hook takes. Allocates
/// nothing after the first epoch, but for a column of resampling in each thread. Throws on options or sizes
/// that make no sense; divergence is a status, not an exception.
template <Layer F, class O, class L = MeanSquaredError>
requires Optimizer<O> && std::same_as<typename O::Scalar, typename F::Scalar>
[[nodiscard]] FitResult fit(Model<F>& model, MatIn<typename F::Scalar> x, MatIn<typename F::Scalar> target,
                            O& optimizer, const FitOptions& options = {}, const L& loss = {}) {
  using S = typename F::Scalar;
  detail::TypedFitWork<F, O, L> work(model.layer, optimizer, loss, options.l2, options.batch_size);
  detail::Best<S> best;
  FitResult result = detail::run_fit<S>(work, model.theta, x, target, options, best);
  detail::return_best<S>(work, model.theta, x, target, best, result);
  return result;
}

/// An autoencoder's training: the target is x itself.
template <Layer F, class O, class L = MeanSquaredError>
requires Optimizer<O> && std::same_as<typename O::Scalar, typename F::Scalar>
[[nodiscard]] FitResult fit(Model<F>& model, MatIn<typename F::Scalar> x, O& optimizer,
                            const FitOptions& options = {}, const L& loss = {}) {
  return fit(model, x, x, optimizer, options, loss);
}

}  // namespace basin
