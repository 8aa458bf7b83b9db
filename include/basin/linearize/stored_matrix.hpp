// A matrix stored sparse or dense, whichever is cheaper by its fill.
#pragma once
#include <Eigen/SparseCore>  // Eigen::SparseMatrix
#include <utility>           // std::move
#include <variant>           // std::variant

#include "basin/core/parallel.hpp"      // parallel_for, column_range
#include "basin/core/product/gemm.hpp"  // gemm

namespace basin::inline BASIN_ABI {

/// The share of nonzero entries above which A X, with tens of columns in X, is quicker with a dense A: 5 % of
/// a 2048 x 2048 matrix take .3 to .5 of the dense time, 10 % about as long, 20 % two to four times as long.
/// (A single column is limited by memory: there sparse is quicker up to about 50 %.)
inline constexpr double sparse_fill_limit = 0.1;

/// A matrix A, sparse while at most `fill_limit` of its entries are nonzero and dense beyond. A limit of 1
/// keeps it sparse.
template <class S>
class StoredMatrix {
 public:
  using Scalar = S;
  /// Eigen's sparse matrix.
  using Sparse = Eigen::SparseMatrix<S>;

  /// A, made dense where more than `fill_limit` of its entries are stored.
  explicit StoredMatrix(Sparse A, double fill_limit = sparse_fill_limit)
      : A_(std::move(A)), fill_limit_(fill_limit) {
    if (fill() > fill_limit_) A_ = Mat<S>(std::get<Sparse>(A_));
  }
  /// A, which stays dense.
  explicit StoredMatrix(Mat<S> A, double fill_limit = sparse_fill_limit)
      : A_(std::move(A)), fill_limit_(fill_limit) {}

  /// Of A.
  Index rows() const {
    return std::visit([](const auto& A) -> Index { return A.rows(); }, A_);
  }
  /// Of A.
  Index cols() const {
    return std::visit([](const auto& A) -> Index { return A.cols(); }, A_);
  }
  /// Whether it is kept sparse.
  bool is_sparse() const { return std::holds_alternative<Sparse>(A_); }
  /// The number of entries that are stored.
  Index stored() const { return is_sparse() ? std::get<Sparse>(A_).nonZeros() : rows() * cols(); }
  /// The share of entries that are stored: 1 when dense.
  double fill() const {
    return static_cast<double>(stored()) / (static_cast<double>(rows()) * static_cast<double>(cols()));
  }
  /// The share of stored entries above which it is dense.
  double fill_limit() const { return fill_limit_; }
  /// A as one or the other, a copy.
  Mat<S> dense() const {
    return std::visit([](const auto& A) { return Mat<S>(A); }, A_);
  }
  /// A as a sparse matrix, a copy; of a dense one the zeros are left out.
  Sparse sparse() const {
    return is_sparse() ? std::get<Sparse>(A_) : Sparse(std::get<Mat<S>>(A_).sparseView(S(0), S(0)));
  }
  /// A as it is kept.
  const std::variant<Sparse, Mat<S>>& storage() const { return A_; }

  /// y = A x, for each column.
  void apply(MatIn<S> x, MatOut<S> y) const {
    std::visit([&](const auto& A) { multiply(A, x, y); }, A_);
  }
  /// x = A' y, for each column.
  void apply_adjoint(MatIn<S> y, MatOut<S> x) const {
    if (is_sparse())
      x.noalias() = std::get<Sparse>(A_).transpose() * y;
    else
      gemm<S, GemmOp::transposed>(std::get<Mat<S>>(A_), y, x);
  }

  /// The product A B, with A's limit. Sparse if both are and the product is.
  friend StoredMatrix operator*(const StoredMatrix& A, const StoredMatrix& B) {
    eigen_assert(A.cols() == B.rows());
    if (A.is_sparse() && B.is_sparse())
      return StoredMatrix(Sparse(std::get<Sparse>(A.A_) * std::get<Sparse>(B.A_)), A.fill_limit_);
    Mat<S> C(A.rows(), B.cols());
    const Index parts = (C.cols() + 127) / 128;
    parallel_for(parts, [&](Index k) {
      const ColumnRange part = column_range(C.cols(), parts, k);
      auto to = C.middleCols(part.begin, part.size);
      if (B.is_sparse())
        to = std::get<Mat<S>>(A.A_) * std::get<Sparse>(B.A_).middleCols(part.begin, part.size);
      else
        A.apply(std::get<Mat<S>>(B.A_).middleCols(part.begin, part.size), to);
    });
    return StoredMatrix(std::move(C), A.fill_limit_);
  }
  friend StoredMatrix operator+(const StoredMatrix& A, const StoredMatrix& B) {
    if (A.is_sparse() && B.is_sparse())
      return StoredMatrix(Sparse(std::get<Sparse>(A.A_) + std::get<Sparse>(B.A_)), A.fill_limit_);
    return StoredMatrix(Mat<S>(A.dense() + B.dense()), A.fill_limit_);
  }

 private:
  static void multiply(const Sparse& A, MatIn<S> x, MatOut<S> y) { y.noalias() = A * x; }
  static void multiply(const Mat<S>& A, MatIn<S> x, MatOut<S> y) { gemm<S>(A, x, y); }

  std::variant<Sparse, Mat<S>> A_;
  double fill_limit_;
};

namespace detail {
/// [A; B], A on top.
template <class S>
StoredMatrix<S> stacked(const StoredMatrix<S>& A, const StoredMatrix<S>& B) {
  eigen_assert(A.cols() == B.cols());
  if (!A.is_sparse() || !B.is_sparse()) {
    Mat<S> C(A.rows() + B.rows(), A.cols());
    C << A.dense(), B.dense();
    return StoredMatrix<S>(std::move(C), A.fill_limit());
  }
  using Sparse = Eigen::SparseMatrix<S>;
  Sparse C(A.rows() + B.rows(), A.cols());
  C.reserve(A.stored() + B.stored());
  for (Index j = 0; j < C.cols(); ++j) {
    C.startVec(j);
    for (typename Sparse::InnerIterator it(std::get<Sparse>(A.storage()), j); it; ++it)
      C.insertBack(it.row(), j) = it.value();
    for (typename Sparse::InnerIterator it(std::get<Sparse>(B.storage()), j); it; ++it)
      C.insertBack(A.rows() + it.row(), j) = it.value();
  }
  C.finalize();
  return StoredMatrix<S>(std::move(C), A.fill_limit());
}
}  // namespace detail

}  // namespace basin
