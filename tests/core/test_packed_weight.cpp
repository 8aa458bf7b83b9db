// Products with a packed weight against sums in long double, on blocks of larger matrices, column by column.
#include "basin/core/product/packed_weight.hpp"

#include <limits>

#include "basin/core/parallel.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEMPLATE_TEST_CASE("a packed weight gives W x + b for every shape", "[core]", float, double) {
  using S = TestType;
  int seed = 0;
  for (const Index rows : {1, 3, 8, 16, 31, 64, 65, 130, 784})
    for (const Index depth : {1, 3, 40, 520})
      for (const Index cols : {1, 2, 5, 6, 8, 19}) {
        INFO(rows << " x " << depth << " x " << cols);
        const Mat<S> wide_w = random_matrix<S>(rows + 2, depth + 1, ++seed),
                     wide_x = random_matrix<S>(depth + 3, cols, ++seed);
        const Vec<S> bias = random_matrix<S>(cols == 2 ? 0 : rows, 1, ++seed);
        const auto W = wide_w.bottomLeftCorner(rows, depth);
        const auto X = wide_x.topRows(depth);
        Mat<S> wide_y = Mat<S>::Constant(rows + 2, cols, std::numeric_limits<S>::quiet_NaN());
        PackedWeight<S>(W, bias).apply(X, wide_y.middleRows(1, rows));
        using Exact = Mat<long double>;
        const Exact a = W.template cast<long double>(), x = X.template cast<long double>();
        Exact exact = a * x, size = a.cwiseAbs() * x.cwiseAbs();
        if (bias.size() > 0) {
          const Vec<long double> b = bias.template cast<long double>();
          exact.colwise() += b;
          size.colwise() += b.cwiseAbs();
        }
        const Exact error = (wide_y.middleRows(1, rows).template cast<long double>() - exact).cwiseAbs();
        // Each of depth roundings is at most half a unit of a partial sum; one more for the order of the sum.
        const auto unit = static_cast<long double>(std::numeric_limits<S>::epsilon()) / 2;
        REQUIRE((error.array() <= static_cast<long double>(depth + 1) * unit * size.array()).all());
        REQUIRE(wide_y.row(0).array().isNaN().all());
        REQUIRE(wide_y.row(rows + 1).array().isNaN().all());
      }
}

TEMPLATE_TEST_CASE("with a packed weight a column has the same bits in any batch and with any threads",
                   "[core]", float, double) {
  using S = TestType;
  const Mat<S> W = random_matrix<S>(300, 310, 1), X = random_matrix<S>(310, 101, 2);
  const PackedWeight<S> packed(W, Vec<S>(random_matrix<S>(300, 1, 3))), copy = packed;
  const auto apply = [](const PackedWeight<S>& w, const Mat<S>& x) {
    Mat<S> y(300, x.cols());
    w.apply(x, y);
    return y;
  };
  set_num_threads(1);
  const Mat<S> all = apply(packed, X);
  for (Index j = 0; j < X.cols(); ++j) CHECK(apply(copy, X.col(j)) == all.col(j));
  CHECK(apply(copy, X.middleCols(3, 40)) == all.middleCols(3, 40));
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    CHECK(apply(packed, X) == all);
  }
  set_num_threads(0);
}
