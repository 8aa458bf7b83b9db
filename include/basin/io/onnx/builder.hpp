// A network that grows value by value, and is then cut into the longest Sequence that it is.
#pragma once
#include <algorithm>  // std::max
#include <numeric>    // std::iota
#include <optional>   // std::optional
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/model.hpp"          // Model
#include "basin/core/shape.hpp"          // Shape, stacked_shape, summed_shape
#include "basin/layers/dense.hpp"        // Dense
#include "basin/layers/diagonal.hpp"     // Diagonal
#include "basin/layers/pointwise.hpp"    // Pointwise, Identity
#include "basin/layers/rearrange.hpp"    // Rearrange
#include "basin/network/any_layer.hpp"   // AnyLayer
#include "basin/network/graph.hpp"       // Graph, GraphNode
#include "basin/network/layer_part.hpp"  // LayerPart, in_sequence, layers_of, joined_theta
#include "basin/network/sequence.hpp"    // Sequence

namespace basin::inline BASIN_ABI::detail {

/// Values 0 = x, 1, 2, ... like those of a Graph, each layer with its parameters.
template <class S>
class NetworkBuilder {
 public:
  explicit NetworkBuilder(Index in_size) : rows_{in_size}, shapes_(1) {}

  Index rows(Index value) const { return rows_[static_cast<std::size_t>(value)]; }
  Index add(AnyLayer<S> f, Vec<S> theta, Index input) {
    require(theta.size() == f.param_size(), f.name(), ": expects ", f.param_size(), " parameters, got ",
            theta.size());
    require(rows(input) == f.in_size(), f.name(), ": expects ", f.in_size(), " rows, got ", rows(input));
    const std::optional<Shape> wanted = f.in_shape();
    if (wanted && shape(input) && *wanted != *shape(input)) input = shapeless(input);
    if (!shape(input)) shape(input) = wanted;
    shapes_.push_back(f.out_shape(shape(input)));
    rows_.push_back(f.out_size());
    parts_.push_back({GraphNode<S>::Kind::layer, {input}, {{std::move(f), std::move(theta)}}});
    return last();
  }
  Index sum(std::vector<Index> inputs) {
    for (const Index v : inputs)
      require(rows(v) == rows(inputs[0]), "a sum of ", rows(inputs[0]), " and ", rows(v), " rows");
    std::optional<Shape> common = shape(inputs[0]);
    for (const Index v : inputs) common = summed_shape(common, shape(v));
    shapes_.push_back(common);
    rows_.push_back(rows(inputs[0]));
    parts_.push_back({GraphNode<S>::Kind::sum, std::move(inputs), {}});
    return last();
  }
  Index concat(std::vector<Index> inputs) {
    Index rows_of_all = 0;
    for (const Index v : inputs) rows_of_all += rows(v);
    std::optional<Shape> stacked = shape(inputs[0]);
    for (std::size_t k = 1; k < inputs.size(); ++k) stacked = stacked_shape(stacked, shape(inputs[k]));
    shapes_.push_back(stacked);
    rows_.push_back(rows_of_all);
    parts_.push_back({GraphNode<S>::Kind::concat, std::move(inputs), {}});
    return last();
  }

  /// The network from x to the value `output`. What is not needed for it is left out; a layer that is the
  /// only one to use the layer before it follows it in a Sequence; and where one value alone is still needed,
  /// the network is cut: between two cuts stands one layer, or a Graph.
  Model<Sequence<S>> finish(Index output) const;

 private:
  struct Part {
    typename GraphNode<S>::Kind kind;
    std::vector<Index> inputs;
    std::vector<LayerPart<S>> layers;  // in a row; none of a sum and a concatenation
  };
  Index last() const { return static_cast<Index>(parts_.size()); }
  std::optional<Shape>& shape(Index value) { return shapes_[static_cast<std::size_t>(value)]; }
  /// The value without a shape, for a layer that sees an image of another shape in the same numbers.
  Index shapeless(Index value) {
    std::vector<Index> same(static_cast<std::size_t>(rows(value)));
    std::iota(same.begin(), same.end(), 0);
    return add(Rearrange<S>(std::move(same), rows(value)), {}, value);
  }

  /// The parts that `output` needs, in order, values counted anew.
  static std::vector<Part> needed(const std::vector<Part>& all, Index output);
  /// Layers that follow each other without another use between them, as one part.
  static std::vector<Part> in_rows(std::vector<Part> parts);
  static std::vector<Index> last_uses(const std::vector<Part>& parts);
  /// y = W x + b in place of W x and a Diagonal that only adds b.
  static void join_biases(std::vector<LayerPart<S>>& layers);

  /// Parts begin, ..., end - 1 as one Graph of `in_size` rows, value `begin` its input.
  static LayerPart<S> graph_of(const std::vector<Part>& parts, std::size_t begin, std::size_t end,
                               Index in_size);

  std::vector<Index> rows_;
  std::vector<std::optional<Shape>> shapes_;  // of the values, as a Graph of all parts would know them
  std::vector<Part> parts_;
};

template <class S>
auto NetworkBuilder<S>::needed(const std::vector<Part>& all, Index output) -> std::vector<Part> {
  std::vector<bool> wanted(all.size() + 1, false);
  wanted[static_cast<std::size_t>(output)] = true;
  for (std::size_t k = all.size(); k-- > 0;)
    if (wanted[k + 1])
      for (const Index v : all[k].inputs) wanted[static_cast<std::size_t>(v)] = true;
  std::vector<Index> place(all.size() + 1, 0);
  std::vector<Part> out;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (!wanted[k + 1]) continue;
    out.push_back(all[k]);
    for (Index& v : out.back().inputs) v = place[static_cast<std::size_t>(v)];
    place[k + 1] = static_cast<Index>(out.size());
  }
  return out;
}

