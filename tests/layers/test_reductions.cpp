// Diagonal, Pairwise, Reduce and ReduceSum: values by hand, the contract of a layer, what is affine.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "basin/core/model.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/diagonal.hpp"
#include "basin/layers/pairwise.hpp"
#include "basin/layers/reduce.hpp"
#include "basin/linearize/linearize.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <Layer F>
Vec<double> value(const F& f, const Vec<double>& x) {
  return Model<F>(f, Vec<double>(0))(x);
}
template <Layer F>
Mat<double> slope(const F& f, const Vec<double>& x) {
  return jacobian(Model<F>(f, Vec<double>(0)), x);
}

Vec<double> column(std::initializer_list<double> numbers) {
  Vec<double> v(static_cast<Index>(numbers.size()));
  std::copy(numbers.begin(), numbers.end(), v.begin());
  return v;
}
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("Diagonal scales and shifts each number", "[reductions]") {
  const Diagonal<double> f(column({2, 0, -3}), column({1, 5, 0}));
  CHECK(value(f, column({1, 2, 3})) == column({3, 5, -9}));
  require_contract(f);
  const auto map = linearize_dense(Model(f, Vec<double>(0)));
  CHECK(map.A == Mat<double>(column({2, 0, -3}).asDiagonal()));
  CHECK(map.b == column({1, 5, 0}));
  CHECK(contains(error_of([] { Diagonal<double>(Vec<double>(2), Vec<double>(3)); }),
                 "b has 3 entries, a has 2"));
}

TEST_CASE("Pairwise takes two halves together", "[reductions]") {
  const Vec<double> x{{2, -1, 4, 3, -5, 4}};
  CHECK(value(Pairwise<double>(3, PairRule::product), x) == column({6, 5, 16}));
  CHECK(value(Pairwise<double>(3, PairRule::maximum), x) == column({3, -1, 4}));
  CHECK(value(Pairwise<double>(3, PairRule::minimum), x) == column({2, -5, 4}));
  // Equal halves share the derivative, as torch.maximum does.
  CHECK(slope(Pairwise<double>(3, PairRule::maximum), x).row(2) == Mat<double>{{0, 0, 0.5, 0, 0, 0.5}});
  for (const PairRule rule : {PairRule::product, PairRule::maximum, PairRule::minimum}) {
    CHECK(std::isnan(value(Pairwise<double>(1, rule), column({not_a_number, 1}))[0]));
    CHECK(std::isnan(value(Pairwise<double>(1, rule), column({1, not_a_number}))[0]));
  }
  require_contract(Pairwise<double>(4, PairRule::product));
}

TEST_CASE("Reduce reduces each run", "[reductions]") {
  const Vec<double> x{{1, -2, 2, 0, 3, 3}};
  CHECK(value(ReduceSum<double>(2, 3), x) == column({1, 6}));
  CHECK(value(ReduceSum<double>(2, 3, 0.5), x) == column({0.5, 3}));
  CHECK(value(Reduce<double>(2, 3, ReduceRule::maximum), x) == column({2, 3}));
  CHECK(value(Reduce<double>(2, 3, ReduceRule::minimum), x) == column({-2, 0}));
  CHECK(value(Reduce<double>(2, 3, ReduceRule::product), x) == column({-4, 0}));
  CHECK(value(Reduce<double>(2, 3, ReduceRule::norm), x)[0] == Approx(3).epsilon(1e-15));
  CHECK(value(Reduce<double>(2, 3, ReduceRule::log_sum_exp), x)[1] ==
        Approx(std::log(1 + 2 * std::exp(3.))).epsilon(1e-15));
  // The product has a derivative where a factor is 0; two equal maxima share theirs; the norm has slope 0
  // at 0.
  CHECK(slope(Reduce<double>(2, 3, ReduceRule::product), x).row(1) == Mat<double>{{0, 0, 0, 9, 0, 0}});
  CHECK(slope(Reduce<double>(2, 3, ReduceRule::maximum), x).row(1) == Mat<double>{{0, 0, 0, 0, 0.5, 0.5}});
  CHECK(slope(Reduce<double>(1, 3, ReduceRule::norm), Vec<double>::Zero(3)) == Mat<double>::Zero(1, 3));
  // No overflow where exp(x) overflows.
  CHECK(value(Reduce<double>(1, 2, ReduceRule::log_sum_exp), Vec<double>::Constant(2, 1000))[0] ==
        Approx(1000 + std::log(2.)).epsilon(1e-15));
  for (const ReduceRule rule : {ReduceRule::maximum, ReduceRule::minimum, ReduceRule::norm})
    CHECK(std::isnan(value(Reduce<double>(1, 3, rule), column({1, not_a_number, 2}))[0]));
  for (const ReduceRule rule : {ReduceRule::product, ReduceRule::log_sum_exp})
    require_contract(Reduce<double>(3, 4, rule));
  require_contract(ReduceSum<double>(3, 4, 0.25));
  const auto map = linearize_dense(Model(ReduceSum<double>(2, 2, 0.5), Vec<double>(0)));
  CHECK(map.A == Mat<double>{{0.5, 0.5, 0, 0}, {0, 0, 0.5, 0.5}});
  CHECK(contains(error_of([] { Reduce<double>(0, 3, ReduceRule::norm); }), "runs and n must be >= 1, got 0"));
}
