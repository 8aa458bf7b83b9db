// The check where layers meet.
#pragma once
#include <optional>  // std::optional
#include <string>    // std::string

#include "basin/core/error.hpp"  // require
#include "basin/core/layer.hpp"  // in_shape, layer_name
#include "basin/core/shape.hpp"  // Shape

namespace basin::inline BASIN_ABI::detail {

/// Throws unless f takes `rows` rows, of the shape `given` where both are images; `where` says which layers
/// these are.
template <class F>
void require_fit(const F& f, Index rows, const std::optional<Shape>& given, const std::string& where) {
  if (const std::optional<Shape> wanted = basin::in_shape(f); given && wanted) {
    require(given->channels == wanted->channels, layer_name(f), ": input has ", given->channels,
            " channels, weight expects ", wanted->channels, where);
    require(*given == *wanted, layer_name(f), ": input is ", *given,
            " (channels x height x width), expected ", *wanted, where);
  }
  require(rows == f.in_size(), layer_name(f), ": input has ", rows, " rows, expected ", f.in_size(), where);
}

}  // namespace basin::detail
