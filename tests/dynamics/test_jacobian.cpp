// Jacobians against products of their factors and against differences.
#include "basin/dynamics/jacobian.hpp"

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/paths.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/train/initial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// y = x^2 entry by entry, a user's layer that does not broadcast.
struct Square {
  using Scalar = double;
  using Cache = NoCache;
  Index n;
  Index in_size() const { return n; }
  Index out_size() const { return n; }
  Index param_size() const { return 0; }
  void forward(VecIn<double>, MatIn<double> x, MatOut<double> y, Cache&) const { y = x.array().square(); }
  void vjp(VecIn<double>, MatIn<double> x, MatIn<double>, Cache&, MatIn<double> y_bar, MatOut<double> x_bar,
           VecOut<double>) const {
    if (x_bar.size() > 0) x_bar = 2 * x.array() * y_bar.array();
  }
  void jvp(VecIn<double>, MatIn<double> x, MatIn<double>, Cache&, MatIn<double> x_dot,
           MatOut<double> y_dot) const {
    y_dot = 2 * x.array() * x_dot.array();
  }
};

/// J = W2 diag(1 - tanh^2(W1 x + b1)) W1.
void require_two_layer_jacobian(Index in, Index hidden, Index out) {
  const Chain net(Dense<double>(in, hidden), Pointwise<double, Tanh>(hidden), Dense<double>(hidden, out));
  const Model f(net, Vec<double>(0.3 * random_matrix<double>(net.param_size(), 1, 1)));
  const Vec<double> x = random_matrix<double>(in, 1, 2);
  const Mat<double> W1 = net.child<0>().weight(f.theta.head(in * hidden + hidden));
  const Mat<double> W2 = net.child<2>().weight(f.theta.tail(hidden * out + out));
  const Vec<double> h = (W1 * x + f.theta.segment(in * hidden, hidden)).array().tanh();
  const Mat<double> J = W2 * (1 - h.array().square()).matrix().asDiagonal() * W1;
  REQUIRE(jacobian(f, x).rows() == out);
  REQUIRE((jacobian(f, x) - J).norm() <= 1e-13 * J.norm());
}

}  // namespace

TEST_CASE("the Jacobian of a two-layer net is the product of its factors, by jvp and by vjp", "[dynamics]") {
  require_two_layer_jacobian(5, 7, 9);       // jvp: fewer inputs
  require_two_layer_jacobian(9, 7, 5);       // vjp: fewer outputs
  require_two_layer_jacobian(300, 10, 300);  // several blocks
  require_two_layer_jacobian(1, 3, 1);
}

TEST_CASE("a layer that does not broadcast has the same Jacobian", "[dynamics]") {
  REQUIRE_FALSE(broadcasts(Chain(Dense<double>(1, 1), Square{1})));
  REQUIRE(broadcasts(Chain(Dense<double>(1, 1), Dense<double>(1, 1))));
  const Chain net(Dense<double>(4, 4), Square{4});
  const Model f(net, random_matrix<double>(20, 1, 3));
  const Vec<double> x = random_matrix<double>(4, 1, 4);
  const Mat<double> W = net.child<0>().weight(f.theta);
  const Mat<double> J = (2 * (W * x + f.theta.tail(4))).asDiagonal() * W;
  CHECK((jacobian(f, x) - J).norm() <= 1e-14 * J.norm());
}

TEST_CASE("the Jacobian of a deep net agrees with central differences", "[dynamics]") {
  const Stack net(Chain(Dense<double>(6, 6), Pointwise<double, Gelu>(6)), 12);
  const Model f(net, Vec<double>(0.6 * random_matrix<double>(net.param_size(), 1, 5)));
  const Vec<double> x = random_matrix<double>(6, 1, 6);
  const double h = 1e-5;
  Mat<double> J(6, 6);
  for (Index j = 0; j < 6; ++j)
    J.col(j) = (f(x + h * Vec<double>::Unit(6, j)) - f(x - h * Vec<double>::Unit(6, j))) / (2 * h);
  CHECK((jacobian(f, x) - J).norm() <= 1e-8 * (J.norm() + 1e-3));
  CHECK(jacobian(f, x).norm() > 0);
  CHECK(contains(error_of([&] { (void)jacobian(f, Vec<double>::Zero(5)); }), "x has 5 rows, f expects 6"));
}

