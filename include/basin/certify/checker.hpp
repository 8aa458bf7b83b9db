// A second opinion: checks a certificate in its files, from nothing but what stands there.
//
// This is the statement that is proved, and all of the proof that a computer must do. It shares no code with
// the search for certificates (include/basin/certify, layers, core/product): whoever reads this file needs no
// other.
//
// THE STATEMENT. Let f: R^n -> R^n be the network of the files, in real numbers; c the centre;
// T = I + Q diag(t) Q' with t >= 0, so that T >= I; |x - y|_T = |T (x - y)|_2. Then f has exactly one fixed
// point x* with |x* - c|_T <= radius; it has |x* - c|_T <= error, and
//
//     |f(x) - x*|_T <= contraction |x - x*|_T      whenever |x - c|_T <= radius,
//
// so that f(x), f(f(x)), ... ends at x*. The ball |x - c|_2 <= radius_2norm lies inside.
//
// THE PROOF. For two points x and y, f(x) - f(y) = S (x - y), where S is a product and sum like the chain
// rule's, with each slope phi'(z) replaced by the one of the chord from z(y) to z(x). L(r) below is a bound
// of |T S T^-1|_2, the size of S in this norm.
//
//   1. y and x any two points with |. - c|_T <= error: f(x) is in this ball again, and f contracts in it, if
//      L < 1 and |f(c) - c|_T <= (1 - L) error. So x* is there, once (Banach).
//   2. y = x* and |x - x*|_T <= radius + error, which holds if |x - c|_T <= radius: L <= contraction.
//   3. The rest is arithmetic: error <= radius, radius_2norm |T|_2 <= radius, contraction < 1.
//
// THE BOUND. The network's maps are h_j = phi_j(z_j), j = 1, ..., N; all else in it is affine. With D_j the
// slopes at c and D_j + Delta_j those of chords, let B_k = dz_k/dx T^-1, A_kj = dz_k/dh_j, A_j = T df/dh_j,
// all with slopes D. With slopes D + Delta instead, S_k = dz_k/dx T^-1 becomes exactly B_k + sum over j < k
// of A_kj Delta_j S_j, and T S T^-1 is T J T^-1 + sum over j of A_j Delta_j S_j. So if |Delta_j| <= w_j^2
// (diagonal), these bounds hold one by one:
//
//     rho_k,i = |row i of B_k| + sum over j < k of |row i of A_kj w_j| q_j      of |row i of S_k|,
//     delta_k,i >= the change of a slope of neuron i while z_i moves by rho_k,i r;  w_k = sqrt(delta_k),
//     q_k     = |w_k B_k|_2 + sum over j < k of |w_k A_kj w_j|_2 q_j            of |w_k S_k|_2,
//     L(r)    = |T J T^-1|_2 + sum over j of |A_j w_j|_2 q_j                    of |T S T^-1|_2.
//
// ROUNDING. All is computed in long double, to nearest, with bounds of what that does: each Matrix carries
// one. These are generous; where long double is no more than double, they may refuse what is true.
#pragma once
#include <algorithm>    // std::clamp, std::max, std::min
#include <cmath>        // std::exp, std::sqrt, std::tanh, ...
#include <cstdint>      // std::uint64_t
#include <cstring>      // std::memcpy
#include <filesystem>   // std::filesystem::path
#include <functional>   // std::function
#include <limits>       // std::numeric_limits
#include <map>          // std::map
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <utility>      // std::move, std::swap
#include <vector>       // std::vector

#include "basin/io/json.hpp"  // detail::parse_json: no more than a reader of JSON that bounds its depth
#include "basin/io/npz.hpp"   // read_npz: no more than a reader of numbers
#if !__has_include(<nlohmann/json.hpp>)
#error "basin/certify/checker.hpp needs nlohmann-json: install it (Debian: nlohmann-json3-dev)"
#endif
#include <nlohmann/json.hpp>  // nlohmann::json

namespace basin::inline BASIN_ABI {

/// What check_certificate found: whether the statement above is proved, or which part of it fails; what is
/// claimed; and what the checker computed itself, all upper bounds.
struct CheckResult {
  bool valid = false;    // whether the statement is proved
  std::string reason;    // which part fails; empty where none does
  std::size_t size = 0;  // dimensions of x
  double radius = 0, radius_2norm = 0, contraction = 0, residual = 0, error = 0;  // claimed
  long double found_contraction = 0;                                              // L in step 2
  long double found_pairs = 0;                                                    // L in step 1
  long double found_residual = 0;                                                 // |f(c) - c|_T
  long double found_norm = 0;                                                     // |T|_2
};

namespace detail::checker {

// ---- numbers ----------------------------------------------------------------------------------------------

using Real = long double;
using Vector = std::vector<Real>;
using std::size_t;
static_assert(std::numeric_limits<Real>::is_iec559,
              "a long double must be a binary number that rounds to nearest");

inline constexpr Real eps = std::numeric_limits<Real>::epsilon();  // twice the rounding error of an operation
inline constexpr Real tiny = std::numeric_limits<Real>::min();     // more than what underflow can do to one
inline constexpr Real infinite = std::numeric_limits<Real>::infinity();

/// At least the exact value of an expression of numbers >= 0 and up to six operations, given its computed
/// value.
inline Real up(Real v) { return v * (1 + 4 * eps) + 8 * tiny; }
inline Real count(size_t n) { return static_cast<Real>(n); }

inline Real dot(const Real* a, const Real* b, size_t n) {
  Real s = 0;
  for (size_t i = 0; i < n; ++i) s += a[i] * b[i];
  return s;
}
/// |v|_2 at most: a sum of n rounded squares is wrong by less than a factor 1 + n eps.
inline Real length(const Real* v, size_t n) {
  return up(std::sqrt(up(dot(v, v, n) * (1 + (count(n) + 1) * eps) + count(n) * tiny)));
}
inline Real length(const Vector& v) { return length(v.data(), v.size()); }
inline Real largest(const Vector& v) {
  Real most = 0;
  for (const Real x : v)
    if (!(std::abs(x) <= most)) most = x == x ? std::abs(x) : infinite;
  return most;
}

// ---- matrices ---------------------------------------------------------------------------------------------

/// An exact matrix of which these numbers are known: |exact - a|_F <= error. Rows one behind the other.
struct Matrix {
  size_t rows = 0, cols = 0;
  Vector a;
  Real error = 0;

