// How to: read MNIST, or anything in its format (IDX, plain or gzip). Here it is the 8 x 8 digits that
// come along; for MNIST say read_idx("folder", "train").
#include <iostream>

#include "basin/basin.hpp"

int main() {
  using namespace basin;
  const ImageSet digits = read_idx(BASIN_EXAMPLE_DATA_DIR, "digits8x8-500");  // images and labels
  std::cout << digits.count() << " images of " << digits.shape << "\n";

  // The first image of each digit, one column an image; these bytes go to 16 (MNIST: to 255, the default).
  std::vector<Index> first(10, -1);
  for (Index i = digits.count() - 1; i >= 0; --i)
    first[static_cast<std::size_t>(digits.labels[static_cast<std::size_t>(i)])] = i;
  const Mat<float> X = to_matrix<float>(digits, first, 1. / 16);
  std::cout << "X is " << X.rows() << " x " << X.cols() << ", from " << X.minCoeff() << " to " << X.maxCoeff()
            << "\n";

  // Pixel (c, i, j) is row shape.at(c, i, j): the first three side by side.
  for (Index i = 0; i < digits.shape.height; ++i) {
    for (Index image = 0; image < 3; ++image) {
      for (Index j = 0; j < digits.shape.width; ++j)
        std::cout << " .:*#"[static_cast<int>(4.99F * X(digits.shape.at(0, i, j), image))];
      std::cout << "|";
    }
    std::cout << "\n";
  }
  return digits.count() == 500 && X.rows() == 64 ? 0 : 1;
}
