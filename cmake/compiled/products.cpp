// Compiled once for all files that link basin::compiled.
#include "basin/instantiate/products.hpp"
