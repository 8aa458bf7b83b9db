// What a program and the compiled library that it links must have in common (basin/instantiate.hpp).
#pragma once
#include "basin/core/config.hpp"  // BASIN_ABI

#ifdef BASIN_COMPILED
#include <Eigen/Core>

namespace basin::inline BASIN_ABI::detail {

/// Compiled with vectors of so many floats, memory aligned to so many bytes, fused multiply-adds, and
/// threads. A program whose flags differ from the library's does not link: `ok` of its flags is not there.
template <int lanes_, int alignment_, bool fma_, bool threads_>
struct CompiledWith {
  static constexpr int lanes = lanes_, alignment = alignment_;
  static constexpr bool fma = fma_, threads = threads_;
  static const char ok;
};
#ifdef _OPENMP
inline constexpr bool compiled_with_threads = true;
#else
inline constexpr bool compiled_with_threads = false;
#endif
#ifdef EIGEN_VECTORIZE_FMA
inline constexpr bool compiled_with_fma = true;
#else
inline constexpr bool compiled_with_fma = false;
#endif
using ThisFile = CompiledWith<Eigen::internal::packet_traits<float>::size, EIGEN_MAX_ALIGN_BYTES,
                              compiled_with_fma, compiled_with_threads>;
[[gnu::used]] static const char* const the_library_has_the_flags_of_this_file = &ThisFile::ok;

}  // namespace basin::detail
#endif
