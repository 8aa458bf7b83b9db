// What most tests include, read once by the compiler (target_precompile_headers). Each test includes what it
// needs all the same.
#pragma once
#include "basin/basin.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
