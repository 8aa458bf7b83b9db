// A network as an ONNX file: each layer as ONNX's operators say it.
#pragma once
#include <cmath>     // std::isfinite
#include <cstdint>   // std::int64_t
#include <limits>    // std::numeric_limits
#include <optional>  // std::optional
#include <string>    // std::string
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/io/atomic_file.hpp"           // write_atomically
#include "basin/io/little_endian.hpp"         // append_values
#include "basin/io/onnx.hpp"                  // OnnxWriteOptions
#include "basin/io/onnx/file.hpp"             // OnnxFile, OnnxNode, OnnxTensor
#include "basin/layers/channel_affine.hpp"    // ChannelAffine
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/layers/diagonal.hpp"          // Diagonal
#include "basin/layers/maps.hpp"              // the maps
#include "basin/layers/normalization.hpp"     // GroupNorm, LayerNorm, RmsNorm
#include "basin/layers/pairwise.hpp"          // Pairwise
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/pool.hpp"              // AvgPool2d, MaxPool2d
#include "basin/layers/prelu.hpp"             // PRelu
#include "basin/layers/reduce.hpp"            // Reduce, ReduceSum
#include "basin/layers/softmax.hpp"           // LogSoftmax, Softmax
#include "basin/layers/upsample.hpp"          // UpsampleNearest
#include "basin/linearize/affine_layers.hpp"  // for_entries
#include "basin/network/any_layer.hpp"        // AnyLayer

namespace basin::inline BASIN_ABI::detail {

/// A value of the graph while it is written: flat, (batch, size), or an image, (batch, channels, height,
/// width).
struct OnnxWritten {
  std::string name;
  Index size = 0;
  std::optional<Shape> image = {};
};

/// Collects nodes and constants.
template <class S>
class OnnxWriter {
 public:
  OnnxFile file;

  // Attributes.
  using Attributes = std::map<std::string, OnnxAttribute>;
  static OnnxAttribute number(double v) { return {.kind = OnnxAttribute::Kind::number, .number = v}; }
  static OnnxAttribute integer(std::int64_t v) {
    return {.kind = OnnxAttribute::Kind::integer, .integer = v};
  }
  static OnnxAttribute word(std::string v) {
    OnnxAttribute a;
    a.kind = OnnxAttribute::Kind::word;
    a.word = std::move(v);
    return a;
  }
  static OnnxAttribute integers(std::vector<std::int64_t> v) {
    OnnxAttribute a;
    a.kind = OnnxAttribute::Kind::integers;
    a.integers = std::move(v);
    return a;
  }

  /// A node with one output, whose name it returns.
  std::string node(const std::string& op, std::vector<std::string> inputs, Attributes attributes = {}) {
    const std::string out = "v" + std::to_string(++values_);
    file.nodes.push_back({.name = op + "_" + std::to_string(file.nodes.size()),
                          .op = op,
                          .inputs = std::move(inputs),
                          .outputs = {out},
                          .attributes = std::move(attributes)});
    return out;
  }
  std::string constant(std::vector<Index> dims, const Vec<double>& values) {
    return add_constant({std::move(dims), values, false});
  }
  std::string single_constant(std::vector<Index> dims, const Vec<double>& values) {
    return add_constant({std::move(dims), values, false, true});
  }
  std::string number_constant(double v) { return constant({}, Vec<double>::Constant(1, v)); }
  std::string sizes(const std::vector<Index>& values) {
    OnnxTensor t{{static_cast<Index>(values.size())}, Vec<double>(static_cast<Index>(values.size())), true};
    for (std::size_t i = 0; i < values.size(); ++i)
      t.values[static_cast<Index>(i)] = static_cast<double>(values[i]);
    return add_constant(std::move(t));
  }
  template <class V>
  std::string parameters(std::vector<Index> dims, const V& theta) {
    return constant(std::move(dims), Vec<double>(theta.template cast<double>()));
  }

