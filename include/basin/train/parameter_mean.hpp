// The moving mean of the parameters of a training.
#pragma once
#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Vec, VecIn

namespace basin::inline BASIN_ABI {

/// The exponential moving mean of parameters (Polyak, Juditsky 1992, with weights that decay): from the first
/// theta on,
///
///     m += (theta - m) / span
///
/// at each update, so that what was `span` updates ago weighs about 1/e of the last. It is less noisy than
/// theta where minibatches or a large rate keep theta from settling:
///
///     ParameterMean<float> mean(model.theta, 1000);
///     options.observer = [&](const Epoch&) { mean.update(model.theta); };
///     const FitResult r = fit(model, X, adam, options);
///     model.theta = mean.value();
///
/// 1 / span is rounded to S. span = 1 keeps the last theta.
template <class S>
class ParameterMean {
 public:
  /// m = theta. Throws unless span >= 1.
  ParameterMean(VecIn<S> theta, double span) : mean_(theta), fresh_(static_cast<S>(1 / span)) {
    require(span >= 1, "ParameterMean: span must be >= 1, got ", span);
  }
  /// m += (theta - m) / span. Allocates nothing. Throws, and changes nothing, if theta is of another size.
  void update(VecIn<S> theta) {
    require(theta.size() == mean_.size(), "ParameterMean: theta has ", theta.size(), " entries, expected ",
            mean_.size());
    mean_ += fresh_ * (theta - mean_);
  }
  /// m, of theta's size.
  const Vec<S>& value() const { return mean_; }

 private:
  Vec<S> mean_;
  S fresh_;
};

}  // namespace basin
