// The work of check_layer, on any layer: compiled once for each scalar type.
#pragma once
#include <algorithm>  // std::max, std::minmax
#include <any>        // std::any
#include <cmath>      // std::cbrt, std::abs
#include <limits>     // std::numeric_limits
#include <string>     // std::string
#include <vector>     // std::vector

#include "basin/check/report.hpp"       // CheckOptions, CheckReport
#include "basin/core/error.hpp"         // require, text
#include "basin/core/layer_calls.hpp"   // ContractCalls
#include "basin/core/param_blocks.hpp"  // ParamBlock
#include "basin/core/random.hpp"        // Random

namespace basin::inline BASIN_ABI::detail {

template <class S>
class LayerCheck {
  using Cache = std::any;

 public:
  LayerCheck(const ContractCalls<S>& f, const CheckOptions<S>& options)
      : f_(f), o_(options), random_(options.seed) {
    require(o_.batch >= 1, "check_layer: batch must be >= 1, got ", o_.batch);
    require(o_.theta.size() == 0 || o_.theta.size() == f.param_size(), "check_layer: theta has ",
            o_.theta.size(), " entries, the layer ", f.param_size(), " parameters");
    theta_ = o_.theta.size() > 0 ? o_.theta : Vec<S>(normal(f.param_size(), 1, o_.theta_scale));
  }

  CheckReport run() {
    for (const double scale : o_.scales) {
      check_derivatives(scale);
      check_outputs(scale);
    }
    expect(largest_derivative_ > 0 || f_.param_size() + f_.in_size() == 0,
           "every derivative came out as zero: the check would say nothing");
    check_cache();
    check_strides();
    check_broadcast();
    check_blocks();
    return report_;
  }

 private:
  struct Pass {  // one forward with all that follows from it
    Cache cache;
    Mat<S> y;
  };

  Mat<S> normal(Index rows, Index cols, double scale) {
    Mat<S> m(rows, cols);
    for (Index j = 0; j < cols; ++j)
      for (Index i = 0; i < rows; ++i) m(i, j) = static_cast<S>(scale * random_.normal());
    return m;
  }
  static Mat<S> poisoned(Index rows, Index cols) {
    return Mat<S>::Constant(rows, cols, std::numeric_limits<S>::quiet_NaN());
  }
  void expect(bool ok, const std::string& failure) {
    if (!ok) report_.failures.push_back(failure);
  }
  void forward(MatIn<S> x, Pass& p) {
    p.y = poisoned(f_.out_size(), x.cols());
    f_.forward(theta_, x, p.y, p.cache);
  }
  Mat<S> value(VecIn<S> theta, MatIn<S> x) {
    Cache cache;
    Mat<S> y = poisoned(f_.out_size(), x.cols());
    f_.forward(theta, x, y, cache);
    return y;
  }
  Mat<S> jvp(MatIn<S> x, Pass& p, MatIn<S> x_dot) {
    Mat<S> y_dot = poisoned(f_.out_size(), x_dot.cols());
    f_.jvp(theta_, x, p.y, p.cache, x_dot, y_dot);
    return y_dot;
  }
  /// x_bar, theta_bar (with nothing added to it beforehand).
  void vjp(MatIn<S> x, Pass& p, MatIn<S> y_bar, Mat<S>& x_bar, Vec<S>& theta_bar) {
    x_bar = poisoned(f_.in_size(), y_bar.cols());
    theta_bar = Vec<S>::Zero(f_.param_size());
    f_.vjp(theta_, x, p.y, p.cache, y_bar, x_bar, theta_bar);
  }
  static double dot(const auto& a, const auto& b) {
    return a.template cast<double>().cwiseProduct(b.template cast<double>()).sum();
  }
  static double norm(const auto& a) { return a.template cast<double>().norm(); }
  /// |a - b| relative to the larger norm; 0 where both are 0, infinite where either is not finite.
  static double distance(const auto& a, const auto& b) {
    if (!a.allFinite() || !b.allFinite()) return std::numeric_limits<double>::infinity();
    const double scale = std::max(norm(a), norm(b));
    return scale > 0 ? norm((a - b).eval()) / scale : 0;
  }
  /// exp(-x) at x = -1000 is infinite, and rightly so; NaN never is.
  bool overflowed(const Mat<S>& y, double scale) {
    if (scale <= 1 || !y.array().isInf().any() || y.array().isNaN().any()) return false;
    ++report_.overflows;
    return true;
  }
  double round_off() const { return o_.round_off; }

