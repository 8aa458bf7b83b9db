// The one matrix product against sums written out, in every form and shape, and on blocks of larger matrices.
#include "basin/core/product/gemm.hpp"

#include <array>
#include <limits>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// op(A) op(B), entry by entry in long double.
template <class S>
Mat<S> product(const Mat<S>& A, const Mat<S>& B, bool transpose_a, bool transpose_b) {
  const Mat<long double> a = transpose_a ? Mat<S>(A.transpose()).template cast<long double>().eval()
                                         : A.template cast<long double>().eval();
  const Mat<long double> b = transpose_b ? Mat<S>(B.transpose()).template cast<long double>().eval()
                                         : B.template cast<long double>().eval();
  Mat<long double> c = Mat<long double>::Zero(a.rows(), b.cols());
  for (Index i = 0; i < c.rows(); ++i)
    for (Index j = 0; j < c.cols(); ++j)
      for (Index k = 0; k < a.cols(); ++k) c(i, j) += a(i, k) * b(k, j);
  return c.template cast<S>();
}

template <class S, GemmOp OpA, GemmOp OpB>
void require_product(Index m, Index k, Index n, int seed) {
  constexpr bool ta = OpA == GemmOp::transposed, tb = OpB == GemmOp::transposed;
  // Each factor is a block inside a larger matrix: the columns do not follow each other.
  const Mat<S> wide_a = random_matrix<S>((ta ? k : m) + 2, (ta ? m : k) + 1, seed);
  const Mat<S> wide_b = random_matrix<S>((tb ? n : k) + 3, (tb ? k : n) + 1, seed + 1);
  const Mat<S> A = wide_a.bottomLeftCorner(ta ? k : m, ta ? m : k),
               B = wide_b.topRightCorner(tb ? n : k, tb ? k : n);
  const Mat<S> exact = product(A, B, ta, tb), start = random_matrix<S>(m, n, seed + 2);
  const S tolerance = S(4) * static_cast<S>(k + 1) * std::numeric_limits<S>::epsilon() * (1 + exact.norm());
  INFO(m << " x " << k << " x " << n);
  Mat<S> wide_c = Mat<S>::Constant(m + 2, n, std::numeric_limits<S>::quiet_NaN());
  gemm<S, OpA, OpB>(wide_a.bottomLeftCorner(A.rows(), A.cols()), wide_b.topRightCorner(B.rows(), B.cols()),
                    wide_c.middleRows(1, m));
  REQUIRE((wide_c.middleRows(1, m) - exact).norm() <= tolerance);
  REQUIRE(wide_c.row(0).array().isNaN().all());
  REQUIRE(wide_c.row(m + 1).array().isNaN().all());
  Mat<S> C = start;
  gemm_add<S, OpA, OpB>(A, B, C);
  REQUIRE((C - start - exact).norm() <= tolerance + 4 * std::numeric_limits<S>::epsilon() * start.norm());
  if constexpr (!ta && !tb) {
    const Vec<S> b = start.col(0);
    gemm_affine<S>(A, B, b, C);
    REQUIRE(((C.colwise() - b) - exact).norm() <=
            tolerance + 4 * std::numeric_limits<S>::epsilon() * start.norm());
  }
}

template <class S>
void require_products(Index m, Index k, Index n, int seed) {
  require_product<S, GemmOp::plain, GemmOp::plain>(m, k, n, seed);
  require_product<S, GemmOp::transposed, GemmOp::plain>(m, k, n, seed);
  require_product<S, GemmOp::plain, GemmOp::transposed>(m, k, n, seed);
}

}  // namespace

TEST_CASE("gemm is the matrix product in every form, with shapes from 1 to several blocks", "[core]") {
  int seed = 0;
  for (const Index m : {1, 2, 7, 33})
    for (const Index k : {1, 3, 40})
      for (const Index n : {1, 2, 5, 29}) {
        require_products<double>(m, k, n, seed);
        require_products<float>(m, k, n, seed += 3);
      }
  require_products<float>(300, 700, 90, 1);  // deeper than a panel
  require_products<float>(70, 30, 650, 3);   // more columns than a block
  require_products<float>(200, 3, 70, 4);    // so shallow that all panels are packed at first
  require_products<double>(150, 520, 130, 2);
}

TEMPLATE_TEST_CASE("large products have the same bits with any number of threads", "[core]", float, double) {
  using S = TestType;
  struct Sizes {
    Index m, k, n;
  };
  bool by_rows = false, by_columns = false, by_both = false;
  int seed = 0;
  for (const auto& [m, k, n] :
       {Sizes{512, 512, 100}, Sizes{128, 128, 100}, Sizes{131, 700, 61}, Sizes{1000, 37, 45},
        Sizes{45, 37, 1001}, Sizes{7, 2000, 150}, Sizes{333, 300, 299}}) {
    const detail::ProductParts parts(m, n, k, 3);
    REQUIRE(parts.count >= 2);
    (parts.row_units == 0 ? by_columns : parts.shared_rows == 0 ? by_rows : by_both) = true;
    const Mat<S> A = random_matrix<S>(m, k, ++seed), B = random_matrix<S>(k, n, ++seed), At = A.transpose(),
                 Bt = B.transpose(), start = random_matrix<S>(m, n, ++seed);
    const auto products = [&](int threads) {
      set_num_threads(threads);
      std::array<Mat<S>, 3> C{start, start, start};
      gemm_add<S>(A, B, C[0]);
      gemm_add<S, GemmOp::transposed>(At, B, C[1]);
      gemm_add<S, GemmOp::plain, GemmOp::transposed>(A, Bt, C[2]);
      set_num_threads(0);
      return C;
    };
    const auto one = products(1);
    INFO(m << " x " << k << " x " << n);
    CHECK((one[0] - start - A * B).norm() <= 100 * std::numeric_limits<S>::epsilon() * (A * B).norm());
    for (const int threads : {2, 3}) CHECK(products(threads) == one);
  }
  CHECK(by_rows);
  CHECK(by_columns);
  CHECK(by_both);
}

TEST_CASE("an empty sum is zero, and an empty product is left alone", "[core]") {
  Mat<double> C = Mat<double>::Constant(2, 3, 7);
  gemm_add<double>(Mat<double>(2, 0), Mat<double>(0, 3), C);
  CHECK((C.array() == 7).all());
  gemm<double>(Mat<double>(2, 0), Mat<double>(0, 3), C);
  CHECK((C.array() == 0).all());
}
