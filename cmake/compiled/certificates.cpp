#include "basin/instantiate/certificates.hpp"  // compiled once for all files that link basin::compiled