  Matrix() = default;
  Matrix(size_t r, size_t c) : rows(r), cols(c), a(r * c) {}
  Real* row(size_t i) { return a.data() + i * cols; }
  const Real* row(size_t i) const { return a.data() + i * cols; }
  Real norm() const { return up(length(a) + error); }  // |.|_F at most
};

inline Matrix identity(size_t n) {
  Matrix I(n, n);
  for (size_t i = 0; i < n; ++i) I.row(i)[i] = 1;
  return I;
}
inline Matrix transposed(const Matrix& A) {
  Matrix B(A.cols, A.rows);
  for (size_t i = 0; i < A.rows; ++i)
    for (size_t j = 0; j < A.cols; ++j) B.row(j)[i] = A.row(i)[j];
  B.error = A.error;
  return B;
}
/// A B'. Each entry is a sum of n products, wrong by less than n eps times the sum of their sizes.
inline Matrix product_transposed(const Matrix& A, const Matrix& B) {
  Matrix P(A.rows, B.rows);
  for (size_t i = 0; i < A.rows; ++i)
    for (size_t j = 0; j < B.rows; ++j) P.row(i)[j] = dot(A.row(i), B.row(j), A.cols);
  const Real x = length(A.a), y = length(B.a), n = count(A.cols);
  P.error = up(up(n * eps * x * y) + up(x * B.error) + up(A.error * y) + up(A.error * B.error) +
               up(n * count(P.a.size()) * tiny));
  return P;
}
inline Matrix product(const Matrix& A, const Matrix& B) { return product_transposed(A, transposed(B)); }
inline Matrix sum(Matrix A, const Matrix& B, Real sign = 1) {
  for (size_t i = 0; i < A.a.size(); ++i) A.a[i] += sign * B.a[i];
  A.error = up(A.error + B.error + eps * length(A.a));
  return A;
}
/// diag(v) A and A diag(v), v exact.
inline Matrix scaled_rows(const Vector& v, Matrix A) {
  for (size_t i = 0; i < A.rows; ++i)
    for (size_t j = 0; j < A.cols; ++j) A.row(i)[j] *= v[i];
  A.error = up(up(largest(v) * A.error) + up(eps * length(A.a)) + up(count(A.a.size()) * tiny));
  return A;
}
inline Matrix scaled_cols(const Matrix& A, const Vector& v) {
  return transposed(scaled_rows(v, transposed(A)));
}

/// Cholesky's L of G + shift I (of -G with `negative`), or no rows if it does not run to its end. If it does,
/// L L' is that matrix but for an error of at most n (n + 4) eps times its largest diagonal entry (Higham,
/// "Accuracy and Stability of Numerical Algorithms", Theorem 10.3, and |L|_F^2 is the trace) and of what
/// underflows.
inline Matrix cholesky(const Matrix& G, Real shift, bool negative) {
  Matrix L(G.rows, G.rows);
  for (size_t i = 0; i < G.rows; ++i)
    for (size_t j = 0; j <= i; ++j) {
      Real h = negative ? -G.row(i)[j] : G.row(i)[j];
      if (i == j) h += shift;
      const Real s = h - dot(L.row(i), L.row(j), j);
      if (i == j && !(s > 0 && s < infinite)) return Matrix();
      L.row(i)[j] = i == j ? std::sqrt(s) : s / L.row(j)[j];
    }
  return L;
}
inline Real cholesky_error(size_t n, Real diagonal) {
  return up(up(count(n) * (count(n) + 4) * eps * diagonal) +
            up(count(n) * count(n) * count(n) * (1 + diagonal) * tiny));
}

/// |A|_2 at most: the root of a mu for which mu I - A A' has a Cholesky factor, and so no negative eigenvalue
/// but for rounding. Any mu that passes is proved; where to look for it says a power iteration.
inline Real norm2(const Matrix& A) {
  if (largest(A.a) == 0) return A.error;
  const Real whole = length(A.a);
  if (!(whole > 0 && whole * whole < infinite)) return up(whole + A.error);
  Matrix B = A.rows <= A.cols ? A : transposed(A);
  B.error = 0;
  const Matrix G = product_transposed(B, B);
  Vector v(G.rows, 1), y(G.rows);
  Real guess = 0;
  for (int step = 0; step < 60; ++step) {
    for (size_t i = 0; i < G.rows; ++i) y[i] = dot(G.row(i), v.data(), G.rows);
    const Real size = length(y);
    if (!(size > 0)) break;
    guess = size / length(v);
    for (size_t i = 0; i < G.rows; ++i) v[i] = y[i] / size;
  }
  const Real most = whole * whole;
  const auto passes = [&](Real mu) { return cholesky(G, mu, true).rows > 0; };
  Real low = std::min(guess, most), good = low * (1 + 1e-10L);
  for (Real beyond = 4e-10L; !passes(good); beyond *= 4) {
    if (good > most) return up(whole + A.error);
    low = good, good = guess * (1 + beyond) + most * beyond * 1e-6L;
  }
  while (good - low > 1e-10L * good) {
    const Real mu = low + (good - low) / 2;
    (passes(mu) ? good : low) = mu;
  }
  const Real bound = up(std::sqrt(up(good + G.error + cholesky_error(G.rows, good))));
  return up(std::min(bound, whole) + A.error);
}

/// R, as small as A has columns, with |R x| >= |A x| for all x: Cholesky's factor of A'A, raised by what
/// rounding may have taken.
inline Matrix dominating(const Matrix& A) {
  const Matrix B = transposed(A), G = product_transposed(B, B);
  Real diagonal = 0;
  for (size_t i = 0; i < G.rows; ++i) diagonal = std::max(diagonal, G.row(i)[i]);
  for (int attempt = 1; attempt < 60; attempt += 3) {
    const Real shift = std::ldexp(up(cholesky_error(G.rows, diagonal) + G.error), attempt);
    const Matrix L = cholesky(G, shift, false);
    if (L.rows > 0 &&
        up(up(cholesky_error(G.rows, up(diagonal + shift)) + G.error) + eps * up(diagonal + shift)) <= shift)
      return transposed(L);
  }
  Matrix R = identity(G.rows);
  for (Real& x : R.a) x *= up(length(A.a) + A.error);
  return R;
}

// ---- maps -------------------------------------------------------------------------------------------------

/// phi, and what it takes to know the range of phi' over an interval: between kinks and turning points of
/// phi' it is monotone. Turning points are where phi'' changes its sign; in a periodic phi', `first` and then
/// every half period.
struct Map {
  std::function<Real(Real)> value, slope;
  struct Kink {
    Real at, left, right;
  };
  std::vector<Kink> kinks = {};
  Real kink_error = 0;  // of their places
  Vector turns = {};
  Real half_period = 0, first = 0, lowest = 0, highest = 0;
  /// The errors of phi and phi' are at most `parts` eps (1 + |z| + |value|). 0: phi' is exact and phi one
  /// product or none.
  Real parts = 0;
};

/// The zero of a function that changes its sign between a and b.
template <class F>
Real zero(const F& f, Real a, Real b) {
  const bool left = f(a) > 0;
  for (int i = 0; i < 200; ++i) {
    const Real mid = a + (b - a) / 2;
    (f(mid) > 0 ? left : !left) ? a = mid : b = mid;
  }
  return a;
}

/// The maps by their names. Errors: functions of the C library are wrong by a few units of the last place,
/// and each formula below is a few operations that do not cancel; 64 eps is far more.
inline bool find_map(const std::string& name, const Vector& p, Map& m) {
  const auto sigma = [](Real z) { return 1 / (1 + std::exp(-z)); };
  const auto smooth = [&](auto value, auto slope, const Vector& turns = {}) {
    m = {.value = value, .slope = slope, .turns = turns, .parts = 64};
  };
  const auto linear = [&](auto value, auto slope, const std::vector<Map::Kink>& kinks) {
    m = {.value = value, .slope = slope, .kinks = kinks};
  };
  const auto wave = [&](auto value, auto slope, Real half_period, Real first, Real lowest, Real highest) {
    smooth(value, slope);
    m.half_period = half_period, m.first = first, m.lowest = lowest, m.highest = highest;
  };
  const Real pi = std::acos(Real(-1));
  const size_t given = p.size();
  if (name == "Relu" && given == 0) {
    linear([](Real z) { return z > 0 ? z : 0; }, [](Real z) { return Real(z > 0); }, {{0, 0, 1}});
  } else if (name == "LeakyRelu" && given == 1) {
    linear([s = p[0]](Real z) { return z > 0 ? z : s * z; }, [s = p[0]](Real z) { return z > 0 ? 1 : s; },
           {{0, p[0], 1}});
  } else if (name == "Hardtanh" && given == 2 && p[0] < p[1]) {
    linear([a = p[0], b = p[1]](Real z) { return std::clamp(z, a, b); },
           [a = p[0], b = p[1]](Real z) { return Real(a < z && z < b); }, {{p[0], 0, 1}, {p[1], 1, 0}});
  } else if (name == "HardSigmoid" && given == 2 && p[0] > 0) {
    const auto line = [s = p[0], c = p[1]](Real z) { return s * z + c; };
    smooth([=](Real z) { return std::clamp<Real>(line(z), 0, 1); },
           [=, s = p[0]](Real z) { return line(z) > 0 && line(z) < 1 ? s : 0; });
    m.kinks = {{-p[1] / p[0], 0, p[0]}, {(1 - p[1]) / p[0], p[0], 0}};
    m.kink_error = 64 * eps * (1 + std::abs(p[1])) / p[0];
    m.parts = 64 * (1 + std::abs(p[1]));
  } else if (name == "HardSwish" && given == 0) {
    smooth([](Real z) { return z * (std::clamp<Real>(z + 3, 0, 6) / 6); },
           [](Real z) { return z < -3  ? 0
                               : z > 3 ? 1
                                       : z / 3 + 0.5L; });
    m.kinks = {{-3, 0, -0.5L}, {3, 1.5L, 1}};
  } else if (name == "Softsign" && given == 0) {
    smooth([](Real z) { return z / (1 + std::abs(z)); },
           [](Real z) { return 1 / ((1 + std::abs(z)) * (1 + std::abs(z))); }, {0});
  } else if (name == "Sigmoid" && given == 0) {
    smooth(sigma, [=](Real z) { return sigma(z) * sigma(-z); }, {0});
  } else if (name == "SigmoidNeg" && given == 0) {
    smooth([=](Real z) { return sigma(-z); }, [=](Real z) { return -sigma(z) * sigma(-z); }, {0});
  } else if (name == "Tanh" && given == 0) {
    smooth([](Real z) { return std::tanh(z); }, [=](Real z) { return 4 * sigma(2 * z) * sigma(-2 * z); },
           {0});
  } else if (name == "Softplus" && given == 1 && p[0] > 0) {
    smooth([b = p[0]](Real z) { return std::max(z, Real(0)) + std::log1p(std::exp(-std::abs(b * z))) / b; },
           [=, b = p[0]](Real z) { return sigma(b * z); });
  } else if (name == "Elu" && given == 1 && p[0] > 0) {
    smooth([c = p[0]](Real z) { return z > 0 ? z : c * std::expm1(z); },
           [c = p[0]](Real z) { return z > 0 ? 1 : c * std::exp(z); });
    m.kinks = {{0, p[0], 1}};
  } else if (name == "Celu" && given == 1 && p[0] > 0) {
    smooth([c = p[0]](Real z) { return z > 0 ? z : c * std::expm1(z / c); },
           [c = p[0]](Real z) { return z > 0 ? 1 : std::exp(z / c); });
  } else if (name == "Selu" && given == 0) {
    constexpr Real c = 1.6732632423543772848170429916717L, s = 1.0507009873554804934193349852946L;
    smooth([](Real z) { return z > 0 ? s * z : s * c * std::expm1(z); },
           [](Real z) { return z > 0 ? s : s * c * std::exp(z); });
    m.kinks = {{0, s * c, s}};
  } else if (name == "ExpNeg" && given == 0) {
    smooth([](Real z) { return std::exp(-z); }, [](Real z) { return -std::exp(-z); });
  } else if (name == "Gelu" && given == 0) {  // phi'' = (2 - z^2) exp(-z^2 / 2) / sqrt(2 pi)
    const auto cdf = [r = std::sqrt(Real(0.5))](Real z) { return std::erfc(-r * z) / 2; };
    smooth([=](Real z) { return z * cdf(z); },
           [=, d = 1 / std::sqrt(2 * pi)](Real z) { return cdf(z) + z * d * std::exp(-z * z / 2); },
           {-std::sqrt(Real(2)), std::sqrt(Real(2))});
  } else if (name == "GeluTanh" && given == 0) {
    // z sigma(g), g = 2 k (z + c z^3); its slope is constant to within eps beyond 30
    const Real k = std::sqrt(2 / pi), c = 0.044715L;
    const auto g = [=](Real z) { return 2 * k * z * (1 + c * z * z); };
    const auto turning = [=](Real z) {  // of the sign of phi''
      const Real h = 1 + 3 * c * z * z;
      return 1 + 6 * c * z * z - k * z * h * h * std::tanh(g(z) / 2);
    };
    const Real turn = zero(turning, 1, 2);
    smooth([=](Real z) { return z * sigma(g(std::clamp<Real>(z, -30, 30))); },
           [=](Real x) {
             const Real z = std::clamp<Real>(x, -30, 30), s = sigma(g(z));
             return s + z * 2 * k * (1 + 3 * c * z * z) * s * sigma(-g(z));
           },
           {-turn, turn});
  } else if (name == "Silu" && given == 1 && p[0] > 0) {
    // phi'' has the sign of 2 - w tanh(w / 2), w = b z
    const Real turn = zero([](Real w) { return 2 - w * std::tanh(w / 2); }, 1, 4) / p[0];
    smooth([=, b = p[0]](Real z) { return z * sigma(b * z); },
           [=, b = p[0]](Real z) {
             const Real w = std::clamp<Real>(b * z, -11000, 11000);  // constant to within eps beyond
             return sigma(w) + w * sigma(w) * sigma(-w);
           },
           {-turn, turn});
  } else if (name == "Mish" && given == 0) {
    // z g(z), g = tanh(log(1 + e)), e = exp(z); phi'' = g' (2 + z g'' / g')
    const auto gate = [](Real z) {  // with e divided out for z > 0
      const Real u = std::exp(-std::abs(z));
      return z < 0 ? u * (u + 2) / (u * (u + 2) + 2) : (1 + 2 * u) / (1 + 2 * u + 2 * u * u);
    };
    const auto gate_slope = [](Real z) {
      const Real u = std::exp(-std::abs(z)), d = z < 0 ? u * (u + 2) + 2 : 1 + 2 * u + 2 * u * u;
      return 4 * u * (1 + u) * (z < 0 ? 1 : u) / (d * d);
    };
    const auto turning = [](Real z) {
      const Real e = std::exp(z);
      return 2 + z * (1 + e / (1 + e) - 4 * e * (1 + e) / (e * (e + 2) + 2));
    };
    smooth([=](Real z) { return z * gate(z); }, [=](Real z) { return gate(z) + z * gate_slope(z); },
           {zero(turning, -4, -1), zero(turning, 0.5L, 4)});
  } else if (name == "Sin" && given == 0) {
    wave([](Real z) { return std::sin(z); }, [](Real z) { return std::cos(z); }, pi, 0, -1, 1);
  } else if (name == "Cosid" && given == 0) {
    wave([](Real z) { return std::cos(z) - z; }, [](Real z) { return -std::sin(z) - 1; }, pi, pi / 2, -2, 0);
  } else if (name == "Ripple" && given == 0) {
    wave([](Real z) { return z + std::sin(10 * z) / 5; }, [](Real z) { return 1 + 2 * std::cos(10 * z); },
         pi / 10, 0, -1, 3);
  } else {
    return false;
  }
  return true;
}

inline Real map_error(const Map& m, Real z, Real v) {
  return m.parts > 0 ? up(m.parts * eps * (1 + std::abs(z) + std::abs(v))) : 0;
}
/// |phi(z) - y| at most for the computed y.
inline Real value_error(const Map& m, Real z, Real y) {
  return m.parts > 0 ? map_error(m, z, y) : up(eps * std::abs(y));
}

/// |phi'(t) - s| at most over all t with |t - z| <= reach, reach >= 0; kinks count with both sides.
inline Real slope_change(const Map& m, Real z, Real reach, Real s) {
  if (!(std::abs(z) + reach < infinite)) return infinite;
  const Real beside = up(2 * eps * (std::abs(z) + reach)), a = z - reach - beside, b = z + reach + beside;
  const Real about = 64 * eps * (1 + std::abs(a) + std::abs(b));  // how well turning points are known
  Real most = 0, error = 0;
  const auto meets = [&](Real slope) {
    most = std::abs(slope - s) < infinite ? std::max(most, std::abs(slope - s)) : infinite;
    error = std::max(error, std::max(map_error(m, a, slope), map_error(m, b, slope)));
  };
  meets(m.slope(a));
  meets(m.slope(b));
  for (const Map::Kink& k : m.kinks)
    if (a - m.kink_error <= k.at && k.at <= b + m.kink_error) meets(k.left), meets(k.right);
  for (const Real t : m.turns)
    if (a - about <= t && t <= b + about) meets(m.slope(t));
  if (m.half_period > 0) {
    if (b - a >= 2 * m.half_period || std::abs(a) + std::abs(b) > 1e6L) {
      meets(m.lowest), meets(m.highest);
    } else {
      const Real k = std::floor((a - m.first) / m.half_period);
      for (int i = -1; i < 5; ++i)  // [a, b] holds at most three of these
        if (const Real t = m.first + (k + i) * m.half_period; a - about <= t && t <= b + about)
          meets(m.slope(t));
    }
  }
  return most > 0 || error > 0 ? up(most + error) : 0;
}

// ---- the files --------------------------------------------------------------------------------------------

struct Step {
  std::string kind;  // input, affine, map, sum
  size_t size = 0, a = 0, b = 0;
  Matrix weight;
  Vector bias;
  std::string name;
  Vector parameters;
  Map map;
};
struct Files {
  std::vector<Step> steps;
  size_t output = 0;
  Vector centre, t;
  Matrix Q;
  std::string fingerprint;
};

/// The files as they are; throws FileError if they make no sense. What they claim goes into `result`.
inline Files read_files(std::filesystem::path stem, CheckResult& result) {
  if (stem.extension() == ".json" || stem.extension() == ".npz") stem.replace_extension();
  const std::string json_name = stem.string() + ".json", npz_name = stem.string() + ".npz";
  const auto need = [](bool ok, const std::string& file, const auto&... parts) {
    if (!ok) file_error(file, parts...);
  };
  const Bytes bytes = read_plain_bytes(json_name);
  std::map<std::string, NdArray<double>> arrays;
  for (auto& [name, array] : read_npz<double>(npz_name)) arrays[name] = array;
  const auto numbers = [&](const std::string& name, const std::vector<size_t>& shape) {
    need(arrays.count(name) == 1, npz_name, name, " is missing");
    const NdArray<double>& a = arrays[name];
    const bool fits = std::equal(shape.begin(), shape.end(), a.shape.begin(), a.shape.end(),
                                 [](size_t x, Index y) { return x == static_cast<size_t>(y); });
    need(fits, npz_name, name, " has another shape than it should: ", shape_text(a.shape));
    need(a.values.allFinite(), npz_name, name, " has numbers that are not finite");
    return Vector(a.values.begin(), a.values.end());
  };
  const auto matrix = [&](const std::string& name, size_t rows, size_t cols) {
    Matrix A;
    A.a = numbers(name, {rows, cols}), A.rows = rows, A.cols = cols;
    return A;
  };
  Files f;
  try {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    constexpr int levels = 4;  // the list of a map's parameters lies in a step in a list in the object
    const auto json = parse_json(text, 0, levels, "file", json_name);
    const auto whole = [&](const nlohmann::json& object, const char* name) {
      need(object.at(name).is_number_unsigned(), json_name, name, " must be a whole number >= 0");
      return object.at(name).template get<size_t>();
    };
    const auto number = [&](const char* name) { return json.at("claim").at(name).template get<double>(); };
    need(json.at("format") == "basin certificate" && json.at("version") == 1, json_name,
         "unknown format or version");
    result.size = whole(json, "size");
    result.radius = number("radius"), result.radius_2norm = number("radius_2norm");
    result.contraction = number("contraction"), result.residual = number("residual"),
    result.error = number("error");
    for (const auto& j : json.at("steps")) {
      const size_t k = f.steps.size();
      const std::string digits = std::to_string(k), where = "steps[" + digits + "]: ";
      Step s;
      s.kind = j.at("kind").get<std::string>(), s.size = whole(j, "size");
      need((s.kind == "input") == (k == 0), json_name, where, "there is one input, the first");
      if (k > 0) {
        s.a = whole(j, "a"), s.b = whole(j, "b");
        need(s.a < k && s.b < k, json_name, where, "a and b must be steps before");
        const size_t in = f.steps[s.a].size;
        if (s.kind == "affine") {
          s.weight = matrix("weight_" + digits, s.size, in), s.bias = numbers("bias_" + digits, {s.size});
        } else if (s.kind == "map") {
          s.name = j.at("name").get<std::string>();
          for (const auto& p : j.at("parameters"))
            s.parameters.push_back(p == "inf" ? infinite : p == "-inf" ? -infinite : p.get<double>());
          need(find_map(s.name, s.parameters, s.map), json_name, where, "no map ", printable(s.name),
               " with these parameters");
        } else {
          need(s.kind == "sum" && f.steps[s.b].size == in, json_name, where, printable(s.kind),
               " is no step, or sizes differ");
        }
        need(s.kind == "affine" || s.size == in, json_name, where, "size is not that of step a");
      }
      f.steps.push_back(std::move(s));
    }
    f.output = whole(json, "output"), f.fingerprint = json.at("fingerprint").get<std::string>();
    const bool to_itself = f.output < f.steps.size() && f.steps[0].size == f.steps[f.output].size;
    need(to_itself && f.steps[0].size == result.size, json_name, "the network does not map R^size to itself");
  } catch (const nlohmann::json::exception& e) {
    file_error(json_name, printable(e.what()));
  }
  const size_t k = arrays.count("metric_t") == 1 ? static_cast<size_t>(arrays["metric_t"].values.size()) : 0;
  f.centre = numbers("centre", {result.size}), f.t = numbers("metric_t", {k});
  f.Q = matrix("metric_Q", result.size, k);
  return f;
}

/// FNV-1a over kind, size, a, b, weight (column by column), bias, name and parameters of each step, and the
/// output.
inline std::string fingerprint(const Files& f) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto whole = [&](std::uint64_t v) {
    for (int byte = 0; byte < 8; ++byte, v >>= 8) hash = (hash ^ (v & 255)) * 0x100000001b3;
  };
  const auto number = [&](Real v) {
    const auto in_double = static_cast<double>(v);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &in_double, sizeof bits);
    whole(bits);
  };
  for (const Step& s : f.steps) {
    whole(s.kind == "input" ? 0 : s.kind == "affine" ? 1 : s.kind == "map" ? 2 : 3);
    whole(s.size), whole(s.a), whole(s.b);
    for (const Real w : transposed(s.weight).a) number(w);
    for (const Real b : s.bias) number(b);
    for (const char c : s.name) whole(static_cast<unsigned char>(c));
    for (const Real p : s.parameters) number(p);
  }
  whole(f.output);
  std::string digits(16, '0');
  for (size_t i = 16; i-- > 0; hash >>= 4) digits[i] = "0123456789abcdef"[hash & 15];
  return digits;
}

