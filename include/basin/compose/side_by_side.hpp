// Layers side by side on the same input, for those whose types are known (Sum, Concat) and for those known at
// run time (BranchSum, BranchConcat): one arithmetic, so that both give the same bits.
#pragma once
#include <cstddef>   // std::size_t
#include <optional>  // std::optional
#include <string>    // std::to_string
#include <tuple>     // std::get, std::tuple, std::tuple_element_t
#include <utility>   // std::index_sequence, std::move
#include <vector>    // std::vector

#include "basin/core/checked_size.hpp"  // checked_sum
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks, append_blocks
#include "basin/core/scratch.hpp"       // Scratch
#include "basin/core/shape.hpp"         // Shape, stacked_shape, summed_shape

namespace basin::inline BASIN_ABI::detail {

/// Layers of known types, as SideBySide takes them.
template <Layer... Fs>
struct TypedLayers {
  using Scalar = typename std::tuple_element_t<0, std::tuple<Fs...>>::Scalar;
  using Caches = std::tuple<typename Fs::Cache...>;
  std::tuple<Fs...> f;

  static constexpr std::size_t size() { return sizeof...(Fs); }
  /// visit(k, layer k)
  template <class Visit>
  void each(const Visit& visit) const {
    [&]<std::size_t... K>(std::index_sequence<K...>) { (visit(K, std::get<K>(f)), ...); }
    (std::index_sequence_for<Fs...>{});
  }
  /// visit(k, layer k, its cache)
  template <class Visit>
  void each(Caches& c, const Visit& visit) const {
    [&]<std::size_t... K>(std::index_sequence<K...>) { (visit(K, std::get<K>(f), std::get<K>(c)), ...); }
    (std::index_sequence_for<Fs...>{});
  }
};

/// y = f_1(x) + ... + f_n(x), or [f_1(x); ...; f_n(x)] where stacked, with theta = [theta_1; ...; theta_n]
/// and x_bar = sum over k of J_k' y_bar_k. `Layers` holds f_1, ..., f_n and goes through them, see
/// TypedLayers.
template <class Layers, bool stacked>
class SideBySide {
 public:
  using Scalar = typename Layers::Scalar;
  using S = Scalar;
  struct Cache {
    typename Layers::Caches f;
    std::vector<Scratch<S>> h;  // outputs, where they are not rows of y
    Scratch<S> part;            // of x_bar or y_dot
  };

