#include "basin/instantiate/fixed_points.hpp"  // compiled once for all files that link basin::compiled
#include "basin/instantiate/cycles.hpp"        // what they use, they share
