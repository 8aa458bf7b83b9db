// What a layer is: y = f(x; theta), an immutable value. Parameters, activations and scratch are the caller's.
#pragma once
#include <concepts>  // std::copyable, std::same_as
#include <optional>  // std::optional

#include "basin/core/parallel.hpp"  // parallel_zero
#include "basin/core/shape.hpp"     // Shape
#include "basin/core/types.hpp"     // MatIn, MatOut, VecIn, VecOut

namespace basin::inline BASIN_ABI {

struct NoCache {};

/// A layer with B columns (samples) in x:
///
///     forward(theta, x, y, cache)                         y     =  f(x; theta)
///     vjp(theta, x, y, cache, y_bar, x_bar, theta_bar)    x_bar =  J_x' y_bar,   theta_bar += J_theta' y_bar
///     jvp(theta, x, y, cache, x_dot, y_dot)               y_dot =  J_x x_dot
///
/// - vjp and jvp follow a forward with the same theta, x, y and cache, and leave the cache good for more of
/// them.
/// - `=` overwrites whatever stood there, NaN included; `+=` adds. Nothing is divided by B.
/// - An x_bar or theta_bar of size 0 is not wanted and left alone.
/// - f is const and without state; two threads may use it at once, each with its own cache.
/// `check_layer` (basin/check/check_layer.hpp) tests all of this. Optional members:
///
///     infer(theta, x, y, cache)   y = f(x; theta) without keeping what vjp and jvp need
///     prepack(theta, cache)       brings what infer needs of theta into the form in which it is fastest;
///                                 from then on the cache serves infer with this theta alone
///     vjp_fresh(as vjp)           vjp with theta_bar = J_theta' y_bar: overwritten, not added to
///     jvp_vjp(theta, x, y, cache, x_dot, y_dot, y_bar, y_dot_bar, x_bar, x_dot_bar, theta_bar)
///                                 vjp of (x, x_dot) -> (y, y_dot) = (f(x; theta), J_x x_dot), behind jvp,
///                                 with p = y_dot_bar' J_x x_dot summed over the columns:
///                                     x_bar     =  J_x' y_bar + dp/dx,  x_dot_bar = J_x' y_dot_bar,
///                                     theta_bar += J_theta' y_bar + dp/dtheta;
///                                 x_bar and x_dot_bar are both wanted or both of size 0. For losses that see
///                                 the Jacobian (train/contractive.hpp)
///     broadcasts                  static constexpr bool, or bool broadcasts(). With B = 1, jvp and vjp
///                                 (theta_bar not wanted) take any number of columns in x_dot and y_bar, all
///                                 at that one point x
///     in_shape(), out_shape()     Shape or std::optional<Shape> of the images, checked where layers meet;
///                                 out_shape(given) where it depends on that of the input
///     keeps_shape                 static constexpr bool: the output has the shape of the input
///     multiply_adds()             of one forward column, to decide how to spread a batch
///     cache_bytes(B)              bytes that a cache holds on the heap after forward and vjp of B columns
///     infer_bytes(B)              the same after infer of B columns, packed weights apart; what is kept for
///                                 derivatives alone is not in it. Else cache_bytes(B)
///     packed_bytes()              bytes that prepack takes, which copies of a cache share
///     param_blocks()              what theta holds, for initial values and files (core/param_blocks.hpp)
///     name                        static constexpr const char*, or const char* name(), for messages
template <class L>
concept Layer = std::copyable<L> && std::semiregular<typename L::Cache> &&
    requires(const L& f, VecIn<typename L::Scalar> theta, MatIn<typename L::Scalar> in,
             MatOut<typename L::Scalar> out, VecOut<typename L::Scalar> theta_bar, typename L::Cache& cache) {
  { f.in_size() } -> std::same_as<Index>;
  { f.out_size() } -> std::same_as<Index>;
  { f.param_size() } -> std::same_as<Index>;
  { f.forward(theta, in, out, cache) } -> std::same_as<void>;
  { f.vjp(theta, in, in, cache, in, out, theta_bar) } -> std::same_as<void>;
  { f.jvp(theta, in, in, cache, in, out) } -> std::same_as<void>;
};

/// y = f(x; theta) when no derivative is wanted: the layer's infer where it has one, else its forward.
template <Layer F>
void infer(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
           MatOut<typename F::Scalar> y, typename F::Cache& cache) {
  if constexpr (requires { f.infer(theta, x, y, cache); })
    f.infer(theta, x, y, cache);
  else
    f.forward(theta, x, y, cache);
}

/// Prepares `cache` for many calls of infer with this theta, and no other: the layer's prepack where it has
/// one, else nothing. Costs about as much as reading theta twice.
template <Layer F>
void prepack(const F& f, VecIn<typename F::Scalar> theta, typename F::Cache& cache) {
  if constexpr (requires { f.prepack(theta, cache); }) f.prepack(theta, cache);
}

/// x_bar = J_x' y_bar, theta_bar = J_theta' y_bar, with or without anything in theta_bar before: the layer's
/// vjp_fresh where it has one, which spares a pass through memory, else zeros and its vjp.
template <Layer F>
void vjp_fresh(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
               MatIn<typename F::Scalar> y, typename F::Cache& cache, MatIn<typename F::Scalar> y_bar,
               MatOut<typename F::Scalar> x_bar, VecOut<typename F::Scalar> theta_bar) {
  if constexpr (requires { f.vjp_fresh(theta, x, y, cache, y_bar, x_bar, theta_bar); }) {
    f.vjp_fresh(theta, x, y, cache, y_bar, x_bar, theta_bar);
  } else {
    parallel_zero(theta_bar.data(), theta_bar.size());
    f.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
  }
}

/// Whether one forward column serves any number of tangents (see Layer): a constant of the layer's type, or
/// what the layer says at run time.
template <class F>
[[nodiscard]] constexpr bool broadcasts(const F& f) {
  if constexpr (requires { static_cast<bool>(F::broadcasts); })
    return F::broadcasts;
  else if constexpr (requires { f.broadcasts(); })
    return f.broadcasts();
  else
    return false;
}

/// Multiply-adds of one forward column, about: what the layer says, else one per parameter.
template <class F>
[[nodiscard]] Index multiply_adds(const F& f) {
  if constexpr (requires { f.multiply_adds(); })
    return f.multiply_adds();
  else
    return f.param_size();
}

/// Bytes on the heap of a cache of f after forward and vjp of so many columns: what the layer says, else 0.
template <class F>
[[nodiscard]] Index cache_bytes(const F& f, Index columns) {
  if constexpr (requires { f.cache_bytes(columns); })
    return f.cache_bytes(columns);
  else
    return 0;
}

/// Bytes on the heap of a cache of f after infer of so many columns, packed weights apart: what the layer
/// says, else its cache_bytes, which is no less.
template <class F>
[[nodiscard]] Index infer_bytes(const F& f, Index columns) {
  if constexpr (requires { f.infer_bytes(columns); })
    return f.infer_bytes(columns);
  else
    return cache_bytes(f, columns);
}

/// Bytes that prepack of f takes: what the layer says, else 0.
template <class F>
[[nodiscard]] Index packed_bytes(const F& f) {
  if constexpr (requires { f.packed_bytes(); })
    return f.packed_bytes();
  else
    return 0;
}

/// The image shape that f reads, if it reads one.
template <class F>
[[nodiscard]] std::optional<Shape> in_shape(const F& f) {
  if constexpr (requires { f.in_shape(); })
    return f.in_shape();
  else
    return std::nullopt;
}

/// The image shape that f gives when it is fed `given`.
template <class F>
[[nodiscard]] std::optional<Shape> out_shape(const F& f, const std::optional<Shape>& given) {
  if constexpr (requires { f.out_shape(given); })
    return f.out_shape(given);
  else if constexpr (requires { f.out_shape(); })
    return f.out_shape();
  else if constexpr (requires { requires F::keeps_shape; })
    return given;
  else
    return std::nullopt;
}

/// What messages call the layer: a constant of its type, or what it says at run time.
template <class F>
[[nodiscard]] constexpr const char* layer_name(const F& f) {
  if constexpr (requires { static_cast<const char*>(F::name); })
    return F::name;
  else if constexpr (requires { f.name(); })
    return f.name();
  else
    return "a layer without a name";
}

namespace detail {

/// vjp_fresh or vjp.
template <bool fresh, Layer F>
void backward(const F& f, VecIn<typename F::Scalar> theta, MatIn<typename F::Scalar> x,
              MatIn<typename F::Scalar> y, typename F::Cache& cache, MatIn<typename F::Scalar> y_bar,
              MatOut<typename F::Scalar> x_bar, VecOut<typename F::Scalar> theta_bar) {
  if constexpr (fresh)
    vjp_fresh(f, theta, x, y, cache, y_bar, x_bar, theta_bar);
  else
    f.vjp(theta, x, y, cache, y_bar, x_bar, theta_bar);
}

/// v[offset .. offset + size), or v itself where v is empty because it is not wanted.
template <class S>
VecOut<S> wanted_segment(VecOut<S> v, Index offset, Index size) {
  if (v.size() == 0) return v;
  return v.segment(offset, size);
}

}  // namespace detail

}  // namespace basin
