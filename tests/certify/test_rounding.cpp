// The bounds that certificates are made of, against exact arithmetic: none is ever too small, or much too
// large.
#include <Eigen/LU>  // inverse
#include <Eigen/QR>  // Eigen::HouseholderQR
#include <cmath>
#include <limits>

#include "basin/certify/bounded_matrix.hpp"
#include "basin/certify/jacobian_bound.hpp"
#include "basin/certify/metric.hpp"
#include "basin/certify/upper.hpp"
#include "basin/core/random.hpp"
#include "certify/dyadic.hpp"
#include "support/catch.hpp"

using namespace basin;
using detail::dominating_left;
using detail::dominating_right;
using detail::frobenius;
using detail::largest_eigenvalue;
using detail::norm2;
using detail::norm_of;
using detail::row_norms;
using detail::scaled_cols;
using detail::scaled_rows;
using detail::sum;
using detail::times;
using detail::times_inverse;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What numbers a matrix is made of: `spread` is how many powers of 2 its entries may differ by, around
/// 2^size.
struct Kind {
  int size, spread;
};
// Ordinary ones; entries of very different sizes; squares that underflow; denormals; squares that overflow.
const Kind kinds[] = {{0, 0},    {0, 4},      {0, 60},  {3, 200},  {-480, 20},
                      {-530, 8}, {-1060, 14}, {505, 8}, {900, 100}};

double number(Random& random, const Kind& kind) {
  if (random.uniform() < 0.05) return 0;
  const int power = kind.size + static_cast<int>(std::floor((random.uniform() - 0.5) * (kind.spread + 1)));
  // few bits, as sums that are exact or nearly so need them, or all
  double v = random.normal();
  if (random.uniform() < 0.3) v = std::floor(8 * random.uniform(-1, 1)) / 8;
  return std::ldexp(v, power);
}
Mat<double> matrix(Random& random, Index rows, Index cols, const Kind& kind) {
  Mat<double> A(rows, cols);
  for (double& e : A.reshaped()) e = number(random, kind);
  return A;
}
Vec<double> vector(Random& random, Index n, const Kind& kind) { return matrix(random, n, 1, kind); }
Index between(Random& random, Index lo, Index hi) {
  return lo + static_cast<Index>(random.uniform() * static_cast<double>(hi - lo + 1));
}
const Kind& any_kind(Random& random) { return kinds[between(random, 0, std::size(kinds) - 1)]; }

/// Some exact matrix that A may stand for: the error is used up but for rounding.
struct Exact {
  BoundedMatrix bounded;
  DyadicMatrix exact;
};
Exact with_error(Random& random, const Mat<double>& mid, double relative) {
  Mat<double> E(mid.rows(), mid.cols());
  for (double& e : E.reshaped()) e = random.normal();
  const double size = mid.cwiseAbs().maxCoeff() * relative;
  const double norm = std::max(E.norm(), 1e-3);
  const double error = std::isfinite(size) ? size : 0;
  E *= error / norm * (1 - 1e-12);
  return {BoundedMatrix(mid, Upper(error)), DyadicMatrix(mid) + DyadicMatrix(E)};
}
Exact random_exact(Random& random, Index rows, Index cols, const Kind& kind) {
  constexpr double relative[] = {0, 0, 1e-15, 1e-6, 1};
  return with_error(random, matrix(random, rows, cols, kind), relative[between(random, 0, 4)]);
}

/// Whether |A - B.mid|_F <= B.error; a bound that overflowed says nothing and is counted apart.
bool holds(const DyadicMatrix& A, const BoundedMatrix& B) {
  if (!(B.error < infinity)) return true;
  if (!B.mid.allFinite()) return false;
  const Dyadic error = B.error.value();
  return squares(A - B.mid) <= error * error;
}
/// Whether b^2 I - G is positive semidefinite.
bool bounds_squares(double b, const DyadicMatrix& G) {
  if (b == infinity) return true;
  return positive_semidefinite(Dyadic(b) * Dyadic(b) * DyadicMatrix::identity(G.rows()) - G);
}
/// The largest eigenvalue of a small exact Gram matrix G, to some 12 digits, by bisection.
double largest_of(const DyadicMatrix& G) {
  double hi = 0;
  for (Index i = 0; i < G.rows(); ++i) hi += G(i, i).value();
  double lo = hi / static_cast<double>(2 * G.rows());
  if (!(hi > 0) || !std::isfinite(hi)) return hi;
  while (hi / lo - 1 > 1e-6) {
    const double mid = std::sqrt(lo) * std::sqrt(hi);
    (positive_semidefinite(Dyadic(mid) * DyadicMatrix::identity(G.rows()) - G) ? hi : lo) = mid;
  }
  return hi;
}

