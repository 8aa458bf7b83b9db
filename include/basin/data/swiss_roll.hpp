// The Swiss roll, a surface in three dimensions, with the numbers that scikit-learn gives for the same seed.
#pragma once
#include <cmath>    // std::cos, std::sin, std::log, std::sqrt
#include <cstdint>  // std::uint32_t
#include <numbers>  // std::numbers::pi
#include <random>   // std::mt19937

#include "basin/core/error.hpp"  // require
#include "basin/core/types.hpp"  // Mat, Vec, Index

namespace basin::inline BASIN_ABI {

namespace detail {

/// What numpy.random.RandomState(seed) draws.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(std::uint32_t seed) : bits_(seed) {}
  /// Uniform on [0, 1): 27 and 26 high bits of two words (genrand_res53 of Matsumoto, Nishimura 1998).
  double uniform() {
    const auto a = static_cast<double>(bits_() >> 5);
    const auto b = static_cast<double>(bits_() >> 6);
    return (a * 0x1p26 + b) * 0x1p-53;
  }
  /// Standard normal by the polar method (Marsaglia, Bray 1964); of each pair the second number comes first.
  double normal() {
    if (has_kept_) {
      has_kept_ = false;
      return kept_;
    }
    double u, v, r2;
    do {
      u = 2 * uniform() - 1;
      v = 2 * uniform() - 1;
      r2 = u * u + v * v;
    } while (r2 >= 1 || r2 == 0);
    const double f = std::sqrt(-2 * std::log(r2) / r2);
    kept_ = f * u;
    has_kept_ = true;
    return f * v;
  }

 private:
  std::mt19937 bits_;
  double kept_ = 0;
  bool has_kept_ = false;
};

}  // namespace detail

/// Points of the Swiss roll, see swiss_roll.
template <class S>
struct SwissRoll {
  Mat<S> X;  // 3 x n, one column a point
  Vec<S> t;  // the angle along the roll, in [1.5 pi, 4.5 pi)
};

/// n points (t cos t, y, t sin t) with t = 1.5 pi (1 + 2u), y = 21 v, u and v uniform on [0, 1), plus noise
/// times a standard normal number in each coordinate (Marsland, "Machine Learning: An Algorithmic
/// Perspective", 2009). The points of scikit-learn's make_swiss_roll(n, noise=noise, random_state=seed),
/// versions 1.0 and later, up to the last bits of cos, sin and log. Throws unless n >= 1 and noise >= 0.
template <class S>
[[nodiscard]] SwissRoll<S> swiss_roll(Index n, std::uint32_t seed, double noise = 0) {
  require(n >= 1, "swiss_roll: n must be >= 1, got ", n);
  require(noise >= 0 && std::isfinite(noise), "swiss_roll: noise must be >= 0, got ", noise);
  detail::NumpyRandomState random(seed);
  Vec<double> t(n);
  for (Index i = 0; i < n; ++i) t[i] = 1.5 * std::numbers::pi * (1 + 2 * random.uniform());
  Mat<double> X(3, n);
  for (Index i = 0; i < n; ++i)
    X.col(i) << t[i] * std::cos(t[i]), 21 * random.uniform(), t[i] * std::sin(t[i]);
  for (Index row = 0; row < 3; ++row)
    for (Index i = 0; i < n; ++i) X(row, i) += noise * random.normal();
  return {X.cast<S>(), t.cast<S>()};
}

}  // namespace basin
