// Outputs one below the other: the concatenating skip of a U-Net, y = [x; f(x)], and y = [f(x); g(x)].
#pragma once
#include <concepts>  // std::same_as
#include <cstddef>   // std::size_t
#include <optional>  // std::optional
#include <tuple>     // std::get
#include <utility>   // std::move
#include <vector>    // std::vector

#include "basin/compose/side_by_side.hpp"  // SideBySide, TypedLayers
#include "basin/core/error.hpp"            // require
#include "basin/core/layer.hpp"            // Layer
#include "basin/core/param_blocks.hpp"     // ParamBlock, param_blocks, append_blocks
#include "basin/core/shape.hpp"            // Shape, stacked_shape

namespace basin::inline BASIN_ABI {

/// y = [f(x); g(x); ...], f(x) on top; theta = [theta_f; theta_g; ...]. On images, whose columns run
/// channel by channel, this concatenates channels. Concat(f) alone is [x; f(x)]. The other order,
/// [f(x); x], is Concat(f, Pointwise<S, Identity>(f.in_size())).
template <Layer... Fs>
class Concat : public detail::SideBySide<detail::TypedLayers<Fs...>, true> {
  using Base = detail::SideBySide<detail::TypedLayers<Fs...>, true>;
  static_assert((std::same_as<typename Fs::Scalar, typename Base::Scalar> && ...),
                "Concat: all layers must have the same scalar type");

 public:
  static constexpr const char* name = "Concat";

  /// Throws unless all layers take inputs of one size and shape.
  explicit Concat(Fs... fs) : Base(name, {{std::move(fs)...}}) {}
  /// Layer K, counted from 0.
  template <std::size_t K>
  const auto& child() const {
    return std::get<K>(this->layers().f);
  }
};

/// y = [x; f(x)], x on top.
template <Layer F>
class Concat<F> {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;
  using Cache = typename F::Cache;
  static constexpr const char* name = "Concat";

  /// Throws if f reads and gives images of different height or width.
  explicit Concat(F f) : f_(std::move(f)) {
    const std::optional<Shape> in = basin::in_shape(f_), out = basin::out_shape(f_, in);
    require(!in || !out || (in->height == out->height && in->width == out->width),
            "Concat: the block maps images of ", in.value_or(Shape{}), " to ", out.value_or(Shape{}),
            ", expected the same height and width");
  }
  Index in_size() const { return f_.in_size(); }
  Index out_size() const { return f_.in_size() + f_.out_size(); }
  Index param_size() const { return f_.param_size(); }
  bool broadcasts() const { return basin::broadcasts(f_); }
  std::optional<Shape> in_shape() const { return basin::in_shape(f_); }
  std::optional<Shape> out_shape() const {
    const std::optional<Shape> in = basin::in_shape(f_);
    return stacked_shape(in, basin::out_shape(f_, in));
  }
  Index multiply_adds() const { return basin::multiply_adds(f_); }
  Index cache_bytes(Index columns) const { return basin::cache_bytes(f_, columns); }
  Index infer_bytes(Index columns) const { return basin::infer_bytes(f_, columns); }
  Index packed_bytes() const { return basin::packed_bytes(f_); }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    detail::append_blocks(blocks, basin::param_blocks(f_), 0, "block");
    return blocks;
  }
  /// f.
  const F& child() const { return f_; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (x.cols() == 0) return;  // the rows of an empty batch are no memory
    y.topRows(in_size()) = x;
    f_.forward(theta, x, y.bottomRows(f_.out_size()), c);
  }
  void prepack(VecIn<S> theta, Cache& c) const { basin::prepack(f_, theta, c); }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (x.cols() == 0) return;
    y.topRows(in_size()) = x;
    basin::infer(f_, theta, x, y.bottomRows(f_.out_size()), c);
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    backward<false>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (y_bar.cols() == 0) theta_bar.setZero();
    backward<true>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (x_dot.cols() == 0) return;
    y_dot.topRows(in_size()) = x_dot;
    f_.jvp(theta, x, y.bottomRows(f_.out_size()), c, x_dot, y_dot.bottomRows(f_.out_size()));
  }

 private:
  template <bool fresh>
  void backward(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                VecOut<S> theta_bar) const {
    if (y_bar.cols() == 0) return;
    detail::backward<fresh>(f_, theta, x, y.bottomRows(f_.out_size()), c, y_bar.bottomRows(f_.out_size()),
                            x_bar, theta_bar);
    if (x_bar.size() > 0) x_bar += y_bar.topRows(in_size());
  }

  F f_;
};

/// Concat(Concat(f)) is a Concat of a Concat, not a copy.
template <Layer... Fs>
Concat(Concat<Fs...>) -> Concat<Concat<Fs...>>;

}  // namespace basin
