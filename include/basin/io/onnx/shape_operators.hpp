// ONNX operators that move numbers and change shapes, and compute nothing.
#pragma once
#include <algorithm>  // std::clamp, std::find, std::min, std::max
#include <cmath>      // std::floor
#include <cstdlib>    // std::abs
#include <numeric>    // std::iota
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/io/onnx/translator.hpp"    // OnnxTranslator, OnnxValue
#include "basin/layers/separable_map.hpp"  // SeparableMap, SideWeights

namespace basin::inline BASIN_ABI::detail {

/// No layer at all: Identity, Dropout as it is in inference.
template <class S>
void onnx_identity(OnnxTranslator<S>& c) {
  for (const char* ignored : {"ratio", "seed", "is_test"}) c.given(ignored);
  onnx_require(!c.has(2) || c.constant(2, "training_mode").values.sum() == 0,
               "training_mode is on, expected inference");
  c.out(c.in(0));
}
template <class S>
void onnx_cast(OnnxTranslator<S>& c) {
  const std::int64_t to = c.integer("to", 0);
  c.given("saturate");
  onnx_require((to >= 1 && to <= 7) || (to >= 9 && to <= 13) || to == 16, "casts to the type ", to,
               ", expected numbers or booleans");
  const bool floating = to == 1 || to == 10 || to == 11 || to == 16;
  OnnxValue v = c.in(0);
  if (v.constant) {
    if (!floating)
      for (double& x : v.constant->values) x = to == 9 ? (x != 0 ? 1 : 0) : std::trunc(x);
    v.constant->integer = !floating;
  } else {
    onnx_require(floating, "casts a value of the network to the type ", to, ", expected a floating type");
  }
  c.out(std::move(v));
}

template <class S>
void onnx_shape(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const int rank = v.rank();
  const auto begin = std::clamp<std::int64_t>(
      c.integer("start", 0) < 0 ? c.integer("start", 0) + rank : c.integer("start", 0), 0, rank);
  const auto end = std::clamp<std::int64_t>(
      c.integer("end", rank) < 0 ? c.integer("end", rank) + rank : c.integer("end", rank), begin, rank);
  OnnxTensor t{{end - begin}, Vec<double>(end - begin), true};
  for (std::int64_t a = begin; a < end; ++a)
    t.values[a - begin] = a == v.batch ? std::numeric_limits<double>::quiet_NaN()
                                       : static_cast<double>(v.side(static_cast<int>(a)));
  c.out(std::move(t));
}

/// Where the batch and the sides of a reshaped value are; `wanted` as Reshape takes it.
struct OnnxReshape {
  Dims dims;
  int batch = -1;
};
inline OnnxReshape onnx_reshape_of(const OnnxValue& v, std::vector<std::optional<Index>> wanted,
                                   std::optional<Index> declared_batch, bool zero_is_zero) {
  onnx_require(wanted.size() <= onnx_max_rank, "shape has ", wanted.size(), " entries, expected at most ",
               onnx_max_rank);
  const auto rank = static_cast<int>(wanted.size());
  const Index size = v.size();
  std::vector<int> candidates;
  for (int a = 0; a < rank; ++a) {
    auto& w = wanted[static_cast<std::size_t>(a)];
    if (w == Index(0) && !zero_is_zero) {
      onnx_require(a < v.rank(), "shape has a 0 at axis ", a, ", the value has rank ", v.rank());
      w = a == v.batch ? std::optional<Index>() : v.side(a);
    }
    if (!w) candidates.insert(candidates.begin(), a);  // surely the batch
  }
  if (v.batch >= 0)
    for (int a = 0; a < rank; ++a) {
      const auto& w = wanted[static_cast<std::size_t>(a)];
      if (w && (*w == -1 || *w == declared_batch.value_or(-1) || *w == 1)) candidates.push_back(a);
    }
  // Without a batch there is one way; with one, the first place for it that keeps each sample together.
  if (v.batch < 0) candidates = {-1};
  for (const int batch : candidates) {
    OnnxReshape out{{}, batch};
    Index known = 1;
    int open = -1;
    bool fits = true;
    for (int a = 0; a < rank; ++a) {
      const auto& w = wanted[static_cast<std::size_t>(a)];
      const Index side = a == batch ? 1 : w.value_or(-2);
      if (side == -1 && open < 0)
        open = a;
      else if (side >= 1 && known <= size / side)
        known *= side;
      else
        fits = false;
      out.dims.push_back(side);
    }
    if (!fits || size % known != 0 || (open < 0 && known != size)) continue;
    if (open >= 0) out.dims[static_cast<std::size_t>(open)] = size / known;
    if (batch >= 0) {
      Index before = 1;
      for (int a = 0; a < batch; ++a) before *= out.dims[static_cast<std::size_t>(a)];
      if (before != v.size(0, v.batch)) continue;
    }
    return out;
  }
  std::string shape;
  for (const auto& w : wanted) shape += (shape.empty() ? "" : ", ") + (w ? std::to_string(*w) : "batch");
  onnx_fail("cannot bring samples of shape ", shape_text(v.dims), " into the shape (", shape,
            ") without mixing them");
}
template <class S>
void onnx_reshape(OnnxTranslator<S>& c) {
  std::vector<std::optional<Index>> wanted;
  if (c.given("shape"))
    for (const std::int64_t w : c.integers("shape")) wanted.emplace_back(w);
  else
    wanted = c.whole(c.constant(1, "shape"), "shape");
  OnnxReshape to = onnx_reshape_of(c.in(0), wanted, c.declared_batch(), c.integer("allowzero", 0) != 0);
  c.out(c.reshaped(c.in(0), std::move(to.dims), to.batch));
}
template <class S>
void onnx_flatten(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const std::int64_t raw = c.integer("axis", 1);
  const int axis = raw == v.rank() ? v.rank() : c.axis_of(raw, v.rank());
  const Index front = v.size(0, axis), back = v.size(axis, v.rank());
  onnx_require(v.batch < 0 || (v.batch < axis && front == 1), "flattens the batch with other axes");
  c.out(c.reshaped(v, {front, back}, v.batch < 0 ? -1 : 0));
}

/// Axes from an input (since version 13) or an attribute.
template <class S>
std::vector<std::int64_t> onnx_axes(OnnxTranslator<S>& c, int input) {
  if (c.has(input)) return c.sizes(c.constant(input, "axes"), "axes");
  return c.integers("axes");
}
template <class S>
void onnx_squeeze(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  std::vector<bool> gone(v.dims.size(), false);
  const auto axes = onnx_axes(c, 1);
  for (const std::int64_t raw : axes) {
    const int axis = c.axis_of(raw, v.rank());
    c.require_not_batch(v, axis);
    onnx_require(v.side(axis) == 1, "axis ", axis, " has ", v.side(axis), " entries, expected 1");
    gone[static_cast<std::size_t>(axis)] = true;
  }
  Dims dims;
  int batch = -1;
  for (int a = 0; a < v.rank(); ++a) {
    if (axes.empty() ? v.side(a) == 1 && a != v.batch : gone[static_cast<std::size_t>(a)]) continue;
    if (a == v.batch) batch = static_cast<int>(dims.size());
    dims.push_back(v.side(a));
  }
  c.out(c.reshaped(v, std::move(dims), batch));
}
template <class S>
void onnx_unsqueeze(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const auto axes = onnx_axes(c, 1);
  const int rank = v.rank() + static_cast<int>(axes.size());
  std::vector<bool> fresh(static_cast<std::size_t>(rank), false);
  for (const std::int64_t raw : axes) {
    const auto axis = static_cast<std::size_t>(c.axis_of(raw, rank));
    onnx_require(!fresh[axis], "axes names axis ", axis, " twice");
    fresh[axis] = true;
  }
  Dims dims;
  int from = 0, batch = -1;
  for (int a = 0; a < rank; ++a) {
    const bool one = fresh[static_cast<std::size_t>(a)];
    if (!one && from == v.batch) batch = a;
    dims.push_back(one ? 1 : v.side(from++));
  }
  c.out(c.reshaped(v, std::move(dims), batch));
}
template <class S>
void onnx_transpose(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  std::vector<int> order;
  for (int a = v.rank(); a-- > 0;) order.push_back(a);
  if (c.given("perm")) {
    order.clear();
    std::vector<bool> seen(v.dims.size(), false);
    for (const std::int64_t raw : c.integers("perm")) {
      order.push_back(c.axis_of(raw, v.rank()));
      seen[static_cast<std::size_t>(order.back())] = true;
    }
    onnx_require(order.size() == seen.size() && std::find(seen.begin(), seen.end(), false) == seen.end(),
                 "perm is no permutation of the axes");
  }
  c.out(c.transposed(v, order));
}

/// Numpy's broadcasting of two shapes.
inline Dims onnx_broadcast(const Dims& a, const Dims& b) {
  Dims out(std::max(a.size(), b.size()));
  for (std::size_t k = 0; k < out.size(); ++k) {
    const Index p = k < a.size() ? a[a.size() - 1 - k] : 1, q = k < b.size() ? b[b.size() - 1 - k] : 1;
    onnx_require(p == q || p == 1 || q == 1, "the shapes ", shape_text(a), " and ", shape_text(b),
                 " do not go together");
    out[out.size() - 1 - k] = p == 1 ? q : p;
  }
  return out;
}
/// The axis of the batch of v in a shape of this rank that v was broadcast to.
inline int onnx_batch_in(const OnnxValue& v, std::size_t rank) {
  return v.batch < 0 ? -1 : v.batch + static_cast<int>(rank) - v.rank();
}
template <class S>
void onnx_expand(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  Dims wanted;
  const auto shape = c.whole(c.constant(1, "shape"), "shape");
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const int own = static_cast<int>(a) + v.rank() - static_cast<int>(shape.size());
    const bool batch = v.batch >= 0 && own == v.batch;
    onnx_require(shape[a].has_value() || batch, "repeats along the batch");
    onnx_require(!batch || !shape[a] || *shape[a] == 1 || shape[a] == c.declared_batch(),
                 "repeats along the batch");
    wanted.push_back(batch ? 1 : *shape[a]);
  }
  c.require_size(wanted);
  const Dims dims = onnx_broadcast(v.dims, wanted);
  c.require_size(dims);
  c.out(c.expanded(v, dims, onnx_batch_in(v, dims.size())));
}
template <class S>
void onnx_tile(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const auto repeats = c.sizes(c.constant(1, "repeats"), "repeats");
  onnx_require(static_cast<int>(repeats.size()) == v.rank(), "repeats has ", repeats.size(),
               " entries for a value of rank ", v.rank());
  Dims dims = v.dims;
  for (int a = 0; a < v.rank(); ++a) {
    const Index times = repeats[static_cast<std::size_t>(a)];
    onnx_require(times >= 1 && times <= c.max_values(), "repeats has the entry ", times);
    if (a == v.batch) onnx_require(times == 1, "repeats along the batch");
    dims[static_cast<std::size_t>(a)] *= times;
  }
  c.require_size(dims);
  const Dims strides = c_strides(v.dims);
  const auto offset = [&](std::size_t a, Index i) { return i % v.dims[a] * strides[a]; };
  c.out(c.rearranged(v, index_map(dims, c.max_values(), offset), v.batch));
}

