// Sums of many terms in double, at the speed of the additions.
#pragma once
#include <cmath>  // std::sqrt

#include "basin/core/types.hpp"  // Index, VecIn

namespace basin::detail {

/// term(0) + ... + term(n - 1) in double. Four partial sums keep the additions from waiting for one another;
/// their order is fixed, so that the same terms always give the same bits.
template <class Term>
double sum_of(Index n, const Term& term) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += term(i);
    s1 += term(i + 1);
    s2 += term(i + 2);
    s3 += term(i + 3);
  }
  for (; i < n; ++i) s0 += term(i);
  return (s0 + s1) + (s2 + s3);
}

/// |v|, the 2-norm, summed in double.
template <class S>
double norm_in_double(VecIn<S> v) {
  const S* a = v.data();
  return std::sqrt(
      sum_of(v.size(), [a](Index i) { return static_cast<double>(a[i]) * static_cast<double>(a[i]); }));
}

}  // namespace basin::detail
