// How often something came out, in words.
#pragma once
#include <string>  // std::string

#include "basin/core/statistics.hpp"  // wilson_interval
#include "support/claims.hpp"         // number
#include "support/text.hpp"           // text

namespace basin::examples {

/// 100 count / all.
inline double percent(Index count, Index all) {
  return 100 * static_cast<double>(count) / static_cast<double>(all);
}

/// "62 of 100, 62% [52.2, 70.9]": with Wilson's interval for 95%; "0 of 0".
inline std::string share(Index count, Index all, int digits = 3) {
  if (all == 0) return "0 of 0";
  const ConfidenceInterval i = wilson_interval(count, all);
  return text(count, " of ", all, ", ", number(percent(count, all), digits), "% [",
              number(100 * i.low, digits), ", ", number(100 * i.high, digits), "]");
}

}  // namespace basin::examples
