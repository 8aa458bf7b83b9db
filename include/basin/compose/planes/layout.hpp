// How chains of layers with one small image between them avoid the cost of a general layer: images in one flat
// zero-padded layout and functions on raw pointers. Internal: users see only that such chains are fast.
#pragma once
#include <concepts>     // std::same_as
#include <cstring>      // std::memset
#include <optional>     // std::optional
#include <type_traits>  // std::conditional_t

#include "basin/core/types.hpp"  // Index, MatIn, MatOut, Vec

namespace basin::detail {

/// One-channel images of height x width, each in `stride` numbers. Pixel (i, j) of image n lies at
/// n stride + i (width + 1) + j; all else is 0. The zero behind each row serves as the padding at the left of
/// the next one as well, and `slack` zeros before the first image and between images as the rows above and
/// below. So the neighbours of a pixel under a 3 x 3 kernel lie at fixed distances, for all pixels alike, and
/// vectors of up to 8 numbers may run over the ends of rows. Every function leaves the padding at 0.
struct PlaneLayout {
  Index height = 0, width = 0;
  Index pitch = 0;   // from row to row
  Index size = 0;    // numbers of one image with its padding at the right, a multiple of 8
  Index slack = 0;   // zeros before each image and after the last, at least pitch + 1
  Index stride = 0;  // from image to image

  PlaneLayout() = default;
  PlaneLayout(Index h, Index w)
      : height(h),
        width(w),
        pitch(w + 1),
        size(whole_vectors(h * pitch)),
        slack(whole_vectors(pitch + 1)),
        stride(size + slack) {}
  bool operator==(const PlaneLayout& o) const { return height == o.height && width == o.width; }

 private:
  static Index whole_vectors(Index n) { return (n + 7) / 8 * 8; }
};

/// What the functions of one call share: `points` images in x and y, `columns` in tangents and cotangents. They
/// differ where one point serves many of these (see `broadcasts` at Layer).
template <class S>
struct Planes {
  PlaneLayout layout;
  const S* mask;  // layout.size numbers: all bits set inside the image, 0 in the padding
  Index points = 0, columns = 0;
  Index point_batch() const { return points * layout.stride; }
  Index column_batch() const { return columns * layout.stride; }
};

/// A layer that can work on planes, from images of one shape to images of the same shape:
///
///     plane_layout()       the layout that it asks for; nullopt if it has no wish or cannot work on planes
///     works_on(layout)     whether it can work on this one
///     plane_slots()        batches of points that it keeps between forward and vjp or jvp, besides x and y
///     plane_spares()       batches of columns (in infer: points) that it needs as working space
///     plane_forward, plane_infer, plane_vjp, plane_jvp    as in Layer; an x_bar or theta_bar that is not
///                          wanted is nullptr. Outputs do not overlap inputs.
template <class F>
concept PlaneLayer = requires(const F& f, const PlaneLayout& layout, const Planes<typename F::Scalar>& p,
                              const typename F::Scalar* in, typename F::Scalar* out) {
  { f.plane_layout() } -> std::same_as<std::optional<PlaneLayout>>;
  { f.works_on(layout) } -> std::same_as<bool>;
  { f.plane_slots() } -> std::same_as<Index>;
  { f.plane_spares() } -> std::same_as<Index>;
  f.plane_forward(p, /*theta*/ in, /*x*/ in, /*y*/ out, /*kept*/ out);
  f.plane_infer(p, /*theta*/ in, /*x*/ in, /*y*/ out, /*spare*/ out);
  f.plane_vjp(p, /*theta*/ in, /*x*/ in, /*y*/ in, /*kept*/ in, /*y_bar*/ in, /*x_bar*/ out,
              /*theta_bar*/ out, /*spare*/ out);
  f.plane_jvp(p, /*theta*/ in, /*x*/ in, /*y*/ in, /*kept*/ in, /*x_dot*/ in, /*y_dot*/ out, /*spare*/ out);
};

/// to += from, on n images.
template <class S>
void add_planes(const PlaneLayout& layout, Index n, const S* from, S* to) {
  using Row = Eigen::Array<S, Eigen::Dynamic, 1>;
  Eigen::Map<Row>(to, n * layout.stride) += Eigen::Map<const Row>(from, n * layout.stride);
}

/// The memory of a composition that works on planes, and the way there and back. Only pixels are ever written
/// in it, and zeros elsewhere, so the padding is set once.
template <class S>
class PlaneCache {
 public:
  /// On the heap after forward and vjp of so many columns.
  template <class F>
  static Index bytes(const F& f, const PlaneLayout& layout, Index columns) {
    const Index images = (f.plane_slots() + 2 + f.plane_spares() + 2) * columns;
    return static_cast<Index>(sizeof(S)) * (layout.size + 2 * layout.slack + images * layout.stride);
  }
  template <class F>
  void forward(const F& f, const PlaneLayout& layout, VecIn<S> theta, MatIn<S> x, MatOut<S> y) {
    prepare(layout);
    points_ = x.cols();
    S* const x_plane = room(kept_, (f.plane_slots() + 2) * points_);
    S* const y_plane = x_plane + points_ * layout.stride;
    pack(x, x_plane);
    const Planes<S> p = planes(points_);
    f.plane_forward(p, theta.data(), x_plane, y_plane, y_plane + p.point_batch());
    unpack(y_plane, y);
  }
  template <class F>
  void infer(const F& f, const PlaneLayout& layout, VecIn<S> theta, MatIn<S> x, MatOut<S> y) {
    prepare(layout);
    const Index n = x.cols();
    S* const x_plane = room(spare_, (f.plane_spares() + 2) * n);
    S* const y_plane = x_plane + n * layout.stride;
    pack(x, x_plane);
    f.plane_infer(Planes<S>{layout_, mask_.data(), n, n}, theta.data(), x_plane, y_plane,
                  y_plane + n * layout.stride);
    unpack(y_plane, y);
  }
  template <class F>
  void vjp(const F& f, VecIn<S> theta, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S> theta_bar) {
    const Planes<S> p = planes(y_bar.cols());
    S* const in = room(spare_, (f.plane_spares() + 2) * p.columns);
    S* const out = in + p.column_batch();
    const S* const x = kept_.data() + layout_.slack;
    const S* const y = x + p.point_batch();
    pack(y_bar, in);
    f.plane_vjp(p, theta.data(), x, y, y + p.point_batch(), in, x_bar.size() > 0 ? out : nullptr,
                theta_bar.size() > 0 ? theta_bar.data() : nullptr, out + p.column_batch());
    if (x_bar.size() > 0) unpack(out, x_bar);
  }
  template <class F>
  void jvp(const F& f, VecIn<S> theta, MatIn<S> x_dot, MatOut<S> y_dot) {
    const Planes<S> p = planes(x_dot.cols());
    S* const in = room(spare_, (f.plane_spares() + 2) * p.columns);
    S* const out = in + p.column_batch();
    const S* const x = kept_.data() + layout_.slack;
    const S* const y = x + p.point_batch();
    pack(x_dot, in);
    f.plane_jvp(p, theta.data(), x, y, y + p.point_batch(), in, out, out + p.column_batch());
    unpack(out, y_dot);
  }

