// A matrix whose memory only grows, for caches: a smaller batch after a larger one allocates nothing.
#pragma once
#include <utility>  // std::swap

#include "basin/core/checked_size.hpp"  // checked_size
#include "basin/core/types.hpp"         // Mat, Vec, Index

namespace basin::inline BASIN_ABI {

/// Memory for a batch. `resize` keeps what it has where that is enough; contents are kept while the rows stay
/// and the columns become fewer, and unspecified otherwise.
template <class S>
class Scratch {
 public:
  /// Makes room for rows x cols; memory only grows. See the class for what the entries are then.
  void resize(Index rows, Index cols) {
    rows_ = rows;
    cols_ = cols;
    reserve(rows * cols);
  }
  /// Makes room for `size` entries.
  void reserve(Index size) {
    if (memory_.size() < size) memory_.resize(size);
  }
  /// The batch, rows x cols as last resized.
  Eigen::Map<Mat<S>> mat() { return {memory_.data(), rows_, cols_}; }
  /// The same, to read.
  Eigen::Map<const Mat<S>> mat() const { return {memory_.data(), rows_, cols_}; }
  /// As last resized.
  Index rows() const { return rows_; }
  /// As last resized.
  Index cols() const { return cols_; }
  /// Exchanges memory and sizes, in constant time.
  void swap(Scratch& other) {
    memory_.swap(other.memory_);
    std::swap(rows_, other.rows_);
    std::swap(cols_, other.cols_);
  }

 private:
  Vec<S> memory_;
  Index rows_ = 0, cols_ = 0;
};

namespace detail {
/// The bytes of so many numbers for each of so many columns. Throws where 64 bits do not hold them.
template <class S>
Index bytes(Index numbers, Index columns = 1) {
  return checked_size({numbers, columns, static_cast<Index>(sizeof(S))}, "cache_bytes: ", numbers,
                      " numbers for each of columns = ", columns, " are too many bytes");
}
}  // namespace detail

}  // namespace basin
