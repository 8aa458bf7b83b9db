// How much memory orbits, Jacobians and searches for fixed points take, to know before they start.
#pragma once
#include <algorithm>  // std::max, std::min
#include <optional>   // std::optional

#include "basin/core/checked_size.hpp"      // checked_size, checked_sum
#include "basin/core/cut.hpp"               // Cut
#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer, broadcasts, cache_bytes, infer_bytes, packed_bytes
#include "basin/core/parallel.hpp"          // column_range, num_threads
#include "basin/core/paths.hpp"             // tangents_at_once
#include "basin/core/scratch.hpp"           // bytes
#include "basin/dynamics/fixed_points.hpp"  // FixedPointsOptions, searches_together
#include "basin/dynamics/jacobian.hpp"      // narrow_cut
#include "basin/dynamics/moving_batch.hpp"  // columns_together
#include "basin/dynamics/orbit.hpp"         // OrbitOptions, OrbitEnd

namespace basin::inline BASIN_ABI {

/// Bytes, by what they are for.
struct OrbitMemory {
  Index result = 0;   // the Orbit that is returned: ends, snapshots, steps
  Index weights = 0;  // in the form in which products read them fastest
  Index batches = 0;  // the columns that threads iterate at a time
  Index total() const { return result + weights + batches; }
};

/// The most memory that orbit(f, x0, options) takes at a time for so many columns of x0, beside x0 and f:
/// known from sizes alone, nothing is allocated. It counts num_threads() threads; each has, on top, a few
/// megabytes in which products and convolutions arrange their factors. Layers without `infer_bytes` (see
/// Layer) count as keeping what they keep for derivatives, those without `cache_bytes` as keeping nothing.
/// Throws unless columns is from 0 to 2^48 and the bytes are fewer than 2^62.
template <Layer F>
[[nodiscard]] OrbitMemory orbit_memory(const F& f, Index columns, const OrbitOptions& options = {}) {
  using S = typename F::Scalar;
  require(columns >= 0, "orbit_memory: columns must be >= 0, got ", columns);
  require(columns <= Index(1) << 48, "orbit_memory: columns must be at most 2^48, got ", columns);
  const auto matrices = 1 + static_cast<Index>(options.snapshots.size());
  const Index values = detail::checked_size({matrices, detail::bytes<S>(f.in_size(), columns)},
                                            "orbit_memory: columns = ", columns, " and ", matrices - 1,
                                            " snapshots are too many bytes");
  const Index notes = columns * static_cast<Index>(sizeof(Index) + sizeof(OrbitEnd));
  OrbitMemory m;
  m.result = detail::checked_sum({values, notes}, "orbit_memory: columns = ", columns, " are too many bytes");
  if (columns == 0) return m;
  if (options.max_steps > 1) m.weights = packed_bytes(f);
  const Index together = detail::columns_together(f.param_size()),
              parts = (columns + together - 1) / together;
  const Index size = column_range(columns, parts, 0).size;
  const Index batch = detail::bytes<S>(f.in_size() + f.out_size(), size) + infer_bytes(f, size) +
                      size * static_cast<Index>(sizeof(Index));
  m.batches = std::min<Index>(num_threads(), parts) * batch;
  (void)detail::checked_sum({m.result, m.weights, m.batches}, "orbit_memory: columns = ", columns,
                            " are too many bytes");
  return m;
}

/// Bytes, by what they are for.
struct JacobianMemory {
  Index result = 0;   // the Jacobian that is returned
  Index factors = 0;  // the two that meet where the network is narrow
  Index batches = 0;  // tangents and cotangents on their way; the copy that is transposed, if that is more
  Index total() const { return result + factors + batches; }
};

/// The most memory that jacobian(f, x) takes at a time; otherwise as orbit_memory.
template <Layer F>
[[nodiscard]] JacobianMemory jacobian_memory(const F& f) {
  using S = typename F::Scalar;
  const Index n = f.in_size(), m = f.out_size();
  const std::optional<detail::Cut> cut = detail::narrow_cut(f);
  JacobianMemory memory;
  memory.result = detail::bytes<S>(m, n);
  if (cut) memory.factors = detail::bytes<S>(n + m, cut->rows);
  const Index directions = cut ? cut->rows : std::min(n, m), blocks = (directions + 127) / 128;
  const Index parts = cut ? 2 * blocks : blocks;
  const Index size =
      std::min(detail::tangents_at_once(cache_bytes(f, 1)), column_range(directions, blocks, 0).size);
  const bool once = broadcasts(f);  // then one point serves all tangents
  const Index points = once ? 1 : size;
  const Index kept =
      once ? cache_bytes(f, 1) - infer_bytes(f, 1) + infer_bytes(f, size) : cache_bytes(f, size);
  const Index batch = detail::bytes<S>(n + m, points) + detail::bytes<S>(directions, size) + kept;
  memory.batches = std::min<Index>(num_threads(), parts) * batch;
  if (!cut && n > m) memory.batches = std::max(memory.batches, memory.result);  // J' is transposed
  (void)detail::checked_sum({memory.result, memory.factors, memory.batches}, "jacobian_memory: f has ", n,
                            " inputs and ", m, " outputs: too many bytes");
  return memory;
}

/// Bytes, by what they are for.
struct FixedPointsMemory {
  Index ends = 0;      // where each search ended, in double
  Index result = 0;    // the FixedPoints, if each start leads to a point of its own
  Index searches = 0;  // Newton's steps of the searches that threads make at a time
  Index verdicts = 0;  // Jacobians and eigenvalues of the points that threads judge at a time
  Index total() const { return ends + std::max(searches, result + std::max(ends, verdicts)); }
};

namespace detail {

/// What a search for fixed points keeps of J = df/dx at one point (LocalMap), n dimensions.
struct LocalMapMemory {
  Index rank = 0;     // of J = D E; n where J is formed whole; 0 where it is known by products alone
  Index held = 0;     // while it is used
  Index forming = 0;  // at most, until it is there
};
template <Layer F>
LocalMapMemory local_map_memory(const F& f, const SearchOptions& options) {
  using S = typename F::Scalar;
  const Index n = f.in_size();
  LocalMapMemory m;
  if (const std::optional<Cut> cut = narrow_cut(f); cut && cut->rows <= options.factor_up_to) {
    const Index own = bytes<S>(2 * n, cut->rows);  // D and E' as f computes them
    m.rank = cut->rows;
    m.held = bytes<double>(2 * n, m.rank);
    m.forming = own + std::max({jacobian_memory(f).batches, own / 2, m.held});
  } else if (n <= options.form_up_to) {
    m.rank = n;
    m.held = bytes<double>(n, n);
    m.forming = bytes<S>(n, n) + std::max(jacobian_memory(f).batches, m.held);
  } else {
    m.held = m.forming = bytes<S>(2 * n) + cache_bytes(f, 1);
  }
  return m;
}

/// A group of `size` searches side by side (rough_searches): each has x, f(x) and its step beside its start;
/// then the Krylov spaces of all with what J is multiplied by, or one Newton step by itself.
template <Layer F>
Index search_memory(const F& f, Index size, const SearchOptions& options) {
  using S = typename F::Scalar;
  const Index n = f.in_size();
  const auto krylov = [n](Index most) { return bytes<double>(n + most, most + 1); };
  const Index kept = bytes<double>(4 * n, size) + (size > 1 ? packed_bytes(f) + infer_bytes(f, size) : 0);
  Index together = 0;
  if (n > formed_at_once)
    together = size * krylov(std::min(few_products, n)) + bytes<double>(4 * n, size) + bytes<S>(4 * n, size) +
               cache_bytes(f, size);
  const LocalMapMemory J = local_map_memory(f, options);
  const Index solving =
      J.rank > 0 ? bytes<double>(2 * J.rank, J.rank) + J.held : J.held + krylov(std::min(options.krylov, n));
  return kept + std::max({together, J.forming, solving});
}

/// judge_matrix for n rows, undecided by powers: the matrix, and twelve more of its size where eigenvectors,
/// their inverse and two residuals are there, all complex, and three in which their product is packed.
inline Index judge_memory(Index n) { return bytes<double>(16 * n, n); }

/// judge_point: J beside a second one where slopes are compared, then the verdict.
template <Layer F>
Index verdict_memory(const F& f, const SearchOptions& options) {
  const Index n = f.in_size();
  const LocalMapMemory J = local_map_memory(f, options);
  const Index space = bytes<double>(2 * n, std::min<Index>(n, J.rank > 0 ? 40 : 100));  // for |J|_2
  Index verdict = space;
  if (J.rank == n)
    verdict = judge_memory(n);
  else if (J.rank > 0)
    verdict = std::max(judge_memory(J.rank) + bytes<double>(J.rank, J.rank), space);
  return J.held + std::max(J.forming, verdict);
}

}  // namespace detail

/// The most memory that find_fixed_points(f, x0, options) takes at a time for so many columns of x0; for one
/// column, that of find_fixed_point. Otherwise as orbit_memory. Each search counts as one that needs all of
/// options.point.search.krylov products where J is not formed, and each verdict as one that the powers of J
/// leave open; where leading eigenvalues need a larger Krylov space than the first one
/// (LeadingOptions::enlargements), that is not counted.
template <Layer F>
[[nodiscard]] FixedPointsMemory fixed_points_memory(const F& f, Index columns,
                                                    const FixedPointsOptions& options = {}) {
  using S = typename F::Scalar;
  require(f.in_size() == f.out_size(), "fixed_points_memory: f maps ", f.in_size(), " rows to ", f.out_size(),
          ", expected as many");
  require(columns >= 0 && columns <= Index(1) << 48, "fixed_points_memory: columns must be from 0 to 2^48, ",
          "got ", columns);
  detail::require_fixed_point_options(options.point, "fixed_points_memory");
  FixedPointsMemory m;
  if (columns == 0) return m;
  const SearchOptions& search = options.point.search;
  const auto of_each = [columns](Index numbers, std::size_t rest) {
    return detail::checked_sum({numbers, columns * static_cast<Index>(rest)},
                               "fixed_points_memory: columns = ", columns, " are too many bytes");
  };
  m.ends = of_each(detail::bytes<double>(f.in_size(), columns), sizeof(detail::Found));
  m.result = of_each(detail::bytes<S>(f.in_size(), columns), sizeof(LinearStability) + 4 * sizeof(double));
  const Index together = detail::searches_together(cache_bytes(f, 1));
  const Index groups = (columns + together - 1) / together;
  m.searches = std::min<Index>(num_threads(), groups) *
               detail::search_memory(f, column_range(columns, groups, 0).size, search);
  m.verdicts = std::min<Index>(num_threads(), columns) * detail::verdict_memory(f, search);
  (void)detail::checked_sum({m.ends, m.ends, m.result, m.searches, m.verdicts},
                            "fixed_points_memory: columns = ", columns, " are too many bytes");
  return m;
}

}  // namespace basin
