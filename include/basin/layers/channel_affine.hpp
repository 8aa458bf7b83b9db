// A factor and an offset for each channel: what batch normalization is once it is trained.
#pragma once
#include <cmath>   // std::isfinite, std::sqrt
#include <vector>  // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, NoCache
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/shape.hpp"         // Shape, require_shape
#include "basin/core/sum.hpp"           // sum_of
#include "basin/layers/runs.hpp"        // for_runs, add_run_sums

namespace basin::inline BASIN_ABI {

/// y[c, p] = w[c] x[c, p] + b[c] for each pixel p of channel c; theta = [w; b], w from 1 and b from 0 on.
/// Vectors are images of n x 1 x 1.
///
/// This is PyTorch's BatchNorm in evaluation mode, with theta from fold_batch_norm. Batch normalization in
/// training is no layer: its mean and variance are those of a batch, so that the output for one sample
/// depends on the others. There is no map x -> f(x) then, to iterate or to differentiate, and the result
/// would change with the way in which a batch is cut, over minibatches and threads. A network that is trained
/// here takes GroupNorm or LayerNorm (layers/normalization.hpp), which see one sample at a time.
template <class S>
class ChannelAffine {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "ChannelAffine";
  static constexpr bool broadcasts = true;  // the Jacobian diag(w) does not depend on x

  /// Throws unless every side of the shape is from 1 to 2^20.
  explicit ChannelAffine(Shape in) : in_(in) { require_shape(in, name); }
  Index in_size() const { return in_.size(); }
  Index out_size() const { return in_.size(); }
  Index param_size() const { return 2 * in_.channels; }
  Shape in_shape() const { return in_; }
  Shape out_shape() const { return in_; }
  Index multiply_adds() const { return in_.size(); }
  std::vector<ParamBlock> param_blocks() const {
    return detail::scale_blocks(in_.channels, 1.0, in_.channels);
  }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache&) const {
    const S* const w = theta.data();
    const S* const b = w + in_.channels;
    each_channel(x, y, [=](Index c) {
      return [factor = w[c], offset = b[c]](S value) { return factor * value + offset; };
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (theta_bar.size() > 0) add_gradient(x, y_bar, theta_bar);
    if (x_bar.size() > 0) scale(theta, y_bar, x_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    scale(theta, x_dot, y_dot);
  }
  /// The entries of diag(w), see linearize/affine_layers.hpp.
  template <class Visit>
  void for_entries(VecIn<S> theta, const Visit& visit) const {
    for (Index c = 0, i = 0; c < in_.channels; ++c)
      for (Index p = 0; p < in_.pixels(); ++p, ++i) visit(i, i, theta[c]);
  }

 private:
  /// out[c, p] = map_of(c)(in[c, p])
  template <class MapOf>
  void each_channel(MatIn<S> in, MatOut<S> out, const MapOf& map_of) const {
    const Index pixels = in_.pixels();
    detail::for_runs(in.cols(), in_.channels, pixels, [&](Index n, Index c) {
      const S* from = detail::entry(in, c * pixels, n);
      S* to = detail::entry(out, c * pixels, n);
      const auto map = map_of(c);
      for (Index p = 0; p < pixels; ++p) to[p] = map(from[p]);
    });
  }
  void scale(VecIn<S> theta, MatIn<S> in, MatOut<S> out) const {
    const S* const w = theta.data();
    each_channel(in, out, [=](Index c) { return [factor = w[c]](S value) { return factor * value; }; });
  }
  /// w_bar[c] += sum of y_bar x, b_bar[c] += sum of y_bar, over the pixels of channel c in all columns.
  void add_gradient(MatIn<S> x, MatIn<S> y_bar, VecOut<S> theta_bar) const {
    const Index channels = in_.channels, pixels = in_.pixels();
    detail::add_run_sums(x.cols(), channels, pixels, theta_bar.data(), [&](Index n, Index c) {
      const S* from = detail::entry(x, c * pixels, n);
      const S* v = detail::entry(y_bar, c * pixels, n);
      return detail::sum_of(
          pixels, [=](Index p) { return static_cast<double>(v[p]) * static_cast<double>(from[p]); });
    });
    detail::add_run_sums(x.cols(), channels, pixels, theta_bar.data() + channels, [&](Index n, Index c) {
      const S* v = detail::entry(y_bar, c * pixels, n);
      return detail::sum_of(pixels, [=](Index p) { return static_cast<double>(v[p]); });
    });
  }

  Shape in_;
};

namespace detail {

/// One channel of a batch normalization as w x + b.
struct FoldedChannel {
  double w, b;
};
inline FoldedChannel folded_channel(double weight, double bias, double mean, double variance,
                                    double epsilon) {
  const double w = weight / std::sqrt(variance + epsilon);
  return {w, bias - mean * w};
}

}  // namespace detail

/// The theta of the ChannelAffine that batch normalization is in evaluation mode, one number for each channel
/// in each argument (PyTorch's weight, bias, running_mean, running_var and eps):
///
///     w = weight / sqrt(variance + epsilon),   b = bias - mean w
///
/// computed in double. Without weight and bias of its own, give ones and zeros. Throws unless all have one
/// size and are finite, and every variance + epsilon is > 0.
template <class S>
[[nodiscard]] Vec<S> fold_batch_norm(VecIn<S> weight, VecIn<S> bias, VecIn<S> mean, VecIn<S> variance,
                                     double epsilon = 1e-5) {
  const Index channels = weight.size();
  require(bias.size() == channels && mean.size() == channels && variance.size() == channels,
          "fold_batch_norm: weight, bias, mean and variance have ", channels, ", ", bias.size(), ", ",
          mean.size(), " and ", variance.size(), " entries, expected as many");
  require(weight.allFinite() && bias.allFinite() && mean.allFinite(),
          "fold_batch_norm: weight, bias or mean has entries that are NaN or infinite");
  require(epsilon >= 0 && std::isfinite(epsilon), "fold_batch_norm: epsilon must be finite and >= 0, got ",
          epsilon);
  Vec<S> theta(2 * channels);
  for (Index c = 0; c < channels; ++c) {
    const double v = static_cast<double>(variance[c]);
    require(v >= 0 && v + epsilon > 0 && std::isfinite(v), "fold_batch_norm: variance[", c,
            "] must be finite, >= 0, and > 0 together with epsilon, got ", v);
    const auto [w, b] = detail::folded_channel(static_cast<double>(weight[c]), static_cast<double>(bias[c]),
                                               static_cast<double>(mean[c]), v, epsilon);
    theta[c] = static_cast<S>(w);
    theta[channels + c] = static_cast<S>(b);
  }
  return theta;
}

}  // namespace basin
