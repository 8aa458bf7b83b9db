// The one place where threads are started. Work is cut into parts by rules that never look at the number of
// threads, and parts are added up in a fixed order: results are bit for bit the same for any thread count.
#pragma once
#include <algorithm>  // std::fill_n, std::max
#include <atomic>     // std::atomic
#include <exception>  // std::exception_ptr
#include <limits>     // std::numeric_limits

#include "basin/core/crowding.hpp"  // Crowding
#include "basin/core/error.hpp"     // require
#include "basin/core/types.hpp"     // Index, MatOut
#ifdef _OPENMP
#include <omp.h>  // omp_get_max_threads
#endif

namespace basin::inline BASIN_ABI {

namespace detail {
inline std::atomic<int>& thread_setting() {
  static std::atomic<int> threads{0};  // 0: as many as OpenMP gives
  return threads;
}
}  // namespace detail

/// The number of threads that basin uses: what set_num_threads said, else OpenMP's (1 without OpenMP).
[[nodiscard]] inline int num_threads() {
#ifdef _OPENMP
  const int n = detail::thread_setting();
  return n > 0 ? n : omp_get_max_threads();
#else
  return 1;
#endif
}

/// Sets the number of threads for all later work; 0 returns the choice to OpenMP. Throws if n < 0.
inline void set_num_threads(int n) {
  require(n >= 0, "set_num_threads: n must be >= 0, got ", n);
  detail::thread_setting() = n;
}

/// The number of threads that a parallel_for called here would use: 1 inside a parallel region.
[[nodiscard]] inline int free_threads() {
#ifdef _OPENMP
  return omp_in_parallel() ? 1 : num_threads();
#else
  return 1;
#endif
}

namespace detail {

/// The body of a parallel_for, whatever its type: what starts threads is compiled once.
struct PartBody {
  const void* body;
  void (*call)(const void* body, Index part);
  void operator()(Index part) const { call(body, part); }
};

/// body(0), ..., body(parts - 1); `last` are the seconds that the calling thread's last one of this kind
/// took.
template <class = void>
void run_parts(Index parts, const PartBody& body, double& last);

/// Seconds that the calling thread's last parallel_for of this kind (this type of Body) took.
template <class Body>
double& last_seconds() {
  thread_local double seconds = std::numeric_limits<double>::infinity();
  return seconds;
}

#ifdef BASIN_BODIES
#ifdef _OPENMP
/// run_parts by a team of `threads` > 1, called at the time `called`; returns the time when it ended. Tells
/// `crowding` what the calling thread saw.
template <class = void>
double by_team(Index parts, int threads, const PartBody& body, double called, Crowding& crowding) {
  std::exception_ptr error;
  Index error_part = parts;
  double now = called, longest = 0, waited = 0;  // of the calling thread
#pragma omp parallel num_threads(threads)
  {
    const bool caller = omp_get_thread_num() == 0;
    if (caller) {
      now = steady_seconds();
      waited = now - called;
    }
#pragma omp for schedule(dynamic, 1) nowait
    for (Index i = 0; i < parts; ++i) {
      try {
        body(i);
      } catch (...) {
#pragma omp critical(basin_parallel_for)
        if (i < error_part) {
          error_part = i;
          error = std::current_exception();
        }
      }
      if (caller) {
        const double begun = now;
        now = steady_seconds();
        longest = std::max(longest, now - begun);
      }
    }
  }
  const double end = steady_seconds();
  crowding.saw(end, longest, waited + (end - now));
  if (error) std::rethrow_exception(error);
  return end;
}

/// What the calling thread saw of the cores.
inline Crowding& crowding() {
  thread_local Crowding seen;
  return seen;
}

/// Work that takes longer is not done alone: a time slice is little against it.
inline constexpr double brief_seconds = 0.02;
#endif

template <class>
void run_parts(Index parts, const PartBody& body, [[maybe_unused]] double& last) {
  const auto alone = [&] {
    for (Index i = 0; i < parts; ++i) body(i);
  };
#ifdef _OPENMP
  const int most = free_threads(), threads = static_cast<int>(parts < most ? parts : most);
  if (threads > 1) {
    const double begin = steady_seconds();
    double end;
    if (last < brief_seconds && crowding().alone(begin)) {
      alone();
      end = steady_seconds();
    } else {
      end = by_team(parts, threads, body, begin, crowding());
    }
    last = end - begin;
    return;
  }
#endif
  alone();
}
#endif

}  // namespace detail

/// body(0), ..., body(parts - 1), spread over num_threads() threads; inside a parallel region, one after the
/// other, and brief work also where other processes keep the cores so busy that a team is slower
/// (core/crowding.hpp). An exception thrown by a part is rethrown here (of several, that of the first part).
/// `body` is an object with operator(), such as a lambda.
template <class Body>
void parallel_for(Index parts, const Body& body) {
  const detail::PartBody any{&body, [](const void* b, Index i) { (*static_cast<const Body*>(b))(i); }};
  if (parts == 1)  // small networks have this many times a step: nothing is asked, nobody is called
    any(0);
  else
    detail::run_parts(parts, any, detail::last_seconds<Body>());
}

/// The columns (or other items) [begin, begin + size) of part `k` when `columns` are cut into `parts` almost
/// equal parts.
struct ColumnRange {
  Index begin, size;  // the first, and how many
};
/// See ColumnRange; `k` from 0.
[[nodiscard]] inline ColumnRange column_range(Index columns, Index parts, Index k) {
  const Index begin = columns * k / parts;
  return {begin, columns * (k + 1) / parts - begin};
}

/// body(part) for contiguous parts of [0, size), each of at least `least` items, or one part if there are
/// fewer.
template <class Body>
void parallel_parts(Index size, Index least, const Body& body) {
  const Index parts = size < 2 * least ? 1 : size / least;
  parallel_for(parts, [&](Index k) { body(column_range(size, parts, k)); });
}

/// How many numbers, read or written once, are worth a thread: some 10 microseconds.
inline constexpr Index numbers_for_a_thread = 1 << 15;

/// v[0] = ... = v[size - 1] = 0.
template <class S>
void parallel_zero(S* v, Index size) {
  parallel_parts(size, numbers_for_a_thread,
                 [v](ColumnRange part) { std::fill_n(v + part.begin, part.size, S(0)); });
}
/// m = 0.
template <class S>
void parallel_zero(MatOut<S> m) {
  if (m.outerStride() == m.rows())
    parallel_zero(m.data(), m.size());
  else
    m.setZero();
}

}  // namespace basin