// ---- the proof --------------------------------------------------------------------------------------------

/// The network at its centre, and L(r).
class Proof {
 public:
  explicit Proof(const Files& f) : f_(f), Qt_(transposed(f.Q)) {
    for (const Real t : f.t) shrink_.push_back(t / (1 + t));
    pass();
    derivatives();
    rounding();
  }

  Real centre_norm = 0;  // |T J T^-1|_2, J with the slopes D
  Real residual = 0;     // |T (f(c) - c)|

  /// |T|_2 <= 1 + max t |Q'Q|_2, and Q'Q is next to I.
  Real metric_norm() const {
    return up(
        1 + up(largest(f_.t) * up(1 + sum(product_transposed(Qt_, Qt_), identity(f_.t.size()), -1).norm())));
  }

  /// L(r) for chords between any two points of the ball of radius r around c (from_centre false); or for
  /// those from the ball's centre to a point, the centre being any point up to `uncertain` from c.
  Real bound(Real r, Real uncertain, bool from_centre) const {
    std::vector<Vector> w(maps_.size());
    Vector q(maps_.size());
    Real total = centre_norm;
    for (size_t k = 0; k < maps_.size(); ++k) {
      const Neurons& m = maps_[k];
      std::vector<Matrix> Aw;
      for (size_t j = 0; j < k; ++j) Aw.push_back(m.A[j].rows > 0 ? scaled_cols(m.A[j], w[j]) : Matrix());
      for (size_t i = 0; i < m.z.size(); ++i) {
        Real rho = up(length(m.B.row(i), m.B.cols) + m.B.error);
        for (size_t j = 0; j < k; ++j)
          if (Aw[j].rows > 0) rho = up(rho + up(up(length(Aw[j].row(i), Aw[j].cols) + Aw[j].error) * q[j]));
        const Real delta =
            chord_change(m, i, up(rho * r), up(up(rho * uncertain) + m.spread[i]), from_centre);
        w[k].push_back(delta > 0 ? up(std::sqrt(delta)) : delta);
      }
      q[k] = norm2(scaled_rows(w[k], m.B));
      for (size_t j = 0; j < k; ++j)
        if (Aw[j].rows > 0) q[k] = up(q[k] + up(norm2(scaled_rows(w[k], Aw[j])) * q[j]));
      if (m.out.rows > 0) total = up(total + up(norm2(scaled_cols(m.out, w[k])) * q[k]));
    }
    return total;
  }

