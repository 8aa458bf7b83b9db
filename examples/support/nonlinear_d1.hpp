// Figures 5, 6 and 12: the downsampling autoencoder D1 with leaky ReLU on a few color images. How it is
// trained and kept on the way, from where it is iterated, and what its Jacobians at the training images are.
#pragma once
#include <algorithm>   // std::count_if, std::find, std::max, std::min, std::replace, std::stable_sort
#include <cmath>       // std::abs
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/compose/downsampling.hpp"  // downsampling_d1
#include "basin/core/error.hpp"            // FileError
#include "basin/core/model.hpp"            // Model
#include "basin/core/random.hpp"           // Random
#include "basin/data/starts.hpp"           // normal_starts
#include "basin/dynamics/basins.hpp"       // mean_norm
#include "basin/dynamics/bottleneck.hpp"   // bottleneck_spectrum
#include "basin/dynamics/leading.hpp"      // leading_eigenvalues
#include "basin/dynamics/orbit.hpp"        // orbit
#include "basin/io/checkpoint.hpp"         // Checkpoint
#include "basin/train/adam.hpp"            // Adam
#include "basin/train/fit.hpp"             // fit
#include "basin/train/initial.hpp"         // initial_values
#include "basin/train/resumable_fit.hpp"   // resumable_fit
#include "basin/train/schedule.hpp"        // step_decay
#include "support/claims.hpp"              // number
#include "support/data.hpp"                // ImageData
#include "support/interrupt.hpp"           // interrupted
#include "support/progress.hpp"            // Progress, training_fraction
#include "support/text.hpp"                // text
#include "support/with_progress.hpp"       // orbit_with_progress

namespace basin::examples {

/// D1 with leaky ReLU (slope .01) and biases, in float.
using LeakyD1 = NonlinearD1<float>;
inline LeakyD1 leaky_d1(const Shape& image, Index filters) {
  return downsampling_d1<float>(image, filters, LeakyRelu{});
}

/// How D1 is trained: mean squared error over all pixels.
struct D1Training {
  Index filters;
  Index batch = 0;     // images in an update; 0: all
  double rate, decay;  // Adam's rate, times `decay` every `period` epochs
  Index period = 1000;
  double clip_norm;  // longer gradients are shortened to this
  double loss_goal;
  Index max_epochs;
  std::vector<double> losses = {};  // the network is kept when its loss is first at most so much ...
  std::vector<Index> epochs = {};   // ... and after so many epochs
  initial::Scheme scheme = initial::pytorch_default();
};

/// Each update takes all images: the networks of Figures 5 and 6, but for 5a at full size.
inline D1Training full_batch_training(Index filters, double loss_goal, Index max_epochs) {
  return {.filters = filters,
          .rate = 2e-3,
          .decay = 0.9,
          .clip_norm = 0.1,
          .loss_goal = loss_goal,
          .max_epochs = max_epochs};
}
/// The network of Figure 5a, on many images, in batches of ten. For 100 color images of 32 x 32, which are
/// 307 200 numbers, the full size has 1.2 million parameters; quick mode's 64 filters are 300 thousand.
inline D1Training many_images_training(bool full) {
  return {.filters = full ? 128 : 64,
          .batch = 10,
          .rate = 1e-3,
          .decay = 0.9,
          .period = 100,
          .clip_norm = 0.1,
          .loss_goal = full ? 1e-4 : 1.5e-3,
          .max_epochs = full ? 3000 : 800};
}
/// The network of Figures 5b and 6, on ten images: kept at a ladder of losses and after 10, 100 and 1000
/// epochs.
inline D1Training ten_images_training(bool full) {
  D1Training t = full ? full_batch_training(64, 1e-8, 12000) : full_batch_training(32, 5e-4, 4000);
  t.losses = {1e-2, 3e-3, 1e-3};
  if (full)
    t.losses.insert(t.losses.end(), {3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7, 1e-8});
  else
    t.losses.push_back(5e-4);
  t.epochs = {10, 100, 1000};
  return t;
}

/// A network on its way.
struct Stage {
  std::string name;  // "loss 0.001", "100 epochs", "end"
  Index epoch = 0;
  double loss = 0;
  Vec<float> theta;  // empty: not reached
  /// Whether it was kept for its epoch, not for its loss or as the end.
  bool by_epoch() const { return name.find("epochs") != std::string::npos; }
};

/// A training and what came out of it.
struct D1Record {
  Mat<float> examples;
  FitResult training;
  std::vector<Stage>
      stages;  // those reached, by epoch; the last one is the network, called "end" if it is no other stage
};

struct TrainedD1 : D1Record {
  Model<LeakyD1> f;
  Model<LeakyD1> at(const Stage& s) const { return {f.layer, s.theta}; }
};

namespace detail {

/// The stages of one training, kept in files where there is a folder.
class StageKeeper {
 public:
  StageKeeper(const D1Training& t, std::filesystem::path folder, std::string file, std::string origin)
      : folder_(std::move(folder)), file_(std::move(file)), origin_(std::move(origin)) {
    for (const Index e : t.epochs) wanted_.push_back({{text(e, " epochs"), e, 0, {}}, true});
    for (const double l : t.losses) wanted_.push_back({{text("loss ", number(l)), 0, l, {}}, false});
    stages_.resize(wanted_.size());
    if (!folder_.empty())
      for (std::size_t i = 0; i < wanted_.size(); ++i) load(i);
  }
  /// Keeps theta where it is one of the stages. The first call after a resumption was made before, too: what
  /// it would keep and is not in its file has been lost.
  void see(const Epoch& e, const Vec<float>& theta) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (stages_[i].theta.size() > 0) continue;
      const Wanted& w = wanted_[i];
      if (!(w.by_epoch ? e.epoch >= w.stage.epoch : e.loss <= w.stage.loss)) continue;
      if (resumed_ && e.epoch > 0)
        throw FileError(text(checkpoint(i).file().string(), ": the network at ", w.stage.name,
                             " is missing, and the training is already beyond; delete ",
                             (folder_ / (file_ + ".safetensors")).string(), " to begin it anew"));
      stages_[i] = {w.stage.name, e.epoch, e.loss, theta};
      if (!folder_.empty()) save(i);
    }
    resumed_ = false;
  }
  std::vector<Stage> reached() const {
    std::vector<Stage> result;
    for (const Stage& s : stages_)
      if (s.theta.size() > 0) result.push_back(s);
    std::stable_sort(result.begin(), result.end(),
                     [](const Stage& a, const Stage& b) { return a.epoch < b.epoch; });
    return result;
  }

