#include "basin/instantiate/cycles.hpp"  // compiled once for all files that link basin::compiled