  OnnxWritten reshaped(const OnnxWritten& v, const std::vector<Index>& sample) {
    std::vector<Index> dims{-1};
    dims.insert(dims.end(), sample.begin(), sample.end());
    return {node("Reshape", {v.name, sizes(dims)}), v.size};
  }
  OnnxWritten flat(const OnnxWritten& v) { return v.image ? reshaped(v, {v.size}) : v; }
  OnnxWritten as_image(const OnnxWritten& v, const Shape& shape) {
    if (v.image == shape) return v;
    OnnxWritten out = reshaped(v, {shape.channels, shape.height, shape.width});
    out.image = shape;
    return out;
  }

 private:
  std::string add_constant(OnnxTensor t) {
    const std::string name = "c" + std::to_string(file.constants.size());
    file.constants.emplace(name, std::move(t));
    return name;
  }
  int values_ = 0;
};

// How a map is written: the name of phi(x), x the name of a value.

template <class S, class Phi>
std::string onnx_write_map(OnnxWriter<S>& w, const Phi& phi, const std::string& x) {
  static_assert(std::is_empty_v<Phi>);
  static_cast<void>(phi);
  return w.node(Phi::name, {x});  // Relu, Sigmoid, Tanh, Softsign, Mish (since 18), Sin, HardSwish, Identity
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const LeakyRelu& phi, const std::string& x) {
  return w.node("LeakyRelu", {x}, {{"alpha", w.number(phi.slope)}});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Hardtanh& phi, const std::string& x) {
  const auto bound = [&](double v) { return std::isfinite(v) ? w.number_constant(v) : std::string(); };
  return w.node("Clip", {x, bound(phi.lo), bound(phi.hi)});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Softplus& phi, const std::string& x) {
  if (phi.beta == 1) return w.node("Softplus", {x});
  const std::string beta = w.number_constant(phi.beta);
  return w.node("Div", {w.node("Softplus", {w.node("Mul", {x, beta})}), beta});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Elu& phi, const std::string& x) {
  return w.node("Elu", {x}, {{"alpha", w.number(phi.alpha)}});
}
/// alpha Elu(x / alpha): ONNX's own Celu is for single precision alone.
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Celu& phi, const std::string& x) {
  const std::string alpha = w.number_constant(phi.alpha);
  return w.node("Mul", {w.node("Elu", {w.node("Div", {x, alpha})}), alpha});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Selu&, const std::string& x) {
  return w.node("Selu", {x}, {{"alpha", w.number(Selu::alpha)}, {"gamma", w.number(Selu::scale)}});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const HardSigmoid& phi, const std::string& x) {
  return w.node("HardSigmoid", {x}, {{"alpha", w.number(phi.slope)}, {"beta", w.number(phi.offset)}});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const ThresholdedRelu& phi, const std::string& x) {
  return w.node("ThresholdedRelu", {x}, {{"alpha", w.number(phi.alpha)}});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Shrink& phi, const std::string& x) {
  return w.node("Shrink", {x}, {{"lambd", w.number(phi.lambda)}, {"bias", w.number(phi.bias)}});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const ExpNeg&, const std::string& x) {
  return w.node("Exp", {w.node("Neg", {x})});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const SigmoidNeg&, const std::string& x) {
  return w.node("Sigmoid", {w.node("Neg", {x})});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Silu& phi, const std::string& x) {
  const std::string z = phi.beta == 1 ? x : w.node("Mul", {x, w.number_constant(phi.beta)});
  return w.node("Mul", {x, w.node("Sigmoid", {z})});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Mish&, const std::string& x) {
  return w.node("Mul", {x, w.node("Tanh", {w.node("Softplus", {x})})});
}
/// x (1 + g) / 2
template <class S>
std::string onnx_write_gate(OnnxWriter<S>& w, const std::string& x, const std::string& g) {
  const std::string half = w.node("Mul", {x, w.number_constant(0.5)});
  return w.node("Mul", {half, w.node("Add", {g, w.number_constant(1)})});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Gelu&, const std::string& x) {
  return onnx_write_gate(w, x,
                         w.node("Erf", {w.node("Mul", {x, w.number_constant(0.7071067811865475244008)})}));
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const GeluTanh&, const std::string& x) {
  // sqrt(2 / pi) (x + 0.044715 x^3)
  const std::string square = w.node("Mul", {x, x});
  const std::string bracket =
      w.node("Add", {w.node("Mul", {square, w.number_constant(0.044715)}), w.number_constant(1)});
  const std::string scaled = w.node("Mul", {x, w.number_constant(0.7978845608028653558799)});
  return onnx_write_gate(w, x, w.node("Tanh", {w.node("Mul", {scaled, bracket})}));
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Cosid&, const std::string& x) {
  return w.node("Sub", {w.node("Cos", {x}), x});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Ripple&, const std::string& x) {
  const std::string sine = w.node("Sin", {w.node("Mul", {x, w.number_constant(10)})});
  return w.node("Add", {x, w.node("Div", {sine, w.number_constant(5)})});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Power& phi, const std::string& x) {
  return w.node("Pow", {x, w.number_constant(phi.exponent)});
}
template <class S>
std::string onnx_write_map(OnnxWriter<S>& w, const Elementary& phi, const std::string& x) {
  if (phi.kind == Elementary::Kind::square) return w.node("Mul", {x, x});
  static const char* const names[] = {
      "Abs",  "Neg",  "Exp",  "Log",   "Sqrt",  "Reciprocal", "",    "Sin",  "Cos",   "Tan",   "Asin", "Acos",
      "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",      "Erf", "Ceil", "Floor", "Round", "Sign"};
  return w.node(names[static_cast<int>(phi.kind)], {x});
}