 private:
  Planes<S> planes(Index columns) const { return {layout_, mask_.data(), points_, columns}; }

  /// Another layout has its padding elsewhere: forget all.
  void prepare(const PlaneLayout& layout) {
    if (layout == layout_) return;
    layout_ = layout;
    mask_.setZero(layout.size);
    for (Index i = 0; i < layout.height; ++i)
      std::memset(static_cast<void*>(mask_.data() + i * layout.pitch), 0xff,
                  static_cast<std::size_t>(layout.width) * sizeof(S));
    kept_.setZero();
    spare_.setZero();
  }
  /// Where the first of `images` images starts. Nothing is kept when the memory grows.
  S* room(Vec<S>& memory, Index images) const {
    const Index size = layout_.slack + images * layout_.stride;
    if (memory.size() < size) memory.setZero(size);
    return memory.data() + layout_.slack;
  }
  void pack(MatIn<S> x, S* plane) const {
    eigen_assert(x.rows() == layout_.height * layout_.width);
    for (Index n = 0; n < x.cols(); ++n, plane += layout_.stride) {
      const S* row = entry(x, 0, n);
      for (Index i = 0; i < layout_.height; ++i, row += layout_.width)
        for (Index j = 0; j < layout_.width; ++j) plane[i * layout_.pitch + j] = row[j];
    }
  }
  void unpack(const S* plane, MatOut<S> y) const {
    eigen_assert(y.rows() == layout_.height * layout_.width);
    for (Index n = 0; n < y.cols(); ++n, plane += layout_.stride) {
      S* row = entry(y, 0, n);
      for (Index i = 0; i < layout_.height; ++i, row += layout_.width)
        for (Index j = 0; j < layout_.width; ++j) row[j] = plane[i * layout_.pitch + j];
    }
  }

  PlaneLayout layout_;
  Index points_ = 0;
  Vec<S> mask_;
  Vec<S> kept_;   // x, y and the activations between them
  Vec<S> spare_;  // tangents and cotangents
};

/// The layout on which f does its work, or nullopt if it takes the general path.
template <class F>
std::optional<PlaneLayout> plane_path(const F& f) {
  if constexpr (PlaneLayer<F>) {
    if (std::optional<PlaneLayout> layout = f.plane_layout(); layout && f.works_on(*layout)) return layout;
  }
  return std::nullopt;
}

struct NoPlaneCache {};
/// What a composition of Fs puts into its cache for this.
template <class S, class... Fs>
using PlaneCacheFor = std::conditional_t<(PlaneLayer<Fs> && ...), PlaneCache<S>, NoPlaneCache>;

}  // namespace basin::detail
