// A layer repeated to a depth known at run time: one instantiation whatever the depth.
#pragma once
#include <optional>  // std::optional
#include <string>    // std::to_string
#include <utility>   // std::move, std::swap
#include <vector>    // std::vector

#include "basin/compose/planes/form.hpp"  // plane_program, PlanesOf
#include "basin/core/checked_size.hpp"    // checked_size, option_limit
#include "basin/core/error.hpp"           // require
#include "basin/core/layer.hpp"           // Layer
#include "basin/core/param_blocks.hpp"    // ParamBlock, param_blocks, append_blocks
#include "basin/core/require_fit.hpp"     // require_fit
#include "basin/core/scratch.hpp"         // Scratch

namespace basin::inline BASIN_ABI {

/// f_depth o ... o f_1, all of one shape, each with parameters of its own:
/// theta = [theta_1; ...; theta_depth].
template <Layer F>
class Stack {
 public:
  using Scalar = typename F::Scalar;
  using S = Scalar;
  struct Cache {
    std::vector<typename F::Cache> f;
    std::vector<Scratch<S>> h;  // h[k] = the output of f_{k+1}, for all but the last
    Scratch<S> u, v;            // cotangents and tangents on their way
    [[no_unique_address]] detail::PlaneMemoryOf<S, F> planes;
  };
  static constexpr const char* name = "Stack";

  /// Throws unless depth is from 1 to 2^31 - 1 and f gives what it takes.
  Stack(F f, Index depth) : f_(std::move(f)), depth_(depth) {
    require(depth >= 1, "Stack: depth must be >= 1, got ", depth);
    require(depth < detail::option_limit, "Stack: depth must be below 2^31, got ", depth);
    detail::checked_size({depth, f_.param_size()}, "Stack: depth ", depth, " makes too many parameters");
    detail::checked_size({depth, basin::multiply_adds(f_)}, "Stack: depth ", depth,
                         " makes too many multiply-adds");
    detail::checked_size({depth + 1, f_.out_size()}, "Stack: depth ", depth, " makes too many activations");
    if (depth > 1)
      detail::require_fit(f_, f_.out_size(), basin::out_shape(f_, basin::in_shape(f_)),
                          " (Stack, from layer to layer)");
    if constexpr (detail::has_plane_form<F>) planes_ = detail::plane_program(*this);
  }
  Index in_size() const { return f_.in_size(); }
  Index out_size() const { return f_.out_size(); }
  Index param_size() const { return depth_ * f_.param_size(); }
  /// How often f is repeated.
  Index depth() const { return depth_; }
  bool broadcasts() const { return basin::broadcasts(f_); }
  std::optional<Shape> in_shape() const { return basin::in_shape(f_); }
  std::optional<Shape> out_shape() const { return basin::out_shape(f_, basin::in_shape(f_)); }
  Index multiply_adds() const { return depth_ * basin::multiply_adds(f_); }
  Index cache_bytes(Index columns) const {
    if (planes_) return planes_->cache_bytes(columns);
    return depth_ * basin::cache_bytes(f_, columns) + detail::bytes<S>((depth_ + 1) * f_.out_size(), columns);
  }
  Index infer_bytes(Index columns) const {
    if (planes_) return planes_->cache_bytes(columns);
    return depth_ * basin::infer_bytes(f_, columns) + detail::bytes<S>(2 * f_.out_size(), columns);
  }
  Index packed_bytes() const { return planes_ ? 0 : depth_ * basin::packed_bytes(f_); }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    for (Index k = 0; k < depth_; ++k)
      detail::append_blocks(blocks, basin::param_blocks(f_), k * f_.param_size(), std::to_string(k));
    return blocks;
  }
  /// The layer that is repeated.
  const F& child() const { return f_; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->forward(theta, x, y, c.planes);
    resize(c);
    for (Index k = 0; k < depth_; ++k) {
      if (k + 1 < depth_) at(c.h, k).resize(f_.out_size(), x.cols());
      f_.forward(part(theta, k), input(x, c, k), k + 1 < depth_ ? MatOut<S>(at(c.h, k).mat()) : y,
                 at(c.f, k));
    }
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    if (planes_) return;
    resize(c);
    for (Index k = 0; k < depth_; ++k) basin::prepack(f_, part(theta, k), at(c.f, k));
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->infer(theta, x, y, c.planes);
    resize(c);
    c.u.resize(f_.out_size(), x.cols());
    c.v.resize(f_.out_size(), x.cols());
    for (Index k = 0; k < depth_; ++k) {
      basin::infer(f_, part(theta, k), k == 0 ? ConstRef(x) : ConstRef(c.u.mat()),
                   k + 1 < depth_ ? MatOut<S>(c.v.mat()) : y, at(c.f, k));
      c.u.swap(c.v);
    }
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp(theta, y_bar, x_bar, theta_bar, c.planes);
    backward<false>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp_fresh(theta, y_bar, x_bar, theta_bar, c.planes);
    backward<true>(theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (planes_) return planes_->jvp(theta, x_dot, y_dot, c.planes);
    c.u.resize(f_.out_size(), x_dot.cols());
    c.v.resize(f_.out_size(), x_dot.cols());
    for (Index k = 0; k < depth_; ++k) {
      f_.jvp(part(theta, k), input(x, c, k), output(y, c, k), at(c.f, k),
             k == 0 ? ConstRef(x_dot) : ConstRef(c.u.mat()), k + 1 < depth_ ? MatOut<S>(c.v.mat()) : y_dot);
      c.u.swap(c.v);
    }
  }

 private:
  using ConstRef = Eigen::Ref<const Mat<S>>;
  template <bool fresh>
  void backward(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                VecOut<S> theta_bar) const {
    c.u.resize(f_.out_size(), y_bar.cols());
    c.v.resize(f_.out_size(), y_bar.cols());
    for (Index k = depth_ - 1; k >= 0; --k) {
      detail::backward<fresh>(f_, part(theta, k), input(x, c, k), output(y, c, k), at(c.f, k),
                              k + 1 < depth_ ? ConstRef(c.u.mat()) : ConstRef(y_bar),
                              k > 0 ? MatOut<S>(c.v.mat()) : x_bar,
                              detail::wanted_segment<S>(theta_bar, k * f_.param_size(), f_.param_size()));
      c.u.swap(c.v);
    }
  }
  static auto& at(auto& items, Index k) { return items[static_cast<std::size_t>(k)]; }
  void resize(Cache& c) const {
    c.f.resize(static_cast<std::size_t>(depth_));
    c.h.resize(static_cast<std::size_t>(depth_ - 1));
  }
  Eigen::Ref<const Vec<S>> part(VecIn<S> theta, Index k) const {
    return theta.segment(k * f_.param_size(), f_.param_size());
  }
  ConstRef input(MatIn<S> x, Cache& c, Index k) const {
    return k == 0 ? ConstRef(x) : ConstRef(at(c.h, k - 1).mat());
  }
  ConstRef output(MatIn<S> y, Cache& c, Index k) const {
    return k + 1 == depth_ ? ConstRef(y) : ConstRef(at(c.h, k).mat());
  }

  F f_;
  Index depth_;
  [[no_unique_address]] detail::PlanesOf<S, F> planes_;
};

}  // namespace basin
