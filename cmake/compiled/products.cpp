#include "basin/instantiate/products.hpp"  // compiled once for all files that link basin::compiled