TEST_CASE("through a narrow place the Jacobian is the same", "[dynamics]") {
  const auto compare = [](const auto& net, Index rows) {
    using S = double;
    Model f(net, initial_values(net, initial::pytorch_default(), 3));
    const Vec<S> x = random_matrix<S>(net.in_size(), 1, 4);
    using Cuts = detail::Cuts<std::decay_t<decltype(net)>>;
    const auto cut = Cuts::narrowest(net);
    REQUIRE(cut);
    CHECK(cut->rows == rows);
    CHECK(detail::jacobian_is_product(rows, net.in_size(), net.out_size()));
    // All tangents through all layers.
    Mat<S> y(net.out_size(), 1), J(net.out_size(), net.in_size());
    typename std::decay_t<decltype(net)>::Cache cache;
    net.forward(f.theta, x, y, cache);
    net.jvp(f.theta, x, y, cache, Mat<S>::Identity(net.in_size(), net.in_size()), J);
    REQUIRE(J.norm() > 0);
    for (const int threads : {1, 2}) {
      set_num_threads(threads);
      CHECK((jacobian(f, x) - J).norm() <= 1e-13 * J.norm());
      set_num_threads(0);
    }
  };
  compare(fully_connected<double>(40, 9, 4), 9);
  compare(Chain(Dense<double>(30, 20), Pointwise<double, Tanh>(20), Dense<double>(20, 7),
                Pointwise<double, Elu>(7), Dense<double>(7, 33)),
          7);
  // 300 rows at the cut are several blocks.
  compare(Chain(Dense<double>(640, 300), Pointwise<double, Tanh>(300), Dense<double>(300, 650)), 300);
  const Padding same = Padding::all(1);
  compare(Chain(Conv2d<double>({3, 8, 8}, {.out_channels = 8, .stride = 2, .padding = same}),
                Conv2d<double>({8, 4, 4}, {.out_channels = 8, .stride = 2, .padding = same}),
                Pointwise<double, LeakyRelu>(Shape{8, 2, 2}), UpsampleNearest<double>({8, 2, 2}),
                Conv2d<double>({8, 4, 4}, {.out_channels = 8, .padding = same}),
                Pointwise<double, LeakyRelu>(Shape{8, 4, 4}), UpsampleNearest<double>({8, 4, 4}),
                Conv2d<double>({8, 8, 8}, {.out_channels = 3, .padding = same})),
          32);
}

TEST_CASE("where a column keeps many bytes the tangents go through in blocks, and the Jacobian is the same",
          "[dynamics]") {
  const Padding same = Padding::all(1);
  const Shape wide{24, 40, 40};
  const Chain net(Conv2d<double>({1, 40, 40}, {.out_channels = 24, .padding = same}),
                  Pointwise<double, Tanh>(wide), Conv2d<double>(wide, {.out_channels = 1, .padding = same}));
  const Index at_once = detail::tangents_at_once(cache_bytes(net, 1));
  REQUIRE((at_once > 1 && at_once < 20));
  const Model f(net, 0.25 * random_matrix<double>(net.param_size(), 1, 31));
  const Vec<double> x = random_matrix<double>(1600, 1, 32);
  Vec<double> y(1600), unit = Vec<double>::Zero(1600), column(1600);
  typename std::decay_t<decltype(net)>::Cache cache;
  net.forward(f.theta, x, y, cache);
  const Mat<double> J = jacobian(f, x);
  for (const Index j : {0, 1, 127, 128, 811, 1598, 1599}) {
    unit.setZero();
    unit[j] = 1;
    net.jvp(f.theta, x, y, cache, unit, column);
    CHECK((J.col(j) - column).norm() <= 1e-14 * column.norm());
  }
}

TEST_CASE("in float the Jacobian is that of double up to rounding, with the same bits for 1 and 2 threads",
          "[dynamics]") {
  const auto net_of = [](auto scalar) {
    using S = decltype(scalar);
    return Chain(Dense<S>(300, 20), Pointwise<S, Tanh>(20), Dense<S>(20, 300));
  };
  const Vec<double> theta = 0.1 * random_matrix<double>(net_of(0.0).param_size(), 1, 7);
  const Vec<double> x = random_matrix<double>(300, 1, 8);
  const Model exact(net_of(0.0), theta);
  const Model f(net_of(0.0f), Vec<float>(theta.cast<float>()));
  set_num_threads(1);
  const Mat<float> one = jacobian(f, x.cast<float>());
  set_num_threads(2);
  const Mat<float> two = jacobian(f, x.cast<float>());
  set_num_threads(0);
  CHECK((one.array() == two.array()).all());
  const Mat<double> J = jacobian(exact, x);
  CHECK((one.cast<double>() - J).norm() <= 1e-5 * J.norm());
}
