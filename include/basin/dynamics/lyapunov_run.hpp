// What is known of a Lyapunov spectrum, and the run that it comes from: for lyapunov.hpp.
#pragma once
#include <cmath>       // std::abs, std::exp, std::isfinite, std::log10, std::sqrt
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <ostream>     // std::ostream
#include <vector>      // std::vector

#include "basin/core/types.hpp"  // Index, Mat, Vec
#ifdef BASIN_BODIES
#include <algorithm>  // std::stable_sort
#include <cstddef>    // std::size_t
#include <numeric>    // std::iota
#include <utility>    // std::move

#include "basin/core/random.hpp"  // Random
#endif

namespace basin::inline BASIN_ABI {

/// What an orbit does in the long run.
enum class Motion : unsigned char {
  point,           // it comes to a fixed point that attracts
  cycle,           // to a cycle that attracts
  quasi_periodic,  // it goes round without ever closing, and small errors neither grow nor shrink
  chaotic,         // it stays bounded, and small errors grow exponentially
  undecided,       // none of these is shown
  diverged,        // it is not bounded by `bound`, or not finite
};
/// Its name: "quasi-periodic".
inline std::ostream& operator<<(std::ostream& out, Motion motion) {
  switch (motion) {
    case Motion::point:
      return out << "point";
    case Motion::cycle:
      return out << "cycle";
    case Motion::quasi_periodic:
      return out << "quasi-periodic";
    case Motion::chaotic:
      return out << "chaotic";
    case Motion::undecided:
      return out << "undecided";
    case Motion::diverged:
      return out << "diverged";
  }
  return out;
}

/// The largest Lyapunov exponents, rates of growth of small errors for a step, natural logarithms: lambda_1 +
/// ... + lambda_k = lim 1/T log (the growth of k-dimensional volumes), and how they were come by. All but
/// `motion` is empty where the orbit diverged or the run was cancelled.
struct LyapunovSpectrum {
  /// Largest first. -infinity where J is singular along the orbit, as it is in a narrow network for all but
  /// `width` of them. Exponents farther below the largest than log(1 / eps) are rounding.
  std::vector<double> exponents;
  /// How far each may be from its limit: the half width of a 95 % interval from the means of `batches`
  /// stretches of the orbit, taken as independent and normal. A transient longer than the run, or a part of
  /// space that the orbit has not come to yet, it does not know of.
  std::vector<double> uncertainties;
  /// Convergence shown: history.col(i) are the means over the first times[i] steps, times 1, 2, 4, ... and
  /// all.
  std::vector<Index> times;
  Mat<double> history;  // exponents x times