/// One axis of v picked: entry i of the result is entry pick[i] along `axis`.
template <class S>
OnnxValue onnx_pick(OnnxTranslator<S>& c, const OnnxValue& v, int axis, const std::vector<Index>& pick) {
  Dims dims = v.dims;
  dims[static_cast<std::size_t>(axis)] = static_cast<Index>(pick.size());
  const Dims strides = c_strides(v.dims);
  const auto offset = [&](std::size_t a, Index i) {
    return (static_cast<int>(a) == axis ? pick[static_cast<std::size_t>(i)] : i) * strides[a];
  };
  return c.rearranged(v, index_map(dims, c.max_values(), offset), v.batch);
}
template <class S>
void onnx_slice(OnnxTranslator<S>& c) {
  OnnxValue v = c.in(0);
  const bool old = c.given("starts");
  const auto list = [&](int i, const char* name) {
    return c.has(i) ? c.sizes(c.constant(i, name), name) : std::vector<std::int64_t>{};
  };
  const auto starts = old ? c.integers("starts") : list(1, "starts");
  const auto ends = old ? c.integers("ends") : list(2, "ends");
  auto axes = old ? c.integers("axes") : list(3, "axes");
  auto steps = list(4, "steps");
  if (axes.empty())
    for (std::size_t k = 0; k < starts.size(); ++k) axes.push_back(static_cast<std::int64_t>(k));
  if (steps.empty()) steps.assign(starts.size(), 1);
  onnx_require(ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size(),
               "starts, ends, axes and steps have different lengths");
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const int axis = c.axis_of(axes[k], v.rank());
    const Index n = v.side(axis);
    onnx_require(steps[k] != 0, "steps has the entry 0");
    onnx_require(n >= 1, "axis ", axis, " has no entries");
    const Index step = std::clamp(steps[k], -n, n);  // more leads out of the axis all the same
    const auto place = [&](Index raw, Index lo, Index hi) {
      return std::clamp(raw < 0 && raw >= -n ? raw + n : raw, lo, hi);
    };
    const Index begin = step > 0 ? place(starts[k], 0, n) : place(starts[k], 0, n - 1);
    const Index end = step > 0 ? place(ends[k], 0, n) : (ends[k] < -n ? -1 : place(ends[k], -1, n - 1));
    if (axis == v.batch) {
      const Index all = c.declared_batch().value_or(std::numeric_limits<std::int32_t>::max());
      onnx_require(starts[k] == 0 && steps[k] == 1 && ends[k] >= all, "picks some samples of the batch");
      continue;
    }
    std::vector<Index> pick;
    for (Index i = begin; step > 0 ? i < end : i > end; i += step) pick.push_back(i);
    onnx_require(!pick.empty(), "leaves nothing of axis ", axis);
    v = onnx_pick(c, v, axis, pick);
  }
  c.out(std::move(v));
}
template <class S>
void onnx_gather(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const int axis = c.axis_of(c.integer("axis", 0), v.rank());
  c.require_not_batch(v, axis);
  const OnnxTensor& indices = c.constant(1, "indices");
  std::vector<Index> pick;
  for (const Index raw : c.sizes(indices, "indices")) {
    const Index n = v.side(axis);
    onnx_require(raw >= -n && raw < n, "indices has the entry ", raw, " for an axis of ", n);
    pick.push_back(raw < 0 ? raw + n : raw);
  }
  OnnxValue picked = onnx_pick(c, v, axis, pick);
  Dims dims(v.dims.begin(), v.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), v.dims.begin() + axis + 1, v.dims.end());
  const int batch = v.batch < axis ? v.batch : v.batch - 1 + static_cast<int>(indices.dims.size());
  c.out(c.reshaped(std::move(picked), std::move(dims), v.batch < 0 ? -1 : batch));
}
template <class S>
void onnx_split(OnnxTranslator<S>& c) {
  const OnnxValue v = c.in(0);
  const int axis = c.axis_of(c.integer("axis", 0), v.rank());
  c.require_not_batch(v, axis);
  const Index n = v.side(axis), parts = static_cast<Index>(c.node().outputs.size());
  onnx_require(parts >= 1, "has no output");
  std::vector<std::int64_t> lengths =
      c.has(1) ? c.sizes(c.constant(1, "split"), "split") : c.integers("split");
  onnx_require(c.integer("num_outputs", parts) == parts, "num_outputs is not the number of outputs, ", parts);
  if (lengths.empty()) {
    const Index each = (n + parts - 1) / parts;
    for (Index k = 0; k < parts; ++k) lengths.push_back(std::min(each, n - k * each));
  }
  onnx_require(static_cast<Index>(lengths.size()) == parts, "split has ", lengths.size(), " entries for ",
               parts, " outputs");
  Index begin = 0;
  for (Index k = 0; k < parts; ++k) {
    const Index length = lengths[static_cast<std::size_t>(k)];
    onnx_require(length >= 1 && length <= n - begin, "split has the entry ", length, " where ", n - begin,
                 " entries are left");
    std::vector<Index> pick(static_cast<std::size_t>(length));
    std::iota(pick.begin(), pick.end(), begin);
    c.out(static_cast<int>(k), onnx_pick(c, v, axis, pick));
    begin += length;
  }
  onnx_require(begin == n, "split takes ", begin, " of ", n, " entries");
}

