// Between the headers of a source of basin::compiled: what the headers behind this one list, another source
// holds. (No include guard: it ends what bodies.hpp began.)
#include "basin/instantiate/bodies.hpp"  // BASIN_HELD

#undef BASIN_HELD
#define BASIN_HELD extern
