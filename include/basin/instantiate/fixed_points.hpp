// The search for fixed points and their verdicts, in double and for all networks, compiled once: see
// basin/instantiate.hpp.
#pragma once
#include <functional>  // std::function

#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/fixed_point.hpp"   // judge, judge_point, search_and_judge
#include "basin/dynamics/fixed_points.hpp"  // find_more_points
#include "basin/dynamics/growth.hpp"        // growth_of, ray_map ...
#include "basin/dynamics/newton.hpp"        // gmres, newton_step, rough_searches ...
#include "basin/dynamics/stability.hpp"     // eigenvalue_discs, judge_matrix, stability_of

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template EigenvalueDiscs eigenvalue_discs<void>(const Mat<double>&, double);
BASIN_HELD template LinearStability judge_matrix<void>(const Mat<double>&, double, double);
BASIN_HELD template LinearStability stability_of<void>(const Mat<double>&, double, double);
BASIN_HELD template Vec<double> gmres<void>(const MatrixProduct&, const Vec<double>&, double, Index);
BASIN_HELD template Vec<double> newton_step<void>(const LocalMap&, const Vec<double>&, const SearchOptions&);
BASIN_HELD template std::vector<Found> rough_searches<void>(const SelfMap&, MatIn<double>,
                                                            const SearchOptions&);
BASIN_HELD template void polish<void>(const SelfMap&, Found&, const SearchOptions&);
BASIN_HELD template Found newton_search<void>(const SelfMap&, VecIn<double>, const SearchOptions&);
BASIN_HELD template LinearStability judge<with_spectra>(const LocalMap&, Index, double, double,
                                                        const LeadingOptions&);
BASIN_HELD template LinearStability judge_point<with_spectra>(const SelfMap&, const Found&,
                                                              const LeadingOptions&);
BASIN_HELD template JudgedPoint search_and_judge<with_spectra>(const SelfMap&, VecIn<double>,
                                                               const FixedPointOptions&);
BASIN_HELD template void find_more_points<float, with_spectra>(const SelfMaps&, Index, FixedPoints<float>&,
                                                               MatIn<float>, const FixedPointsOptions&);
BASIN_HELD template void find_more_points<double, with_spectra>(const SelfMaps&, Index, FixedPoints<double>&,
                                                                MatIn<double>, const FixedPointsOptions&);
BASIN_HELD template SelfMap ray_map<void>(SelfMap, double);
BASIN_HELD template Mat<double> followed<void>(const SelfMap&, Mat<double>, Index,
                                               const std::function<bool()>&);
BASIN_HELD template Growth<float> growth_of<float, with_spectra>(const SelfMaps&, Index, Index,
                                                                 const GrowthOptions&);
BASIN_HELD template Growth<double> growth_of<double, with_spectra>(const SelfMaps&, Index, Index,
                                                                   const GrowthOptions&);

}  // namespace basin::detail
