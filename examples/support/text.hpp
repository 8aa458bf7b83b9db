// Words and numbers put together.
#pragma once
#include "basin/core/error.hpp"  // detail::text

namespace basin::examples {

/// text(parts...): the parts one after the other, as an output stream prints them.
using basin::detail::text;

}  // namespace basin::examples
