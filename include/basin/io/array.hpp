// Arrays of any number of dimensions, as files hold them.
#pragma once
#include <span>    // std::span
#include <string>  // std::string
#include <vector>  // std::vector

#include "basin/core/checked_product.hpp"  // detail::checked_product
#include "basin/core/error.hpp"            // require, text
#include "basin/core/types.hpp"            // Mat, Vec, Index

namespace basin::inline BASIN_ABI {

/// Numbers in C order (the last index runs fastest), as many as the product of the shape; a shape of no
/// dimension is one number.
template <class S>
struct NdArray {
  std::vector<Index> shape;  // the sides
  Vec<S> values;             // in C order
};

/// An array under a name, as in .npz and .safetensors files.
template <class S>
struct NamedArray {
  std::string name;  // "conv1.weight"
  NdArray<S> array;  // its numbers
};

namespace detail {

/// "(3, 4)", "(3,)" or "()", as Python writes a tuple.
inline std::string shape_text(std::span<const Index> shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + (shape.size() == 1 ? ",)" : ")");
}

/// How far apart in C order two numbers are that are neighbours along each side.
inline std::vector<Index> c_strides(std::span<const Index> shape) {
  std::vector<Index> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Throws std::invalid_argument unless the shape fits the values; `who` is the function that was given the
/// array.
template <class S>
void require_array(const NdArray<S>& a, const char* who) {
  for (const Index side : a.shape)
    require(side >= 0, who, ": shape ", shape_text(a.shape), " has a negative side");
  const auto size = checked_product(a.shape);
  require(size && *size == static_cast<std::uint64_t>(a.values.size()), who, ": shape ", shape_text(a.shape),
          " does not fit ", a.values.size(), " values");
}

template <class S>
using RowMajor = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace detail

/// The array of shape (X.rows(), X.cols()) with X's entries.
template <class S>
[[nodiscard]] NdArray<S> to_array(MatIn<S> X) {
  NdArray<S> a{{X.rows(), X.cols()}, Vec<S>(X.size())};
  Eigen::Map<detail::RowMajor<S>>(a.values.data(), X.rows(), X.cols()) = X;
  return a;
}

/// The array as a matrix: of no dimension 1 x 1, (n,) n x 1, (r, c) r x c. Throws if it has more dimensions.
template <class S>
[[nodiscard]] Mat<S> to_matrix(const NdArray<S>& a) {
  detail::require_array(a, "to_matrix");
  require(a.shape.size() <= 2, "to_matrix: the array must have at most 2 dimensions, got shape ",
          detail::shape_text(a.shape));
  const Index rows = a.shape.empty() ? 1 : a.shape[0];
  const Index cols = a.shape.size() < 2 ? 1 : a.shape[1];
  Mat<S> X(rows, cols);
  if (X.size() > 0) X = Eigen::Map<const detail::RowMajor<S>>(a.values.data(), rows, cols);
  return X;
}

}  // namespace basin
