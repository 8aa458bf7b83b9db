// Layers side by side on the same input, their number and types known at run time.
#pragma once
#include <algorithm>  // std::all_of
#include <any>        // std::any
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/checked_size.hpp"  // checked_sum
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, append_blocks
#include "basin/core/scratch.hpp"       // Scratch
#include "basin/linearize/walk.hpp"     // EveryLayer, is_composition, walk
#include "basin/network/any_layer.hpp"  // AnyLayer

namespace basin::inline BASIN_ABI {

namespace detail {

/// What BranchSum and BranchConcat share: theta = [theta_1; ...; theta_n], and
/// x_bar = sum over k of J_k' y_bar_k.
template <class S, bool stacked>
class Branches {
 public:
  using Scalar = S;
  struct Cache {
    std::vector<std::any> f;
    std::vector<Scratch<S>> h;  // outputs, where they are not rows of y
    Scratch<S> part;            // of x_bar or y_dot
  };
  static constexpr const char* name = stacked ? "BranchConcat" : "BranchSum";

  /// Throws if there is no layer, if they do not take inputs of one size, or if their outputs do not go
  /// together.
  explicit Branches(std::vector<AnyLayer<S>> layers) : layers_(std::move(layers)) {
    require(!layers_.empty(), name, ": layers is empty, expected at least one");
    out_shape_ = layers_[0].out_shape(layers_[0].in_shape());
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const AnyLayer<S>& f = layers_[k];
      require(f.in_size() == in_size(), name, ": layer ", k, " takes ", f.in_size(), " rows, layer 0 takes ",
              in_size());
      offsets_.push_back(param_size_);
      rows_.push_back(stacked ? out_size_ : 0);
      param_size_ = checked_sum({param_size_, f.param_size()}, name, ": its layers have too many parameters");
      multiply_adds_ =
          checked_sum({multiply_adds_, f.multiply_adds()}, name, ": its layers make too many multiply-adds");
      require(stacked || k == 0 || f.out_size() == out_size_, name, ": layer ", k, " gives ", f.out_size(),
              " rows, layer 0 gives ", out_size_);
      out_size_ = stacked ? checked_sum({out_size_, f.out_size()}, name, ": its layers give too many rows")
                          : f.out_size();
      if (k > 0) out_shape_ = together(out_shape_, f.out_shape(f.in_shape()));
    }
  }
  Index in_size() const { return layers_[0].in_size(); }
  Index out_size() const { return out_size_; }
  Index param_size() const { return param_size_; }
  bool broadcasts() const {
    return std::all_of(layers_.begin(), layers_.end(), [](const auto& f) { return f.broadcasts(); });
  }
  std::optional<Shape> in_shape() const {
    for (const auto& f : layers_)
      if (const auto shape = f.in_shape()) return shape;
    return std::nullopt;
  }
  std::optional<Shape> out_shape() const { return out_shape_; }
  Index multiply_adds() const { return multiply_adds_; }
  Index cache_bytes(Index columns) const {
    Index sum = bytes<S>(in_size(), columns);
    for (const auto& f : layers_)
      sum += f.cache_bytes(columns) + (stacked ? 0 : bytes<S>(f.out_size(), columns));
    return sum;
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    for (std::size_t k = 0; k < layers_.size(); ++k)
      append_blocks(blocks, layers_[k].param_blocks(), offsets_[k], std::to_string(k));
    return blocks;
  }
  Index size() const { return static_cast<Index>(layers_.size()); }
  /// Layer k, counted from 0.
  const AnyLayer<S>& child(Index k) const { return layers_[static_cast<std::size_t>(k)]; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x.cols(), y, c, [&](const AnyLayer<S>& f, std::size_t k, MatOut<S> out) {
      f.forward(part(theta, k), x, out, c.f[k]);
    });
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    c.f.resize(layers_.size());
    for (std::size_t k = 0; k < layers_.size(); ++k) layers_[k].prepack(part(theta, k), c.f[k]);
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x.cols(), y, c,
        [&](const AnyLayer<S>& f, std::size_t k, MatOut<S> out) { f.infer(part(theta, k), x, out, c.f[k]); });
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    backward_of_all<false>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    backward_of_all<true>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (x_dot.cols() == 0) return;  // the rows of an empty batch are no memory
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const AnyLayer<S>& f = layers_[k];
      const bool direct = stacked || k == 0;
      if (!direct) c.part.resize(f.out_size(), x_dot.cols());
      f.jvp(part(theta, k), x, output(y, c, k), c.f[k], x_dot,
            direct ? MatOut<S>(y_dot.middleRows(rows_[k], f.out_size())) : MatOut<S>(c.part.mat()));
      if (!direct) y_dot += c.part.mat();
    }
  }

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  static std::optional<Shape> together(const std::optional<Shape>& a, const std::optional<Shape>& b) {
    if (!a || !b) return std::nullopt;
    if constexpr (stacked) {
      if (a->height != b->height || a->width != b->width) return std::nullopt;
      return Shape{a->channels + b->channels, a->height, a->width};
    } else {
      return *a == *b ? a : std::nullopt;
    }
  }
  /// y = the outputs that value(layer k, k, out) writes, together.
  template <class Value>
  void run(Index columns, MatOut<S> y, Cache& c, const Value& value) const {
    if (columns == 0) return;
    c.f.resize(layers_.size());
    c.h.resize(layers_.size());
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const AnyLayer<S>& f = layers_[k];
      if constexpr (stacked) {
        value(f, k, y.middleRows(rows_[k], f.out_size()));
      } else {
        c.h[k].resize(out_size_, columns);
        value(f, k, c.h[k].mat());
        if (k == 0)
          y = c.h[k].mat();
        else
          y += c.h[k].mat();
      }
    }
  }
  template <bool fresh>
  void backward_of_all(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                       VecOut<S> theta_bar) const {
    if (y_bar.cols() == 0) {
      if constexpr (fresh) theta_bar.setZero();
      return;
    }
    const bool wanted = x_bar.size() > 0;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const AnyLayer<S>& f = layers_[k];
      const bool add = wanted && k > 0;
      if (add) c.part.resize(in_size(), y_bar.cols());
      backward<fresh>(
          f, part(theta, k), x, output(y, c, k), c.f[k], ConstRef(y_bar.middleRows(rows_[k], f.out_size())),
          add ? MatOut<S>(c.part.mat()) : x_bar, wanted_segment<S>(theta_bar, offsets_[k], f.param_size()));
      if (add) x_bar += c.part.mat();
    }
  }
  Eigen::Ref<const Vec<S>> part(VecIn<S> theta, std::size_t k) const {
    return theta.segment(offsets_[k], layers_[k].param_size());
  }
  ConstRef output(MatIn<S> y, Cache& c, std::size_t k) const {
    if constexpr (stacked)
      return y.middleRows(rows_[k], layers_[k].out_size());
    else
      return c.h[k].mat();
  }

  std::vector<AnyLayer<S>> layers_;
  std::vector<Index> offsets_, rows_;  // of layer k in theta; in y
  Index out_size_ = 0, param_size_ = 0, multiply_adds_ = 0;
  std::optional<Shape> out_shape_;
};

template <class S, bool stacked>
inline constexpr bool is_composition<Branches<S, stacked>> = true;
template <template <class> class P, class S, bool stacked>
struct EveryLayer<P, Branches<S, stacked>> : EveryLayer<P, AnyLayer<S>> {};
template <class S, bool stacked, class State, class Rules>
State walk(const Branches<S, stacked>& f, VecIn<S> theta, State state, const Rules& rules) {
  State all = walk<S>(f.child(0), theta.head(f.child(0).param_size()), state, rules);
  Index offset = f.child(0).param_size();
  for (Index k = 1; k < f.size(); offset += f.child(k++).param_size()) {
    State one = walk<S>(f.child(k), theta.segment(offset, f.child(k).param_size()), state, rules);
    all = stacked ? rules.stacked(std::move(all), std::move(one)) : rules.sum(std::move(all), std::move(one));
  }
  return all;
}

}  // namespace detail

/// y = f_1(x) + ... + f_n(x).
template <class S>
using BranchSum = detail::Branches<S, false>;
/// y = [f_1(x); ...; f_n(x)], f_1 on top: of images, their channels side by side.
template <class S>
using BranchConcat = detail::Branches<S, true>;

}  // namespace basin
