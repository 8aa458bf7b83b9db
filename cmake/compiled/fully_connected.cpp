// Compiled once for all files that link basin::compiled.
#include "basin/instantiate/fully_connected.hpp"
#include "basin/instantiate/layers.hpp"
