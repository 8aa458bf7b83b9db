// Curves that several programs draw; those of medians over seeds are in median_line.hpp.
#pragma once
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/core/statistics.hpp"  // median, quantile
#include "basin/train/fit.hpp"        // Epoch
#include "support/plot.hpp"           // Series

namespace basin::examples {

/// Adds to the line the median of `values` at x, and to its band their quantiles `low` and `high`.
inline void add_quantiles(Series& line, double x, const std::vector<double>& values, double low,
                          double high) {
  line.x.push_back(x);
  line.y.push_back(median(values));
  line.low.push_back(quantile(values, low));
  line.high.push_back(quantile(values, high));
}

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
