// Planes through a space of many dimensions, and the fates of what lies in them.
#pragma once
#include <cmath>    // std::isfinite
#include <cstddef>  // std::size_t
#include <utility>  // std::move
#include <vector>   // std::vector

#include "basin/core/error.hpp"           // require
#include "basin/core/model.hpp"           // Model
#include "basin/core/model_by_calls.hpp"  // ModelByCalls, by_calls
#include "basin/core/types.hpp"           // Index, Mat, Vec
#include "basin/dynamics/basin_map.hpp"   // basin_map, BasinMapOptions

namespace basin::inline BASIN_ABI {

/// The points origin + u e1 + v e2, with orthonormal e1 and e2, so that distances in (u, v) are those of the
/// space.
struct Plane {
  Vec<double> origin, e1, e2;  // n numbers each

  /// The point of (u, v).
  Vec<double> at(double u, double v) const { return origin + u * e1 + v * e2; }
  /// (u, v) of the point of the plane next to x.
  Vec<double> coordinates(const Vec<double>& x) const {
    return Vec<double>{{e1.dot(x - origin), e2.dot(x - origin)}};
  }
  /// The distance of x to the plane.
  double distance(const Vec<double>& x) const {
    const Vec<double> c = coordinates(x);
    return (x - at(c[0], c[1])).norm();
  }
};

/// The plane through three points: a at (0, 0), b at (|b - a|, 0), c above that axis. Throws if they lie on a
/// line, up to 1e-6 of their distances, or their sizes differ.
template <class = void>
[[nodiscard]] Plane plane_through(const Vec<double>& a, const Vec<double>& b, const Vec<double>& c) {
  require(a.size() >= 2 && b.size() == a.size() && c.size() == a.size(), "plane_through: the points have ",
          a.size(), ", ", b.size(), " and ", c.size(), " entries, expected as many, at least 2");
  Plane plane{a, b - a, c - a};
  const double first = plane.e1.norm(), second = plane.e2.norm();
  plane.e1 /= first;
  for (int twice = 0; twice < 2; ++twice) plane.e2 -= plane.e1.dot(plane.e2) * plane.e1;
  const double height = plane.e2.norm();
  require(first > 0 && height > 1e-6 * second && std::isfinite(height + first),
          "plane_through: the points lie on a line, or are not finite");
  plane.e2 /= height;
  return plane;
}
/// The plane through two points and the origin of the space (of images, the black one): a at (0, 0), b at
/// (|b - a|, 0).
template <class = void>
[[nodiscard]] Plane plane_through(const Vec<double>& a, const Vec<double>& b) {
  return plane_through(a, b, Vec<double>(Vec<double>::Zero(a.size())));
}

/// A part of a plane: u from u_low to u_high, v likewise.
struct PlaneBox {
  double u_low = 0, u_high = 1, v_low = 0, v_high = 1;  // the sides
};

/// Fates in a box of a plane, cell by cell: the start of entry (i, j) is the centre of cell i from below and
/// j from the left.
template <class S>
struct Slice {
  Plane plane;            // as given
  PlaneBox box;           // as given
  Mat<Index> ids, steps;  // rows x columns; ids as in BasinMap
  BasinMap<S> map;        // column by column of `ids`: attractors, fates, decisions

  /// The u of column j's centres.
  double u(Index j) const {
    return box.u_low +
           (static_cast<double>(j) + 0.5) / static_cast<double>(ids.cols()) * (box.u_high - box.u_low);
  }
  /// The v of row i's centres.
  double v(Index i) const {
    return box.v_low +
           (static_cast<double>(i) + 0.5) / static_cast<double>(ids.rows()) * (box.v_high - box.v_low);
  }
};

namespace detail {
inline void require_box(const PlaneBox& box, const char* who) {
  require(box.u_low < box.u_high && box.v_low < box.v_high && std::isfinite(box.u_high - box.u_low) &&
              std::isfinite(box.v_high - box.v_low),
          who, ": the box must have low < high and be finite, got ", box.u_low, ", ", box.u_high, ", ",
          box.v_low, ", ", box.v_high);
}
}  // namespace detail

namespace detail {

/// See basin::basin_slice.
template <class S>
Slice<S> basin_slice_of(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors,
                        const Plane& plane, const PlaneBox& box, Index rows, Index columns,
                        const BasinMapOptions& options) {
  require_self_map(f, plane.origin.size(), "basin_slice", "plane");
  require_box(box, "basin_slice");
  require(rows >= 1 && columns >= 1, "basin_slice: rows and columns must be >= 1, got ", rows, " and ",
          columns);
  Slice<S> slice{plane, box, Mat<Index>(rows, columns), Mat<Index>(rows, columns), {}};
  slice.map = basin_map(
      f, attractors,
      [&](ColumnRange block) {
        Mat<S> starts(plane.origin.size(), block.size);
        for (Index k = 0; k < block.size; ++k) {
          const Index cell = block.begin + k;
          starts.col(k) = plane.at(slice.u(cell / rows), slice.v(cell % rows)).template cast<S>();
        }
        return starts;
      },
      rows * columns, options);
  for (Index cell = 0; cell < rows * columns; ++cell) {
    slice.ids(cell % rows, cell / rows) = slice.map.id[static_cast<std::size_t>(cell)];
    slice.steps(cell % rows, cell / rows) = slice.map.steps[static_cast<std::size_t>(cell)];
  }
  return slice;
}

#ifdef BASIN_COMPILED  // see basin/instantiate.hpp
extern template Slice<float> basin_slice_of<float>(const ModelByCalls<float>&,
                                                   const std::vector<Attractor<float>>&, const Plane&,
                                                   const PlaneBox&, Index, Index, const BasinMapOptions&);
extern template Slice<double> basin_slice_of<double>(const ModelByCalls<double>&,
                                                     const std::vector<Attractor<double>>&, const Plane&,
                                                     const PlaneBox&, Index, Index, const BasinMapOptions&);
#endif

}  // namespace detail

/// The fates on a grid of rows x columns cells of a box of a plane. Throws as basin_map does, or if the
/// box is empty or a side < 1.
template <Layer F>
[[nodiscard]] Slice<typename F::Scalar> basin_slice(
    const Model<F>& f, const std::vector<Attractor<typename F::Scalar>>& attractors, const Plane& plane,
    const PlaneBox& box, Index rows, Index columns, const BasinMapOptions& options = {}) {
  return detail::basin_slice_of<typename F::Scalar>(detail::by_calls(f), attractors, plane, box, rows,
                                                    columns, options);
}

}  // namespace basin
