// What studies of basins compute in double, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/directions.hpp"  // orthonormal, row_space_of, stretched_by

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template Mat<double> orthonormal<void>(const Mat<double>&, double);
BASIN_HELD template Mat<double> jacobian_times<void>(const LocalMap&, const Mat<double>&);
BASIN_HELD template Mat<double> adjoint_times<void>(const LocalMap&, const Mat<double>&);
BASIN_HELD template RowSpace row_space_of<void>(const LocalMap&, Index);
BASIN_HELD template StretchedDirections stretched_by<void>(const std::vector<LocalMap>&, Index, Index);

}  // namespace basin::detail