 private:
  struct Neurons {  // of one map
    size_t step;
    Vector z, slope, spread;  // as computed; D; |z - z(c)| at most
    Matrix B, out;            // B_k and A_k
    std::vector<Matrix> A;    // A_kj
  };

  /// The change of the slope of a chord that goes at most `way` from a point at most `about` from z, compared
  /// with D. A chord's slope is the mean of phi' over its way, so that from the ball's centre it changes by
  /// at most the mean, over 0 <= s <= way, of the largest change up to s: here an upper sum. 0 if phi' is
  /// constant all the way.
  Real chord_change(const Neurons& m, size_t i, Real way, Real about, bool from_centre) const {
    constexpr int parts = 32;
    const Map& phi = f_.steps[m.step].map;
    Real change = slope_change(phi, m.z[i], up(about + way), m.slope[i]);
    if (!from_centre || change == 0) return change;
    for (int part = 1; part < parts; ++part)
      change = up(change + slope_change(phi, m.z[i], up(about + up(way * part / parts)), m.slope[i]));
    return up(change / parts);
  }

  Matrix times_metric(const Matrix& A) const {
    return sum(A, product(f_.Q, scaled_rows(f_.t, product(Qt_, A))));
  }
  /// A T^-1 = X - (X T - A) T^-1, whatever X is, and |T^-1| <= 1: a good X has a small X T - A.
  Matrix divided_by_metric(const Matrix& A) const {
    const auto beside = [&](const Matrix& X, const Vector& t) {  // X Q diag(t) Q'
      return product_transposed(scaled_cols(product_transposed(X, Qt_), t), f_.Q);
    };
    Matrix X = sum(A, beside(A, shrink_), -1);
    for (int round = 0;; ++round) {
      X.error = 0;
      const Matrix R = sum(sum(X, beside(X, f_.t)), A, -1);
      X.error = R.norm();
      if (round == 2) return X;
      X = sum(X, sum(R, beside(R, shrink_), -1), -1);
    }
  }