 private:
  struct Wanted {
    Stage stage;
    bool by_epoch;
  };
  Checkpoint checkpoint(std::size_t i) const {
    std::string name = wanted_[i].stage.name;
    std::replace(name.begin(), name.end(), ' ', '_');
    return {folder_ / (file_ + "_" + name + ".safetensors"), origin_};
  }
  void load(std::size_t i) {
    SafeTensors<float> content;
    const Checkpoint c = checkpoint(i);
    if (!c.load(content)) return;
    const auto at = [&](const char* name) { return c.number(content, name); };
    const auto size = static_cast<Index>(at("parameters"));
    stages_[i] = {wanted_[i].stage.name, static_cast<Index>(at("epoch")), at("loss"),
                  c.matrix(content, "theta", size, 1)};
  }
  void save(std::size_t i) const {
    SafeTensors<float> content;
    content.tensors = {Checkpoint::array("theta", stages_[i].theta)};
    content.metadata = {{"epoch", std::to_string(stages_[i].epoch)},
                        {"loss", Checkpoint::exact(stages_[i].loss)},
                        {"parameters", std::to_string(stages_[i].theta.size())}};
    checkpoint(i).save(std::move(content));
  }

  std::filesystem::path folder_;
  std::string file_, origin_;
  std::vector<Wanted> wanted_;
  std::vector<Stage> stages_;
  bool resumed_ = true;
};

}  // namespace detail

/// Trains D1 from seed on the columns of X. With `folder`, the training and its stages are kept there and
/// taken up from there. `what` is for the progress line.
inline TrainedD1 train_d1(const D1Training& t, const Shape& image, const Mat<float>& X, std::uint64_t seed,
                          const std::string& what, const std::filesystem::path& folder = {}) {
  const LeakyD1 net = leaky_d1(image, t.filters);
  TrainedD1 run{{X, {}, {}}, {net, initial_values(net, t.scheme, seed)}};
  const std::string file = text("d1_", t.filters, "_on_", X.cols(), "_seed_", seed);
  const std::string origin = text("leaky D1, ", t.filters, " filters, ", X.cols(), " images, sum ",
                                  Checkpoint::exact(X.cast<double>().sum()), ", initial values ",
                                  Checkpoint::exact(run.f.theta.cast<double>().sum()), ", Adam ", t.rate,
                                  " x ", t.decay, " every ", t.period, " epochs, batches of ", t.batch);
  detail::StageKeeper stages(t, folder, file, origin);
  FitOptions options{.max_epochs = t.max_epochs, .loss_below = t.loss_goal};
  options.batch_size = t.batch;
  options.seed = seed;
  options.schedule = schedule::step_decay(t.period, t.decay);
  options.clip_norm = t.clip_norm;
  options.cancelled = interrupted;
  Progress progress(what + ": training");
  options.observer = [&](const Epoch& e) {
    stages.see(e, run.f.theta);
    progress.update(
        training_fraction(e.loss, 0.2, t.loss_goal, static_cast<double>(e.epoch),
                          static_cast<double>(t.max_epochs)),
        [&] { return text("epoch ", e.epoch, "  loss ", number(e.loss), "  rate ", number(e.rate)); });
  };
  Adam<float> adam({.learning_rate = t.rate});
  run.training = folder.empty() ? fit(run.f, X, adam, options)
                                : resumable_fit(run.f, X, adam, options,
                                                Checkpoint(folder / (file + ".safetensors"), origin));
  run.stages = stages.reached();
  if (run.training.status != FitStatus::cancelled &&
      (run.stages.empty() || run.stages.back().epoch < run.training.epochs))
    run.stages.push_back({"end", run.training.epochs, run.training.loss, run.f.theta});
  return run;
}

