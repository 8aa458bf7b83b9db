// What basin asks of the compiler's flags and of Eigen's macros, checked before anything else is read: where
// one of them would change results without a word, it is an error that says what to write instead.
#pragma once
#include <Eigen/Core>   // Eigen::Index, EIGEN_MAX_ALIGN_BYTES, EIGEN_MAX_STATIC_ALIGN_BYTES
#include <type_traits>  // std::is_signed_v

#include "basin/version.hpp"  // BASIN_VERSION_MAJOR, BASIN_VERSION_MINOR, BASIN_VERSION_PATCH

#if (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__FAST_MATH__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(_M_FP_FAST)
#error "basin: -ffast-math and -Ofast remove the checks for NaN and reorder sums: write -O3 instead"
#endif

#if !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "basin: wrong arguments and files are reported by exceptions: compile without -fno-exceptions"
#endif

static_assert(
    std::is_signed_v<Eigen::Index> && sizeof(Eigen::Index) >= 8,
    "basin: Eigen::Index must be signed and have 64 bits: on a machine of 32 bits (WebAssembly is "
    "one) define EIGEN_DEFAULT_DENSE_INDEX_TYPE as `long long` for the whole program, elsewhere not "
    "at all");

/// Whether this file is given the bodies of functions that basin::compiled holds (basin/instantiate.hpp), and
/// what Eigen and Spectra they need: every file is where that library is not used, and its own sources.
#if !defined(BASIN_COMPILED) || defined(BASIN_INSTANTIATE)
#define BASIN_BODIES
#endif

/// The name of the inline namespace that holds the library: v0_1_0_align32_32 is version 0.1.0 where Eigen
/// aligns to 32 bytes on the heap and on the stack. Files of one program that were compiled with different
/// machine flags lay out their matrices differently; with the name in every symbol they do not link, where
/// they would crash.
#define BASIN_ABI                                                                                    \
  BASIN_ABI_OF(BASIN_VERSION_MAJOR, BASIN_VERSION_MINOR, BASIN_VERSION_PATCH, EIGEN_MAX_ALIGN_BYTES, \
               EIGEN_MAX_STATIC_ALIGN_BYTES)
/// BASIN_ABI of these numbers.
#define BASIN_ABI_OF(major, minor, patch, heap, stack) BASIN_ABI_PASTE(major, minor, patch, heap, stack)
/// The same, once macros among the numbers are replaced by what they stand for.
#define BASIN_ABI_PASTE(major, minor, patch, heap, stack) v##major##_##minor##_##patch##_align##heap##_##stack

/// Around code that computes with Eigen's vectors: g++ warns wherever a type of <immintrin.h> becomes a
/// template argument, as Eigen's own functions ask for.
#if defined(__GNUC__) && !defined(__clang__)
#define BASIN_VECTOR_CODE_BEGIN \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wignored-attributes\"")
/// Ends what BASIN_VECTOR_CODE_BEGIN began.
#define BASIN_VECTOR_CODE_END _Pragma("GCC diagnostic pop")
#else
#define BASIN_VECTOR_CODE_BEGIN
#define BASIN_VECTOR_CODE_END
#endif
