// Normalizations that see one sample at a time: group, instance, layer and root mean square.
#pragma once
#include <algorithm>  // std::copy_n, std::fill_n, std::max
#include <cmath>      // std::isfinite, std::sqrt
#include <vector>     // std::vector

#include "basin/core/checked_size.hpp"  // option_limit
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/parallel.hpp"      // parallel_parts
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/scratch.hpp"       // Scratch
#include "basin/core/shape.hpp"         // Shape, require_shape
#include "basin/core/sum.hpp"           // sum_of
#include "basin/layers/runs.hpp"        // for_runs

namespace basin::inline BASIN_ABI {

namespace detail {

/// The arithmetic of all normalizations. A column is cut into runs of m numbers, one behind the other, and
/// each run x is brought to mean 0 and variance 1, or only to mean square 1:
///
///     centered:   x_hat = rho (x - mu),   mu = mean of x,   rho = 1 / sqrt(mean of (x - mu)^2 + epsilon)
///     otherwise:  x_hat = rho x,                            rho = 1 / sqrt(mean of x^2 + epsilon)
///     y = w x_hat + b, number by number, b only where centered
///
/// The means divide by m. mu is computed before the squares are summed, so that a large mu costs no digits of
/// rho. The Jacobian of x -> x_hat is symmetric:
///
///     J = rho (I - 1 1' / m - x_hat x_hat' / m), without the second term where not centered.
///
/// theta = [w; b], or empty. Weight i belongs to the numbers i spread, ..., i spread + spread - 1 of a
/// column, and the weights start again where they end before the column does.
template <class S, bool centered>
class Normalization {
 public:
  using Scalar = S;
  struct Cache {
    Scratch<S> statistics;  // rows 2 r and 2 r + 1: mu and rho of run r
    Scratch<S> affine;      // w and b of each number of a period, where theta does not have them so
    Scratch<double> sums;   // their gradients
  };
  static constexpr bool broadcasts = true;

