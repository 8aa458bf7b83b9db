#include "basin/instantiate/training.hpp"  // compiled once for all files that link basin::compiled
