// Layers one after the other, their number and types known at run time: a Chain that is built in a loop.
#pragma once
#include <algorithm>  // std::all_of, std::max
#include <any>        // std::any
#include <memory>     // std::shared_ptr
#include <optional>   // std::optional
#include <string>     // std::to_string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/planes/form.hpp"    // plane_program, PlaneForm
#include "basin/core/checked_size.hpp"      // checked_sum
#include "basin/core/cut.hpp"               // Cut, Cuts, MemberCuts
#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/param_blocks.hpp"      // ParamBlock, append_blocks
#include "basin/core/require_fit.hpp"       // require_fit
#include "basin/core/scratch.hpp"           // Scratch
#include "basin/linearize/walk.hpp"         // is_composition, walk
#include "basin/network/any_layer.hpp"      // AnyLayer
#include "basin/network/joined_layers.hpp"  // joined_at_run_time

namespace basin::inline BASIN_ABI {

/// f_n o ... o f_1, the first layer applied first: theta = [theta_1; ...; theta_n], and the same bits as a
/// Chain of the same layers.
template <class S>
class Sequence {
 public:
  using Scalar = S;
  struct Cache {
    std::vector<std::any> f;
    std::vector<Scratch<S>> h;  // outputs of the steps; the last is the caller's y
    Scratch<S> u, v;            // cotangents and tangents on their way
    detail::PlaneMemory<S> planes;
  };
  static constexpr const char* name = "Sequence";

  /// Throws where a layer does not fit the one before it, and if there is none.
  explicit Sequence(std::vector<AnyLayer<S>> layers);
  Index in_size() const { return layers_.front().in_size(); }
  Index out_size() const { return layers_.back().out_size(); }
  Index param_size() const { return param_size_; }
  bool broadcasts() const {
    return std::all_of(layers_.begin(), layers_.end(), [](const auto& f) { return f.broadcasts(); });
  }
  std::optional<Shape> in_shape() const { return layers_.front().in_shape(); }
  std::optional<Shape> out_shape() const { return out_shape_; }
  Index multiply_adds() const { return multiply_adds_; }
  Index cache_bytes(Index columns) const {
    if (planes_) return planes_->cache_bytes(columns);
    Index sum = detail::bytes<S>(2 * widest_, columns);
    for (const Step& s : steps_) {
      sum += s.f.cache_bytes(columns);
      if (&s != &steps_.back()) sum += detail::bytes<S>(s.f.out_size(), columns);
    }
    return sum;
  }
  std::vector<ParamBlock> param_blocks() const {
    std::vector<ParamBlock> blocks;
    Index offset = 0;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      detail::append_blocks(blocks, layers_[k].param_blocks(), offset, std::to_string(k));
      offset += layers_[k].param_size();
    }
    return blocks;
  }
  /// How many layers.
  Index size() const { return static_cast<Index>(layers_.size()); }
  /// Layer k, counted from 0.
  const AnyLayer<S>& child(Index k) const { return layers_[static_cast<std::size_t>(k)]; }

