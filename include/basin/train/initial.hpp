// Initial values of the parameters, drawn the same way for every scalar type and layout.
#pragma once
#include <cmath>       // std::isfinite, std::sqrt
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/core/random.hpp"        // Random
#include "basin/core/types.hpp"         // Mat, MatOut, Vec
#include "basin/train/checks.hpp"       // detail::require_finite, detail::require_nonnegative
#include "basin/train/orthogonal.hpp"   // orthonormalize

namespace basin::inline BASIN_ABI {
namespace initial {

/// Fills W, which is block.rows x block.cols from inputs (cols) to outputs (rows); W must not keep a NaN. The
/// rules below draw row by row, one number an entry, in double.
using Rule = std::function<void(const ParamBlock& block, Random& random, MatOut<double> W)>;

/// One rule for weights and one for biases. Blocks that have a start of their own (ParamBlock::start) are not
/// theirs to fill.
struct Scheme {
  Rule weight, bias;  // for blocks of either role
};

namespace detail {

enum class Distribution { uniform, normal };

/// Entries with mean 0 and variance sd^2 = scale / (in * fan_in + out * fan_out): uniform on [-sqrt(3) sd,
/// sqrt(3) sd), or normal.
template <class = void>
Rule by_fan(Distribution distribution, double scale, double in, double out);
// The rules of the schemes of these names.
template <class = void>
Rule constant_rule(double c);
template <class = void>
Rule uniform_rule(double lo, double hi);
template <class = void>
Rule normal_rule(double mean, double sd);
template <class = void>
Rule orthogonal_rule(double gain);
template <class = void>
Rule scaled_rule(Rule rule, double factor);

}  // namespace detail

/// Every parameter, biases too, is c.
[[nodiscard]] inline Scheme constant(double c) {
  basin::detail::require_finite("constant", "c", c);
  return {detail::constant_rule(c), detail::constant_rule(c)};
}
/// Every parameter is 0.
[[nodiscard]] inline Scheme zero() { return constant(0); }
/// Every parameter, biases too, is uniform on [lo, hi).
[[nodiscard]] inline Scheme uniform(double lo, double hi) {
  require(std::isfinite(lo) && std::isfinite(hi) && lo <= hi,
          "uniform: lo and hi must be finite with lo <= hi, got ", lo, " and ", hi);
  return {detail::uniform_rule(lo, hi), detail::uniform_rule(lo, hi)};
}
/// Every parameter, biases too, is N(mean, sd^2).
[[nodiscard]] inline Scheme normal(double mean, double sd) {
  basin::detail::require_finite("normal", "mean", mean);
  basin::detail::require_nonnegative("normal", "sd", sd);
  return {detail::normal_rule(mean, sd), detail::normal_rule(mean, sd)};
}

/// Weights with sd = gain sqrt(2 / (fan_in + fan_out)), biases 0 (Glorot, Bengio 2010): uniform on
/// [-sqrt(3) sd, sqrt(3) sd).
[[nodiscard]] inline Scheme xavier_uniform(double gain = 1) {
  basin::detail::require_nonnegative("xavier_uniform", "gain", gain);
  return {detail::by_fan(detail::Distribution::uniform, 2 * gain * gain, 1, 1), zero().bias};
}
/// Weights N(0, sd^2) with the sd of xavier_uniform, biases 0.
[[nodiscard]] inline Scheme xavier_normal(double gain = 1) {
  basin::detail::require_nonnegative("xavier_normal", "gain", gain);
  return {detail::by_fan(detail::Distribution::normal, 2 * gain * gain, 1, 1), zero().bias};
}

/// Whose size is kept: that of the activations on the way forward (in), or of the gradients on the way back
/// (out).
enum class Fan { in, out };

namespace detail {
inline Rule kaiming(const char* who, Distribution distribution, double a, Fan fan) {
  basin::detail::require_finite(who, "negative_slope", a);
  return by_fan(distribution, 2 / (1 + a * a), fan == Fan::in ? 1 : 0, fan == Fan::out ? 1 : 0);
}
}  // namespace detail

/// Weights with sd = sqrt(2 / ((1 + a^2) fan)), a the slope of a leaky ReLU below 0 (0: ReLU), biases 0 (He,
/// Zhang, Ren, Sun 2015): uniform on [-sqrt(3) sd, sqrt(3) sd).
[[nodiscard]] inline Scheme kaiming_uniform(double negative_slope = 0, Fan fan = Fan::in) {
  return {detail::kaiming("kaiming_uniform", detail::Distribution::uniform, negative_slope, fan),
          zero().bias};
}
/// Weights N(0, sd^2) with the sd of kaiming_uniform, biases 0.
[[nodiscard]] inline Scheme kaiming_normal(double negative_slope = 0, Fan fan = Fan::in) {
  return {detail::kaiming("kaiming_normal", detail::Distribution::normal, negative_slope, fan), zero().bias};
}

/// Weights with sd = 1 / sqrt(fan_in), biases 0 (LeCun, Bottou, Orr, Mueller 1998), the choice for SELU:
/// uniform on [-sqrt(3 / fan_in), sqrt(3 / fan_in)).
[[nodiscard]] inline Scheme lecun_uniform() {
  return {detail::by_fan(detail::Distribution::uniform, 1, 1, 0), zero().bias};
}
/// Weights N(0, 1 / fan_in), not truncated, biases 0.
[[nodiscard]] inline Scheme lecun_normal() {
  return {detail::by_fan(detail::Distribution::normal, 1, 1, 0), zero().bias};
}

/// Weights gain * Q with Q uniform among the matrices with orthonormal columns (rows, where W is wide),
/// biases 0 (Saxe, McClelland, Ganguli 2014): Q of the QR factorization of a normal matrix with a positive
/// diagonal of R.
[[nodiscard]] inline Scheme orthogonal(double gain = 1) {
  basin::detail::require_nonnegative("orthogonal", "gain", gain);
  return {detail::orthogonal_rule(gain), zero().bias};
}

/// PyTorch's default for Linear and Conv2d: weights and biases uniform on [-1 / sqrt(fan_in), 1 /
/// sqrt(fan_in)), for a bias with the fan_in of its layer's weight.
[[nodiscard]] inline Scheme pytorch_default() {
  const Rule rule = detail::by_fan(detail::Distribution::uniform, 1. / 3, 1, 0);
  return {rule, rule};
}

/// `scheme` with all its values multiplied by `factor`, biases too.
[[nodiscard]] inline Scheme scaled(Scheme scheme, double factor) {
  basin::detail::require_finite("scaled", "factor", factor);
  return {detail::scaled_rule(std::move(scheme.weight), factor),
          detail::scaled_rule(std::move(scheme.bias), factor)};
}

#ifdef BASIN_BODIES
namespace detail {

/// W(i, j) = draw(), row by row.
template <class Draw>
void fill(MatOut<double> W, const Draw& draw) {
  for (Index i = 0; i < W.rows(); ++i)
    for (Index j = 0; j < W.cols(); ++j) W(i, j) = draw();
}

template <class>
Rule by_fan(Distribution distribution, double scale, double in, double out) {
  return [=](const ParamBlock& block, Random& random, MatOut<double> W) {
    const double fan = in * static_cast<double>(block.fan_in) + out * static_cast<double>(block.fan_out);
    require(fan >= 1, "initial values: block '", block.name, "' has fan_in ", block.fan_in, " and fan_out ",
            block.fan_out, ", expected both >= 1");
    const double sd = std::sqrt(scale / fan), bound = std::sqrt(3 * scale / fan);
    const bool uniform = distribution == Distribution::uniform;
    fill(W, [&] { return uniform ? random.uniform(-bound, bound) : random.normal(0, sd); });
  };
}

template <class>
Rule constant_rule(double c) {
  return [c](const ParamBlock&, Random&, MatOut<double> W) { W.setConstant(c); };
}

template <class>
Rule uniform_rule(double lo, double hi) {
  return [=](const ParamBlock&, Random& random, MatOut<double> W) {
    fill(W, [&] { return random.uniform(lo, hi); });
  };
}

template <class>
Rule normal_rule(double mean, double sd) {
  return [=](const ParamBlock&, Random& random, MatOut<double> W) {
    fill(W, [&] { return random.normal(mean, sd); });
  };
}

template <class>
Rule orthogonal_rule(double gain) {
  return [=](const ParamBlock&, Random& random, MatOut<double> W) {
    fill(W, [&] { return random.normal(); });
    Mat<double> Q = W.rows() >= W.cols() ? Mat<double>(W) : Mat<double>(W.transpose());
    orthonormalize<double>(Q);
    if (W.rows() >= W.cols())
      W = gain * Q;
    else
      W = gain * Q.transpose();
  };
}

template <class>
Rule scaled_rule(Rule rule, double factor) {
  return [=, rule = std::move(rule)](const ParamBlock& block, Random& random, MatOut<double> W) {
    rule(block, random, W);
    W *= factor;
  };
}

}  // namespace detail
#endif

}  // namespace initial

namespace detail {

/// initial_values for `size` parameters that lie in `blocks`, of a layer that messages call `who`.
template <class S>
Vec<S> draw_values(const char* who, Index size, const std::vector<ParamBlock>& blocks,
                   const initial::Scheme& scheme, Random& random) {
  require(scheme.weight && scheme.bias, "initial_values: the scheme lacks a rule for weights or biases");
  Vec<S> theta(size);
  Index next = 0;
  for (const ParamBlock& block : blocks) {
    require(block.offset == next && block.size() <= theta.size() - next, who, ": block '", block.name,
            "' is theta[", block.offset, " .. ", block.offset + block.size(), "), expected a block from ",
            next, " within ", theta.size(), " parameters");
    next += block.size();
    Mat<double> W = Mat<double>::Constant(block.rows, block.cols, Eigen::NumTraits<double>::quiet_NaN());
    if (block.start)
      W.setConstant(*block.start);
    else
      (block.role == ParamBlock::Role::weight ? scheme.weight : scheme.bias)(block, random, W);
    require(W.template cast<S>().allFinite(), "initial_values: the rule for block '", block.name,
            "' left a value that is not finite");
    if (block.row_major)  // now column by column what is row by row in theta
      W = Mat<double>(W.transpose()).reshaped(block.rows, block.cols);
    Eigen::Map<Mat<S>>(theta.data() + block.offset, block.rows, block.cols) = W.template cast<S>();
  }
  require(next == theta.size(), who, ": param_blocks() covers ", next, " of ", theta.size(), " parameters");
  return theta;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template Vec<float> draw_values<float>(const char*, Index, const std::vector<ParamBlock>&,
                                              const initial::Scheme&, Random&);
extern template Vec<double> draw_values<double>(const char*, Index, const std::vector<ParamBlock>&,
                                                const initial::Scheme&, Random&);
#endif

}  // namespace detail

/// theta for f by `scheme`, block after block as param_blocks(f) lists them. Numbers are drawn in double
/// and rounded to the scalar type at the end, and their order does not depend on how a block lies in
/// theta. A block with a start of its own, as the factors 1 and offsets 0 of a normalization, has that in
/// every scheme. Throws if the blocks do not fill theta from its beginning to its end, if a rule is
/// missing, or if one leaves a value that is not finite.
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> initial_values(const F& f, const initial::Scheme& scheme,
                                                     Random& random) {
  return detail::draw_values<typename F::Scalar>(layer_name(f), f.param_size(), param_blocks(f), scheme,
                                                 random);
}

/// The same with Random(seed).
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> initial_values(const F& f, const initial::Scheme& scheme,
                                                     std::uint64_t seed) {
  Random random(seed);
  return initial_values(f, scheme, random);
}

}  // namespace basin