/// Counts what holds and how large a bound is beside what it bounds.
struct Tally {
  long checked = 0, violated = 0, infinite = 0;
  double largest = 0;
  void operator()(bool holds, double bound, double truth) {
    ++checked;
    violated += !holds;
    infinite += !(bound < infinity);
    if (bound < infinity) largest = std::max(largest, bound / (truth + 1e-140));
  }
};

}  // namespace

TEST_CASE("dyadic numbers are exact", "[certify]") {
  Random random(1);
  CHECK(Dyadic(0.1) + Dyadic(0.2) != Dyadic(0.3));
  CHECK(Dyadic(0.5) + Dyadic(0.25) == Dyadic(0.75));
  CHECK(Dyadic(0x1p-1074) * Dyadic(0x1p1000) == Dyadic(0x1p-74));
  CHECK((Dyadic(1e300) * Dyadic(1e300) - Dyadic(1e300) * Dyadic(1e300)).sign() == 0);
  CHECK((Dyadic(1) + Dyadic(0x1p-1074) - Dyadic(1)).value() == 0x1p-1074);
  for (int k = 0; k < 2000; ++k) {
    const double a = number(random, any_kind(random)), b = number(random, any_kind(random));
    const double c = number(random, any_kind(random));
    CHECK(Dyadic(a).value() == a);
    CHECK((Dyadic(a) < Dyadic(b)) == (a < b));
    CHECK(Dyadic(a) * (Dyadic(b) + Dyadic(c)) == Dyadic(b) * Dyadic(a) + Dyadic(a) * Dyadic(c));
    CHECK((Dyadic(a) + Dyadic(b)) - Dyadic(a) == Dyadic(b));
    if (std::abs(a * b) > 1e-290 && std::abs(a * b) < infinity)
      CHECK((Dyadic(a) * Dyadic(b) - Dyadic(a * b)).value() == std::fma(a, b, -(a * b)));
  }
  Mat<double> S{{2, 1}, {1, 0.5}};
  CHECK(positive_semidefinite(DyadicMatrix(S)));
  S(1, 1) -= 0x1p-53;
  CHECK_FALSE(positive_semidefinite(DyadicMatrix(S)));
}

TEST_CASE("numbers that are upper bounds", "[certify]") {
  Random random(2);
  long violated = 0;
  for (int k = 0; k < 20000; ++k) {
    const double a = std::abs(number(random, any_kind(random))),
                 b = std::abs(number(random, any_kind(random)));
    const auto above = [&](Upper bound, const Dyadic& exact) {
      violated += bound.value() < infinity && Dyadic(bound.value()) < exact;
    };
    above(Upper(a) + Upper(b), Dyadic(a) + Dyadic(b));
    above(Upper(a) * Upper(b), Dyadic(a) * Dyadic(b));
    above(a * Upper(b), Dyadic(a) * Dyadic(b));
    above(max(Upper(a), Upper(b)), std::max(a, b));
    const double root = sqrt(Upper(a)).value();
    violated += Dyadic(root) * Dyadic(root) < Dyadic(a);
    if (b > 0) {
      const double quotient = (Upper(a) / b).value();
      violated += quotient < infinity && Dyadic(quotient) * Dyadic(b) < Dyadic(a);
    }
    const double left = one_minus(Upper(a));  // <= 0: nothing is known
    violated += left > 0 && Dyadic(1) - Dyadic(a) < Dyadic(left);
  }
  CHECK(violated == 0);
  CHECK((Upper(0.25) + Upper(0.5)).value() < 0.75 * (1 + 1e-14));
  CHECK(one_minus(Upper(0.5)) > 0.5 - 1e-14);
  CHECK((Upper(1e200) * Upper(1e200)).value() == infinity);
  const Upper nan(std::numeric_limits<double>::quiet_NaN());
  CHECK_FALSE(nan < infinity);
  CHECK_FALSE(nan <= infinity);
  CHECK_FALSE(max(nan, Upper(1)) < infinity);
  CHECK_FALSE(max(Upper(1), nan) < infinity);
  CHECK_FALSE(one_minus(nan) > 0);
  CHECK_FALSE(one_minus(Upper(infinity)) > 0);
}

