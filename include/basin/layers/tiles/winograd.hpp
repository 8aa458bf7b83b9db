// Two outputs of a convolution with three taps by fewer multiplications (Winograd 1980; Lavin, Gray 2016).
#pragma once
#include <Eigen/Core>

#include "basin/core/types.hpp"  // Index

// Loops over registers must vanish at -O2 too. g++ warns wherever a type of <immintrin.h> becomes a template
// argument.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

namespace basin::inline BASIN_ABI::detail {

// Along one side, two neighbouring outputs y depend on `tile` inputs d and on three taps w:
//
//     y = A'[(G w) * (B' d)],   * entry by entry, on `products` entries,
//
// with constant matrices A, B, G. The structs named after the six maps that forward and derivatives need have
// `from`, `to` and map(x, s, y, t), which reads x[0], x[s], ... and writes y[0], y[t], ... On images the maps
// are applied along both sides.

/// F(2, 3): four products in place of six. The next tile begins two inputs further.
struct Winograd {
  static constexpr Index tile = 4, step = 2, products = 4;

  struct Data {  // B'
    static constexpr Index from = 4, to = 4;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* d, Index s, P* v, Index t) {
      using namespace Eigen::internal;
      v[0] = psub(d[0], d[2 * s]);
      v[t] = padd(d[s], d[2 * s]);
      v[2 * t] = psub(d[2 * s], d[s]);
      v[3 * t] = psub(d[s], d[3 * s]);
    }
  };
  struct DataAdjoint {  // B
    static constexpr Index from = 4, to = 4;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* v, Index s, P* d, Index t) {
      using namespace Eigen::internal;
      d[0] = v[0];
      d[t] = padd(psub(v[s], v[2 * s]), v[3 * s]);
      d[2 * t] = psub(padd(v[s], v[2 * s]), v[0]);
      d[3 * t] = pnegate(v[3 * s]);
    }
  };
  struct Output {  // A'
    static constexpr Index from = 4, to = 2;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* m, Index s, P* y, Index t) {
      using namespace Eigen::internal;
      y[0] = padd(padd(m[0], m[s]), m[2 * s]);
      y[t] = psub(psub(m[s], m[2 * s]), m[3 * s]);
    }
  };
  struct OutputAdjoint {  // A
    static constexpr Index from = 2, to = 4;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* y, Index s, P* m, Index t) {
      using namespace Eigen::internal;
      m[0] = y[0];
      m[t] = padd(y[0], y[s]);
      m[2 * t] = psub(y[0], y[s]);
      m[3 * t] = pnegate(y[s]);
    }
  };
  struct Weight {  // G
    static constexpr Index from = 3, to = 4;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* w, Index s, P* u, Index t) {
      using namespace Eigen::internal;
      const P half = pset1<P>(0.5f), ends = pmul(half, padd(w[0], w[2 * s])), middle = pmul(half, w[s]);
      u[0] = w[0];
      u[t] = padd(ends, middle);
      u[2 * t] = psub(ends, middle);
      u[3 * t] = w[2 * s];
    }
  };
  struct WeightAdjoint {  // G'
    static constexpr Index from = 4, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* u, Index s, P* w, Index t) {
      using namespace Eigen::internal;
      const P half = pset1<P>(0.5f), sum = pmul(half, padd(u[s], u[2 * s]));
      w[0] = padd(u[0], sum);
      w[t] = pmul(half, psub(u[s], u[2 * s]));
      w[2 * t] = padd(sum, u[3 * s]);
    }
  };
};

/// The same behind nearest upsampling by 2, from the small image: outputs 2 i and 2 i + 1 depend on its
/// pixels i - 1, i and i + 1, y = (w0 d0 + (w1 + w2) d1, (w0 + w1) d1 + w2 d2). Three products in place of
/// six.
struct UpsampledWinograd {
  static constexpr Index tile = 3, step = 1, products = 3;

  struct Data {
    static constexpr Index from = 3, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* d, Index s, P* v, Index t) {
      using namespace Eigen::internal;
      v[0] = psub(d[0], d[s]);
      v[t] = d[s];
      v[2 * t] = psub(d[s], d[2 * s]);
    }
  };
  struct DataAdjoint {
    static constexpr Index from = 3, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* v, Index s, P* d, Index t) {
      using namespace Eigen::internal;
      d[0] = v[0];
      d[t] = padd(psub(v[s], v[0]), v[2 * s]);
      d[2 * t] = pnegate(v[2 * s]);
    }
  };
  struct Output {
    static constexpr Index from = 3, to = 2;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* m, Index s, P* y, Index t) {
      using namespace Eigen::internal;
      y[0] = padd(m[0], m[s]);
      y[t] = psub(m[s], m[2 * s]);
    }
  };
  struct OutputAdjoint {
    static constexpr Index from = 2, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* y, Index s, P* m, Index t) {
      using namespace Eigen::internal;
      m[0] = y[0];
      m[t] = padd(y[0], y[s]);
      m[2 * t] = pnegate(y[s]);
    }
  };
  struct Weight {
    static constexpr Index from = 3, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* w, Index s, P* u, Index t) {
      using namespace Eigen::internal;
      u[0] = w[0];
      u[t] = padd(padd(w[0], w[s]), w[2 * s]);
      u[2 * t] = w[2 * s];
    }
  };
  struct WeightAdjoint {
    static constexpr Index from = 3, to = 3;
    template <class P>
    static EIGEN_STRONG_INLINE void map(const P* u, Index s, P* w, Index t) {
      using namespace Eigen::internal;
      w[0] = padd(u[0], u[s]);
      w[t] = u[s];
      w[2 * t] = padd(u[s], u[2 * s]);
    }
  };
};

/// y = L x L' for a map L of these: x holds from x from entries, y to x to.
template <class L, class P>
EIGEN_STRONG_INLINE void along_both_sides(const P* x, P* y) {
  P half[L::to * L::from];
#pragma GCC unroll 4
  for (Index j = 0; j < L::from; ++j) L::map(x + j, L::from, half + j, L::from);
#pragma GCC unroll 4
  for (Index i = 0; i < L::to; ++i) L::map(half + i * L::from, 1, y + i * L::to, 1);
}

}  // namespace basin::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
