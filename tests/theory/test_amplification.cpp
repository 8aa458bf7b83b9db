// Growth before decay at the attractors of networks, by factors and dense, against closed forms.
#include "basin/theory/amplification.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/dynamics/cycles.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/given_map.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

Model<Affine<double>> linear(const Mat<double>& A) { return {Affine<double>(A), Vec<double>()}; }
double largest_singular_value(const Mat<double>& A) { return A.jacobiSvd().singularValues()[0]; }

}  // namespace

TEST_CASE("the powers of [.5 10; 0 .5] in closed form", "[theory]") {
  // J^t = .5^t [1 20t; 0 1], and |[1 s; 0 1]| = s/2 + sqrt(1 + s^2/4).
  const auto a = amplification(linear(Mat<double>{{0.5, 10}, {0, 0.5}}), Vec<double>::Zero(2));
  const auto norm = [](double t) {
    const double s = 20 * t;
    return std::pow(0.5, t) * (s / 2 + std::sqrt(1 + s * s / 4));
  };
  for (std::size_t t = 0; t < a.growth.norms.size(); ++t)
    CHECK(a.growth.norms[t] == Approx(norm(static_cast<double>(t))).epsilon(1e-13));
  CHECK(a.growth.peak == Approx(norm(1)).epsilon(1e-13));  // 10.0249, though rho = .5
  CHECK(a.growth.time == 1);
  CHECK(a.growth.decays);
  CHECK(a.departure == Approx(10).epsilon(1e-13));
  CHECK(a.relative == Approx(10 / std::sqrt(100.5)).epsilon(1e-13));
  // Kreiss at real z = 1 + e: e |(z - J)^-1| = e (m + sqrt(m^2 + 1)) / (e + .5), m = 5 / (e + .5)
  double kreiss = 0;
  for (int k = -32; k <= 16; ++k) {
    const double e = std::pow(10., k / 8.), m = 5 / (e + 0.5);
    kreiss = std::max(kreiss, e / (e + 0.5) * (m + std::sqrt(m * m + 1)));
  }
  CHECK(a.kreiss.value == Approx(kreiss).epsilon(1e-12));
  CHECK(a.kreiss.value > 5);
  CHECK(a.kreiss.value <= a.growth.peak);
}

TEST_CASE("Henrici's departure from normality", "[theory]") {
  const Mat<double> G = random_matrix<double>(7, 7, 1);
  const Mat<double> Q = Mat<double>(G.householderQr().householderQ());
  CHECK(henrici_departure(Mat<double>(G + G.transpose())) < 1e-13 * G.norm());
  CHECK(henrici_departure(Q) < 1e-13);
  Mat<double> T = G.triangularView<Eigen::Upper>();
  const double above = std::sqrt(T.squaredNorm() - T.diagonal().squaredNorm());
  CHECK(henrici_departure(T) == Approx(above).epsilon(1e-13));
  CHECK(henrici_departure(Mat<double>(Q * T * Q.transpose())) == Approx(above).epsilon(1e-12));
  CHECK(contains(error_of([] { (void)henrici_departure(Mat<double>::Zero(2, 3)); }), "J is 2 x 3"));
}

TEST_CASE("amplification is the same by factors and dense", "[theory]") {
  const auto net = fully_connected<double>(40, 9, 3);
  const Model f(net, Vec<double>(2.5 * initial_values(net, initial::pytorch_default(), 4)));
  const Mat<double> x = random_matrix<double>(40, 3, 2);
  REQUIRE(jacobian_factors(f, Vec<double>(x.col(0))).has_value());
  const auto dense = given_map<double>(
      40, [&](const Vec<double>& p) { return Vec<double>(f(p)); },
      [&](const Vec<double>& p) { return jacobian(f, p); });
  for (const Index p : {1, 3}) {
    const AmplificationOptions options{.transient = {.max_steps = 12, .until = 1e-12}, .angles = 9};
    const auto a = amplification(f, x.leftCols(p), options), b = amplification(dense, x.leftCols(p), options);
    REQUIRE(a.growth.norms.size() == b.growth.norms.size());
    REQUIRE(a.growth.norms.size() > 4);
    for (std::size_t t = 0; t < a.growth.norms.size(); ++t) {
      double largest = t == 0 ? 1 : 0;  // by multiplying out
      for (Index i = 0; i < p && t > 0; ++i) {
        Mat<double> product = Mat<double>::Identity(40, 40);
        for (Index s = 0; s < static_cast<Index>(t); ++s)
          product = jacobian(f, Vec<double>(x.col((i + s) % p))) * product;
        largest = std::max(largest, largest_singular_value(product));
      }
      CHECK(a.growth.norms[t] == Approx(largest).epsilon(1e-10));
      CHECK(b.growth.norms[t] == Approx(largest).epsilon(1e-10));
    }
    CHECK(a.kreiss.value == Approx(b.kreiss.value).epsilon(1e-9));
    CHECK(a.departure == Approx(b.departure).epsilon(1e-10));
    CHECK(a.relative == Approx(b.relative).epsilon(1e-10));
  }
}

TEST_CASE("amplification along a cycle begins at its worst point", "[theory]") {
  // Points 0 and 1 with the slopes 5 and .1: an error grows by 5 first, and by .5 in two steps.
  const auto f = given_map<double>(
      1, [](const Vec<double>& x) { return Vec<double>{{x[0] < 0.5 ? 1 + 5 * x[0] : 0.1 * (x[0] - 1)}}; },
      [](const Vec<double>& x) { return Mat<double>{{x[0] < 0.5 ? 5. : 0.1}}; });
  const auto cycle = refine_cycle(f, Mat<double>{{1.01, 0.02}});
  REQUIRE(cycle.converged());
  CHECK(cycle.spectral_radius == Approx(0.5));
  const auto a = amplification(f, cycle.points);
  CHECK(a.growth.norms[1] == Approx(5));
  CHECK(a.growth.norms[2] == Approx(0.5));
  CHECK(a.growth.norms[3] == Approx(2.5));
  CHECK(a.growth.peak == Approx(5));
  CHECK(a.growth.time == 1);
  CHECK(a.departure == 0);
}

TEST_CASE("arguments of amplification are checked", "[theory]") {
  const auto f = linear(0.5 * Mat<double>::Identity(3, 3));
  CHECK(contains(error_of([&] { (void)amplification(f, Mat<double>::Zero(2, 1)); }), "points has 2 rows"));
  CHECK(contains(error_of([&] { (void)amplification(f, Mat<double>(3, 0)); }), "at least 1 column, got 0"));
  CHECK(contains(error_of([&] { (void)amplification(f, Vec<double>::Zero(3), {.angles = 0}); }),
                 "angles must be >= 1, got 0"));
  CHECK(contains(error_of([&] { (void)amplification(f, Vec<double>::Zero(3), {.form_up_to = 2}); }),
                 "f has 3 dimensions and is nowhere narrow, form_up_to is 2"));
}
