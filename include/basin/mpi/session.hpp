// MPI from its start to its end, and its errors as exceptions.
#pragma once
#include <chrono>     // std::chrono
#include <cstdio>     // std::fprintf
#include <exception>  // std::uncaught_exceptions
#include <stdexcept>  // std::runtime_error
#include <string>     // std::string
#include <thread>     // std::this_thread::sleep_for

#include "basin/core/config.hpp"  // BASIN_ABI
#include "basin/core/error.hpp"   // require
#if !__has_include(<mpi.h>)
#error \
    "basin/mpi/ needs MPI: install it and link it (Debian: libopenmpi-dev; CMake: basin_add_mpi(), basin::mpi)"
#endif
// The C interface alone: the C++ one, which some libraries still have, is no part of the standard any more.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>  // MPI_Init_thread

namespace basin::inline BASIN_ABI::mpi {

/// A call of MPI that failed: "MPI_Send: " and MPI's own words.
class Error : public std::runtime_error {
 public:
  /// `call` returned `code`.
  Error(const std::string& call, int code) : std::runtime_error(call + ": " + words(code)), code_(code) {}
  /// What the call returned.
  int code() const { return code_; }

 private:
  static std::string words(int code) {
    char buffer[MPI_MAX_ERROR_STRING + 1];
    int length = 0;
    if (MPI_Error_string(code, buffer, &length) != MPI_SUCCESS) return "error " + std::to_string(code);
    return {buffer, static_cast<std::size_t>(length)};
  }
  int code_;
};

namespace detail {

inline void check(int code, const char* call) {
  if (code != MPI_SUCCESS) throw Error(call, code);
}

/// Between two looks at whether something came: MPI's own waits keep a core busy, which the tasks need. Short
/// at first, up to half a millisecond later on.
class Nap {
 public:
  void take() {
    std::this_thread::sleep_for(std::chrono::microseconds(length_));
    if (length_ < 500) length_ += length_;
  }
  void restart() { length_ = 8; }

 private:
  int length_ = 8;
};

}  // namespace detail

/// MPI is there as long as this object. If it was initialised before, by other code of the program, that
/// code also ends it.
///
///     int main() {
///       const mpi::Session session;
///       const mpi::Ranks ranks;
///       ...
///     }
class Session {
 public:
  /// Initialises MPI, asking for MPI_THREAD_FUNNELED, which a rank 0 that computes needs. Errors of MPI
  /// become exceptions from here on. Throws std::invalid_argument if MPI was ended already: it cannot begin
  /// anew.
  Session() {
    int ended = 0, begun = 0;
    detail::check(MPI_Finalized(&ended), "MPI_Finalized");
    require(ended == 0, "mpi::Session: MPI was finalized before in this process, and cannot begin anew");
    detail::check(MPI_Initialized(&begun), "MPI_Initialized");
    if (begun != 0) return;
    int level = 0;
    detail::check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
    own_ = true;
    detail::check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Ends MPI when every rank has come here. A rank that leaves by an exception waits 3 seconds for the
  /// others, which they need if it was thrown on all of them, as run_tasks does.
  ~Session() { close(std::uncaught_exceptions() > exceptions_ ? 3 : -1); }

  /// Ends MPI now, if it is this object's to end. All ranks call it; one that gives the others `patience`
  /// seconds (< 0: for ever) then ends the whole run by MPI_Abort, so that nobody waits for what will not
  /// come. Throws nothing.
  void close(double patience = -1) noexcept {
    int ended = 0;
    if (!own_ || MPI_Finalized(&ended) != MPI_SUCCESS || ended != 0) return;
    own_ = false;
    if (!all_are_here(patience)) {
      int rank = -1;
      MPI_Comm_rank(MPI_COMM_WORLD, &rank);
      std::fprintf(stderr, "mpi::Session: rank %d ends after an error while others work: ending the run\n",
                   rank);
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Finalize();
  }

 private:
  /// Waits for the other ranks without keeping a core busy.
  static bool all_are_here(double patience) noexcept {
    MPI_Request barrier = MPI_REQUEST_NULL;
    if (MPI_Ibarrier(MPI_COMM_WORLD, &barrier) != MPI_SUCCESS) return false;
    const auto start = std::chrono::steady_clock::now();
    detail::Nap nap;
    for (int done = 0;;) {
      if (MPI_Test(&barrier, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return false;
      if (done != 0) return true;
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
      if (patience >= 0 && waited.count() > patience) return false;
      nap.take();
    }
  }

  bool own_ = false;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace basin::mpi
