#include "basin/core/random.hpp"

#include <algorithm>  // std::is_permutation, std::sort
#include <array>      // std::array
#include <bit>        // std::bit_cast, std::rotl
#include <cmath>      // std::erf, std::erfc, std::log, std::abs
#include <cstdint>    // std::uint64_t
#include <limits>     // std::numeric_limits
#include <numbers>    // std::numbers
#include <numeric>    // std::iota
#include <vector>     // std::vector

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// xoshiro256++ once more, on a state that can be set.
struct Xoshiro {
  std::uint64_t a, b, c, d;
  std::uint64_t operator()() {
    const std::uint64_t out = std::rotl(a + d, 23) + a, shifted = b << 17;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = std::rotl(d, 45);
    return out;
  }
};

/// FNV-1a over the bits of numbers.
struct Hash {
  std::uint64_t value = 0xcbf29ce484222325u;
  void add(std::uint64_t bits) {
    for (int byte = 0; byte < 8; ++byte) value = (value ^ ((bits >> (8 * byte)) & 0xff)) * 0x100000001b3u;
  }
  void add(double x) { add(std::bit_cast<std::uint64_t>(x)); }
};

/// How far q is from the quantile of p, relative to the quantile: (Phi(q) - p) / (phi(q) q) by Newton's step,
/// with Phi from erf and erfc in long double, each where it does not cancel.
double quantile_error(double p, double q) {
  using std::numbers::sqrt2_v;
  const long double x = static_cast<long double>(q) / sqrt2_v<long double>, P = static_cast<long double>(p);
  long double excess;  // Phi(q) - p
  if (q < -0.5)
    excess = std::erfc(-x) / 2 - P;
  else if (q > 0.5)
    excess = (1 - P) - std::erfc(x) / 2;
  else
    excess = std::erf(x) / 2 - (P - 0.5L);
  const long double density =
      std::exp(-x * x) * std::numbers::inv_sqrtpi_v<long double> / sqrt2_v<long double>;
  return static_cast<double>(excess / (density * static_cast<long double>(q)));
}

double ulp(double x) {
  return std::nextafter(std::abs(x), std::numeric_limits<double>::infinity()) - std::abs(x);
}

}  // namespace

TEST_CASE("SplitMix64 gives its published numbers", "[core][random]") {
  SplitMix64 next(1234567);
  for (const std::uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                       4593380528125082431u, 16408922859458223821u})
    CHECK(next() == expected);
}

TEST_CASE("Random is xoshiro256++ seeded by SplitMix64", "[core][random]") {
  Xoshiro reference{1, 2, 3, 4};
  const std::array<std::uint64_t, 10> published = {41943041u,
                                                   58720359u,
                                                   3588806011781223u,
                                                   3591011842654386u,
                                                   9228616714210784205u,
                                                   9973669472204895162u,
                                                   14011001112246962877u,
                                                   12406186145184390807u,
                                                   15849039046786891736u,
                                                   10450023813501588000u};
  for (const std::uint64_t expected : published) CHECK(reference() == expected);
  for (const std::uint64_t seed : std::array<std::uint64_t, 3>{0, 1, 1234567}) {
    SplitMix64 fill(seed);
    Xoshiro same{0, 0, 0, 0};
    for (std::uint64_t* word : {&same.a, &same.b, &same.c, &same.d}) *word = fill();
    Random random(seed);
    for (int i = 0; i < 100; ++i) CHECK(random() == same());
  }
}

TEST_CASE("the numbers of a seed are the same everywhere, bit for bit", "[core][random]") {
  Random random(42);
  CHECK(random() == 15021278609987233951u);
  CHECK(random.uniform() == 0.31882104006166112);
  CHECK(random.uniform(-2, 5) == 4.887259177242421);
  CHECK(random.normal() == 0.52766941667484091);
  CHECK(random.normal(3, 0.25) == 3.2046603581859956);
  CHECK(random.below(1000) == 637);
  CHECK(random.split()() == 771386134289234648u);
  Hash hash;
  for (int i = 0; i < 100000; ++i) {
    hash.add(random.uniform(-1e-3, 3));
    hash.add(random.normal(0.1, 7));
  }
  for (double p = 1e-300; p < 0.3; p *= 1.7) {
    hash.add(detail::normal_quantile(p));
    hash.add(detail::portable_log(p));
  }
  CHECK(hash.value == 9175068013007444137u);
}