  /// f at c, step by step, and what each step alone rounds.
  void pass() {
    values_ = own_ = slopes_ = std::vector<Vector>(f_.steps.size());
    values_[0] = f_.centre;
    own_[0] = Vector(f_.centre.size());
    for (size_t k = 1; k < f_.steps.size(); ++k) {
      const Step& s = f_.steps[k];
      const Vector& a = values_[s.a];
      for (size_t i = 0; i < s.size; ++i) {
        if (s.kind == "affine") {
          Real size = std::abs(s.bias[i]);
          for (size_t j = 0; j < a.size(); ++j) size += std::abs(s.weight.row(i)[j] * a[j]);
          values_[k].push_back(dot(s.weight.row(i), a.data(), a.size()) + s.bias[i]);
          own_[k].push_back(up((count(a.size()) + 2) * (eps * size + tiny)));
        } else if (s.kind == "sum") {
          values_[k].push_back(a[i] + values_[s.b][i]);
          own_[k].push_back(up(eps * std::abs(values_[k][i])));
        } else {
          values_[k].push_back(s.map.value(a[i]));
          slopes_[k].push_back(s.map.slope(a[i]));
          own_[k].push_back(value_error(s.map, a[i], values_[k][i]));
        }
      }
    }
  }

  /// dv_k/dv_from X for all k, by the chain rule with the slopes D; no rows where v_k does not depend on
  /// v_from.
  std::vector<Matrix> chain_rule(size_t from, Matrix X) const {
    std::vector<Matrix> d(f_.steps.size());
    d[from] = std::move(X);
    for (size_t k = from + 1; k < f_.steps.size(); ++k) {
      const Step& s = f_.steps[k];
      const Matrix &a = d[s.a], &b = d[s.b];
      if (s.kind == "sum")
        d[k] = a.rows == 0 ? b : b.rows == 0 ? a : sum(a, b);
      else if (a.rows > 0)
        d[k] = s.kind == "affine" ? product(s.weight, a) : scaled_rows(slopes_[k], a);
    }
    return d;
  }