  Index in_size() const { return in_size_; }
  Index out_size() const { return out_size_; }
  Index param_size() const { return param_size_; }
  bool broadcasts() const {
    bool all = true;
    layers_.each([&](std::size_t, const auto& f) { all = all && basin::broadcasts(f); });
    return all;
  }
  std::optional<Shape> in_shape() const { return in_shape_; }
  /// Of images of one shape, or, stacked, of one height and width, the sum of the channels; else the
  /// output is a vector.
  std::optional<Shape> out_shape(const std::optional<Shape>& given = {}) const {
    const std::optional<Shape> in = in_shape_ ? in_shape_ : given;
    std::optional<Shape> all;
    layers_.each([&](std::size_t k, const auto& f) {
      const std::optional<Shape> one = basin::out_shape(f, in);
      all = k == 0 ? one : stacked ? stacked_shape(all, one) : summed_shape(all, one);
    });
    return all;
  }
  Index multiply_adds() const { return multiply_adds_; }
  Index cache_bytes(Index columns) const {
    Index sum = bytes<S>(in_size_, columns);
    layers_.each([&](std::size_t, const auto& f) {
      sum += basin::cache_bytes(f, columns) + (stacked ? 0 : bytes<S>(f.out_size(), columns));
    });
    return sum;
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    layers_.each([&](std::size_t k, const auto& f) {
      append_blocks(blocks, basin::param_blocks(f), offsets_[k], std::to_string(k));
    });
    return blocks;
  }
  const Layers& layers() const { return layers_; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x.cols(), y, c, [&](const auto& f, std::size_t k, MatOut<S> out, auto& cache) {
      f.forward(part(theta, f, k), x, out, cache);
    });
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    layers_.each(
        c.f, [&](std::size_t k, const auto& f, auto& cache) { basin::prepack(f, part(theta, f, k), cache); });
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    run(x.cols(), y, c, [&](const auto& f, std::size_t k, MatOut<S> out, auto& cache) {
      basin::infer(f, part(theta, f, k), x, out, cache);
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
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (x_dot.cols() == 0) return;  // the rows of an empty batch are no memory
    layers_.each(c.f, [&](std::size_t k, const auto& f, auto& cache) {
      const bool direct = stacked || k == 0;
      if (!direct) c.part.resize(f.out_size(), x_dot.cols());
      f.jvp(part(theta, f, k), x, output(y, c, f, k), cache, x_dot,
            direct ? MatOut<S>(y_dot.middleRows(rows_[k], f.out_size())) : MatOut<S>(c.part.mat()));
      if (!direct) y_dot += c.part.mat();
    });
  }

 protected:
  /// Throws, in the name of `who`, if the layers do not take inputs of one size and shape, or if their
  /// outputs do not go together.
  SideBySide(const char* who, Layers layers) : layers_(std::move(layers)) {
    layers_.each([&](std::size_t k, const auto& f) {
      if (k == 0) in_size_ = f.in_size();
      require(f.in_size() == in_size_, who, ": layer ", k, " takes ", f.in_size(), " rows, layer 0 takes ",
              in_size_);
      const std::optional<Shape> shape = basin::in_shape(f);
      require(!shape || !in_shape_ || *shape == *in_shape_, who, ": layer ", k, " takes images of ",
              shape.value_or(Shape{}), ", a layer before it ", in_shape_.value_or(Shape{}));
      if (!in_shape_) in_shape_ = shape;
      require(stacked || k == 0 || f.out_size() == out_size_, who, ": layer ", k, " gives ", f.out_size(),
              " rows, layer 0 gives ", out_size_);
      offsets_.push_back(param_size_);
      rows_.push_back(stacked ? out_size_ : 0);
      param_size_ = checked_sum({param_size_, f.param_size()}, who, ": its layers have too many parameters");
      multiply_adds_ = checked_sum({multiply_adds_, basin::multiply_adds(f)}, who,
                                   ": its layers make too many multiply-adds");
      out_size_ = stacked ? checked_sum({out_size_, f.out_size()}, who, ": its layers give too many rows")
                          : f.out_size();
    });
  }

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  /// y = the outputs that value(layer k, k, out, its cache) writes, together.
  template <class Value>
  void run(Index columns, MatOut<S> y, Cache& c, const Value& value) const {
    if (columns == 0) return;
    if constexpr (!stacked) c.h.resize(offsets_.size());
    layers_.each(c.f, [&](std::size_t k, const auto& f, auto& cache) {
      if constexpr (stacked) {
        value(f, k, y.middleRows(rows_[k], f.out_size()), cache);
      } else {
        c.h[k].resize(out_size_, columns);
        value(f, k, c.h[k].mat(), cache);
        if (k == 0)
          y = c.h[k].mat();
        else
          y += c.h[k].mat();
      }
    });
  }
  template <bool fresh>
  void backward_of_all(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                       VecOut<S> theta_bar) const {
    if (y_bar.cols() == 0) {
      if constexpr (fresh) theta_bar.setZero();
      return;
    }
    const bool wanted = x_bar.size() > 0;
    layers_.each(c.f, [&](std::size_t k, const auto& f, auto& cache) {
      const bool add = wanted && k > 0;
      if (add) c.part.resize(in_size_, y_bar.cols());
      backward<fresh>(f, part(theta, f, k), x, output(y, c, f, k), cache,
                      ConstRef(y_bar.middleRows(rows_[k], f.out_size())),
                      add ? MatOut<S>(c.part.mat()) : x_bar,
                      wanted_segment<S>(theta_bar, offsets_[k], f.param_size()));
      if (add) x_bar += c.part.mat();
    });
  }
  Eigen::Ref<const Vec<S>> part(VecIn<S> theta, const auto& f, std::size_t k) const {
    return theta.segment(offsets_[k], f.param_size());
  }
  ConstRef output(MatIn<S> y, Cache& c, const auto& f, std::size_t k) const {
    if constexpr (stacked)
      return y.middleRows(rows_[k], f.out_size());
    else
      return c.h[k].mat();
  }

  Layers layers_;
  std::vector<Index> offsets_, rows_;  // of layer k in theta; in y
  Index in_size_ = 0, out_size_ = 0, param_size_ = 0, multiply_adds_ = 0;
  std::optional<Shape> in_shape_;
};

}  // namespace basin::detail
