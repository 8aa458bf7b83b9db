// Bounds of pointwise maps against long double: that they hold, and that they are tight.
#include <algorithm>   // std::any_of, std::clamp, std::max, std::min, std::swap
#include <cmath>       // std::abs, std::atan2, std::cos, std::erfc, std::exp, std::expm1, ...
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <iomanip>     // std::setprecision
#include <limits>      // std::numeric_limits
#include <random>      // std::mt19937_64
#include <string>      // std::string
#include <utility>     // std::pair
#include <vector>      // std::vector

#include "basin/certify/map_bounds.hpp"
#include "support/catch.hpp"
#include "support/maps.hpp"

using namespace basin;

namespace {

using L = long double;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double ulp = std::numeric_limits<double>::epsilon();
/// Without 11 more bits than double there is nothing to compare with.
constexpr bool precise = std::numeric_limits<L>::digits >= 64;
constexpr L pi = 3.141592653589793238462643383279502884L;

// ---- the maps in long double ------------------------------------------------------------------------------

struct Kink {
  L x;
  L left, right;
};

/// A map as its definition says, and all that decides the range of phi' over an interval besides its ends.
struct Exact {
  std::function<L(L)> value, slope;
  std::vector<Kink> kinks = {};
  std::vector<double> turns = {};  // where phi' has an extremum, rounded
  /// phi' at its extrema in [a, b]
  std::function<std::vector<L>(L a, L b)> extrema = [](L, L) { return std::vector<L>(); };
  L steepest = 1;        // max |phi'|; 0: unbounded, errors of phi' are relative to phi'
  L kink_ulps = 0;       // next to a kink, the computed slope may be that of the other side
  double reach = 1e300;  // slopes are tight for -reach <= a <= b <= reach and for infinite a and b
};

L sigma(L w) {
  const L e = std::exp(-std::abs(w));
  return (w < 0 ? e : 1) / (1 + e);
}
L sigma_slope(L w) {
  const L e = std::exp(-std::abs(w));
  return e / ((1 + e) * (1 + e));
}

Exact exact(const Identity&) {
  return {.value = [](L z) { return z; }, .slope = [](L) { return L(1); }};
}
/// left z for z < 0 and right z for z > 0
Exact bent(L left, L right) {
  return {.value = [=](L z) { return (z < 0 ? left : right) * z; },
          .slope = [=](L z) { return z < 0 ? left : right; },
          .kinks = {{0, left, right}},
          .steepest = std::max(std::abs(left), std::abs(right))};
}
Exact exact(const Relu&) { return bent(0, 1); }
Exact exact(const LeakyRelu& phi) { return bent(phi.slope, 1); }
Exact exact(const Hardtanh& phi) {
  const L lo = phi.lo, hi = phi.hi;
  std::vector<Kink> kinks;
  if (!std::isinf(lo)) kinks.push_back({lo, 0, 1});
  if (!std::isinf(hi)) kinks.push_back({hi, 1, 0});
  return {.value = [=](L z) { return std::clamp(z, lo, hi); },
          .slope = [=](L z) { return z < lo || z > hi ? L(0) : L(1); },
          .kinks = kinks};
}
Exact exact(const HardSigmoid& phi) {
  const L s = phi.slope, c = phi.offset, lo = -c / s, hi = (1 - c) / s;
  return {.value = [=](L z) { return std::clamp(s * z + c, L(0), L(1)); },
          .slope = [=](L z) { return z < lo || z > hi ? L(0) : s; },
          .kinks = {{lo, 0, s}, {hi, s, 0}},
          .steepest = s,
          .kink_ulps = 64};
}
Exact exact(const HardSwish&) {
  return {.value = [](L z) { return z < -3  ? 0
                                    : z > 3 ? z
                                            : z * (z + 3) / 6; },
          .slope = [](L z) { return z < -3  ? 0
                                    : z > 3 ? 1
                                            : z / 3 + 0.5L; },
          .kinks = {{-3, 0, -0.5L}, {3, 1.5L, 1}},
          .steepest = 1.5L};
}
/// A map whose phi' has one extremum, at 0.
Exact with_turn_at_0(std::function<L(L)> value, std::function<L(L)> slope) {
  Exact r{.value = std::move(value), .slope = slope, .turns = {0}, .steepest = std::abs(slope(0))};
  r.extrema = [slope](L a, L b) { return a <= 0 && b >= 0 ? std::vector<L>{slope(0)} : std::vector<L>(); };
  return r;
}
Exact exact(const Softsign&) {
  return with_turn_at_0([](L z) { return z / (1 + std::abs(z)); },
                        [](L z) { return 1 / ((1 + std::abs(z)) * (1 + std::abs(z))); });
}
Exact exact(const Sigmoid&) { return with_turn_at_0(sigma, sigma_slope); }
Exact exact(const SigmoidNeg&) {
  return with_turn_at_0([](L z) { return sigma(-z); }, [](L z) { return -sigma_slope(z); });
}
Exact exact(const Tanh&) {
  return with_turn_at_0([](L z) { return std::tanh(z); }, [](L z) { return 4 * sigma_slope(2 * z); });
}
Exact exact(const Softplus& phi) {
  const L b = phi.beta;
  return {.value = [b](L z) { return std::max(z, L(0)) + std::log1p(std::exp(-std::abs(b * z))) / b; },
          .slope = [b](L z) { return sigma(b * z); }};
}
Exact exact(const Elu& phi) {
  const L alpha = phi.alpha;
  return {.value = [=](L z) { return z > 0 ? z : alpha * std::expm1(z); },
          .slope = [=](L z) { return z > 0 ? 1 : alpha * std::exp(z); },
          .kinks = {{0, alpha, 1}},
          .steepest = std::max(alpha, L(1))};
}
Exact exact(const Celu& phi) {
  const L alpha = phi.alpha;
  return {.value = [=](L z) { return z > 0 ? z : alpha * std::expm1(z / alpha); },
          .slope = [=](L z) { return z > 0 ? 1 : std::exp(z / alpha); }};
}
Exact exact(const Selu&) {
  const L scale = 1.0507009873554804934193349852946L, alpha = 1.6732632423543772848170429916717L;
  return {.value = [=](L z) { return scale * (z > 0 ? z : alpha * std::expm1(z)); },
          .slope = [=](L z) { return scale * (z > 0 ? 1 : alpha * std::exp(z)); },
          .kinks = {{0, scale * alpha, scale}},
          .steepest = scale * alpha};
}
Exact exact(const ExpNeg&) {
  return {
      .value = [](L z) { return std::exp(-z); }, .slope = [](L z) { return -std::exp(-z); }, .steepest = 0};
}

/// x g(x), where phi' has its extrema at low / beta and high / beta.
Exact gated(L low, L high, std::function<L(L)> value, std::function<L(L)> slope_of_finite, L beta = 1) {
  // beyond 1e4 / beta everything is the limit
  const auto slope = [=](L z) { return slope_of_finite(std::clamp(z, -1e4L / beta, 1e4L / beta)); };
  Exact r{.value = value, .slope = slope, .steepest = slope(high / beta)};
  r.turns = {static_cast<double>(low / beta), static_cast<double>(high / beta)};
  r.extrema = [=](L a, L b) {
    std::vector<L> at;
    for (const L x : {low / beta, high / beta})
      if (a <= x && x <= b) at.push_back(slope(x));
    return at;
  };
  return r;
}
Exact exact(const Gelu&) {
  const L half_root = 0.707106781186547524400844362104849039L,
          density0 = 0.398942280401432677939946059934381868L;
  const auto cdf = [=](L z) { return std::erfc(-half_root * z) / 2; };
  return gated(
      -1.41421356237309504880168872420969808L, 1.41421356237309504880168872420969808L,
      [=](L z) { return z * cdf(z); }, [=](L z) { return cdf(z) + z * density0 * std::exp(-z * z / 2); });
}
Exact exact(const GeluTanh&) {
  const L k = 1.59576912160573071175978423973752747L, c = 0.044715L;
  const auto g = [=](L z) { return k * z * (1 + c * z * z); };
  return gated(
      -1.41850400879082835554803354556L, 1.41850400879082835554803354556L,
      [=](L z) { return z * sigma(g(z)); },
      [=](L z) { return sigma(g(z)) + z * sigma_slope(g(z)) * k * (1 + 3 * c * z * z); });
}
Exact exact(const Silu& phi) {
  const L b = phi.beta;
  return gated(
      -2.39935728051546766783273969728L, 2.39935728051546766783273969728L,
      [=](L z) { return z * sigma(b * z); }, [=](L z) { return sigma(b * z) + b * z * sigma_slope(b * z); },
      b);
}
/// tanh(log(1 + e)) and its derivative by z, e = exp(z)
std::pair<L, L> mish_gate(L z) {
  const L u = std::exp(-std::abs(z));
  const L D = z < 0 ? u * u + 2 * u + 2 : 1 + 2 * u + 2 * u * u;
  return {(z < 0 ? u * u + 2 * u : 1 + 2 * u) / D, 4 * u * (1 + u) * (z < 0 ? 1 : u) / (D * D)};
}
Exact exact(const Mish&) {
  return gated(
      -2.25637639636079312000574854395L, 1.49057117948542845929440891820L,
      [](L z) { return z * mish_gate(z).first; },
      [](L z) { return mish_gate(z).first + z * mish_gate(z).second; });
}

/// The extrema of s cos over [a, a + length]: -+1 at the multiples of pi, from the phase of a, which the C
/// library reduces exactly at any size.
std::vector<L> wave_extrema(L phase, L length) {
  if (!(length < 2 * pi)) return {-1, 1};
  std::vector<L> at;
  for (int k = -2; k <= 4; ++k)
    if (phase <= k * pi && k * pi <= phase + length) at.push_back(k % 2 == 0 ? 1 : -1);
  return at;
}
std::vector<double> multiples(L first, L step) {
  std::vector<double> at;
  for (const int k : {-1000000, -1000, -3, -2, -1, 0, 1, 2, 3, 4, 1000, 1234567})
    at.push_back(static_cast<double>(first + k * step));
  return at;
}
Exact exact(const Sin&) {
  Exact r{.value = [](L z) { return std::sin(z); }, .slope = [](L z) { return std::cos(z); }};
  r.turns = multiples(0, pi);
  r.extrema = [](L a, L b) { return wave_extrema(std::atan2(std::sin(a), std::cos(a)), b - a); };
  return r;
}
Exact exact(const Cosid&) {
  Exact r{.value = [](L z) { return std::cos(z) - z; }, .slope = [](L z) { return -1 - std::sin(z); }};
  r.turns = multiples(pi / 2, pi);
  r.steepest = 2;
  r.extrema = [](L a, L b) {  // sin is cos, pi / 2 later
    std::vector<L> at = wave_extrema(std::atan2(-std::cos(a), std::sin(a)), b - a);
    for (L& s : at) s = -1 - s;
    return at;
  };
  return r;
}
Exact exact(const Ripple&) {
  Exact r{.value = [](L z) { return z + std::sin(10 * z) / 5; },
          .slope = [](L z) { return 1 + 2 * std::cos(10 * z); }};
  r.turns = multiples(0, pi / 10);
  r.reach = 1e6;
  r.steepest = 3;
  r.extrema = [](L a, L b) {
    std::vector<L> at = wave_extrema(std::atan2(std::sin(10 * a), std::cos(10 * a)), 10 * (b - a));
    for (L& c : at) c = 1 + 2 * c;
    return at;
  };
  return r;
}

/// f(phi) for every map, with parameters of several sizes.
template <class F>
void for_each(const F& f) {
  for_each_map(f);
  f(Softplus{.beta = 0.05});
  f(Softplus{.beta = 1e3});
  f(Silu{.beta = 0.1});
  f(Silu{.beta = 1e3});
  f(Elu{.alpha = 40});
  f(LeakyRelu{.slope = 1. / 3});
  f(Celu{.alpha = 1e-3});
  f(Celu{.alpha = 40});
  f(HardSigmoid{.slope = 0.2, .offset = 0.5});
  f(HardSigmoid{.slope = 1.7, .offset = 0.9});
}

template <class Phi>
std::string label(const Phi& phi) {
  std::string name = Phi::name;
  if constexpr (requires { phi.beta; }) name += " beta " + std::to_string(phi.beta);
  if constexpr (std::is_same_v<Phi, Elu>) name += " alpha " + std::to_string(phi.alpha);
  if constexpr (requires { phi.slope; }) name += " slope " + std::to_string(phi.slope);
  if constexpr (requires { phi.lo; }) name += " lo " + std::to_string(phi.lo);
  return name;
}

// ---- points and intervals ---------------------------------------------------------------------------------

/// Numbers of all sizes, and more of those next to where something happens.
class Points {
 public:
  explicit Points(std::vector<double> places) : places_(std::move(places)) { places_.push_back(0); }
  double uniform() { return std::ldexp(static_cast<double>(random_() >> 11), -53); }
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  double sign() { return below(2) == 0 ? -1 : 1; }
  double any() {
    switch (below(8)) {
      case 0:
        return 8 * uniform() - 4;
      case 1:
        return 80 * uniform() - 40;
      case 2:
        return 1600 * uniform() - 800;
      case 3:
        return sign() * std::ldexp(1 + uniform(), below(2098) - 1074);
      case 4:
        return sign() * std::ldexp(1 + uniform(), below(60) - 50);
      case 5:
        return near();
      case 6:
        return near() * (1 + sign() * std::ldexp(uniform(), -below(53)));
      default:
        return special();
    }
  }

