// Claims about every single value, for statements without chance in them.
#pragma once
#include <algorithm>  // std::all_of
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "support/claims.hpp"  // Claim, Band, median_claim

namespace basin::examples {

/// The claim with its values counted as what they are, where they are not one for each seed.
inline Claim counted(Claim c, const std::string& unit = "", const std::string& what = "runs") {
  c.measured = summary(c.values, unit, what);
  return c;
}

/// The claim that each of `values` lies in `band`, not just their median.
inline Claim exact_claim(std::string id, std::string statement, std::string paper, std::vector<double> values,
                         const Band& band, const std::string& unit = "", std::string note = "",
                         const std::string& what = "runs") {
  const bool all = std::all_of(values.begin(), values.end(), [&](double v) { return band.holds(v); });
  Claim c = counted(median_claim(std::move(id), std::move(statement), std::move(paper), values, band, unit,
                                 std::move(note)),
                    unit, what);
  c.holds = c.in_band = all;
  return c;
}

}  // namespace basin::examples
