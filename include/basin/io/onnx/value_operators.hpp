// ONNX operators that compute number by number, over an axis, or from two values.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::abs, std::isnan, std::trunc
#include <limits>     // std::numeric_limits
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/io/onnx/shape_operators.hpp"  // onnx_broadcast, onnx_batch_in, onnx_axes
#include "basin/io/onnx/translator.hpp"       // OnnxTranslator, OnnxValue
#include "basin/layers/diagonal.hpp"          // Diagonal
#include "basin/layers/maps.hpp"              // the maps
#include "basin/layers/pairwise.hpp"          // Pairwise
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/prelu.hpp"             // PRelu
#include "basin/layers/reduce.hpp"            // Reduce, ReduceSum
#include "basin/layers/softmax.hpp"           // Softmax, LogSoftmax

namespace basin::inline BASIN_ABI::detail {

template <class S, class Phi>
OnnxValue onnx_map(OnnxTranslator<S>& c, const OnnxValue& v, const Phi& phi) {
  return c.layer(Pointwise<S, Phi>(v.size(), phi), v, v.dims);
}
template <class S>
OnnxValue onnx_map(OnnxTranslator<S>& c, const OnnxValue& v, Elementary::Kind kind) {
  return onnx_map(c, v, Elementary{kind});
}
/// An operator without attributes that is the map Phi.
template <class S, class Phi>
void onnx_plain_map(OnnxTranslator<S>& c) {
  c.given("consumed_inputs");
  c.out(onnx_map(c, c.running(0), Phi{}));
}
template <class S, Elementary::Kind kind>
void onnx_elementary(OnnxTranslator<S>& c) {
  c.given("consumed_inputs");
  c.out(onnx_map(c, c.running(0), kind));
}
template <class S>
void onnx_leaky_relu(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), LeakyRelu{c.number("alpha", 0.01)}));
}
template <class S>
void onnx_elu(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), Elu{c.number("alpha", 1)}));
}
template <class S>
void onnx_celu(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), Celu{c.number("alpha", 1)}));
}
/// gamma (x for x > 0, alpha (exp(x) - 1) otherwise); basin's Selu where these are its numbers.
template <class S>
void onnx_selu(OnnxTranslator<S>& c) {
  const double alpha = c.number("alpha", Selu::alpha), gamma = c.number("gamma", Selu::scale);
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-4; };
  const OnnxValue v = c.running(0);
  if (near(alpha, Selu::alpha) && near(gamma, Selu::scale)) return c.out(onnx_map(c, v, Selu{}));
  const OnnxValue y = onnx_map(c, v, Elu{alpha});
  const Index n = y.size();
  c.out(c.layer(Diagonal<S>(Vec<S>::Constant(n, static_cast<S>(gamma)), Vec<S>::Zero(n)), y, y.dims));
}
template <class S>
void onnx_hard_sigmoid(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), HardSigmoid{c.number("alpha", 0.2), c.number("beta", 0.5)}));
}
template <class S>
void onnx_thresholded_relu(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), ThresholdedRelu{c.number("alpha", 1)}));
}
template <class S>
void onnx_shrink(OnnxTranslator<S>& c) {
  c.out(onnx_map(c, c.running(0), Shrink{c.number("lambd", 0.5), c.number("bias", 0)}));
}
template <class S>
void onnx_gelu(OnnxTranslator<S>& c) {
  if (c.word("approximate", "none") == "tanh")
    c.out(onnx_map(c, c.running(0), GeluTanh{}));
  else
    c.out(onnx_map(c, c.running(0), Gelu{}));
}
template <class S>
void onnx_clip(OnnxTranslator<S>& c) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const auto bound = [&](int i, const char* name, double otherwise) {
    if (!c.has(i)) return c.number(name, otherwise);
    const OnnxTensor& t = c.constant(i, name);
    onnx_require(t.size() == 1, name, " has ", t.size(), " entries, expected 1");
    return t.values[0];
  };
  double lo = bound(1, "min", -infinite), hi = bound(2, "max", infinite);
  // The largest float stands for no bound.
  if (lo <= -static_cast<double>(std::numeric_limits<float>::max())) lo = -infinite;
  if (hi >= static_cast<double>(std::numeric_limits<float>::max())) hi = infinite;
  const OnnxValue v = c.in(0).constant ? c.running(0) : c.in(0);
  c.given("consumed_inputs");
  if (lo == -infinite && hi == infinite) return c.out(v);
  if (lo == 0 && hi == infinite) return c.out(onnx_map(c, v, Relu{}));
  onnx_require(lo < hi, "min = ", lo, " and max = ", hi, ", expected min < max");
  c.out(onnx_map(c, v, Hardtanh{lo, hi}));
}

