// The search for fixed points and their verdicts, in double and for all networks, compiled once: see
// basin/instantiate.hpp.
#pragma once
#include "basin/dynamics/fixed_point.hpp"  // judge_point, search_and_judge
#include "basin/dynamics/newton.hpp"       // newton_search
#include "basin/dynamics/stability.hpp"    // judge_block, judge_matrix, stability_of

namespace basin::inline BASIN_ABI::detail {

template LinearStability judge_block<void>(const Mat<double>&, double);
template LinearStability judge_matrix<void>(const Mat<double>&, double, double);
template LinearStability stability_of<void>(const Mat<double>&, double, double);
template Found newton_search<void>(const SelfMap&, VecIn<double>, const SearchOptions&);
template LinearStability judge_point<with_spectra>(const SelfMap&, const Found&, const LeadingOptions&);
template JudgedPoint search_and_judge<with_spectra>(const SelfMap&, VecIn<double>, const FixedPointOptions&);

}  // namespace basin::detail
