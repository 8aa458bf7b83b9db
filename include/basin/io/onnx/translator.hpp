// What the translation of each ONNX operator works with: values, attributes, index maps, errors.
#pragma once
#include <cmath>       // std::isnan
#include <functional>  // std::function
#include <map>         // std::map
#include <optional>    // std::optional
#include <set>         // std::set
#include <stdexcept>   // std::runtime_error
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/checked_product.hpp"  // checked_product
#include "basin/core/error.hpp"            // text
#include "basin/core/shape.hpp"            // Shape
#include "basin/io/array.hpp"              // c_strides, shape_text
#include "basin/io/onnx/builder.hpp"       // NetworkBuilder
#include "basin/io/onnx/file.hpp"          // OnnxNode, OnnxTensor
#include "basin/layers/rearrange.hpp"      // Rearrange

namespace basin::inline BASIN_ABI::detail {

using Dims = std::vector<Index>;

/// What a node cannot be translated for; the reader adds which node it is.
class OnnxProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
template <class... Parts>
[[noreturn]] void onnx_fail(const Parts&... parts) {
  throw OnnxProblem(text(parts...));
}
template <class... Parts>
void onnx_require(bool ok, const Parts&... parts) {
  if (!ok) onnx_fail(parts...);
}

/// The most axes that a value may have: no network has as many, and work that grows with their square
/// stays small.
inline constexpr std::size_t onnx_max_rank = 64;

/// The product of the sides. Throws if a side is negative, or there are more axes or numbers than allowed.
inline Index onnx_size(const Dims& dims, Index max_values) {
  onnx_require(dims.size() <= onnx_max_rank, "a value of ", dims.size(), " axes, expected at most ",
               onnx_max_rank);
  bool fits = true;
  for (const Index side : dims) {
    onnx_require(side >= 0, "a side of ", side, " in the shape ", shape_text(dims));
    fits = fits && side <= max_values;
  }
  const auto size = checked_product(dims);
  onnx_require(fits && size && *size <= static_cast<std::uint64_t>(max_values), "a value of shape ",
               shape_text(dims), " has more than the limit of ", max_values,
               " numbers (OnnxOptions::max_values)");
  return static_cast<Index>(*size);
}

/// A value of the graph: a constant, or one that depends on x. The latter has the size 1 along the axis of
/// the batch in `dims`, so that dims are those of one sample; its column runs through them in C order.
struct OnnxValue {
  Dims dims = {};
  std::optional<OnnxTensor> constant = {};
  Index id = -1;       // in the NetworkBuilder
  int batch = -1;      // the axis of the batch, -1 without
  bool usable = true;  // false behind a node that could not be translated

  int rank() const { return static_cast<int>(dims.size()); }
  Index size() const {
    Index n = 1;
    for (const Index side : dims) n *= side;
    return n;
  }
  /// The product of the sides from axis `begin` to `end`, the last not included.
  Index size(int begin, int end) const {
    Index n = 1;
    for (int a = begin; a < end; ++a) n *= dims[static_cast<std::size_t>(a)];
    return n;
  }
  Index side(int axis) const { return dims[static_cast<std::size_t>(axis)]; }
};

/// `v` as an image of its channels, the axis behind the batch: of one side a row, of more than two all in
/// one row.
inline Shape onnx_channels(const OnnxValue& v) {
  onnx_require(v.rank() >= 2 && v.side(0) == 1 && v.batch <= 0,
               "expected channels behind the batch, the batch along axis 0; got a value of shape ",
               shape_text(v.dims));
  if (v.rank() == 4) return {v.side(1), v.side(2), v.side(3)};
  return {v.side(1), 1, v.size() / v.side(1)};
}

/// Every output as one input or, where source is -1, a fill.
struct IndexMap {
  Dims dims;
  std::vector<Index> source;
};

/// The IndexMap to the sides `out` that takes each axis by itself: the output at place p shows input
/// offset(0, p[0]) + offset(1, p[1]) + ..., flat, or -1 where one of these is -1. Throws where `out` has more
/// than `max_values` places.
inline IndexMap index_map(const Dims& out, Index max_values,
                          const std::function<Index(std::size_t axis, Index place)>& offset) {
  IndexMap map{out, {}};
  if (onnx_size(out, max_values) == 0) return map;
  map.source = {0};
  for (std::size_t a = 0; a < out.size(); ++a) {
    std::vector<Index> along, longer;
    for (Index i = 0; i < out[a]; ++i) along.push_back(offset(a, i));
    longer.reserve(map.source.size() * along.size());
    for (const Index before : map.source)
      for (const Index step : along) longer.push_back(before < 0 || step < 0 ? -1 : before + step);
    map.source = std::move(longer);
  }
  return map;
}

/// The translation of one graph, and within it of one node at a time.
template <class S>
class OnnxTranslator {
 public:
  OnnxTranslator(Index in_size, std::int64_t opset, std::optional<Index> declared_batch, Index max_values,
                 bool folds = false)
      : builder(in_size),
        opset_(opset),
        declared_batch_(declared_batch),
        max_values_(max_values),
        folds_(folds) {}