/// Writes a network layer by layer, as rules of walk (linearize/walk.hpp).
template <class S>
struct OnnxWriteRules {
  OnnxWriter<S>& w;

  OnnxWritten sum(const OnnxWritten& a, const OnnxWritten& b) const {
    const std::optional<Shape> image = summed_shape(a.image, b.image);
    const OnnxWritten x = image ? a : w.flat(a), y = image ? b : w.flat(b);
    return {w.node("Add", {x.name, y.name}), a.size, image};
  }
  OnnxWritten stacked(const OnnxWritten& a, const OnnxWritten& b) const {
    const std::optional<Shape> image = stacked_shape(a.image, b.image);
    const OnnxWritten x = image ? a : w.flat(a), y = image ? b : w.flat(b);
    return {w.node("Concat", {x.name, y.name}, {{"axis", w.integer(1)}}), a.size + b.size, image};
  }
  OnnxWritten layer(const AnyLayer<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    std::optional<OnnxWritten> out;
    const auto attempt = [&](const auto* typed) {
      if (typed && !out) out = write(*typed, theta, x);
    };
    attempt(f.template as<Dense<S>>());
    attempt(f.template as<Conv2d<S>>());
    attempt(f.template as<ConvTranspose2d<S>>());
    attempt(f.template as<MaxPool2d<S>>());
    attempt(f.template as<AvgPool2d<S>>());
    attempt(f.template as<UpsampleNearest<S>>());
    attempt(f.template as<ChannelAffine<S>>());
    attempt(f.template as<Diagonal<S>>());
    attempt(f.template as<GroupNorm<S>>());
    attempt(f.template as<LayerNorm<S>>());
    attempt(f.template as<RmsNorm<S>>());
    attempt(f.template as<PRelu<S>>());
    attempt(f.template as<Softmax<S>>());
    attempt(f.template as<LogSoftmax<S>>());
    attempt(f.template as<Pairwise<S>>());
    attempt(f.template as<ReduceSum<S>>());
    attempt(f.template as<Reduce<S>>());
    maps(f, x, out, NamedMaps{});
    maps(f, x, out, MapList<Identity, ThresholdedRelu, Shrink, Elementary, Power>{});
    if (!out && f.is_affine()) out = affine(f, theta, x);
    require(out.has_value(), "write_onnx: the network has a layer that ONNX files of basin do not know, ",
            f.name());
    return *out;
  }

 private:
  template <class... Phis>
  void maps(const AnyLayer<S>& f, const OnnxWritten& x, std::optional<OnnxWritten>& out,
            MapList<Phis...>) const {
    const auto attempt = [&](const auto* typed) {
      if (typed && !out) out = OnnxWritten{onnx_write_map(w, typed->map(), x.name), x.size, x.image};
    };
    (attempt(f.template as<Pointwise<S, Phis>>()), ...);
  }