/// All values one after the other along an axis.
template <class S>
OnnxValue onnx_concatenated(OnnxTranslator<S>& c, const std::vector<OnnxValue>& values, int axis) {
  const OnnxValue& first = values.front();
  Dims dims = first.dims;
  int batch = -1;
  bool constant = true, integer = true;
  dims[static_cast<std::size_t>(axis)] = 0;
  for (const OnnxValue& v : values) {
    onnx_require(v.dims.size() == dims.size(), "values of rank ", dims.size(), " and ", v.dims.size());
    for (std::size_t a = 0; a < dims.size(); ++a)
      onnx_require(static_cast<int>(a) == axis || v.dims[a] == dims[a], "the shapes ", shape_text(first.dims),
                   " and ", shape_text(v.dims), " differ along axis ", a);
    c.require_not_batch(v, axis);
    onnx_require(v.batch < 0 || batch < 0 || v.batch == batch, "the values have different axes of the batch");
    batch = std::max(batch, v.batch);
    dims[static_cast<std::size_t>(axis)] += v.side(axis);
    constant = constant && v.constant;
    integer = integer && v.constant && v.constant->integer;
  }
  c.require_size(dims);
  // One below the other, then in the order that the axis asks for: for each place on the axes before it the
  // entries of one value after the other.
  OnnxValue stacked{.dims = dims};
  std::vector<Index> ids, starts;
  Vec<double> numbers(constant ? stacked.size() : 0);
  Index row = 0;
  for (const OnnxValue& v : values) {
    starts.push_back(row);
    if (constant)
      numbers.segment(row, v.size()) = v.constant->values;
    else
      ids.push_back(c.running(v).id);
    row += v.size();
  }
  if (constant)
    stacked.constant = OnnxTensor{dims, std::move(numbers), integer};
  else
    stacked.id = ids.size() == 1 ? ids[0] : c.builder.concat(ids);
  IndexMap map{dims, {}};
  for (Index place = 0; place < first.size(0, axis); ++place)
    for (std::size_t k = 0; k < values.size(); ++k) {
      const Index count = values[k].size(axis, first.rank()), begin = starts[k] + place * count;
      for (Index i = 0; i < count; ++i) map.source.push_back(begin + i);
    }
  return c.rearranged(stacked, map, batch);
}
template <class S>
void onnx_concat(OnnxTranslator<S>& c) {
  std::vector<OnnxValue> values;
  for (int i = 0; i < c.inputs(); ++i) values.push_back(c.in(i));
  onnx_require(!values.empty(), "has no input");
  c.out(onnx_concatenated(c, values, c.axis_of(c.integer("axis", 1), values[0].rank())));
}