  /// jvp against vjp, and both against central differences.
  void check_derivatives(double scale) {
    const Mat<S> x = normal(f_.in_size(), o_.batch, scale);
    bool smooth = false;
    for (int attempt = 0; attempt < (scale == 1 ? 8 : 1) && !smooth; ++attempt) {
      const Mat<S> u = normal(f_.in_size(), o_.batch, 1), v = normal(f_.out_size(), o_.batch, 1);
      const Vec<S> p = normal(f_.param_size(), 1, 1);
      Pass pass;
      forward(x, pass);
      if (overflowed(pass.y, scale)) return;
      expect(pass.y.allFinite(),
             text("forward: y is not finite or not all written, at inputs of scale ", scale));
      const Mat<S> y_dot = jvp(x, pass, u);
      Mat<S> x_bar;
      Vec<S> theta_bar;
      vjp(x, pass, v, x_bar, theta_bar);

      const double jv = dot(v, y_dot), size = norm(v) * norm(y_dot);
      largest_derivative_ = std::max({largest_derivative_, size, norm(theta_bar)});
      note(report_.adjoint, std::abs(jv - dot(x_bar, u)), std::max(size, norm(x_bar) * norm(u)), o_.adjoint,
           text("adjoint identity <v, J u> = <J'v, u>", at(scale)));
      const double eps = static_cast<double>(std::numeric_limits<S>::epsilon());
      const double step = std::cbrt(eps) * std::max(1.0, scale);
      smooth =
          difference([&](double h) { return value(theta_, x + static_cast<S>(h) * u); }, v, pass.y, step, jv,
                     size, report_.input_difference, text("jvp against central differences", at(scale)));
      if (f_.param_size() > 0) {
        // theta is multiplied by inputs of size `scale`: the shorter step keeps the third derivative's share
        // the same.
        const double theta_step = std::cbrt(eps) / std::max(1.0, scale);
        smooth =
            difference([&](double h) { return value(theta_ + static_cast<S>(h) * p, x); }, v, pass.y,
                       theta_step, dot(theta_bar, p), norm(theta_bar) * norm(p), report_.theta_difference,
                       text("theta_bar against central differences", at(scale))) &&
            smooth;
      }
    }
    expect(smooth || scale != 1, "no direction without a kink was found at inputs of scale 1");
  }

  /// <v, f(h) - f(-h)> / 2h against `derivative`. Returns false, and judges nothing, where the function is
  /// not smooth enough between -h and h to tell: the slopes of the four stretches between -h, -h/2, 0, h/2
  /// and h disagree (a kink), or the differences at h and h/2 do
  /// (a kink of the derivative, or a third derivative that is too large).
  template <class Line>
  bool difference(const Line& f, const Mat<S>& v, const Mat<S>& y, double h, double derivative, double size,
                  double& worst, const std::string& what) {
    const Mat<S> y0 = f(-h), y1 = f(-h / 2), y3 = f(h / 2), y4 = f(h);
    const double rounding = 8 * static_cast<double>(std::numeric_limits<S>::epsilon()) * norm(v) *
                            std::max({norm(y), norm(y0), norm(y4)}) / h;
    const auto slopes = std::minmax({dot(v, (y1 - y0).eval()), dot(v, (y - y1).eval()),
                                     dot(v, (y3 - y).eval()), dot(v, (y4 - y3).eval())});
    const double central = dot(v, (y4 - y0).eval()) / (2 * h), closer = dot(v, (y3 - y1).eval()) / h;
    size = std::max(size, std::abs(central));
    const double kink = (sizeof(S) == 8 ? 1e-3 : 2e-2) * size + 4 * rounding;
    if (!((slopes.second - slopes.first) * 2 / h <= kink) ||
        std::abs(central - closer) > o_.difference / 4 * size + 2 * rounding) {
      ++report_.kinks;
      return false;
    }
    note(worst, std::max(0.0, std::abs(central - derivative) - rounding), size, o_.difference, what);
    return true;
  }
  static std::string at(double scale) { return text(" at inputs of scale ", scale); }
  void note(double& worst, double error, double scale, double tolerance, const std::string& what) {
    const double relative = error == 0 ? 0 : error / scale;
    worst = std::max(worst, relative);
    expect(relative <= tolerance, text(what, ": relative error ", relative, ", expected <= ", tolerance));
  }

