// A network of single 3 x 3 filters, pointwise maps and skips as a list of steps on planes. The list is built
// once for a network (form.hpp); running it is a loop.
#pragma once
#include <algorithm>  // std::max
#include <cstdint>    // std::int32_t
#include <cstring>    // std::memset
#include <memory>     // std::make_shared, std::shared_ptr
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/compose/planes/convolve.hpp"  // convolve, convolve_adjoint
#include "basin/compose/planes/layout.hpp"    // PlaneLayout, to_planes, from_planes
#include "basin/core/scratch.hpp"             // bytes
#include "basin/core/types.hpp"               // Index, MatIn, MatOut, Vec, VecIn, VecOut

namespace basin::inline BASIN_ABI::detail {

/// A pointwise map on planes, whatever its type.
template <class S>
struct MapKernels {
  std::shared_ptr<const void> phi;
  /// y = phi(x) on so many planes.
  void (*values)(const void* phi, const PlaneLayout& l, Index images, const S* x, S* y) = nullptr;
  /// out = phi'(x) v on so many planes v; x and y go on by `step` from one to the next: 0 where one point
  /// serves all.
  void (*slopes)(const void* phi, const PlaneLayout& l, Index columns, Index step, const S* x, const S* y,
                 const S* v, S* out) = nullptr;

  template <class Phi>
  static MapKernels of(const Phi& phi) {
    return {std::make_shared<const Phi>(phi),
            [](const void* p, const PlaneLayout& l, Index images, const S* x, S* y) {
              const Phi f = *static_cast<const Phi*>(p);
              for (Index n = 0; n < images; ++n, x += l.stride, y += l.stride)
                for (Index i = 0; i < l.size; ++i) y[i] = f(x[i]);
            },
            [](const void* p, const PlaneLayout& l, Index columns, Index step, const S* x, const S* y,
               const S* v, S* out) {
              const Phi f = *static_cast<const Phi*>(p);
              for (Index n = 0; n < columns; ++n, x += step, y += step, v += l.stride, out += l.stride)
                for (Index i = 0; i < l.size; ++i) out[i] = f.derivative(x[i], y[i]) * v[i];
            }};
  }
};

struct PlaneStep {
  enum class Kind : unsigned char {
    conv,  // with the nine taps, and the bias behind them, at theta[offset]
    map,   // number `map` of the program's maps
    fork,  // here a skip leaves,
    add,   // and here it is added
  };
  Kind kind;
  bool bias = false;
  std::int32_t map = 0;
  Index offset = 0;
};

/// The memory of a program, which the caller owns: images are 0 outside of their pixels, always.
template <class S>
struct PlaneMemory {
  PlaneLayout layout;             // that the padding is set for
  Index points = 0;               // columns of the last forward
  Vec<S> kept;                    // x and the output of each step
  Vec<S> spare;                   // batches on their way
  std::vector<S*> waiting, idle;  // batches: at the beginning of skips; that are free
};

/// Runs of forward, infer, vjp and jvp as in Layer, each compiled once for all networks, with the same
/// conventions about what is not wanted and about one point with many columns.
template <class S>
class PlaneProgram {
  using Kind = PlaneStep::Kind;

 public:
  using Memory = PlaneMemory<S>;

  /// Throws nothing: form.hpp has checked that every step works on `layout`.
  PlaneProgram(const PlaneLayout& layout, std::vector<PlaneStep> steps, std::vector<MapKernels<S>> maps)
      : layout_(layout), steps_(std::move(steps)), maps_(std::move(maps)), mask_(Vec<S>::Zero(layout.size)) {
    Index depth = 0;
    for (const PlaneStep& s : steps_) {
      outputs_ += s.kind != Kind::fork;
      depth += (s.kind == Kind::fork) - (s.kind == Kind::add);
      batches_ = std::max(batches_, 2 + depth);
    }
    for (Index i = 0; i < layout.height; ++i)
      std::memset(static_cast<void*>(mask_.data() + i * layout.pitch), 0xff,
                  static_cast<std::size_t>(layout.width) * sizeof(S));
  }
  const PlaneLayout& layout() const { return layout_; }
  /// On the heap after forward and vjp of so many columns.
  Index cache_bytes(Index columns) const {
    return bytes<S>(2 * layout_.slack) + bytes<S>((outputs_ + 1 + batches_) * layout_.stride, columns);
  }

