// Lemma (of Theorem 5): a matrix A with one entry that is always 0 cannot memorize arbitrary v.
// Correction: true if memorized means A = P, the projection onto v; false if it means A v = v and all
// other eigenvalues 0, as in Table 1.
// Page: docs/paper/theorem_5.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/theory/memorization.hpp"
#include "basin/theory/projection.hpp"

int main() {
  using namespace basin;
  std::cout << "Lemma: a matrix with a zero at a fixed place cannot memorize arbitrary v\n";
  Random random(1);
  const Index d = 9;
  Index without_zero = 0, by_spectrum = 0, by_projection = 0;
  for (int k = 0; k < 100; ++k) {
    const Vec<double> v = normal_starts<double>(d, 1, random);
    without_zero += (span_projection(v).array() != 0).all() ? 1 : 0;

    // A = v u' with u'v = 1 and u_1 = 0: a whole column of zeros.
    Vec<double> u = v;
    u[0] = 0;
    const Mat<double> A = v * u.transpose() / u.dot(v);
    const Memorization m = memorization(A, v);
    by_spectrum += m.at_one == 1 && m.next_modulus < 1e-6 && m.example_error < 1e-9 ? 1 : 0;
    by_projection += m.projection_distance < 1e-6 ? 1 : 0;
  }
  std::cout << "100 random v in " << d << " dimensions\n"
            << "projections onto v without a zero entry: " << without_zero << "\n"
            << "A = v u' with a column of zeros, memorized by the spectrum 1, 0, ..., 0: " << by_spectrum
            << "\n"
            << "the same, memorized by A = P: " << by_projection << "\n";
  const bool agrees = without_zero == 100 && by_spectrum == 100 && by_projection == 0;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
