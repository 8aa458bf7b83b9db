// What the bounds of certify/ assume of the machine, checked at compile time.
#pragma once
#include <cfloat>  // FLT_EVAL_METHOD
#include <limits>  // std::numeric_limits

#include "basin/core/config.hpp"  // refuses -ffast-math, which changes sums and flushes small numbers to 0

// An operation is correctly rounded to 53 bits, and is exact where its result is below the normal numbers and
// no product or quotient.
static_assert(std::numeric_limits<double>::is_iec559 && std::numeric_limits<double>::digits == 53,
              "basin/certify needs IEEE 754 double precision");
static_assert(FLT_EVAL_METHOD == 0, "basin/certify needs operations of doubles that are rounded to double");
