// Two points next to each other with different fates: the edge of a basin lies between them.
#pragma once
#include <algorithm>  // std::find
#include <cstddef>    // std::size_t
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/error.hpp"           // require
#include "basin/core/model_by_calls.hpp"  // ModelByCalls
#include "basin/core/types.hpp"           // Index, Mat, Vec, MatIn
#include "basin/dynamics/attractors.hpp"  // Attractor
#include "basin/dynamics/fates.hpp"       // follow, FateOptions

namespace basin::inline BASIN_ABI {

/// a in the basin id_a, b in another one: ids from 1, -1: lost.
template <class S>
struct EdgePair {
  Vec<S> a, b;                  // the two starts
  Index id_a = -1, id_b = -1;   // their basins
  Index starts = 0;             // whose fates were asked for
  std::vector<Index> met = {};  // the ids that were met between, each once, in the order of meeting
  /// |a - b|, in double.
  double apart() const { return detail::exact_distance<S>(a, b); }
};

namespace detail {

/// The pair of a and b. Throws unless their fates differ and that of a is an attractor.
template <class S>
EdgePair<S> edge_pair(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, VecIn<S> a,
                      VecIn<S> b, const FateOptions& o, const char* who) {
  require(a.size() == f.layer.in_size() && b.size() == a.size(), who, ": a and b have ", a.size(), " and ",
          b.size(), " rows, f expects ", f.layer.in_size());
  Mat<S> both(a.size(), 2);
  both << a, b;
  const Fates fates = follow<S>(f, attractors, both, o);
  require(fates.cancelled || (fates.id[0] > 0 && fates.id[0] != fates.id[1]), who,
          ": a and b must have different fates, that of a an attractor, got ", fates.id[0], " and ",
          fates.id[1]);
  return {a, b, fates.id[0], fates.id[1], 2};
}

/// Brings the pair as near as `gap`, or as numbers of this type can be: sixteen parts at a time, of which the
/// one is kept at whose end the fate is first another than that of a. So b may come to belong to a third
/// basin. False: cancelled.
template <class S>
bool narrow(const ModelByCalls<S>& f, const std::vector<Attractor<S>>& attractors, EdgePair<S>& pair,
            double gap, const FateOptions& o) {
  constexpr Index parts = 16;
  for (double apart = pair.apart(); apart > gap;) {
    Mat<S> between(pair.a.size(), parts - 1);
    for (Index i = 1; i < parts; ++i) between.col(i - 1) = pair.a + (S(i) / S(parts)) * (pair.b - pair.a);
    const Fates fates = follow<S>(f, attractors, between, o);
    if (fates.cancelled) return false;
    pair.starts += fates.size();
    Index first = 0;
    while (first < between.cols() && fates.id[static_cast<std::size_t>(first)] == pair.id_a) ++first;
    for (const Index id : fates.id)
      if (std::find(pair.met.begin(), pair.met.end(), id) == pair.met.end()) pair.met.push_back(id);
    if (first > 0) pair.a = between.col(first - 1);
    if (first < between.cols()) {
      pair.b = between.col(first);
      pair.id_b = fates.id[static_cast<std::size_t>(first)];
    }
    const double now = pair.apart();
    if (!(now < 0.5 * apart)) return true;  // neighbours already
    apart = now;
  }
  return true;
}

}  // namespace detail
}  // namespace basin
