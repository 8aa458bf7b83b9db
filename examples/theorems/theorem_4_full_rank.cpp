// Theorem 4: one filter of k x k with (k - 1) / 2 zero padding, trained on one image of s x s, learns a
// matrix of rank s^2: it does not memorize. Correction: for generic images; 010/101/010 gives rank 7.
// Page: docs/paper/theorem_4.md.
#include <iostream>

#include "basin/data/starts.hpp"
#include "basin/dynamics/rank.hpp"
#include "basin/theory/single_filter.hpp"

int main() {
  using namespace basin;
  std::cout << "Theorem 4: one convolution learns a matrix of full rank\n";
  bool agrees = true;
  Random random(1);
  for (const Index s : {3, 4, 6})
    for (const Index k : {3, 5}) {
      if (k > s) continue;
      Index full = 0;
      for (int image = 0; image < 20; ++image) {
        const Vec<double> x = normal_starts<double>(s * s, 1, random);
        const Vec<double> w = minimum_norm_filter(x, {1, s, s}, k);  // where gradient descent from 0 ends
        full += numerical_rank(single_filter_matrix(w, {1, s, s}, k)).rank == s * s ? 1 : 0;
      }
      std::cout << "s = " << s << ", k = " << k << ": rank s^2 = " << s * s << " for " << full
                << " of 20 random images\n";
      agrees = agrees && full == 20;
    }

  const Vec<double> ring{{0, 1, 0, 1, 0, 1, 0, 1, 0}};  // 010/101/010
  const Vec<double> w = minimum_norm_filter(ring, {1, 3, 3}, 3);
  const Mat<double> A = single_filter_matrix(w, {1, 3, 3}, 3);
  const bool fits = (A * ring - ring).norm() < 1e-9;
  const Index rank = numerical_rank(A).rank;
  std::cout << "010/101/010: reproduced: " << (fits ? "yes" : "no") << ", rank " << rank << " of 9\n";
  agrees = agrees && fits && rank == 7;
  std::cout << (agrees ? "agrees with the corrected statement\n" : "DOES NOT AGREE\n");
  return agrees ? 0 : 1;
}
