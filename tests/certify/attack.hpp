// Attacks on certificates: what they say of all points of a ball is tried at many, by code that shares none
// with the proof and computes in a wider format.
#pragma once
#include <Eigen/LU>   // Eigen::FullPivLU
#include <Eigen/SVD>  // Eigen::JacobiSVD
#include <algorithm>  // std::max
#include <cmath>      // std::abs, std::sqrt
#include <string>     // std::string
#include <vector>     // std::vector

#include "basin/certify/certificate.hpp"  // Certificate, ExactNetwork, Metric
#include "basin/core/random.hpp"          // Random
#include "basin/core/types.hpp"           // Index, Mat, Vec

namespace attack {

using basin::Certificate;
using basin::ExactNetwork;
using basin::Index;
using basin::Mat;
using basin::Metric;
using basin::Vec;

/// The standard functions in the wide format R. (The program that hunts with 113 bits overloads them.)
struct Functions {
  static long double exp(long double x) { return std::exp(x); }
  static long double expm1(long double x) { return std::expm1(x); }
  static long double log1p(long double x) { return std::log1p(x); }
  static long double tanh(long double x) { return std::tanh(x); }
  static long double erfc(long double x) { return std::erfc(x); }
  static long double sin(long double x) { return std::sin(x); }
  static long double sqrt(long double x) { return std::sqrt(x); }
};

/// phi(z) by its definition, with constants to 35 digits; a map that is not of the library as it computes
/// itself.
template <class R = long double, class F = Functions>
R map_value(const basin::detail::ExactMap& phi, R z) {
  const std::string& name = phi.name;
  const auto parameter = [&](std::size_t k) { return static_cast<R>(phi.parameters.at(k)); };
  const R zero = 0, one = 1;
  // 3.1...: 32 digits, as two whole numbers
  const auto digits = [](long long first, long long rest) {
    const R ten15 = R(1000000000000000LL);
    return (static_cast<R>(first) + static_cast<R>(rest) / ten15) / (R(10) * ten15);
  };
  const auto logistic = [&](R t) { return one / (one + F::exp(-t)); };
  if (name == "Relu") return z > zero ? z : zero;
  if (name == "LeakyRelu") return z > zero ? z : parameter(0) * z;
  if (name == "Hardtanh") return z < parameter(0) ? parameter(0) : z > parameter(1) ? parameter(1) : z;
  if (name == "HardSigmoid") {
    const R line = parameter(0) * z + parameter(1);
    return line < zero ? zero : line > one ? one : line;
  }
  if (name == "HardSwish") {
    const R three = 3;
    return z < -three ? zero : z > three ? z : z * (z + three) / R(6);
  }
  if (name == "Celu") return z > zero ? z : parameter(0) * F::expm1(z / parameter(0));
  if (name == "Softsign") return z / (one + (z < zero ? -z : z));
  if (name == "Sigmoid") return logistic(z);
  if (name == "SigmoidNeg") return logistic(-z);
  if (name == "Tanh") return F::tanh(z);
  if (name == "Softplus") {
    const R t = parameter(0) * z;
    return ((t > zero ? t : zero) + F::log1p(F::exp(t > zero ? -t : t))) / parameter(0);
  }
  if (name == "Elu") return z > zero ? z : parameter(0) * F::expm1(z);
  if (name == "Selu") {
    const R alpha = digits(16732632423543772, 848170429916717),
            scale = digits(10507009873554804, 934193349852946);
    return scale * (z > zero ? z : alpha * F::expm1(z));
  }
  if (name == "ExpNeg") return F::exp(-z);
  if (name == "Gelu") return z * F::erfc(-z / F::sqrt(R(2))) / R(2);
  if (name == "GeluTanh") {
    const R pi = digits(31415926535897932, 384626433832795);
    const R cubic = static_cast<R>(44715) / static_cast<R>(1000000);
    return z * logistic(R(2) * F::sqrt(R(2) / pi) * (z + cubic * z * z * z));
  }
  if (name == "Silu") return z * logistic(parameter(0) * z);
  if (name == "Mish") return z * F::tanh(z > zero ? z + F::log1p(F::exp(-z)) : F::log1p(F::exp(z)));
  if (name == "Sin") return F::sin(z);
  if (name == "Cosid") {
    const R half = F::sin(z / R(2));  // cos z - z = 1 - 2 sin(z / 2)^2 - z
    return one - R(2) * half * half - z;
  }
  if (name == "Ripple") return z + F::sin(R(10) * z) / R(5);
  return static_cast<R>(phi.value(static_cast<double>(z)));
}

template <class R>
using Point = std::vector<R>;

template <class R>
Point<R> to_point(const Vec<double>& x) {
  return Point<R>(x.begin(), x.end());
}
template <class R>
Point<R> difference(const Point<R>& x, const Point<R>& y) {
  Point<R> d(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) d[i] = x[i] - y[i];
  return d;
}

/// f(x).
template <class R = long double, class F = Functions>
Point<R> evaluate(const ExactNetwork& f, const Point<R>& x) {
  std::vector<Point<R>> values{x};
  for (std::size_t k = 1; k < f.steps().size(); ++k) {
    const ExactNetwork::Step& s = f.steps()[k];
    const Point<R>& a = values[s.a];
    Point<R> v(static_cast<std::size_t>(s.size));
    if (s.kind == ExactNetwork::Kind::affine) {
      for (Index i = 0; i < s.size; ++i) v[static_cast<std::size_t>(i)] = static_cast<R>(s.bias[i]);
      for (Index j = 0; j < s.weight.cols(); ++j)
        for (Index i = 0; i < s.size; ++i)
          v[static_cast<std::size_t>(i)] += static_cast<R>(s.weight(i, j)) * a[static_cast<std::size_t>(j)];
    } else if (s.kind == ExactNetwork::Kind::sum) {
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = a[i] + values[s.b][i];
    } else {
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = map_value<R, F>(*s.map, a[i]);
    }
    values.push_back(std::move(v));
  }
  return values[f.output()];
}

/// |T v|.
template <class R = long double, class F = Functions>
R length(const Metric& T, const Point<R>& v) {
  Point<R> Tv = v;
  for (Index k = 0; k < T.t.size(); ++k) {
    R along = 0;
    for (std::size_t i = 0; i < v.size(); ++i) along += static_cast<R>(T.Q(static_cast<Index>(i), k)) * v[i];
    for (std::size_t i = 0; i < v.size(); ++i)
      Tv[i] += static_cast<R>(T.Q(static_cast<Index>(i), k)) * static_cast<R>(T.t[k]) * along;
  }
  R squares = 0;
  for (const R& e : Tv) squares += e * e;
  return F::sqrt(squares);
}

/// T as a dense matrix, rounded.
inline Mat<double> dense(const Metric& T, Index n) {
  Mat<double> M = Mat<double>::Identity(n, n);
  if (T.t.size() > 0) M += T.Q * T.t.asDiagonal() * T.Q.transpose();
  return M;
}

/// f(x) and Df(x)'u(f(x)), in double: for searches.
struct Backward {
  const ExactNetwork& f;
  std::vector<Vec<double>> values, bars;

