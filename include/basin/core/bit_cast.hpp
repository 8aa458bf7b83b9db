// std::bit_cast, and what stands in for it where the standard library has none: libc++ before version 14, as
// in Debian's Emscripten.
#pragma once
#include <bit>  // std::bit_cast

#include "basin/core/config.hpp"  // the checks of flags and macros

namespace basin::inline BASIN_ABI::detail {

#ifdef __cpp_lib_bit_cast
using std::bit_cast;
#else
/// The bits of `from` as a value of the type To, of the same size; both trivially copyable.
template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}
#endif

}  // namespace basin::detail
