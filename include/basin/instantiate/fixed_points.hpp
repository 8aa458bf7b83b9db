// The search for fixed points and their verdicts, in double and for all networks, compiled once: see
// basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/fixed_point.hpp"  // judge, judge_point, search_and_judge
#include "basin/dynamics/newton.hpp"       // gmres, newton_step, rough_searches ...
#include "basin/dynamics/stability.hpp"    // eigenvalue_discs, judge_matrix, stability_of

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

}  // namespace basin::detail
