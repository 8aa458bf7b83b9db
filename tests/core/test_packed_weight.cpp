// Products with a packed weight against sums in long double, on blocks of larger matrices, column by column.
#include "basin/core/packed_weight.hpp"

#include <limits>

#include "basin/core/parallel.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEMPLATE_TEST_CASE("a packed weight adds W x for every shape", "[core]", float, double) {
  using S = TestType;
  int seed = 0;
  for (const Index rows : {1, 3, 8, 16, 31, 64, 65, 130, 784})
    for (const Index depth : {1, 3, 40, 520})
      for (const Index cols : {1, 2, 5, 6, 8, 19}) {
        INFO(rows << " x " << depth << " x " << cols);
        const Mat<S> wide_w = random_matrix<S>(rows + 2, depth + 1, ++seed),
                     wide_x = random_matrix<S>(depth + 3, cols, ++seed);
        const auto W = wide_w.bottomLeftCorner(rows, depth);
        const auto X = wide_x.topRows(depth);
        const Mat<S> start = random_matrix<S>(rows, cols, ++seed);
        Mat<S> wide_y = Mat<S>::Constant(rows + 2, cols, std::numeric_limits<S>::quiet_NaN());
        wide_y.middleRows(1, rows) = start;
        PackedWeight<S>(W).multiply_add(X, wide_y.middleRows(1, rows));
        const Mat<long double> a = W.template cast<long double>(), b = X.template cast<long double>();
        const Mat<long double> exact = start.template cast<long double>() + a * b;
        const Mat<long double> scale =
            start.cwiseAbs().template cast<long double>() + a.cwiseAbs() * b.cwiseAbs();
        const Mat<long double> error =
            (wide_y.middleRows(1, rows).template cast<long double>() - exact).cwiseAbs();
        const auto unit = static_cast<long double>(std::numeric_limits<S>::epsilon()) / 2;
        // Each of depth + 1 roundings is at most half a unit of a partial sum.
        REQUIRE((error.array() <= static_cast<long double>(depth + 1) * unit * scale.array()).all());
        REQUIRE(wide_y.row(0).array().isNaN().all());
        REQUIRE(wide_y.row(rows + 1).array().isNaN().all());
      }
}

TEMPLATE_TEST_CASE("with a packed weight a column has the same bits in any batch and with any threads",
                   "[core]", float, double) {
  using S = TestType;
  const Mat<S> W = random_matrix<S>(300, 310, 1), X = random_matrix<S>(310, 101, 2);
  const PackedWeight<S> packed(W), copy = packed;
  const auto product = [](const PackedWeight<S>& w, const Mat<S>& x) {
    Mat<S> y = Mat<S>::Ones(300, x.cols());
    w.multiply_add(x, y);
    return y;
  };
  set_num_threads(1);
  const Mat<S> all = product(packed, X);
  for (Index j = 0; j < X.cols(); ++j) CHECK(product(copy, X.col(j)) == all.col(j));
  CHECK(product(copy, X.middleCols(3, 40)) == all.middleCols(3, 40));
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    CHECK(product(packed, X) == all);
  }
  set_num_threads(0);
}
