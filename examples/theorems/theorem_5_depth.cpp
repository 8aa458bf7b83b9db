// Theorem 5: a linear autoencoder of convolutions with 3 x 3 filters needs s - 1 layers to memorize s x s
// images. m < s layers leave, whatever the filters are, exactly s^4 - (s^2 - (s - m - 1)(s - m))^2 entries
// of its matrix zero.
// Page: docs/paper/theorem_5.md.
#include <iostream>

#include "basin/compose/stack.hpp"
#include "basin/core/model.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/train/initial.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorem 5: below s - 1 layers of 3 x 3 filters, entries of the matrix are always zero\n";
  bool agrees = true;
  std::cout << "zeros of the s^2 x s^2 matrix of m layers with random filters\n";
  for (Index s = 3; s <= 6; ++s) {
    std::cout << "s = " << s << ":";
    for (Index m = 1; m < s; ++m) {
      const Conv2d<double> layer({1, s, s}, {.kernel = 3, .padding = Padding::all(1), .bias = false});
      const Stack net(layer, m);
      const Mat<double> A = linearize_dense(Model(net, initial_values(net, initial::normal(0, 1), 1))).A;
      const Index zeros = (A.array() == 0).count();
      const Index pairs = s * s - (s - m - 1) * (s - m), formula = s * s * s * s - pairs * pairs;
      std::cout << "  m = " << m << ": " << zeros;
      agrees = agrees && zeros == formula && forced_zeros(net) == formula && (zeros == 0) == (m == s - 1);
    }
    std::cout << "\n";
  }
  std::cout << "none is left from m = s - 1 on, and not before\n"
            << (agrees ? "agrees with the statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
