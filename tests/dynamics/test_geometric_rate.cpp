// How fast orbits come to an attractor of a network that is affine near it: with the spectral radius of its
// Jacobian, never faster than geometrically unless that Jacobian is nilpotent.
#include <Eigen/QR>
#include <cmath>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/spectrum.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps/piecewise_linear.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/theory/interpolating_map.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

constexpr Index d = 5, k = 40;
using LeakyNet = Chain<Dense<double>, Pointwise<double, LeakyRelu>, Dense<double>>;

/// A leaky ReLU network with the fixed point x and the Jacobian J there: the first layer is random, the
/// second one solves for both.
Model<LeakyNet> net_with(const Mat<double>& J, const Vec<double>& x, int seed) {
  const LeakyNet net(Dense<double>(d, k), Pointwise<double, LeakyRelu>(k, LeakyRelu{0.1}),
                     Dense<double>(k, d));
  const Mat<double> W1 = random_matrix<double>(k, d, seed);
  const Vec<double> b1 = random_matrix<double>(k, 1, seed + 1), z = W1 * x + b1;
  const Vec<double> slopes = (z.array() > 0).select(Vec<double>::Ones(k), 0.1);
  const Mat<double> inner = slopes.asDiagonal() * W1;  // W2 inner = J
  const Mat<double> W2 = inner.transpose().colPivHouseholderQr().solve(J.transpose()).transpose();
  const Vec<double> b2 = x - W2 * slopes.cwiseProduct(z);
  Vec<double> theta(net.param_size());
  theta << W1.reshaped(), b1, W2.reshaped(), b2;
  return {net, theta};
}

/// |x_t - x*| for t = 0 ... steps from a start within 1e-6 of x*.
std::vector<double> errors(const Model<LeakyNet>& f, const Vec<double>& x, Index steps) {
  std::vector<double> all;
  Mat<double> y = x + 1e-6 * random_matrix<double>(d, 1, 77);
  for (Index t = 0; t <= steps; ++t) {
    all.push_back((y - x).norm());
    y = f(y);
  }
  return all;
}

}  // namespace

TEST_CASE("an affine neighbourhood contracts geometrically, with the spectral radius", "[dynamics]") {
  const Vec<double> x = random_matrix<double>(d, 1, 3);
  for (const double rho : {0.4587, 0.7352}) {
    // Not normal: eigenvalues rho, rho / 4, ... above the diagonal.
    Mat<double> J = random_matrix<double>(d, d, 5).triangularView<Eigen::StrictlyUpper>();
    for (Index i = 0; i < d; ++i) J(i, i) = rho * std::pow(0.25, static_cast<double>(i));
    const Model<LeakyNet> f = net_with(J, x, 11);
    REQUIRE((f(Mat<double>(x)) - x).norm() < 1e-13);
    REQUIRE((jacobian(f, x) - J).norm() < 1e-11);
    CHECK(std::abs(spectral_radius(jacobian(f, x)) - rho) < 1e-9);
    const Index steps = 14;
    const std::vector<double> e = errors(f, x, steps);
    const Vec<double> e0 = 1e-6 * random_matrix<double>(d, 1, 77);
    Vec<double> power = e0;  // J^t e_0: near x* that is all there is
    for (Index t = 0; t <= steps; ++t) {
      CHECK(std::abs(e[static_cast<std::size_t>(t)] - power.norm()) < 1e-11);
      power = J * power;
    }
    const double ratio = e[e.size() - 1] / e[e.size() - 2];
    CHECK(std::abs(ratio / rho - 1) < 0.01);  // settled at rho, not falling to 0
  }
}

TEST_CASE("a nilpotent Jacobian brings an orbit to the fixed point in d steps, no other does", "[dynamics]") {
  const Vec<double> x = random_matrix<double>(d, 1, 3);
  const Mat<double> N = random_matrix<double>(d, d, 5).triangularView<Eigen::StrictlyUpper>();
  const std::vector<double> e = errors(net_with(N, x, 11), x, d);
  CHECK(e[d - 1] > 1e-9);  // one step before the last it is not there yet
  CHECK(e[d] < 1e-13);     // and then it is, but for rounding
}

TEST_CASE("the attractors of Theorem 6 contract by 1 - epsilon / delta in each step", "[dynamics]") {
  const Mat<double> X{{0.2, 0.5, 0.8}};
  const double delta = 0.05;  // a quarter of min(.3, .2, .2)
  const auto f = interpolating_autoencoder(X, 0.4 * delta);
  Mat<double> y = X.array() + 0.5 * delta;
  for (Index t = 0; t < 20; ++t) {
    const Mat<double> next = f(y);
    for (Index j = 0; j < 3; ++j) CHECK(std::abs((next(0, j) - X(0, j)) / (y(0, j) - X(0, j)) - 0.6) < 1e-9);
    y = next;
  }
}
