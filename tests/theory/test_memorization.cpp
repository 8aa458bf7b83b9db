// The projection onto the span of the examples, and the two meanings of memorization.
#include "basin/theory/memorization.hpp"

#include <Eigen/LU>
#include <cmath>
#include <utility>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEST_CASE("the projection onto the span of the examples", "[theory]") {
  const Mat<double> X = random_matrix<double>(20, 6, 1);
  const Mat<double> P = span_projection(X);
  const Mat<double> normal = X.transpose() * X;
  CHECK((P - X * normal.inverse() * X.transpose()).norm() < 1e-12);
  CHECK((P * P - P).norm() < 1e-13);
  CHECK((P - P.transpose()).norm() == 0);
  CHECK(std::abs(P.trace() - 6) < 1e-12);
  CHECK((span_projection(X.cast<float>()) - P).norm() < 1e-5);
  const Mat<double> Q = span_basis(X);
  CHECK((Q.transpose() * Q - Mat<double>::Identity(6, 6)).norm() < 1e-14);
  CHECK(span_basis(X.leftCols(4)) == span_basis(Mat<double>(X.leftCols(4))));
  CHECK(span_basis(X.cast<float>()) == span_basis(X.cast<float>().cast<double>().eval()));
}

TEST_CASE("dependent, zero and badly scaled examples span what they span", "[theory]") {
  const Mat<double> X = random_matrix<double>(20, 3, 2);
  Mat<double> more(20, 7);
  more << X, X.col(0) + X.col(1), Vec<double>::Zero(20), 1e9 * X.col(2), 1e-9 * X.col(1);
  CHECK(span_basis(more).cols() == 3);
  CHECK((span_projection(more) - span_projection(X)).norm() < 1e-13);
  Mat<double> nearly = X.leftCols(2);  // two directions that differ by about 1e-5
  nearly.col(1) = X.col(0) + 1e-5 * X.col(1);
  CHECK(span_basis(nearly).cols() == 2);
  CHECK(span_basis(nearly, 1e-3).cols() == 1);
  CHECK(span_projection(Mat<double>::Zero(4, 2)).norm() == 0);
  const Mat<double> zero_first{{0, 1}, {0, 0}, {0, 0}};
  CHECK(span_projection(zero_first) == Mat<double>(Vec<double>::Unit(3, 0).asDiagonal()));
  CHECK((span_projection(random_matrix<double>(5, 9, 3)) - Mat<double>::Identity(5, 5)).norm() < 1e-13);
}

TEST_CASE("the distance to the projection", "[theory]") {
  const Mat<double> X = random_matrix<double>(15, 4, 4);
  const Mat<double> P = span_projection(X), A = random_matrix<double>(15, 15, 5);
  CHECK(projection_distance(P, X) < 1e-14);
  CHECK(std::abs(projection_distance(Mat<double>::Zero(15, 15), X) - 1) < 1e-14);
  CHECK(std::abs(projection_distance(A, X) - (A - P).norm() / P.norm()) < 1e-13);
  CHECK(std::abs(projection_distance(Mat<double>::Identity(15, 15), X) - std::sqrt(11.0 / 4)) < 1e-13);
  CHECK(
      contains(error_of([&] { (void)projection_distance(A, X.topRows(3)); }), "A is 15 x 15, X has 3 rows"));
  CHECK(contains(error_of([&] { (void)projection_distance(A, 0 * X); }), "no column other than zero"));
  CHECK(
      contains(error_of([&] { (void)projection_distance(A, X, 0); }), "tolerance must be in (0, 1), got 0"));
  CHECK(contains(error_of([&] { (void)span_projection(std::nan("") * X); }), "NaN or infinite"));
}