 private:
  double place() { return places_[static_cast<std::size_t>(below(static_cast<int>(places_.size())))]; }
  double near() {
    double x = place();
    for (int k = below(4); k > 0; --k) x = std::nextafter(x, sign() * inf);
    return x;
  }
  double special() {
    static constexpr double values[] = {
        smallest, 2 * smallest, 0x1p-1030, 0x1p-1022, 1e-300, 1e-20, 1e-8,  0.5,   1,      5,     10,
        18.5,     20,           26.5,      30,        37.6,   38.5,  40,    88,    372.5,  709.7, 710,
        744.5,    745.2,        750,       1e4,       1e16,   1e154, 1e200, 1e300, largest};
    return sign() * values[below(static_cast<int>(std::size(values)))];
  }

  std::vector<double> places_;
  std::mt19937_64 random_{7};
};

Points points_for(const Exact& e) {
  std::vector<double> places = e.turns;
  for (const Kink& k : e.kinks) places.push_back(static_cast<double>(k.x));
  return Points(places);
}

/// The bounds are at most this many ulps of max(|phi|, |z phi'|, 1).
constexpr double most_ulps = 17;

struct Worst {
  L ratio = 0;   // error / bound
  L excess = 0;  // bound / (ulp of max(|phi|, |z phi'|, 1)), for |z| <= 1e300
};

/// |exact - computed| <= bound; how close that comes, and how large the bound is.
bool holds(L exact, double computed, double bound, L size, bool huge, Worst& worst) {
  const L error = std::abs(exact - computed);
  if (error > 0 && bound > 0) worst.ratio = std::max(worst.ratio, error / bound);
  if (!huge) worst.excess = std::max(worst.excess, bound / (size * ulp));
  return error <= bound;
}

template <class Phi>
void check_errors(const Phi& phi, int count, bool report) {
  using B = MapBounds<Phi>;
  const Exact e = exact(phi);
  Points points = points_for(e);
  Worst value, slope;
  int tried = 0;
  for (int i = 0; i < count; ++i) {
    const double z = points.any(), y = phi(z);
    if (!std::isfinite(z)) continue;
    if (!std::isfinite(y)) {
      REQUIRE(B::value_error(phi, z, y) == inf);
      REQUIRE(B::slope_error(phi, z, y) == inf);
      continue;
    }
    ++tried;
    const L phi_z = e.value(z), slope_z = e.slope(z),
            size = std::max({std::abs(phi_z), std::abs(z * slope_z), L(1)});
    const auto fail = [&](const char* what) {  // words cost more than all else
      FAIL(label(phi) << std::setprecision(20) << " z = " << z << " y = " << y << " phi = " << phi_z
                      << " phi' = " << slope_z << " bounds " << B::value_error(phi, z, y) << ", "
                      << B::slope_error(phi, z, y) << ": " << what);
    };
    const bool huge = std::abs(z) > 1e300;
    if (!holds(phi_z, y, B::value_error(phi, z, y), size, huge, value)) fail("value_error");
    if (std::any_of(e.kinks.begin(), e.kinks.end(),
                    [&](const Kink& k) { return std::abs(k.x - z) <= e.kink_ulps * ulp * std::abs(k.x); }))
      continue;
    const L slope_size = e.steepest > 0 ? std::max(size, e.steepest) : size;
    if (!holds(slope_z, phi.derivative(z, y), B::slope_error(phi, z, y), slope_size, huge, slope))
      fail("slope_error");
  }
  INFO(label(phi) << ": error / bound " << value.ratio << ", " << slope.ratio << "; bound in ulps "
                  << value.excess << ", " << slope.excess);
  if (report)
    WARN(label(phi) << ": error / bound " << value.ratio << ", " << slope.ratio << "; bound in ulps "
                    << value.excess << ", " << slope.excess);
  CHECK(tried > count / 2);
  CHECK(value.excess <= most_ulps);
  CHECK(slope.excess <= most_ulps);
}

/// An interval: two points, or one of a random width at a point, or half a line or more.
std::pair<double, double> any_interval(Points& points) {
  const double x = points.any();
  double y = x;
  switch (points.below(8)) {
    case 0:
      y = points.any();
      break;
    case 1:
      break;
    case 2:
      y = points.below(2) == 0 ? inf : -inf;
      break;
    case 3:
      y = std::nextafter(x, points.sign() * inf);
      break;
    default:
      y = x + points.sign() * std::ldexp(points.uniform(), points.below(60) - 55) *
                  (points.below(2) == 0 ? std::max(1., std::abs(x)) : 1.);
  }
  if (points.below(500) == 0) return {-inf, inf};
  return {std::min(x, y), std::max(x, y)};
}

struct Ends {
  L lo = inf, hi = -inf;
  void add(L v) {
    if (v != v) return;  // cos(inf)
    lo = std::min(lo, v);
    hi = std::max(hi, v);
  }
};

/// The range of phi' over [a, b] from its ends, extrema and kinks.
Ends true_slopes(const Exact& e, double a, double b) {
  Ends r;
  // at a kink only its own two slopes: phi' above is one of them
  r.add(e.slope(a));
  r.add(e.slope(b));
  for (const L v : e.extrema(a, b)) r.add(v);
  for (const Kink& k : e.kinks)
    if (a <= k.x && k.x <= b) {
      r.add(k.left);
      r.add(k.right);
    }
  return r;
}

/// A point of [a, b], which may be infinite.
double point_in(Points& points, double a, double b) {
  const double lo = std::max(a, -largest), hi = std::min(b, largest);
  double z = points.any();
  if (!(z >= lo && z <= hi)) {
    const double t =
        points.below(4) == 0 ? std::ldexp(points.uniform(), -points.below(50)) : points.uniform();
    z = points.below(2) == 0 ? lo * (1 - t) + hi * t : hi * (1 - t) + lo * t;
  }
  return std::clamp(z, lo, hi);
}

/// The slopes hold phi' of `samples` points in each of `count` intervals, and are wider than the true range
/// by at most slope_ulps ulps at each end.
constexpr double slope_ulps = 17;

/// What long double may be off by itself, of max |phi'|.
constexpr L own_error = 16 * std::numeric_limits<L>::epsilon();

struct Slack {
  L worst = 0;
  /// An end lies `excess` outside of the true one: in ulps of `scale`. False if it lies inside.
  bool outside(L excess, L scale, bool tight) {
    if (tight) worst = std::max(worst, excess / (scale * ulp));
    return excess >= -own_error * scale;
  }
};

template <class Phi>
void check_slopes(const Phi& phi, int count, int samples, bool report) {
  const Exact e = exact(phi);
  Points points = points_for(e);
  Slack slack;
  for (int i = 0; i < count; ++i) {
    const auto [a, b] = any_interval(points);
    const Interval s = MapBounds<Phi>::slope(phi, a, b);
    const Ends r = true_slopes(e, a, b);
    const auto fail = [&, a = a, b = b](const char* what, L z) {
      FAIL(label(phi) << std::setprecision(20) << " on [" << a << ", " << b << "]: [" << s.lo << ", " << s.hi
                      << "], exact [" << r.lo << ", " << r.hi << "]"
                      << ": " << what << z);
    };
    // unbounded slopes overflow
    if (e.steepest == 0 && (std::abs(r.lo) > largest / 2)) {
      if (s.lo > r.lo || s.hi < r.hi) fail("overflow at ", r.lo);
    } else {
      const auto within = [&](double z) { return std::abs(z) <= e.reach || std::isinf(z); };
      const bool tight = within(a) && within(b);
      const L scale_lo = e.steepest > 0 ? e.steepest : std::max(std::abs(r.lo), L(0x1p-1000));
      const L scale_hi = e.steepest > 0 ? e.steepest : std::max(std::abs(r.hi), L(0x1p-1000));
      if (!slack.outside(r.lo - s.lo, scale_lo, tight)) fail("too short below ", r.lo);
      if (!slack.outside(s.hi - r.hi, scale_hi, tight)) fail("too short above ", r.hi);
    }
    for (int k = 0; k < samples; ++k) {
      const double z = point_in(points, a, b);
      const L slope = e.slope(z);
      const L own = own_error * (e.steepest > 0 ? e.steepest : std::abs(slope));
      if (!(slope >= s.lo - own && slope <= s.hi + own)) fail("does not hold phi' at ", z);
    }
  }
  INFO(label(phi) << ": at most " << slack.worst << " ulps too wide");
  if (report) WARN(label(phi) << ": at most " << slack.worst << " ulps too wide");
  CHECK(slack.worst <= slope_ulps);
}

template <class Phi>
void check_nesting(const Phi& phi, int count) {
  const Exact e = exact(phi);
  Points points = points_for(e);
  int nested = 0;
  for (int i = 0; i < count; ++i) {
    const auto [a, b] = any_interval(points);
    double c = point_in(points, a, b), d = point_in(points, a, b);
    if (c > d) std::swap(c, d);
    if (std::max(-c, d) > e.reach) continue;
    const Interval outer = MapBounds<Phi>::slope(phi, a, b), inner = MapBounds<Phi>::slope(phi, c, d);
    const double size = e.steepest > 0 ? static_cast<double>(e.steepest) : inner.magnitude();
    const double slack = 2 * slope_ulps * ulp * size;
    if (!(inner.lo >= outer.lo - slack && inner.hi <= outer.hi + slack))
      FAIL(label(phi) << std::setprecision(20) << " on [" << a << ", " << b << "]: " << outer << " and on ["
                      << c << ", " << d << "]: " << inner << ": not nested");
    ++nested;
  }
  INFO(label(phi) << ": " << nested << " pairs of intervals");
  CHECK(nested > count / 10);
}

/// A map of a user, with MapBounds of its own, and two without.
struct Cube {
  static constexpr const char* name = "Cube";
  template <class S>
  S operator()(S x) const {
    return x * x * x;
  }
  template <class S>
  S derivative(S x, S) const {
    return 3 * x * x;
  }
};
struct Unknown : Cube {};
struct Scaled : Cube {
  double scale = 1;
};

}  // namespace