/// Up to `count` images that are not among the training images `chosen`: those of the test pool first, drawn
/// with `seed`, then what is left of the training pool.
inline Mat<float> unseen_images(const ImageData& data, const std::vector<Index>& chosen, Index count,
                                std::uint64_t seed) {
  const Mat<float> test = choose_images<float>(data.test, std::min(count, data.test.count()), seed);
  std::vector<Index> rest;
  for (const Index i : choose(data.train, data.train.count(), seed))
    if (static_cast<Index>(rest.size()) < count - test.cols() &&
        std::find(chosen.begin(), chosen.end(), i) == chosen.end())
      rest.push_back(i);
  Mat<float> all(test.rows(), test.cols() + static_cast<Index>(rest.size()));
  all << test, to_matrix<float>(data.train, rest);
  return all;
}

/// From where the networks are iterated.
struct D1Starts {
  Mat<float> images, noise;  // unseen ones; N(0, 1)
};
inline D1Starts d1_starts(const ImageData& data, const std::vector<Index>& chosen, Index count,
                          std::uint64_t seed) {
  Random random(seed + 1000);  // the initial values were drawn from seed itself
  return {unseen_images(data, chosen, count, seed),
          normal_starts<float>(data.train.shape.size(), count, random)};
}

/// Orbits of `starts`, kept at `times`. A start that has come to rest, or has gone far beyond all images, is
/// not followed to the end.
inline Orbit<float> d1_orbits(const Model<LeakyD1>& f, const Mat<float>& starts,
                              const std::vector<Index>& times, const std::string& what) {
  OrbitOptions options{.max_steps = times.back(), .tolerance = 1e-5, .bound = 1e4};
  options.snapshots = times;
  return orbit_with_progress(f, starts, options, what);
}

/// The leading eigenvalues of the Jacobian at a training image, by way of the bottleneck and by products
/// alone.
struct D1Spectrum {
  std::vector<double> moduli;  // largest first
  Index iterated = 0;          // how many of them were computed by products, too
  double residual = 0;         // the largest |J v - lambda v| / |v| of both ways
  double disagreement = 0;     // the largest difference of the moduli between the two ways
};

/// The same network with its parameters in double.
inline Model<NonlinearD1<double>> in_double(const Model<LeakyD1>& f) {
  const auto& first = f.layer.child<0>().child<0>();
  return {downsampling_d1<double>(first.in_shape(), first.out_shape().channels, LeakyRelu{}),
          f.theta.cast<double>()};
}

/// The `count` leading eigenvalues at x, in double. Products alone find those above 1e-9 of the largest: what
/// is smaller is rounding to them. Where the iteration does not converge, none of them counts as iterated.
inline D1Spectrum d1_spectrum(const Model<LeakyD1>& f, VecIn<float> x, Index count) {
  const Model<NonlinearD1<double>> g = in_double(f);
  const Vec<double> z = x.cast<double>();
  const Bottleneck whole = bottleneck_spectrum(encoder_of(g), decoder_of(g), z);
  D1Spectrum s;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    s.moduli.push_back(i < whole.values.size() ? std::abs(whole.values[i]) : 0);
    if (i < whole.values.size()) s.residual = std::max(s.residual, whole.residuals[i]);
  }
  const Index wanted =
      std::count_if(s.moduli.begin(), s.moduli.end(), [&](double m) { return m > 1e-9 * s.moduli.front(); });
  if (wanted == 0) return s;
  const Leading leading = leading_eigenvalues(g, z, wanted, {.max_restarts = 50, .enlargements = 2});
  if (!leading.converged) return s;
  s.iterated = wanted;
  for (std::size_t i = 0; i < leading.values.size(); ++i) {
    s.residual = std::max(s.residual, leading.residuals[i]);
    s.disagreement = std::max(s.disagreement, std::abs(s.moduli[i] - std::abs(leading.values[i])));
  }
  return s;
}

}  // namespace basin::examples
