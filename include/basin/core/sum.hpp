// Sums of many terms in double, at the speed of the additions.
#pragma once
#include <algorithm>  // std::clamp
#include <array>      // std::array
#include <cmath>      // std::sqrt

#include "basin/core/parallel.hpp"  // parallel_for, column_range, numbers_for_a_thread
#include "basin/core/types.hpp"     // Index, VecIn

namespace basin::inline BASIN_ABI::detail {

/// term(0) + ... + term(n - 1) in double. Sixteen partial sums let the compiler use vectors and keep the
/// additions from waiting for one another; their order is fixed, so that the same terms always give the same
/// bits.
template <class Term>
double sum_of(Index n, const Term& term) {
  constexpr Index lanes = 16;
  std::array<double, lanes> sums{};
  double* const s = sums.data();
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (Index j = 0; j < lanes; ++j) s[j] += term(i + j);
  for (Index j = 0; i < n; ++i, ++j) s[j] += term(i);
  for (Index half = lanes / 2; half > 0; half /= 2)
    for (Index j = 0; j < half; ++j) s[j] += s[j + half];
  return s[0];
}

/// |v|, the 2-norm, summed in double.
template <class S>
double norm_in_double(VecIn<S> v) {
  const S* const a = v.data();
  const auto square = [a](Index i) { return static_cast<double>(a[i]) * static_cast<double>(a[i]); };
  std::array<double, 64> sums;
  const Index parts = std::clamp<Index>(v.size() / numbers_for_a_thread, 1, 64);
  parallel_for(parts, [&](Index k) {
    const ColumnRange part = column_range(v.size(), parts, k);
    sums[static_cast<std::size_t>(k)] = sum_of(part.size, [&](Index i) { return square(part.begin + i); });
  });
  return std::sqrt(sum_of(parts, [&](Index k) { return sums[static_cast<std::size_t>(k)]; }));
}

/// |v|, the 2-norm of an expression in double, of any size: where the squares are too large or too small for
/// the plain sum, v is scaled.
template <class Derived>
double norm_of(const Eigen::MatrixBase<Derived>& v) {
  const double norm = v.norm();
  return norm > 1e-140 && norm < 1e140 ? norm : v.stableNorm();
}

}  // namespace basin::detail
