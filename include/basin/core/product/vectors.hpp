// The machine's vectors, as Eigen names them: the unit in which kernels compute; and the sizes of what
// products keep close.
#pragma once
#include <Eigen/Core>

#include "basin/core/compiled.hpp"  // that program and compiled library have the same vectors
#include "basin/core/types.hpp"     // Index

BASIN_VECTOR_CODE_BEGIN

namespace basin::inline BASIN_ABI::detail {

template <class S>
using Packet = typename Eigen::internal::packet_traits<S>::type;
/// Numbers in one.
template <class S>
inline constexpr Index vector_size = Eigen::internal::unpacket_traits<Packet<S>>::size;

/// n rounded up to whole vectors.
template <class S>
constexpr Index whole_lanes(Index n) {
  return (n + vector_size<S> - 1) / vector_size<S> * vector_size<S>;
}

// A micro-tile of a product's result is held in registers, `tall` x `wide` vectors; it leaves room for the
// vectors that are multiplied.
inline constexpr int micro_wide = 6, micro_tall = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 2;

/// Rows of a whole panel (panels.hpp).
template <class S>
inline constexpr Index panel_rows = micro_tall* vector_size<S>;
// A slab of the right factor of this size stays in the second-level cache.
inline constexpr Index panel_depth = 512, panel_columns = 300;

}  // namespace basin::detail

BASIN_VECTOR_CODE_END
