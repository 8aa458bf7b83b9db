// The rank of a matrix up to a stated tolerance.
#pragma once
#include <utility>  // std::move

#include "basin/core/error.hpp"                // require
#include "basin/core/types.hpp"                // Index, Vec
#include "basin/dynamics/singular_values.hpp"  // singular_values

namespace basin::inline BASIN_ABI {

/// How many singular values are larger than `tolerance`.
struct NumericalRank {
  Index rank = 0;               // how many
  Vec<double> singular_values;  // descending
  double tolerance = 0;         // absolute: the relative tolerance times the largest singular value
};

namespace detail {
template <class = void>
NumericalRank rank_of(Vec<double> singular_values, double relative_tolerance, const char* who);
}  // namespace detail

/// The numerical rank of A: the number of singular values > relative_tolerance * (the largest one), and 0 for
/// a matrix of zeros. It is the smallest rank of all matrices within the tolerance of A in the 2-norm. With a
/// gap in the singular values it does not depend on the tolerance; look at them when it does. Values computed
/// in float carry noise of about 1e-7 and want a relative tolerance above that. Throws if the tolerance is
/// not in [0, 1) or A is not finite.
template <class Derived>
[[nodiscard]] NumericalRank numerical_rank(const Eigen::MatrixBase<Derived>& A,
                                           double relative_tolerance = 1e-8) {
  return detail::rank_of(detail::singular_values_of(A.template cast<double>(), "numerical_rank"),
                         relative_tolerance, "numerical_rank");
}

#ifdef BASIN_BODIES
namespace detail {
template <class>
NumericalRank rank_of(Vec<double> singular_values, double relative_tolerance, const char* who) {
  require(relative_tolerance >= 0 && relative_tolerance < 1, who,
          ": relative_tolerance must be in [0, 1), got ", relative_tolerance);
  NumericalRank result;
  result.singular_values = std::move(singular_values);
  if (result.singular_values.size() == 0) return result;
  result.tolerance = relative_tolerance * result.singular_values[0];
  result.rank = (result.singular_values.array() > result.tolerance).count();
  return result;
}
}  // namespace detail
#endif

}  // namespace basin