  Motion motion = Motion::undecided;  // what is shown of it
  // What `motion` rests on, of the second half of the run:
  Index period = 0;  // the first p with |x_(t+p) - x_t| <= recurrence max |x|; 0: it never came back
  /// How many decimal digits of the weighted mean of x over that half agree with those over the first. On
  /// quasi-periodic orbits these means converge faster than any power of the number of steps, on chaotic ones
  /// as its square root (Das, Saiki, Sander, Yorke 2017).
  double digits = 0;
  bool bounded = false;  // |x| neither drifts through all stretches nor is larger by a tenth in that half
  Vec<double> x;         // the last point
};

/// How long lyapunov_spectrum runs, and what it takes for closed or zero.
struct LyapunovOptions {
  Index exponents = 1;     // how many, at most as many as there are dimensions
  Index transient = 1000;  // steps before the run, along which directions turn to where they grow most
  Index steps = 10000;     // of the run
  Index batches = 20;      // of the run, whose scatter gives the uncertainties
  /// Relative to the largest |x|: an orbit that comes so near to itself has closed. 0: 1e-9 in double, 1e-5
  /// in float.
  double recurrence = 0;
  /// An exponent is taken to be 0 only when it is known this well; where it is not, the motion is undecided.
  double zero = 1e-3;
  double digits = 0;  // that quasi-periodic motion must show; 0: 8 in double, 4 in float
  double bound = std::numeric_limits<double>::infinity();  // an orbit diverges when |x_t| > bound
  std::uint64_t seed = 0;                                  // of the first directions
  std::function<bool()> cancelled = {};  // asked every 16 steps; the motion is then undecided
};

namespace detail {

/// x -> f(x) and Q -> J(x) Q at once.
using TangentStep = std::function<void(Vec<double>& x, Mat<double>& Q)>;

/// lyapunov_spectrum of a map that computes in numbers with this epsilon.
template <class = void>
LyapunovSpectrum lyapunov_of(const TangentStep& step, Vec<double> x, double epsilon,
                             const LyapunovOptions& options);

}  // namespace detail

#ifdef BASIN_BODIES
namespace detail {

/// Makes the columns of Q orthonormal, the lengths of what is left of each in `lengths`: 0 where a column is
/// no more than rounding of those before it, and a random direction then takes its place.
template <class = void>
void orthonormalize(Mat<double>& Q, Vec<double>& lengths, Random& random) {
  const auto project = [&](Index j) {
    for (int pass = 0; pass < 2; ++pass)
      Q.col(j) -= Q.leftCols(j) * (Q.leftCols(j).transpose() * Q.col(j)).eval();
  };
  for (Index j = 0; j < Q.cols(); ++j) {
    const double before = Q.col(j).stableNorm();
    project(j);
    lengths[j] = Q.col(j).stableNorm();
    if (!(lengths[j] > 4 * std::numeric_limits<double>::epsilon() * before)) {
      lengths[j] = 0;
      for (double& entry : Q.col(j)) entry = random.normal();
      project(j);
    }
    Q.col(j) /= Q.col(j).stableNorm();
  }
}

/// What is kept of a run.
template <class = void>
class LyapunovRun {
 public:
  LyapunovRun(const TangentStep& step, Vec<double> x, const LyapunovOptions& o)
      : step_(step),
        o_(o),
        random_(o.seed),
        x_(std::move(x)),
        Q_(x_.size(), o.exponents),
        lengths_(o.exponents) {
    for (double& entry : Q_.reshaped()) entry = random_.normal();
    orthonormalize(Q_, lengths_, random_);
    logs_ = Mat<double>::Zero(o.exponents, o.steps);
    sizes_ = Vec<double>::Zero(o.steps);
    first_mean_ = second_mean_ = Vec<double>::Zero(x_.size());
  }
  /// Whether the run came to its end.
  bool run(LyapunovSpectrum& s) {
    for (Index t = -o_.transient; t < o_.steps; ++t) {
      if (t % 16 == 0 && o_.cancelled && o_.cancelled()) return false;
      if (t >= 0) look(t, s);
      step_(x_, Q_);
      if (!x_.allFinite() || x_.stableNorm() > o_.bound || !Q_.allFinite()) {
        s.motion = Motion::diverged;
        return false;
      }
      orthonormalize(Q_, lengths_, random_);
      if (t >= 0) logs_.col(t) = lengths_.array().log();
    }
    s.x = x_;
    return true;
  }
  const Mat<double>& logs() const { return logs_; }
  const Vec<double>& sizes() const { return sizes_; }
  /// The digits in which the two weighted means agree.
  double digits() const {
    const double off = (first_mean_ - second_mean_).stableNorm(), size = sizes_.maxCoeff();
    return off > 0 ? std::log10(size / off) : std::numeric_limits<double>::infinity();
  }

 private:
  /// At x_t, before the step.
  void look(Index t, LyapunovSpectrum& s) {
    sizes_[t] = x_.stableNorm();
    const Index half = o_.steps / 2;
    if (t == o_.steps - half)
      reference_ = x_;
    else if (t > o_.steps - half && s.period == 0 &&
             (x_ - reference_).stableNorm() <= o_.recurrence * sizes_.head(t + 1).maxCoeff())
      s.period = t - (o_.steps - half);
    if (t < half) first_mean_ += weight(t, half) * x_;
    if (t >= o_.steps - half) second_mean_ += weight(t - (o_.steps - half), half) * x_;
  }
  /// exp(-1 / (s (1 - s))) at s = (t + 1) / (half + 1), for a sum of 1
  double weight(Index t, Index half) {
    const auto at = [half](Index i) {
      const double s = static_cast<double>(i + 1) / static_cast<double>(half + 1);
      return std::exp(-1 / (s * (1 - s)));
    };
    if (weights_ == 0)
      for (Index i = 0; i < half; ++i) weights_ += at(i);
    return at(t) / weights_;
  }

