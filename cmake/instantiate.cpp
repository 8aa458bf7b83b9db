// What tests and programs share of the compiled library, see basin/instantiate.hpp.
#include "basin/instantiate.hpp"
