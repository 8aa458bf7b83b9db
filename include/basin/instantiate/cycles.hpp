// The search for cycles, their verdicts, Lyapunov exponents and amplification, in double and for all
// networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include <vector>                        // std::vector
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/cycle_stability.hpp"  // find_and_judge_cycle
#include "basin/dynamics/lyapunov_run.hpp"     // lyapunov_of
#include "basin/dynamics/return_map.hpp"       // linearized_at, return_map, ring_of
#include "basin/dynamics/shooting.hpp"         // shooting_steps, shooting_search
#include "basin/theory/amplification.hpp"      // amplification_of

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template std::vector<LocalMap> linearized_at<void>(const SelfMap&, const Mat<double>&);
BASIN_HELD template LocalMap return_map<void>(const std::vector<LocalMap>&);
BASIN_HELD template std::vector<Mat<double>> ring_of<void>(const std::vector<LocalMap>&);
BASIN_HELD template Mat<double> shooting_steps<void>(const std::vector<LocalMap>&, const Mat<double>&,
                                                     const SearchOptions&);
BASIN_HELD template FoundCycle shooting_search<void>(const SelfMap&, MatIn<double>, const SearchOptions&,
                                                     double);
BASIN_HELD template JudgedCycle find_and_judge_cycle<with_spectra>(const SelfMap&, MatIn<double>,
                                                                   const SearchOptions&, double,
                                                                   const LeadingOptions&);
BASIN_HELD template LyapunovSpectrum lyapunov_of<void>(const TangentStep&, Vec<double>, double,
                                                       const LyapunovOptions&);
BASIN_HELD template Amplification amplification_of<void>(const std::vector<LocalMap>&,
                                                         const AmplificationOptions&);

}  // namespace basin::detail
