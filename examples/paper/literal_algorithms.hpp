// Algorithms 1 and 2 as the paper prints them, to show what goes wrong. Not part of the library, which has
// them corrected (basin/linearize/algorithms.hpp).
#pragma once
#include "basin/linearize/algorithms.hpp"  // detail::shifted_right

namespace basin::literal {

/// Which line of Algorithm 1 is taken at its word; the other lines are mended.
enum class Line {
  size,   // line 3: resized = s / stride, rounded down to a whole number
  shift,  // line 21: the shifted row goes to another variable, rowBlock, and rowBlocks is never shifted
};

inline Mat<double> create_filter_matrix(VecIn<double> parameters, Index s, Index f, Index stride, Line line) {
  const Index padded_size = s + 2, plane = padded_size * padded_size;
  const Index resized = line == Line::size ? s / stride : (s + stride - 1) / stride;
  Vec<double> row_blocks = Vec<double>::Zero(f * plane);
  for (Index channel = 0; channel < f; ++channel)
    for (Index k = 0; k < 9; ++k)
      row_blocks[channel * plane + k % 3 + padded_size * (k / 3)] = parameters[9 * channel + k];
  Mat<double> C = Mat<double>::Zero((resized + 2) * (resized + 2), f * plane);
  Index index = resized + 2 + 1;
  for (Index shift = 0; shift < resized; ++shift) {
    for (Index row_shift = 0; row_shift < resized; ++row_shift)
      C.row(index + row_shift) = detail::shifted_right<double>(row_blocks, stride * row_shift);
    index += resized + 2;
    const Vec<double> row_block = detail::shifted_right<double>(row_blocks, padded_size * stride);
    if (line != Line::shift) row_blocks = row_block;
  }
  return C;
}

/// columnIndex runs from 0 (line 8). Rows beyond the end of U, which it also writes to, are left out.
inline Mat<double> create_upsampling_matrix(Index s, Index f, Index scale) {
  const Index output_size = s * scale + 2, plane = (s + 2) * (s + 2);
  Mat<double> U = Mat<double>::Zero(f * output_size * output_size, f * plane);
  Index index = output_size + 1;
  for (Index channel = 0; channel < f; ++channel) {
    for (Index row = 1; row <= s; ++row)
      for (Index repeated_row = 0; repeated_row < scale; ++repeated_row) {
        for (Index column = 0; column <= s; ++column)
          for (Index repeated = 0; repeated < scale; ++repeated, ++index)
            if (index < U.rows()) {
              U.row(index).setZero();
              U(index, column + row * (s + 2) + channel * plane) = 1;
            }
        index += 2;
      }
    index += 2 * output_size;
  }
  return U;
}

}  // namespace basin::literal
