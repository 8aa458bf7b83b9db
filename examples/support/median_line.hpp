// Curves of medians over the seeds, with the range or quantiles over the seeds as a band.
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

/// Adds to the line the median of `values` at x, and to its band their quantiles `low` and `high`.
inline void add_quantiles(Series& line, double x, const std::vector<double>& values, double low,
                          double high) {
  line.x.push_back(x);
  line.y.push_back(median(values));
  line.low.push_back(quantile(values, low));
  line.high.push_back(quantile(values, high));
}

/// The same with the whole range of `values`, from the smallest to the largest.
inline void add_median(Series& line, double x, const std::vector<double>& values) {
  add_quantiles(line, x, values, 0, 1);
}

}  // namespace basin::examples
