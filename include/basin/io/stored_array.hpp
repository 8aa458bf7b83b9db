// An array as a file holds it, and its numbers.
#pragma once
#include <span>    // std::span
#include <vector>  // std::vector

#include "basin/data/bytes.hpp"    // ByteSpan
#include "basin/data/numbers.hpp"  // detail::NumberType, detail::loader_of
#include "basin/io/array.hpp"      // NdArray, detail::c_strides

namespace basin::inline BASIN_ABI::detail {

/// `data` are the numbers, as many as the product of the shape, of a type that loader_of knows.
struct StoredArray {
  std::vector<Index> shape;
  NumberType type;
  bool fortran_order = false;
  ByteSpan data;
  Index count() const { return static_cast<Index>(data.size() / type.size); }
};

/// values of Fortran order (the first index fastest) in C order.
template <class S>
Vec<S> to_c_order(const Vec<S>& values, std::span<const Index> shape) {
  const std::vector<Index> stride = c_strides(shape);
  std::vector<Index> index(shape.size(), 0);
  Vec<S> out(values.size());
  Index to = 0;
  for (const S& value : values) {
    out[to] = value;
    for (std::size_t i = 0; i < shape.size(); ++i) {  // the next index, the first side counting fastest
      to += stride[i];
      if (++index[i] < shape[i]) break;
      to -= stride[i] * shape[i];
      index[i] = 0;
    }
  }
  return out;
}

/// The array in C order, its numbers converted to S: rounded to the nearest where S does not hold them.
template <class S>
NdArray<S> load_array(const StoredArray& a) {
  NdArray<S> out{a.shape, loader_of<S>(a.type)(a.data.data(), a.count(), a.type.big_endian)};
  if (a.fortran_order) out.values = to_c_order(out.values, a.shape);
  return out;
}

}  // namespace basin::detail
