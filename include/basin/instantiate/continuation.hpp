// Curves of fixed points, in double and for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/continuation.hpp"  // add_accounts, add_tracks, require_continuation
#include "basin/dynamics/curves.hpp"        // join_points
#include "basin/dynamics/follow.hpp"        // follow_branch, judge_formed_at

namespace basin::inline BASIN_ABI::detail {

BASIN_HELD template Branch follow_branch<void>(MapFamily&, VecIn<double>, double, double,
                                               const BranchOptions&);
BASIN_HELD template LinearStability judge_formed_at<void>(const SelfMap&, VecIn<double>, double);
BASIN_HELD template JoinedPoints join_points<void>(const CurveWork&, std::vector<ContinuedPoint>);
BASIN_HELD template void require_continuation<void>(Index, Index, Index, const ContinuationOptions&);
BASIN_HELD template void add_accounts<void>(Continuation&);
BASIN_HELD template void add_tracks<void>(Continuation&);

}  // namespace basin::detail
