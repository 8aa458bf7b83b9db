#include "basin/instantiate/spectra.hpp"  // compiled once for all files that link basin::compiled
