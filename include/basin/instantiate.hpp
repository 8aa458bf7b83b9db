// What takes long to compile and is the same in most programs, compiled once: matrix products, training,
// eigenvalues, orbits, Jacobians, fixed points and their curves, certificates and basins for all networks;
// the common layers, the fully connected network and those that are known at run time; in float and double.
// With BASIN_COMPILED defined, the headers only declare these; one source file, compiled with the same flags
// and macros, includes this header before all others of basin and so holds them. In CMake all of that is
// `target_link_libraries(app PRIVATE basin::compiled)`. Without the macro nobody needs it.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/instantiate/basins.hpp"
#include "basin/instantiate/certificates.hpp"
#include "basin/instantiate/check.hpp"
#include "basin/instantiate/continuation.hpp"
#include "basin/instantiate/cycles.hpp"
#include "basin/instantiate/erased.hpp"
#include "basin/instantiate/fixed_points.hpp"
#include "basin/instantiate/fully_connected.hpp"
#include "basin/instantiate/layers.hpp"
#include "basin/instantiate/orbits.hpp"
#include "basin/instantiate/products.hpp"
#include "basin/instantiate/spectra.hpp"
#include "basin/instantiate/training.hpp"
