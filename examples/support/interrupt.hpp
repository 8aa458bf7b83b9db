// Ctrl-C: a flag that long work looks at, so that a program ends cleanly with what it has.
#pragma once
#include <atomic>  // std::atomic

namespace basin::examples {

/// Whether SIGINT or SIGTERM came since install_interrupt_handler.
bool interrupted();
/// The flag itself, for a library function that takes one for cancellation.
const std::atomic<bool>& interrupt_flag();

/// SIGINT and SIGTERM set the flag; another one at least 0.3 s later ends the process at once. (A terminal
/// and a script may both pass on one Ctrl-C: that counts once.)
void install_interrupt_handler();

}  // namespace basin::examples