  /// B, A, T df/dh and |T J T^-1|. A first step from many numbers to few, and a last one from few to many,
  /// are made square: norms do not become smaller.
  void derivatives() {
    const std::vector<Step>& steps = f_.steps;
    std::vector<size_t> readers;  // of x
    for (size_t k = 1; k < steps.size(); ++k)
      if (steps[k].a == 0 || (steps[k].kind == "sum" && steps[k].b == 0)) readers.push_back(k);
    const bool narrow_first = readers.size() == 1 && readers[0] != f_.output &&
                              steps[readers[0]].kind == "affine" && steps[readers[0]].size < f_.centre.size();
    const size_t first = narrow_first ? readers[0] : 0;
    const Matrix start = narrow_first
                             ? transposed(dominating(transposed(divided_by_metric(steps[first].weight))))
                             : divided_by_metric(identity(f_.centre.size()));
    const Step& end = steps[f_.output];
    const bool narrow_last = end.kind == "affine" && end.a != 0 && end.weight.cols < end.size;
    const size_t last = narrow_last ? end.a : f_.output;
    const Matrix behind =
        narrow_last ? dominating(times_metric(end.weight)) : times_metric(identity(f_.centre.size()));

    std::map<size_t, std::vector<Matrix>> by_earlier;  // A_kj by the step of k
    const std::vector<Matrix> by_x = chain_rule(first, start);
    if (by_x[last].rows > 0) centre_norm = norm2(product(behind, by_x[last]));
    for (size_t from = 1; from < steps.size(); ++from) {
      if (steps[from].kind != "map") continue;
      const std::vector<Matrix> by_h = chain_rule(from, identity(steps[from].size));
      maps_.push_back({from, values_[steps[from].a], slopes_[from], {}, by_x[steps[from].a], {}, {}});
      if (by_h[last].rows > 0) maps_.back().out = product(behind, by_h[last]);
      for (size_t k = from + 1; k < steps.size(); ++k)
        if (steps[k].kind == "map") by_earlier[k].push_back(by_h[steps[k].a]);
    }
    for (Neurons& m : maps_) m.A = std::move(by_earlier[m.step]);
  }