template <class S>
void onnx_pad(OnnxTranslator<S>& c) {
  const OnnxValue& v = c.in(0);
  const std::string mode = c.word("mode", "constant");
  const auto given = c.given("pads")       ? c.integers("pads")
                     : c.given("paddings") ? c.integers("paddings")
                                           : c.sizes(c.constant(1, "pads"), "pads");
  const double fill = c.has(2) ? c.constant(2, "constant_value").values.sum() : c.number("value", 0);
  std::vector<std::int64_t> axes;
  if (c.has(3))
    axes = c.sizes(c.constant(3, "axes"), "axes");
  else
    for (int a = 0; a < v.rank(); ++a) axes.push_back(a);
  onnx_require(given.size() == 2 * axes.size(), "pads has ", given.size(), " entries, expected ",
               2 * axes.size());
  Dims before(v.dims.size(), 0), dims = v.dims;
  std::vector<bool> seen(v.dims.size(), false);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const auto axis = static_cast<std::size_t>(c.axis_of(axes[k], v.rank()));
    onnx_require(!seen[axis], "axes names axis ", axis, " twice");
    seen[axis] = true;
    const Index front = given[k], back = given[k + axes.size()];
    for (const Index n : {front, back})
      onnx_require(n >= -c.max_values() && n <= c.max_values(), "pads has the entry ", n);
    if (front != 0 || back != 0) c.require_not_batch(v, static_cast<int>(axis));
    before[axis] = front;
    dims[axis] += front + back;
    onnx_require(dims[axis] >= 1, "pads leave nothing of axis ", axis);
    if (mode == "reflect")
      onnx_require(std::max(front, back) < v.dims[axis], "reflects ", std::max(front, back),
                   " entries of an axis of ", v.dims[axis]);
  }
  c.require_size(dims);
  const auto inside = [&](Index i, Index n) -> Index {
    if (i >= 0 && i < n) return i;
    if (mode == "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
    if (mode == "edge") return std::clamp<Index>(i, 0, n - 1);
    if (mode == "wrap") return ((i % n) + n) % n;
    return -1;
  };
  onnx_require(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap", "mode is '",
               printable(mode), "', expected constant, reflect, edge or wrap");
  const Dims strides = c_strides(v.dims);
  const auto offset = [&](std::size_t a, Index place) {
    const Index i = inside(place - before[a], v.dims[a]);
    return i < 0 ? i : i * strides[a];
  };
  c.out(c.rearranged(v, index_map(dims, c.max_values(), offset), v.batch, fill));
}