template <>
struct basin::MapBounds<Cube> {
  static Interval slope(const Cube&, double a, double b) { return {0, 3 * std::max(a * a, b * b)}; }
  static double value_error(const Cube&, double, double y) { return std::abs(y) * ulp; }
  static double slope_error(const Cube&, double, double) { return 1; }
};

/// Where long double is no wider than double there is nothing to compare with.
bool no_reference() {
  if (!precise) SUCCEED("long double has the precision of double here");
  return !precise;
}

TEST_CASE("errors: value_error and slope_error hold and are a few ulps", "[certify]") {
  if (no_reference()) return;
  for_each([](const auto& phi) { check_errors(phi, 40000, false); });
}
TEST_CASE("errors of millions of points", "[certify][slow]") {
  if (no_reference()) return;
  for_each([](const auto& phi) { check_errors(phi, 2000000, true); });
}

TEST_CASE("slopes: the exact range of phi' but for rounding", "[certify]") {
  if (no_reference()) return;
  for_each([](const auto& phi) { check_slopes(phi, 15000, 4, false); });
}
TEST_CASE("slopes with many points", "[certify][slow]") {
  if (no_reference()) return;
  for_each([](const auto& phi) {
    check_slopes(phi, 500000, 1, true);
    check_slopes(phi, 400, 4000, false);
  });
}

