// ONNX operators that are layers: products, convolutions, pooling, normalization.
#pragma once
#include <algorithm>  // std::equal, std::max, std::min
#include <numeric>    // std::iota
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/io/onnx/shape_operators.hpp"  // onnx_concatenated, onnx_broadcast
#include "basin/io/onnx/translator.hpp"       // OnnxTranslator, OnnxValue
#include "basin/layers/channel_affine.hpp"    // ChannelAffine, fold_batch_norm
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/layers/normalization.hpp"     // GroupNorm, LayerNorm
#include "basin/layers/pool.hpp"              // AvgPool2d, MaxPool2d

namespace basin::inline BASIN_ABI::detail {

/// v with W applied to each row: from (..., k) to (..., n), W given as ONNX does, k x n in C order, or
/// transposed. One row is a Dense; of many, entries along the last axis are channels of a 1 x 1 convolution.
template <class S>
OnnxValue onnx_rows_times(OnnxTranslator<S>& c, const OnnxValue& v, const Mat<double>& W) {
  const int axis = v.rank() - 1;
  const Index k = v.side(axis), n = W.cols(), rows = v.size() / k;
  onnx_require(W.rows() == k, "a matrix of ", W.rows(), " x ", n, " times rows of ", k);
  Dims dims = v.dims;
  dims.back() = n;
  const Mat<double> transposed = W.transpose();  // n x k, column by column
  if (rows == 1) return c.layer(Dense<S>(k, n, false), v, dims, transposed.reshaped().template cast<S>());
  std::vector<int> to_front{axis}, back;
  for (int a = 0; a < axis; ++a) to_front.push_back(a), back.push_back(a + 1);
  back.push_back(0);
  const OnnxValue first = c.transposed(v, to_front);
  Dims channels = first.dims;
  channels[0] = n;
  const Conv2d<S> f({k, 1, rows}, {.out_channels = n, .kernel = 1, .bias = false});
  return c.transposed(c.layer(f, first, channels, W.reshaped().template cast<S>()), back);
}
/// A constant of rank 2 as a matrix.
inline Mat<double> onnx_matrix(const OnnxTensor& t, const char* what, bool transpose) {
  onnx_require(t.dims.size() == 2 && t.size() > 0, what, " has shape ", shape_text(t.dims),
               ", expected a matrix");
  const Eigen::Map<const RowMajor<double>> m(t.values.data(), t.dims[0], t.dims[1]);
  return transpose ? Mat<double>(m.transpose()) : Mat<double>(m);
}
template <class S>
void onnx_matmul(OnnxTranslator<S>& c) {
  const OnnxValue &a = c.in(0), &b = c.in(1);
  onnx_require(a.constant || b.constant,
               "multiplies two values of the network, expected one of them to be a constant");
  if (b.constant) {
    const OnnxValue v = c.running(0);
    onnx_require(v.rank() >= 1, "a number times a matrix");
    if (v.batch >= 0) c.require_not_batch(v, v.rank() - 1);
    if (b.rank() == 1) {
      OnnxTensor column = *b.constant;
      column.dims.push_back(1);
      OnnxValue y = onnx_rows_times(c, v, onnx_matrix(column, "B", false));
      Dims dims(y.dims.begin(), y.dims.end() - 1);
      return c.out(c.reshaped(std::move(y), std::move(dims), v.batch));
    }
    return c.out(onnx_rows_times(c, v, onnx_matrix(*b.constant, "B", false)));
  }
  // A x = (x' A')'
  onnx_require(b.rank() >= 2, "a matrix times a vector of the network");
  const Mat<double> A = onnx_matrix(*a.constant, "A", true);
  std::vector<int> order(b.dims.size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  const OnnxValue x = c.transposed(b, order);
  c.require_not_batch(x, x.rank() - 1);
  c.out(c.transposed(onnx_rows_times(c, x, A), order));
}

template <class S>
OnnxValue onnx_plus_constant(OnnxTranslator<S>& c, const OnnxValue& v, OnnxValue constant, double factor);

/// alpha A B + beta C
template <class S>
void onnx_gemm(OnnxTranslator<S>& c) {
  const double alpha = c.number("alpha", 1), beta = c.number("beta", 1);
  const bool a_transposed = c.integer("transA", 0) != 0, b_transposed = c.integer("transB", 0) != 0;
  c.given("broadcast");
  OnnxValue v = c.running(0);
  onnx_require(v.rank() == 2, "A has shape ", shape_text(v.dims), ", expected a matrix");
  if (a_transposed) v = c.transposed(v, {1, 0});
  c.require_not_batch(v, 1);
  const Mat<double> B = alpha * onnx_matrix(c.constant(1, "B"), "B", b_transposed);
  OnnxValue y = onnx_rows_times(c, v, B);
  if (c.has(2) && beta != 0) {
    c.constant(2, "C");
    y = onnx_plus_constant(c, y, c.in(2), beta);
  }
  c.out(std::move(y));
}

/// The image that operators with windows see: channels behind the batch, a series as an image of height 1.
struct OnnxImage {
  Shape shape;
  bool plane;  // two sides
};
inline OnnxImage onnx_image(const OnnxValue& v) {
  onnx_require(v.rank() == 3 || v.rank() == 4, "a value of shape ", shape_text(v.dims),
               ", expected batch, channels and one or two sides");
  return {onnx_channels(v), v.rank() == 4};
}
inline Dims onnx_dims(const OnnxImage& x, const Shape& y) {
  return x.plane ? Dims{1, y.channels, y.height, y.width} : Dims{1, y.channels, y.width};
}

/// Kernel, stride, dilation and padding as an operator with windows says them.
struct OnnxWindow {
  Size2 kernel, stride, dilation;
  Padding padding;
  std::string auto_pad;
};
template <class S>
OnnxWindow onnx_window(OnnxTranslator<S>& c, bool plane, std::vector<std::int64_t> kernel) {
  const std::size_t sides = plane ? 2 : 1;
  const auto two = [&](const char* name, std::vector<std::int64_t> v, std::int64_t otherwise) {
    if (v.empty()) v.assign(sides, otherwise);
    onnx_require(v.size() == sides, "attribute '", name, "' has ", v.size(), " entries, expected ", sides);
    for (const std::int64_t n : v)
      onnx_require(n >= 1 && n < Index(1) << 31, "attribute '", name, "' has the entry ", n);
    return plane ? Size2{v[0], v[1]} : Size2{1, v[0]};
  };
  OnnxWindow w;
  w.kernel = two("kernel_shape", c.integers("kernel_shape", std::move(kernel)), 0);
  w.stride = two("strides", c.integers("strides"), 1);
  w.dilation = two("dilations", c.integers("dilations"), 1);
  w.auto_pad = c.word("auto_pad", "NOTSET");
  auto pads = c.integers("pads");
  if (pads.empty()) pads.assign(2 * sides, 0);
  onnx_require(pads.size() == 2 * sides, "attribute 'pads' has ", pads.size(), " entries, expected ",
               2 * sides);
  for (const std::int64_t n : pads)
    onnx_require(n >= 0 && n < Index(1) << 31, "attribute 'pads' has the entry ", n);
  w.padding = plane ? Padding{pads[0], pads[2], pads[1], pads[3]} : Padding{0, 0, pads[0], pads[1]};
  return w;
}
/// auto_pad: as much padding as makes ceil(n / stride) outputs.
inline void onnx_auto_pad(OnnxWindow& w, const Shape& in) {
  if (w.auto_pad == "NOTSET") return;
  if (w.auto_pad == "VALID") {
    w.padding = {};
    return;
  }
  onnx_require(w.auto_pad == "SAME_UPPER" || w.auto_pad == "SAME_LOWER", "auto_pad is '",
               printable(w.auto_pad), "', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  const bool more_behind = w.auto_pad == "SAME_UPPER";
  const auto split = [&](Index n, Index kernel, Index stride, Index dilation, Index& before, Index& after) {
    const Index outputs = (n + stride - 1) / stride;
    const Index all = std::max<Index>(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - n);
    before = more_behind ? all / 2 : all - all / 2;
    after = all - before;
  };
  split(in.height, w.kernel.height, w.stride.height, w.dilation.height, w.padding.top, w.padding.bottom);
  split(in.width, w.kernel.width, w.stride.width, w.dilation.width, w.padding.left, w.padding.right);
}

/// Weight and bias of a convolution as theta.
template <class S>
Vec<S> onnx_conv_theta(OnnxTranslator<S>& c, const OnnxTensor& weight, Index biases) {
  const bool bias = c.has(2);
  Vec<S> theta(weight.size() + (bias ? biases : 0));
  theta.head(weight.size()) = c.parameters(weight);
  if (bias) {
    const OnnxTensor& b = c.constant(2, "B");
    onnx_require(b.size() == biases, "B has ", b.size(), " entries, expected ", biases);
    theta.tail(biases) = c.parameters(b);
  }
  return theta;
}
template <class S>
const OnnxTensor& onnx_conv_weight(OnnxTranslator<S>& c, const OnnxValue& v) {
  const OnnxTensor& weight = c.constant(1, "W");
  onnx_require(static_cast<int>(weight.dims.size()) == v.rank() && weight.size() > 0, "W has shape ",
               shape_text(weight.dims), " for a value of shape ", shape_text(v.dims));
  const auto kernel = c.integers("kernel_shape");
  onnx_require(
      kernel.empty() || std::equal(kernel.begin(), kernel.end(), weight.dims.begin() + 2, weight.dims.end()),
      "kernel_shape is ", shape_text(kernel), ", W has shape ", shape_text(weight.dims));
  return weight;
}
template <class S>
void onnx_conv(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const OnnxImage x = onnx_image(v);
  const OnnxTensor& weight = onnx_conv_weight(c, v);
  OnnxWindow w = onnx_window(c, x.plane, {weight.dims.begin() + 2, weight.dims.end()});
  onnx_auto_pad(w, x.shape);
  const Index groups = c.integer("group", 1), out = weight.dims[0];
  onnx_require(groups >= 1 && groups <= x.shape.channels && weight.dims[1] * groups == x.shape.channels,
               "W has shape ", shape_text(weight.dims), ", which does not fit ", x.shape.channels,
               " channels in ", groups, " groups");
  const Conv2d<S> f(x.shape, {out, w.kernel, w.stride, w.padding, w.dilation, groups, c.has(2)});
  c.out(c.layer(f, v, onnx_dims(x, f.out_shape()), onnx_conv_theta(c, weight, out)));
}
template <class S>
void onnx_conv_transpose(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const OnnxImage x = onnx_image(v);
  const OnnxTensor& weight = onnx_conv_weight(c, v);
  OnnxWindow w = onnx_window(c, x.plane, {weight.dims.begin() + 2, weight.dims.end()});
  const Index groups = c.integer("group", 1);
  onnx_require(groups >= 1 && groups <= x.shape.channels && weight.dims[0] == x.shape.channels,
               "W has shape ", shape_text(weight.dims), ", which does not fit ", x.shape.channels,
               " channels in ", groups, " groups");
  const Index out = weight.dims[1] * groups;
  const auto more = c.integers("output_padding"), wanted = c.integers("output_shape");
  const auto at = [&](const std::vector<std::int64_t>& list, std::size_t side) {
    if (list.empty()) return Index(0);
    onnx_require(list.size() == (x.plane ? 2U : 1U), "a list of ", list.size(), " sizes");
    for (const std::int64_t n : list)
      onnx_require(n >= 0 && n < Index(1) << 31, "output_padding or output_shape has the entry ", n);
    return x.plane ? list[side] : (side == 0 ? Index(0) : list[0]);
  };
  Size2 extra{at(more, 0), at(more, 1)};
  if (!wanted.empty() || w.auto_pad.starts_with("SAME")) {
    // The padding follows from the size of the output; what is odd of it goes to the end, unless SAME_LOWER.
    const auto fit = [&](Index n, Index kernel, Index stride, Index dilation, Index added, Index target,
                         Index& before, Index& after) {
      const Index full = stride * (n - 1) + added + dilation * (kernel - 1) + 1;
      const Index all = std::max<Index>(0, full - target);
      before = w.auto_pad == "SAME_UPPER" ? all / 2 : all - all / 2;
      after = all - before;
      return std::max<Index>(0, target - full);
    };
    const Size2 target = wanted.empty()
                             ? Size2{x.shape.height * w.stride.height, x.shape.width * w.stride.width}
                             : Size2{x.plane ? at(wanted, 0) : 1, at(wanted, 1)};
    extra.height += fit(x.shape.height, w.kernel.height, w.stride.height, w.dilation.height, extra.height,
                        target.height, w.padding.top, w.padding.bottom);
    extra.width += fit(x.shape.width, w.kernel.width, w.stride.width, w.dilation.width, extra.width,
                       target.width, w.padding.left, w.padding.right);
  } else {
    onnx_auto_pad(w, x.shape);
  }
  const ConvTranspose2d<S> f(x.shape,
                             {out, w.kernel, w.stride, w.padding, extra, w.dilation, groups, c.has(2)});
  c.out(c.layer(f, v, onnx_dims(x, f.out_shape()), onnx_conv_theta(c, weight, out)));
}

template <class S>
void onnx_pool(OnnxTranslator<S>& c) {
  const bool max = c.node().op == "MaxPool";
  const OnnxValue v = c.running(0);
  const OnnxImage x = onnx_image(v);
  OnnxWindow w = onnx_window(c, x.plane, {});
  onnx_auto_pad(w, x.shape);
  onnx_require(c.integer("storage_order", 0) == 0, "storage_order is not supported");
  const PoolOptions o{.kernel = w.kernel,
                      .stride = w.stride,
                      .padding = w.padding,
                      .dilation = w.dilation,
                      .count_padding = c.integer("count_include_pad", 0) != 0,
                      .ceil_mode = c.integer("ceil_mode", 0) != 0};
  if (max) {
    const MaxPool2d<S> f(x.shape, o);
    return c.out(c.layer(f, v, onnx_dims(x, f.out_shape())));
  }
  const AvgPool2d<S> f(x.shape, o);
  c.out(c.layer(f, v, onnx_dims(x, f.out_shape())));
}
template <class S>
void onnx_global_pool(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const Shape in = onnx_channels(v);
  Dims dims(v.dims.size(), 1);
  dims[1] = in.channels;
  const PoolOptions o{.kernel = {in.height, in.width}};
  if (c.node().op == "GlobalMaxPool")
    c.out(c.layer(MaxPool2d<S>(in, o), v, dims));
  else
    c.out(c.layer(AvgPool2d<S>(in, o), v, dims));
}

template <class S>
void onnx_batch_norm(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  for (const char* ignored : {"momentum", "is_test", "consumed_inputs"}) c.given(ignored);
  onnx_require(c.integer("training_mode", 0) == 0, "training_mode is on, expected inference");
  onnx_require(c.integer("spatial", 1) == 1, "spatial = 0 is not supported");
  const Shape in = onnx_channels(v);
  const Index channels = in.channels;
  const char* const names[] = {"", "scale", "B", "mean", "var"};
  for (int i = 1; i <= 4; ++i)
    onnx_require(c.constant(i, names[i]).size() == channels, names[i], " has ",
                 c.constant(i, names[i]).size(), " entries for ", channels, " channels");
  const auto vec = [&](int i) { return c.parameters(c.constant(i, names[i])); };
  Vec<S> theta = fold_batch_norm<S>(vec(1), vec(2), vec(3), vec(4), c.number("epsilon", 1e-5));
  c.out(c.layer(ChannelAffine<S>(in), v, v.dims, std::move(theta)));
}
/// Weight and bias behind each other; of one entry for each group, repeated for its channels.
template <class S>
Vec<S> onnx_scale_and_bias(OnnxTranslator<S>& c, Index size) {
  Vec<S> theta(2 * size);
  for (int i = 1; i <= 2; ++i) {
    const OnnxTensor& t = c.constant(i, i == 1 ? "scale" : "B");
    onnx_require(t.size() >= 1 && size % t.size() == 0, i == 1 ? "scale" : "B", " has ", t.size(),
                 " entries, expected ", size);
    const Index each = size / t.size();
    for (Index k = 0; k < size; ++k) theta[(i - 1) * size + k] = static_cast<S>(t.values[k / each]);
  }
  return theta;
}
/// InstanceNormalization and GroupNormalization.
template <class S>
void onnx_group_norm(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const Shape in = onnx_channels(v);
  const Index channels = in.channels;
  c.given("consumed_inputs");
  c.given("stash_type");
  const Index groups = c.node().op == "InstanceNormalization" ? channels : c.integer("num_groups", 0);
  const GroupNorm<S> f(in, groups, c.number("epsilon", 1e-5));
  c.out(c.layer(f, v, v.dims, onnx_scale_and_bias(c, channels)));
}
template <class S>
void onnx_layer_norm(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const int axis = c.axis_of(c.integer("axis", -1), v.rank());
  onnx_require(v.batch < axis, "normalizes over the batch");
  c.given("stash_type");
  const Index n = v.size(axis, v.rank());
  onnx_require(c.constant(1, "scale").size() == n, "scale has ", c.constant(1, "scale").size(),
               " entries, expected ", n);
  Vec<S> theta = Vec<S>::Zero(2 * n);
  theta.head(n) = c.parameters(c.constant(1, "scale"));
  if (c.has(2)) {
    onnx_require(c.constant(2, "B").size() == n, "B has ", c.constant(2, "B").size(), " entries, expected ",
                 n);
    theta.tail(n) = c.parameters(c.constant(2, "B"));
  }
  const LayerNorm<S> f(v.size(), n, c.number("epsilon", 1e-5));
  c.out(c.layer(f, v, v.dims, std::move(theta)));
}

}  // namespace basin::detail