TEST_CASE("memorization by spectrum and by projection are different things", "[theory]") {
  const Index d = 12;
  const Mat<double> X = random_matrix<double>(d, 3, 6);
  const Memorization projected = memorization(span_projection(X), X);
  CHECK(projected.span == 3);
  CHECK(projected.at_one == 3);
  CHECK(projected.above_half == 3);
  CHECK(projected.next_modulus < 1e-13);
  CHECK(projected.example_error < 1e-13);
  CHECK(projected.rank == 3);
  CHECK(projected.projection_distance < 1e-13);

  // A = v u' / u'v with u = e_1: by spectrum it memorizes v; it is no projection, and d (d - 1) entries are
  // zero.
  const Vec<double> v = X.col(0);
  const Mat<double> oblique = v * Vec<double>::Unit(d, 0).transpose() / v[0];
  const Memorization m = memorization(oblique, v);
  CHECK(m.span == 1);
  CHECK(m.at_one == 1);
  CHECK(m.next_modulus < 1e-13);
  CHECK(m.example_error < 1e-14);
  CHECK(m.rank == 1);
  CHECK(std::abs(m.projection_distance - std::sqrt(v.squaredNorm() / (v[0] * v[0]) - 1)) < 1e-12);
  CHECK(m.projection_distance > 0.5);
}

TEST_CASE("by spectrum the Lemma is true on the diagonal alone", "[theory]") {
  const Index d = 6;
  // A zero at (p, q) off the diagonal keeps no v from being memorized, e_p and e_q included.
  Mat<double> vs(d, 2 + d);
  vs << random_matrix<double>(d, 2, 8), Mat<double>::Identity(d, d);
  for (const auto& [p, q] : {std::pair<Index, Index>{0, 3}, {4, 1}})
    for (Index j = 0; j < vs.cols(); ++j) {
      const Vec<double> v = vs.col(j);
      Vec<double> u = v;
      if (v[p] != 0) u[q] = 0;
      const Mat<double> A = v * u.transpose() / u.dot(v);
      CHECK(A(p, q) == 0);
      const Memorization m = memorization(A, v);
      CHECK(m.at_one == 1);
      CHECK(m.next_modulus < 1e-7);
      CHECK(m.example_error < 1e-14);
    }
  // At (p, p) it keeps e_p: whatever else A is, (A e_p)_p = 0. Other v can be memorized.
  Mat<double> A = random_matrix<double>(d, d, 9);
  A(2, 2) = 0;
  CHECK(memorization(A, Vec<double>::Unit(d, 2)).example_error >= 1);
  const Vec<double> v = vs.col(0);
  Vec<double> u = v;
  u[2] = 0;
  const Memorization m = memorization(v * u.transpose() / u.dot(v), v);
  CHECK(m.at_one == 1);
  CHECK(m.next_modulus < 1e-7);
}

TEST_CASE("memorization counts eigenvalues at 1, not of modulus 1", "[theory]") {
  Mat<double> A = Mat<double>::Zero(5, 5);  // eigenvalues -1, 1, i/2 * 1.2, -i/2 * 1.2, 0
  A(0, 0) = -1;
  A(1, 1) = 1.005;
  A(2, 3) = -0.6;
  A(3, 2) = 0.6;
  const Mat<double> X = Mat<double>::Identity(5, 2);
  const Memorization m = memorization(A, X);
  CHECK(m.at_one == 1);
  CHECK(m.above_half == 4);
  CHECK(std::abs(m.next_modulus - 0.6) < 1e-14);
  CHECK(m.moduli.size() == 5);
  CHECK(std::abs(m.example_error - 2) < 1e-14);
  CHECK(m.rank == 4);
  CHECK(memorization(A, X, {.eigenvalue_tolerance = 1e-3}).at_one == 0);
  CHECK(memorization(A.cast<float>(), X.cast<float>()).at_one == 1);
  CHECK(memorization(Mat<double>::Identity(2, 2), Mat<double>::Identity(2, 2)).next_modulus == 0);
  CHECK(contains(error_of([&] { (void)memorization(A, Mat<double>::Ones(3, 1)); }),
                 "memorization: A is 5 x 5, X has 3 rows"));
  CHECK(contains(error_of([&] { (void)memorization(A, Mat<double>::Zero(5, 1)); }),
                 "no column other than zero"));
}
