// Nearest examples, assignment and recovery on points placed by hand.
#include "basin/dynamics/basins.hpp"

#include <cmath>

#include "basin/dynamics/orbit.hpp"
#include "basin/layers/affine.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {
// Examples at 0, 10 and 20 on a line; iterates at 0.3, 0.9, 10.5, 14 and one that is lost.
const Mat<double> examples{{0, 10, 20}, {0, 0, 0}};
const Mat<double> iterates{{0.3, 0.9, 10.5, 14, NAN}, {0, 0, 0, 0, 0}};
}  // namespace

TEST_CASE("nearest finds the nearest example and its distance", "[dynamics]") {
  const NearestExamples n = nearest(iterates, examples);
  CHECK(n.index == std::vector<Index>{0, 0, 1, 1, 0});
  CHECK(std::abs(n.distance[1] - 0.9) < 1e-15);
  CHECK(n.distance[3] == 4);
  CHECK(std::isinf(n.distance[4]));
  CHECK(nearest(iterates.leftCols(2), examples.rightCols(2)).index ==
        std::vector<Index>{0, 0});                                                 // expressions too
  CHECK(nearest(Mat<float>{{1e20f}}, Mat<float>{{-1e20f}}).distance[0] > 1.9e20);  // no overflow
  // A small distance far from the origin is not lost to cancellation.
  const Mat<double> far{{1e8}, {0}}, near{{1e8 + 1e-6}, {0}};
  CHECK(std::abs(nearest(far, near).distance[0] - 1e-6) < 2e-8);
}

TEST_CASE("nearest is the smallest of the distances, bit for bit", "[dynamics]") {
  const auto check = [](const auto& points, const auto& to) {
    const Mat<double> d = distances(points, to);
    const NearestExamples n = nearest(points, to);
    REQUIRE(n.index.size() == static_cast<std::size_t>(d.rows()));
    for (Index i = 0; i < d.rows(); ++i) {
      Index j = 0;
      const double smallest = d.row(i).minCoeff(&j);
      CHECK(n.distance[static_cast<std::size_t>(i)] == smallest);
      CHECK(n.index[static_cast<std::size_t>(i)] == j);
    }
  };
  for (const double offset : {0., 1., 1e6}) {  // far from the origin products alone could not tell
    Mat<double> points = random_matrix<double>(30, 150, 1).array() + offset;
    Mat<double> to = random_matrix<double>(30, 200, 2).array() + offset;
    check(points, to);
    check(Mat<float>(points.cast<float>()), Mat<float>(to.cast<float>()));
    to.rightCols(100) = to.leftCols(100);  // of equally near ones the first
    points.leftCols(50) = to.middleCols(120, 50) * (1 + 1e-9);
    check(points, to);
    points(3, 60) = NAN;
    points(4, 61) = INFINITY;
    check(points, to);
    to(5, 0) = NAN;
    check(points, to);
    to(5, 0) = 1e200;  // its square is no number
    check(points, to);
  }
}

TEST_CASE("cosines look at directions alone", "[dynamics]") {
  const Mat<double> c = cosines(Mat<double>{{2, 1e-200, -3, 0, NAN, INFINITY}, {0, 1e-200, 0, 0, 1, 1}},
                                Mat<double>{{5, 0}, {0, 1e300}});
  CHECK(c(0, 0) == 1);
  CHECK(c(0, 1) == 0);
  CHECK(std::abs(c(1, 0) - std::sqrt(0.5)) < 1e-15);  // though the squares of its entries are 0
  CHECK(std::abs(c(1, 1) - std::sqrt(0.5)) < 1e-15);
  CHECK(c(2, 0) == -1);
  for (const Index i : {3, 4, 5})
    for (const Index j : {0, 1}) CHECK(std::isnan(c(i, j)));
  // Rounding never gives more than 1.
  const Mat<float> x = Mat<float>{{0.1f, 0.7f}, {0.3f, 1e-3f}, {-0.9f, 12.f}};
  CHECK(cosines(x, 7 * x).diagonal().cwiseAbs().maxCoeff() <= 1);
  CHECK(contains(error_of([] { (void)cosines(Mat<double>(Mat<double>::Zero(3, 1)), examples); }),
                 "points have 3 rows, examples have 2"));
}

TEST_CASE("nearest_within gives -1 to starts that end at no example", "[dynamics]") {
  CHECK(nearest_within(iterates, examples, 1.0) == std::vector<Index>{0, 0, 1, -1, -1});
  CHECK(nearest_within(iterates, examples, 0.9) == std::vector<Index>{0, -1, 1, -1, -1});  // strictly within
}

