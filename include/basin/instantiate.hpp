// What takes long to compile and is the same in most programs, compiled once: matrix products, eigenvalues,
// the search for fixed points, and the fully connected network with its training, orbits and Jacobians, in float and double. With
// BASIN_COMPILED defined, the headers only declare these; one source file, compiled with the same flags and
// macros, includes this header and so holds them. In CMake all of that is `target_link_libraries(app PRIVATE
// basin::compiled)`. Without the macro nobody needs it.
#pragma once
#include "basin/instantiate/fixed_points.hpp"
#include "basin/instantiate/fully_connected.hpp"
#include "basin/instantiate/products.hpp"
#include "basin/instantiate/spectra.hpp"