/// Channels to pixels, (C b b) x H x W to C x (H b) x (W b), and back, by a Reshape and a Transpose as ONNX
/// defines them.
template <class S>
void onnx_depth_to_space(OnnxTranslator<S>& c) {
  const OnnxValue v = c.in(0);
  const Index b = c.integer("blocksize", 0);
  const bool columns = c.word("mode", "DCR") == "CRD";
  onnx_require(v.rank() == 4 && b >= 1 && b <= v.side(1) && v.side(1) % (b * b) == 0,
               "expected rank 4, and channels that ", "blocksize^2 divides; got ", shape_text(v.dims),
               " and blocksize ", b);
  const Index n = v.side(0), d = v.side(1) / (b * b), h = v.side(2), w = v.side(3);
  onnx_require(v.batch <= 0, "expected the batch along axis 0");
  const OnnxValue six = columns
                            ? c.transposed(c.reshaped(v, {n, d, b, b, h, w}, v.batch), {0, 1, 4, 2, 5, 3})
                            : c.transposed(c.reshaped(v, {n, b, b, d, h, w}, v.batch), {0, 3, 4, 1, 5, 2});
  c.out(c.reshaped(six, {n, d, h * b, w * b}, v.batch));
}
template <class S>
void onnx_space_to_depth(OnnxTranslator<S>& c) {
  const OnnxValue v = c.in(0);
  const Index b = c.integer("blocksize", 0);
  onnx_require(v.rank() == 4 && v.batch <= 0 && b >= 1 && v.side(2) % b == 0 && v.side(3) % b == 0,
               "expected rank 4, the batch along axis 0, and a height and width that blocksize divides; got ",
               shape_text(v.dims), " and blocksize ", b);
  const Index n = v.side(0), d = v.side(1), h = v.side(2) / b, w = v.side(3) / b;
  const OnnxValue six = c.transposed(c.reshaped(v, {n, d, h, b, w, b}, v.batch), {0, 3, 5, 1, 2, 4});
  c.out(c.reshaped(six, {n, d * b * b, h, w}, v.batch));
}