/// One slope, one a channel, or one for each number: by numpy's rule, or, where that does not fit, a list
/// with one for each channel, as it was before version 7.
template <class S>
void onnx_prelu(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const OnnxTensor& slope = c.constant(1, "slope");
  c.given("consumed_inputs");
  const bool has_channels = v.rank() >= 2 && v.side(0) == 1 && v.batch <= 0;
  const Shape in = has_channels ? onnx_channels(v) : Shape{v.size(), 1, 1};
  if (slope.size() == 1) return c.out(c.layer(PRelu<S>(in, 1), v, v.dims, c.parameters(slope)));
  const Index channels = has_channels ? in.channels : 0;
  Dims by_channel(static_cast<std::size_t>(std::max(1, v.rank() - 1)), 1);
  by_channel[0] = channels;
  Dims dims = slope.dims;
  if (static_cast<int>(dims.size()) == v.rank() && dims[0] == 1) dims.erase(dims.begin());
  const bool list = dims == Dims{channels} && v.rank() > 2 && v.dims.back() != channels;
  if (dims == by_channel || list)
    return c.out(c.layer(PRelu<S>(in, channels), v, v.dims, c.parameters(slope)));
  onnx_require(onnx_broadcast(v.dims, slope.dims) == v.dims, "slope has shape ", shape_text(slope.dims),
               " for a value of shape ", shape_text(v.dims));
  const OnnxValue each = c.expanded(c.in(1), v.dims, -1);
  c.out(c.layer(PRelu<S>({v.size(), 1, 1}, v.size()), v, v.dims, c.parameters(*each.constant)));
}

template <class S>
void onnx_softmax(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const bool block = c.opset() < 13;  // all axes from `axis` on together
  const int axis = c.axis_of(c.integer("axis", block ? 1 : -1), v.rank());
  const int behind = block ? v.rank() : axis + 1;
  onnx_require(v.batch < axis || v.batch >= behind, "works along the batch and so mixes samples");
  const Index outer = v.size(0, axis), n = v.size(axis, behind), inner = v.size(behind, v.rank());
  if (c.node().op == "LogSoftmax")
    c.out(c.layer(LogSoftmax<S>(outer, n, inner), v, v.dims));
  else
    c.out(c.layer(Softmax<S>(outer, n, inner), v, v.dims));
}

