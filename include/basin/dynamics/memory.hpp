// How much memory orbits and Jacobians take, to know before they start.
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

}  // namespace basin