  /// Upper bounds of |A| s, entry by entry.
  static Vector through(const Matrix& A, const Vector& s) {
    Vector out(A.rows);
    const Real beside = up(A.error * length(s));
    for (size_t i = 0; i < A.rows; ++i) {
      for (size_t j = 0; j < A.cols; ++j) out[i] += std::abs(A.row(i)[j]) * s[j];
      out[i] = up(out[i] * (1 + (count(A.cols) + 1) * eps) + beside + count(A.cols) * tiny);
    }
    return out;
  }

  /// What rounding did to the z of each map and to f(c): `fresh` since the last maps, and what each map j
  /// adds, its own error g_j, through A_kj. With the slope D + Delta that phi has between z and z(c), g =
  /// Delta (z - z(c)) + D fresh + the rounding of phi.
  void rounding() {
    std::vector<Vector> fresh(f_.steps.size()), g;
    fresh[0] = own_[0];
    Real carried = 0;
    for (size_t k = 1; k < f_.steps.size(); ++k) {
      const Step& s = f_.steps[k];
      fresh[k] = own_[k];
      if (s.kind == "map") {
        Neurons& m = maps_[g.size()];
        m.spread = fresh[s.a];
        for (size_t j = 0; j < g.size(); ++j) {
          const Vector more = m.A[j].rows > 0 ? through(m.A[j], g[j]) : Vector(s.size);
          for (size_t i = 0; i < s.size; ++i) m.spread[i] = up(m.spread[i] + more[i]);
        }
        g.emplace_back();
        for (size_t i = 0; i < s.size; ++i) {
          const Real change = slope_change(s.map, m.z[i], m.spread[i], m.slope[i]);
          g.back().push_back(
              up(up(change * m.spread[i]) + up(std::abs(m.slope[i]) * fresh[s.a][i]) + own_[k][i]));
          fresh[k][i] = 0;
        }
        if (m.out.rows > 0) carried = up(carried + length(through(m.out, g.back())));
      } else {
        const Vector a = s.kind == "affine" ? through(s.weight, fresh[s.a]) : fresh[s.a];
        for (size_t i = 0; i < s.size; ++i)
          fresh[k][i] = up(own_[k][i] + a[i] + (s.kind == "sum" ? fresh[s.b][i] : 0));
      }
    }
    Matrix difference(f_.centre.size(), 1);
    for (size_t i = 0; i < f_.centre.size(); ++i) {
      difference.a[i] = values_[f_.output][i] - f_.centre[i];
      fresh[f_.output][i] = up(fresh[f_.output][i] + eps * std::abs(difference.a[i]));
    }
    residual = up(times_metric(difference).norm() + carried + up(metric_norm() * length(fresh[f_.output])));
  }