  /// `=` overwrites, `+=` adds, what has size 0 is left alone, and infer gives what forward gives.
  void check_outputs(double scale) {
    const Mat<S> x = normal(f_.in_size(), o_.batch, scale), v = normal(f_.out_size(), o_.batch, 1);
    Pass pass;
    forward(x, pass);
    if (overflowed(pass.y, scale)) return;
    Mat<S> x_bar, nothing;
    Vec<S> theta_bar;
    vjp(x, pass, v, x_bar, theta_bar);
    expect(x_bar.allFinite(),
           "vjp: x_bar keeps what stood there, or is not finite; it must be overwritten (=)");
    expect(jvp(x, pass, x).allFinite(),
           "jvp: y_dot keeps what stood there, or is not finite; it must be overwritten (=)");

    const double size = norm(theta_bar) > 0 ? norm(theta_bar) : 1;
    const Vec<S> before = normal(f_.param_size(), 1, size);
    Vec<S> after = before;
    Mat<S> again = poisoned(f_.in_size(), o_.batch);
    f_.vjp(theta_, x, pass.y, pass.cache, v, again, after);
    expect(norm((after - before - theta_bar).eval()) <= 4 * round_off() * (norm(before) + norm(theta_bar)),
           "vjp: theta_bar must be added to (+=), not overwritten");
    expect(distance(again, x_bar) <= round_off(),
           "vjp: a second call gives another x_bar; the cache must stay good");

    after.setConstant(std::numeric_limits<S>::quiet_NaN());
    again = poisoned(f_.in_size(), o_.batch);
    f_.vjp_fresh(theta_, x, pass.y, pass.cache, v, again, after);
    expect(distance(after, theta_bar) <= round_off() && distance(again, x_bar) <= round_off(),
           "vjp_fresh gives another x_bar or theta_bar than vjp; theta_bar must be overwritten (=)");
    after.setConstant(std::numeric_limits<S>::quiet_NaN());
    f_.vjp_fresh(theta_, x, pass.y, pass.cache, v, nothing, after);
    expect(distance(after, theta_bar) <= round_off(),
           "vjp_fresh: theta_bar differs when x_bar has size 0 (not wanted)");

    Vec<S> alone = Vec<S>::Zero(f_.param_size()), none;
    f_.vjp(theta_, x, pass.y, pass.cache, v, nothing, alone);
    expect(distance(alone, theta_bar) <= round_off(),
           "vjp: theta_bar differs when x_bar has size 0 (not wanted)");
    again = poisoned(f_.in_size(), o_.batch);
    f_.vjp(theta_, x, pass.y, pass.cache, v, again, none);
    expect(distance(again, x_bar) <= round_off(),
           "vjp: x_bar differs when theta_bar has size 0 (not wanted)");

    Cache cache;
    Mat<S> y = poisoned(f_.out_size(), o_.batch);
    f_.infer(theta_, x, y, cache);
    expect(distance(y, pass.y) <= round_off(), text("infer gives another y than forward", at(scale)));
    f_.prepack(theta_, cache);
    y = poisoned(f_.out_size(), o_.batch);
    f_.infer(theta_, x, y, cache);
    expect(distance(y, pass.y) <= round_off(), text("infer after prepack gives another y", at(scale)));
  }

  /// A cache that served other batches, smaller and larger, serves this one.
  void check_cache() {
    Pass used, fresh;
    for (const Index columns : {o_.batch + 2, Index(1), o_.batch}) {
      const Mat<S> x = normal(f_.in_size(), columns, 1), v = normal(f_.out_size(), columns, 1);
      forward(x, used);
      fresh = Pass();
      forward(x, fresh);
      Mat<S> x_bar, x_bar_fresh;
      Vec<S> theta_bar, theta_bar_fresh;
      vjp(x, used, v, x_bar, theta_bar);
      vjp(x, fresh, v, x_bar_fresh, theta_bar_fresh);
      expect(distance(used.y, fresh.y) <= round_off() && distance(x_bar, x_bar_fresh) <= round_off() &&
                 distance(theta_bar, theta_bar_fresh) <= round_off() &&
                 distance(jvp(x, used, x), jvp(x, fresh, x)) <= round_off(),
             text("a cache used before gives other results than a new one, at ", columns, " columns"));
      for (Index j = 0; j < columns; ++j)
        expect(distance(value(theta_, x.col(j)), fresh.y.col(j)) <= round_off(),
               text("column ", j, " of y depends on the other columns of x"));
      // Two layers may be in use at once: a second forward elsewhere must not disturb this pass.
      Pass other;
      forward(x.reverse(), other);
      vjp(x, fresh, v, x_bar_fresh, theta_bar_fresh);
      expect(
          distance(x_bar, x_bar_fresh) <= round_off() && distance(theta_bar, theta_bar_fresh) <= round_off(),
          "another forward with another cache changes this one's vjp: the layer keeps state of its own");
    }
  }

