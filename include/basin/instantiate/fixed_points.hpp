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

template EigenvalueDiscs eigenvalue_discs<void>(const Mat<double>&, double);
template LinearStability judge_matrix<void>(const Mat<double>&, double, double);
template LinearStability stability_of<void>(const Mat<double>&, double, double);
template Vec<double> gmres<void>(const MatrixProduct&, const Vec<double>&, double, Index);
template Vec<double> newton_step<void>(const LocalMap&, const Vec<double>&, const SearchOptions&);
template std::vector<Found> rough_searches<void>(const SelfMap&, MatIn<double>, const SearchOptions&);
template void polish<void>(const SelfMap&, Found&, const SearchOptions&);
template Found newton_search<void>(const SelfMap&, VecIn<double>, const SearchOptions&);
template LinearStability judge<with_spectra>(const LocalMap&, Index, double, double, const LeadingOptions&);
template LinearStability judge_point<with_spectra>(const SelfMap&, const Found&, const LeadingOptions&);
template JudgedPoint search_and_judge<with_spectra>(const SelfMap&, VecIn<double>, const FixedPointOptions&);
template void find_more_points<float, with_spectra>(const SelfMaps&, Index, FixedPoints<float>&, MatIn<float>,
                                                    const FixedPointsOptions&);
template void find_more_points<double, with_spectra>(const SelfMaps&, Index, FixedPoints<double>&,
                                                     MatIn<double>, const FixedPointsOptions&);
template SelfMap ray_map<void>(SelfMap, double);
template Mat<double> followed<void>(const SelfMap&, Mat<double>, Index, const std::function<bool()>&);
template Growth<float> growth_of<float, with_spectra>(const SelfMaps&, Index, Index, const GrowthOptions&);
template Growth<double> growth_of<double, with_spectra>(const SelfMaps&, Index, Index, const GrowthOptions&);

}  // namespace basin::detail
