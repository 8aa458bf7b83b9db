// The history of a training as a table. Not part of basin.hpp, since it belongs to a file.
#pragma once
#include <algorithm>    // std::any_of
#include <cmath>        // std::isnan
#include <type_traits>  // std::remove_cvref_t
#include <vector>       // std::vector

#include "basin/io/csv.hpp"     // CsvTable
#include "basin/train/fit.hpp"  // Epoch

namespace basin::inline BASIN_ABI {

/// The history of a training (FitResult::history) as a table, a row an epoch: epoch, loss, gradient_norm,
/// rate, seconds, and validation where one was measured.
///
///     history_table(result.history).write("out/history.csv");
[[nodiscard]] inline CsvTable history_table(const std::vector<Epoch>& history) {
  const auto column = [&](auto Epoch::*member) {
    std::vector<std::remove_cvref_t<decltype(Epoch().*member)>> values;
    values.reserve(history.size());
    for (const Epoch& e : history) values.push_back(e.*member);
    return values;
  };
  CsvTable table;
  table.add("epoch", column(&Epoch::epoch))
      .add("loss", column(&Epoch::loss))
      .add("gradient_norm", column(&Epoch::gradient_norm))
      .add("rate", column(&Epoch::rate))
      .add("seconds", column(&Epoch::seconds));
  if (std::any_of(history.begin(), history.end(), [](const Epoch& e) { return !std::isnan(e.validation); }))
    table.add("validation", column(&Epoch::validation));
  return table;
}

}  // namespace basin