TEST_CASE("sums, products and scalings hold their exact results", "[certify]") {
  Random random(3);
  Tally sums, products, scalings;
  for (int k = 0; k < 1500; ++k) {
    const Kind &one = any_kind(random), &two = random.uniform() < 0.7 ? one : any_kind(random);
    const Index m = between(random, 1, 4), n = between(random, 1, 6), p = between(random, 1, 4);
    const Exact A = random_exact(random, m, n, one), B = random_exact(random, n, p, two);
    const Exact C = random_exact(random, m, n, two);
    const bool ordinary = &one == &kinds[0] && &two == &kinds[0];
    const double size = ordinary ? (A.bounded.mid.norm() + A.bounded.error.value()) : 0;
    const auto check = [&](Tally& tally, const DyadicMatrix& exact, const BoundedMatrix& bounded,
                           double truth) {
      tally(holds(exact, bounded), ordinary ? bounded.error.value() : 0, truth);
    };
    // what is bounded beside the errors that went in: some 1e-16 of the sizes
    const double a = A.bounded.error.value(), b = B.bounded.error.value(), c = C.bounded.error.value();
    check(sums, A.exact + C.exact, sum(A.bounded, C.bounded), a + c + 1e-15 * (size + C.bounded.mid.norm()));
    check(sums, A.exact - C.exact, sum(A.bounded, C.bounded, -1),
          a + c + 1e-15 * (size + C.bounded.mid.norm()));
    const double of_product =
        (size + 1e-15 * size) * (b + 1e-15 * B.bounded.mid.norm()) + a * B.bounded.mid.norm();
    check(products, A.exact * B.exact, detail::product(A.bounded, B.bounded), of_product);
    const BoundedMatrix At(A.bounded.mid.transpose(), A.bounded.error),
        Bt(B.bounded.mid.transpose(), B.bounded.error);
    check(products, A.exact * B.exact, detail::product<GemmOp::transposed, GemmOp::plain>(At, B.bounded),
          of_product);
    check(products, A.exact * B.exact, detail::product<GemmOp::plain, GemmOp::transposed>(A.bounded, Bt),
          of_product);
    const Vec<double> d = vector(random, m, two), e = vector(random, n, two);
    check(scalings, DyadicMatrix::diagonal(d) * A.exact, scaled_rows(d, A.bounded),
          d.cwiseAbs().maxCoeff() * (a + 1e-15 * size));
    check(scalings, A.exact * DyadicMatrix::diagonal(e), scaled_cols(A.bounded, e),
          e.cwiseAbs().maxCoeff() * (a + 1e-15 * size));
  }
  for (const Tally* tally : {&sums, &products, &scalings}) {
    CHECK(tally->violated == 0);
    CHECK(tally->largest < 3);
  }
  CHECK(products.checked == 4500);
}

TEST_CASE("products that are packed in panels hold their exact results", "[certify]") {
  Random random(4);
  Tally tally;
  struct Size {
    Index m, depth, n;
  };
  for (const auto& [m, depth, n] :
       {Size{1, 300, 1}, Size{5, 130, 7}, Size{33, 40, 9}, Size{17, 64, 17}, Size{70, 3, 5}})
    for (const Kind& kind : {kinds[0], kinds[1], kinds[2], kinds[4]}) {
      const Mat<double> A = matrix(random, m, depth, kind), B = matrix(random, depth, n, kind);
      const BoundedMatrix P = detail::product(BoundedMatrix(A), BoundedMatrix(B));
      tally(holds(DyadicMatrix(A) * DyadicMatrix(B), P), P.error.value(),
            static_cast<double>(depth) * 0x1p-53 * A.norm() * B.norm() + 0x1p-980);
    }
  CHECK(tally.violated == 0);
  CHECK(tally.largest < 1.01);
}

TEST_CASE("a sum that rounds to the wrong integer is within its bound", "[certify]") {
  // 1 + 2^-53 + 2^-53 + ... in this order loses all that follows the 1: the error is next to n u |A||B|.
  for (const Index n : {2, 10, 100}) {
    Mat<double> A = Mat<double>::Constant(1, n, 0x1p-53);
    A(0, 0) = 1;
    const Mat<double> B = Mat<double>::Ones(n, 1);
    CHECK(holds(DyadicMatrix(A) * DyadicMatrix(B), detail::product(BoundedMatrix(A), BoundedMatrix(B))));
    CHECK(holds(DyadicMatrix(A) * DyadicMatrix(B).transpose().transpose(),
                sum(detail::product(BoundedMatrix(A), BoundedMatrix(B)),
                    BoundedMatrix(Mat<double>(Mat<double>::Zero(1, 1))))));
  }
}

