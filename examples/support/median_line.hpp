// Curves of medians over the seeds, with the range over the seeds as a band.
#pragma once
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/core/statistics.hpp"  // median, quantile
#include "support/plot.hpp"           // Series

namespace basin::examples {

/// A named line with a mark at each point, of which it has none yet.
inline Series median_line(const std::string& name) {
  return {.name = name, .x = {}, .y = {}, .style = Series::Style::line_points};
}

/// Adds to the line the median of `values` at x, and to its band their range from smallest to largest.
inline void add_median(Series& line, double x, const std::vector<double>& values) {
  line.x.push_back(x);
  line.y.push_back(median(values));
  line.low.push_back(quantile(values, 0));
  line.high.push_back(quantile(values, 1));
}

}  // namespace basin::examples