TEST_CASE("slopes nest", "[certify]") {
  if (no_reference()) return;
  for_each([](const auto& phi) { check_nesting(phi, 10000); });
}

TEST_CASE("slopes at kinks and of simple intervals are exact", "[certify]") {
  const auto slope = [](const auto& phi, double a, double b) {
    return MapBounds<std::decay_t<decltype(phi)>>::slope(phi, a, b);
  };
  CHECK(slope(Identity{}, -inf, inf) == Interval{1, 1});
  CHECK(slope(Relu{}, -1, -smallest) == Interval{0, 0});
  CHECK(slope(Relu{}, smallest, inf) == Interval{1, 1});
  CHECK(slope(Relu{}, 0, 0) == Interval{0, 1});
  CHECK(slope(Relu{}, -0., 1) == Interval{0, 1});
  CHECK(slope(Relu{}, -1, 0) == Interval{0, 1});
  CHECK(slope(LeakyRelu{}, -1, 1) == Interval{0.01, 1});
  CHECK(slope(LeakyRelu{.slope = 3}, -1, 1) == Interval{1, 3});
  CHECK(slope(LeakyRelu{.slope = 3}, -2, -1) == Interval{3, 3});
  CHECK(slope(LeakyRelu{.slope = 3}, 1, 2) == Interval{1, 1});
  CHECK(slope(Hardtanh{}, -1, 1) == Interval{0, 1});
  CHECK(slope(Hardtanh{}, -0.999, 0.999) == Interval{1, 1});
  CHECK(slope(Hardtanh{}, 1, 1) == Interval{0, 1});
  CHECK(slope(Hardtanh{}, std::nextafter(1., 2.), inf) == Interval{0, 0});
  CHECK(slope(Hardtanh{}, -inf, inf) == Interval{0, 1});
  CHECK(slope(Hardtanh{.lo = 0, .hi = inf}, 1, inf) == Interval{1, 1});
  CHECK(slope(Hardtanh{.lo = 0, .hi = inf}, -1, inf) == Interval{0, 1});
  CHECK(slope(LeakyRelu{.slope = -2}, -1, 1) == Interval{-2, 1});
  CHECK(slope(HardSigmoid{.slope = 0.25}, -inf, inf) == Interval{0, 0.25});
  CHECK(slope(HardSigmoid{.slope = 0.25}, -1.999, 1.999) == Interval{0.25, 0.25});
  CHECK(slope(HardSigmoid{.slope = 0.25}, 2, 2) == Interval{0, 0.25});
  CHECK(slope(HardSigmoid{.slope = 0.25}, -2, -2) == Interval{0, 0.25});
  CHECK(slope(HardSigmoid{.slope = 0.25}, std::nextafter(2., 3.), inf) == Interval{0, 0});
  CHECK(slope(HardSigmoid{.slope = 0.25}, -inf, std::nextafter(-2., -3.)) == Interval{0, 0});
  CHECK(slope(HardSwish{}, -inf, inf) == Interval{-0.5, 1.5});
  CHECK(slope(HardSwish{}, -3, -3).contains(Interval{-0.5, 0}));
  CHECK(slope(HardSwish{}, -inf, std::nextafter(-3., -4.)) == Interval{0, 0});
  CHECK(slope(HardSwish{}, std::nextafter(3., 4.), inf) == Interval{1, 1});
  CHECK(slope(HardSwish{}, -1.5, -1.5).contains(Interval{0, 0}));
  CHECK(slope(Celu{.alpha = 2}, -inf, inf) == Interval{0, 1});
  CHECK(slope(Celu{.alpha = 2}, smallest, inf) == Interval{1, 1});
  CHECK(slope(Celu{.alpha = 2}, -2, 0).contains(Interval{std::exp(-1.), 1}));
  CHECK(slope(Elu{.alpha = 2}, -inf, inf) == Interval{0, 2});
  CHECK(slope(Elu{.alpha = 2}, smallest, inf) == Interval{1, 1});
  CHECK(slope(Elu{.alpha = 2}, 0, 0).contains(Interval{1, 2}));
  CHECK(slope(Elu{}, -1, 5).hi == 1);
  CHECK(slope(Tanh{}, -inf, inf) == Interval{0, 1});
  CHECK(slope(Tanh{}, -1, 2).hi == 1);
  CHECK(slope(Sigmoid{}, -inf, inf) == Interval{0, 0.25});
  CHECK(slope(SigmoidNeg{}, -inf, inf) == Interval{-0.25, 0});
  CHECK(slope(Softsign{}, -inf, inf) == Interval{0, 1});
  CHECK(slope(Softplus{}, -inf, inf) == Interval{0, 1});
  CHECK(slope(ExpNeg{}, -inf, inf) == Interval{-inf, 0});
  CHECK(slope(ExpNeg{}, -2000, -1000) == Interval{-inf, slope(ExpNeg{}, -1000, -1000).hi});
  CHECK(slope(ExpNeg{}, -1000, -1000).hi < -largest / 2);
  CHECK(slope(Sin{}, -inf, 0) == Interval{-1, 1});
  CHECK(slope(Sin{}, 0, 0).lo > 1 - 1e-14);
  CHECK(slope(Sin{}, 0, 1).lo > 0.5);
  CHECK(slope(Sin{}, -1, 0).lo > 0.5);
  CHECK(slope(Sin{}, 1e22, 1e22).width() < 1e-14);  // any size
  CHECK(slope(Cosid{}, -inf, inf) == Interval{-2, 0});
  CHECK(slope(Ripple{}, -inf, inf) == Interval{-1, 3});
  CHECK(slope(Ripple{}, -largest, largest) == Interval{-1, 3});
}

