// Curves of fixed points, in double and for all networks, compiled once: see basin/instantiate.hpp.
#pragma once
#include "basin/instantiate/bodies.hpp"  // before all other headers of basin

#include "basin/dynamics/continuation.hpp"  // add_accounts, add_tracks, require_continuation
#include "basin/dynamics/curves.hpp"        // join_points
#include "basin/dynamics/follow.hpp"        // follow_branch, judge_formed_at

namespace basin::inline BASIN_ABI::detail {

template Branch follow_branch<void>(MapFamily&, VecIn<double>, double, double, const BranchOptions&);
template LinearStability judge_formed_at<void>(const SelfMap&, VecIn<double>, double);
template JoinedPoints join_points<void>(const CurveWork&, std::vector<ContinuedPoint>);
template void require_continuation<void>(Index, Index, Index, const ContinuationOptions&);
template void add_accounts<void>(Continuation&);
template void add_tracks<void>(Continuation&);

}  // namespace basin::detail
