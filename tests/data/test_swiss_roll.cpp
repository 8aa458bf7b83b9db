#include "basin/data/swiss_roll.hpp"

#include <array>

#include "basin/data/grid.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

struct Known {
  Index n, column;
  std::uint32_t seed;
  double noise;
  std::array<double, 3> x;
  double t;
};

// With NumPy 1.24: g = numpy.random.RandomState(seed); t = 1.5*pi*(1 + 2*g.uniform(size=n)); y =
// 21*g.uniform(size=n); X = vstack((t*cos(t), y, t*sin(t))) + noise*g.standard_normal(size=(3, n))
const Known numbers[] = {
    {5, 0, 0, 0, {-8.857082873619394, 13.563776374399778, -4.3888533834517816}, 9.88483439677156},
    {5, 4, 0, 0, {-6.547309819097037, 8.052271895341331, 5.737069103498365}, 8.705241396168173},
    {100, 0, 0, 0, {-8.857082873619394, 14.234147272720833, -4.3888533834517816}, 9.88483439677156},
    {100, 99, 0, 0, {0.21043091649058107, 9.122749136720536, -4.7519858548742}, 4.756642800919525},
    {4, 0, 42, 0.5, {-2.331568249699285, 3.0446826028849356, 6.766075907704536}, 8.242346437921256},
    {4, 1, 42, 0.5, {6.508820868799459, 3.0430200502751275, 11.942797687318746}, 13.672660222425014},
    {4, 3, 42, 0.5, {-5.920434305159474, 17.23305893894474, -8.142314201393859}, 10.354612268272524},
};

}  // namespace

TEMPLATE_TEST_CASE("the Swiss roll has scikit-learn's numbers", "[data]", float, double) {
  const double tolerance =
      std::is_same_v<TestType, float> ? 1e-6 : 4e-15;  // a few units in the last place of 20
  for (const Known& k : numbers) {
    const auto roll = swiss_roll<TestType>(k.n, k.seed, k.noise);
    REQUIRE(roll.X.rows() == 3);
    REQUIRE(roll.X.cols() == k.n);
    REQUIRE(roll.t.size() == k.n);
    for (Index i = 0; i < 3; ++i) {
      INFO("n " << k.n << " seed " << k.seed << " column " << k.column << " row " << i);
      CHECK(std::abs(double(roll.X(i, k.column)) - k.x[std::size_t(i)]) <= 20 * tolerance);
    }
    CHECK(std::abs(double(roll.t[k.column]) - k.t) <= 20 * tolerance);
  }
}

TEST_CASE("noise moves every coordinate of the Swiss roll by a normal number of the given size", "[data]") {
  const auto plain = swiss_roll<double>(3000, 7), noisy = swiss_roll<double>(3000, 7, 0.3);
  const Mat<double> noise = (noisy.X - plain.X) / 0.3;
  CHECK(noisy.t == plain.t);
  CHECK(std::abs(noise.mean()) <= 5 / std::sqrt(9000.));                           // 5 standard errors
  CHECK(std::abs(noise.array().square().mean() - 1) <= 5 * std::sqrt(2 / 9000.));  // var of a chi^2_1 is 2
  CHECK(std::abs(noise.array().pow(4).mean() - 3) <= 5 * std::sqrt(96 / 9000.));   // E z^8 - 9 = 96
  CHECK(contains(error_of([] { (void)swiss_roll<double>(0, 1); }), "n must be >= 1, got 0"));
  CHECK(contains(error_of([] { (void)swiss_roll<double>(5, 1, -0.1); }), "noise must be >= 0, got -0.1"));
}

TEMPLATE_TEST_CASE("the grid over a bounding box is regular and includes the faces", "[data]", float,
                   double) {
  using S = TestType;
  const auto roll = swiss_roll<S>(100, 0);
  const Mat<S> grid = bounding_grid<S>(roll.X, 10);
  REQUIRE(grid.rows() == 3);
  REQUIRE(grid.cols() == 1000);
  for (Index i = 0; i < 3; ++i) {
    CHECK(grid.row(i).minCoeff() == roll.X.row(i).minCoeff());
    CHECK(grid.row(i).maxCoeff() == roll.X.row(i).maxCoeff());
  }
  const Vec<S> lo = roll.X.rowwise().minCoeff(), step = (roll.X.rowwise().maxCoeff() - lo) / S(9);
  for (Index k = 0; k < 1000; ++k)
    for (const auto& [i, digit] : {std::pair<Index, Index>{0, k / 100}, {1, k / 10 % 10}, {2, k % 10}})
      CHECK(std::abs(grid(i, k) - (lo[i] + S(digit) * step[i])) <= S(20) * std::numeric_limits<S>::epsilon());
}

TEST_CASE("the grid has any dimension, and nonsense is refused", "[data]") {
  Mat<double> X(1, 2);
  X << 3, -1;
  CHECK(bounding_grid<double>(X, 3) == (Mat<double>(1, 3) << -1, 1, 3).finished());
  CHECK(bounding_grid<double>(Mat<double>::Random(5, 4), 2).cols() == 32);
  CHECK(bounding_grid<double>(Mat<double>::Constant(2, 1, 0.1), 4) == Mat<double>::Constant(2, 16, 0.1));
  CHECK(contains(error_of([&] { (void)bounding_grid<double>(X, 1); }), "per_side must be >= 2, got 1"));
  CHECK(contains(error_of([&] { (void)bounding_grid<double>(Mat<double>(3, 0), 2); }), "got 3 x 0"));
  CHECK(contains(error_of([&] { (void)bounding_grid<double>(Mat<double>::Random(64, 4), 2); }),
                 "2^64 points are too many"));
  X(0, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(contains(error_of([&] { (void)bounding_grid<double>(X, 3); }), "not finite"));
}
