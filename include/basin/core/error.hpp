// Errors: every message names the function, the argument, what it was and what was expected.
#pragma once
#include <cstddef>           // std::size_t
#include <initializer_list>  // std::initializer_list
#include <locale>            // std::locale
#include <ostream>           // std::ostream
#include <sstream>           // std::ostringstream
#include <stdexcept>         // std::invalid_argument
#include <string>            // std::string

#include "basin/core/config.hpp"  // the checks of flags and macros

namespace basin::inline BASIN_ABI {

/// A file that is missing, truncated or nonsensical. The message names the file, the offset in bytes where it
/// matters, what was found and what was expected.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// One argument of a message and how an output stream prints it: a message of any number of arguments is one
/// list, so that little is compiled where it is written.
class Part {
 public:
  template <class T>
  explicit Part(const T& value) : value_(&value), print_(&print<T>) {}
  template <std::size_t N>
  explicit Part(const char (&words)[N]) : value_(&words), print_(&print_words) {}
  void print_to(std::ostream& out) const { print_(out, value_); }

 private:
  template <class T>
  static void print(std::ostream& out, const void* value) {
    out << *static_cast<const T*>(value);
  }
  static void print_words(std::ostream& out, const void* words) { out << static_cast<const char*>(words); }

  const void* value_;
  void (*print_)(std::ostream&, const void*);
};
template <class = void>
std::string text_of(std::initializer_list<Part> parts);
template <class = void>
[[noreturn]] void refuse(std::initializer_list<Part> parts);

#ifdef BASIN_BODIES
template <class>
std::string text_of(std::initializer_list<Part> parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());  // numbers look the same whatever the program's locale is
  for (const Part& part : parts) part.print_to(out);
  return out.str();
}
template <class>
void refuse(std::initializer_list<Part> parts) {
  throw std::invalid_argument(text_of(parts));
}
#endif

/// The arguments one after the other, as an output stream prints them.
template <class... Parts>
std::string text(const Parts&... parts) {
  return text_of({Part(parts)...});
}

}  // namespace detail

/// Throws std::invalid_argument unless `ok`. Its words are the parts of the message one after the other, as
/// an output stream prints them, and are only put together when they are needed.
template <class... Parts>
void require(bool ok, const Parts&... message) {
  if (!ok) [[unlikely]]
    detail::refuse({detail::Part(message)...});
}

}  // namespace basin
