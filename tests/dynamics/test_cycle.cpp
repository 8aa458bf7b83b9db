// Periods of points, on maps whose cycles are known.
#include "basin/dynamics/cycle.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "basin/layers/affine.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// A plane turned by `angle`, and a third coordinate that is multiplied by `factor`.
template <class S>
Model<Affine<S>> turn(double angle, double factor) {
  Mat<S> A = Mat<S>::Zero(3, 3);
  A(0, 0) = A(1, 1) = static_cast<S>(std::cos(angle));
  A(1, 0) = static_cast<S>(std::sin(angle));
  A(0, 1) = -A(1, 0);
  A(2, 2) = static_cast<S>(factor);
  return {Affine<S>(A), Vec<S>()};
}

}  // namespace

TEST_CASE("a rotation by 2 pi / p has period p everywhere but on its axis", "[dynamics]") {
  Mat<double> x = random_matrix<double>(3, 70, 1);  // two pieces of an orbit
  x.row(2).setZero();
  x.col(5).setZero();
  for (const Index p : {1, 2, 3, 7, 12}) {
    const double angle = 2 * std::numbers::pi / static_cast<double>(p);
    const std::vector<Index> of_double = periods(turn<double>(angle, 0.5), x, 12, 1e-12);
    const std::vector<Index> of_float =
        periods(turn<float>(angle, 0.5), Mat<float>(x.cast<float>()), 12, 1e-5);
    for (std::size_t j = 0; j < 70; ++j) {
      CHECK(of_double[j] == (j == 5 ? 1 : p));
      CHECK(of_float[j] == (j == 5 ? 1 : p));
    }
    const std::vector<Index> too_short = periods(turn<double>(angle, 0.5), x, p > 1 ? p - 1 : 1, 1e-12);
    CHECK(too_short[0] == (p > 1 ? 0 : 1));
  }
  CHECK(periods(turn<double>(1, 0.5), x, 40, 1e-3)[0] == 0);  // 1 is no rational multiple of pi
}

TEST_CASE("a point comes back once its way to the cycle is within the tolerance", "[dynamics]") {
  const auto f = turn<double>(std::numbers::pi, 0.5);  // the third coordinate falls: by 3/4 within a period
  Mat<double> x(3, 3);
  x.col(0) << 1, 0, 1e-3;
  x.col(1) << 1, 0, 1;
  x.col(2) << 0, 0, 1e-3;
  CHECK(periods(f, x, 10, 1e-3) == std::vector<Index>{2, 0, 1});
  const auto growing = turn<double>(std::numbers::pi, 2);
  CHECK(periods(growing, x, 10, 1e-3) == std::vector<Index>{0, 0, 1});
}

TEST_CASE("a point that is not finite has no period, and arguments are checked", "[dynamics]") {
  const auto f = turn<double>(std::numbers::pi, 0.5);
  Mat<double> x = Mat<double>::Ones(3, 2);
  x(0, 0) = std::numeric_limits<double>::quiet_NaN();
  x(2, 1) = 0;
  CHECK(periods(f, x, 4, 1e-9) == std::vector<Index>{0, 2});
  CHECK(contains(error_of([&] { (void)periods(f, x, 0, 1e-9); }), "longest must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)periods(f, x, 4, 0); }), "tolerance must be > 0, got 0"));
}
