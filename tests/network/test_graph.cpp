// Graph: the function that its nodes say, its derivatives, and what walks through it.
#include <string>
#include <vector>

#include "basin/certify/exact_network.hpp"
#include "basin/compose/residual.hpp"
#include "basin/core/model.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pairwise.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/region.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/network/graph.hpp"
#include "basin/network/sequence.hpp"
#include "support/catch.hpp"
#include "support/contract.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using Node = GraphNode<double>;

/// y = [g(f(x) + x + x); f(x)] with f and g from 6 to 6: x used three times, f(x) twice, no skip nested.
Graph<double> crossing() {
  const AnyLayer<double> f = Sequence<double>({Dense<double>(6, 6), Pointwise<double, Tanh>(6)});
  const AnyLayer<double> g = Dense<double>(6, 6);
  return {6, {Node::layer(f, 0), Node::sum({1, 0, 0}), Node::layer(g, 2), Node::concat({3, 1})}};
}

}  // namespace

TEST_CASE("a graph is the function that its nodes say", "[graph]") {
  const Graph<double> net = crossing();
  REQUIRE(net.in_size() == 6);
  REQUIRE(net.out_size() == 12);
  REQUIRE(net.param_size() == 84);
  const Vec<double> theta = random_matrix<double>(84, 1, 1);
  const Mat<double> x = random_matrix<double>(6, 4, 2);
  const Eigen::Map<const Mat<double>> F(theta.data(), 6, 6), G(theta.data() + 42, 6, 6);
  const Mat<double> f = ((F * x).colwise() + theta.segment(36, 6)).array().tanh();
  Mat<double> expected(12, 4);
  expected.topRows(6) = (G * (f + 2 * x)).colwise() + theta.tail(6);
  expected.bottomRows(6) = f;
  const Mat<double> y = Model(net, theta)(x);
  CHECK((y - expected).norm() < 1e-14 * expected.norm());
}

TEST_CASE("a graph keeps the contract of a layer", "[graph]") {
  require_contract(crossing());
  const Shape image{2, 4, 3};
  const auto conv = [](Index in, Index out) {
    return Conv2d<double>({in, 4, 3}, {.out_channels = out, .kernel = 3, .padding = Padding::all(1)});
  };
  // Every block sees all values before it, as in DenseNet; a gate at the end.
  const Graph<double> dense(
      24, {Node::layer(conv(2, 2), 0), Node::layer(Pointwise<double, Sigmoid>(24), 1), Node::concat({0, 2}),
           Node::layer(conv(4, 2), 3), Node::concat({0, 2, 4}), Node::layer(conv(6, 2), 5),
           Node::concat({6, 0}), Node::layer(Pairwise<double>(24, PairRule::product), 7)});
  CHECK(dense.in_shape() == image);
  require_contract(dense);
}

TEST_CASE("a graph that nests has the bits of the network that nests", "[graph]") {
  const AnyLayer<double> f = Sequence<double>({Dense<double>(5, 5), Pointwise<double, LeakyRelu>(5)});
  const Graph<double> graph(5, {Node::layer(f, 0), Node::sum({0, 1})});
  const Residual<AnyLayer<double>> residual(f);
  const Vec<double> theta = random_matrix<double>(30, 1, 1);
  const Mat<double> x = random_matrix<double>(5, 7, 2);
  CHECK(Model(graph, theta)(x) == Model(residual, theta)(x));
  CHECK(jacobian(Model(graph, theta), x.col(0)) == jacobian(Model(residual, theta), x.col(0)));
}

TEST_CASE("an affine graph is linearized exactly, and its forced zeros are known", "[graph]") {
  const AnyLayer<double> a = Dense<double>(4, 4), b = Dense<double>(4, 4);
  const Graph<double> net(4, {Node::layer(a, 0), Node::sum({0, 1}), Node::layer(b, 2), Node::sum({3, 1})});
  const Model model(net, Vec<double>(random_matrix<double>(40, 1, 3)));
  const auto map = linearize_dense(model);
  const Mat<double> x = random_matrix<double>(4, 3, 4);
  CHECK(((map.A * x).colwise() + map.b - model(x)).norm() < 1e-13);
  CHECK((map.A - jacobian(model, x.col(0))).norm() < 1e-13);
  const Shape row{1, 1, 6};
  const Conv2d<double> conv(row,
                            {.out_channels = 1, .kernel = {1, 3}, .padding = {0, 0, 1, 1}, .bias = false});
  const AnyLayer<double> c = conv;
  const Graph<double> twice(6, {Node::layer(c, 0), Node::layer(c, 1), Node::sum({1, 2})});
  CHECK(forced_zeros(twice) == forced_zeros(Sequence<double>({c, c})));
}

TEST_CASE("regions and certificates see through a graph", "[graph]") {
  const AnyLayer<double> f = Sequence<double>({Dense<double>(3, 3), Pointwise<double, Relu>(3)});
  const Graph<double> net(3, {Node::layer(f, 0), Node::sum({0, 1}), Node::layer(f, 2), Node::sum({3, 1})});
  const Model model(net, Vec<double>(random_matrix<double>(24, 1, 5)));
  const Vec<double> x = random_matrix<double>(3, 1, 6);
  const auto region = active_region(model, x);
  CHECK(region.pieces().size() == 6);
  const Vec<double> exact = exact_network(model)(x);
  CHECK((exact - model(x)).norm() < 1e-14);
}

TEST_CASE("bad graphs are errors that name the node", "[graph]") {
  const AnyLayer<double> f = Dense<double>(3, 3), g = Dense<double>(2, 2);
  CHECK(contains(error_of([] { Graph<double>(3, {}); }), "Graph: nodes is empty"));
  CHECK(contains(error_of([&] { Graph<double>(3, {Node::layer(f, 1)}); }), "node 0 takes value 1"));
  CHECK(contains(error_of([&] { Graph<double>(3, {Node::layer(g, 0)}); }),
                 "input has 3 rows, expected 2 (node 0"));
  CHECK(contains(error_of([&] {
                   Graph<double>(3, {Node::layer(f, 0), Node::layer(f, 0)});
                 }),
                 "value 1 is not used"));
  CHECK(contains(error_of([&] { Graph<double>(3, {Node::sum({})}); }), "node 0 takes no value"));
  CHECK(contains(error_of([&] {
                   Graph<double>(3, {Node::concat({0, 0}), Node::sum({0, 1})});
                 }),
                 "node 1 adds values of 3 and 6 rows"));
}
