// The first header of a source of basin::compiled: it gives the file the bodies that other files are spared
// (BASIN_BODIES in core/config.hpp).
#pragma once
#if defined(BASIN_ABI) && !defined(BASIN_BODIES)
#error "basin: include basin/instantiate.hpp before all other headers of basin"
#endif
#ifndef BASIN_INSTANTIATE
#define BASIN_INSTANTIATE
#endif

/// Before an instantiation that a second source would repeat, since it sees the body: nothing where this file
/// holds it, `extern` behind basin/instantiate/elsewhere.hpp.
#define BASIN_HELD
