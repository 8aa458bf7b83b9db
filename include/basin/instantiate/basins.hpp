// What studies of basins compute in double, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/directions.hpp"  // orthonormal, row_space_of, stretched_by

namespace basin::inline BASIN_ABI::detail {

template Mat<double> orthonormal<void>(const Mat<double>&, double);
template Mat<double> jacobian_times<void>(const LocalMap&, const Mat<double>&);
template Mat<double> adjoint_times<void>(const LocalMap&, const Mat<double>&);
template RowSpace row_space_of<void>(const LocalMap&, Index);
template StretchedDirections stretched_by<void>(const std::vector<LocalMap>&, Index, Index);

}  // namespace basin::detail
