// What the whole program takes from the heap: by operator new, by malloc, in the libraries that it links.
// Counts by the hooks of a sanitizer, else by functions that stand before those of glibc: to be included
// in one file of a program, which then is an executable of its own.
#pragma once
#include <algorithm>  // std::max
#include <atomic>     // std::atomic
#include <cstddef>    // std::size_t, std::ptrdiff_t
#include <cstdlib>    // std::abort

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
#define BASIN_SANITIZER_HEAP
#elif defined(__has_feature)  // clang++
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BASIN_SANITIZER_HEAP
#endif
#endif
#ifdef BASIN_SANITIZER_HEAP
#include <sanitizer/allocator_interface.h>  // __sanitizer_install_malloc_and_free_hooks
#else
#include <malloc.h>  // malloc_usable_size
#endif

/// Since begin(): the bytes that are held, the most that were at once, and the largest request.
struct Heap {
  static inline std::atomic<std::ptrdiff_t> held{0}, peak{0};
  static inline std::atomic<std::size_t> largest{0};

  static void take(std::size_t asked, std::size_t got) {
    held += static_cast<std::ptrdiff_t>(got);
    peak = std::max(peak.load(), held.load());
    largest = std::max(largest.load(), asked);
  }
  static void give(std::size_t bytes) { held -= static_cast<std::ptrdiff_t>(bytes); }
  static void begin() {
#ifdef BASIN_SANITIZER_HEAP
    static const int installed = __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void*, std::size_t size) { take(size, size); },
        [](const volatile void* p) { give(__sanitizer_get_allocated_size(const_cast<const void*>(p))); });
    if (installed == 0) std::abort();
#endif
    held = peak = 0;
    largest = 0;
  }
};

#ifndef BASIN_SANITIZER_HEAP
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void __libc_free(void*) noexcept;

void* malloc(std::size_t size) noexcept {
  void* p = __libc_malloc(size);
  if (p != nullptr) Heap::take(size, malloc_usable_size(p));
  return p;
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  void* p = __libc_calloc(count, size);
  if (p != nullptr) Heap::take(count * size, malloc_usable_size(p));
  return p;
}
void* realloc(void* old, std::size_t size) noexcept {
  const std::size_t before = old != nullptr ? malloc_usable_size(old) : 0;
  void* p = __libc_realloc(old, size);
  if (p != nullptr || size == 0) Heap::give(before);
  if (p != nullptr) Heap::take(size, malloc_usable_size(p));
  return p;
}
void free(void* p) noexcept {
  if (p != nullptr) Heap::give(malloc_usable_size(p));
  __libc_free(p);
}
}
#endif
