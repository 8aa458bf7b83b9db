#include "basin/instantiate/fully_connected.hpp"  // compiled once for all files that link basin::compiled