TEST_CASE("recovery counts examples (R_t) and starts over a ladder of epsilon", "[dynamics]") {
  const auto ladder = recovery(iterates, examples, {0.2, 0.4, 1.0, 5.0, 7.0});
  const std::vector<double> recovered = {0, 1. / 3, 2. / 3, 2. / 3, 1};  // 20 is 6 away from 14
  const std::vector<double> arrived = {0, 1. / 5, 3. / 5, 4. / 5, 4. / 5};
  const std::vector<Index> distinct = {0, 1, 2, 2, 2};  // no iterate is nearest to 20
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(std::abs(ladder[i].recovered - recovered[i]) < 1e-15);
    CHECK(std::abs(ladder[i].arrived - arrived[i]) < 1e-15);
    CHECK(ladder[i].distinct == distinct[i]);
  }
  CHECK(std::abs(mean_norm(examples) - 10) < 1e-15);
}

TEST_CASE("recovery_curve follows orbits over time, also past an example that does not attract",
          "[dynamics]") {
  // x -> x/2 from 8 and from 12: 4, 2, 1, ... and 6, 3, 1.5, ...; of the examples 0 and 3 only 0 attracts.
  const Model f(Affine<double>(Mat<double>{{0.5}}, Vec<double>::Zero(1)), Vec<double>(0));
  const Orbit<double> o =
      orbit(f, Mat<double>{{8, 12}}, OrbitOptions{.max_steps = 10, .snapshots = {0, 1, 2, 3, 4, 10}});
  const Mat<double> targets{{0, 3}};
  const auto curve = recovery_curve(o.snapshots, targets, {0.8, 1.1});
  REQUIRE(curve.size() == 6);
  const std::vector<double> recovered[] = {{0, 0, 0.5, 0, 0.5, 0.5}, {0, 0.5, 0.5, 0.5, 0.5, 0.5}};
  const std::vector<double> arrived[] = {{0, 0, 0.5, 0, 1, 1}, {0, 0.5, 1, 0.5, 1, 1}};
  for (std::size_t k = 0; k < 6; ++k) {
    REQUIRE(curve[k].size() == 2);
    for (std::size_t e = 0; e < 2; ++e) {
      CHECK(curve[k][e].recovered == recovered[e][k]);
      CHECK(curve[k][e].arrived == arrived[e][k]);
    }
  }
  CHECK(curve[2][0].epsilon == 0.8);
  CHECK(curve[3][1].distinct == 1);
  CHECK(recovery_curve(std::vector<Mat<double>>{}, targets, {1.0}).empty());
  CHECK(contains(error_of([&] { (void)recovery_curve(o.snapshots, targets, {0}); }),
                 "epsilon must be > 0, got 0"));
}

TEST_CASE("how many points differ by more than epsilon", "[dynamics]") {
  const Mat<double> points{{0, 3, 3.5, 0, 7, 4}, {0, 4, 4, 0.5, 0, 4}};
  CHECK(count_distinct(points, 0.1) == 6);
  CHECK(count_distinct(points, 0.5) == 3 + 1);  // distances of exactly 0.5 are not more; 4 is 1 from 3
  CHECK(count_distinct(points, 1) == 3);
  CHECK(count_distinct(points, 6) == 2);
  CHECK(count_distinct(points, 100) == 1);
  CHECK(contains(error_of([&] { (void)count_distinct(points, 0); }), "epsilon must be > 0, got 0"));
  CHECK(contains(error_of([] { (void)count_distinct(Mat<double>(2, 0), 1); }), "at least 1 column"));
}

TEST_CASE("distances of points of any size are right", "[dynamics]") {
  const Mat<double> points{{1, 3}, {0, 4}}, known{{0, 3, 1}, {0, 0, 0.5}};
  const NearestExamples plain = nearest(points, known);
  for (const double scale : {1e300, 1e200, 1e160, 1e-160, 1e-200, 1e-300}) {
    INFO("scale " << scale);
    const Mat<double> p = scale * points, e = scale * known;
    CHECK((distances(p, e) / scale - distances(points, known)).cwiseAbs().maxCoeff() <= 1e-15);
    const NearestExamples n = nearest(p, e);
    CHECK(n.index == plain.index);
    for (std::size_t i = 0; i < 2; ++i)
      CHECK(n.distance[i] / scale == Approx(plain.distance[i]).epsilon(1e-14));
    CHECK(count_distinct(p, 3 * scale) == count_distinct(points, 3));
    CHECK(mean_norm(p) / scale == Approx(3).epsilon(1e-14));
  }
}

TEST_CASE("basins refuse sizes and epsilons that make no sense", "[dynamics]") {
  CHECK(contains(error_of([] { (void)nearest(Mat<double>(Mat<double>::Zero(3, 1)), examples); }),
                 "points have 3 rows, examples have 2"));
  CHECK(
      contains(error_of([] { (void)nearest_within(iterates, examples, 0); }), "epsilon must be > 0, got 0"));
  CHECK(contains(error_of([] { (void)recovery(iterates, examples, {-1}); }), "epsilon must be > 0, got -1"));
  CHECK(contains(error_of([] { (void)nearest(iterates, Mat<double>(2, 0)); }), "at least 1 example"));
}