  OnnxWritten write(const Dense<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Index in = f.in_size(), out = f.out_size();
    const Mat<S> rows = f.weight(theta).transpose();  // PyTorch's order: each output's weights together
    std::vector<std::string> inputs{w.flat(x).name, w.parameters({out, in}, rows.reshaped())};
    if (f.has_bias()) inputs.push_back(w.parameters({out}, theta.tail(out)));
    return {w.node("Gemm", std::move(inputs), {{"transB", w.integer(1)}}), out};
  }
  using Attributes = typename OnnxWriter<S>::Attributes;
  template <class Options>
  Attributes window(const Options& o) const {
    return {{"kernel_shape", w.integers({o.kernel.height, o.kernel.width})},
            {"strides", w.integers({o.stride.height, o.stride.width})},
            {"pads", w.integers({o.padding.top, o.padding.left, o.padding.bottom, o.padding.right})}};
  }
  template <class F>
  OnnxWritten convolution(const char* op, const F& f, VecIn<S> theta, const OnnxWritten& x,
                          std::vector<Index> weight, Attributes attributes) const {
    const auto o = f.options();
    const Index biases = o.bias ? o.out_channels : 0;
    attributes["dilations"] = w.integers({o.dilation.height, o.dilation.width});
    attributes["group"] = w.integer(o.groups);
    std::vector<std::string> inputs{w.as_image(x, f.in_shape()).name,
                                    w.parameters(std::move(weight), theta.head(theta.size() - biases))};
    if (o.bias) inputs.push_back(w.parameters({biases}, theta.tail(biases)));
    return {w.node(op, std::move(inputs), std::move(attributes)), f.out_size(), f.out_shape()};
  }
  OnnxWritten write(const Conv2d<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const auto o = f.options();
    return convolution("Conv", f, theta, x,
                       {o.out_channels, f.in_shape().channels / o.groups, o.kernel.height, o.kernel.width},
                       window(o));
  }
  OnnxWritten write(const ConvTranspose2d<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const auto o = f.options();
    Attributes attributes = window(o);
    attributes["output_padding"] = w.integers({o.output_padding.height, o.output_padding.width});
    return convolution("ConvTranspose", f, theta, x,
                       {f.in_shape().channels, o.out_channels / o.groups, o.kernel.height, o.kernel.width},
                       std::move(attributes));
  }
  template <class F>
  OnnxWritten pool(const char* op, const F& f, const OnnxWritten& x, Attributes more) const {
    const PoolOptions& o = f.options();
    Attributes attributes = window(o);
    attributes.merge(more);
    attributes["ceil_mode"] = w.integer(o.ceil_mode ? 1 : 0);
    return {w.node(op, {w.as_image(x, f.in_shape()).name}, std::move(attributes)), f.out_size(),
            f.out_shape()};
  }
  OnnxWritten write(const MaxPool2d<S>& f, VecIn<S>, const OnnxWritten& x) const {
    const Size2 dilation = f.options().dilation;
    return pool("MaxPool", f, x, {{"dilations", w.integers({dilation.height, dilation.width})}});
  }
  std::optional<OnnxWritten> write(const AvgPool2d<S>& f, VecIn<S>, const OnnxWritten& x) const {
    // ONNX has no divisor of one's own, and counts what lies beyond the padding (ceil_mode) in its own way:
    // these are written as matrices.
    if (f.options().divisor > 0 || f.options().ceil_mode) return std::nullopt;
    return pool("AveragePool", f, x, {{"count_include_pad", w.integer(f.options().count_padding ? 1 : 0)}});
  }
  OnnxWritten write(const UpsampleNearest<S>& f, VecIn<S>, const OnnxWritten& x) const {
    Vec<double> scales(4);
    scales << 1, 1, static_cast<double>(f.factor().height), static_cast<double>(f.factor().width);
    const Attributes attributes{{"mode", w.word("nearest")},
                                {"coordinate_transformation_mode", w.word("asymmetric")},
                                {"nearest_mode", w.word("floor")}};
    const std::string image = w.as_image(x, f.in_shape()).name;
    return {w.node("Resize", {image, "", w.single_constant({4}, scales)}, attributes), f.out_size(),
            f.out_shape()};
  }
  /// y = a x + b, a and b constants of the shape `dims` behind the batch.
  std::string scaled(const std::string& x, const std::vector<Index>& dims, const Vec<double>& a,
                     const Vec<double>& b) const {
    std::string y = x;
    if (a != Vec<double>::Ones(a.size())) y = w.node("Mul", {y, w.constant(dims, a)});
    if (b != Vec<double>::Zero(b.size())) y = w.node("Add", {y, w.constant(dims, b)});
    return y;
  }
  /// A weight and a bias for each channel, theta = [w; b].
  OnnxWritten by_channel(const OnnxWritten& x, const Shape& shape, VecIn<S> theta) const {
    const Index channels = shape.channels;
    return {scaled(w.as_image(x, shape).name, {channels, 1, 1}, theta.head(channels).template cast<double>(),
                   theta.tail(channels).template cast<double>()),
            x.size, shape};
  }
  OnnxWritten write(const ChannelAffine<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    return by_channel(x, f.in_shape(), theta);
  }
  OnnxWritten write(const Diagonal<S>& f, VecIn<S>, const OnnxWritten& x) const {
    return {scaled(w.flat(x).name, {f.in_size()}, f.factors().template cast<double>(),
                   f.offset().template cast<double>()),
            f.in_size()};
  }
  OnnxWritten write(const GroupNorm<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Index groups = f.groups();
    const OnnxWritten runs = w.reshaped(x, {groups, x.size / groups});
    const std::string one = w.constant({groups}, Vec<double>::Ones(groups)),
                      zero = w.constant({groups}, Vec<double>::Zero(groups));
    const OnnxWritten y{
        w.node("InstanceNormalization", {runs.name, one, zero}, {{"epsilon", w.number(f.epsilon())}}),
        x.size};
    const Shape shape = f.in_shape();
    return theta.size() > 0 ? by_channel(y, shape, theta) : w.as_image(y, shape);
  }
  OnnxWritten write(const LayerNorm<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Index n = f.normalized_size();
    const OnnxWritten runs = w.reshaped(x, {x.size / n, n});
    const bool affine = theta.size() > 0;
    const std::string scale =
        affine ? w.parameters({n}, theta.head(n)) : w.constant({n}, Vec<double>::Ones(n));
    const std::string bias =
        affine ? w.parameters({n}, theta.tail(n)) : w.constant({n}, Vec<double>::Zero(n));
    return w.reshaped({w.node("LayerNormalization", {runs.name, scale, bias},
                              {{"axis", w.integer(-1)}, {"epsilon", w.number(f.epsilon())}}),
                       x.size},
                      {x.size});
  }
  OnnxWritten write(const RmsNorm<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Index n = f.normalized_size();
    const std::string runs = w.reshaped(x, {x.size / n, n}).name;
    const std::string mean = w.node("ReduceMean", {w.node("Mul", {runs, runs})},
                                    {{"axes", w.integers({2})}, {"keepdims", w.integer(1)}});
    const std::string root = w.node("Sqrt", {w.node("Add", {mean, w.number_constant(f.epsilon())})});
    std::string y = w.node("Div", {runs, root});
    if (theta.size() > 0) y = w.node("Mul", {y, w.parameters({n}, theta)});
    return w.reshaped({y, x.size}, {x.size});
  }
  OnnxWritten write(const PRelu<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Shape shape = f.in_shape();
    const OnnxWritten image = w.as_image(x, shape);
    return {w.node("PRelu", {image.name, w.parameters({theta.size(), 1, 1}, theta)}), x.size, shape};
  }
  template <class F>
  OnnxWritten over_axis(const char* op, const F& f, const OnnxWritten& x) const {
    const OnnxWritten block = w.reshaped(x, {f.outer(), f.n(), f.inner()});
    return w.reshaped({w.node(op, {block.name}, {{"axis", w.integer(2)}}), x.size}, {x.size});
  }
  OnnxWritten write(const Softmax<S>& f, VecIn<S>, const OnnxWritten& x) const {
    return over_axis("Softmax", f, x);
  }
  OnnxWritten write(const LogSoftmax<S>& f, VecIn<S>, const OnnxWritten& x) const {
    return over_axis("LogSoftmax", f, x);
  }
  OnnxWritten write(const Pairwise<S>& f, VecIn<S>, const OnnxWritten& x) const {
    const std::string v = w.flat(x).name, axes = w.sizes({1}), n = w.sizes({f.out_size()});
    const std::string a = w.node("Slice", {v, w.sizes({0}), n, axes}),
                      b = w.node("Slice", {v, n, w.sizes({f.in_size()}), axes});
    const char* op = f.rule() == PairRule::product ? "Mul" : f.rule() == PairRule::maximum ? "Max" : "Min";
    return {w.node(op, {a, b}), f.out_size()};
  }
  OnnxWritten write(const ReduceSum<S>& f, VecIn<S>, const OnnxWritten& x) const {
    const OnnxWritten runs = w.reshaped(x, {f.out_size(), f.run_length()});
    const std::string sum = w.node("ReduceSum", {runs.name, w.sizes({2})}, {{"keepdims", w.integer(0)}});
    const auto factor = static_cast<double>(f.factor());
    return {factor == 1 ? sum : w.node("Mul", {sum, w.number_constant(factor)}), f.out_size()};
  }
  OnnxWritten write(const Reduce<S>& f, VecIn<S>, const OnnxWritten& x) const {
    static const char* const names[] = {"ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2",
                                        "ReduceLogSumExp"};
    const OnnxWritten runs = w.reshaped(x, {f.out_size(), f.run_length()});
    return {w.node(names[static_cast<int>(f.rule())], {runs.name},
                   {{"axes", w.integers({2})}, {"keepdims", w.integer(0)}}),
            f.out_size()};
  }

