// What an expression that should fail says when it does.
#pragma once
#include <exception>  // std::exception
#include <string>     // std::string

#include "basin/core/error.hpp"  // detail::text

/// The message of the exception that `action` throws, or "" if it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// text(parts...): the parts one after the other, as an output stream prints them.
using basin::detail::text;
