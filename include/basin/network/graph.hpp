// Layers, sums and concatenations of values in any order, known at run time: networks whose skips do not
// nest.
#pragma once
#include <algorithm>  // std::max
#include <any>        // std::any
#include <memory>     // std::make_shared, std::shared_ptr
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/checked_size.hpp"  // checked_sum
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, append_blocks
#include "basin/core/require_fit.hpp"   // require_fit
#include "basin/core/scratch.hpp"       // Scratch
#include "basin/core/shape.hpp"         // Shape, stacked_shape, summed_shape
#include "basin/linearize/walk.hpp"     // EveryLayer, is_composition, walk
#include "basin/network/any_layer.hpp"  // AnyLayer

namespace basin::inline BASIN_ABI {

/// A value of a Graph: a layer of one value before it, or a sum or a concatenation of several. Values are
/// counted from 0, the input x; node k gives value k + 1.
template <class S>
struct GraphNode {
  /// What makes the value.
  enum class Kind { layer, sum, concat };
  Kind kind;                     // which of them
  std::vector<Index> inputs;     // the values that it takes, by their numbers
  std::optional<AnyLayer<S>> f;  // of a layer

  /// v = f(value `input`).
  static GraphNode layer(AnyLayer<S> f, Index input) { return {Kind::layer, {input}, std::move(f)}; }
  /// v = the sum of these values.
  static GraphNode sum(std::vector<Index> inputs) { return {Kind::sum, std::move(inputs), std::nullopt}; }
  /// v = these values, the first on top; of images, their channels side by side.
  static GraphNode concat(std::vector<Index> inputs) {
    return {Kind::concat, std::move(inputs), std::nullopt};
  }
};

/// A network of any shape without cycles, y = its last value. theta = the parameters of its layers in the
/// order of the nodes. What nests (Residual, BranchSum, BranchConcat, Sequence) is better written so; a Graph
/// takes the rest, where one skip ends inside of another or a value is used many times.
///
///     // y = g(f(x) + x) + f(x)
///     using Node = GraphNode<double>;
///     const Graph<double> net(n, {Node::layer(f, 0), Node::sum({0, 1}),
///                                 Node::layer(g, 2), Node::sum({3, 1})});
template <class S>
class Graph {
 public:
  using Scalar = S;
  /// One node.
  using Node = GraphNode<S>;
  struct Cache {
    std::vector<std::any> f;
    std::vector<Scratch<S>> value, other;  // what the nodes give; cotangents or tangents of it
    Scratch<S> part;                       // a cotangent that is added to another
  };
  static constexpr const char* name = "Graph";

  /// Throws if there is no node, a node takes a value that is not before it, a layer does not fit, the
  /// sizes of a sum differ, or a value other than the last is not used.
  Graph(Index in_size, std::vector<Node> nodes);

  Index in_size() const { return rows_.front(); }
  Index out_size() const { return rows_.back(); }
  Index param_size() const { return param_size_; }
  bool broadcasts() const;
  std::optional<Shape> in_shape() const { return shapes_->front(); }
  std::optional<Shape> out_shape() const { return shapes_->back(); }
  Index multiply_adds() const { return multiply_adds_; }
  Index cache_bytes(Index columns) const;
  std::vector<ParamBlock> param_blocks() const;
  /// All nodes, in order.
  const std::vector<Node>& nodes() const { return *nodes_; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x, y, c, [&](const AnyLayer<S>& f, std::size_t k, MatIn<S> in, MatOut<S> out) {
      f.forward(part(theta, k), in, out, c.f[k]);
    });
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    prepare(c);
    for (std::size_t k = 0; k < size(); ++k)
      if (const auto& f = node(k).f) f->prepack(part(theta, k), c.f[k]);
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x, y, c, [&](const AnyLayer<S>& f, std::size_t k, MatIn<S> in, MatOut<S> out) {
      f.infer(part(theta, k), in, out, c.f[k]);
    });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    backward_of_all<false>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    backward_of_all<true>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const;

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  using Kind = typename Node::Kind;

  std::size_t size() const { return nodes_->size(); }
  const Node& node(std::size_t k) const { return (*nodes_)[k]; }
  Index rows(Index value) const { return rows_[static_cast<std::size_t>(value)]; }
  bool last(std::size_t k) const { return k + 1 == size(); }
  Eigen::Ref<const Vec<S>> part(VecIn<S> theta, std::size_t k) const {
    return theta.segment(offsets_[k], node(k).f ? node(k).f->param_size() : 0);
  }
  void prepare(Cache& c) const {
    c.f.resize(size());
    c.value.resize(size());
    c.other.resize(size());
  }
  /// The value `v` of those in `values`; value 0 is `first`, the last one `final`.
  ConstRef at(Index v, MatIn<S> first, MatIn<S> final, const std::vector<Scratch<S>>& values) const {
    if (v == 0) return first;
    return last(static_cast<std::size_t>(v - 1)) ? ConstRef(final)
                                                 : ConstRef(values[static_cast<std::size_t>(v - 1)].mat());
  }

