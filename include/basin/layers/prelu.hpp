// The leaky ReLU whose slope is trained.
#pragma once
#include <vector>  // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, NoCache
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/shape.hpp"         // Shape, require_shape
#include "basin/core/sum.hpp"           // sum_of
#include "basin/layers/runs.hpp"        // for_runs, add_run_sums

namespace basin::inline BASIN_ABI {

/// y = x for x > 0, a x otherwise, with one slope a for all or one for each channel (He, Zhang, Ren, Sun
/// 2015); theta = the slopes, from 0.25 on. dy/dx at 0 is a, as in PyTorch's PReLU.
template <class S>
class PRelu {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "PRelu";
  static constexpr bool broadcasts = true;

  /// Throws unless slopes is 1 or the number of channels.
  explicit PRelu(Shape in, Index slopes = 1) : in_(in), slopes_(slopes) {
    require_shape(in, name);
    require(slopes == 1 || slopes == in.channels, "PRelu: slopes must be 1 or the number of channels, ",
            in.channels, ", got ", slopes);
  }
  Index in_size() const { return in_.size(); }
  Index out_size() const { return in_.size(); }
  Index param_size() const { return slopes_; }
  Shape in_shape() const { return in_; }
  Shape out_shape() const { return in_; }
  Index multiply_adds() const { return in_.size(); }
  std::vector<ParamBlock> param_blocks() const { return detail::scale_blocks(slopes_, 0.25, 0); }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const { scale(theta, x, x, y); }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0) add_gradient(x, y_bar, theta_bar);
    if (x_bar.size() > 0) scale(theta, x, y_bar, x_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    scale(theta, x, x_dot, y_dot);
  }

 private:
  Index length() const { return in_size() / slopes_; }  // numbers that share a slope
  /// out = v where x > 0, a v elsewhere; a single column of x serves all of v.
  void scale(VecIn<S> theta, MatIn<S> x, MatIn<S> v, MatOut<S> out) const {
    detail::for_runs(v.cols(), slopes_, length(), [&](Index n, Index run) {
      const S* at = detail::entry(x, run * length(), x.cols() == 1 ? 0 : n);
      const S* from = detail::entry(v, run * length(), n);
      S* to = detail::entry(out, run * length(), n);
      const S a = theta[run];
      const Index size = length();
      for (Index j = 0; j < size; ++j) {
        const S scaled = a * from[j];  // first, so that the loop vectorizes
        to[j] = at[j] > S(0) ? from[j] : scaled;
      }
    });
  }
  /// a_bar += sum of x y_bar where x <= 0.
  void add_gradient(MatIn<S> x, MatIn<S> y_bar, VecOut<S> theta_bar) const {
    detail::add_run_sums(x.cols(), slopes_, length(), theta_bar.data(), [&](Index n, Index run) {
      const S* at = detail::entry(x, run * length(), n);
      const S* v = detail::entry(y_bar, run * length(), n);
      return detail::sum_of(length(), [=](Index j) {
        const double product = static_cast<double>(at[j]) * static_cast<double>(v[j]);
        return at[j] > S(0) ? 0.0 : product;
      });
    });
  }

  Shape in_;
  Index slopes_;
};

}  // namespace basin
