// Distributions of starts with a name, drawn block by block with the same bits for blocks of any size.
#pragma once
#include <cstdint>     // std::uint64_t
#include <functional>  // std::function
#include <memory>      // std::make_shared
#include <string>      // std::string

#include "basin/core/error.hpp"     // require
#include "basin/core/parallel.hpp"  // ColumnRange
#include "basin/core/random.hpp"    // Random, SplitMix64
#include "basin/core/types.hpp"     // Index, Mat, Vec

namespace basin::inline BASIN_ABI {

/// A sequence of starts: number k is the same whoever asks, in whatever block.
template <class S>
struct StartDistribution {
  std::string name;                                         // "uniform on [0, 1)"
  Index size = 0;                                           // rows
  Index count = -1;                                         // so many there are; -1: as many as one likes
  std::function<void(Index k, Eigen::Ref<Vec<S>> x)> draw;  // writes start k

  /// The starts [begin, begin + size) as columns. Throws if there are not so many.
  Mat<S> operator()(ColumnRange block) const {
    require(block.begin >= 0 && block.size >= 0 && (count < 0 || block.begin + block.size <= count),
            "StartDistribution: starts ", block.begin, " to ", block.begin + block.size, " of ", name,
            ", of which there are ", count);
    Mat<S> x(size, block.size);
    for (Index j = 0; j < block.size; ++j) draw(block.begin + j, x.col(j));
    return x;
  }
  /// The first n starts.
  Mat<S> first(Index n) const { return (*this)(ColumnRange{0, n}); }
};

namespace detail {
/// A generator for start k alone.
inline Random random_of_start(std::uint64_t seed, Index k) {
  SplitMix64 hash(seed);
  return Random(hash() + static_cast<std::uint64_t>(k) * 0x9e3779b97f4a7c15u);
}
}  // namespace detail

/// Uniform on the box lo_i <= x_i < hi_i. Throws unless lo <= hi and both are finite and of the same size >=
/// 1.
template <class S>
[[nodiscard]] StartDistribution<S> uniform_box(const Vec<double>& lo, const Vec<double>& hi,
                                               std::uint64_t seed) {
  require(lo.size() == hi.size() && lo.size() >= 1, "uniform_box: lo and hi have ", lo.size(), " and ",
          hi.size(), " entries, expected as many, at least 1");
  require((lo.array() <= hi.array()).all() && (hi - lo).allFinite(),
          "uniform_box: every lo must be <= its hi, and both finite");
  const bool cube = lo.minCoeff() == lo.maxCoeff() && hi.minCoeff() == hi.maxCoeff();
  return {cube ? detail::text("uniform on [", lo[0], ", ", hi[0], ")") : "uniform on a box", lo.size(), -1,
          [lo, hi, seed](Index k, Eigen::Ref<Vec<S>> x) {
            Random random = detail::random_of_start(seed, k);
            for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<S>(random.uniform(lo[i], hi[i]));
          }};
}
/// The same for the cube [lo, hi)^size.
template <class S>
[[nodiscard]] StartDistribution<S> uniform_box(Index size, double lo, double hi, std::uint64_t seed) {
  return uniform_box<S>(Vec<double>::Constant(size, lo), Vec<double>::Constant(size, hi), seed);
}

/// Independent N(mean, sd^2) entries. Throws unless size >= 1 and sd >= 0.
template <class S>
[[nodiscard]] StartDistribution<S> normal_everywhere(Index size, double mean, double sd, std::uint64_t seed) {
  require(size >= 1, "normal_everywhere: size must be >= 1, got ", size);
  require(sd >= 0, "normal_everywhere: sd must be >= 0, got ", sd);
  return {detail::text("normal, mean ", mean, ", deviation ", sd), size, -1,
          [mean, sd, seed](Index k, Eigen::Ref<Vec<S>> x) {
            Random random = detail::random_of_start(seed, k);
            for (S& entry : x) entry = static_cast<S>(random.normal(mean, sd));
          }};
}

/// An example, each as likely, plus independent N(0, sd^2) on every entry. Throws unless there is an example
/// and sd >= 0.
template <class S>
[[nodiscard]] StartDistribution<S> around_examples(const Mat<S>& examples, double sd, std::uint64_t seed) {
  require(examples.cols() >= 1, "around_examples: there must be at least 1 example, got 0");
  require(sd >= 0, "around_examples: sd must be >= 0, got ", sd);
  return {detail::text("examples + normal, deviation ", sd), examples.rows(), -1,
          [X = std::make_shared<const Mat<S>>(examples), sd, seed](Index k, Eigen::Ref<Vec<S>> x) {
            Random random = detail::random_of_start(seed, k);
            x = X->col(random.below(X->cols()));
            for (S& entry : x) entry = static_cast<S>(random.normal(static_cast<double>(entry), sd));
          }};
}

/// The columns of X, such as images that a network was not trained on, one after the other.
template <class S>
[[nodiscard]] StartDistribution<S> given_starts(const Mat<S>& X, const std::string& name = "images") {
  return {name, X.rows(), X.cols(),
          [kept = std::make_shared<const Mat<S>>(X)](Index k, Eigen::Ref<Vec<S>> x) { x = kept->col(k); }};
}

}  // namespace basin