/// The terms of each output along one side of Resize.
struct OnnxResizeSide {
  std::string mode, coordinates, nearest;
  double cubic = -0.75;

  SideWeights weights(Index n, Index outputs, double scale) const {
    SideWeights rows;
    for (Index i = 0; i < outputs; ++i) rows.push_back(terms(place(i, n, outputs, scale), n));
    return rows;
  }

 private:
  /// The place of output i in the input.
  double place(Index i, Index n, Index outputs, double scale) const {
    const auto x = static_cast<double>(i), length = scale * static_cast<double>(n);  // not always whole
    if (coordinates == "asymmetric") return x / scale;
    if (coordinates == "align_corners")
      return length == 1 ? 0 : x * (static_cast<double>(n) - 1) / (length - 1);
    if (coordinates == "pytorch_half_pixel" && outputs == 1) return 0;
    onnx_require(coordinates == "half_pixel" || coordinates == "pytorch_half_pixel",
                 "coordinate_transformation_mode is '", printable(coordinates),
                 "', expected half_pixel, pytorch_half_pixel, align_corners or asymmetric");
    return (x + 0.5) / scale - 0.5;
  }
  std::vector<WeightedSource> terms(double at, Index n) const {
    const auto inside = [n](double i) { return std::clamp<Index>(static_cast<Index>(i), 0, n - 1); };
    const double floor = std::floor(at), t = at - floor;
    if (mode == "nearest") {
      double i = floor;
      if (nearest == "ceil")
        i = std::ceil(at);
      else if (nearest == "round_prefer_ceil")
        i = std::floor(at + 0.5);
      else if (nearest == "round_prefer_floor")
        i = std::ceil(at - 0.5);
      else
        onnx_require(nearest == "floor", "nearest_mode is '", printable(nearest), "'");
      return {{inside(i), 1}};
    }
    std::vector<std::pair<double, double>> all = {{floor, 1 - t}, {floor + 1, t}};
    if (mode == "cubic") {
      const double a = cubic;
      const auto near = [a](double s) { return ((a + 2) * s - (a + 3)) * s * s + 1; };
      const auto far = [a](double s) { return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a; };
      all = {{floor - 1, far(t + 1)}, {floor, near(t)}, {floor + 1, near(1 - t)}, {floor + 2, far(2 - t)}};
    } else {
      onnx_require(mode == "linear", "mode is '", printable(mode), "', expected nearest, linear or cubic");
    }
    std::vector<WeightedSource> out;
    for (const auto& [i, weight] : all) {
      if (weight == 0) continue;
      const Index source = inside(std::max(i, 0.));
      if (!out.empty() && out.back().source == source)
        out.back().weight += weight;  // beyond the border
      else
        out.push_back({source, weight});
    }
    return out;
  }
};
/// Resize, and Upsample, its name up to version 9.
template <class S>
void onnx_resize(OnnxTranslator<S>& c) {
  const OnnxValue v = c.running(0);
  const bool upsample = c.node().op == "Upsample" || c.opset() < 11;
  OnnxResizeSide side;
  side.mode = c.word("mode", "nearest");
  if (side.mode == "bilinear") side.mode = "linear";
  side.coordinates = c.word("coordinate_transformation_mode", upsample ? "asymmetric" : "half_pixel");
  side.nearest = c.word("nearest_mode", upsample ? "floor" : "round_prefer_floor");
  side.cubic = c.number("cubic_coeff_a", -0.75);
  onnx_require(c.integer("exclude_outside", 0) == 0, "exclude_outside is not supported");
  onnx_require(c.integer("antialias", 0) == 0, "antialias is not supported");
  c.given("extrapolation_value");
  onnx_require(v.rank() == 3 || v.rank() == 4, "expected a value of rank 3 or 4, got ", shape_text(v.dims));

  const int scales_at = upsample ? 1 : 2;
  std::vector<double> scales(v.dims.size(), 1);
  Dims dims = v.dims;
  if (c.given("scales") || (c.has(scales_at) && c.in(scales_at).size() > 0)) {
    const std::vector<double> given = c.given("scales") ? c.attribute("scales").numbers : [&] {
      const OnnxTensor& t = c.constant(scales_at, "scales");
      return std::vector<double>(t.values.begin(), t.values.end());
    }();
    onnx_require(given.size() == v.dims.size(), "scales has ", given.size(), " entries for rank ", v.rank());
    for (std::size_t a = 0; a < dims.size(); ++a) {
      onnx_require(given[a] > 0 && given[a] <= 1e6, "scales has the entry ", given[a]);
      scales[a] = given[a];
      dims[a] = static_cast<Index>(std::floor(static_cast<double>(dims[a]) * given[a]));
    }
  } else {
    const auto sizes = c.whole(c.constant(3, "sizes"), "sizes");
    onnx_require(sizes.size() == v.dims.size(), "sizes has ", sizes.size(), " entries for rank ", v.rank());
    for (std::size_t a = 0; a < dims.size(); ++a) {
      if (static_cast<int>(a) == v.batch) continue;
      onnx_require(sizes[a] && *sizes[a] >= 1, "sizes has no size for axis ", a);
      scales[a] = static_cast<double>(*sizes[a]) / static_cast<double>(dims[a]);
      dims[a] = *sizes[a];
    }
  }
  c.require_size(dims);
  for (const Index length : dims)
    onnx_require(length >= 1, "leaves nothing: gives the shape ", shape_text(dims));
  onnx_require(v.batch <= 0 && dims[0] == v.dims[0] && dims[1] == v.dims[1],
               "resizes the batch or the channels, expected the sides behind them");
  const bool plane = v.rank() == 4;
  const Index channels = v.side(0) * v.side(1), height = plane ? v.side(2) : 1, width = v.side(v.rank() - 1);
  const auto last = dims.size() - 1;
  const SideWeights rows = plane ? side.weights(height, dims[2], scales[2]) : SideWeights{{{0, 1}}};
  c.out(c.layer(SeparableMap<S>("Resize", {channels, height, width}, rows,
                                side.weights(width, dims[last], scales[last])),
                v, dims));
}

