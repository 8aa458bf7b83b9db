// Which layers are affine, y = A x + b, and the entries of their A.
#pragma once
#include "basin/core/error.hpp"               // require
#include "basin/core/layer.hpp"               // Layer, layer_name
#include "basin/layers/affine.hpp"            // Affine
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/layers/pixel_map.hpp"         // PixelMap: Pad2d, Crop2d, UpsampleNearest
#include "basin/layers/pointwise.hpp"         // Pointwise, Identity
#include "basin/layers/pool.hpp"              // AvgPool2d
#include "basin/layers/rearrange.hpp"         // Rearrange: PixelShuffle, PixelUnshuffle
#include "basin/linearize/walk.hpp"           // EveryLayer, walk

namespace basin::inline BASIN_ABI {

namespace detail {

/// visit(row, col, value) for every entry of A in y = A x + b that some theta makes nonzero, the same entries
/// for all theta. Entries that are visited twice add up. The offset b is f(0) and is not visited.
///
/// A layer of your own takes part when it has this function as a member:
///
///     template <class Visit>
///     void for_entries(VecIn<Scalar> theta, const Visit& visit) const;
///
/// and `static constexpr bool rounded_entries = true` if they are not the exact ones, which certificates
/// refuse.
template <class F, class Visit>
requires requires(const F& f, VecIn<typename F::Scalar> theta, const Visit& visit) {
  f.for_entries(theta, visit);
}
void for_entries(const F& f, VecIn<typename F::Scalar> theta, const Visit& visit) {
  f.for_entries(theta, visit);
}

template <class S, class Visit>
void for_entries(const Dense<S>& f, VecIn<S> theta, const Visit& visit) {
  for (Index j = 0, k = 0; j < f.in_size(); ++j)
    for (Index i = 0; i < f.out_size(); ++i, ++k) visit(i, j, theta[k]);
}

template <class S, class Visit>
void for_entries(const Affine<S>& f, VecIn<S>, const Visit& visit) {
  for (Index j = 0; j < f.in_size(); ++j)
    for (Index i = 0; i < f.out_size(); ++i)
      if (f.matrix()(i, j) != S(0)) visit(i, j, f.matrix()(i, j));
}

template <class S, class Visit>
void for_entries(const Pointwise<S, Identity>& f, VecIn<S>, const Visit& visit) {
  for (Index i = 0; i < f.in_size(); ++i) visit(i, i, S(1));
}

/// The terms of ConvGeometry's sum, output after output.
template <class S, class Visit>
void for_conv_entries(const ConvGeometry& g, VecIn<S> theta, const Visit& visit) {
  const Index in_group = g.in.channels / g.groups, out_group = g.out.channels / g.groups;
  for (Index o = 0; o < g.out.channels; ++o)
    for (Index i = 0; i < g.out.height; ++i)
      for (Index j = 0; j < g.out.width; ++j) {
        Index w = o * g.taps();
        for (Index c = o / out_group * in_group; c < (o / out_group + 1) * in_group; ++c)
          for (Index a = 0; a < g.kernel.height; ++a) {
            const Index row = i * g.stride.height + a * g.dilation.height - g.padding.top;
            for (Index b = 0; b < g.kernel.width; ++b, ++w) {
              const Index col = j * g.stride.width + b * g.dilation.width - g.padding.left;
              if (row >= 0 && row < g.in.height && col >= 0 && col < g.in.width)
                visit(g.out.at(o, i, j), g.in.at(c, row, col), theta[w]);
            }
          }
      }
}

template <class S, class Visit>
void for_entries(const Conv2d<S>& f, VecIn<S> theta, const Visit& visit) {
  for_conv_entries<S>(geometry_of(f), theta, visit);
}

/// The adjoint of a convolution: its entries with row and column exchanged.
template <class S, class Visit>
void for_entries(const ConvTranspose2d<S>& f, VecIn<S> theta, const Visit& visit) {
  for_conv_entries<S>(geometry_of(f), theta, [&](Index row, Index col, S value) { visit(col, row, value); });
}

/// Pad2d, Crop2d and UpsampleNearest.
template <class S, class Visit>
void for_entries(const PixelMap<S>& f, VecIn<S>, const Visit& visit) {
  const Shape in = f.in_shape(), out = f.out_shape();
  for (Index c = 0, row = 0; c < out.channels; ++c)
    for (const Index source : f.source()) {
      if (source >= 0) visit(row, c * in.pixels() + source, S(1));
      ++row;
    }
}

/// Rearrange, PixelShuffle and PixelUnshuffle.
template <class S, class Visit>
void for_entries(const Rearrange<S>& f, VecIn<S>, const Visit& visit) {
  Index row = 0;
  for (const Index source : f.source()) {
    if (source >= 0) visit(row, source, S(1));
    ++row;
  }
}

template <class S, class Visit>
void for_entries(const AvgPool2d<S>& f, VecIn<S>, const Visit& visit) {
  geometry_of(f).for_outputs([&](Index row, Index channel, Index i, Index j) {
    const S weight = S(1) / f.divisor(i, j);
    geometry_of(f).for_window(i, j, [&](Index p) { visit(row, channel + p, weight); });
  });
}

/// Whether a layer says its entries.
template <class F>
struct HasEntries {
  struct Ignore {
    void operator()(Index, Index, typename F::Scalar) const {}
  };
  static constexpr bool value = requires(const F& f, VecIn<typename F::Scalar> theta, const Ignore& visit) {
    for_entries(f, theta, visit);
  };
};

/// Whether a layer says that its entries are rounded.
template <class F>
constexpr bool has_rounded_entries() {
  if constexpr (requires { static_cast<bool>(F::rounded_entries); })
    return F::rounded_entries;
  else
    return false;
}

/// Stops the compiler at a layer that is not affine, and at that one alone.
template <class F>
struct RequireEntries {
  static_assert(HasEntries<F>::value,
                "linearize: the network has a layer that is not affine (the compiler names it here): use "
                "linearize_at(model, x), the Jacobian at a point x. A layer of your own that is affine takes "
                "part when it has for_entries(theta, visit), see basin/linearize/affine_layers.hpp");
  static constexpr bool value = HasEntries<F>::value;
};

/// Carries the name of the first layer that is not affine, or nullptr, through a network.
template <class S>
struct AffineRules {
  template <class F>
  const char* layer(const F& f, VecIn<S>, const char* so_far) const {
    bool affine = HasEntries<F>::value;
    if constexpr (requires { f.is_affine(); }) affine = f.is_affine();  // known at run time alone
    return so_far || affine ? so_far : layer_name(f);
  }
  const char* sum(const char* a, const char* b) const { return a ? a : b; }
  const char* stacked(const char* a, const char* b) const { return a ? a : b; }
};

/// Throws, in the name of `who`, unless all layers of f are affine: of those whose type the compiler knows it
/// has said so (require_affine<F>()).
template <class F>
void require_affine(const F& f, VecIn<typename F::Scalar> theta, const char* who) {
  using S = typename F::Scalar;
  const char* const culprit = walk<S>(f, theta, static_cast<const char*>(nullptr), AffineRules<S>{});
  require(!culprit, who, ": the network has a layer that is not affine, ", culprit ? culprit : "",
          ": use linearize_at(model, x), the Jacobian at a point x");
}

/// One error at compile time, which names the layer, unless the network F is affine.
template <class F>
void require_affine() {
  static_cast<void>(EveryLayer<RequireEntries, F>::value);
}

}  // namespace detail

/// A layer or network that is affine in x for every theta: y = A(theta) x + b(theta). True for Dense,
/// Affine, Diagonal, Conv2d, ConvTranspose2d, ChannelAffine, Pad2d, Crop2d, UpsampleNearest,
/// UpsampleLinear, AvgPool2d, ReduceSum, Rearrange and what is made of it, Pointwise of Identity, layers
/// of your own with for_entries(theta, visit) (see detail::for_entries), and for Chain, Stack, Residual,
/// Sum and Concat of these.
template <class F>
concept AffineLayer = Layer<F> && detail::EveryLayer<detail::HasEntries, F>::value;

}  // namespace basin
