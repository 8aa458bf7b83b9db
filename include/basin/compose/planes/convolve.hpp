// The 3 x 3 convolution of one-channel images with padding 1, on planes (layout.hpp).
#pragma once
#include <type_traits>  // std::conditional_t

#include "basin/compose/planes/layout.hpp"  // PlaneLayout

BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

/// Eigen's vector of up to 8 numbers, which divides PlaneLayout::size.
template <class S, class P = typename Eigen::internal::packet_traits<S>::type>
using PlanePacket = std::conditional_t<(Eigen::internal::unpacket_traits<P>::size > 8),
                                       typename Eigen::internal::unpacket_traits<P>::half, P>;

/// Three taps in a row: left, middle and right of the pixel.
template <class P>
struct TapRow {
  P left, middle, right;
};
template <class P, class S>
EIGEN_STRONG_INLINE TapRow<P> broadcast_taps(const S* w) {
  using namespace Eigen::internal;
  return {pset1<P>(w[0]), pset1<P>(w[1]), pset1<P>(w[2])};
}
/// sum over the three taps of w(tap) x(tap), where x points to the middle one.
template <class P, class S>
EIGEN_STRONG_INLINE P convolve_row(const TapRow<P>& w, const S* x) {
  using namespace Eigen::internal;
  return pmadd(w.right, ploadu<P>(x + 1), pmadd(w.middle, ploadu<P>(x), pmul(w.left, ploadu<P>(x - 1))));
}
/// The same for the transposed convolution, which sees y_bar mirrored; and w_bar(tap) += x y_bar(tap), from
/// the same three loads.
template <class P, class S>
EIGEN_STRONG_INLINE P adjoint_row(const TapRow<P>& w, const S* y_bar, P x, TapRow<P>& w_bar) {
  using namespace Eigen::internal;
  const P left = ploadu<P>(y_bar + 1), middle = ploadu<P>(y_bar), right = ploadu<P>(y_bar - 1);
  w_bar.left = pmadd(x, left, w_bar.left);
  w_bar.middle = pmadd(x, middle, w_bar.middle);
  w_bar.right = pmadd(x, right, w_bar.right);
  return pmadd(w.right, right, pmadd(w.middle, middle, pmul(w.left, left)));
}

/// y = conv(x; w) + b, on n images.
template <class S>
void convolve(const PlaneLayout& l, const S* mask, Index n, const S* w, S b, const S* x, S* y) {
  using namespace Eigen::internal;
  using P = PlanePacket<S>;
  constexpr Index lanes = unpacket_traits<P>::size;
  const TapRow<P> above = broadcast_taps<P>(w), here = broadcast_taps<P>(w + 3),
                  below = broadcast_taps<P>(w + 6);
  const P bias = pset1<P>(b);
  for (; n > 0; --n, x += l.stride, y += l.stride)
    for (Index i = 0; i < l.size; i += lanes) {
      const P sum = padd(padd(convolve_row<P>(above, x + i - l.pitch), convolve_row<P>(here, x + i)),
                         padd(convolve_row<P>(below, x + i + l.pitch), bias));
      pstoreu(y + i, pand(sum, ploadu<P>(mask + i)));  // not a product, which would keep a NaN
    }
}

/// x_bar = conv'(y_bar; w) and, where `gradient` says so, w_bar += sum over pixels and images of
/// x(pixel) y_bar(pixel - tap). Without `input` x_bar is not wanted. The padding takes part in these sums as
/// 0, so a single number that is not finite spoils all nine.
template <bool input, bool gradient, class S>
void convolve_adjoint(const PlaneLayout& l, const S* mask, Index n, const S* w, const S* x, const S* y_bar,
                      S* x_bar, S* w_bar) {
  using namespace Eigen::internal;
  using P = PlanePacket<S>;
  constexpr Index lanes = unpacket_traits<P>::size;
  const TapRow<P> above = broadcast_taps<P>(w), here = broadcast_taps<P>(w + 3),
                  below = broadcast_taps<P>(w + 6);
  const P zero = pset1<P>(S(0));
  TapRow<P> above_bar{zero, zero, zero}, here_bar = above_bar, below_bar = above_bar;
  for (; n > 0; --n, y_bar += l.stride) {
    for (Index i = 0; i < l.size; i += lanes) {
      const P at = gradient ? ploadu<P>(x + i) : zero;
      const P sum = padd(adjoint_row<P>(above, y_bar + i + l.pitch, at, above_bar),
                         padd(adjoint_row<P>(here, y_bar + i, at, here_bar),
                              adjoint_row<P>(below, y_bar + i - l.pitch, at, below_bar)));
      if constexpr (input) pstoreu(x_bar + i, pand(sum, ploadu<P>(mask + i)));
    }
    if constexpr (input) x_bar += l.stride;
    if constexpr (gradient) x += l.stride;
  }
  if constexpr (gradient) {
    w_bar[0] += predux(above_bar.left);
    w_bar[1] += predux(above_bar.middle);
    w_bar[2] += predux(above_bar.right);
    w_bar[3] += predux(here_bar.left);
    w_bar[4] += predux(here_bar.middle);
    w_bar[5] += predux(here_bar.right);
    w_bar[6] += predux(below_bar.left);
    w_bar[7] += predux(below_bar.middle);
    w_bar[8] += predux(below_bar.right);
  }
}

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