TEST_CASE("slopes and errors of what is no number", "[certify]") {
  using Pair = std::pair<double, double>;
  for_each([](const auto& phi) {
    using B = MapBounds<std::decay_t<decltype(phi)>>;
    INFO(label(phi));
    for (const auto& [a, b] :
         {Pair{no_number, 1.}, {1., no_number}, {no_number, no_number}, {1., 0.}, {inf, -inf}})
      CHECK(B::slope(phi, a, b) == Interval::whole());
    for (const auto& [z, y] :
         {Pair{no_number, no_number}, {0., no_number}, {no_number, 0.}, {inf, 1.}, {-inf, 0.}, {0., inf}}) {
      CHECK(B::value_error(phi, z, y) == inf);
      CHECK(B::slope_error(phi, z, y) == inf);
    }
    const Interval all = B::slope(phi, -inf, inf);
    CHECK(all.contains(B::slope(phi, -largest, largest)));
    CHECK(all.contains(B::slope(phi, inf, inf)));
    CHECK(all.contains(B::slope(phi, -inf, -inf)));
  });
}

namespace {

/// phi'' / g' of the gated maps, and of GeluTanh tanh(u) - (1 + 6 c z^2) / (k z (1 + 3 c z^2)^2): the sign
/// changes at an extremum of phi'.
template <class Phi>
void check_extremum(const Phi& phi, const detail::SlopeExtremum& at, const std::function<L(L)>& sign,
                    bool maximum) {
  const Exact e = exact(phi);
  INFO(label(phi) << std::setprecision(20) << " at " << at.x << ": " << at.value);
  const L before = sign(std::nextafter(at.x, -inf)), after = sign(std::nextafter(at.x, inf));
  CHECK((maximum ? before > 0 && after < 0 : before < 0 && after > 0));
  const double beta = 1;
  const L slope = e.slope(static_cast<L>(at.x) / beta);
  CHECK(slope >= at.value.lo);
  CHECK(slope <= at.value.hi);
  CHECK(at.value.width() <= 4 * ulp * at.value.magnitude() + 4 * smallest);
  const Interval all = MapBounds<Phi>::slope(phi, -inf, inf);
  CHECK((maximum ? all.hi == at.value.hi : all.lo == at.value.lo));
}

template <class Phi>
void check_extrema(const std::function<L(L)>& sign) {
  check_extremum(Phi{}, MapBounds<Phi>::low, sign, false);
  check_extremum(Phi{}, MapBounds<Phi>::high, sign, true);
}

}  // namespace

