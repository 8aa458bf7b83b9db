#include "support/interrupt.hpp"

#include <signal.h>  // sigaction, raise
#include <time.h>    // clock_gettime
#include <unistd.h>  // write

#include <cerrno>   // errno
#include <cstdint>  // std::int64_t

namespace basin::examples {

namespace {

std::atomic<bool> flag{false};
std::atomic<std::int64_t> first_at{0};  // milliseconds of the steady clock
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

// Only what a signal handler may call.
void on_signal(int signal) {
  const int saved_errno = errno;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t milliseconds = std::int64_t(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
  if (!flag.exchange(true)) {
    first_at = milliseconds;
    static const char message[] = "\ninterrupted: finishing with what there is (once more to stop at once)\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, message, sizeof message - 1);
  } else if (milliseconds - first_at >= 300) {
    ::signal(signal, SIG_DFL);
    raise(signal);  // ends the process when this handler returns
  }
  errno = saved_errno;
}

}  // namespace

bool interrupted() { return flag.load(std::memory_order_relaxed); }

const std::atomic<bool>& interrupt_flag() { return flag; }

void install_interrupt_handler() {
  flag = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGINT);  // one at a time
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace basin::examples
