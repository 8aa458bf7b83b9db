// The irreducible blocks of a matrix with zeros in it.
#pragma once
#include <algorithm>  // std::min
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/types.hpp"  // Index, Mat

namespace basin::inline BASIN_ABI::detail {

/// The strongly connected components of the graph with an edge i -> j for each A(i, j) != 0 (Tarjan 1972).
template <class = void>
class Components {
 public:
  explicit Components(const Mat<double>& A)
      : At_(A.transpose()), order_(static_cast<std::size_t>(A.rows()), 0), low_(order_), next_(order_) {
    open_.assign(order_.size(), false);
    for (std::size_t i = 0; i < order_.size(); ++i)
      if (order_[i] == 0) visit(i);
  }
  std::vector<std::vector<Index>> take() { return std::move(components_); }

 private:
  /// Depth first from `root`, with a stack of its own: the depth may be that of the matrix.
  void visit(std::size_t root) {
    std::vector<std::size_t> path;
    enter(root, path);
    while (!path.empty()) {
      const std::size_t i = path.back();
      if (next_[i] < static_cast<Index>(order_.size())) {
        const auto j = static_cast<std::size_t>(next_[i]++);
        if (At_(static_cast<Index>(j), static_cast<Index>(i)) == 0)
          continue;  // down a column: in order of memory
        if (order_[j] == 0)
          enter(j, path);
        else if (open_[j])
          low_[i] = std::min(low_[i], order_[j]);
        continue;
      }
      path.pop_back();
      if (!path.empty()) low_[path.back()] = std::min(low_[path.back()], low_[i]);
      if (low_[i] == order_[i]) close(i);
    }
  }
  void enter(std::size_t i, std::vector<std::size_t>& path) {
    order_[i] = low_[i] = ++count_;
    open_[i] = true;
    waiting_.push_back(i);
    path.push_back(i);
  }
  void close(std::size_t i) {
    std::vector<Index> component;
    std::size_t j;
    do {
      j = waiting_.back();
      waiting_.pop_back();
      open_[j] = false;
      component.push_back(static_cast<Index>(j));
    } while (j != i);
    components_.push_back(std::move(component));
  }

  Mat<double> At_;
  std::vector<Index> order_, low_, next_;
  std::vector<bool> open_;
  std::vector<std::size_t> waiting_;
  std::vector<std::vector<Index>> components_;
  Index count_ = 0;
};

/// The diagonal blocks of A when its rows and columns are put into the order that makes it block triangular:
/// the eigenvalues of A are those of its blocks. A itself where it has no such order.
template <class = void>
std::vector<Mat<double>> irreducible_blocks(const Mat<double>& A) {
  const std::vector<std::vector<Index>> components = Components<>(A).take();
  if (components.size() <= 1) return {A};
  std::vector<Mat<double>> blocks;
  blocks.reserve(components.size());
  for (const std::vector<Index>& c : components) blocks.push_back(A(c, c));
  return blocks;
}

}  // namespace basin::detail