  /// Any other affine layer: where every output is one input or a constant a Gather, else a Gemm.
  OnnxWritten affine(const AnyLayer<S>& f, VecIn<S> theta, const OnnxWritten& x) const {
    const Index in = f.in_size(), out = f.out_size();
    const Vec<double> offset = value_at_zero(f, theta);
    std::vector<Index> source(static_cast<std::size_t>(out), -1);
    bool picks = true;
    for_entries(f, theta, [&](Index row, Index col, S value) {
      Index& from = source[static_cast<std::size_t>(row)];
      picks = picks && from < 0 && value == S(1);
      from = col;
    });
    const std::string v = w.flat(x).name;
    OnnxWritten y{"", out, f.out_shape(std::nullopt)};
    if (picks) {
      Vec<double> shown(out);
      for (Index i = 0; i < out; ++i) {
        Index& from = source[static_cast<std::size_t>(i)];
        shown[i] = from >= 0 ? 1 : 0;
        from = std::max<Index>(from, 0);
      }
      y.name = scaled(w.node("Gather", {v, w.sizes(source)}, {{"axis", w.integer(1)}}), {out}, shown, offset);
    } else {
      RowMajor<double> A = RowMajor<double>::Zero(out, in);
      for_entries(f, theta,
                  [&](Index row, Index col, S value) { A(row, col) += static_cast<double>(value); });
      const Vec<double> values = Eigen::Map<const Vec<double>>(A.data(), A.size());
      y.name = w.node("Gemm", {v, w.constant({out, in}, values), w.constant({out}, offset)},
                      {{"transB", w.integer(1)}});
    }
    const auto shape = y.image;
    y.image.reset();
    return shape ? w.as_image(y, *shape) : y;
  }
  static Vec<double> value_at_zero(const AnyLayer<S>& f, VecIn<S> theta) {
    std::any cache;
    Vec<S> b(f.out_size());
    f.infer(theta, Vec<S>::Zero(f.in_size()), b, cache);
    return b.template cast<double>();
  }
};