TEST_CASE("norms are bounded from above, and closely", "[certify]") {
  Random random(5);
  Tally frobenius_norms, rows, norms;
  for (int k = 0; k < 1500; ++k) {
    const Kind& kind = any_kind(random);
    const Index m = between(random, 1, 4), n = between(random, 1, 4);
    const Exact A = random_exact(random, m, n, kind);
    const double error = A.bounded.error.value();
    // norms of matrices whose squares underflow or overflow are bounded, but not closely
    const bool ordinary =
        kind.spread <= 60 && kind.size > -300 && kind.size < 300 && squares(A.exact).sign() > 0;
    const double F = frobenius(A.bounded).value(), two = norm2(A.bounded).value();
    const double size = ordinary ? std::sqrt(squares(A.exact).value()) + error : 1;
    frobenius_norms(F == infinity || squares(A.exact) <= Dyadic(F) * Dyadic(F), ordinary ? F : 0,
                    size + error);
    const Vec<double> by_row = row_norms(A.bounded);
    for (Index i = 0; i < m; ++i) {
      Dyadic exact;
      for (Index j = 0; j < n; ++j) exact += A.exact(i, j) * A.exact(i, j);
      rows(by_row[i] == infinity || exact <= Dyadic(by_row[i]) * Dyadic(by_row[i]), ordinary ? by_row[i] : 0,
           std::sqrt(exact.value()) + 2 * error + 1e-140);
    }
    const DyadicMatrix G = A.exact.transpose() * A.exact;
    norms(bounds_squares(two, G), ordinary ? two : 0, ordinary ? std::sqrt(largest_of(G)) + 2 * error : 1);
  }
  for (const Tally* tally : {&frobenius_norms, &rows, &norms}) {
    CHECK(tally->violated == 0);
    CHECK(tally->largest < 1.00001);  // what Cholesky's shift and the bisection here cost
  }
  CHECK(norms.infinite < norms.checked / 3);
}

TEST_CASE("matrices of a known norm", "[certify]") {
  // Hadamard matrices, H'H = n I; blocks and multiples of them; rank one; zero; nearly equal singular values.
  Mat<double> H = Mat<double>::Ones(1, 1);
  for (int doubling = 0; doubling < 5; ++doubling) {
    const Mat<double> old = H;
    H.resize(2 * old.rows(), 2 * old.cols());
    H << old, old, old, -old;
    const double n = static_cast<double>(H.rows());
    for (const double scale : {1., 0x1p-200, 0x1p200}) {
      const double bound = norm2(BoundedMatrix(scale * H)).value();
      CHECK((Dyadic(bound) * Dyadic(bound) >= Dyadic(scale) * Dyadic(scale) * Dyadic(n)));
      CHECK(bound < scale * std::sqrt(n) * (1 + 1e-7));
      const double half = norm2(BoundedMatrix(scale * H.topRows(H.rows() / 2))).value();
      CHECK((Dyadic(half) * Dyadic(half) >= Dyadic(scale) * Dyadic(scale) * Dyadic(n)));
      CHECK(half < scale * std::sqrt(n) * (1 + 1e-7));
    }
  }
  for (const Index n : {1, 3, 40}) {
    const Mat<double> ones = Mat<double>::Ones(n, 2 * n);
    const double size = static_cast<double>(n) * std::sqrt(2.), bound = norm2(BoundedMatrix(ones)).value();
    CHECK(bound >= size);
    CHECK(bound < size * (1 + 1e-7));
    CHECK(norm2(BoundedMatrix(Mat<double>(Mat<double>::Zero(n, n)))).value() < 1e-140);
    CHECK(norm2(BoundedMatrix(Mat<double>(Mat<double>::Identity(n, n)))).value() >= 1);
    CHECK(norm2(BoundedMatrix(Mat<double>(Mat<double>::Identity(n, n)))).value() < 1 + 1e-7);
    CHECK(norm2(BoundedMatrix(Mat<double>(Mat<double>::Identity(n, n)), Upper(0.5))).value() >= 1.5);
  }
  CHECK(norm2(BoundedMatrix(Mat<double>(0, 3))).value() == 0);
}

