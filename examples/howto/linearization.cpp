// How to: a network as a matrix. Of an affine network, f(x) = A x + b exactly; of a piecewise linear one
// in the region around a point that has the same active units.
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  Random random(1);
  const Conv2d<double> conv({1, 5, 5}, {.padding = Padding::all(1)});
  const Chain affine_net(conv, conv);
  const Model affine(affine_net, initial_values(affine_net, initial::normal(0, 1), random));
  const Mat<double> x = normal_starts<double>(25, 10, random);

  const DenseMap<double> map =
      linearize_dense(affine);  // also linearize_sparse, and linearize: products alone
  const bool equal = (map(x) - affine(x)).norm() < 1e-10;
  std::cout << "two convolutions are A x + b with A " << map.A.rows() << " x " << map.A.cols() << ": "
            << (equal ? "yes" : "no") << ", " << (map.A.array() == 0).count() << " entries are 0\n";

  const Chain net(conv, Pointwise<double, Relu>(25), conv);
  const Model f(net, initial_values(net, initial::normal(0, 1), random));
  const Vec<double> start = x.col(0), direction = x.col(1);
  const ActiveRegion region = active_region(f, start);
  const double t = region.exit(direction);  // start + t direction leaves the region
  const Vec<double> inside = start + 0.9 * t * direction, outside = start + 1.1 * t * direction;
  const DenseMap<double> at = linearize_at(f, start);
  const bool exact = (at(inside) - f(inside)).norm()<1e-10, left = (at(outside) - f(outside)).norm()> 1e-10;
  std::cout << "with a ReLU: exact inside the region of the start: " << (exact ? "yes" : "no")
            << ", beyond its edge no longer: " << (left ? "yes" : "no") << "\n";
  return equal && exact && left ? 0 : 1;
}