TEST_CASE("the normal quantile inverts the normal distribution function", "[core][random]") {
  double worst = 0;
  const auto check = [&](double p) {
    worst = std::max(worst, std::abs(quantile_error(p, detail::normal_quantile(p))));
  };
  for (double p = 1e-300; p < 0.4; p *= 1.03) check(p);     // the lower tail
  for (double q = 1e-16; q < 0.4; q *= 1.03) check(1 - q);  // the upper tail
  for (int i = 1; i < 4000; ++i) {                          // the middle
    if (i != 2000) check(i / 4000.0);
  }
  for (double d = 1e-15; d < 0.1; d *= 1.5) check(0.5 + d), check(0.5 - d);  // around the median
  INFO("largest relative error: " << worst);
  CHECK(worst <= 1e-15);
  CHECK(worst > 0);
  CHECK(detail::normal_quantile(0.5) == 0);
  // Values of tables.
  CHECK(std::abs(detail::normal_quantile(0.975) - 1.959963984540054) <= 1e-15);
  CHECK(std::abs(detail::normal_quantile(1e-10) + 6.361340902404056) <= 3e-15);
}

TEST_CASE("the portable logarithm is right to 3 units in the last place", "[core][random]") {
  double worst = 0;
  const auto check = [&](double x) {
    const long double reference = std::log(static_cast<long double>(x));
    const double error = static_cast<double>(std::abs(detail::portable_log(x) - reference));
    worst = std::max(worst, reference == 0 ? error : error / ulp(static_cast<double>(reference)));
  };
  for (double x = 1e-307; x < 1e307; x *= 1.37) check(x);
  for (int i = 1; i <= 40000; ++i) check(i / 20000.0);
  for (double d = 1e-15; d < 0.3; d *= 1.1) check(1 + d), check(1 - d);
  for (int e = -1000; e <= 1000; e += 50) check(std::ldexp(1, e)), check(std::ldexp(std::numbers::sqrt2, e));
  INFO("largest error in units in the last place: " << worst);
  CHECK(worst <= 3);
  CHECK(worst > 0);
  CHECK(detail::portable_log(1) == 0);
}

TEST_CASE("uniform numbers are multiples of 2^-53 in [0, 1) with the moments of the distribution",
          "[core][random]") {
  Random random(7);
  const int n = 200000;
  double sum = 0, squares = 0, least = 1, most = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    if (u * 0x1p53 != std::floor(u * 0x1p53)) FAIL("not a multiple of 2^-53: " << u);
    sum += u;
    squares += u * u;
    least = std::min(least, u);
    most = std::max(most, u);
  }
  CHECK(least >= 0);
  CHECK(most < 1);
  CHECK(least < 20.0 / n);  // missed with probability e^-20
  CHECK(most > 1 - 20.0 / n);
  CHECK(std::abs(sum / n - 0.5) <= 5 * std::sqrt(1. / 12 / n));  // 5 standard deviations
  CHECK(std::abs(squares / n - 1. / 3) <= 5 * std::sqrt(4. / 45 / n));
  for (int i = 0; i < 1000; ++i) {
    const double u = random.uniform(-3, -2);
    CHECK((u >= -3 && u < -2));
  }
}