TEST_CASE("the largest eigenvalue of a symmetric matrix, negative ones among the rest", "[certify]") {
  Random random(6);
  long violated = 0;
  double largest = 0;
  for (int k = 0; k < 2000; ++k) {
    const Kind& kind = any_kind(random);
    const Index n = between(random, 1, 4);
    Mat<double> S = matrix(random, n, n, kind);
    S = S.triangularView<Eigen::Lower>();
    S = Mat<double>(S + Mat<double>(S.triangularView<Eigen::StrictlyLower>()).transpose());
    if (k % 3 == 0) S.diagonal() *= 0;  // eigenvalues of both signs, and Cholesky's method near its end
    Exact G = random_exact(random, n, n, kinds[0]);
    const double error = k % 2 == 0 ? 0 : 1e-9 * S.cwiseAbs().maxCoeff();
    Mat<double> E(n, n);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) E(i, j) = E(j, i) = random.normal();
    E *= error * (1 - 1e-12) / std::max(E.norm(), 1e-3);
    const double bound = largest_eigenvalue(BoundedMatrix(S, Upper(error))).value();
    if (!(bound < infinity)) continue;
    violated += !positive_semidefinite(Dyadic(bound) * DyadicMatrix::identity(n) -
                                       (DyadicMatrix(S) + DyadicMatrix(E)));
    if (kind.spread == 0) largest = std::max(largest, bound / (S.norm() + 2 * error + 1e-140));
  }
  CHECK(violated == 0);
  CHECK(largest < 1 + 1e-6);
}

TEST_CASE("not a number is never a bound", "[certify]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {nan, infinity, -infinity})
    for (const Index at : {0, 4, 8}) {
      Mat<double> A = Mat<double>::Identity(3, 3);
      A.reshaped()[at] = bad;
      const BoundedMatrix B(A), I(Mat<double>(Mat<double>::Identity(3, 3)));
      CHECK_FALSE(norm2(B) < infinity);
      CHECK_FALSE(frobenius(B) < infinity);
      CHECK_FALSE(largest_eigenvalue(B) < infinity);
      CHECK_FALSE(frobenius(detail::product(B, I)) < infinity);
      CHECK_FALSE(norm2(detail::product(I, B)) < infinity);
      CHECK_FALSE(norm2(sum(I, B)) < infinity);
      CHECK_FALSE(norm2(scaled_rows(Vec<double>(A.reshaped().head(3)), B)) < infinity);
      CHECK_FALSE(norm2(dominating_left(B)) < infinity);
      CHECK_FALSE(norm2(dominating_right(B)) < infinity);
      CHECK_FALSE(row_norms(B).maxCoeff<Eigen::PropagateNaN>() < infinity);
      CHECK_FALSE(norm_of(Metric{A, Vec<double>::Ones(3)}) < infinity);
      CHECK_FALSE(norm2(times(Metric{A, Vec<double>::Ones(3)}, I)) < infinity);
      CHECK_FALSE(norm2(times_inverse(I, Metric{A, Vec<double>::Ones(3)})) < infinity);
    }
  CHECK_FALSE(norm2(BoundedMatrix(Mat<double>(Mat<double>::Identity(2, 2)), Upper(nan))) < infinity);
}

TEST_CASE("smaller matrices with norms at least as large", "[certify]") {
  Random random(7);
  long violated = 0;
  double largest = 0;
  for (int k = 0; k < 1500; ++k) {
    const Kind& kind = any_kind(random);
    const Index n = between(random, 1, 3), m = between(random, 1, 5);
    const Exact A = random_exact(random, m, n, kind);
    const BoundedMatrix R = dominating_right(A.bounded);
    const BoundedMatrix S = dominating_left({A.bounded.mid.transpose(), A.bounded.error});
    REQUIRE(R.rows() == n);
    REQUIRE(S.cols() == n);
    const DyadicMatrix G = A.exact.transpose() * A.exact;
    if (!R.mid.allFinite() || !S.mid.allFinite()) continue;
    CHECK(R.error.value() == 0);
    violated += !positive_semidefinite(DyadicMatrix(R.mid).transpose() * DyadicMatrix(R.mid) - G);
    violated += !positive_semidefinite(DyadicMatrix(S.mid) * DyadicMatrix(S.mid).transpose() - G);
    if (kind.spread <= 4 && kind.size == 0 && A.bounded.error.value() < 1e-14 && A.bounded.mid.norm() > 0)
      largest = std::max({largest, R.mid.norm() / A.bounded.mid.norm(), S.mid.norm() / A.bounded.mid.norm()});
  }
  CHECK(violated == 0);
  CHECK(largest > 1);
  CHECK(largest < 1 + 1e-13);
}

