// Curves that several programs draw; those of medians over seeds are in median_line.hpp.
#pragma once
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/train/fit.hpp"  // Epoch
#include "support/plot.hpp"     // Series

namespace basin::examples {

/// The loss of every `every`-th epoch.
inline Series loss_series(const std::string& name, const std::vector<Epoch>& history, Index every = 10) {
  Series s{.name = name, .x = {}, .y = {}};
  for (const Epoch& e : history)
    if (e.epoch % every == 0) {
      s.x.push_back(static_cast<double>(e.epoch));
      s.y.push_back(e.loss);
    }
  return s;
}

}  // namespace basin::examples