/// Serializes nodes and constants, numbers as S.
template <class S>
std::string onnx_bytes(const OnnxFile& file) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name(file.producer);
  auto* set = model.add_opset_import();
  set->set_domain("");
  set->set_version(file.opset);
  ::onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(file.graph_name);
  for (const auto& [name, t] : file.constants) {
    auto& out = *graph.add_initializer();
    out.set_name(name);
    for (const Index side : t.dims) out.add_dims(side);
    const bool doubles = sizeof(S) == 8 && !t.single;
    out.set_data_type(t.integer ? ::onnx::TensorProto::INT64
                      : doubles ? ::onnx::TensorProto::DOUBLE
                                : ::onnx::TensorProto::FLOAT);
    Bytes raw;
    if (t.integer)
      append_values<std::int64_t>(raw, t.values.template cast<std::int64_t>());
    else if (doubles)
      append_values<double>(raw, t.values);
    else
      append_values<float>(raw, t.values.template cast<float>());
    out.set_raw_data(raw.data(), raw.size());
  }
  for (const OnnxNode& n : file.nodes) {
    auto& out = *graph.add_node();
    out.set_name(n.name);
    out.set_op_type(n.op);
    for (const auto& name : n.inputs) out.add_input(name);
    for (const auto& name : n.outputs) out.add_output(name);
    for (const auto& [name, a] : n.attributes) {
      auto& attribute = *out.add_attribute();
      attribute.set_name(name);
      using Kind = OnnxAttribute::Kind;
      if (a.kind == Kind::number) {
        attribute.set_type(::onnx::AttributeProto::FLOAT);
        attribute.set_f(static_cast<float>(a.number));
      } else if (a.kind == Kind::integer) {
        attribute.set_type(::onnx::AttributeProto::INT);
        attribute.set_i(a.integer);
      } else if (a.kind == Kind::word) {
        attribute.set_type(::onnx::AttributeProto::STRING);
        attribute.set_s(a.word);
      } else {
        attribute.set_type(::onnx::AttributeProto::INTS);
        for (const std::int64_t v : a.integers) attribute.add_ints(v);
      }
    }
  }
  const auto add_port = [&](::onnx::ValueInfoProto& out, const OnnxPort& port) {
    out.set_name(port.name);
    auto& type = *out.mutable_type()->mutable_tensor_type();
    type.set_elem_type(sizeof(S) == 8 ? ::onnx::TensorProto::DOUBLE : ::onnx::TensorProto::FLOAT);
    for (const Index side : port.dims) {
      auto& dim = *type.mutable_shape()->add_dim();
      if (side < 0)
        dim.set_dim_param("batch");
      else
        dim.set_dim_value(side);
    }
  };
  for (const OnnxPort& p : file.inputs) add_port(*graph.add_input(), p);
  for (const OnnxPort& p : file.outputs) add_port(*graph.add_output(), p);
  return model.SerializeAsString();
}