  EIGEN_DONT_INLINE void forward(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Memory& m) const {
    prepare(m);
    m.points = x.cols();
    const Index batch = m.points * layout_.stride;
    S* at = room(m.kept, (outputs_ + 1) * m.points);
    to_planes<S>(layout_, x, at);
    m.waiting.clear();
    for (const PlaneStep& s : steps_) {
      if (s.kind == Kind::fork) {
        m.waiting.push_back(at);
        continue;
      }
      if (s.kind == Kind::add)
        add(batch, at, pop(m.waiting), at + batch);
      else
        value(s, theta.data(), m.points, at, at + batch);
      at += batch;
    }
    from_planes<S>(layout_, at, y);
  }
  EIGEN_DONT_INLINE void infer(VecIn<S> theta, MatIn<S> x, MatOut<S> y, Memory& m) const {
    prepare(m);
    Batches at(*this, m, x.cols());
    to_planes<S>(layout_, x, at.now);
    for (const PlaneStep& s : steps_) {
      if (s.kind == Kind::fork) {
        at.leave();
      } else if (s.kind == Kind::add) {
        at.come_back();
      } else {
        value(s, theta.data(), x.cols(), at.now, at.next());
        at.go_on();
      }
    }
    from_planes<S>(layout_, at.now, y);
  }
  EIGEN_DONT_INLINE void jvp(VecIn<S> theta, MatIn<S> x_dot, MatOut<S> y_dot, Memory& m) const {
    const Index columns = x_dot.cols(), batch = m.points * layout_.stride;
    Batches at(*this, m, columns);
    to_planes<S>(layout_, x_dot, at.now);
    const S* x = m.kept.data() + layout_.slack;
    for (const PlaneStep& s : steps_) {
      if (s.kind == Kind::fork) {
        at.leave();
        continue;
      }
      if (s.kind == Kind::add) {
        at.come_back();
      } else {
        if (s.kind == Kind::conv)
          convolve<S>(layout_, mask_.data(), columns, theta.data() + s.offset, S(0), at.now, at.next());
        else
          slopes(s, columns, m.points, x, x + batch, at.now, at.next());
        at.go_on();
      }
      x += batch;
    }
    from_planes<S>(layout_, at.now, y_dot);
  }
  /// theta_bar += its part.
  EIGEN_DONT_INLINE void vjp(VecIn<S> theta, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S> theta_bar,
                             Memory& m) const {
    const Index columns = y_bar.cols(), batch = m.points * layout_.stride;
    Batches at(*this, m, columns);
    to_planes<S>(layout_, y_bar, at.now);
    const S* y = m.kept.data() + layout_.slack + outputs_ * batch;
    Index left = outputs_;  // steps before this one
    for (auto s = steps_.rbegin(); s != steps_.rend(); ++s) {
      if (s->kind == Kind::fork) {
        if (left > 0 || x_bar.size() > 0) at.come_back();
        continue;
      }
      const S* const x = y - batch;
      const bool input = --left > 0 || x_bar.size() > 0;
      if (s->kind == Kind::add) {
        at.leave();
      } else {
        if (s->kind == Kind::conv)
          conv_vjp(*s, columns, theta.data(), x, at.now, input ? at.next() : nullptr,
                   theta_bar.size() > 0 ? theta_bar.data() : nullptr);
        else if (input)
          slopes(*s, columns, m.points, x, y, at.now, at.next());
        if (input) at.go_on();
      }
      y = x;
    }
    if (x_bar.size() > 0) from_planes<S>(layout_, at.now, x_bar);
  }
  /// theta_bar = its part.
  void vjp_fresh(VecIn<S> theta, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S> theta_bar, Memory& m) const {
    theta_bar.setZero();
    vjp(theta, y_bar, x_bar, theta_bar, m);
  }

 private:
  /// The batch that a run is at, those that wait for the end of their skip, and free ones.
  struct Batches {
    S* now;