  /// out = a sum or a concatenation of the values that take(value) gives.
  template <class Take>
  void combine(const Node& n, const Take& take, MatOut<S> out) const {
    Index row = 0;
    for (const Index v : n.inputs) {
      if (n.kind == Kind::concat)
        out.middleRows(row, rows(v)) = take(v);
      else if (row == 0)
        out = take(v);
      else
        out += take(v);
      row += rows(v);
    }
  }
  /// All values; a layer's is what value(f, k, in, out) writes.
  template <class Value>
  void run(MatIn<S> x, MatOut<S> y, Cache& c, const Value& value) const {
    if (x.cols() == 0) return;  // the rows of an empty batch are no memory
    prepare(c);
    const auto take = [&](Index v) { return at(v, x, y, c.value); };
    for (std::size_t k = 0; k < size(); ++k) {
      if (!last(k)) c.value[k].resize(rows_[k + 1], x.cols());
      MatOut<S> out = last(k) ? y : MatOut<S>(c.value[k].mat());
      if (node(k).f)
        value(*node(k).f, k, take(node(k).inputs[0]), out);
      else
        combine(node(k), take, out);
    }
  }
  template <bool fresh>
  void backward_of_all(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                       VecOut<S> theta_bar) const;

  std::shared_ptr<const std::vector<Node>> nodes_;  // shared by copies
  std::shared_ptr<const std::vector<std::optional<Shape>>> shapes_;
  std::vector<Index> rows_, offsets_;  // of the values; of each node's parameters in theta
  /// For each input of each node whether the cotangents of that value start with it, backwards: it is `=`
  /// there, and `+=` at all others.
  std::vector<std::vector<bool>> starts_;
  Index param_size_ = 0, multiply_adds_ = 0, widest_ = 0;
};

template <class S>
Graph<S>::Graph(Index in_size, std::vector<Node> nodes) : rows_{in_size} {
  require(in_size >= 1, "Graph: in_size must be >= 1, got ", in_size);
  require(!nodes.empty(), "Graph: nodes is empty, expected at least one");
  std::vector<std::optional<Shape>> shapes(1);
  std::vector<bool> used(nodes.size() + 1, false);
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    const Node& n = nodes[k];
    require(!n.inputs.empty(), "Graph: node ", k, " takes no value, expected at least one");
    require((n.kind == Kind::layer) == n.f.has_value() && (n.kind != Kind::layer || n.inputs.size() == 1),
            "Graph: node ", k, ": a layer has an f and one input, a sum and a concatenation have no f");
    for (const Index v : n.inputs) {
      require(v >= 0 && v <= static_cast<Index>(k), "Graph: node ", k, " takes value ", v,
              ", expected one before it, 0 to ", k);
      used[static_cast<std::size_t>(v)] = true;
    }
    const std::optional<Shape> given = shapes[static_cast<std::size_t>(n.inputs[0])];
    std::optional<Shape> shape = given;
    Index out = rows(n.inputs[0]);
    offsets_.push_back(param_size_);
    if (n.f) {
      detail::require_fit(*n.f, out, given, " (node " + std::to_string(k) + " of the Graph, counted from 0)");
      if (n.inputs[0] == 0 && !shapes[0]) shapes[0] = n.f->in_shape();
      shape = n.f->out_shape(given ? given : n.f->in_shape());
      out = n.f->out_size();
      param_size_ = detail::checked_sum({param_size_, n.f->param_size()}, "Graph: too many parameters");
      multiply_adds_ =
          detail::checked_sum({multiply_adds_, n.f->multiply_adds()}, "Graph: too many multiply-adds");
    }
    for (std::size_t i = 1; i < n.inputs.size(); ++i) {
      const Index v = n.inputs[i];
      const std::optional<Shape>& other = shapes[static_cast<std::size_t>(v)];
      if (n.kind == Kind::concat) {
        out = detail::checked_sum({out, rows(v)}, "Graph: too many rows");
        shape = stacked_shape(shape, other);
      } else {
        require(rows(v) == out, "Graph: node ", k, " adds values of ", out, " and ", rows(v), " rows");
        shape = summed_shape(shape, other);
      }
    }
    rows_.push_back(out);
    shapes.push_back(shape);
  }
  for (std::size_t v = 0; v + 1 < used.size(); ++v) require(used[v], "Graph: value ", v, " is not used");

  std::vector<bool> has(nodes.size() + 1, false);
  starts_.resize(nodes.size());
  for (std::size_t k = nodes.size(); k-- > 0;)
    for (const Index v : nodes[k].inputs) {
      starts_[k].push_back(!has[static_cast<std::size_t>(v)]);
      has[static_cast<std::size_t>(v)] = true;
      widest_ = std::max(widest_, rows(v));
    }
  nodes_ = std::make_shared<const std::vector<Node>>(std::move(nodes));
  shapes_ = std::make_shared<const std::vector<std::optional<Shape>>>(std::move(shapes));
}

