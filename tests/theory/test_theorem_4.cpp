// Theorem 4: the filter that gradient descent finds, its rank, and the image for which the theorem is wrong.
#include <cmath>
#include <vector>

#include "basin/dynamics/rank.hpp"
#include "basin/theory/linear_descent.hpp"
#include "basin/theory/single_filter.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/gradient_descent.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// Image number `bits` of the 2^(s^2) binary ones.
Vec<double> binary_image(Index bits, Index s) {
  Vec<double> x(s * s);
  for (Index i = 0; i < s * s; ++i) x[i] = static_cast<double>((bits >> i) & 1);
  return x;
}

Index learned_rank(const Mat<double>& x, const Shape& image, Index kernel) {
  return numerical_rank(single_filter_matrix(minimum_norm_filter(x, image, kernel), image, kernel)).rank;
}

/// The filter that gradient descent finds from 0, with the rate 1 / sigma_1(M)^2.
Vec<double> descend(const Mat<double>& X, const Shape& image, Index kernel) {
  const double sigma = singular_values(shifted_images(X, image, kernel))[0];
  Model model(single_filter(image, kernel), Vec<double>::Zero(kernel * kernel));
  GradientDescent<double> descent({.learning_rate = 1 / (sigma * sigma)});
  const FitResult result = fit(
      model, X, descent, {.max_epochs = 200000, .gradient_below = 1e-13 * sigma * sigma}, HalfSumOfSquares{});
  REQUIRE(result.status == FitStatus::converged);
  return model.theta;
}

}  // namespace

TEST_CASE("a filter applied is a product with the matrix of shifted images", "[theory]") {
  int seed = 0;
  for (const Shape& image : {Shape{1, 1, 1}, Shape{1, 2, 5}, Shape{1, 6, 4}})
    for (const Index k : {1, 3, 5, 7}) {
      const Mat<double> X = random_matrix<double>(image.size(), 3, ++seed);
      const Vec<double> w = random_matrix<double>(k * k, 1, ++seed);
      const Mat<double> y = Model(single_filter(image, k), w)(X);
      const Mat<double> A = single_filter_matrix(w, image, k);
      CHECK((shifted_images(X, image, k) * w - y.reshaped()).norm() < 1e-12);
      CHECK((A * X - y).norm() < 1e-12);
      CHECK(single_filter_matrix(delta_filter(k), image, k) ==
            Mat<double>::Identity(image.size(), image.size()));
    }
}

TEST_CASE("the minimum-norm filter solves the normal equations in the row space", "[theory]") {
  for (const Index s : {2, 3, 5})
    for (const Index k : {1, 3, 5, 7})
      for (const Index n : {1, 2}) {
        const Shape image{1, s, s};
        const Mat<double> X = random_matrix<double>(s * s, n, static_cast<int>(100 * s + 10 * k + n));
        const Vec<double> w = minimum_norm_filter(X, image, k);
        const Mat<double> M = shifted_images(X, image, k);
        CHECK((M * w - X.reshaped()).norm() < 1e-10);
        // w in the row space of M: no other solution is shorter. delta - w is in the kernel of M, orthogonal
        // to it.
        CHECK(std::abs(w.dot(delta_filter(k) - w)) < 1e-10);
        CHECK(w.norm() <= 1 + 1e-12);
      }
}

TEST_CASE("gradient descent goes to the minimum-norm filter", "[theory]") {
  for (const Index s : {3, 5})
    for (const Index k : {1, 3, 5, 7}) {
      if (s == k) continue;  // M is square, and descent slow
      const Shape image{1, s, s};
      const Mat<double> x = random_matrix<double>(s * s, 1, static_cast<int>(k));
      CHECK((descend(x, image, k) - minimum_norm_filter(x, image, k)).norm() < 1e-9);
    }
  const Mat<double> X = random_matrix<double>(9, 2, 8);  // two images
  CHECK((descend(X, {1, 3, 3}, 3) - minimum_norm_filter(X, {1, 3, 3}, 3)).norm() < 1e-9);
}

