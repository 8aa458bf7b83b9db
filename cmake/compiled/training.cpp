// Compiled once for all files that link basin::compiled.
#include "basin/instantiate/training.hpp"
#include "basin/instantiate/check.hpp"
