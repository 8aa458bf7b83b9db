// Statistics of a few numbers: quantiles, the rank correlation, straight lines, how well shares are known.
#pragma once
#include <algorithm>  // std::any_of, std::clamp, std::sort
#include <cmath>      // std::floor, std::isnan, std::sqrt
#include <cstddef>    // std::size_t
#include <limits>     // std::numeric_limits
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"   // require
#include "basin/core/random.hpp"  // normal_quantile
#include "basin/core/types.hpp"   // Index

namespace basin::inline BASIN_ABI {

/// The quantile of `values` for 0 <= p <= 1, linear between order statistics (numpy's and R's default, type
/// 7: the value at rank 1 + p (n - 1)); not a number if any value is. Throws if `values` is empty or p
/// outside [0, 1].
template <class = void>
[[nodiscard]] double quantile(std::vector<double> values, double p) {
  require(!values.empty(), "quantile: values must hold at least one number, got none");
  require(p >= 0 && p <= 1, "quantile: p must be within [0, 1], got ", p);
  for (const double v : values)
    if (std::isnan(v)) return v;
  std::sort(values.begin(), values.end());
  const double rank = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const double weight = rank - std::floor(rank);
  if (weight == 0) return values[below];  // an infinite neighbour must not make inf * 0
  return values[below] + weight * (values[below + 1] - values[below]);
}

/// The quantile for p = 1/2; throws as that does.
template <class = void>
[[nodiscard]] double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

namespace detail {
/// The ranks 1 .. n; equal values share their mean rank.
template <class = void>
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<double> result;
  for (const double v : values) {
    double below = 0, equal = 0;
    for (const double w : values) {
      below += w < v ? 1 : 0;
      equal += w == v ? 1 : 0;
    }
    result.push_back(below + (equal + 1) / 2);
  }
  return result;
}
}  // namespace detail

/// Spearman's rank correlation of paired values: with a_i and b_i their ranks and (n + 1) / 2 the mean of
/// these,
///
///     sum (a_i - mean) (b_i - mean) / sqrt(sum (a_i - mean)^2 sum (b_i - mean)^2),
///
/// from -1 (y falls whenever x rises) to 1; equal values share their mean rank. Not a number if any value is,
/// or if all x or all y are equal. Compares all pairs: O(n^2). Throws unless both have the same size >= 2.
template <class = void>
[[nodiscard]] double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  require(x.size() == y.size() && x.size() >= 2, "rank_correlation: x and y have ", x.size(), " and ",
          y.size(), " values, expected as many, at least 2");
  const auto nan = [](double v) { return std::isnan(v); };
  if (std::any_of(x.begin(), x.end(), nan) || std::any_of(y.begin(), y.end(), nan))
    return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> a = detail::ranks(x), b = detail::ranks(y);
  const double mean = (static_cast<double>(x.size()) + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return ab / std::sqrt(aa * bb);
}

/// An interval for a number that is not known.
struct ConfidenceInterval {
  double low = 0, high = 1;  // its ends
};

/// Wilson's interval for a share p of which `count` of n independent draws are a sample: all p for which
/// |count / n - p| <= z sqrt(p (1 - p) / n), so that it never leaves [0, 1] and has a width where count is 0
/// or n (Wilson 1927). It holds p with about the probability that a normal number lies within z: 95 % for
/// 1.96. [0, 1] where n = 0. Throws unless 0 <= count <= n and z > 0.
template <class = void>
[[nodiscard]] ConfidenceInterval wilson_interval(Index count, Index n, double z = 1.959963984540054) {
  require(count >= 0 && count <= n, "wilson_interval: count must be in 0 .. n = ", n, ", got ", count);
  require(z > 0, "wilson_interval: z must be > 0, got ", z);
  if (n == 0) return {};
  const double draws = static_cast<double>(n), share = static_cast<double>(count) / draws;
  const double shrink = 1 + z * z / draws, centre = (share + z * z / (2 * draws)) / shrink;
  const double half = z * std::sqrt(share * (1 - share) / draws + z * z / (4 * draws * draws)) / shrink;
  return {count == 0 ? 0 : std::clamp(centre - half, 0., 1.),
          count == n ? 1 : std::clamp(centre + half, 0., 1.)};
}

/// Goodman's simultaneous intervals for the shares of k kinds of which `counts` are a sample: Wilson's for
/// each with z the normal quantile of 1 - (1 - confidence) / (2 k), so that all of them hold together with
/// about that confidence (Bonferroni; Goodman 1965, "On simultaneous confidence intervals for multinomial
/// proportions"). Throws if there is no kind, a count is negative, or confidence is not between 0 and 1.
template <class = void>
[[nodiscard]] std::vector<ConfidenceInterval> goodman_intervals(const std::vector<Index>& counts,
                                                                double confidence = 0.95) {
  require(!counts.empty(), "goodman_intervals: counts must hold at least one number, got none");
  require(confidence > 0 && confidence < 1, "goodman_intervals: confidence must be between 0 and 1, got ",
          confidence);
  Index n = 0;
  for (const Index count : counts) {
    require(count >= 0, "goodman_intervals: counts must be >= 0, got ", count);
    n += count;
  }
  const double z = -detail::normal_quantile((1 - confidence) / (2 * static_cast<double>(counts.size())));
  std::vector<ConfidenceInterval> intervals;
  intervals.reserve(counts.size());
  for (const Index count : counts) intervals.push_back(wilson_interval(count, n, z));
  return intervals;
}

/// The straight line y = intercept + slope x with the least sum of squares, for independent errors of y of
/// one size.
struct LineFit {
  double slope = 0, intercept = 0;  // of the line
  double slope_error = 0;  // standard error of the slope, from the residuals; not a number for 2 points
  double r_squared = 0;    // the part of the variance of y that the line explains; 1 where y is constant
};

/// Least squares through at least 2 points with different x. Throws where there are fewer, or x and y differ
/// in size.
template <class = void>
[[nodiscard]] LineFit fit_line(const std::vector<double>& x, const std::vector<double>& y) {
  require(x.size() == y.size() && x.size() >= 2, "fit_line: x and y have ", x.size(), " and ", y.size(),
          " values, expected as many, at least 2");
  const auto n = static_cast<double>(x.size());
  double mx = 0, my = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
    yy += (y[i] - my) * (y[i] - my);
  }
  require(xx > 0, "fit_line: all x are ", mx);
  LineFit fit;
  fit.slope = xy / xx;
  fit.intercept = my - fit.slope * mx;
  double left = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double r = y[i] - fit.intercept - fit.slope * x[i];
    left += r * r;
  }
  fit.slope_error = x.size() > 2 ? std::sqrt(left / (n - 2) / xx) : std::numeric_limits<double>::quiet_NaN();
  fit.r_squared = yy > 0 ? 1 - left / yy : 1;
  return fit;
}

}  // namespace basin