  Index in_size() const { return runs_ * length_; }
  Index out_size() const { return in_size(); }
  Index param_size() const { return (centered ? 2 : 1) * weights_; }
  Index multiply_adds() const { return 4 * in_size(); }
  Index cache_bytes(Index columns) const {
    return bytes<S>(2 * runs_, columns) + (in_theta() ? 0 : bytes<S>(2 * period())) +
           (has_affine() ? bytes<double>(2 * period()) : 0);
  }
  std::vector<ParamBlock> param_blocks() const {
    return scale_blocks(weights_, 1.0, centered ? weights_ : 0);
  }
  double epsilon() const { return epsilon_; }
  bool has_affine() const { return weights_ > 0; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    const S* const w = prepare(theta, c);
    const S* const b = w + (in_theta() ? weights_ : period());
    const bool add = centered && has_affine();
    c.statistics.resize(2 * runs_, x.cols());
    auto statistics = c.statistics.mat();
    for_runs(x.cols(), runs_, length_, [&](Index n, Index run) {
      const S* from = entry(x, run * length_, n);
      S* to = entry(y, run * length_, n);
      const Moments m = moments(from);
      statistics(2 * run, n) = m.mu;
      statistics(2 * run + 1, n) = m.rho;
      const S *wr = w + place(run), *br = add ? b + place(run) : nullptr;
      if (add)
        for (Index j = 0; j < length_; ++j) to[j] = wr[j] * m.normalized(from[j]) + br[j];
      else
        for (Index j = 0; j < length_; ++j) to[j] = wr[j] * m.normalized(from[j]);
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0) add_gradient(x, y_bar, theta_bar, c);
    if (x_bar.size() == 0) return;
    const S* const w = prepare(theta, c);
    for_runs(y_bar.cols(), runs_, length_, [&](Index n, Index run) {
      const S *v = entry(y_bar, run * length_, n), *wr = w + place(run);
      S* to = entry(x_bar, run * length_, n);
      apply_jacobian(
          at(c, x, run, n), [=](Index j) { return wr[j] * v[j]; }, [=](Index j, S value) { to[j] = value; });
    });
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    const S* const w = prepare(theta, c);
    for_runs(x_dot.cols(), runs_, length_, [&](Index n, Index run) {
      const S *v = entry(x_dot, run * length_, n), *wr = w + place(run);
      S* to = entry(y_dot, run * length_, n);
      apply_jacobian(
          at(c, x, run, n), [=](Index j) { return v[j]; }, [=](Index j, S value) { to[j] = wr[j] * value; });
    });
  }

 protected:
  /// `weights` is 0 without w and b.
  Normalization(const char* who, Index runs, Index length, double epsilon, Index weights, Index spread)
      : runs_(runs), length_(length), weights_(weights), spread_(spread), epsilon_(epsilon) {
    require(epsilon >= 0 && std::isfinite(epsilon), who, ": epsilon must be finite and >= 0, got ", epsilon);
  }
  /// How many runs of normalized_size are in a column.
  static Index runs_of(const char* who, Index in_size, Index normalized_size) {
    require(in_size >= 1 && in_size < option_limit, who, ": in_size must be from 1 to 2^31 - 1, got ",
            in_size);
    require(normalized_size >= 1 && in_size % normalized_size == 0, who,
            ": normalized_size must be >= 1 and divide in_size = ", in_size, ", got ", normalized_size);
    return in_size / normalized_size;
  }
  Index length() const { return length_; }

 private:
  struct Moments {
    S mu, rho;
    S normalized(S x) const { return (x - mu) * rho; }
  };
  /// A run of x with its moments.
  struct Point {
    const S* x;
    Moments m;
  };
  static double in_double(S x) { return static_cast<double>(x); }
  Moments moments(const S* x) const {
    const double m = static_cast<double>(length_);
    const double mu = centered ? sum_of(length_, [=](Index j) { return in_double(x[j]); }) / m : 0;
    const double square = sum_of(length_, [=](Index j) {
      const double d = in_double(x[j]) - mu;
      return d * d;
    });
    return {static_cast<S>(mu), static_cast<S>(1 / std::sqrt(square / m + epsilon_))};
  }
  /// Run `run` behind tangent or cotangent n: a single column of x serves all of them.
  Point at(const Cache& c, MatIn<S> x, Index run, Index n) const {
    const Index column = x.cols() == 1 ? 0 : n;
    const auto statistics = c.statistics.mat();
    return {entry(x, run * length_, column), {statistics(2 * run, column), statistics(2 * run + 1, column)}};
  }
  /// write(j, (J v)[j]) for each number of the run.
  template <class Value, class Write>
  void apply_jacobian(const Point& p, const Value& v, const Write& write) const {
    const S* const x = p.x;
    const Moments m = p.m;
    const double size = static_cast<double>(length_);
    S mean = 0;
    if constexpr (centered)
      mean = static_cast<S>(sum_of(length_, [&](Index j) { return in_double(v(j)); }) / size);
    const S along = static_cast<S>(
        sum_of(length_, [&](Index j) { return in_double(m.normalized(x[j])) * in_double(v(j)); }) / size);
    for (Index j = 0; j < length_; ++j) write(j, m.rho * (v(j) - mean - m.normalized(x[j]) * along));
  }

  /// After how many numbers of a column the weights start again, and where run `run` lies in there.
  Index period() const { return has_affine() ? weights_ * spread_ : length_; }
  Index place(Index run) const { return run * length_ % period(); }
  bool in_theta() const { return has_affine() && spread_ == 1; }
  /// w for each number of a period; b, where there is one, follows.
  const S* prepare(VecIn<S> theta, Cache& c) const {
    if (in_theta()) return theta.data();
    c.affine.resize(2 * period(), 1);
    S* const w = c.affine.mat().data();
    if (!has_affine()) std::fill_n(w, period(), S(1));
    for (Index i = 0; i < param_size(); ++i) std::fill_n(w + i * spread_, spread_, theta[i]);
    return w;
  }
  /// w_bar += sums of y_bar x_hat, b_bar += sums of y_bar: number by number of a period in double, run after
  /// run and column after column, then over the numbers that share a weight.
  void add_gradient(MatIn<S> x, MatIn<S> y_bar, VecOut<S> theta_bar, Cache& c) const {
    const Index blocks = period() / length_;  // runs with weights of their own
    c.sums.resize(period(), 2);
    auto sums = c.sums.mat();
    const Index work = std::max<Index>(1, y_bar.size() / blocks);
    parallel_parts(blocks, std::max<Index>(1, numbers_for_a_thread / work), [&](ColumnRange part) {
      for (Index block = part.begin; block < part.begin + part.size; ++block) {
        sums.middleRows(block * length_, length_).setZero();
        for (Index n = 0; n < y_bar.cols(); ++n)
          for (Index run = block; run < runs_; run += blocks)
            add_products(at(c, x, run, n), entry(y_bar, run * length_, n), entry(sums, block * length_, 0),
                         entry(sums, block * length_, 1));
      }
    });
    for (Index k = 0; k < param_size(); ++k) {
      const double* one = entry(sums, k % weights_ * spread_, k / weights_);
      theta_bar[k] += static_cast<S>(sum_of(spread_, [=](Index p) { return one[p]; }));
    }
  }
  void add_products(const Point& p, const S* v, double* w_bar, double* b_bar) const {
    const S* const x = p.x;
    const Moments m = p.m;
    for (Index j = 0; j < length_; ++j) {
      w_bar[j] += in_double(v[j]) * in_double(m.normalized(x[j]));
      b_bar[j] += in_double(v[j]);
    }
  }

  Index runs_, length_, weights_, spread_;
  double epsilon_;
};

}  // namespace detail

/// Group normalization (Wu, He 2018), PyTorch's GroupNorm: the channels of an image are cut into `groups` of
/// neighbours, and the pixels of each group are brought to mean 0 and variance 1, with epsilon added to the
/// (biased) variance. Then y[c, p] = w[c] x_hat[c, p] + b[c]; theta = [w; b], w from 1 and b from 0 on, empty
/// if not affine. With one group per channel it is instance_norm.
///
/// With epsilon 0, a group of equal numbers gives NaN.
template <class S>
class GroupNorm : public detail::Normalization<S, true> {
 public:
  static constexpr const char* name = "GroupNorm";
  /// Throws unless groups >= 1 divide the channels and epsilon is finite and >= 0.
  GroupNorm(Shape in, Index groups, double epsilon = 1e-5, bool affine = true)
      : detail::Normalization<S, true>(name, checked_groups(in, groups), in.size() / groups, epsilon,
                                       affine ? in.channels : 0, in.pixels()),
        in_(in),
        groups_(groups) {}
  Shape in_shape() const { return in_; }
  Shape out_shape() const { return in_; }
  /// Groups of channels.
  Index groups() const { return groups_; }