namespace {

/// A metric whose Q is orthonormal to rounding, or a little or far from it.
Metric random_metric(Random& random, Index n, Index k, double off) {
  Mat<double> Q = matrix(random, n, k, kinds[0]) + Mat<double>::Identity(n, k);
  Q = Mat<double>(Eigen::HouseholderQR<Mat<double>>(Q).householderQ() * Mat<double>::Identity(n, k));
  for (double& e : Q.reshaped()) e += off * random.normal();
  Vec<double> t(k);
  for (double& e : t) e = std::ldexp(random.uniform(), static_cast<int>(between(random, -20, 12)));
  return {Q, t};
}
DyadicMatrix exact(const Metric& T) {
  return DyadicMatrix::identity(T.Q.rows()) +
         DyadicMatrix(T.Q) * DyadicMatrix::diagonal(T.t) * DyadicMatrix(T.Q).transpose();
}
/// adj(A) with A adj(A) = det(A) I, for up to three rows, and the determinant.
std::pair<DyadicMatrix, Dyadic> adjugate(const DyadicMatrix& A) {
  const Index n = A.rows();
  DyadicMatrix adj(n, n);
  const auto minor_of = [&](Index row, Index col) -> Dyadic {
    std::vector<Index> r, c;
    for (Index i = 0; i < n; ++i) {
      if (i != row) r.push_back(i);
      if (i != col) c.push_back(i);
    }
    if (n == 1) return 1;
    if (n == 2) return A(r[0], c[0]);
    return A(r[0], c[0]) * A(r[1], c[1]) - A(r[0], c[1]) * A(r[1], c[0]);
  };
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) adj(j, i) = (i + j) % 2 == 0 ? minor_of(i, j) : -minor_of(i, j);
  Dyadic det;
  for (Index j = 0; j < n; ++j) det += A(0, j) * adj(j, 0);
  return {adj, det};
}

}  // namespace

TEST_CASE("a metric, its inverse and its norm", "[certify]") {
  Random random(8);
  long violated = 0, refused = 0, trials = 0;
  double forward = 0, backward = 0, norm = 0;
  for (int k = 0; k < 1500; ++k) {
    const Index n = between(random, 1, 3), columns = between(random, 0, n), m = between(random, 1, 3);
    const double off = k % 3 == 0   ? 1e-3
                       : k % 3 == 1 ? 0
                                    : std::ldexp(1., -static_cast<int>(between(random, 0, 40)));
    const Metric T = random_metric(random, n, columns, off);
    const DyadicMatrix dense = exact(T);
    const Exact A = random_exact(random, n, m, kinds[between(random, 0, 2)]);
    const Exact B = random_exact(random, m, n, kinds[between(random, 0, 2)]);
    const BoundedMatrix TA = times(T, A.bounded), BT = times_inverse(B.bounded, T);
    violated += !holds(dense * A.exact, TA);
    ++trials;
    if (!(BT.error < infinity)) {
      ++refused;  // Q is far from orthonormal
    } else {
      // |B T^-1 - mid| <= error, times det T > 0
      const auto [adj, det] = adjugate(dense);
      const Dyadic bound = Dyadic(BT.error.value()) * det;
      violated += squares(B.exact * adj - det * DyadicMatrix(BT.mid)) > bound * bound;
    }
    const double T_norm = norm_of(T).value();
    violated += !bounds_squares(T_norm, dense * dense);
    const Vec<double> v = vector(random, n, any_kind(random));
    const double length = detail::length(T, BoundedMatrix(Mat<double>(v))).value();
    violated +=
        length < infinity && squares(dense * DyadicMatrix(Mat<double>(v))) > Dyadic(length) * Dyadic(length);
    if (k % 3 != 1 || columns == 0) continue;
    const double t = 1 + T.t.maxCoeff(), e = A.bounded.error.value(), b = B.bounded.error.value();
    norm = std::max(norm, T_norm / t);
    forward = std::max(forward, TA.error.value() / (t * (e + 1e-15 * (A.bounded.mid.norm() + e)) + 1e-140));
    backward = std::max(backward, BT.error.value() / (b + 1e-15 * t * (B.bounded.mid.norm() + b) + 1e-140));
  }
  CHECK(violated == 0);
  CHECK(norm < 1 + 1e-13);
  CHECK(forward < 10);
  CHECK(backward < 30);
  CHECK(refused < trials / 3);
}

