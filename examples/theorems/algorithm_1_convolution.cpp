// Algorithm 1: the matrix C of a convolution with 3 x 3 filters on zero-padded images, C x = conv(x).
// Corrections: resized = ceil(s / stride) (line 3), the shift accumulates (line 21); the comments in
// linearize/algorithms.hpp name the lines.
// Page: docs/paper/algorithms.md.
#include <iostream>

#include "basin/core/model.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/linearize/algorithms.hpp"

int main() {
  using namespace basin;
  std::cout << "Algorithm 1: a convolution as a matrix C on zero-padded images\n";
  Random random(1);
  bool agrees = true;

  // Supplement E's example: one filter A_1 ... A_9 on 3 x 3 images.
  const Vec<double> filter = Vec<double>::LinSpaced(9, 1, 9);
  const Mat<double> example = interior_matrix(create_filter_matrix(filter, 3, 1, 1), {1, 3, 3}, {1, 3, 3});
  std::cout << "the matrix of Supplement E, filter A_1 ... A_9 = 1 ... 9\n" << example << "\n";
  const Mat<double> printed{
      {5, 6, 0, 8, 9, 0, 0, 0, 0}, {4, 5, 6, 7, 8, 9, 0, 0, 0}, {0, 4, 5, 0, 7, 8, 0, 0, 0},
      {2, 3, 0, 5, 6, 0, 8, 9, 0}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 1, 2, 0, 4, 5, 0, 7, 8},
      {0, 0, 0, 2, 3, 0, 5, 6, 0}, {0, 0, 0, 1, 2, 3, 4, 5, 6}, {0, 0, 0, 0, 1, 2, 0, 4, 5}};
  agrees = agrees && example == printed;

  for (const Index s : {5, 6})
    for (const Index stride : {1, 2, 3}) {
      const Index f = 2, r = (s + stride - 1) / stride;
      const Conv2d<double> conv({f, s, s}, {.stride = stride, .padding = Padding::all(1), .bias = false});
      const Vec<double> theta = normal_starts<double>(9 * f, 1, random);
      const Mat<double> x = normal_starts<double>(f * s * s, 10, random);
      const Mat<double> C = create_filter_matrix(theta, s, f, stride);
      const Mat<double> by_matrix = remove_ring(C * add_ring(x, {f, s, s}), {1, r, r});
      const bool equal = (by_matrix - Model(conv, theta)(x)).norm() < 1e-12;
      std::cout << "s = " << s << ", stride " << stride << ": C is " << C.rows() << " x " << C.cols()
                << ", C x = conv(x): " << (equal ? "yes" : "no") << "\n";
      agrees = agrees && equal;
    }
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
