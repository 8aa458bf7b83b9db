// Random numbers of our own definition: the same seed gives the same numbers with every compiler, flag and
// thread count. Nothing here calls libm's transcendental functions, whose last bit varies, and every a*b+c is
// an explicit fma, since compilers may or may not contract the plain form.
#pragma once
#include <array>    // std::array
#include <bit>      // std::rotl, std::bit_width
#include <cmath>    // std::fma, std::nextafter, std::sqrt
#include <cstdint>  // std::uint64_t
#include <limits>   // std::numeric_limits
#include <utility>  // std::swap

#include "basin/core/bit_cast.hpp"  // bit_cast
#include "basin/core/error.hpp"     // require
#include "basin/core/types.hpp"     // Index

namespace basin::inline BASIN_ABI {

/// SplitMix64 (Steele, Lea, Flood 2014): spreads one seed over the state of a larger generator.
class SplitMix64 {
 public:
  /// Any seed will do, 0 too.
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  /// The next 64 bits.
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

namespace detail {

/// c[0] + c[1] x + ... + c[N-1] x^(N-1), by Horner's rule.
template <std::size_t N>
double polynomial(const std::array<double, N>& c, double x) {
  double p = c[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) p = std::fma(p, x, c[i]);
  return p;
}

/// log(x) for normal x > 0, to 3 units in the last place: x = m 2^e with m in [sqrt(1/2), sqrt(2)], and
/// log m = 2 artanh(s), s = (m-1)/(m+1), by its series.
inline double portable_log(double x) {
  auto bits = bit_cast<std::uint64_t>(x);
  int e = static_cast<int>(bits >> 52) - 1023;
  double m = bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  if (m > 1.4142135623730951) {
    m /= 2;
    ++e;
  }
  const double s = (m - 1) / (m + 1);
  static constexpr std::array<double, 11> series = {2.,      2. / 3,  2. / 5,  2. / 7,  2. / 9, 2. / 11,
                                                    2. / 13, 2. / 15, 2. / 17, 2. / 19, 2. / 21};
  return std::fma(static_cast<double>(e), 0.6931471805599453, s * polynomial(series, s * s));
}

/// The standard normal quantile, to about 7e-16 relative for 0 < p < 1.
/// Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988 (PPND16).
inline double normal_quantile(double p) {
  static constexpr std::array<double, 8> a = {
      3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
      4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr std::array<double, 8> b = {1.,
                                              4.2313330701600911252e+1,
                                              6.8718700749205790830e+2,
                                              5.3941960214247511077e+3,
                                              2.1213794301586595867e+4,
                                              3.9307895800092710610e+4,
                                              2.8729085735721942674e+4,
                                              5.2264952788528545610e+3};
  static constexpr std::array<double, 8> c = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                              5.76949722146069140550e0,  3.64784832476320460504e0,
                                              1.27045825245236838258e0,  2.41780725177450611770e-1,
                                              2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr std::array<double, 8> d = {1.,
                                              2.05319162663775882187e0,
                                              1.67638483018380384940e0,
                                              6.89767334985100004550e-1,
                                              1.48103976427480074590e-1,
                                              1.51986665636164571966e-2,
                                              5.47593808499534494600e-4,
                                              1.05075007164441684324e-9};
  static constexpr std::array<double, 8> e = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                              1.78482653991729133580e0,  2.96560571828504891230e-1,
                                              2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                              2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr std::array<double, 8> f = {1.,
                                              5.99832206555887937690e-1,
                                              1.36929880922735805310e-1,
                                              1.48753612908506148525e-2,
                                              7.86869131145613259100e-4,
                                              1.84631831751005468180e-5,
                                              1.42151175831644588870e-7,
                                              2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = std::fma(-q, q, 0.180625);
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double tail = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  const double x = tail <= 5 ? polynomial(c, tail - 1.6) / polynomial(d, tail - 1.6)
                             : polynomial(e, tail - 5) / polynomial(f, tail - 5);
  return q < 0 ? -x : x;
}

}  // namespace detail

/// The library's generator: xoshiro256++ 1.0 (Blackman, Vigna 2019), state filled by SplitMix64(seed).
class Random {
 public:
  using result_type = std::uint64_t;  // a UniformRandomBitGenerator, so that std::shuffle and friends take it
  /// The same seed gives the same numbers with every compiler.
  explicit Random(std::uint64_t seed) {
    SplitMix64 fill(seed);
    for (auto& s : state_) s = fill();
  }
  /// 0.
  static constexpr result_type min() { return 0; }
  /// 2^64 - 1.
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// 64 uniform bits.
  result_type operator()() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform on [0, 1): a multiple of 2^-53.
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  /// Uniform on [lo, hi), or lo where lo = hi. Throws unless lo <= hi and hi - lo is finite.
  double uniform(double lo, double hi) {
    require(lo <= hi && hi - lo <= std::numeric_limits<double>::max(),
            "Random::uniform: expected lo <= hi, got ", lo, " and ", hi);
    const double x = std::fma(hi - lo, uniform(), lo);
    return x < hi || lo == hi ? x : std::nextafter(hi, lo);  // rounding may reach hi
  }
  /// Normal with the given mean and standard deviation: the quantile of one uniform number on (0, 1).
  double normal(double mean = 0, double sd = 1) {
    const double p = std::fma(static_cast<double>((*this)() >> 12), 0x1p-52, 0x1p-53);
    return std::fma(sd, detail::normal_quantile(p), mean);
  }
  /// Uniform on {0, ..., n-1}. Throws if n < 1.
  Index below(Index n) {
    require(n >= 1, "Random::below: n must be >= 1, got ", n);
    const auto bound = static_cast<std::uint64_t>(n);
    const std::uint64_t mask = max() >> (64 - std::bit_width(bound));  // the smallest 2^k - 1 >= n
    for (;;)
      if (const std::uint64_t r = (*this)() & mask; r < bound) return static_cast<Index>(r);
  }
  /// A generator whose numbers are unrelated to this one's: one each for data, initial values, starts, ...
  Random split() { return Random((*this)()); }

  /// Permutes items[0..n) uniformly (Fisher-Yates).
  template <class Container>
  void shuffle(Container& items) {
    for (auto i = static_cast<Index>(items.size()); i > 1; --i) {
      using std::swap;
      swap(items[static_cast<std::size_t>(i - 1)], items[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace basin