  /// Blocks of larger matrices, whose columns do not follow each other in memory.
  void check_strides() {
    const Index n = f_.in_size(), m = f_.out_size(), B = o_.batch;
    const Mat<S> wide_x = normal(n + 3, B + 1, 1), wide_v = normal(m + 3, B + 1, 1);
    const Mat<S> x = wide_x.block(1, 1, n, B), v = wide_v.block(2, 0, m, B);
    Pass plain;
    forward(x, plain);
    Mat<S> x_bar, wide_y = poisoned(m + 2, B), wide_x_bar = poisoned(n + 2, B),
                  wide_y_dot = poisoned(m + 2, B);
    Vec<S> theta_bar, wide_theta_bar = Vec<S>::Zero(f_.param_size());
    vjp(x, plain, v, x_bar, theta_bar);
    Cache cache;
    f_.forward(theta_, wide_x.block(1, 1, n, B), wide_y.middleRows(1, m), cache);
    f_.vjp(theta_, wide_x.block(1, 1, n, B), wide_y.middleRows(1, m), cache, wide_v.block(2, 0, m, B),
           wide_x_bar.middleRows(1, n), wide_theta_bar);
    f_.jvp(theta_, wide_x.block(1, 1, n, B), wide_y.middleRows(1, m), cache, wide_x.block(1, 1, n, B),
           wide_y_dot.middleRows(1, m));
    expect(distance(wide_y.middleRows(1, m), plain.y) <= round_off() &&
               distance(wide_x_bar.middleRows(1, n), x_bar) <= round_off() &&
               distance(wide_theta_bar, theta_bar) <= round_off() &&
               distance(wide_y_dot.middleRows(1, m), jvp(x, plain, x)) <= round_off(),
           "blocks of larger matrices give other results: use outerStride(), not a run of data()");
    expect(!wide_y.row(0).allFinite() && !wide_y.row(m + 1).allFinite() &&
               wide_y.row(0).array().isNaN().all() && wide_y.row(m + 1).array().isNaN().all() &&
               wide_x_bar.row(0).array().isNaN().all() && wide_x_bar.row(n + 1).array().isNaN().all(),
           "something is written outside the output's rows");
  }

  /// Where the layer says so, one point with many tangents equals the point repeated.
  void check_broadcast() {
    if (f_.broadcasts()) {
      const Index K = o_.batch + 2;
      const Mat<S> x = normal(f_.in_size(), 1, 1), u = normal(f_.in_size(), K, 1),
                   v = normal(f_.out_size(), K, 1);
      Pass one, many;
      forward(x, one);
      forward(x.replicate(1, K), many);
      Mat<S> x_bar, one_x_bar = poisoned(f_.in_size(), K);
      Vec<S> theta_bar, none;
      vjp(x.replicate(1, K), many, v, x_bar, theta_bar);
      f_.vjp(theta_, x, one.y, one.cache, v, one_x_bar, none);
      expect(distance(one_x_bar, x_bar) <= round_off() &&
                 distance(jvp(x, one, u), jvp(x.replicate(1, K), many, u)) <= round_off(),
             "broadcasts is set, but many tangents at one point differ from the point repeated");
    }
  }

  /// param_blocks, where given, cover theta without gaps.
  void check_blocks() {
    if (f_.has_param_blocks()) {
      Index next = 0;
      for (const ParamBlock& b : f_.param_blocks()) {
        expect(b.offset == next && b.rows >= 1 && b.cols >= 1 && b.fan_in >= 1 && b.fan_out >= 1,
               text("param_blocks: \"", b.name, "\" starts at ", b.offset, ", expected ", next,
                    ", with sizes and fans >= 1"));
        next = b.offset + b.size();
      }
      expect(next == f_.param_size(),
             text("param_blocks end at ", next, ", param_size() is ", f_.param_size()));
    }
  }

  const ContractCalls<S>& f_;
  CheckOptions<S> o_;
  Random random_;
  Vec<S> theta_;
  CheckReport report_;
  double largest_derivative_ = 0;
};

/// What check_layer finds.
template <class S>
CheckReport check_calls(const ContractCalls<S>& f, const CheckOptions<S>& options) {
  return LayerCheck<S>(f, options).run();
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template CheckReport check_calls<float>(const ContractCalls<float>&, const CheckOptions<float>&);
extern template CheckReport check_calls<double>(const ContractCalls<double>&, const CheckOptions<double>&);
#endif

}  // namespace basin::detail
