// Compiled once for all files that link basin::compiled.
#include "basin/instantiate/certificates.hpp"
#include "basin/instantiate/continuation.hpp"

#include "basin/instantiate/elsewhere.hpp"

#include "basin/instantiate/basins.hpp"
#include "basin/instantiate/cycles.hpp"
#include "basin/instantiate/fixed_points.hpp"
#include "basin/instantiate/orbits.hpp"
#include "basin/instantiate/spectra.hpp"
