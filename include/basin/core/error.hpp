// Errors: every message names the function, the argument, what it was and what was expected.
#pragma once
#include <sstream>    // std::ostringstream
#include <stdexcept>  // std::invalid_argument
#include <string>     // std::string

#include "basin/core/config.hpp"  // the checks of flags and macros

namespace basin::inline BASIN_ABI {

/// A file that is missing, truncated or nonsensical. The message names the file, the offset in bytes where it
/// matters, what was found and what was expected.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {
/// The arguments one after the other, as an output stream prints them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
}  // namespace detail

/// Throws std::invalid_argument unless `ok`. Its words are the parts of the message one after the other, as
/// an output stream prints them, and are only put together when they are needed.
template <class... Parts>
void require(bool ok, const Parts&... message) {
  if (!ok) [[unlikely]]
    throw std::invalid_argument(detail::text(message...));
}

}  // namespace basin