namespace {

using NetKind = ExactNetwork::Kind;

std::shared_ptr<const detail::ExactMap> leaky_quarter() {
  return std::make_shared<const detail::ExactMap>(detail::exact_map(LeakyRelu{.slope = 0.25}));
}
DyadicMatrix column(const Vec<double>& v) { return Mat<double>(v); }

/// f(x) without rounding, for leaky ReLU of slope 1/4.
DyadicMatrix evaluated(const ExactNetwork& f, const DyadicMatrix& x) {
  std::vector<DyadicMatrix> values{x};
  for (std::size_t k = 1; k < f.steps().size(); ++k) {
    const ExactNetwork::Step& s = f.steps()[k];
    if (s.kind == NetKind::affine) {
      values.push_back(DyadicMatrix(s.weight) * values[s.a] + column(s.bias));
    } else if (s.kind == NetKind::sum) {
      values.push_back(values[s.a] + values[s.b]);
    } else {
      DyadicMatrix v = values[s.a];
      for (Index i = 0; i < v.rows(); ++i)
        if (v(i, 0).sign() < 0) v(i, 0) = Dyadic(0.25) * v(i, 0);
      values.push_back(v);
    }
  }
  return values[f.output()];
}

/// d -> width -> ... -> d, with a skip over each block of the same size now and then.
ExactNetwork random_network(Random& random, Index d, Index width, int hidden, const Kind& kind) {
  ExactNetwork f(d);
  std::size_t at = 0;
  for (int layer = 0; layer <= hidden; ++layer) {
    const Index in = f.steps()[at].size, out = layer < hidden ? width : d;
    const std::size_t before = at;
    at = f.add({.kind = NetKind::affine,
                .size = out,
                .a = at,
                .weight = matrix(random, out, in, kind),
                .bias = vector(random, out, kind)});
    if (layer < hidden) at = f.add({.kind = NetKind::map, .size = out, .a = at, .map = leaky_quarter()});
    if (in == out && random.uniform() < 0.3)
      at = f.add({.kind = NetKind::sum, .size = out, .a = at, .b = before});
  }
  f.set_output(at);
  return f;
}

}  // namespace

TEST_CASE("each step of a network is within what it says that it rounds", "[certify]") {
  Random random(9);
  Tally tally;
  for (int k = 0; k < 2000; ++k) {
    const Kind& kind = any_kind(random);
    const Index d = between(random, 1, 3);
    const ExactNetwork f = random_network(random, d, 4, 1 + k % 2, kind);
    const Vec<double> x = vector(random, d, any_kind(random));
    const detail::Pass pass = detail::forward_pass(f, x);
    for (std::size_t step = 1; step < f.steps().size(); ++step) {
      const ExactNetwork::Step& s = f.steps()[step];
      const Vec<double>&a = pass.values[s.a], &v = pass.values[step];
      if (!a.allFinite()) break;
      for (Index i = 0; i < s.size; ++i) {
        const double rounding = pass.rounding[step][i];
        Dyadic exact = s.kind == NetKind::map ? Dyadic(a[i]) * Dyadic(a[i] < 0 ? 0.25 : 1) : Dyadic(0);
        double size = std::abs(v[i]);
        if (s.kind == NetKind::sum) exact = Dyadic(a[i]) + Dyadic(pass.values[s.b][i]);
        if (s.kind == NetKind::affine) {
          exact = s.bias[i];
          size = std::abs(s.bias[i]);
          for (Index j = 0; j < a.size(); ++j) {
            exact += Dyadic(s.weight(i, j)) * Dyadic(a[j]);
            size += std::abs(s.weight(i, j) * a[j]);
          }
        }
        if (rounding == infinity || !std::isfinite(size)) continue;
        const bool right = std::isfinite(v[i]) && abs(exact - Dyadic(v[i])) <= Dyadic(rounding);
        tally(right, rounding, 1e-15 * size + 1e-290);
      }
    }
  }
  CHECK(tally.checked > 5000);
  CHECK(tally.violated == 0);
  CHECK(tally.largest < 2);
}

TEST_CASE("a value that is computed is within its bound of the exact one", "[certify]") {
  Random random(10);
  long violated = 0, checked = 0, infinite = 0;
  double largest = 0;
  for (int k = 0; k < 1500; ++k) {
    const Kind& kind = k % 2 == 0 ? kinds[1] : any_kind(random);
    const Index d = between(random, 1, 3);
    const ExactNetwork f = random_network(random, d, 4, 1 + k % 3, kind);
    Vec<double> x = vector(random, d, any_kind(random));
    const Metric T = k % 3 == 0 ? Metric{} : random_metric(random, d, d, 0);
    const detail::JacobianBound bound(f, detail::bound_ends(f, T), x);
    const double error = bound.value_error().value();
    ++checked;
    if (!(error < infinity)) {
      ++infinite;
      continue;
    }
    const DyadicMatrix difference = evaluated(f, column(x)) - column(bound.value());
    violated += squares(k % 3 == 0 ? difference : exact(T) * difference) > Dyadic(error) * Dyadic(error);
    if (&kind == &kinds[1] && x.norm() < 100 && k % 3 == 0)
      largest = std::max(largest, error / (bound.value().norm() + f.steps()[1].weight.norm() * x.norm() + 1));
  }
  CHECK(violated == 0);
  CHECK(checked == 1500);
  CHECK(infinite < 500);
  CHECK(largest < 1e-10);
}