    Batches(const PlaneProgram& f, Memory& m, Index columns)
        : f_(f), m_(m), size_(columns * f.layout_.stride) {
      S* const memory = f.room(m.spare, f.batches_ * columns);
      m.waiting.clear();
      m.idle.clear();
      for (Index k = f.batches_ - 1; k >= 0; --k) m.idle.push_back(memory + k * size_);
      now = pop(m.idle);
    }
    /// Where the next step writes.
    S* next() const { return m_.idle.back(); }
    void go_on() {
      S* const before = now;
      now = pop(m_.idle);
      give_back(before);
    }
    /// A skip begins here, or with cotangents ends.
    void leave() { m_.waiting.push_back(now); }
    /// What waits is added.
    void come_back() {
      S* const waited = pop(m_.waiting);
      f_.add(size_, now, waited, now);
      give_back(waited);
    }

   private:
    /// Unless another skip waits with it.
    void give_back(S* batch) {
      if (m_.waiting.empty() || m_.waiting.back() != batch) m_.idle.push_back(batch);
    }
    const PlaneProgram& f_;
    Memory& m_;
    Index size_;
  };

  static S* pop(std::vector<S*>& batches) {
    S* const last = batches.back();
    batches.pop_back();
    return last;
  }
  void value(const PlaneStep& s, const S* theta, Index images, const S* x, S* y) const {
    const S* const w = theta + s.offset;
    if (s.kind == Kind::conv)
      return convolve<S>(layout_, mask_.data(), images, w, s.bias ? w[9] : S(0), x, y);
    const MapKernels<S>& map = maps_[static_cast<std::size_t>(s.map)];
    map.values(map.phi.get(), layout_, images, x, y);
  }
  void slopes(const PlaneStep& s, Index columns, Index points, const S* x, const S* y, const S* v,
              S* out) const {
    const MapKernels<S>& map = maps_[static_cast<std::size_t>(s.map)];
    map.slopes(map.phi.get(), layout_, columns, points == columns ? layout_.stride : 0, x, y, v, out);
  }
  /// x_bar and theta_bar may be nullptr.
  void conv_vjp(const PlaneStep& s, Index columns, const S* theta, const S* x, const S* y_bar, S* x_bar,
                S* theta_bar) const {
    const S *const mask = mask_.data(), *const w = theta + s.offset;
    S* const w_bar = theta_bar ? theta_bar + s.offset : nullptr;
    if (x_bar && w_bar)
      convolve_adjoint<true, true>(layout_, mask, columns, w, x, y_bar, x_bar, w_bar);
    else if (x_bar)
      convolve_adjoint<true, false>(layout_, mask, columns, w, x, y_bar, x_bar, w_bar);
    else if (w_bar)
      convolve_adjoint<false, true>(layout_, mask, columns, w, x, y_bar, x_bar, w_bar);
    if (w_bar && s.bias) w_bar[9] += Eigen::Map<const Vec<S>>(y_bar, columns * layout_.stride).sum();
  }
  /// to = a + b, which may be the same.
  static void add(Index size, const S* a, const S* b, S* to) {
    using Row = Eigen::Array<S, Eigen::Dynamic, 1>;
    Eigen::Map<Row>(to, size) = Eigen::Map<const Row>(a, size) + Eigen::Map<const Row>(b, size);
  }
  /// Another layout has its padding elsewhere: all is forgotten.
  void prepare(Memory& m) const {
    if (m.layout == layout_) return;
    m.layout = layout_;
    m.kept.setZero();
    m.spare.setZero();
  }
  /// Where the first of so many images begins. Nothing is kept when the memory grows.
  S* room(Vec<S>& memory, Index images) const {
    const Index size = layout_.slack + images * layout_.stride;
    if (memory.size() < size) memory.setZero(size);
    return memory.data() + layout_.slack;
  }

  PlaneLayout layout_;
  std::vector<PlaneStep> steps_;
  std::vector<MapKernels<S>> maps_;
  Vec<S> mask_;        // layout.size numbers: all bits set inside the image, 0 in the padding
  Index outputs_ = 0;  // steps that have one
  Index batches_ = 2;  // on their way at once
};

}  // namespace basin::detail
