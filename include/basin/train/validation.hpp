// How good a network is on data that its training does not see.
#pragma once
#include <functional>  // std::function
#include <memory>      // std::make_shared
#include <utility>     // std::move

#include "basin/core/error.hpp"       // require
#include "basin/core/model.hpp"       // Model
#include "basin/core/types.hpp"       // Index, Mat, MatIn
#include "basin/train/loss.hpp"       // MeanSquaredError
#include "basin/train/objective.hpp"  // Objective

namespace basin::inline BASIN_ABI {

/// The loss of f on validation data, one column a sample, for FitOptions::validation: a function without
/// arguments that gives loss(f(x), target) for the parameters that f has when it is called.
///
///     const FitResult r = fit(f, X, adam, {.max_epochs = 5000,
///                                          .validation = validation_loss(f, V, V),
///                                          .patience = 50});
///     // f is what it was after r.best_epoch epochs; r.validation, r.history[e].validation
///
/// The l2 term of the training is not in it. It refers to f and holds a copy of the data; copies of it share
/// their memory, that of a batch of `at_once` columns (0: all). Throws unless the data have a column, fit f
/// and at_once >= 0.
template <Layer F, class L = MeanSquaredError>
[[nodiscard]] std::function<double()> validation_loss(const Model<F>& f, MatIn<typename F::Scalar> x,
                                                      MatIn<typename F::Scalar> target, const L& loss = {},
                                                      Index at_once = 256) {
  using S = typename F::Scalar;
  require(x.rows() == f.layer.in_size(), "validation_loss: x has ", x.rows(), " rows, f expects ",
          f.layer.in_size());
  require(target.rows() == f.layer.out_size() && target.cols() == x.cols(), "validation_loss: target is ",
          target.rows(), " x ", target.cols(), ", expected ", f.layer.out_size(), " x ", x.cols());
  require(x.cols() >= 1, "validation_loss: x must have at least 1 column, got 0");
  require(at_once >= 0, "validation_loss: at_once must be >= 0 (0: all columns), got ", at_once);
  struct Work {
    Objective<F, L> objective;
    Mat<S> x, target;
  };
  auto work = std::make_shared<Work>(Work{Objective<F, L>(f.layer, loss), x, target});
  return [&f, at_once, work = std::move(work)] {
    return work->objective.value(f.theta, work->x, work->target, at_once);
  };
}

/// That of an autoencoder: the target is x itself, and the loss the mean squared error.
template <Layer F>
[[nodiscard]] std::function<double()> validation_loss(const Model<F>& f, MatIn<typename F::Scalar> x) {
  return validation_loss(f, x, x);
}

}  // namespace basin