TEST_CASE("the extrema of phi' of gated maps", "[certify]") {
  if (no_reference()) return;
  check_extrema<Gelu>([](L z) { return 2 - z * z; });
  check_extrema<Silu>([](L z) { return 2 - z * std::tanh(z / 2); });
  check_extrema<GeluTanh>([](L z) {
    const L c = 0.044715L, k = 1.59576912160573071175978423973752747L / 2, x = std::abs(z),
            r = 1 + 3 * c * x * x;
    return (1 + 6 * c * x * x) / (k * x * r * r) - std::tanh(k * x * (1 + c * x * x));
  });
  check_extrema<Mish>([](L z) {
    const L e = std::exp(z);
    return 2 + z * (1 + e / (1 + e) - 4 * e * (1 + e) / (e * e + 2 * e + 2));
  });
}

TEST_CASE("parameters in the scalar type of a network", "[certify]") {
  CHECK(in_scalar<float>(LeakyRelu{}).slope == static_cast<double>(0.01F));
  CHECK(in_scalar<double>(LeakyRelu{}).slope == 0.01);
  CHECK(in_scalar<float>(Hardtanh{.lo = -0.1, .hi = 0.3}).lo == static_cast<double>(-0.1F));
  CHECK(in_scalar<float>(Hardtanh{.lo = -0.1, .hi = 0.3}).hi == static_cast<double>(0.3F));
  CHECK(in_scalar<float>(Softplus{.beta = 0.1}).beta == static_cast<double>(0.1F));
  CHECK(in_scalar<float>(Elu{.alpha = 0.1}).alpha == static_cast<double>(0.1F));
  CHECK(in_scalar<float>(Silu{.beta = 0.1}).beta == static_cast<double>(0.1F));
  CHECK(in_scalar<float>(Tanh{})(1.) == Tanh{}(1.));
  CHECK(in_scalar<float>(Cube{})(2.) == 8);
}

