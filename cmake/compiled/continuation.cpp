#include "basin/instantiate/continuation.hpp"  // compiled once for all files that link basin::compiled