  const TangentStep& step_;
  const LyapunovOptions& o_;
  Random random_;
  Vec<double> x_;
  Mat<double> Q_;
  Vec<double> lengths_, sizes_, reference_, first_mean_, second_mean_;
  Mat<double> logs_;
  double weights_ = 0;
};

/// The means of the numbers in `batches` stretches as long as each other; what is left over comes first and
/// is left out.
template <class = void>
Vec<double> batch_means(const Vec<double>& values, Index batches) {
  const Index length = values.size() / batches, begin = values.size() - batches * length;
  Vec<double> means(batches);
  for (Index b = 0; b < batches; ++b) means[b] = values.segment(begin + b * length, length).mean();
  return means;
}

/// Half the width of the 95 % interval for the mean of normal numbers (Student's t by Hill's expansion of its
/// quantile), and what rounding may add.
template <class = void>
double half_width(const Vec<double>& means, double epsilon) {
  const auto n = static_cast<double>(means.size()), free = n - 1;
  const double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z;
  const double t = z + (z3 + z) / (4 * free) + (5 * z5 + 16 * z3 + 3 * z) / (96 * free * free);
  const double deviation = std::sqrt((means.array() - means.mean()).square().sum() / free);
  return t * deviation / std::sqrt(n) + 16 * epsilon * (1 + means.cwiseAbs().maxCoeff());
}

/// Exponents, largest first, their uncertainties and history.
template <class = void>
void summarize(LyapunovSpectrum& s, const Mat<double>& logs, Index batches, double epsilon) {
  const Vec<double> means = logs.rowwise().mean();
  std::vector<Index> order(static_cast<std::size_t>(means.size()));
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return means[a] > means[b]; });
  for (Index t = 1; t < logs.cols(); t *= 2) s.times.push_back(t);
  s.times.push_back(logs.cols());
  s.history.resize(logs.rows(), static_cast<Index>(s.times.size()));
  for (const Index i : order) {
    const auto row = static_cast<Index>(s.exponents.size());
    s.exponents.push_back(means[i]);
    const double u = half_width(batch_means(Vec<double>(logs.row(i)), batches), epsilon);
    s.uncertainties.push_back(std::isfinite(means[i]) ? u : 0);
    for (std::size_t k = 0; k < s.times.size(); ++k)
      s.history(row, static_cast<Index>(k)) = logs.row(i).head(s.times[k]).mean();
  }
}

/// Whether |x| neither rises nor falls through all stretches, and is not larger by a tenth in the second
/// half.
template <class = void>
bool stays(const Vec<double>& sizes, Index batches) {
  const Vec<double> means = batch_means(sizes, batches);
  const Index half = sizes.size() / 2;
  bool rises = true, falls = true;
  for (Index b = 1; b < batches; ++b) {
    rises = rises && means[b] > means[b - 1];
    falls = falls && means[b] < means[b - 1];
  }
  const bool rounding = std::abs(means[batches - 1] - means[0]) <= 1e-9 * means.maxCoeff();
  return (rounding || (!rises && !falls)) &&
         sizes.tail(half).maxCoeff() <= 1.1 * sizes.head(sizes.size() - half).maxCoeff();
}

template <class = void>
Motion motion_of(const LyapunovSpectrum& s, const LyapunovOptions& o) {
  const double first = s.exponents[0], u = s.uncertainties[0];
  if (first < -u) return s.period == 1 ? Motion::point : s.period > 1 ? Motion::cycle : Motion::undecided;
  if (!s.bounded || s.period > 0) return Motion::undecided;
  if (first > u) return Motion::chaotic;
  return u <= o.zero && s.digits >= o.digits ? Motion::quasi_periodic : Motion::undecided;
}

template <class>
LyapunovSpectrum lyapunov_of(const TangentStep& step, Vec<double> x, double epsilon,
                             const LyapunovOptions& options) {
  LyapunovOptions o = options;
  const bool coarse = epsilon > 1e-10;
  if (o.recurrence == 0) o.recurrence = coarse ? 1e-5 : 1e-9;
  if (o.digits == 0) o.digits = coarse ? 4 : 8;
  LyapunovSpectrum s;
  LyapunovRun<> run(step, std::move(x), o);
  if (!run.run(s)) return s;
  summarize(s, run.logs(), o.batches, epsilon);
  s.digits = run.digits();
  s.bounded = stays(run.sizes(), o.batches);
  s.motion = motion_of(s, o);
  return s;
}

}  // namespace detail
#endif

}  // namespace basin