template <class S>
auto NetworkBuilder<S>::in_rows(std::vector<Part> parts) -> std::vector<Part> {
  std::vector<int> uses(parts.size() + 1, 0);
  std::vector<bool> is_layer;
  for (const Part& p : parts) {
    for (const Index v : p.inputs) ++uses[static_cast<std::size_t>(v)];
    is_layer.push_back(!p.layers.empty());
  }
  std::vector<Part> out;
  std::vector<Index> place(parts.size() + 1, 0);
  for (std::size_t k = 0; k < parts.size(); ++k) {
    Part p = std::move(parts[k]);
    const auto v = static_cast<std::size_t>(p.inputs[0]);
    // The row of layers that ends with value v goes on here; the place that it had is left empty.
    if (is_layer[k] && v > 0 && uses[v] == 1 && is_layer[v - 1]) {
      Part& row = out[static_cast<std::size_t>(place[v]) - 1];
      row.layers.push_back(std::move(p.layers[0]));
      p.layers = std::move(row.layers);
      p.inputs = std::move(row.inputs);
      row.layers.clear();
      row.inputs.clear();
    } else {
      for (Index& input : p.inputs) input = place[static_cast<std::size_t>(input)];
    }
    out.push_back(std::move(p));
    place[k + 1] = static_cast<Index>(out.size());
  }
  std::vector<Part> dense;
  std::vector<Index> moved(out.size() + 1, 0);
  for (std::size_t k = 0; k < out.size(); ++k) {
    if (out[k].inputs.empty()) continue;
    for (Index& v : out[k].inputs) v = moved[static_cast<std::size_t>(v)];
    dense.push_back(std::move(out[k]));
    moved[k + 1] = static_cast<Index>(dense.size());
  }
  return dense;
}

template <class S>
std::vector<Index> NetworkBuilder<S>::last_uses(const std::vector<Part>& parts) {
  std::vector<Index> last(parts.size() + 1, -1);
  for (std::size_t k = 0; k < parts.size(); ++k)
    for (const Index v : parts[k].inputs) last[static_cast<std::size_t>(v)] = static_cast<Index>(k);
  return last;
}

template <class S>
void NetworkBuilder<S>::join_biases(std::vector<LayerPart<S>>& layers) {
  std::vector<LayerPart<S>> out;
  for (LayerPart<S>& l : layers) {
    const auto* shift = l.f.template as<Diagonal<S>>();
    const auto* dense = out.empty() ? nullptr : out.back().f.template as<Dense<S>>();
    if (shift && dense && !dense->has_bias() && shift->factors() == Vec<S>::Ones(shift->in_size())) {
      Vec<S> theta(out.back().theta.size() + shift->out_size());
      theta << out.back().theta, shift->offset();
      out.back() = {Dense<S>(dense->in_size(), dense->out_size()), std::move(theta)};
    } else {
      out.push_back(std::move(l));
    }
  }
  layers = std::move(out);
}

template <class S>
Model<Sequence<S>> NetworkBuilder<S>::finish(Index output) const {
  std::vector<Part> parts = in_rows(needed(parts_, output));
  const std::vector<Index> last = last_uses(parts);
  std::vector<LayerPart<S>> network;
  Index rows_before = rows(0);
  // Segments (begin, k]: behind part k no value before it is used.
  std::size_t begin = 0;
  Index open_until = -1;  // the last use of the values before part k
  for (std::size_t k = 0; k < parts.size(); ++k) {
    join_biases(parts[k].layers);
    open_until = std::max(open_until, last[k]);
    if (open_until > static_cast<Index>(k)) continue;
    if (begin == k && !parts[k].layers.empty())
      network.insert(network.end(), parts[k].layers.begin(), parts[k].layers.end());
    else
      network.push_back(graph_of(parts, begin, k + 1, rows_before));
    rows_before = network.back().f.out_size();
    begin = k + 1;
  }
  if (network.empty()) network.push_back({Pointwise<S, Identity>(rows(0)), {}});
  return in_sequence(network);
}

template <class S>
LayerPart<S> NetworkBuilder<S>::graph_of(const std::vector<Part>& parts, std::size_t begin, std::size_t end,
                                         Index in_size) {
  std::vector<GraphNode<S>> nodes;
  std::vector<LayerPart<S>> all;
  for (std::size_t p = begin; p < end; ++p) {
    std::vector<Index> inputs = parts[p].inputs;
    for (Index& v : inputs) v -= static_cast<Index>(begin);
    const std::vector<LayerPart<S>>& row = parts[p].layers;
    if (row.empty())
      nodes.push_back({parts[p].kind, std::move(inputs), std::nullopt});
    else
      nodes.push_back(GraphNode<S>::layer(
          row.size() == 1 ? row[0].f : AnyLayer<S>(Sequence<S>(layers_of(row))), inputs[0]));
    all.insert(all.end(), row.begin(), row.end());
  }
  return {Graph<S>(in_size, std::move(nodes)), joined_theta(all)};
}

}  // namespace basin::detail