  void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->forward(theta, x, y, c.planes);
    prepare(c);
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      const Step& s = steps_[k];
      if (!last(k)) c.h[k].resize(s.f.out_size(), x.cols());
      s.f.forward(part(theta, s), input(x, c, k), last(k) ? y : MatOut<S>(c.h[k].mat()), c.f[k]);
    }
  }
  void prepack(VecIn<S> theta, Cache& c) const {
    if (planes_) return;
    prepare(c);
    for (std::size_t k = 0; k < steps_.size(); ++k) steps_[k].f.prepack(part(theta, steps_[k]), c.f[k]);
  }
  void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Cache& c) const {
    if (planes_) return planes_->infer(theta, x, y, c.planes);
    prepare(c);
    make_room(c, x.cols());
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      const Step& s = steps_[k];
      c.v.resize(s.f.out_size(), x.cols());
      s.f.infer(part(theta, s), k == 0 ? ConstRef(x) : ConstRef(c.u.mat()),
                last(k) ? y : MatOut<S>(c.v.mat()), c.f[k]);
      c.u.swap(c.v);
    }
  }
  void vjp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
           VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp(theta, y_bar, x_bar, theta_bar, c.planes);
    vjp_before<false>(size(), theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void vjp_fresh(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> y_bar, MatOut<S> x_bar,
                 VecOut<S> theta_bar) const {
    if (planes_) return planes_->vjp_fresh(theta, y_bar, x_bar, theta_bar, c.planes);
    vjp_before<true>(size(), theta, x, y, c, y_bar, x_bar, theta_bar);
  }
  void jvp(VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> x_dot, MatOut<S> y_dot) const {
    if (planes_) return planes_->jvp(theta, x_dot, y_dot, c.planes);
    jvp_behind(0, theta, x, y, c, x_dot, y_dot);
  }

 private:
  friend struct detail::Cuts<Sequence>;
  friend struct detail::MemberCuts<Sequence>;
  using ConstRef = Eigen::Ref<const Mat<S>>;

  /// A layer, or two that run as one: layers first, ..., first + count - 1.
  struct Step {
    AnyLayer<S> f;
    Index first, count, offset;
  };
  void join() {
    Index offset = 0;
    for (Index k = 0; k < size(); ++k) {
      const AnyLayer<S>& f = child(k);
      std::optional<AnyLayer<S>> both;
      if (k + 1 < size()) both = detail::joined_at_run_time(f, child(k + 1));
      if (both) {
        steps_.push_back({*both, k, 2, offset});
        ++k;
      } else {
        steps_.push_back({f, k, 1, offset});
      }
      offset += steps_.back().f.param_size();
    }
  }

  /// jvp of the layers behind the first `cut` alone.
  void jvp_behind(Index cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_dot,
                  MatOut<S> y_dot) const {
    make_room(c, u_dot.cols());
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      const Step& s = steps_[k];
      if (s.first < cut) continue;
      c.v.resize(s.f.out_size(), u_dot.cols());
      s.f.jvp(part(theta, s), input(x, c, k), output(y, c, k), c.f[k],
              s.first == cut ? ConstRef(u_dot) : ConstRef(c.u.mat()), last(k) ? y_dot : MatOut<S>(c.v.mat()));
      c.u.swap(c.v);
    }
  }
  /// vjp, or vjp_fresh, of the first `cut` layers alone.
  template <bool fresh>
  void vjp_before(Index cut, VecIn<S> theta, MatIn<S> x, MatIn<S> y, Cache& c, MatIn<S> u_bar,
                  MatOut<S> x_bar, VecOut<S> theta_bar) const {
    make_room(c, u_bar.cols());
    for (std::size_t k = steps_.size(); k-- > 0;) {
      const Step& s = steps_[k];
      if (s.first >= cut) continue;
      c.v.resize(s.f.in_size(), u_bar.cols());
      detail::backward<fresh>(s.f, part(theta, s), input(x, c, k), output(y, c, k), c.f[k],
                              s.first + s.count == cut ? ConstRef(u_bar) : ConstRef(c.u.mat()),
                              k > 0 ? MatOut<S>(c.v.mat()) : x_bar,
                              detail::wanted_segment<S>(theta_bar, s.offset, s.f.param_size()));
      c.u.swap(c.v);
    }
  }
  bool last(std::size_t k) const { return k + 1 == steps_.size(); }
  Eigen::Ref<const Vec<S>> part(VecIn<S> theta, const Step& s) const {
    return theta.segment(s.offset, s.f.param_size());
  }
  ConstRef input(MatIn<S> x, Cache& c, std::size_t k) const {
    return k == 0 ? ConstRef(x) : ConstRef(c.h[k - 1].mat());
  }
  ConstRef output(MatIn<S> y, Cache& c, std::size_t k) const {
    return last(k) ? ConstRef(y) : ConstRef(c.h[k].mat());
  }
  void prepare(Cache& c) const {
    c.f.resize(steps_.size());
    c.h.resize(steps_.size());
  }
  /// u and v change places from layer to layer, see Chain.
  void make_room(Cache& c, Index columns) const {
    c.u.reserve(widest_ * columns);
    c.v.reserve(widest_ * columns);
  }

  std::vector<AnyLayer<S>> layers_;
  std::vector<Step> steps_;
  Index param_size_ = 0, multiply_adds_ = 0;
  std::optional<Shape> out_shape_;
  Index widest_ = 0;  // rows of the largest input or output of a layer
  std::shared_ptr<const detail::PlaneProgram<S>> planes_;
};

template <class S>
Sequence<S>::Sequence(std::vector<AnyLayer<S>> layers) : layers_(std::move(layers)) {
  require(!layers_.empty(), "Sequence: layers is empty, expected at least one");
  Index rows = in_size();
  std::optional<Shape> shape = in_shape();
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    const AnyLayer<S>& f = layers_[k];
    detail::require_fit(f, rows, shape, " (layer " + std::to_string(k) + " of the Sequence, counted from 0)");
    rows = f.out_size();
    shape = f.out_shape(shape);
    widest_ = std::max({widest_, f.in_size(), f.out_size()});
    param_size_ =
        detail::checked_sum({param_size_, f.param_size()}, "Sequence: its layers have too many parameters");
    multiply_adds_ = detail::checked_sum({multiply_adds_, f.multiply_adds()},
                                         "Sequence: its layers make too many multiply-adds");
  }
  out_shape_ = shape;
  join();
  planes_ = detail::plane_program(*this);
}

namespace detail {

template <class S>
struct PlaneForm<Sequence<S>> {
  static bool add_steps(const Sequence<S>& f, Index offset, PlaneBuilder<S>& steps) {
    bool ok = true;
    for (Index k = 0; ok && k < f.size(); offset += f.child(k++).param_size())
      ok = PlaneForm<AnyLayer<S>>::add_steps(f.child(k), offset, steps);
    return ok;
  }
};

template <class S>
struct Cuts<Sequence<S>> : MemberCuts<Sequence<S>> {
  using F = Sequence<S>;
  /// On planes all is one step: there is no place for a cut.
  static std::optional<Cut> narrowest(const F& f) {
    std::optional<Cut> cut;
    if (f.planes_) return cut;
    for (const auto& s : f.steps_)
      if (const Index rows = s.f.in_size(); s.first > 0 && (!cut || rows < cut->rows))
        cut = Cut{s.first, rows};
    return cut;
  }
};

template <class S>
inline constexpr bool is_composition<Sequence<S>> = true;
template <template <class> class P, class S>
struct EveryLayer<P, Sequence<S>> : EveryLayer<P, AnyLayer<S>> {};
template <class S, class State, class Rules>
State walk(const Sequence<S>& f, VecIn<S> theta, State state, const Rules& rules) {
  Index offset = 0;
  for (Index k = 0; k < f.size(); offset += f.child(k++).param_size())
    state = walk<S>(f.child(k), theta.segment(offset, f.child(k).param_size()), std::move(state), rules);
  return state;
}

}  // namespace detail

}  // namespace basin

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
namespace basin::inline BASIN_ABI {
extern template class Sequence<float>;
extern template class Sequence<double>;
}  // namespace basin
#include "basin/network/compiled.hpp"  // what else is compiled of a Sequence
#endif
