// Algorithm 2: the matrix U of nearest-neighbour upsampling on zero-padded images. Correction: columnIndex
// counts from 1 (line 8). With Algorithm 1 the matrices of a network's layers multiply to the matrix of
// the network.
// Page: docs/paper/algorithms.md.
#include <iostream>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/data/starts.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/linearize/algorithms.hpp"
#include "basin/linearize/linearize.hpp"

int main() {
  using namespace basin;
  std::cout << "Algorithm 2: nearest-neighbour upsampling as a matrix U on zero-padded images\n";
  Random random(1);

  // Supplement E's example: a 1 x 1 image, scale 2.
  const Mat<double> small = create_upsampling_matrix(1, 1, 2);
  std::cout << "U of a 1 x 1 image by 2 is " << small.rows() << " x " << small.cols() << ", ones in rows";
  for (Index i = 0; i < small.rows(); ++i)
    if (small(i, 4) == 1) std::cout << " " << i + 1;
  std::cout << " of column 5\n";
  bool agrees = small.sum() == 4 && small.col(4).sum() == 4 && small(5, 4) == 1 && small(10, 4) == 1;

  for (const Index scale : {2, 3}) {
    const Index s = 3, f = 2;
    const UpsampleNearest<double> up({f, s, s}, scale);
    const Mat<double> x = normal_starts<double>(f * s * s, 10, random);
    const Mat<double> U = create_upsampling_matrix(s, f, scale);
    const Mat<double> y = remove_ring(U * add_ring(x, {f, s, s}), {f, scale * s, scale * s});
    const bool equal = y == Model(up, Vec<double>())(x);
    std::cout << "scale " << scale << ": U x = the upsampled x: " << (equal ? "yes" : "no") << "\n";
    agrees = agrees && equal;
  }

  // A network: 4 x 4 -> convolution of stride 2 -> 2 x 2 -> upsampling -> 4 x 4 -> convolution.
  const Conv2d<double> first({1, 4, 4}, {.stride = 2, .padding = Padding::all(1), .bias = false});
  const UpsampleNearest<double> up({1, 2, 2}, 2);
  const Conv2d<double> last({1, 4, 4}, {.padding = Padding::all(1), .bias = false});
  const Vec<double> theta = normal_starts<double>(18, 1, random);
  const Mat<double> product = create_filter_matrix(theta.tail(9), 4, 1, 1) *
                              create_upsampling_matrix(2, 1, 2) *
                              create_filter_matrix(theta.head(9), 4, 1, 2);
  const Mat<double> A = linearize_dense(Model(Chain(first, up, last), theta)).A;
  const bool multiply = (interior_matrix(product, {1, 4, 4}, {1, 4, 4}) - A).norm() < 1e-12;
  std::cout << "C_2 U C_1 is the matrix of the network: " << (multiply ? "yes" : "no") << "\n";
  agrees = agrees && multiply;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