  const Files& f_;
  Matrix Qt_;
  Vector shrink_;  // t / (1 + t)
  std::vector<Vector> values_, own_, slopes_;
  std::vector<Neurons> maps_;
};

}  // namespace detail::checker

/// Checks the certificate in STEM.json and STEM.npz (`stem` may have either ending) as the top of this file
/// says. The spectral radius in the files is not part of the statement and not looked at. Throws FileError if
/// the files cannot be read or make no sense.
[[nodiscard]] inline CheckResult check_certificate(const std::filesystem::path& stem) {
  using namespace detail::checker;
  detail::require_path(stem, "check_certificate");
  CheckResult result;
  const Files files = read_files(stem, result);
  const auto fails = [&](const auto&... parts) {
    result.reason = detail::text(parts...);
    return result;
  };
  const volatile Real one = 1;  // not what the compiler knows of this type, but what the processor does
  if (one + eps == one || one + eps / 4 != one || one - eps / 8 != one)
    return fails("the processor does not round to nearest as assumed");
  if (const std::string own = fingerprint(files); own != files.fingerprint)
    return fails("fingerprint: it is ", detail::printable(files.fingerprint), ", the network has ", own);
  for (const Real t : files.t)
    if (!(t >= 0)) return fails("metric_t: T >= I needs numbers >= 0, and one is ", t);
  const Real radius = result.radius, error = result.error;
  if (!(error >= 0 && radius >= error && radius < infinite))
    return fails("radius and error: 0 <= error <= radius fails");
  if (!(result.contraction < 1)) return fails("contraction: ", result.contraction, " is not below 1");

  const Proof proof(files);
  result.found_norm = proof.metric_norm();
  result.found_residual = proof.residual;
  result.found_pairs = proof.bound(error, 0, false);
  result.found_contraction = proof.bound(up(radius + error), error, true);
  if (!(up(result.found_norm * result.radius_2norm) <= radius) && !(result.radius_2norm <= 0))
    return fails("radius_2norm: ", result.radius_2norm, " times |T| = ", result.found_norm,
                 " is more than the radius ", radius);
  if (!(proof.residual <= result.residual))
    return fails("residual: |T (f(c) - c)| may be ", proof.residual, ", claimed is ", result.residual);
  if (!(up(proof.residual + up(result.found_pairs * error)) <= error))
    return fails("error: no fixed point is proved within ", error, " of the centre: residual ",
                 proof.residual, ", L there ", result.found_pairs);
  if (!(result.found_contraction <= result.contraction))
    return fails("contraction or radius: L is ", result.found_contraction, " in the ball, claimed is ",
                 result.contraction);
  result.valid = true;
  return result;
}

}  // namespace basin
