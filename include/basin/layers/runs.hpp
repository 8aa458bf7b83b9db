// Loops over columns that are cut into runs of numbers in a row: the channels of an image, the groups of a
// normalization.
#pragma once
#include <algorithm>  // std::max

#include "basin/core/parallel.hpp"  // parallel_parts, numbers_for_a_thread
#include "basin/core/types.hpp"     // Index

namespace basin::inline BASIN_ABI::detail {

/// body(column, run) for each of `runs` runs of `length` numbers in each column, by as many threads as it is
/// worth.
template <class Body>
void for_runs(Index columns, Index runs, Index length, const Body& body) {
  parallel_parts(columns * runs, std::max<Index>(1, numbers_for_a_thread / length), [&](ColumnRange part) {
    Index column = part.begin / runs, run = part.begin % runs;
    for (Index k = 0; k < part.size; ++k) {
      body(column, run);
      if (++run == runs) run = 0, ++column;
    }
  });
}

/// out[run] += sum over columns of sum(column, run), added in double, column after column.
template <class S, class Sum>
void add_run_sums(Index columns, Index runs, Index length, S* out, const Sum& sum) {
  const Index least = std::max<Index>(1, numbers_for_a_thread / std::max<Index>(1, columns * length));
  parallel_parts(runs, least, [&](ColumnRange part) {
    for (Index run = part.begin; run < part.begin + part.size; ++run) {
      double total = 0;
      for (Index n = 0; n < columns; ++n) total += sum(n, run);
      out[run] += static_cast<S>(total);
    }
  });
}

}  // namespace basin::detail