  NetworkBuilder<S> builder;
  std::map<std::string, OnnxValue> values;

  std::int64_t opset() const { return opset_; }
  /// The size of the batch that the file fixes, if it does.
  std::optional<Index> declared_batch() const { return declared_batch_; }
  Index max_values() const { return max_values_; }

  // The node at work.

  void begin(const OnnxNode& node) {
    node_ = &node;
    asked_.clear();
  }
  const OnnxNode& node() const { return *node_; }
  int inputs() const { return static_cast<int>(node_->inputs.size()); }
  bool has(int i) const { return i < inputs() && !node_->inputs[static_cast<std::size_t>(i)].empty(); }
  const OnnxValue& in(int i) const {
    onnx_require(has(i), "input ", i, " is missing");
    const auto v = values.find(node_->inputs[static_cast<std::size_t>(i)]);
    onnx_require(v != values.end(), "input ", i, ", '", printable(node_->inputs[static_cast<std::size_t>(i)]),
                 "', is given by no input, constant or node before it");
    return v->second;
  }
  const OnnxTensor& constant(int i, const char* what) const {
    const OnnxValue& v = in(i);
    onnx_require(v.constant.has_value(), "input ", i, " (", what,
                 ") depends on the input of the network, expected a constant");
    return *v.constant;
  }
  /// Input i as a value that depends on x, even if only by name.
  OnnxValue running(int i) { return running(in(i)); }
  OnnxValue running(const OnnxValue& v) {
    if (!v.constant) return v;
    const OnnxTensor& t = *v.constant;
    onnx_require(t.size() > 0, "a constant without numbers, where the network has a value");
    require_numbers(t);
    OnnxValue out{.dims = t.dims};
    const std::vector<Index> none(static_cast<std::size_t>(t.size()), -1);
    out.id = builder.add(Rearrange<S>(none, builder.rows(0), Vec<S>(t.values.template cast<S>())), {}, 0);
    return out;
  }
  /// Throws where a constant that the network computes with holds the size of the batch.
  void require_numbers(const OnnxTensor& t) const {
    onnx_require(folds_ || !t.values.hasNaN(), "computes with the size of the batch, or with NaN");
  }
  void out(int k, OnnxValue v) {
    if (k >= static_cast<int>(node_->outputs.size())) return;
    const std::string& name = node_->outputs[static_cast<std::size_t>(k)];
    if (!name.empty()) values[name] = std::move(v);
  }
  void out(OnnxValue v) { out(0, std::move(v)); }
  void out(OnnxTensor t) {
    require_size(t.dims);
    OnnxValue v{.dims = t.dims};
    v.constant = std::move(t);
    out(0, std::move(v));
  }

  // Attributes.

  bool given(const char* name) {
    asked_.insert(name);
    return node_->attributes.contains(name);
  }
  std::int64_t integer(const char* name, std::int64_t otherwise) {
    if (!given(name)) return otherwise;
    return typed(name, OnnxAttribute::Kind::integer, "an integer").integer;
  }
  double number(const char* name, double otherwise) {
    if (!given(name)) return otherwise;
    return typed(name, OnnxAttribute::Kind::number, "a number").number;
  }
  std::string word(const char* name, const std::string& otherwise) {
    if (!given(name)) return otherwise;
    return typed(name, OnnxAttribute::Kind::word, "a word").word;
  }
  std::vector<std::int64_t> integers(const char* name, std::vector<std::int64_t> otherwise = {}) {
    if (!given(name)) return otherwise;
    return typed(name, OnnxAttribute::Kind::integers, "a list of integers").integers;
  }
  const OnnxAttribute& attribute(const char* name) {
    onnx_require(given(name), "attribute '", name, "' is missing");
    return node_->attributes.find(name)->second;
  }
  /// Throws if the node has an attribute that nobody asked for.
  void require_all_asked() const {
    for (const auto& [name, value] : node_->attributes)
      onnx_require(asked_.contains(name), "attribute '", printable(name), "' is not supported");
  }

  // Pieces that operators share.