TEST_CASE("normal numbers have the moments of the distribution", "[core][random]") {
  Random random(8);
  const int n = 200000;
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  int beyond_two = 0;
  for (int i = 0; i < n; ++i) {
    const double z = (random.normal(-1, 3) + 1) / 3;
    m1 += z / n;
    m2 += z * z / n;
    m3 += z * z * z / n;
    m4 += z * z * z * z / n;
    beyond_two += std::abs(z) > 2;
  }
  // 5 standard deviations; Var z = 1, Var z^2 = 2, Var z^3 = 15, Var z^4 = 96
  CHECK(std::abs(m1) <= 5 * std::sqrt(1. / n));
  CHECK(std::abs(m2 - 1) <= 5 * std::sqrt(2. / n));
  CHECK(std::abs(m3) <= 5 * std::sqrt(15. / n));
  CHECK(std::abs(m4 - 3) <= 5 * std::sqrt(96. / n));
  const double p = std::erfc(std::numbers::sqrt2);
  CHECK(std::abs(beyond_two / double(n) - p) <= 5 * std::sqrt(p * (1 - p) / n));
}

TEST_CASE("below is uniform on its range", "[core][random]") {
  Random random(9);
  for (const Index n : {1, 2, 3, 7, 8, 100}) {
    INFO("n = " << n);
    const int per_value = 2000;
    std::vector<int> count(static_cast<std::size_t>(n), 0);
    for (Index i = 0; i < n * per_value; ++i) {
      const Index k = random.below(n);
      REQUIRE((k >= 0 && k < n));
      ++count[static_cast<std::size_t>(k)];
    }
    // Pearson's statistic: mean n - 1, variance 2 (n - 1) (1 - 1 / (n per_value))
    double chi2 = 0;
    for (const int c : count) chi2 += (c - per_value) * double(c - per_value) / per_value;
    CHECK(chi2 <= double(n - 1) + 6 * std::sqrt(2. * double(n - 1)) + (n > 1 ? 10 : 0));
  }
  // A range that is no power of two and too large for a remainder to be nearly uniform: 3 * 2^61 is two
  // thirds full below 2^62.
  const Index n = Index(3) << 61;
  int low = 0;
  for (int i = 0; i < 9000; ++i) {
    const Index k = random.below(n);
    REQUIRE((k >= 0 && k < n));
    low += k < (Index(1) << 61);
  }
  CHECK(std::abs(low - 3000) <= 5 * std::sqrt(9000 * 2. / 9));
  CHECK(error_of([&] { random.below(0); }) == "Random::below: n must be >= 1, got 0");
}

TEST_CASE("shuffle permutes uniformly, and split gives an unrelated generator", "[core][random]") {
  Random random(10);
  std::vector<int> items(50), sorted(50);
  std::iota(items.begin(), items.end(), 0);
  sorted = items;
  random.shuffle(items);
  CHECK(items != sorted);
  CHECK(std::is_permutation(items.begin(), items.end(), sorted.begin()));
  std::array<int, 6> count{};  // of the orders of three items
  for (int i = 0; i < 12000; ++i) {
    std::array<int, 3> three = {0, 1, 2};
    random.shuffle(three);
    ++count[static_cast<std::size_t>(2 * three[0] + (three[1] > three[2]))];
  }
  for (const int c : count) CHECK(std::abs(c - 2000) <= 5 * std::sqrt(12000 * 5. / 36));

  Random parent(11);
  Random child = parent.split();
  Random twin(11);
  CHECK(twin.split()() == child());
  int equal = 0;
  for (int i = 0; i < 1000; ++i) equal += parent() == child();
  CHECK(equal == 0);
}

TEST_CASE("uniform numbers stay below the upper end and refuse an empty interval", "[random]") {
  Random random(3);
  const double next = std::nextafter(1.0, 2.0);
  bool all_below = true;
  for (int i = 0; i < 1000; ++i)
    all_below = all_below && random.uniform(1, next) == 1.0;  // half would round to `next`
  CHECK(all_below);
  CHECK(random.uniform(2, 2) == 2);
  CHECK(contains(error_of([&] { (void)random.uniform(2, 1); }), "expected lo <= hi, got 2 and 1"));
}
