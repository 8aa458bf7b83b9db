// Maps of images that treat rows and columns apart: what resizing and adaptive pooling share.
#pragma once
#include <algorithm>  // std::fill_n
#include <cstddef>    // std::size_t
#include <vector>     // std::vector

#include "basin/core/checked_size.hpp"  // require_output
#include "basin/core/error.hpp"         // require
#include "basin/core/layer.hpp"         // Layer, NoCache
#include "basin/core/shape.hpp"         // Shape, require_shape
#include "basin/core/types.hpp"         // Index, entry
#include "basin/layers/runs.hpp"        // for_runs

namespace basin::inline BASIN_ABI::detail {

/// One term of an output: weight times the input at `source`.
struct WeightedSource {
  Index source;
  double weight;
};
/// For each output along one side its terms.
using SideWeights = std::vector<std::vector<WeightedSource>>;

/// A sparse matrix by rows.
template <class S>
struct SparseRows {
  std::vector<std::size_t> begin{0};  // of each row's terms, and the end of the last
  std::vector<Index> source;
  std::vector<S> weight;

  /// Throws unless there is a row, and every source lies in [0, n).
  SparseRows(const char* who, const char* side, const SideWeights& rows, Index n) {
    require(!rows.empty(), who, ": the ", side, " of the output must be at least 1, got 0");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (const WeightedSource& term : rows[i]) {
        require(term.source >= 0 && term.source < n, who, ": output ", i, " along the ", side,
                " takes input ", term.source, ", expected 0 to ", n - 1);
        source.push_back(term.source);
        weight.push_back(static_cast<S>(term.weight));
      }
      begin.push_back(source.size());
    }
  }
  Index rows() const { return static_cast<Index>(begin.size()) - 1; }
  /// body(source, weight) for the terms of row i.
  template <class Body>
  void for_terms(Index i, const Body& body) const {
    const auto row = static_cast<std::size_t>(i);
    for (std::size_t k = begin[row]; k < begin[row + 1]; ++k) body(source[k], weight[k]);
  }
};

/// y[c] = R x[c] C' for each channel c, R of (output height) x (input height) and C of (output width) x
/// (input width) given by their rows: y[c, i, j] = sum over a, b of R(i, a) C(j, b) x[c, a, b], term by term,
/// so that it serves R and C with few entries in a row.
template <class S>
class SeparableMap {
 public:
  using Scalar = S;
  using Cache = NoCache;
  static constexpr const char* name = "SeparableMap";
  static constexpr bool broadcasts = true;
  static constexpr bool rounded_entries = true;

  /// `who` is what messages call it. Throws unless both sides have an output and all sources lie in the
  /// image.
  SeparableMap(const char* who, const Shape& in, const SideWeights& rows, const SideWeights& cols)
      : in_(in),
        rows_(who, "height", rows, in.height),
        cols_(who, "width", cols, in.width),
        out_{in.channels, rows_.rows(), cols_.rows()} {
    require_shape(in, who);
    require_output(who, "rows and columns", out_);
  }
  Index in_size() const { return in_.size(); }
  Index out_size() const { return out_.size(); }
  Index param_size() const { return 0; }
  Shape in_shape() const { return in_; }
  Shape out_shape() const { return out_; }
  Index multiply_adds() const {
    return in_.channels * (static_cast<Index>(rows_.source.size() * cols_.source.size()) + out_.pixels());
  }

  void forward(VecIn<S>, MatIn<S> x, MatOut<S> y, Cache&) const { apply(x, y); }
  void jvp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> x_dot, MatOut<S> y_dot) const {
    apply(x_dot, y_dot);
  }
  void vjp(VecIn<S>, MatIn<S>, MatIn<S>, Cache&, MatIn<S> y_bar, MatOut<S> x_bar, VecOut<S>) const {
    if (x_bar.size() == 0) return;
    each_channel(y_bar.cols(), [&](Index n, Index c) {
      const S* from = entry(y_bar, c * out_.pixels(), n);
      S* to = entry(x_bar, c * in_.pixels(), n);
      std::fill_n(to, in_.pixels(), S(0));
      for_outputs([&](Index p, Index i, Index j) {
        rows_.for_terms(i, [&](Index a, S r) {
          const S share = r * from[p];
          cols_.for_terms(j, [&](Index b, S w) { to[a * in_.width + b] += share * w; });
        });
      });
    });
  }

  template <class Visit>
  void for_entries(VecIn<S>, const Visit& visit) const {
    for (Index c = 0; c < in_.channels; ++c)
      for_outputs([&](Index p, Index i, Index j) {
        rows_.for_terms(i, [&](Index a, S r) {
          cols_.for_terms(j, [&](Index b, S w) { visit(c * out_.pixels() + p, in_.at(c, a, b), r * w); });
        });
      });
  }

 private:
  void apply(MatIn<S> x, MatOut<S> y) const {
    each_channel(x.cols(), [&](Index n, Index c) {
      const S* from = entry(x, c * in_.pixels(), n);
      S* to = entry(y, c * out_.pixels(), n);
      for_outputs([&](Index p, Index i, Index j) {
        S sum = 0;
        rows_.for_terms(i, [&](Index a, S r) {
          S row = 0;
          cols_.for_terms(j, [&](Index b, S w) { row += w * from[a * in_.width + b]; });
          sum += r * row;
        });
        to[p] = sum;
      });
    });
  }
  /// body(pixel, row, column) for each output pixel of a channel.
  template <class Body>
  void for_outputs(const Body& body) const {
    Index p = 0;
    for (Index i = 0; i < out_.height; ++i)
      for (Index j = 0; j < out_.width; ++j, ++p) body(p, i, j);
  }
  /// body(column, channel)
  template <class Body>
  void each_channel(Index columns, const Body& body) const {
    for_runs(columns, in_.channels, multiply_adds() / in_.channels, body);
  }

  Shape in_;
  SparseRows<S> rows_, cols_;
  Shape out_;
};

}  // namespace basin::detail