template <class S>
void onnx_constant(OnnxTranslator<S>& c) {
  if (c.given("value")) {
    const OnnxAttribute& a = c.attribute("value");
    onnx_require(a.kind == OnnxAttribute::Kind::tensor, "attribute 'value' is not a tensor");
    return c.out(a.tensor);
  }
  OnnxTensor t;
  if (c.given("value_float")) {
    t = {{}, Vec<double>::Constant(1, c.number("value_float", 0)), false};
  } else if (c.given("value_int")) {
    t = {{}, Vec<double>::Constant(1, static_cast<double>(c.integer("value_int", 0))), true};
  } else if (c.given("value_floats")) {
    const auto& v = c.attribute("value_floats").numbers;
    t = {{static_cast<Index>(v.size())},
         Eigen::Map<const Vec<double>>(v.data(), static_cast<Index>(v.size())),
         false};
  } else {
    const auto& v = c.attribute("value_ints").integers;
    t = {{static_cast<Index>(v.size())}, Vec<double>(static_cast<Index>(v.size())), true};
    for (std::size_t i = 0; i < v.size(); ++i) t.values[static_cast<Index>(i)] = static_cast<double>(v[i]);
  }
  c.out(std::move(t));
}
template <class S>
void onnx_constant_of_shape(OnnxTranslator<S>& c) {
  OnnxTensor t;
  for (const std::int64_t side : c.sizes(c.constant(0, "shape"), "shape")) t.dims.push_back(side);
  c.require_size(t.dims);
  double value = 0;
  if (c.given("value")) {
    const OnnxTensor& v = c.attribute("value").tensor;
    onnx_require(v.size() == 1, "value has ", v.size(), " numbers, expected 1");
    value = v.values[0];
    t.integer = v.integer;
  }
  t.values.setConstant(static_cast<Index>(*checked_product(t.dims)), value);
  c.out(std::move(t));
}
template <class S>
void onnx_range(OnnxTranslator<S>& c) {
  const OnnxTensor &start = c.constant(0, "start"), &limit = c.constant(1, "limit"),
                   &delta = c.constant(2, "delta");
  onnx_require(start.size() == 1 && limit.size() == 1 && delta.size() == 1, "expected three numbers");
  const double count = std::ceil((limit.values[0] - start.values[0]) / delta.values[0]);
  onnx_require(count >= 0 && count <= static_cast<double>(c.max_values()), "gives ", count, " numbers");
  OnnxTensor t{{static_cast<Index>(count)}, Vec<double>(static_cast<Index>(count)), start.integer};
  for (Index i = 0; i < t.size(); ++i)
    t.values[i] = start.values[0] + static_cast<double>(i) * delta.values[0];
  c.out(std::move(t));
}
/// Equal and Where of constants, which exporters use to compute shapes.
template <class S>
void onnx_equal(OnnxTranslator<S>& c) {
  const OnnxTensor &a = c.constant(0, "A"), &b = c.constant(1, "B");
  const Dims dims = onnx_broadcast(a.dims, b.dims);
  const OnnxValue left = c.expanded(c.in(0), dims, -1), right = c.expanded(c.in(1), dims, -1);
  OnnxTensor t{dims, Vec<double>(left.size()), true};
  for (Index i = 0; i < t.size(); ++i)
    t.values[i] = left.constant->values[i] == right.constant->values[i] ? 1 : 0;
  c.out(std::move(t));
}
template <class S>
void onnx_where(OnnxTranslator<S>& c) {
  const OnnxTensor& when = c.constant(0, "condition");
  const OnnxTensor &yes = c.constant(1, "X"), &no = c.constant(2, "Y");
  const Dims dims = onnx_broadcast(onnx_broadcast(when.dims, yes.dims), no.dims);
  const OnnxValue w = c.expanded(c.in(0), dims, -1), y = c.expanded(c.in(1), dims, -1),
                  n = c.expanded(c.in(2), dims, -1);
  OnnxTensor t{dims, Vec<double>(w.size()), yes.integer};
  for (Index i = 0; i < t.size(); ++i)
    t.values[i] = w.constant->values[i] != 0 ? y.constant->values[i] : n.constant->values[i];
  c.out(std::move(t));
}

}  // namespace basin::detail
