#include "basin/instantiate/erased.hpp"  // compiled once for all files that link basin::compiled
