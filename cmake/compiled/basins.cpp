#include "basin/instantiate/basins.hpp"  // compiled once for all files that link basin::compiled