  explicit Backward(const ExactNetwork& net) : f(net), values(net.steps().size()), bars(net.steps().size()) {}
  const Vec<double>& forward(const Vec<double>& x) {
    values[0] = x;
    for (std::size_t k = 1; k < f.steps().size(); ++k) {
      const ExactNetwork::Step& s = f.steps()[k];
      if (s.kind == ExactNetwork::Kind::affine)
        values[k] = s.weight * values[s.a] + s.bias;
      else if (s.kind == ExactNetwork::Kind::sum)
        values[k] = values[s.a] + values[s.b];
      else
        values[k] = values[s.a].unaryExpr([&](double z) { return s.map->value(z); });
    }
    return values[f.output()];
  }
  const Vec<double>& backward(const Vec<double>& u) {
    for (std::size_t k = 0; k < bars.size(); ++k) bars[k] = Vec<double>::Zero(f.steps()[k].size);
    bars[f.output()] = u;
    for (std::size_t k = f.steps().size() - 1; k > 0; --k) {
      const ExactNetwork::Step& s = f.steps()[k];
      if (s.kind == ExactNetwork::Kind::affine) {
        bars[s.a] += s.weight.transpose() * bars[k];
      } else if (s.kind == ExactNetwork::Kind::sum) {
        bars[s.a] += bars[k];
        bars[s.b] += bars[k];
      } else {
        for (Index i = 0; i < s.size; ++i)
          bars[s.a][i] += bars[k][i] * s.map->derivative(values[s.a][i], values[k][i]);
      }
    }
    return bars[0];
  }
};

inline Vec<double> direction(basin::Random& random, Index n) {
  Vec<double> v(n);
  for (double& e : v) e = random.normal();
  const double size = v.norm();
  return size > 0 ? Vec<double>(v / size) : Vec<double>(Vec<double>::Unit(n, 0));
}

struct Options {
  int points = 1000;  // on the boundary
  int orbits = 100;   // of these, followed until they are at x*
  int restarts = 50;  // of gradient ascent
  int steps = 100;    // of each
  int orbit_steps = 3000;
  double tolerance = 1e-9;  // relative, for the rounding of the attack itself
};

/// What an attack found. All lengths are in the metric of the certificate.
template <class R>
struct Found {
  Point<R> fixed;  // x*, to the precision of R
  R moved = 0;     // |x* - centre|
  R residual = 0;  // |f(x*) - x*| as computed
  R worst = 0;     // the largest |f(x) - x*| / |x - x*| in the ball
  Point<R> worst_at;
  int violations = 0;  // points at which that exceeds the contraction
  int lost = 0;        // orbits that did not end at x*
};

/// x* near c: Newton's method with slopes of double, then plain iterates of f, which the certificate says
/// contract.
template <class R = long double, class F = Functions>
Point<R> fixed_point(const ExactNetwork& f, const Metric& T, const Vec<double>& c) {
  const Index n = f.size();
  Mat<double> A(n, n);
  Backward pass(f);
  pass.forward(c);
  for (Index i = 0; i < n; ++i) A.row(i) = pass.backward(Vec<double>::Unit(n, i)).transpose();
  const Eigen::FullPivLU<Mat<double>> lu(Mat<double>::Identity(n, n) - A);
  Point<R> x = to_point<R>(c), best = x;
  R least = -1;
  int stalled = 0;
  for (int step = 0; step < 20000 && stalled < 60; ++step) {
    const Point<R> fx = evaluate<R, F>(f, x), r = difference(fx, x);
    const R size = length<R, F>(T, r);
    if (least < 0 || size < least) {
      least = size;
      best = x;
      stalled = 0;
    } else {
      ++stalled;
    }
    if (!(size > 0)) break;
    if (step < 40) {
      Vec<double> scaled(n);  // so that tiny residuals do not underflow in double
      for (Index i = 0; i < n; ++i) scaled[i] = static_cast<double>(r[static_cast<std::size_t>(i)] / size);
      const Vec<double> s = lu.solve(scaled);
      for (Index i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] += static_cast<R>(s[i]) * size;
    } else {
      if (step == 40) x = best;
      x = evaluate<R, F>(f, x);
    }
  }
  return best;
}

template <class R = long double, class F = Functions>
Found<R> attack(const ExactNetwork& f, const Certificate& proof, basin::Random& random,
                const Options& o = {}) {
  const Index n = f.size();
  const Metric& T = proof.metric;
  Found<R> found;
  found.fixed = fixed_point<R, F>(f, T, proof.centre);
  found.moved = length<R, F>(T, difference(found.fixed, to_point<R>(proof.centre)));
  found.residual = length<R, F>(T, difference(evaluate<R, F>(f, found.fixed), found.fixed));
  const double radius = std::min(proof.radius, 1e100);
  const Mat<double> dense_T = dense(T, n), inverse = dense_T.inverse();
  Vec<double> fixed(n);
  for (Index i = 0; i < n; ++i) fixed[i] = static_cast<double>(found.fixed[static_cast<std::size_t>(i)]);

  // What is proved at x, y = T (x - c) of at most the radius: in the wide format. How far x* itself is off
  // counts.
  const R uncertain = found.residual / static_cast<R>(1 - std::min(proof.contraction, 1 - 1e-6));
  const auto judge = [&](const Vec<double>& v, R scale) {
    Point<R> x = to_point<R>(proof.centre);
    for (Index i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] += scale * static_cast<R>(v[i]);
    const R inside = length<R, F>(T, difference(x, to_point<R>(proof.centre)));
    if (!(inside <= static_cast<R>(radius))) return x;  // rounding has put it outside
    const R before = length<R, F>(T, difference(x, found.fixed));
    const R behind = length<R, F>(T, difference(evaluate<R, F>(f, x), found.fixed));
    if (!(before > R(1e6) * uncertain)) return x;
    if (!(behind <= static_cast<R>(proof.contraction) * before * R(1 + o.tolerance) + R(4) * uncertain))
      ++found.violations;
    if (behind > found.worst * before) {
      found.worst = behind / before;
      found.worst_at = x;
    }
    return x;
  };
  const R edge = static_cast<R>(radius * (1 - 1e-12));

  // Boundary points: random directions, corners of a cube, and singular vectors of T J T^-1 and mixtures of
  // them.
  Mat<double> J(n, n);
  Backward pass(f);
  pass.forward(proof.centre);
  for (Index i = 0; i < n; ++i) J.row(i) = pass.backward(Vec<double>::Unit(n, i)).transpose();
  Mat<double> singular = Mat<double>::Identity(n, n);
  if (J.allFinite())
    singular = Eigen::JacobiSVD<Mat<double>>(dense_T * J * inverse, Eigen::ComputeFullV).matrixV();
  std::vector<Vec<double>> orbits;
  for (int k = 0; k < o.points; ++k) {
    Vec<double> y = direction(random, n);
    if (k % 4 == 1) y = y.array().sign();
    if (k % 4 == 2) y = singular.col((k / 8) % n) * (k % 8 < 4 ? 1 : -1);
    if (k % 4 == 3) y = singular.col(0) * (k % 8 < 4 ? 1 : -1) + y * random.uniform();
    const Point<R> x = judge(inverse * (y / y.norm()), edge);
    if (static_cast<int>(orbits.size()) < o.orbits) {
      orbits.emplace_back(n);
      for (Index i = 0; i < n; ++i) orbits.back()[i] = static_cast<double>(x[static_cast<std::size_t>(i)]);
    }
  }

  // Ascent of log |T (f(x) - x*)| - log |T (x - x*)| over y = T (x - x*), |y| <= radius - moved.
  const double room = radius * (1 - 1e-9) - static_cast<double>(found.moved);
  for (int restart = 0; restart < o.restarts && room > 0; ++restart) {
    Vec<double> y = direction(random, n) * (restart % 3 == 2 ? room * random.uniform() : room);
    if (restart % 5 == 0) y = singular.col((restart / 10) % n) * (restart % 10 == 0 ? room : -room);
    double step = 0.3 * y.norm(), last = -1;
    for (int k = 0; k < o.steps; ++k) {
      const Vec<double> x = fixed + inverse * y;
      const Vec<double> behind = dense_T * (pass.forward(x) - fixed);
      const double size = behind.norm(), before = y.norm();
      if (!(size > 0) || !(before > 0)) break;
      const double ratio = size / before;
      if (ratio < last) step *= 0.7;
      last = ratio;
      Vec<double> g = inverse * pass.backward(dense_T * (behind / size)) / size - y / (before * before);
      const double slope = g.norm();
      if (!(slope > 0) || !std::isfinite(slope)) break;
      y += step / slope * g;
      if (y.norm() > room) y *= room / y.norm();
    }
    if (!y.allFinite()) continue;
    Vec<double> v(n);  // from the centre
    for (Index i = 0; i < n; ++i)
      v[i] = static_cast<double>(found.fixed[static_cast<std::size_t>(i)] - static_cast<R>(proof.centre[i]));
    judge(v + inverse * y, R(1));
  }

  // "At x*" is what rounding in double leaves.
  const double near = std::max(1e-6 * radius, 1e-9 * (1 + fixed.norm()));
  for (Vec<double>& x : orbits) {
    int k = 0;
    while (k < o.orbit_steps && x.allFinite() && !((dense_T * (x - fixed)).norm() <= near))
      x = pass.forward(x), ++k;
    if (!((dense_T * (x - fixed)).norm() <= near)) ++found.lost;
  }
  return found;
}

}  // namespace attack
