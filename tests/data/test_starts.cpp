#include "basin/data/starts.hpp"

#include <array>
#include <cmath>
#include <set>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEMPLATE_TEST_CASE("noise has the moments it should have and comes from the generator in column order",
                   "[data]", float, double) {
  using S = TestType;
  Random random(3), same(3);
  const Mat<S> x = normal_starts<S>(50, 200, random, 1, 2);
  CHECK(x(0, 0) == S(same.normal(1, 2)));
  CHECK(x(1, 0) == S(same.normal(1, 2)));
  const Mat<double> z = (x.template cast<double>().array() - 1) / 2;
  CHECK(std::abs(z.mean()) <= 5e-2);                         // 5 standard errors of 10,000 numbers
  CHECK(std::abs(z.array().square().mean() - 1) <= 7.1e-2);  // 5 sqrt(2 / 10,000)
  const Mat<double> u = uniform_starts<S>(50, 200, random, -1, 3).template cast<double>();
  CHECK((u.minCoeff() >= -1 && u.minCoeff() < -0.99 && u.maxCoeff() <= 3 && u.maxCoeff() > 2.99));
  CHECK(std::abs(u.mean() - 1) <= 5 * 4 / std::sqrt(12. * 10'000));
  CHECK(uniform_starts<S>(4, 0, random).cols() == 0);
  CHECK(contains(error_of([&] { (void)normal_starts<S>(0, 2, random); }),
                 "normal_starts: size must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)uniform_starts<S>(2, -1, random); }),
                 "uniform_starts: count must be >= 0, got -1"));
  CHECK(contains(error_of([&] { (void)uniform_starts<S>(2, 1, random, 1, 0); }),
                 "lo must be <= hi, got 1 and 0"));
}

TEMPLATE_TEST_CASE("each start is one full square of ones inside the image, in all channels", "[data]", float,
                   double) {
  using S = TestType;
  Random random(11);
  const Shape shape{3, 4, 6};
  const Mat<S> X = square_starts<S>(shape, 4000, random);
  std::array<double, 5> sides{};
  Index wrong = 0;
  std::set<std::array<Index, 3>> squares;
  for (Index k = 0; k < X.cols(); ++k) {
    Index top = 99, left = 99, bottom = -1, right = -1, ones = 0;
    for (Index i = 0; i < shape.height; ++i)
      for (Index j = 0; j < shape.width; ++j) {
        const S value = X(shape.at(0, i, j), k);
        wrong += value != 0 && value != 1;
        wrong += X(shape.at(1, i, j), k) != value || X(shape.at(2, i, j), k) != value;
        if (value == 0) continue;
        ++ones;
        top = std::min(top, i), bottom = std::max(bottom, i), left = std::min(left, j),
        right = std::max(right, j);
      }
    const Index side = bottom - top + 1;
    wrong += side != right - left + 1 || ones != side * side;
    REQUIRE((side >= 1 && side <= 4));
    ++sides[static_cast<std::size_t>(side)];
    squares.insert({side, top, left});
  }
  CHECK(wrong == 0);
  for (std::size_t side = 1; side <= 4; ++side)
    CHECK(std::abs(sides[side] - 1000) <= 5 * std::sqrt(4000 * 0.25 * 0.75));  // 5 standard deviations
  CHECK(squares.size() == 4 * 6 + 3 * 5 + 2 * 4 + 1 * 3);                      // every one that fits
  CHECK(contains(error_of([&] { (void)square_starts<S>({1, 0, 2}, 1, random); }), "square_starts"));
}
