// How much `analyze` looks at of a network, so that an answer comes in sensible time.
#pragma once
#include <string>  // std::string

#include "analysis/options.hpp"            // AnalyzeOptions
#include "basin/core/model.hpp"            // Model
#include "basin/dynamics/fixed_point.hpp"  // FixedPointOptions
#include "basin/network/sequence.hpp"      // Sequence

namespace basin::examples {

using AnalyzedModel = Model<Sequence<double>>;

/// How many examples and starts, and how far each search and each orbit goes. Of the network's sizes and of
/// the options alone, so that results do not depend on the machine.
struct Effort {
  Index examples = 0;            // the first so many samples of the file
  Index starts = 0;              // random ones of each kind
  FixedPointOptions point = {};  // of each search and verdict
  Index orbit_steps = 0;         // at most
  bool by_products = false;      // J = df/dx is not formed: verdicts by its products alone
  std::string said;              // what is less than usual, and why; empty: nothing
};

/// For `samples` examples in the file.
Effort effort_for(const AnalyzedModel& f, Index samples, const AnalyzeOptions& options);

}  // namespace basin::examples