TEST_CASE("maps with and without bounds", "[certify]") {
  for_each([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    static_assert(HasMapBounds<Phi>);
    require_map_bounds<Phi>();
    CHECK(in_scalar<double>(phi)(0.75) == phi(0.75));
  });
  static_assert(PointwiseMap<Cube> && HasMapBounds<Cube>);
  static_assert(!HasMapBounds<Unknown>);
  static_assert(!HasMapBounds<Scaled>);
  CHECK(MapBounds<Cube>::slope(Cube{}, -1, 2) == Interval{0, 12});
}

TEST_CASE("intervals round outward", "[certify]") {
  using detail::above, detail::below;
  Points points({1, 2, 0x1p-1022, largest});
  for (int i = 0; i < 100000; ++i) {
    const double x = points.any();
    const double up = std::nextafter(x, inf), down = std::nextafter(x, -inf);
    const bool right = above(x) >= up && below(x) <= down;
    const bool close = above(x) - x <= 4 * (up - x) || std::abs(x) >= largest / 2;
    if (!right || !close) FAIL(std::setprecision(20) << x << ": " << below(x) << " " << above(x));
  }
  CHECK(above(inf) == inf);
  CHECK(below(-inf) == -inf);
  CHECK(below(inf) < inf);
  CHECK(above(-inf) > -inf);
  CHECK(above(0.) == smallest);
  CHECK(above(largest) == inf);

  const Interval a{-1, 3};
  CHECK(a.contains(-1));
  CHECK(a.contains(3));
  CHECK(!a.contains(std::nextafter(3, 4)));
  CHECK(!a.contains(no_number));
  CHECK(a.contains(Interval{0, 3}));
  CHECK(!a.contains(Interval{-2, 0}));
  CHECK(!a.contains(Interval{0, 4}));
  CHECK(a.magnitude() == 3);
  CHECK(Interval{-4, 3}.magnitude() == 4);
  CHECK(a.width() >= 4);
  CHECK(Interval{2, 2}.width() == 0);
  CHECK(-a == Interval{-3, 1});
  CHECK(hull(a, Interval{2, 5}) == Interval{-1, 5});
  CHECK(meet(a, Interval{2, 5}) == Interval{2, 3});
  CHECK((a + Interval{1, 1}).contains(Interval{0, 4}));
  CHECK((a - Interval{0, 1}).contains(Interval{-2, 3}));
  CHECK((-2 * a).contains(Interval{-6, 2}));
  CHECK((2 * a).width() < 8.00001);
  CHECK((-2 * a).width() < 8.00001);
  CHECK(0 * Interval::whole() == Interval::whole());
  CHECK(Interval::whole() + a == Interval::whole());
  CHECK(Interval::around(1, 0.25).contains(Interval{0.75, 1.25}));
  CHECK(Interval::around(no_number, 1) == Interval::whole());
  CHECK(Interval::around(1, no_number) == Interval::whole());
  CHECK(Interval::around(inf, 1) == Interval::whole());
}

TEST_CASE("sums and multiples of intervals hold those of their members", "[certify]") {
  if (no_reference()) return;
  Points points({1, 0x1p-1022});
  int held = 0;
  for (int i = 0; i < 50000; ++i) {
    const double x = points.any(), y = points.any();
    const Interval sum = Interval{x, x} + Interval{y, y}, product = x * Interval{y, y};
    const L s = L(x) + y, p = L(x) * y;
    if (sum.lo <= s && s <= sum.hi && product.lo <= p && p <= product.hi)
      ++held;
    else
      FAIL(std::setprecision(20) << x << ", " << y << ": " << sum << ", " << product);
  }
  CHECK(held == 50000);
}