TEST_CASE("gradient descent in closed form at every step", "[theory]") {
  for (const Index k : {1, 3, 5}) {
    const Shape image{1, 3, 3};
    const Mat<double> x = random_matrix<double>(9, 1, static_cast<int>(20 + k));
    const LinearDescent exact(shifted_images(x, image, k).transpose());
    const double rate = 1.5 / exact.eigenvalues()[0];
    for (const Index t : {1, 2, 10, 1000}) {
      Model model(single_filter(image, k), Vec<double>::Zero(k * k));
      GradientDescent<double> descent({.learning_rate = rate});
      const FitResult result = fit(model, x, descent, {.max_epochs = t}, HalfSumOfSquares{});
      CHECK((result.epochs == t || result.loss == 0));  // fit stops where nothing is left to learn
      CHECK((model.theta - exact.at(t, rate) * delta_filter(k)).norm() < 1e-12);
    }
  }
}

TEST_CASE("Theorem 4 holds for generic images: rank s^2, and the delta filter where s^2 >= k^2", "[theory]") {
  for (Index s = 3; s <= 8; ++s)
    for (const Index k : {1, 3, 5}) {
      const Shape image{1, s, s};
      const Mat<double> x = random_matrix<double>(s * s, 1, static_cast<int>(10 * s + k));
      const Vec<double> w = minimum_norm_filter(x, image, k);
      CHECK(learned_rank(x, image, k) == s * s);
      CHECK(((w - delta_filter(k)).norm() < 1e-10) == (s * s >= k * k));
    }
}

TEST_CASE("Theorem 4 is wrong for 010/101/010: rank 7", "[theory]") {
  const Shape image{1, 3, 3};
  Vec<double> x(9), filter(9);
  x << 0, 1, 0, 1, 0, 1, 0, 1, 0;
  filter << .25, 0, .25, 0, .5, 0, .25, 0, .25;
  const Vec<double> w = minimum_norm_filter(x, image, 3);
  CHECK((w - filter).norm() < 1e-14);
  CHECK((descend(x, image, 3) - filter).norm() < 1e-12);
  const NumericalRank rank = numerical_rank(single_filter_matrix(w, image, 3));
  Vec<double> sigma(9);
  sigma << 1, 1, .5, .5, .5, .5, .5, 0, 0;
  CHECK(rank.rank == 7);
  CHECK((rank.singular_values - sigma).norm() < 1e-14);
  // The matrix in the paper's proof counts the padding's columns and has full rank all the same.
  const NumericalRank padded = numerical_rank(padded_single_filter_matrix(w, image, 3));
  CHECK(padded.rank == 9);
  CHECK(padded.singular_values.size() == 9);
  CHECK(learned_rank(x, image, 5) == 9);
}

TEST_CASE("of the 511 binary images of 3 x 3 other than 0 it is the only one", "[theory]") {
  const Shape image{1, 3, 3};
  std::vector<Index> three, other;
  for (Index bits = 1; bits < 512; ++bits) {
    const Vec<double> x = binary_image(bits, 3);
    if (learned_rank(x, image, 3) < 9) three.push_back(bits);
    for (const Index k : {1, 5})
      if (learned_rank(x, image, k) < 9) other.push_back(bits);
  }
  CHECK(three == std::vector<Index>{0b010101010});
  CHECK(other.empty());
}

TEST_CASE("the image 0 gives the filter 0 and rank 0", "[theory]") {
  const Vec<double> zero = Vec<double>::Zero(9);
  CHECK(minimum_norm_filter(zero, {1, 3, 3}, 3).norm() == 0);
  CHECK(learned_rank(zero, {1, 3, 3}, 3) == 0);
}

TEST_CASE("the theory of single filters says what is wrong with its arguments", "[theory]") {
  const Vec<double> x = Vec<double>::Ones(9);
  CHECK(error_of([] {
          (void)single_filter({1, 3, 3}, 2);
        }) == "single_filter: kernel must be odd and >= 1, got 2");
  CHECK(contains(error_of([] { (void)single_filter({2, 3, 3}, 3); }), "must have 1 channel, got 2 x 3 x 3"));
  CHECK(contains(error_of([&] { (void)shifted_images(x, {1, 4, 4}, 3); }), "X is 9 x 1, expected 16 rows"));
  CHECK(contains(error_of([&] {
                   (void)minimum_norm_filter(x, {1, 3, 3}, 3, 0);
                 }),
                 "must be in (0, 1), got 0"));
  CHECK(contains(error_of([&] { (void)minimum_norm_filter(x / 0., {1, 3, 3}, 3); }), "NaN or infinite"));
  CHECK(contains(error_of([] { (void)delta_filter(4); }), "kernel must be odd"));
  CHECK(contains(error_of([&] { (void)single_filter_matrix(x, {1, 3, 3}, 5); }), "theta has 9 entries"));
}