/// ReduceSum, ReduceMax, ...: the axes brought to the end, where each run is reduced.
template <class S>
void onnx_reduce(OnnxTranslator<S>& c) {
  const std::string op = c.node().op.substr(6);
  OnnxValue v = c.running(0);
  const bool keep = c.integer("keepdims", 1) != 0;
  const bool nothing_if_empty = c.integer("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(v.dims.size(), false);
  const auto axes = onnx_axes(c, 1);
  if (axes.empty() && nothing_if_empty) return c.out(v);
  for (const std::int64_t raw : axes) reduced[static_cast<std::size_t>(c.axis_of(raw, v.rank()))] = true;
  if (axes.empty()) reduced.assign(v.dims.size(), true);
  std::vector<int> order;
  Dims dims;
  int batch = -1;
  Index n = 1;
  for (int a = 0; a < v.rank(); ++a) {
    const bool gone = reduced[static_cast<std::size_t>(a)];
    if (gone) c.require_not_batch(v, a);
    if (a == v.batch) batch = static_cast<int>(dims.size());
    if (!gone) order.push_back(a);
    if (!gone || keep) dims.push_back(gone ? 1 : v.side(a));
  }
  for (int a = 0; a < v.rank(); ++a)
    if (reduced[static_cast<std::size_t>(a)]) order.push_back(a), n *= v.side(a);
  v = c.transposed(v, order);
  const Index runs = v.size() / n;
  v.batch = batch;
  using Kind = Elementary::Kind;
  if (op == "L1") v = onnx_map(c, v, Kind::abs);
  if (op == "SumSquare") v = onnx_map(c, v, Power{2});
  const auto by = [&](ReduceRule rule) { return c.layer(Reduce<S>(runs, n, rule), v, dims); };
  if (op == "Max") return c.out(by(ReduceRule::maximum));
  if (op == "Min") return c.out(by(ReduceRule::minimum));
  if (op == "Prod") return c.out(by(ReduceRule::product));
  if (op == "L2") return c.out(by(ReduceRule::norm));
  if (op == "LogSumExp") return c.out(by(ReduceRule::log_sum_exp));
  const S factor = op == "Mean" ? S(1) / static_cast<S>(n) : S(1);
  const OnnxValue sum = c.layer(ReduceSum<S>(runs, n, factor), v, dims);
  c.out(op == "LogSum" ? onnx_map(c, sum, Kind::log) : sum);
}

/// The entries of a constant, one for each number of a value that it is broadcast with.
template <class S>
Vec<double> onnx_spread(OnnxTranslator<S>& c, const OnnxValue& constant, const OnnxValue& v) {
  c.require_numbers(*constant.constant);
  return c.expanded(constant, v.dims, -1).constant->values;
}
template <class S>
OnnxValue onnx_scaled(OnnxTranslator<S>& c, const OnnxValue& v, const Vec<double>& a, const Vec<double>& b) {
  return c.layer(Diagonal<S>(a.template cast<S>(), b.template cast<S>()), v, v.dims);
}

/// Both operands in their common shape; `batch` is its axis of the batch.
template <class S>
struct OnnxPair {
  OnnxValue a, b;
};
template <class S>
OnnxPair<S> onnx_pair(OnnxTranslator<S>& c, OnnxValue a, OnnxValue b) {
  // Before version 7 the axes of the second operand could be said to begin at one of the first.
  if (c.integer("broadcast", 0) != 0 && c.given("axis")) {
    const int axis = c.axis_of(c.integer("axis", 0), a.rank());
    Dims dims = b.dims;
    while (static_cast<int>(dims.size()) + axis < a.rank()) dims.push_back(1);
    b = c.reshaped(std::move(b), std::move(dims), b.batch);
  }
  const Dims dims = onnx_broadcast(a.dims, b.dims);
  c.require_size(dims);
  const int of_a = onnx_batch_in(a, dims.size()), of_b = onnx_batch_in(b, dims.size());
  onnx_require(of_a < 0 || of_b < 0 || of_a == of_b, "the operands have different axes of the batch");
  const int batch = std::max(of_a, of_b);
  onnx_require(batch < 0 || dims[static_cast<std::size_t>(batch)] == 1,
               "an operand has a number for each sample of a batch of ",
               batch < 0 ? Index(0) : dims[static_cast<std::size_t>(batch)]);
  a = a.constant ? std::move(a) : c.expanded(a, dims, batch);
  b = b.constant ? std::move(b) : c.expanded(b, dims, batch);
  return {std::move(a), std::move(b)};
}

template <class S>
OnnxValue onnx_plus_constant(OnnxTranslator<S>& c, const OnnxValue& v, OnnxValue constant, double factor) {
  const auto [a, b] = onnx_pair(c, v, std::move(constant));
  const Vec<double> shift = factor * onnx_spread(c, b, a);
  return onnx_scaled(c, a, Vec<double>::Ones(shift.size()), shift);
}
template <class S>
OnnxValue onnx_both(OnnxTranslator<S>& c, const OnnxValue& a, const OnnxValue& b, PairRule rule) {
  OnnxValue both{.dims = a.dims, .batch = std::max(a.batch, b.batch)};
  both.id = c.builder.concat({a.id, b.id});
  return c.layer(Pairwise<S>(a.size(), rule), both, a.dims);
}
template <class S>
OnnxValue onnx_sum_of(OnnxTranslator<S>& c, const OnnxValue& a, const OnnxValue& b) {
  OnnxValue sum{.dims = a.dims, .batch = std::max(a.batch, b.batch)};
  sum.id = c.builder.sum({a.id, b.id});
  return sum;
}
template <class S>
OnnxValue onnx_negative(OnnxTranslator<S>& c, const OnnxValue& v) {
  return onnx_scaled(c, v, Vec<double>::Constant(v.size(), -1), Vec<double>::Zero(v.size()));
}

/// a op b of two constants, which exporters use to compute shapes: exact, and of integers an integer.
template <class S>
OnnxValue onnx_of_constants(OnnxTranslator<S>& c, const std::string& op, const OnnxValue& a,
                            const OnnxValue& b) {
  const Dims dims = onnx_broadcast(a.dims, b.dims);
  OnnxValue v = c.expanded(a, dims, -1);
  const OnnxValue w = c.expanded(b, dims, -1);
  const bool integer = a.constant->integer && b.constant->integer;
  for (Index i = 0; i < v.size(); ++i) {
    double& p = v.constant->values[i];
    const double q = w.constant->values[i];
    // The size of the batch, NaN, is the same where nothing happens to it; all else is not known here.
    const bool sum = op == "Add" || op == "Sub", one = op == "Mul" || op == "Div";
    const double neutral = sum ? 0 : 1;
    onnx_require(!(std::isnan(p) || std::isnan(q)) ||
                     ((sum || one) && (q == neutral || (p == neutral && (op == "Add" || op == "Mul")))),
                 "computes with the size of the batch, or with NaN");
    if (op == "Add") p += q;
    if (op == "Sub") p -= q;
    if (op == "Mul") p *= q;
    if (op == "Div") p = integer ? std::trunc(p / q) : p / q;
    if (op == "Max") p = std::max(p, q);
    if (op == "Min") p = std::min(p, q);
  }
  v.constant->integer = integer;
  return v;
}

/// a op b for Add, Sub, Mul, Div, Max, Min.
template <class S>
OnnxValue onnx_binary(OnnxTranslator<S>& c, const std::string& op, OnnxValue left, OnnxValue right) {
  auto [a, b] = onnx_pair(c, std::move(left), std::move(right));
  if (a.constant && b.constant) return onnx_of_constants(c, op, a, b);
  if (op == "Max" || op == "Min") {
    if (a.constant) a = c.expanded(c.running(a), b.dims, -1);
    if (b.constant) b = c.expanded(c.running(b), a.dims, -1);
    return onnx_both(c, a, b, op == "Max" ? PairRule::maximum : PairRule::minimum);
  }
  const auto zero = [](const Vec<double>& v) { return Vec<double>::Zero(v.size()); };
  const auto one = [](const Vec<double>& v) { return Vec<double>::Ones(v.size()); };
  if (b.constant) {
    const Vec<double> k = onnx_spread(c, b, a);
    if (op == "Add") return onnx_scaled(c, a, one(k), k);
    if (op == "Sub") return onnx_scaled(c, a, one(k), -k);
    return onnx_scaled(c, a, op == "Mul" ? k : Vec<double>(k.cwiseInverse()), zero(k));
  }
  if (op == "Div") b = onnx_map(c, b, Elementary::Kind::reciprocal);
  if (a.constant) {
    const Vec<double> k = onnx_spread(c, a, b);
    if (op == "Add") return onnx_scaled(c, b, one(k), k);
    if (op == "Sub") return onnx_scaled(c, b, Vec<double>(-one(k)), k);
    return onnx_scaled(c, b, k, zero(k));
  }
  if (op == "Add") return onnx_sum_of(c, a, b);
  if (op == "Sub") return onnx_sum_of(c, a, onnx_negative(c, b));
  return onnx_both(c, a, b, PairRule::product);
}
template <class S>
void onnx_arithmetic(OnnxTranslator<S>& c) {
  c.given("consumed_inputs");
  c.out(onnx_binary(c, c.node().op, c.in(0), c.in(1)));
}
/// Sum, Mean, Max and Min of any number of values.
template <class S>
void onnx_variadic(OnnxTranslator<S>& c) {
  const std::string op = c.node().op;
  OnnxValue v = c.inputs() > 1 ? c.in(0) : c.running(0);
  for (int i = 1; i < c.inputs(); ++i)
    v = onnx_binary(c, op == "Sum" || op == "Mean" ? "Add" : op, v, c.in(i));
  if (op == "Mean") {
    v = c.running(v);
    const Vec<double> share = Vec<double>::Constant(v.size(), 1. / static_cast<double>(c.inputs()));
    v = onnx_scaled(c, v, share, Vec<double>::Zero(v.size()));
  }
  c.out(v);
}
template <class S>
void onnx_pow(OnnxTranslator<S>& c) {
  const OnnxTensor& exponent = c.constant(1, "exponent");
  onnx_require(exponent.size() >= 1 && (exponent.values.array() == exponent.values[0]).all(),
               "the exponent has different entries, expected the same everywhere");
  const OnnxValue v = c.running(0);
  OnnxValue power = c.in(1);
  const auto [a, b] = onnx_pair(c, v, std::move(power));
  const OnnxValue base = c.expanded(a, onnx_broadcast(a.dims, b.dims), a.batch);
  c.out(onnx_map(c, base, Power{exponent.values[0]}));
}

}  // namespace basin::detail