template <class S>
bool Graph<S>::broadcasts() const {
  for (const Node& n : nodes())
    if (n.f && !n.f->broadcasts()) return false;
  return true;
}
template <class S>
Index Graph<S>::cache_bytes(Index columns) const {
  Index sum = detail::bytes<S>(widest_, columns);
  for (std::size_t k = 0; k < size(); ++k) {
    if (node(k).f) sum += node(k).f->cache_bytes(columns);
    if (!last(k)) sum += detail::bytes<S>(2 * rows_[k + 1], columns);
  }
  return sum;
}
template <class S>
std::vector<ParamBlock> Graph<S>::param_blocks() const {
  std::vector<ParamBlock> blocks;
  for (std::size_t k = 0; k < size(); ++k)
    if (node(k).f) detail::append_blocks(blocks, node(k).f->param_blocks(), offsets_[k], std::to_string(k));
  return blocks;
}

template <class S>
void Graph<S>::jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
  if (x_dot.cols() == 0) return;
  for (std::size_t k = 0; k < size(); ++k) {
    const Node& n = node(k);
    if (!last(k)) c.other[k].resize(rows_[k + 1], x_dot.cols());
    MatOut<S> out = last(k) ? y_dot : MatOut<S>(c.other[k].mat());
    const auto take = [&](Index v) { return at(v, x_dot, y_dot, c.other); };
    if (n.f)
      n.f->jvp(part(theta, k), at(n.inputs[0], x, y, c.value), at(static_cast<Index>(k) + 1, x, y, c.value),
               c.f[k], take(n.inputs[0]), out);
    else
      combine(n, take, out);
  }
}

template <class S>
template <bool fresh>
void Graph<S>::backward_of_all(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar,
                               MatOut<S> x_bar, VecOut<S> theta_bar) const {
  if (y_bar.cols() == 0) {
    if constexpr (fresh) theta_bar.setZero();
    return;
  }
  for (std::size_t k = 0; k + 1 < size(); ++k) c.other[k].resize(rows_[k + 1], y_bar.cols());
  for (std::size_t k = size(); k-- > 0;) {
    const Node& n = node(k);
    const ConstRef bar = at(static_cast<Index>(k) + 1, y_bar, y_bar, c.other);
    Index row = 0;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const Index v = n.inputs[i];
      const auto to = [&] {
        return v == 0 ? x_bar : MatOut<S>(c.other[static_cast<std::size_t>(v - 1)].mat());
      };
      const bool wanted = v != 0 || x_bar.size() > 0, add = wanted && !starts_[k][i];
      if (n.f) {
        if (add) c.part.resize(rows(v), y_bar.cols());
        detail::backward<fresh>(*n.f, part(theta, k), at(v, x, y, c.value),
                                at(static_cast<Index>(k) + 1, x, y, c.value), c.f[k], bar,
                                add ? MatOut<S>(c.part.mat()) : to(),
                                detail::wanted_segment<S>(theta_bar, offsets_[k], n.f->param_size()));
        if (add) to() += c.part.mat();
      } else if (wanted) {
        const auto mine = bar.middleRows(n.kind == Kind::concat ? row : 0, rows(v));
        if (add)
          to() += mine;
        else
          to() = mine;
      }
      row += rows(v);
    }
  }
}

namespace detail {

template <class S>
inline constexpr bool is_composition<Graph<S>> = true;
template <template <class> class P, class S>
struct EveryLayer<P, Graph<S>> : EveryLayer<P, AnyLayer<S>> {};
template <class S, class State, class Rules>
State walk(const Graph<S>& f, VecIn<S> theta, State state, const Rules& rules) {
  std::vector<State> values{std::move(state)};
  Index offset = 0;
  for (const GraphNode<S>& n : f.nodes()) {
    State out = values[static_cast<std::size_t>(n.inputs[0])];
    if (n.f) {
      out = walk<S>(*n.f, theta.segment(offset, n.f->param_size()), std::move(out), rules);
      offset += n.f->param_size();
    }
    for (std::size_t i = 1; i < n.inputs.size(); ++i) {
      State next = values[static_cast<std::size_t>(n.inputs[i])];
      out = n.kind == GraphNode<S>::Kind::concat ? rules.stacked(std::move(out), std::move(next))
                                                 : rules.sum(std::move(out), std::move(next));
    }
    values.push_back(std::move(out));
  }
  return std::move(values.back());
}

}  // namespace detail

}  // namespace basin
