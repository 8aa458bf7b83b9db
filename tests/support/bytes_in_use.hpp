// What a program has on the heap at this moment.
#pragma once
#include <malloc.h>  // mallinfo2

#if defined(__SANITIZE_ADDRESS__)  // g++
#define BASIN_ADDRESS_SANITIZER
#elif defined(__has_feature)  // clang++
#if __has_feature(address_sanitizer)
#define BASIN_ADDRESS_SANITIZER
#endif
#endif
#ifdef BASIN_ADDRESS_SANITIZER
#include <sanitizer/allocator_interface.h>  // __sanitizer_get_current_allocated_bytes
#endif

inline double bytes_in_use() {
#ifdef BASIN_ADDRESS_SANITIZER
  return static_cast<double>(
      __sanitizer_get_current_allocated_bytes());  // its malloc does not count for mallinfo2
#else
  const struct mallinfo2 m = mallinfo2();
  return static_cast<double>(m.uordblks) + static_cast<double>(m.hblkhd);
#endif
}