template <class S>
void write_any_onnx(const std::filesystem::path& path, const AnyLayer<S>& f, VecIn<S> theta,
                    const OnnxWriteOptions& options) {
  require_path(path, "write_onnx");
  require(theta.allFinite(), "write_onnx: theta has entries that are NaN or infinite");
  OnnxWriter<S> w;
  w.file.producer = "basin";
  w.file.graph_name = "basin";
  w.file.opset = 17;
  const auto port = [](const std::string& name, Index size, const std::optional<Shape>& image) {
    OnnxPort p{.name = name, .dims = {-1, size}};
    if (image) p.dims = {-1, image->channels, image->height, image->width};
    return p;
  };
  OnnxWritten x{options.input, f.in_size(), options.images ? f.in_shape() : std::nullopt};
  w.file.inputs.push_back(port(x.name, x.size, x.image));
  OnnxWritten y = walk<S>(f, theta, x, OnnxWriteRules<S>{w});
  if (!options.images) y = w.flat(y);
  // The output has a node of its own under its own name.
  w.file.nodes.push_back(
      {.name = "output", .op = "Identity", .inputs = {y.name}, .outputs = {options.output}});
  w.file.outputs.push_back(port(options.output, y.size, y.image));
  write_atomically(path, onnx_bytes<S>(w.file));
}

}  // namespace basin::detail