namespace {

/// |T (f(x) - f(y))|^2 <= L^2 |T (x - y)|^2.
bool contracts(const ExactNetwork& f, const DyadicMatrix& T, const DyadicMatrix& x, const DyadicMatrix& y,
               double L) {
  if (L == infinity) return true;
  return squares(T * (evaluated(f, x) - evaluated(f, y))) <= Dyadic(L) * Dyadic(L) * squares(T * (x - y));
}

}  // namespace

namespace {

/// Networks 2 -> 4 -> 2 and 2 -> 4 -> 4 -> 2 in a few metrics, each with pairs of points.
void check_pairs(int networks, int seed) {
  Random random(static_cast<std::uint64_t>(seed));
  long violated = 0, pairs = 0;
  double closest = 0, mean = 0;
  for (int k = 0; k < networks; ++k) {
    const Index d = 2;
    const Kind small{-1, 2};
    const ExactNetwork f = random_network(random, d, 4, 1 + k % 2, small);
    Vec<double> c(d);
    for (double& e : c) e = std::floor(64 * random.normal()) / 64;
    // a metric of powers of 2 along the axes, or a full one
    const Metric T = k % 3 == 0   ? Metric{}
                     : k % 3 == 1 ? Metric{Mat<double>::Identity(d, d),
                                           Vec<double>{{random.uniform() < 0.5 ? 3. : 0., 1.}}}
                                  : random_metric(random, d, d, 0);
    const DyadicMatrix dense = T.t.size() == 0 ? DyadicMatrix::identity(d) : exact(T);
    Mat<double> rounded(d, d);
    for (Index i = 0; i < d; ++i)
      for (Index j = 0; j < d; ++j) rounded(i, j) = dense(i, j).value();
    const Mat<double> inverse = rounded.inverse();
    const double r = std::ldexp(1., static_cast<int>(between(random, -6, 2))), away = k % 2 == 0 ? 0 : r / 4;
    const detail::JacobianBound bound(f, detail::bound_ends(f, T), c);
    using detail::Norms;
    using detail::Slopes;
    const double any =
        (bound.centre_norm() + bound.change(r, 0, Slopes::between_any, Norms::verified)).value();
    const double from =
        (bound.centre_norm() + bound.change(r, away, Slopes::from_centre, Norms::verified)).value();
    const auto within = [&](double size) {
      Vec<double> v(d);
      for (double& e : v) e = random.normal();
      return column(inverse * (v * (size * (1 - 1e-9) / std::max(v.norm(), 1e-3))));
    };
    double found = 0;
    for (int pair = 0; pair < 8; ++pair) {
      const DyadicMatrix x = column(c) + within(r);
      const DyadicMatrix y =
          pair % 2 == 0 ? column(c) + within(r * random.uniform()) : x - Dyadic(0x1p-30) * (x - column(c));
      if (squares(x - y).sign() == 0) continue;
      violated += !contracts(f, dense, x, y, any);
      const DyadicMatrix centre = away == 0 ? column(c) : column(c) + within(away * random.uniform());
      violated += !contracts(f, dense, centre + within(r), centre, from);
      pairs += 2;
      found = std::max(found, std::sqrt(squares(dense * (evaluated(f, x) - evaluated(f, y))).value() /
                                        squares(dense * (x - y)).value()));
    }
    closest = std::max(closest, found / any);
    mean += found / any / networks;
  }
  CHECK(violated == 0);
  CHECK(pairs > 15 * networks);
  CHECK(closest > 0.99);
  CHECK(mean > 0.3);
}

}  // namespace

TEST_CASE("no pair of points of a ball is spread by more than its bound", "[certify]") {
  check_pairs(400, 11);
}
TEST_CASE("no pair of points is spread by more than its bound: many networks", "[certify][slow]") {
  check_pairs(6000, 12);
}