 private:
  static Index checked_groups(const Shape& in, Index groups) {
    require_shape(in, name);
    require(groups >= 1 && in.channels % groups == 0,
            "GroupNorm: groups must be >= 1 and divide the channels = ", in.channels, ", got ", groups);
    return groups;
  }

  Shape in_;
  Index groups_;
};

/// Instance normalization (Ulyanov, Vedaldi, Lempitsky 2016), PyTorch's InstanceNorm2d without running
/// statistics: each channel of each image is brought to mean 0 and variance 1. As there, w and b are left out
/// unless asked for.
template <class S>
[[nodiscard]] GroupNorm<S> instance_norm(const Shape& in, double epsilon = 1e-5, bool affine = false) {
  return GroupNorm<S>(in, in.channels, epsilon, affine);
}

/// Layer normalization (Ba, Kiros, Hinton 2016), PyTorch's LayerNorm over the last axes, which have
/// normalized_size numbers: each run of so many numbers is brought to mean 0 and variance 1, with epsilon
/// added to the (biased) variance. Then y = w x_hat + b, number by number with the same w and b in every run;
/// theta = [w; b], w from 1 and b from 0 on, empty if not affine.
///
/// With epsilon 0, a run of equal numbers gives NaN.
template <class S>
class LayerNorm : public detail::Normalization<S, true> {
  using Base = detail::Normalization<S, true>;

 public:
  static constexpr const char* name = "LayerNorm";
  static constexpr bool keeps_shape = true;
  /// Throws unless normalized_size >= 1 divides in_size < 2^31 and epsilon is finite and >= 0.
  LayerNorm(Index in_size, Index normalized_size, double epsilon = 1e-5, bool affine = true)
      : Base(name, Base::runs_of(name, in_size, normalized_size), normalized_size, epsilon,
             affine ? normalized_size : 0, 1) {}
  /// Numbers in one run.
  Index normalized_size() const { return this->length(); }
};

/// Root mean square normalization (Zhang, Sennrich 2019), PyTorch's RMSNorm: as LayerNorm, but no mean is
/// taken off and there is no b: y = w x / sqrt(mean of x^2 + epsilon); theta = w, from 1 on, empty if not
/// affine. PyTorch's own epsilon is the machine epsilon.
template <class S>
class RmsNorm : public detail::Normalization<S, false> {
  using Base = detail::Normalization<S, false>;

 public:
  static constexpr const char* name = "RmsNorm";
  static constexpr bool keeps_shape = true;
  /// Throws unless normalized_size >= 1 divides in_size < 2^31 and epsilon is finite and >= 0.
  RmsNorm(Index in_size, Index normalized_size, double epsilon = 1e-5, bool affine = true)
      : Base(name, Base::runs_of(name, in_size, normalized_size), normalized_size, epsilon,
             affine ? normalized_size : 0, 1) {}
  /// Numbers in one run.
  Index normalized_size() const { return this->length(); }
};

}  // namespace basin