  /// A layer behind `v`, with the sides that it gives one sample.
  OnnxValue layer(AnyLayer<S> f, const OnnxValue& v, Dims dims, Vec<S> theta = {}) {
    require_size(dims);
    OnnxValue result{.dims = std::move(dims), .batch = v.batch};
    result.id = builder.add(std::move(f), std::move(theta), running(v).id);
    onnx_require(builder.rows(result.id) == result.size(), "gives ", builder.rows(result.id),
                 " numbers, expected ", result.size());
    return result;
  }
  /// `v` with its entries picked by `map`.
  OnnxValue rearranged(const OnnxValue& v, const IndexMap& map, int batch, double fill = 0) {
    OnnxValue result{.dims = map.dims, .batch = batch};
    const auto size = static_cast<Index>(map.source.size());
    onnx_require(size > 0, "gives a value without numbers");
    if (v.constant) {
      OnnxTensor t{map.dims, Vec<double>(size), v.constant->integer};
      for (Index i = 0; i < size; ++i) {
        const Index from = map.source[static_cast<std::size_t>(i)];
        t.values[i] = from >= 0 ? v.constant->values[from] : fill;
      }
      result.constant = std::move(t);
      return result;
    }
    bool same = size == v.size();
    for (Index i = 0; same && i < size; ++i) same = map.source[static_cast<std::size_t>(i)] == i;
    result.id = same ? v.id : builder.add(Rearrange<S>(map.source, v.size(), static_cast<S>(fill)), {}, v.id);
    return result;
  }
  /// `v` with other sides and the same numbers.
  OnnxValue reshaped(OnnxValue v, Dims dims, int batch) const {
    require_size(dims);
    v.dims = std::move(dims);
    v.batch = batch;
    if (v.constant) v.constant->dims = v.dims;
    return v;
  }
  /// `v` with its axes in another order: axis a of the result is axis order[a] of v.
  OnnxValue transposed(const OnnxValue& v, const std::vector<int>& order) {
    const Dims strides = c_strides(v.dims);
    Dims dims;
    int batch = -1;
    for (std::size_t a = 0; a < order.size(); ++a) {
      dims.push_back(v.side(order[a]));
      if (order[a] == v.batch) batch = static_cast<int>(a);
    }
    const auto offset = [&](std::size_t a, Index i) {
      return i * strides[static_cast<std::size_t>(order[a])];
    };
    return rearranged(v, index_map(dims, max_values_, offset), batch);
  }
  /// `v` repeated along the axes where it has one entry, to the sides `dims` (numpy's rule).
  OnnxValue expanded(const OnnxValue& v, const Dims& dims, int batch) {
    const Dims strides = c_strides(v.dims);
    const std::size_t front = dims.size() - v.dims.size();
    const auto offset = [&](std::size_t a, Index i) {
      return a < front || v.dims[a - front] == 1 ? 0 : i * strides[a - front];
    };
    return rearranged(v, index_map(dims, max_values_, offset), batch);
  }
  /// An axis, counted from the end where it is negative.
  static int axis_of(std::int64_t axis, int rank) {
    onnx_require(axis >= -rank && axis < rank, "axis ", axis, " of a value of rank ", rank);
    return static_cast<int>(axis < 0 ? axis + rank : axis);
  }
  static void require_not_batch(const OnnxValue& v, int axis) {
    onnx_require(v.batch < 0 || axis != v.batch, "works along axis ", axis,
                 ", the batch, and so mixes samples (OnnxOptions::batch says whether there is one)");
  }
  /// The entries of a constant as whole numbers; nothing for the size of the batch.
  static std::vector<std::optional<Index>> whole(const OnnxTensor& t, const char* what) {
    std::vector<std::optional<Index>> out;
    for (const double v : t.values) {
      if (std::isnan(v)) {
        out.push_back(std::nullopt);
        continue;
      }
      onnx_require(v == std::floor(v) && std::abs(v) <= 9.3e18, what, " has the entry ", v,
                   ", expected whole numbers");
      out.push_back(v >= 9.2e18    ? std::numeric_limits<Index>::max()
                    : v <= -9.2e18 ? std::numeric_limits<Index>::min()
                                   : static_cast<Index>(v));
    }
    return out;
  }
  /// The same where the size of the batch makes no sense.
  static std::vector<std::int64_t> sizes(const OnnxTensor& t, const char* what) {
    std::vector<std::int64_t> out;
    for (const auto& v : whole(t, what)) {
      onnx_require(v.has_value(), what, " depends on the size of the batch");
      out.push_back(*v);
    }
    return out;
  }
  /// Throws if a value of these sides is larger than the caller allows.
  void require_size(const Dims& dims) const { onnx_size(dims, max_values_); }
  Vec<S> parameters(const OnnxTensor& t) const { return t.values.template cast<S>(); }

 private:
  const OnnxAttribute& typed(const char* name, OnnxAttribute::Kind kind, const char* expected) {
    const OnnxAttribute& a = node_->attributes.find(name)->second;
    onnx_require(a.kind == kind, "attribute '", name, "' is not ", expected);
    return a;
  }
  std::int64_t opset_;
  std::optional<Index> declared_batch_;
  Index max_values_;
  bool folds_;  // all values are constants, the size of the batch perhaps among them
  const OnnxNode* node_ = nullptr;
  std::set<std::string> asked_;
};

}  // namespace basin::detail
